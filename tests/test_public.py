"""The public form at both doors: no token, one code, and nothing that is not a consumer's."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_from_bytes

import grpc
import pytest

from emitter.config import Limits
from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine
from emitter.errors import Reason
from emitter.trade.gs1 import format_gtin
from emitter.v1 import public_pb2 as pb
from emitter.v1 import public_pb2_grpc
from emitter.wire import refused_of_call
from served import BIN, MILK, Served
from suz import Door

if TYPE_CHECKING:
    from emitter.engine.engine import Engine
    from emitter.engine.keys import KeyRing

PATH = "/public/check"


def issued(engine: Engine, count: int = 3) -> list[bytes]:
    """Codes of milk, straight from an engine."""
    line = OrderLine(int(MILK), count, 20)
    order = engine.execute(CreateOrder(int(BIN), "public", (line,))).value
    block = engine.execute(DeliverBlock(int(BIN), order.order_id, int(MILK), "b", 0)).value
    records = engine.records(block, 0, count)
    return [records[at : at + 31] for at in range(0, len(records), 31)]


def changed(code: bytes) -> bytes:
    return code[:-1] + (b"A" if code[-1:] != b"A" else b"B")


def test_grpc_checks_a_code_for_anybody(keys: KeyRing) -> None:
    with Served(keys, Limits(public_wrong_free_max=1)) as served:
        [code, *_] = issued(served.engine)
        stub = public_pb2_grpc.PublicServiceStub(served.channel)
        found = stub.CheckCode(
            pb.CheckCodeRequest(code=b"]d2" + code), metadata=[("accept-language", "ru")]
        )
        assert found.verdict == pb.PUBLIC_VERDICT_GENUINE
        assert (found.gtin, found.state) == (MILK, pb.GOODS_STATE_NOT_IN_CIRCULATION)
        assert found.owner_name
        assert found.message.startswith("Код подлинный")
        refused = stub.CheckCode(pb.CheckCodeRequest(code=changed(code)))
        assert refused.verdict == pb.PUBLIC_VERDICT_NOT_GENUINE
        assert refused == pb.CheckCodeResponse(verdict=2, message=refused.message)
        stub.CheckCode(pb.CheckCodeRequest(code=changed(code)))
        with pytest.raises(grpc.RpcError) as slowed:
            stub.CheckCode(pb.CheckCodeRequest(code=code))
        assert slowed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        told = refused_of_call(slowed.value)
        assert told is not None
        assert told.reason is Reason.CHECKS_SLOWED
        assert 1 <= int(told.refusal.details["retry_after_s"]) <= 3
        [alert] = served.operator.check_alerts()
        assert alert.subject in {"127.0.0.1", "::/64"}


def ask(door: Door, method: str, target: str, body: bytes | None = None, **headers: str) -> Any:
    return door.station.raw(method, target, body, headers)


@pytest.fixture(scope="module")
def door(keys: KeyRing):
    with Door(keys, Limits(public_wrong_free_max=1000, public_wrong_burst_max=1000)) as door:
        yield door


@pytest.fixture(scope="module")
def codes(door: Door) -> list[bytes]:
    return issued(door.engine)


def test_http_takes_a_code_in_the_query_the_body_or_json(door: Door, codes: list[bytes]) -> None:
    [code, *_] = codes
    answers = [
        ask(door, "GET", f"{PATH}?code={quote_from_bytes(code, safe='')}"),
        ask(door, "GET", f"{PATH}?x=1&code={quote(code.decode().replace(chr(29), '<GS>'))}"),
        ask(door, "POST", PATH, code),
        ask(door, "POST", PATH, b"]d2" + code + b"\r", **{"Content-Type": "text/plain"}),
        ask(door, "POST", PATH, json.dumps({"code": code.decode()}).encode(),
            **{"Content-Type": "application/json; charset=utf-8"}),
    ]  # fmt: skip
    row = door.engine.product(int(MILK)).row
    for reply in answers:
        assert reply.status == 200
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.json == {
            "verdict": "GENUINE", "message": "Код подлинный: он выпущен оператором маркировки.",
            "gtin": MILK, "productName": row.name_ru, "productNameKk": row.name_kk,
            "ownerName": reply.json["ownerName"],
            "state": "NOT_IN_CIRCULATION", "stateName": "не введён в оборот",
        }  # fmt: skip
        assert reply.json["ownerName"]


def test_a_plus_in_the_query_is_a_plus(door: Door) -> None:
    code = issued_with_plus(door)
    reply = ask(door, "GET", f"{PATH}?code={quote_from_bytes(code, safe='+')}")
    assert reply.json["verdict"] == "GENUINE"


def issued_with_plus(door: Door) -> bytes:
    line = OrderLine(int(MILK), 400, 20)
    order = door.engine.execute(CreateOrder(int(BIN), "plus", (line,))).value
    block = door.engine.execute(DeliverBlock(int(BIN), order.order_id, int(MILK), "b", 0)).value
    records = door.engine.records(block, 0, 400)
    return next(
        records[at : at + 31] for at in range(0, len(records), 31) if b"+" in records[at : at + 31]
    )


def test_what_is_not_genuine_is_one_answer(door: Door, codes: list[bytes]) -> None:
    [code, *_] = codes
    texts = [
        changed(code),
        code[:18] + b"3zzzzz" + code[24:],
        code.replace(MILK.encode(), format_gtin(4670033010053).encode()),
    ]
    bodies = {ask(door, "POST", PATH, text, **{"Accept-Language": "en"}).body for text in texts}
    assert [json.loads(body) for body in bodies] == [
        {
            "verdict": "NOT_GENUINE",
            "message": "The code is not genuine: the marking operator did not issue it.",
        }
    ]
    assert ask(door, "POST", PATH, b"hello").json["verdict"] == "UNREADABLE"
    assert ask(door, "POST", PATH, "Код".encode()).json["verdict"] == "UNREADABLE"


def test_http_says_what_is_wrong_with_a_request(door: Door) -> None:
    for method, target, body in (
        ("GET", PATH, None), ("GET", f"{PATH}?code=", None), ("POST", PATH, b""),
        ("POST", PATH, b"x" * 9000),
    ):  # fmt: skip
        reply = ask(door, method, target, body)
        assert reply.status == (413 if body and len(body) > 8192 else 400)
        assert set(reply.json["error"]) == {"reason", "message"}
    for body in (b"{", b"[]", b'{"code":5}', b'{"other":""}', b"\xff"):
        reply = ask(door, "POST", PATH, body, **{"Content-Type": "application/json"})
        assert (reply.status, reply.json["error"]["reason"]) == (400, "FIELD_REQUIRED")
    assert ask(door, "HEAD", PATH).status == 405
    assert ask(door, "DELETE", PATH).status == 405
    preflight = ask(door, "OPTIONS", PATH)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"


def test_http_slows_who_guesses_and_says_for_how_long(keys: KeyRing) -> None:
    with Door(keys, Limits(public_wrong_free_max=2, public_pause_s_max=7)) as door:
        [code, *_] = issued(door.engine)
        for _ in range(2):
            assert ask(door, "POST", PATH, changed(code)).json["verdict"] == "NOT_GENUINE"
        assert ask(door, "POST", PATH, code).json["verdict"] == "GENUINE"
        ask(door, "POST", PATH, changed(code))
        reply = ask(door, "POST", PATH, code)
        assert reply.status == 429
        assert 1 <= int(reply.headers["Retry-After"]) <= 3
        assert reply.json["error"]["reason"] == "CHECKS_SLOWED"
        assert ask(door, "POST", PATH, b"hello").json["verdict"] == "UNREADABLE"


def test_an_answer_takes_five_milliseconds_whatever_it_says(door: Door, codes: list[bytes]) -> None:
    for text in (codes[0], changed(codes[0]), b"hello"):
        began = time.perf_counter()
        ask(door, "POST", PATH, text)
        assert time.perf_counter() - began >= 0.005
