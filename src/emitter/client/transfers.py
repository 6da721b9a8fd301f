"""Transfers: goods that change hands, and the history of a code.

What a shipment or an acceptance could not take is not an error: its document says how many,
`Client.refused_codes` of the document which and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emitter.client.calls import Caller, new_id, service
from emitter.client.reports import Codes
from emitter.v1 import transfer_pb2, transfer_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emitter.v1.transfer_pb2 import (
        AcceptTransferResponse,
        GetCodeHistoryResponse,
        RecallTransferResponse,
        RejectTransferResponse,
        ShipGoodsResponse,
        Transfer,
        TransferSide,
    )


class TransferCalls(Caller):
    """The calls of a client that ship goods, answer shipments, and ask for the past of a code."""

    _transfers = service(transfer_pb2_grpc.TransferServiceStub)

    def ship(
        self,
        recipient_bin: str,
        codes: Codes | Iterable[bytes] = (),
        *,
        boxes: Iterable[str] = (),
        request_id: str | None = None,
        **more: Any,
    ) -> ShipGoodsResponse:
        """Ship codes and boxes (SSCCs) to another participant.

        ``more``: ``acceptance`` (all or none unless VALID), ``details`` (a `ReportDetails`),
        ``bin`` (an operator names the sender).
        """
        request = transfer_pb2.ShipGoodsRequest(
            request_id=request_id or new_id(),
            recipient_bin=recipient_bin,
            goods=_goods(codes, boxes),
            **more,
        )
        made: ShipGoodsResponse = self._ask(self._transfers.ShipGoods, request)
        return made

    def accept_transfer(
        self,
        transfer_id: str,
        *,
        accepted: Codes | Iterable[bytes] | None = None,
        refused: Codes | Iterable[bytes] | None = None,
        request_id: str | None = None,
        **more: Any,
    ) -> AcceptTransferResponse:
        """Accept all goods of a transfer, those named, or all but those named; ``more``: `ship`."""
        request = transfer_pb2.AcceptTransferRequest(
            request_id=request_id or new_id(),
            transfer_id=transfer_id,
            accepted=None if accepted is None else _goods(accepted, ()),
            refused=None if refused is None else _goods(refused, ()),
            **more,
        )
        made: AcceptTransferResponse = self._ask(self._transfers.AcceptTransfer, request)
        return made

    def reject_transfer(
        self, transfer_id: str, *, request_id: str | None = None, **more: Any
    ) -> RejectTransferResponse:
        """Reject all goods of a transfer as their recipient; ``more``: `ship`."""
        request = transfer_pb2.RejectTransferRequest(
            request_id=request_id or new_id(), transfer_id=transfer_id, **more
        )
        made: RejectTransferResponse = self._ask(self._transfers.RejectTransfer, request)
        return made

    def recall_transfer(
        self, transfer_id: str, *, request_id: str | None = None, **more: Any
    ) -> RecallTransferResponse:
        """Take a transfer back as its sender; ``more``: `ship`."""
        request = transfer_pb2.RecallTransferRequest(
            request_id=request_id or new_id(), transfer_id=transfer_id, **more
        )
        made: RecallTransferResponse = self._ask(self._transfers.RecallTransfer, request)
        return made

    def transfer(self, transfer_id: str, *, bin: str = "") -> Transfer:
        """Return a transfer with its goods; an operator names the participant."""
        request = transfer_pb2.GetTransferRequest(transfer_id=transfer_id, bin=bin)
        transfer: Transfer = self._ask(self._transfers.GetTransfer, request).transfer
        return transfer

    def transfers(
        self, side: TransferSide, *, bin: str = "", page_size: int = 0
    ) -> Iterator[Transfer]:
        """Yield the transfers on one side, the newest first, reading page by page."""
        request = transfer_pb2.ListTransfersRequest(side=side, bin=bin, page_size=page_size)
        return self._pages(self._transfers.ListTransfers, request, "transfers")

    def code_history(self, code: bytes) -> GetCodeHistoryResponse:
        """Return what happened to a code, and who owned it when."""
        request = transfer_pb2.GetCodeHistoryRequest(code=code)
        history: GetCodeHistoryResponse = self._ask(self._transfers.GetCodeHistory, request)
        return history


def _goods(codes: Codes | Iterable[bytes], boxes: Iterable[str]) -> transfer_pb2.Goods:
    named = codes if isinstance(codes, Codes) else Codes(codes)
    return transfer_pb2.Goods(
        codes=b"\n".join(named.texts),
        spans=named.spans,
        blocks=named.blocks,
        boxes=[*named.boxes, *boxes],
        transfers=named.transfers,
    )
