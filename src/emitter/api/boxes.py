"""BoxService: packing codes into boxes, what lies in them, and SSCCs to label them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.api import box_values, report_values, values
from emitter.engine.box_commands import AllocateSsccs
from emitter.engine.box_listing import box_text
from emitter.engine.locating import Place
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin
from emitter.trade.packing import BoxState, require_box
from emitter.v1 import box_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.api.calls import Call
    from emitter.engine.boxes import PackedBox

_TOKEN_BYTES = 12  # where the page begins, and the version of the box


class BoxServicer:
    """The service ``emitter.v1.BoxService``."""

    descriptor = box_pb2.DESCRIPTOR.services_by_name["BoxService"]

    def aggregate_codes(
        self, request: box_pb2.AggregateCodesRequest, call: Call
    ) -> box_pb2.AggregateCodesResponse:
        """Pack codes and boxes into boxes."""
        command = box_values.aggregate_codes(call.author(request.bin), request)
        view, replayed = call.execute(command)
        call.items = view.row.codes
        return box_pb2.AggregateCodesResponse(report=report_values.report(view), replayed=replayed)

    def disaggregate_boxes(
        self, request: box_pb2.DisaggregateBoxesRequest, call: Call
    ) -> box_pb2.DisaggregateBoxesResponse:
        """Disband boxes, and take codes and boxes out of others."""
        command = box_values.disaggregate_boxes(call.author(request.bin), request)
        view, replayed = call.execute(command)
        call.items = view.row.codes
        return box_pb2.DisaggregateBoxesResponse(
            report=report_values.report(view), replayed=replayed
        )

    def get_box(self, request: box_pb2.GetBoxRequest, call: Call) -> box_pb2.GetBoxResponse:
        """Read one box."""
        bin_ = call.reader(request.bin)
        view = call.engine.boxes.read(bin_, require_box(request.box, bin_, "box"))
        return box_pb2.GetBoxResponse(box=box_values.box(view))

    def list_boxes(
        self, request: box_pb2.ListBoxesRequest, call: Call
    ) -> box_pb2.ListBoxesResponse:
        """Read a page of a participant's boxes."""
        views, token = call.engine.boxes.owned(
            call.reader(request.bin),
            report_values.member(BoxState, request.state or BoxState.PACKED, "state"),
            deep=request.recursive,
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return box_pb2.ListBoxesResponse(
            boxes=[box_values.box(view) for view in views],
            next_page_token=values.page_token(token),
        )

    def list_box_contents(
        self, request: box_pb2.ListBoxContentsRequest, call: Call
    ) -> box_pb2.ListBoxContentsResponse:
        """Read a page of what lies in a box."""
        bin_ = call.reader(request.bin)
        name = require_box(request.box, bin_, "box")
        size = values.require_page_size(request.page_size, call.limits)
        token = values.require_page_token(request.page_token)
        tree = call.engine.boxes.contents(bin_, name, deep=request.recursive)
        version = tree[0].row.version.to_bytes(4, "big")
        if token and (len(token) != _TOKEN_BYTES or token[8:] != version):
            raise Refused(Reason.PAGE_TOKEN_INVALID)
        start = int.from_bytes(token[:8], "big")
        row = tree[0].row
        total = row.all_codes + row.all_boxes if request.recursive else row.codes + row.boxes
        end = start + size
        return box_pb2.ListBoxContentsResponse(
            items=_items(call, tree, start, end),
            next_page_token=values.page_token(end.to_bytes(8, "big") + version)
            if end < total
            else "",
        )

    def find_boxes(
        self, request: box_pb2.FindBoxesRequest, call: Call
    ) -> box_pb2.FindBoxesResponse:
        """Find the boxes of codes."""
        limit = call.limits.verify_codes_max
        if request.codes.count(b"\n") + (not request.codes.endswith(b"\n")) > limit:
            raise Refused(Reason.LIMIT_EXCEEDED, field="codes", limit=limit)
        bin_ = call.reader(request.bin) if request.bin or call.bin is not None else None
        found = call.engine.boxes.find(bin_, request.codes)
        call.items = len(found.reasons)
        return box_pb2.FindBoxesResponse(
            reasons=found.reasons.tobytes(),
            box_index=found.box_index,
            boxes=[box_values.box(view) for view in found.boxes],
        )

    def allocate_ssccs(
        self, request: box_pb2.AllocateSsccsRequest, call: Call
    ) -> box_pb2.AllocateSsccsResponse:
        """Give out SSCCs."""
        command = AllocateSsccs(call.author(request.bin), request.request_id, request.quantity)
        allocated, replayed = call.execute(command)
        return box_pb2.AllocateSsccsResponse(ssccs=allocated.texts(), replayed=replayed)


def _items(call: Call, tree: list[PackedBox], start: int, end: int) -> Iterator[box_pb2.BoxItem]:
    """Yield the items [start, end) of a tree: each box, then the codes directly in it."""
    path: list[str] = []
    at = 0
    for one in tree:
        text = box_text(one.box, one.row)
        path[one.depth :] = [text]
        if one.depth:
            if start <= at < end:
                yield box_pb2.BoxItem(box=path[one.depth - 1], inner_box=text)
            at += 1
        for bin_, order_id, gtin, runs in one.codes:
            count = int(runs["count"].sum())
            if start < at + count and at < end:
                indexes = [i for first, n in runs.tolist() for i in range(first, first + n)]
                wanted = indexes[max(start - at, 0) : end - at]
                codes = call.engine.identification_codes(Place(bin_, order_id, gtin), wanted)
                for code in codes:
                    yield box_pb2.BoxItem(
                        box=text, identification_code=code.decode(), gtin=format_gtin(gtin)
                    )
            at += count
