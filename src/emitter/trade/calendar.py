"""Civil dates of the trade: Asia/Almaty, whatever the machine believes (DOMAIN M10).

Instants are integers of microseconds since 1970 UTC. The rules of the zone come from the `tzdata`
package that is installed with the product, never from the system, so every machine agrees on the
day a tariff begins; Kazakhstan has one zone, UTC+5, since 2024-03-01.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

ZONE_NAME = "Asia/Almaty"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _shipped_zone() -> ZoneInfo:
    """Read the zone from the tzdata package."""
    region, city = ZONE_NAME.split("/")
    with (resources.files("tzdata") / "zoneinfo" / region / city).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=ZONE_NAME)


ZONE = _shipped_zone()
"""The zone, for those who show an instant to people."""


def civil_date(now_us: int) -> date:
    """Return the civil date at an instant (microseconds UTC); OverflowError beyond year 9999."""
    return (_EPOCH + timedelta(microseconds=now_us)).astimezone(ZONE).date()


def instant(day: date) -> int:
    """Return the instant (microseconds UTC) at which a civil date begins."""
    return (datetime.combine(day, time(), ZONE) - _EPOCH) // _MICROSECOND
