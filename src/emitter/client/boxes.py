"""The client's calls about boxes: packing, unpacking, what lies where, and SSCCs."""

from __future__ import annotations

import hashlib
import itertools
import operator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.client.calls import Caller, new_id, service
from emitter.client.reports import Codes
from emitter.v1 import box_pb2, box_pb2_grpc
from emitter.v1.box_pb2 import BoxState
from emitter.v1.report_pb2 import Acceptance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emitter.v1.box_pb2 import Box, BoxItem, PackUnit
    from emitter.v1.report_pb2 import Report

_BATCH_CODES = 50_000


class PackSize(NamedTuple):
    """How much a document of packing, or a unit of it, names: boxes to pack into, codes by text.

    ``spans`` counts blocks, too; ``boxes`` are those that go in.
    """

    units: int
    codes: int
    spans: int
    transfers: int
    boxes: int

    @classmethod
    def of(cls, unit: PackUnit) -> PackSize:
        """Return the size of a unit."""
        ends = unit.codes.count(b"\n")
        codes = ends + (bool(unit.codes) and not unit.codes.endswith(b"\n"))
        spans = len(unit.spans) + len(unit.blocks)
        return cls(1, codes, spans, len(unit.transfers), len(unit.boxes))


PACK_MAX = PackSize(units=5_000, codes=30_000, spans=1_000, transfers=100, boxes=30_000)
"""What servers take in one document of packing, unless their operator has other limits."""


class PackPiece(NamedTuple):
    """One document of many: the units that it packs."""

    units: list[PackUnit]
    report: Report


class FoundBox(NamedTuple):
    """Where a code is: `CodeReason` (0: genuine, and the caller's), and the box it lies in."""

    reason: int
    box: Box | None


class BoxCalls(Caller):
    """The calls of a client that pack, unpack and look into boxes."""

    _boxes = service(box_pb2_grpc.BoxServiceStub)

    def aggregate(
        self,
        units: Iterable[PackUnit],
        *,
        request_id: str | None = None,
        acceptance: Acceptance = Acceptance.ACCEPTANCE_WHOLE,
        bin: str = "",
    ) -> Report:
        """Pack codes and boxes into boxes, one document; an operator names the participant.

        What could not be packed is no error: `Client.refused_codes` of the document names it.
        """
        request = box_pb2.AggregateCodesRequest(
            request_id=request_id or new_id(), bin=bin, units=units, acceptance=acceptance
        )
        report: Report = self._ask(self._boxes.AggregateCodes, request).report
        return report

    def aggregate_many(
        self,
        units: Iterable[PackUnit],
        *,
        attempt: str = "",
        acceptance: Acceptance = Acceptance.ACCEPTANCE_WHOLE,
        bin: str = "",
    ) -> Iterator[PackPiece]:
        """Pack any number of boxes, as many documents as it takes; yield each as it is made.

        A unit is packed by one document, so what it names alone must fit into one (`PACK_MAX`).

        ``acceptance`` is each document's. The ids of the requests are made of what is packed, so
        whoever was cut off calls again and goes on; another ``attempt`` packs the same anew.
        """
        for piece in _pieces(units):
            digest = hashlib.sha256(attempt.encode())
            for unit in piece:
                said = unit.SerializeToString(deterministic=True)
                digest.update(len(said).to_bytes(8, "big") + said)
            request_id = digest.hexdigest()
            report = self.aggregate(piece, request_id=request_id, acceptance=acceptance, bin=bin)
            yield PackPiece(piece, report)

    def disaggregate(
        self,
        boxes: Iterable[str] = (),
        *,
        taken: Codes | None = None,
        request_id: str | None = None,
        acceptance: Acceptance = Acceptance.ACCEPTANCE_WHOLE,
        bin: str = "",
    ) -> Report:
        """Disband boxes; take codes and boxes (``taken``) out of those they lie in."""
        taken = taken or Codes()
        request = box_pb2.DisaggregateBoxesRequest(
            request_id=request_id or new_id(),
            bin=bin,
            boxes=boxes,
            codes=b"\n".join(taken.texts),
            spans=taken.spans,
            blocks=taken.blocks,
            inner_boxes=taken.boxes,
            transfers=taken.transfers,
            acceptance=acceptance,
        )
        report: Report = self._ask(self._boxes.DisaggregateBoxes, request).report
        return report

    def box(self, box: str, *, bin: str = "") -> Box:
        """Return a box; an operator names the participant."""
        request = box_pb2.GetBoxRequest(box=box, bin=bin)
        found: Box = self._ask(self._boxes.GetBox, request).box
        return found

    def boxes(
        self,
        *,
        state: BoxState = BoxState.BOX_STATE_PACKED,
        recursive: bool = False,
        bin: str = "",
        page_size: int = 0,
    ) -> Iterator[Box]:
        """Yield the boxes of a participant in a state, reading page by page.

        Those that lie in no other, the newest first; if ``recursive`` each with all boxes in it.
        """
        request = box_pb2.ListBoxesRequest(
            state=state, recursive=recursive, bin=bin, page_size=page_size
        )
        return self._pages(self._boxes.ListBoxes, request, "boxes")

    def box_contents(
        self, box: str, *, recursive: bool = False, bin: str = "", page_size: int = 0
    ) -> Iterator[BoxItem]:
        """Yield what lies in a box, reading page by page; if ``recursive``, at any depth."""
        request = box_pb2.ListBoxContentsRequest(
            box=box, recursive=recursive, bin=bin, page_size=page_size
        )
        return self._pages(self._boxes.ListBoxContents, request, "items")

    def find_boxes(self, codes: Iterable[bytes], *, bin: str = "") -> Iterator[FoundBox]:
        """Yield for each code the box it lies in; any number of codes."""
        remaining = iter(codes)
        while batch := list(itertools.islice(remaining, _BATCH_CODES)):
            request = box_pb2.FindBoxesRequest(codes=b"\n".join(batch), bin=bin)
            found = self._ask(self._boxes.FindBoxes, request)
            reasons = np.frombuffer(found.reasons, np.uint8).tolist()
            for reason, index in zip(reasons, found.box_index, strict=True):
                yield FoundBox(reason, found.boxes[index] if index >= 0 else None)

    def allocate_ssccs(
        self, quantity: int, *, request_id: str | None = None, bin: str = ""
    ) -> list[str]:
        """Return new SSCCs of the operator's prefix, which nobody else will ever get."""
        request = box_pb2.AllocateSsccsRequest(
            request_id=request_id or new_id(), bin=bin, quantity=quantity
        )
        return list(self._ask(self._boxes.AllocateSsccs, request).ssccs)


def _pieces(units: Iterable[PackUnit]) -> Iterator[list[PackUnit]]:
    """Yield units in order, as many together as one document takes."""
    piece: list[PackUnit] = []
    size = [0] * len(PACK_MAX)
    for unit in units:
        more = PackSize.of(unit)
        size = list(map(sum, zip(size, more, strict=True)))
        if piece and any(map(operator.gt, size, PACK_MAX)):
            yield piece
            piece, size = [], list(more)
        piece.append(unit)
    if piece:
        yield piece
