"""Stations in the dialect v3: the cycle, signing in, and signatures as policy demands them."""

from __future__ import annotations

import base64
import datetime as dt
import json
from functools import partial

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from conftest import BIN
from emitter.api.suz.dev_ca import make_authority, make_key, make_signer
from emitter.api.suz.signatures import Anchors
from emitter.api.suz.words import NOT_OFFERED
from emitter.config import Limits
from emitter.engine.promise import Promise
from emitter.errors import Reason, Refused
from emitter.store.rows import SignaturePolicy
from suz import LP, MILK, SHOES, Door, Station, shoes_order, v3_order

NOWHERE = "d1bc8149-7b39-4aa2-afb1-df1b6c8f80c5"
DETACHED = (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary)


class Signer:
    """A participant's key and certificate under an authority of its own."""

    def __init__(self) -> None:
        now = dt.datetime.now(dt.UTC)
        authority_key = make_key("ecdsa")
        authority = make_authority(authority_key, now)
        self.anchors = Anchors([authority])
        self.make = partial(self._make, authority, authority_key, now)
        self.key, self.certificate = self.make(f"{BIN:012}")

    @staticmethod
    def _make(authority, authority_key, now, bin_):
        key = make_key("ecdsa")
        return key, make_signer(key, bin_, authority, authority_key, now)

    def sign(self, data: bytes, options=DETACHED) -> str:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
        builder = builder.add_signer(self.certificate, self.key, hashes.SHA256())
        return base64.b64encode(builder.sign(serialization.Encoding.DER, options)).decode()


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="module")
def door(keys, signer: Signer):
    with Door(
        keys, Limits(active_orders_max=0, station_burst_max=5000), anchors=signer.anchors
    ) as door:
        yield door


def error(reply, status: int = 400) -> dict:
    """The body of a refusal of v3, with a code beside every error."""
    assert reply.status == status, reply.body
    body = reply.json
    assert body["success"] is False
    errors = body["globalErrors"] + body["fieldErrors"]
    assert errors
    assert all(isinstance(item["errorCode"], int) for item in errors)
    return body


def codes_of(reply_json: dict) -> list[str]:
    return reply_json["codes"]


def test_a_station_runs_the_whole_cycle(door: Door) -> None:
    station = door.station
    assert station.get("v3/ping")["apiVersion"] == "3.0"
    assert station.get("v3/providers")["providers"] == []
    sent = v3_order(10, attributes={"shelfLife": "30"})
    made = station.post("v3/order", sent)
    order_id = made["orderId"]
    assert station.get("v3/order/product", orderId=order_id) == {MILK: {"shelfLife": "30"}}
    first = station.get("v3/codes", orderId=order_id, gtin=MILK, quantity=4)
    (info,) = station.get("v3/order/status", orderId=order_id)
    assert (info["leftInBuffer"], info["templateId"], info["cisType"]) == (6, 20, "UNIT")
    assert station.get("v3/order/status", orderId=order_id, gtin=MILK) == [info]
    blocks = station.get("v3/order/codes/blocks", orderId=order_id, gtin=MILK)
    assert [block["blockId"] for block in blocks["blocks"]] == [first["blockId"]]
    for block_id in (first["blockId"], first["blockId"].upper()):
        assert station.get("v3/order/codes/retry", blockId=block_id) == first
    assert station.post("v3/order/close", {"orderId": order_id, "gtin": MILK}) == {
        "omsId": station.oms_id
    }
    (info,) = station.get("v3/order/status", orderId=order_id)
    assert (info["bufferStatus"], info["unavailableCodes"]) == ("CLOSED", 6)


def test_the_other_name_of_order_is_served_too(door: Door) -> None:
    door.station.post("v3/orders", v3_order(1))


def test_the_list_has_all_groups(door: Door) -> None:
    station = door.station
    milk = station.post("v3/order", v3_order(1))["orderId"]
    shoes = station.post("v2/shoes/orders", shoes_order(1))["orderId"]
    infos = {info["orderId"]: info for info in station.get("v3/order/list")["orderInfos"]}
    assert infos[milk]["productGroup"] == "milk"
    assert infos[shoes]["productGroup"] == "shoes"


