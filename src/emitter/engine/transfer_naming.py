"""Codes named by the transfer they came with: what the caller accepted of it, as runs of codes.

What an acceptance has taken does not change any more, so nothing of it is looked at code by code;
whatever is no longer the caller's is refused as if it were named otherwise.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from emitter.engine.box_naming import NamedBox, usable_version
from emitter.engine.box_parts import part_boxes
from emitter.engine.box_trees import codes_of, walk_tree
from emitter.engine.transfer_reading import read_moved, read_transfer
from emitter.errors import Reason, Refused
from emitter.store.holding_keys import Side
from emitter.trade.states import TransferState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Reader, Store

_ACCEPTED = (TransferState.ACCEPTED, TransferState.PARTLY_ACCEPTED)


class NamedTransfer(NamedTuple):
    """What an item that is a transfer names: boxes that go whole, and the codes beside them."""

    item: int
    boxes: list[NamedBox]
    buffers: list[BufferRuns]
    watched: dict[int, int]  # boxes that came with it: `usable_version` when they were looked at


def name_transfers(
    transfers: Sequence[UUID],
    bin_: int,
    item: int,
    store: Store,
    *,
    whole: bool,
    field: Callable[[str, int], str],
) -> list[NamedTransfer]:
    """Return what a participant accepted by transfers, those of items from ``item`` on.

    With ``whole`` a box that came with a transfer and that still holds nothing else is named by it,
    as if the participant had named the box. ``field`` tells what the caller calls an item. Refused:
    another's transfer, and one that it has not accepted anything of.
    """
    named = []
    boxed: set[int] = set()
    for number, transfer_id in enumerate(transfers):
        view = read_transfer(store, bin_, transfer_id, Side.RECIPIENT)
        if view.state not in _ACCEPTED or view.row.answer_id is None:
            raise Refused(
                Reason.FIELD_INVALID, field=field("transfers", number),
                rule="nothing of this transfer has been accepted",
                rule_ru="по этой передаче ничего не принято",
            )  # fmt: skip
        buffers = read_moved(store, bin_, view.row.answer_id)
        boxes: list[NamedBox] = []
        watched: dict[int, int] = {}
        if whole and view.row.boxes:
            found = store.view(partial(_own_boxes, boxes=view.row.boxes, bin_=bin_))
            watched = dict.fromkeys(view.row.boxes, 0) | {box.box: box.version for box in found}
            found = [box for box in found if box.box not in boxed]
            parts = part_boxes(buffers, [box.buffers for box in found])
            buffers = parts.without(parts.whole)
            taken = zip(found, parts.whole, strict=True)
            boxes = [box._replace(item=item + number) for box, is_whole in taken if is_whole]
            boxed.update(box.box for box in boxes)
        named.append(NamedTransfer(item + number, boxes, buffers, watched))
    return named


def _own_boxes(reader: Reader, *, boxes: Sequence[int], bin_: int) -> list[NamedBox]:
    """Return boxes with all that is in them, those that a participant may do with as it likes.

    They are outermost ones of one moment, so no code lies in two of them.
    """
    found = []
    for box in boxes:
        tree = walk_tree(reader, box)
        row = tree[0].row if tree else None
        if row is not None and (version := usable_version(row, bin_)):
            found.append(NamedBox(0, box, version, row.boxes, codes_of(tree), of_transfer=True))
    return found
