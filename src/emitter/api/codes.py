"""CodeService: delivering codes as finished bytes, and checking codes that were scanned."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from emitter import _core
from emitter.api import values
from emitter.engine.commands import DeliverBlock
from emitter.errors import Reason, Refused
from emitter.failpoints import reach
from emitter.trade.gs1 import require_gtin
from emitter.v1 import code_pb2
from emitter.wire import RecordsDigest, records_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from emitter.api.calls import Call
    from emitter.api.streams import Streams
    from emitter.engine.delivery import BlockView
    from emitter.engine.engine import Engine

_Item = TypeVar("_Item")

_AHEAD = 2
"""Messages of a stream in the making while one is sent."""


class CodeServicer:
    """The service ``emitter.v1.CodeService``.

    ``makers`` make and hash the next two messages of a stream while gRPC sends the one before
    them, so one stream makes use of several cores; no more than two are made ahead.
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
        with self._streams.slot(bin_, call) as stream:
            self._judge_index(request.from_index, command, call)
            block, replayed = call.execute(command)
            first = code_pb2.DeliverBlockResponse(block=values.block(block), replayed=replayed)
            step = max(1, call.limits.stream_message_bytes // block.record_size)
            call.items = block.row.quantity - request.from_index
            pieces = range(request.from_index, block.row.quantity, step)
            yield from stream.send(self._messages(call, block, pieces, first))

    def _judge_index(self, from_index: int, command: DeliverBlock, call: Call) -> None:
        """Refuse an index outside the block before anything is paid.

        Above 0 the block must be there: only what was delivered can be continued.
        """
        limit = 0
        if from_index > 0:
            block = call.engine.block(command.bin, command.order_id, command.gtin, command.block_id)
            limit = block.row.quantity
        if not 0 <= from_index <= limit:
            raise Refused(Reason.INDEX_OUT_OF_RANGE, field="from_index", limit=limit)

    def _messages(
        self,
        call: Call,
        block: BlockView,
        pieces: range,
        first: code_pb2.DeliverBlockResponse,
    ) -> Iterator[bytes]:
        """Yield a message for each of the pieces of a block, and the digest of all records last.

        The first message starts with the fields of ``first``.
        """
        digest = RecordsDigest()
        for making in _ahead(self._make(call.engine, block, pieces, first)):
            message, hashed = making.result()
            yield message
            reach("delivery.streaming")
            digest.update_hashed(hashed)
        last = code_pb2.DeliverBlockResponse() if pieces else first
        last.first_index, last.record_size = block.row.quantity, block.record_size
        last.digest = digest.digest()
        call.is_said = True
        yield last.SerializeToString()

    def _make(
        self,
        engine: Engine,
        block: BlockView,
        pieces: range,
        first: code_pb2.DeliverBlockResponse,
    ) -> Iterator[Future[tuple[bytes, bytes]]]:
        """Start to make each message, with the digests of its pieces, as it is asked for."""
        before = first
        for index in pieces:
            count = min(pieces.step, block.row.quantity - index)
            before.first_index, before.record_size = index, block.record_size
            head = records_head(before, count * block.record_size)
            yield self._makers.submit(_make_one, engine, block, index, count, head)
            before = code_pb2.DeliverBlockResponse()

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

    def list_overdue_blocks(
        self, request: code_pb2.ListOverdueBlocksRequest, call: Call
    ) -> code_pb2.ListOverdueBlocksResponse:
        """Read a page of blocks that were not put on goods in time."""
        found, token = call.engine.overdue_blocks(
            call.reader(request.bin),
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return code_pb2.ListOverdueBlocksResponse(
            blocks=[
                code_pb2.OverdueBlock(
                    block=values.block(each.block),
                    due_date=values.civil_date(each.due),
                    not_applied_quantity=each.not_applied,
                )
                for each in found
            ],
            next_page_token=values.page_token(token),
        )

    def verify_codes(
        self, request: code_pb2.VerifyCodesRequest, call: Call
    ) -> code_pb2.VerifyCodesResponse:
        """Check a batch of scanned codes."""
        limit = call.limits.verify_codes_max
        if request.codes.count(b"\n") + (not request.codes.endswith(b"\n")) > limit:
            raise Refused(Reason.LIMIT_EXCEEDED, field="codes", limit=limit)
        verified = call.engine.verify(request.codes)
        call.items = len(verified.reasons)
        shorts = int(verified.short.sum())
        if not call.engine.guesses.count(call.bin, verified.wrong_short, shorts):
            verified = verified.withheld()
        return values.verified(verified)

    def get_check_alerts(
        self, _request: code_pb2.GetCheckAlertsRequest, call: Call
    ) -> code_pb2.GetCheckAlertsResponse:
        """Tell the operator who went beyond a limit of wrong checks."""
        call.operator()
        alerts = call.engine.guesses.alerts()
        call.items = len(alerts)
        return code_pb2.GetCheckAlertsResponse(
            alerts=[
                code_pb2.CheckAlert(
                    kind=values.wire(alert.kind),
                    subject=alert.subject,
                    first_time=values.instant(alert.first_us),
                    last_time=values.instant(alert.last_us),
                    wrong=alert.wrong,
                    withheld=alert.withheld,
                )
                for alert in alerts
            ]
        )


def _make_one(
    engine: Engine, block: BlockView, index: int, count: int, head: bytes
) -> tuple[bytes, bytes]:
    """Return a message and the digests of its pieces.

    The core writes the records behind the head, so they are never copied.
    """
    message = engine.records(block, index, count, head=head)
    return message, _core.piece_digests(memoryview(message)[len(head) :])


def _ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """Yield the items, each after the next ``_AHEAD`` were asked for."""
    held = deque(islice(items, _AHEAD))
    while held:
        held.extend(islice(items, 1))
        yield held.popleft()
