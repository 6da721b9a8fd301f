"""Transfers in the plain engine: goods are the one's or the other's, and under way in between."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from emitter.engine.transfer_commands import AcceptTransfer, RecallTransfer, ShipCodes
from model_boxes import own_name
from model_goods import (
    CodeFact,
    Document,
    Goods,
    Lost,
    No,
    Transfer,
    refused_boxes,
    sift,
    status_of,
)
from model_naming import broken_set, came, count_items, in_boxes, mentions, owned_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.transfer_commands import TransferCommand
    from model import Model
    from model_goods import CodeAt, Mention

_SSCC_END = 10**18


def broken_forms(command: TransferCommand, limits: Limits) -> Iterator[str]:
    """Return what is wrong with a command whatever is in the store."""
    if isinstance(command, ShipCodes):
        if any(own_name(*name) for name in command.codes.boxes) or command.recipient == command.bin:
            yield "FIELD_INVALID"
        yield from broken_set(command.codes, limits)
    elif isinstance(command, AcceptTransfer):
        if command.only and command.all_but:
            yield "FIELD_INVALID"
        for codes in filter(None, (command.only, command.all_but)):
            yield from broken_set(codes, limits)


def missing_transfer(model: Model, command: TransferCommand) -> Iterator[str]:
    """Return why a command answers a transfer that its participant is not the right side of."""
    if not isinstance(command, ShipCodes):
        found = model.transfers.get(command.transfer_id)
        recalls = isinstance(command, RecallTransfer)
        if found is None or command.bin != (found.sender if recalls else found.recipient):
            yield "TRANSFER_NOT_FOUND"


def ship(goods: Goods, command: ShipCodes) -> tuple[Document, Transfer | None]:
    """Put goods under way; a box goes whole or not at all."""
    bin_, codes = command.bin, command.codes
    boxes = [name.box for name in codes.boxes]

    def judge(fact: CodeFact, mention: Mention) -> str:
        if fact.box and not mention.box:
            return "CODE_BOXED"
        return "" if fact.state == "INTRODUCED" else "CODE_MOVE_REFUSED"

    first = count_items(codes)
    refused = refused_boxes(goods, bin_, boxes, first, breaks_box=True)
    named = chain(mentions(goods, bin_, codes), in_boxes(goods, boxes, first, owned_by(bin_)))
    found = sift(goods, bin_, named, judge, refused)
    sent, lost = {one.code for one in found.taken}, found.lost
    going: list[int] = []
    by_transfer = came(goods, bin_, codes, first - len(codes.transfers))
    going_whole = [(one.item, one.box) for one in by_transfer if one.box]
    for item, box in [*going_whole, *enumerate(boxes, first)]:
        if item in refused or box in going:
            continue
        if any(goods.boxes[one].name for one in goods.tree(box)):
            raise No("FIELD_INVALID")
        inside = goods.inside(box)
        if inside <= sent:
            going.append(box)
        else:
            lost += [Lost(item, "CODE_BOXED", place=code) for code in inside & sent]
            sent -= inside
    status = status_of(command.acceptance.name, lost, anything=bool(sent))
    moved = () if status == "REJECTED" else tuple(sorted(sent))
    goods.set(moved, recipient=command.recipient)
    if moved:
        for box in going:
            goods.change(goods.tree(box), under_way=True)
    document = Document(bin_, "SHIPMENT", command.acceptance.name, status, found.count, moved,
                        tuple(sorted(lost, key=repr)))  # fmt: skip
    if not moved:
        return document, None
    return document, Transfer(bin_, command.recipient, "SHIPPED", moved, tuple(going))


def answer(
    goods: Goods, command: TransferCommand, made: UUID | None
) -> tuple[Document, Transfer]:
    """End a transfer, or say why what is named ends nothing."""
    transfer = goods.model.transfers[command.transfer_id]
    if transfer.state != "SHIPPED":
        raise No("TRANSITION_REFUSED")
    shipped, boxes, lost = set(transfer.codes), set(transfer.boxes), []
    if not isinstance(command, AcceptTransfer):
        word = "RECALL" if isinstance(command, RecallTransfer) else "REJECT"
        kind = {"RECALL": "RECALL", "REJECT": "REJECTION"}[word]
        document = Document(command.bin, kind, "WHOLE", "ACCEPTED", len(shipped),
                            transfer.codes, ())  # fmt: skip
        _end(goods, transfer, set(), set())
        return document, transfer._replace(state=f"{word}ED", answer=made)
    accepted = shipped
    if command.only or command.all_but:
        inside, whole, lost = _named(goods, command, transfer)
        accepted = shipped - inside if command.all_but else inside
        boxes = boxes - whole if command.all_but else whole
    status = status_of(command.acceptance.name, lost, anything=bool(accepted))
    if not accepted:
        status = "REJECTED"
    moved = () if status == "REJECTED" else tuple(sorted(accepted))
    count = len(accepted) + len(lost)
    document = Document(command.bin, "ACCEPTANCE", command.acceptance.name, status, count, moved,
                        tuple(sorted(lost, key=repr)))  # fmt: skip
    if moved:
        _end(goods, transfer, accepted, boxes)
        state = "ACCEPTED" if accepted == shipped else "PARTLY_ACCEPTED"
        transfer = transfer._replace(state=state, accepted=len(accepted), answer=made)
    return document, transfer


def _end(goods: Goods, transfer: Transfer, accepted: set[CodeAt], boxes: set[int]) -> None:
    """Let goods be here again, the accepted ones their recipient's."""
    goods.set(transfer.codes, recipient=0)
    goods.set(accepted, owner=transfer.recipient)
    for box in transfer.boxes:
        tree = goods.tree(box)
        goods.change(tree, under_way=False)
        if box in boxes:
            goods.change(tree, owner=transfer.recipient)


def _named(
    goods: Goods, command: AcceptTransfer, transfer: Transfer
) -> tuple[set[CodeAt], set[int], list[Lost]]:
    """Return which of the codes and boxes named were shipped, and what was named in vain."""
    codes = command.only or command.all_but
    boxes, shipped = [name.box for name in codes.boxes], set(transfer.codes)
    first = count_items(codes)
    foreign = {item for item, box in enumerate(boxes, first) if box not in transfer.boxes}
    lost = [Lost(item, "BOX_NOT_FOUND") for item in foreign]
    came = in_boxes(goods, boxes, first, lambda box, _: box in transfer.boxes)
    named = chain(mentions(goods, command.bin, codes), came)
    inside, seen = set(), set()
    for item, _, code, box in sorted(named, key=lambda one: (one.first, one.item)):
        if isinstance(code, str):
            lost.append(Lost(item, code))
        elif code in seen:
            lost.append(Lost(item, "CODE_REPEATED"))
        elif item not in foreign:
            if code not in shipped:
                lost.append(Lost(item, "CODE_NOT_SHIPPED"))
            elif goods.fact(code).box and not box:
                lost.append(Lost(item, "CODE_BOXED", place=code))
            else:
                inside.add(code)
        if not isinstance(code, str):
            seen.add(code)
    whole: set[int] = set()
    for item, box in enumerate(boxes, first):
        if item in foreign or box in whole:
            continue
        if goods.inside(box) <= inside:
            whole.add(box)
        else:
            lost += [Lost(item, "CODE_BOXED", place=code) for code in goods.inside(box) & inside]
            inside -= goods.inside(box)
    return inside, whole, lost
