"""CodeService: delivering codes as finished bytes, and checking codes that were scanned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from emitter.api import values
from emitter.engine.commands import DeliverBlock
from emitter.errors import Reason, Refused
from emitter.failpoints import reach
from emitter.trade.gs1 import require_gtin
from emitter.v1 import code_pb2
from emitter.wire import records_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

    from emitter.api.calls import Call
    from emitter.api.streams import Streams
    from emitter.engine.delivery import BlockView
    from emitter.engine.engine import Engine


class CodeServicer:
    """The service ``emitter.v1.CodeService``.

    ``makers`` make the next message of a stream while gRPC sends the one before it: one message
    ahead, no more.
    """

    descriptor = code_pb2.DESCRIPTOR.services_by_name["CodeService"]

    def __init__(self, streams: Streams, makers: ThreadPoolExecutor) -> None:
        self._streams = streams
        self._makers = makers

    def deliver_block(self, request: code_pb2.DeliverBlockRequest, call: Call) -> Iterator[bytes]:
        """Deliver a block and stream its codes from an index on."""
        bin_ = call.station()
        command = DeliverBlock(
            bin_,
            values.require_order_id(request.order_id),
            require_gtin(request.gtin, "gtin"),
            request.block_id,
            request.quantity,
        )
        limit = request.quantity if request.quantity > 0 else call.limits.quantity_max
        if not 0 <= request.from_index <= limit:
            raise Refused(Reason.INDEX_OUT_OF_RANGE, field="from_index", limit=limit)
        with self._streams.slot(bin_, call.context) as stream:
            block, replayed = call.execute(command)
            if request.from_index > block.row.quantity:
                raise Refused(
                    Reason.INDEX_OUT_OF_RANGE, field="from_index", limit=block.row.quantity
                )
            first = code_pb2.DeliverBlockResponse(block=values.block(block), replayed=replayed)
            messages = _messages(
                call.engine, block, first, request.from_index, call.limits.stream_message_bytes
            )
            yield from stream.send(self._one_ahead(messages))

    def _one_ahead(self, messages: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the messages, the next one in the making while the last is taken."""
        coming = self._makers.submit(next, messages, None)
        while (message := coming.result()) is not None:
            coming = self._makers.submit(next, messages, None)
            yield message
            reach("delivery.streaming")

    def list_blocks(
        self, request: code_pb2.ListBlocksRequest, call: Call
    ) -> code_pb2.ListBlocksResponse:
        """Read a page of a buffer's blocks."""
        views, token = call.engine.blocks(
            call.reader(request.bin),
            values.require_order_id(request.order_id),
            require_gtin(request.gtin, "gtin"),
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return code_pb2.ListBlocksResponse(
            blocks=[values.block(view) for view in views],
            next_page_token=values.page_token(token),
        )

    def verify_codes(
        self, request: code_pb2.VerifyCodesRequest, call: Call
    ) -> code_pb2.VerifyCodesResponse:
        """Check a batch of scanned codes."""
        limit = call.limits.verify_codes_max
        if request.codes.count(b"\n") + (not request.codes.endswith(b"\n")) > limit:
            raise Refused(Reason.LIMIT_EXCEEDED, field="codes", limit=limit)
        return values.verified(call.engine.verify(request.codes))


def _messages(
    engine: Engine,
    block: BlockView,
    first: code_pb2.DeliverBlockResponse,
    from_index: int,
    message_bytes: int,
) -> Iterator[bytes]:
    """Yield the messages of a block from an index on: records, and the digest of them last.

    The first message starts with the fields of ``first``; each holds ``message_bytes`` of records
    at most. The core writes the records behind the head, so they are never copied.
    """
    size = block.record_size
    step = max(1, message_bytes // size)
    digest = hashlib.sha256()
    before = first
    for index in range(from_index, block.row.quantity, step):
        count = min(step, block.row.quantity - index)
        before.first_index, before.record_size = index, size
        head = records_head(before, count * size)
        message = engine.records(block, index, count, head=head)
        digest.update(memoryview(message)[len(head) :])
        yield message
        before = code_pb2.DeliverBlockResponse()
    before.first_index, before.record_size = block.row.quantity, size
    before.sha256 = digest.digest()
    yield before.SerializeToString()
