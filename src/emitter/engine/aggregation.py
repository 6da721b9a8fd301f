"""Packing codes and boxes into boxes, and taking them out again: documents like reports.

The goods keep their states; what changes is where they are. All is judged in one transaction: the
codes as in a report, the boxes in the order of the document, each as those before have left it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_naming import split_boxed
from emitter.engine.box_trees import BoxPlan, as_runs
from emitter.engine.lives import buffer_at, life_of
from emitter.engine.locating import Place
from emitter.engine.reports import ReportStep
from emitter.engine.room import announce, document_rows, require_room, rows_of_document
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow
from emitter.store.code_rows import BOXED, IN_VAIN, BufferRuns, LifeRow, runs_in_vain
from emitter.store.spans import SPAN, change_spans, cut, new_spans, overlay, read_spans
from emitter.trade.circulation import Acceptance
from emitter.trade.packing import PACK, UNPACK, BoxKind, BoxState, is_sscc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.config import Limits
    from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
    from emitter.engine.code_sets import NamedCodes
    from emitter.engine.reports import Change
    from emitter.engine.work import Work
    from emitter.store.spans import SpanChange


_ROWS_A_BOX = 40  # of one that is changed: its content before and after, and the boxes around it
_ROWS_A_RUN = 8  # pages of a map that a run lies in, before and after; its share of a content
_ROWS_A_PLACE = 3  # of a buffer: life, trace, and the root of the map
_NOTHING = np.empty(0, SPAN)


class BoxChange(NamedTuple):
    """What a document does to boxes, ready to be written."""

    work: Work
    puts: list[tuple[bytes, bytes]]
    deletes: list[bytes]
    maps: list[tuple[Place, SpanChange]]

    @property
    def rows(self) -> int:
        """Return how many rows it writes, and at most the lives and traces of its buffers."""
        maps = sum(change.rows + 2 for _, change in self.maps)
        return len(self.puts) + len(self.deletes) + maps

    def settle(self) -> None:
        """Write it."""
        for key, row in self.puts:
            self.work.put(key, row)
        for key in self.deletes:
            self.work.delete(key)
        for place, change in self.maps:
            for key, row in change.puts:
                self.work.put(key, row)
            for key in change.deletes:
                self.work.delete(key)
            life_key = schema.life_key(*place)
            life = life_of(self.work, place) or LifeRow.new(buffer_at(self.work, place).quantity)
            self.work.change(life_key, life._replace(flags=life.flags | BOXED))


def box_change(work: Work, plan: BoxPlan, spans: dict[Place, NDArray[np.void]]) -> BoxChange:
    """Return what writes a plan, and the boxes of codes as sorted spans by buffer (0: no box)."""
    puts, deletes = plan.pack()
    maps = []
    for place, boxed in spans.items():
        key = schema.boxed_key(*place)
        maps.append((place, change_spans(work, key, buffer_at(work, place).quantity, boxed)))
    return BoxChange(work, puts, deletes, maps)


class _BoxStep(ReportStep):
    """A document that changes what lies in boxes; how many rows that needs, only judging tells."""

    request_kind = schema.RequestKind.AGGREGATION

    def _announced(self, rows: int) -> int:
        """Return how many rows it announces: so many of boxes and maps, and those of its document.

        Any of its codes may be moved or refused by itself.
        """
        codes = int(self.runs["count"].sum(dtype=np.int64))
        entries = codes + len(self.repeated) + self._box_items + len(self._boxes)
        places = len(self.places)
        return announce(rows + _ROWS_A_PLACE * places + document_rows(codes, entries, 2 * places))

    def _require_room(
        self, changes: list[Change], taken: list[BufferRuns], lost: NDArray[np.void]
    ) -> None:
        rows = sum(change.rows for change in changes if isinstance(change, BoxChange))
        require_room(rows + rows_of_document(taken, lost), self.rows_max, "boxes")

    def claims(self) -> tuple[bytes, ...]:
        """Return the request, the orders and the boxes: one step a round works with these."""
        return (schema.BOXES, *super().claims())


class AggregateStep(_BoxStep):
    """Pack codes and boxes into boxes."""

    def __init__(
        self, command: AggregateCodes, document_id: UUID, named: NamedCodes, limits: Limits
    ) -> None:
        """Take what `AggregateCodes.merged` names."""
        _, self._items = command.merged()
        self._units = command.units
        self._limits = limits
        self._box_items = sum(len(unit.codes.boxes) for unit in command.units)
        runs = named.runs.copy()
        runs["item"] = self._items.of_merged()[runs["item"]]
        super().__init__(command, document_id, named._replace(runs=runs), PACK)

    def _rows(self) -> int:
        """Return how many rows it announces; it judges before it writes whether they do."""
        updates = sum(unit.update for unit in self._units)
        in_parts = self.command.acceptance is Acceptance.VALID
        runs = int(self.runs["count"].sum(dtype=np.int64)) if in_parts else len(self.runs)
        rows = 4 * len(self._units) + 2 * self._box_items + _ROWS_A_BOX * updates
        return self._announced(rows + _ROWS_A_RUN * runs)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that packing is judged by, those of all boxes at once."""
        boxes = [unit.box.box for unit in self._units]
        boxes += [name.box for unit in self._units for name in unit.codes.boxes]
        return (*super().reads(), *map(schema.box_key, boxes))

    def _plan(
        self,
        work: Work,
        changes: list[Change],
        taken: list[BufferRuns],
        refused: dict[int, Reason],
    ) -> tuple[list[Change], NDArray[np.void]]:
        """Plan unit after unit; a unit of which nothing can be packed changes nothing."""
        del changes, refused  # the codes keep their states
        plan = BoxPlan(work)
        by_unit: defaultdict[int, list[BufferRuns]] = defaultdict(list)
        spans = {}
        for buffer in taken:
            place = Place(*buffer[:3])
            spans[place] = self._by_unit(place, buffer.runs, by_unit)
        lost: list[tuple[int, Reason]] = []
        packed = False
        for number, unit in enumerate(self._units):
            codes = by_unit.get(number, [])
            row = self._judge_box(work, plan, number, unit)
            boxes = self._judge_inner(plan, number, unit, row, lost)
            if codes or boxes:
                self._put_in(plan, number, row, codes, boxes)
                packed = True
        if not packed:
            return [], _boxes_in_vain(lost)
        return [box_change(work, plan, spans)], _boxes_in_vain(lost)

    def _by_unit(
        self, place: Place, runs: NDArray[np.void], by_unit: dict[int, list[BufferRuns]]
    ) -> NDArray[np.void]:
        """Add the taken codes of a buffer to their units; return them as spans with their boxes."""
        named = self.runs[self.runs["slot"] == self.places.index(place)]
        units = (self._items.units(named["item"]) + 1).astype(np.uint64)
        pieces = cut(overlay(_NOTHING, new_spans(named, units)), runs)
        for number, inside in _by_value(pieces):
            by_unit[number - 1].append(BufferRuns(*place, inside))
        boxes = np.array([0, *(one.box.box for one in self._units)], np.uint64)
        return new_spans(pieces, boxes[pieces["value"]])

    def _judge_box(self, work: Work, plan: BoxPlan, number: int, unit: PackUnit) -> BoxRow:
        """Return the row of a unit's box before anything goes in; refuse one that cannot be."""
        field, (box, text) = f"units[{number}].box", unit.box
        row = plan.row(box)
        name = "" if is_sscc(box) else text
        if unit.update:
            if row is None or row.state != BoxState.PACKED or row.name != name:
                raise Refused(Reason.BOX_NOT_FOUND, box=text)
            outermost = plan.outermost(box)
            if outermost.owner != self.bin:
                raise Refused(Reason.BOX_NOT_FOUND, box=text)
            if outermost.flags & IN_TRANSIT:
                raise Refused(Reason.CODE_IN_TRANSIT)
            return row._replace(capacity=unit.capacity or row.capacity)
        if row is not None and not (
            row.state == BoxState.DISBANDED and row.owner == self.bin and row.name == name
        ):
            raise Refused(Reason.BOX_EXISTS, field=field, box=text)
        version = row.version if row else 0
        return BoxRow(
            unit.kind, BoxState.PACKED, 0, 0, self.bin, self.bin, 0, self.document_id,
            work.now_us, work.now_us, version, unit.capacity, 0, 0, 0, 0, 0, 0, name, b"",
        )  # fmt: skip

    def _judge_inner(
        self,
        plan: BoxPlan,
        number: int,
        unit: PackUnit,
        row: BoxRow,
        lost: list[tuple[int, Reason]],
    ) -> list[int]:
        """Return the boxes that can go into a unit's box; name the others."""
        inner: list[int] = []
        if not unit.codes.boxes:
            return inner
        path = plan.path(unit.box.box) if unit.update else [unit.box.box]
        for place, name in enumerate(unit.codes.boxes):
            reason = Reason.OK
            child = plan.packed(name.box)
            outermost = plan.outermost(name.box) if child else None
            if child is None or outermost is None or outermost.owner != self.bin:
                reason = Reason.BOX_NOT_FOUND
            elif outermost.flags & IN_TRANSIT:
                reason = Reason.CODE_IN_TRANSIT
            elif child.parent or name.box in inner:
                reason = Reason.BOX_BOXED
            elif (
                name.box in path
                or row.kind == BoxKind.GROUP
                or len(path) + 1 + child.height > self._limits.box_levels_max
            ):
                reason = Reason.BOX_NESTING
            if reason:
                lost.append((self._items.box(number, place), reason))
            else:
                inner.append(name.box)
        return inner

    def _put_in(
        self,
        plan: BoxPlan,
        number: int,
        row: BoxRow,
        codes: list[BufferRuns],
        boxes: list[int],
    ) -> None:
        """Plan a unit; refuse more than its box holds."""
        unit = self._units[number]
        box = unit.box.box
        more = sum(buffer.codes for buffer in codes)
        for count, limit in (
            (row.codes + more + row.boxes + len(boxes), row.capacity),
            (row.codes + more, self._limits.box_codes_max),
            (row.boxes + len(boxes), self._limits.box_boxes_max),
        ):
            if limit and count > limit:
                raise Refused(
                    Reason.BOX_FULL, field=f"units[{number}]", box=unit.box.text, limit=limit
                )
        if unit.update:
            plan.keep(box, row)
        else:
            plan.make(box, row)
        plan.put_in(box, codes, boxes)


