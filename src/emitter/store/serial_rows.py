"""Rows of self-made serials: whose one is, and the serials of a buffer in parts of fixed width."""

from __future__ import annotations

import struct
from typing import NamedTuple
from uuid import UUID

_SERIAL = struct.Struct("<Q16sI")

HOLDER_SIZE = 24
"""Bytes of a serial's row that name the order; the index of the code is behind them."""

SERIALS_A_ROW = 3_000
"""Serials in a part: of the longest, 19 characters without the country digit, they fit a row."""


class SerialRow(NamedTuple):
    """Whose a self-made serial is, if the order is there: codes of a discarded job are nobody's."""

    bin: int
    order_id: UUID
    code_index: int

    def pack(self) -> bytes:
        """Return the row."""
        return _SERIAL.pack(self.bin, self.order_id.bytes, self.code_index)

    @classmethod
    def unpack(cls, row: bytes) -> SerialRow:
        """Return the value of a row."""
        bin_, order, code_index = _SERIAL.unpack(row)
        return cls(bin_, UUID(bytes=order), code_index)
