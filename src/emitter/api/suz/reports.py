"""Reports of the line in the stations' words: utilisation, dropout, and what came of them."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from emitter.api.suz.identity import document_identity
from emitter.api.suz.shapes import Fault, MisshapenError, read_json, read_shape, write_json
from emitter.api.suz.words import PUT_ON_GOODS, REPORT_STATUS
from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import ReportCodes
from emitter.engine.locating import Place
from emitter.errors import Reason, Refusal
from emitter.trade.circulation import STATE_MASK, DocumentKind, DocumentStatus, DropoutReason
from emitter.trade.packing import require_box
from emitter.trade.parties import format_bin
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from emitter.api.suz.calls import Call
    from emitter.engine.reports import DocumentView
    from emitter.trade.packing import BoxName

_DATES = ("expirationDate", "productionDate", "sourceDocDate")
_NAMED_MAX = 10  # codes that the reason of a rejection names
_ITEMS = "sntinsItems"  # among the details: where codes and boxes stand in the request
UNIT_ITEMS = "unitItems"
"""Among the details of an aggregation: how many items its units have, [items, units] in turn."""
_BOX = re.compile(r"(?:\]C1|\]d2|\]e0|\(00\))*(?:00)?[0-9]{18}", re.ASCII)


async def utilisation(shape: str, call: Call) -> tuple[DocumentView, bool]:
    """Report codes that were put on goods; return the document, and whether it was there before."""
    report = await _shape(shape, call)
    usage = report.get("usageType", PUT_ON_GOODS[0])
    if usage not in PUT_ON_GOODS:
        words = ", ".join(PUT_ON_GOODS)
        raise MisshapenError(
            Fault(
                "usageType",
                f"utilisation says that codes are on goods: {words}",
                f"отчёт о нанесении – о кодах на товаре: {words}",
            )
        )
    return await _report(call, report, DocumentKind.UTILISATION, None)


async def dropout(shape: str, call: Call) -> tuple[DocumentView, bool]:
    """Write codes off, boxes with all that is in them; see `utilisation`."""
    report = await _shape(shape, call)
    require_own(call, report)
    return await _report(call, report, DocumentKind.DROPOUT, DropoutReason[report["dropoutReason"]])


def require_own(call: Call, report: dict[str, Any]) -> None:
    """Refuse a report that names another participant than the station's."""
    given = report | report.get("attributes", {})
    if given.get("participantId", format_bin(call.bin)) != format_bin(call.bin):
        raise MisshapenError(
            Fault(
                "participantId",
                "it is not the BIN of the station's participant",
                "это не БИН участника этой станции",
            )
        )


def is_box(text: str) -> bool:
    """Return whether an item of ``sntins`` is the SSCC of a box."""
    return _BOX.fullmatch(text) is not None


async def _shape(name: str, call: Call) -> dict[str, Any]:
    """Return a report of the contract's shape with dates that are dates."""
    body = await call.body()
    # A full report takes a tenth of a second to read: other stations go on meanwhile.
    report = await asyncio.to_thread(lambda: read_shape(name, read_json(body)))
    faults = [
        Fault(field, "a date like 2026-11-22 is expected", "ожидается дата вида 2026-11-22")
        for field in _DATES
        if field in report and not _is_date(report[field])
    ]
    if faults:
        raise MisshapenError(*faults)
    return report


