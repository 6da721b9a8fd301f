"""Boxes that a document names beside other things, or twice, or that are nobody's to name."""

from __future__ import annotations

import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine.box_commands import AggregateCodes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import ReportCodes
from emitter.engine.invariants import check_store
from emitter.engine.transfer_commands import RecallTransfer, ShipCodes
from emitter.errors import Reason
from emitter.trade.circulation import Acceptance, DocumentKind, WithdrawalReason
from emitter.trade.packing import BoxKind
from emitter.trade.states import TransferState
from test_box_transfers import Boxed, sscc
from trading import THIRD_BIN, VALID, Trade


@pytest.fixture
def trade(bench: Bench) -> Boxed:
    return Boxed(bench)


def beside(trade: Boxed, index: int, *boxes) -> CodeSet:
    return CodeSet(trade.codes[index], boxes=boxes)


@pytest.mark.parametrize("how", ["disbanded", "empty", "another's"])
def test_a_box_that_is_named_in_vain_is_not_put_under_way(trade: Boxed, how: str):
    box, reason = trade.alone, Reason.BOX_NOT_FOUND
    if how == "disbanded":
        trade.unpack(box, BIN)
    elif how == "empty":
        trade.take_out(15, 16, 17)
        reason = Reason.REPORT_EMPTY
    else:
        trade.accept(trade.ship(trade.boxes(box)).transfer.transfer_id)
        trade.unpack(box, OTHER_BIN)
    made = trade.ship(beside(trade, 18, box), acceptance=VALID)
    assert trade.verdicts(made.document) == [(1, reason)]
    assert (made.transfer.row.codes, made.transfer.row.boxes) == (1, ())


def test_a_box_that_is_named_twice_is_shipped_once(trade: Boxed):
    made = trade.ship(trade.boxes(trade.alone, trade.alone), acceptance=VALID)
    assert trade.verdicts(made.document) == [(1, Reason.CODE_REPEATED)]
    assert made.transfer.row.boxes == (trade.alone.box,)


@pytest.mark.parametrize("named", ["only", "all_but"])
def test_a_box_of_which_a_code_is_named_apart_is_not_answered(trade: Boxed, named: str):
    sent = trade.ship(beside(trade, 18, trade.alone)).transfer
    codes = CodeSet(trade.text(15, 18).text, boxes=(trade.alone,))
    answer = trade.accept(sent.transfer_id, acceptance=VALID, **{named: codes})
    assert answer.transfer.state is TransferState.PARTLY_ACCEPTED
    assert answer.transfer.row.accepted == {"only": 1, "all_but": 3}[named]
    assert trade.owner(trade.alone) == {"only": BIN, "all_but": OTHER_BIN}[named]
    reasons = {reason for _, reason in trade.verdicts(answer.document)}
    assert reasons == {Reason.CODE_BOXED, Reason.CODE_REPEATED}


def test_codes_named_in_vain_are_kept_in_order_if_their_place_is_not_told(bench: Bench):
    """Of a range two neighbours are sold, and a code behind them."""
    trade = Trade(bench)
    trade.accept(trade.ship(trade.text(1, 2, 5)).transfer.transfer_id)
    sold = trade.withdraw(BIN, trade.span(0, 10), VALID)
    assert (sold.row.moved, sold.row.in_vain) == (7, 3)
    check_store(bench.store, whole=True)


@pytest.mark.parametrize("back", [True, False])
def test_a_box_that_came_with_a_transfer_is_seen_at_one_moment_with_its_codes(
    trade: Boxed, *, back: bool
):
    """It is back ahead of a document in its batch that names the transfer, or it is not."""
    engine = trade.bench.engine
    came = trade.ship(trade.boxes(trade.alone)).transfer.transfer_id
    trade.accept(came)
    away = trade.ship(trade.boxes(trade.alone), THIRD_BIN, OTHER_BIN).transfer.transfer_id
    if back:
        engine.submit(RecallTransfer(OTHER_BIN, "back", away))
    command = ShipCodes(OTHER_BIN, "onward", BIN, CodeSet(transfers=(came,)))
    onward = engine.submit(command)
    engine.work_off()
    if back:
        assert onward.exception(timeout_s=0).reason is Reason.BOX_CHANGED
        assert engine.execute(command).value.transfer.row.boxes == (trade.alone.box,)
    else:
        assert trade.verdicts(onward.result().value.document) == [(0, Reason.CODE_IN_TRANSIT)]


def test_a_document_sees_a_box_and_its_codes_at_one_moment(trade: Boxed):
    """A box that is made ahead of it in its batch is there with its codes, or neither is."""
    engine, box = trade.bench.engine, sscc(8)
    unit = PackUnit(box, trade.text(18), BoxKind.TRANSPORT)
    packed = engine.submit(AggregateCodes(BIN, "pack", (unit,)))
    sale = WithdrawalReason.RETAIL_SALE
    command = ReportCodes(BIN, "sell", DocumentKind.WITHDRAWAL, beside(trade, 18, box), sale,
                          Acceptance.VALID)  # fmt: skip
    sold = engine.submit(command)
    engine.work_off()
    assert packed.result().value.row.moved == 1
    assert sold.exception(timeout_s=0).reason is Reason.BOX_CHANGED
    assert trade.verdicts(engine.execute(command).value) == [
        (0, Reason.CODE_BOXED), (1, Reason.CODE_REPEATED),
    ]  # fmt: skip