class DisaggregateStep(_BoxStep):
    """Disband boxes, and take codes and boxes out of those they lie in."""

    def __init__(self, command: DisaggregateBoxes, document_id: UUID, named: NamedCodes) -> None:
        """Take what is named: the codes, and those directly in boxes to disband (the last items).

        The document counts the boxes first.
        """
        items, boxes = len(command.boxes), named.boxes
        runs = named.runs.copy()
        first = boxes[0].item if boxes else 0
        whole = runs["item"] >= first if boxes else np.zeros(len(runs), bool)
        runs["item"] = np.where(whole, runs["item"] - first, runs["item"] + items)
        boxes = [box._replace(item=box.item - first) for box in boxes]
        self._inner = command.taken.boxes
        self._inner_item = items + command.taken.texts + command.taken.named
        self._box_items = len(self._inner)
        super().__init__(command, document_id, named._replace(runs=runs, boxes=boxes), UNPACK)

    def _rows(self) -> int:
        """Return how many rows it announces: each code not named by a box may lie in its own."""
        boxed = self.runs["boxed"]
        boxes = len(self._boxes) + len(self._inner)
        boxes += int(self.runs["count"][~boxed].sum(dtype=np.int64))
        inside = sum(box.boxes for box in self._boxes)
        runs = int(np.count_nonzero(boxed))
        return self._announced(_ROWS_A_BOX * boxes + 2 * inside + _ROWS_A_RUN * runs)

    def _held_back(
        self, work: Work, place: Place, named: NDArray[np.void]
    ) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Hold back what lies in no box, too."""
        mine, held = super()._held_back(work, place, named)
        unboxed, boxed = split_boxed(work, place, mine)
        return boxed, np.concatenate([held, runs_in_vain(unboxed, Reason.CODE_UNBOXED)])

    def _plan(
        self,
        work: Work,
        changes: list[Change],
        taken: list[BufferRuns],
        refused: dict[int, Reason],
    ) -> tuple[list[Change], NDArray[np.void]]:
        """Plan codes out of their boxes, then boxes out of theirs, then boxes disbanded."""
        del changes
        plan = BoxPlan(work)
        whole = dict.fromkeys(one.box for one in self._boxes if one.item not in refused)
        by_box: defaultdict[int, list[BufferRuns]] = defaultdict(list)
        spans = {}
        for buffer in taken:
            place = Place(*buffer[:3])
            pieces = cut(read_spans(work, schema.boxed_key(*place), buffer.runs), buffer.runs)
            for box, inside in _by_value(pieces):
                if box not in whole:
                    by_box[box].append(BufferRuns(*place, inside))
            spans[place] = new_spans(buffer.runs, 0)
        for box, codes in by_box.items():
            plan.take_codes(box, codes)
        lost, moved = self._take_inner(plan)
        for box in whole:
            if plan.packed(box):  # named once more
                plan.disband(box)
        if not (whole or by_box or moved):
            return [], lost
        return [box_change(work, plan, spans)], lost

    def _take_inner(self, plan: BoxPlan) -> tuple[NDArray[np.void], bool]:
        """Plan boxes out of those they lie in; return the others, and whether any came out."""
        lost: list[tuple[int, Reason]] = []
        by_parent: defaultdict[int, list[int]] = defaultdict(list)
        for number, name in enumerate(self._inner):
            row = plan.packed(name.box)
            outermost = plan.outermost(name.box) if row else None
            reason = Reason.OK
            if row is None or outermost is None or outermost.owner != self.bin:
                reason = Reason.BOX_NOT_FOUND
            elif outermost.flags & IN_TRANSIT:
                reason = Reason.CODE_IN_TRANSIT
            elif not row.parent or name.box in by_parent[row.parent]:
                reason = Reason.CODE_UNBOXED
            if row is None or reason:
                lost.append((self._inner_item + number, reason))
            else:
                by_parent[row.parent].append(name.box)
        for parent, boxes in by_parent.items():
            plan.take_boxes(parent, boxes)
        return _boxes_in_vain(lost), any(by_parent.values())


def _by_value(pieces: NDArray[np.void]) -> Iterator[tuple[int, NDArray[np.void]]]:
    """Yield each value of sorted pieces with its runs, sorted too."""
    pieces = pieces[np.argsort(pieces["value"], kind="stable")]
    starts = np.flatnonzero(np.append(True, np.diff(pieces["value"]) != 0)[: len(pieces)])
    values = pieces["value"][starts].tolist()
    return zip(values, np.split(as_runs(pieces), starts[1:]), strict=True)


def _boxes_in_vain(boxes: list[tuple[int, Reason]]) -> NDArray[np.void]:
    """Return items that are boxes as refused ones."""
    lost = np.zeros(len(boxes), IN_VAIN)
    lost["item"], lost["reason"] = [item for item, _ in boxes], [reason for _, reason in boxes]
    lost["count"] = 1
    return lost
