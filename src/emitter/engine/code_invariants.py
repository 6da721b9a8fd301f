"""What must be true of the codes after their delivery: lives, chunks, documents, traces.

The states that are stored and the documents that moved the codes are two accounts of one story. The
law that holds them together is the fold: what the documents of a buffer say, played in the order in
which they took effect over what the buffer says, gives each code exactly the byte that is stored.

Each buffer and each document is looked at in one view of its own.
"""

from __future__ import annotations

import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from emitter import _core
from emitter.engine.code_states import CHUNK, OWN_ROW, undelivered
from emitter.engine.holding_invariants import (
    MovedCodes,
    check_holding,
    check_transfers,
    check_whole_holding,
)
from emitter.engine.in_vain import joined
from emitter.engine.laws import BreachError, require
from emitter.engine.locating import Place
from emitter.engine.staged_rows import scan_valid, valid_rows
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.code_rows import (
    BOXED,
    OWNED,
    UNDER_WAY,
    DocumentRow,
    LifeRow,
    TraceRow,
    life_chunks,
    unpack_in_vain,
    unpack_runs,
)
from emitter.store.job_rows import is_staged
from emitter.store.rows import OrderRow, RequestRow
from emitter.store.scanning import scan_store, scan_view
from emitter.trade.circulation import MOVES, UTILISED, Acceptance, DocumentKind, DocumentStatus
from emitter.trade.gs1 import format_gtin
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from emitter.engine.laws import Report
    from emitter.store.port import Reader, Store
    from emitter.store.rows import BufferRow

    Runs = dict[Place, NDArray[np.void]]

_PAID = CodeState.APPLIED_AND_PAID
_REQUESTS = (
    schema.RequestKind.REPORT, schema.RequestKind.AGGREGATION, schema.RequestKind.TRANSFER,
)  # fmt: skip
_ID_BYTES = 16
UNREADABLE = (ValueError, struct.error, zlib.error)
_CACHED = 4_000_000  # runs of documents that are kept for the next buffers


def _departures() -> frozenset[int]:
    """Return every byte that documents can lead a paid code to."""
    tables = [move.table() for move in MOVES.values()]
    seen, new = {int(_PAID)}, {int(_PAID)}
    while new:
        new = {table[byte] for byte in new for table in tables} - seen - {0}
        seen |= new
    return frozenset(seen - {int(_PAID)})


DEPARTURES = _departures()
"""The bytes that may be stored of a code."""


def check_codes(store: Store, report: Report) -> None:
    """Check every buffer that was touched, every document and the requests that lead to them."""
    documents = _Documents()
    for key, _ in scan_store(store, schema.LIVES):
        _look(store, partial(_check_life, key=key, documents=documents, report=report))
    for key, _ in scan_store(store, schema.DOCUMENTS):
        _look(store, partial(_check_document, key=key, report=report))
    check_transfers(store, report)
    for key, _ in scan_store(store, schema.PARTICIPANTS):
        for kind in _REQUESTS:
            _check_requests(store, schema.owner(key), kind)


def _look(store: Store, check: Callable[[Reader], None]) -> None:
    """Check something in one view; rows that cannot be read are a breach, too."""
    try:
        store.view(check)
    except UNREADABLE as error:
        raise BreachError(f"codes and documents: their rows can be read: {error}") from None


def check_whole_codes(store: Store, report: Report) -> None:
    """Look for rows that belong to nothing, and for documents that two requests lead to."""
    check_whole_holding(store, report)
    for kinds, seen, invariant in (
        ((schema.CHUNKS,), report.chunks, "every chunk belongs to a life"),
        ((schema.TRACES,), report.traces, "every trace belongs to a life"),
        ((schema.RUNS, schema.IN_VAIN), report.document_parts, "every part belongs to a document"),
    ):
        count = sum(_count_valid(store, kind) for kind in kinds)
        require(count == seen, invariant, "store")
    asked: set[tuple[int, bytes]] = set()
    for key, _ in scan_store(store, schema.PARTICIPANTS):
        bin_ = schema.owner(key)
        for kind in _REQUESTS:
            for _, row in scan_store(store, schema.requests_prefix(bin_, kind)):
                request = RequestRow.unpack(row)
                if not request.reason and len(request.payload) == _ID_BYTES:
                    led = (bin_, request.payload)
                    require(led not in asked, "a request has a document of its own", "store")
                    asked.add(led)


