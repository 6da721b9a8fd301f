"""The end of a bearer token: a row of its own beside the token's, there only where it has one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from typing import Self

TOKEN_ENDS: Final = b"E"

_END = struct.Struct("<qq")


class TokenEndRow(NamedTuple):
    """When a bearer token ends by itself, and when it was revoked; 0 for never."""

    ends_us: int
    revoked_us: int

    def pack(self) -> bytes:
        """Return the row."""
        return _END.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> Self:
        """Return the value of a row."""
        return cls(*_END.unpack(row))


def token_end_key(token_key: bytes) -> bytes:
    """Return the key of the end of the token whose row has ``token_key``."""
    return TOKEN_ENDS + token_key[1:]
