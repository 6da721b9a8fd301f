"""Many orders in flight on one stream; what a broken stream left unanswered is sent again."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import grpc

from emitter.client.order_batch import order_or_refusal
from emitter.client.repeating import Repeats
from emitter.v1 import order_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emitter.client.order_batch import OrderItem
    from emitter.errors import Refused
    from emitter.v1.order_pb2 import Order


class OrderStream:
    """Sends orders as the server takes them and yields its verdicts as they come.

    gRPC reads the requests in a thread of its own. If a stream breaks, that thread may still wait
    for the caller's next order: ``_source`` lets only one thread do so, and the order it gets is
    handed to the stream that has come instead.
    """

    def __init__(
        self,
        call: Callable[[Iterator[order_pb2.StreamOrdersRequest]], Any],
        orders: Iterable[OrderItem],
        attempts: int,
    ) -> None:
        self._call = call
        self._orders = iter(orders)
        self._repeats = Repeats(attempts)
        self._source = threading.Lock()  # held while the caller's iterable is asked
        self._state = threading.Lock()  # held for the fields below
        self._unanswered: dict[str, order_pb2.StreamOrdersRequest] = {}
        self._to_send: deque[order_pb2.StreamOrdersRequest] = deque()
        self._stream: object = None  # the one that may send
        self._failure: Exception | None = None  # of the caller's iterable

    def verdicts(self) -> Iterator[tuple[str, Order | Refused]]:
        """Yield (request_id, order or refusal) for each order; raises what cannot be repeated."""
        while True:
            stream = object()
            with self._state:
                self._stream = stream
                self._to_send = deque(self._unanswered.values())
            call = self._call(self._requests(stream))
            try:
                for response in call:
                    self._repeats.succeeded()
                    with self._state:
                        self._unanswered.pop(response.request_id, None)
                    yield response.request_id, order_or_refusal(response)
                break
            except grpc.RpcError as error:
                if self._failure is None:
                    self._repeats.after(error)
            finally:
                self._stream = None
                call.cancel()
            if self._failure:
                break
        if self._failure:
            raise self._failure

    def _requests(self, stream: object) -> Iterator[order_pb2.StreamOrdersRequest]:
        """Yield what ``stream`` is to send: first what another has left, then the caller's."""
        while True:
            with self._state:
                if self._stream is not stream:
                    return
                request = self._to_send.popleft() if self._to_send else None
            if request is not None:
                yield request
                continue
            with self._source:
                with self._state:
                    if self._stream is not stream:
                        return
                    if self._to_send:
                        continue
                request = self._next()
                if request is None:
                    return
                with self._state:
                    self._unanswered[request.request_id] = request
                    if self._stream is not stream:
                        self._to_send.append(request)
                        return
            yield request

    def _next(self) -> order_pb2.StreamOrdersRequest | None:
        """Return the request of the caller's next order, None after the last."""
        try:
            item = next(self._orders, None)
            if item is None:
                return None
            request_id, lines = item if isinstance(item, tuple) else (str(uuid.uuid4()), item)
            return order_pb2.StreamOrdersRequest(request_id=request_id, lines=lines)
        except Exception as error:
            self._failure = error
            raise
