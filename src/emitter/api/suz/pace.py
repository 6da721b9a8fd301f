"""How often one caller may call, and how many large answers may be on their way to it."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from emitter.config import Limits

_CALLERS_MAX = 10_000


class Pace:
    """A bucket of calls for each caller: it fills at a steady rate and holds a burst.

    For one thread, that of the event loop.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = limits.station_requests_max
        self._burst = limits.station_burst_max
        self._downloads_max = limits.station_downloads_max
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._downloads: Counter[Hashable] = Counter()

    def enter(self, caller: Hashable) -> None:
        """Count a call; refused with OVERLOADED when the caller's bucket is empty."""
        now = self._clock()
        calls, since = self._buckets.pop(caller, (float(self._burst), now))
        calls = min(self._burst, calls + (now - since) * self._rate)
        allowed = calls >= 1
        self._buckets[caller] = (calls - 1 if allowed else calls, now)
        if len(self._buckets) > _CALLERS_MAX:
            self._buckets.popitem(last=False)
        if not allowed:
            raise Refused(Reason.OVERLOADED, what="station_requests_max")

    def take_download(self, caller: Hashable) -> Callable[[], None]:
        """Take a place for a large answer and return what gives it back; or OVERLOADED."""
        if self._downloads[caller] >= self._downloads_max:
            raise Refused(Reason.OVERLOADED, what="station_downloads_max")
        self._downloads[caller] += 1

        def give_back() -> None:
            self._downloads[caller] -= 1
            if not self._downloads[caller]:
                del self._downloads[caller]

        return give_back
