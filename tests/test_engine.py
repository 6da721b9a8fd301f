"""The main job on a store in memory: money, counters, blocks and memory of requests."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from conftest import (
    BIN,
    DAY,
    GROSS_100,
    LP,
    MILK,
    OTHER_BIN,
    OTHER_SHOES,
    SHOES,
    SHOES_2,
    Bench,
    Clock,
    shoes,
)
from emitter import _core
from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
)
from emitter.engine.engine import Engine, StoreMismatchError
from emitter.engine.invariants import check_store
from emitter.engine.keys import KeyRing
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.rows import SeriesRow
from emitter.trade.states import BufferState, CodeState, OrderState
from emitter.trade.templates import Group
from stock import product

if TYPE_CHECKING:
    from pathlib import Path


def test_an_order_reserves_exactly_its_cost(bench: Bench) -> None:
    bench.join(tiyn=GROSS_100)
    order = bench.order("1", shoes())
    account = bench.engine.account(BIN)
    assert (account.available_tiyn, account.reserved_tiyn) == (0, GROSS_100)
    assert order.state == OrderState.READY
    assert order.row.buffers[0].state == BufferState.ACTIVE


def test_an_order_that_is_a_tiyn_short_is_refused_and_changes_only_its_request_row(
    bench: Bench,
) -> None:
    bench.join(tiyn=GROSS_100 - 1)
    before = dict(bench.dump())
    refusal = bench.refusal(CreateOrder(BIN, "1", (shoes(),)))
    assert refusal.reason is Reason.FUNDS_INSUFFICIENT
    assert refusal.details["missing_tiyn"] == "1"
    changed = {key[:1] for key, row in bench.dump() if before.get(key) != row}
    assert changed == {b"q", b"x"}


def test_a_refused_id_stays_refused_for_thirty_days_and_then_is_free(
    bench: Bench, clock: Clock
) -> None:
    bench.join()
    first = bench.refusal(CreateOrder(BIN, "1", (shoes(),)))
    bench.engine.execute(CreditAccount(BIN, GROSS_100, "top-up"))
    clock.pass_days(29.9)
    again = bench.refusal(CreateOrder(BIN, "1", (shoes(),)))
    assert again.replayed
    assert (again.reason, again.details) == (first.reason, first.details)
    clock.pass_days(0.2)
    assert bench.order("1", shoes()).state == OrderState.READY


def test_forgetting_keeps_what_was_accepted_under_a_refused_id(bench: Bench, clock: Clock) -> None:
    bench.join()
    bench.refusal(CreateOrder(BIN, "1", (shoes(),)))
    bench.refusal(CreateOrder(BIN, "2", (shoes(),)))
    bench.engine.execute(CreditAccount(BIN, GROSS_100, "top-up"))
    clock.pass_days(31)
    order = bench.order("1", shoes())
    assert bench.engine.forget_refusals() == 1
    assert bench.engine.forget_refusals() == 0
    again = bench.engine.execute(CreateOrder(BIN, "1", (shoes(),)))
    assert again.replayed
    assert again.value.order_id == order.order_id


def test_the_same_request_gets_the_same_order_and_another_is_refused(bench: Bench) -> None:
    bench.join(tiyn=10 * GROSS_100)
    order = bench.order("1", shoes())
    again = bench.engine.execute(CreateOrder(BIN, "1", (shoes(),)))
    assert again.replayed
    assert again.value == order
    assert bench.refusal(CreateOrder(BIN, "1", (shoes(101),))).reason is Reason.REQUEST_DIFFERS
    assert bench.engine.account(BIN).reserved_tiyn == GROSS_100


def test_blocks_capture_their_cumulative_share_and_add_up_to_the_reserve(bench: Bench) -> None:
    bench.join(tiyn=GROSS_100)
    order = bench.order("1", shoes())
    blocks = [bench.deliver(order, f"b{n}", n).value for n in (1, 2, 7, 13, 77)]
    assert sum(block.gross_tiyn for block in blocks) == GROSS_100
    account = bench.engine.account(BIN)
    assert (account.reserved_tiyn, account.captured_tiyn) == (0, GROSS_100)
    assert bench.engine.order(BIN, order.order_id).row.buffers[0].state == BufferState.EXHAUSTED


def test_a_block_again_is_free_and_the_same_bytes(bench: Bench) -> None:
    bench.join(tiyn=GROSS_100)
    order = bench.order("1", shoes())
    first = bench.deliver(order, "b", 40)
    bench.deliver(order, "c", 60)
    again = bench.deliver(order, "b", 40)
    assert again.replayed
    assert bench.codes(first.value) == bench.codes(again.value)
    assert bench.engine.account(BIN).captured_tiyn == GROSS_100
    other = bench.refusal(DeliverBlock(BIN, order.order_id, SHOES, "b", 41))
    assert other.reason is Reason.REQUEST_DIFFERS


def test_a_block_comes_again_after_the_order_is_closed(bench: Bench) -> None:
    bench.join(tiyn=GROSS_100)
    order = bench.order("1", shoes())
    first = bench.deliver(order, "b", 40)
    bench.engine.execute(CloseOrder(BIN, "close", order.order_id))
    assert bench.codes(bench.deliver(order, "b", 40).value) == bench.codes(first.value)
    assert bench.refusal(
        DeliverBlock(BIN, order.order_id, SHOES, "c", 1)
    ).reason is Reason.TRANSITION_REFUSED  # fmt: skip


def test_quantity_zero_is_all_that_is_left_and_more_is_refused_with_the_number(
    bench: Bench,
) -> None:
    bench.join(tiyn=GROSS_100)
    order = bench.order("1", shoes())
    bench.deliver(order, "b", 40)
    refusal = bench.refusal(DeliverBlock(BIN, order.order_id, SHOES, "c", 61))
    assert (refusal.reason, refusal.details["left"]) == (Reason.QUANTITY_LEFT, "60")
    assert bench.refusal(DeliverBlock(BIN, order.order_id, SHOES, "c", 61)).replayed
    assert bench.deliver(order, "d").value.row.quantity == 60
    assert bench.refusal(DeliverBlock(BIN, order.order_id, SHOES, "e")).reason is (
        Reason.TRANSITION_REFUSED
    )


def test_closing_releases_what_is_left_and_annuls_its_codes(bench: Bench) -> None:
    bench.join(tiyn=2 * GROSS_100)
    order = bench.order("1", shoes(), OrderLine(SHOES_2, 100, 1))
    block = bench.deliver(order, "b", 30).value
    bench.engine.execute(CloseOrder(BIN, "c1", order.order_id, SHOES))
    assert bench.engine.order(BIN, order.order_id).state == OrderState.READY
    assert bench.engine.account(BIN).reserved_tiyn == GROSS_100
    bench.engine.execute(CloseOrder(BIN, "c2", order.order_id))
    assert bench.engine.order(BIN, order.order_id).state == OrderState.CLOSED
    account = bench.engine.account(BIN)
    assert account.reserved_tiyn == 0
    assert account.available_tiyn == 2 * GROSS_100 - block.gross_tiyn
    assert account.orders_open == 0
    undelivered = block._replace(first=30, row=block.row._replace(quantity=70))
    verdict = bench.engine.verify(b"\n".join(bench.codes(undelivered)))
    assert set(verdict.states.tolist()) == {CodeState.ANNULLED}


def test_a_tobacco_price_stands_in_the_code_and_is_required(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    assert bench.refusal(
        CreateOrder(BIN, "1", (OrderLine(LP, 1, 4),))
    ).reason is Reason.PRICE_REQUIRED  # fmt: skip
    assert bench.refusal(
        CreateOrder(BIN, "1", (OrderLine(LP, 1, 10, 5),))
    ).reason is Reason.PRICE_REFUSED  # fmt: skip
    bench.engine.execute(product(BIN, LP, Group.TOBACCO))
    order = bench.order("1", OrderLine(LP, 1, 4, 9500))
    assert bench.codes(bench.deliver(order, "b", gtin=LP).value)[0][21:25] == b"ABm8"


def test_the_form_of_a_series_is_fixed_by_its_first_order(bench: Bench) -> None:
    """A product stays in its group, so only a store of another making has such a series."""
    bench.join(tiyn=10**9)
    bench.order("1", OrderLine(LP, 5, 10))
    key = schema.series_key(LP, 13)
    (row,) = bench.store.view(lambda reader: reader.get_many((key,)))
    other = SeriesRow.unpack(row)._replace(form=_core.FORM_ALNUM).pack()
    bench.store.update(lambda writer: writer.put_many([(key, other)]))
    refusal = bench.refusal(CreateOrder(BIN, "3", (OrderLine(LP, 5, 10),)))
    bench.store.update(lambda writer: writer.put_many([(key, row)]))
    assert (refusal.reason, refusal.details["serial_size"]) == (Reason.SERIAL_FORM_FIXED, "13")


def test_a_series_is_used_up_to_its_last_serial(bench: Bench, keys, clock) -> None:
    bench = Bench(keys, clock, Limits(quantity_max=82**5))
    bench.join(tiyn=10**13)
    bench.order("1", OrderLine(MILK, 82**5 - 3, 20))
    refusal = bench.refusal(CreateOrder(BIN, "2", (OrderLine(MILK, 4, 20),)))
    assert (refusal.reason, refusal.details["left"]) == (Reason.SERIALS_EXHAUSTED, "3")
    last = bench.order("3", OrderLine(MILK, 3, 20))
    codes = bench.codes(bench.deliver(last, "b", gtin=MILK).value)
    assert not bench.engine.verify(b"\n".join(codes)).reasons.any()
    check_store(bench.store, whole=True)


def test_another_participants_order_is_not_found(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    bench.join(OTHER_BIN, 10**9)
    order = bench.order("1", shoes())
    for command in (
        DeliverBlock(OTHER_BIN, order.order_id, SHOES, "b"),
        CloseOrder(OTHER_BIN, "c", order.order_id),
        DeliverBlock(BIN, uuid.UUID(int=5), SHOES, "b"),
    ):
        assert bench.refusal(command).reason is Reason.ORDER_NOT_FOUND
    with pytest.raises(Refused):
        bench.engine.order(OTHER_BIN, order.order_id)
    assert bench.engine.orders(OTHER_BIN, page_size=10) == ([], b"")


def test_a_payment_is_booked_once_however_often_it_arrives(bench: Bench) -> None:
    bench.join()
    bench.join(OTHER_BIN)
    for _ in range(3):
        bench.engine.execute(CreditAccount(BIN, 500, "ref"))
    assert bench.engine.account(BIN).available_tiyn == 500
    for command in (CreditAccount(BIN, 501, "ref"), CreditAccount(OTHER_BIN, 500, "ref")):
        assert bench.refusal(command).reason is Reason.REQUEST_DIFFERS
    assert bench.engine.account(OTHER_BIN).credited_tiyn == 0


def test_a_contract_is_in_force_from_its_day(bench: Bench, clock: Clock) -> None:
    tomorrow = DAY.replace(day=DAY.day + 1)
    bench.engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
    assert bench.refusal(CreditAccount(BIN, 1, "r")).reason is Reason.PARTICIPANT_NOT_ACTIVE
    bench.engine.execute(ActivateParticipant(BIN, tomorrow))
    bench.engine.execute(product(BIN, SHOES, Group.SHOES))
    bench.engine.execute(CreditAccount(BIN, 10**6, "r"))
    assert bench.refusal(CreateOrder(BIN, "1", (shoes(),))).reason is Reason.PARTICIPANT_NOT_ACTIVE
    clock.pass_days(1)
    assert bench.order("2", shoes()).state == OrderState.READY


def test_an_order_writes_seven_small_rows_whatever_its_quantity(bench: Bench) -> None:
    bench.join(tiyn=10**12)
    for quantity in (1, 10_000_000):
        before = dict(bench.dump())
        bench.order(str(uuid.UUID(int=quantity)), shoes(quantity))
        written = dict(bench.dump()).items() - before.items()
        assert len(written) == 7
        assert sum(len(key) + len(row) for key, row in written) < 500


def test_open_orders_are_limited_and_closing_makes_room(keys, clock: Clock) -> None:
    bench = Bench(keys, clock, Limits(active_orders_max=2))
    bench.join(tiyn=10**9)
    first = bench.order("1", shoes())
    bench.order("2", shoes())
    refusal = bench.refusal(CreateOrder(BIN, "3", (shoes(),)))
    assert (refusal.reason, refusal.details["active"]) == (Reason.ORDERS_ACTIVE_LIMIT, "2")
    assert "new request_id" in refusal.sentence()  # the verdict on this one is remembered
    bench.engine.execute(CloseOrder(BIN, "c", first.order_id))
    assert bench.order("4", shoes()).state == OrderState.READY
    check_store(bench.store, whole=True)


def test_orders_page_newest_first_and_tokens_of_other_lists_are_refused(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    made = [bench.order(str(n), shoes(1)).order_id for n in range(7)]
    seen, token = [], b""
    while True:
        page, token = bench.engine.orders(BIN, page_size=3, page_token=token)
        seen += [order.order_id for order in page]
        if not token:
            break
    assert sorted(seen) == sorted(made)
    too_long = schema.order_key(BIN, made[0]) + bytes(512)
    for wrong in (schema.order_key(OTHER_BIN, made[0]), too_long):
        with pytest.raises(Refused) as caught:
            bench.engine.orders(BIN, page_size=3, page_token=wrong)
        assert caught.value.reason is Reason.PAGE_TOKEN_INVALID


def test_one_batch_gives_every_command_its_own_verdict_in_turn(bench: Bench) -> None:
    bench.join(tiyn=2 * GROSS_100)
    bench.join(OTHER_BIN, GROSS_100)
    submit = bench.engine.submit
    futures = [
        submit(CreateOrder(BIN, "1", (shoes(),))),
        submit(CreateOrder(BIN, "1", (shoes(),))),
        submit(CreateOrder(BIN, "1", (shoes(99),))),
        submit(CreateOrder(BIN, "2", (shoes(),))),
        submit(CreateOrder(BIN, "3", (shoes(),))),
        submit(CreateOrder(OTHER_BIN, "1", (OrderLine(OTHER_SHOES, 100, 1),))),
    ]
    bench.engine.work_off()
    assert futures[0].result().value == futures[1].result().value
    assert [f.result().replayed for f in futures[:2]] == [False, True]
    assert futures[2].exception().reason is Reason.REQUEST_DIFFERS
    assert futures[3].result().value.state == OrderState.READY
    assert futures[4].exception().reason is Reason.FUNDS_INSUFFICIENT
    assert futures[5].result().value.state == OrderState.READY
    firsts = [f.result().value.row.buffers[0].first for f in (futures[0], futures[3])]
    assert sorted(firsts) == [0, 100]


def test_a_refusal_of_serials_does_not_depend_on_neighbours_that_were_refused(keys, clock) -> None:
    bench = Bench(keys, clock, Limits(quantity_max=82**5))
    bench.join(tiyn=GROSS_100)
    too_dear = bench.engine.submit(CreateOrder(BIN, "1", (OrderLine(MILK, 82**5, 20),)))
    fits = bench.engine.submit(CreateOrder(BIN, "2", (OrderLine(MILK, 5, 20),)))
    bench.engine.work_off()
    assert too_dear.exception().reason is Reason.FUNDS_INSUFFICIENT
    assert fits.result().value.row.buffers[0].first == 0
    check_store(bench.store, whole=True)


def test_two_deliveries_of_one_buffer_in_a_batch_take_different_codes(bench: Bench) -> None:
    bench.join(tiyn=GROSS_100)
    order = bench.order("1", shoes())
    futures = [
        bench.engine.submit(DeliverBlock(BIN, order.order_id, SHOES, f"b{n}", 40)) for n in range(3)
    ]
    bench.engine.work_off()
    assert [futures[n].result().value.first for n in (0, 1)] == [0, 40]
    assert futures[2].exception().reason is Reason.QUANTITY_LEFT


def test_an_order_of_ten_million_stores_as_many_bytes_as_one_of_ten(bench: Bench) -> None:
    bench.join(tiyn=10**12)
    bench.order("0", OrderLine(LP, 1, 10))
    sizes = []
    for request_id, quantity in (("1", 10), ("2", 10_000_000)):
        before = sum(len(key) + len(row) for key, row in bench.dump())
        bench.order(request_id, OrderLine(LP, quantity, 10))
        sizes.append(sum(len(key) + len(row) for key, row in bench.dump()) - before)
    assert sizes[0] == sizes[1] < 1024


def test_a_store_refuses_other_keys_and_an_old_copy_of_its_keys(tmp_path: Path, clock) -> None:
    master = os.urandom(32)
    ring = KeyRing.create(tmp_path / "keys", master)
    old = KeyRing.load(tmp_path / "keys", master)
    bench = Bench(ring, clock)
    Engine(bench.store, old, clock=clock, threaded=False)
    ring.add(_core.CHECK_MAC)
    Engine(bench.store, ring, clock=clock, threaded=False)
    with pytest.raises(StoreMismatchError, match="check key 0004 is missing"):
        Engine(bench.store, old, clock=clock, threaded=False)
    other = KeyRing.create(tmp_path / "other", master)
    with pytest.raises(StoreMismatchError, match="another serial key"):
        Engine(bench.store, other, clock=clock, threaded=False)
    check_store(bench.store, whole=True)