def _is_date(text: str) -> bool:
    """Whether a text begins with a date; a time of day may follow it."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return len(text) == 10 or text[10] in "T "


async def _report(
    call: Call, report: dict[str, Any], kind: DocumentKind, reason: DropoutReason | None
) -> tuple[DocumentView, bool]:
    request_id, memory_us = await document_identity(call)
    given = report | report.get("attributes", {})
    boxes_too = kind is DocumentKind.DROPOUT
    codes, boxes = _items(call, report["sntins"], boxes_too=boxes_too)
    if boxes and given.get("withChild") is not True:
        place = next(n for n, text in enumerate(report["sntins"]) if _BOX.fullmatch(text))
        raise MisshapenError(
            Fault(
                f"sntins[{place}]",
                "a box is written off with what is in it: withChild must be true",
                "упаковка списывается со всем содержимым: нужен withChild: true",
            )
        )
    details = {name: value for name, value in report.items() if name != "sntins"}
    if boxes:  # the engine counts them behind the codes
        at = [n for n, text in enumerate(report["sntins"]) if _BOX.fullmatch(text)]
        details[_ITEMS] = {"codes": len(report["sntins"]) - len(at), "boxes": at}
    text = write_json(details)
    command = ReportCodes(
        call.bin, request_id, kind, CodeSet(codes, boxes=boxes), reason,
        details=text, memory_us=memory_us,
    )  # fmt: skip
    answer = await call.execute(command, apart=True)
    return answer.value, answer.replayed


def _items(call: Call, sntins: list[str], *, boxes_too: bool) -> tuple[bytes, tuple[BoxName, ...]]:
    """Return codes as the engine takes them, LF between; and boxes, where they may be named."""
    codes, boxes = [], []
    for number, text in enumerate(sntins):
        if boxes_too and _BOX.fullmatch(text):
            boxes.append(require_box(text, call.bin, f"sntins[{number}]"))
        else:
            codes.append(text)
    return "\n".join(codes).encode(errors="replace"), tuple(boxes)


def report_result(call: Call, view: DocumentView) -> dict[str, Any]:
    """Return what a report is answered with; what came of it tells `report_info`."""
    return {"omsId": call.oms_id, "reportId": str(view.document_id)}


def report_info(call: Call) -> dict[str, Any]:
    """Return what came of a document of the participant."""
    view = call.engine.document(call.bin, call.uuid("reportId"))
    info = report_result(call, view) | {"reportStatus": REPORT_STATUS[view.status]}
    if view.status is not DocumentStatus.ACCEPTED:
        info["errorReason"] = _error_reason(call, view)
    return info


def _error_reason(call: Call, view: DocumentView) -> str:
    """Return why a report was rejected: how many codes, and the first of them by name."""
    items, places = call.engine.document_in_vain(view)
    details = json.loads(view.row.details or "{}")
    kept = details.get(_ITEMS, {"codes": 0, "boxes": []})
    codes = view.row.codes
    told = []
    for item in items[:_NAMED_MAX]:
        number = _item_number(int(item["item"]), kept["codes"], kept["boxes"])
        name, index = f"sntins[{number}]", int(item["first"])
        if UNIT_ITEMS in details:
            name = unit_of_item(int(item["item"]), details[UNIT_ITEMS])
        if item["place"]:
            place = Place(*places[int(item["place"]) - 1])
            (code,) = call.engine.identification_codes(place, [index])
            name += f" {code.decode()}" if code else ""
        sentence = Refusal(Reason(int(item["reason"]))).sentence(call.language)
        state = int(item["state"]) & STATE_MASK
        if state:
            titles = CodeState(state).titles
            sentence += f" ({titles.ru if call.language == 'ru' else titles.en})"
        told.append(f"{name}: {sentence}")
    many = len(items) > _NAMED_MAX
    if call.language == "ru":
        head = f"Не приняты коды: {view.row.in_vain} из {codes}."
        return " ".join([head, *told, *(["…"] if many else [])])
    head = f"Codes not accepted: {view.row.in_vain} of {codes}."
    return " ".join([head, *told, *(["…"] if many else [])])


def unit_of_item(item: int, units: list[list[int]]) -> str:
    """Return the unit of an aggregation that an item belongs to, as its report names it."""
    number = 0
    for size, count in units:
        if item < size * count:
            return f"aggregationUnits[{number + item // size}].sntins"
        item, number = item - size * count, number + count
    raise AssertionError("an item of no unit")


def _item_number(item: int, codes: int, boxes: list[int]) -> int:
    """Return the place in ``sntins`` of an item of the document, which has boxes at its end."""
    if boxes and item >= codes:
        return boxes[item - codes]
    for place in boxes:
        item += place <= item
    return item
