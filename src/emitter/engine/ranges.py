"""Which buffer holds a counter: the ranges of every series, sorted in memory, rebuilt at start.

Counters of a series only go up, so a new range always goes to the end, and a look-up is a binary
search. One thread publishes (the writer's); any number look up meanwhile.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from emitter.engine.work import Issued
from emitter.store import schema
from emitter.store.rows import RangeRow
from emitter.store.scanning import scan_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from emitter.store.port import Store


_NEW_MAX = 4_096


class Series:
    """The ranges of one series in columns: first counter, first counter behind, and whose it is.

    Arrays rather than objects: a million ranges are 40 MB that the garbage collector never walks.
    """

    def __init__(self, form: int) -> None:
        self.form = form
        self._count = 0
        self._firsts, self._ends, self._bins = np.empty((3, 4), np.uint64)
        self._order_ids = np.empty(4, "V16")

    def extend(self, issued: list[Issued]) -> None:
        """Add ranges above all others, once: they may have been read while they were published."""
        start = self._count
        if start:
            issued = [each for each in issued if each.first >= self._ends[start - 1]]
        if not issued:
            return
        end = start + len(issued)
        while end > len(self._bins):
            self._firsts, self._ends = _doubled(self._firsts), _doubled(self._ends)
            self._bins, self._order_ids = _doubled(self._bins), _doubled(self._order_ids)
        _, _, firsts, bins, order_ids, quantities, _ = zip(*issued, strict=True)
        self._firsts[start:end] = firsts
        self._ends[start:end] = quantities
        self._ends[start:end] += self._firsts[start:end]
        self._bins[start:end] = bins
        self._order_ids[start:end] = np.frombuffer(b"".join(order_ids), "V16")
        self._count = end

    def find(self, counters: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return for each counter the index of its range, -1 where no range holds it."""
        count = self._count  # once: the arrays may grow meanwhile, but never shrink
        firsts, ends = self._firsts[:count], self._ends[:count]
        found = np.searchsorted(firsts, counters, side="right").astype(np.int64) - 1
        outside = (found < 0) | (counters >= ends[found])
        found[outside] = -1
        return found

    def owner(self, index: int) -> tuple[int, UUID]:
        """Return participant and order that hold the range of an index."""
        return int(self._bins[index]), UUID(bytes=self._order_ids[index].tobytes())


def _doubled(column: NDArray[Any]) -> NDArray[Any]:
    """Return the column with as much room again."""
    return np.concatenate([column, np.empty_like(column)])


class Ranges:
    """All series of a store by (GTIN, serial size)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._series: dict[tuple[int, int], Series] = {}
        self._new: list[Issued] = []  # wait for one another: a write to an array is dear
        self._doubtful = True
        self._settled()

    def publish(self, issued: Iterable[Issued]) -> None:
        """Add ranges that have become durable."""
        with self._lock:
            if not self._doubtful:
                self._new += issued
                if len(self._new) >= _NEW_MAX:
                    self._file_new()

    def doubt(self) -> None:
        """Read everything again before the next use: a commit may or may not have happened."""
        with self._lock:
            self._doubtful = True

    def series(self, gtin: int, serial_size: int) -> Series | None:
        """Return the series, None when nothing was issued in it."""
        return self._settled().get((gtin, serial_size))

    def _settled(self) -> dict[tuple[int, int], Series]:
        if not self._doubtful and not self._new:
            return self._series
        with self._lock:
            if self._doubtful:
                self._series = self._read()
                self._doubtful = False
                self._new = []
            self._file_new()
            return self._series

    def _file_new(self) -> None:
        """Put the new ranges into their series; the lock is held."""
        _file(self._series, self._new)
        self._new = []  # only now may a look-up pass by

    def _read(self) -> dict[tuple[int, int], Series]:
        """Read all ranges in short views."""
        found: dict[tuple[int, int], Series] = {}
        new: list[Issued] = []
        for key, row in scan_store(self._store, schema.RANGES):
            new.append(issued_range(key, row))
            if len(new) == _NEW_MAX:
                _file(found, new)
                new.clear()
        _file(found, new)
        return found


def issued_range(key: bytes, row: bytes) -> Issued:
    """Return the range of a row."""
    bin_, order_id, quantity, form = RangeRow.unpack(row)
    return Issued(*schema.parse_range_key(key), bin_, order_id.bytes, quantity, form)


def _file(found: dict[tuple[int, int], Series], issued: list[Issued]) -> None:
    """Put ranges into their series."""
    groups: defaultdict[tuple[int, int], list[Issued]] = defaultdict(list)
    for each in issued:
        groups[each[:2]].append(each)
    for name, group in groups.items():
        series = found.get(name) or Series(group[0].form)
        series.extend(group)
        found[name] = series  # only now may a look-up see it
