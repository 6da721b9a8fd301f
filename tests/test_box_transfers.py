"""Boxes change hands whole: with all that lies in them, or not at all."""

from __future__ import annotations

import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.transfer_commands import ShipCodes
from emitter.errors import Reason
from emitter.trade.circulation import DocumentStatus
from emitter.trade.gs1 import check_digit
from emitter.trade.packing import BoxKind, BoxName, require_box
from emitter.trade.states import TransferState
from trading import THIRD_BIN, VALID, Trade


def sscc(number: int, bin_: int = BIN) -> BoxName:
    """An SSCC, as a participant names it."""
    digits = f"3870000{number:010}"
    return require_box(digits + str(check_digit(digits)), bin_, "box")


class Boxed(Trade):
    """Codes 0 to 9 in a box, 10 to 14 in another, both on a pallet; 15 to 17 in a third box."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.inner, self.second, self.pallet, self.alone = map(sscc, range(4))
        self.pack(self.inner, self.span(0, 10))
        self.pack(self.second, self.span(10, 5))
        self.pack(self.pallet, CodeSet(boxes=(self.inner, self.second)))
        self.pack(self.alone, self.span(15, 3))

    def pack(self, box: BoxName, codes: CodeSet, bin_: int = BIN):
        unit = PackUnit(box, codes, BoxKind.TRANSPORT)
        return self.bench.engine.execute(AggregateCodes(bin_, self._id(), (unit,))).value

    def unpack(self, box: BoxName, bin_: int):
        command = DisaggregateBoxes(bin_, self._id(), (box,), CodeSet())
        return self.bench.engine.execute(command).value

    def take_out(self, *indexes: int):
        command = DisaggregateBoxes(BIN, self._id(), (), self.text(*indexes))
        return self.bench.engine.execute(command).value

    def boxes(self, *boxes: BoxName) -> CodeSet:
        return CodeSet(boxes=boxes)

    def owner(self, box: BoxName) -> int:
        return self.bench.engine.boxes.read(None, box).owner


@pytest.fixture
def trade(bench: Bench) -> Boxed:
    return Boxed(bench)


def test_a_pallet_changes_hands_with_all_that_lies_in_it(trade: Boxed):
    made = trade.ship(trade.boxes(trade.pallet))
    assert made.transfer.row.boxes == (trade.pallet.box,)
    assert made.transfer.row.codes == 15
    again = trade.ship(trade.boxes(trade.pallet), THIRD_BIN)
    assert trade.verdicts(again.document) == [(0, Reason.CODE_IN_TRANSIT)]
    assert trade.unpack(trade.pallet, BIN).status is DocumentStatus.REJECTED
    trade.accept(made.transfer.transfer_id)
    assert trade.owner(trade.inner) == trade.owner(trade.pallet) == OTHER_BIN
    assert trade.withdraw(OTHER_BIN, trade.boxes(trade.inner)).status is DocumentStatus.REJECTED
    assert trade.unpack(trade.pallet, OTHER_BIN).status is DocumentStatus.ACCEPTED
    assert trade.withdraw(OTHER_BIN, trade.boxes(trade.inner)).row.moved == 10
    refused = trade.withdraw(BIN, trade.boxes(trade.second))
    assert trade.verdicts(refused) == [(0, Reason.BOX_NOT_FOUND)]
    onward = trade.ship(trade.boxes(trade.second), THIRD_BIN, OTHER_BIN).transfer
    trade.accept(onward.transfer_id, THIRD_BIN)
    assert trade.owner(trade.second) == THIRD_BIN


def test_codes_in_a_box_are_shipped_by_their_box(trade: Boxed):
    for codes, reason in (
        (trade.text(15), Reason.CODE_BOXED),
        (trade.boxes(trade.inner), Reason.BOX_BOXED),
        (trade.boxes(sscc(9)), Reason.BOX_NOT_FOUND),
    ):
        made = trade.ship(codes)
        assert (made.transfer, trade.verdicts(made.document)) == (None, [(0, reason)])


def test_a_box_with_a_code_that_cannot_go_stays_here(trade: Boxed):
    trade.withdraw(BIN, trade.boxes(trade.alone))
    trade.pack(sscc(5), trade.text(18))
    made = trade.ship(trade.boxes(trade.alone, sscc(5)), acceptance=VALID)
    assert (made.transfer.row.codes, made.transfer.row.boxes) == (1, (sscc(5).box,))
    assert {reason for _, reason in trade.verdicts(made.document)} == {Reason.CODE_MOVE_REFUSED}


@pytest.mark.parametrize("end", ["reject", "recall"])
def test_a_box_comes_back(trade: Boxed, end: str):
    transfer_id = trade.ship(trade.boxes(trade.alone)).transfer.transfer_id
    getattr(trade, end)(transfer_id)
    assert trade.owner(trade.alone) == BIN
    assert trade.unpack(trade.alone, BIN).status is DocumentStatus.ACCEPTED


@pytest.mark.parametrize("named", ["only", "all_but"])
def test_a_box_is_accepted_whole_or_not_at_all(trade: Boxed, named: str):
    shipped = CodeSet(text=trade.text(18, 19).text, boxes=(trade.alone, trade.pallet))
    transfer_id = trade.ship(shipped).transfer.transfer_id
    for codes, reason in (
        (trade.text(15), Reason.CODE_BOXED),
        (trade.boxes(trade.inner), Reason.BOX_NOT_FOUND),  # it lies in one that was shipped
        (trade.boxes(sscc(9)), Reason.BOX_NOT_FOUND),
    ):
        refused = trade.accept(transfer_id, **{named: codes})
        assert refused.transfer.state is TransferState.SHIPPED
        assert trade.verdicts(refused.document) == [(0, reason)]
    chosen = CodeSet(text=trade.text(18).text, boxes=(trade.alone,))
    answer = trade.accept(transfer_id, **{named: chosen})
    theirs = {"only": [True, False], "all_but": [False, True]}[named]
    assert answer.transfer.row.accepted == {"only": 4, "all_but": 16}[named]
    assert [trade.owner(box) == OTHER_BIN for box in (trade.alone, trade.pallet)] == theirs


def test_only_boxes_with_an_sscc_are_shipped(trade: Boxed):
    own = require_box("B-1", BIN, "box")
    trade.pack(own, trade.text(18))
    trade.pack(sscc(6), trade.boxes(own))
    for box in (own, sscc(6)):
        refusal = trade.bench.refusal(ShipCodes(BIN, "own", OTHER_BIN, trade.boxes(box)))
        assert (refusal.reason, refusal.details["field"]) == (Reason.FIELD_INVALID, "boxes[0]")


def test_a_shipment_tells_nothing_of_anothers_boxes(trade: Boxed):
    own = require_box("our own carton", BIN, "box")
    outer = sscc(9)
    trade.pack(own, trade.text(18))
    trade.pack(outer, trade.boxes(own))
    told = trade.ship(trade.boxes(outer), BIN, OTHER_BIN).document
    assert trade.verdicts(told) == [(0, Reason.BOX_NOT_FOUND)]


def test_a_shipment_is_told_again_whatever_lies_in_its_box_now(trade: Boxed):
    command = ShipCodes(BIN, "ship", OTHER_BIN, trade.boxes(trade.pallet))
    made = trade.bench.engine.execute(command).value
    trade.accept(made.transfer.transfer_id)
    own = require_box("their own carton", OTHER_BIN, "box")
    trade.unpack(trade.inner, OTHER_BIN)
    trade.pack(own, trade.text(0, 1), OTHER_BIN)
    unit = PackUnit(trade.pallet, trade.boxes(own), BoxKind.TRANSPORT, update=True)
    trade.bench.engine.execute(AggregateCodes(OTHER_BIN, "into the pallet", (unit,)))
    again = trade.bench.engine.execute(command)
    assert again.replayed
    assert again.value.document == made.document


def test_whoever_owns_a_code_asks_for_its_box(trade: Boxed):
    trade.accept(trade.ship(CodeSet(trade.codes[18], boxes=(trade.alone,))).transfer.transfer_id)
    text = b"\n".join(trade.codes[index] for index in (15, 18, 19))
    for bin_, reasons, boxes in (
        (OTHER_BIN, [0, 0, Reason.CODE_NOT_OWNED], [0, -1, -1]),
        (BIN, [Reason.CODE_NOT_OWNED] * 2 + [0], [-1, -1, -1]),
        (None, [0, 0, 0], [0, -1, -1]),
    ):
        found = trade.bench.engine.boxes.find(bin_, text)
        assert (found.reasons.tolist(), found.box_index.tolist()) == (reasons, boxes)
