"""Retention: what goes of orders that ended long ago, and what stays with them for ever."""

from __future__ import annotations

import dataclasses

import pytest

from conftest import BIN, GROSS_100, SHOES, SHOES_2, Bench, Clock, shoes
from emitter.config import Limits
from emitter.engine import archiving
from emitter.engine.commands import CloseOrder, CreateOrder, OrderLine
from emitter.engine.invariants import check_store
from emitter.store import schema
from emitter.trade.states import CodeState

DAYS = 1_827


@pytest.fixture
def old(keys, clock: Clock) -> Bench:
    bench = Bench(keys, clock, Limits(order_life_days=400))
    bench.join(tiyn=20 * GROSS_100)
    yield bench
    check_store(bench.store, whole=True)


def create(bench: Bench, name: str):
    lines = (shoes(10), OrderLine(SHOES_2, 10, 1))
    return bench.engine.execute(CreateOrder(BIN, name, lines, details='{"contact":"А"}')).value


def close(bench: Bench, order) -> None:
    bench.engine.execute(CloseOrder(BIN, f"close {order.order_id}", order.order_id))


def test_details_and_ids_of_requests_go_and_codes_stay(old: Bench) -> None:
    order = create(old, "1")
    block = old.deliver(order, "b", 7).value
    codes = old.codes(block)
    close(old, order)
    before = dict(old.dump())
    account = old.engine.account(BIN)
    old.clock.pass_days(DAYS + 1)
    archived = old.engine.archive_orders()
    after = dict(old.dump())
    gone = sorted(before.keys() - after.keys())
    assert {key: after[key] for key in after} == {key: before[key] for key in after}
    assert [key[:1] for key in gone] == [b"d", b"q", b"q"]
    assert [key[9] for key in gone[1:]] == [
        schema.RequestKind.CREATE_ORDER, schema.RequestKind.CLOSE,
    ]  # fmt: skip
    assert archived == (3, sum(len(key) + len(before[key]) for key in gone))
    check_store(old.store, whole=True)
    verified = old.engine.verify(b"\n".join(codes))
    assert (verified.states == CodeState.APPLIED_AND_PAID).all()
    again = old.deliver(order, "b", 7)
    assert (again.replayed, again.value.row, old.codes(again.value)) == (True, block.row, codes)
    assert old.engine.block(BIN, order.order_id, SHOES, "b").row == block.row
    assert (old.engine.order(BIN, order.order_id).state.name, account) == (
        "CLOSED", old.engine.account(BIN),
    )  # fmt: skip
    assert old.engine.details(BIN, order.order_id) == ""
    assert old.engine.archive_orders() == (0, 0)


def test_orders_are_kept_whole_for_the_days_after_their_end(old: Bench) -> None:
    order = create(old, "1")
    old.clock.pass_days(100)
    close(old, order)
    before = old.dump()
    old.clock.pass_days(DAYS)
    assert old.engine.archive_orders() == (0, 0)
    assert old.dump() == before
    old.clock.pass_days(0.01)
    assert old.engine.archive_orders().rows == 3


def test_an_open_order_is_kept_whole_however_old(old: Bench) -> None:
    order = create(old, "1")
    old.clock.pass_days(3 * DAYS)
    assert old.engine.archive_orders() == (0, 0)
    old.engine.expire_orders()
    assert old.engine.archive_orders() == (0, 0)
    assert old.engine.execute(CreateOrder(BIN, "1", (shoes(10), OrderLine(SHOES_2, 10, 1)),
                                          details='{"contact":"А"}')).replayed  # fmt: skip
    old.clock.pass_days(DAYS + 1)
    assert old.engine.archive_orders().rows == 2  # it expired: nobody closed it
    assert old.engine.order(BIN, order.order_id).state.name == "EXPIRED"


def test_an_id_of_an_archived_order_is_a_new_one(old: Bench) -> None:
    order = create(old, "1")
    close(old, order)
    old.clock.pass_days(DAYS + 1)
    old.engine.archive_orders()
    assert create(old, "1").order_id != order.order_id


def test_many_orders_are_archived_step_by_step(
    old: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "_STEP_ROWS", 4)
    orders = [create(old, f"{number}") for number in range(15)]
    for order in orders[:10]:
        close(old, order)
    old.clock.pass_days(DAYS + 1)
    assert old.engine.archive_orders().rows == 30
    assert {old.engine.details(BIN, order.order_id) for order in orders[10:]} == {'{"contact":"А"}'}


def test_without_a_retention_everything_is_kept(keys, clock: Clock) -> None:
    limits = dataclasses.replace(Limits(), retention_days=0)
    bench = Bench(keys, clock, limits)
    bench.join(tiyn=GROSS_100)
    close(bench, create(bench, "1"))
    clock.pass_days(100 * DAYS)
    assert bench.engine.archive_orders() == (0, 0)
