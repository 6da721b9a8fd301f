"""What sets of codes name in the plain engine: by text, range, block, transfer or box.

An item of a set names codes one by one (`Mention`), or says why it names none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from model_goods import CodeAt, Forged, Mention

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.code_sets import CodeSet
    from model import Model
    from model_goods import Box, Goods


def broken_set(codes: CodeSet, limits: Limits) -> Iterator[str]:
    """Return what is wrong with a set whatever is in the store."""
    texts = codes.text.split(b"\n") if codes.text else []
    ranges = len(codes.spans) + len(codes.blocks)
    if not texts and not ranges and not codes.boxes and not codes.transfers:
        yield "REPORT_EMPTY"
    if len(texts) > limits.report_codes_max:
        yield "LIMIT_EXCEEDED"
    if ranges > limits.report_spans_max or len(codes.boxes) > limits.report_spans_max:
        yield "LIMIT_EXCEEDED"


def missing_ranges(
    model: Model, bin_: int, sets: Iterable[CodeSet]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Return why sets name ranges that are not there: found out before a command's turn."""
    sets = list(sets)
    spans = [span for codes in sets for span in codes.spans]
    for number, (order_id, gtin, first, quantity) in enumerate(spans):
        yield from _missing_buffer(model, bin_, order_id, gtin)
        buffer = model.orders[order_id].buffer(gtin)
        if first < 0 or quantity < 1 or first + quantity > buffer.quantity:
            yield "SPAN_INVALID", {"field": f"spans[{number}]", "limit": str(buffer.quantity)}
    for order_id, gtin, block_id in (block for codes in sets for block in codes.blocks):
        yield from _missing_buffer(model, bin_, order_id, gtin)
        if block_id not in {block.block_id for block in model.blocks.get((order_id, gtin), ())}:
            yield "BLOCK_NOT_FOUND", {"block_id": block_id}


def _missing_buffer(
    model: Model, bin_: int, order_id: UUID, gtin: int
) -> Iterator[tuple[str, dict[str, str]]]:
    order = model.orders.get(order_id)
    if order is None or order.bin != bin_:
        yield "ORDER_NOT_FOUND", {}
    if order.buffer(gtin) is None:
        yield "BUFFER_NOT_FOUND", {}


def missing_transfers(model: Model, bin_: int, sets: Iterable[CodeSet]) -> Iterator[str]:
    """Return why sets name transfers of which nothing was accepted, or by another."""
    for transfer_id in (each for codes in sets for each in codes.transfers):
        found = model.transfers.get(transfer_id)
        if found is None or found.recipient != bin_:
            yield "TRANSFER_NOT_FOUND"
        elif found.state not in ("ACCEPTED", "PARTLY_ACCEPTED"):
            yield "FIELD_INVALID"


class Came(NamedTuple):
    """Codes that an item names by a transfer: of a box that goes whole, or 0 for all the others."""

    item: int
    box: int
    codes: frozenset[CodeAt]


def came(
    goods: Goods, bin_: int, codes: CodeSet, item: int, *, whole: bool = True
) -> Iterator[Came]:
    """Yield what a set names by transfers; ``item`` is its first one that is any.

    If ``whole``, a box that came with it goes with all in it, if nothing else is in it by now.
    """
    named: set[int] = set()
    for number, transfer_id in enumerate(codes.transfers, item):
        transfer = goods.model.transfers[transfer_id]
        rest = frozenset(goods.model.documents[transfer.answer].moved)
        for box in transfer.boxes if whole else ():
            found = goods.packed(box)
            free = found and found.owner == bin_ and not (found.parent or found.under_way)
            inside = goods.inside(box) if free and box not in named else frozenset()
            if inside and inside <= rest:
                named.add(box)
                rest -= inside
                yield Came(number, box, inside)
        yield Came(number, 0, rest)


def mentions(
    goods: Goods, bin_: int, codes: CodeSet, item: int = 0, *, whole: bool = True
) -> Iterator[Mention]:
    """Yield what a participant's set names but for its boxes; items count from ``item``."""
    model = goods.model
    for text in codes.text.split(b"\n") if codes.text else []:
        named = model.names.get(text, "CODE_UNPARSABLE")
        if isinstance(named, Forged):  # of another's code no one is told that the check is wrong
            own = goods.issuer(named.code) == bin_
            named = "CODE_FORGED" if own else "CODE_NOT_OWNED"
        yield Mention(item, named.index if isinstance(named, CodeAt) else 0, named)
        item += 1
    spans = list(codes.spans)
    for order_id, gtin, block_id in codes.blocks:
        block = next(b for b in model.blocks[order_id, gtin] if b.block_id == block_id)
        spans.append((order_id, gtin, block.first, block.quantity))
    for order_id, gtin, first, quantity in spans:
        for index in range(first, first + quantity):
            yield Mention(item, first, CodeAt(order_id, gtin, index))
        item += 1
    for number, box, inside in came(goods, bin_, codes, item, whole=whole):
        yield from _in_runs(number, inside, box)


def _in_runs(item: int, codes: frozenset[CodeAt], box: int) -> Iterator[Mention]:
    """Yield codes that an item names by runs."""
    first = 0
    for code in sorted(codes):
        if code._replace(index=code.index - 1) not in codes:
            first = code.index
        yield Mention(item, first, code, box)


def owned_by(bin_: int) -> Callable[[int, Box], bool]:
    """Return what says of a box whether a participant knows it."""
    return lambda _, box: box.owner == bin_


def in_boxes(
    goods: Goods, boxes: Iterable[int], item: int, known: Callable[[int, Box], bool], *,
    deep: bool = True,
) -> Iterator[Mention]:  # fmt: skip
    """Yield the codes that lie in boxes of which a participant knows."""
    for number, box in enumerate(boxes, item):
        found = goods.packed(box)
        inside: frozenset[CodeAt] = frozenset()
        if found and known(box, found):
            inside = goods.inside(box) if deep else found.codes
        yield from _in_runs(number, inside, box)


def count_items(codes: CodeSet) -> int:
    """Return how many items a set has before its boxes."""
    texts = codes.text.count(b"\n") + 1 if codes.text else 0
    return texts + len(codes.spans) + len(codes.blocks) + len(codes.transfers)
