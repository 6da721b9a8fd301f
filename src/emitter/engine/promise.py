"""What will become of a queued command: settled once, by the writer; anybody may wait for it.

A future of the standard library makes a lock, a condition and a queue of waiters for every command,
a kilobyte and two microseconds; most are settled before anybody waits. A promise makes a lock
for those alone who do wait.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.batch import Answer

_log = logging.getLogger(__name__)
_lock = threading.Lock()  # of all promises: held for a moment, and never while anything is called


class Promise:
    """The verdict on a command, once there is one: an `Answer`, or an exception (`Refused`)."""

    __slots__ = ("_listeners", "_verdict", "abandoned")

    def __init__(self) -> None:
        self._verdict: Answer | BaseException | None = None
        self._listeners: list[Callable[[Promise], object]] | None = None
        self.abandoned = False  # nobody waits any more: what still queues need not be carried out

    def result(self, timeout_s: float | None = None) -> Answer:
        """Wait for the verdict and return the answer, or raise what refuses; `TimeoutError`."""
        verdict = self._verdict or self._wait(timeout_s)
        if isinstance(verdict, BaseException):
            raise verdict
        return verdict

    def exception(self, timeout_s: float | None = None) -> BaseException | None:
        """Wait for the verdict and return what refuses, None for an answer; `TimeoutError`."""
        verdict = self._verdict or self._wait(timeout_s)
        return verdict if isinstance(verdict, BaseException) else None

    def done(self) -> bool:
        """Return whether there is a verdict."""
        return self._verdict is not None

    def add_done_callback(self, listener: Callable[[Promise], object]) -> None:
        """Call ``listener`` once there is a verdict, in the thread that settles it; or now."""
        with _lock:
            if self._verdict is None:
                self._listeners = [*(self._listeners or ()), listener]
                return
        self._tell(listener)

    def settle(self, verdict: Answer | BaseException) -> None:
        """Give the verdict, once, and tell the listeners."""
        with _lock:
            self._verdict = verdict
            listeners, self._listeners = self._listeners, None
        for listener in listeners or ():
            self._tell(listener)

    def _tell(self, listener: Callable[[Promise], object]) -> None:
        try:
            listener(self)
        except Exception:  # noqa: BLE001 - neither the writer nor other listeners suffer
            _log.exception("a listener of a promise failed")

    def _wait(self, timeout_s: float | None) -> Answer | BaseException:
        settled = threading.Lock()
        settled.acquire()
        self.add_done_callback(lambda _: settled.release())
        if not settled.acquire(timeout=-1 if timeout_s is None else timeout_s):
            raise TimeoutError
        if self._verdict is None:
            raise AssertionError("listeners are told after the verdict is there")
        return self._verdict
