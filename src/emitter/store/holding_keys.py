"""Keys of who holds goods: kinds O and T of `schema`."""

from __future__ import annotations

import enum
from uuid import UUID

from emitter.store.schema import buffer_of, life_key, owner

OWNERS, TRANSFERS = b"O", b"T"


class Holding(enum.IntEnum):
    """What a map of kind O says of codes."""

    OWNER = 1  # BIN of the owner, where it is not the participant for whom they were emitted
    RECIPIENT = 2  # BIN of the participant they are shipped to, who has not answered yet


def holding_key(what: Holding, bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return the key of the root of a map of a buffer's codes."""
    return OWNERS + bytes((what,)) + life_key(bin_, order_id, gtin)[1:]


HOLDING_KEY_SIZE = 34
"""The size of the key of a root of kind O; those of its pages are longer."""


def holding_of(key: bytes) -> tuple[Holding, tuple[int, UUID, int]]:
    """Return what a map of kind O is about: what it says, and of which buffer."""
    return Holding(key[1]), buffer_of(key[1:])


class Side(enum.IntEnum):
    """Which side of a transfer a participant is on."""

    SENDER = 1
    RECIPIENT = 2


def transfer_key(bin_: int, side: Side, transfer_id: UUID) -> bytes:
    """Return the key of a transfer under one of its two participants."""
    return transfers_prefix(bin_, side) + transfer_id.bytes


def transfers_prefix(bin_: int, side: Side) -> bytes:
    """Return what the keys of all transfers of a participant start with, on one side."""
    return TRANSFERS + bin_.to_bytes(8, "big") + bytes((side,))


def transfer_of(key: bytes) -> tuple[int, Side, UUID]:
    """Return participant, its side, and the id in a key of kind T."""
    return owner(key), Side(key[9]), UUID(bytes=key[10:26])
