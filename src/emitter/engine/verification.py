"""Checking scanned codes in bulk: genuine or not and why, product, owner and state (C5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.code_states import read_states
from emitter.engine.locating import SHORT_SIZE, locate_codes
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.rows import ParticipantRow
from emitter.trade.circulation import STATE_MASK, UTILISED

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.keys import KeyRing
    from emitter.engine.locating import Place
    from emitter.engine.ranges import Ranges
    from emitter.store.port import Reader, Store


class IssuedBuffer(NamedTuple):
    """Where a genuine code comes from (C5)."""

    order_id: UUID
    gtin: int
    template_id: int
    owner_bin: int
    owner_name: str


class VerifiedCodes(NamedTuple):
    """One verdict a code, in columns: `Reason`, `CodeState` (0: none), index into ``buffers``.

    ``utilised`` says which codes the line has reported as put on goods. ``buffers`` are those of
    the genuine codes: who holds a forged one's serial is told to nobody. ``short`` marks
    the codes with a four-character check, ``wrong_short`` counts the wrong ones, each reading that
    was tried: they could be guesses.
    """

    reasons: NDArray[np.uint8]
    states: NDArray[np.uint8]
    utilised: NDArray[np.bool_]
    buffer_index: NDArray[np.int32]
    buffers: list[IssuedBuffer]
    wrong_short: int
    short: NDArray[np.bool_]

    def withheld(self) -> VerifiedCodes:
        """Return the same without verdicts on short checks, right or wrong: CODE_WITHHELD."""
        told = ~self.short
        kept, index = np.unique(self.buffer_index[told], return_inverse=True)
        buffer_index = np.full(len(told), -1, np.int32)
        buffer_index[told] = index - int(len(kept) > 0 and kept[0] == -1)
        return self._replace(
            reasons=np.where(told, self.reasons, np.uint8(Reason.CODE_WITHHELD)),
            states=self.states * told,
            utilised=self.utilised & told,
            buffer_index=buffer_index,
            buffers=[self.buffers[place] for place in kept.tolist() if place >= 0],
        )


def verify_codes(text: bytes, store: Store, ranges: Ranges, keys: KeyRing) -> VerifiedCodes:
    """Check codes separated by LF; see the module."""
    codes = locate_codes(text, store, ranges, keys)
    reasons = codes.reasons
    genuine = np.flatnonzero((reasons == 0) & (codes.slots >= 0))
    states = np.zeros(len(reasons), np.uint8)
    buffer_index = np.full(len(reasons), -1, np.int32)
    told, buffer_index[genuine] = np.unique(codes.slots[genuine], return_inverse=True)
    places = [codes.places[slot] for slot in told.tolist()]
    buffers = [codes.buffers[slot] for slot in told.tolist()]

    def read(reader: Reader) -> tuple[NDArray[np.uint8], list[str]]:
        indexes = codes.indexes[genuine]
        found = read_states(reader, places, buffers, buffer_index[genuine], indexes)
        return found, _names(reader, places)

    states[genuine], names = store.view(read)
    issued = [
        IssuedBuffer(place.order_id, place.gtin, buffer.template_id, place.bin, name)
        for place, buffer, name in zip(places, buffers, names, strict=True)
    ]
    return VerifiedCodes(
        reasons,
        states & np.uint8(STATE_MASK),
        (states & UTILISED) != 0,
        buffer_index,
        issued,
        len(codes.guesses),
        codes.parsed["check_size"] == SHORT_SIZE,
    )


def _names(reader: Reader, places: list[Place]) -> list[str]:
    """Return the name of the participant of each place."""
    bins = list(dict.fromkeys(place.bin for place in places))
    names = {}
    rows = reader.get_many([schema.participant_key(bin_) for bin_ in bins])
    for bin_, row in zip(bins, rows, strict=True):
        if row is None:
            raise AssertionError("an order leads to a participant that is not there")
        names[bin_] = ParticipantRow.unpack(row).name
    return [names[place.bin] for place in places]
