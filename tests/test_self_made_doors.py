"""Self-made serials through every door: gRPC in its three forms, the command, the stations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emitter.client import Client, OrderLine, Reason, Refused, SerialSource
from own import made
from place import Place
from served import Served, bin_of, pharma_of
from suz import MILK, SHOES, Door, shoes_order, v3_order
from test_suz_v2 import error, fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emitter.engine.keys import KeyRing

LARGE = 4_000  # serials: a job


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


@pytest.fixture(scope="module")
def door(keys: KeyRing) -> Iterator[Door]:
    with Door(keys) as door:
        yield door


def line(serials: tuple[str, ...], gtin: str, quantity: int = 0) -> OrderLine:
    return OrderLine(gtin=gtin, quantity=quantity, template_id=5, serial_numbers=serials)


def serials_of(client: Client, order_id: str, gtin: str) -> list[str]:
    delivery = client.deliver(order_id, gtin)
    return [bytes(code)[18:31].decode() for records in delivery for code in records]


@pytest.mark.parametrize("count", [3, LARGE])
def test_an_order_over_grpc(served: Served, count: int) -> None:
    number, serials = 50 + (count == LARGE), made(count, 5)
    gtin = pharma_of(bin_of(number))
    with Client(served.target, served.join(bin_of(number), 10**9)) as client:
        order = client.create_order([line(serials, gtin)], "r")
        assert order.buffers[0].quantity == count
        assert order.buffers[0].serial_source == SerialSource.SERIAL_SOURCE_SELF_MADE
        assert client.create_order([line(serials, gtin, count)], "r") == order
        assert serials_of(client, order.order_id, gtin) == list(serials)
        with pytest.raises(Refused) as caught:
            client.create_order([line(serials[::-1], gtin)])
        assert caught.value.reason is Reason.SERIALS_TAKEN
        assert caught.value.refusal.details["count"] == str(count)
        with pytest.raises(Refused) as caught:
            client.create_order([line(serials, gtin, count + 1)])
        assert caught.value.reason is Reason.FIELD_INVALID


@pytest.mark.parametrize("form", ["stream_orders", "create_orders"])
def test_many_orders_at_once_over_grpc(served: Served, form: str) -> None:
    number = 60 + (form == "create_orders")
    gtin = pharma_of(bin_of(number))
    with Client(served.target, served.join(bin_of(number), 10**9)) as client:
        asked = {f"{n}": made((1, 5, LARGE)[n % 3], 5, seed=n) for n in range(9)}
        asked["again"] = asked["2"]
        asked["operator"] = ()
        orders = [
            (name, [line(serials, gtin) if serials else line((), gtin, 7)])
            for name, serials in asked.items()
        ]
        told = dict(getattr(client, form)(orders))
        assert told.keys() == asked.keys()
        assert {name for name, one in told.items() if isinstance(one, Refused)} <= {"again", "2"}
        both = [told["again"], told["2"]]
        (refused,) = [one for one in both if isinstance(one, Refused)]
        assert refused.reason is Reason.SERIALS_TAKEN
        for name in ("0", "1", "8"):
            assert serials_of(client, told[name].order_id, gtin) == list(asked[name])


def test_many_large_orders_of_a_client_fit_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    from emitter.client import order_batch  # noqa: PLC0415 - its limits are lowered

    monkeypatch.setattr(order_batch, "_BATCH_BYTES", 10_000)
    monkeypatch.setattr(order_batch, "_BATCH_ORDERS", 20)
    sizes = [1] * 50 + [900, 1, 300, 300, 300]
    orders = [[line(made(size, 5), SHOES)] for size in sizes[50:]]
    plain = [[line((), SHOES, 5)] for _ in range(50)]
    batches = list(order_batch._batches(plain + orders))
    assert [len(batch) for batch in batches] == [20, 20, 10, 1, 3, 1]


def test_the_command_orders_codes_of_a_file_of_serials(served: Served, tmp_path: Path) -> None:
    gtin, place = pharma_of(bin_of(70)), Place(tmp_path)
    (tmp_path / "token").write_text(served.join(bin_of(70), 10**9))
    place.environment |= {"EMITTER_SERVER": served.target, "EMITTER_TOKEN_FILE": "token"}
    serials = made(20, 5)
    (tmp_path / "serials.txt").write_text("\n".join(serials) + "\n")
    words = ("order", "create", f"{gtin}:0:5", "--serials", "serials.txt")
    order = place.ask(*words, "--request-id", "r")
    assert order["buffers"][0]["serial_source"] == "SELF_MADE"
    assert place.ask(*words, "--request-id", "r")["order_id"] == order["order_id"]
    said = place.error(*words, code=1)
    assert "20 serials have been issued before" in said
    assert "one line" in place.error(*words, f"{gtin}:1:5", code=2)
    place.run("deliver", order["order_id"], gtin)
    codes = (tmp_path / "codes.csv").read_bytes().splitlines()
    assert [code[18:31].decode() for code in codes] == list(serials)


def test_a_station_orders_by_v3(door: Door) -> None:
    station, serials = door.station, made(4, 20)
    sent = v3_order(4)
    sent["products"][0] |= {"serialNumberType": "SELF_MADE", "serialNumbers": list(serials)}
    order_id = station.post("v3/order", sent)["orderId"]
    codes = station.get("v3/codes", orderId=order_id, gtin=MILK, quantity=4)["codes"]
    assert [code[18:24] for code in codes] == ["3" + serial for serial in serials]


def test_a_station_orders_by_v2_and_hears_of_each_wrong_serial(door: Door) -> None:
    def sent(*serials: str, **more: object) -> dict[str, object]:
        product = shoes_order(len(serials) or 1)["products"][0]
        own = {"serialNumberType": "SELF_MADE", "serialNumbers": list(serials)}
        return shoes_order(products=[product | own | more])

    station = door.station
    serials = ("QIQ8BQCXmSJJ", "3.14159/&%-+", "QIQ8BQCXmSJK")
    order_id = station.call("POST", "v2/shoes/orders", sent(*serials)).json["orderId"]
    query = {"orderId": order_id, "gtin": SHOES, "quantity": 3, "lastBlockId": "0"}
    codes = station.call("GET", "v2/shoes/codes", **query).json["codes"]
    assert [code[18:31] for code in codes] == ["3" + serial for serial in serials]
    told = {}
    for name, body in {
        "taken": sent("new.new.new.", serials[1]),
        "repeated": sent("AAAAAAAAAAAA", "AAAAAAAAAAAA"),
        "long": sent("3QIQ8BQCXmSJL"),
        "none": sent(),
        "count": sent("BBBBBBBBBBBB", quantity=2),
    }.items():
        reply = station.call("POST", "v2/shoes/orders", body)
        assert fields(reply) == {"products[0].serialNumbers"}, name
        told[name] = error(reply)["fieldErrors"][0]["fieldError"]
    assert f"[1] {serials[1]}" in told["taken"]
    assert "[1] AAAAAAAAAAAA" in told["repeated"]
    assert "[0] 3QIQ8BQCXmSJL" in told["long"]
