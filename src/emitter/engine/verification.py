"""Checking scanned codes in bulk: genuine or not and why, product, owner and state (C5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.code_states import plain_states, read_states
from emitter.engine.locating import SHORT_SIZE, locate_codes, participant_names
from emitter.engine.staged_rows import valid_rows
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.code_rows import OWNED, life_flags
from emitter.store.holding_keys import Holding, holding_key
from emitter.store.spans import read_values
from emitter.trade.circulation import STATE_MASK, UTILISED

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.keys import KeyRing
    from emitter.engine.locating import Place
    from emitter.engine.ranges import Ranges
    from emitter.store.port import Reader, Store


_BIN_BITS = np.uint64(40)  # a BIN has twelve digits


class IssuedBuffer(NamedTuple):
    """Where genuine codes come from, and whose the goods are now (C5)."""

    order_id: UUID
    gtin: int
    template_id: int
    owner_bin: int
    owner_name: str


class VerifiedCodes(NamedTuple):
    """One verdict a code, in columns: `Reason`, `CodeState` (0: none), index into ``buffers``.

    A buffer of whose codes some have changed hands comes once for each of their owners.

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
    indexes = codes.indexes[genuine]
    told = np.flatnonzero(np.bincount(codes.slots[genuine], minlength=len(codes.places)))
    slots = np.searchsorted(told, codes.slots[genuine])
    places = [codes.places[slot] for slot in told.tolist()]
    buffers = [codes.buffers[slot] for slot in told.tolist()]

    def read(reader: Reader) -> tuple[NDArray[np.uint8], _Owned, dict[int, str]]:
        lives = valid_rows(reader, reader.get_many([schema.life_key(*place) for place in places]))
        found = read_states(reader, places, buffers, slots, indexes, lives=lives)
        owned = _owned(reader, places, lives, slots, indexes)
        return found, owned, participant_names(reader, set(owned.bins))

    if any(codes.touched[slot] for slot in told.tolist()):
        states[genuine], owned, names = store.view(read)
    else:  # nothing to look up: all is as the buffers say
        states[genuine], names = plain_states(buffers, slots, indexes), codes.names
        owned = _as_issued(places, slots)
    buffer_index[genuine] = owned.of_code
    issued = [
        IssuedBuffer(
            places[slot].order_id, places[slot].gtin, buffers[slot].template_id, bin_, names[bin_]
        )
        for slot, bin_ in zip(owned.slots, owned.bins, strict=True)
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


class _Owned(NamedTuple):
    """Buffers by owner: number of the buffer and BIN of each, and which of them each code is of."""

    slots: list[int]
    bins: list[int]
    of_code: NDArray[np.intp]


def _as_issued(places: list[Place], slots: NDArray[np.intp]) -> _Owned:
    """Return the codes as those of whom they were issued to."""
    return _Owned(list(range(len(places))), [place.bin for place in places], slots)


def _owned(
    reader: Reader,
    places: list[Place],
    lives: list[bytes | None],
    slots: NDArray[np.intp],
    indexes: NDArray[np.int64],
) -> _Owned:
    """Return the owners of codes; buffers of which no code has changed hands cost nothing."""
    issued = _as_issued(places, slots)
    moved = [slot for slot, life in enumerate(lives) if life and life_flags(life) & OWNED]
    if not moved:
        return issued
    position = np.full(len(places), -1, np.int64)
    position[moved] = range(len(moved))
    asked = np.flatnonzero(position[slots] >= 0)
    keys = [holding_key(Holding.OWNER, *places[slot]) for slot in moved]
    values = read_values(reader, keys, position[slots[asked]], indexes[asked])
    owners = np.array(issued.bins, np.uint64)[slots]
    owners[asked] = np.where(values == 0, owners[asked], values)
    pairs, index = np.unique(slots.astype(np.uint64) << _BIN_BITS | owners, return_inverse=True)
    return _Owned((pairs >> _BIN_BITS).tolist(), (pairs & np.uint64((1 << 40) - 1)).tolist(), index)
