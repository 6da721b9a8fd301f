"""Working days: known years, moved days, terms."""

from __future__ import annotations

import datetime as dt
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter.trade.working_days import (
    Transfer,
    add_working_days,
    earliest_in_term,
    is_working_day,
    read_transfers,
)

# Days off on weekdays and working days on weekends, as the calendars of these years were published.
OFF = """
    2024-01-01 2024-01-02 2024-03-08 2024-03-21 2024-03-22 2024-03-25 2024-05-01 2024-05-07
    2024-05-08 2024-05-09 2024-07-08 2024-08-30 2024-10-25 2024-12-16
    2025-01-01 2025-01-02 2025-01-03 2025-01-07 2025-03-10 2025-03-21 2025-03-24 2025-03-25
    2025-05-01 2025-05-07 2025-05-09 2025-06-06 2025-07-07 2025-09-01 2025-10-27 2025-12-16
"""
WORKED = {date(2024, 5, 4), date(2025, 1, 5)}


def test_two_years_are_as_they_were_published() -> None:
    off = {date.fromisoformat(word) for word in OFF.split()}
    day = date(2024, 1, 1)
    while day.year < 2026:
        weekday = day.weekday() < 5
        assert is_working_day(day) == (day in WORKED or (weekday and day not in off)), day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "count", "end"),
    [
        ("2026-03-02", 0, "2026-03-02"),
        ("2026-03-02", 1, "2026-03-03"),
        ("2026-03-06", 1, "2026-03-10"),  # 8 March is a Sunday, so Monday is off
        ("2026-03-20", 1, "2026-03-26"),  # Nauryz with two days after it
        ("2024-05-03", 1, "2024-05-04"),  # a Saturday that was worked
        ("2024-05-04", 1, "2024-05-06"),
        ("2025-12-31", 30, "2026-02-16"),
    ],
)
def test_a_term_ends_on_its_last_working_day(day: str, count: int, end: str) -> None:
    assert add_working_days(date.fromisoformat(day), count) == date.fromisoformat(end)


def test_a_term_has_no_negative_number_of_days() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_days(date(2026, 3, 2), -1)


def test_a_transfer_moves_a_working_day() -> None:
    moved = (Transfer(date(2026, 3, 3), date(2026, 3, 7), "№ 1"),)
    assert not is_working_day(date(2026, 3, 3), moved)
    assert is_working_day(date(2026, 3, 7), moved)
    assert add_working_days(date(2026, 3, 2), 4, moved) == date(2026, 3, 7)
    assert is_working_day(date(2026, 3, 3))


TRANSFER = '[[transfer]]\noff = {}\nwork = {}\nsource = "{}"\n'


def test_transfers_are_read_from_toml() -> None:
    text = TRANSFER.format("2027-05-10", "2027-05-15", "№ 1")
    assert read_transfers(text) == (Transfer(date(2027, 5, 10), date(2027, 5, 15), "№ 1"),)
    assert read_transfers("transfer = []") == ()


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([("2027-05-10", "2027-05-15", "")], "names its decision"),
        ([("2027-05-10", "2027-05-10", "a")], "moved twice"),
        ([("2027-05-10", "2027-05-15", "a"), ("2027-06-10", "2027-05-15", "b")], "moved twice"),
        ([("2027-06-10", "2027-06-15", "a"), ("2027-05-10", "2027-05-15", "b")], "ascend"),
    ],
)
def test_unsound_transfers_are_refused(rows: list[tuple[str, str, str]], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_transfers("".join(TRANSFER.format(*row) for row in rows))


days = st.dates(date(2019, 1, 1), date(2030, 12, 31))


@given(days, st.integers(0, 60))
def test_a_term_has_exactly_its_working_days(day: date, count: int) -> None:
    end = add_working_days(day, count)
    inside = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(map(is_working_day, inside)) == count
    assert not inside or is_working_day(end)


@given(days, st.integers(1, 40))
def test_what_is_received_before_the_earliest_day_in_term_is_overdue(
    today: dt.date, count: int
) -> None:
    earliest = earliest_in_term(today, count)
    assert add_working_days(earliest, count) >= today
    assert add_working_days(earliest - timedelta(days=1), count) < today
