"""Lists of a participant's boxes: the outermost ones, or with all that lie in them.

Those of the newest documents come first, those of one document by number; and behind a box those
in it, by number too. So the place of a box is named by the boxes around it, whatever becomes of its
neighbours.

A page is one view of the store, and reads what it shows. Between pages boxes may be packed and
change hands: what is listed by a page was so when it was read. A box comes once that was the
participant's all the time, in that state, in the same boxes or in none; one that was moved, alone
or with what it lies in, may come twice or not at all.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow, unpack_boxes
from emitter.store.held_boxes import held_key, held_of, held_prefix, unpack_held
from emitter.trade.packing import format_sscc, is_sscc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from emitter.store.port import Reader

_DOCUMENT_BYTES = 16
_PAGE_ROWS = 64
_NEWEST = UUID(int=2**128 - 1)


class BoxView(NamedTuple):
    """A box as callers see it, with the boxes around it, the outermost last.

    ``owner`` and ``under_way`` (shipped, and not answered yet) are told by the outermost one.
    """

    box: int
    row: BoxRow
    around: list[str]
    owner: int
    under_way: bool

    @property
    def text(self) -> str:
        """Return how people name it."""
        return box_text(self.box, self.row)


def box_text(box: int, row: BoxRow) -> str:
    """Return how people name a box: its SSCC, or its participant's own number."""
    return format_sscc(box) if is_sscc(box) else row.name


class Position(NamedTuple):
    """Where a list goes on: at a box, named by the boxes around it and itself, the outermost first.

    ``document_id`` has made the outermost one. Boxes of a document stand in the order of ``path``.
    """

    document_id: UUID
    path: tuple[int, ...]

    def pack(self) -> bytes:
        """Return the token of a page."""
        return self.document_id.bytes + struct.pack(f">{len(self.path)}Q", *self.path)

    @classmethod
    def unpack(cls, token: bytes) -> Position:
        """Return what a token says, the beginning for none; refused if it cannot be one."""
        if not token:
            return cls(_NEWEST, ())
        levels, rest = divmod(len(token) - _DOCUMENT_BYTES, 8)
        if levels < 1 or rest:
            raise Refused(Reason.PAGE_TOKEN_INVALID)
        document_id, path = token[:_DOCUMENT_BYTES], token[_DOCUMENT_BYTES:]
        return cls(UUID(bytes=document_id), struct.unpack(f">{levels}Q", path))


def list_boxes(
    reader: Reader, bin_: int, state: int, *, deep: bool, page_size: int, page_token: bytes
) -> tuple[list[BoxView], bytes]:
    """Return a page of the boxes that a participant has in a state, and the next token or b''.

    If ``deep`` each outermost box is followed by those in it, each in front of what lies in it.
    """
    start = Position.unpack(page_token)
    walk = _Walk(reader, bin_, page_size + 1, deep=deep)
    found = list(islice(walk.lists(state, start), page_size + 1))
    token = found[page_size][0].pack() if len(found) > page_size else b""
    return [view for _, view in found[:page_size]], token


class _Walk:
    """Reads boxes in their order, never more at a time than a page shows."""

    def __init__(self, reader: Reader, bin_: int, page: int, *, deep: bool) -> None:
        self._reader, self._bin, self._page, self._deep = reader, bin_, page, deep

    def lists(self, state: int, start: Position) -> Iterator[tuple[Position, BoxView]]:
        """Yield the boxes in a state from a position on, each with its own."""
        first = held_prefix(self._bin, state)
        stop = held_key(self._bin, state, start.document_id) + b"\0"
        size = min(self._page, _PAGE_ROWS)
        while rows := self._reader.scan(first, stop, limit=size, reverse=True):
            for key, packed in rows:
                document_id = held_of(key)[2]
                behind = start.path if document_id == start.document_id else ()
                for path, row, around, flags in self._boxes(unpack_held(packed), behind):
                    view = BoxView(path[-1], row, around, self._bin, bool(flags & IN_TRANSIT))
                    yield Position(document_id, path), view
            stop = rows[-1][0]

    def _boxes(
        self, boxes: Sequence[int], behind: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], BoxRow, list[str], int]]:
        """Yield sorted boxes and all in them, from a path on: path, row, around, outermost's flags.

        Each box is followed by those in it.
        """
        if behind:
            boxes = [box for box in boxes if box >= behind[0]]
        for at in range(0, len(boxes), self._page):
            some = boxes[at : at + self._page]
            found = self._reader.get_many([schema.box_key(box) for box in some])
            for box, packed in zip(some, found, strict=True):
                if packed is None:
                    raise AssertionError("a row leads to a box that is not there")
                row = BoxRow.unpack(packed)
                inside = behind[1:] if behind and box == behind[0] else ()
                if not inside:
                    yield (box,), row, [], row.flags
                if not self._deep or not row.boxes:
                    continue
                inner = unpack_boxes(box, row, self._reader.get_many).tolist()
                name = box_text(box, row)
                for path, one, around, _ in self._boxes(inner, inside):
                    yield (box, *path), one, [*around, name], row.flags
