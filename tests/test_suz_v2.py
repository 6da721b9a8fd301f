"""Stations in the dialect v2: the whole cycle over a real socket, and every quirk of the rules."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import pytest

from conftest import BIN
from emitter.config import Limits
from emitter.engine.commands import CreateOrder, OrderLine
from emitter.trade.templates import TEMPLATES
from stock import stock
from suz import LP, MILK, SHOES, Door, shoes_order

NOWHERE = "d1bc8149-7b39-4aa2-afb1-df1b6c8f80c5"
COUNTERS = ("leftInBuffer", "totalCodes", "totalPassed", "unavailableCodes", "availableCodes")


@pytest.fixture(scope="module")
def door(keys):
    with Door(keys, Limits(active_orders_max=0, station_burst_max=5000)) as door:
        yield door


def order(door: Door, quantity: int = 10, **more: object) -> str:
    return door.station.post("v2/shoes/orders", shoes_order(quantity, **more))["orderId"]


def status(door: Door, order_id: str, gtin: str = SHOES) -> dict:
    return door.station.get("v2/shoes/buffer/status", orderId=order_id, gtin=gtin)


def codes(door: Door, order_id: str, quantity: object, **more: object) -> dict:
    return door.station.get(
        "v2/shoes/codes", orderId=order_id, gtin=SHOES, quantity=quantity, **more
    )


def error(reply, status: int = 400) -> dict:
    """The body of a refusal, which has the contract's shape and names no inside."""
    assert reply.status == status, reply.body
    body = reply.json
    assert body.keys() == {"success", "globalErrors", "fieldErrors"}
    assert body["success"] is False
    assert body["globalErrors"] or body["fieldErrors"]
    return body


def fields(reply) -> set[str]:
    return {item["fieldName"] for item in error(reply)["fieldErrors"]}


def available(door: Door) -> int:
    return door.engine.account(BIN).available_tiyn


def test_a_station_runs_the_whole_cycle(door: Door) -> None:
    station = door.station
    assert station.get("v2/shoes/ping") == {"omsId": station.oms_id}
    assert station.get("v2/shoes/version")["apiVersion"] == "2.0"
    made = station.post("v2/shoes/orders", shoes_order(10))
    assert made["omsId"] == station.oms_id
    order_id = made["orderId"]
    first = codes(door, order_id, 4)
    rest = codes(door, order_id, 6)
    everything = first["codes"] + rest["codes"]
    assert len(set(everything)) == 10
    assert all(len(code) == TEMPLATES[1].size and code[31] == "\x1d" for code in everything)
    assert status(door, order_id)["bufferStatus"] == "EXHAUSTED"
    assert station.post("v2/shoes/buffer/close", orderId=order_id, gtin=SHOES) == {
        "omsId": station.oms_id
    }
    assert status(door, order_id)["bufferStatus"] == "CLOSED"
    verdicts = door.engine.verify("\n".join(everything).encode())
    assert not verdicts.reasons.any()


def test_counters_are_exact_at_every_moment(door: Door) -> None:
    order_id = order(door, 10)
    seen = []
    for take in (3, 7):
        seen.append(status(door, order_id))
        codes(door, order_id, take)
    seen.append(status(door, order_id))
    rows = [[info[name] for name in COUNTERS] for info in seen]
    assert rows == [[10, 10, 0, 0, 10], [7, 10, 3, 0, 7], [0, 10, 10, 0, 0]]
    assert [info["poolsExhausted"] for info in seen] == [False, False, True]
    assert [info["bufferStatus"] for info in seen] == ["ACTIVE", "ACTIVE", "EXHAUSTED"]


def test_closing_annuls_what_was_not_handed_over_and_gives_the_money_back(door: Door) -> None:
    before = available(door)
    order_id = order(door, 10)
    codes(door, order_id, 4)
    door.station.post("v2/shoes/buffer/close", orderId=order_id)
    info = status(door, order_id)
    assert [info[name] for name in COUNTERS] == [0, 10, 4, 6, 0]
    assert available(door) == before - 4 * 268 - round(4 * 268 * 0.16)


def test_closing_again_is_answered_again(door: Door) -> None:
    order_id = order(door)
    for _ in range(2):
        door.station.post("v2/shoes/buffer/close", orderId=order_id, gtin=SHOES, lastBlockId="0")


