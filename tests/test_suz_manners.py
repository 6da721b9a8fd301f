"""Manners of the stations' door: closing again, methods that are not served, compression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from conftest import BIN
from emitter.api.suz.streaming import takes_gzip
from emitter.engine.commands import CloseOrder
from suz import SHOES, Door, shoes_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing


@pytest.fixture(scope="module")
def door(keys: KeyRing) -> Iterator[Door]:
    with Door(keys) as door:
        yield door


@pytest.fixture
def order_id(door: Door) -> str:
    return str(door.station.post("v2/shoes/orders", shoes_order(9))["orderId"])


def close(door: Door, order_id: str, **query: object) -> Any:
    return door.station.call("POST", "v2/shoes/buffer/close", orderId=order_id, **query)


@pytest.mark.parametrize("gtin", [None, SHOES])
def test_what_was_closed_otherwise_is_closed(door: Door, order_id: str, gtin: str | None) -> None:
    door.engine.execute(CloseOrder(BIN, str(uuid4()), UUID(order_id)))
    first, second = close(door, order_id, gtin=gtin), close(door, order_id, gtin=gtin)
    assert (first.status, first.body) == (second.status, second.body)
    assert first.json == {"omsId": door.station.oms_id}
    v3 = door.station.call("POST", "v3/order/close", {"orderId": order_id})
    assert v3.json == first.json


def test_closing_an_order_needs_a_block_of_it_to_acknowledge(door: Door, order_id: str) -> None:
    at = {"orderId": order_id, "gtin": SHOES, "quantity": 3, "lastBlockId": 0}
    block = door.station.get("v2/shoes/codes", **at)["blockId"]
    for gtin in (None, SHOES):
        refused = close(door, order_id, gtin=gtin, lastBlockId=str(uuid4()))
        assert refused.status == 404
    status = door.station.get("v2/shoes/buffer/status", orderId=order_id, gtin=SHOES)
    assert status["bufferStatus"] == "ACTIVE"
    assert close(door, order_id, lastBlockId=block).status == 200
    unknown = close(door, str(uuid4()), lastBlockId=block)
    assert unknown.status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("DELETE", "v2/shoes/orders", "GET, POST"), ("GET", "v3/order", "POST"),
     ("HEAD", "v2/shoes/codes", "GET")],
)  # fmt: skip
def test_a_method_that_is_not_served_is_told_which_are(
    door: Door, method: str, path: str, allowed: str
) -> None:
    reply = door.station.call(method, path)
    assert (reply.status, reply.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("header", "taken"),
    [("", False), ("gzip", True), ("GZIP;q=0.5, br", True), ("gzip;q=0", False),
     ("br, gzip ; q=0.000", False), ("gzip;q=0.001", True), ("*", True), ("*;q=0", False),
     ("gzip;q=0, *", False), ("identity", False), ("x-gzip", True), ("notgzip", False)],
)  # fmt: skip
def test_who_weighs_gzip_with_nothing_gets_none(
    door: Door,
    header: str,
    taken: bool,  # noqa: FBT001
) -> None:
    assert takes_gzip(header) is taken
    reply = door.station.call("GET", "v2/shoes/orders", headers={"Accept-Encoding": header})
    assert (reply.headers["Content-Encoding"] == "gzip") is taken
