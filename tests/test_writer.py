"""The one writer: fair queues, their limits, and an end that answers everybody."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from emitter.config import Limits
from emitter.engine.batch import Proposal
from emitter.engine.commands import RegisterParticipant
from emitter.engine.invariants import check_store
from emitter.engine.participants import RegisterStep
from emitter.engine.writer import Writer
from emitter.errors import Reason, Refused
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.store.port import ROWS_MAX
from engines import Opened, join, order
from fuzzing import seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.commands import Command
    from emitter.engine.engine import Engine
    from emitter.engine.keys import KeyRing
    from emitter.engine.promise import Promise
    from emitter.engine.work import Work

BATCH = 256


@pytest.fixture
def opened(keys: KeyRing) -> Iterator[Opened]:
    with closing(Opened(keys)) as opened:
        yield opened


def submitted(engine: Engine, command: Command, done: list[Command]) -> None:
    """Submit a command and note when it is answered."""
    engine.submit(command).add_done_callback(lambda _: done.append(command))


def test_a_flood_of_one_participant_delays_nobody_beyond_the_next_batch(opened: Opened) -> None:
    engine = opened(MemoryStore(), threaded=False, active_orders_max=0)
    for bin_ in (1, 2, 3):
        join(engine, bin_, 10**9)
    done: list[Command] = []
    for n in range(2_000):
        submitted(engine, order(1, f"flood {n}", 1), done)
    for bin_ in (2, 3):
        submitted(engine, order(bin_, "single", 1), done)
    engine.work_off()
    assert [done.index(order(bin_, "single", 1)) < BATCH for bin_ in (2, 3)] == [True, True]
    assert [c.request_id for c in done if c.bin == 1] == [f"flood {n}" for n in range(2_000)]


def test_a_verdict_stands_and_the_writer_goes_on_when_ranges_cannot_be_published() -> None:
    told: list[str] = []

    def published(_: object) -> None:
        told.append("published")
        raise MemoryError

    writer = Writer(
        MemoryStore(),
        lambda: 0,
        Limits(),
        published=published,
        doubted=lambda: told.append("doubted"),
        threaded=True,
    )
    with closing(writer):
        for bin_ in (1, 2):
            command = RegisterParticipant(bin_, "ТОО", dt.date(2026, 1, 1))
            assert writer.submit(RegisterStep(command)).result(10).value.bin == bin_
    assert told == ["published", "doubted"] * 2


def test_in_a_running_flood_a_single_command_waits_for_two_batches_at_most(opened: Opened) -> None:
    """The one that is being committed when it comes, and its own."""
    engine = opened(MemoryStore(), active_orders_max=0, batch_commands_max=20)
    for bin_ in (1, 2):
        join(engine, bin_, 10**9)
    over = threading.Event()
    flooded: list[Command] = []

    def flood() -> None:
        for n in itertools.count():
            if over.is_set():
                return
            try:
                submitted(engine, order(1, f"flood {n}", 1), flooded)
            except Refused as refused:
                assert refused.reason is Reason.OVERLOADED  # noqa: PT017 - on purpose
                over.wait(0.001)

    waits = []
    with ThreadPoolExecutor(1) as flooder:
        flooding = flooder.submit(flood)
        try:
            for n in range(50):
                future = engine.submit(order(2, f"single {n}", 1))
                before = len(flooded)
                future.add_done_callback(lambda _, n=before: waits.append(len(flooded) - n))
                future.result()
        finally:
            over.set()
        flooding.result()
    assert len(flooded) > 100
    assert max(waits) <= 2 * 20


class Rows:
    """A step that writes as many rows as it says, or one more."""

    request = None
    digest = b""
    id_field = ""
    remembers_refusals = False

    def __init__(self, bin_: int, rows_max: int, excess: int = 0) -> None:
        self.bin, self.rows_max, self.excess = bin_, rows_max, excess

    def claims(self) -> tuple[bytes, ...]:
        return ()

    def reads(self) -> tuple[bytes, ...]:
        return ()

    def judge(self, work: Work) -> Proposal:
        def settle() -> int:
            for n in range(self.rows_max + self.excess):
                work.put(b"rows %d %d" % (self.bin, n), b"")
            return self.bin

        return Proposal(settle)

    def recall(self, _work: Work, _payload: bytes) -> None:
        raise AssertionError


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer(
        MemoryStore(),
        lambda: 0,
        Limits(),
        published=lambda _: None,
        doubted=lambda: None,
        threaded=False,
    )
    with closing(writer):
        yield writer


def test_a_batch_closes_at_the_row_limit_and_goes_on_in_turn(writer: Writer) -> None:
    assert Limits().batch_commands_max == BATCH
    sizes = {1: 3_000, 2: 3_000, 3: 1, 4: 4_000, 5: ROWS_MAX, 6: 1}
    futures = {bin_: [writer.submit(Rows(bin_, size)) for _ in range(2)]
               for bin_, size in sizes.items()}  # fmt: skip
    done: list[list[int]] = []
    before: set[tuple[int, int]] = set()
    while writer.run_once():
        now = {(bin_, n) for bin_ in sizes for n in (0, 1) if futures[bin_][n].done()}
        done.append(sorted(bin_ for bin_, _ in now - before))
        before = now
    # 3,000 + 3,000 + 1 and no 4,000 more; then that one goes first.
    assert done == [[1, 2, 3], [4], [5], [1, 2, 3, 6], [4], [5], [6]]
    for bin_, both in futures.items():
        assert [future.result().value for future in both] == [bin_, bin_]


def test_a_step_that_no_transaction_holds_is_a_programmer_error(writer: Writer) -> None:
    with pytest.raises(ValueError, match="10001"):
        writer.submit(Rows(1, ROWS_MAX + 1))


def test_a_step_that_writes_more_than_it_says_changes_nothing(writer: Writer) -> None:
    future = writer.submit(Rows(1, 5, excess=1))
    assert writer.run_once()
    with pytest.raises(Refused) as refused:
        future.result()
    assert refused.value.reason is Reason.INTERNAL
    future = writer.submit(Rows(1, 5))
    assert writer.run_once()
    assert future.result().value == 1


def overload(submit: Callable[[int], object]) -> tuple[int, str]:
    """Submit until it is too much; return how many were taken and which limit was named."""
    for n in itertools.count():
        try:
            submit(n)
        except Refused as refused:
            assert refused.reason is Reason.OVERLOADED  # noqa: PT017 - the end of a loop
            return n, refused.refusal.details["what"]
    raise AssertionError


def test_a_full_queue_of_one_participant_refuses_it_alone(opened: Opened) -> None:
    store = MemoryStore()
    engine = opened(store, threaded=False, active_orders_max=0, queue_participant_commands_max=10)
    for bin_ in (1, 2):
        join(engine, bin_, 10**9)
    taken, what = overload(lambda n: engine.submit(order(1, str(n), 1)))
    assert (taken, what) == (10, "queue_participant_commands_max")
    other = engine.submit(order(2, "1", 1))
    engine.work_off()
    assert other.result().value.bin == 2
    answer = engine.execute(order(1, str(taken), 1))
    assert not answer.replayed
    assert engine.account(1).orders_open == taken + 1
    check_store(store, whole=True)


def test_a_full_queue_of_all_refuses_all_until_it_is_worked_off(opened: Opened) -> None:
    engine = opened(MemoryStore(), threaded=False, queue_commands_max=12)
    for bin_ in range(1, 5):
        join(engine, bin_, 10**9)
    taken, what = overload(lambda n: engine.submit(order(1 + n % 4, str(n), 1)))
    assert (taken, what) == (12, "queue_commands_max")
    engine.work_off()
    assert sum(engine.account(bin_).orders_open for bin_ in range(1, 5)) == taken
    assert engine.execute(order(4, "later", 1)).value.bin == 4


@pytest.mark.parametrize("seed", seeds(10, 100))
def test_closing_under_load_answers_everybody(opened: Opened, tmp_path, seed: int) -> None:
    """Each is carried out for good or refused as SHUTTING_DOWN; what was answered is there."""
    dice = random.Random(seed)
    engine = opened(open_lmdb(tmp_path / "store", sync=False), active_orders_max=0)
    join(engine, 1, 10**9)
    begin = threading.Barrier(4, timeout=30)

    def work(name: int) -> list[Promise]:
        begin.wait()
        futures = []
        for n in range(10_000):
            try:
                futures.append(engine.submit(order(1, f"{name}-{n}", 1)))
            except Refused as refused:
                if refused.reason is Reason.SHUTTING_DOWN:
                    break
        return futures

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, name) for name in range(3)]
        begin.wait()
        threading.Event().wait(dice.random() * 0.02)
        engine.close()
    futures = [future for worker in working for future in worker.result()]
    assert all(future.done() for future in futures)
    made = {future.result().value.order_id for future in futures}
    assert len(made) == len(futures)
    engine = opened(store := open_lmdb(tmp_path / "store"))
    assert engine.account(1).orders_open == len(made)
    check_store(store, whole=True)


def test_what_nobody_waits_for_any_more_is_not_carried_out(opened: Opened) -> None:
    engine = opened(MemoryStore(), threaded=False, active_orders_max=0)
    join(engine, 1, 10**9)
    left, wanted = (engine.submit(order(1, name, 1)) for name in ("left", "wanted"))
    left.abandoned = True
    engine.work_off()
    assert (left.done(), wanted.done()) == (False, True)
    assert not engine.execute(order(1, "left", 1)).replayed
