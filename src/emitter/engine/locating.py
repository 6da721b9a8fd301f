"""Finding scanned codes: parse, invert the serial to its counter, recompute the check, in bulk.

The core does what is done per code; here is only what is done per GTIN and per buffer. A code is
genuine when its counter lies in a range that was issued, its text is what the buffer's template
makes, the key id of AI 91 is the one in the recipe, and the check code is the recomputed one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.rows import OrderRow
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.keys import KeyRing
    from emitter.engine.ranges import Ranges, Series
    from emitter.store.port import Reader, Store
    from emitter.store.rows import BufferRow


class Place(NamedTuple):
    """The address of a buffer; a code is addressed by its index in it."""

    bin: int  # of the participant for whom the codes were emitted
    order_id: UUID
    gtin: int


class LocatedCodes(NamedTuple):
    """Where codes were issued, in columns: `Reason`, number of the buffer (-1 none), index in it.

    A code that is refused as forged still has its place, so that nobody tells it to the caller.
    """

    parsed: NDArray[np.void]
    reasons: NDArray[np.uint8]
    slots: NDArray[np.int32]
    indexes: NDArray[np.int64]
    places: list[Place]
    buffers: list[BufferRow]


def locate_codes(text: bytes, store: Store, ranges: Ranges, keys: KeyRing) -> LocatedCodes:
    """Find codes separated by LF and check their origin."""
    parsed = _core.parse(text)
    reasons = parsed["reason"].copy()
    slots = np.full(len(parsed), -1, np.int32)
    indexes = np.zeros(len(parsed), np.int64)
    places: list[Place] = []
    for found in _find(text, parsed, reasons, ranges, keys):
        held, inverse = np.unique(found.range_index, return_inverse=True)
        slots[found.codes] = len(places) + inverse
        indexes[found.codes] = found.counters
        gtin = int(parsed["gtin"][found.codes[0]])
        places += [Place(*found.series.owner(index), gtin) for index in held.tolist()]
    buffers = store.view(lambda reader: read_buffers(reader, places))
    codes = LocatedCodes(parsed, reasons, slots, indexes, places, buffers)
    _judge(text, codes, keys)
    return codes


def read_buffers(reader: Reader, places: list[Place]) -> list[BufferRow]:
    """Return the buffers at places that ranges lead to."""
    orders = reader.get_many([schema.order_key(place.bin, place.order_id) for place in places])
    buffers = []
    for place, packed in zip(places, orders, strict=True):
        buffer = OrderRow.unpack(packed).buffer(place.gtin) if packed else None
        if buffer is None:
            raise AssertionError("a range leads to an order that is not there")
        buffers.append(buffer)
    return buffers


def _judge(text: bytes, codes: LocatedCodes, keys: KeyRing) -> None:
    """Turn counters to indexes and write CODE_FORGED for codes that their recipe does not make."""
    parsed, reasons, slots, indexes, _, buffers = codes
    found = np.flatnonzero(slots >= 0)
    if not len(found):
        return
    templates = [TEMPLATES[buffer.template_id] for buffer in buffers]
    slot = slots[found]
    indexes[found] -= np.array([buffer.first for buffer in buffers], np.int64)[slot]
    shaped = parsed["issued_size"][found] == np.array([t.size for t in templates])[slot]
    key_ids = [b.key_id if t.has_key_id else -1 for b, t in zip(buffers, templates, strict=True)]
    shaped &= parsed["key_id"][found] == np.array(key_ids)[slot]
    reasons[found[~shaped]] = Reason.CODE_FORGED
    used, key_of = np.unique([buffer.key_id for buffer in buffers], return_inverse=True)
    key_index = np.full(len(parsed), -1, np.int16)
    key_index[found[shaped]] = key_of[slot[shaped]]
    forged = _core.check(text, parsed, [keys.check_key(key) for key in used.tolist()], key_index)
    reasons[(forged != 0) & (reasons == 0)] = Reason.CODE_FORGED


class _Found(NamedTuple):
    """The codes of one series whose counters were issued: which codes, and their places."""

    codes: NDArray[np.int64]
    counters: NDArray[np.uint64]
    range_index: NDArray[np.int64]
    series: Series


def _find(
    text: bytes,
    parsed: NDArray[np.void],
    reasons: NDArray[np.uint8],
    ranges: Ranges,
    keys: KeyRing,
) -> list[_Found]:
    """Find the ranges of the codes' counters, series by series; write reasons for the others."""
    good = np.flatnonzero(reasons == 0)
    place = parsed["gtin"][good] * np.uint64(256) + parsed["serial_size"][good]
    order = np.argsort(place, kind="stable")
    names, starts = np.unique(place[order], return_index=True)
    forms = np.full(len(parsed), _core.FORM_NONE, np.uint8)
    groups: list[tuple[NDArray[np.int64], Series]] = []
    bounds = pairwise([*starts.tolist(), len(order)])
    for name, (start, end) in zip(names.tolist(), bounds, strict=True):
        codes = good[order[start:end]]
        series = ranges.series(*divmod(name, 256))
        if series is None:
            reasons[codes] = Reason.CODE_UNKNOWN_GTIN
            continue
        forms[codes] = series.form
        groups.append((codes, series))
    counters, refused = _core.invert(keys.serial_key, text, parsed, forms)
    reasons[refused != 0] = refused[refused != 0]
    found = []
    for codes, series in groups:
        readable = codes[reasons[codes] == 0]
        index = series.find(counters[readable])
        reasons[readable[index < 0]] = Reason.CODE_NEVER_ISSUED
        issued = readable[index >= 0]
        if len(issued):
            found.append(_Found(issued, counters[issued], index[index >= 0], series))
    return found
