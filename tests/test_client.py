"""The client on a wire that breaks, beside servers that lie, with more than fits into a call."""

from __future__ import annotations

import hashlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest

from emitter.client import Client, CodesDamagedError, Order, Reason, Refused
from emitter.config import Limits
from emitter.v1 import code_pb2
from proxy import Proxy
from served import BIN, PHARMA, Served, bin_of, gtin_of, new_id, pharma, pharma_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.keys import KeyRing


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    limits = Limits(stream_message_bytes=50_000, active_orders_max=0)
    with Served(keys, limits) as served:
        yield served


def test_a_delivery_survives_a_wire_that_breaks_again_and_again(served: Served) -> None:
    order = served.client.create_order(pharma(50_000))
    with (
        Proxy(served.target, lambda number, passed: passed > 150_000 * number) as proxy,
        Client(proxy.target, served.token) as client,
    ):
        delivery = client.deliver(order.order_id, PHARMA, "block")
        codes = np.concatenate(list(delivery))
    assert proxy.connections > 3
    assert codes.shape == (50_000, 85)
    assert not delivery.replayed
    whole = np.concatenate(list(served.client.deliver(order.order_id, PHARMA, "block")))
    assert np.array_equal(codes, whole)
    assert served.client.order(order.order_id).captured_tiyn == order.gross_tiyn


def test_a_lost_answer_does_not_make_a_second_order(served: Served) -> None:
    # The first connection swallows every answer after the settings of HTTP/2.
    before = served.client.account().open_orders
    with (
        Proxy(served.target, lambda number, passed: number == 1 and passed > 200) as proxy,
        Client(proxy.target, served.token) as client,
    ):
        order = client.create_order(pharma(3))
    assert proxy.connections > 1
    assert served.client.account().open_orders == before + 1
    assert served.client.order(order.order_id).buffers[0].quantity == 3


def test_a_broken_stream_of_orders_goes_on_and_answers_each_order(served: Served) -> None:
    with Client(served.target, served.join(bin_of(30))) as direct:
        sent = {new_id(): pharma(number % 9 + 1, pharma_of(bin_of(30))) for number in range(300)}
        token = direct._metadata[0][1].removeprefix("Bearer ")
        with (
            Proxy(served.target, lambda number, passed: passed > 8_000 * number) as proxy,
            Client(proxy.target, token) as client,
        ):
            answers = list(client.stream_orders(sent.items()))
        assert proxy.connections > 2
        assert sorted(request_id for request_id, _ in answers) == sorted(sent)
        assert all(isinstance(order, Order) for _, order in answers)
        assert direct.account().open_orders == len(sent)


def test_attempts_are_bounded_and_the_last_error_is_grpcs_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        target = f"127.0.0.1:{nobody.getsockname()[1]}"
    with Client(target, "token", attempts=3) as client:
        start = time.monotonic()
        with pytest.raises(grpc.RpcError) as error:
            client.account()
        assert error.value.code() is grpc.StatusCode.UNAVAILABLE
        assert time.monotonic() - start < 5
        with pytest.raises(grpc.RpcError):
            list(client.stream_orders([pharma(1)]))
        with pytest.raises(grpc.RpcError):
            client.deliver(new_id(), PHARMA)


def test_an_overloaded_server_is_asked_again_and_then_believed(keys: KeyRing) -> None:
    with Served(keys, Limits(streams_participant_max=1)) as served:
        order = served.client.create_order(pharma(2_000_000))
        first = served.client.deliver(order.order_id, PHARMA, "first")
        with Client(served.target, served.token, attempts=3) as client:
            start = time.monotonic()
            with pytest.raises(Refused) as refused:
                client.deliver(order.order_id, PHARMA, "first")
            assert refused.value.reason is Reason.OVERLOADED
            assert time.monotonic() - start > 0.05
        first.close()
        assert served.client.deliver(order.order_id, PHARMA, "first").replayed


def test_a_refusal_is_not_asked_again(served: Served) -> None:
    start = time.monotonic()
    for _ in range(10):
        with pytest.raises(Refused):
            served.client.order(new_id())
    assert time.monotonic() - start < 2


