"""A new owner names what came by a transfer: all that was accepted of it, and nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest

from conftest import BIN, OTHER_BIN, SHOES, Bench
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import OrderLine, ReportCodes
from emitter.engine.transfer_commands import ShipCodes
from emitter.errors import Reason, Refused
from emitter.trade.circulation import Acceptance, DocumentKind, DocumentStatus, WithdrawalReason
from emitter.trade.packing import BoxKind
from test_box_transfers import Boxed, sscc
from trading import MONEY, THIRD_BIN, VALID, Trade


@pytest.fixture
def trade(bench: Bench) -> Trade:
    return Trade(bench)


def by(*transfers: UUID) -> CodeSet:
    return CodeSet(transfers=transfers)


def test_what_was_accepted_of_a_transfer_is_named_and_nothing_else(trade: Trade):
    sent = trade.ship(trade.span(0, 10)).transfer.transfer_id
    trade.accept(sent, all_but=trade.text(3, 4))
    onward = trade.ship(by(sent), THIRD_BIN, OTHER_BIN).transfer
    assert onward.row.codes == 8
    trade.accept(onward.transfer_id, THIRD_BIN, only=trade.text(0, 1, 2))
    refused = trade.withdraw(OTHER_BIN, by(sent))
    assert trade.verdicts(refused) == [(0, Reason.CODE_NOT_OWNED)]
    assert (refused.row.codes, refused.row.in_vain) == (8, 3)
    assert trade.withdraw(OTHER_BIN, by(sent), VALID).row.moved == 5
    assert trade.withdraw(THIRD_BIN, by(onward.transfer_id)).row.moved == 3
    assert trade.movable(BIN) == [3, 4, *range(10, 20)]


def test_a_transfer_of_others_or_without_an_acceptance_names_nothing(trade: Trade):
    sent = trade.ship(trade.span(0, 2)).transfer.transfer_id
    with pytest.raises(Refused, match="transfers\\[0\\]: nothing of this transfer") as waits:
        trade.withdraw(OTHER_BIN, by(sent))
    assert waits.value.reason is Reason.FIELD_INVALID
    trade.reject(sent)
    accepted = trade.ship(trade.span(0, 2)).transfer.transfer_id
    trade.accept(accepted)
    for bin_, transfer_id, reason in (
        (OTHER_BIN, sent, Reason.FIELD_INVALID),
        (BIN, accepted, Reason.TRANSFER_NOT_FOUND),
        (THIRD_BIN, accepted, Reason.TRANSFER_NOT_FOUND),
        (OTHER_BIN, UUID(int=7), Reason.TRANSFER_NOT_FOUND),
    ):
        with pytest.raises(Refused) as refused:
            trade.withdraw(bin_, by(transfer_id))
        assert refused.value.reason is reason


def test_codes_named_by_a_transfer_and_otherwise_are_repeated(trade: Trade):
    sent = trade.ship(trade.span(0, 5)).transfer.transfer_id
    trade.accept(sent)
    codes = CodeSet(text=trade.text(1, 4).text, transfers=(sent, sent))
    view = trade.withdraw(OTHER_BIN, codes)
    assert {reason for _, reason in trade.verdicts(view)} == {Reason.CODE_REPEATED}
    assert view.row.in_vain == 7  # two by their texts besides, five by the second naming


def test_a_transfer_of_a_million_codes_is_a_run(bench: Bench):
    for bin_ in (BIN, OTHER_BIN):
        bench.join(bin_, MONEY)
    order = bench.order("order", OrderLine(SHOES, 1_000_000, 1))
    bench.deliver(order, "block")
    trade = Trade.__new__(Trade)
    trade.bench, trade.order, trade._count = bench, order, 0
    trade.introduce(0, 1_000_000)
    sent = trade.ship(CodeSet(spans=(CodeSpan(order.order_id, SHOES, 3, 999_990),)))
    trade.accept(sent.transfer.transfer_id)
    before = dict(bench.dump())
    assert trade.withdraw(OTHER_BIN, by(sent.transfer.transfer_id)).row.moved == 999_990
    changed = {key for key, row in bench.dump() if before.get(key) != row}
    assert len(changed) <= 8


class TestBoxes:
    """Goods that came in boxes."""

    @pytest.fixture
    def boxed(self, bench: Bench) -> Boxed:
        trade = Boxed(bench)
        goods = CodeSet(text=trade.text(18).text, boxes=(trade.pallet, trade.alone))
        trade.sent = trade.ship(goods).transfer.transfer_id
        trade.accept(trade.sent)
        return trade

    def test_whole_boxes_go_by_the_transfer_they_came_with(self, boxed: Boxed):
        made = boxed.ship(by(boxed.sent), THIRD_BIN, OTHER_BIN)
        assert set(made.transfer.row.boxes) == {boxed.pallet.box, boxed.alone.box}
        assert made.transfer.row.codes == 19
        boxed.accept(made.transfer.transfer_id, THIRD_BIN)
        assert boxed.owner(boxed.second) == THIRD_BIN
        assert boxed.withdraw(THIRD_BIN, by(made.transfer.transfer_id)).row.moved == 19

    def test_a_box_with_something_else_in_it_is_not_named_by_the_transfer(self, boxed: Boxed):
        later = boxed.ship(boxed.text(19)).transfer.transfer_id
        boxed.accept(later)
        unit = PackUnit(boxed.alone, by(later), BoxKind.TRANSPORT, update=True)
        packed = boxed.bench.engine.execute(AggregateCodes(OTHER_BIN, "more", (unit,))).value
        assert packed.row.moved == 1
        view = boxed.withdraw(OTHER_BIN, by(boxed.sent))
        assert boxed.verdicts(view) == [(0, Reason.CODE_BOXED)]
        assert view.row.in_vain == 3
        assert boxed.withdraw(OTHER_BIN, by(boxed.sent), VALID).row.moved == 16

    def test_a_box_that_is_gone_in_between_is_read_again(self, boxed: Boxed):
        engine = boxed.bench.engine
        late = [
            engine.submit(ShipCodes(OTHER_BIN, "away", BIN, boxed.boxes(boxed.alone))),
            engine.submit(ReportCodes(OTHER_BIN, "report", DocumentKind.WITHDRAWAL, by(boxed.sent),
                                      WithdrawalReason.GIFT, Acceptance.VALID)),
        ]  # fmt: skip
        engine.work_off()
        assert late[0].result().value.transfer is not None
        with pytest.raises(Refused) as refused:
            late[1].result()
        assert refused.value.reason is Reason.BOX_CHANGED
        assert boxed.withdraw(OTHER_BIN, by(boxed.sent), VALID).row.moved == 16

    def test_codes_are_packed_and_unpacked_by_their_transfer(self, boxed: Boxed):
        engine = boxed.bench.engine
        command = DisaggregateBoxes(OTHER_BIN, "out", (), by(boxed.sent), VALID)
        view = engine.execute(command).value
        assert boxed.verdicts(view) == [(0, Reason.CODE_UNBOXED)]
        assert (view.row.moved, view.row.in_vain) == (18, 1)
        fresh = sscc(9, OTHER_BIN)
        units = (PackUnit(fresh, by(boxed.sent), BoxKind.GROUP),
                 PackUnit(sscc(10), CodeSet(boxes=(fresh,)), BoxKind.TRANSPORT))  # fmt: skip
        view = engine.execute(AggregateCodes(OTHER_BIN, "in", units)).value
        assert view.status is DocumentStatus.ACCEPTED
        assert engine.boxes.read(OTHER_BIN, fresh).row.codes == 19
