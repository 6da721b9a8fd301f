"""When a failed call may be made again, and how long to wait before it."""

from __future__ import annotations

import random
import time
from typing import Any

import grpc

from emitter.wire import refused_of_call

_FIRST_DELAY_S = 0.05
_DELAY_S_MAX = 2.0
_PASSING = (
    grpc.StatusCode.UNAVAILABLE,  # no connection, or the server is going
    grpc.StatusCode.RESOURCE_EXHAUSTED,  # too many calls at once
    grpc.StatusCode.CANCELLED,  # by the server: it stopped, or the stream stood still
)


class Repeats:
    """Counts the failures in a row of one task, and tells when to give it up.

    A repeat is harmless: calls carry an id, or change nothing, or leave at worst a token or a
    station that nobody was told of.
    """

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        self._failures = 0

    def succeeded(self) -> None:
        """Start to count anew: there was progress."""
        self._failures = 0

    def again(self) -> bool:
        """Count a failure and wait before the next attempt; False if there is none left."""
        self._failures += 1
        if self._failures >= self._attempts:
            return False
        delay_s = min(_DELAY_S_MAX, _FIRST_DELAY_S * 2 ** (self._failures - 1))
        time.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - to spread, not to hide
        return True

    def after(self, error: Any) -> None:
        """Wait before the next attempt; raise `Refused` or the error itself if there is none."""
        refused = refused_of_call(error)
        passing = refused.reason.meaning.retry if refused else error.code() in _PASSING
        if not passing or not self.again():
            raise refused or error
