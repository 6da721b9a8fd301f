"""Reading transfers: each is found under its sender and under its recipient, and nobody else."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.documents import read_document, read_runs
from emitter.engine.locating import Place
from emitter.engine.reading import read_page
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.code_rows import BufferRuns, DocumentRow
from emitter.store.holding_keys import Side, transfer_key, transfer_of, transfers_prefix
from emitter.store.transfer_rows import TransferRow
from emitter.trade.states import TransferState

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.store.port import Reader, Store


class TransferView(NamedTuple):
    """A transfer as one of its two sides sees it; ``details`` came with the shipment, as JSON."""

    side: Side
    transfer_id: UUID
    row: TransferRow
    details: str

    @property
    def state(self) -> TransferState:
        """Return its state."""
        return TransferState(self.row.state)


def read_transfer(
    store: Store, bin_: int, transfer_id: UUID, side: Side | None = None
) -> TransferView:
    """Return a transfer that a participant is a side of (the given one), or refuse."""
    sides = tuple(Side) if side is None else (side,)

    def read(reader: Reader) -> TransferView:
        rows = reader.get_many([transfer_key(bin_, one, transfer_id) for one in sides])
        for one, row in zip(sides, rows, strict=True):
            if row is not None:
                return _views(reader, [(one, transfer_id, TransferRow.unpack(row))])[0]
        raise Refused(Reason.TRANSFER_NOT_FOUND, transfer_id=transfer_id)

    return store.view(read)


def read_transfers(
    store: Store, bin_: int, side: Side, *, page_size: int, page_token: bytes
) -> tuple[list[TransferView], bytes]:
    """Return a page of a participant's transfers on one side, newest first, and the next token."""
    prefix = transfers_prefix(bin_, side)

    def read(reader: Reader) -> tuple[list[TransferView], bytes]:
        rows, token = read_page(reader, prefix, page_size, page_token, reverse=True)
        found = [(side, transfer_of(key)[2], TransferRow.unpack(row)) for key, row in rows]
        return _views(reader, found), token

    return store.view(read)


def _views(reader: Reader, found: list[tuple[Side, UUID, TransferRow]]) -> list[TransferView]:
    """Return views with what came with the shipments."""
    keys = [schema.document_key(row.sender, transfer_id) for _, transfer_id, row in found]
    views = []
    for (side, transfer_id, row), packed in zip(found, reader.get_many(keys), strict=True):
        if packed is None:
            raise AssertionError("a transfer has no shipment")
        views.append(TransferView(side, transfer_id, row, DocumentRow.unpack(packed).details))
    return views


def read_shipped(store: Store, view: TransferView) -> list[BufferRuns]:
    """Return the codes that a transfer ships, each buffer once."""
    return read_moved(store, view.row.sender, view.transfer_id)


def read_moved(store: Store, bin_: int, document_id: UUID) -> list[BufferRuns]:
    """Return the codes that a document moved, each buffer once."""
    parts: dict[Place, list[NDArray[np.void]]] = {}
    for buffer in read_runs(store, read_document(store, bin_, document_id)):
        parts.setdefault(Place(*buffer[:3]), []).append(buffer.runs)
    return [BufferRuns(*place, np.concatenate(runs)) for place, runs in parts.items()]


def goods_of(buffers: list[BufferRuns]) -> dict[int, int]:
    """Return how many codes there are of each GTIN, in the order of GTINs."""
    goods: Counter[int] = Counter()
    for buffer in buffers:
        goods[buffer.gtin] += buffer.codes
    return dict(sorted(goods.items()))
