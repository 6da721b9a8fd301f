"""Boxes in the plain engine: packing, unpacking, and SSCCs that are given out once."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from emitter.engine.box_commands import AggregateCodes, AllocateSsccs
from model_goods import (
    PAID,
    Box,
    CodeFact,
    Document,
    Goods,
    Lost,
    No,
    refused_boxes,
    sift,
    status_of,
)
from model_naming import broken_set, count_items, in_boxes, mentions, owned_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.config import Limits
    from emitter.engine.box_commands import BoxCommand, DisaggregateBoxes, PackUnit
    from model import Model
    from model_goods import CodeAt, Mention

SSCC_DIGITS = 18


def own_name(box: int, text: str) -> str:
    """Return the participant's own number of a box, '' for an SSCC."""
    return "" if box < 10**SSCC_DIGITS else text


def broken_forms(command: BoxCommand, limits: Limits) -> Iterator[str]:
    """Return what is wrong with a command whatever is in the store."""
    if isinstance(command, AllocateSsccs):
        if not 1 <= command.quantity <= limits.ssccs_max:
            yield "QUANTITY_OUT_OF_RANGE"
    elif isinstance(command, AggregateCodes):
        if not command.units:
            yield "FIELD_REQUIRED"
        for unit in command.units:
            if unit.capacity < 0 or "REPORT_EMPTY" in broken_set(unit.codes, limits):
                yield "QUANTITY_OUT_OF_RANGE" if unit.capacity < 0 else "REPORT_EMPTY"
    elif not command.boxes:
        yield from broken_set(command.taken, limits)


def missing_sscc(model: Model, command: AggregateCodes) -> Iterator[str]:
    """Return why a command names SSCCs of the operator's that its participant was not given."""
    for unit in command.units:
        number = counter(model.prefix, unit.box.box) if model.prefix else None
        given = (first <= number < first + quantity for bin_, first, quantity in model.ssccs
                 if number is not None and bin_ == command.bin)  # fmt: skip
        if number is not None and not any(given):
            yield "FIELD_INVALID"


def counter(prefix: str, box: int) -> int | None:
    """Return the number of an SSCC among those of a prefix, None for any other box."""
    digits = f"{box:0{SSCC_DIGITS}}"
    if len(digits) != SSCC_DIGITS or not digits[1:].startswith(prefix):
        return None
    return int(digits[0] + digits[1 + len(prefix) : -1])


def ssccs_left(model: Model) -> int:
    """Return how many SSCCs of the prefix have not been given out."""
    return 10 ** (SSCC_DIGITS - 1 - len(model.prefix)) - sum(given[2] for given in model.ssccs)


def pack(goods: Goods, command: AggregateCodes, limits: Limits) -> Document:
    """Pack, unit after unit; `No` where the whole document is refused."""
    bin_, named, items, item = command.bin, [], [], 0
    for unit in command.units:
        named += mentions(goods, bin_, unit.codes, item, whole=False)
        items.append(item + count_items(unit.codes))  # of the unit's first box
        item = items[-1] + len(unit.codes.boxes)

    def judge(fact: CodeFact, _: Mention) -> str:
        if fact.box:
            return "CODE_BOXED"
        return "" if fact.state in (PAID, "INTRODUCED") else "CODE_MOVE_REFUSED"

    found = sift(goods, bin_, named, judge, {})
    lost, anything, start = found.lost, False, 0
    for unit, end in zip(command.units, items, strict=True):
        codes = [one.code for one in found.taken if start <= one.item < end]
        packed, boxes_lost = _pack_unit(goods, bin_, unit, codes, end, limits)
        lost, anything = lost + boxes_lost, anything or packed
        start = end
    status = status_of(command.acceptance.name, lost, anything=anything)
    moved = () if status == "REJECTED" else tuple(sorted(one.code for one in found.taken))
    count = found.count + sum(len(unit.codes.boxes) for unit in command.units)
    return Document(bin_, "AGGREGATION", command.acceptance.name, status, count, moved,
                    tuple(sorted(lost, key=repr)))  # fmt: skip


