"""Boxes in the stations' words: aggregation reports, and what is in an aggregation unit."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import TYPE_CHECKING, Any

from emitter.api.suz.identity import document_identity
from emitter.api.suz.reports import UNIT_ITEMS, is_box, require_own
from emitter.api.suz.shapes import Fault, MisshapenError, read_json, read_shape, write_json
from emitter.engine.box_commands import AggregateCodes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.locating import Place
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin
from emitter.trade.packing import BoxKind, is_sscc, require_box
from emitter.trade.parties import format_bin

if TYPE_CHECKING:
    from emitter.api.suz.calls import Call
    from emitter.engine.reports import DocumentView

_UPDATE = "UPDATE"


async def aggregation(shape: str, call: Call) -> tuple[DocumentView, bool]:
    """Pack what a report says, all or nothing; return the document, and whether it was there.

    AGGREGATION makes a box, UPDATE puts more into it. SSCCs among the codes are boxes to pack.
    """
    body = await call.body()
    report = await asyncio.to_thread(lambda: read_shape(shape, read_json(body)))
    require_own(call, report)
    request_id, memory_us = await document_identity(call)
    units = [_unit(call, unit, n) for n, unit in enumerate(report["aggregationUnits"])]
    details = {name: value for name, value in report.items() if name != "aggregationUnits"}
    sizes = groupby(len(unit["sntins"]) for unit in report["aggregationUnits"])
    known = details | {UNIT_ITEMS: [[size, len(list(same))] for size, same in sizes]}
    text = write_json(known)
    if len(text.encode()) > call.limits.details_bytes_max:  # units of all sizes: named by number
        text = write_json(details)
    command = AggregateCodes(call.bin, request_id, tuple(units), details=text, memory_us=memory_us)
    answer = await call.execute(command, apart=True)
    return answer.value, answer.replayed


def _unit(call: Call, unit: dict[str, Any], number: int) -> PackUnit:
    """Return one box with what goes into it."""
    field = f"aggregationUnits[{number}]"
    name = require_box(unit["unitSerialNumber"], call.bin, f"{field}.unitSerialNumber")
    update = unit["aggregationType"] == _UPDATE
    sntins = unit["sntins"]
    if not update and unit["aggregatedItemsCount"] != len(sntins):
        raise MisshapenError(
            Fault(
                f"{field}.aggregatedItemsCount",
                f"sntins has {len(sntins)}",
                f"в sntins перечислено: {len(sntins)}",
            )
        )
    if unit["aggregationUnitCapacity"] < 1:
        raise MisshapenError(Fault(f"{field}.aggregationUnitCapacity", "at least 1", "не меньше 1"))
    boxes = [(place, text) for place, text in enumerate(sntins) if is_box(text)]
    codes = [text for text in sntins if not is_box(text)]
    return PackUnit(
        name,
        CodeSet(
            "\n".join(codes).encode(errors="replace"),
            boxes=tuple(require_box(t, call.bin, f"{field}.sntins[{n}]") for n, t in boxes),
        ),
        BoxKind.TRANSPORT if boxes else BoxKind.GROUP,
        update,
        unit["aggregationUnitCapacity"],
    )


def aggregation_info(call: Call) -> dict[str, Any]:
    """Return what lies directly in a box: identification codes, and SSCCs of boxes with AI 00."""
    text = call.query("unitSerialNumber")
    name = require_box(text, call.bin, "unitSerialNumber")
    box, *inside = call.engine.boxes.contents(call.bin, name, deep=False)
    sntins, gtins = [], []
    for issuer, order_id, gtin, runs in box.codes:
        indexes = [i for first, count in runs.tolist() for i in range(first, first + count)]
        place = Place(issuer, order_id, gtin)
        sntins += [c.decode() for c in call.engine.identification_codes(place, indexes)]
        gtins.append(gtin)
    for one in inside:
        sntins.append(f"00{one.box:018d}" if is_sscc(one.box) else one.row.name)
    return {
        "omsId": call.oms_id,
        "participantId": format_bin(call.bin),
        "aggregationUnit": {
            "aggregatedItemsCount": len(sntins),
            "aggregationType": "AGGREGATION" if box.row.version == 1 else _UPDATE,
            "aggregationUnitCapacity": box.row.capacity,
            "sntins": sntins,
            "unitSerialNumber": text,
        },
        "productsInfo": [_product(call, gtin) for gtin in dict.fromkeys(gtins)],
    }


def _product(call: Call, gtin: int) -> dict[str, str]:
    """Return a GTIN with the name of the product, where it is registered."""
    try:
        return {"gtin": format_gtin(gtin), "name": call.engine.product(gtin).row.name_ru}
    except Refused as refused:
        if refused.reason is not Reason.PRODUCT_NOT_FOUND:
            raise
        return {"gtin": format_gtin(gtin)}
