"""The end of orders: closing by the participant, expiry by policy; money, states, verdicts."""

from __future__ import annotations

import pytest

from conftest import BIN, GROSS_100, SHOES, SHOES_2, Bench, Clock, shoes
from emitter.config import Limits
from emitter.engine.commands import CloseOrder, DeliverBlock, ExpireOrder, OrderLine
from emitter.engine.invariants import check_store
from emitter.errors import Reason
from emitter.trade.states import BufferState, CodeState, OrderState

LIFE_DAYS = 30


@pytest.fixture
def aging(keys, clock: Clock) -> Bench:
    """An engine whose orders expire after thirty days."""
    bench = Bench(keys, clock, Limits(order_life_days=LIFE_DAYS))
    bench.join(tiyn=10 * GROSS_100)
    yield bench
    check_store(bench.store, whole=True)


def states(bench: Bench, order) -> tuple[OrderState, list[BufferState]]:
    row = bench.engine.order(BIN, order.order_id).row
    return OrderState(row.state), [BufferState(buffer.state) for buffer in row.buffers]


def test_an_order_expires_after_its_life_and_gives_its_money_back(aging: Bench) -> None:
    order = aging.order("1", shoes())
    block = aging.deliver(order, "b", 40).value
    aging.clock.pass_days(LIFE_DAYS)
    assert aging.engine.expire_orders() == (0, 0)
    aging.clock.pass_days(0.01)
    assert aging.engine.expire_orders() == (1, 60)
    assert states(aging, order) == (OrderState.EXPIRED, [BufferState.EXPIRED])
    account = aging.engine.account(BIN)
    assert (account.reserved_tiyn, account.orders_open) == (0, 0)
    assert account.available_tiyn == 10 * GROSS_100 - block.gross_tiyn
    assert aging.engine.expire_orders() == (0, 0)


def test_codes_of_an_expired_order_are_annulled_and_delivered_ones_stay(aging: Bench) -> None:
    order = aging.order("1", shoes())
    taken = aging.codes(aging.deliver(order, "b", 40).value)
    rest = aging.engine.block_from(BIN, order.order_id, SHOES, 0)
    left = rest._replace(first=40, row=rest.row._replace(quantity=60))
    codes = [*taken, *aging.codes(left)]
    aging.clock.pass_days(LIFE_DAYS + 1)
    aging.engine.expire_orders()
    verified = aging.engine.verify(b"\n".join(codes))
    assert verified.states.tolist() == [CodeState.APPLIED_AND_PAID] * 40 + [CodeState.ANNULLED] * 60
    again = aging.deliver(order, "b", 40)
    assert (again.replayed, aging.codes(again.value)) == (True, taken)
    refused = aging.refusal(DeliverBlock(BIN, order.order_id, SHOES, "c", 1))
    assert (refused.reason, refused.details["state"]) == (Reason.TRANSITION_REFUSED, "EXPIRED")


def test_only_buffers_with_codes_left_expire_and_the_order_with_them(aging: Bench) -> None:
    order = aging.order("1", shoes(10), OrderLine(SHOES_2, 10, 1))
    aging.deliver(order, "all")
    aging.clock.pass_days(LIFE_DAYS + 1)
    assert aging.engine.expire_orders() == (1, 10)
    assert states(aging, order) == (
        OrderState.EXPIRED, [BufferState.EXHAUSTED, BufferState.EXPIRED],
    )  # fmt: skip


def test_an_order_without_codes_left_does_not_expire_and_can_be_closed(aging: Bench) -> None:
    order = aging.order("1", shoes(10))
    aging.deliver(order, "all")
    aging.clock.pass_days(LIFE_DAYS + 1)
    assert aging.engine.expire_orders() == (0, 0)
    refusal = aging.refusal(ExpireOrder(BIN, order.order_id))
    assert (refusal.reason, refusal.details["state"]) == (Reason.TRANSITION_REFUSED, "EXHAUSTED")
    aging.engine.execute(CloseOrder(BIN, "c", order.order_id))
    assert states(aging, order) == (OrderState.CLOSED, [BufferState.CLOSED])


def test_an_order_with_a_closed_buffer_expires_with_the_others(aging: Bench) -> None:
    order = aging.order("1", shoes(10), OrderLine(SHOES_2, 10, 1))
    aging.engine.execute(CloseOrder(BIN, "c", order.order_id, SHOES))
    aging.clock.pass_days(LIFE_DAYS + 1)
    assert aging.engine.expire_orders() == (1, 10)
    assert states(aging, order) == (OrderState.EXPIRED, [BufferState.CLOSED, BufferState.EXPIRED])


def test_an_expired_order_is_closed_by_nobody(aging: Bench) -> None:
    order = aging.order("1", shoes(10), OrderLine(SHOES_2, 10, 1))
    aging.deliver(order, "all")
    aging.clock.pass_days(LIFE_DAYS + 1)
    aging.engine.expire_orders()
    for gtin in (None, SHOES, SHOES_2):
        refusal = aging.refusal(CloseOrder(BIN, f"{gtin}", order.order_id, gtin))
        assert (refusal.reason, refusal.details["state"]) == (Reason.TRANSITION_REFUSED, "EXPIRED")


def test_without_a_policy_nothing_expires(bench: Bench) -> None:
    bench.join(tiyn=GROSS_100)
    bench.order("1", shoes())
    bench.clock.pass_days(10_000)
    assert list(bench.engine.orders_to_expire()) == []
    assert bench.engine.expire_orders() == (0, 0)


def test_many_orders_expire_in_one_sweep_and_make_room(keys, clock: Clock) -> None:
    limits = Limits(order_life_days=1, active_orders_max=1_200, queue_participant_commands_max=700)
    bench = Bench(keys, clock, limits)
    bench.join(tiyn=1_200 * GROSS_100)
    for number in range(1_200):
        bench.order(f"{number}", shoes(1))
    clock.pass_days(1.5)
    assert bench.engine.expire_orders() == (1_200, 1_200)
    assert bench.order("next", shoes(1)).state == OrderState.READY
    check_store(bench.store, whole=True)
