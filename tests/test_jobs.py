"""Jobs: invisible until effective, discarded without a trace, in turn with everybody else."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from emitter.config import Limits
from emitter.engine import jobs
from emitter.engine.job_steps import JobStep
from emitter.engine.jobs import Jobs
from emitter.engine.staged_rows import stage_rows, sweep_staged_rows, valid_rows
from emitter.engine.writer import Writer
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.job_rows import JobKind, JobRow, JobStatus, StagedRow, is_staged
from emitter.store.memory import MemoryStore
from faulty_store import BROKEN, FaultyStore, ladder
from test_writer import Rows

if TYPE_CHECKING:
    from emitter.engine.batch import Proposal
    from emitter.engine.job_steps import Steps
    from emitter.engine.promise import Promise
    from emitter.engine.work import Work

KEYS = [b"h%04d" % n for n in range(12)]
BEFORE = [b"\0old %d" % n if n % 3 else None for n in range(12)]
PARTS = 3
STEPS = PARTS + 2  # the first opens the job, the last ends it
_ids = itertools.count(1)


class Stage(JobStep):
    """Opens a job, or stages some keys of it, or ends it."""

    def __init__(self, plan: Change, number: int) -> None:
        super().__init__(plan.bin, plan.job_id, 100)
        self._plan, self._number = plan, number

    def judge(self, work: Work) -> Proposal:
        if self._number == self._plan.breaks_at:
            raise Refused(Reason.QUANTITY_LEFT, left=0)
        return super().judge(work)

    def settle(self, work: Work) -> bytes | None:
        job = JobRow(JobKind.REPORT, JobStatus.STAGING, self.bin, work.now_us)
        if self._number == 0:
            work.change(self.job_key, job)
        elif self._number <= PARTS:
            part = KEYS[self._number - 1 :: PARTS]
            stage_rows(work, self.job_id, self._number, dict.fromkeys(part, self._plan.new))
        else:
            work.change(self.job_key, job._replace(status=JobStatus.EFFECTIVE))
        return self._plan.new


class Change:
    """Replaces all rows by one, in parts."""

    stages = True
    shares: frozenset[bytes] = frozenset()
    holds = frozenset(KEYS)

    def __init__(
        self, new: bytes | None, bin_: int = 1, *, breaks_at: int = -1, weight: int = 1
    ) -> None:
        self.new, self.bin, self.breaks_at, self.weight = new, bin_, breaks_at, weight
        self.job_id = UUID(int=next(_ids))

    def steps(self) -> Steps:
        answer = None
        for number in range(STEPS):
            answer = yield Stage(self, number)
        return answer


class Scene:
    """A writer and its jobs over a store of a dozen rows."""

    def __init__(self, store: FaultyStore | None = None, **limits: int) -> None:
        self.store = store or FaultyStore(MemoryStore())
        self.limits = Limits(**limits)
        self.writer = Writer(
            self.store, lambda: 0, self.limits,
            published=lambda _: None, doubted=lambda: None, threaded=False,
        )  # fmt: skip
        sweeps = {JobKind.REPORT: sweep_staged_rows}
        self.jobs = Jobs(self.store, self.writer, self.limits, sweeps, threaded=False)
        if store is None:
            rows = [(k, row) for k, row in zip(KEYS, BEFORE, strict=True) if row]
            self.store.update(lambda writer: writer.put_many(rows))

    def steps(self, most: int = 10**6) -> int:
        return sum(1 for _ in itertools.takewhile(bool, (self.writer.run_once() for _ in
                                                        range(most))))  # fmt: skip

    def seen(self) -> list[bytes | None]:
        """Return what readers see."""
        inner = self.store.inner
        return inner.view(lambda reader: valid_rows(reader, reader.get_many(KEYS)))

    def rows(self) -> dict[bytes, bytes]:
        """Return everything there is."""
        return dict(self.store.inner.view(lambda reader: reader.scan(b"", b"z", limit=10**4)))


def plain(rows: list[bytes | None]) -> dict[bytes, bytes]:
    return {key: row for key, row in zip(KEYS, rows, strict=True) if row is not None}


def reason(future: Promise) -> Reason:
    error = future.exception(0)
    assert isinstance(error, Refused), future
    return error.reason


@pytest.mark.parametrize("new", [b"\0new", b"", None])
def test_a_job_is_seen_as_a_whole_or_not_at_all(new: bytes | None) -> None:
    scene = Scene()
    done = scene.jobs.run(Change(new))
    for _ in range(STEPS - 1):
        assert scene.steps(1)
        assert (scene.seen(), done.done()) == (BEFORE, False)
    assert scene.steps(1)
    assert (scene.seen(), done.result(0).value) == ([new] * 12, new)
    assert any(map(is_staged, scene.rows().values()))
    while scene.steps(1):
        assert scene.seen() == [new] * 12
    assert scene.rows() == plain([new] * 12)


@pytest.mark.parametrize("breaks_at", range(STEPS))
def test_a_refused_job_leaves_nothing_behind(breaks_at: int) -> None:
    scene = Scene()
    done = scene.jobs.run(Change(b"\0new", breaks_at=breaks_at))
    while scene.steps(1):
        assert scene.seen() == BEFORE
    assert reason(done) is Reason.QUANTITY_LEFT
    assert scene.rows() == plain(BEFORE)


@pytest.mark.parametrize("steps", range(STEPS + PARTS + 2))
def test_what_a_crash_cuts_short_is_discarded_or_swept(steps: int) -> None:
    scene = Scene()
    done = scene.jobs.run(Change(b"\0new"))
    assert scene.steps(steps) == steps
    after = [b"\0new"] * 12 if done.done() else BEFORE
    for lives in range(3):  # a sweep may be cut short as well
        scene = Scene(scene.store)
        assert scene.jobs.resume() == (0 < steps < STEPS + PARTS + 2) or lives
        assert scene.jobs.resume() == 0, "a job that is being swept is taken up again"
        scene.steps(2)
        assert scene.seen() == after
    scene.steps()
    assert scene.rows() == plain(after)


def test_a_store_that_fails_leaves_a_job_effective_as_a_whole_or_not_at_all() -> None:
    """Whatever its caller was told; and once the weather is good nothing of it is left over."""
    heard = Counter[tuple[str, bool]]()

    def run(store: FaultyStore) -> None:
        scene = Scene(store)
        done = scene.jobs.run(Change(b"\0new"))
        scene.steps()
        raise Told(done)

    def check(store: FaultyStore, error: Exception | None) -> None:
        assert isinstance(error, Told)
        scene = Scene(store)
        is_effective = scene.seen() == [b"\0new"] * 12
        assert is_effective or scene.seen() == BEFORE
        failed = error.done.exception(0)
        told = "OK" if failed is None else reason(error.done).name
        heard[told, is_effective] += 1
        scene.jobs.resume()
        scene.steps()
        assert scene.rows() == plain([b"\0new"] * 12 if is_effective else BEFORE)

    assert ladder(lambda: Scene().store.inner, run, check, expected=(Told,)) > 100
    assert set(heard) == {
        ("OK", True), ("COMMIT_UNKNOWN", True), ("COMMIT_UNKNOWN", False),
        ("COMMIT_FAILED", False), ("STORE_FULL", False),
    }  # fmt: skip


class Told(Exception):  # noqa: N818 - no error
    """Carries the future of a job out of the ladder."""

    def __init__(self, done: Promise) -> None:
        super().__init__()
        self.done = done


def test_full_queues_neither_lose_a_job_nor_hang_its_caller() -> None:
    scene = Scene(queue_participant_commands_max=2, queue_commands_max=3, batch_commands_max=1)
    done = scene.jobs.run(Change(b"\0new"))
    others = Counter[str]()
    while not done.done():
        for bin_ in (1, 2):
            try:
                scene.writer.submit(Rows(bin_, 1))
                others["taken"] += 1
            except Refused as refused:
                assert refused.reason is Reason.OVERLOADED  # noqa: PT017 - on purpose
                others["refused"] += 1
        assert scene.steps(1)
    assert done.result().value == b"\0new"
    assert min(others["taken"], others["refused"]) > 5


def test_a_job_takes_turns_with_its_participant_and_with_others() -> None:
    scene = Scene(batch_commands_max=1)
    order: list[str] = []
    for bin_, name, count in ((1, "own", 4), (2, "other", 12)):
        for _ in range(count):
            future = scene.writer.submit(Rows(bin_, 1))
            future.add_done_callback(lambda _, name=name: order.append(name))
    job = scene.jobs.run(Change(b"\0new"))
    job.add_done_callback(lambda _: order.append("job"))
    scene.steps()
    # Behind what its participant had asked before; then step by step, in turn with the other.
    assert order == ["own", "other"] * 4 + ["other"] * (STEPS - 1) + ["job"] + ["other"] * 4


def test_jobs_that_hold_the_same_run_one_after_the_other_in_the_order_of_coming() -> None:
    scene = Scene()
    ended: list[bytes | None] = []
    plans = [Change(b"\0%d" % n, bin_, breaks_at=2 if n == 1 else -1)
             for n, bin_ in enumerate((1, 2, 1, 3))]  # fmt: skip
    for plan in plans:
        scene.jobs.run(plan).add_done_callback(lambda _, plan=plan: ended.append(plan.new))
    seen = [scene.seen()]
    while scene.steps(1):
        if scene.seen() != seen[-1]:
            seen.append(scene.seen())
    assert ended == [b"\0000", b"\0001", b"\0002", b"\0003"]
    assert seen == [BEFORE, [b"\0000"] * 12, [b"\0002"] * 12, [b"\0003"] * 12]
    assert scene.rows() == plain([b"\0003"] * 12)


class Small(Change):
    """Fits one step; the letter of a name is shared in lower case, held in upper case."""

    stages = False

    def __init__(self, name: str) -> None:
        super().__init__(None)
        self.holds = frozenset(c.encode() for c in name.lower() if c.upper() in name)
        self.shares = frozenset(c.encode() for c in name if c.islower())

    def steps(self) -> Steps:
        return (yield Rows(1, 1))


@pytest.mark.parametrize(
    ("names", "batches"),
    [
        ("a a a", "aaa"),
        ("A A A", "A A A"),
        ("a A a", "a A a"),  # what waits alone is not overtaken by those who share
        ("A b a B", "Ab aB"),
        ("AB a b C", "ABC ab"),
        ("A AB B C", "AC AB B"),
    ],
)
def test_what_plans_share_and_hold_says_which_run_at_the_same_time(
    names: str, batches: str
) -> None:
    scene = Scene()
    futures = {number: scene.jobs.run(Small(name)) for number, name in enumerate(names.split())}
    told: list[str] = []
    while scene.steps(1):
        done = sorted(number for number, future in futures.items() if future.done())
        told.append("".join(names.split()[number] for number in done))
        futures = {number: future for number, future in futures.items() if number not in done}
    assert " ".join(told) == batches


def test_jobs_that_wait_have_a_limit_for_all_and_for_one() -> None:
    scene = Scene(job_weight_max=10, job_participant_weight_max=6)

    def taken(bin_: int, weight: int) -> str:
        try:
            scene.jobs.run(Change(b"\0new", bin_, weight=weight))
        except Refused as refused:
            assert refused.reason is Reason.OVERLOADED  # noqa: PT017 - on purpose
            return refused.refusal.details["what"]
        return ""

    asked = [(1, 7), (1, 5), (1, 2), (2, 6), (2, 5), (1, 1), (3, 1)]
    told = [taken(*one) for one in asked]
    one, all_ = "job_participant_weight_max", "job_weight_max"
    assert told == [one, "", one, all_, "", all_, all_]
    scene.steps()
    assert taken(1, 6) == ""


def test_closing_answers_the_jobs_that_run_and_those_that_wait() -> None:
    scene = Scene()
    futures = [scene.jobs.run(Change(b"\0new")) for _ in range(3)]
    scene.steps(2)
    scene.jobs.close()
    scene.writer.close()
    assert [reason(future) for future in futures] == [Reason.SHUTTING_DOWN] * 3
    assert scene.seen() == BEFORE
    scene = Scene(scene.store)
    assert scene.jobs.resume() == 1
    scene.steps()
    assert scene.rows() == plain(BEFORE)


def test_a_store_that_cannot_be_read_at_start_is_swept_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "_RETRY_S", 0.01)
    scene = Scene()
    scene.jobs.run(Change(b"\0new"))
    assert scene.steps(3) == 3
    writer = Writer(
        scene.store, lambda: 0, scene.limits,
        published=lambda _: None, doubted=lambda: None, threaded=True,
    )  # fmt: skip
    left = Jobs(scene.store, writer, scene.limits, {JobKind.REPORT: sweep_staged_rows},
                threaded=True)  # fmt: skip
    scene.store.fail(BROKEN, 1)
    left.start()
    assert scene.store.failures
    for _ in range(500):
        if scene.rows() == plain(BEFORE):
            break
        time.sleep(0.01)
    left.close()
    writer.close()
    assert scene.rows() == plain(BEFORE)


def test_a_staged_row_is_read_as_it_was_written() -> None:
    for old, new in itertools.product((None, b"", b"\0a", b"\4b"), repeat=2):
        row = StagedRow(UUID(int=5), old, new).pack()
        assert is_staged(row)
        assert StagedRow.unpack(row) == (UUID(int=5), old, new)


def test_every_row_of_a_job_begins_with_the_key_of_the_job() -> None:
    key = schema.job_part_key(UUID(int=7), 3)
    assert key.startswith(schema.job_key(UUID(int=7)))
    assert schema.job_of(key) == UUID(int=7)
