"""Overdue codes: terms of thirty working days, what keeps them, and pages of a scan."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from conftest import BIN, DAY, LP, MILK, OTHER_BIN, OTHER_MILK, SHOES, Bench
from emitter.engine import overdue
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import DeliverBlock, OrderLine, ReportCodes
from emitter.errors import Reason, Refused
from emitter.trade.calendar import instant
from emitter.trade.circulation import DocumentKind, DropoutReason, IntroductionWay

DUE = dt.date(2026, 4, 17)  # thirty working days after Monday the 2nd of March 2026


@pytest.fixture
def shop(bench: Bench) -> Bench:
    bench.join(tiyn=10**9)
    return bench


def found(bench: Bench, bin_: int = BIN, page_size: int = 100) -> list[tuple[str, int, dt.date]]:
    blocks, token, pages = [], b"", 0
    while token or not pages:
        page, token = bench.engine.overdue_blocks(bin_, page_size=page_size, page_token=token)
        assert len(page) <= page_size
        blocks += page
        pages += 1
    return [(each.block.row.block_id, each.not_applied, each.due) for each in blocks]


def wait_until(bench: Bench, day: dt.date) -> None:
    bench.clock.now_us = instant(day)


def report(bench: Bench, kind: DocumentKind, order, gtin: int, *span: int) -> None:
    reasons = {
        DocumentKind.INTRODUCTION: IntroductionWay.PRODUCTION,
        DocumentKind.DROPOUT: DropoutReason.DEFECT,
    }
    codes = CodeSet(spans=(CodeSpan(order.order_id, gtin, *span),))
    name = f"{kind}-{gtin}-{span}"
    view = bench.engine.execute(ReportCodes(BIN, name, kind, codes, reasons.get(kind))).value
    assert view.row.in_vain == 0


def test_codes_are_overdue_from_the_day_after_their_term(shop: Bench) -> None:
    order = shop.order("1", OrderLine(MILK, 100, 20))
    shop.deliver(order, "b", 40, MILK)
    wait_until(shop, DUE)
    assert found(shop) == []
    shop.clock.now_us = instant(DUE + dt.timedelta(days=1)) - 1
    assert found(shop) == []
    shop.clock.now_us += 1
    assert found(shop) == [("b", 40, DUE)]


def test_a_term_runs_from_the_day_of_its_block(shop: Bench) -> None:
    order = shop.order("1", OrderLine(MILK, 100, 20))
    for name, day in (("a", 2), ("b", 3), ("c", 20)):
        wait_until(shop, DAY.replace(day=day))
        shop.deliver(order, name, 10, MILK)
    wait_until(shop, DUE + dt.timedelta(days=1))
    assert found(shop) == [("a", 10, DUE)]
    wait_until(shop, dt.date(2026, 12, 1))
    assert [name for name, _, _ in found(shop)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("gtin", "template_id", "kind", "counts"),
    [
        (MILK, 20, DocumentKind.UTILISATION, 1),
        (MILK, 20, DocumentKind.INTRODUCTION, 1),
        (MILK, 20, DocumentKind.DROPOUT, 1),
        (SHOES, 1, DocumentKind.UTILISATION, 0),  # a group without reports of utilisation
        (SHOES, 1, DocumentKind.INTRODUCTION, 1),
        (LP, 10, DocumentKind.UTILISATION, 0),
        (LP, 10, DocumentKind.INTRODUCTION, 1),
    ],
)
def test_what_keeps_the_term_depends_on_the_group(
    shop: Bench, gtin: int, template_id: int, kind: DocumentKind, counts: int
) -> None:
    order = shop.order("1", OrderLine(gtin, 50, template_id))
    shop.deliver(order, "b", 50, gtin)
    report(shop, kind, order, gtin, 7, 11)
    wait_until(shop, DUE + dt.timedelta(days=1))
    assert found(shop) == [("b", 50 - 11 * counts, DUE)]


def test_blocks_that_were_applied_whole_are_not_told(shop: Bench) -> None:
    order = shop.order("1", OrderLine(MILK, 5_000, 20))
    for name, count in (("a", 2_000), ("b", 1_500), ("c", 1_500)):
        shop.deliver(order, name, count, MILK)
    report(shop, DocumentKind.UTILISATION, order, MILK, 2_000, 1_500)
    wait_until(shop, DUE + dt.timedelta(days=1))
    assert found(shop) == [("a", 2_000, DUE), ("c", 1_500, DUE)]


@pytest.mark.parametrize("seed", range(4))
def test_counts_agree_with_the_codes_one_by_one(shop: Bench, seed: int) -> None:
    """Spans by chance over blocks by chance: rows of chunks, uniform chunks, ends of blocks."""
    dice = random.Random(seed)
    order = shop.order("1", OrderLine(MILK, 20_000, 20))
    applied, blocks, at = [False] * 20_000, [], 0
    while at < 18_000:
        count = dice.choice((1, 10, 1_000, 1_024, 3_000))
        shop.deliver(order, f"{len(blocks)}", count, MILK)
        blocks.append((at, at + count))
        at += count
    for _ in range(12):
        first = dice.randrange(at)
        count = min(at - first, dice.choice((1, 3, 500, 2_048, 4_000)))
        if any(applied[first : first + count]):
            continue
        report(shop, DocumentKind.UTILISATION, order, MILK, first, count)
        applied[first : first + count] = [True] * count
    wait_until(shop, DUE + dt.timedelta(days=1))
    left = [end - first - sum(applied[first:end]) for first, end in blocks]
    told = [(f"{n}", count, DUE) for n, count in enumerate(left) if count]
    assert found(shop) == told
    assert found(shop, page_size=2) == told


def test_pages_are_bounded_by_what_is_looked_at(
    shop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overdue, "_ROWS_A_VIEW", 3)
    monkeypatch.setattr(overdue, "_ROWS_A_PAGE", 6)
    order = shop.order("1", OrderLine(MILK, 100, 20))
    for number in range(20):
        shop.deliver(order, f"{number:02}", 5, MILK)
    wait_until(shop, DUE + dt.timedelta(days=1))
    assert [name for name, _, _ in found(shop)] == [f"{number:02}" for number in range(20)]
    page, token = shop.engine.overdue_blocks(BIN, page_size=100)
    assert (len(page), bool(token)) == (6, 1)


def test_blocks_of_others_are_not_told_and_their_tokens_are_refused(shop: Bench) -> None:
    shop.join(OTHER_BIN, 10**9)
    order = shop.order("1", OrderLine(OTHER_MILK, 100, 20), bin_=OTHER_BIN)
    for name in "ab":
        shop.engine.execute(DeliverBlock(OTHER_BIN, order.order_id, OTHER_MILK, name, 5))
    wait_until(shop, DUE + dt.timedelta(days=1))
    assert found(shop) == []
    _, token = shop.engine.overdue_blocks(OTHER_BIN, page_size=1)
    with pytest.raises(Refused) as caught:
        shop.engine.overdue_blocks(BIN, page_size=1, page_token=token)
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID
