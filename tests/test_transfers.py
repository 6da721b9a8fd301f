"""Goods change hands by document: shipped, accepted in whole or in part, rejected, recalled."""

from __future__ import annotations

import pytest

from conftest import BIN, DAY, LP, OTHER_BIN, SHOES, Bench
from emitter.engine import room
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import OrderLine, RegisterParticipant
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.errors import Reason, Refused
from emitter.store.holding_keys import Side
from emitter.trade.circulation import (
    DocumentKind,
    DocumentStatus,
    IntroductionWay,
)
from emitter.trade.states import TransferState
from trading import THIRD_BIN, VALID, Trade


@pytest.fixture
def trade(bench: Bench) -> Trade:
    return Trade(bench)


def test_accepted_goods_have_a_new_owner(trade: Trade):
    made = trade.ship(trade.span(2, 5))
    assert made.document.status is DocumentStatus.ACCEPTED
    assert made.transfer.state is TransferState.SHIPPED
    assert (made.transfer.row.codes, made.transfer.side) == (5, Side.SENDER)
    assert trade.movable(BIN) == [0, 1, *range(7, 20)]
    assert trade.movable(OTHER_BIN) == []
    answer = trade.accept(made.transfer.transfer_id)
    assert answer.transfer.state is TransferState.ACCEPTED
    assert answer.transfer.row.accepted == answer.document.row.moved == 5
    assert trade.movable(BIN) == [0, 1, *range(7, 20)]
    assert trade.movable(OTHER_BIN) == [2, 3, 4, 5, 6]
    assert trade.withdraw(OTHER_BIN, trade.text(3)).status is DocumentStatus.ACCEPTED
    refused = trade.withdraw(BIN, trade.text(4))
    assert trade.verdicts(refused) == [(0, Reason.CODE_NOT_OWNED)]


def test_goods_under_way_move_for_nobody(trade: Trade):
    trade.ship(trade.text(0, 1))
    for bin_ in (BIN, OTHER_BIN):
        view = trade.withdraw(bin_, trade.text(1))
        assert trade.verdicts(view) == [(0, Reason.CODE_IN_TRANSIT)]
    assert trade.verdicts(trade.withdraw(THIRD_BIN, trade.text(1))) == [(0, Reason.CODE_NOT_OWNED)]
    again = trade.ship(trade.text(1, 2), THIRD_BIN)
    assert again.transfer is None
    assert trade.verdicts(again.document) == [(0, Reason.CODE_IN_TRANSIT)]
    part = trade.ship(trade.text(1, 2), THIRD_BIN, acceptance=VALID)
    assert part.transfer.row.codes == 1


@pytest.mark.parametrize("end", ["reject", "recall"])
def test_what_is_rejected_or_recalled_is_the_senders_again(trade: Trade, end: str):
    transfer_id = trade.ship(trade.span(0, 20)).transfer.transfer_id
    answer = getattr(trade, end)(transfer_id)
    assert answer.transfer.state is TransferState[end.upper() + "ED"]
    assert (answer.transfer.row.accepted, answer.document.row.moved) == (0, 20)
    assert trade.movable(BIN) == list(range(20))
    assert not [key for key, _ in trade.bench.dump() if key[:1] == b"O"]


@pytest.mark.parametrize("named", ["only", "all_but"])
def test_a_part_is_accepted_and_the_rest_returns(trade: Trade, named: str):
    transfer_id = trade.ship(trade.span(0, 10)).transfer.transfer_id
    answer = trade.accept(transfer_id, **{named: trade.text(1, 2, 9)})
    assert answer.transfer.state is TransferState.PARTLY_ACCEPTED
    theirs = [1, 2, 9] if named == "only" else [0, *range(3, 9)]
    assert answer.transfer.row.accepted == len(theirs)
    assert trade.movable(OTHER_BIN) == theirs
    assert trade.movable(BIN) == [index for index in range(20) if index not in theirs]


def test_codes_that_were_not_shipped_are_named(trade: Trade):
    transfer_id = trade.ship(trade.span(0, 10)).transfer.transfer_id
    codes = CodeSet(text=b"\n".join([*trade.text(3, 12).text.split(b"\n"), b"?", trade.codes[3]]))
    whole = trade.accept(transfer_id, only=codes)
    assert whole.document.status is DocumentStatus.REJECTED
    assert whole.transfer.state is TransferState.SHIPPED
    assert trade.verdicts(whole.document) == [
        (1, Reason.CODE_NOT_SHIPPED), (2, Reason.CODE_UNPARSABLE), (3, Reason.CODE_REPEATED),
    ]  # fmt: skip
    valid = trade.accept(transfer_id, only=codes, acceptance=VALID)
    assert valid.document.status is DocumentStatus.PARTLY_ACCEPTED
    assert valid.transfer.row.accepted == 1
    assert trade.movable(OTHER_BIN) == [3]


