"""Streams take a thread each, so they are counted, and one whose client stands still is ended.

So is one whose token has been revoked or has expired, within about a second.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emitter.api.calls import Call
    from emitter.config import Limits

_TICK_S = 1.0  # between two looks at the streams
_END_S = 1.0  # what a stream has to say why it ends, before it is cancelled


class Stream:
    """One open stream: whose it is, and since when the client is keeping us waiting."""

    def __init__(self, call: Call) -> None:
        self.token_id = call.caller.token_id
        self.cancel: Callable[[], None] = call.context.cancel
        self.sending_since: float | None = None
        # How it is asked to end soon, and what it ends with:
        self.drain: Callable[[Refused], None] = lambda _refused: None
        self._refused: Refused | None = None  # its token has ended
        self._ended_at = 0.0
        ends_us = call.caller.ends_us
        left_s = (ends_us - time.time_ns() // 1000) / 1e6 if ends_us else math.inf
        self._due = time.monotonic() + left_s

    def send(self, messages: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the messages, noting how long gRPC takes to get each of them rid."""
        for message in messages:
            self.sending_since = time.monotonic()
            yield message
            self.sending_since = None
            if self._refused is not None:
                raise self._refused

    def end(self, reason: Reason) -> None:
        """Have it end with a refusal: its token has ended."""
        refused = Refused(reason, token_id=self.token_id)
        self._refused, self._ended_at = refused, time.monotonic()
        self.drain(refused)

    def look(self, stall_s: float) -> None:
        """End it if its token has expired; cancel it if its client has stood still for long."""
        now, since = time.monotonic(), self.sending_since
        if self._refused is None and now >= self._due:
            self.end(Reason.TOKEN_EXPIRED)
        elif (since is not None and now - since > stall_s) or (
            self._refused is not None and now - self._ended_at > _END_S
        ):
            self.cancel()


class Streams:
    """All open streams of a server, in total and by participant.

    `slot` refuses with OVERLOADED beyond ``streams_max`` and ``streams_participant_max``, so that
    a unary call always finds a thread. A stream whose client takes no message for
    ``stream_stall_ms`` is cancelled; the client resumes it when it likes.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._open: set[Stream] = set()
        self._by_participant: Counter[int] = Counter()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look_at_all, name="streams", daemon=True)
        self._watch.start()

    @contextlib.contextmanager
    def slot(self, bin_: int, call: Call) -> Iterator[Stream]:
        """Take a place for a participant's stream for as long as the context lasts."""
        stream = Stream(call)
        with self._lock:
            if len(self._open) >= self._limits.streams_max:
                raise Refused(Reason.OVERLOADED, what="streams_max")
            if self._by_participant[bin_] >= self._limits.streams_participant_max:
                raise Refused(Reason.OVERLOADED, what="streams_participant_max")
            self._open.add(stream)
            self._by_participant[bin_] += 1
        try:
            call.require_live()  # its token may have ended before `end_those_of` could see it
            yield stream
        finally:
            with self._lock:
                self._open.remove(stream)
                self._by_participant[bin_] -= 1
                if not self._by_participant[bin_]:
                    del self._by_participant[bin_]

    def drain(self) -> None:
        """Ask the open streams that have no end of their own to end."""
        for stream in self._all():
            stream.drain(Refused(Reason.SHUTTING_DOWN))

    def end_those_of(self, token_id: str) -> None:
        """End the streams that were opened with a token, which is revoked."""
        for stream in self._all():
            if stream.token_id == token_id:
                stream.end(Reason.TOKEN_REVOKED)

    def close(self) -> None:
        """Stop watching."""
        self._closing.set()
        self._watch.join()

    def _look_at_all(self) -> None:
        stall_s = self._limits.stream_stall_ms / 1000
        while not self._closing.wait(min(_TICK_S, stall_s / 4)):
            for stream in self._all():
                stream.look(stall_s)

    def _all(self) -> list[Stream]:
        with self._lock:
            return list(self._open)
