"""A map of runs says of every code what a plain list says, whatever was laid over it."""

from __future__ import annotations

import numpy as np
import pytest

from emitter.store import spans as maps
from emitter.store.memory import MemoryStore
from emitter.store.spans import (
    PIECE,
    SPAN,
    change_spans,
    cut,
    new_spans,
    page_spans,
    read_spans,
    read_values,
    rows_to_change,
    scan_pages,
)

KEY = b"Omap"


def change(store: MemoryStore, quantity: int, spans, key: bytes = KEY) -> int:
    """Change a map in the store; return how many rows that took."""

    def update(writer):
        announced = rows_to_change(writer, key, quantity, spans)
        changed = change_spans(writer, key, quantity, spans)
        assert changed.rows <= announced
        writer.put_many(changed.puts)
        writer.delete_many(changed.deletes)
        rows = writer.scan(key, key + b"\xff" * 5, limit=10**6)
        assert changed.is_empty == (not rows)
        return changed.rows

    return store.update(update)


def stored(store: MemoryStore, key: bytes = KEY):
    """Return all spans of a map, in order, and how many rows hold them."""
    rows = store.view(lambda reader: reader.scan(key, key + b"\xff" * 5, limit=10**6))
    return (scan_pages(rows, len(key)) if rows else np.empty(0, SPAN)), len(rows)


def some_spans(rng: np.random.Generator, quantity: int):
    """Return sorted spans that do not overlap: few long ones, or many short ones."""
    bounds = np.sort(rng.choice(quantity + 1, 2 * rng.choice([1, 2, 40, 300]), replace=False))
    if rng.random() < 0.3:  # so that some begin where others end
        bounds[2::2] = bounds[1:-1:2]
    runs = np.empty(len(bounds) // 2, SPAN)
    runs["first"], runs["count"] = bounds[::2], bounds[1::2] - bounds[::2]
    return new_spans(runs, rng.choice([0, 1, 2, 1 << 63], len(runs)).astype(np.uint64))


@pytest.mark.parametrize("seed", range(6))
def test_a_map_says_what_a_list_says(monkeypatch: pytest.MonkeyPatch, seed: int):
    monkeypatch.setattr(maps, "_PAGE_SPANS_MIN", [4, 32, 512][seed % 3])
    rng = np.random.default_rng(seed)
    quantity = 3000
    store = MemoryStore()
    plain = np.zeros(quantity, np.uint64)
    for _ in range(60):
        spans = some_spans(rng, quantity)
        change(store, quantity, spans)
        for first, count, value in spans.tolist():
            plain[first : first + count] = value
        kept, _ = stored(store)
        assert (kept["value"] != 0).all()
        ends = kept["first"] + kept["count"]
        touch = ends[:-1] == kept["first"][1:]
        assert (ends[:-1] <= kept["first"][1:]).all()
        assert not (touch & (kept["value"][:-1] == kept["value"][1:])).any()
        indexes = rng.integers(0, quantity, 200)
        said = store.view(
            lambda reader, at=indexes: read_values(reader, [KEY, b"none"], np.zeros(200, int), at)
        )
        assert (said == plain[indexes]).all()
        runs = some_spans(rng, quantity)
        meeting = store.view(lambda reader, asked=runs: read_spans(reader, KEY, asked))
        pieces = cut(meeting, runs)
        for number, (first, count, _) in enumerate(runs.tolist()):
            mine = pieces[pieces["run"] == number]
            assert (
                np.repeat(mine["value"], mine["count"]).tolist()
                == plain[first : first + count].tolist()
            )
            assert mine["first"].tolist() == [
                first + before for before in (np.cumsum(mine["count"]) - mine["count"]).tolist()
            ]
    change(store, quantity, np.array([(0, quantity, 0)], SPAN))
    assert stored(store)[1] == 0


def test_maps_are_told_apart():
    store = MemoryStore()
    for key, value in ((b"Oa", 7), (b"Ob", 8)):
        change(store, 100, np.array([(10, 5, value)], SPAN), key)
    slots, indexes = np.array([1, 0, 2, 0]), np.array([10, 14, 10, 15])
    said = store.view(lambda reader: read_values(reader, [b"Oa", b"Ob", b"Oc"], slots, indexes))
    assert said.tolist() == [8, 7, 0, 0]


def test_ten_million_codes_are_one_small_row_and_scattered_ones_few_bytes_each():
    store, quantity = MemoryStore(), 10_000_000
    assert change(store, quantity, np.array([(0, quantity, 990140000384)], SPAN)) == 1
    rng = np.random.default_rng(3)
    scattered = np.zeros(30_000, SPAN)
    scattered["first"] = np.sort(rng.choice(quantity // 2, 30_000, replace=False)) * 2
    scattered["count"], scattered["value"] = 1, 990240003471
    assert change(store, quantity, scattered) < 100
    rows = store.view(lambda reader: reader.scan(b"", b"\xff", limit=10**6))
    assert sum(map(len, (row for _, row in rows))) < 8 * 30_000


def test_the_worst_map_fits_its_root():
    """Every second code of a buffer, in an order that splits pages: the root stays a value."""
    quantity = 1_000_000
    store = MemoryStore()
    spans = np.zeros(quantity // 2, SPAN)
    spans["first"], spans["count"], spans["value"] = np.arange(0, quantity, 2), 1, 1
    for part in (spans[::3], spans[1::3], spans[2::3]):
        change(store, quantity, part)
    kept, rows = stored(store)
    assert (kept == spans).all()
    assert len(kept) / page_spans(quantity) <= rows <= quantity / page_spans(quantity) * 2 + 1


def test_a_piece_is_told_even_where_nothing_is_said():
    runs = np.array([(0, 2, 0), (5, 1, 0)], SPAN)
    assert cut(np.empty(0, SPAN), runs).tolist() == [(0, 0, 2, 0), (1, 5, 1, 0)]
    assert cut(np.array([(1, 9, 4)], SPAN), runs[:0]).dtype == PIECE


def test_a_broken_map_is_found():
    store = MemoryStore()
    change(store, 5000, some_spans(np.random.default_rng(0), 5000))
    spans = np.zeros(2000, SPAN)
    spans["first"], spans["count"], spans["value"] = np.arange(0, 4000, 2), 1, 1
    change(store, 5000, spans)
    rows = store.view(lambda reader: reader.scan(KEY, KEY + b"\xff" * 5, limit=10**6))
    assert len(rows) > 2
    with pytest.raises(ValueError, match="other pages"):
        scan_pages(rows[:-1], len(KEY))
    (key, _), (_, row), *rest = rows[0], rows[2], *rows[2:]
    with pytest.raises(ValueError, match="begins elsewhere"):
        scan_pages([rows[0], (rows[1][0], row), *rest], len(key))