def test_nothing_is_accepted_of_a_transfer_by_naming_none_of_it(trade: Trade):
    transfer_id = trade.ship(trade.span(0, 2)).transfer.transfer_id
    for how in ({"only": trade.text(5)}, {"all_but": trade.text(0, 1)}):
        answer = trade.accept(transfer_id, acceptance=VALID, **how)
        assert answer.document.status is DocumentStatus.REJECTED
        assert answer.transfer.state is TransferState.SHIPPED


def test_goods_come_back_to_whom_they_were_issued_and_leave_no_row(trade: Trade):
    sent = trade.ship(trade.span(0, 20)).transfer.transfer_id
    trade.accept(sent)
    back = trade.ship(trade.text(*range(20)), BIN, OTHER_BIN).transfer.transfer_id
    trade.accept(back, BIN)
    assert trade.movable(BIN) == list(range(20))
    assert not [key for key, _ in trade.bench.dump() if key[:1] == b"O"]


def test_what_could_not_be_accepted_at_once_is_not_shipped(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
):
    codes = []
    for number in range(14):
        order = trade.bench.order(f"order {number}", OrderLine(SHOES, 1, 1))
        codes += trade.bench.codes(trade.bench.deliver(order, "block").value)
    text = CodeSet(text=b"\n".join(codes))
    trade.report(BIN, DocumentKind.INTRODUCTION, text, IntroductionWay.PRODUCTION)
    monkeypatch.setattr(room, "ROWS_MAX", 50)
    shipped = []
    for count in range(1, 15):
        goods = CodeSet(text=b"\n".join(codes[:count]))
        command = ShipCodes(BIN, f"ship {count}", OTHER_BIN, goods)
        try:
            sent = trade.bench.engine.execute(command).value.transfer.transfer_id
        except Refused as refused:
            assert "send it in parts" in str(refused)  # noqa: PT017 - of some counts only
            continue
        shipped.append(count)
        trade.accept(sent)
        back = trade.ship(goods, BIN, OTHER_BIN).transfer.transfer_id
        trade.accept(back, BIN)
    assert shipped == list(range(1, len(shipped) + 1))
    assert 5 < len(shipped) < 14


@pytest.mark.parametrize("end", ["accept", "reject", "recall"])
@pytest.mark.parametrize("again", ["accept", "reject", "recall"])
def test_one_answer_ends_a_transfer(trade: Trade, end: str, again: str):
    transfer_id = trade.ship(trade.span(0, 2)).transfer.transfer_id
    getattr(trade, end)(transfer_id)
    command = {"accept": AcceptTransfer, "reject": RejectTransfer, "recall": RecallTransfer}[again]
    bin_ = BIN if again == "recall" else OTHER_BIN
    assert trade.bench.refusal(command(bin_, "late", transfer_id)).reason is (
        Reason.TRANSITION_REFUSED
    )


def test_a_transfer_is_found_by_its_two_sides_only(trade: Trade):
    engine = trade.bench.engine
    transfer_id = trade.ship(trade.span(0, 2)).transfer.transfer_id
    assert engine.transfer(BIN, transfer_id).side is Side.SENDER
    assert engine.transfer(OTHER_BIN, transfer_id).side is Side.RECIPIENT
    assert engine.transfer_goods(engine.transfer(OTHER_BIN, transfer_id)) == {SHOES: 2}
    for bin_, command in (
        (THIRD_BIN, AcceptTransfer), (BIN, AcceptTransfer), (BIN, RejectTransfer),
        (THIRD_BIN, RejectTransfer), (OTHER_BIN, RecallTransfer), (THIRD_BIN, RecallTransfer),
    ):  # fmt: skip
        refusal = trade.bench.refusal(command(bin_, "not mine", transfer_id))
        assert refusal.reason is Reason.TRANSFER_NOT_FOUND
    for side in Side:
        assert engine.transfers(THIRD_BIN, side, page_size=9) == ([], b"")
    with pytest.raises(Exception, match="TRANSFER_NOT_FOUND"):
        engine.transfer(THIRD_BIN, transfer_id)


def test_transfers_are_listed_newest_first_by_side(trade: Trade):
    engine = trade.bench.engine
    made = [trade.ship(trade.span(at, 1)).transfer.transfer_id for at in range(3)]
    first, token = engine.transfers(BIN, Side.SENDER, page_size=2)
    rest, end = engine.transfers(BIN, Side.SENDER, page_size=2, page_token=token)
    assert [view.transfer_id for view in first + rest] == sorted(made, reverse=True)
    assert end == b""
    incoming, _ = engine.transfers(OTHER_BIN, Side.RECIPIENT, page_size=9)
    assert [view.row for view in incoming] == [view.row for view in first + rest]
    assert engine.transfers(OTHER_BIN, Side.SENDER, page_size=9) == ([], b"")


