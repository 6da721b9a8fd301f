"""Message ↔ value for reports: what they say, what came of them, which codes they name."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from emitter.api.values import (
    civil_date,
    instant,
    require_date,
    require_order_id,
    require_uuid,
)
from emitter.engine.code_sets import BlockName, CodeSet, CodeSpan
from emitter.engine.commands import ReportCodes, require_text
from emitter.errors import Reason, Refused
from emitter.trade.circulation import (
    MOVES,
    STATE_MASK,
    UTILISED,
    Acceptance,
    DocumentKind,
    DropoutReason,
    IntroductionWay,
    ReturnReason,
    WithdrawalReason,
)
from emitter.trade.gs1 import format_gtin, require_gtin
from emitter.trade.packing import require_box
from emitter.v1 import box_pb2, report_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from google.type.date_pb2 import Date

    from emitter.config import Limits
    from emitter.engine.reports import DocumentView
    from emitter.trade.packing import BoxName
    from emitter.trade.titled import Titled
    from emitter.v1 import transfer_pb2

    Named = (
        report_pb2.CreateReportRequest | box_pb2.PackUnit | box_pb2.DisaggregateBoxesRequest
        | transfer_pb2.Goods
    )  # fmt: skip

_REASONS: Mapping[str, type[Titled]] = {
    "introduction_way": IntroductionWay,
    "dropout_reason": DropoutReason,
    "withdrawal_reason": WithdrawalReason,
    "return_reason": ReturnReason,
}
_REASON_FIELDS = {reasons: field for field, reasons in _REASONS.items()}

DETAILS = {
    "production_date": "productionDate",
    "expiry_date": "expirationDate",
    "production_line": "productionLineId",
    "batch": "seriesNumber",
    "document_number": "sourceDocNum",
    "document_date": "sourceDocDate",
    "comment": "comment",
}
"""Fields of `ReportDetails` and how the kept JSON names them: as the order stations do."""


def create_report(
    bin_: int, request: report_pb2.CreateReportRequest, limits: Limits
) -> ReportCodes:
    """Return the command of a request; refused with the field whose form is wrong."""
    kind = member(DocumentKind, request.kind, "kind")
    field = request.WhichOneof("reason")
    reason = None if field is None else member(_REASONS[field], getattr(request, field), field)
    acceptance = request.acceptance or Acceptance.WHOLE
    return ReportCodes(
        bin_,
        request.request_id,
        kind,
        code_set(bin_, request),
        reason,
        member(Acceptance, acceptance, "acceptance"),
        _day(request, "event_date", "event_date"),
        details_json(request.details, limits),
    )


def member(words: type[Any], value: int, field: str) -> Any:
    """Return the member of a value; refused if it is missing or unknown."""
    if not value:
        raise Refused(Reason.FIELD_REQUIRED, field=field)
    try:
        return words(value)
    except ValueError:
        raise Refused(
            Reason.FIELD_INVALID, field=field, rule="a known value", rule_ru="неизвестное значение"
        ) from None


def _day(message: Any, name: str, field: str) -> date | None:
    return require_date(getattr(message, name), field) if message.HasField(name) else None


def code_set(bin_: int, request: Named, where: str = "") -> CodeSet:
    """Return the codes that a message names; ``where`` it stands is put in front of its fields."""
    spans = [
        CodeSpan(*_buffer(item, f"{where}spans[{number}]"), item.first_index, item.quantity)
        for number, item in enumerate(request.spans)
    ]
    blocks = [
        BlockName(*_buffer(item, f"{where}blocks[{number}]"), item.block_id)
        for number, item in enumerate(request.blocks)
    ]
    names = request.boxes
    if isinstance(request, box_pb2.DisaggregateBoxesRequest):
        names = request.inner_boxes
    boxes = require_boxes(bin_, names, f"{where}boxes")
    transfers = [
        require_uuid(transfer_id, f"{where}transfers[{number}]")
        for number, transfer_id in enumerate(request.transfers)
    ]
    return CodeSet(request.codes, tuple(spans), tuple(blocks), boxes, tuple(transfers))


def require_boxes(bin_: int, names: Iterable[str], field: str) -> tuple[BoxName, ...]:
    """Return the boxes that a participant names; refused with the field of a wrong one."""
    return tuple(require_box(name, bin_, f"{field}[{number}]") for number, name in enumerate(names))


def _buffer(item: report_pb2.CodeSpan | report_pb2.BlockReference, field: str) -> tuple[UUID, int]:
    return require_order_id(item.order_id), require_gtin(item.gtin, f"{field}.gtin")


def details_json(details: report_pb2.ReportDetails, limits: Limits) -> str:
    """Return details as the JSON that is kept with the report, '' for none."""
    kept = {}
    for name, word in DETAILS.items():
        field, value = f"details.{name}", getattr(details, name)
        if name.endswith("_date"):
            day = _day(details, name, field)
            if day is not None:
                kept[word] = day.isoformat()
        elif value:
            require_text(value, field, limits.name_chars_max)
            kept[word] = value
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else ""


def report(view: DocumentView) -> report_pb2.Report:
    """Return the message of a document."""
    row = view.row
    message = report_pb2.Report(
        report_id=str(view.document_id),
        kind=_wire(row.kind),
        state=_wire(row.status),
        acceptance=_wire(row.acceptance),
        create_time=instant(row.at_us),
        event_date=_civil(row.dated_on),
        code_count=row.codes,
        moved_count=row.moved,
        refused_count=row.in_vain,
        details=details(row.details),
        details_json=row.details,
    )
    move = MOVES.get(DocumentKind(row.kind))
    if move is not None and move.reasons is not None and row.reason:
        setattr(message, _REASON_FIELDS[move.reasons], row.reason)
    return message


def _wire(number: int) -> Any:
    """Return a value of an enumeration: the numbers are the protocol's own (a test compares)."""
    return number


