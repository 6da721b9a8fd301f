"""Codes named by the transfer they came with: what the caller accepted of it, as runs of codes.

What an acceptance has taken does not change any more, so nothing of it is looked at code by code;
whatever is no longer the caller's is refused as if it were named otherwise.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_naming import NamedBox
from emitter.engine.box_trees import as_runs, codes_of, walk_tree
from emitter.engine.transfer_reading import read_moved, read_transfer
from emitter.errors import Reason, Refused
from emitter.store.box_rows import IN_TRANSIT
from emitter.store.code_rows import RUN, BufferRuns
from emitter.store.holding_keys import Side
from emitter.store.spans import cut, new_spans, overlay
from emitter.trade.packing import BoxState
from emitter.trade.states import TransferState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.store.port import Reader, Store

_ACCEPTED = (TransferState.ACCEPTED, TransferState.PARTLY_ACCEPTED)


class NamedTransfer(NamedTuple):
    """What an item that is a transfer names: boxes that go whole, and the codes beside them."""

    item: int
    boxes: list[NamedBox]
    buffers: list[BufferRuns]


def name_transfers(
    transfers: Sequence[UUID], bin_: int, item: int, store: Store, *, whole: bool
) -> list[NamedTransfer]:
    """Return what a participant accepted by transfers, those of items from ``item`` on.

    With ``whole`` a box that came with a transfer and that still holds nothing else is named by it,
    as if the participant had named the box. Refused: another's transfer, and one that it has not
    accepted anything of.
    """
    named = []
    boxed: set[int] = set()
    for number, transfer_id in enumerate(transfers):
        view = read_transfer(store, bin_, transfer_id, Side.RECIPIENT)
        if view.state not in _ACCEPTED or view.row.answer_id is None:
            raise Refused(
                Reason.FIELD_INVALID, field=f"transfers[{number}]",
                rule="nothing of this transfer has been accepted",
                rule_ru="по этой передаче ничего не принято",
            )  # fmt: skip
        accepted = {b[:3]: b.runs for b in read_moved(store, bin_, view.row.answer_id)}
        boxes: list[NamedBox] = []
        for box in view.row.boxes if whole else ():
            found = store.view(partial(_own_box, box=box, bin_=bin_))
            if found is not None and box not in boxed and _take_out(accepted, found.buffers):
                boxes.append(found._replace(item=item + number))
                boxed.add(box)
        buffers = [BufferRuns(*place, runs) for place, runs in accepted.items() if len(runs)]
        named.append(NamedTransfer(item + number, boxes, buffers))
    return named


def _own_box(reader: Reader, *, box: int, bin_: int) -> NamedBox | None:
    """Return a box with all that is in it; None unless a participant may do with it as it likes."""
    tree = walk_tree(reader, box)
    if not tree:
        return None
    row, codes = tree[0].row, codes_of(tree)
    if row.state != BoxState.PACKED or row.parent or row.owner != bin_ or row.flags & IN_TRANSIT:
        return None
    if not codes:
        return None
    return NamedBox(0, box, row.version, row.boxes, codes, of_transfer=True)


def _take_out(
    accepted: dict[tuple[int, UUID, int], NDArray[np.void]], inside: list[BufferRuns]
) -> bool:
    """Take what lies in a box out of what was accepted; return whether all of it was there."""
    none = np.empty(0, RUN)
    for buffer in inside:
        spans = new_spans(accepted.get(buffer[:3], none), 1)
        if not (cut(spans, buffer.runs)["value"] == 1).all():
            return False
    for buffer in inside:
        spans = new_spans(accepted[buffer[:3]], 1)
        accepted[buffer[:3]] = as_runs(overlay(spans, new_spans(buffer.runs, 0)))
    return True
