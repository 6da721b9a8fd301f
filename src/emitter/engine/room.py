"""Room in a transaction: how many rows a document may write, and what is refused as too much.

A step announces its rows before the transaction, by what it names and what the store says then.
What it really writes is known when it is judged; if that is more it is refused there and then, so
no neighbour in its batch suffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emitter.engine.code_states import CHUNK
from emitter.errors import Reason, Refused
from emitter.store.code_rows import BUFFER_BYTES, IN_VAIN, PART_BYTES, RUN
from emitter.store.port import ROWS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from emitter.store.code_rows import BufferRuns


def announce(rows: int) -> int:
    """Return how many rows to announce: what no transaction holds is judged by what it needs."""
    return min(ROWS_MAX, rows)


def require_room(rows: int, announced: int, field: str) -> None:
    """Refuse what writes more rows than were announced; it may fit once the store is read anew."""
    if rows > announced:
        raise too_large(field) if announced >= ROWS_MAX else Refused(Reason.CODES_BUSY)


def too_large(field: str) -> Refused:
    """Return the refusal of a document that changes more rows than a transaction of the store."""
    return _to_be_parted(
        field,
        ROWS_MAX,
        "changes more than {} rows of the store",
        "изменяет больше {} строк хранилища",
    )


def too_many_runs(limit: int) -> Refused:
    """Return the refusal of a document whose codes are more runs than may wait in memory."""
    return _to_be_parted(
        "codes", limit, "more than {} separate runs of codes", "больше {} отдельных отрезков кодов"
    )


def _to_be_parted(field: str, limit: int, what: str, what_ru: str) -> Refused:
    number = f"{limit:,}"
    return Refused(
        Reason.FIELD_INVALID,
        field=field,
        limit=limit,
        rule=what.format(number) + " at once; send it in parts",
        rule_ru=what_ru.format(number.replace(",", " ")) + " сразу; отправьте по частям",
    )


def document_rows(runs: int, entries: int, heads: int) -> int:
    """Return how many rows a document itself writes at most: request, its expiry, head, and parts.

    Parts hold the runs that it moved and entries of what it named in vain, with ``heads`` of
    buffers in front of either.
    """
    held = runs * RUN.itemsize + entries * IN_VAIN.itemsize + heads * BUFFER_BYTES
    return 6 + held // (PART_BYTES - 100)


def rows_of_document(taken: Sequence[BufferRuns], lost: NDArray[np.void]) -> int:
    """Return `document_rows` of what was judged: codes that are moved, and `IN_VAIN`."""
    heads = len(taken) + len(np.unique(lost["place"]))
    return document_rows(sum(len(buffer.runs) for buffer in taken), len(lost), heads)


def rows_of_report(runs: NDArray[np.void], repeated: int, places: int) -> int:
    """Return how many rows a report writes at most, whatever the states of its codes.

    Chunks, a life and a trace for each buffer, and the document, if every code were moved or
    refused by itself.
    """
    entries = int(runs["count"].sum(dtype=np.int64)) + repeated
    runs = runs[runs["slot"] >= 0]
    place = runs["slot"].astype(np.int64) << 32
    first, last = runs["first"] // CHUNK, (runs["first"] + runs["count"] - 1) // CHUNK
    inner = int(np.maximum(last.astype(np.int64) - first - 1, 0).sum())
    chunks = len(np.union1d(place + first, place + last)) + inner
    return chunks + 2 * places + document_rows(0, entries, 2 * places)
