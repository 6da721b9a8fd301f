"""Stations report what the line has done: utilisation, dropout, and what came of a report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import BIN, OTHER_BIN
from emitter.config import Limits
from emitter.engine.box_commands import AggregateCodes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.errors import Reason
from emitter.trade.circulation import STATE_MASK, UTILISED
from emitter.trade.gs1 import check_digit
from emitter.trade.packing import BoxKind, require_box
from emitter.trade.states import CodeState
from suz import LP, MILK, SHOES, Door, v3_order
from test_suz_v3 import Signer

PAID, WRITTEN_OFF = CodeState.APPLIED_AND_PAID, CodeState.WRITTEN_OFF
MADE = {"usageType": "VERIFIED", "expirationDate": "2026-12-31", "seriesNumber": "B-7"}


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="module")
def door(keys, signer: Signer):
    with Door(
        keys, Limits(active_orders_max=0, station_burst_max=5000), anchors=signer.anchors
    ) as door:
        yield door


def sscc_of(digits: str) -> str:
    """An SSCC with its check digit."""
    return digits + str(check_digit(digits))


WRONG_SSCC = "10460406000000001" + str((int(sscc_of("10460406000000001")[-1]) + 1) % 10)


def taken(door: Door, quantity: int = 4, delivered: int | None = None) -> list[str]:
    """Codes of a new order of milk."""
    order_id = door.station.post("v3/order", v3_order(quantity))["orderId"]
    got = door.station.get("v3/codes", orderId=order_id, gtin=MILK, quantity=delivered or quantity)
    return got["codes"]


def states(door: Door, codes: list[str]) -> list[int]:
    verified = door.engine.verify("\n".join(codes).encode())
    return (verified.states | verified.utilised * UTILISED).tolist()


def told(door: Door, report: dict[str, Any], **headers: str) -> dict[str, Any]:
    """What report/info says of a report."""
    reply = door.station.call(
        "GET", "v2/milk/report/info", reportId=report["reportId"], headers=headers
    )
    assert reply.status == 200
    assert reply.json.items() >= report.items()
    return reply.json


def test_a_report_of_utilisation_and_a_dropout(door: Door) -> None:
    codes = taken(door)
    report = door.station.post("v2/milk/utilisation", MADE | {"sntins": codes[:3]})
    assert report.keys() == {"omsId", "reportId"}
    assert told(door, report)["reportStatus"] == "SENT"
    assert "errorReason" not in told(door, report)
    off = {"dropoutReason": "DAMAGE_LOSS", "participantId": f"{BIN:012}", "withChild": False,
           "sntins": codes[2:], "sourceDocNum": "17", "sourceDocDate": "2026-11-20"}  # fmt: skip
    assert told(door, door.station.post("v2/milk/dropout", off))["reportStatus"] == "SENT"
    written_off = WRITTEN_OFF | UTILISED
    assert states(door, codes) == [PAID | UTILISED] * 2 + [written_off, WRITTEN_OFF]
    (view, *_), _ = door.engine.documents(BIN, page_size=1)
    assert json.loads(view.row.details) == {n: v for n, v in off.items() if n != "sntins"}


def test_a_rejected_report_moves_nothing_and_says_why(door: Door) -> None:
    codes = taken(door)
    door.station.post("v2/milk/dropout", {
        "dropoutReason": "DEFECT", "participantId": f"{BIN:012}", "withChild": False,
        "sntins": codes[1:2],
    })  # fmt: skip
    report = door.station.post(
        "v2/milk/utilisation", MADE | {"sntins": [codes[0], "что это", codes[1], codes[0]]}
    )
    said = told(door, report)
    assert said["reportStatus"] == "REJECTED"
    assert said["errorReason"] == (
        "Не приняты коды: 3 из 4."
        " sntins[1]: Текст не является кодом маркировки ни по одному шаблону."
        f" sntins[2] {codes[1][:24]}: Состояние кода не допускает этого действия. (Списан)"
        f" sntins[3] {codes[0][:24]}: Код указан в отчёте более одного раза."
    )
    english = told(door, report, **{"Accept-Language": "en"})["errorReason"]
    assert english.startswith("Codes not accepted: 3 of 4. sntins[1]: The text is not")
    assert states(door, codes[:1]) == [PAID]
    many = door.station.post("v2/milk/utilisation", MADE | {"sntins": ["x"] * 30})
    assert told(door, many)["errorReason"].endswith("…")


@pytest.mark.parametrize("how", [
    lambda code: code.replace("\x1d", ""),
    lambda code: code.replace("\x1d", "<GS>"),
    lambda code: code.replace("\x1d", "&#29;"),
    lambda code: "]d2" + code,
    lambda code: "\x1d" + code,
    lambda code: "è" + code.replace("\x1d", "è"),
    lambda code: code[:24],
    lambda code: code + "\r",
], ids=["lost", "word", "xml", "symbology", "fnc1", "e-grave", "short", "cr"])  # fmt: skip
def test_codes_come_as_scanners_and_forms_spoil_them(door: Door, how) -> None:
    codes = taken(door, 3)
    report = door.station.post("v2/milk/utilisation", MADE | {"sntins": [how(c) for c in codes]})
    assert told(door, report)["reportStatus"] == "SENT"
    assert states(door, codes) == [PAID | UTILISED] * 3


def test_v3_reports_for_every_group(door: Door) -> None:
    for gtin, template, group in ((SHOES, 1, "shoes"), (LP, 10, "lp")):
        order = v3_order(3, gtin, templateId=template) | {"productGroup": group}
        order_id = door.station.post("v3/order", order)["orderId"]
        codes = door.station.get("v3/codes", orderId=order_id, gtin=gtin, quantity=3)["codes"]
        report = door.station.post("v3/utilisation", {
            "productGroup": group, "sntins": codes, "productionDate": "2026-11-20T10:00:00Z",
            "attributes": {"line": 4},
        })  # fmt: skip
        said = door.station.get("v3/report/info", reportId=report["reportId"])
        assert said == report | {"reportStatus": "SENT"}
        door.station.post("v3/dropout", {
            "productGroup": group, "sntins": codes[:1], "dropoutReason": "OTHER",
        })  # fmt: skip
        assert states(door, codes) == [WRITTEN_OFF | UTILISED] + [PAID | UTILISED] * 2


def test_a_box_is_written_off_with_what_is_in_it(door: Door) -> None:
    codes = taken(door, 5)
    sscc = sscc_of("10460406000000001")
    box = require_box(sscc, BIN, "box")
    inside = CodeSet("\n".join(codes[:3]).encode())
    unit = PackUnit(box, inside, BoxKind.GROUP)
    door.engine.execute(AggregateCodes(BIN, "pack", (unit,)))
    off = {"dropoutReason": "EXPIRY", "participantId": f"{BIN:012}", "withChild": True}
    lone = door.station.post("v2/milk/dropout", off | {"sntins": codes[:1]})
    assert "упаковк" in told(door, lone)["errorReason"]
    without = door.station.call("POST", "v2/milk/dropout", off | {
        "sntins": [codes[3], "00" + sscc], "withChild": False,
    })  # fmt: skip
    assert [each["fieldName"] for each in without.json["fieldErrors"]] == ["sntins[1]"]
    strange = [codes[3], "00" + sscc_of("20460406000000001"), "?"]
    said = told(door, door.station.post("v2/milk/dropout", off | {"sntins": strange}))
    assert said["reportStatus"] == "REJECTED"
    assert "sntins[1]:" in said["errorReason"]
    assert "sntins[2]:" in said["errorReason"]
    both = door.station.post("v2/milk/dropout", off | {"sntins": ["00" + sscc, codes[4]]})
    assert told(door, both)["reportStatus"] == "SENT"
    assert states(door, codes) == [WRITTEN_OFF] * 3 + [PAID, WRITTEN_OFF]


def test_x_request_id_and_a_signed_body_make_a_repeat_the_same_report(
    door: Door, signer: Signer
) -> None:
    codes = taken(door)
    body = json.dumps(MADE | {"sntins": codes[:2]}).encode()

    def post(body: bytes, **headers: str):
        return door.station.call("POST", "v2/milk/utilisation", body, headers=headers)

    named = {"X-Request-Id": "line 4, shift 2"}
    first, again = post(body, **named), post(body, **named)
    assert (first.status, first.json) == (200, again.json)
    assert again.headers["X-Emitter-Replayed"] == "true"
    other = post(json.dumps(MADE | {"sntins": codes[:3]}).encode(), **named)
    assert (other.status, other.json["fieldErrors"][0]["fieldName"]) == (400, "X-Request-Id")
    body = json.dumps(MADE | {"sntins": codes[2:]}).encode()
    signed = {"X-Signature": signer.sign(body)}
    first, again = post(body, **signed), post(body, **signed)
    assert (again.json, again.headers["X-Emitter-Replayed"]) == (first.json, "true")
    assert told(door, first.json)["reportStatus"] == "SENT"
    anew = post(body)  # neither: another report, of codes that have been reported
    assert told(door, anew.json)["reportStatus"] == "REJECTED"


def test_a_report_takes_30_000_codes(door: Door) -> None:
    codes = taken(door, 30_000)
    report = door.station.post("v2/milk/utilisation", MADE | {"sntins": codes})
    assert told(door, report)["reportStatus"] == "SENT"
    more = door.station.call("POST", "v2/milk/utilisation", MADE | {"sntins": [*codes, "x"]})
    assert more.status == 400
    assert more.json["fieldErrors"][0]["fieldName"] == "sntins"


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("utilisation", {"sntins": []}, "sntins"),
        ("utilisation", {"sntins": None}, "sntins"),
        ("utilisation", {"sntins": ["0104\n0104"]}, "sntins[0]"),
        ("utilisation", {"sntins": ["0104", 7]}, "sntins[1]"),
        ("utilisation", {"sntins": ["0104", ""]}, "sntins[1]"),
        ("utilisation", {"usageType": "SENT_TO_PRINTER"}, "usageType"),
        ("utilisation", {"usageType": "EATEN"}, "usageType"),
        ("utilisation", {"expirationDate": "31.12.2026"}, "expirationDate"),
        ("utilisation", {"expirationDate": None}, "expirationDate"),
        ("dropout", {"dropoutReason": "BORED"}, "dropoutReason"),
        ("dropout", {"participantId": f"{OTHER_BIN:012}"}, "participantId"),
        ("dropout", {"sourceDocDate": "2026-13-01"}, "sourceDocDate"),
        ("dropout", {"sntins": [WRONG_SSCC]}, "sntins[0]"),
    ],
)
def test_a_wrong_form_is_told_by_its_field(
    door: Door, path: str, change: dict[str, Any], field: str
) -> None:
    right = MADE | {
        "sntins": ["x"], "dropoutReason": "DEFECT", "participantId": f"{BIN:012}",
        "withChild": True,
    }  # fmt: skip
    reply = door.station.call("POST", f"v2/milk/{path}", right | change)
    assert reply.status == 400
    assert [each["fieldName"] for each in reply.json["fieldErrors"]] == [field]
    assert reply.json["globalErrors"] == []


def test_another_participants_codes_and_reports_are_not_there(door: Door) -> None:
    codes = taken(door)
    stolen = door.other.post("v2/milk/utilisation", MADE | {"sntins": codes})
    said = door.other.get("v2/milk/report/info", reportId=stolen["reportId"])
    assert "sntins[0]: У участника нет такого кода." in said["errorReason"]
    assert states(door, codes) == [PAID] * 4
    assert not states(door, codes)[0] & ~STATE_MASK
    for report_id in (stolen["reportId"], str(door.registered.oms_id)):
        reply = door.station.call("GET", "v2/milk/report/info", reportId=report_id)
        assert reply.status == 404
    reply = door.station.call("GET", "v3/report/info", reportId=stolen["reportId"])
    assert reply.status == 404
    assert reply.json["globalErrors"][0]["errorCode"] == Reason.DOCUMENT_NOT_FOUND
