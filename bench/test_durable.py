"""Durable orders: the engine against a raw loop that writes the same rows, and against itself.

An order of one GTIN looks up four rows and writes seven, about 0.6 KB. From Python an operation of
LMDB costs 0.5–1 µs, and a synced commit 0.1–1 ms, shared by 256 orders: a raw loop can do about
100,000 orders/s, and no engine above it can do more. Ours judges in Python: some 40 µs an order on
one core, and py-lmdb gives the interpreter away at every row, which costs half as much again when
another thread wants it. So 15,000–25,000 is the most it can do. One a commit is bound by the sync.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from contextlib import closing
from typing import TYPE_CHECKING

import goods
import lmdb
from contest import Sample, bound_of, rate

from emitter.config import Limits
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyRing
from emitter.garbage import collect_rarely
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Contest
    from emitter.store.port import Store, Writer

Update = tuple[list[bytes], list[tuple[bytes, bytes]]]
"""The keys that one update of a store has looked up, and the rows it has written."""

PARTICIPANTS = 16
_ONE = Limits(active_orders_max=0, batch_commands_max=1)


class Recorder:
    """A store that notes the rows which pass through it, update by update."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.view = store.view
        self.close = store.close
        self.updates: list[Update] = []

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


def record(folder: Path, owners: list[int], count: int, limits: Limits) -> list[Update]:
    """Return the look-ups and writes of ``count`` orders, update by update."""
    folder.mkdir()
    keys = KeyRing.create(folder / "keys", bytes(32))
    recorder = Recorder(open_lmdb(folder / "data", sync=False))
    engine = Engine(recorder, keys, limits=limits)
    goods.join(engine, owners)
    recorder.updates.clear()
    goods.carry_out(engine, goods.orders(owners, count, "raw"))
    engine.close()
    return recorder.updates


def write_one_by_one(env: lmdb.Environment, updates: list[Update]) -> None:
    """Do what the engine's store did, look-up by look-up and row by row, in batches."""
    for start in range(0, len(updates), goods.LIMITS.batch_commands_max):
        with env.begin(write=True) as transaction:
            for gets, puts in updates[start : start + goods.LIMITS.batch_commands_max]:
                for key in gets:
                    transaction.get(key)
                for key, row in puts:
                    transaction.put(key, row)


def write_merged(env: lmdb.Environment, updates: list[Update]) -> None:
    """Do what the engine's store did, update by update, with sorted bulk writes."""
    for gets, puts in updates:
        with env.begin(write=True) as transaction, transaction.cursor() as cursor:
            for key in gets:
                transaction.get(key)
            cursor.putmulti(sorted(puts))


def test_durable_orders(contest: Contest, tmp_path: Path) -> None:
    count, single = (4_000, 300) if contest.smoke else (20_000, 2_000)
    owners = goods.bins(PARTICIPANTS)
    merged = record(tmp_path / "merged", owners, count, goods.LIMITS)
    alone = record(tmp_path / "alone", owners, count, _ONE)
    group = goods.make_engine(tmp_path / "group", owners)
    one = goods.make_engine(tmp_path / "one", owners, _ONE)
    tags = itertools.count()
    cpu: dict[str, list[float]] = {}
    collect_rarely()

    def timed(name: str, orders: int, work: Callable[[], object]) -> float:
        before = time.process_time()
        got = rate(orders, work)
        cpu.setdefault(name, []).append((time.process_time() - before) / orders * 1e6)
        return got

    def emit(name: str, engine: Engine, orders: int) -> float:
        commands = goods.orders(owners, orders, f"turn-{next(tags)}")
        return timed(name, orders, lambda: goods.carry_out(engine, commands))

    def raw(name: str, write: Callable[..., None], updates: list[Update]) -> float:
        with (
            tempfile.TemporaryDirectory(dir=tmp_path) as folder,
            closing(lmdb.open(folder, map_size=1 << 40)) as env,
        ):
            return timed(name, count, lambda: write(env, updates))

    got = contest.turns(
        {
            "group": lambda: emit("group", group, count),
            "alone": lambda: raw("alone", write_one_by_one, alone),
            "merged": lambda: raw("merged", write_merged, merged),
            "one": lambda: emit("one", one, single),
        },
        7,
    )
    group.close()
    one.close()
    used = {name: Sample(tuple(values)) for name, values in cpu.items()}
    section = contest.section("Durable orders in the engine", bound_of(__doc__))
    section.row(
        "engine, group commit", got["group"], "orders/s", against=("one a commit", got["one"]),
        note=f"{used['group'].median:.0f} µs of CPU an order; {PARTICIPANTS} participants, "
        f"{goods.GTINS} GTINs, one thread submits",
    )  # fmt: skip
    section.row("engine, one order a commit", got["one"], "orders/s",
                note=f"{used['one'].median:.0f} µs of CPU an order")  # fmt: skip
    for name, what, updates in (
        ("alone", "raw py-lmdb loop, order by order, 256 a commit", alone),
        ("merged", "raw py-lmdb loop, rows merged and sorted as the engine does", merged),
    ):
        gets, puts = (sum(len(each[side]) for each in updates) / count for side in (0, 1))
        section.row(
            what, got[name], "orders/s",
            note=f"{used[name].median:.0f} µs of CPU, {gets:.1f} look-ups and {puts:.1f} rows an "
            f"order; the engine has {got['group'].over(got[name]):.0%} of it",
        )  # fmt: skip
    assert got["group"].over(got["one"]) > 3
    assert used["group"].over(used["alone"]) < 14
