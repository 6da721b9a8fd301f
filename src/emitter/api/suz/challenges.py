"""What a station signs in order to sign in: a text that proves itself and is good once.

Nothing is kept for a text that was given out, so giving them out cannot fill any memory; only
those that were redeemed are remembered until they would have expired anyway.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable


class Challenge(NamedTuple):
    """A text to sign, and the id under which it comes back."""

    uuid: UUID
    data: str


class Challenges:
    """Gives out texts to sign; they live in this process and die with it."""

    def __init__(self, lifetime_s: float, clock: Callable[[], float] = time.time) -> None:
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._redeemed: dict[UUID, int] = {}

    def make(self) -> Challenge:
        """Return a new text to sign."""
        made, expires = uuid4(), int(self._clock() + self._lifetime_s)
        return Challenge(made, self._data(made, expires))

    def redeem(self, uuid: UUID, data: bytes) -> None:
        """Accept a text that came back signed, once and in time; refused SIGNATURE_INVALID."""
        now = self._clock()
        stamp = data[:8]
        expires = int(stamp, 16) if len(stamp) == 8 and _is_hex(stamp) else 0
        ours = self._data(uuid, expires).encode()
        if expires <= now or not hmac.compare_digest(ours, data) or uuid in self._redeemed:
            raise Refused(Reason.SIGNATURE_INVALID, rule="the signed data is not what was given")
        self._redeemed = {name: end for name, end in self._redeemed.items() if end > now}
        self._redeemed[uuid] = expires

    def _data(self, uuid: UUID, expires: int) -> str:
        proof = hmac.new(self._secret, uuid.bytes + expires.to_bytes(8, "big"), hashlib.sha256)
        return f"{expires:08X}{proof.hexdigest().upper()}"


def _is_hex(text: bytes) -> bool:
    return all(letter in b"0123456789ABCDEF" for letter in text)