def test_a_block_of_one_gtin_is_found_among_many_by_its_id_alone(door: Door) -> None:
    station = door.station
    product = {"quantity": 3, "serialNumberType": "OPERATOR", "templateId": 1}
    sent = {
        "productGroup": "shoes",
        "products": [product | {"gtin": SHOES}, product | {"gtin": "04060477697987"}],
    }
    order_id = station.post("v3/order", sent)["orderId"]
    taken = [
        station.get("v3/codes", orderId=order_id, gtin=gtin, quantity=3)
        for gtin in ("04060477697987", SHOES)
    ]
    for block in taken:
        assert station.get("v3/order/codes/retry", blockId=block["blockId"]) == block
    unknown = taken[0]["blockId"][:-4] + "0000"
    error(station.call("GET", "v3/order/codes/retry", blockId=unknown), 404)
    error(station.call("GET", "v3/order/codes/retry", blockId="not-a-uuid"))
    error(door.other.call("GET", "v3/order/codes/retry", blockId=taken[0]["blockId"]), 404)


def test_a_single_gtin_may_be_ordered_in_millions(door: Door) -> None:
    station = door.station
    station.post("v3/order", v3_order(2_000_000))
    error(station.call("POST", "v3/order", v3_order(2_000_001)))
    both = {"productGroup": "milk", "products": [
        *v3_order(150_001)["products"], *v3_order(1, "04870001234560")["products"],
    ]}  # fmt: skip
    said = error(station.call("POST", "v3/order", both))
    assert said["fieldErrors"][0]["fieldName"] == "products[0].quantity"


def test_a_template_of_another_group_is_refused_by_its_field(door: Door) -> None:
    said = error(door.station.call("POST", "v3/order", v3_order(1, LP, templateId=10)))
    assert said["fieldErrors"][0]["fieldName"] == "products[0].templateId"


def test_a_token_that_does_not_fit_the_oms_id_has_its_national_code(door: Door) -> None:
    said = error(door.station.call("GET", "v3/ping", omsId=door.other.oms_id))
    assert said["globalErrors"][0]["errorCode"] == 1140
    error(door.station.call("GET", "v3/ping", headers={"clientToken": NOWHERE}), 401)


def test_what_is_not_offered_says_so(door: Door) -> None:
    for lacking in NOT_OFFERED:
        path = f"v3/{lacking.path}" if "v3" in lacking.dialects else f"v2/shoes/{lacking.path}"
        body = {} if lacking.method == "POST" else None
        reply = door.station.call(lacking.method, path, body)
        assert (reply.status, reply.json["success"], len(reply.json["globalErrors"])) == (
            501, False, 1,
        )  # fmt: skip


# Signing in ---------------------------------------------------------------------------------------


def connected(door: Door, signer: Signer) -> tuple[Station, str]:
    """A station that has registered a connection of its own, and the connection's id."""
    station = door.connect()
    station.token = ""
    body = b'{"address":"10.0.0.1","name":"line"}'
    made = station.call(
        "POST", "v3/integration/connection", body,
        headers={
            "X-RegistrationKey": door.registered.registration_key,
            "X-Signature": signer.sign(body),
        },
    )  # fmt: skip
    assert made.status == 200, made.body
    assert (made.json["status"], made.json["name"]) == ("SUCCESS", "line")
    return station, made.json["omsConnection"]


def sign_in(station: Station, connection: str, signer: Signer, **more: str):
    key = station.get("v3/true-api/auth/key")
    signed = signer.sign(key["data"].encode(), (pkcs7.PKCS7Options.Binary,))
    body = {"uuid": key["uuid"], "data": signed} | more
    return station.call("POST", f"v3/true-api/auth/simpleSignIn/{connection}", body), body


def test_a_station_connects_signs_in_and_works(door: Door, signer: Signer) -> None:
    station, connection = connected(door, signer)
    reply, _ = sign_in(station, connection.upper(), signer)
    station.token = reply.json["token"]
    station.post("v3/order", v3_order(1))


