"""Wrong four-character checks are counted, so that nobody finds a right one by trying.

One guess in 2^24 passes, and a caller could send 2^24 of them in minutes; so short checks count
online only, and wrong ones are few (C1). Longer tails need no limit: nobody guesses those.

Participants have a number an hour. Beyond it no verdict on a short check is given, whether it is
right or wrong: a verdict is what a guess is for.

The public form is for everybody, so addresses cost an attacker nothing. Each GTIN has a bucket of
wrong checks for all callers together: `public_wrong_burst_max` at first, filled again by
`public_wrong_day_max` a day. A verdict on a short check costs as many as it tried readings, unless
it was right; where the bucket holds less, it is withheld. In a year at most 30 x 365 + 15 guesses
are told of, and the chance that one passes is 6.5e-4; with a restart every day, which fills the
buckets, (30 + 15) x 365 guesses and 9.8e-4. All that is not genuine costs alike, so that no bucket
tells a serial that was issued from one that was not.

Who empties a bucket on purpose silences nobody entirely: long tails are always answered, so are
participants and the operator, and a consumer is sent to the shop, whose participant may ask. A
caller who guesses has to pause besides, for longer each time.
"""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin
from emitter.trade.parties import format_bin

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from emitter.config import Limits

_log = logging.getLogger(__name__)
_HOUR_S, _DAY_S, _HOUR_US = 3600, 86_400, 3_600_000_000
_ALERTS_MAX = 1_000
_CALLERS_MAX = 100_000
_UNKNOWN_MAX = 10_000


class AlertKind(enum.IntEnum):
    """Whose wrong checks went beyond a limit."""

    PARTICIPANT = 1
    CALLER = 2  # of the public form, by address
    GTIN = 3


class Alert(NamedTuple):
    """What the operator is told: since when and until when, and how many checks of whom.

    ``wrong`` counts from the first alert on, ``withheld`` the checks that got no verdict.
    """

    kind: AlertKind
    subject: str  # a BIN, an address or a GTIN
    first_us: int
    last_us: int
    wrong: int
    withheld: int


class ShortCheck(NamedTuple):
    """A GTIN that a public check tries short checks of: how many readings, and is it known."""

    gtin: int
    tried: int
    is_known: bool


class _Bucket:
    """Wrong checks that are left, and since when."""

    __slots__ = ("left", "since")

    def __init__(self, left: float, since: float) -> None:
        self.left, self.since = left, since


class Guesses:
    """The wrong short checks of everybody but the operator. For any number of threads."""

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        wall_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._wall_us = wall_us
        self._lock = threading.Lock()
        self._hour = 0
        self._wrong: Counter[int] = Counter()
        self._callers: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()
        self._known: dict[int, _Bucket] = {}
        self._unknown: OrderedDict[int, _Bucket] = OrderedDict()
        self._alerts: OrderedDict[tuple[AlertKind, str], Alert] = OrderedDict()

    # Participants ---------------------------------------------------------------------------------

    def count(self, bin_: int | None, wrong: int, shorts: int) -> bool:
        """Count the wrong checks of a batch that has ``shorts`` short ones, right and wrong.

        Tells whether verdicts on short checks may be given: not beyond the limit of the hour. The
        operator, who has no BIN, is not counted.
        """
        if bin_ is None or not shorts:
            return True
        limit = self._limits.wrong_short_checks_max
        with self._lock:
            hour = int(self._clock() // _HOUR_S)
            if hour != self._hour:
                self._hour = hour
                self._wrong.clear()
            self._wrong[bin_] += wrong
            if self._wrong[bin_] > limit:
                self._alert(AlertKind.PARTICIPANT, format_bin(bin_), wrong, shorts)
            return self._wrong[bin_] <= limit

    # The public form ------------------------------------------------------------------------------

    def require(self, caller: Hashable) -> None:
        """Refuse a caller who has to pause: CHECKS_SLOWED with the seconds that are left."""
        with self._lock:
            self._require(caller, self._clock())

    def judge(self, caller: Hashable, shorts: Iterable[ShortCheck], *, is_genuine: bool) -> bool:
        """Tell whether the verdict on short checks may be given, and count them.

        To be asked after the verdict is known and before it is told, so that of checks that come
        at once no more are told of than one after another. Refused as by `require`.
        """
        with self._lock:
            now = self._clock()
            self._require(caller, now)
            buckets = [(self._bucket(short, now), short) for short in shorts]
            is_open = all(bucket.left >= short.tried for bucket, short in buckets)
            costs = is_open and not is_genuine  # what is withheld says nothing, and costs nothing
            for bucket, short in buckets:
                bucket.left -= short.tried * costs
                if not is_open or bucket.left < 1:
                    wrong, withheld = short.tried * costs, int(not is_open)
                    self._alert(AlertKind.GTIN, format_gtin(short.gtin), wrong, withheld)
            if costs:
                self._slow(caller, now)
            return is_open

    def alerts(self) -> list[Alert]:
        """Return the latest alerts, the latest first; those of this run of the server."""
        with self._lock:
            return list(reversed(self._alerts.values()))

    def _require(self, caller: Hashable, now: float) -> None:
        wrong, last = self._callers.get(caller, (0, now))
        left = last + self._pause_s(wrong) - now
        if left > 0:
            raise Refused(Reason.CHECKS_SLOWED, retry_after_s=int(left) + 1)

    def _pause_s(self, wrong: int) -> float:
        """Return how long a caller pauses after so many wrong checks: twice as long each time."""
        beyond = wrong - self._limits.public_wrong_free_max
        return min(2.0 ** min(beyond, 32), self._limits.public_pause_s_max) if beyond > 0 else 0

    def _slow(self, caller: Hashable, now: float) -> None:
        """Count a wrong check of a caller; a day without one forgets the others."""
        wrong, last = self._callers.pop(caller, (0, now))
        wrong = 1 if now - last > _DAY_S else wrong + 1
        self._callers[caller] = (wrong, now)
        if len(self._callers) > _CALLERS_MAX:
            self._callers.popitem(last=False)
        if wrong > self._limits.public_wrong_free_max:
            self._alert(AlertKind.CALLER, str(caller), 1, 0)

    def _bucket(self, short: ShortCheck, now: float) -> _Bucket:
        """Return the bucket of a GTIN, filled up to now."""
        most = float(self._limits.public_wrong_burst_max)
        table = self._known if short.is_known else self._unknown
        bucket = table.get(short.gtin)
        if bucket is None:
            bucket = table[short.gtin] = _Bucket(most, now)
            if len(self._unknown) > _UNKNOWN_MAX:
                self._unknown.popitem(last=False)
        rate = self._limits.public_wrong_day_max / _DAY_S
        bucket.left = min(most, bucket.left + (now - bucket.since) * rate)
        bucket.since = now
        return bucket

    def _alert(self, kind: AlertKind, subject: str, wrong: int, withheld: int) -> None:
        """Add to the alert of a subject, and say it in the log once an hour."""
        now = self._wall_us()
        held = self._alerts.pop((kind, subject), None)
        if held is None or now // _HOUR_US != held.last_us // _HOUR_US:
            _log.warning("wrong short checks beyond the limit: %s %s", kind.name, subject)
        held = held or Alert(kind, subject, now, now, 0, 0)
        self._alerts[kind, subject] = held._replace(
            last_us=now, wrong=held.wrong + wrong, withheld=held.withheld + withheld
        )
        if len(self._alerts) > _ALERTS_MAX:
            self._alerts.popitem(last=False)
