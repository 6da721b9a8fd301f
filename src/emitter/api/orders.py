"""OrderService: orders one by one, and many in flight on one stream."""

from __future__ import annotations

import functools
import queue
import threading
from typing import TYPE_CHECKING, cast

import grpc

from emitter.api import values
from emitter.api.calls import parse, refused_for
from emitter.engine.batch import Answer
from emitter.engine.commands import CloseOrder
from emitter.engine.promise import Promise
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import require_gtin
from emitter.v1 import order_pb2
from emitter.wire import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.api.calls import Call
    from emitter.api.streams import Streams
    from emitter.engine.orders import OrderView


class OrderServicer:
    """The service ``emitter.v1.OrderService``."""

    descriptor = order_pb2.DESCRIPTOR.services_by_name["OrderService"]

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def create_order(
        self, request: order_pb2.CreateOrderRequest, call: Call
    ) -> order_pb2.CreateOrderResponse:
        """Emit an order."""
        value, replayed = call.execute(values.create_order(call.station(), request))
        return order_pb2.CreateOrderResponse(order=values.order(value), replayed=replayed)

    def stream_orders(self, requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
        """Emit the orders of a stream; answer each as it becomes durable."""
        bin_ = call.station()
        with self._streams.slot(bin_, call) as stream:
            call.items = 0
            orders = _OrderStream(requests, call, bin_)
            stream.drain = orders.drain
            yield from stream.send(orders.answers())

    def batch_create_orders(
        self, request: order_pb2.BatchCreateOrdersRequest, call: Call
    ) -> order_pb2.BatchCreateOrdersResponse:
        """Emit many orders, each by itself; answer when every verdict is durable."""
        call.items = len(request.requests)
        limit = call.limits.batch_orders_max
        if len(request.requests) > limit:
            raise Refused(Reason.LIMIT_EXCEEDED, field="requests", limit=limit)
        bin_ = call.station()
        promises = [_submitted(item, call, bin_) for item in request.requests]
        response = order_pb2.BatchCreateOrdersResponse()
        for item, promise in zip(request.requests, promises, strict=True):
            verdict = response.verdicts.add(request_id=item.request_id)
            _tell(verdict, _decision(promise, call), call)
        return response

    def get_order(
        self, request: order_pb2.GetOrderRequest, call: Call
    ) -> order_pb2.GetOrderResponse:
        """Read one order."""
        view = call.engine.order(
            call.reader(request.bin), values.require_order_id(request.order_id)
        )
        return order_pb2.GetOrderResponse(order=values.order(view))

    def list_orders(
        self, request: order_pb2.ListOrdersRequest, call: Call
    ) -> order_pb2.ListOrdersResponse:
        """Read a page of orders."""
        views, token = call.engine.orders(
            call.reader(request.bin),
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return order_pb2.ListOrdersResponse(
            orders=[values.order(view) for view in views],
            next_page_token=values.page_token(token),
        )

    def close_order(
        self, request: order_pb2.CloseOrderRequest, call: Call
    ) -> order_pb2.CloseOrderResponse:
        """Close an order."""
        order_id = values.require_order_id(request.order_id)
        value, replayed = call.execute(CloseOrder(call.station(), request.request_id, order_id))
        return order_pb2.CloseOrderResponse(order=values.order(value), replayed=replayed)

    def close_buffer(
        self, request: order_pb2.CloseBufferRequest, call: Call
    ) -> order_pb2.CloseBufferResponse:
        """Close one buffer of an order."""
        bin_ = call.station()
        order_id = values.require_order_id(request.order_id)
        gtin = require_gtin(request.gtin, "gtin")
        value, replayed = call.execute(CloseOrder(bin_, request.request_id, order_id, gtin))
        return order_pb2.CloseBufferResponse(order=values.order(value), replayed=replayed)

    def expire_orders(
        self, _request: order_pb2.ExpireOrdersRequest, call: Call
    ) -> order_pb2.ExpireOrdersResponse:
        """End the orders whose time is over."""
        call.operator()
        expired = call.engine.expire_orders()
        return order_pb2.ExpireOrdersResponse(orders=expired.orders, codes=expired.codes)

    def archive_orders(
        self, _request: order_pb2.ArchiveOrdersRequest, call: Call
    ) -> order_pb2.ArchiveOrdersResponse:
        """Drop what need not be kept of orders that ended long ago."""
        call.operator()
        archived = call.engine.archive_orders()
        return order_pb2.ArchiveOrdersResponse(rows=archived.rows, bytes=archived.bytes)


class _OrderStream:
    """One stream of orders: a thread reads and submits, the caller's thread answers.

    A place is taken before a request is read and given back once its answer is on its way, so a
    client that takes no answers is read no further than ``stream_orders_in_flight_max``. Either
    side may vanish at any time: verdicts without a listener stay in their request rows.
    """

    def __init__(self, requests: Iterator[bytes], call: Call, bin_: int) -> None:
        self._requests = requests
        self._call = call
        self._bin = bin_
        self._places = threading.Semaphore(call.limits.stream_orders_in_flight_max)
        self._lock = threading.Lock()
        self._read = 0
        self._drained: Refused | None = None  # what the stream is to end with
        self._over = False
        # Verdicts as they come; and the number of requests once no more will come.
        self._done: queue.SimpleQueue[tuple[str, Answer | BaseException] | int] = (
            queue.SimpleQueue()
        )

    def answers(self) -> Iterator[bytes]:
        """Yield an answer for each request; after `drain` refused as that says."""
        if not self._call.context.add_callback(self._stop):
            return
        threading.Thread(target=self._submit_all, name="stream-orders", daemon=True).start()
        answered, expected = 0, None
        try:
            while answered != expected and not self._over:
                item = self._done.get()
                if isinstance(item, int):
                    expected = item
                    continue
                self._call.items = answered + 1
                yield self._answer(*item)
                self._places.release()
                answered += 1
            self._call.is_gone = answered != expected
        finally:
            self._stop()
        if self._drained is not None:
            raise self._drained

    def drain(self, refused: Refused) -> None:
        """Read no more; what was read will still be answered, and then the stream is refused."""
        with self._lock:
            self._drained = refused
            self._done.put(self._read)

    def _stop(self) -> None:
        """Let both threads go: the stream is over."""
        self._over = True
        self._done.put(-1)
        self._places.release()

    def _submit_all(self) -> None:
        """Read requests while there are places; the end is told with their number."""
        try:
            while self._places.acquire() and not self._over:
                body = next(self._requests, None)
                with self._lock:
                    if body is None or self._drained is not None:
                        break
                    self._read += 1
                self._submit(body)
        except grpc.RpcError:  # the client has gone
            return
        self._done.put(self._read)

    def _submit(self, body: bytes) -> None:
        """Hand one order to the engine, or answer why it cannot be."""
        request_id = ""
        try:
            request = parse(order_pb2.StreamOrdersRequest, body)
            request_id = request.request_id
            promise = self._call.engine.submit(values.create_order(self._bin, request))
        except Exception as error:  # noqa: BLE001 - answered, or else the stream would hang
            self._done.put((request_id, error))
        else:
            promise.add_done_callback(functools.partial(self._decided, request_id))

    def _decided(self, request_id: str, promise: Promise) -> None:
        """Pass a verdict on; runs in the engine's thread, so it does nothing else."""
        self._done.put((request_id, promise.exception() or promise.result()))

    def _answer(self, request_id: str, verdict: Answer | BaseException) -> bytes:
        response = order_pb2.StreamOrdersResponse(request_id=request_id)
        _tell(response, verdict, self._call)
        return response.SerializeToString()


def _submitted(request: order_pb2.CreateOrderRequest, call: Call, bin_: int) -> Promise:
    """Hand one order of many to the engine; what it refuses at once is in the promise, too."""
    try:
        return call.engine.submit(values.create_order(bin_, request))
    except Exception as error:  # noqa: BLE001 - answered beside its neighbours
        refused = Promise()
        refused.settle(error)
        return refused


def _decision(promise: Promise, call: Call) -> Answer | BaseException:
    """Wait for a verdict no longer than the call may take, and return it."""
    try:
        return call.wait(promise)
    except Exception as error:  # noqa: BLE001 - answered beside its neighbours
        return error


def _tell(
    response: order_pb2.OrderVerdict | order_pb2.StreamOrdersResponse,
    verdict: Answer | BaseException,
    call: Call,
) -> None:
    """Write the verdict on an order."""
    if isinstance(verdict, Answer):
        values.fill_order(response.order, cast("OrderView", verdict.value))
        response.replayed = verdict.replayed
    else:
        refused = refused_for(verdict)
        response.error.CopyFrom(status_of(refused.refusal, call.language))
        response.replayed = refused.refusal.replayed
