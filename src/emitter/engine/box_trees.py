"""Boxes in boxes: reading a tree, and planning how a transaction would change some.

Every box knows the box it lies in, and what lies in it directly. The outermost box tells the owner
of all of them. A change of a box shows in the counts and the version of each box around it, so
whoever has read a tree sees by one row that it is still the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.store import schema
from emitter.store.box_rows import (
    NOTHING,
    BoxRow,
    Content,
    content_keys,
    pack_content,
    unpack_content,
)
from emitter.store.code_rows import RUN, BufferRuns
from emitter.store.held_boxes import change_held
from emitter.store.spans import SPAN, new_spans, overlay
from emitter.trade.packing import BoxState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.work import Work
    from emitter.store.held_boxes import Listing
    from emitter.store.spans import Rows

_LEVELS_MAX = 100  # far above any limit that may be set
_EMPTY = np.empty(0, SPAN)


def read_box(rows: Rows, box: int) -> BoxRow | None:
    """Return the row of a box, None if there is none."""
    packed = rows.get_many((schema.box_key(box),))[0]
    return BoxRow.unpack(packed) if packed else None


def read_path(rows: Rows, box: int) -> list[tuple[int, BoxRow]]:
    """Return a box and those around it, the outermost last; empty if there is no such box."""
    path = []
    while box and (row := read_box(rows, box)):
        path.append((box, row))
        box = row.parent
    return path


class OpenBox(NamedTuple):
    """A box of a tree with what lies in it directly; ``depth`` is 0 for the top of the tree."""

    box: int
    depth: int
    row: BoxRow
    content: Content


def walk_tree(rows: Rows, box: int, *, deep: bool = True) -> list[OpenBox]:
    """Return a box and, if ``deep``, all boxes in it, each in front of what lies in it.

    A level costs a look-up of all its boxes. Empty if there is no such box. `ValueError` for what
    is no tree.
    """
    levels: list[list[OpenBox]] = []
    boxes = [box]
    while boxes:
        if len(levels) == _LEVELS_MAX:
            raise ValueError("a box lies in itself")
        packed = rows.get_many([schema.box_key(one) for one in boxes])
        found = [(b, BoxRow.unpack(row)) for b, row in zip(boxes, packed, strict=True) if row]
        depth = len(levels)
        level = [OpenBox(b, depth, row, unpack_content(b, row, rows.get_many)) for b, row in found]
        levels.append(level)
        boxes = [inner for one in level for inner in one.content.boxes.tolist()] if deep else []
    return list(_in_depth(levels))


def _in_depth(levels: list[list[OpenBox]]) -> Iterator[OpenBox]:
    """Yield the boxes of all levels depth first; each level is in the order of its parents."""
    boxes = {one.box: one for level in levels for one in level}
    if len(boxes) != sum(map(len, levels)):
        raise ValueError("a box lies in two")
    stack = [one.box for one in levels[0]]
    while stack:
        one = boxes.get(stack.pop())
        if one is not None:
            yield one
            stack += one.content.boxes.tolist()[::-1]


def codes_of(tree: Iterable[OpenBox]) -> list[BufferRuns]:
    """Return the codes that lie in any of the boxes, as sorted runs, each buffer once."""
    gathered: dict[tuple[int, UUID, int], list[NDArray[np.void]]] = {}
    for one in tree:
        for buffer in one.content.buffers:
            gathered.setdefault(buffer[:3], []).append(buffer.runs)
    return [BufferRuns(*place, joined(runs)) for place, runs in gathered.items()]


def joined(arrays: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Return runs that do not overlap, sorted, neighbours as one."""
    runs = np.concatenate(arrays)
    return as_runs(overlay(_EMPTY, new_spans(runs[np.argsort(runs["first"])], 1)))


def as_runs(spans: NDArray[np.void]) -> NDArray[np.void]:
    """Return spans or pieces as runs."""
    runs = np.empty(len(spans), RUN)
    runs["first"], runs["count"] = spans["first"], spans["count"]
    return runs


