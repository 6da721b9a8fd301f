"""What tests of boxes stand on: a packer with short words, through an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conftest import BIN, OTHER_SHOES, SHOES, Bench
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import OrderLine, ReportCodes
from emitter.trade.circulation import MOVES, Acceptance
from emitter.trade.packing import BoxKind, require_box

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emitter.trade.circulation import DocumentKind
    from emitter.trade.packing import BoxName

GROUP, TRANSPORT = BoxKind.GROUP, BoxKind.TRANSPORT
WHOLE, VALID = Acceptance


class Packer:
    """A participant with one buffer, all delivered; codes are named by their index in it."""

    def __init__(self, bench: Bench, quantity: int, bin_: int = BIN) -> None:
        self.bench, self.bin, self._count = bench, bin_, 0
        bench.join(bin_, 1_000_000_000)
        gtin = SHOES if bin_ == BIN else OTHER_SHOES
        self.order = bench.order(f"packer-{bin_}", OrderLine(gtin, quantity, 1), bin_=bin_)
        if bin_ == BIN:
            self.codes = bench.codes(bench.deliver(self.order, "all").value)

    def name(self, text: str) -> BoxName:
        return require_box(text, self.bin, "box")

    def names(self, texts: Iterable[str]) -> tuple[BoxName, ...]:
        return tuple(self.name(text) for text in texts)

    def text(self, indexes: Iterable[int]) -> bytes:
        return b"\n".join(self.codes[index] for index in indexes)

    def span(self, first: int, count: int) -> tuple[CodeSpan, ...]:
        return (CodeSpan(self.order.order_id, SHOES, first, count),)

    def unit(self, box, codes=(), boxes=(), spans=(), kind=TRANSPORT, *, update=False, capacity=0):
        named = CodeSet(self.text(codes), spans, boxes=self.names(boxes))
        return PackUnit(self.name(box), named, kind, update, capacity)

    def pack(self, *units: PackUnit, acceptance=WHOLE, request_id: str = ""):
        """Aggregate and return the document."""
        return self._do(AggregateCodes(self.bin, request_id or self._id(), units, acceptance))

    def box(self, box: str, codes=(), boxes=(), **more):
        """Aggregate one unit and return the document."""
        return self.pack(self.unit(box, codes, boxes, **more))

    def unpack(self, boxes=(), codes=(), inner=(), *, acceptance=WHOLE):
        """Disaggregate and return the document."""
        taken = CodeSet(self.text(codes), boxes=self.names(inner))
        return self._do(
            DisaggregateBoxes(self.bin, self._id(), self.names(boxes), taken, acceptance)
        )

    def report(self, kind: DocumentKind, codes=(), boxes=(), *, acceptance=WHOLE):
        """Report codes and boxes with some reason and return the document."""
        reasons = MOVES[kind].reasons
        reason = next(iter(reasons)) if reasons else None
        named = CodeSet(self.text(codes), boxes=self.names(boxes))
        return self._do(ReportCodes(self.bin, self._id(), kind, named, reason, acceptance))

    def verdicts(self, view) -> list[tuple[int, int]]:
        """Return (item, reason) of what a document named in vain."""
        lost = self.bench.engine.document_in_vain(view).items
        return [
            (int(item), int(reason))
            for item, reason, count in zip(lost["item"], lost["reason"], lost["count"], strict=True)
            for _ in range(count)
        ]

    def contents(self, box: str) -> dict[str, list[int]]:
        """Return the indexes of the codes directly in a box and in each box in it."""
        tree = self.bench.engine.boxes.contents(self.bin, self.name(box), deep=True)
        return {
            one.row.name or str(one.box): [
                index
                for buffer in one.codes
                for first, count in buffer.runs.tolist()
                for index in range(first, first + count)
            ]
            for one in tree
        }

    def where(self, indexes: Iterable[int]) -> list[str]:
        """Return the box that each code lies in directly, '' for none."""
        found = self.bench.engine.boxes.find(self.bin, self.text(indexes))
        assert not found.reasons.any()
        return [found.boxes[index].text if index >= 0 else "" for index in found.box_index]

    def _id(self) -> str:
        self._count += 1
        return f"document-{self._count}"

    def _do(self, command):
        return self.bench.engine.execute(command).value
