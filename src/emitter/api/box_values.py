"""Message ↔ value for boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emitter.api.report_values import code_set, member, require_boxes
from emitter.api.values import instant
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.trade.circulation import Acceptance
from emitter.trade.packing import BoxKind, require_box
from emitter.trade.parties import format_bin
from emitter.v1 import box_pb2

if TYPE_CHECKING:
    from emitter.engine.box_listing import BoxView


def aggregate_codes(bin_: int, request: box_pb2.AggregateCodesRequest) -> AggregateCodes:
    """Return the command of a request; refused with the field whose form is wrong."""
    units = []
    for number, unit in enumerate(request.units):
        where = f"units[{number}]"
        name = require_box(unit.box, bin_, f"{where}.box")
        kind = unit.kind or (BoxKind.TRANSPORT if unit.boxes else BoxKind.GROUP)
        units.append(
            PackUnit(
                name,
                code_set(bin_, unit, f"{where}."),
                member(BoxKind, kind, f"{where}.kind"),
                unit.update,
                unit.capacity,
            )
        )
    acceptance = member(Acceptance, request.acceptance or Acceptance.WHOLE, "acceptance")
    return AggregateCodes(bin_, request.request_id, tuple(units), acceptance)


def disaggregate_boxes(bin_: int, request: box_pb2.DisaggregateBoxesRequest) -> DisaggregateBoxes:
    """Return the command of a request; refused with the field whose form is wrong."""
    return DisaggregateBoxes(
        bin_,
        request.request_id,
        require_boxes(bin_, request.boxes, "boxes"),
        code_set(bin_, request),
        member(Acceptance, request.acceptance or Acceptance.WHOLE, "acceptance"),
    )


def box(view: BoxView) -> box_pb2.Box:
    """Return the message of a box."""
    row = view.row
    return box_pb2.Box(
        box=view.text,
        kind=_wire(row.kind),
        state=_wire(row.state),
        owner_bin=format_bin(view.owner),
        packer_bin=format_bin(row.packer),
        around=view.around,
        capacity=row.capacity,
        code_count=row.codes,
        box_count=row.boxes,
        total_code_count=row.all_codes,
        total_box_count=row.all_boxes,
        create_time=instant(row.made_us),
        update_time=instant(row.changed_us),
        report_id=str(row.document_id),
        under_way=view.under_way,
    )


def _wire(number: int) -> Any:
    """Return a value of an enumeration: the numbers are the protocol's own (a test compares)."""
    return number
