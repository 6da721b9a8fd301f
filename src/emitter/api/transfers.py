"""TransferService: goods that change hands, and the history of a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emitter.api import report_values, values
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.store.holding_keys import Side
from emitter.trade.circulation import STATE_MASK, Acceptance
from emitter.trade.gs1 import format_gtin
from emitter.trade.packing import format_sscc
from emitter.trade.parties import format_bin, require_bin
from emitter.v1 import transfer_pb2

if TYPE_CHECKING:
    from emitter.api.calls import Call
    from emitter.engine.history import CodeHistory, HistoryEvent
    from emitter.engine.transfer_reading import TransferView


class TransferServicer:
    """The service ``emitter.v1.TransferService``."""

    descriptor = transfer_pb2.DESCRIPTOR.services_by_name["TransferService"]

    def ship_goods(
        self, request: transfer_pb2.ShipGoodsRequest, call: Call
    ) -> transfer_pb2.ShipGoodsResponse:
        """Ship goods to another participant."""
        bin_ = call.author(request.bin)
        command = ShipCodes(
            bin_,
            request.request_id,
            require_bin(request.recipient_bin, "recipient_bin"),
            report_values.code_set(bin_, request.goods, "goods."),
            _acceptance(request.acceptance),
            report_values.details_json(request.details, call.limits),
        )
        return transfer_pb2.ShipGoodsResponse(**_carried_out(command, call))

    def accept_transfer(
        self, request: transfer_pb2.AcceptTransferRequest, call: Call
    ) -> transfer_pb2.AcceptTransferResponse:
        """Accept goods, all or a part."""
        bin_ = call.author(request.bin)
        accepted, refused = (
            report_values.code_set(bin_, getattr(request, name), f"{name}.")
            if request.HasField(name)
            else None
            for name in ("accepted", "refused")
        )
        command = AcceptTransfer(
            bin_,
            request.request_id,
            values.require_uuid(request.transfer_id, "transfer_id"),
            accepted,
            refused,
            _acceptance(request.acceptance),
            report_values.details_json(request.details, call.limits),
        )
        return transfer_pb2.AcceptTransferResponse(**_carried_out(command, call))

    def reject_transfer(
        self, request: transfer_pb2.RejectTransferRequest, call: Call
    ) -> transfer_pb2.RejectTransferResponse:
        """Reject all goods of a transfer."""
        command = RejectTransfer(
            call.author(request.bin),
            request.request_id,
            values.require_uuid(request.transfer_id, "transfer_id"),
            report_values.details_json(request.details, call.limits),
        )
        return transfer_pb2.RejectTransferResponse(**_carried_out(command, call))

    def recall_transfer(
        self, request: transfer_pb2.RecallTransferRequest, call: Call
    ) -> transfer_pb2.RecallTransferResponse:
        """Take a transfer back."""
        command = RecallTransfer(
            call.author(request.bin),
            request.request_id,
            values.require_uuid(request.transfer_id, "transfer_id"),
            report_values.details_json(request.details, call.limits),
        )
        return transfer_pb2.RecallTransferResponse(**_carried_out(command, call))

    def get_transfer(
        self, request: transfer_pb2.GetTransferRequest, call: Call
    ) -> transfer_pb2.GetTransferResponse:
        """Read one transfer with its goods."""
        transfer_id = values.require_uuid(request.transfer_id, "transfer_id")
        view = call.engine.transfer(call.reader(request.bin), transfer_id)
        message = transfer(view)
        for gtin, quantity in call.engine.transfer_goods(view).items():
            message.goods.add(gtin=format_gtin(gtin), quantity=quantity)
        return transfer_pb2.GetTransferResponse(transfer=message)

    def list_transfers(
        self, request: transfer_pb2.ListTransfersRequest, call: Call
    ) -> transfer_pb2.ListTransfersResponse:
        """Read a page of transfers on one side."""
        views, token = call.engine.transfers(
            call.reader(request.bin),
            report_values.member(Side, request.side, "side"),
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return transfer_pb2.ListTransfersResponse(
            transfers=[transfer(view) for view in views],
            next_page_token=values.page_token(token),
        )

    def get_code_history(
        self, request: transfer_pb2.GetCodeHistoryRequest, call: Call
    ) -> transfer_pb2.GetCodeHistoryResponse:
        """Tell what happened to a code and who owned it when."""
        history = call.engine.history(request.code, call.bin)
        return transfer_pb2.GetCodeHistoryResponse(
            gtin=format_gtin(history.gtin),
            serial=history.serial,
            state=_wire(history.state),
            utilised=history.utilised,
            owner_bin=format_bin(history.owner),
            owner_name=history.names.get(history.owner, ""),
            recipient_bin=_bin(history.recipient),
            events=[_event(event, history) for event in history.events],
        )


def _carried_out(command: Any, call: Call) -> dict[str, Any]:
    """Carry out a command; return what all responses have."""
    answer, replayed = call.execute(command)
    call.items = answer.document.row.codes
    told = transfer(answer.transfer) if answer.transfer else None
    document = report_values.report(answer.document)
    return {"document": document, "transfer": told, "replayed": replayed}


def _acceptance(number: int) -> Acceptance:
    acceptance: Acceptance = report_values.member(
        Acceptance, number or Acceptance.WHOLE, "acceptance"
    )
    return acceptance


def _wire(number: int) -> Any:
    """Return a value of an enumeration: the numbers are the protocol's own (a test compares)."""
    return number


def _bin(number: int) -> str:
    return format_bin(number) if number else ""


def transfer(view: TransferView) -> transfer_pb2.Transfer:
    """Return the message of a transfer, without its goods."""
    row = view.row
    return transfer_pb2.Transfer(
        transfer_id=str(view.transfer_id),
        state=_wire(row.state),
        side=_wire(view.side),
        sender_bin=format_bin(row.sender),
        recipient_bin=format_bin(row.recipient),
        ship_time=values.instant(row.shipped_us),
        answer_time=values.instant(row.answered_us) if row.answered_us else None,
        code_count=row.codes,
        accepted_count=row.accepted,
        boxes=[format_sscc(box) for box in row.boxes],
        details=report_values.details(view.details),
    )


def _event(event: HistoryEvent, history: CodeHistory) -> transfer_pb2.CodeEvent:
    return transfer_pb2.CodeEvent(
        time=values.instant(event.at_us) if event.at_us else None,
        kind=_wire(event.kind),
        document_kind=_wire(event.document or 0),
        bin=format_bin(event.bin),
        name=history.names.get(event.bin, ""),
        other_bin=_bin(event.other),
        other_name=history.names.get(event.other, ""),
        id=event.id,
        state=_wire(event.byte & STATE_MASK),
        owner_bin=format_bin(event.owner),
    )
