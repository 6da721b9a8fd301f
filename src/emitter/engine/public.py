"""The public form of checking: one code, for anybody, and only what a consumer may know.

Whether a code was never issued, its check is forged or its GTIN unknown is one verdict; and no
verdict on a four-character check is told where too many were wrong (`guesses`).
"""

from __future__ import annotations

import contextlib
import enum
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.engine.guesses import ShortCheck
from emitter.engine.locating import SHORT_SIZE
from emitter.errors import Reason, Refused
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.guesses import Guesses
    from emitter.engine.products import ProductView
    from emitter.engine.ranges import Ranges
    from emitter.engine.verification import VerifiedCodes

_TEXT_BYTES_MAX = 1_024


class Verdict(enum.IntEnum):
    """What anybody may hear of a code."""

    GENUINE = 1
    NOT_GENUINE = 2
    UNREADABLE = 3  # no marking code of any template
    WITHHELD = 4  # too many wrong checks of this GTIN: ask in the shop, or later


class GoodsState(enum.IntEnum):
    """The state of the goods in a consumer's words."""

    NOT_IN_CIRCULATION = 1
    IN_CIRCULATION = 2
    SOLD = 3
    WRITTEN_OFF = 4
    ANNULLED = 5


_STATES = {
    CodeState.EMITTED: GoodsState.NOT_IN_CIRCULATION,
    CodeState.APPLIED_AND_PAID: GoodsState.NOT_IN_CIRCULATION,
    CodeState.INTRODUCED: GoodsState.IN_CIRCULATION,
    CodeState.WITHDRAWN: GoodsState.SOLD,
    CodeState.WRITTEN_OFF: GoodsState.WRITTEN_OFF,
    CodeState.ANNULLED: GoodsState.ANNULLED,
}


class PublicCheck(NamedTuple):
    """The answer: all but the verdict stands with genuine codes only (0 and empty elsewhere)."""

    verdict: Verdict
    gtin: int = 0
    product_name: str = ""
    product_name_kk: str = ""
    owner_name: str = ""
    state: GoodsState | None = None


def check_code(
    text: bytes,
    caller: str,
    guesses: Guesses,
    ranges: Ranges,
    *,
    verify: Callable[[bytes], VerifiedCodes],
    product: Callable[[int], ProductView],
) -> PublicCheck:
    """Check one code for a caller, known by an address; raises `Refused` (CHECKS_SLOWED)."""
    if not text or b"\n" in text or len(text) > _TEXT_BYTES_MAX:
        return PublicCheck(Verdict.UNREADABLE)
    shorts = _short_checks(text, ranges, product)
    if shorts:
        guesses.require(caller)
    verified = verify(text)
    reason = int(verified.reasons[0])
    if shorts and not guesses.judge(caller, shorts, is_genuine=reason == 0):
        return PublicCheck(Verdict.WITHHELD)
    if reason in (Reason.CODE_UNPARSABLE, Reason.CODE_GTIN_INVALID):
        return PublicCheck(Verdict.UNREADABLE)
    if reason:
        return PublicCheck(Verdict.NOT_GENUINE)
    issued = verified.buffers[int(verified.buffer_index[0])]
    state = _STATES[CodeState(int(verified.states[0]))]
    names = ("", "")
    with contextlib.suppress(Refused):  # a code may be older than the register of products
        row = product(issued.gtin).row
        names = (row.name_ru, row.name_kk)
    return PublicCheck(Verdict.GENUINE, issued.gtin, *names, issued.owner_name, state)


def _short_checks(
    text: bytes, ranges: Ranges, product: Callable[[int], ProductView]
) -> list[ShortCheck]:
    """Return the GTINs of the short checks that a text tries, as it stands and as noise."""
    exact = _core.parse(text)
    lines, _ = _core.readings(text, exact, [True])
    rows = np.concatenate([exact, _core.parse(lines)])
    rows = rows[(rows["reason"] == 0) & (rows["check_size"] == SHORT_SIZE)]
    tried = Counter(rows["gtin"].tolist())
    known = {
        gtin
        for gtin, size in zip(rows["gtin"].tolist(), rows["serial_size"].tolist(), strict=True)
        if ranges.series(gtin, size) is not None or _is_registered(gtin, product)
    }
    return [ShortCheck(gtin, count, gtin in known) for gtin, count in tried.items()]


def _is_registered(gtin: int, product: Callable[[int], ProductView]) -> bool:
    """Tell whether a GTIN is registered, as all are whose serials may be self-made alone."""
    try:
        product(gtin)
    except Refused:
        return False
    return True
