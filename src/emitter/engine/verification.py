"""Checking scanned codes in bulk: parse, invert the serial to its counter, recompute the check.

The core does what is done per code; here is only what is done per GTIN and per buffer. A code is
genuine when its counter lies in a range that was issued, its text is what the buffer's template
makes, the key id of AI 91 is the one in the recipe, and the check code is the recomputed one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.rows import OrderRow, ParticipantRow
from emitter.trade.states import BufferState, CodeState
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.keys import KeyRing
    from emitter.engine.ranges import Ranges, Series
    from emitter.store.port import Reader, Store
    from emitter.store.rows import BufferRow


_SHORT_SIZE = 4


class IssuedBuffer(NamedTuple):
    """Where a genuine code comes from (C5)."""

    order_id: UUID
    gtin: int
    template_id: int
    owner_bin: int
    owner_name: str


class VerifiedCodes(NamedTuple):
    """One verdict a code, in columns: `Reason`, `CodeState` (0: none), index into ``buffers``.

    ``buffers`` are those of the genuine codes: who holds a forged one's serial is told to nobody.
    ``wrong_short`` counts the wrong codes with a four-character check, which could be guesses.
    """

    reasons: NDArray[np.uint8]
    states: NDArray[np.uint8]
    buffer_index: NDArray[np.int32]
    buffers: list[IssuedBuffer]
    wrong_short: int


class _Found(NamedTuple):
    """The codes of one series whose counters were issued: which codes, and their places."""

    codes: NDArray[np.int64]
    counters: NDArray[np.uint64]
    range_index: NDArray[np.int64]
    series: Series


def verify_codes(text: bytes, store: Store, ranges: Ranges, keys: KeyRing) -> VerifiedCodes:
    """Check codes separated by LF; see the module."""
    parsed = _core.parse(text)
    reasons = parsed["reason"].copy()
    states = np.zeros(len(parsed), np.uint8)
    buffer_index = np.full(len(parsed), -1, np.int32)
    key_index = np.full(len(parsed), -1, np.int16)
    check_keys: dict[int, int] = {}
    buffers: list[IssuedBuffer] = []
    for found in _locate(text, parsed, reasons, ranges, keys):
        held, inverse = np.unique(found.range_index, return_inverse=True)
        holders = [found.series.owner(index) for index in held.tolist()]
        gtin = int(parsed["gtin"][found.codes[0]])
        issued = store.view(partial(_buffers, holders=holders, gtin=gtin))
        for place, (buffer, owner) in enumerate(issued):
            codes = found.codes[inverse == place]
            index = found.counters[inverse == place] - np.uint64(buffer.first)
            template = TEMPLATES[buffer.template_id]
            shaped = parsed["issued_size"][codes] == template.size
            if template.has_key_id:
                shaped &= parsed["key_id"][codes] == buffer.key_id
            reasons[codes[~shaped]] = Reason.CODE_FORGED
            key_index[codes[shaped]] = check_keys.setdefault(buffer.key_id, len(check_keys))
            states[codes] = np.where(
                index < buffer.delivered, CodeState.APPLIED_AND_PAID, _undelivered(buffer)
            )
            buffer_index[codes] = len(buffers)
            buffers.append(owner)
    forged = _core.check(text, parsed, [keys.check_key(key) for key in check_keys], key_index)
    reasons[(forged != 0) & (reasons == 0)] = Reason.CODE_FORGED
    genuine = reasons == 0
    states[~genuine] = 0
    buffer_index[~genuine] = -1
    told, buffer_index[genuine] = np.unique(buffer_index[genuine], return_inverse=True)
    wrong = (reasons == Reason.CODE_FORGED) | (reasons == Reason.CODE_NEVER_ISSUED)
    wrong_short = int(np.count_nonzero(wrong & (parsed["check_size"] == _SHORT_SIZE)))
    return VerifiedCodes(
        reasons, states, buffer_index, [buffers[index] for index in told], wrong_short
    )


def _buffers(
    reader: Reader, holders: list[tuple[int, UUID]], gtin: int
) -> list[tuple[BufferRow, IssuedBuffer]]:
    """Return the buffers of a GTIN that hold ranges, with what a caller is told of them."""
    orders = reader.get_many([schema.order_key(bin_, order_id) for bin_, order_id in holders])
    owners = reader.get_many([schema.participant_key(bin_) for bin_, _ in holders])
    issued = []
    for (bin_, order_id), packed, participant in zip(holders, orders, owners, strict=True):
        buffer = OrderRow.unpack(packed).buffer(gtin) if packed else None
        if buffer is None or participant is None:
            raise AssertionError("a range leads to an order and an owner that are not there")
        name = ParticipantRow.unpack(participant).name
        owner = IssuedBuffer(order_id, gtin, buffer.template_id, bin_, name)
        issued.append((buffer, owner))
    return issued


def _undelivered(buffer: BufferRow) -> CodeState:
    if buffer.state in (BufferState.CLOSED, BufferState.EXPIRED):
        return CodeState.ANNULLED
    return CodeState.EMITTED


def _locate(
    text: bytes,
    parsed: NDArray[np.void],
    reasons: NDArray[np.uint8],
    ranges: Ranges,
    keys: KeyRing,
) -> list[_Found]:
    """Find the ranges of the codes' counters, series by series; write reasons for the others."""
    good = np.flatnonzero(reasons == 0)
    place = parsed["gtin"][good] * np.uint64(256) + parsed["serial_size"][good]
    names, inverse = np.unique(place, return_inverse=True)
    forms = np.full(len(parsed), _core.FORM_NONE, np.uint8)
    groups: list[tuple[NDArray[np.int64], Series]] = []
    for number, name in enumerate(names.tolist()):
        codes = good[inverse == number]
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
