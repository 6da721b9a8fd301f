"""Numbers of goods: the GTIN and its check digit (GS1 General Specifications, section 7.9.1).

A GTIN is always 14 digits here; shorter ones (GTIN-8, -12, -13) are written with zeros in front,
which leaves the check digit as it is. Inside the engine a GTIN is an integer.
"""

from __future__ import annotations

from emitter.errors import Reason, Refused

GTIN_SIZE = 14
GTIN_END = 10**GTIN_SIZE

GS = b"\x1d"
"""Separator of elements in a code: the byte that stands for FNC1 inside a symbol."""


def check_digit(digits: str) -> int:
    """Return the check digit that belongs behind ``digits`` (the number without it), 0 to 9.

    From the right the digits weigh 3, 1, 3, 1 …; the check digit fills the sum up to a multiple
    of ten.
    """
    weighted = sum(int(digit) for digit in digits) + 2 * sum(int(d) for d in digits[::-2])
    return -weighted % 10


def require_gtin(text: str, field: str) -> int:
    """Return the GTIN written in ``text``: 14 ASCII digits with a valid check digit, not all zero.

    Anything else is refused as GTIN_INVALID, naming ``field``.
    """
    if len(text) == GTIN_SIZE and text.isascii() and text.isdigit():
        gtin = int(text)
        if gtin and check_digit(text[:-1]) == gtin % 10:
            return gtin
    raise Refused(Reason.GTIN_INVALID, field=field)


def format_gtin(gtin: int) -> str:
    """Return the 14 digits of ``gtin``; ValueError if it has more."""
    if not 0 <= gtin < GTIN_END:
        raise ValueError(f"a GTIN has {GTIN_SIZE} digits: {gtin}")
    return f"{gtin:0{GTIN_SIZE}d}"
