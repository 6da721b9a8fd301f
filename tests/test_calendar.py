"""Civil dates of Asia/Almaty, from the shipped zone, at the edges that decide money."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter.trade import calendar

if TYPE_CHECKING:
    from pathlib import Path

HOUR_US = 3_600_000_000


def utc_us(text: str) -> int:
    """The instant of an ISO text in UTC, in whole seconds."""
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    return int(moment.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-12-31T18:59:59", dt.date(2025, 12, 31)),
        ("2025-12-31T19:00:00", dt.date(2026, 1, 1)),
        ("2024-03-01T18:59:59", dt.date(2024, 3, 1)),
        ("2024-03-01T19:00:00", dt.date(2024, 3, 2)),
        ("2024-02-28T17:59:59", dt.date(2024, 2, 28)),
        ("2024-02-28T18:00:00", dt.date(2024, 2, 29)),
        ("2021-07-22T18:00:00", dt.date(2021, 7, 23)),
        ("1970-01-01T00:00:00", dt.date(1970, 1, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_almaty(text: str, day: dt.date) -> None:
    assert calendar.civil_date(utc_us(text)) == day


def test_the_zone_is_utc_plus_five_since_march_2024_and_was_plus_six() -> None:
    assert calendar.instant(dt.date(2024, 2, 29)) == utc_us("2024-02-28T18:00:00")
    assert calendar.instant(dt.date(2024, 3, 1)) == utc_us("2024-02-29T19:00:00")
    assert calendar.instant(dt.date(2026, 1, 1)) == utc_us("2025-12-31T19:00:00")


def test_the_day_the_clocks_went_back_had_twenty_five_hours() -> None:
    hours = calendar.instant(dt.date(2024, 3, 1)) - calendar.instant(dt.date(2024, 2, 29))
    assert hours == 25 * HOUR_US


@given(st.dates(dt.date(2005, 1, 1), dt.date(2090, 1, 1)))
def test_a_day_starts_at_its_instant_and_not_a_microsecond_before(day: dt.date) -> None:
    start = calendar.instant(day)
    assert calendar.civil_date(start) == day
    assert calendar.civil_date(start - 1) == day - dt.timedelta(days=1)


@given(st.integers(0, 4_000_000_000_000_000))
def test_an_instant_lies_in_its_own_day_to_the_microsecond(now_us: int) -> None:
    day = calendar.civil_date(now_us)
    assert calendar.instant(day) <= now_us < calendar.instant(day + dt.timedelta(days=1))


def dates_seen_with(tz_path: str) -> list[str]:
    """Civil dates on both sides of a midnight in Almaty, where the system's zones are in a path."""
    script = (
        "import zoneinfo\n"
        f"assert zoneinfo.TZPATH == tuple(filter(None, [{tz_path!r}]))\n"
        "from emitter.trade import calendar\n"
        "print(calendar.civil_date(1767207600000000), calendar.civil_date(1767207599999999))\n"
    )
    environment = {**os.environ, "PYTHONTZPATH": tz_path, "TZ": "America/Lima"}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    return answer.stdout.split()


def test_the_zone_needs_no_time_zones_of_the_system() -> None:
    assert dates_seen_with("") == ["2026-01-01", "2025-12-31"]


def test_a_system_whose_zones_are_wrong_changes_nothing(tmp_path: Path) -> None:
    lima = resources.files("tzdata") / "zoneinfo" / "America" / "Lima"
    (tmp_path / "Asia").mkdir()
    (tmp_path / "Asia" / "Almaty").write_bytes(lima.read_bytes())
    assert dates_seen_with(str(tmp_path)) == ["2026-01-01", "2025-12-31"]
