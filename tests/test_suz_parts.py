"""The parts of the stations' door by themselves: shapes, JSON of codes, pace, what is signed."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emitter.api.suz.challenges import Challenges
from emitter.api.suz.contract import DEFINITIONS, body_shape
from emitter.api.suz.pace import Pace
from emitter.api.suz.seen import Seen
from emitter.api.suz.shapes import MisshapenError, read_json, read_shape
from emitter.api.suz.streaming import Streamed, compressed, json_strings
from emitter.api.suz.words import EXTENSIONS, GROUP_WORDS, PRODUCT_GROUPS, field_word
from emitter.config import Limits
from emitter.errors import Reason, Refused
from emitter.trade.templates import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

AI_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.lists(st.text(AI_82 + "\x1d", min_size=31, max_size=31), max_size=50))
def test_codes_in_bulk_are_the_json_of_their_list(codes: list[str]) -> None:
    text = b"[" + json_strings("".join(codes).encode(), 31) + b"]"
    assert json.loads(text) == codes
    assert b"\x1d" not in text


def test_an_answer_that_fails_on_its_way_is_seen_as_failed() -> None:
    def parts() -> Iterator[bytes]:
        yield b"["
        raise Refused(Reason.INTERNAL)

    async def send(_message: object) -> None:
        """Take everything."""

    seen = Seen()
    seen.status = 200
    scope = {"seen": seen, "state": {"is_lost": lambda: False}}
    with pytest.raises(Refused):
        asyncio.run(Streamed(parts(), gzip=False, stall_s=1)(scope, None, send))
    assert seen.reason is Reason.INTERNAL


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_compressed_parts_are_one_gzip_stream(parts: list[bytes]) -> None:
    assert gzip.decompress(b"".join(compressed(iter(parts)))) == b"".join(parts)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(EXTENSIONS)), JSON)
def test_any_json_has_a_shape_or_faults_with_fields(extension: str, value: object) -> None:
    try:
        read = read_shape(body_shape(extension, "orders"), value)
    except MisshapenError as error:
        assert error.faults  # noqa: PT017
        assert all(fault.field and fault.en and fault.ru for fault in error.faults)  # noqa: PT017
    else:
        assert read.keys() <= DEFINITIONS[body_shape(extension, "orders")]["properties"].keys()


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_fault(body: bytes) -> None:
    try:
        read_json(body)
    except MisshapenError as error:
        assert error.faults[0].field == "body"  # noqa: PT017


@pytest.mark.parametrize(
    ("sent", "read"),
    [(5, 5), ("5", 5), (" 5 ", 5), (5.0, 5)],
)
def test_a_whole_number_is_read_as_it_is_meant(sent: object, read: int) -> None:
    product = {"gtin": "1", "quantity": sent, "serialNumberType": "OPERATOR", "templateId": 1}
    assert read_shape("OrderProductShoesKZ", product)["quantity"] == read


@pytest.mark.parametrize("sent", ["five", 5.5, True, [], {}, "", "9" * 40, "٥", 0, 150_001])
def test_what_is_no_whole_number_in_bounds_is_a_fault(sent: object) -> None:
    product = {"gtin": "1", "quantity": sent, "serialNumberType": "OPERATOR", "templateId": 1}
    with pytest.raises(MisshapenError) as caught:
        read_shape("OrderProductShoesKZ", product)
    assert [fault.field for fault in caught.value.faults] == ["quantity"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(pace: Pace, caller: str, calls: int) -> int:
    """How many of so many calls at once are let in."""
    count = 0
    for _ in range(calls):
        try:
            pace.enter(caller)
        except Refused as refused:
            assert refused.reason is Reason.OVERLOADED  # noqa: PT017
        else:
            count += 1
    return count


def test_a_bucket_holds_a_burst_and_fills_at_its_rate() -> None:
    clock = Clock()
    pace = Pace(Limits(station_requests_max=10, station_burst_max=30), clock)
    assert allowed(pace, "a", 50) == 30
    clock.now += 1
    assert allowed(pace, "a", 50) == 10
    assert allowed(pace, "b", 50) == 30
    clock.now += 1000
    assert allowed(pace, "a", 50) == 30


def test_callers_beyond_number_do_not_fill_the_memory() -> None:
    pace = Pace(Limits())
    for number in range(10_100):
        pace.enter(number)
    assert len(pace._buckets) == 10_000


def test_places_for_downloads_come_back() -> None:
    pace = Pace(Limits(station_downloads_max=2))
    places = [pace.take_download("a") for _ in range(2)]
    with pytest.raises(Refused):
        pace.take_download("a")
    pace.take_download("b")
    places[0]()
    pace.take_download("a")


def refused(challenges: Challenges, uuid: object, data: bytes) -> bool:
    try:
        challenges.redeem(uuid, data)
    except Refused as error:
        assert error.reason is Reason.SIGNATURE_INVALID  # noqa: PT017
        return True
    return False


def test_a_text_to_sign_is_good_once_in_time_under_its_id_here() -> None:
    clock = Clock()
    clock.now = 1e9
    challenges = Challenges(300, clock)
    one, two, late = challenges.make(), challenges.make(), challenges.make()
    assert refused(challenges, two.uuid, one.data.encode())
    assert refused(challenges, uuid4(), one.data.encode())
    assert refused(Challenges(300, clock), one.uuid, one.data.encode())
    assert refused(challenges, one.uuid, one.data.lower().encode())
    assert not refused(challenges, one.uuid, one.data.encode())
    assert refused(challenges, one.uuid, one.data.encode())
    clock.now += 300
    assert refused(challenges, late.uuid, late.data.encode())


@given(st.binary(max_size=100))
def test_no_other_text_is_good(data: bytes) -> None:
    challenges = Challenges(300)
    assert refused(challenges, challenges.make().uuid, data)


def test_every_group_has_its_word() -> None:
    assert GROUP_WORDS.keys() == set(Group)
    assert set(PRODUCT_GROUPS) == set(DEFINITIONS["Order"]["properties"]["productGroup"]["enum"])


@pytest.mark.parametrize(
    ("engine", "station"),
    [
        ("lines[2].template_id", "products[2].templateId"),
        ("lines", "products"),
        ("request_id", "X-Request-Id"),
        ("lines[0].gtin", "products[0].gtin"),
        ("quantity", "quantity"),
    ],
)
def test_a_field_has_the_stations_name(engine: str, station: str) -> None:
    assert field_word(engine) == station
