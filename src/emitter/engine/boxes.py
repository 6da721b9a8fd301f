"""The door to boxes: their commands made ready, and what callers may ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.aggregation import AggregateStep, DisaggregateStep
from emitter.engine.box_commands import (
    AggregateCodes,
    AllocateSsccs,
    BoxCommand,
)
from emitter.engine.box_listing import BoxView, box_text, list_boxes
from emitter.engine.box_trees import codes_of, read_path, walk_tree
from emitter.engine.code_sets import name_codes
from emitter.engine.locating import Place, locate_codes
from emitter.engine.ssccs import AllocateSsccsStep, require_own_ssccs
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow
from emitter.store.holding_keys import Holding, holding_key
from emitter.store.spans import read_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.config import Limits
    from emitter.engine.batch import Step
    from emitter.engine.keys import KeyRing
    from emitter.engine.ranges import Ranges
    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Reader, Store
    from emitter.trade.packing import BoxName, BoxState, SsccSpace


class BoxedCodes(NamedTuple):
    """Which box each code of a text lies in: `Reason`, and index into ``boxes`` (-1: in none)."""

    reasons: NDArray[np.uint8]
    box_index: NDArray[np.int32]
    boxes: list[BoxView]


class PackedBox(NamedTuple):
    """A box of a tree: how deep it lies, and the codes directly in it as runs in buffers."""

    box: int
    depth: int
    row: BoxRow
    codes: list[BufferRuns]


class Boxes:
    """Boxes of a store. ``bin_`` None asks as the operator, who sees everybody's."""

    def __init__(
        self,
        store: Store,
        ranges: Ranges,
        keys: KeyRing,
        limits: Limits,
        space: SsccSpace | None,
    ) -> None:
        self._store, self._ranges, self._keys = store, ranges, keys
        self._limits, self._space = limits, space

    def step(self, command: BoxCommand, new_id: Callable[[], UUID]) -> Step:
        """Make a command ready for its transaction."""
        if isinstance(command, AllocateSsccs):
            if self._space is None:
                raise Refused(Reason.NOT_OFFERED, what="SSCC")
            return AllocateSsccsStep(command, self._space)
        sources = (command.bin, self._store, self._ranges, self._keys)
        if isinstance(command, AggregateCodes):
            if self._space is not None:
                boxes = [(f"units[{n}].box", u.box.box) for n, u in enumerate(command.units)]
                require_own_ssccs(self._store, self._space, command.bin, boxes)
            codes, items = command.merged()
            named = name_codes(codes, *sources, whole=False, field=items.field)
            return AggregateStep(command, new_id(), named, self._limits)
        named = name_codes(command.named(), *sources, deep=False, whole=False)
        return DisaggregateStep(command, new_id(), named)

    def read(self, bin_: int | None, name: BoxName) -> BoxView:
        """Return a box of the participant; raises `Refused`."""
        return self._store.view(lambda reader: _require(reader, bin_, name))

    def owned(
        self, bin_: int, state: BoxState, *, deep: bool, page_size: int, page_token: bytes = b""
    ) -> tuple[list[BoxView], bytes]:
        """Return a page of a participant's boxes, newest first, and the token of the next (b'').

        Outermost ones, or if ``deep`` each with all boxes in it; see `box_listing`.
        """
        return self._store.view(
            lambda reader: list_boxes(
                reader, bin_, state, deep=deep, page_size=page_size, page_token=page_token
            )
        )

    def contents(self, bin_: int | None, name: BoxName, *, deep: bool) -> list[PackedBox]:
        """Return a box and, if ``deep``, those in it at any depth, each before what lies in it.

        Not ``deep``: the box itself, and those directly in it without what lies in them.
        """

        def read(reader: Reader) -> list[PackedBox]:
            box = _require(reader, bin_, name).box
            tree = walk_tree(reader, box, deep=deep)
            packed = [PackedBox(one.box, one.depth, one.row, one.content.buffers) for one in tree]
            if deep:
                return packed
            inner = tree[0].content.boxes.tolist()
            rows = reader.get_many([schema.box_key(one) for one in inner])
            found = [(one, BoxRow.unpack(row)) for one, row in zip(inner, rows, strict=True) if row]
            return packed + [PackedBox(one, 1, row, []) for one, row in found]

        return self._store.view(read)

    def codes(self, bin_: int | None, name: BoxName) -> list[BufferRuns]:
        """Return all codes in a box at any depth, as runs in buffers; raises `Refused`."""

        def read(reader: Reader) -> list[BufferRuns]:
            return codes_of(walk_tree(reader, _require(reader, bin_, name).box))

        return self._store.view(read)

    def find(self, bin_: int | None, text: bytes) -> BoxedCodes:
        """Return the boxes of codes (LF between them); nobody is told of what is another's."""
        codes = locate_codes(text, self._store, self._ranges, self._keys, identification=True)
        found = np.flatnonzero((codes.reasons == 0) & (codes.slots >= 0))
        box_index = np.full(len(codes.reasons), -1, np.int32)
        # A wrong check of a code that was issued to another is not told from a right one.
        bins = np.array([*(place.bin for place in codes.places), 0], np.uint64)[codes.slots]

        def read(reader: Reader) -> list[BoxView]:
            keys = [holding_key(Holding.OWNER, *place) for place in codes.places]
            owners = read_values(reader, keys, codes.slots[found], codes.indexes[found])
            bins[found] = np.where(owners == 0, bins[found], owners)
            boxes = read_boxes(reader, codes.places, codes.slots[found], codes.indexes[found])
            names, inverse = np.unique(boxes, return_inverse=True)
            index = np.full(len(names), -1, np.int32)
            told: list[BoxView] = []
            for number, box in enumerate(names.tolist()):
                view = _view(reader, box) if box else None
                if view is not None and bin_ in (None, view.owner):
                    index[number] = len(told)
                    told.append(view)
            box_index[found] = index[inverse]
            return told

        boxes = self._store.view(read)
        if bin_ is not None:
            untold = (codes.reasons == 0) | (codes.reasons == Reason.CODE_FORGED)
            codes.reasons[untold & (bins != bin_)] = Reason.CODE_NOT_OWNED
        return BoxedCodes(codes.reasons, box_index, boxes)


def read_boxes(
    reader: Reader, places: list[Place], slots: NDArray[np.int32], indexes: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the box that each code lies in directly, 0 for none: number of its buffer, index."""
    keys = [schema.boxed_key(*place) for place in places]
    return read_values(reader, keys, slots, indexes)


def _view(reader: Reader, box: int) -> BoxView | None:
    path = read_path(reader, box)
    if not path:
        return None
    around = [box_text(one, row) for one, row in path[1:]]
    outermost = path[-1][1]
    return BoxView(box, path[0][1], around, outermost.owner, bool(outermost.flags & IN_TRANSIT))


def _require(reader: Reader, bin_: int | None, name: BoxName) -> BoxView:
    view = _view(reader, name.box)
    if view is None or view.text != name.text or bin_ not in (None, view.owner):
        raise Refused(Reason.BOX_NOT_FOUND, box=name.text)
    return view
