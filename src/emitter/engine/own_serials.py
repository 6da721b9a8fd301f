"""Finding codes with self-made serials: by the rows that make such serials unique.

Their counters lie in no range of the operator, so only codes that are found nowhere else are looked
up here, and of these only such as belong to a series that has self-made serials: a batch of the
operator's codes never comes here, a batch with a forged one costs a look-up for its series.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.rows import SerialSource, SeriesRow
from emitter.store.serial_rows import HOLDER_SIZE, SerialRow

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.keys import KeyRing
    from emitter.store.port import Reader, Store


class Found(NamedTuple):
    """Codes that were found: which, for each the number of its holder and its index there.

    A holder is a buffer: participant, order, GTIN.
    """

    codes: list[int]
    holder: list[int]
    code_index: list[int]
    holders: list[tuple[int, UUID, int]]


def find_own(
    text: bytes, store: Store, keys: KeyRing, parsed: NDArray[np.void], reasons: NDArray[np.uint8]
) -> Found:
    """Find codes that no range has; clear the reasons of those that are found.

    The reason of a code that is not found says what it would where the operator makes serials.
    """
    lost = np.flatnonzero(
        (reasons == Reason.CODE_UNKNOWN_GTIN) | (reasons == Reason.CODE_NEVER_ISSUED)
    )
    if not len(lost):
        return Found([], [], [], [])
    names = parsed["gtin"][lost] * np.uint64(256) + parsed["serial_size"][lost]
    series, inverse = np.unique(names, return_inverse=True)
    forms = store.view(lambda reader: _forms(reader, series.tolist()))
    form = np.array(forms, np.uint8)[inverse]
    is_own = form != _core.FORM_NONE
    return _find(text, store, keys, parsed, reasons, lost[is_own], form[is_own])


def _forms(reader: Reader, series: list[int]) -> list[int]:
    """Return the form of each series that has self-made serials, FORM_NONE for the others."""
    rows = reader.get_many([schema.series_key(*divmod(name, 256)) for name in series])
    known = [SeriesRow.unpack(row) if row else None for row in rows]
    return [row.form if row and row.source & SerialSource.SELF_MADE else _core.FORM_NONE
            for row in known]  # fmt: skip


def _find(  # noqa: PLR0917 - a batch in columns
    text: bytes,
    store: Store,
    keys: KeyRing,
    parsed: NDArray[np.void],
    reasons: NDArray[np.uint8],
    codes: NDArray[np.int64],
    form: NDArray[np.uint8],
) -> Found:
    """Look codes up that may have self-made serials."""
    forms = np.full(len(parsed), _core.FORM_NONE, np.uint8)
    forms[codes] = form
    _, refused = _core.invert(keys.serial_key, text, parsed, forms)
    reasons[codes] = np.where(refused[codes] == 0, Reason.CODE_NEVER_ISSUED, refused[codes])
    codes = codes[refused[codes] == 0]
    gtins = parsed["gtin"][codes].tolist()
    rows = store.view(partial(_read, keys=_serial_keys(text, parsed[codes])))
    holders: dict[tuple[bytes, int], int] = {}
    found = Found([], [], [], [])
    for code, gtin, row in zip(codes.tolist(), gtins, rows, strict=True):
        if row is not None:
            name = (row[:HOLDER_SIZE], gtin)
            found.codes.append(code)
            found.holder.append(holders.setdefault(name, len(holders)))
            found.code_index.append(int.from_bytes(row[HOLDER_SIZE:], "little"))
    for holder, gtin in holders:
        bin_, order_id, _ = SerialRow.unpack(holder + bytes(4))
        found.holders.append((bin_, order_id, gtin))
    reasons[found.codes] = 0
    return found


def _serial_keys(text: bytes, items: NDArray[np.void]) -> list[bytes]:
    """Return the keys of the serials in parsed codes."""
    gtins = items["gtin"].tolist()
    prefixes = {gtin: schema.own_serials_prefix(gtin) for gtin in set(gtins)}
    starts = items["start"] + items["serial_at"]
    ends = starts + items["serial_size"]
    return [
        prefixes[gtin] + text[start:end]
        for gtin, start, end in zip(gtins, starts.tolist(), ends.tolist(), strict=True)
    ]


def _read(reader: Reader, keys: list[bytes]) -> list[bytes | None]:
    """Return the rows of serials whose orders are there."""
    rows = reader.get_many(keys)
    holders = list({row[:HOLDER_SIZE] for row in rows if row})
    orders = [SerialRow.unpack(holder + bytes(4)) for holder in holders]
    there = reader.get_many([schema.order_key(order.bin, order.order_id) for order in orders])
    gone = {holder for holder, order in zip(holders, there, strict=True) if order is None}
    if gone:
        rows = [None if row and row[:HOLDER_SIZE] in gone else row for row in rows]
    return rows
