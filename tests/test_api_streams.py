"""Streams under strain: caps, slow readers, clients that vanish, back pressure on both sides."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from emitter.client import Client, Reason, Refused
from emitter.config import Limits
from emitter.v1 import code_pb2, order_pb2
from served import OTHER_BIN, OTHER_PHARMA, PHARMA, Served, new_id, pharma, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.keys import KeyRing

PATIENCE_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads are about to do."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class OpenStream:
    """A stream of orders that stays open until it is told to end."""

    def __init__(self, target: str, token: str) -> None:
        self._orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        windows = [("grpc.http2.bdp_probe", 0)]  # of fixed size, so that they are soon full
        self.channel = grpc.insecure_channel(target, windows)
        call = self.channel.stream_stream("/emitter.v1.OrderService/StreamOrders")
        self.call = call(
            iter(self._orders.get, None), metadata=[("authorization", f"Bearer {token}")]
        )

    def send(self, quantity: int = 1) -> str:
        request = order_pb2.StreamOrdersRequest(request_id=new_id(), lines=pharma(quantity))
        self._orders.put(request.SerializeToString())
        return request.request_id

    def receive(self) -> order_pb2.StreamOrdersResponse:
        return order_pb2.StreamOrdersResponse.FromString(next(self.call))

    def end(self) -> None:
        self._orders.put(None)
        assert list(self.call) == []
        self.channel.close()

    def vanish(self) -> None:
        self.channel.close()
        self._orders.put(None)


def test_streams_are_capped_by_participant_and_in_total(keys: KeyRing) -> None:
    limits = Limits(streams_participant_max=2, streams_max=3)
    with Served(keys, limits) as served:
        mine = [OpenStream(served.target, served.token) for _ in range(2)]
        for stream in mine:
            stream.send()
            stream.receive()
        refused = refusal_of(OpenStream(served.target, served.token).receive)
        assert refused.reason is Reason.OVERLOADED
        assert refused.refusal.details == {"what": "streams_participant_max"}
        other = OpenStream(served.target, served.other_token)
        other.send()
        other.receive()
        refused = refusal_of(OpenStream(served.target, served.other_token).receive)
        assert refused.refusal.details == {"what": "streams_max"}
        # Nothing is captured for a delivery that found no place, and single calls find a thread.
        order = served.other.create_order(pharma(5, OTHER_PHARMA))
        with (
            Client(served.target, served.other_token, attempts=1) as impatient,
            pytest.raises(Refused) as caught,
        ):
            impatient.deliver(order.order_id, OTHER_PHARMA)
        assert caught.value.reason is Reason.OVERLOADED
        assert served.other.account().captured_tiyn == 0
        mine[0].end()
        assert len(served.other.deliver(order.order_id, OTHER_PHARMA).codes()) == 5
        mine[1].end()
        other.end()


@pytest.mark.parametrize("kind", ["delivery", "orders"])
def test_a_vanished_client_gives_its_place_back(keys: KeyRing, kind: str) -> None:
    with Served(keys, Limits(streams_participant_max=1)) as served:
        order = served.client.create_order(pharma(2_000_000))
        for _ in range(3):
            if kind == "delivery":
                channel = grpc.insecure_channel(served.target)
                call = channel.unary_stream("/emitter.v1.CodeService/DeliverBlock")
                request = code_pb2.DeliverBlockRequest(
                    order_id=order.order_id, gtin=PHARMA, block_id="one"
                )
                stream = call(
                    request.SerializeToString(),
                    metadata=[("authorization", f"Bearer {served.token}")],
                )
                next(stream)
                channel.close()
            else:
                orders = OpenStream(served.target, served.token)
                orders.send()
                orders.receive()
                orders.vanish()
            assert list(served.client.stream_orders([pharma(1)]))
        assert served.client.order(order.order_id).state


def test_verdicts_without_a_listener_are_kept(keys: KeyRing) -> None:
    with Served(keys) as served:
        stream = OpenStream(served.target, served.token)
        sent = {stream.send(quantity): quantity for quantity in range(1, 40)}
        stream.receive()
        until(lambda: served.client.account().open_orders == len(sent))
        stream.vanish()
        answers = dict(served.client.stream_orders((i, pharma(q)) for i, q in sent.items()))
        assert {i: order.buffers[0].quantity for i, order in answers.items()} == sent
        assert served.client.account().open_orders == len(sent)


def test_a_client_that_takes_no_answers_is_read_no_further(keys: KeyRing) -> None:
    limits = Limits(stream_orders_in_flight_max=8, active_orders_max=0)
    with Served(keys, limits) as served:
        stream = OpenStream(served.target, served.token)
        for _ in range(1500):
            stream.send()
        counts = []
        while len(counts) < 5 or counts[-5] != counts[-1]:
            time.sleep(0.1)
            counts.append(served.client.account().open_orders)
        # What stands still are 8 orders and the answers that fit into the connection's windows.
        assert 8 <= counts[-1] < 1000
        assert sum(1 for _ in zip(range(1500), stream.call, strict=False)) == 1500
        stream.end()
        assert served.client.account().open_orders == 1500


def test_a_delivery_whose_client_stands_still_is_ended_and_can_be_resumed(keys: KeyRing) -> None:
    with Served(keys, Limits(streams_participant_max=1, stream_stall_ms=400)) as served:
        order = served.client.create_order(pharma(1_500_000))
        slow = served.client.deliver(order.order_id, PHARMA, "slow")
        records = iter(slow)
        count = len(next(records))
        # Another stream finds a place only once the first has lost its own.
        with Client(served.target, served.token, attempts=15) as patient:
            assert list(patient.stream_orders([pharma(1)]))
        assert count + sum(len(part) for part in records) == 1_500_000


def test_a_slow_reader_leaves_the_others_alone(keys: KeyRing) -> None:
    with Served(keys) as served:
        order = served.client.create_order(pharma(3_000_000))
        slow = [served.client.deliver(order.order_id, PHARMA, "same") for _ in range(3)]
        with Client(served.target, served.other_token) as other:
            times = []
            for _ in range(50):
                start = time.monotonic()
                other.create_order(pharma(1, OTHER_PHARMA))
                times.append(time.monotonic() - start)
        assert sorted(times)[25] < 0.5
        assert served.operator.account(bin=OTHER_BIN).open_orders == 50
        for delivery in slow:
            delivery.close()


def test_a_broken_iterable_of_the_caller_ends_the_stream_with_its_own_error(
    keys: KeyRing,
) -> None:
    answered = threading.Event()

    def broken() -> Iterator[Any]:
        yield pharma(1)
        assert answered.wait(PATIENCE_S)
        raise RuntimeError("the caller's own")

    with Served(keys) as served:
        verdicts = served.client.stream_orders(broken())
        _, order = next(verdicts)
        answered.set()
        with pytest.raises(RuntimeError, match="the caller's own"):
            next(verdicts)
        assert served.client.order(order.order_id) == order


def test_an_order_that_fails_inside_is_answered_on_its_stream(
    keys: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    with Served(keys) as served:
        rows = served.dump()
        damaged = [(key, b"damaged") for key, _ in rows if key[:1] == b"a"]
        served.store.update(lambda writer: writer.put_many(damaged))
        ((_, refused),) = served.client.stream_orders([pharma(1)])
        served.store.update(lambda writer: writer.put_many(rows))
        assert refused.reason is Reason.INTERNAL
        assert caplog.records
