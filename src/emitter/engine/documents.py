"""Reading documents: what was reported, which codes it moved, and which it named in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.reading import read_page
from emitter.engine.reports import DocumentView
from emitter.engine.staged_rows import scan_valid
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.code_rows import DocumentRow, InVain, TraceRow, unpack_in_vain, unpack_runs

if TYPE_CHECKING:
    from uuid import UUID

    from emitter.engine.locating import Place
    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Reader, Store


def read_document(store: Store, bin_: int, document_id: UUID) -> DocumentView:
    """Return a document of the participant, or refuse."""
    return store.view(lambda reader: _document(reader, bin_, document_id))


def _document(reader: Reader, bin_: int, document_id: UUID) -> DocumentView:
    row = reader.get_many((schema.document_key(bin_, document_id),))[0]
    if row is None:
        raise Refused(Reason.DOCUMENT_NOT_FOUND, document_id=document_id)
    return DocumentView(bin_, document_id, DocumentRow.unpack(row))


def read_documents(
    store: Store, bin_: int, *, page_size: int, page_token: bytes
) -> tuple[list[DocumentView], bytes]:
    """Return a page of a participant's documents, newest first, and the next token or b''."""
    prefix = schema.documents_prefix(bin_)
    rows, token = store.view(lambda r: read_page(r, prefix, page_size, page_token, reverse=True))
    views = [DocumentView(bin_, schema.order_of(key), DocumentRow.unpack(row)) for key, row in rows]
    return views, token


def read_runs(store: Store, view: DocumentView) -> list[BufferRuns]:
    """Return the codes that a document moved; a buffer may come more than once."""
    keys = [schema.runs_key(*view[:2], part) for part in range(view.row.run_parts)]
    rows = store.view(lambda reader: reader.get_many(keys))
    return [buffer for row in rows for buffer in unpack_runs(row or b"")]


def read_in_vain(store: Store, view: DocumentView) -> InVain:
    """Return the codes that a document named in vain, by item."""
    keys = [schema.in_vain_key(*view[:2], part) for part in range(view.row.in_vain_parts)]
    rows = store.view(lambda reader: reader.get_many(keys))
    return unpack_in_vain([row or b"" for row in rows])


def read_history(store: Store, place: Place, index: int) -> list[DocumentView]:
    """Return the documents that moved a code, oldest first."""

    def read(reader: Reader) -> list[DocumentView]:
        traces = [
            (TraceRow.unpack(row), schema.trace_document(key))
            for key, row in scan_valid(reader, schema.traces_prefix(*place))
        ]
        traces.sort(key=lambda trace: trace[0].number)
        return [_document(reader, trace.bin, document_id) for trace, document_id in traces]

    return [view for view in store.view(read) if _has(read_runs(store, view), place, index)]


def _has(buffers: list[BufferRuns], place: Place, index: int) -> bool:
    """Return whether a code is among a document's runs."""
    for buffer in buffers:
        after = int(buffer.runs["first"].searchsorted(index, side="right"))
        if buffer[:3] == place and after:
            first, count = buffer.runs[after - 1].tolist()
            if index < first + count:
                return True
    return False
