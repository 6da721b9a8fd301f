"""What an answer to a transfer says of its codes and boxes, worked out before the transaction.

What a shipment has shipped does not change, so neither does what of it an acceptance names; and
what lies in a box that is under way does not change until the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_naming import without_boxes
from emitter.engine.box_parts import map_boxes, part_boxes
from emitter.engine.box_trees import codes_of, walk_tree
from emitter.engine.in_vain import joined, without_places
from emitter.engine.locating import Place
from emitter.engine.reports import apart, in_vain_of
from emitter.engine.shipping import runs_of
from emitter.errors import Reason
from emitter.store.code_rows import IN_VAIN, RUN, BufferRuns, InVain
from emitter.store.spans import SPAN, cut, new_spans, overlay
from emitter.trade.circulation import Acceptance, DocumentKind, DocumentStatus
from emitter.trade.states import TransferEvent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emitter.engine.code_sets import NamedCodes
    from emitter.engine.transfer_commands import AcceptTransfer
    from emitter.store.port import Store

_NONE = InVain(np.zeros(0, IN_VAIN), [])
_NO_RUNS, _NO_SPANS = np.empty(0, RUN), np.empty(0, SPAN)


class Shipped(NamedTuple):
    """What a transfer ships: codes by buffer, and of each box the codes in it."""

    buffers: list[BufferRuns]
    boxes: dict[int, list[BufferRuns]]


class Answered(NamedTuple):
    """What an answer says of a transfer."""

    kind: DocumentKind
    acceptance: Acceptance
    status: DocumentStatus
    shipped: list[BufferRuns]
    accepted: list[BufferRuns]
    accepted_boxes: list[int]
    in_vain: InVain

    @property
    def taken(self) -> list[BufferRuns]:
        """Return the codes that its document is about."""
        return self.accepted if self.kind is DocumentKind.ACCEPTANCE else self.shipped

    @property
    def event(self) -> TransferEvent:
        """Return what it does to the transfer."""
        if self.kind is not DocumentKind.ACCEPTANCE:
            recalled = self.kind is DocumentKind.RECALL
            return TransferEvent.RECALL if recalled else TransferEvent.REJECT
        whole = _count(self.shipped) == _count(self.accepted)
        return TransferEvent.ACCEPT if whole else TransferEvent.ACCEPT_PART


def with_boxes(store: Store, buffers: list[BufferRuns], boxes: tuple[int, ...]) -> Shipped:
    """Return what is shipped, with the codes in each of the boxes."""
    if not boxes:
        return Shipped(buffers, {})
    trees = store.view(lambda reader: [codes_of(walk_tree(reader, box)) for box in boxes])
    return Shipped(buffers, dict(zip(boxes, trees, strict=True)))


def returned(kind: DocumentKind, shipped: Shipped) -> Answered:
    """Return a rejection or a recall."""
    status = DocumentStatus.ACCEPTED
    return Answered(kind, Acceptance.WHOLE, status, shipped.buffers, [], [], _NONE)


def accepted(command: AcceptTransfer, shipped: Shipped, named: NamedCodes | None) -> Answered:
    """Return an acceptance of all that was shipped, or as the codes named tell."""
    in_vain, taken = _NONE, shipped.buffers
    boxes = list(shipped.boxes)
    if named is not None:
        in_vain, inside, in_boxes = _inside(shipped, named)
        taken = _all_but(shipped.buffers, inside) if command.all_but else inside
        boxes = [box for box in boxes if (box in in_boxes) != bool(command.all_but)]
    status = DocumentStatus.ACCEPTED
    if len(in_vain.items):
        status = DocumentStatus.PARTLY_ACCEPTED
    if not taken or (len(in_vain.items) and command.acceptance is Acceptance.WHOLE):
        status = DocumentStatus.REJECTED
    kind = DocumentKind.ACCEPTANCE
    return Answered(kind, command.acceptance, status, shipped.buffers, taken, boxes, in_vain)


def _count(buffers: list[BufferRuns]) -> int:
    return sum(buffer.codes for buffer in buffers)


def _inside(shipped: Shipped, named: NamedCodes) -> tuple[InVain, list[BufferRuns], set[int]]:
    """Return what is named in vain, and which of the named codes and boxes were shipped.

    A box goes whole: neither a code in it nor a box in it is answered apart.
    """
    runs, repeated = apart(named.runs)
    foreign = {one.item: Reason.BOX_NOT_FOUND for one in named.boxes
               if one.box not in shipped.boxes}  # fmt: skip
    runs, strange = without_boxes(runs, foreign)
    nowhere = runs[runs["slot"] < 0]
    lost = [repeated, strange, in_vain_of(nowhere, nowhere["reason"])]
    of_place = {Place(*buffer[:3]): buffer.runs for buffer in shipped.buffers}
    boxed = map_boxes(shipped.boxes.values())
    inside = []
    for slot, place in enumerate(named.places):
        of_buffer = runs[runs["slot"] == slot]
        parts, there = _parts(of_buffer, new_spans(of_place.get(place, _NO_RUNS), 1))
        lost.append(in_vain_of(parts[~there], Reason.CODE_NOT_SHIPPED))
        parts, in_box = _parts(parts[there], boxed.get(place, _NO_SPANS))
        alone = in_box & ~parts["boxed"]
        lost.append(in_vain_of(parts[alone], Reason.CODE_BOXED))
        found = new_spans(parts[~alone], 1)
        if len(found):
            inside.append(BufferRuns(*place, runs_of(overlay(found[:0], found))))
    boxes = {one.box: one.item for one in reversed(named.boxes) if one.item not in foreign}
    of_boxes = part_boxes(inside, [shipped.boxes[box] for box in boxes])
    inside = of_boxes.without(~of_boxes.whole)
    lost.append(of_boxes.in_vain(list(boxes.values()), named.places))
    whole = {box for box, is_whole in zip(boxes, of_boxes.whole, strict=True) if is_whole}
    items = joined(np.concatenate(lost))
    items = without_places(items, items["reason"] != Reason.CODE_BOXED)  # the sender's to tell
    return InVain(items, list(named.places)), inside, whole


def _parts(
    named: NDArray[np.void], spans: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Cut named runs where spans begin and end; return the parts, and which lie in those."""
    pieces = cut(spans, named)
    parts = named[pieces["run"]]
    parts["first"], parts["count"] = pieces["first"], pieces["count"]
    return parts, pieces["value"] != 0


def _all_but(shipped: list[BufferRuns], left: list[BufferRuns]) -> list[BufferRuns]:
    """Return what was shipped without the codes that are left."""
    without = {Place(*buffer[:3]): buffer.runs for buffer in left}
    kept = []
    for buffer in shipped:
        gone = new_spans(without.get(Place(*buffer[:3]), _NO_RUNS), 0)
        runs = runs_of(overlay(new_spans(buffer.runs, 1), gone))
        if len(runs):
            kept.append(buffer._replace(runs=runs))
    return kept
