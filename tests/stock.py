"""The goods of the tests: GTINs, whose they are and in which product group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.commands import RegisterProduct
from emitter.trade import gs1
from emitter.trade.templates import TEMPLATES, Group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emitter.engine.engine import Engine

TNVED = "6403999300"


def product(bin_: int, gtin: int, group: Group, name: str = "Товар") -> RegisterProduct:
    """Return the command that registers a product."""
    return RegisterProduct(bin_, gtin, group, TNVED, name)


def stock(engine: Engine, bin_: int, goods: Iterable[tuple[int, int]]) -> None:
    """Register products, each a GTIN and a template of its group."""
    for gtin, template_id in goods:
        engine.execute(product(bin_, gtin, TEMPLATES[template_id].group))


def gtin_of(number: int) -> int:
    """A GTIN of Kazakhstan's prefix with a right check digit."""
    digits = f"0487{number:09d}"
    return int(digits + str(gs1.check_digit(digits)))