class BoxPlan:
    """Boxes as a transaction would leave them; nothing is written before `settle`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rows: dict[int, BoxRow] = {}
        self._contents: dict[int, Content] = {}  # where it changes

    def row(self, box: int) -> BoxRow | None:
        """Return a box as planned, None if it was never made."""
        row = self._rows.get(box)
        return row if row is not None else self._work.read(schema.box_key(box), BoxRow)

    def packed(self, box: int) -> BoxRow | None:
        """Return a box that is in use, None for any other."""
        row = self.row(box)
        return row if row is not None and row.state == BoxState.PACKED else None

    def require(self, box: int) -> BoxRow:
        """Return a box that another row leads to."""
        row = self.packed(box)
        if row is None:
            raise AssertionError("a row leads to a box that is not there")
        return row

    def path(self, box: int) -> list[int]:
        """Return a box and those around it, the outermost last."""
        path = [box]
        while parent := self.require(path[-1]).parent:
            path.append(parent)
        return path

    def outermost(self, box: int) -> BoxRow:
        """Return the outermost box around a box, which tells the owner of both."""
        return self.require(self.path(box)[-1])

    def content(self, box: int) -> Content:
        """Return what lies directly in a box, as planned."""
        content = self._contents.get(box)
        if content is None:
            row = self._work.read(schema.box_key(box), BoxRow)
            content = unpack_content(box, row, self._work.get_many) if row else NOTHING
        return content

    def make(self, box: int, row: BoxRow) -> None:
        """Plan a new box, or one anew that was disbanded; nothing lies in it yet."""
        self._rows[box] = row
        self._contents[box] = NOTHING

    def keep(self, box: int, row: BoxRow) -> None:
        """Plan what a row says beside what lies in the box."""
        self._rows[box] = row

    def disband(self, box: int) -> Content:
        """Plan a box out of use, and out of the box it lies in; return what was in it.

        Boxes that lay in it are outermost ones then, of the same owner.
        """
        row, content, owner = self.require(box), self.content(box), self.outermost(box).owner
        self.take_boxes(box, content.boxes.tolist())
        self._change(box, NOTHING, codes=-row.codes)
        if row.parent:
            self.take_boxes(row.parent, [box])
        self._rows[box] = self.require(box)._replace(state=BoxState.DISBANDED, owner=owner)
        return content

    def put_in(self, box: int, codes: list[BufferRuns], boxes: list[int]) -> None:
        """Plan codes and outermost boxes into a box."""
        before = self.content(box)
        buffers = {buffer[:3]: buffer.runs for buffer in before.buffers}
        for buffer in codes:
            place, runs = buffer[:3], buffer.runs
            buffers[place] = joined([buffers[place], runs]) if place in buffers else runs
        inside = before.boxes
        if boxes:
            inside = np.union1d(inside, np.array(boxes, np.uint64))
        content = Content([BufferRuns(*place, runs) for place, runs in buffers.items()], inside)
        self._change(box, content, codes=sum(b.codes for b in codes), entered=boxes)
        for inner in boxes:
            self._rows[inner] = self.require(inner)._replace(parent=box)

    def take_codes(self, box: int, codes: list[BufferRuns]) -> None:
        """Plan codes out of the box they lie in directly."""
        gone = {buffer[:3]: new_spans(buffer.runs, 0) for buffer in codes}
        buffers = []
        before = self.content(box)
        for buffer in before.buffers:
            spans = new_spans(buffer.runs, 1)
            if buffer[:3] in gone:
                spans = overlay(spans, gone[buffer[:3]])
            if len(spans):
                buffers.append(BufferRuns(*buffer[:3], as_runs(spans)))
        taken = sum(buffer.codes for buffer in codes)
        self._change(box, before._replace(buffers=buffers), codes=-taken)

    def take_boxes(self, box: int, boxes: list[int]) -> None:
        """Plan boxes out of the box they lie in directly; they are outermost ones then."""
        if not boxes:
            return
        owner, content = self.outermost(box).owner, self.content(box)
        for inner in boxes:
            self._rows[inner] = self.require(inner)._replace(parent=0, owner=owner)
        inside = np.setdiff1d(content.boxes, np.array(boxes, np.uint64))
        self._change(box, content._replace(boxes=inside), left=boxes)

    def _change(
        self,
        box: int,
        content: Content,
        *,
        codes: int = 0,
        entered: Sequence[int] = (),
        left: Sequence[int] = (),
    ) -> None:
        """Plan what lies in a box; the counts of the boxes around it follow."""
        self._contents[box] = content
        row = self.require(box)
        self._rows[box] = row._replace(codes=row.codes + codes, boxes=len(content.boxes))
        came, went = [self.require(one) for one in entered], [self.require(one) for one in left]
        all_codes = codes + sum(r.all_codes for r in came) - sum(r.all_codes for r in went)
        all_boxes = sum(1 + r.all_boxes for r in came) - sum(1 + r.all_boxes for r in went)
        height = 1 + max((r.height for r in came), default=-1)
        for around in self.path(box):
            row = self.require(around)
            if went:
                inner = [self.require(one).height for one in self.content(around).boxes.tolist()]
                height = 1 + max(inner, default=-1)
            self._rows[around] = row._replace(
                version=row.version + 1,
                changed_us=self._work.now_us,
                all_codes=row.all_codes + all_codes,
                all_boxes=row.all_boxes + all_boxes,
                height=height if went else max(row.height, height),
            )
            height = self._rows[around].height + 1

    def pack(self) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
        """Return the rows to put and the keys to delete."""
        puts: list[tuple[bytes, bytes]] = []
        stale: set[bytes] = set()
        listed: list[Listing] = []
        for box, row in self._rows.items():
            content = self._contents.get(box)
            stored = self._work.read(schema.box_key(box), BoxRow)
            listed.append((box, stored, row))
            if content is not None:
                stale.update(content_keys(box, stored) if stored else ())
                inline, codes, boxes = pack_content(content)
                whole = row._replace(content=inline, code_parts=len(codes), box_parts=len(boxes))
                puts += zip(content_keys(box, whole), codes + boxes, strict=True)
                puts.append((schema.box_key(box), whole.pack()))
            else:
                puts.append((schema.box_key(box), row.pack()))
        held, left = change_held(self._work, listed)
        return puts + held, left + list(stale.difference(key for key, _ in puts))