def test_signing_in_again_ends_the_token_before(door: Door, signer: Signer) -> None:
    station, connection = connected(door, signer)
    tokens = [sign_in(station, connection, signer)[0].json["token"] for _ in range(2)]
    statuses = [
        station.call("GET", "v3/ping", headers={"clientToken": token}).status for token in tokens
    ]
    assert statuses == [401, 200]


def test_what_was_signed_once_is_good_once(door: Door, signer: Signer) -> None:
    station, connection = connected(door, signer)
    reply, body = sign_in(station, connection, signer)
    assert reply.status == 200
    path = f"v3/true-api/auth/simpleSignIn/{connection}"
    error(station.call("POST", path, body), 401)
    other = station.get("v3/true-api/auth/key")
    error(station.call("POST", path, body | {"uuid": other["uuid"]}), 401)


def test_another_participants_signature_signs_nobody_in(door: Door, signer: Signer) -> None:
    station, connection = connected(door, signer)
    stranger = Signer.__new__(Signer)
    stranger.key, stranger.certificate = signer.make("990240003471")
    error(sign_in(station, connection, stranger)[0], 401)
    error(sign_in(station, NOWHERE, signer)[0], 404)
    error(sign_in(station, connection, signer, data="AAAA")[0], 401)


def test_a_connection_whose_commit_was_unknown_is_opened_once(
    keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Door(keys, Limits(station_connections_max=3)) as door:
        submit, lost = door.engine.submit, []

        def losing(command):
            future = submit(command)
            if lost:
                return future
            lost.append(future.result())
            unknown = Promise()
            unknown.settle(Refused(Reason.COMMIT_UNKNOWN))
            return unknown

        headers = {"X-RegistrationKey": door.registered.registration_key}
        path, body = "v3/integration/connection", {"address": "x"}
        with monkeypatch.context() as patch:
            patch.setattr(door.engine, "submit", losing)
            made = door.other.call("POST", path, body, headers=headers)
        assert made.json["omsConnection"] == str(lost[0].value.connection_id)
        assert door.other.call("POST", path, body, headers=headers).status == 200
        said = error(door.other.call("POST", path, body, headers=headers))
        assert said["fieldErrors"][0]["fieldName"] == "connections"


def test_a_connection_needs_the_stations_registration_key(door: Door) -> None:
    station = door.connect()
    for key in ("", "wrong", door.registered.registration_key + "x"):
        reply = station.call(
            "POST", "v3/integration/connection", {"address": "x"},
            headers={"X-RegistrationKey": key},
        )  # fmt: skip
        error(reply, 401)
    headers = {"X-RegistrationKey": door.registered.registration_key}
    body = {"address": "x"}
    unknown = station.call(
        "POST", "v3/integration/connection", body, headers=headers, omsId=NOWHERE
    )
    error(unknown, 404)
    assert door.connect(policy=SignaturePolicy.CHANGES)
    headers = {"X-RegistrationKey": door.registered.registration_key}
    strict = str(door.registered.oms_id)
    error(station.call("POST", "v3/integration/connection", body, headers=headers, omsId=strict),
          401)  # fmt: skip


# Signatures of calls ------------------------------------------------------------------------------


def raw_order(quantity: int = 1) -> bytes:
    return (
        b'{ "productGroup":"milk", "products":[{"gtin":"%s","quantity":%d,'
        b'"serialNumberType":"OPERATOR","templateId":20}]}' % (MILK.encode(), quantity)
    )


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b'"\\ud800"', b'{"\\udc00":1}'])
def test_attributes_that_json_cannot_carry_are_a_fault_of_the_body(
    door: Door, value: bytes
) -> None:
    body = json.dumps(v3_order(1, attributes={"a": "?"})).encode().replace(b'"?"', value)
    said = error(door.station.call("POST", "v3/order", body), 400)
    assert said["fieldErrors"][0]["fieldName"] == "body"


