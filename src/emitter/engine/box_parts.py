"""Boxes go whole or not at all: which of them lie whole in codes that are taken.

Outermost boxes share no code, so all of them together are one map of each buffer, which is looked
at once however many boxes there are.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_trees import joined
from emitter.engine.locating import Place
from emitter.errors import Reason
from emitter.store.code_rows import IN_VAIN, BufferRuns
from emitter.store.spans import SPAN, cut, new_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_NOTHING = np.empty(0, SPAN)


def map_boxes(boxes: Iterable[Sequence[BufferRuns]]) -> dict[Place, NDArray[np.void]]:
    """Return the codes of boxes that share none as sorted spans: number of the box, from 1."""
    gathered: defaultdict[Place, list[NDArray[np.void]]] = defaultdict(list)
    for number, buffers in enumerate(boxes, 1):
        for buffer in buffers:
            gathered[Place(*buffer[:3])].append(new_spans(buffer.runs, number))
    spans = {place: np.concatenate(parts) for place, parts in gathered.items()}
    return {place: each[np.argsort(each["first"])] for place, each in spans.items()}


class BoxParts(NamedTuple):
    """Taken codes as `PIECE`s with the number of their box, and of each box whether it is whole."""

    pieces: list[tuple[Place, NDArray[np.void]]]
    whole: NDArray[np.bool_]

    def without(self, boxes: NDArray[np.bool_]) -> list[BufferRuns]:
        """Return what is taken but for the codes of some of the boxes."""
        out = np.append(False, boxes)
        kept = [(place, each[~out[each["value"]]]) for place, each in self.pieces]
        return [BufferRuns(*place, joined([each])) for place, each in kept if len(each)]

    def in_vain(self, items: Sequence[int], places: Sequence[Place]) -> NDArray[np.void]:
        """Return the codes of boxes that are not whole as `IN_VAIN` of the items of the boxes.

        They cannot go without the others in their box.
        """
        slots = {place: slot for slot, place in enumerate(places, 1)}
        apart, item = np.append(False, ~self.whole), np.array([0, *items], np.uint32)
        told = [np.empty(0, IN_VAIN)]
        for place, each in self.pieces:
            lost = each[apart[each["value"]]]
            part = np.zeros(len(lost), IN_VAIN)
            part["item"], part["reason"] = item[lost["value"]], Reason.CODE_BOXED
            part["first"], part["count"] = lost["first"], lost["count"]
            part["place"] = slots[place]
            told.append(part)
        return np.concatenate(told)


def part_boxes(taken: Sequence[BufferRuns], boxes: Sequence[Sequence[BufferRuns]]) -> BoxParts:
    """Return which of some boxes that share no code lie whole in what is taken."""
    spans = map_boxes(boxes)
    pieces = []
    codes = np.zeros(len(boxes) + 1)
    for buffer in taken:
        place = Place(*buffer[:3])
        each = cut(spans.get(place, _NOTHING), buffer.runs)
        pieces.append((place, each))
        if place in spans:
            codes += np.bincount(each["value"].astype(np.int64), each["count"], len(codes))
    sizes = [sum(buffer.codes for buffer in buffers) for buffers in boxes]
    return BoxParts(pieces, codes[1:] == np.array(sizes, np.int64))
