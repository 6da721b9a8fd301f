"""The register of products: one owner of a GTIN, updates, groups that stay, and the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from conftest import BIN, LP, OTHER_BIN, SHOES, Bench
from emitter.api.suz.words import GROUP_WORDS
from emitter.client import OrderLine as WireLine
from emitter.client import Product, Reason, Refused
from emitter.config import Limits
from emitter.engine.commands import CreateOrder, OrderLine
from emitter.store.product_rows import ProductRow, gtin_key, product_key, unpack_owner
from emitter.trade.gs1 import format_gtin
from emitter.trade.products import require_tnved
from emitter.trade.templates import TEMPLATES, Group, Price
from served import Served, gtin_of
from served import product as message
from stock import TNVED, product, stock
from stock import gtin_of as gtin_number
from suz import Door, shoes_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

NEW = gtin_number(1)


def test_a_product_is_registered_once_however_often_it_is_sent(bench: Bench) -> None:
    bench.join()
    first = bench.engine.execute(product(BIN, NEW, Group.SHOES, "Ботинки")).value
    before = bench.dump()
    bench.clock.pass_days(1)
    again = bench.engine.execute(product(BIN, NEW, Group.SHOES, "Ботинки")).value
    assert (again, bench.dump()) == (first, before)
    assert first.row == ProductRow(
        Group.SHOES, first.row.created_us, first.row.created_us, TNVED, "Ботинки", ""
    )


def test_other_data_updates_a_product_and_tells_when(bench: Bench) -> None:
    bench.join()
    first = bench.engine.execute(product(BIN, NEW, Group.SHOES, "Ботинки")).value.row
    bench.clock.pass_days(1)
    bench.engine.execute(product(BIN, NEW, Group.LIGHT_INDUSTRY, "Майка"))
    now = bench.engine.product(NEW)
    assert (now.bin, now.row.name_ru, now.row.group) == (BIN, "Майка", Group.LIGHT_INDUSTRY)
    assert now.row.created_us == first.created_us < now.row.changed_us


def test_a_gtin_has_one_owner(bench: Bench) -> None:
    bench.join()
    bench.join(OTHER_BIN)
    bench.engine.execute(product(BIN, NEW, Group.SHOES))
    refusal = bench.refusal(product(OTHER_BIN, NEW, Group.SHOES))
    assert refusal.reason is Reason.PRODUCT_OF_ANOTHER
    rows = dict(bench.dump())
    assert unpack_owner(rows[gtin_key(NEW)]) == BIN
    assert product_key(OTHER_BIN, NEW) not in rows
    with pytest.raises(Refused) as caught:
        bench.engine.product(NEW, OTHER_BIN)
    assert caught.value.reason is Reason.PRODUCT_NOT_FOUND


def test_of_two_that_want_a_gtin_in_one_batch_the_first_has_it(bench: Bench) -> None:
    bench.join()
    bench.join(OTHER_BIN)
    asked = [bench.engine.submit(product(bin_, NEW, Group.SHOES)) for bin_ in (OTHER_BIN, BIN)]
    bench.engine.work_off()
    assert asked[0].result().value.bin == OTHER_BIN
    assert asked[1].exception(0).reason is Reason.PRODUCT_OF_ANOTHER


def test_orders_are_for_ones_own_products_in_their_group(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    bench.join(OTHER_BIN, 10**9)
    before = bench.dump()
    for bin_, gtin, template_id, reason, field in (
        (BIN, NEW, 1, Reason.PRODUCT_NOT_FOUND, "lines[1].gtin"),
        (OTHER_BIN, SHOES, 1, Reason.PRODUCT_NOT_FOUND, "lines[0].gtin"),
        (BIN, LP, 1, Reason.PRODUCT_GROUP, "lines[1].template_id"),
    ):
        lines = (OrderLine(SHOES, 5, 1), OrderLine(gtin, 5, template_id))
        lines = lines if gtin != SHOES else lines[:1]
        refusal = bench.refusal(CreateOrder(bin_, f"{gtin}", lines))
        assert (refusal.reason, refusal.details["field"]) == (reason, field)
        if reason is Reason.PRODUCT_GROUP:
            assert "«Товары лёгкой промышленности»" in refusal.sentence("ru")
    kinds = [key[:1] for key, _ in set(bench.dump()) - set(before)]
    assert sorted(kinds) == [b"q", b"x"]  # of the refusal by state, which is remembered


def test_an_order_refused_for_want_of_a_product_goes_through_with_the_same_id(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    command = CreateOrder(BIN, "1", (OrderLine(NEW, 5, 1),))
    assert bench.refusal(command).reason is Reason.PRODUCT_NOT_FOUND
    bench.engine.execute(product(BIN, NEW, Group.SHOES))
    assert not bench.engine.execute(command).replayed


def test_a_group_stays_once_codes_are_ordered_and_names_do_not(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    bench.order("1", OrderLine(SHOES, 5, 1))
    refusal = bench.refusal(product(BIN, SHOES, Group.BEER))
    assert (refusal.reason, refusal.details["field"]) == (Reason.PRODUCT_GROUP, "product_group")
    with pytest.raises(Refused) as caught:
        bench.engine.judge_product(product(BIN, SHOES, Group.BEER))
    assert caught.value.reason is Reason.PRODUCT_GROUP
    bench.engine.execute(product(BIN, SHOES, Group.SHOES, "Сапоги"))
    assert bench.engine.product(SHOES).row.name_ru == "Сапоги"


def test_judging_a_product_changes_nothing(bench: Bench) -> None:
    bench.join()
    before = bench.dump()
    assert bench.engine.judge_product(product(BIN, NEW, Group.SHOES)).gtin == NEW
    with pytest.raises(Refused) as caught:
        bench.engine.judge_product(product(OTHER_BIN, NEW, Group.SHOES))
    assert caught.value.reason is Reason.PARTICIPANT_NOT_FOUND
    assert bench.dump() == before


@pytest.mark.parametrize("text", ["6403919300", "6403"])
def test_a_tnved_code_has_ten_digits_or_four(text: str) -> None:
    assert require_tnved(text, "tnved_code") == text


@pytest.mark.parametrize("text", ["", "640", "640391930", "64039193001", "64О3", "６４０３", " 6403"])
def test_any_other_text_is_no_tnved_code(text: str) -> None:
    with pytest.raises(Refused) as caught:
        require_tnved(text, "tnved_code")
    assert caught.value.reason is Reason.TNVED_INVALID


@pytest.mark.parametrize("row", [
    ProductRow(1, 2, 3, "6403", "Ботинки", "Бәтеңке"), ProductRow(12, 0, 0, "0401201109", "x", ""),
])  # fmt: skip
def test_a_row_is_read_as_it_was_written(row: ProductRow) -> None:
    assert ProductRow.unpack(row.pack()) == row
    assert row.pack()[0] == row.group


# The wire -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


def test_products_are_registered_many_a_call_and_bad_ones_harm_no_others(served: Served) -> None:
    sent = [message(gtin_of(2_000 + n), 1, f"Товар {n}") for n in range(1_200)]
    sent[7].gtin = "04870000020013"
    sent[8].tnved_code = "12"
    sent[9].product_group = 99
    sent[10].gtin = gtin_of(1)  # in another group so far, and no codes of it are ordered
    verdicts = list(served.client.register_products(sent))
    assert [gtin for gtin, _ in verdicts] == [each.gtin for each in sent]
    refused = {n: v for n, (_, v) in enumerate(verdicts) if isinstance(v, Refused)}
    assert {n: (v.reason, v.refusal.details["field"]) for n, v in refused.items()} == {
        7: (Reason.GTIN_INVALID, "gtin"),
        8: (Reason.TNVED_INVALID, "tnved_code"),
        9: (Reason.FIELD_INVALID, "product_group"),
    }
    listed = {each.gtin: each for each in served.client.products(page_size=500)}
    accepted = {verdict.gtin for n, (_, verdict) in enumerate(verdicts) if n not in refused}
    assert accepted <= set(listed)
    assert list(listed) == sorted(listed)


def test_a_product_is_shown_to_its_owner_and_the_operator(served: Served) -> None:
    made = served.client.register_product(message(gtin_of(5_000), 1, "Ботинки"))
    assert served.client.product(made.gtin) == served.operator.product(made.gtin) == made
    assert (made.bin, made.name_ru) == (f"{BIN:012}", "Ботинки")
    for call in (
        lambda: served.other.product(made.gtin),
        lambda: served.client.product(gtin_of(5_001)),
    ):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.reason is Reason.PRODUCT_NOT_FOUND
    with pytest.raises(Refused) as caught:
        list(served.client.products(bin=f"{OTHER_BIN:012}"))
    assert caught.value.reason is Reason.PARTICIPANT_NOT_FOUND


def test_validation_alone_registers_nothing(served: Served) -> None:
    before = served.dump()
    sent = [message(gtin_of(6_000), 1), Product(gtin="1")]
    verdicts = [v for _, v in served.client.register_products(sent, validate_only=True)]
    assert verdicts[0].gtin == gtin_of(6_000)
    assert verdicts[1].reason is Reason.GTIN_INVALID
    assert served.dump() == before


def test_a_call_has_a_limit_of_products(keys: KeyRing) -> None:
    with Served(keys, Limits(batch_products_max=20)) as served:
        with pytest.raises(Refused) as caught:
            list(served.client.register_products([message(gtin_of(n), 1) for n in range(21)]))
        assert caught.value.reason is Reason.LIMIT_EXCEEDED


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda each: each.template_id)
def test_codes_of_every_template_are_ordered_delivered_and_verified(
    served: Served, template
) -> None:
    gtin = gtin_of(7_000 + template.template_id)
    served.client.register_product(message(gtin, template.template_id))
    price = None if template.price is Price.NONE else 95_000
    line = WireLine(gtin=gtin, quantity=3, template_id=template.template_id, price_tiyn=price)
    order = served.client.create_order([line])
    codes = served.client.deliver(order.order_id, gtin).codes()
    assert {len(code) for code in codes} == {template.size}
    verified = served.client.verify(codes)
    assert not verified.reasons.any()
    assert [each.template_id for each in verified.buffers] == [template.template_id]


def test_stations_order_products_of_their_participant_only(keys: KeyRing) -> None:
    with Door(keys) as door:
        line = {"quantity": 1, "serialNumberType": "OPERATOR", "templateId": 1, "cisType": "UNIT"}
        order = {"productGroup": "shoes", "products": [line | {"gtin": format_gtin(NEW)}]}
        reply = door.station.call("POST", "v3/order", order)
        assert reply.status == 404
        (error,) = reply.json["fieldErrors"]
        assert (error["fieldName"], error["errorCode"]) == ("products[0].gtin", 86)
        assert format_gtin(NEW) in error["fieldError"]
        order["products"][0]["gtin"] = format_gtin(SHOES)
        assert door.station.post("v3/order", order)["orderId"]


@pytest.fixture(scope="module")
def door(keys: KeyRing) -> Iterator[Door]:
    with Door(keys) as door:
        yield door


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda each: each.template_id)
def test_codes_of_every_template_come_through_the_stations_door(door: Door, template) -> None:
    gtin = gtin_number(8_000 + template.template_id)
    stock(door.engine, BIN, [(gtin, template.template_id)])
    line = {
        "gtin": format_gtin(gtin), "quantity": 3, "serialNumberType": "OPERATOR",
        "templateId": template.template_id, "cisType": "UNIT",
    }  # fmt: skip
    if template.price is not Price.NONE:
        line["attributes"] = {"mrp": "95000"}
    order = {"productGroup": GROUP_WORDS[template.group], "products": [line]}
    order_id = door.station.post("v3/order", order)["orderId"]
    taken = door.station.get("v3/codes", orderId=order_id, gtin=format_gtin(gtin), quantity=3)
    codes = [code.encode() for code in taken["codes"]]
    assert {len(code) for code in codes} == {template.size}
    assert not door.engine.verify(b"\n".join(codes)).reasons.any()


def test_a_station_is_told_when_its_codes_expire(keys: KeyRing) -> None:
    with Door(keys, Limits(order_life_days=90)) as door:
        order_id = door.station.post("v2/shoes/orders", shoes_order(5))["orderId"]
        at = {"orderId": order_id, "gtin": format_gtin(SHOES)}
        order = door.engine.order(BIN, UUID(order_id)).row
        told = door.station.get("v2/shoes/buffer/status", **at)["expiredDate"]
        assert told == order.created_us // 1000 + 90 * 86_400_000
        clock = door.engine._clock
        door.engine._clock = lambda: clock() + 91 * 86_400_000_000
        assert door.engine.expire_orders() == (1, 5)
        status = door.station.get("v2/shoes/buffer/status", **at)
        assert (status["bufferStatus"], status["leftInBuffer"]) == ("EXPIRED", 0)
        (told,) = door.station.get("v2/shoes/orders")["orderInfos"]
        assert told["orderStatus"] == "EXPIRED"
