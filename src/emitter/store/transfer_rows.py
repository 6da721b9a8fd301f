"""Rows of transfers: goods on their way from one participant to another, and what came of it."""

from __future__ import annotations

import struct
from typing import NamedTuple
from uuid import UUID

_TRANSFER = struct.Struct("<BQQqqQQ16s")
_NONE = bytes(16)


class TransferRow(NamedTuple):
    """A transfer, kept alike under its sender and its recipient.

    Its id is that of the document of the shipment, which is the sender's; ``answer_id`` that of the
    document which ended it: the recipient's, or the sender's own of a recall. ``codes`` counts what
    was shipped, ``accepted`` what changed its owner. ``boxes`` are those that were shipped with all
    that lies in them. Instants in microseconds UTC, 0 for not yet.
    """

    state: int
    sender: int
    recipient: int
    shipped_us: int
    answered_us: int
    codes: int
    accepted: int
    answer_id: UUID | None
    boxes: tuple[int, ...] = ()

    def pack(self) -> bytes:
        """Return the row."""
        head = _TRANSFER.pack(*self[:7], self.answer_id.bytes if self.answer_id else _NONE)
        return head + struct.pack(f"<{len(self.boxes)}Q", *self.boxes)

    @classmethod
    def unpack(cls, row: bytes) -> TransferRow:
        """Return the value of a row."""
        *fields, answer = _TRANSFER.unpack_from(row)
        boxes = struct.unpack_from(f"<{(len(row) - _TRANSFER.size) // 8}Q", row, _TRANSFER.size)
        return cls._make((*fields, UUID(bytes=answer) if answer != _NONE else None, boxes))
