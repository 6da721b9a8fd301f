"""Rows of what happened to codes: the life of a buffer, documents, and the codes they name.

The states of single codes are packed by the core (`_core.pack_chunks`); everything else is here.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np

from emitter._core import CHUNK_CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_LIFE = struct.Struct("<BBII")  # the first byte is 0: no staged row begins so
_TRACT = np.dtype([("first", "<u4"), ("byte", "u1")])

OWNED = 1
"""Flag of a life: some of the codes have changed hands."""
BOXED = 2
"""Flag of a life: some of the codes lie in boxes."""
UNDER_WAY = 4
"""Flag of a life: some of the codes are shipped to another participant who has not answered."""


class LifeRow(NamedTuple):
    """Where the codes of a buffer left their first state, chunk by chunk.

    ``tracts`` has a byte for each chunk of `CHUNK_CODES` codes: what all of them are, or 0 for what
    the buffer says; the codes of a chunk's own row go before either. Alike neighbours are kept as
    one run, so a whole buffer of ten million introduced codes is a row of a few bytes.
    ``documents`` counts the documents that have moved codes of the buffer.
    """

    flags: int
    tracts: NDArray[np.uint8]
    documents: int = 0

    @classmethod
    def new(cls, quantity: int) -> LifeRow:
        """Return the life of a buffer of so many codes, none of which has been touched."""
        return cls(0, np.zeros(-(-quantity // CHUNK_CODES), np.uint8))

    def pack(self) -> bytes:
        """Return the row."""
        starts = np.flatnonzero(np.append(True, self.tracts[1:] != self.tracts[:-1]))
        runs = np.empty(len(starts), _TRACT)
        runs["first"], runs["byte"] = starts, self.tracts[starts]
        return _LIFE.pack(0, self.flags, self.documents, len(self.tracts)) + runs.tobytes()

    @classmethod
    def unpack(cls, row: bytes) -> LifeRow:
        """Return the value of a row."""
        form, flags, documents, count = _LIFE.unpack_from(row)
        if form:
            raise ValueError("not a life; a staged one is read by `engine.lives`")
        runs = np.frombuffer(row, _TRACT, offset=_LIFE.size)
        starts = runs["first"].astype(np.int64)
        return cls(flags, np.repeat(runs["byte"], np.append(starts[1:], count) - starts), documents)


_TRACE = struct.Struct(">QI")


def life_chunks(row: bytes) -> int:
    """Return of how many chunks the life in a row says that it is, without unpacking them."""
    return int(_LIFE.unpack_from(row)[3])


def life_flags(row: bytes) -> int:
    """Return the flags of the life in a row, without unpacking the rest."""
    return row[1]


class TraceRow(NamedTuple):
    """A document of a buffer: whose it is, and its number among the documents of the buffer.

    Numbers are those of the order in which the documents took effect, from 1 without gaps. Ids of
    documents do not tell it: they are drawn before, by many threads, from a clock that may go back.
    """

    bin: int
    number: int

    def pack(self) -> bytes:
        """Return the row."""
        return _TRACE.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> TraceRow:
        """Return the value of a row."""
        return cls._make(_TRACE.unpack(row))


_DOCUMENT = struct.Struct("<BBBBqi3QII")


class DocumentRow(NamedTuple):
    """A document: what a participant reported about codes, and what came of it.

    ``reason`` is a value of the reasons its kind takes, 0 for none; ``dated_on`` the day the goods
    were moved, of the proleptic calendar, 0 for the day of the report. ``run_parts`` and
    ``in_vain_parts`` count the rows of the codes it moved and of those it named in vain.
    """

    kind: int
    acceptance: int
    status: int
    reason: int
    at_us: int
    dated_on: int
    codes: int
    moved: int
    in_vain: int
    run_parts: int
    in_vain_parts: int
    details: str  # JSON: what else came with it

    def pack(self) -> bytes:
        """Return the row."""
        return _DOCUMENT.pack(*self[:11]) + self.details.encode()

    @classmethod
    def unpack(cls, row: bytes) -> DocumentRow:
        """Return the value of a row."""
        return cls._make((*_DOCUMENT.unpack_from(row), row[_DOCUMENT.size :].decode()))


RUN = np.dtype([("first", "<u4"), ("count", "<u4")])
"""Codes ``first`` to ``first + count`` of a buffer."""

IN_VAIN = np.dtype([
    ("item", "<u4"), ("reason", "u1"), ("state", "u1"), ("first", "<u4"), ("count", "<u4"),
    ("place", "<u4"),
])  # fmt: skip
"""Codes named in vain: the item of the document, `Reason`, byte of the state (0: none told), and
the run of codes in the buffer that the item names (count 1 and first 0 where none was found).
Sorted by item and index; neighbours that are alike are one run. ``place``
counts the document's buffers from 1; 0 where the participant is told of none."""

_IN_VAIN_KEPT = np.dtype([(name, IN_VAIN[name]) for name in (IN_VAIN.names or ())[:-1]])
"""What of it is kept: the items of a buffer stand behind its name."""

