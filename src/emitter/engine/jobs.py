"""Jobs: work larger than one transaction, invisible until one last transaction makes it effective.

A job is a `Plan`: steps that go through the one writer like anybody's, one at a time, the next once
the one before is durable. So a job of many rows takes its turns among its participant's commands
and delays others by one step at most. The first step writes the job's row (STAGING), the last one
makes all of it effective at once and answers the command. Whatever stops a job before that (a
refusal, the weather, a crash) leaves it to be discarded: nothing of it was ever seen, and the
client's repeat under the same request_id starts anew.

What jobs leave behind is swept, in steps as well: rows of a discarded job are taken away, staged
rows of an effective one are written plain. A sweep that is cut short begins again.

Jobs that touch the same things do not run at the same time: a plan names what it ``holds`` alone
and what it ``shares``, and waits, in the order of coming, until that is free. The id of its request
is among them, so a repeat waits for the first and is then answered from memory.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from emitter.engine.job_steps import DiscardStep
from emitter.engine.promise import Promise
from emitter.errors import Reason, Refused
from emitter.failpoints import reach
from emitter.store import schema
from emitter.store.job_rows import JobRow, JobStatus
from emitter.store.port import StoreClosed, StoreError
from emitter.store.scanning import scan_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.batch import Answer, Step
    from emitter.engine.job_steps import Plan, Steps
    from emitter.engine.writer import Writer
    from emitter.store.port import Store

    Sweep = Callable[[Store, UUID, JobRow], Iterator[Step]]

_log = logging.getLogger(__name__)

_RETRY_S = 5.0


@dataclass(slots=True, eq=False)
class _Run:
    """A plan on its way; a sweep has steps alone."""

    bin: int
    job_id: UUID
    steps: Steps | Iterator[Step]
    plan: Plan | None = None
    promise: Promise = field(default_factory=Promise)


class Jobs:
    """Runs plans and sweeps. ``sweeps``: what yields the steps that clean up, by kind of job.

    Nothing here blocks: the steps of a job are submitted by whoever hears that the one before is
    durable, which is the writer's thread.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        limits: Limits,
        sweeps: Mapping[int, Sweep],
        *,
        threaded: bool,
    ) -> None:
        self._store = store
        self._writer = writer
        self._limits = limits
        self._sweeps = sweeps
        self._threaded = threaded
        self._lock = threading.Lock()
        self._held: set[bytes] = set()
        self._shared: Counter[bytes] = Counter()
        self._waiting: list[tuple[_Run, Plan]] = []
        self._weights: Counter[int] = Counter()  # by participant
        self._driven: set[UUID] = set()  # jobs that run or are swept in this process
        self._timer: threading.Timer | None = None
        self._is_closed = False

    def run(self, plan: Plan) -> Promise:
        """Carry a plan out; the promise gets the answer, or `Refused`, when all is durable.

        Refuses with OVERLOADED when jobs that wait take too much.
        """
        run = _Run(plan.bin, plan.job_id, plan.steps(), plan)
        with self._lock:
            self._admit(plan)
            self._driven.add(plan.job_id)
            self._waiting.append((run, plan))
            begun = self._begin()
        for each in begun:
            self._advance(each)
        return run.promise

    def start(self) -> None:
        """Take up what is left: at once, or later where the store cannot be read now."""
        self._retry()

    def resume(self) -> int:
        """Take up what a process before this one, or bad weather, has left; return how many jobs.

        Jobs that are staging are discarded; those and effective ones are swept.
        """
        left = []
        for key, row in scan_store(self._store, schema.JOBS):
            if key == schema.job_key(job_id := schema.job_of(key)):
                with self._lock:
                    if job_id in self._driven:
                        continue
                    self._driven.add(job_id)
                left.append((JobRow.unpack(row).bin, job_id))
        for bin_, job_id in left:
            self._discard(bin_, job_id, lambda: None)
        return len(left)

    def close(self) -> None:
        """Take up nothing any more; what runs ends with the writer."""
        with self._lock:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()

    # Waiting in turn ------------------------------------------------------------------------------

    def _admit(self, plan: Plan) -> None:
        """Refuse a plan when those before it take all the room there is; needs the lock."""
        limits = self._limits
        if self._weights.total() + plan.weight > limits.job_weight_max:
            raise Refused(Reason.OVERLOADED, what="job_weight_max")
        if self._weights[plan.bin] + plan.weight > limits.job_participant_weight_max:
            raise Refused(Reason.OVERLOADED, what="job_participant_weight_max")
        self._weights[plan.bin] += plan.weight

    def _begin(self) -> list[_Run]:
        """Return the runs that may begin now, in the order of coming; needs the lock."""
        begun = []
        waiting, self._waiting = self._waiting, []
        ahead_holds: set[bytes] = set()
        ahead_shares: set[bytes] = set()
        for run, plan in waiting:
            everything = plan.holds | plan.shares
            if (
                self._held.isdisjoint(everything)
                and ahead_holds.isdisjoint(everything)
                and self._shared.keys().isdisjoint(plan.holds)
                and ahead_shares.isdisjoint(plan.holds)
            ):
                self._held |= plan.holds
                self._shared.update(plan.shares)
                begun.append(run)
            else:
                ahead_holds |= plan.holds
                ahead_shares |= plan.shares
                self._waiting.append((run, plan))
        return begun

    def _release(self, run: _Run) -> None:
        """Give back what a run held, and let others begin."""
        plan = run.plan
        with self._lock:
            if plan is not None:
                self._held -= plan.holds
                self._shared.subtract(plan.shares)
                self._shared += Counter()  # drops what is down to none
                self._weights[plan.bin] -= plan.weight
                self._weights += Counter()
            begun = self._begin()
        for each in begun:
            self._advance(each)

    # Step by step ---------------------------------------------------------------------------------

    def _advance(
        self, run: _Run, answer: Answer | None = None, refused: Refused | None = None
    ) -> None:
        """Submit the next step of a run, or end it."""
        try:
            step = self._next(run, answer, refused)
        except StopIteration as end:
            self._end(run, end.value or answer)
        except Refused as error:
            self._fail(run, error)
        except StoreError:
            _log.exception("a job could not read")
            self._fail(run, Refused(Reason.STORE_UNAVAILABLE))
        except Exception:  # noqa: BLE001 - the caller hears of it, and others go on
            _log.exception("a job could not go on")
            self._fail(run, Refused(Reason.INTERNAL))
        else:
            self._submit(step, partial(self._stepped, run), partial(self._fail, run))

    def _next(self, run: _Run, answer: Answer | None, refused: Refused | None) -> Step:
        """Let the generator of a run go on to its next step."""
        if run.plan is None:
            if refused is not None:
                raise refused
            return next(run.steps)
        if refused is not None:
            return run.steps.throw(refused)  # type: ignore[union-attr]
        return run.steps.send(answer)  # type: ignore[union-attr,arg-type]

    def _submit(
        self, step: Step, done: Callable[[Promise], None], refused: Callable[[Refused], None]
    ) -> None:
        try:
            future = self._writer.submit(step, admitted=True)
        except Refused as error:
            refused(error)
        else:
            future.add_done_callback(done)

    def _stepped(self, run: _Run, step: Promise) -> None:
        """Go on from a step that is durable, or that was refused."""
        error = step.exception()
        if error is None:
            reach("job.step" if run.plan else "job.sweep")
            self._advance(run, step.result())
        else:
            self._advance(run, refused=error if isinstance(error, Refused) else Refused(
                Reason.INTERNAL))  # fmt: skip

    def _end(self, run: _Run, answer: Answer | None) -> None:
        """Answer the caller, let others begin, and sweep what was staged."""
        plan = run.plan
        if plan is None:
            reach("job.swept")
            self._drop(run.job_id)
            return
        if answer is None:
            self._fail(run, Refused(Reason.INTERNAL))  # a plan without a step
            return
        reach("job.effective")
        self._release(run)
        run.promise.settle(answer)
        if plan.stages:
            self._discard(run.bin, run.job_id, lambda: None)
        else:
            self._drop(run.job_id)

    def _fail(self, run: _Run, error: Refused) -> None:
        """Tell the caller, discard what was staged, and then let others begin."""
        if run.plan is None:
            self._drop(run.job_id)
            self._later()
            return
        run.promise.settle(error)
        if run.plan.stages:
            self._discard(run.bin, run.job_id, partial(self._release, run))
        else:
            self._drop(run.job_id)
            self._release(run)

    # Cleaning up ----------------------------------------------------------------------------------

    def _discard(self, bin_: int, job_id: UUID, then: Callable[[], None]) -> None:
        """Discard a job unless it is effective, and sweep it; ``then`` hears that it has ended."""

        def ended(step: Promise) -> None:
            then()
            if step.exception() is not None:
                failed()
            elif (row := step.result().value) is None:
                self._drop(job_id)
            else:
                reach("job.discarded" if row.status == JobStatus.DISCARDED else "job.ended")
                steps = self._sweeps[row.kind](self._store, job_id, row)
                self._advance(_Run(bin_, job_id, steps))

        def failed() -> None:
            self._drop(job_id)
            self._later()

        def refused(_: Refused) -> None:
            then()
            failed()

        self._submit(DiscardStep(bin_, job_id), ended, refused)

    def _drop(self, job_id: UUID) -> None:
        with self._lock:
            self._driven.discard(job_id)

    def _later(self) -> None:
        """Take up what is left in a while; without threads whoever drives the engine does."""
        with self._lock:
            if not self._threaded or self._is_closed or self._timer is not None:
                return
            self._timer = threading.Timer(_RETRY_S, self._retry)
            self._timer.daemon = True
            self._timer.start()

    def _retry(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.resume()
        except StoreClosed:
            return
        except StoreError:
            _log.exception("jobs could not be taken up; it will be tried again")
            self._later()
