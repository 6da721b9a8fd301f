"""Many orders in flight on one stream; what may pass is sent again.

That is what a broken stream has left unanswered, and orders that were refused with a reason that a
repeat may get over, OVERLOADED above all. Such a refusal says that the server has too much to do:
the stream takes no new orders from the caller then, its other orders are answered, and after a
pause the refused ones go ahead on a stream of their own. They are the same requests under the same
ids, so nothing is made twice.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import grpc

from emitter.client.order_batch import order_or_refusal
from emitter.client.repeating import Repeats
from emitter.errors import Refused
from emitter.v1 import order_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emitter.client.order_batch import OrderItem
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
        self._put_off: dict[str, Refused] = {}  # unanswered ones that the server had no time for
        self._stream: object = None  # the one that may send
        self._failure: Exception | None = None  # of the caller's iterable

    def verdicts(self) -> Iterator[tuple[str, Order | Refused]]:
        """Yield (request_id, order or refusal) for each order; raises what cannot be repeated.

        A refusal that might have passed is yielded once there is no attempt left.
        """
        while True:
            call = self._call(self._requests(self._begin()))
            try:
                yield from self._answered(call)
                if not self._put_off:
                    break
                if not self._repeats.again():
                    yield from self._given_up()
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

    def _begin(self) -> object:
        """Let a new stream send, first what is unanswered; return its name."""
        with self._state:
            self._stream = object()
            self._put_off = {}
            self._to_send = deque(self._unanswered.values())
            return self._stream

    def _answered(self, call: Any) -> Iterator[tuple[str, Order | Refused]]:
        """Yield the verdicts of a stream until it ends, or all that are left are put off.

        Then nothing else would come: its sender may be waiting for the caller.
        """
        for response in call:
            verdict = order_or_refusal(response)
            if not self._puts_off(response.request_id, verdict):
                self._repeats.succeeded()
                yield response.request_id, verdict
            with self._state:
                if self._put_off and self._put_off.keys() == self._unanswered.keys():
                    return

    def _puts_off(self, request_id: str, verdict: Order | Refused) -> bool:
        """Take a verdict in; return whether its order is to be sent again."""
        with self._state:
            if (
                isinstance(verdict, Refused)
                and verdict.reason.meaning.retry
                and request_id in self._unanswered
            ):
                self._put_off[request_id] = verdict
                return True
            self._unanswered.pop(request_id, None)
            return False

    def _given_up(self) -> Iterator[tuple[str, Refused]]:
        """Yield the refusals of the orders that are not sent again."""
        with self._state:
            given_up, self._put_off = self._put_off, {}
            for request_id in given_up:
                self._unanswered.pop(request_id, None)
        self._repeats.succeeded()
        yield from given_up.items()

    def _requests(self, stream: object) -> Iterator[order_pb2.StreamOrdersRequest]:
        """Yield what ``stream`` is to send: first what another has left, then the caller's."""
        while True:
            with self._state:
                if self._stream is not stream or self._put_off:
                    return
                request = self._to_send.popleft() if self._to_send else None
            if request is not None:
                yield request
                continue
            with self._source:
                with self._state:
                    if self._stream is not stream or self._put_off:
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
