"""Self-made serials: orders of 150,000, small orders beside them, and their codes.

Each serial is a row of its own: 22 bytes of key and 28 of value, 60 with what the tree says of
them, in pages that are two thirds full when they are filled at random; and once more, 12 bytes, in
the parts that codes are made from: some 105 bytes. A row written among random ones costs the writer
5–8 us: fetched, judged, put, and its share of a commit. A step is 1,000 rows and one commit, so an
order of 150,000 takes 150 of them, 1–2 s. A small order waits for the step before it, some 8 ms,
twice at most. Codes are made as the operator's are, without FF1; each is found by a look-up.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import TYPE_CHECKING

import goods
from contest import Sample, bound_of, percentiles, rate
from test_growth import used_bytes

from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine
from emitter.trade.serials import ALPHABETS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Contest
    from emitter.engine.engine import Engine

TEMPLATE = 10  # 12 characters of one's own and a MAC of 44
CHECKED = 100_000
PACE_S = 0.004  # between small orders
_tags = itertools.count()


def order(owner: int, count: int) -> CreateOrder:
    """Return an order with serials of its own, never drawn before."""
    tag, dice = next(_tags), random.Random()
    serials = tuple(["".join(dice.choices(ALPHABETS[82], k=12)) for _ in range(count)])
    line = OrderLine(goods.gtin(owner, 0), count, TEMPLATE, None, serials)
    return CreateOrder(owner, f"own-{tag}", (line,))


def small_orders(engine: Engine, owner: int, over: threading.Event, most: int) -> list[float]:
    """Create small orders at a steady pace, one by one; return how long each took."""
    took = []
    for command in goods.orders([owner], most, f"small-{next(_tags)}"):
        if over.is_set():
            break
        started = time.perf_counter()
        engine.execute(command)
        took.append(time.perf_counter() - started)
        time.sleep(max(0.0, PACE_S - took[-1]))
    return took


def test_orders_of_self_made_serials(contest: Contest, tmp_path: Path) -> None:
    count = 10_000 if contest.smoke else 150_000
    large, small = goods.bins(2)
    engine = goods.make_engine(tmp_path, [large, small], each=goods.GTINS)
    alone_s = small_orders(engine, small, threading.Event(), 500)
    beside_s: list[float] = []
    stored: list[float] = []

    def turn() -> float:
        command, over = order(large, count), threading.Event()
        waiter = threading.Thread(
            target=lambda: beside_s.extend(small_orders(engine, small, over, 10**4))
        )
        before = used_bytes(tmp_path)
        waiter.start()
        speed = rate(count, lambda: engine.execute(command))
        over.set()
        waiter.join()
        stored.append((used_bytes(tmp_path) - before) / count)
        return speed

    def checked() -> float:
        command = order(large, min(count, CHECKED))
        order_id = engine.execute(command).value.order_id
        gtin = command.lines[0].gtin
        block = engine.execute(DeliverBlock(large, order_id, gtin, "all")).value
        records = engine.records(block, 0, block.row.quantity)
        size = block.record_size
        text = b"\n".join(records[at : at + size] for at in range(0, len(records), size))
        return rate(block.row.quantity, lambda: engine.verify(text))

    got = contest.turns({"orders": turn, "checks": checked}, 5)
    engine.close()
    section = contest.section("Self-made serials", bound_of(__doc__))
    section.row(
        f"orders of {count:,} own serials, durable", got["orders"], "serials/s",
        note=f"{stored[-1]:,.0f} bytes stored a serial, "
        f"{count / got['orders'].median:.2f} s an order",
    )  # fmt: skip
    for what, took in (("small orders alone", alone_s), ("small orders beside them", beside_s)):
        half, most, last = percentiles(took)
        section.row(what, Sample(tuple(each * 1e3 for each in took)), "ms",
                    note=f"p50 {half:.1f}, p99 {most:.1f}, p99.9 {last:.1f} ms")  # fmt: skip
    section.row("their codes checked", got["checks"], "codes/s", note="one look-up each")
