"""Streams take a thread each, so they are counted, and one whose client stands still is ended."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import grpc

    from emitter.config import Limits


class Stream:
    """One open stream: whether the client is keeping us waiting, and since when."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self.cancel: Callable[[], None] = context.cancel
        self.sending_since: float | None = None
        self.drain: Callable[[], None] = lambda: None  # how it is asked to end soon

    def send(self, messages: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the messages, noting how long gRPC takes to get each of them rid."""
        for message in messages:
            self.sending_since = time.monotonic()
            yield message
            self.sending_since = None


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
        self._watch = threading.Thread(target=self._cancel_stalled, name="streams", daemon=True)
        self._watch.start()

    @contextlib.contextmanager
    def slot(self, bin_: int, context: grpc.ServicerContext) -> Iterator[Stream]:
        """Take a place for a participant's stream for as long as the context lasts."""
        stream = Stream(context)
        with self._lock:
            if len(self._open) >= self._limits.streams_max:
                raise Refused(Reason.OVERLOADED, what="streams_max")
            if self._by_participant[bin_] >= self._limits.streams_participant_max:
                raise Refused(Reason.OVERLOADED, what="streams_participant_max")
            self._open.add(stream)
            self._by_participant[bin_] += 1
        try:
            yield stream
        finally:
            with self._lock:
                self._open.remove(stream)
                self._by_participant[bin_] -= 1
                if not self._by_participant[bin_]:
                    del self._by_participant[bin_]

    def drain(self) -> None:
        """Ask the open streams that have no end of their own to end."""
        with self._lock:
            streams = list(self._open)
        for stream in streams:
            stream.drain()

    def close(self) -> None:
        """Stop watching."""
        self._closing.set()
        self._watch.join()

    def _cancel_stalled(self) -> None:
        stall_s = self._limits.stream_stall_ms / 1000
        while not self._closing.wait(stall_s / 4):
            now = time.monotonic()
            with self._lock:
                streams = list(self._open)
            for stream in streams:
                since = stream.sending_since
                if since is not None and now - since > stall_s:
                    stream.cancel()
