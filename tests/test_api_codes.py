"""CodeService over a real socket: delivery as packed records, resumption, blocks, verification."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

import grpc
import numpy as np
import pytest

from emitter.client import BufferState, Client, CodeReason, CodeState, OrderLine, Reason, Refused
from emitter.config import Limits
from emitter.trade import codes as trade_codes
from emitter.v1 import code_pb2 as pb
from emitter.v1 import code_pb2_grpc
from emitter.v1.code_pb2 import AlertKind
from served import (
    BIN,
    LP,
    MILK,
    PHARMA,
    SHOES,
    Served,
    bin_of,
    gtin_of,
    new_id,
    pharma,
    pharma_of,
    refusal_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

MESSAGE_BYTES = 1000  # 11 records of 85 bytes a message: many messages from few codes


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys, Limits(stream_message_bytes=MESSAGE_BYTES)) as served:
        yield served


def codes_of(served: Served, order_id: str, block_id: str, from_index: int = 0) -> bytes:
    delivery = served.client.deliver(order_id, PHARMA, block_id, 100, from_index)
    return b"".join([records.tobytes() for records in delivery])


def test_an_ordinary_stub_reads_a_delivery(served: Served) -> None:
    order = served.client.create_order(pharma(100))
    stub = code_pb2_grpc.CodeServiceStub(served.channel)
    request = pb.DeliverBlockRequest(
        order_id=order.order_id, gtin=PHARMA, block_id="stub", quantity=100
    )
    metadata = [("authorization", f"Bearer {served.token}")]
    messages = list(stub.DeliverBlock(request, metadata=metadata))
    first, last = messages[0], messages[-1]
    assert (first.block.block_id, first.block.quantity) == ("stub", 100)
    assert (first.block.order_id, first.block.gtin) == (order.order_id, PHARMA)
    assert not any(message.HasField("block") for message in messages[1:])
    assert [message.first_index for message in messages] == [*range(0, 100, 11), 100]
    assert {message.record_size for message in messages} == {85}
    assert all(len(message.records) <= MESSAGE_BYTES for message in messages)
    records = b"".join([message.records for message in messages])
    assert not last.records
    pieces = [hashlib.sha256(message.records).digest() for message in messages[:-1]]
    assert last.digest == hashlib.sha256(b"".join(pieces)).digest()
    assert not any(message.digest for message in messages[:-1])
    assert records == codes_of(served, order.order_id, "stub")
    for start in range(0, len(records), 85):
        assert trade_codes.split(records[start : start + 85]).gtin == int(PHARMA)


@pytest.mark.parametrize(
    ("template_id", "gtin", "price", "size"),
    [
        (1, SHOES, None, 129), (3, gtin_of(10), 95_000, 43), (4, gtin_of(11), 95_000, 29),
        (5, PHARMA, None, 85), (8, gtin_of(12), None, 92), (10, LP, None, 85),
        (16, gtin_of(13), None, 38), (18, gtin_of(14), None, 32), (20, MILK, None, 31),
    ],
)  # fmt: skip
def test_codes_of_every_kind_arrive_and_are_genuine(
    served: Served, template_id: int, gtin: str, price: int | None, size: int
) -> None:
    line = OrderLine(gtin=gtin, quantity=40, template_id=template_id, price_tiyn=price)
    order = served.client.create_order([line])
    codes = served.client.deliver(order.order_id, gtin).codes()
    assert {len(code) for code in codes} == {size} == {order.buffers[0].record_size}
    assert len(set(codes)) == 40
    verified = served.other.verify(codes)
    assert not verified.reasons.any()
    assert set(verified.states) == {CodeState.CODE_STATE_APPLIED_AND_PAID}
    (issued,) = verified.buffers
    assert (issued.order_id, issued.gtin, issued.template_id) == (order.order_id, gtin, template_id)
    assert (issued.owner_bin, issued.owner_name) == (BIN, f"ТОО {BIN}")


def test_delivery_pays_once_and_repeats_are_free_and_identical(served: Served) -> None:
    own = pharma_of(bin_of(20))
    with Client(served.target, served.join(bin_of(20))) as client:
        order = client.create_order(pharma(50, own))
        delivery = client.deliver(order.order_id, own, "one", 30)
        codes = delivery.codes()
        assert not delivery.replayed
        paid = client.account().captured_tiyn
        assert paid == delivery.block.gross_tiyn
        assert paid == delivery.block.net_tiyn + delivery.block.vat_tiyn
        again = client.deliver(order.order_id, own, "one", 30)
        assert (again.codes(), again.block, again.replayed) == (codes, delivery.block, True)
        rest = client.deliver(order.order_id, own)
        assert (rest.block.first_index, rest.block.quantity) == (30, 20)
        codes += rest.codes()
        assert len(set(codes)) == 50
        account, order = client.account(), client.order(order.order_id)
    assert account.captured_tiyn == order.captured_tiyn == order.gross_tiyn
    assert account.reserved_tiyn == 0
    assert order.buffers[0].state == BufferState.BUFFER_STATE_EXHAUSTED
    assert (order.buffers[0].delivered_quantity, order.buffers[0].left_quantity) == (50, 0)


def test_a_delivery_resumes_at_any_index_byte_for_byte(served: Served) -> None:
    order = served.client.create_order(pharma(100))
    whole = codes_of(served, order.order_id, "resumed")
    for index in range(101):
        assert codes_of(served, order.order_id, "resumed", index) == whole[index * 85 :]
    assert served.client.account().bin == BIN


def test_what_a_block_cannot_be_is_refused_and_changes_nothing(served: Served) -> None:
    order = served.client.create_order(pharma(10))
    served.client.deliver(order.order_id, PHARMA, "used", 4).close()
    before = dict(served.dump())
    for block_id, quantity, from_index, reason in (
        ("used", 5, 0, Reason.REQUEST_DIFFERS),
        ("used", 4, 5, Reason.INDEX_OUT_OF_RANGE),
        ("new", 4, -1, Reason.INDEX_OUT_OF_RANGE),
        ("new", 4, 5, Reason.BLOCK_NOT_FOUND),
        ("new", 0, 1, Reason.BLOCK_NOT_FOUND),
        ("new", -1, 0, Reason.QUANTITY_OUT_OF_RANGE),
        ("new", 10_000_001, 0, Reason.QUANTITY_OUT_OF_RANGE),
        ("new", 7, 0, Reason.QUANTITY_LEFT),
        ("x" * 65, 1, 0, Reason.TEXT_INVALID),
        ("x" * 600, 1, 1, Reason.TEXT_INVALID),
    ):
        with pytest.raises(Refused) as refused:
            served.client.deliver(order.order_id, PHARMA, block_id, quantity, from_index)
        assert refused.value.reason is reason, (block_id, quantity, from_index)
    after = dict(served.dump())
    assert before.items() <= after.items()
    assert {key[:1] for key in after.keys() - before.keys()} <= {b"q", b"x"}  # one verdict is kept


def test_what_is_left_is_said(served: Served) -> None:
    order = served.client.create_order(pharma(10))
    with pytest.raises(Refused) as refused:
        served.client.deliver(order.order_id, PHARMA, quantity=11)
    assert refused.value.refusal.details == {"left": "10"}


def test_blocks_are_listed_in_the_order_of_delivery(served: Served) -> None:
    order = served.client.create_order(pharma(60))
    ids = [new_id() for _ in range(6)]
    for block_id in ids:
        served.client.deliver(order.order_id, PHARMA, block_id, 10).close()
    for page_size in (0, 1, 4, 6, 7):
        blocks = list(served.client.blocks(order.order_id, PHARMA, page_size=page_size))
        assert [block.block_id for block in blocks] == ids
    assert [block.first_index for block in blocks] == list(range(0, 60, 10))
    assert sum(b.gross_tiyn for b in blocks) == order.gross_tiyn
    assert list(served.operator.blocks(order.order_id, PHARMA, bin=BIN)) == blocks


def test_a_code_that_was_never_delivered_is_emitted_and_after_closing_annulled(
    served: Served,
) -> None:
    order = served.client.create_order(pharma(20))
    served.client.deliver(order.order_id, PHARMA, "a", 10).close()
    (view,), _ = served.engine.blocks(int(BIN), UUID(order.order_id), int(PHARMA), page_size=1)
    beyond = view._replace(row=view.row._replace(quantity=20))
    records = served.engine.records(beyond, 0, 20)
    codes = [records[start : start + 85] for start in range(0, len(records), 85)]
    states = served.client.verify(codes).states
    assert (
        list(states)
        == [CodeState.CODE_STATE_APPLIED_AND_PAID] * 10 + [CodeState.CODE_STATE_EMITTED] * 10
    )
    served.client.close_order(order.order_id)
    states = served.client.verify(codes).states
    assert list(states[9:11]) == [
        CodeState.CODE_STATE_APPLIED_AND_PAID,
        CodeState.CODE_STATE_ANNULLED,
    ]


def test_a_forged_or_foreign_code_has_its_reason(served: Served) -> None:
    order = served.client.create_order(pharma(5))
    codes = served.client.deliver(order.order_id, PHARMA).codes()
    good, tail = codes[0], codes[1][:-44] + codes[2][-44:]
    wrong_gtin = good.replace(PHARMA.encode(), b"04870001234561")
    unknown = good.replace(PHARMA.encode(), gtin_of(999_999).encode())
    text = [good, tail, wrong_gtin, unknown, b"", b"junk", good]
    verified = served.client.verify(text)
    assert list(verified.reasons) == [
        0,
        CodeReason.CODE_REASON_FORGED,
        CodeReason.CODE_REASON_GTIN_INVALID,
        CodeReason.CODE_REASON_UNKNOWN_GTIN,
        CodeReason.CODE_REASON_UNPARSABLE,
        CodeReason.CODE_REASON_UNPARSABLE,
        0,
    ]
    assert list(verified.states != 0) == list(verified.reasons == 0)
    assert list(verified.buffer_index) == [0, -1, -1, -1, -1, -1, 0]
    assert len(verified.buffers) >= 1


def test_a_batch_of_codes_may_be_empty_and_has_a_limit(served: Served) -> None:
    empty = served.client.verify(b"")
    assert [len(column) for column in empty] == [0] * 5
    body, _ = served.raw("CodeService/VerifyCodes", pb.VerifyCodesRequest().SerializeToString())
    assert not pb.VerifyCodesResponse.FromString(body).reasons
    limit = Limits().verify_codes_max
    for text in (b"\n" * limit, b"\n" * (limit - 1) + b"x"):
        body = pb.VerifyCodesRequest(codes=text).SerializeToString()
        answer = pb.VerifyCodesResponse.FromString(served.raw("CodeService/VerifyCodes", body)[0])
        assert len(answer.reasons) == len(answer.states) == len(answer.buffer_index) == limit
    body = pb.VerifyCodesRequest(codes=b"\n" * (limit + 1)).SerializeToString()
    refused = served.refusal("CodeService/VerifyCodes", body)
    assert (refused.reason, refused.refusal.details["limit"]) == (
        Reason.LIMIT_EXCEEDED, str(limit),
    )  # fmt: skip


def test_a_message_above_the_servers_limit_is_not_read(served: Served) -> None:
    body = pb.VerifyCodesRequest(codes=b"x" * (Limits().message_bytes_max + 1)).SerializeToString()
    with pytest.raises(grpc.RpcError) as error:
        served.raw("CodeService/VerifyCodes", body)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_operator_is_delivered_nothing(served: Served) -> None:
    order = served.client.create_order(pharma(5))
    request = pb.DeliverBlockRequest(order_id=order.order_id, gtin=PHARMA, block_id="x")
    refused = refusal_of(
        lambda: list(
            served.raw_stream(
                "CodeService/DeliverBlock", request.SerializeToString(), served.operator_token
            )
        )
    )
    assert refused.reason is Reason.PERMISSION_DENIED


def test_arrays_are_views_that_nobody_can_write_to(served: Served) -> None:
    order = served.client.create_order(pharma(5))
    (records,) = served.client.deliver(order.order_id, PHARMA)
    assert (records.shape, records.dtype) == ((5, 85), np.uint8)
    assert not records.flags.writeable


def test_wrong_short_checks_are_few_an_hour(keys: KeyRing) -> None:
    with Served(keys, Limits(wrong_short_checks_max=5)) as served:
        order = served.client.create_order([OrderLine(gtin=MILK, quantity=3, template_id=20)])
        right = served.client.deliver(order.order_id, MILK, "b").codes()
        wrong = [code[:-1] + (b"A" if code[-1:] != b"A" else b"B") for code in right]
        long = served.client.deliver(served.client.create_order(pharma(5)).order_id, PHARMA).codes()
        for _ in range(2):
            assert served.client.verify(right).reasons.tolist() == [Reason.OK] * 3
        assert served.client.verify(wrong).reasons.all()
        for guesses in (wrong, wrong[:1], [*right, wrong[0]], right):  # right ones are withheld too
            verdict = served.client.verify([*guesses, b"junk", *long])
            withheld = [CodeReason.CODE_REASON_WITHHELD] * len(guesses)
            assert verdict.reasons.tolist() == [*withheld, 1, *[0] * 5]
            assert not verdict.states[: len(guesses) + 1].any()
            assert verdict.states[-5:].all()
            assert verdict.buffer_index.tolist() == [-1] * (len(guesses) + 1) + [0] * 5
            assert [buffer.gtin for buffer in verdict.buffers] == [PHARMA]
        assert served.other.verify(wrong).reasons.all()
        for _ in range(3):
            assert served.operator.verify(wrong).reasons.all()
        [alert] = served.operator.check_alerts()
        assert (alert.kind, alert.subject) == (AlertKind.ALERT_KIND_PARTICIPANT, BIN)
        with pytest.raises(Refused) as refused:
            served.client.check_alerts()
        assert refused.value.reason is Reason.PERMISSION_DENIED


def test_long_tails_are_not_counted(keys: KeyRing) -> None:
    with Served(keys, Limits(wrong_short_checks_max=1)) as served:
        order = served.client.create_order(pharma(5))
        wrong = [
            code[:-2] + (b"A=" if code[-2:] != b"A=" else b"B=")
            for code in served.client.deliver(order.order_id, PHARMA, "b").codes()
        ]
        for _ in range(2):
            assert served.client.verify(wrong).reasons.all()


def test_overdue_blocks_are_told_to_their_owner_and_the_operator(served: Served) -> None:
    assert list(served.client.overdue_blocks()) == []
    with Client(served.target, served.join(bin_of(25))) as client:
        own = pharma_of(bin_of(25))
        order = client.create_order(pharma(9, own))
        client.deliver(order.order_id, own, "old", 5).codes()
        clock = served.engine._clock
        served.engine._clock = lambda: clock() + 70 * 86_400_000_000
        try:
            (told,) = client.overdue_blocks()
            assert (told.block.block_id, told.not_applied_quantity) == ("old", 5)
            assert told.due_date.year >= 2026
            assert list(served.operator.overdue_blocks(bin=bin_of(25), page_size=1)) == [told]
        finally:
            served.engine._clock = clock
        with pytest.raises(Refused) as refused:
            list(served.client.overdue_blocks(bin=bin_of(25)))
        assert refused.value.reason is Reason.PARTICIPANT_NOT_FOUND
