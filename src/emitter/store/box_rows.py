"""Rows of boxes: the box, what lies in it where that is much, and the SSCCs that were given out.

A box is its number (`trade.packing`). Who owns a box, and whether it is on its way, is told by the
row of the outermost one, so that a pallet changes hands by one row.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np

from emitter.store import schema
from emitter.store.code_rows import PART_BYTES, RUN, BufferRuns, pack_runs, unpack_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

IN_TRANSIT = 1
"""Flag of an outermost box: it is shipped to another participant who has not answered yet."""

_BOX = struct.Struct("<BBBB3Q16sqQ6IQIB")


class BoxRow(NamedTuple):
    """A box. ``codes`` and ``boxes`` lie in it directly, the two ``all_…`` at any depth.

    ``owner`` holds for an outermost box; ``packer`` made it, under whose number of its own it may
    be named (``name``, '' for an SSCC). ``parent`` is the box it lies in, 0 for none. ``height`` is
    how many levels of boxes lie in it. ``version`` grows by one with every change of what lies in
    it, at any depth. ``capacity`` is how many items it may hold directly, 0 for no such limit.
    What lies in it is ``content`` where that is short, else so many rows of codes and of boxes.
    """

    kind: int
    state: int
    flags: int
    height: int
    owner: int
    packer: int
    parent: int
    document_id: UUID
    made_us: int
    changed_us: int
    version: int
    capacity: int
    codes: int
    boxes: int
    code_parts: int
    box_parts: int
    all_codes: int
    all_boxes: int
    name: str
    content: bytes

    def pack(self) -> bytes:
        """Return the row."""
        name = self.name.encode()
        head = (*self[:7], self.document_id.bytes, *self[8:18], len(name))
        return _BOX.pack(*head) + name + self.content

    @classmethod
    def unpack(cls, row: bytes) -> BoxRow:
        """Return the value of a row."""
        head = _BOX.unpack_from(row)
        end = _BOX.size + head[18]
        document_id = UUID(bytes=head[7])
        name = row[_BOX.size : end].decode()
        return cls._make((*head[:7], document_id, *head[8:18], name, row[end:]))


class Content(NamedTuple):
    """What lies directly in a box: codes as sorted runs in buffers, and the numbers of boxes."""

    buffers: list[BufferRuns]
    boxes: NDArray[np.uint64]


NOTHING = Content([], np.empty(0, np.uint64))
INLINE_BYTES = 1_000
"""Content up to so many bytes stays in the row of its box."""
_BUFFER = struct.Struct("<Q16sQI")


def pack_content(content: Content) -> tuple[bytes, list[bytes], list[bytes]]:
    """Return what goes into the row of the box, or the rows of its codes and of its boxes."""
    boxes = content.boxes.tobytes()
    inline = boxes
    for buffer in content.buffers:
        place = _BUFFER.pack(buffer.bin, buffer.order_id.bytes, buffer.gtin, len(buffer.runs))
        inline += place + buffer.runs.tobytes()
        if len(inline) > INLINE_BYTES:
            break
    if len(inline) <= INLINE_BYTES:
        return inline, [], []
    parts = [boxes[at : at + PART_BYTES] for at in range(0, len(boxes), PART_BYTES)]
    return b"", pack_runs(content.buffers), parts


def content_keys(box: int, row: BoxRow) -> list[bytes]:
    """Return the keys of the rows of what lies in a box: of its codes, then of its boxes."""
    codes = [schema.content_key(box, schema.CODES_INSIDE, part) for part in range(row.code_parts)]
    boxes = [schema.content_key(box, schema.BOXES_INSIDE, part) for part in range(row.box_parts)]
    return codes + boxes


def unpack_content(
    box: int, row: BoxRow, get_many: Callable[[Sequence[bytes]], list[bytes | None]]
) -> Content:
    """Return what lies directly in a box; its rows are fetched where it has any."""
    if not row.code_parts + row.box_parts:
        return _unpack_inline(row)
    rows = [part or b"" for part in get_many(content_keys(box, row))]
    merged: dict[tuple[int, UUID, int], list[NDArray[np.void]]] = {}
    for part in rows[: row.code_parts]:
        for buffer in unpack_runs(part):
            merged.setdefault(buffer[:3], []).append(buffer.runs)
    buffers = [BufferRuns(*place, np.concatenate(runs)) for place, runs in merged.items()]
    return Content(buffers, np.frombuffer(b"".join(rows[row.code_parts :]), "<u8"))


def unpack_boxes(
    box: int, row: BoxRow, get_many: Callable[[Sequence[bytes]], list[bytes | None]]
) -> NDArray[np.uint64]:
    """Return the boxes directly in a box; rows of its codes are not fetched."""
    if not row.code_parts + row.box_parts:
        return _inline_boxes(row)
    rows = get_many(content_keys(box, row)[row.code_parts :])
    return np.frombuffer(b"".join(part or b"" for part in rows), "<u8")


def _inline_boxes(row: BoxRow) -> NDArray[np.uint64]:
    return np.frombuffer(row.content, "<u8", count=row.boxes)


def _unpack_inline(row: BoxRow) -> Content:
    content, at = row.content, 8 * row.boxes
    boxes = _inline_boxes(row)
    buffers = []
    while at < len(content):
        bin_, order, gtin, count = _BUFFER.unpack_from(content, at)
        at += _BUFFER.size
        runs = np.frombuffer(content, RUN, count=count, offset=at)
        at += count * RUN.itemsize
        buffers.append(BufferRuns(bin_, UUID(bytes=order), gtin, runs))
    return Content(buffers, boxes)


_SERIES = struct.Struct("<Q")
_RANGE = struct.Struct("<QQ")


class SsccSeriesRow(NamedTuple):
    """The next counter of the SSCCs of a prefix."""

    next_counter: int

    def pack(self) -> bytes:
        """Return the row."""
        return _SERIES.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> SsccSeriesRow:
        """Return the value of a row."""
        return cls._make(_SERIES.unpack(row))


class SsccRangeRow(NamedTuple):
    """Whose a range of SSCCs is, and how many they are."""

    bin: int
    quantity: int

    def pack(self) -> bytes:
        """Return the row."""
        return _RANGE.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> SsccRangeRow:
        """Return the value of a row."""
        return cls._make(_RANGE.unpack(row))
