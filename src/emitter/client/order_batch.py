"""Many orders in few calls: two batches on their way at a time, what can be repeated repeated."""

from __future__ import annotations

import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import grpc

from emitter.client.repeating import Repeats
from emitter.errors import Reason, Refused
from emitter.v1 import order_pb2
from emitter.wire import refused_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emitter.v1.order_pb2 import (
        CreateOrderRequest,
        Order,
        OrderLine,
        OrderVerdict,
        StreamOrdersResponse,
    )

    OrderItem = Iterable[OrderLine] | tuple[str, Iterable[OrderLine]]
    Verdicts = Iterator[tuple[str, Order | Refused]]

_BATCH_ORDERS = 500  # orders a call: half of what servers allow
_BATCH_BYTES = 8 << 20  # half of a message of theirs: self-made serials make orders large
_BATCHES = 2  # on their way: the server works on one while we read and write the others


def create_in_batches(
    call: Callable[[order_pb2.BatchCreateOrdersRequest], Any],
    orders: Iterable[OrderItem],
    attempts: int,
) -> Verdicts:
    """Yield (request_id, order or refusal) for each order; raises what cannot be repeated.

    ``call`` starts a call and returns it as gRPC's future.
    """
    asked: deque[tuple[list[CreateOrderRequest], Any]] = deque()
    for batch in _batches(orders):
        asked.append((batch, call(_message(batch))))
        if len(asked) == _BATCHES:
            yield from _verdicts(call, *asked.popleft(), attempts)
    while asked:
        yield from _verdicts(call, *asked.popleft(), attempts)


def _batches(orders: Iterable[OrderItem]) -> Iterator[list[CreateOrderRequest]]:
    """Yield the requests of the orders in batches that fit a call."""
    batch: list[CreateOrderRequest] = []
    size = 0
    for request in map(_request, orders):
        is_large = any(line.serial_numbers for line in request.lines)
        added = request.ByteSize() if is_large else 0
        if batch and (len(batch) == _BATCH_ORDERS or size + added > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += added
    if batch:
        yield batch


def _verdicts(
    call: Callable[[order_pb2.BatchCreateOrdersRequest], Any],
    batch: list[CreateOrderRequest],
    answer: Any,
    attempts: int,
) -> Verdicts:
    """Yield the verdicts of a batch; what may pass is asked for again."""
    repeats = Repeats(attempts)
    while batch:
        try:
            verdicts = answer.result().verdicts
        except grpc.RpcError as error:
            repeats.after(error)
        else:
            passing = []
            for request, verdict in zip(batch, verdicts, strict=True):
                order = order_or_refusal(verdict)
                if isinstance(order, Refused) and order.reason.meaning.retry:
                    passing.append((request, order))
                else:
                    yield request.request_id, order
            batch = [request for request, _ in passing]
            if batch and not repeats.again():
                yield from ((request.request_id, refused) for request, refused in passing)
                return
        if batch:
            answer = call(_message(batch))


def _request(item: OrderItem) -> CreateOrderRequest:
    request_id, lines = item if isinstance(item, tuple) else (str(uuid.uuid4()), item)
    return order_pb2.CreateOrderRequest(request_id=request_id, lines=lines)


def _message(batch: list[CreateOrderRequest]) -> order_pb2.BatchCreateOrdersRequest:
    return order_pb2.BatchCreateOrdersRequest(requests=batch)


def order_or_refusal(verdict: OrderVerdict | StreamOrdersResponse) -> Order | Refused:
    """Return what a verdict says."""
    if verdict.HasField("order"):
        return verdict.order
    return refused_of(verdict.error) or Refused(Reason.INTERNAL)
