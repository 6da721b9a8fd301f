"""A billion codes in one store: disk, start, and checking any of them with its state.

What is stored of an order does not depend on its codes, so a billion in 10,000 orders are about
10 MB, and a range in memory is 40 bytes. A code is found by inverting its serial (0.1–0.2 us a
code in bulk) and a binary search among the ranges of its GTIN; orders and lives are looked up once
a buffer of the batch, 1 us each, and unpacked, a few more: a batch of 100,000 codes of 60,000
buffers is bound by that. A touched chunk is one more look-up, of a page that may lie cold: at one
code in a hundred every chunk is touched. Stored, a code touched alone is three bytes and its share
of a key of 45 (ten to a chunk), a code of a dense chunk one byte: the tree's pages are two thirds
full when they are filled at random.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import goods
import numpy as np
from contest import Sample, bound_of, take_turns
from test_growth import used_bytes

from emitter.engine.code_sets import BlockName, CodeSet
from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine, ReportCodes
from emitter.engine.engine import Engine
from emitter.garbage import collect_rarely
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade.circulation import DocumentKind, IntroductionWay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Contest
    from emitter.engine.delivery import BlockView

TEMPLATE = 10  # 85 bytes with a MAC of 44 characters
GOODS = 5  # of each participant
SIZES = 100, 1_000_000  # codes of an order, evenly by magnitude: 108,000 on average
REPORT = 2_500  # codes a report: one transaction wherever they lie; a job needs room for a while
BATCH = 100_000  # codes a check
_tags = itertools.count()
_AT_ONCE = 5_000  # commands on their way while the store is built


class Built(NamedTuple):
    """What the store was filled with: blocks, and the codes up to the end of each."""

    blocks: list[BlockView]
    ends: np.ndarray


def test_a_billion_codes(contest: Contest, tmp_path: Path) -> None:
    codes = 2_000_000 if contest.smoke else 1_000_000_000
    rng = np.random.default_rng(2026)
    owners = goods.bins(200)
    engine = goods.make_engine(tmp_path, owners, each=GOODS, template=TEMPLATE)
    keys = engine.keys
    started = time.perf_counter()
    built = _build(engine, owners, codes, rng)
    took = time.perf_counter() - started
    section = contest.section("A billion codes", bound_of(__doc__))
    orders = len(built.blocks)
    section.row("issued and delivered", Sample((took,)), "s",
                note=f"{codes:,} codes in {orders:,} orders")  # fmt: skip
    disk = used_bytes(tmp_path)
    section.row("on disk", Sample((disk / 1e6,)), "MB", note=f"{disk / orders:,.0f} bytes an order")
    engine.close()
    started = time.perf_counter()
    engine = Engine(open_lmdb(tmp_path / "data"), keys, limits=goods.LIMITS)
    section.row("start, ranges read", Sample((time.perf_counter() - started,)), "s")

    batches = [_random_codes(engine, built, rng, BATCH) for _ in range(3)]
    texts = {
        "200 buffers": [_random_codes(engine, _some(built, 200), rng, BATCH)],
        "any": batches,
        "ten any": [b"\n".join(_random_codes(engine, built, rng, BATCH) for _ in range(10))],
    }
    untouched = contest.turns(_checks(engine, texts), 9)
    dense, bytes_a_code = _dense(engine, owners[0], tmp_path)
    disk = used_bytes(tmp_path)
    touched, moved = _touch(engine, built, rng)
    grown = used_bytes(tmp_path) - disk
    after = take_turns(_checks(engine, texts), 3 if contest.smoke else 9)
    for name, note in (
        ("200 buffers", f"{BATCH:,} random codes of 200 buffers"),
        ("any", f"{BATCH:,} random codes of all, {_buffers(engine, batches[0]):,} buffers"),
        ("ten any", f"{10 * BATCH:,} random codes of all"),
    ):
        section.row("checked with state, untouched", untouched[name], "codes/s", note=note)
        section.row("checked with state, 1 % touched", after[name], "codes/s",
                    against=("untouched", untouched[name]), note=note)  # fmt: skip
    section.row("1 % touched at random", Sample((grown / moved,)), "bytes a touched code",
                note=f"{moved:,} codes by reports of {REPORT:,}, {touched:.0f} s")  # fmt: skip
    section.row("every other code of a buffer touched", Sample((bytes_a_code,)), "bytes a code",
                note=f"{dense:,} codes")  # fmt: skip
    collect_rarely()  # as the server does
    for what, bulk in (("1,000 orders/s", b""), ("these and bulk checks", batches[0])):
        with _load(engine, owners, bulk):
            single = _single(engine, batches[1], 500 if contest.smoke else 5_000)
        section.row(f"a single check beside {what}", single, "ms",
                    note=f"p99 {np.percentile(single.values, 99):.2f} ms")  # fmt: skip
    engine.close()
    assert after["200 buffers"].over(untouched["200 buffers"]) > 0.12  # every chunk is touched


def _build(engine: Engine, owners: list[int], codes: int, rng: np.random.Generator) -> Built:
    """Order and deliver in mixed sizes until there are so many codes."""
    low, high = np.log(SIZES)
    sizes: list[int] = []
    while (left := codes - sum(sizes)) > 0:
        drawn = np.exp(rng.uniform(low, high, 1 + left // 110_000)).astype(int)
        sizes += drawn.tolist()
    blocks: list[BlockView] = []
    for at in range(0, len(sizes), _AT_ONCE):
        commands = [
            _order(owners, number, size)
            for number, size in enumerate(sizes[at : at + _AT_ONCE], at)
        ]
        orders = [answer.value for answer in goods.carry_out(engine, commands)]
        deliveries = [
            DeliverBlock(order.bin, order.order_id, order.row.buffers[0].gtin, "block")
            for order in orders
        ]
        blocks += [answer.value for answer in goods.carry_out(engine, deliveries)]
    return Built(blocks, np.cumsum([block.row.quantity for block in blocks]))


def _order(owners: list[int], number: int, quantity: int) -> CreateOrder:
    """Return the order of a number: round the participants, each with its goods in turn."""
    owner = owners[number % len(owners)]
    gtin = goods.gtin(owner, number // len(owners) % GOODS)
    return CreateOrder(owner, f"o-{number}", (OrderLine(gtin, quantity, TEMPLATE),))


def _some(built: Built, count: int) -> Built:
    """Return the largest blocks."""
    blocks = sorted(built.blocks, key=lambda block: -block.row.quantity)[:count]
    return Built(blocks, np.cumsum([block.row.quantity for block in blocks]))


def _random_codes(engine: Engine, built: Built, rng: np.random.Generator, count: int) -> bytes:
    """Return codes drawn at random from all that were issued, one a line."""
    drawn = rng.integers(0, built.ends[-1], count)
    at = np.searchsorted(built.ends, drawn, side="right")
    index = drawn - built.ends[at] + np.array([b.row.quantity for b in built.blocks])[at]
    return b"\n".join(
        engine.records(built.blocks[block], first, 1)
        for block, first in zip(at.tolist(), index.tolist(), strict=True)
    )


def _checks(engine: Engine, texts: dict[str, list[bytes]]) -> dict[str, Callable[[], float]]:
    """Return what measures checks of whole batches, by name, in codes a second."""

    def turn(batches: Iterator[bytes]) -> float:
        text = next(batches)
        started = time.perf_counter()
        verified = engine.verify(text)
        took = time.perf_counter() - started
        assert not verified.reasons.any()
        return len(verified.reasons) / took

    return {name: partial(turn, itertools.cycle(batches)) for name, batches in texts.items()}


def _buffers(engine: Engine, text: bytes) -> int:
    return len(engine.verify(text).buffers)


def _touch(engine: Engine, built: Built, rng: np.random.Generator) -> tuple[float, int]:
    """Introduce one code in a hundred, drawn at random; return the seconds and how many."""
    owners: dict[int, list[BlockView]] = {}
    for block in built.blocks:
        owners.setdefault(block.bin, []).append(block)
    moved, spent = 0, 0.0
    for bin_, blocks in owners.items():
        chosen = []
        for block in blocks:
            records = np.frombuffer(engine.records(block, 0, block.row.quantity), np.uint8)
            drawn = rng.random(block.row.quantity) < 0.01
            chosen.append(records.reshape(-1, block.record_size)[drawn])
        text = np.pad(np.concatenate(chosen), ((0, 0), (0, 1)), constant_values=ord("\n"))
        rng.shuffle(text)
        for at in range(0, len(text), REPORT):
            report = ReportCodes(
                bin_, f"touch-{at}", DocumentKind.INTRODUCTION,
                CodeSet(text[at : at + REPORT].tobytes()), IntroductionWay.PRODUCTION,
            )  # fmt: skip
            started = time.perf_counter()
            moved += engine.execute(report).value.row.moved
            spent += time.perf_counter() - started
    return spent, moved


def _dense(engine: Engine, bin_: int, folder: Path) -> tuple[int, float]:
    """Introduce every other code of a buffer; return its codes, and the bytes that it grew by."""
    quantity = 1_000_000
    line = OrderLine(goods.gtin(bin_, 0), quantity, TEMPLATE)
    order = engine.execute(CreateOrder(bin_, "dense", (line,))).value
    block = engine.execute(DeliverBlock(bin_, order.order_id, line.gtin, "dense")).value
    before = used_bytes(folder)
    records = np.frombuffer(engine.records(block, 0, quantity), np.uint8)
    text = np.pad(records.reshape(quantity, -1)[::2], ((0, 0), (0, 1)), constant_values=10)
    for at in range(0, len(text), 30_000):
        codes = CodeSet(text[at : at + 30_000].tobytes())
        kind, way = DocumentKind.INTRODUCTION, IntroductionWay.PRODUCTION
        engine.execute(ReportCodes(bin_, f"dense-{at}", kind, codes, way))
    grown = used_bytes(folder) - before
    whole = CodeSet(blocks=(BlockName(order.order_id, line.gtin, "dense"),))
    engine.execute(ReportCodes(bin_, "dense", DocumentKind.UTILISATION, whole))
    return quantity, grown / quantity


@contextlib.contextmanager
def _load(engine: Engine, owners: list[int], text: bytes) -> Iterator[None]:
    """Keep an engine busy: 1,000 orders a second; of a text, 5,800 codes checked ten times each."""
    done = threading.Event()
    tag = next(_tags)

    def go(work: Callable[[int], object], pause_s: float) -> None:
        due = time.perf_counter()
        for turn in itertools.count():
            if done.is_set():
                return
            work(turn)
            due += pause_s
            time.sleep(max(0.0, due - time.perf_counter()))

    def order(turn: int) -> None:
        goods.carry_out(engine, goods.orders(owners, 10, f"load-{tag}-{turn}"))

    threads = [threading.Thread(target=go, args=(order, 0.01))]
    if text:
        bulk = text[: text.rindex(b"\n", 0, 500_000)]
        threads.append(threading.Thread(target=go, args=(lambda _: engine.verify(bulk), 0.1)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _single(engine: Engine, text: bytes, count: int) -> Sample:
    """Measure checks of one code, in milliseconds."""
    took = []
    for code in text.split(b"\n")[:count]:
        started = time.perf_counter()
        engine.verify(code)
        took.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.001)
    return Sample(tuple(took))
