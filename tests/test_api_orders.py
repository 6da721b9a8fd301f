"""OrderService over a real socket: emission, repeats, paging, closing, orders on one stream."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from emitter.client import (
    BufferState,
    Client,
    OrderLine,
    OrderState,
    ProductGroup,
    Reason,
    Refused,
)
from emitter.config import Limits
from emitter.engine.engine import system_clock
from emitter.v1 import order_pb2 as pb
from served import (
    BIN,
    LP,
    OTHER_BIN,
    OTHER_PHARMA,
    PHARMA,
    Served,
    bin_of,
    gtin_of,
    new_id,
    pharma,
    pharma_of,
    product,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


def test_an_order_is_ready_at_once_and_its_price_reserved(served: Served) -> None:
    own, more = pharma_of(bin_of(10)), gtin_of(901)
    with Client(served.target, served.join(bin_of(10), 10**9)) as client:
        client.register_product(product(more, 5))
        order = client.create_order([*pharma(1000, own), *pharma(5, more)])
        account = client.account()
        assert client.order(order.order_id) == order
    assert order.state == OrderState.ORDER_STATE_READY
    assert order.product_group == ProductGroup.PRODUCT_GROUP_PHARMA
    assert [buffer.gtin for buffer in order.buffers] == [own, more]
    first = order.buffers[0]
    assert first.state == BufferState.BUFFER_STATE_ACTIVE
    assert (first.quantity, first.delivered_quantity, first.left_quantity) == (1000, 0, 1000)
    assert (first.tariff_net_tiyn, first.vat_basis_points) == (268, 1600)
    assert (first.template_id, first.record_size) == (5, 85)
    assert not first.HasField("price_tiyn")
    assert order.gross_tiyn == order.reserved_tiyn == account.reserved_tiyn > 0
    assert (order.captured_tiyn, order.released_tiyn) == (0, 0)
    assert account.available_tiyn == 10**9 - order.gross_tiyn
    assert account.open_orders == 1


def test_a_price_travels_with_its_line(served: Served) -> None:
    line = OrderLine(gtin=gtin_of(2), quantity=3, template_id=3, price_tiyn=95_000)
    order = served.client.create_order([line])
    assert order.buffers[0].price_tiyn == 95_000
    line.price_tiyn = 0
    assert served.client.create_order([line]).buffers[0].HasField("price_tiyn")


def test_a_repeat_is_the_same_order_and_a_changed_one_is_refused(served: Served) -> None:
    request = pb.CreateOrderRequest(request_id=new_id(), lines=pharma(7))
    answers = [
        pb.CreateOrderResponse.FromString(served.raw("OrderService/CreateOrder", body)[0])
        for body in [request.SerializeToString()] * 2
    ]
    assert [answer.replayed for answer in answers] == [False, True]
    assert answers[0].order == answers[1].order
    before = served.dump()
    with pytest.raises(Refused) as refused:
        served.client.create_order(pharma(8), request.request_id)
    assert refused.value.reason is Reason.REQUEST_DIFFERS
    assert served.dump() == before


def test_what_an_order_lacks_is_said_and_remembered(served: Served) -> None:
    with Client(served.target, served.join(bin_of(11), 100)) as client:
        request_id = new_id()
        for remembered in (False, True):
            with pytest.raises(Refused) as refused:
                client.create_order(pharma(1, pharma_of(bin_of(11))), request_id)
            assert refused.value.reason is Reason.FUNDS_INSUFFICIENT
            assert refused.value.refusal.details == {"missing_tiyn": "211"}
            assert refused.value.refusal.replayed == remembered
        assert client.account().available_tiyn == 100


def test_another_participants_order_is_not_found(served: Served) -> None:
    order = served.client.create_order(pharma(3))
    before = served.dump()
    for call in (
        lambda: served.other.order(order.order_id),
        lambda: served.other.close_order(order.order_id),
        lambda: served.other.close_buffer(order.order_id, PHARMA),
        lambda: served.other.deliver(order.order_id, PHARMA),
        lambda: list(served.other.blocks(order.order_id, PHARMA)),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.reason is Reason.ORDER_NOT_FOUND
        assert refused.value.refusal.details == {"order_id": order.order_id}
    # A refusal by state is kept for the id it was given; nothing else may have changed.
    after = dict(served.dump())
    assert dict(before).items() <= after.items()
    assert {key[:1] for key in after.keys() - dict(before).keys()} <= {b"q", b"x"}


def test_orders_are_listed_newest_first_page_by_page(served: Served) -> None:
    own = pharma(1, pharma_of(bin_of(12)))
    with Client(served.target, served.join(bin_of(12))) as client:
        made = [client.create_order(own).order_id for _ in range(7)]
        for page_size in (0, 1, 3, 7, 1000):
            listed = [order.order_id for order in client.orders(page_size=page_size)]
            assert sorted(listed) == sorted(made)
        # Ids, and with them the listing, tell the milliseconds apart in which orders came.
        came = [UUID(order_id).int >> 80 for order_id in listed]
        assert came == sorted(came, reverse=True)
        assert [o.order_id for o in served.operator.orders(bin=bin_of(12))] == listed
    with pytest.raises(Refused) as refused:
        list(served.client.orders(bin=OTHER_BIN))
    assert refused.value.reason is Reason.PARTICIPANT_NOT_FOUND


@pytest.mark.parametrize("token", ["x", "====", "яя", "AAAA", "b3RoZXI="])
def test_a_page_token_of_another_listing_is_refused(served: Served, token: str) -> None:
    body = pb.ListOrdersRequest(page_token=token).SerializeToString()
    assert served.refusal("OrderService/ListOrders", body).reason is Reason.PAGE_TOKEN_INVALID


def test_a_page_token_of_another_participant_is_refused(served: Served) -> None:
    for _ in range(2):
        served.other.create_order(pharma(1, OTHER_PHARMA))
    answer, _ = served.raw(
        "OrderService/ListOrders",
        pb.ListOrdersRequest(page_size=1).SerializeToString(),
        served.other_token,
    )
    token = pb.ListOrdersResponse.FromString(answer).next_page_token
    assert token
    body = pb.ListOrdersRequest(page_token=token).SerializeToString()
    assert served.refusal("OrderService/ListOrders", body).reason is Reason.PAGE_TOKEN_INVALID


def test_closing_releases_what_was_not_delivered(served: Served) -> None:
    own, more = pharma_of(bin_of(13)), gtin_of(902)
    with Client(served.target, served.join(bin_of(13))) as client:
        client.register_product(product(more, 5))
        order = client.create_order([*pharma(10, own), *pharma(20, more)])
        list(client.deliver(order.order_id, own, quantity=4))
        half = client.close_buffer(order.order_id, more)
        assert half.state == OrderState.ORDER_STATE_READY
        assert [buffer.state for buffer in half.buffers] == [
            BufferState.BUFFER_STATE_ACTIVE,
            BufferState.BUFFER_STATE_CLOSED,
        ]
        request_id = new_id()
        closed = client.close_order(order.order_id, request_id)
        assert client.close_order(order.order_id, request_id) == closed
        account = client.account()
        with pytest.raises(Refused) as refused:
            client.close_order(order.order_id)
        assert refused.value.reason is Reason.TRANSITION_REFUSED
        with pytest.raises(Refused) as refused:
            client.deliver(order.order_id, own)
        assert refused.value.reason is Reason.TRANSITION_REFUSED
    assert closed.state == OrderState.ORDER_STATE_CLOSED
    assert closed.HasField("close_time")
    assert closed.reserved_tiyn == account.reserved_tiyn == 0
    assert closed.gross_tiyn == closed.captured_tiyn + closed.released_tiyn
    assert [buffer.left_quantity for buffer in closed.buffers] == [0, 0]
    assert account.open_orders == 0


def test_a_gtin_that_the_order_does_not_have_is_named(served: Served) -> None:
    order = served.client.create_order(pharma(3))
    with pytest.raises(Refused) as refused:
        served.client.close_buffer(order.order_id, LP)
    assert refused.value.reason is Reason.BUFFER_NOT_FOUND
    assert refused.value.refusal.details == {"gtin": LP}


def test_many_orders_are_in_flight_on_one_stream(served: Served) -> None:
    with Client(served.target, served.join(bin_of(14))) as client:
        orders = {new_id(): pharma(number % 7 + 1, pharma_of(bin_of(14))) for number in range(90)}
        answers = list(client.stream_orders(orders.items()))
        assert sorted(request_id for request_id, _ in answers) == sorted(orders)
        for request_id, order in answers:
            assert order.buffers[0].quantity == orders[request_id][0].quantity
        assert client.account().open_orders == 90
        again = dict(client.stream_orders(orders.items()))
        assert again == dict(answers)
        assert client.account().open_orders == 90


def test_a_refused_order_does_not_end_its_stream(served: Served) -> None:
    good, bad_gtin, none, late = (new_id() for _ in range(4))
    items = [
        (good, pharma(2)),
        (bad_gtin, pharma(2, "04870001234561")),
        (none, []),
        ("", pharma(2)),
        (late, pharma(3)),
    ]
    answers = dict(served.client.stream_orders(items))
    assert answers[good].buffers[0].quantity == 2
    assert answers[late].buffers[0].quantity == 3
    assert answers[bad_gtin].reason is Reason.GTIN_INVALID
    assert answers[bad_gtin].refusal.details == {"field": "lines[0].gtin"}
    assert answers[none].reason is Reason.FIELD_REQUIRED
    assert answers[""].reason is Reason.FIELD_REQUIRED


def test_an_answer_comes_while_the_stream_is_still_open(served: Served) -> None:
    answered: queue.SimpleQueue[str] = queue.SimpleQueue()

    def one_by_one() -> Iterator[tuple[str, list[OrderLine]]]:
        for number in range(5):
            yield f"one-{number}", pharma(1)
            assert answered.get(timeout=10) == f"one-{number}"  # before the next is sent

    for request_id, _ in served.client.stream_orders(one_by_one()):
        answered.put(request_id)


def test_bytes_that_are_no_order_are_answered_on_the_stream(served: Served) -> None:
    call = served.channel.stream_stream("/emitter.v1.OrderService/StreamOrders")
    good = pb.StreamOrdersRequest(request_id=new_id(), lines=pharma(1))
    bodies = [b"\xff\xff", good.SerializeToString(), b"\x0a\x03\xff\xfe\xfd"]
    stream = call(iter(bodies), metadata=[("authorization", f"Bearer {served.token}")])
    answers = [pb.StreamOrdersResponse.FromString(body) for body in stream]
    assert sorted(answer.WhichOneof("result") for answer in answers) == ["error", "error", "order"]
    assert {answer.request_id for answer in answers} == {"", good.request_id}


def test_answers_of_many_streams_do_not_mix(served: Served) -> None:
    def run(client: Client, prefix: str, gtin: str) -> Iterator[tuple[str, object]]:
        return client.stream_orders((f"{prefix}-{n}", pharma(1, gtin)) for n in range(20))

    mine = run(served.client, "mine", PHARMA)
    others = run(served.other, "others", OTHER_PHARMA)
    for (my_id, my_order), (other_id, other_order) in zip(mine, others, strict=True):
        assert my_id.startswith("mine")
        assert other_id.startswith("others")
        assert served.client.order(my_order.order_id) == my_order
        assert served.other.order(other_order.order_id) == other_order


def test_the_operator_orders_nothing(served: Served) -> None:
    before = served.dump()
    with pytest.raises(Refused) as refused:
        served.operator.create_order(pharma(1))
    assert refused.value.reason is Reason.PERMISSION_DENIED
    assert refused.value.refusal.details == {"role": "STATION"}
    with pytest.raises(Refused) as refused:
        list(served.operator.stream_orders([pharma(1)]))
    assert refused.value.reason is Reason.PERMISSION_DENIED
    assert served.dump() == before
    assert served.operator.account(bin=BIN).bin == BIN


def test_orders_whose_time_is_over_are_ended_by_the_operator_alone(keys: KeyRing) -> None:
    with Served(keys, Limits(order_life_days=1)) as served:
        order = served.client.create_order(pharma(5))
        ended = served.operator.expire_orders()
        assert (ended.orders, ended.codes) == (0, 0)
        served.engine._clock = lambda: system_clock() + 86_400_000_001
        ended = served.operator.expire_orders()
        assert (ended.orders, ended.codes) == (1, 5)
        assert served.client.order(order.order_id).state == OrderState.ORDER_STATE_EXPIRED
        with pytest.raises(Refused) as refused:
            served.client.expire_orders()
        assert refused.value.reason is Reason.PERMISSION_DENIED
