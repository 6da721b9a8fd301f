"""BoxService over a real socket: packing, what lies where, SSCCs, and who may ask."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from emitter.api import box_values
from emitter.client import (
    Acceptance,
    BlockReference,
    BoxKind,
    BoxState,
    CodeReason,
    Codes,
    CodeSpan,
    CodeState,
    PackUnit,
    Reason,
    Refused,
    ReportState,
    WithdrawalReason,
)
from emitter.client import boxes as boxes_module
from emitter.client.reports import DocumentKind
from emitter.config import Limits
from emitter.v1 import box_pb2
from served import BIN, OTHER_BIN, PHARMA_TEMPLATE, Served, gtin_of, new_id, pharma, product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

VALID = Acceptance.ACCEPTANCE_VALID
_goods = itertools.count(700)
_names = (f"box {number}" for number in itertools.count())


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


@pytest.fixture
def codes(served: Served) -> list[bytes]:
    """Thirty codes of an order of their own, delivered."""
    gtin = gtin_of(next(_goods))
    served.client.register_product(product(gtin, PHARMA_TEMPLATE))
    order_id = served.client.create_order(pharma(30, gtin)).order_id
    return [row.tobytes() for part in served.client.deliver(order_id, gtin) for row in part]


def test_any_number_of_boxes_is_packed_in_as_many_documents(
    served: Served, codes: list[bytes], monkeypatch: pytest.MonkeyPatch
):
    few = boxes_module.PACK_MAX._replace(units=4, codes=7)
    monkeypatch.setattr(boxes_module, "PACK_MAX", few)
    own = names(*range(9))
    sizes = [1, 1, 1, 1, 1, 3, 4, 3, 1]
    units, at = [], 0
    for box, size in zip(own, sizes, strict=True):
        units.append(unit(box, codes[at : at + size]))
        at += size
    made = list(served.client.aggregate_many(units))
    assert [len(piece.units) for piece in made] == [4, 2, 2, 1]
    assert [piece.report.moved_count for piece in made] == [4, 4, 7, 1]
    again = list(served.client.aggregate_many(units))
    assert [piece.report.report_id for piece in again] == [p.report.report_id for p in made]
    with pytest.raises(Refused) as refused:
        list(served.client.aggregate_many(units, attempt="2"))
    assert refused.value.reason is Reason.BOX_EXISTS


@pytest.mark.parametrize(("named", "documents"), [
    ({}, 1), ({"codes": b"a\nb\n"}, 1), ({"codes": b"\n".join([b"a"] * 12)}, 2),
    ({"spans": [CodeSpan()]}, 3), ({"spans": [CodeSpan()], "blocks": [BlockReference()]}, 6),
    ({"transfers": [str(UUID(int=1))]}, 30), ({"boxes": [str(n) for n in range(25)]}, 3),
])  # fmt: skip
def test_a_document_of_packing_is_cut_where_servers_would_refuse_it(
    named: dict[str, object], documents: int
):
    block = {"order_id": str(UUID(int=1)), "gtin": gtin_of(1)}
    first = PackUnit(**named)
    for each in (*first.spans, *first.blocks):
        each.MergeFrom(type(each)(**block))
    units = [PackUnit() for _ in range(3_000)]
    for number, each in enumerate(units):
        each.MergeFrom(first)
        each.box = f"case {number}"
        if not named:
            each.codes = b"a"
    pieces = list(boxes_module._pieces(units))
    assert [each for piece in pieces for each in piece] == units
    assert len(pieces) == documents
    for piece in pieces:
        request = box_pb2.AggregateCodesRequest(request_id="1", units=piece)
        box_values.aggregate_codes(int(BIN), request).check(Limits())


def test_boxes_are_listed(served: Served, codes: list[bytes]):
    client, bin_ = served.client, BIN
    one, two, pallet, gone = names(1, 2, 3, 4)
    before = [box.box for box in client.boxes()]
    client.aggregate([unit(one, codes[:3]), unit(two, codes[3:5])])
    client.aggregate([unit(pallet, codes[5:6], (one,)), unit(gone, codes[6:7])])
    client.disaggregate([gone])
    assert [box.box for box in client.boxes()] == [pallet, two, *before]
    inside = {(box.box, *box.around) for box in served.operator.boxes(recursive=True, bin=bin_)}
    assert {(pallet,), (one, pallet), (two,)} <= inside
    assert [box.box for box in client.boxes(page_size=1)] == [pallet, two, *before]
    assert gone in [box.box for box in client.boxes(state=BoxState.BOX_STATE_DISBANDED)]
    assert not [box for box in served.other.boxes() if box.box in (one, two, pallet)]
    wrong = box_pb2.ListBoxesRequest(page_token="AAAA")  # noqa: S106 - no password
    for request in (wrong, box_pb2.ListBoxesRequest(state=9)):
        with pytest.raises(Refused):
            client._ask(client._boxes.ListBoxes, request)


def unit(box: str, codes: list[bytes], boxes: tuple[str, ...] = (), **more) -> PackUnit:
    return PackUnit(box=box, codes=b"\n".join(codes), boxes=boxes, **more)


def names(*count) -> list[str]:
    return [next(_names) for _ in count]


def test_a_pallet_is_packed_read_and_withdrawn(served: Served, codes: list[bytes]):
    client = served.client
    case, pallet = client.allocate_ssccs(2)
    made = client.aggregate([unit(case, codes[:10]), unit(pallet, codes[10:12], (case,))])
    assert (made.kind, made.state) == (DocumentKind.DOCUMENT_KIND_AGGREGATION,
                                       ReportState.REPORT_STATE_ACCEPTED)  # fmt: skip
    box = client.box(f"(00){case}")
    assert (box.box, list(box.around), box.code_count) == (case, [pallet], 10)
    assert (box.kind, box.state) == (BoxKind.BOX_KIND_GROUP, BoxState.BOX_STATE_PACKED)
    assert (box.owner_bin, box.packer_bin, box.report_id) == (BIN, BIN, made.report_id)
    box = client.box(pallet)
    assert (box.kind, box.total_code_count) == (BoxKind.BOX_KIND_TRANSPORT, 12)
    direct = [(i.box, i.inner_box or i.identification_code) for i in client.box_contents(pallet)]
    inside = [code[:31].decode() for code in codes]
    assert sorted(direct) == sorted((pallet, name) for name in [*inside[10:12], case])
    for page_size in (1, 3, 100):
        deep = list(client.box_contents(pallet, recursive=True, page_size=page_size))
        assert [item.identification_code or item.inner_box for item in deep] == [
            *inside[10:12], case, *inside[:10],
        ]  # fmt: skip
        assert {item.box for item in deep[3:]} == {case}
    found = list(client.find_boxes([codes[0], codes[11], codes[20]]))
    assert [(f.box.box, list(f.box.around)) if f.box else None for f in found] == [
        (case, [pallet]), (pallet, []), None,
    ]  # fmt: skip
    client.introduce(Codes(boxes=[pallet]), 1)
    sold = client.withdraw(Codes(boxes=[pallet]), WithdrawalReason.WITHDRAWAL_REASON_EXPORT)
    assert sold.moved_count == 12
    assert set(client.verify(codes[:12]).states.tolist()) == {CodeState.CODE_STATE_WITHDRAWN}
    pieces = list(client.report_many(sold.kind, Codes(boxes=[pallet]), withdrawal_reason=1))
    assert [piece.report.refused_count for piece in pieces] == [12]


def test_what_cannot_be_packed_is_named(served: Served, codes: list[bytes]):
    client = served.client
    one, two = names(1, 2)
    client.aggregate([unit(one, codes[:2])])
    bad = [codes[0], codes[5], b"nonsense"]
    units = [unit(two, bad, ("none",), kind=1), unit(two, codes[6:8], (one,))]
    units[1].update = True
    made = client.aggregate(units, acceptance=VALID)
    assert (made.state, made.moved_count) == (ReportState.REPORT_STATE_PARTLY_ACCEPTED, 3)
    assert [(r.item, r.reason) for r in client.refused_codes(made.report_id)] == [
        (0, CodeReason.CODE_REASON_BOXED), (2, CodeReason.CODE_REASON_UNPARSABLE),
        (3, CodeReason.CODE_REASON_BOX_NOT_FOUND), (6, CodeReason.CODE_REASON_BOX_NESTING),
    ]  # fmt: skip
    moved = [(run.first_index, run.quantity) for run in client.moved_codes(made.report_id)]
    assert moved == [(5, 3)]


def test_unpacking(served: Served, codes: list[bytes]):
    client = served.client
    one, two, three = names(1, 2, 3)
    client.aggregate([unit(one, codes[:3]), unit(two, codes[3:6]), unit(three, [], (one, two))])
    order = client.moved_codes(next(iter(client.reports())).report_id)
    run = next(iter(order))
    span = CodeSpan(order_id=run.order_id, gtin=run.gtin, first_index=4, quantity=1)
    client.disaggregate(taken=Codes([codes[3]], spans=[span], boxes=[one]))
    assert list(client.box(one).around) == []
    assert [item.identification_code for item in client.box_contents(two)] == [
        codes[5][:31].decode()
    ]
    request_id = new_id()
    made = client.disaggregate([three], request_id=request_id)
    assert client.disaggregate([three], request_id=request_id) == made
    assert client.box(three).state == BoxState.BOX_STATE_DISBANDED
    assert list(client.box(two).around) == []


def test_another_sees_nothing(served: Served, codes: list[bytes]):
    (box,) = names(1)
    served.client.aggregate([unit(box, codes[:2])])
    sscc = served.client.allocate_ssccs(1)[0]
    served.client.aggregate([unit(sscc, codes[2:4])])
    for name in (box, sscc):
        for ask in (
            lambda name=name: served.other.box(name),
            lambda name=name: list(served.other.box_contents(name)),
            lambda name=name: served.client.box(name, bin=OTHER_BIN),
        ):
            with pytest.raises(Refused) as caught:
                ask()
            assert caught.value.reason in (Reason.BOX_NOT_FOUND, Reason.PARTICIPANT_NOT_FOUND)
    forged = codes[0][:-1] + (b"A" if codes[0][-1:] != b"A" else b"B")
    found = list(served.other.find_boxes([codes[0], codes[9], forged]))
    assert found == [(CodeReason.CODE_REASON_NOT_OWNED, None)] * 3
    assert served.operator.box(sscc, bin=BIN).box == sscc
    assert next(served.operator.find_boxes([codes[0]])).box.box == box
    made = served.operator.aggregate([unit(names(1)[0], codes[5:7])], bin=BIN)
    assert made.moved_count == 2


def test_a_page_of_a_box_that_changed_is_refused(served: Served, codes: list[bytes]):
    (box,) = names(1)
    served.client.aggregate([unit(box, codes[:9])])
    pages = served.client.box_contents(box, page_size=2)
    next(pages)
    served.client.disaggregate(taken=Codes([codes[8]]))
    with pytest.raises(Refused) as caught:
        list(pages)
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID


@pytest.mark.parametrize(("request_", "field"), [
    (box_pb2.AggregateCodesRequest(request_id="1"), "units"),
    (box_pb2.AggregateCodesRequest(request_id="1", units=[PackUnit(codes=b"x")]), "units[0].box"),
    (box_pb2.AggregateCodesRequest(request_id="1", units=[unit("106141411234567890", [b"x"])]),
     "units[0].box"),
    (box_pb2.AggregateCodesRequest(request_id="1", units=[unit("a", [], ("",))]),
     "units[0].boxes[0]"),
    (box_pb2.AggregateCodesRequest(request_id="1", units=[PackUnit(box="a", codes=b"x", kind=9)]),
     "units[0].kind"),
])  # fmt: skip
def test_a_wrong_field_is_named(served: Served, request_, field: str):
    body = request_.SerializeToString()
    refused = served.refusal("BoxService/AggregateCodes", body)
    assert refused.refusal.details["field"] == field
