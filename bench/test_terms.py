"""What the time rules cost: scans of a million orders with a block each.

A scan hands a row to Python in about half a microsecond, and passing it by costs about as much: a
million rows about a second, once an hour for expiry, and whenever somebody asks for overdue blocks.
A block past its term costs two look-ups more, of its order and of its buffer's life: some twenty
microseconds. A list by due date would answer at once and cost every delivery and every order a row
more, of the seven they write.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import goods
from contest import Sample, bound_of
from test_growth import used_bytes

from emitter.config import Limits
from emitter.engine.commands import DeliverBlock
from emitter.engine.engine import Engine
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Contest

_CHUNK = 20_000
_DAY_US = 86_400_000_000


def test_terms(contest: Contest, tmp_path: Path) -> None:
    count = 20_000 if contest.smoke else 1_000_000
    owners = goods.bins(100)
    limits = Limits(active_orders_max=0, order_life_days=90)
    engine = goods.make_engine(tmp_path, owners, limits)
    keys = engine.keys
    engine.close()
    engine = Engine(open_lmdb(tmp_path / "data", sync=False), keys, limits=limits)
    for start in range(0, count, _CHUNK):
        commands = goods.orders(owners, min(_CHUNK, count - start), f"o{start}")
        orders = [answer.value for answer in goods.carry_out(engine, commands)]
        goods.carry_out(engine, (
            DeliverBlock(each.bin, each.order_id, each.row.buffers[0].gtin, "b", 5)
            for each in orders
        ))  # fmt: skip
    now_us = time.time_ns() // 1000
    section = contest.section("Terms", bound_of(__doc__))
    section.row("store", Sample((used_bytes(tmp_path) / 1e6,)), "MB", note=f"{count:,} orders")

    def overdue(days: int, expected: int) -> float:
        engine._clock = lambda: now_us + days * _DAY_US  # noqa: SLF001 - time passes
        started = time.perf_counter()
        seen = 0
        for owner in owners:
            token, pages = b"", 0
            while token or not pages:
                found, token = engine.overdue_blocks(owner, page_size=1_000, page_token=token)
                seen += len(found)
                pages += 1
        assert seen == expected
        return time.perf_counter() - started

    def expiring(days: int, expected: int) -> float:
        engine._clock = lambda: now_us + days * _DAY_US  # noqa: SLF001 - time passes
        started = time.perf_counter()
        assert sum(1 for _ in engine.orders_to_expire()) == expected
        return time.perf_counter() - started

    got = contest.turns(
        {
            "overdue blocks, none of them": partial(overdue, 0, 0),
            "overdue blocks, all of them": partial(overdue, 100, count),
            "orders to expire, none of them": partial(expiring, 0, 0),
            "orders to expire, all of them": partial(expiring, 100, count),
        },
        3,
    )
    for title, sample in got.items():
        section.row(title, sample, "s", note=f"{count:,} looked at")
    engine.close()
