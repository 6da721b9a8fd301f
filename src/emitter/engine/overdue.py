"""Blocks whose codes should have been put on goods by now, and were not (4.1.6, C4).

The term of thirty working days runs from the delivery of a block. A code has kept it once the line
has reported that it was put on goods, or once it was introduced; in groups that have no report of
utilisation only introduction counts. A code that was written off is owed nothing any more.

Blocks are scanned in the order of their keys, a page at a time, and most are passed by after one
comparison of instants: the day from which on terms still run is found once a page. No list by due
date is kept, for it would cost every delivery a row, and the report is asked for a few times a
month (`bench/test_terms.py` has the figures).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.engine.code_states import CHUNK, OWN_ROW
from emitter.engine.delivery import BlockView
from emitter.engine.reading import page_bounds
from emitter.engine.staged_rows import valid_rows
from emitter.store import schema
from emitter.store.code_rows import LifeRow
from emitter.store.rows import BlockRow, BufferRow, OrderRow
from emitter.trade.calendar import civil_date, instant
from emitter.trade.circulation import UTILISED, WITHOUT_UTILISATION
from emitter.trade.states import CodeState
from emitter.trade.templates import TEMPLATES
from emitter.trade.working_days import add_working_days, earliest_in_term

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.store.port import Reader, Store

APPLICATION_DAYS = 30
"""Working days from receipt within which codes are put on goods (4.1.6)."""

_ROWS_A_VIEW = 5_000
_ROWS_A_PAGE = 100_000  # blocks looked at before a page ends, however few were found
_QUANTITY = struct.Struct("<Q")
_DELIVERED = struct.Struct("<q")
_DELIVERED_AT = 24
_ORDER_END = 25  # letter, participant, order
_GTIN = struct.Struct(">Q")


class OverdueBlock(NamedTuple):
    """A block with codes that were not put on goods within the term, and the term's last day."""

    block: BlockView
    due: date
    not_applied: int


class _Buffer(NamedTuple):
    """A buffer while its blocks are looked at."""

    place: tuple[int, UUID, int]  # participant, order, GTIN
    row: BufferRow
    life: LifeRow | None
    owed: NDArray[np.bool_]  # by the byte of a code: not put on goods yet


def read_overdue(
    store: Store, bin_: int, now_us: int, *, page_size: int, page_token: bytes
) -> tuple[list[OverdueBlock], bytes]:
    """Return up to ``page_size`` overdue blocks of a participant, and the token of the next page.

    Blocks come by order, GTIN and index. A page may be short though more follow.
    """
    prefix = schema.participant_blocks_prefix(bin_)
    start, stop = page_bounds(prefix, page_token)
    before_us = instant(earliest_in_term(civil_date(now_us), APPLICATION_DAYS))
    found: list[OverdueBlock] = []
    for _ in range(_ROWS_A_PAGE // _ROWS_A_VIEW):
        most = page_size - len(found)

        def look(
            reader: Reader, start: bytes = start, most: int = most
        ) -> tuple[list[OverdueBlock], bytes]:
            rows = reader.scan(start, stop, limit=_ROWS_A_VIEW)
            return _look(reader, bin_, rows, before_us, most)

        more, last = store.view(look)
        found += more
        if not last or len(found) == page_size:
            return found, last
        start = last + b"\0"
    return found, last


def _look(
    reader: Reader, bin_: int, rows: list[tuple[bytes, bytes]], before_us: int, most: int
) -> tuple[list[OverdueBlock], bytes]:
    """Return the overdue blocks of some rows, and the last key looked at, b'' for the end."""
    found: list[OverdueBlock] = []
    buffers: dict[bytes, _Buffer] = {}
    for key, packed in rows:
        if _DELIVERED.unpack_from(packed, _DELIVERED_AT)[0] >= before_us:
            continue
        place = key[: _ORDER_END + 8]
        buffer = buffers.get(place)
        if buffer is None:
            buffers.clear()  # blocks of a buffer stand together
            buffer = buffers[place] = _buffer(reader, bin_, key)
        first = schema.sequence_of(key)
        quantity = _QUANTITY.unpack_from(packed)[0]
        owed = _owed(reader, buffer, first, quantity)
        if owed:
            row = BlockRow.unpack(packed)
            due = add_working_days(civil_date(row.delivered_us), APPLICATION_DAYS)
            block = BlockView(bin_, schema.order_of(key), first, row, buffer.row)
            found.append(OverdueBlock(block, due, owed))
            if len(found) == most:
                return found, key
    return found, rows[-1][0] if len(rows) == _ROWS_A_VIEW else b""


def _buffer(reader: Reader, bin_: int, key: bytes) -> _Buffer:
    """Return the buffer of a block's key."""
    order_id, gtin = schema.order_of(key), int(_GTIN.unpack_from(key, _ORDER_END)[0])
    place = (bin_, order_id, gtin)
    order, life = reader.get_many((schema.order_key(bin_, order_id), schema.life_key(*place)))
    life = valid_rows(reader, [life])[0]
    row = OrderRow.unpack(order).buffer(gtin) if order else None
    if row is None:
        raise AssertionError("a block leads to a buffer that is not there")
    owed = np.zeros(256, np.bool_)
    owed[[0, CodeState.APPLIED_AND_PAID]] = True  # 0: as the block says, delivered
    if TEMPLATES[row.template_id].group in WITHOUT_UTILISATION:
        owed[CodeState.APPLIED_AND_PAID | UTILISED] = True
    return _Buffer(place, row, LifeRow.unpack(life) if life else None, owed)


def _owed(reader: Reader, buffer: _Buffer, first: int, quantity: int) -> int:
    """Return how many codes [first, first + quantity) of a buffer were not put on goods."""
    if buffer.life is None:
        return quantity
    end = first + quantity
    begin_chunk, end_chunk = first // CHUNK, -(-end // CHUNK)
    tracts = buffer.life.tracts[begin_chunk:end_chunk]
    sizes = np.full(len(tracts), CHUNK, np.int64)
    sizes[0] -= first - begin_chunk * CHUNK
    sizes[-1] -= end_chunk * CHUNK - end
    own = np.flatnonzero(tracts == OWN_ROW)
    count = int(sizes[buffer.owed[tracts] & (tracts != OWN_ROW)].sum())
    for at in range(0, len(own), _ROWS_A_VIEW):
        chunks = (own[at : at + _ROWS_A_VIEW] + begin_chunk).tolist()
        keys = [schema.chunk_key(*buffer.place, chunk) for chunk in chunks]
        codes = buffer.owed[_core.unpack_chunks(valid_rows(reader, reader.get_many(keys)))]
        for number, chunk in enumerate(chunks):
            low = max(0, first - chunk * CHUNK)
            high = min(CHUNK, end - chunk * CHUNK)
            count += int(np.count_nonzero(codes[number, low:high]))
    return count
