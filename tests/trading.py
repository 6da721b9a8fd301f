"""Three participants who trade: the goods of one are in circulation, shipped and reported."""

from __future__ import annotations

from conftest import BIN, OTHER_BIN, SHOES, Bench
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import OrderLine, ReportCodes
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.errors import Reason
from emitter.trade.circulation import Acceptance, DocumentKind, IntroductionWay, WithdrawalReason

MONEY = 1_000_000_000
THIRD_BIN = 990340000047
WHOLE, VALID = Acceptance.WHOLE, Acceptance.VALID


class Trade:
    """Three participants; the first has an order of footwear, introduced into circulation."""

    def __init__(self, bench: Bench, quantity: int = 20) -> None:
        self.bench, self._count = bench, 0
        for bin_ in (BIN, OTHER_BIN, THIRD_BIN):
            bench.join(bin_, MONEY)
        self.order = bench.order("order", OrderLine(SHOES, quantity, 1))
        self.codes = bench.codes(bench.deliver(self.order, "block").value)
        self.introduce(0, quantity)

    def span(self, first: int, quantity: int) -> CodeSet:
        return CodeSet(spans=(CodeSpan(self.order.order_id, SHOES, first, quantity),))

    def text(self, *indexes: int) -> CodeSet:
        return CodeSet(text=b"\n".join(self.codes[index] for index in indexes))

    def _id(self) -> str:
        self._count += 1
        return f"request-{self._count}"

    def report(self, bin_: int, kind: DocumentKind, codes: CodeSet, reason, acceptance=WHOLE):
        command = ReportCodes(bin_, self._id(), kind, codes, reason, acceptance)
        return self.bench.engine.execute(command).value

    def introduce(self, first: int, quantity: int):
        way = IntroductionWay.PRODUCTION
        return self.report(BIN, DocumentKind.INTRODUCTION, self.span(first, quantity), way)

    def withdraw(self, bin_: int, codes: CodeSet, acceptance=WHOLE):
        sale = WithdrawalReason.RETAIL_SALE
        return self.report(bin_, DocumentKind.WITHDRAWAL, codes, sale, acceptance)

    def ship(self, codes: CodeSet, recipient=OTHER_BIN, sender=BIN, acceptance=WHOLE):
        command = ShipCodes(sender, self._id(), recipient, codes, acceptance)
        return self.bench.engine.execute(command).value

    def accept(self, transfer_id, bin_=OTHER_BIN, **how):
        command = AcceptTransfer(bin_, self._id(), transfer_id, **how)
        return self.bench.engine.execute(command).value

    def reject(self, transfer_id, bin_=OTHER_BIN):
        return self.bench.engine.execute(RejectTransfer(bin_, self._id(), transfer_id)).value

    def recall(self, transfer_id, bin_=BIN):
        return self.bench.engine.execute(RecallTransfer(bin_, self._id(), transfer_id)).value

    def verdicts(self, document) -> list[tuple[int, Reason]]:
        items = self.bench.engine.document_in_vain(document).items
        return [(item, Reason(reason)) for item, reason, *_ in items.tolist()]

    def movable(self, bin_: int) -> list[int]:
        """Return the indexes of the codes that a participant may move now."""
        everything = self.text(*range(len(self.codes)))
        command = ShipCodes(bin_, self._id(), THIRD_BIN if bin_ != THIRD_BIN else BIN,
                            CodeSet(text=everything.text + b"\nnonsense"), WHOLE)  # fmt: skip
        made = self.bench.engine.execute(command).value
        refused = {item for item, _ in self.verdicts(made.document)}
        return [index for index in range(len(self.codes)) if index not in refused]
