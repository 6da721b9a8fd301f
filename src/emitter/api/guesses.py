"""Wrong four-character checks are counted, so that nobody finds a right one by trying.

One guess in 2^24 passes, and a caller could send 2^24 of them in minutes; so short checks count
online only, and wrong ones are few an hour (C1). Longer tails need no limit: nobody guesses those.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.config import Limits

_HOUR_S = 3600


class Guesses:
    """The wrong short checks of this hour, by participant; the operator is not counted."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limits.wrong_short_checks_max
        self._clock = clock
        self._lock = threading.Lock()
        self._hour = 0
        self._wrong: Counter[int] = Counter()

    def count(self, bin_: int | None, wrong: int) -> None:
        """Count wrong checks of a batch; beyond the limit its verdicts are to be withheld.

        Refused with CHECKS_EXHAUSTED until the hour is over. A batch without wrong ones is always
        answered: it tells nothing that was not known.
        """
        if bin_ is None or not wrong:
            return
        with self._lock:
            hour = int(self._clock() // _HOUR_S)
            if hour != self._hour:
                self._hour = hour
                self._wrong.clear()
            self._wrong[bin_] += wrong
            if self._wrong[bin_] > self._limit:
                raise Refused(Reason.CHECKS_EXHAUSTED, limit=self._limit)
