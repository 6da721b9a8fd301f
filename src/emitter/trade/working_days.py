"""Working days of Kazakhstan: five a week, without holidays, with days that were moved.

Holidays come from the `holidays` library, which knows those of the law "On holidays" (national and
state holidays, the days off after those that fall on a weekend, Orthodox Christmas, the first day
of Kurban Ait) and the transfers that the Government has decided, up to the year of its release.
What it does not know:

- transfers decided after its release: the operator enters them in ``transfers.toml`` beside this
  module, or updates the library;
- the day of Kurban Ait in years to come: it is estimated from the moon, a day off at most, until
  the clergy has named it;
- working days of a region, and six-day weeks: the contract speaks of working days of the country.

A date in the past is judged by what is known today, so a transfer that is entered late moves the
terms that run over it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Transfer:
    """A decision that one day is off and another is worked instead."""

    off: date
    work: date
    source: str


def read_transfers(text: str) -> tuple[Transfer, ...]:
    """Return the transfers written in TOML; ValueError (KeyError, TypeError) if unsound."""
    data: dict[str, Any] = tomllib.loads(text)
    rows = tuple(Transfer(**row) for row in data["transfer"])
    days = [day for row in rows for day in (row.off, row.work)]
    if len(set(days)) != len(days):
        raise ValueError("a day is moved twice")
    first = [min(row.off, row.work) for row in rows]
    if first != sorted(first):
        raise ValueError("rows must ascend by date")
    if any(not row.source for row in rows):
        raise ValueError("a transfer names its decision")
    return rows


TRANSFERS = read_transfers(
    resources.files(__package__).joinpath("transfers.toml").read_text("utf-8")
)


class _Year(NamedTuple):
    """What the library says of a year: days off on weekdays, working days on weekends."""

    off: frozenset[date]
    work: frozenset[date]


@lru_cache
def _year(year: int) -> _Year:
    from holidays import country_holidays  # noqa: PLC0415 - few commands need it

    known = country_holidays("KZ", years=year)
    worked = frozenset(day for day in known.weekend_workdays if day.year == year)
    return _Year(frozenset(day for day in known if day.year == year), worked)


@lru_cache
def _moved(transfers: Sequence[Transfer]) -> dict[date, bool]:
    """Return whether each moved day is worked."""
    return {row.off: False for row in transfers} | {row.work: True for row in transfers}


def is_working_day(day: date, transfers: tuple[Transfer, ...] = TRANSFERS) -> bool:
    """Return whether a civil date is a working day; OverflowError beyond the library's years."""
    moved = _moved(transfers).get(day)
    if moved is not None:
        return moved
    year = _year(day.year)
    return day in year.work or (day.weekday() < _SATURDAY and day not in year.off)


@lru_cache(1 << 12)  # as many days as terms run over
def add_working_days(day: date, count: int, transfers: tuple[Transfer, ...] = TRANSFERS) -> date:
    """Return the last day of a term of ``count`` working days that begins after ``day``.

    The day itself does not count, whether it is worked or not (Civil Code of Kazakhstan, article
    173); with 0 it is returned as it is. ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("a term has no negative number of days")
    while count:
        day += _DAY
        count -= is_working_day(day, transfers)
    return day


@lru_cache
def earliest_in_term(today: date, count: int, transfers: tuple[Transfer, ...] = TRANSFERS) -> date:
    """Return the earliest day whose term of ``count`` working days is not over on ``today``.

    What was received before it is overdue: `add_working_days` of any earlier day is before today.
    """
    day = today
    while add_working_days(day - _DAY, count, transfers) >= today:
        day -= _DAY
    return day
