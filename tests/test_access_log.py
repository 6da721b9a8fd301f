"""The access log: who did what when, at both doors, and nothing that must stay secret."""

from __future__ import annotations

import io
import json
import logging
import socket
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from emitter.api.access_log import NOBODY, AccessLog, open_access_log
from emitter.client import Client, Codes, PackUnit, Refused, Role
from emitter.v1.report_pb2 import (
    Acceptance,
    DropoutReason,
    ListReportCodesRequest,
    ListReportCodesResponse,
)
from served import BIN, PHARMA, Served, gtin_of, pharma
from suz import SHOES, Door, shoes_order
from test_api_streams import OpenStream, until
from test_tokens import id_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emitter.engine.keys import KeyRing

FIELDS = ["time", "door", "method", "participant", "role", "token", "peer", "outcome",
          "duration_ms", "items"]  # fmt: skip


class Written:
    """A log in memory."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self.log = AccessLog(logging.StreamHandler(self._text))

    def text(self) -> str:
        self.log.flush()
        return self._text.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def clear(self) -> None:
        self.log.flush()
        self._text.seek(0)
        self._text.truncate()

    def last(self, *names: str) -> tuple[Any, ...]:
        return tuple(line[name] for line in self.lines()[-1:] for name in names)


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def served(keys: KeyRing, written: Written) -> Iterator[Served]:
    with Served(keys, access_log=written.log) as served:
        written.clear()
        yield served


def test_a_call_is_a_line_that_tells_who_what_and_how(served: Served, written: Written) -> None:
    with Client(served.target, served.token, attempts=1) as client:
        order = client.create_order(pharma(50))
        (line,) = written.lines()
        assert list(line) == FIELDS
        assert line["time"].endswith("Z")
        assert line["peer"].startswith("ipv4:127.0.0.1:")
        assert line["duration_ms"] > 0
        known = ("door", "method", "participant", "role", "token", "outcome", "items")
        who = (BIN, "STATION", id_of(served.token))
        assert written.last(*known) == ("grpc", "OrderService/CreateOrder", *who, "OK", 1)
        with pytest.raises(Refused):
            client.order("0" * 32)
        assert written.last("method", "outcome") == ("OrderService/GetOrder", "ORDER_NOT_FOUND")
        codes = client.deliver(order.order_id, PHARMA).codes()
        until(lambda: len(written.lines()) == 3)
        assert written.last("method", "outcome", "items") == ("CodeService/DeliverBlock", "OK", 50)
        client.verify([bytes(code) for code in codes[:7]])
        assert written.last("method", "items") == ("CodeService/VerifyCodes", 7)
        list(client.create_orders(pharma(1) for _ in range(4)))
        assert written.last("method", "items") == ("OrderService/BatchCreateOrders", 4)
        list(client.stream_orders(pharma(1) for _ in range(3)))
        until(lambda: written.last("method", "items") == ("OrderService/StreamOrders", 3))
        assert len(list(client.orders())) == written.last("items")[0] == 8
        text = json.dumps(written.lines())
        for secret in (served.token, order.order_id, bytes(codes[0])[2:20].decode()):
            assert secret not in text


def test_who_is_not_let_in_is_logged_without_a_name(served: Served, written: Written) -> None:
    token = served.operator.issue_token(Role.ROLE_OPERATOR, label="lost")
    served.operator.revoke_token(id_of(token))
    known = ("participant", "role", "token", "outcome")
    for shown, logged in (
        ("nobody's", (None, None, None, "UNAUTHENTICATED")),
        (token, (None, None, id_of(token), "TOKEN_REVOKED")),
    ):
        with Client(served.target, shown) as client, pytest.raises(Refused):
            client.account(bin=BIN)
        assert written.last(*known) == logged
    with Client(served.target, served.operator_token) as client:
        client.account(bin=BIN)
    assert written.last(*known) == (None, "OPERATOR", "embedded", "OK")


def test_a_client_that_goes_is_logged_as_cancelled(served: Served, written: Written) -> None:
    stream = OpenStream(served.target, served.token)
    stream.send()
    stream.receive()
    stream.vanish()
    until(lambda: bool(written.lines()))
    assert written.last("method", "outcome", "items") == (
        "OrderService/StreamOrders",
        "CANCELLED",
        1,
    )


def test_the_stations_door_tells_the_same(keys: KeyRing, written: Written) -> None:
    with Door(keys, access_log=written.log) as door:
        station = door.station
        known = ("door", "method", "participant", "role", "outcome", "items")
        who = (BIN, "STATION")
        for method, path, outcome in (
            ("GET", "v2/shoes/ping", "OK"),
            ("GET", "v2/shoes/buffer/status", "FIELD_REQUIRED"),
            ("GET", "v3/nothing", "HTTP_404"),
            ("POST", "v3/order", "FIELD_INVALID"),
        ):
            station.call(method, path, b"{}" if method == "POST" else None)
            named = (None, None) if outcome == "HTTP_404" else who
            told = "-" if outcome == "HTTP_404" else f"/api/{path}"
            expected = ("stations", f"{method} {told}", *named, outcome, 1)
            until(lambda expected=expected: written.last(*known) == expected)
        order = station.post("v2/shoes/orders", shoes_order(9))
        at = {"orderId": order["orderId"], "gtin": SHOES, "quantity": 7, "lastBlockId": 0}
        assert len(station.get("v2/shoes/codes", **at)["codes"]) == 7
        until(lambda: written.last("method", "items") == ("GET /api/v2/shoes/codes", 7))
        station.raw("GET", "/public/check?code=secret", None, {})
        until(lambda: written.last("method", "outcome") == ("GET /public/check", "OK"))
        assert "secret" not in json.dumps(written.lines())
        assert station.token not in json.dumps(written.lines())


def test_nothing_that_a_caller_puts_into_a_path_is_logged(keys: KeyRing, written: Written) -> None:
    with Door(keys, access_log=written.log) as door:
        written.clear()
        for path in (
            "/public/check/0104670033010053215Qz",
            f"/api/v2/shoes/{door.station.token}",
            f"/api/v3/codes/{door.station.token}?omsId={door.station.oms_id}",
            "/api/v2/shoes/%C2%85%E2%80%A8%C2%9B31m",
        ):
            assert door.station.raw("GET", path, None, {}).status == 404
        door.station.raw("POST", "/api/v3/true-api/auth/simpleSignIn/0104670033", b"{}", {})
        until(lambda: len(written.lines()) == 5)
        signing_in = "POST /api/v3/true-api/auth/simpleSignIn/"
        assert [line["method"] for line in written.lines()] == ["GET -"] * 4 + [signing_in]


def test_a_call_is_one_line_of_ascii_whatever_is_in_it(written: Written) -> None:
    method = "GET /\x85\u2028\x9b31m"
    written.log.tell(
        door="stations", method=method, who=NOBODY, peer="", outcome="OK", seconds=0, items=1
    )
    assert written.text().isascii()
    assert [line["method"] for line in written.lines()] == [method]


def test_a_station_that_goes_before_it_has_its_codes_is_logged_as_cancelled(
    keys: KeyRing, written: Written
) -> None:
    with Door(keys, access_log=written.log) as door:
        station = door.station
        order = station.post("v2/shoes/orders", shoes_order(100_000))
        path = (
            f"/api/v2/shoes/codes?omsId={station.oms_id}&orderId={order['orderId']}"
            f"&gtin={SHOES}&quantity=100000"
        )
        with socket.create_connection(("127.0.0.1", door.port)) as leaver:
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nclientToken: {station.token}\r\n\r\n"
            leaver.sendall(head.encode())
            assert leaver.recv(1000).startswith(b"HTTP/1.1 200")
            linger = struct.pack("ii", 1, 0)  # a reset, whatever has not been read
            leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        codes = "GET /api/v2/shoes/codes"
        until(lambda: written.last("method", "outcome") == (codes, "CANCELLED"))


def test_items_are_what_the_page_of_running_a_server_says(served: Served, written: Written) -> None:
    with Client(served.target, served.token, attempts=1) as client:
        order = client.create_order([*pharma(20), *pharma(10, gtin_of(1))])
        assert written.last("method", "items") == ("OrderService/CreateOrder", 1)
        codes = [bytes(code) for code in client.deliver(order.order_id, PHARMA).codes()]
        client.aggregate([PackUnit(box="P-1", codes=b"\n".join(codes[:7]))])
        assert written.last("method", "items") == ("BoxService/AggregateCodes", 7)
        list(client.find_boxes(codes[:3]))
        assert written.last("method", "items") == ("BoxService/FindBoxes", 3)
        client.disaggregate(taken=Codes(codes[:2]))
        assert written.last("method", "items") == ("BoxService/DisaggregateBoxes", 2)
        report = client.write_off(
            codes[5:12], DropoutReason.DROPOUT_REASON_DEFECT, acceptance=Acceptance.ACCEPTANCE_VALID
        )
        assert written.last("method", "items") == ("ReportService/CreateReport", 7)
        request = ListReportCodesRequest(report_id=report.report_id)
        body, _ = served.raw("ReportService/ListReportCodes", request.SerializeToString())
        page = ListReportCodesResponse.FromString(body)
        assert page.moved
        assert page.refused
        assert written.last("items") == (len(page.moved) + len(page.refused),)


def test_a_file_that_was_moved_away_is_made_anew_and_one_that_cannot_be_is_complained_of(
    tmp_path: Path, keys: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    file = folder / "access.log"
    log = open_access_log(file)
    assert log is not None
    with Served(keys, access_log=log) as served, closing(log):
        log.flush()
        called = len(file.read_text().splitlines())
        file.rename(folder / "access.log.1")
        served.client.account()
        log.flush()
        files = sorted(folder.iterdir())
        assert [len(each.read_text().splitlines()) for each in files] == [1, called]
        folder.rename(tmp_path / "elsewhere")
        for _ in range(3):
            assert served.client.account().bin == BIN
            log.flush()
    told = [(record.message, record.exc_info is not None) for record in caplog.records]
    assert told == [(f"the access log lacks {calls} calls", True) for calls in (1, 2)]
    assert open_access_log("off") is None
    with pytest.raises(OSError, match="elsewhere"):
        open_access_log(tmp_path / "elsewhere" / "no" / "access.log")
