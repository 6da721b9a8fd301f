"""One marking code taken apart, for people: what `_core.parse` finds, in words.

Batches never come here; they stay in the core. There is no second parser: the structure of a code
is judged by the core alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.trade import gs1
from emitter.trade.templates import PACK_PRICE_SIZE, decode_pack_price

LINE_END = "\n"


@dataclass(frozen=True, slots=True)
class Code:
    """A marking code in its parts.

    ``text``: all of it, GS as U+001D. ``issued``: the code as it was issued, without what a packing
    line added behind it. ``identification_code``: GTIN and serial with their AIs (КИ); a pack has
    none. ``check_code``: value of AI 92 or 93, or the last characters of a pack. ``key_id``: AI 91
    as a number, None where there is none. ``price_tiyn``: the price inside a tobacco code.
    ``elements``: what was issued by AI, empty for a pack. ``additions``: what the line added.

    The check code does not show in ``repr``, so that it gets into no log.
    """

    text: str = field(repr=False)
    issued: str = field(repr=False)
    identification_code: str
    gtin: int
    serial: str
    key_id: int | None
    check_code: str = field(repr=False)
    price_tiyn: int | None
    elements: tuple[gs1.Element, ...] = field(repr=False)
    additions: tuple[gs1.Element, ...]


def split(code: bytes | str) -> Code:
    """Return the parts of one code, exactly as scanned: no line end, GS where it belongs.

    Refused with the reason of the core: CODE_UNPARSABLE or CODE_GTIN_INVALID. Whether the code was
    issued is not asked here.
    """
    text = code.decode("latin-1") if isinstance(code, bytes) else code
    if not text or not text.isascii() or LINE_END in text:
        raise Refused(Reason.CODE_UNPARSABLE)
    parsed = _core.parse(text.encode())[0]
    if parsed["reason"]:
        raise Refused(Reason(int(parsed["reason"])))
    at = {name: int(parsed[name]) for name in _core.PARSED.names or ()}
    serial_end = at["serial_at"] + at["serial_size"]
    check_end = at["check_at"] + at["check_size"]
    issued = text[: at["issued_size"]]
    is_pack = at["price_size"] == PACK_PRICE_SIZE
    return Code(
        text=text,
        issued=issued,
        identification_code=text[:serial_end],
        gtin=at["gtin"],
        serial=text[at["serial_at"] : serial_end],
        key_id=None if at["key_id"] < 0 else at["key_id"],
        check_code=text[at["check_at"] : check_end],
        price_tiyn=_price(text[at["message_size"] - at["price_size"] : at["message_size"]]),
        elements=() if is_pack else gs1.split_elements(issued),
        additions=gs1.split_elements(text[at["issued_size"] + 1 :]),
    )


def _price(text: str) -> int | None:
    """Return the price that stands in a tobacco code; CODE_UNPARSABLE if a pack's is no number."""
    if len(text) != PACK_PRICE_SIZE:
        return int(text) if text else None
    try:
        return decode_pack_price(text.encode())
    except ValueError:
        raise Refused(Reason.CODE_UNPARSABLE) from None
