"""ReportService over a real socket: what is moved, what is named in vain, who may report."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import TYPE_CHECKING

import pytest

from emitter.client import (
    Acceptance,
    BlockReference,
    CodeReason,
    Codes,
    CodeSpan,
    CodeState,
    DocumentKind,
    DropoutReason,
    IntroductionWay,
    OrderLine,
    Reason,
    Refused,
    ReportDetails,
    ReportState,
    ReturnReason,
    WithdrawalReason,
)
from emitter.client.calls import civil_date
from emitter.v1 import report_pb2 as pb
from served import (
    BIN,
    NOBODY,
    OTHER_BIN,
    PHARMA_TEMPLATE,
    Served,
    gtin_of,
    new_id,
    pharma,
    product,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

CREATE = "ReportService/CreateReport"
VALID = {"acceptance": Acceptance.ACCEPTANCE_VALID}
_goods = itertools.count(500)


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


class Goods:
    """Codes of an order of their own, delivered."""

    def __init__(self, served: Served, quantity: int = 10, delivered: int = 0) -> None:
        self.gtin = gtin_of(next(_goods))
        served.client.register_product(product(self.gtin, PHARMA_TEMPLATE))
        self.order_id = served.client.create_order(pharma(quantity, self.gtin)).order_id
        delivery = served.client.deliver(self.order_id, self.gtin, "block", delivered)
        self.codes = [row.tobytes() for records in delivery for row in records]

    def span(self, first: int, quantity: int) -> Codes:
        span = CodeSpan(
            order_id=self.order_id, gtin=self.gtin, first_index=first, quantity=quantity
        )
        return Codes(spans=[span])

    def name(self, index: int) -> str:
        return self.codes[index][:31].decode()


def states(served: Served, goods: Goods) -> list[int]:
    return served.client.verify(goods.codes).states.tolist()


def test_a_code_goes_its_way_and_back(served: Served) -> None:
    goods, client = Goods(served), served.client
    sold = goods.codes[:3]
    made = client.report_utilisation(goods.codes)
    assert made.kind == DocumentKind.DOCUMENT_KIND_UTILISATION
    assert made.state == ReportState.REPORT_STATE_ACCEPTED
    assert (made.code_count, made.moved_count, made.refused_count) == (10, 10, 0)
    verified = client.verify(goods.codes)
    assert verified.utilised.all()
    assert set(verified.states.tolist()) == {CodeState.CODE_STATE_APPLIED_AND_PAID}
    client.introduce(goods.span(0, 5), IntroductionWay.INTRODUCTION_WAY_PRODUCTION)
    client.withdraw(sold, WithdrawalReason.WITHDRAWAL_REASON_RETAIL_SALE)
    back = client.return_codes(sold[:2], ReturnReason.RETURN_REASON_RETAIL_RETURN)
    assert back.WhichOneof("reason") == "return_reason"
    client.write_off(sold[:1], DropoutReason.DROPOUT_REASON_DEFECT)
    assert states(served, goods) == [5, 3, 4, 3, 3, 2, 2, 2, 2, 2]
    assert [client.report(each.report_id) for each in (made, back)] == [made, back]


def test_codes_named_in_vain_harm_no_others_and_are_told(served: Served) -> None:
    goods, client = Goods(served, 10, delivered=6), served.client
    way = IntroductionWay.INTRODUCTION_WAY_IMPORT
    client.write_off(goods.codes[1:2], DropoutReason.DROPOUT_REASON_OTHER)
    texts = [b"nonsense", goods.codes[0], goods.codes[1], goods.codes[0]]
    named = goods.span(4, 4)._replace(texts=texts)
    whole = client.introduce(named, way)
    assert (whole.state, whole.moved_count) == (ReportState.REPORT_STATE_REJECTED, 0)
    part = client.introduce(named, way, **VALID)
    assert part.state == ReportState.REPORT_STATE_PARTLY_ACCEPTED
    assert (part.code_count, part.moved_count, part.refused_count) == (8, 3, 5)
    for report in (whole, part):
        refused = [
            (r.item, r.reason, r.state, r.first_index, r.quantity, list(r.identification_codes))
            for r in client.refused_codes(report.report_id, page_size=1)
        ]
        assert refused == [
            (0, CodeReason.CODE_REASON_UNPARSABLE, 0, 0, 1, []),
            (2, CodeReason.CODE_REASON_MOVE_REFUSED, CodeState.CODE_STATE_WRITTEN_OFF, 1, 1,
             [goods.name(1)]),
            (3, CodeReason.CODE_REASON_REPEATED, 0, 0, 1, [goods.name(0)]),
            (4, CodeReason.CODE_REASON_MOVE_REFUSED, CodeState.CODE_STATE_EMITTED, 6, 2, []),
        ]  # fmt: skip
    moved = [(run.order_id, run.gtin, run.first_index, run.quantity)
             for run in client.moved_codes(part.report_id, page_size=1)]  # fmt: skip
    assert moved == [(goods.order_id, goods.gtin, 0, 1), (goods.order_id, goods.gtin, 4, 2)]
    assert list(client.moved_codes(whole.report_id)) == []


def test_the_first_thousand_codes_named_in_vain_have_names(served: Served) -> None:
    goods, client = Goods(served, 3000), served.client
    client.write_off(Codes([], [], [BlockReference(
        order_id=goods.order_id, gtin=goods.gtin, block_id="block")]),
        DropoutReason.DROPOUT_REASON_DESTRUCTION)  # fmt: skip
    spans = [*goods.span(10, 600).spans, *goods.span(1000, 700).spans, *goods.span(2000, 5).spans]
    report = client.report_utilisation(Codes(spans=spans))
    named = list(client.refused_codes(report.report_id, page_size=2))
    assert [r.quantity for r in named] == [600, 700, 5]
    names = [list(r.identification_codes) for r in named]
    assert names == [
        [goods.name(i) for i in range(10, 610)], [goods.name(i) for i in range(1000, 1400)], [],
    ]  # fmt: skip
    assert not any("91" in name[31:] for name in names[0])


def test_identification_codes_and_what_scanners_make_of_codes_are_codes(served: Served) -> None:
    goods = Goods(served, 4)
    a, b, c, d = goods.codes
    spoilt = [a[:31], b"]d2" + b, c.replace(b"\x1d", b"<GS>"), d]
    assert served.client.report_utilisation(spoilt).moved_count == 4
    again = served.client.report_utilisation(goods.codes)
    reasons = {r.reason for r in served.client.refused_codes(again.report_id)}
    assert reasons == {CodeReason.CODE_REASON_UTILISED_ALREADY}


def test_a_report_is_one_however_often_it_is_sent(served: Served) -> None:
    goods = Goods(served)
    request = pb.CreateReportRequest(
        request_id=new_id(), kind=DocumentKind.DOCUMENT_KIND_UTILISATION,
        codes=b"\n".join(goods.codes[:4]),
    )  # fmt: skip
    answers = [
        pb.CreateReportResponse.FromString(served.raw(CREATE, request.SerializeToString())[0])
        for _ in range(2)
    ]
    assert answers[0].report == answers[1].report
    assert [answer.replayed for answer in answers] == [False, True]
    request.codes = b"\n".join(goods.codes[:5])
    refused = served.refusal(CREATE, request.SerializeToString())
    assert (refused.reason, refused.refusal.details["field"]) == (
        Reason.REQUEST_DIFFERS, "request_id",
    )  # fmt: skip


def test_details_and_the_day_are_kept(served: Served) -> None:
    day = dt.date(2026, 11, 20)
    details = ReportDetails(
        production_date=civil_date(day), production_line="4", batch="B-7", comment="смена «А»",
    )  # fmt: skip
    goods = Goods(served)
    report = served.client.report_utilisation(goods.codes, details=details, on=day)
    assert report.details == details
    assert json.loads(report.details_json) == {
        "productionDate": "2026-11-20", "productionLineId": "4", "seriesNumber": "B-7",
        "comment": "смена «А»",
    }  # fmt: skip
    assert report.event_date == civil_date(day)
    plain = served.client.introduce(goods.codes, IntroductionWay.INTRODUCTION_WAY_REMAINS)
    assert not plain.HasField("details")
    assert not plain.HasField("event_date")


def test_reports_are_listed_the_newest_first(served: Served) -> None:
    goods = Goods(served)
    made = [served.client.report_utilisation(goods.codes[i : i + 1]) for i in range(5)]
    listed = list(itertools.islice(served.client.reports(page_size=2), 5))
    assert listed == made[::-1]


def test_more_codes_than_a_report_takes_are_many_reports(served: Served) -> None:
    goods, client = Goods(served, 65_000), served.client
    kind = DocumentKind.DOCUMENT_KIND_UTILISATION
    first = next(iter(client.report_many(kind, goods.codes)))  # and then the line went dead
    pieces = list(client.report_many(kind, iter(goods.codes)))
    assert [(p.first, p.report.moved_count, p.replayed) for p in pieces] == [
        (0, 30_000, True), (30_000, 30_000, False), (60_000, 5000, False),
    ]  # fmt: skip
    assert pieces[0].report == first.report
    again = next(iter(client.report_many(kind, goods.codes, attempt="2")))
    assert (again.replayed, again.report.moved_count) == (False, 0)


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"kind": 0}, Reason.FIELD_REQUIRED, "kind"),
        ({"kind": 77}, Reason.FIELD_INVALID, "kind"),
        ({"kind": 6}, Reason.FIELD_INVALID, "kind"),
        ({"kind": 3}, Reason.FIELD_REQUIRED, "reason"),
        ({"kind": 3, "introduction_way": 1}, Reason.FIELD_INVALID, "reason"),
        ({"kind": 3, "dropout_reason": 99}, Reason.FIELD_INVALID, "dropout_reason"),
        ({"dropout_reason": 1}, Reason.FIELD_INVALID, "reason"),
        ({"codes": b""}, Reason.REPORT_EMPTY, "codes"),
        ({"codes": b"x\n" * 30_001}, Reason.LIMIT_EXCEEDED, "codes"),
        ({"acceptance": 5}, Reason.FIELD_INVALID, "acceptance"),
        ({"request_id": ""}, Reason.FIELD_REQUIRED, "request_id"),
        ({"event_date": {"year": 2026}}, Reason.FIELD_INVALID, "event_date"),
        ({"details": {"batch": "x" * 257}}, Reason.TEXT_INVALID, "details.batch"),
        ({"spans": [{"order_id": "?"}]}, Reason.FIELD_INVALID, "order_id"),
        ({"blocks": [{"order_id": NOBODY}]}, Reason.FIELD_INVALID, "order_id"),
    ],
)
def test_a_wrong_form_is_told_by_its_field(
    served: Served, change: dict, reason: Reason, field: str
) -> None:
    request = pb.CreateReportRequest(**({"request_id": "r", "kind": 1, "codes": b"x"} | change))
    refused = served.refusal(CREATE, request.SerializeToString())
    assert (refused.reason, refused.refusal.details["field"]) == (reason, field)


def test_an_operator_reports_for_the_owner_and_nobody_for_another(served: Served) -> None:
    goods = Goods(served)
    with pytest.raises(Refused) as caught:
        served.operator.report_utilisation(goods.codes[:1])
    assert caught.value.reason is Reason.FIELD_REQUIRED
    report = served.operator.report_utilisation(goods.codes[:1], bin=BIN)
    assert report.moved_count == 1
    assert served.client.report(report.report_id) == report
    with pytest.raises(Refused) as caught:
        served.other.report_utilisation(goods.codes[1:2], bin=BIN)
    assert caught.value.reason is Reason.PARTICIPANT_NOT_FOUND
    stolen = served.other.report_utilisation(goods.codes[1:2])
    (refused,) = served.other.refused_codes(stolen.report_id)
    assert refused.reason == CodeReason.CODE_REASON_NOT_OWNED
    assert (refused.gtin, refused.order_id, list(refused.identification_codes)) == ("", "", [])
    with pytest.raises(Refused) as caught:
        served.other.report_utilisation(goods.span(1, 1))
    assert caught.value.reason is Reason.ORDER_NOT_FOUND
    for read in (served.other.report, lambda id_: list(served.other.refused_codes(id_))):
        with pytest.raises(Refused) as caught:
            read(report.report_id)
        assert caught.value.reason is Reason.DOCUMENT_NOT_FOUND
    assert served.operator.report(stolen.report_id, bin=OTHER_BIN) == stolen


def test_a_token_of_another_kind_of_list_is_no_page(served: Served) -> None:
    report = served.client.report_utilisation(Goods(served).codes)
    request = pb.ListReportCodesRequest(report_id=report.report_id, page_token="AAAA")  # noqa: S106
    refused = served.refusal("ReportService/ListReportCodes", request.SerializeToString())
    assert refused.reason is Reason.PAGE_TOKEN_INVALID


def test_packs_are_named_by_gtin_and_serial(served: Served) -> None:
    served.client.register_product(product("00000046198488", 4))
    line = OrderLine(gtin="00000046198488", quantity=2, template_id=4, price_tiyn=95_000)
    order = served.client.create_order([line])
    (records,) = served.client.deliver(order.order_id, line.gtin)
    packs = [row.tobytes() for row in records]
    served.client.write_off(packs, DropoutReason.DROPOUT_REASON_CONFISCATION)
    report = served.client.report_utilisation(packs)
    named = [r.identification_codes[0] for r in served.client.refused_codes(report.report_id)]
    assert named == [pack[:21].decode() for pack in packs]
