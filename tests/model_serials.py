"""Self-made serials in the words of the plain engine: their form, their sources, who has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.config import Limits
    from emitter.engine.commands import CreateOrder, OrderLine
    from model import Model
    from model_values import Said, Template

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SIGNS = "!\"%&'()*+,-./:;<=>?_"


class Held(NamedTuple):
    """A serial that was issued."""

    gtin: int
    serial_size: int
    serial: str


def broken_serials(
    command: CreateOrder, limits: Limits, templates: dict[int, Template]
) -> Iterator[str]:
    """Yield why serials of an order are refused by their form, the first first."""
    own = [line for line in command.lines if line.serials]
    if any(len(line.serials) != line.quantity for line in own):
        yield "FIELD_INVALID"
    if sum(len(line.serials) for line in own) > limits.serials_max:
        yield "LIMIT_EXCEEDED"
    for line in own:
        digit, alphabet = templates[line.template_id].form[0], templates[line.template_id].form[1:]
        size = templates[line.template_id].serial_size - (digit == "3")
        letters = set(_LETTERS if alphabet == "62" else _LETTERS + _SIGNS)
        if any(len(serial) != size or set(serial) - letters for serial in line.serials):
            yield "SERIALS_INVALID"
        if len(set(line.serials)) < len(line.serials):
            yield "SERIALS_REPEATED"


def source_of(line: OrderLine) -> str:
    return "SELF_MADE" if line.serials else "OPERATOR"


def held_by(command: CreateOrder, templates: dict[int, Template]) -> list[list[Held]]:
    """Return the serials of each line."""
    return [
        [Held(line.gtin, templates[line.template_id].serial_size, serial)
         for serial in line.serials]
        for line in command.lines
    ]  # fmt: skip


def refused_serials(
    model: Model, command: CreateOrder, templates: dict[int, Template], said: type[Said]
) -> Iterator[Said]:
    """Yield the refusal of an order for serials that were issued: of the first such line."""
    for index, line in enumerate(held_by(command, templates)):
        taken = [held for held in line if held in model.own]
        if taken:
            field = f"lines[{index}].serial_numbers"
            yield said("SERIALS_TAKEN", {"field": field, "count": str(len(taken))})
