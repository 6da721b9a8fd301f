"""Finding scanned codes: parse, invert the serial to its counter, recompute the check, in bulk.

The core does what is done per code; here is only what is done per GTIN and per buffer. A code is
genuine when its counter lies in a range that was issued, its text is what the buffer's template
makes, the key id of AI 91 is the one in the recipe, and the check code is the recomputed one.

Texts are judged as they stand. One that is refused is tried as each code it may have been before a
scanner or a file spoilt it (`_core.readings`), with the same strictness: the first reading that is
genuine is taken, else of a text that cannot be parsed the first reading and its reason. So what is
genuine as it stands is nothing else, and nothing passes whose own check code is not right.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.engine.own_serials import find_own
from emitter.engine.spreading import spread
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.rows import OrderRow, ParticipantRow
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
    ``parsed`` are the rows of what was taken; their places are in the text that it was read from.
    ``buffers`` and ``touched`` (whether a buffer has a life, or none of its codes have departed
    from it) are read at one moment, for the ``places``; ``names`` are those of their participants.
    ``guesses`` are the GTINs of the wrong four-character checks, one entry for each that was tried.
    """

    parsed: NDArray[np.void]
    reasons: NDArray[np.uint8]
    slots: NDArray[np.int32]
    indexes: NDArray[np.int64]
    places: list[Place]
    buffers: list[BufferRow]
    touched: list[bool]
    names: dict[int, str]
    guesses: NDArray[np.uint64]


SHORT_SIZE = 4
"""Characters of a check that counts online only."""


def locate_codes(
    text: bytes, store: Store, ranges: Ranges, keys: KeyRing, *, identification: bool = False
) -> LocatedCodes:
    """Find codes separated by LF and check their origin.

    With ``identification`` an identification code alone is found too; it has no check to be wrong.
    """
    exact = _locate(text, store, ranges, keys, identification=identification)
    refused = exact.reasons != 0
    if not refused.any():
        return exact
    lines, origins = _core.readings(text, exact.parsed, refused, identification=identification)
    if not len(origins):
        return exact._replace(guesses=_guesses(exact, refused))
    read = _locate(lines, store, ranges, keys, identification=identification)
    return _taken(exact, read, origins)


def _taken(exact: LocatedCodes, read: LocatedCodes, origins: NDArray[np.int64]) -> LocatedCodes:
    """Put in place of refused texts what their readings make of them; see the module."""
    genuine = np.flatnonzero(read.reasons == 0)
    items, first = np.unique(origins[genuine], return_index=True)
    chosen = genuine[first]
    cleared = np.zeros(len(exact.reasons), np.bool_)
    cleared[items] = True
    readable, first = np.unique(origins, return_index=True)
    unread = (exact.reasons[readable] == Reason.CODE_UNPARSABLE) & ~cleared[readable]
    guesses = np.concatenate([_guesses(exact, ~cleared), _guesses(read, ~cleared[origins])])
    items = np.concatenate([items, readable[unread]])
    chosen = np.concatenate([chosen, first[unread]])
    number = {place: slot for slot, place in enumerate(exact.places)}
    slot_of = [number.setdefault(place, len(number)) for place in read.places]
    held = {
        place: (buffer, touched)
        for codes in (exact, read)
        for place, buffer, touched in zip(codes.places, codes.buffers, codes.touched, strict=True)
    }
    slots = read.slots[chosen]
    exact.parsed[items] = read.parsed[chosen]
    exact.reasons[items] = read.reasons[chosen]
    exact.slots[items] = np.where(slots < 0, -1, np.array([*slot_of, -1], np.int32)[slots])
    exact.indexes[items] = read.indexes[chosen]
    return exact._replace(
        places=list(number),
        buffers=[held[place][0] for place in number],
        touched=[held[place][1] for place in number],
        names=exact.names | read.names,
        guesses=guesses,
    )


