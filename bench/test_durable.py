"""Durable orders: the engine against a raw loop that writes the same rows, and against itself.

An order of one GTIN looks up three rows or four and writes eight, about 0.6 KB. LMDB's look-up
costs 1 µs and its write 1–2 µs, a synced commit about a millisecond of this disk: a raw loop of
100 or more orders a commit can do 30,000–60,000 orders/s, and so can no engine above it do more.
One order a commit is bound by the sync alone.
"""

from __future__ import annotations

import itertools
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import goods
import lmdb
from contest import bound_of, rate

from emitter.config import Limits
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyRing
from emitter.garbage import collect_rarely
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Contest
    from emitter.store.port import Store, Writer

PARTICIPANTS = 16
_ONE = Limits(active_orders_max=0, batch_commands_max=1)


class Recorder:
    """A store that notes the rows which pass through it, update by update."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.view = store.view
        self.close = store.close
        self.updates: list[tuple[list[bytes], list[tuple[bytes, bytes]]]] = []

    def update(self, fn: Callable[[Writer], object]) -> object:
        self.updates.append(([], []))
        return self._store.update(lambda writer: fn(RecordingWriter(writer, self)))


class RecordingWriter:
    """Notes look-ups and writes of one update."""

    def __init__(self, writer: Writer, recorder: Recorder) -> None:
        self._writer = writer
        self._gets, self._puts = recorder.updates[-1]
        self.scan = writer.scan
        self.delete_many = writer.delete_many

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self._gets += keys
        return self._writer.get_many(keys)

    def put_many(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._puts += rows
        self._writer.put_many(rows)


def record(folder: Path, owners: list[int], count: int) -> list[tuple[list, list]]:
    """Return the look-ups and writes of ``count`` orders, update by update."""
    keys = KeyRing.create(folder / "keys", bytes(32))
    recorder = Recorder(open_lmdb(folder / "data"))
    engine = Engine(recorder, keys, limits=goods.LIMITS)
    goods.join(engine, owners)
    recorder.updates.clear()
    goods.carry_out(engine, goods.orders(owners, count, "raw"))
    engine.close()
    return recorder.updates


def write_raw(folder: Path, updates: list[tuple[list, list]], *, bulk: bool) -> None:
    """Do on a new LMDB what the engine's store did: the loop that one writes without an engine."""
    with closing(lmdb.open(str(folder), map_size=1 << 40, create=True)) as env:
        for gets, puts in updates:
            with env.begin(write=True) as transaction:
                for key in gets:
                    transaction.get(key)
                if bulk:
                    with transaction.cursor() as cursor:
                        cursor.putmulti(sorted(puts))
                else:
                    for key, row in puts:
                        transaction.put(key, row)


def test_durable_orders(contest: Contest, tmp_path: Path) -> None:
    count, single = (2_000, 300) if contest.smoke else (20_000, 2_000)
    owners = goods.bins(PARTICIPANTS)
    for name in ("record", "group", "single"):
        (tmp_path / name).mkdir()
    updates = record(tmp_path / "record", owners, count)
    group = goods.make_engine(tmp_path / "group", owners)
    one = goods.make_engine(tmp_path / "single", owners, _ONE)
    tags = itertools.count()
    collect_rarely()

    def emit(engine: Engine, orders: int) -> float:
        commands = goods.orders(owners, orders, f"turn-{next(tags)}")
        return rate(orders, lambda: goods.carry_out(engine, commands))

    def raw(*, bulk: bool) -> float:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            return rate(count, lambda: write_raw(Path(folder), updates, bulk=bulk))

    got = contest.turns(
        {
            "group": lambda: emit(group, count),
            "raw": lambda: raw(bulk=False),
            "bulk": lambda: raw(bulk=True),
            "one": lambda: emit(one, single),
        },
        7,
    )
    group.close()
    one.close()
    section = contest.section("Durable orders in the engine", bound_of(__doc__))
    section.row(
        "engine, group commit", got["group"], "orders/s", against=("one a commit", got["one"]),
        note=f"{PARTICIPANTS} participants, {goods.GTINS} GTINs, one submitting thread",
    )  # fmt: skip
    section.row("engine, one order a commit", got["one"], "orders/s")
    section.row(
        "raw py-lmdb loop, same rows", got["raw"], "orders/s",
        note=f"the engine has {got['group'].over(got['raw']):.0%} of it; "
        f"{len(updates)} commits, {sum(len(g) for g, _ in updates) / count:.1f} look-ups "
        f"and {sum(len(p) for _, p in updates) / count:.1f} rows an order",
    )  # fmt: skip
    section.row(
        "raw py-lmdb, sorted bulk writes", got["bulk"], "orders/s",
        note=f"the engine has {got['group'].over(got['bulk']):.0%} of it",
    )  # fmt: skip
    assert got["group"].over(got["one"]) > 3
    assert got["group"].over(got["raw"]) > 0.2
