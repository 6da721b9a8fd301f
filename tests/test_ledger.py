"""Costs that add up to the tiyn, and journal entries that sum to zero and fold to the balances."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter import _core
from emitter.trade import ledger
from emitter.trade.ledger import Cost, LedgerAccount, MovementKind
from oracles import ACCOUNT, Buffer, LedgerOracle

prices = st.integers(1, 10_000) | st.just(268)
vat_rates = st.sampled_from([0, 1, 1200, 1600, 9999, 10_000]) | st.integers(0, 10_000)
costs = st.builds(Cost, prices, vat_rates)
quantities = st.integers(1, 10**7)


@pytest.mark.parametrize(
    ("vat_bp", "count", "net", "vat"),
    [
        (1200, 1, 268, 32),
        (1200, 2, 536, 64),
        (1200, 3, 804, 96),
        (1200, 4, 1072, 129),
        (1200, 25, 6700, 804),
        (1600, 1, 268, 43),
        (1600, 2, 536, 86),
        (1600, 10_000_000, 2_680_000_000, 428_800_000),
        (1200, 0, 0, 0),
    ],
)
def test_the_contracts_price_with_vat_worked_by_hand(vat_bp, count, net, vat) -> None:
    cost = Cost(268, vat_bp)
    assert (cost.net(count), cost.vat(count), cost.gross(count)) == (net, vat, net + vat)


def test_half_a_tiyn_of_vat_is_rounded_up() -> None:
    assert [Cost(1, 500).vat(count) for count in (9, 10, 29, 30, 31)] == [0, 1, 1, 2, 2]


@given(costs, quantities)
def test_gross_is_the_exact_fraction_rounded_half_up(cost: Cost, count: int) -> None:
    assert cost.gross(count) == Buffer(count, cost.price_net_tiyn, cost.vat_bp).gross(count)


@given(costs, quantities, st.lists(st.integers(0, 10**7), max_size=20))
def test_any_partition_into_blocks_adds_up_to_the_reserve(cost, quantity, cuts) -> None:
    edges = sorted({0, quantity, *(cut % (quantity + 1) for cut in cuts)})
    blocks = [cost.block_cost(*edge) for edge in pairwise(edges)]
    assert all(net >= 0 and vat >= 0 for net, vat in blocks)
    assert sum(net for net, _ in blocks) == cost.net(quantity)
    assert sum(vat for _, vat in blocks) == cost.vat(quantity)
    assert sum(map(sum, blocks)) == cost.gross(quantity)


@given(costs, st.integers(0, 10**6), st.integers(1, 1000))
def test_a_block_of_some_codes_costs_its_net_and_a_fair_share_of_vat(cost, first, count) -> None:
    net, vat = cost.block_cost(first, first + count)
    assert net == count * cost.price_net_tiyn
    assert abs(vat * 10_000 - net * cost.vat_bp) <= 10_000


def test_figures_that_no_tariff_has_are_programming_errors() -> None:
    for price, vat_bp in ((-1, 1200), (268, -1), (268, 10_001)):
        with pytest.raises(ValueError, match="not a price"):
            Cost(price, vat_bp)
    for first, end in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="not a block"):
            Cost(268, 1200).block_cost(first, end)


@pytest.mark.parametrize("kind", MovementKind, ids=lambda kind: kind.name)
def test_the_entries_of_every_movement_sum_to_zero(kind: MovementKind) -> None:
    shares = (800, 200) if kind is MovementKind.CAPTURE else (0, 0)
    entries = ledger.entries(kind, 1000, *shares)
    assert sum(amount for _, amount in entries) == 0
    assert len({account for account, _ in entries}) == len(entries)
    assert kind == getattr(_core, kind.name)
    assert kind.titles.ru


def test_a_capture_goes_from_escrow_to_revenue_and_vat() -> None:
    assert ledger.entries(MovementKind.CAPTURE, 300, 268, 32) == (
        (LedgerAccount.ESCROW, -300),
        (LedgerAccount.REVENUE, 268),
        (LedgerAccount.VAT, 32),
    )


def test_a_reserve_may_tell_its_shares_and_touches_no_revenue() -> None:
    told = ledger.entries(MovementKind.RESERVE, 300, 268, 32)
    assert told == ledger.entries(MovementKind.RESERVE, 300)
    assert told == ((LedgerAccount.AVAILABLE, -300), (LedgerAccount.ESCROW, 300))


def test_an_adjustment_may_take_money_away() -> None:
    assert ledger.entries(MovementKind.ADJUST, -70) == (
        (LedgerAccount.ADJUSTMENTS, 70),
        (LedgerAccount.AVAILABLE, -70),
    )


@pytest.mark.parametrize(
    ("kind", "amount", "net", "vat"),
    [
        (MovementKind.CREDIT, 0, 0, 0),
        (MovementKind.RESERVE, -1, 0, 0),
        (MovementKind.ADJUST, 0, 0, 0),
        (MovementKind.CAPTURE, 300, 0, 0),
        (MovementKind.CAPTURE, 300, 268, 33),
        (MovementKind.CAPTURE, 300, 301, -1),
        (MovementKind.CREDIT, 300, 268, 33),
        (99, 300, 0, 0),
    ],
)
def test_a_movement_that_cannot_be_is_a_programming_error(kind, amount, net, vat) -> None:
    with pytest.raises(ValueError, match=r"movement|MovementKind"):
        ledger.entries(kind, amount, net, vat)


movements = st.tuples(
    st.sampled_from(sorted(ACCOUNT)),
    st.sampled_from(["A", "B"]),
    st.sampled_from([1, 2, 3]),
    st.integers(-500, 2000),
)


@given(st.lists(movements, max_size=60))
def test_the_journal_of_any_history_folds_to_the_balances(history) -> None:
    oracle, journal = LedgerOracle(), Counter()
    for name, who, order, amount in history:
        if oracle.post(name, who, amount, f"{who}{order}") != ("OK", 0):
            continue
        vat = amount // 9 if name == "CAPTURE" else 0
        shares = (amount - vat, vat) if name == "CAPTURE" else (0, 0)
        journal.update(dict(ledger.entries(MovementKind[name], amount, *shares)))
    totals: Counter[str] = Counter()
    for account in oracle.accounts.values():
        totals.update(account)
    assert sum(journal.values()) == 0
    assert journal[LedgerAccount.AVAILABLE] == totals["available"]
    assert journal[LedgerAccount.ESCROW] == totals["reserved"]
    assert journal[LedgerAccount.REVENUE] + journal[LedgerAccount.VAT] == totals["captured"]
    assert journal[LedgerAccount.BANK] == totals["refunded"] - totals["credited"]
    assert journal[LedgerAccount.ADJUSTMENTS] == -totals["adjusted"]
    assert journal[LedgerAccount.BANK_COSTS] == totals["bank_costs"]


@given(
    st.integers(0, 100_000),
    st.lists(st.tuples(st.integers(1, 200), prices, vat_rates), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), max_size=12),
    st.integers(0, 4),
)
def test_an_order_leaves_nothing_behind_when_it_is_closed(money, lines, blocks, close) -> None:
    oracle = LedgerOracle()
    if money:
        oracle.post("CREDIT", "A", money)
    buffers = {gtin: Buffer(*line) for gtin, line in enumerate(lines)}
    cost = sum(Cost(price, vat_bp).gross(quantity) for quantity, price, vat_bp in lines)
    verdict = oracle.order("A", "order", buffers)
    oracle.check()
    if cost > money:
        assert verdict == ("FUNDS_INSUFFICIENT", cost - money)
        assert oracle.accounts["A"]["available"] == money
        return
    if close in buffers:
        oracle.close("order", close)
    for gtin, count in blocks:
        buffer = buffers.get(gtin)
        if buffer and buffer.open and (left := buffer.quantity - buffer.delivered):
            first, end = buffer.delivered, buffer.delivered + min(count, left)
            share = Cost(buffer.price, buffer.vat_bp).block_cost(first, end)
            assert oracle.deliver("order", gtin, end - first) == sum(share)
            oracle.check()
    oracle.close("order")
    oracle.check()
    spent = sum(Cost(b.price, b.vat_bp).gross(b.delivered) for b in buffers.values())
    assert oracle.accounts["A"]["available"] == money - spent
    assert oracle.escrows["order"]["held"] == 0