_BUFFER = struct.Struct("<Q16sQI")
BUFFER_BYTES = _BUFFER.size
"""Bytes in front of the runs of a buffer in a part of a document."""
PART_BYTES = 60_000
"""Bytes of a part of a document: below the port's limit of a value."""


class BufferRuns(NamedTuple):
    """Codes of one buffer: a sorted array of `RUN` that do not touch."""

    bin: int
    order_id: UUID
    gtin: int
    runs: NDArray[np.void]

    @property
    def codes(self) -> int:
        """Return how many codes there are."""
        return int(self.runs["count"].sum(dtype=np.int64))


def pack_runs(buffers: list[BufferRuns]) -> list[bytes]:
    """Return the rows that hold the runs of a document's buffers.

    A run is kept as its distance from the one before it and its length, all distances of a buffer
    and then all lengths, deflated: codes touched alone cost two bytes, evenly spaced ones nothing.
    """
    return [zlib.compress(part, 1) for part in _parts(buffers)]


def _parts(buffers: list[BufferRuns]) -> list[bytes]:
    parts, part = [], b""
    for buffer in buffers:
        runs = buffer.runs
        while len(runs):
            room = (PART_BYTES - len(part) - _BUFFER.size) // RUN.itemsize
            if room < 1:
                parts.append(part)
                part = b""
                continue
            taken, runs = runs[:room], runs[room:]
            part += _BUFFER.pack(buffer.bin, buffer.order_id.bytes, buffer.gtin, len(taken))
            part += np.diff(taken["first"], prepend=np.uint32(0)).tobytes()
            part += taken["count"].tobytes()
    return [*parts, part] if part else parts


def unpack_runs(row: bytes) -> Iterator[BufferRuns]:
    """Yield the runs in one row; a buffer may go on in the next row."""
    at = 0
    row = zlib.decompress(row)
    while at < len(row):
        bin_, order, gtin, count = _BUFFER.unpack_from(row, at)
        at += _BUFFER.size
        columns = np.frombuffer(row, "<u4", count=2 * count, offset=at)
        runs = np.empty(count, RUN)
        runs["first"], runs["count"] = np.cumsum(columns[:count]), columns[count:]
        at += count * RUN.itemsize
        yield BufferRuns(bin_, UUID(bytes=order), gtin, runs)


class InVain(NamedTuple):
    """What a document named in vain: an array of `IN_VAIN`, and the buffers that they lie in."""

    items: NDArray[np.void]
    places: list[tuple[int, UUID, int]]  # BIN, order, GTIN

    @property
    def codes(self) -> int:
        """Return how many codes there are."""
        return int(self.items["count"].sum(dtype=np.int64))


def runs_in_vain(runs: NDArray[np.void], reason: int | NDArray[np.uint8]) -> NDArray[np.void]:
    """Return runs that items name as refused ones, `IN_VAIN`; neither state nor place is told."""
    lost = np.zeros(len(runs), IN_VAIN)
    for field in ("item", "first", "count"):
        lost[field] = runs[field]
    lost["reason"] = reason
    return lost


def pack_in_vain(in_vain: InVain) -> list[bytes]:
    """Return the rows that hold codes named in vain; each row is read by itself."""
    kept = np.empty(len(in_vain.items), _IN_VAIN_KEPT)
    for name in _IN_VAIN_KEPT.names or ():
        kept[name] = in_vain.items[name]
    parts, part = [], b""
    for number in np.unique(in_vain.items["place"]).tolist():
        bin_, order_id, gtin = in_vain.places[number - 1] if number else (0, UUID(int=0), 0)
        left = kept[in_vain.items["place"] == number]
        while len(left):
            room = (PART_BYTES - len(part) - _BUFFER.size) // kept.itemsize
            if room < 1:
                parts.append(part)
                part = b""
                continue
            taken, left = left[:room], left[room:]
            part += _BUFFER.pack(bin_, order_id.bytes, gtin, len(taken)) + taken.tobytes()
    return [zlib.compress(each, 1) for each in ([*parts, part] if part else parts)]


def unpack_in_vain(rows: list[bytes]) -> InVain:
    """Return the codes named in vain in the order of their items and, in an item, of buffers."""
    found: list[NDArray[np.void]] = [np.empty(0, IN_VAIN)]
    places: dict[tuple[int, UUID, int], int] = {}
    for row in map(zlib.decompress, rows):
        at = 0
        while at < len(row):
            bin_, order, gtin, count = _BUFFER.unpack_from(row, at)
            at += _BUFFER.size
            kept = np.frombuffer(row, _IN_VAIN_KEPT, count=count, offset=at)
            at += count * kept.itemsize
            items = np.zeros(count, IN_VAIN)
            for name in _IN_VAIN_KEPT.names or ():
                items[name] = kept[name]
            if bin_:
                items["place"] = places.setdefault((bin_, UUID(bytes=order), gtin), len(places) + 1)
            found.append(items)
    items = np.concatenate(found)
    order = np.lexsort((items["first"], items["place"], items["item"]))
    return InVain(items[order], list(places))
