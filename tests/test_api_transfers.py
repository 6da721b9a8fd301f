"""TransferService over a real socket: goods change hands, and who sees what of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emitter.client import (
    Acceptance,
    Codes,
    CodeSpan,
    DocumentKind,
    IntroductionWay,
    PackUnit,
    Reason,
    Refused,
    ReportDetails,
    ReportState,
    WithdrawalReason,
)
from emitter.v1.transfer_pb2 import CodeEventKind, TransferSide, TransferState
from served import BIN, NOBODY, OTHER_BIN, PHARMA, Served, pharma

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

SENDER, RECIPIENT = TransferSide.TRANSFER_SIDE_SENDER, TransferSide.TRANSFER_SIDE_RECIPIENT


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


class Goods:
    """Ten codes in circulation."""

    def __init__(self, served: Served) -> None:
        order_id = served.client.create_order(pharma(10)).order_id
        delivery = served.client.deliver(order_id, PHARMA, "block")
        self.codes = [row.tobytes() for records in delivery for row in records]
        span = CodeSpan(order_id=order_id, gtin=PHARMA, first_index=0, quantity=10)
        self.all = Codes(spans=[span])
        served.client.introduce(self.all, IntroductionWay.INTRODUCTION_WAY_PRODUCTION)


def test_goods_are_shipped_and_accepted_in_part(served: Served) -> None:
    goods, client, other = Goods(served), served.client, served.other
    details = ReportDetails(document_number="A-17")
    made = client.ship(OTHER_BIN, goods.all, details=details, request_id="ship")
    assert made.document.kind == DocumentKind.DOCUMENT_KIND_SHIPMENT
    assert made.document.state == ReportState.REPORT_STATE_ACCEPTED
    transfer_id = made.transfer.transfer_id
    assert client.ship(OTHER_BIN, goods.all, details=details, request_id="ship").replayed
    seen = other.transfer(transfer_id)
    assert (seen.side, seen.sender_bin, seen.recipient_bin) == (RECIPIENT, BIN, OTHER_BIN)
    assert [(line.gtin, line.quantity) for line in seen.goods] == [(PHARMA, 10)]
    assert seen.details.document_number == "A-17"
    assert [t.transfer_id for t in other.transfers(RECIPIENT)] == [transfer_id]
    assert [t.transfer_id for t in client.transfers(SENDER)] == [transfer_id]
    assert not list(client.transfers(RECIPIENT))
    answer = other.accept_transfer(transfer_id, refused=goods.codes[:3])
    assert answer.transfer.state == TransferState.TRANSFER_STATE_PARTLY_ACCEPTED
    assert (answer.transfer.code_count, answer.transfer.accepted_count) == (10, 7)
    verified = client.verify(goods.codes)
    owners = [verified.buffers[index].owner_bin for index in verified.buffer_index]
    assert owners == [BIN] * 3 + [OTHER_BIN] * 7
    sale = WithdrawalReason.WITHDRAWAL_REASON_RETAIL_SALE
    assert other.withdraw(goods.codes[3:], sale).moved_count == 7
    refused = client.withdraw(goods.codes[2:4], sale)
    assert refused.state == ReportState.REPORT_STATE_REJECTED
    history = other.code_history(goods.codes[5])
    assert (history.owner_bin, history.owner_name) == (OTHER_BIN, f"ТОО {OTHER_BIN}")
    assert history.serial == goods.codes[5][18:31].decode()
    kinds = [event.document_kind for event in history.events]
    assert kinds == [0, 0, 2, 8, 9, 4]
    assert [event.owner_bin for event in history.events] == [BIN] * 4 + [OTHER_BIN] * 2
    assert len(served.operator.code_history(goods.codes[5]).events) == 6
    last = client.code_history(goods.codes[0]).events[-1]
    assert last.kind == CodeEventKind.CODE_EVENT_KIND_RETURNED


def test_what_was_accepted_is_named_by_its_transfer(served: Served) -> None:
    goods, client, other = Goods(served), served.client, served.other
    sent = client.ship(OTHER_BIN, goods.all).transfer.transfer_id
    other.accept_transfer(sent, refused=goods.codes[:3])
    bought = Codes(transfers=[sent])
    packed = other.aggregate([PackUnit(box="shelf", transfers=[sent])])
    assert packed.moved_count == 7
    assert other.disaggregate([], taken=bought).moved_count == 7
    back = other.ship(BIN, bought).transfer
    assert (back.code_count, other.recall_transfer(back.transfer_id).document.moved_count) == (7, 7)
    sale = WithdrawalReason.WITHDRAWAL_REASON_RETAIL_SALE
    pieces = list(other.report_many(DocumentKind.DOCUMENT_KIND_WITHDRAWAL, bought,
                                    withdrawal_reason=sale))  # fmt: skip
    assert [piece.report.moved_count for piece in pieces] == [7]
    for caller, transfer, reason in (
        (client, sent, Reason.TRANSFER_NOT_FOUND), (other, "?", Reason.FIELD_INVALID),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            caller.withdraw(Codes(transfers=[transfer]), sale)
        assert refused.value.reason is reason


def test_goods_are_rejected_or_recalled(served: Served) -> None:
    goods, client, other = Goods(served), served.client, served.other
    first = client.ship(OTHER_BIN, goods.codes[:2]).transfer.transfer_id
    assert other.reject_transfer(first).transfer.state == TransferState.TRANSFER_STATE_REJECTED
    second = served.operator.ship(OTHER_BIN, goods.codes[:2], bin=BIN).transfer.transfer_id
    assert client.recall_transfer(second).transfer.state == TransferState.TRANSFER_STATE_RECALLED
    bad = client.ship(OTHER_BIN, [b"?", goods.codes[0]])
    assert not bad.HasField("transfer")
    assert [item.item for item in client.refused_codes(bad.document.report_id)] == [0]
    valid = Acceptance.ACCEPTANCE_VALID
    assert client.ship(OTHER_BIN, [b"?", goods.codes[0]], acceptance=valid).transfer.code_count == 1


@pytest.mark.parametrize(
    ("call", "reason", "field"),
    [
        (lambda s, g: s.client.ship(BIN, g), Reason.FIELD_INVALID, "recipient_bin"),
        (lambda s, g: s.client.ship("1", g), Reason.BIN_INVALID, "recipient_bin"),
        (lambda s, g: s.client.ship(NOBODY, g), Reason.RECIPIENT_UNAVAILABLE, "recipient_bin"),
        (lambda s, _: s.client.ship(OTHER_BIN), Reason.REPORT_EMPTY, "codes"),
        (lambda s, _: s.client.ship(OTHER_BIN, boxes=["387000000000000010"]),
         Reason.SSCC_INVALID, "goods.boxes[0]"),
        (lambda s, _: s.client.ship(OTHER_BIN, boxes=["mine"]), Reason.FIELD_INVALID, "boxes[0]"),
        (lambda s, _: s.client.reject_transfer("?"), Reason.FIELD_INVALID, "transfer_id"),
        (lambda s, g: s.client.accept_transfer(s.client.ship(OTHER_BIN, g).transfer.transfer_id),
         Reason.TRANSFER_NOT_FOUND, None),
        (lambda s, g: s.other.code_history(g[0]), Reason.CODE_NOT_OWNED, None),
        (lambda s, _: list(s.client.transfers(0)), Reason.FIELD_REQUIRED, "side"),
        (lambda s, g: s.client.ship(OTHER_BIN, g, bin=OTHER_BIN), Reason.PARTICIPANT_NOT_FOUND,
         None),
    ],
)  # fmt: skip
def test_what_is_refused(served: Served, call, reason: Reason, field: str | None) -> None:
    goods = Goods(served)
    with pytest.raises(Refused) as refused:
        call(served, goods.codes[:1])
    assert refused.value.reason is reason
    assert refused.value.refusal.details.get("field") == field