@pytest.mark.parametrize("last", ["", " "])
def test_an_empty_last_block_id_is_refused_and_buys_nothing(door: Door, last: str) -> None:
    order_id = order(door)
    paid = available(door)
    reply = door.station.call(
        "GET", "v2/shoes/codes", orderId=order_id, gtin=SHOES, quantity=1, lastBlockId=last
    )
    assert fields(reply) == {"lastBlockId"}
    assert available(door) == paid
    assert status(door, order_id)["totalPassed"] == 0


def test_the_same_last_block_id_is_the_same_block_and_no_money(door: Door) -> None:
    order_id = order(door, 10)
    first = codes(door, order_id, 3, lastBlockId=0)
    paid = available(door)
    again = [codes(door, order_id, quantity, lastBlockId="0") for quantity in (3, 5, 10)]
    assert again == [first] * 3
    assert available(door) == paid
    second = codes(door, order_id, 2, lastBlockId=first["blockId"])
    assert codes(door, order_id, 9, lastBlockId=first["blockId"].upper()) == second
    assert not set(first["codes"]) & set(second["codes"])
    assert status(door, order_id)["totalPassed"] == 5


@pytest.mark.parametrize(("path", "broken"), [("codes", "records"), ("orders", "orders")])
def test_what_fails_before_the_first_part_is_said_in_the_dialect(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str, broken: str
) -> None:
    at = {"orderId": order(door), "gtin": SHOES, "quantity": 1}

    def fail(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(door.engine, broken, fail)
        for _ in range(door.engine.limits.station_downloads_max + 1):
            error(door.station.call("GET", f"v2/shoes/{path}", **at), 500)


def test_a_station_may_begin_to_acknowledge_in_the_middle(door: Door) -> None:
    """Blocks fetched without lastBlockId are found by it: a lost answer is not a lost block."""
    order_id = order(door, 10)
    blocks = [codes(door, order_id, 2) for _ in range(3)]
    assert codes(door, order_id, 9, lastBlockId=0) == blocks[0]
    for one, following in pairwise(blocks):
        assert codes(door, order_id, 9, lastBlockId=one["blockId"]) == following
    assert status(door, order_id)["totalPassed"] == 6


def test_without_last_block_id_it_is_always_the_next_block(door: Door) -> None:
    order_id = order(door, 10)
    taken = [codes(door, order_id, 2) for _ in range(5)]
    assert len({block["blockId"] for block in taken}) == 5
    assert len({code for block in taken for code in block["codes"]}) == 10


@pytest.mark.parametrize("last", [NOWHERE, "1", "no-such-block", "00"])
def test_an_unknown_last_block_id_is_an_error_and_never_a_new_block(door: Door, last: str) -> None:
    order_id = order(door, 10)
    reply = door.station.call(
        "GET", "v2/shoes/codes", orderId=order_id, gtin=SHOES, quantity=1, lastBlockId=last
    )
    error(reply, 404)
    assert status(door, order_id)["totalPassed"] == 0
    error(door.station.call("POST", "v2/shoes/buffer/close", orderId=order_id, gtin=SHOES,
                            lastBlockId=last), 404)  # fmt: skip


def test_asking_for_too_many_can_be_corrected_under_the_same_last_block_id(door: Door) -> None:
    order_id = order(door, 10)
    first = codes(door, order_id, 8, lastBlockId=0)["blockId"]
    reply = door.station.call(
        "GET", "v2/shoes/codes", orderId=order_id, gtin=SHOES, quantity=3, lastBlockId=first
    )
    assert "2" in error(reply)["fieldErrors"][0]["fieldError"]
    assert len(codes(door, order_id, 2, lastBlockId=first)["codes"]) == 2


def test_blocks_are_listed_and_given_again_byte_for_byte(door: Door) -> None:
    order_id = order(door, 10)
    at = {"orderId": order_id, "gtin": SHOES}
    taken = [
        door.station.call("GET", "v2/shoes/codes", quantity=quantity, **at) for quantity in (4, 6)
    ]
    listed = door.station.get("v2/shoes/codes/blocks", **at)
    assert [block["quantity"] for block in listed["blocks"]] == [4, 6]
    for reply, block in zip(taken, listed["blocks"], strict=True):
        assert reply.json["blockId"] == block["blockId"]
        paid = available(door)
        for block_id in (block["blockId"], block["blockId"].upper()):
            again = door.station.call("GET", "v2/shoes/codes/retry", blockId=block_id, **at)
            assert again.body == reply.body
        assert available(door) == paid


def test_the_list_of_orders_is_the_extensions_own_newest_first(door: Door) -> None:
    station = door.connect()
    made = [
        station.post("v2/shoes/orders", shoes_order(1))["orderId"],
        station.post("v2/lp/orders", lp_order())["orderId"],
        station.post("v2/shoes/orders", shoes_order(2))["orderId"],
    ]
    shoes = [info["orderId"] for info in station.get("v2/shoes/orders")["orderInfos"]]
    assert shoes[:2] == [made[2], made[0]]
    assert made[1] not in shoes
    newest = station.get("v2/lp/orders")["orderInfos"][0]
    assert (newest["orderId"], newest["orderStatus"]) == (made[1], "READY")


def lp_order(**product: object) -> dict:
    base = {"gtin": LP, "quantity": 2, "serialNumberType": "OPERATOR", "templateId": 10}
    return {"createMethodType": "CEM", "products": [base | product]}


def test_an_order_of_another_door_is_listed_too(door: Door) -> None:
    line = OrderLine(int(SHOES), 3, 1)
    view = door.engine.execute(CreateOrder(BIN, "through-grpc", (line,))).value
    assert status(door, str(view.order_id))["totalCodes"] == 3
    listed = door.station.get("v2/shoes/orders")["orderInfos"]
    assert str(view.order_id) in {info["orderId"] for info in listed}


def test_every_limit_of_a_fetch_is_said_by_its_field(door: Door) -> None:
    order_id = order(door)
    for quantity in ("0", "-1", "150001", "five", "1.5", "", "9" * 30):
        reply = door.station.call(
            "GET", "v2/shoes/codes", orderId=order_id, gtin=SHOES, quantity=quantity
        )
        assert fields(reply) == {"quantity"}


def test_limits_of_an_order_are_said_by_their_fields(door: Door) -> None:
    station = door.station
    product = shoes_order()["products"][0]
    eleven = [product | {"gtin": gtin} for gtin in (SHOES,) * 11]
    assert fields(station.call("POST", "v2/shoes/orders", shoes_order(products=eleven)))
    twice = shoes_order(products=[product, product])
    assert fields(station.call("POST", "v2/shoes/orders", twice)) == {"products[1].gtin"}
    many = shoes_order(150_001)
    assert fields(station.call("POST", "v2/shoes/orders", many)) == {"products[0].quantity"}
    none = shoes_order(products=[])
    assert fields(station.call("POST", "v2/shoes/orders", none)) == {"products"}
    broken = shoes_order(gtin="04670033010050")
    assert fields(station.call("POST", "v2/shoes/orders", broken)) == {"products[0].gtin"}
    foreign = shoes_order(products=[product | {"templateId": 10}])
    assert fields(station.call("POST", "v2/shoes/orders", foreign)) == {"products[0].templateId"}


def test_too_many_open_orders_are_told_with_their_number(keys) -> None:
    with Door(keys, Limits(active_orders_max=2)) as door:
        first = order(door)
        order(door)
        said = error(door.station.call("POST", "v2/shoes/orders", shoes_order()))
        assert "2" in said["globalErrors"][0]
        assert "buffer/close" in said["globalErrors"][0]
        door.station.post("v2/shoes/buffer/close", orderId=first)
        order(door)


def test_what_stations_send_is_read_tolerantly(door: Door) -> None:
    sent = shoes_order("5", productionOrderId=None, country=None, unknown={"a": [1]})
    sent["products"][0] |= {"templateId": "1", "serialNumbers": None, "stickerId": 7, "x": 1}
    body = b"\xef\xbb\xbf" + json.dumps(sent).encode()
    reply = door.station.call("POST", "v2/shoes/orders", body)
    assert reply.status == 200, reply.body
    order_id = reply.json["orderId"].upper()
    station = door.station
    reply = station.call(
        "GET", "v2/shoes/buffer/status", orderId=order_id, gtin=SHOES,
        headers={"Content-Type": "application/json"}, omsId=station.oms_id.upper(),
    )  # fmt: skip
    assert reply.json["totalCodes"] == 5


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'"text"', b"9" * 5000]
)
def test_a_body_that_is_no_order_is_a_contract_error(door: Door, body: bytes) -> None:
    error(door.station.call("POST", "v2/shoes/orders", body))


