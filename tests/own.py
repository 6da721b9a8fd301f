"""What tests of self-made serials share: serials by chance, orders of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from conftest import BIN, LP
from emitter.engine.commands import CreateOrder, OrderLine
from emitter.trade.serials import ALPHABETS
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from conftest import Bench

STEP = 4  # serials of a step in these tests: an order of more is a job


def made(count: int, template_id: int = 10, seed: int = 1) -> tuple[str, ...]:
    """Return serials by chance, without country digits."""
    form, dice = TEMPLATES[template_id].form, random.Random(seed)
    return tuple(
        "".join(dice.choices(ALPHABETS[form.radix], k=form.free_size)) for _ in range(count)
    )


def line(
    serials: tuple[str, ...], gtin: int = LP, template_id: int = 10, quantity: int = 0
) -> OrderLine:
    price = 9_500 if template_id in (3, 4) else None
    return OrderLine(gtin, quantity or len(serials), template_id, price, serials)


def order(request_id: str, *lines: OrderLine, bin_: int = BIN) -> CreateOrder:
    return CreateOrder(bin_, request_id, lines)


def delivered(bench: Bench, command: CreateOrder, quantity: int = 0) -> list[bytes]:
    """Create the order and return the codes of its first buffer."""
    view = bench.engine.execute(command).value
    gtin = command.lines[0].gtin
    return bench.codes(bench.deliver(view, "block", quantity, gtin).value)
