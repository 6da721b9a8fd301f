"""Which buffer holds a counter: the ranges of every series, sorted in memory, rebuilt at start.

Counters of a series only go up, so a new range always goes to the end, and a look-up is a binary
search. One thread publishes (the writer's); any number look up meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from emitter.store import schema
from emitter.store.rows import RangeRow
from emitter.store.scanning import scan_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from emitter.store.port import Store


class Series:
    """The ranges of one series: first and last-but-one counters, and who holds them."""

    def __init__(self) -> None:
        self.rows: list[RangeRow] = []
        self._bounds = np.empty((2, 4), np.uint64)

    def append(self, first: int, row: RangeRow) -> None:
        """Add a range above all others."""
        count = len(self.rows)
        if count == self._bounds.shape[1]:
            self._bounds = np.concatenate([self._bounds, np.empty_like(self._bounds)], axis=1)
        self._bounds[:, count] = first, first + row.quantity
        self.rows.append(row)

    def find(self, counters: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return for each counter the index of its range in `rows`, -1 where no range holds it."""
        count = len(self.rows)
        firsts, ends = self._bounds[:, :count]
        found = np.searchsorted(firsts, counters, side="right").astype(np.int64) - 1
        outside = (found < 0) | (counters >= ends[found])
        found[outside] = -1
        return found


class Ranges:
    """All series of a store by (GTIN, serial size)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._series: dict[tuple[int, int], Series] = {}
        self._doubtful = True
        self._settled()

    def publish(self, issued: Iterable[tuple[bytes, bytes]]) -> None:
        """Add ranges that have become durable, given as rows of the store."""
        with self._lock:
            if not self._doubtful:
                _add(self._series, issued)

    def doubt(self) -> None:
        """Read everything again before the next use: a commit may or may not have happened."""
        with self._lock:
            self._doubtful = True

    def series(self, gtin: int, serial_size: int) -> Series | None:
        """Return the series, None when nothing was issued in it."""
        return self._settled().get((gtin, serial_size))

    def _settled(self) -> dict[tuple[int, int], Series]:
        if not self._doubtful:
            return self._series
        with self._lock:
            if self._doubtful:
                self._series = self._read()
                self._doubtful = False
            return self._series

    def _read(self) -> dict[tuple[int, int], Series]:
        """Read all ranges in short views."""
        series: dict[tuple[int, int], Series] = {}
        _add(series, scan_store(self._store, schema.RANGES))
        return series


def _add(series: dict[tuple[int, int], Series], rows: Iterable[tuple[bytes, bytes]]) -> None:
    for key, row in rows:
        gtin, serial_size, first = schema.parse_range_key(key)
        series.setdefault((gtin, serial_size), Series()).append(first, RangeRow.unpack(row))