def test_a_transfer_is_refused_by_the_name_of_the_field(trade: Trade):
    trade.bench.engine.execute(RegisterParticipant(990440000045, "ТОО", DAY))
    cases = [
        (BIN, Reason.FIELD_INVALID),
        (990440000045, Reason.RECIPIENT_UNAVAILABLE),  # registered, not active
        (990540000046, Reason.RECIPIENT_UNAVAILABLE),
    ]
    for recipient, reason in cases:
        command = ShipCodes(BIN, f"to {recipient}", recipient, trade.span(0, 1))
        refusal = trade.bench.refusal(command)
        assert (refusal.reason, refusal.details["field"]) == (reason, "recipient_bin")
    command = ShipCodes(BIN, "none", OTHER_BIN, CodeSet())
    assert trade.bench.refusal(command).reason is Reason.REPORT_EMPTY
    transfer_id = trade.ship(trade.span(0, 1)).transfer.transfer_id
    both = AcceptTransfer(OTHER_BIN, "both", transfer_id, trade.text(0), trade.text(0))
    assert trade.bench.refusal(both).details["field"] == "refused"
    long = RejectTransfer(OTHER_BIN, "long", transfer_id, "x" * 20_000)
    assert trade.bench.refusal(long).reason is Reason.LIMIT_EXCEEDED


def test_only_goods_in_circulation_are_shipped(trade: Trade):
    other = trade.bench.order("other", OrderLine(LP, 3, 10))
    trade.bench.deliver(other, "block", 2, LP)
    trade.withdraw(BIN, trade.text(1))
    spans = (CodeSpan(other.order_id, LP, 0, 3), CodeSpan(trade.order.order_id, SHOES, 0, 3))
    made = trade.ship(CodeSet(spans=spans), acceptance=VALID)
    assert made.transfer.row.codes == 2
    items = trade.bench.engine.document_in_vain(made.document).items
    assert [row[:3] for row in items.tolist()] == [
        (0, Reason.CODE_MOVE_REFUSED, 2), (0, Reason.CODE_MOVE_REFUSED, 1),
        (1, Reason.CODE_MOVE_REFUSED, 4),
    ]  # fmt: skip


def test_each_command_is_one_document_however_often_it_comes(trade: Trade):
    engine = trade.bench.engine
    ship = ShipCodes(BIN, "once", OTHER_BIN, trade.span(0, 4))
    first, second = engine.execute(ship), engine.execute(ship)
    assert (first.value, second.replayed) == (second.value, True)
    other = ShipCodes(BIN, "once", THIRD_BIN, trade.span(0, 4))
    assert trade.bench.refusal(other).reason is Reason.REQUEST_DIFFERS
    transfer_id = first.value.transfer.transfer_id
    accept = AcceptTransfer(OTHER_BIN, "taken", transfer_id)
    answers = [engine.execute(accept) for _ in range(2)]
    assert answers[0].value == answers[1].value
    assert engine.execute(ship).value.transfer.state is TransferState.ACCEPTED
    reject = RejectTransfer(OTHER_BIN, "taken", transfer_id)
    assert trade.bench.refusal(reject).reason is Reason.REQUEST_DIFFERS


def test_no_money_moves(trade: Trade):
    before = [trade.bench.engine.account(bin_) for bin_ in (BIN, OTHER_BIN)]
    trade.accept(trade.ship(trade.span(0, 20)).transfer.transfer_id)
    assert [trade.bench.engine.account(bin_) for bin_ in (BIN, OTHER_BIN)] == before


def test_a_million_codes_change_hands_in_a_few_rows(bench: Bench):
    trade = Trade(bench, 1)
    big = bench.order("big", OrderLine(SHOES, 1_000_000, 1))
    bench.deliver(big, "all")
    span = CodeSet(spans=(CodeSpan(big.order_id, SHOES, 0, 1_000_000),))
    trade.report(BIN, DocumentKind.INTRODUCTION, span, IntroductionWay.PRODUCTION)
    before = {key for key, _ in bench.dump()}
    made = trade.ship(span)
    shipped = {key for key, _ in bench.dump()} - before
    # Document, its runs, trace, request, the transfer under both, and one run of a map.
    assert sorted(key[:1] for key in shipped) == [b"D", b"F", b"O", b"R", b"T", b"T", b"q"]
    trade.accept(made.transfer.transfer_id)
    after = bench.dump()
    assert sum(key[:1] == b"O" for key, _ in after) == 1
    assert len(after) == len(before) + len(shipped) + 4  # no more than another document