def test_policy_decides_which_calls_must_be_signed(door: Door, signer: Signer) -> None:
    body = raw_order()
    signed = {"X-Signature": signer.sign(body)}
    empty = {"X-Signature": " "}
    for policy, get, post in (
        (SignaturePolicy.OPTIONAL, 200, 200),
        (SignaturePolicy.CHANGES, 200, 401),
        (SignaturePolicy.ALWAYS, 401, 401),
    ):
        station = door.connect(policy=policy)
        assert station.call("GET", "v3/ping").status == get
        assert station.call("GET", "v3/ping", headers=empty).status == get
        assert station.call("POST", "v3/order", body).status == post
        assert station.call("POST", "v3/order", body, headers=signed).status == 200


def test_a_get_is_signed_over_path_and_query(door: Door, signer: Signer) -> None:
    station = door.connect(policy=SignaturePolicy.ALWAYS)
    target = f"/api/v3/ping?omsId={station.oms_id}"
    headers = {"X-Signature": signer.sign(target.encode())}
    assert station.call("GET", "v3/ping", headers=headers).status == 200
    error(station.call("GET", "v3/providers", headers=headers), 401)


def test_a_signed_order_does_not_close_another_in_v2(door: Door, signer: Signer) -> None:
    station, body = door.connect(policy=SignaturePolicy.CHANGES), raw_order()
    headers = {"X-Signature": signer.sign(body)}
    order_id = station.call("POST", "v3/order", body, headers=headers).json["orderId"]
    again = station.call("POST", "v2/milk/buffer/close", body, headers=headers, orderId=order_id)
    assert again.status == 400
    target = f"/api/v2/milk/buffer/close?omsId={station.oms_id}&orderId={order_id}"
    headers = {"X-Signature": signer.sign(target.encode())}
    reply = station.call("POST", "v2/milk/buffer/close", headers=headers, orderId=order_id)
    assert reply.status == 200


def test_a_signature_that_comes_is_verified_even_where_none_must(
    door: Door, signer: Signer
) -> None:
    body = raw_order()
    for wrong in (signer.sign(body + b" "), "AAAA", "not base64!"):
        reply = door.station.call("POST", "v3/order", body, headers={"X-Signature": wrong})
        error(reply, 401)
    attached = {"X-Signature": signer.sign(body, (pkcs7.PKCS7Options.Binary,))}
    error(door.station.call("POST", "v3/order", body, headers=attached), 413)
    assert door.station.call("POST", "v2/milk/orders", body, headers=attached).status == 413


def test_the_same_signed_order_again_is_the_first_order(door: Door, signer: Signer) -> None:
    station, body = door.connect(), raw_order(7)
    replies = [
        station.call("POST", "v3/order", body, headers={"X-Signature": signer.sign(body)})
        for _ in range(3)
    ]
    assert len({reply.json["orderId"] for reply in replies}) == 1
    assert [reply.headers.get("X-Emitter-Replayed") for reply in replies] == [None, "true", "true"]
    other = raw_order(8)
    reply = station.call("POST", "v3/order", other, headers={"X-Signature": signer.sign(other)})
    assert reply.json["orderId"] != replies[0].json["orderId"]
    elsewhere = door.connect().call(
        "POST", "v3/order", body, headers={"X-Signature": signer.sign(body)}
    )
    assert elsewhere.json["orderId"] != replies[0].json["orderId"]


def test_the_window_of_repeats_ends(keys, signer: Signer) -> None:
    limits = Limits(station_repeat_window_ms=1)
    with Door(keys, limits, anchors=signer.anchors) as door:
        body = raw_order()
        headers = {"X-Signature": signer.sign(body)}
        made = {
            door.station.call("POST", "v3/order", body, headers=headers).json["orderId"]
            for _ in range(3)
        }
        assert len(made) > 1


def test_without_anchors_a_demanded_signature_cannot_be_given(keys, signer: Signer) -> None:
    with Door(keys) as door:
        station = door.connect(policy=SignaturePolicy.CHANGES)
        body = raw_order()
        headers = {"X-Signature": signer.sign(body)}
        error(station.call("POST", "v3/order", body, headers=headers), 401)
        assert door.station.call("POST", "v3/order", body, headers=headers).status == 200