def _guesses(codes: LocatedCodes, of: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return the GTINs of the wrong short checks of some codes."""
    reasons = codes.reasons
    wrong = (reasons == Reason.CODE_FORGED) | (reasons == Reason.CODE_NEVER_ISSUED)
    found: NDArray[np.uint64] = codes.parsed["gtin"][
        of & wrong & (codes.parsed["check_size"] == SHORT_SIZE)
    ]
    return found


def _locate(
    text: bytes, store: Store, ranges: Ranges, keys: KeyRing, *, identification: bool
) -> LocatedCodes:
    """Find codes as they stand."""
    parsed = _core.parse(text, identification=identification)
    reasons = parsed["reason"].copy()
    slots = np.full(len(parsed), -1, np.int32)
    indexes = np.zeros(len(parsed), np.int64)
    places: list[Place] = []
    for found in _find(text, parsed, reasons, ranges, keys):
        ranges_met, inverse = np.unique(found.range_index, return_inverse=True)
        slots[found.codes] = len(places) + inverse
        indexes[found.codes] = found.counters
        gtin = int(parsed["gtin"][found.codes[0]])
        places += [Place(*found.series.owner(index), gtin) for index in ranges_met.tolist()]
    own = find_own(text, store, keys, parsed, reasons)
    slots[own.codes] = len(places) + np.array(own.holder, np.int32)
    indexes[own.codes] = own.code_index
    places += [Place(*holder) for holder in own.holders]
    buffers, touched, names = store.view(partial(_read, places=places))
    guesses = np.empty(0, np.uint64)
    codes = LocatedCodes(parsed, reasons, slots, indexes, places, buffers, touched, names, guesses)
    _judge(text, codes, keys)
    return codes


def _read(
    reader: Reader, places: list[Place]
) -> tuple[list[BufferRow], list[bool], dict[int, str]]:
    """Return the buffers at places, which of them are touched, and whose they are."""
    buffers = read_buffers(reader, places)
    lives = reader.get_many([schema.life_key(*place) for place in places])
    names = participant_names(reader, {place.bin for place in places})
    return buffers, [life is not None for life in lives], names


def participant_names(reader: Reader, bins: set[int]) -> dict[int, str]:
    """Return the names of participants who own codes."""
    asked = list(bins)
    rows = reader.get_many([schema.participant_key(bin_) for bin_ in asked])
    if None in rows:
        raise AssertionError("codes have an owner that is no participant")
    return {bin_: ParticipantRow.unpack(row or b"").name
            for bin_, row in zip(asked, rows, strict=True)}  # fmt: skip


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
    parsed, reasons, slots, indexes, buffers = *codes[:4], codes.buffers
    found = np.flatnonzero(slots >= 0)
    if not len(found):
        return
    templates = [TEMPLATES[buffer.template_id] for buffer in buffers]
    slot = slots[found]
    indexes[found] -= np.array([buffer.first for buffer in buffers], np.int64)[slot]
    alone = parsed["check_size"][found] == 0
    sizes = np.array([t.size for t in templates])[slot]
    ends = np.array([t.serial_at + t.serial_size for t in templates])[slot]
    shaped = parsed["issued_size"][found] == np.where(alone, ends, sizes)
    key_ids = [b.key_id if t.has_key_id else -1 for b, t in zip(buffers, templates, strict=True)]
    shaped &= alone | (parsed["key_id"][found] == np.array(key_ids)[slot])
    reasons[found[~shaped]] = Reason.CODE_FORGED
    number = {key: at for at, key in enumerate(dict.fromkeys(b.key_id for b in buffers))}
    check_keys = [keys.check_key(key) for key in number]
    key_index = np.full(len(parsed), -1, np.int16)
    checked = shaped & ~alone
    key_index[found[checked]] = np.array([number[b.key_id] for b in buffers])[slot[checked]]
    forged = np.concatenate(
        spread(
            lambda part: _core.check(text, parsed[part], check_keys, key_index[part]), len(parsed)
        )
    )
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
    place = place[order]
    starts = np.flatnonzero(np.append(True, place[1:] != place[:-1])[: len(place)])
    names = place[starts]
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
