"""Durable orders: the engine against raw loops that write the same rows, and against itself.

An order of one GTIN looks up five rows and writes seven, about 0.5 KB. Everybody begins each turn
on a copy of the same store, writes the same orders for the same participants, 256 a commit, and
syncs each commit. A raw loop is one thread of py-lmdb:

- rows ready-made: only the look-ups and writes that the engine's store saw, recorded before. No
  order is read, nothing added up or packed. No program that takes orders can be as fast.
- rows made by the loop: looks up, adds up, packs with `struct`, writes; a user's own program
  without a rule, a limit or a verdict (`raw_orders`). Its store passes the engine's check.

From Python an operation of LMDB costs 0.5–1 µs and a synced commit 0.1–1 ms: some 90,000 orders/s
of ready-made rows. Ours merges the rows that orders share, so LMDB takes 6 µs of CPU an order; to
judge, to plan serials and money, to pack and to answer takes the rest, some 25 µs in Python: 30,000
orders/s. py-lmdb gives the interpreter away at every row; where another thread wants it, that is a
call of the system each time, 6 µs an order: 25,000. One a commit is bound by the sync.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import goods
import lmdb
from contest import Sample, bound_of, rate
from raw_orders import BATCH, write_merged, write_one_by_one, write_own

from emitter.config import Limits
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.keys import KeyRing
from emitter.garbage import collect_rarely
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from raw_orders import Update

    from conftest import Contest
    from emitter.engine.commands import CreateOrder
    from emitter.store.port import Store, Writer

PARTICIPANTS = 16
LIMITS = Limits(active_orders_max=0)
ONE = Limits(active_orders_max=0, batch_commands_max=1)


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


class Contestants:
    """All begin on copies of one store, with the same orders; each returns its orders a second."""

    def __init__(self, folder: Path, before: int, count: int, single: int) -> None:
        self.folder = folder
        self.owners = goods.bins(PARTICIPANTS)
        self.cpu: dict[str, list[float]] = {}
        self._tags = itertools.count()
        (folder / "base").mkdir()
        self.keys = KeyRing.create(folder / "base" / "keys", bytes(32))
        engine = Engine(open_lmdb(folder / "base" / "data"), self.keys, limits=LIMITS)
        goods.join(engine, self.owners)
        goods.carry_out(engine, goods.orders(self.owners, before, "before"))
        engine.close()
        self.before, self.count, self.single = before, count, single
        self.alone, self.merged = (self._recorded(limits) for limits in (ONE, LIMITS))

    def emit(self, name: str, *, limits: Limits = LIMITS, threaded: bool = True) -> float:
        """Let an engine carry out orders; without its thread, this one does all."""
        orders = self._orders(self.single if limits is ONE else self.count)
        with self._copy() as folder:
            store = open_lmdb(folder)
            engine = Engine(store, self.keys, limits=limits, threaded=threaded)
            work = goods.carry_out if threaded else goods.carry_out_alone
            got = self._timed(name, len(orders), lambda: work(engine, orders))
            engine.close()
        return got

    def raw(self, name: str, write: Callable[..., None], updates: list[Update]) -> float:
        """Let a loop repeat look-ups and writes."""
        with self._copy() as folder, closing(lmdb.open(str(folder), map_size=1 << 40)) as env:
            return self._timed(name, self.count, lambda: write(env, updates))

    def own(self, name: str) -> float:
        """Let a loop make its rows."""
        orders = self._orders(self.count)
        with self._copy() as folder, closing(lmdb.open(str(folder), map_size=1 << 40)) as env:
            return self._timed(name, self.count, lambda: write_own(env, orders, self.keys))

    def check_own(self) -> None:
        """Prove that the loop which makes its rows makes those of the engine."""
        orders = self._orders(BATCH + 1)
        with self._copy() as folder:
            with closing(lmdb.open(str(folder), map_size=1 << 40)) as env:
                write_own(env, orders, self.keys)
            with closing(open_lmdb(folder, read_only=True)) as store:
                assert check_store(store, whole=True).orders == self.before + len(orders)

    def _orders(self, count: int) -> list[CreateOrder]:
        return goods.orders(self.owners, count, f"turn-{next(self._tags)}")

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            shutil.copy(self.folder / "base" / "data" / "data.mdb", folder)
            yield Path(folder)

    def _recorded(self, limits: Limits) -> list[Update]:
        """Return the look-ups and writes of the orders, update by update."""
        with self._copy() as folder:
            recorder = Recorder(open_lmdb(folder, sync=False))
            engine = Engine(recorder, self.keys, limits=limits)
            recorder.updates.clear()
            goods.carry_out(engine, self._orders(self.count))
            engine.close()
            return recorder.updates

    def _timed(self, name: str, orders: int, work: Callable[[], object]) -> float:
        before = time.process_time()
        got = rate(orders, work)
        self.cpu.setdefault(name, []).append((time.process_time() - before) / orders * 1e6)
        return got


def test_durable_orders(contest: Contest, tmp_path: Path) -> None:
    before, count, single = (2_000, 4_000, 300) if contest.smoke else (50_000, 20_000, 2_000)
    all_ = Contestants(tmp_path, before, count, single)
    all_.check_own()
    collect_rarely()
    got = contest.turns(
        {
            "group": lambda: all_.emit("group"),
            "alone": lambda: all_.raw("alone", write_one_by_one, all_.alone),
            "self": lambda: all_.emit("self", threaded=False),
            "own": lambda: all_.own("own"),
            "merged": lambda: all_.raw("merged", write_merged, all_.merged),
            "one": lambda: all_.emit("one", limits=ONE),
        },
        7,
    )
    used = {name: Sample(tuple(values)) for name, values in all_.cpu.items()}
    section = contest.section("Durable orders in the engine", bound_of(__doc__))

    def row(name: str, what: str, note: str) -> None:
        note = f"{used[name].median:.0f} µs of CPU an order; {note}"
        against = ("one a commit", got["one"])
        section.row(what, got[name], "orders/s", against=against, note=note)

    row(
        "group",
        "engine, group commit",
        f"{PARTICIPANTS} participants, {goods.GTINS} GTINs; one thread submits, one commits",
    )
    row("self", "engine, one thread that submits and commits", "the loops below have no other")
    section.row("engine, one order a commit", got["one"], "orders/s",
                note=f"{used['one'].median:.0f} µs of CPU an order")  # fmt: skip
    for name, what, updates in (
        ("alone", "raw py-lmdb loop, rows ready-made", all_.alone),
        ("merged", "raw py-lmdb loop, rows ready-made, merged and sorted", all_.merged),
        ("own", "raw py-lmdb loop that makes its rows", all_.alone),
    ):
        gets, puts = (sum(len(each[side]) for each in updates) / count for side in (0, 1))
        row(name, what, f"{gets:.1f} look-ups, {puts:.1f} rows; the engine has "
            f"{got['group'].over(got[name]):.0%} of it, {got['self'].over(got[name]):.0%} in one "
            "thread")  # fmt: skip
    assert got["group"].over(got["one"]) > 5
    assert used["group"].over(used["alone"]) < 9
    assert used["self"].over(used["own"]) < 4.5
