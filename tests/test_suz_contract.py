"""The contracts themselves: every path is served, every answer has its shape, 501s are listed."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import BIN
from emitter.api.suz.contract import V2, V3
from emitter.api.suz.words import EXTENSIONS, NOT_OFFERED
from emitter.config import Limits
from emitter.trade.gs1 import check_digit
from emitter.trade.parties import format_bin
from stock import stock
from suz import MILK, Door, shoes_order, v3_order

DOCS = Path(__file__).parent.parent / "docs" / "stations.md"
TEMPLATES = {
    "alcohol": 18, "lp": 10, "milk": 20, "pharma": 5, "shoes": 1, "tobacco": 3, "water": 16,
}  # fmt: skip
V2_CALLS = sorted((method, path) for path, item in V2["paths"].items() for method in item)
V3_CALLS = sorted((method, path) for path, item in V3["paths"].items() for method in item)


def strict(schema: Any) -> Any:
    """The schema with its numbers' old bounds removed, and no null where none is named."""
    if isinstance(schema, dict):
        old = {"exclusiveMinimum", "exclusiveMaximum", "example"}
        return {name: strict(value) for name, value in schema.items() if name not in old}
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def validator(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft4Validator:
    kinds = strict({k: document[k] for k in ("definitions", "components") if k in document})
    return jsonschema.Draft4Validator(strict(schema) | kinds)


def check(document: dict[str, Any], operation: dict[str, Any], reply: Any) -> None:
    """Fail unless the answer has the shape that the contract gives its status."""
    responses = operation["responses"]
    status = str(reply.status)
    if status not in responses:  # 413, 429 and 501 are ours; they look like a 400
        assert status in {"404", "413", "429", "501"}
        status = "400"
    response = responses[status]
    schema = response.get("schema") or response["content"]["application/json"]["schema"]
    validator(document, schema).validate(reply.json)


@pytest.fixture(scope="module")
def door(keys):
    with Door(keys, Limits(active_orders_max=0, station_burst_max=5000)) as door:
        yield door


def sample(shape: dict[str, Any]) -> Any:
    """A value of a shape of v2, of the contract's own examples."""
    if "$ref" in shape:
        shape = V2["definitions"][shape["$ref"].rpartition("/")[2]]
    if shape.get("type") == "object":
        return {name: sample(inner) for name, inner in shape["properties"].items()}
    if shape.get("type") == "array":
        items = shape["items"]
        return [sample(items)] if "$ref" in items else []
    if "enum" in shape:
        return shape["enum"][0]
    return shape.get("example", "1" if shape.get("type") == "string" else 1)


def order_of(extension: str) -> dict[str, Any]:
    """An order made of the contract's examples; what must fit our templates is put in."""
    operation = V2["paths"][f"/api/v2/{extension}/orders"]["post"]
    body = next(item for item in operation["parameters"] if item["in"] == "body")
    made = sample(body["schema"])
    product = {
        "gtin": gtin_of(extension), "templateId": TEMPLATES[extension], "quantity": 3,
        "serialNumberType": "OPERATOR", "mrp": 95000,
    }  # fmt: skip
    made["products"] = [made["products"][0] | product]
    return made


def gtin_of(extension: str) -> str:
    """A GTIN of its own: templates of one serial length may differ in the form of serials."""
    digits = f"0487000000{TEMPLATES[extension]:03}"
    return digits + str(check_digit(digits))


@pytest.fixture(scope="module")
def orders(door: Door) -> dict[str, str]:
    """An order of each extension, made of the contract's examples."""
    made = {}
    for extension in EXTENSIONS:
        stock(door.engine, BIN, [(int(gtin_of(extension)), TEMPLATES[extension])])
        reply = door.station.call("POST", f"v2/{extension}/orders", order_of(extension))
        assert reply.status == 200, reply.body
        made[extension] = reply.json["orderId"]
    door.taken, door.reports = {}, {}
    for extension, order_id in made.items():
        taken = door.station.get(
            f"v2/{extension}/codes", orderId=order_id, gtin=gtin_of(extension), quantity=1
        )
        door.taken[extension] = taken["codes"]
        units = [box_of(f"box {extension}", taken["codes"])]
        door.station.post("v3/aggregation", {"productGroup": "milk", "aggregationUnits": units})
        report = {"productGroup": "milk", "sntins": taken["codes"]}  # v3 has them all
        door.reports[extension] = door.station.post("v3/utilisation", report)["reportId"]
    return made


def body_of(door: Door, extension: str, function: str) -> dict[str, Any] | None:
    """What a call of v2 posts, made of the contract's examples and a code of ours."""
    if function == "orders":
        return order_of(extension)
    if function not in ("utilisation", "dropout", "aggregation"):
        return None
    operation = V2["paths"][f"/api/v2/{extension}/{function}"]["post"]
    body = next(item for item in operation["parameters"] if item["in"] == "body")
    fits = {"sntins": door.taken[extension]}
    if function == "aggregation":
        fits = {"aggregationUnits": [box_of(f"new {extension}", door.taken[extension])]}
    if function != "utilisation":
        fits["participantId"] = format_bin(BIN)
    return sample(body["schema"]) | fits


def box_of(name: str, codes: list[str]) -> dict[str, Any]:
    """A box of some codes, as stations name one."""
    return {
        "unitSerialNumber": name, "aggregationType": "AGGREGATION", "sntins": codes,
        "aggregationUnitCapacity": 50, "aggregatedItemsCount": len(codes),
    }  # fmt: skip


def test_the_examples_of_the_contract_are_orders(orders: dict[str, str]) -> None:
    assert orders.keys() == EXTENSIONS.keys() == TEMPLATES.keys()


@pytest.mark.parametrize(("method", "path"), V2_CALLS, ids=lambda value: value)
def test_a_call_of_v2_answers_in_the_contracts_shapes(
    door: Door, orders: dict[str, str], method: str, path: str
) -> None:
    """As the contract asks it, then without each parameter, then by a stranger."""
    operation = V2["paths"][path][method]
    extension, function = path.removeprefix("/api/v2/").split("/", 1)
    query: dict[str, object] = {
        "orderId": orders[extension], "gtin": gtin_of(extension), "quantity": 1,
        "reportId": door.reports[extension], "docId": "1", "unitSerialNumber": f"box {extension}",
    }  # fmt: skip
    if function == "codes/retry":
        taken = door.station.get(
            f"v2/{extension}/codes", orderId=orders[extension], gtin=gtin_of(extension), quantity=1
        )
        query["blockId"] = taken["blockId"]
    if function == "buffer/close":
        query["orderId"] = door.station.post(f"v2/{extension}/orders", order_of(extension))[
            "orderId"
        ]
    body = body_of(door, extension, function) if method == "post" else None
    names = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"}
    query = {name: value for name, value in query.items() if name in names}
    target = path.removeprefix("/api/")

    def call(**changed: object) -> Any:
        reply = door.station.call(method.upper(), target, body, **(query | changed))
        check(V2, operation, reply)
        return reply.status

    offered = (method.upper(), function) not in {(item.method, item.path) for item in NOT_OFFERED}
    assert call() == (200 if offered else 501)
    if function == "version":
        return
    assert call(omsId=None) == 400
    if offered:
        for name in query:
            required = next(i for i in operation["parameters"] if i["name"] == name)["required"]
            assert call(**{name: None}) in ((400,) if required else (200, 400))
    stranger = door.station.call(method.upper(), target, body, headers={"clientToken": "x"})
    check(V2, operation, stranger)
    assert stranger.status == 400


@pytest.mark.parametrize(("method", "path"), V3_CALLS, ids=lambda value: value)
def test_a_call_of_v3_answers_in_its_own_shapes(door: Door, method: str, path: str) -> None:
    operation = V3["paths"][path][method]
    station = door.station
    order_id = station.post("v3/order", v3_order(5))["orderId"]
    block = station.get("v3/codes", orderId=order_id, gtin=MILK, quantity=1)
    query = {
        "orderId": order_id, "gtin": MILK, "quantity": 1, "blockId": block["blockId"],
        "reportId": order_id, "unitSerialNumber": f"box {order_id}",
    }  # fmt: skip
    report = {"productGroup": "milk", "sntins": block["codes"]}
    query["reportId"] = station.post("v3/utilisation", report)["reportId"]
    units = [box_of(query["unitSerialNumber"], block["codes"])]
    packed = {"productGroup": "milk", "aggregationUnits": units}
    if path.removeprefix("/api/v3") == "/aggregation/info":
        station.post("v3/aggregation", packed)
    bodies = {"/aggregation": packed, "/utilisation": report}
    bodies |= {"/dropout": report | {"dropoutReason": "DEFECT"}}
    bodies |= {"/order": v3_order(1), "/orders": v3_order(1), "/order/close": {"orderId": order_id},
              "/integration/connection": {"address": "x"}}  # fmt: skip
    function = path.removeprefix("/api/v3")
    headers = {"X-RegistrationKey": door.registered.registration_key}
    names = {item["name"] for item in operation["parameters"] if item["in"] == "query"}
    target = path.removeprefix("/api/").replace("{omsConnection}", order_id)
    query = {name: value for name, value in query.items() if name in names}
    if function == "/integration/connection":
        query["omsId"] = str(door.registered.oms_id)
    reply = station.call(method.upper(), target, bodies.get(function), headers=headers, **query)
    check(V3, operation, reply)
    expected = {"/true-api/auth/simpleSignIn/{omsConnection}": 404}
    not_offered = {f"/{item.path}" for item in NOT_OFFERED}
    assert reply.status == expected.get(function, 501 if function in not_offered else 200)
    station.close()


def test_the_shapes_of_answers_would_notice(door: Door, orders: dict[str, str]) -> None:
    """The checks above can fail: a counter that is missing or a text breaks the contract."""
    info = door.station.get(
        "v2/shoes/buffer/status", orderId=orders["shoes"], gtin=gtin_of("shoes")
    )
    shape = validator(V2, {"$ref": "#/definitions/BufferInfo"})
    shape.validate(info)
    for name in ("leftInBuffer", "omsId", "poolsExhausted", "bufferStatus"):
        without = copy.deepcopy(info)
        del without[name]
        assert not shape.is_valid(without)
    assert not shape.is_valid(info | {"totalCodes": "10"})
    assert not shape.is_valid(info | {"bufferStatus": "OPEN"})


def test_the_published_documents_are_served(door: Door) -> None:
    for dialect, document in (("v2", V2), ("v3", V3)):
        reply = door.station.raw("GET", f"/api/{dialect}/openapi.json", None, {})
        assert reply.json == document
    assert "host" not in V2


def test_no_shape_of_the_dialects_shares_a_name() -> None:
    assert not V2["definitions"].keys() & V3["components"]["schemas"].keys()


def test_the_documents_list_what_answers_501() -> None:
    rows = re.findall(r"\| `(GET|POST)` \| `([a-z/]+)` \| (v2|v3|v2, v3) \|", DOCS.read_text())
    assert rows == [(item.method, item.path, ", ".join(item.dialects)) for item in NOT_OFFERED]


def test_a_bare_order_of_shoes_is_what_the_documents_show() -> None:
    shape = validator(V2, {"$ref": "#/definitions/OrderDtoShoesKZ"})
    shape.validate(shoes_order())
