"""Rows packed in bulk: byte for byte what the rows' own `pack` and the schema's keys give."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter import _core
from emitter.store import packing, rows, schema

U8, U16, U64 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 64))
I64 = st.integers(-(1 << 63), (1 << 63) - 1)
IDS = st.uuids()
BUFFERS = st.builds(rows.BufferRow, U64, U8, U8, U8, U8, U16, U16, I64, I64, U64, U64, U64)
ORDERS = st.builds(rows.OrderRow, U8, U8, I64, I64, st.lists(BUFFERS, max_size=3).map(tuple))
ENTRIES = st.lists(st.tuples(U8, I64), max_size=3).map(tuple)
JOURNALS = st.builds(
    rows.JournalRow, I64, U8, st.none() | IDS, U64, U64, ENTRIES, st.text(max_size=20)
)


def both(layout: packing.Layout, value: tuple[object, ...], key: bytes, row: bytes) -> None:
    """Assert that two of a value are packed as key and row, alone and beside each other."""
    assert layout.pack([value, value]) == [(key, row)] * 2


@given(U64, IDS, ORDERS)
def test_orders_are_packed_as_one_by_one(bin_, id_, order) -> None:
    both(packing.ORDER, (bin_, id_.bytes, *order), schema.order_key(bin_, id_), order.pack())


@given(U64, IDS, st.builds(rows.EscrowRow, I64, I64, I64))
def test_escrows_are_packed_as_one_by_one(bin_, id_, escrow) -> None:
    record = escrow.pack()
    both(packing.ESCROW, (bin_, id_.bytes, record), schema.escrow_key(bin_, id_), record)


@given(st.tuples(U64, U8, U64), st.builds(rows.RangeRow, U64, IDS, U64, U8))
def test_ranges_are_packed_as_one_by_one(place, row) -> None:
    value = (*place, row.bin, row.order_id.bytes, row.quantity, row.form)
    both(packing.RANGE, value, schema.range_key(*place), row.pack())


@given(U64, U64, JOURNALS)
def test_journals_are_packed_as_one_by_one(bin_, sequence, row) -> None:
    at_us, kind, id_, gtin, quantity, entries, reference = row
    order = id_.bytes if id_ else bytes(16)
    fields = (at_us, kind, order, gtin, quantity, len(entries), entries, reference.encode())
    both(packing.JOURNAL, (bin_, sequence, *fields), schema.journal_key(bin_, sequence), row.pack())


DIGESTS = st.binary(min_size=32, max_size=32)


@given(st.binary(), st.builds(rows.RequestRow, DIGESTS, U8, I64, I64, st.binary()))
def test_requests_are_packed_as_one_by_one(key, asked) -> None:
    both(packing.REQUEST, (key, *asked), key, asked.pack())


ID = UUID(int=1).bytes


@pytest.mark.parametrize(
    ("key", "row", "value"),
    [
        (b"Q", b"B", (1,)),
        (b"Q", b"B", (1, 2, 3)),
        (b"U", b"", (ID[1:],)),
        (b"s", b"", ("text",)),
        (b"", b"(B", ((),)),
        (b"", b"(B)", (((1, 2),),)),
        (b"", b"x", (1,)),
        (b"", b"B", [1]),
    ],
)
def test_what_does_not_fit_a_format_is_a_value_error(key, row, value) -> None:
    with pytest.raises(ValueError, match=r"."):
        _core.pack_rows(b"k", key, row, [value])


@pytest.mark.parametrize(
    ("letter", "number"), [(b"B", 256), (b"H", 1 << 16), (b"I", 1 << 32), (b"Q", 1 << 64),
                           (b"Q", -1), (b"q", 1 << 63), (b"q", -(1 << 63) - 1)],
)  # fmt: skip
def test_a_number_that_does_not_fit_its_field_is_an_overflow_error(letter, number) -> None:
    with pytest.raises(OverflowError):
        _core.pack_rows(b"k", b"", letter, [(number,)])
