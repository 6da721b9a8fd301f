"""A map of runs: what is said of the codes of a buffer where little changes from code to code.

A map holds sorted spans that neither overlap nor touch a neighbour of equal value; of a code in no
span nothing is said (value 0). The root row has the spans themselves while one page holds them,
else the first index of each page; a page is a row under the root's key and that index. So a map
costs what its spans cost, whatever they cover: a run of ten million codes is one span, and codes
far apart touch only the pages they lie in.

A page holds at most `page_spans` and is cut into even halves above it, so each covers at least half
as many codes, and the root of any buffer of up to 32 million codes stays below the port's limit.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPAN = np.dtype([("first", "<u4"), ("count", "<u4"), ("value", "<u8")])
"""Codes ``first`` to ``first + count`` of a buffer, and what is said of them."""

PIECE = np.dtype([("run", "<u4"), ("first", "<u4"), ("count", "<u4"), ("value", "<u8")])
"""A part of a run that `cut` was given, with what is said of its codes: 0 for nothing."""

_SPANS, _PAGES = b"\0", b"\1"  # what a root holds
_PAGE_SPANS_MIN = 512
_PAGES_MAX = 16_000


class Rows(Protocol):
    """Where rows are read: a `Reader` of the store, or the work of a batch."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, None where there is no row."""


