"""Stations that repeat themselves, come too often or send too much; and what marks a sandbox."""

from __future__ import annotations

import dataclasses

import pytest

from emitter.config import Limits
from suz import Door, shoes_order


@pytest.fixture(scope="module")
def door(keys):
    with Door(keys, Limits(active_orders_max=0, station_burst_max=5000)) as door:
        yield door


def test_x_request_id_makes_a_repeat_the_first_order_for_ever(door: Door) -> None:
    sent = shoes_order(3)
    first, again = (
        door.station.call("POST", "v2/shoes/orders", sent, headers={"X-Request-Id": "A-1"})
        for _ in range(2)
    )
    assert first.json == again.json
    assert "X-Emitter-Replayed" not in first.headers
    assert again.headers["X-Emitter-Replayed"] == "true"
    other = door.station.call(
        "POST", "v2/shoes/orders", shoes_order(4), headers={"X-Request-Id": "A-1"}
    )
    assert other.status == 400
    assert other.json["fieldErrors"][0]["fieldName"] == "X-Request-Id"
    elsewhere = door.connect().call(
        "POST", "v2/shoes/orders", sent, headers={"X-Request-Id": "A-1"}
    )
    assert elsewhere.json["orderId"] != first.json["orderId"]


def test_an_order_that_was_refused_is_made_under_the_same_x_request_id_later(keys) -> None:
    with Door(keys, Limits(active_orders_max=1)) as door:
        open_id = door.station.post("v2/shoes/orders", shoes_order())["orderId"]
        sent = shoes_order(3)
        headers = {"X-Request-Id": "document 17"}
        refused = door.station.call("POST", "v2/shoes/orders", sent, headers=headers)
        assert (refused.status, refused.headers["X-Emitter-Replayed"]) == (400, None)
        door.station.post("v2/shoes/buffer/close", orderId=open_id)
        made, again = (
            door.station.call("POST", "v2/shoes/orders", sent, headers=headers) for _ in range(2)
        )
        assert made.status == again.status == 200
        assert made.json == again.json


def test_without_an_id_or_a_signature_every_order_is_a_new_one(door: Door) -> None:
    sent = shoes_order(1)
    made = {door.station.post("v2/shoes/orders", sent)["orderId"] for _ in range(2)}
    assert len(made) == 2


def test_a_connection_that_calls_too_often_is_told_when_to_come_again(keys) -> None:
    with Door(keys, Limits(station_requests_max=1, station_burst_max=5)) as door:
        replies = [door.station.call("GET", "v2/shoes/ping") for _ in range(8)]
        assert [reply.status for reply in replies[:5]] == [200] * 5
        assert {reply.status for reply in replies[5:]} == {429}
        assert replies[-1].headers["Retry-After"] == "1"
        assert door.other.call("GET", "v2/shoes/ping").status == 200


def test_an_unknown_caller_does_not_choose_the_address_it_is_counted_by(keys) -> None:
    with Door(keys, Limits(station_requests_max=1, station_burst_max=3)) as door:
        door.station.token = ""
        statuses = [
            door.station.call(
                "GET", "v3/true-api/auth/key", headers={"X-Forwarded-For": f"10.0.0.{number}"}
            ).status
            for number in range(5)
        ]
        assert statuses == [200] * 3 + [429] * 2


@pytest.mark.parametrize(
    "path", ["v2/shoes/version", "v2/openapi.json", "v3/openapi.json", "v3/nowhere", "nowhere"]
)
def test_what_is_open_to_everybody_is_counted_by_address(keys, path: str) -> None:
    with Door(keys, Limits(station_requests_max=1, station_burst_max=3)) as door:
        statuses = [door.station.call("GET", path).status for _ in range(5)]
        assert len(set(statuses[:3])) == 1
        assert statuses[3:] == [429] * 2
        assert door.station.call("GET", "v2/shoes/ping").status == 200


def test_a_body_beyond_the_limit_is_refused(keys) -> None:
    with Door(keys, Limits(station_body_bytes_max=1000)) as door:
        assert door.station.call("POST", "v2/shoes/orders", b"x" * 1001).status == 413
        door.station.close()
        chunked = door.station.raw(
            "POST", f"/api/v2/shoes/orders?omsId={door.station.oms_id}",
            iter([b"x" * 600] * 2), {"clientToken": door.station.token},
        )  # fmt: skip
        assert chunked.status == 413
        door.station.close()
        assert door.station.call("POST", "v2/shoes/orders", shoes_order()).status == 200


def test_the_sandbox_marks_what_it_says(keys) -> None:
    with Door(keys, sandbox=True) as door:
        reply = door.station.call("GET", "v2/shoes/ping")
        assert reply.headers["X-Emitter-Sandbox"] == "true"
        assert door.station.get("v2/shoes/version")["omsVersion"].endswith("-sandbox")


def test_no_answer_of_the_product_is_marked_as_a_test(door: Door) -> None:
    assert "X-Emitter-Sandbox" not in door.station.call("GET", "v2/shoes/ping").headers


def test_limits_have_the_contracts_numbers() -> None:
    limits = dataclasses.asdict(Limits())
    assert limits["lines_max"] == 10
    assert limits["station_quantity_max"] == limits["station_fetch_codes_max"] == 150_000
    assert limits["station_single_quantity_max"] == 2_000_000
    assert limits["station_token_ms"] == 10 * 3_600_000
