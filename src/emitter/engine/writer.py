"""The one writer: commands wait in fair queues, one transaction carries many, one sync saves them.

A queue for each participant, taken in turn, so that nobody's flood delays another (5.2.3). While a
batch is being synced the next gathers: the slower the disk, the larger the batches. On a fast disk
they would be of one or two commands, and commits would take more of the CPU than commands. So when
some have come during a batch, more will, and the next waits for them a moment; whoever asks alone,
one command after the other, never waits.

A batch closes at the row limit of the store, too: each step says how many rows it may write. So
steps of a handful of rows and steps of thousands share the writer, and a step that does not fit
goes first in the next batch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from emitter.engine.batch import carry_out
from emitter.engine.promise import Promise
from emitter.engine.work import Work
from emitter.errors import Reason, Refused
from emitter.failpoints import reach
from emitter.store.port import ROWS_MAX, CommitUnknown, StoreError, StoreFull

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.config import Limits
    from emitter.engine.batch import Step, Verdict
    from emitter.engine.work import Issued
    from emitter.store.port import Store
    from emitter.store.port import Writer as StoreWriter

_log = logging.getLogger(__name__)


class Writer:
    """Carries out steps in batches. ``published`` hears of new ranges; ``doubted`` of their loss.

    ``failed`` hears of every batch that the store has failed.

    With ``threaded`` false nothing runs by itself: whoever submits calls `run_once`.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        limits: Limits,
        *,
        published: Callable[[list[Issued]], None],
        doubted: Callable[[], None],
        failed: Callable[[], None] = lambda: None,
        threaded: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._published = published
        self._doubted = doubted
        self._failed = failed
        self._queues: OrderedDict[int, deque[tuple[Step, Promise]]] = OrderedDict()
        self._waiting = 0
        self._stopping = False
        self._idle = False  # whether the thread sleeps until something comes
        self._lock = threading.Lock()
        self._come = threading.Condition(self._lock)
        self._thread = (
            threading.Thread(target=self._run, name="writer", daemon=True) if threaded else None
        )
        if self._thread:
            self._thread.start()

    def submit(self, step: Step, *, admitted: bool = False) -> Promise:
        """Queue a step; its promise gets the answer, or `Refused`, once it is durable.

        Refuses with OVERLOADED when a queue is full, SHUTTING_DOWN after `close`. A step that is
        ``admitted`` goes on with what was taken before, and is not refused for load. `ValueError`
        for a step that no transaction could hold.
        """
        if step.rows_max > ROWS_MAX:
            raise ValueError(f"a step of {step.rows_max} rows; a transaction has {ROWS_MAX}")
        promise = Promise()
        with self._lock:
            if self._stopping:
                raise Refused(Reason.SHUTTING_DOWN)
            if self._waiting >= self._limits.queue_commands_max and not admitted:
                raise Refused(Reason.OVERLOADED, what="queue_commands_max")
            queue = self._queues.get(step.bin)
            if queue is None:
                queue = self._queues[step.bin] = deque()
            if len(queue) >= self._limits.queue_participant_commands_max and not admitted:
                raise Refused(Reason.OVERLOADED, what="queue_participant_commands_max")
            queue.append((step, promise))
            self._waiting += 1
            if self._idle:
                self._idle = False
                self._come.notify()
        return promise

    def close(self) -> None:
        """Finish what is queued and stop."""
        with self._lock:
            self._stopping = True
            self._come.notify()
        if self._thread:
            self._thread.join()
        while self.run_once():
            pass

    def run_once(self) -> bool:
        """Carry out one batch of what waits; return whether there was any."""
        batch = self._take()
        if not batch:
            return False
        steps = [step for step, _ in batch]
        for (_, promise), verdict in zip(batch, self._commit(steps), strict=True):
            promise.settle(verdict)
        reach("batch.answered")
        return True

    def _run(self) -> None:
        gather_s = self._limits.batch_gather_ms / 1000
        while True:
            if 0 < self._waiting < self._limits.batch_commands_max:
                time.sleep(gather_s)
            with self._lock:
                while not self._waiting and not self._stopping:
                    self._idle = True
                    self._come.wait()
                if not self._waiting:
                    return
            self.run_once()

    def _take(self) -> list[tuple[Step, Promise]]:
        """Take the next batch, one command of each participant in turn; drop the abandoned.

        It ends at the limit of commands, or in front of the first one whose rows would be too many.
        """
        batch: list[tuple[Step, Promise]] = []
        rows = 0
        with self._lock:
            while self._queues and len(batch) < self._limits.batch_commands_max:
                bin_, queue = next(iter(self._queues.items()))
                rows += queue[0][0].rows_max
                if rows > ROWS_MAX:
                    break
                step, promise = queue.popleft()
                self._waiting -= 1
                del self._queues[bin_]
                if queue:
                    self._queues[bin_] = queue
                if promise.abandoned:
                    rows -= step.rows_max
                else:
                    batch.append((step, promise))
        return batch

    def _commit(self, steps: list[Step]) -> list[Verdict]:
        """Carry the steps out in one transaction; a failed commit gives nobody a verdict."""
        now_us = self._clock()

        def transaction(writer: StoreWriter) -> tuple[list[Verdict], Work]:
            work = Work(writer, now_us)
            verdicts = carry_out(steps, work, self._limits.refusal_memory_days)
            reach("batch.judged")
            work.write(sum(step.rows_max for step in steps))
            reach("batch.written")
            return verdicts, work

        try:
            verdicts, work = self._store.update(transaction)
        except StoreFull:
            reason = Reason.STORE_FULL
        except CommitUnknown:
            self._doubted()
            reason = Reason.COMMIT_UNKNOWN
        except StoreError as error:  # the weather, once a batch: a line is enough
            _log.error("a batch was not saved: %s", error)
            reason = Reason.COMMIT_FAILED
        except Exception:  # noqa: BLE001 - callers hear of it, and the writer goes on
            _log.exception("a batch could not be carried out")
            reason = Reason.INTERNAL
        else:
            reach("batch.committed")
            self._publish(work.issued)
            return verdicts
        if reason is not Reason.INTERNAL:
            self._failed()
        return [Refused(reason) for _ in steps]

    def _publish(self, issued: list[Issued]) -> None:
        """Tell of durable ranges; whatever fails there, verdicts stand and the writer goes on."""
        try:
            self._published(issued)
        except Exception:  # noqa: BLE001 - memory may be short; the store has the ranges
            _log.exception("ranges could not be published; they will be read again")
            self._doubted()
