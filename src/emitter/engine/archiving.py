"""What need not be kept of an order that ended long ago (4.4.8: codes are kept five years).

A code is its recipe, and the recipe is the order's row: nothing that makes, checks or delivers a
code again may go. What goes once an order has been closed or expired for `Limits.retention_days`:

- its details, which came with a station's order and were never looked into;
- the ids of the requests that created and closed it: nobody repeats a request after years, and one
  that is repeated all the same is a new request.

Order, escrow, ranges, blocks and the ids of deliveries stay, and so does the journal: codes verify
and come again byte for byte by the id of their block, and every invariant holds as before.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from emitter.store import schema
from emitter.store.rows import OrderRow, RequestRow
from emitter.store.scanning import scan_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.store.port import Reader, Store, Writer

    _Row = tuple[bytes, bytes]

_STEP_ROWS = 1_000
_DROPPED = (schema.RequestKind.CREATE_ORDER, schema.RequestKind.CLOSE)


class Archived(NamedTuple):
    """What a sweep has dropped: rows, and bytes of them, keys included."""

    rows: int
    bytes: int


def archive_orders(store: Store, ended_before_us: int) -> Archived:
    """Drop what need not be kept of orders that ended before an instant, in small transactions.

    What was found in a view is deleted only if it still is as it was found.
    """
    rows = size = 0
    for batch in _batches(_candidates(store)):

        def old(reader: Reader, batch: list[_Row] = batch) -> list[_Row]:
            return [row for row in batch if _is_old(reader, *row, ended_before_us)]

        found = store.view(old)
        dropped = store.update(partial(_drop, found=found)) if found else []
        rows += len(dropped)
        size += sum(len(key) + len(row) for key, row in dropped)
    return Archived(rows, size)


def _drop(writer: Writer, found: list[_Row]) -> list[_Row]:
    """Delete the rows that are as they were found, and return them."""
    now = writer.get_many([key for key, _ in found])
    same = [item for item, row in zip(found, now, strict=True) if row == item[1]]
    writer.delete_many([key for key, _ in same])
    return same


def _batches(candidates: Iterator[_Row]) -> Iterator[list[_Row]]:
    while batch := list(itertools.islice(candidates, _STEP_ROWS)):
        yield batch


def _candidates(store: Store) -> Iterator[_Row]:
    """Yield all rows that might go."""
    yield from scan_store(store, schema.DETAILS)
    for account, _ in scan_store(store, schema.ACCOUNTS):
        for kind in _DROPPED:
            yield from scan_store(store, schema.request_key(schema.owner(account), kind, b""))


def _is_old(reader: Reader, key: bytes, row: bytes, ended_before_us: int) -> bool:
    """Return whether a row belongs to an order that ended before the instant."""
    if key[:1] == schema.DETAILS:
        return _has_ended(reader, schema.owner(key), schema.order_of(key), ended_before_us)
    request = RequestRow.unpack(row)
    if request.reason or request.at_us >= ended_before_us:
        return False
    if key[9] == schema.RequestKind.CLOSE:
        return True  # what it closed has been closed since
    order_id = UUID(bytes=request.payload)
    return _has_ended(reader, schema.owner(key), order_id, ended_before_us)


def _has_ended(reader: Reader, bin_: int, order_id: UUID, ended_before_us: int) -> bool:
    row = reader.get_many((schema.order_key(bin_, order_id),))[0]
    return row is not None and 0 < OrderRow.unpack(row).closed_us < ended_before_us
