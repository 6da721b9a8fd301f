"""Stations pack: aggregation, what is in a unit, and what came of the report."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import BIN, OTHER_BIN
from emitter.config import Limits
from emitter.errors import Reason
from emitter.trade.gs1 import check_digit
from suz import MILK, Door, v3_order

PARTICIPANT = {"participantId": f"{BIN:012}"}


@pytest.fixture(scope="module")
def door(keys):
    with Door(keys, Limits(active_orders_max=0, station_burst_max=5000)) as door:
        yield door


def taken(door: Door, quantity: int) -> list[str]:
    """Codes of a new order of milk."""
    order_id = door.station.post("v3/order", v3_order(quantity))["orderId"]
    return door.station.get("v3/codes", orderId=order_id, gtin=MILK, quantity=quantity)["codes"]


def sscc_of(number: int) -> str:
    digits = f"1046040600{number:07}"
    return digits + str(check_digit(digits))


def unit(name: str, sntins: list[str], **more: Any) -> dict[str, Any]:
    return {
        "unitSerialNumber": name, "aggregationType": "AGGREGATION", "sntins": sntins,
        "aggregationUnitCapacity": 50, "aggregatedItemsCount": len(sntins),
    } | more  # fmt: skip


def pack(door: Door, *units: dict[str, Any], path: str = "v2/milk", **more: Any):
    """Post a report of aggregation and return the answer."""
    body = PARTICIPANT | {"productGroup": "milk", "aggregationUnits": list(units)} | more
    return door.station.call("POST", f"{path}/aggregation", body)


def told(door: Door, reply) -> dict[str, Any]:
    assert reply.status == 200, reply.body
    return door.station.get("v2/milk/report/info", reportId=reply.json["reportId"])


@pytest.mark.parametrize("path", ["v2/milk", "v3"])
def test_boxes_are_packed_into_a_pallet_and_told(door: Door, path: str) -> None:
    codes = taken(door, 6)
    own, sscc = f"1jdu7-{path}", sscc_of(len(path))
    pallet = sscc_of(100 + len(path))
    reply = pack(door, unit(own, codes[:2]), unit("00" + sscc, codes[2:4]), path=path)
    assert told(door, reply)["reportStatus"] == "SENT"
    assert told(door, pack(door, unit(pallet, [*codes[4:5], sscc]), path=path))["reportStatus"] == (
        "SENT"
    )
    info = door.station.get(f"{path}/aggregation/info", unitSerialNumber=own)
    assert info["aggregationUnit"] == unit(own, [code[:24] for code in codes[:2]])
    assert info["omsId"] == door.station.oms_id
    assert [product["gtin"] for product in info["productsInfo"]] == [MILK]
    more = unit(own, codes[5:], aggregationType="UPDATE", aggregatedItemsCount=3)
    assert told(door, pack(door, more, path=path))["reportStatus"] == "SENT"
    info = door.station.get(f"{path}/aggregation/info", unitSerialNumber=own)["aggregationUnit"]
    assert (info["aggregationType"], info["aggregatedItemsCount"]) == ("UPDATE", 3)
    info = door.station.get(f"{path}/aggregation/info", unitSerialNumber=pallet)
    assert info["aggregationUnit"]["sntins"] == [codes[4][:24], "00" + sscc]


def test_a_rejected_report_packs_nothing_and_says_why(door: Door) -> None:
    codes = taken(door, 5)
    pack(door, unit("first", codes[:1]))
    reply = pack(door, unit("second", codes[1:3]), unit("third", [codes[3], codes[0], "?"]))
    said = told(door, reply)
    assert said["reportStatus"] == "REJECTED"
    assert said["errorReason"] == (
        "Не приняты коды: 2 из 5."
        f" aggregationUnits[1].sntins {codes[0][:24]}:"
        " Код находится в упаковке: укажите упаковку или сначала извлеките код."
        " aggregationUnits[1].sntins: Текст не является кодом маркировки ни по одному шаблону."
    )
    assert door.station.call(
        "GET", "v2/milk/aggregation/info", unitSerialNumber="second"
    ).status == 404  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"aggregationType": "DISSOLVE"}, "aggregationUnits[0].aggregationType"),
        ({"aggregationType": "UPDATE", "unitSerialNumber": "nobody's"}, None),
        ({"aggregatedItemsCount": 3}, "aggregationUnits[0].aggregatedItemsCount"),
        ({"aggregationUnitCapacity": 0}, "aggregationUnits[0].aggregationUnitCapacity"),
        ({"unitSerialNumber": sscc_of(1)[:-1] + "x"}, ""),
        ({"unitSerialNumber": str(int(sscc_of(1)) + 1).zfill(18)},
         "aggregationUnits[0].unitSerialNumber"),
        ({"unitSerialNumber": ""}, "aggregationUnits[0].unitSerialNumber"),
        ({"unitSerialNumber": "taken"}, "aggregationUnits[0].unitSerialNumber"),
        ({"aggregationUnitCapacity": 1}, "aggregationUnits[0]"),
        ({"sntins": ["a\nb", "c"]}, "aggregationUnits[0].sntins[0]"),
    ],
)  # fmt: skip
def test_a_wrong_form_is_told_by_its_field(door: Door, change: dict[str, Any], field) -> None:
    codes = taken(door, 3)
    pack(door, unit("taken", codes[:1]))
    reply = pack(door, unit(f"box of {codes[1][:24]}", codes[1:]) | change)
    if field == "":  # a number of one's own
        assert told(door, reply)["reportStatus"] == "SENT"
        return
    assert reply.status == (404 if field is None else 400), reply.body
    if field is not None:
        assert [each["fieldName"] for each in reply.json["fieldErrors"]] == [field]


def test_another_participants_box_is_not_there(door: Door) -> None:
    codes = taken(door, 2)
    sscc = sscc_of(900)
    pack(door, unit(sscc, codes[:1]))
    reply = door.other.call("GET", "v3/aggregation/info", unitSerialNumber=sscc)
    assert reply.status == 404
    assert reply.json["globalErrors"][0]["errorCode"] == Reason.BOX_NOT_FOUND
    reply = pack(door, unit("x", codes[1:]), participantId=f"{OTHER_BIN:012}")
    assert [each["fieldName"] for each in reply.json["fieldErrors"]] == ["participantId"]


def test_a_report_of_3000_boxes(door: Door) -> None:
    codes = taken(door, 30_000)
    units = [unit(sscc_of(10_000 + n), codes[n * 10 : n * 10 + 10]) for n in range(3_000)]
    assert told(door, pack(door, *units))["reportStatus"] == "SENT"
