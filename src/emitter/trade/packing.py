"""Boxes: what packs codes, how boxes are named, and their SSCC (GS1 General Specifications, 3.2).

An SSCC is AI 00 and 18 digits: an extension digit, a GS1 company prefix, a serial reference and the
check digit. It names one logistic unit in the world. Inside the engine a box is one integer of 64
bits: its SSCC, or, where a participant uses a number of its own, the top bit and 63 bits of a
SHA-256 over the participant and the number. Two numbers that meet there are refused, not mixed up:
the row of a box holds its name.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from emitter.errors import Reason, Refused
from emitter.trade.circulation import UTILISED, DocumentKind, Move
from emitter.trade.gs1 import check_digit
from emitter.trade.states import CodeState
from emitter.trade.titled import Titled

SSCC_SIZE = 18
SSCC_END: int = 10**SSCC_SIZE
PREFIX_SIZES = range(4, 13)  # digits of a GS1 company prefix
NAME_CHARS_MAX = 64
_OWN = 1 << 63
_NOISE = ("]C1", "]d2", "]e0", "(00)")  # what scanners and people put in front


class BoxKind(Titled):
    """What a box is for."""

    GROUP = (1, "Group package", "Групповая упаковка")
    TRANSPORT = (2, "Transport unit", "Транспортная упаковка")


class BoxState(Titled):
    """Whether a box is in use. What has become of the goods is told by the states of their codes.

    A withdrawal or a dropout by the box moves its codes and leaves the box as it is, so that a
    return by the box finds them all. A disbanded box may be made anew by whoever had it.
    """

    PACKED = (1, "Packed", "Упакована")
    DISBANDED = (2, "Disbanded", "Расформирована")


class BoxName(NamedTuple):
    """A box as it is named: its number inside the engine, and the text people read."""

    box: int
    text: str


def require_box(text: str, bin_: int, field: str) -> BoxName:
    """Return the box that a participant names: an SSCC in any spelling, or a number of its own.

    Eighteen digits are an SSCC (SSCC_INVALID if the check digit is wrong), with or without AI 00
    or a symbology identifier in front; so are twenty that begin with 00. Any other text of up to
    `NAME_CHARS_MAX` printable characters is the participant's own number.
    """
    bare = text.strip()
    for noise in _NOISE:
        bare = bare.removeprefix(noise)
    if bare.isascii() and bare.isdigit() and len(bare) in (SSCC_SIZE, SSCC_SIZE + 2):
        if len(bare) == SSCC_SIZE or bare.startswith("00"):
            sscc = bare[-SSCC_SIZE:]
            if check_digit(sscc[:-1]) != int(sscc[-1]):
                raise Refused(Reason.SSCC_INVALID, field=field)
            return BoxName(int(sscc), sscc)
    elif bare != text.strip() or not text.isprintable():
        raise Refused(Reason.SSCC_INVALID, field=field)
    own = text.strip()
    if not 1 <= len(own) <= NAME_CHARS_MAX:
        raise Refused(Reason.TEXT_INVALID, field=field, limit=NAME_CHARS_MAX)
    digest = hashlib.sha256(f"{bin_}/{own}".encode()).digest()
    return BoxName(int.from_bytes(digest[:8], "big") | _OWN, own)


def is_sscc(box: int) -> bool:
    """Return whether a box is named by an SSCC."""
    return box < SSCC_END


def format_sscc(sscc: int) -> str:
    """Return the 18 digits of an SSCC; ValueError if it has more."""
    if not 0 <= sscc < SSCC_END:
        raise ValueError(f"an SSCC has {SSCC_SIZE} digits: {sscc}")
    return f"{sscc:0{SSCC_SIZE}d}"


class SsccSpace:
    """All SSCCs of a GS1 company prefix, counted from 0: the extension digit counts highest."""

    def __init__(self, prefix: str) -> None:
        """Take a prefix of digits; ValueError if it cannot be one."""
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) in PREFIX_SIZES):
            raise ValueError(f"a GS1 company prefix has 4 to 12 digits: {prefix!r}")
        self.prefix = prefix
        self._serials: int = 10 ** (SSCC_SIZE - 2 - len(prefix))

    @property
    def size(self) -> int:
        """Return how many there are."""
        return 10 * self._serials

    def sscc(self, counter: int) -> int:
        """Return the SSCC of a counter; ValueError beyond the space."""
        extension, serial = divmod(counter, self._serials)
        if not 0 <= extension <= 9:
            raise ValueError(f"counter {counter} is outside the space of prefix {self.prefix}")
        width = SSCC_SIZE - 2 - len(self.prefix)
        digits = f"{extension}{self.prefix}{serial:0{width}d}"
        return int(digits) * 10 + check_digit(digits)

    def counter(self, sscc: int) -> int | None:
        """Return the counter of an SSCC, None if it has another prefix."""
        digits = format_sscc(sscc)
        end = 1 + len(self.prefix)
        if digits[1:end] != self.prefix:
            return None
        return int(digits[0]) * self._serials + int(digits[end:-1])


class Packing(Move):
    """What a document of packing asks of a code: a state in which it may be packed; it keeps it."""

    def table(self) -> bytes:
        """Return 256 bytes: for the byte of a code the same byte, 0 for a refusal."""
        table = bytearray(256)
        for state in self.takes:
            table[state], table[state | UTILISED] = state, state | UTILISED
        return bytes(table)


PACK = Packing(
    DocumentKind.AGGREGATION, None,
    (CodeState.APPLIED_AND_PAID, CodeState.INTRODUCED), None, breaks_box=True,
)  # fmt: skip
"""Goods go into one box: their codes lie in no other, and the goods are here to be packed."""

UNPACK = Packing(DocumentKind.DISAGGREGATION, None, tuple(CodeState), None, breaks_box=False)
"""Goods come out of a box in whatever state they are."""