def page_spans(quantity: int) -> int:
    """Return how many spans a page of a buffer of so many codes holds at most."""
    return max(_PAGE_SPANS_MIN, -(-2 * quantity // _PAGES_MAX))


def new_spans(runs: NDArray[np.void], value: int | NDArray[np.uint64]) -> NDArray[np.void]:
    """Return runs as spans of a value; 0 is for taking back what was said."""
    spans = np.empty(len(runs), SPAN)
    spans["first"], spans["count"], spans["value"] = runs["first"], runs["count"], value
    return spans


def read_spans(rows: Rows, key: bytes, runs: NDArray[np.void]) -> NDArray[np.void]:
    """Return the spans that meet any of the sorted runs; neighbours may be among them."""
    root = _Root.unpack(rows.get_many((key,))[0])
    if root.firsts is None:
        return root.spans
    pages = root.firsts[_touched(root.firsts, runs)]
    return _unpack_pages(rows.get_many(_page_keys(key, pages)))


def read_values(
    rows: Rows, keys: Sequence[bytes], slots: NDArray[np.integer], indexes: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return what is said of each code: number of its map in ``keys``, index in its buffer.

    Two look-ups of the store for all of them: the roots, and the pages that the codes lie in.
    """
    values = np.zeros(len(slots), np.uint64)
    roots = [_Root.unpack(row) for row in rows.get_many(keys)]
    wanted: list[bytes] = []
    for key, root, codes in zip(keys, roots, _by_slot(slots, len(keys)), strict=True):
        if root.firsts is not None:
            pages = np.unique(_page_of(root.firsts, indexes[codes]))
            wanted += _page_keys(key, root.firsts[pages])
    found = dict(zip(wanted, rows.get_many(wanted), strict=True)) if wanted else {}
    for key, root, codes in zip(keys, roots, _by_slot(slots, len(keys)), strict=True):
        spans = root.spans
        if root.firsts is not None:
            pages = np.unique(_page_of(root.firsts, indexes[codes]))
            page_keys = _page_keys(key, root.firsts[pages])
            spans = _unpack_pages([found[page_key] for page_key in page_keys])
        values[codes] = values_at(spans, indexes[codes])
    return values


def values_at(spans: NDArray[np.void], indexes: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return what sorted spans say of each index, 0 where they say nothing."""
    if not len(spans):
        return np.zeros(len(indexes), np.uint64)
    last = np.searchsorted(spans["first"], indexes, side="right") - 1
    ends = spans["first"].astype(np.int64) + spans["count"]
    inside = (last >= 0) & (indexes < ends[last])
    return np.where(inside, spans["value"][last], np.uint64(0))


def cut(spans: NDArray[np.void], runs: NDArray[np.void]) -> NDArray[np.void]:
    """Return sorted runs that do not overlap in pieces (`PIECE`) of one value each.

    Nothing of a run is left out: where the spans say nothing a piece has the value 0.
    """
    first = runs["first"].astype(np.int64)
    end = first + runs["count"]
    span_end = spans["first"].astype(np.int64) + spans["count"]
    bounds = _distinct([first, end, spans["first"].astype(np.int64), span_end])
    starts, counts = bounds[:-1], np.diff(bounds)
    run = np.searchsorted(first, starts, side="right") - 1
    kept = (run >= 0) & (starts < end[run]) if len(runs) else np.zeros(len(starts), bool)
    pieces = np.empty(np.count_nonzero(kept), PIECE)
    pieces["run"], pieces["first"] = run[kept], starts[kept]
    pieces["count"] = counts[kept]
    pieces["value"] = values_at(spans, starts[kept])
    return pieces


class SpanChange(NamedTuple):
    """Rows of a map to put and to delete, so that it says something else of some codes."""

    puts: list[tuple[bytes, bytes]]
    deletes: list[bytes]
    is_empty: bool
    """Whether the map says nothing any more: its root is among the deleted rows."""

    @property
    def rows(self) -> int:
        """Return how many rows are written."""
        return len(self.puts) + len(self.deletes)


def change_spans(rows: Rows, key: bytes, quantity: int, spans: NDArray[np.void]) -> SpanChange:
    """Return what makes a map say what sorted spans say that do not overlap; value 0 takes back."""
    packed = rows.get_many((key,))[0]
    root = _Root.unpack(packed)
    size = page_spans(quantity)
    if root.firsts is None:
        kept = np.empty(0, np.uint32)
        old: list[tuple[bytes, bytes]] = []
        after = [_even(overlay(root.spans, spans), size)]
    else:
        touched = _touched(root.firsts, spans)
        kept = np.delete(root.firsts, touched)
        keys = _page_keys(key, root.firsts[touched])
        old = list(zip(keys, (row or b"" for row in rows.get_many(keys)), strict=True))
        after = list(_recut(root.firsts, touched, [row for _, row in old], spans, size))
    pages = [page for group in after for page in group]
    puts: list[tuple[bytes, bytes]] = []
    if not pages and not len(kept):
        gone = [page for page, _ in old] + [key] * (packed is not None)
        return SpanChange([], gone, is_empty=True)
    if len(pages) == 1 and not len(kept):
        puts.append((key, _SPANS + _pack(pages[0])))
    else:
        firsts = np.array([page["first"][0] for page in pages], np.uint32)
        puts = list(zip(_page_keys(key, firsts), map(_pack, pages), strict=True))
        puts.append((key, _PAGES + np.sort(np.concatenate([kept, firsts])).astype("<u4").tobytes()))
    staying = {page for page, _ in puts}
    before = {*old, (key, packed)}
    return SpanChange(
        [row for row in puts if row not in before],
        [page for page, _ in old if page not in staying],
        is_empty=False,
    )


def rows_to_change(
    rows: Rows, key: bytes, quantity: int, runs: NDArray[np.void], spans: int | None = None
) -> int:
    """Return how many rows a change of sorted runs may write as the map is now.

    ``spans`` is into how many spans the runs may fall, None for as many as they are.
    """
    root = _Root.unpack(rows.get_many((key,))[0])
    touched = 0 if root.firsts is None else len(_touched(root.firsts, runs))
    return 4 + 3 * touched + 4 * (len(runs) if spans is None else spans) // page_spans(quantity)


def scan_pages(rows: Sequence[tuple[bytes, bytes]], root_size: int) -> NDArray[np.void]:
    """Return all spans of a map from its rows in order, root first; for checks.

    ``root_size`` is the size of the root's key. `ValueError` where the root does not lead to
    exactly the pages that are there.
    """
    (key, packed), *pages = rows
    root = _Root.unpack(packed)
    firsts = np.empty(0, np.uint32) if root.firsts is None else root.firsts
    if len(key) != root_size or [page for page, _ in pages] != _page_keys(key, firsts):
        raise ValueError("a map's root leads to other pages")
    spans = [_unpack(row) for _, row in pages]
    if any(page["first"][0] != first for page, first in zip(spans, firsts, strict=True)):
        raise ValueError("a page begins elsewhere than its key says")
    return np.concatenate([root.spans, *spans])


def overlay(old: NDArray[np.void], new: NDArray[np.void]) -> NDArray[np.void]:
    """Return sorted spans with others laid over them: merged, and without those of value 0."""
    new_end = new["first"].astype(np.int64) + new["count"]
    old_end = old["first"].astype(np.int64) + old["count"]
    firsts = old["first"].astype(np.int64), new["first"].astype(np.int64)
    bounds = _distinct([*firsts, old_end, new_end])
    starts = bounds[:-1]
    value = values_at(old, starts)
    if len(new):
        over = np.searchsorted(new["first"], starts, side="right") - 1
        covered = (over >= 0) & (starts < new_end[over])
        value[covered] = new["value"][over[covered]]
    begins = np.append(True, value[1:] != value[:-1])[: len(value)]
    spans = np.empty(np.count_nonzero(begins), SPAN)
    spans["first"], spans["value"] = starts[begins], value[begins]
    spans["count"] = np.diff(starts[begins], append=bounds[-1:])
    said: NDArray[np.void] = spans[spans["value"] != 0]
    return said


def _distinct(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the values of all arrays, sorted, each once: much faster than by hashing them."""
    values = np.sort(np.concatenate(arrays))
    distinct: NDArray[np.int64] = values[np.append(True, np.diff(values) != 0)[: len(values)]]
    return distinct


class _Root(NamedTuple):
    """A root row: the spans, or the first index of each page."""

    spans: NDArray[np.void]
    firsts: NDArray[np.uint32] | None

    @classmethod
    def unpack(cls, row: bytes | None) -> _Root:
        if row is None:
            return cls(np.empty(0, SPAN), None)
        if row[:1] == _SPANS:
            return cls(_unpack(row[1:]), None)
        return cls(np.empty(0, SPAN), np.frombuffer(row, "<u4", offset=1).astype(np.uint32))


def _pack(spans: NDArray[np.void]) -> bytes:
    """Return spans by columns, deflated: distances and lengths repeat, and values even more."""
    firsts = np.diff(spans["first"], prepend=np.uint32(0))
    columns = firsts.tobytes() + spans["count"].tobytes() + spans["value"].tobytes()
    return zlib.compress(columns, 1)


def _unpack(row: bytes) -> NDArray[np.void]:
    columns = zlib.decompress(row)
    count = len(columns) // SPAN.itemsize
    spans = np.empty(count, SPAN)
    halves = np.frombuffer(columns, "<u4", count=2 * count)
    spans["first"], spans["count"] = np.cumsum(halves[:count]), halves[count:]
    spans["value"] = np.frombuffer(columns, "<u8", offset=8 * count)
    return spans


def _unpack_pages(rows: Sequence[bytes | None]) -> NDArray[np.void]:
    return np.concatenate([np.empty(0, SPAN), *(_unpack(row or b"") for row in rows)])


def _page_keys(key: bytes, firsts: NDArray[np.uint32]) -> list[bytes]:
    return [key + first.to_bytes(4, "big") for first in firsts.tolist()]


def _page_of(firsts: NDArray[np.uint32], indexes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the page that an index would lie in; what lies before all lies in the first."""
    return np.maximum(np.searchsorted(firsts, indexes, side="right") - 1, 0)


def _touched(firsts: NDArray[np.uint32], runs: NDArray[np.void]) -> NDArray[np.int64]:
    """Return the pages that runs lie in, or whose spans could touch them."""
    first = runs["first"].astype(np.int64)
    low, high = _page_of(firsts, first - 1), _page_of(firsts, first + runs["count"])
    steps = np.zeros(len(firsts) + 1, np.int64)
    np.add.at(steps, low, 1)
    np.add.at(steps, high + 1, -1)
    return np.flatnonzero(np.cumsum(steps)[:-1])


def _recut(
    firsts: NDArray[np.uint32],
    touched: NDArray[np.int64],
    rows: list[bytes],
    spans: NDArray[np.void],
    size: int,
) -> list[list[NDArray[np.void]]]:
    """Return the new pages of each group of touched neighbours with spans laid over them."""
    groups = []
    begins = np.flatnonzero(np.append(True, np.diff(touched) != 1)[: len(touched)])
    ends = [*begins[1:].tolist(), len(touched)]
    for begin, end in zip(begins.tolist(), ends, strict=True):
        # Every span lies in the pages of one group, up to the first page after it.
        low = 0 if touched[begin] == 0 else firsts[touched[begin]]
        after = touched[end - 1] + 1
        high = firsts[after] if after < len(firsts) else np.iinfo(np.uint32).max
        inside = slice(*np.searchsorted(spans["first"], [low, high]).tolist())
        groups.append(_even(overlay(_unpack_pages(rows[begin:end]), spans[inside]), size))
    return groups


def _even(spans: NDArray[np.void], size: int) -> list[NDArray[np.void]]:
    """Return spans in pages that are equally full."""
    count = -(-len(spans) // size)
    return np.array_split(spans, count) if count else []


def _by_slot(slots: NDArray[np.integer], count: int) -> list[NDArray[np.int64]]:
    """Return the codes of each slot."""
    order = np.argsort(slots, kind="stable")
    bounds = np.searchsorted(slots[order], np.arange(count + 1))
    return [order[bounds[slot] : bounds[slot + 1]] for slot in range(count)]
