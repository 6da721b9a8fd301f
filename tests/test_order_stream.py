"""A stream of orders beside a server that has too much to do."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from emitter.client import Client, Reason, Refused
from emitter.client.order_stream import OrderStream
from emitter.config import Limits
from emitter.v1 import order_pb2
from emitter.wire import status_of
from served import Served, pharma

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.keys import KeyRing

OVERLOADED = status_of(Refused(Reason.OVERLOADED, what="test").refusal, "en")


class Server:
    """Answers a stream in this process: refuses as ``busy(stream, request_id)`` says."""

    def __init__(self, busy: Callable[[int, str], bool]) -> None:
        self.streams: list[list[str]] = []
        self._busy = busy

    def __call__(self, requests: Iterator[order_pb2.StreamOrdersRequest]) -> _Call:
        self.streams.append([])
        return _Call(self._answers(requests, len(self.streams)))

    def _answers(
        self, requests: Iterator[order_pb2.StreamOrdersRequest], number: int
    ) -> Iterator[order_pb2.StreamOrdersResponse]:
        for request in requests:
            self.streams[number - 1].append(request.request_id)
            answer = order_pb2.StreamOrdersResponse(request_id=request.request_id)
            if self._busy(number, request.request_id):
                answer.error.CopyFrom(OVERLOADED)
            else:
                answer.order.order_id = request.request_id
            yield answer


class _Call:
    def __init__(self, answers: Iterator[Any]) -> None:
        self._answers = answers

    def __iter__(self) -> Iterator[Any]:
        return self._answers

    def cancel(self) -> None:
        pass


def orders(count: int) -> Iterator[tuple[str, list[Any]]]:
    return ((str(number), []) for number in range(count))


def test_what_an_overloaded_server_refuses_is_sent_again_and_new_orders_wait() -> None:
    server = Server(lambda stream, request_id: stream < 3 and request_id == "2")
    got = dict(OrderStream(server, orders(6), 5).verdicts())
    assert {name: order.order_id for name, order in got.items()} == {n: n for n in "012345"}
    assert server.streams == [["0", "1", "2"], ["2"], ["2", "3", "4", "5"]]


def test_who_is_refused_to_the_end_hears_it_and_the_others_go_on() -> None:
    server = Server(lambda _, request_id: request_id == "1")
    got = dict(OrderStream(server, orders(4), 3).verdicts())
    assert got["1"].reason is Reason.OVERLOADED
    assert [got[name].order_id for name in "023"] == ["0", "2", "3"]
    assert [stream.count("1") for stream in server.streams] == [1, 1, 1, 0]


def test_a_caller_that_waits_for_each_verdict_is_not_waited_for(keys: KeyRing) -> None:
    """The queue of the participant is short, and another client floods it."""
    limits = Limits(queue_participant_commands_max=20, active_orders_max=0, batch_commands_max=4)
    with Served(keys, limits) as served, Client(served.target, served.token) as other:
        flooding = threading.Event()

        def flood() -> None:
            while not flooding.is_set():
                list(other.stream_orders(pharma(1) for _ in range(200)))

        answered = threading.Semaphore(1)

        def one_by_one() -> Iterator[list[Any]]:
            for _ in range(40):
                assert answered.acquire(timeout=20)
                yield pharma(1)

        with ThreadPoolExecutor(1) as pool:
            flooded = pool.submit(flood)
            with Client(served.target, served.token, attempts=40) as client:
                count = 0
                for _, verdict in client.stream_orders(one_by_one()):
                    assert not isinstance(verdict, Refused), verdict
                    count += 1
                    answered.release()
            flooding.set()
            flooded.result()
    assert count == 40


def test_a_flood_of_several_streams_is_carried_out_whole(keys: KeyRing) -> None:
    limits = Limits(queue_participant_commands_max=20, active_orders_max=0, batch_commands_max=4)
    with Served(keys, limits) as served, ThreadPoolExecutor(3) as pool:
        with Client(served.target, served.token, attempts=30) as client:

            def send(_: int) -> list[Any]:
                return [verdict for _, verdict in client.stream_orders([pharma(1)] * 300)]

            started = time.monotonic()
            got = [verdict for each in pool.map(send, range(3)) for verdict in each]
            assert time.monotonic() - started < 60
        assert not [verdict for verdict in got if isinstance(verdict, Refused)]
        assert len({verdict.order_id for verdict in got}) == 900
        assert served.client.account().open_orders == 900


def test_without_another_attempt_a_refusal_comes_at_once() -> None:
    server = Server(lambda *_: True)
    got = list(OrderStream(server, orders(2), 1).verdicts())
    assert [verdict.reason for _, verdict in got] == [Reason.OVERLOADED] * 2
    assert server.streams == [["0"], ["1"], []]


@pytest.mark.parametrize("reason", [Reason.FUNDS_INSUFFICIENT, Reason.INTERNAL])
def test_what_cannot_pass_is_handed_on_at_once(reason: Reason) -> None:
    def call(requests: Iterator[order_pb2.StreamOrdersRequest]) -> _Call:
        status = status_of(Refused(reason, missing_tiyn=1).refusal, "en")
        return _Call(
            order_pb2.StreamOrdersResponse(request_id=each.request_id, error=status)
            for each in requests
        )

    got = list(OrderStream(call, orders(3), 5).verdicts())
    assert [verdict.reason for _, verdict in got] == [reason] * 3