def test_all_faults_of_a_body_are_told_at_once(door: Door) -> None:
    sent = shoes_order("many", releaseMethodType="GIFT", contactPerson=None)
    del sent["products"][0]["gtin"]
    assert fields(door.station.call("POST", "v2/shoes/orders", sent)) == {
        "contactPerson", "releaseMethodType", "products[0].gtin", "products[0].quantity",
    }  # fmt: skip


def test_tobacco_needs_its_price(door: Door) -> None:
    base = {
        "factoryCountry": "KZ", "factoryId": "1", "productCode": "1", "productDescription": "x",
        "productionLineId": "1",
    }  # fmt: skip
    gtin = "04870000000012"
    stock(door.engine, BIN, [(int(gtin), 3)])
    product = {"gtin": gtin, "quantity": 2, "serialNumberType": "OPERATOR", "templateId": 3}
    reply = door.station.call("POST", "v2/tobacco/orders", base | {"products": [product]})
    assert fields(reply) == {"products[0].mrp"}
    priced = base | {"products": [product | {"mrp": "95000"}]}
    order_id = door.station.post("v2/tobacco/orders", priced)["orderId"]
    taken = door.station.get("v2/tobacco/codes", orderId=order_id, gtin=gtin, quantity=2)
    assert all("\x1d8005095000\x1d" in code for code in taken["codes"])


