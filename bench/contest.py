"""Measuring side by side: contestants take turns in one run, and only their ratios are claims.

The clock of a shared machine moves by a quarter between minutes, so A B A B … and medians. A row
of the report is a median with its least and largest value; a ratio is one of medians of one run.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Sample:
    """What one contestant has measured, a value a turn."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def over(self, other: Sample) -> float:
        """Return how many times the other's median this one is."""
        return self.median / other.median


@dataclass(slots=True)
class Section:
    """One table of the report: a title, the bound that was computed first, and rows."""

    title: str
    bound: str
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def row(  # a row has as many cells as the table
        self,
        what: str,
        sample: Sample,
        unit: str,
        *,
        against: tuple[str, Sample] | None = None,
        note: str = "",
    ) -> None:
        """Add a row; ``against`` names another sample of the same run and is shown as a ratio."""
        ratio = "" if against is None else f"{_figure(sample.over(against[1]))} × {against[0]}"
        low, high = min(sample.values), max(sample.values)
        self.rows.append(
            (what, f"{_figure(sample.median)} {unit}", f"{_figure(low)}–{_figure(high)}",
             str(len(sample.values)), ratio, note)
        )  # fmt: skip

    def absent(self, what: str, why: str) -> None:
        """Say that something could not run here."""
        self.rows.append((what, "–", "–", "0", "", f"could not run: {why}"))

    def text(self) -> str:
        """Return the section as Markdown."""
        head = ("what", "median", "min–max", "n", "ratio", "note")
        lines = [f"## {self.title}", "", self.bound.strip(), ""]
        lines += ["| " + " | ".join(row) + " |" for row in (head, ("---",) * 6, *self.rows)]
        return "\n".join(lines) + "\n"


def take_turns(contestants: Mapping[str, Callable[[], float]], turns: int) -> dict[str, Sample]:
    """Let each contestant have ``turns`` turns, round by round; each returns what it measured."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, contestant in contestants.items():
            gc.collect()
            values[name].append(contestant())
    return {name: Sample(tuple(each)) for name, each in values.items()}


def bound_of(doc: str | None) -> str:
    """Return what a benchmark's text says before it measures: all but its first paragraph."""
    return (doc or "").partition("\n\n")[2]


def rate(count: int, work: Callable[[], object]) -> float:
    """Return how many of ``count`` things a second the work does."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def percentiles(seconds: list[float]) -> tuple[float, float, float]:
    """Return the 50th, 99th and 99.9th percentile of times, in milliseconds."""
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99, 0.999)]
    return at[0] * 1e3, at[1] * 1e3, at[2] * 1e3


def _figure(value: float) -> str:
    """Return a number with three or four figures that mean something."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
