"""What may be asked of codes after their delivery: documents, transfers, and who holds goods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine import documents
from emitter.engine.history import read_code_history
from emitter.engine.identifying import identification_codes
from emitter.engine.transfer_reading import (
    goods_of,
    read_shipped,
    read_transfer,
    read_transfers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from emitter.engine.history import CodeHistory
    from emitter.engine.keys import KeyRing
    from emitter.engine.locating import Place
    from emitter.engine.ranges import Ranges
    from emitter.engine.reports import DocumentView
    from emitter.engine.transfer_reading import TransferView
    from emitter.store.code_rows import BufferRuns, InVain
    from emitter.store.holding_keys import Side
    from emitter.store.port import Store


class Circulation:
    """The part of the engine that answers what became of codes after their delivery."""

    keys: KeyRing
    _store: Store
    _ranges: Ranges

    def transfer(self, bin_: int, transfer_id: UUID) -> TransferView:
        """Return a transfer that the participant is a side of; raises `Refused`."""
        return read_transfer(self._store, bin_, transfer_id)

    def transfers(
        self, bin_: int, side: Side, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[TransferView], bytes]:
        """Return a page of transfers on one side, newest first, and the next token."""
        return read_transfers(self._store, bin_, side, page_size=page_size, page_token=page_token)

    def transfer_goods(self, transfer: TransferView) -> dict[int, int]:
        """Return how many codes of each GTIN a transfer ships."""
        return goods_of(read_shipped(self._store, transfer))

    def document(self, bin_: int, document_id: UUID) -> DocumentView:
        """Return a document of the participant; raises `Refused`."""
        return documents.read_document(self._store, bin_, document_id)

    def documents(
        self, bin_: int, *, page_size: int, page_token: bytes = b""
    ) -> tuple[list[DocumentView], bytes]:
        """Return a page of documents, newest first, and the next page's token (b'' at the end)."""
        return documents.read_documents(
            self._store, bin_, page_size=page_size, page_token=page_token
        )

    def document_runs(self, document: DocumentView) -> list[BufferRuns]:
        """Return the codes that a document moved, as runs in buffers."""
        return documents.read_runs(self._store, document)

    def document_in_vain(self, document: DocumentView) -> InVain:
        """Return the codes that a document named in vain, by item, and the buffers they lie in."""
        return documents.read_in_vain(self._store, document)

    def identification_codes(self, place: Place, indexes: Sequence[int]) -> list[bytes]:
        """Return GTIN and serial of a buffer's codes, b'' for those that are not delivered."""
        return identification_codes(self._store, self.keys, place, indexes)

    def history(self, text: bytes, bin_: int | None) -> CodeHistory:
        """Return the history of one code as a participant may see it, None for the operator."""
        return read_code_history(text, bin_, self._store, self._ranges, self.keys)
