"""GS1: numbers of goods with their check digit, and element strings (GS1 General Specifications).

A GTIN is always 14 digits here; shorter ones (GTIN-8, -12, -13) are written with zeros in front,
which leaves the check digit as it is. Inside the engine a GTIN is an integer.

An element string is an application identifier (AI) and a value. A text of several needs the
separator GS behind a value, unless the AI's first two digits predefine its length.
"""

from __future__ import annotations

from typing import NamedTuple

from emitter.errors import Reason, Refused

GTIN_SIZE = 14
GTIN_END = 10**GTIN_SIZE

GS = b"\x1d"
"""Separator of elements in a code: the byte that stands for FNC1 inside a symbol."""


# How many digits an AI has, by its first two, where it is not two (section 3.2).
_AI_SIZES = {
    **dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36", "39", "43"), 4),
    **dict.fromkeys(("70", "72", "80", "81", "82"), 4),
}

# Predefined sizes of element strings, AI included, by the AI's first two digits (section 7.8.5).
_ELEMENT_SIZES = {
    "00": 20,
    **dict.fromkeys(("01", "02", "03"), 16),
    "04": 18,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    "20": 4,
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 10),
    "41": 16,
}


class Element(NamedTuple):
    """One element string."""

    ai: str
    value: str


def split_elements(text: str) -> tuple[Element, ...]:
    """Return the element strings of a text that the core has parsed, in order.

    The text is not judged again: AIs and separators are taken to stand where they belong.
    """
    separator = GS.decode()
    elements = []
    while text:
        ai_size = _AI_SIZES.get(text[:2], 2)
        end = _ELEMENT_SIZES.get(text[:2]) or (text + separator).index(separator)
        elements.append(Element(text[:ai_size], text[ai_size:end]))
        text = text[end:].removeprefix(separator)
    return tuple(elements)


def check_digit(digits: str) -> int:
    """Return the check digit that belongs behind ``digits`` (the number without it), 0 to 9.

    From the right the digits weigh 3, 1, 3, 1 …; the check digit fills the sum up to a multiple
    of ten.
    """
    if not digits.isdecimal() or not digits.isascii():
        raise ValueError(f"not digits: {digits!r}")
    codes = digits.encode()  # each 48 above its digit
    heavy = codes[::-2]
    weighted = sum(codes) + 2 * sum(heavy) - 48 * (len(codes) + 2 * len(heavy))
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
