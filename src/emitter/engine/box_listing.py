"""Lists of a participant's boxes: the outermost ones, or with all that lie in them.

Those of the newest documents come first, those of one document by number.

A page is one view of the store. Between pages boxes may be packed and change hands: what is listed
by a page was so when it was read, and a box that was there all the time, unchanged, comes once.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from emitter.engine.box_trees import walk_tree
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow
from emitter.store.held_boxes import held_key, held_of, held_prefix, unpack_held
from emitter.trade.packing import format_sscc, is_sscc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.store.port import Reader

_TOKEN = struct.Struct(">16sQI")
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
    """Where a list goes on: at an outermost box, behind so many boxes of its tree."""

    document_id: UUID
    box: int
    listed: int = 0

    def pack(self) -> bytes:
        """Return the token of a page."""
        return _TOKEN.pack(self.document_id.bytes, self.box, self.listed)

    @classmethod
    def unpack(cls, token: bytes) -> Position:
        """Return what a token says, the beginning for none; refused if it cannot be one."""
        if not token:
            return cls(_NEWEST, 0)
        if len(token) != _TOKEN.size:
            raise Refused(Reason.PAGE_TOKEN_INVALID)
        document_id, box, listed = _TOKEN.unpack(token)
        return cls(UUID(bytes=document_id), box, listed)


def list_boxes(
    reader: Reader, bin_: int, state: int, *, deep: bool, page_size: int, page_token: bytes
) -> tuple[list[BoxView], bytes]:
    """Return a page of the boxes that a participant has in a state, and the next token or b''.

    If ``deep`` each outermost box is followed by those in it, each in front of what lies in it.
    """
    start = Position.unpack(page_token)
    found = list(islice(_boxes(reader, bin_, state, start, deep=deep), page_size + 1))
    token = found[page_size][0].pack() if len(found) > page_size else b""
    return [view for _, view in found[:page_size]], token


def _boxes(
    reader: Reader, bin_: int, state: int, start: Position, *, deep: bool
) -> Iterator[tuple[Position, BoxView]]:
    """Yield boxes from a position on, each with its own."""
    for here, row in _outermost(reader, bin_, state, start):
        under_way = bool(row.flags & IN_TRANSIT)
        if not here.listed:
            yield here, BoxView(here.box, row, [], bin_, under_way)
        if not deep or not row.boxes:
            continue
        path: list[str] = []
        for place, one in enumerate(walk_tree(reader, here.box)):
            path[one.depth :] = [box_text(one.box, one.row)]
            if place >= max(here.listed, 1):
                view = BoxView(one.box, one.row, path[-2::-1], bin_, under_way)
                yield here._replace(listed=place), view


def _outermost(
    reader: Reader, bin_: int, state: int, start: Position
) -> Iterator[tuple[Position, BoxRow]]:
    """Yield the outermost boxes of a participant from a position on."""
    first, stop = held_prefix(bin_, state), held_key(bin_, state, start.document_id) + b"\0"
    while True:
        rows = reader.scan(first, stop, limit=_PAGE_ROWS, reverse=True)
        for key, packed in rows:
            document_id = held_of(key)[2]
            boxes = unpack_held(packed)
            if document_id == start.document_id:
                boxes = [box for box in boxes if box >= start.box]
            found = reader.get_many([schema.box_key(box) for box in boxes])
            for box, row in zip(boxes, found, strict=True):
                if row is None:
                    raise AssertionError("a list leads to a box that is not there")
                listed = start.listed if (document_id, box) == start[:2] else 0
                yield Position(document_id, box, listed), BoxRow.unpack(row)
        if len(rows) < _PAGE_ROWS:
            return
        stop = rows[-1][0]