def test_the_errors_speak_russian_unless_english_is_asked_for(door: Door) -> None:
    sent = shoes_order(0)
    russian = door.station.call("POST", "v2/shoes/orders", sent)
    english = door.station.call(
        "POST", "v2/shoes/orders", sent, headers={"Accept-Language": "en-GB"}
    )
    assert "допустимо" in russian.json["fieldErrors"][0]["fieldError"]
    assert "allowed" in english.json["fieldErrors"][0]["fieldError"]


def test_who_calls_must_be_known_and_fit(door: Door) -> None:
    station = door.station
    for token in ("", NOWHERE, "x" * 500):
        error(station.call("GET", "v2/shoes/ping", headers={"clientToken": token}))
    error(station.call("GET", "v2/shoes/ping", omsId=door.other.oms_id))
    error(station.call("GET", "v2/shoes/ping", omsId="not a uuid"))
    error(station.call("GET", "v2/shoes/ping", omsId=""))


def test_anothers_order_is_not_found(door: Door) -> None:
    order_id = order(door)
    codes(door, order_id, 1)
    at = {"orderId": order_id, "gtin": SHOES}
    other = door.other
    error(other.call("GET", "v2/shoes/buffer/status", **at), 404)
    error(other.call("GET", "v2/shoes/codes", quantity=1, **at), 404)
    error(other.call("GET", "v2/shoes/codes/blocks", **at), 404)
    error(other.call("POST", "v2/shoes/buffer/close", **at), 404)
    assert other.get("v2/shoes/orders")["orderInfos"] == []
    assert status(door, order_id)["totalPassed"] == 1


def test_what_is_not_there_is_404_in_the_contracts_form(door: Door) -> None:
    station = door.station
    error(station.call("GET", "v2/shoes/nothing"), 404)
    error(station.call("GET", "v2/boats/ping"), 404)
    error(station.call("DELETE", "v2/shoes/orders"), 405)
    error(station.call("GET", "v2/shoes/buffer/status", orderId=NOWHERE, gtin=SHOES), 404)
    order_id = order(door)
    error(station.call("GET", "v2/shoes/buffer/status", orderId=order_id, gtin=MILK), 404)


def test_a_head_delivers_nothing(door: Door) -> None:
    order_id = order(door)
    at = {"orderId": order_id, "gtin": SHOES, "quantity": 5}
    assert door.station.call("HEAD", "v2/shoes/codes", **at).status == 405
    assert status(door, order_id)["totalPassed"] == 0


def test_large_answers_are_compressed_when_asked(door: Door) -> None:
    order_id = door.station.post("v2/lp/orders", lp_order(quantity=20_000))["orderId"]
    at = {"orderId": order_id, "gtin": LP}
    plain = door.station.call("GET", "v2/lp/codes", quantity=20_000, **at)
    small = door.station.call(
        "GET", "v2/lp/codes/retry", blockId=plain.json["blockId"],
        headers={"Accept-Encoding": "deflate, gzip"}, **at,
    )  # fmt: skip
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.body) == plain.body
    assert len(small.body) < 0.6 * len(plain.body)
    assert len(set(plain.json["codes"])) == 20_000