def _pack_unit(  # noqa: PLR0917 - a unit and all that it depends on
    goods: Goods, bin_: int, unit: PackUnit, codes: list[CodeAt], item: int, limits: Limits
) -> tuple[bool, list[Lost]]:
    """Pack a unit; return whether anything goes in, and the boxes that do not."""
    box, lost = unit.box.box, []
    made = _target(goods, bin_, unit)
    path = goods.path(box) if unit.update else [box]
    entering: list[int] = []
    for number, inner in enumerate((name.box for name in unit.codes.boxes), item):
        child = goods.packed(inner)
        if child is None or child.owner != bin_:
            lost.append(Lost(number, "BOX_NOT_FOUND"))
        elif child.under_way:
            lost.append(Lost(number, "CODE_IN_TRANSIT"))
        elif child.parent or inner in entering:
            lost.append(Lost(number, "BOX_BOXED"))
        elif (
            inner in path
            or made.kind == "GROUP"
            or len(path) + goods.levels(inner) > limits.box_levels_max
        ):
            lost.append(Lost(number, "BOX_NESTING"))
        else:
            entering.append(inner)
    if not codes and not entering:
        return False, lost
    made = made._replace(codes=made.codes | set(codes), boxes=made.boxes | set(entering))
    held = len(made.codes) + len(made.boxes)
    if (made.capacity and held > made.capacity) or len(made.codes) > limits.box_codes_max:
        raise No("BOX_FULL")
    goods.boxes[box] = made
    goods.set(codes, box=box)
    goods.change(entering, parent=box)
    return True, lost


def _target(goods: Goods, bin_: int, unit: PackUnit) -> Box:
    """Return the box of a unit as it is before anything goes in."""
    known, name = goods.boxes.get(unit.box.box), own_name(*unit.box)
    if not unit.update:
        if known and (known.packed or (known.owner, known.name) != (bin_, name)):
            raise No("BOX_EXISTS")
        return Box(unit.kind.name, name, bin_, unit.capacity)
    if not known or not known.packed or (known.owner, known.name) != (bin_, name):
        raise No("BOX_NOT_FOUND")
    if known.under_way:
        raise No("CODE_IN_TRANSIT")
    return known._replace(capacity=unit.capacity or known.capacity)


def unpack(goods: Goods, command: DisaggregateBoxes) -> Document:
    """Take codes and boxes out of their boxes, then disband boxes."""
    bin_, taken = command.bin, command.taken
    boxes = [name.box for name in command.boxes]
    refused = refused_boxes(goods, bin_, boxes, 0, breaks_box=False, deep=False)
    whole = [box for item, box in enumerate(boxes) if item not in refused]
    direct = in_boxes(goods, boxes, 0, owned_by(bin_), deep=False)
    named = chain(direct, mentions(goods, bin_, taken, len(boxes), whole=False))
    found = sift(goods, bin_, named, lambda fact, _: "" if fact.box else "CODE_UNBOXED", refused)
    lost, moved = found.lost, [one.code for one in found.taken]
    for code in moved:
        goods.take_code(code)
    anything = bool(whole or moved)
    coming: list[int] = []
    for item, name in enumerate(taken.boxes, len(boxes) + count_items(taken)):
        box = goods.packed(name.box)
        if box is None or box.owner != bin_:
            lost.append(Lost(item, "BOX_NOT_FOUND"))
        elif box.under_way:
            lost.append(Lost(item, "CODE_IN_TRANSIT"))
        elif not box.parent or name.box in coming:
            lost.append(Lost(item, "CODE_UNBOXED"))
        else:
            coming.append(name.box)
    for box in coming:
        goods.take_box(box)
    for box in filter(goods.packed, whole):
        for inner in goods.boxes[box].boxes:
            goods.take_box(inner)
        if goods.boxes[box].parent:
            goods.take_box(box)
        goods.change([box], packed=False)
    status = status_of(command.acceptance.name, lost, anything=anything or bool(coming))
    if status == "REJECTED":
        moved = []
    count = found.count + len(taken.boxes)
    return Document(bin_, "DISAGGREGATION", command.acceptance.name, status, count,
                    tuple(sorted(moved)), tuple(sorted(lost, key=repr)))  # fmt: skip
