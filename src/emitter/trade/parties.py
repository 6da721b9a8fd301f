"""Numbers of participants: the BIN of an organisation and the IIN of a person.

Both are 12 digits, the last of them a control digit made in one way (Government of Kazakhstan,
resolution 565 of 2003-06-11 on the national registers of identification numbers). Inside the engine
the number is an integer.
"""

from __future__ import annotations

from emitter.errors import Reason, Refused

BIN_SIZE = 12
BIN_END = 10**BIN_SIZE

_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def control_digit(digits: str) -> int | None:
    """Return the control digit of the first 11 digits of a BIN or IIN, or None if they have none.

    The weighted sum modulo 11 is the digit; if that is 10 the second weights are tried, and if it
    is 10 again the digits are never given to anyone.
    """
    for weights in (_WEIGHTS, _SECOND_WEIGHTS):
        remainder = sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11
        if remainder < 10:
            return remainder
    return None


def require_bin(text: str, field: str) -> int:
    """Return the BIN or IIN written in ``text``: 12 ASCII digits, a valid control digit, not zero.

    Anything else is refused as BIN_INVALID, naming ``field``.
    """
    if len(text) == BIN_SIZE and text.isascii() and text.isdigit():
        number = int(text)
        if number and control_digit(text[:-1]) == number % 10:
            return number
    raise Refused(Reason.BIN_INVALID, field=field)


def format_bin(number: int) -> str:
    """Return the 12 digits of a BIN or IIN; ValueError if it has more."""
    if not 0 <= number < BIN_END:
        raise ValueError(f"a BIN or IIN has {BIN_SIZE} digits: {number}")
    return f"{number:0{BIN_SIZE}d}"