def _count_valid(store: Store, kind: bytes) -> int:
    """Return how many rows of a kind there are; of staged ones those that are valid."""
    count = 0
    for _, row in scan_store(store, kind):
        staged = kind in {schema.CHUNKS, schema.TRACES} and is_staged(row)
        count += not staged or store.view(partial(_is_valid, row))
    return count


def _is_valid(row: bytes, reader: Reader) -> bool:
    return valid_rows(reader, [row])[0] is not None


class _Documents:
    """Documents with their runs, those read last kept: one may be about thousands of buffers."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[DocumentRow, Runs]] = {}
        self._size = 0

    def read(self, reader: Reader, bin_: int, document_id: UUID, who: str) -> tuple[int, Runs]:
        """Return the kind of a document and the runs of its buffers."""
        key = schema.document_key(bin_, document_id)
        found = self._kept.pop(key, None)
        if found is None:
            packed = reader.get_many((key,))[0]
            require(packed is not None, "a trace leads to a document", who)
            row = DocumentRow.unpack(packed or b"")
            found = row, _read_runs(reader, bin_, document_id, row)
            self._size += _size(found[1])
        self._kept[key] = found
        while self._size > _CACHED and len(self._kept) > 1:
            _, runs = self._kept.pop(next(iter(self._kept)))
            self._size -= _size(runs)
        return found[0].kind, found[1]


def _size(runs: Runs) -> int:
    return sum(1 + len(one) for one in runs.values())


def _read_runs(reader: Reader, bin_: int, document_id: UUID, row: DocumentRow) -> Runs:
    """Return the codes that a document has moved."""
    keys = [schema.runs_key(bin_, document_id, part) for part in range(row.run_parts)]
    parts = reader.get_many(keys)
    require(None not in parts, "a document has all its parts", f"document {document_id}")
    runs: dict[Place, list[NDArray[np.void]]] = {}
    try:
        for part in parts:
            for buffer in unpack_runs(part or b""):
                runs.setdefault(Place(*buffer[:3]), []).append(buffer.runs)
    except UNREADABLE as error:
        raise BreachError(f"document {document_id}: its parts can be read: {error}") from None
    return {place: np.concatenate(pieces) for place, pieces in runs.items()}


def _buffer(reader: Reader, place: Place) -> BufferRow | None:
    packed = reader.get_many((schema.order_key(place.bin, place.order_id),))[0]
    return OrderRow.unpack(packed).buffer(place.gtin) if packed else None


# Lives --------------------------------------------------------------------------------------------


def _check_life(reader: Reader, *, key: bytes, documents: _Documents, report: Report) -> None:
    """Check what is stored of a buffer's codes, and that its documents have led to it."""
    place = Place(*schema.buffer_of(key))
    who = f"codes of order {place.order_id}, buffer {format_gtin(place.gtin)}"
    buffer = _buffer(reader, place)
    raw = reader.get_many((key,))
    packed = valid_rows(reader, raw)[0]
    if buffer is None or packed is None:
        require(buffer is not None, "every life belongs to a buffer", who)
        require(is_staged(raw[0]), "a life that was there is gone", who)
        return
    try:
        chunks = -(-buffer.quantity // CHUNK)
        require(life_chunks(packed) == chunks, "a life has all chunks", who)
        life = LifeRow.unpack(packed)
        require(len(life.tracts) == chunks, "a life has all chunks", who)
    except UNREADABLE as error:
        raise BreachError(f"{who}: a life can be read: {error}") from None
    require(life.flags & ~(OWNED | BOXED | UNDER_WAY) == 0, "a life has the flags there are", who)
    require(life.pack() == packed, "alike chunks of a life are one run", who)
    rows = list(scan_valid(reader, schema.chunks_prefix(*place)))
    codes = _stored(life, rows, buffer.quantity, who)
    known = bool(np.isin(codes, [0, *DEPARTURES]).all())
    require(known, "codes have states they can get to", who)
    require(not codes[buffer.delivered :].any(), "only delivered codes leave their state", who)
    said = np.full(buffer.quantity, undelivered(buffer), np.uint8)
    said[: buffer.delivered] = _PAID
    stored = np.where(codes == 0, said, codes)
    traces = [
        (TraceRow.unpack(row), schema.trace_document(key))
        for key, row in scan_valid(reader, schema.traces_prefix(*place))
    ]
    traces.sort(key=lambda each: each[0].number)
    counted = len(traces) == life.documents
    numbered = [trace.number for trace, _ in traces] == list(range(1, len(traces) + 1))
    require(counted and numbered, "the documents of a buffer are numbered", who)
    changes: list[MovedCodes] = []
    for trace, document_id in traces:
        kind, runs = documents.read(reader, trace.bin, document_id, who)
        moved = _play(kind, runs.get(place), said, f"{who}, document {document_id}")
        changes.append(MovedCodes(kind, trace.bin, document_id, moved))
    check_holding(reader, place, life, changes, report)
    for index in np.flatnonzero(said != stored).tolist():
        law = f"{stored[index]} is stored, the documents lead to {said[index]}"
        require(False, law, f"{who}, code {index}")  # noqa: FBT003
    report.lives += 1
    report.chunks += len(rows)
    report.traces += len(traces)


def _stored(
    life: LifeRow, rows: list[tuple[bytes, bytes]], quantity: int, who: str
) -> NDArray[np.uint8]:
    """Return the byte of each code, 0 for what the buffer says; check the rows of the chunks."""
    own = np.flatnonzero(life.tracts == OWN_ROW).tolist()
    has_rows = [schema.chunk_of(key) for key, _ in rows] == own
    require(has_rows, "a chunk has a row where its life says so", who)
    codes = np.repeat(life.tracts, CHUNK)[:quantity]
    packed = [row for _, row in rows]
    try:
        unpacked = _core.unpack_chunks(packed)
    except ValueError as error:
        raise BreachError(f"{who}: the rows of chunks can be read: {error}") from None
    require(_core.pack_chunks(unpacked) == packed, "the row of a chunk is the shortest", who)
    for chunk, of_chunk in zip(own, unpacked, strict=True):
        live = codes[chunk * CHUNK : (chunk + 1) * CHUNK]
        live[:] = of_chunk[: len(live)]
        require(bool((live != live[0]).any()), "the codes of a chunk with a row differ", who)
    return codes


def _play(
    kind: int, runs: NDArray[np.void] | None, codes: NDArray[np.uint8], who: str
) -> NDArray[np.void]:
    """Move codes as a document says; return which."""
    if runs is None:
        raise BreachError(f"{who}: a buffer leads to documents that moved its codes")
    move = MOVES.get(DocumentKind(kind))
    if move is None:
        return runs
    table = np.frombuffer(move.table(), np.uint8)
    for first, count in runs.tolist():
        moved = table[codes[first : first + count]]
        require(bool(moved.all()), "a document moves what its kind may move", who)
        codes[first : first + count] = moved
    return runs


# Documents ----------------------------------------------------------------------------------------


def _check_document(reader: Reader, *, key: bytes, report: Report) -> None:
    """Check that a document adds up, and that the buffers it moved codes of lead to it."""
    bin_, document_id = schema.owner(key), schema.order_of(key)
    who = f"document {document_id}"
    packed = reader.get_many((key, schema.participant_key(bin_)))
    require(packed[0] is not None, "a document that was there is gone", who)
    require(packed[1] is not None, "every document has its participant", who)
    row = DocumentRow.unpack(packed[0] or b"")
    in_vain = _check_parts(reader, bin_, document_id, row, who)
    runs = _read_runs(reader, bin_, document_id, row)
    moved = sum(int(one["count"].sum(dtype=np.int64)) for one in runs.values())
    require(moved == row.moved, "a document counts the codes it moved", who)
    _check_counts(row, in_vain, who)
    traces = reader.get_many([schema.trace_key(*place, document_id) for place in runs])
    traces = valid_rows(reader, traces)
    for (place, one), trace in zip(runs.items(), traces, strict=True):
        subject = f"{who}, buffer {format_gtin(place.gtin)} of {place.order_id}"
        buffer = _buffer(reader, place)
        ends = one["first"].astype(np.int64) + one["count"]
        require(
            buffer is not None
            and bool((one["count"] > 0).all())
            and bool((one["first"][1:] > ends[:-1]).all())
            and int(ends[-1]) <= buffer.quantity,
            "runs are sorted, apart, and inside their buffer", subject,
        )  # fmt: skip
        require(
            trace is not None and TraceRow.unpack(trace).bin == bin_,
            "a buffer leads to every document that moved its codes", subject,
        )  # fmt: skip
    report.documents += 1
    report.document_parts += row.run_parts + row.in_vain_parts
    report.codes_moved += row.moved


def _check_parts(
    reader: Reader, bin_: int, document_id: UUID, row: DocumentRow, who: str
) -> NDArray[np.void]:
    """Return what a document named in vain; check that it has its parts and no others."""
    packed: dict[bytes, list[bytes]] = {}
    for kind, name, count in (
        (schema.RUNS, schema.runs_key, row.run_parts),
        (schema.IN_VAIN, schema.in_vain_key, row.in_vain_parts),
    ):
        rows = list(scan_view(reader, name(bin_, document_id, 0)[:-4]))
        expected = [name(bin_, document_id, part) for part in range(count)]
        require([key for key, _ in rows] == expected, "a document has all its parts", who)
        packed[kind] = [part for _, part in rows]
    try:
        return unpack_in_vain(packed[schema.IN_VAIN]).items
    except UNREADABLE as error:
        raise BreachError(f"{who}: its parts can be read: {error}") from None


def _check_counts(row: DocumentRow, in_vain: NDArray[np.void], who: str) -> None:
    """Check that the codes add up to what was named, and the status to both."""
    lost = int(in_vain["count"].sum(dtype=np.int64))
    require(lost == row.in_vain, "a document counts the codes it named in vain", who)
    require(np.array_equal(joined(in_vain), in_vain), "codes named in vain are sorted and joined",
            who)  # fmt: skip
    reasons = set(in_vain["reason"].tolist())
    require(reasons <= {*Reason} - {Reason.OK}, "codes named in vain have reasons", who)
    if row.kind not in MOVES:
        return
    told = (in_vain["state"] & (UTILISED - 1)) != 0
    state_tells = np.isin(in_vain["reason"], (Reason.CODE_MOVE_REFUSED,
                                              Reason.CODE_UTILISED_ALREADY))  # fmt: skip
    require(bool((told == state_tells).all()), "the state is told of what it refuses", who)
    whole, partly = row.in_vain == 0, row.moved > 0 < row.in_vain
    status = {
        DocumentStatus.ACCEPTED: whole and row.moved == row.codes,
        DocumentStatus.PARTLY_ACCEPTED: partly and row.acceptance == Acceptance.VALID
        and row.moved + row.in_vain == row.codes,
        DocumentStatus.REJECTED: row.moved == 0 < row.in_vain <= row.codes,
    }  # fmt: skip
    require(status[DocumentStatus(row.status)], "the status of a report says what it moved", who)


def _check_requests(store: Store, bin_: int, kind: schema.RequestKind) -> None:
    """Check that accepted requests lead to documents; documents are never deleted."""
    for key, row in scan_store(store, schema.requests_prefix(bin_, kind)):
        request = RequestRow.unpack(row)
        if not request.reason and len(request.payload) == _ID_BYTES:
            document = schema.document_key(bin_, UUID(bytes=request.payload))
            found = store.view(partial(_get, document))
            who = f"request {key[10:].decode()!r}"
            require(found is not None, "a request leads to its document", who)


def _get(key: bytes, reader: Reader) -> bytes | None:
    return reader.get_many((key,))[0]
