"""What a product is registered with besides its GTIN and its names."""

from __future__ import annotations

from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin
from emitter.trade.templates import Group

TNVED_SIZE = 10
"""Digits of a full code of the EAEU's foreign trade nomenclature (ТН ВЭД)."""

TNVED_HEADING_SIZE = 4
"""Digits of a heading (товарная позиция), which the lists of marked goods are made of."""


def require_tnved(text: str, field: str) -> str:
    """Return a TN VED code: the 10 ASCII digits of a full one, or the 4 of its heading.

    Importers have the full code from their customs declaration; who makes goods in the country may
    know the heading only, by which the law puts them under marking. Anything else is refused as
    TNVED_INVALID. Whether the nomenclature has the code is not asked: it changes every year.
    """
    if len(text) in (TNVED_SIZE, TNVED_HEADING_SIZE) and text.isascii() and text.isdigit():
        return text
    raise Refused(Reason.TNVED_INVALID, field=field)


def require_group(registered: int, wanted: int, gtin: int, field: str) -> None:
    """Refuse another group than the one that the product of a GTIN is registered in."""
    if registered != wanted:
        known = Group(registered)
        raise Refused(
            Reason.PRODUCT_GROUP, field=field, gtin=format_gtin(gtin), group=known.name,
            group_en=known.titles.en, group_ru=known.titles.ru,
        )  # fmt: skip