def _civil(ordinal: int) -> Date | None:
    return civil_date(date.fromordinal(ordinal)) if ordinal else None


def details(text: str) -> report_pb2.ReportDetails | None:
    """Return what of the kept JSON has a field; stations may have written anything."""
    if not text:
        return None
    kept = json.loads(text)
    kept = kept | kept.get("attributes", {})
    message = report_pb2.ReportDetails()
    for name, word in DETAILS.items():
        value = kept.get(word)
        if not isinstance(value, str):
            continue
        if not name.endswith("_date"):
            setattr(message, name, value)
            continue
        try:
            getattr(message, name).CopyFrom(civil_date(date.fromisoformat(value[:10])))
        except ValueError:
            continue
    return message


def moved_codes(bin_: int, run: tuple[int, UUID, int, int, int]) -> report_pb2.MovedCodes:
    """Return the message of a run of moved codes: BIN, order, GTIN, first index, quantity."""
    issuer, order_id, gtin, first, quantity = run
    return report_pb2.MovedCodes(
        order_id=str(order_id) if issuer == bin_ else "",
        gtin=format_gtin(gtin),
        first_index=first,
        quantity=quantity,
    )


def refused_codes(
    bin_: int, item: Any, place: tuple[int, UUID, int] | None, identification_codes: list[bytes]
) -> report_pb2.RefusedCodes:
    """Return the message of codes named in vain: an item of `IN_VAIN` and where it lies."""
    state = int(item["state"])
    return report_pb2.RefusedCodes(
        item=int(item["item"]),
        reason=_wire(int(item["reason"])),
        state=_wire(state & STATE_MASK),
        utilised=bool(state & UTILISED),
        order_id=str(place[1]) if place is not None and place[0] == bin_ else "",
        gtin=format_gtin(place[2]) if place is not None else "",
        first_index=int(item["first"]) if place is not None else 0,
        quantity=int(item["count"]),
        identification_codes=[code.decode("ascii") for code in identification_codes],
    )