def test_more_codes_than_a_call_takes_are_checked_in_several(served: Served) -> None:
    orders = [served.client.create_order(pharma(60_000, gtin_of(n))) for n in (40, 41)]
    rows = [
        np.concatenate(list(served.client.deliver(order.order_id, order.buffers[0].gtin)))
        for order in orders
    ]
    codes = [row.tobytes() for part in rows for row in part]
    codes[7] = b"not a code"
    verified = served.client.verify(codes)
    assert list(np.flatnonzero(verified.reasons)) == [7]
    assert [buffer.gtin for buffer in verified.buffers] == [gtin_of(40), gtin_of(41)]
    assert verified.buffer_index[7] == -1
    expected = np.repeat([0, 1], 60_000)
    expected[7] = -1
    assert np.array_equal(verified.buffer_index, expected)
    again = served.client.verify(b"\n".join(codes) + b"\n")
    assert np.array_equal(again.states, verified.states)


@pytest.mark.parametrize(
    ("codes", "count"),
    [(b"", 0), ([], 0), (b"\n", 1), (b"a\nb", 2), (b"a\nb\n", 2), (b"a\n\n", 2), ([b"", b""], 2)],
)
def test_a_verdict_comes_for_each_line(
    served: Served, codes: bytes | list[bytes], count: int
) -> None:
    assert len(served.client.verify(codes).reasons) == count


def test_a_delivery_may_be_given_up(served: Served) -> None:
    order = served.client.create_order(pharma(100_000))
    with served.client.deliver(order.order_id, PHARMA, "given up") as delivery:
        first = next(iter(delivery))
    assert list(delivery) == []
    again = next(iter(served.client.deliver(order.order_id, PHARMA, "given up")))
    assert np.array_equal(first, again)


def test_ids_are_made_where_none_is_given(served: Served) -> None:
    first, second = (served.client.create_order(pharma(1)) for _ in range(2))
    assert first.order_id != second.order_id
    blocks = [
        served.client.deliver(order.order_id, PHARMA).block.block_id for order in (first, second)
    ]
    assert len(set(blocks)) == 2


def test_an_operator_reads_anybodys_orders(served: Served) -> None:
    order = served.client.create_order(pharma(1))
    assert served.operator.order(order.order_id, bin=BIN) == order


@contextmanager
def lying(answer: Callable[[], Iterator[code_pb2.DeliverBlockResponse]]) -> Iterator[Client]:
    """A client of a server that answers deliveries with anything."""

    def deliver(_: bytes, __: grpc.ServicerContext) -> Iterator[bytes]:
        for message in answer():
            yield message if isinstance(message, bytes) else message.SerializeToString()

    server = grpc.server(ThreadPoolExecutor(2))
    handlers = {"DeliverBlock": grpc.unary_stream_rpc_method_handler(deliver)}
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("emitter.v1.CodeService", handlers)]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(f"127.0.0.1:{port}", "token", attempts=2) as client:
        yield client
    server.stop(0).wait()


def part(first_index: int, records: bytes = b"", **fields: object) -> code_pb2.DeliverBlockResponse:
    block = code_pb2.Block(block_id="b", quantity=4) if first_index == 0 else None
    return code_pb2.DeliverBlockResponse(
        block=block, first_index=first_index, record_size=2, records=records, **fields
    )


def digest(*messages: bytes) -> bytes:
    """Return the digest of messages of one piece each."""
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in messages)).digest()


@pytest.mark.parametrize(
    "messages",
    [
        [part(0, b"aabb"), part(2, b"ccdd"), part(4, digest=digest(b"aabb", b"ccdX"))],
        [part(0, b"aabb"), part(3, b"ccdd"), part(5, digest=digest(b"aabb", b"ccdd"))],
        [part(0, b"aabbc")],
        [part(0, b"aabb"), b"\xff\xff"],
        [part(1, b"aabb")],
        [code_pb2.DeliverBlockResponse(first_index=0, records=b"aabb")],
    ],
    ids=["digest", "gap", "half a record", "no message", "wrong start", "no record size"],
)
def test_codes_that_are_not_the_ones_sent_are_noticed(messages: list[object]) -> None:
    with lying(lambda: iter(messages)) as client, pytest.raises(CodesDamagedError):
        client.deliver("order", "gtin").codes()


def test_a_stream_that_ends_early_is_continued() -> None:
    streams = iter(
        [
            [part(0, b"aabb")],
            [part(2, b"ccdd"), part(4, digest=digest(b"ccdd"))],
        ]
    )
    with lying(lambda: iter(next(streams))) as client:
        assert client.deliver("order", "gtin").codes() == [b"aa", b"bb", b"cc", b"dd"]


def test_a_server_that_sends_nothing_is_given_up() -> None:
    with lying(lambda: iter([])) as client, pytest.raises(CodesDamagedError):
        client.deliver("order", "gtin")
