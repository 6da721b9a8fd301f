"""Stations in the engine: one live token a connection, orders with details, ids that expire."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from conftest import BIN, MILK, OTHER_BIN, SHOES, Bench
from emitter.engine.commands import (
    CreateOrder,
    DeliverBlock,
    IssueClientToken,
    OpenConnection,
    OrderLine,
    RegisterStation,
)
from emitter.engine.delivery import station_block_id
from emitter.errors import Reason, Refused
from emitter.store.rows import ConnectionRow, SignaturePolicy

HOUR_US = 3_600_000_000
LINE = OrderLine(SHOES, 10, 1)
NOWHERE = UUID("d1bc8149-7b39-4aa2-afb1-df1b6c8f80c5")


def station_of(bench: Bench, bin_: int = BIN) -> UUID:
    command = RegisterStation(bin_, "цех", SignaturePolicy.OPTIONAL)
    return bench.engine.execute(command).value.oms_id


def connection_of(bench: Bench, oms_id: UUID, bin_: int = BIN) -> UUID:
    command = OpenConnection(bin_, oms_id, "линия № 1", "http://10.0.0.7")
    return bench.engine.execute(command).value.connection_id


def token_of(bench: Bench, connection: UUID, lifetime_us: int = 0) -> str:
    return bench.engine.execute(IssueClientToken(BIN, connection, lifetime_us)).value


def reason_of(action) -> Reason:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.reason


def test_a_token_leads_to_participant_station_and_connection(bench: Bench) -> None:
    bench.join()
    oms_id = station_of(bench)
    connection = connection_of(bench, oms_id)
    session = bench.engine.session(token_of(bench, connection))
    assert session == (BIN, oms_id, connection, SignaturePolicy.OPTIONAL)


def test_a_new_token_ends_the_old_one(bench: Bench) -> None:
    bench.join()
    connection = connection_of(bench, station_of(bench))
    first, second = token_of(bench, connection), token_of(bench, connection)
    assert reason_of(lambda: bench.engine.session(first)) is Reason.UNAUTHENTICATED
    assert bench.engine.session(second).connection_id == connection


def test_tokens_of_two_connections_live_side_by_side(bench: Bench) -> None:
    bench.join()
    oms_id = station_of(bench)
    tokens = [token_of(bench, connection_of(bench, oms_id)) for _ in range(2)]
    assert len({bench.engine.session(token).connection_id for token in tokens}) == 2


def test_a_token_dies_at_its_hour(bench: Bench) -> None:
    bench.join()
    token = token_of(bench, connection_of(bench, station_of(bench)), 10 * HOUR_US)
    bench.clock.now_us += 10 * HOUR_US - 1
    assert bench.engine.session(token).bin == BIN
    bench.clock.now_us += 1
    assert reason_of(lambda: bench.engine.session(token)) is Reason.UNAUTHENTICATED


def test_no_secret_of_a_station_is_in_the_store(bench: Bench) -> None:
    bench.join()
    made = bench.engine.execute(RegisterStation(BIN, "цех", SignaturePolicy.ALWAYS)).value
    token = token_of(bench, connection_of(bench, made.oms_id))
    everything = b"".join(key + row for key, row in bench.dump())
    assert token.encode() not in everything
    assert made.registration_key.encode() not in everything
    station = bench.engine.station(made.oms_id)
    assert station.accepts_key(made.registration_key)
    assert not station.accepts_key(made.registration_key + "x")


def test_anothers_station_and_connection_are_not_found(bench: Bench) -> None:
    bench.join()
    bench.join(OTHER_BIN)
    oms_id = station_of(bench)
    connection = connection_of(bench, oms_id)
    foreign = OpenConnection(OTHER_BIN, oms_id, "чужая")
    assert reason_of(lambda: bench.engine.execute(foreign)) is Reason.STATION_NOT_FOUND
    foreign = IssueClientToken(OTHER_BIN, connection)
    assert reason_of(lambda: bench.engine.execute(foreign)) is Reason.CONNECTION_NOT_FOUND
    assert reason_of(lambda: bench.engine.station(NOWHERE)) is Reason.STATION_NOT_FOUND
    assert reason_of(lambda: bench.engine.connection(NOWHERE)) is Reason.CONNECTION_NOT_FOUND


def test_a_connection_takes_the_stations_policy_unless_it_has_its_own(bench: Bench) -> None:
    bench.join()
    made = bench.engine.execute(RegisterStation(BIN, "цех", SignaturePolicy.ALWAYS)).value
    plain = OpenConnection(BIN, made.oms_id, "а")
    own = OpenConnection(BIN, made.oms_id, "б", signatures=SignaturePolicy.CHANGES)
    assert bench.engine.execute(plain).value.row.signatures == SignaturePolicy.ALWAYS
    assert bench.engine.execute(own).value.row.signatures == SignaturePolicy.CHANGES


def test_connections_are_listed_page_by_page(bench: Bench) -> None:
    bench.join()
    oms_id = station_of(bench)
    made = {connection_of(bench, oms_id) for _ in range(5)}
    first, token = bench.engine.connections(page_size=3)
    rest, end = bench.engine.connections(page_size=3, page_token=token)
    assert {view.connection_id for view in first + rest} == made
    assert (len(first), end) == (3, b"")
    wrong = b"z"
    assert (
        reason_of(lambda: bench.engine.connections(page_size=3, page_token=wrong))
        is Reason.PAGE_TOKEN_INVALID
    )


def test_opening_under_the_same_id_again_is_the_same_connection(bench: Bench) -> None:
    bench.join()
    bench.join(OTHER_BIN)
    oms_id = station_of(bench)
    command = OpenConnection(BIN, oms_id, "линия", connection_id=NOWHERE)
    first, again = (bench.engine.execute(command).value for _ in range(2))
    assert first == again
    assert len(bench.engine.connections(page_size=9)[0]) == 1
    taken = OpenConnection(BIN, station_of(bench), "чужая", connection_id=NOWHERE)
    assert reason_of(lambda: bench.engine.execute(taken)) is Reason.CONNECTION_NOT_FOUND


def test_a_connection_row_keeps_both_texts() -> None:
    row = ConnectionRow(NOWHERE, BIN, 1, 2, bytes(range(32)), 3, "линия", "адрес")
    assert ConnectionRow.unpack(row.pack()) == row


def order_of(bench: Bench, request_id: str, **more: object):
    return bench.engine.execute(CreateOrder(BIN, request_id, (LINE,), **more))


def test_what_came_with_an_order_is_kept_with_it(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    text = json.dumps({"contactPerson": "Ахметов"}, ensure_ascii=False)
    view = order_of(bench, "1", details=text).value
    assert bench.engine.details(BIN, view.order_id) == text
    assert bench.engine.details(BIN, order_of(bench, "2").value.order_id) == ""
    assert reason_of(lambda: bench.engine.details(BIN, NOWHERE)) is Reason.ORDER_NOT_FOUND


def test_an_order_that_differs_in_details_only_is_another_request(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    order_of(bench, "1", details="{}")
    assert reason_of(lambda: order_of(bench, "1", details="[]")) is Reason.REQUEST_DIFFERS
    assert reason_of(lambda: order_of(bench, "1")) is Reason.REQUEST_DIFFERS


def test_details_beyond_their_limit_are_refused(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    text = "я" * (bench.engine.limits.details_bytes_max // 2 + 1)
    assert reason_of(lambda: order_of(bench, "1", details=text)) is Reason.LIMIT_EXCEEDED


def test_an_id_with_a_memory_is_forgotten_in_time(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    first = order_of(bench, "1", memory_us=HOUR_US)
    bench.clock.now_us += HOUR_US - 1
    again = order_of(bench, "1", memory_us=HOUR_US)
    assert (again.value.order_id, again.replayed) == (first.value.order_id, True)
    bench.clock.now_us += 1
    second = order_of(bench, "1", memory_us=HOUR_US)
    assert second.value.order_id != first.value.order_id
    assert not second.replayed
    assert bench.engine.forget_refusals() == 0, "the second order's memory is still running"
    bench.clock.now_us += HOUR_US
    assert bench.engine.forget_refusals() == 1


def test_a_refusal_under_an_id_with_a_memory_is_not_kept(bench: Bench) -> None:
    bench.join()
    assert reason_of(lambda: order_of(bench, "1", memory_us=HOUR_US)) is Reason.FUNDS_INSUFFICIENT
    bench.join(tiyn=10**9)
    assert not order_of(bench, "1", memory_us=HOUR_US).replayed


def test_blocks_are_found_by_id_by_place_and_by_id_alone(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    view = bench.order("1", LINE)
    other = bench.order("2", OrderLine(MILK, 5, 20))
    ids = [station_block_id(view.order_id, bytes([n]) * 16) for n in range(2)]
    for block_id in ids:
        bench.engine.execute(DeliverBlock(BIN, view.order_id, SHOES, block_id, 4))
    milk_id = station_block_id(other.order_id, bytes([9]) * 16)
    bench.engine.execute(DeliverBlock(BIN, other.order_id, MILK, milk_id, 5))
    engine = bench.engine
    second = engine.block(BIN, view.order_id, SHOES, ids[1])
    assert (second.first, second.row.quantity) == (4, 4)
    assert engine.block_from(BIN, view.order_id, SHOES, 4) == second
    assert engine.block_from(BIN, view.order_id, SHOES, 8) is None
    assert engine.find_block(BIN, ids[1]) == second
    assert engine.find_block(BIN, milk_id).buffer.gtin == MILK
    unknown = station_block_id(view.order_id, b"\xff" * 16)
    for looked_up in (
        lambda: engine.block(BIN, view.order_id, SHOES, unknown),
        lambda: engine.find_block(BIN, unknown),
        lambda: engine.find_block(OTHER_BIN, ids[0]),
    ):
        assert reason_of(looked_up) is Reason.BLOCK_NOT_FOUND


def test_a_refused_delivery_leaves_no_block(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    view = bench.order("1", LINE)
    block_id = station_block_id(view.order_id, bytes(16))
    too_many = DeliverBlock(BIN, view.order_id, SHOES, block_id, 11)
    assert reason_of(lambda: bench.engine.execute(too_many)) is Reason.QUANTITY_LEFT
    assert reason_of(lambda: bench.engine.find_block(BIN, block_id)) is Reason.BLOCK_NOT_FOUND


def test_a_block_id_for_stations_is_a_uuid_of_version_8() -> None:
    made = UUID(station_block_id(NOWHERE, b"\xff" * 16))
    assert (made.version, made.variant) == (8, NOWHERE.variant)
    assert made.bytes[:6] == NOWHERE.bytes[:6]
