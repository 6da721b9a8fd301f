"""Reports: what happened to codes after their delivery, in calls that say what is reported.

Codes are named by `Codes`: by text, spans of a buffer, blocks, boxes, accepted transfers. What a
report could not move is not an error: the `Report` says how many, `Client.refused_codes` which and
why.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from emitter.client.calls import Caller, civil_date, new_id, service
from emitter.v1 import report_pb2, report_pb2_grpc
from emitter.v1.report_pb2 import Acceptance, DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from emitter.v1.report_pb2 import (
        BlockReference,
        CodeSpan,
        DropoutReason,
        IntroductionWay,
        MovedCodes,
        RefusedCodes,
        Report,
        ReportDetails,
        ReturnReason,
        WithdrawalReason,
    )

REPORT_CODES = 30_000
"""Codes by text that servers take in one report."""


class Codes(NamedTuple):
    """Codes of a report: marking or identification codes one by one, spans, blocks, boxes.

    A transfer (its id) is all codes that the participant accepted of it.
    """

    texts: Iterable[bytes] = ()
    spans: Iterable[CodeSpan] = ()
    blocks: Iterable[BlockReference] = ()
    boxes: Iterable[str] = ()
    transfers: Iterable[str] = ()


class ReportPiece(NamedTuple):
    """One report of many: it names the codes from number ``first`` on, counted from 0.

    ``replayed``: the same piece had been reported before, and this is that report.
    """

    first: int
    report: Report
    replayed: bool


class ReportCalls(Caller):
    """The calls of a client that report codes and read reports."""

    _reports = service(report_pb2_grpc.ReportServiceStub)

    def report_utilisation(self, codes: Codes | Iterable[bytes], **more: Any) -> Report:
        """Report that codes were put on goods; ``more``: see `create_report`."""
        return self.create_report(DocumentKind.DOCUMENT_KIND_UTILISATION, codes, **more)

    def introduce(
        self, codes: Codes | Iterable[bytes], way: IntroductionWay, **more: Any
    ) -> Report:
        """Bring goods into circulation; ``more``: see `create_report`."""
        more["introduction_way"] = way
        return self.create_report(DocumentKind.DOCUMENT_KIND_INTRODUCTION, codes, **more)

    def write_off(
        self, codes: Codes | Iterable[bytes], reason: DropoutReason, **more: Any
    ) -> Report:
        """Write codes off; ``more``: see `create_report`."""
        more["dropout_reason"] = reason
        return self.create_report(DocumentKind.DOCUMENT_KIND_DROPOUT, codes, **more)

    def withdraw(
        self, codes: Codes | Iterable[bytes], reason: WithdrawalReason, **more: Any
    ) -> Report:
        """Take goods out of circulation; ``more``: see `create_report`."""
        more["withdrawal_reason"] = reason
        return self.create_report(DocumentKind.DOCUMENT_KIND_WITHDRAWAL, codes, **more)

    def return_codes(
        self, codes: Codes | Iterable[bytes], reason: ReturnReason, **more: Any
    ) -> Report:
        """Bring goods back into circulation; ``more``: see `create_report`."""
        more["return_reason"] = reason
        return self.create_report(DocumentKind.DOCUMENT_KIND_RETURN, codes, **more)

    def create_report(
        self,
        kind: DocumentKind,
        codes: Codes | Iterable[bytes],
        *,
        request_id: str | None = None,
        **more: Any,
    ) -> Report:
        """Report codes, up to 30,000 by their text and any number by spans and blocks.

        ``more``: the reason of the kind (``dropout_reason=…``), ``acceptance`` (all codes or none
        unless VALID), ``on`` (the day it happened), ``details`` (a `ReportDetails`), ``bin`` (an
        operator names the participant).
        """
        named = codes if isinstance(codes, Codes) else Codes(codes)
        request = _request(kind, **more)
        request.request_id = request_id or new_id()
        request.codes = b"\n".join(named.texts)
        request.spans.extend(named.spans)
        request.blocks.extend(named.blocks)
        request.boxes.extend(named.boxes)
        request.transfers.extend(named.transfers)
        report: Report = self._ask(self._reports.CreateReport, request).report
        return report

    def report_many(
        self,
        kind: DocumentKind,
        codes: Codes | Iterable[bytes],
        *,
        attempt: str = "",
        **more: Any,
    ) -> Iterator[ReportPiece]:
        """Report any number of codes, as many reports as it takes; yield each as it is made.

        Spans, blocks, boxes and transfers come in a report of their own, after the texts.

        The ids of the requests are made of what is reported, so whoever was cut off calls again
        with the same codes and goes on: what was reported before is answered, not done twice.
        Another ``attempt`` reports the same codes anew. ``more``: see `create_report`.
        """
        named = codes if isinstance(codes, Codes) else Codes(codes)
        request = _request(kind, **more)
        remaining, first = iter(named.texts), 0
        while piece := list(islice(remaining, REPORT_CODES)):
            request.codes = b"\n".join(piece)
            yield self._piece(request, first, attempt)
            first += len(piece)
        request.codes = b""
        request.spans.extend(named.spans)
        request.blocks.extend(named.blocks)
        request.boxes.extend(named.boxes)
        request.transfers.extend(named.transfers)
        if request.spans or request.blocks or request.boxes or request.transfers:
            yield self._piece(request, first, attempt)

    def _piece(
        self, request: report_pb2.CreateReportRequest, first: int, attempt: str
    ) -> ReportPiece:
        request.request_id = f"{first}/{attempt}"
        said = request.SerializeToString(deterministic=True)
        request.request_id = hashlib.sha256(said).hexdigest()
        answer = self._ask(self._reports.CreateReport, request)
        return ReportPiece(first, answer.report, answer.replayed)

    def report(self, report_id: str, *, bin: str = "") -> Report:
        """Return a report; an operator names the participant."""
        request = report_pb2.GetReportRequest(report_id=report_id, bin=bin)
        report: Report = self._ask(self._reports.GetReport, request).report
        return report

    def reports(self, *, bin: str = "", page_size: int = 0) -> Iterator[Report]:
        """Yield all documents, the newest first, reading page by page."""
        request = report_pb2.ListReportsRequest(bin=bin, page_size=page_size)
        return self._pages(self._reports.ListReports, request, "reports")

    def moved_codes(
        self, report_id: str, *, bin: str = "", page_size: int = 0
    ) -> Iterator[MovedCodes]:
        """Yield the codes that a report moved, as runs, reading page by page."""
        request = report_pb2.ListReportCodesRequest(
            report_id=report_id, bin=bin, page_size=page_size
        )
        return self._pages(self._reports.ListReportCodes, request, "moved")

    def refused_codes(
        self, report_id: str, *, bin: str = "", page_size: int = 0
    ) -> Iterator[RefusedCodes]:
        """Yield the codes that a report named in vain, reading page by page."""
        request = report_pb2.ListReportCodesRequest(
            report_id=report_id, bin=bin, page_size=page_size
        )
        return self._pages(self._reports.ListReportCodes, request, "refused")


def _request(
    kind: DocumentKind,
    *,
    acceptance: Acceptance = Acceptance.ACCEPTANCE_WHOLE,
    on: date | None = None,
    details: ReportDetails | None = None,
    bin: str = "",
    **reason: Any,
) -> report_pb2.CreateReportRequest:
    """Return a request but for its id and its codes."""
    return report_pb2.CreateReportRequest(
        kind=kind,
        acceptance=acceptance,
        event_date=None if on is None else civil_date(on),
        details=details,
        bin=bin,
        **reason,
    )
