"""The stations' server against slow and strange senders, by TLS, and as it stops."""

from __future__ import annotations

import datetime as dt
import http.client
import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from emitter.api.suz.dev_ca import write_station
from emitter.api.suz.door import station_app
from emitter.api.suz.listener import StationServer
from emitter.config import Limits
from suz import LP, Door

if TYPE_CHECKING:
    from pathlib import Path


LARGE = {
    "createMethodType": "CEM",
    "products": [
        {"gtin": LP, "quantity": 150_000, "serialNumberType": "OPERATOR", "templateId": 10}
    ],
}


def connect(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.port), timeout=10)


def ended_after(sock: socket.socket) -> float:
    """Seconds until the server closes the socket."""
    start = time.monotonic()
    try:
        while sock.recv(1000):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - start


@pytest.mark.parametrize("begun", [b"", b"GET /api/v2/shoes/version HTTP/1.1\r\nHost:"])
def test_a_head_that_does_not_come_ends_the_socket(keys, begun: bytes) -> None:
    with Door(keys, Limits(station_request_ms=300)) as door, connect(door) as slow:
        slow.sendall(begun)
        assert 0.2 < ended_after(slow) < 3
        assert door.station.call("GET", "v2/shoes/version").status == 200


def test_a_second_head_that_does_not_come_ends_the_socket_too(keys) -> None:
    with Door(keys, Limits(station_request_ms=300)) as door, connect(door) as slow:
        slow.sendall(b"GET /api/v2/shoes/version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert slow.recv(10_000).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /api/v2/")
        assert 0.2 < ended_after(slow) < 3


def test_a_head_in_drops_has_no_more_time_than_one_that_stands_still(keys) -> None:
    with Door(keys, Limits(station_request_ms=500)) as door, connect(door) as slow:
        start = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT012, PT011 - which drop is the last, chance says
            for _ in range(100):
                slow.sendall(b"G" if time.monotonic() == start else b"A")
                time.sleep(0.05)
        assert time.monotonic() - start < 4


def test_a_body_that_does_not_come_is_answered_with_a_contract_error(keys) -> None:
    with Door(keys, Limits(station_request_ms=300)) as door, connect(door) as slow:
        station = door.station
        slow.sendall(
            f"POST /api/v2/shoes/orders?omsId={station.oms_id} HTTP/1.1\r\nHost: x\r\n"
            f"clientToken: {station.token}\r\nContent-Length: 100\r\n\r\n{{".encode()
        )
        assert slow.recv(10_000).startswith(b"HTTP/1.1 400")


def test_a_body_in_drops_behind_its_answer_ends_the_socket(keys) -> None:
    with Door(keys, Limits(station_request_ms=300)) as door, connect(door) as slow:
        slow.sendall(
            b"GET /api/v2/shoes/version HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n"
        )
        assert slow.recv(10_000).startswith(b"HTTP/1.1 200")
        start = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT012, PT011 - which drop is the last, chance says
            for _ in range(100):
                slow.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - start < 4


def test_a_body_behind_its_answer_leaves_the_socket_usable(keys) -> None:
    with Door(keys, Limits(station_request_ms=300)) as door, connect(door) as late:
        head = b"GET /api/v2/shoes/version HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
        for _ in range(2):
            late.sendall(head)
            answer = b""
            while not answer.endswith(b"}"):
                part = late.recv(10_000)
                assert part, "the socket is open"
                answer += part
            assert answer.startswith(b"HTTP/1.1 200")
            late.sendall(b"xxx")
            time.sleep(0.5)


def test_what_is_no_http_is_refused_and_harms_nobody(keys) -> None:
    with Door(keys) as door:
        for nonsense in (b"\x16\x03\x01\x02\x00", b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n"):
            with connect(door) as strange:
                strange.sendall(nonsense)
                strange.shutdown(socket.SHUT_WR)
                assert not strange.recv(1000).startswith(b"HTTP/1.1 200")
        assert door.station.call("GET", "v2/shoes/version").status == 200


def test_a_client_that_takes_nothing_loses_its_answer_and_keeps_its_block(keys) -> None:
    with Door(keys, Limits(stream_stall_ms=300)) as door:
        station = door.station
        order_id = station.post("v2/lp/orders", LARGE)["orderId"]
        at = f"omsId={station.oms_id}&orderId={order_id}&gtin={LP}"
        with connect(door) as deaf:
            deaf.sendall(
                f"GET /api/v2/lp/codes?{at}&quantity=150000 HTTP/1.1\r\nHost: x\r\n"
                f"clientToken: {station.token}\r\n\r\n".encode()
            )
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                blocks = station.get("v2/lp/codes/blocks", orderId=order_id, gtin=LP)
                if blocks["blocks"]:
                    break
            time.sleep(1.5)
            taken = b""
            while part := deaf.recv(1 << 16):
                taken += part
        assert not taken.endswith(b"0\r\n\r\n"), "the answer is not whole"
        (block,) = blocks["blocks"]
        again = station.get(
            "v2/lp/codes/retry", orderId=order_id, gtin=LP, blockId=block["blockId"]
        )
        assert len(set(again["codes"])) == 150_000


def test_downloads_of_a_connection_are_counted(keys) -> None:
    with Door(keys, Limits(station_downloads_max=1)) as door:
        station = door.station
        order_id = station.post("v2/lp/orders", LARGE)["orderId"]
        at = f"omsId={station.oms_id}&orderId={order_id}&gtin={LP}"
        with connect(door) as first:
            first.sendall(
                f"GET /api/v2/lp/codes?{at}&quantity=149000 HTTP/1.1\r\nHost: x\r\n"
                f"clientToken: {station.token}\r\n\r\n".encode()
            )
            assert first.recv(12) == b"HTTP/1.1 200"
            refused = station.call("GET", "v2/lp/codes", orderId=order_id, gtin=LP, quantity=1)
            assert refused.status == 429
            delivered = station.get("v2/lp/codes/blocks", orderId=order_id, gtin=LP)["blocks"]
            assert [block["quantity"] for block in delivered] == [149_000], "nothing is paid for"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            reply = station.call("GET", "v2/lp/codes", orderId=order_id, gtin=LP, quantity=1)
            if reply.status == 200:
                break
            time.sleep(0.05)
        assert reply.status == 200


def test_a_port_in_use_is_an_error(keys) -> None:
    with Door(keys) as door:
        limits = Limits()
        second = StationServer(station_app(door.engine, limits), limits)
        with pytest.raises(OSError, match="in use"):
            second.start("127.0.0.1", door.port)


def test_the_door_speaks_tls(keys, tmp_path: Path) -> None:
    ca, _, certificate, key = write_station(
        tmp_path, "990140000384", "ecdsa", dt.datetime.now(dt.UTC)
    )
    with Door(keys) as door:
        app = station_app(door.engine, door.engine.limits)
        server = StationServer(app, door.engine.limits, certificate_file=certificate, key_file=key)
        port = server.start("127.0.0.1", 0)
        context = ssl.create_default_context(cafile=str(ca))
        context.check_hostname = False
        client = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        client.request("GET", "/api/v2/shoes/version")
        assert client.getresponse().status == 200
        client.close()
        server.stop()


def test_a_certificate_that_does_not_read_is_an_error_at_once(keys, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with Door(keys) as door:
        server = StationServer(
            station_app(door.engine, door.engine.limits), door.engine.limits,
            certificate_file=tmp_path / "x.pem", key_file=tmp_path / "x.pem",
        )  # fmt: skip
        with pytest.raises(ssl.SSLError):
            server.start("127.0.0.1", 0)
