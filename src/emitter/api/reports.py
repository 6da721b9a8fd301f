"""ReportService: what participants say of their codes, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emitter.api import report_values, values
from emitter.engine.locating import Place
from emitter.errors import Reason, Refused
from emitter.v1 import report_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.api.calls import Call
    from emitter.engine.reports import DocumentView
    from emitter.store.code_rows import InVain

NAMED_MAX = 1000
"""Codes named in vain whose identification codes are told, of one report."""


class ReportServicer:
    """The service ``emitter.v1.ReportService``."""

    descriptor = report_pb2.DESCRIPTOR.services_by_name["ReportService"]

    def create_report(
        self, request: report_pb2.CreateReportRequest, call: Call
    ) -> report_pb2.CreateReportResponse:
        """Report codes."""
        command = report_values.create_report(call.author(request.bin), request, call.limits)
        view, replayed = call.execute(command)
        call.items = view.row.codes
        return report_pb2.CreateReportResponse(report=report_values.report(view), replayed=replayed)

    def get_report(
        self, request: report_pb2.GetReportRequest, call: Call
    ) -> report_pb2.GetReportResponse:
        """Read one report."""
        view = _document(request, call)
        return report_pb2.GetReportResponse(report=report_values.report(view))

    def list_reports(
        self, request: report_pb2.ListReportsRequest, call: Call
    ) -> report_pb2.ListReportsResponse:
        """Read a page of documents."""
        views, token = call.engine.documents(
            call.reader(request.bin),
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return report_pb2.ListReportsResponse(
            reports=[report_values.report(view) for view in views],
            next_page_token=values.page_token(token),
        )

    def list_report_codes(
        self, request: report_pb2.ListReportCodesRequest, call: Call
    ) -> report_pb2.ListReportCodesResponse:
        """Read a page of a report's codes: the moved runs, then those named in vain."""
        view = _document(request, call)
        size = values.require_page_size(request.page_size, call.limits)
        start = _start(values.require_page_token(request.page_token))
        moved = [
            (buffer.bin, buffer.order_id, buffer.gtin, *run)
            for buffer in call.engine.document_runs(view)
            for run in buffer.runs.tolist()
        ]
        in_vain = call.engine.document_in_vain(view)
        end, total = start + size, len(moved) + len(in_vain.items)
        from_, to = max(0, start - len(moved)), max(0, end - len(moved))
        return report_pb2.ListReportCodesResponse(
            moved=[report_values.moved_codes(view.bin, run) for run in moved[start:end]],
            refused=list(_refused(call, view, in_vain, from_, to)),
            next_page_token=values.page_token(end.to_bytes(8, "big") if end < total else b""),
        )


def _document(
    request: report_pb2.GetReportRequest | report_pb2.ListReportCodesRequest, call: Call
) -> DocumentView:
    report_id = values.require_uuid(request.report_id, "report_id")
    return call.engine.document(call.reader(request.bin), report_id)


def _start(token: bytes) -> int:
    """Return where a page begins; refused with PAGE_TOKEN_INVALID."""
    if len(token) not in (0, 8):
        raise Refused(Reason.PAGE_TOKEN_INVALID)
    return int.from_bytes(token, "big")


def _refused(
    call: Call, view: DocumentView, in_vain: InVain, start: int, end: int
) -> Iterator[report_pb2.RefusedCodes]:
    """Yield the items [start, end) of what was named in vain, the first codes by their name."""
    items = in_vain.items[start:end]
    left = NAMED_MAX - int(in_vain.items["count"][:start].sum(dtype=np.int64))
    indexes: list[range] = []
    for item in items:
        count = min(max(left, 0), int(item["count"])) if item["place"] else 0
        indexes.append(range(int(item["first"]), int(item["first"]) + count))
        left -= int(item["count"])
    names = [iter(_names(call, in_vain, items, indexes, number))
             for number in range(1, len(in_vain.places) + 1)]  # fmt: skip
    for item, wanted in zip(items, indexes, strict=True):
        number = int(item["place"])
        told = [next(names[number - 1]) for _ in wanted] if number else []
        place = in_vain.places[number - 1] if number else None
        yield report_values.refused_codes(view.bin, item, place, [code for code in told if code])


def _names(
    call: Call, in_vain: InVain, items: np.ndarray, indexes: list[range], number: int
) -> list[bytes]:
    """Return the identification codes of a buffer's codes, in the order of the items."""
    wanted = [index for item, run in zip(items, indexes, strict=True)
              for index in run if item["place"] == number]  # fmt: skip
    if not wanted:
        return []
    return call.engine.identification_codes(Place(*in_vain.places[number - 1]), wanted)
