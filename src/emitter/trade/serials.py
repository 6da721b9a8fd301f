"""Self-made serials: what a participant may bring along, judged in bulk.

A serial comes without the country digit, which is put in front where the form has one. It has the
characters of the form's alphabet, as many as the form says, and is there once in its line. In a
space of `WIDE_SPACE` or more it must decrypt to a counter that the operator never reaches, so that
the two sources cannot meet: this refuses a serial in 2^36 or fewer. In a smaller space the first
order of a GTIN fixes the source instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin
from emitter.trade.templates import SELF_MADE_COUNTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from emitter.trade.templates import Form

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
ALPHABETS = {
    82: "!\"%&'()*+,-./0123456789:;<=>?" + "_".join(_LETTERS),
    62: "0123456789" + "".join(_LETTERS),
}
"""The characters of each radix in the order of their numerals, which is that of ASCII."""

NAMED_MAX = 10
"""Offenders that a refusal names; it counts all of them."""
_SHOWN_CHARS = 32
_NONE = 255

_NUMERALS = {}
for _radix, _alphabet in ALPHABETS.items():
    _NUMERALS[_radix] = np.full(256, _NONE, np.uint8)
    _NUMERALS[_radix][list(_alphabet.encode())] = np.arange(_radix)


def offenders(reason: Reason, field: str, found: Iterable[tuple[int, str]]) -> Refused:
    """Return the refusal of serials: how many, and the first of them with their places."""
    every = list(found)
    named = ", ".join(f"[{index}] {serial[:_SHOWN_CHARS]}" for index, serial in every[:NAMED_MAX])
    return Refused(reason, field=field, count=len(every), offenders=named)


def require_serials(serials: Sequence[str], form: Form, field: str) -> NDArray[np.uint8]:
    """Return the characters of serials in rows, without country digits; see the module.

    Refused as SERIALS_INVALID or SERIALS_REPEATED, naming the offenders.
    """
    size = form.free_size
    text = "".join(serials)
    if set(map(len, serials)) != {size} or not text.isascii():
        letters = frozenset(ALPHABETS[form.radix])
        wrong = [(index, serial) for index, serial in enumerate(serials)
                 if len(serial) != size or not letters.issuperset(serial)]  # fmt: skip
        raise _invalid(form, field, wrong)
    rows = np.frombuffer(text.encode(), np.uint8).reshape(-1, size)
    bad = np.flatnonzero((_NUMERALS[form.radix][rows] == _NONE).any(axis=1))
    if len(bad):
        raise _invalid(form, field, [(index, serials[index]) for index in bad.tolist()])
    if len(set(serials)) != len(serials):
        seen: set[str] = set()
        again = []
        for index, serial in enumerate(serials):
            if serial in seen:
                again.append((index, serial))
            seen.add(serial)
        raise offenders(Reason.SERIALS_REPEATED, field, again)
    return rows


def _invalid(form: Form, field: str, wrong: list[tuple[int, str]]) -> Refused:
    refused = offenders(Reason.SERIALS_INVALID, field, wrong)
    details = refused.refusal.details
    return Refused(Reason.SERIALS_INVALID, **details, size=form.free_size, radix=form.radix)


def require_free_counters(
    rows: NDArray[np.uint8], form: Form, gtin: int, key: _core.SerialKey, field: str
) -> None:
    """Refuse with SERIALS_RESERVED what the operator may issue itself, in a wide space."""
    if not form.is_wide:
        return
    numerals = _NUMERALS[form.radix][rows]
    counters = _core.ff1(key, form.radix, format_gtin(gtin).encode(), numerals, inverse=True)
    low = 1  # numerals at the end that say all of a counter below the bound
    while form.radix**low < SELF_MADE_COUNTER:
        low += 1
    near = np.flatnonzero(~counters[:, :-low].any(axis=1))
    reserved = []
    for index in near.tolist():
        counter = 0
        for numeral in counters[index].tolist():
            counter = counter * form.radix + numeral
        if counter < SELF_MADE_COUNTER:
            reserved.append((index, rows[index].tobytes().decode()))
    if reserved:
        raise offenders(Reason.SERIALS_RESERVED, field, reserved)
