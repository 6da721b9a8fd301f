"""Blocks of codes: the next one, one again, and the list of those that were handed over.

A block is durable and paid for before a byte of it is answered. The block after a given one is
looked up before a new one is made: whoever asks the same again gets the same block, free.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING

from emitter.api.suz.calls import require_uuid
from emitter.api.suz.streaming import Streamed, begun, json_strings, takes_gzip
from emitter.engine.commands import DeliverBlock
from emitter.engine.delivery import station_block_id
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from uuid import UUID

    from emitter.api.suz.calls import Call
    from emitter.engine.delivery import BlockView

_PART_BYTES = 1 << 18  # records of one part of an answer
_PAGE_BLOCKS = 500
_FIRST = "0"


async def next_block(call: Call, order_id: UUID, gtin: int, quantity: int) -> BlockView:
    """Deliver the next block of a buffer under a new id."""
    return await _deliver(
        call, order_id, gtin, station_block_id(order_id, os.urandom(16)), quantity
    )


async def block_after(call: Call, order_id: UUID, gtin: int, last: str, quantity: int) -> BlockView:
    """Return the block after ``last`` (``0``: the first), delivered now if it was not before.

    Its id is made of the id of the one before it, so that of two calls at once one delivers and
    the other finds. Refused with BLOCK_NOT_FOUND for an unknown ``last``.
    """
    last = block_name(last)
    engine, bin_ = call.engine, call.bin
    seed = hashlib.sha256(b"%b%d/%b" % (order_id.bytes, gtin, last.encode())).digest()
    block_id = station_block_id(order_id, seed[:16])
    with contextlib.suppress(_NotFoundError):
        return _found(call, order_id, gtin, block_id)
    first = 0
    if last != _FIRST:
        before = engine.block(bin_, order_id, gtin, last)
        first = before.first + before.row.quantity
    following = engine.block_from(bin_, order_id, gtin, first)
    if following is not None:
        return following
    try:
        return await _deliver(call, order_id, gtin, block_id, quantity)
    except Refused as refused:
        if refused.reason is not Reason.REQUEST_DIFFERS:
            raise
        return engine.block(bin_, order_id, gtin, block_id)  # another call was first


def acknowledge(call: Call, order_id: UUID, gtin: int | None, last: str) -> None:
    """Refuse an acknowledgement of a block that the buffer, or no buffer of the order, has."""
    last = block_name(last)
    if last == _FIRST:
        return
    if gtin is not None:
        call.engine.block(call.bin, order_id, gtin, last)
        return
    for buffer in call.engine.order(call.bin, order_id).row.buffers:
        with contextlib.suppress(_NotFoundError):
            _found(call, order_id, buffer.gtin, last)
            return
    raise Refused(Reason.BLOCK_NOT_FOUND, block_id=last)


async def block_again(
    call: Call, block_id: str, order_id: UUID | None, gtin: int | None
) -> BlockView:
    """Return a block that was delivered: by order and GTIN, or by an id of ours alone."""
    name = block_name(block_id)
    if order_id is not None and gtin is not None:
        return call.engine.block(call.bin, order_id, gtin, name)
    return call.engine.find_block(call.bin, str(require_uuid(block_id, "blockId")))


def block_name(text: str) -> str:
    """Return a block id as it is kept: a UUID in lower case, any other text as it is."""
    return text.lower() if len(text) == 36 else text


class _NotFoundError(Exception):
    """There is no such block."""


def _found(call: Call, order_id: UUID, gtin: int, block_id: str) -> BlockView:
    try:
        return call.engine.block(call.bin, order_id, gtin, block_id)
    except Refused as refused:
        if refused.reason is Reason.BLOCK_NOT_FOUND:
            raise _NotFoundError from None
        raise


async def _deliver(
    call: Call, order_id: UUID, gtin: int, block_id: str, quantity: int
) -> BlockView:
    command = DeliverBlock(call.bin, order_id, gtin, block_id, quantity, remembers_refusals=False)
    view: BlockView = (await call.execute(command)).value
    return view


async def codes_answer(call: Call, find: Callable[[], Awaitable[BlockView]]) -> Streamed:
    """Return the answer that carries a block's codes, however many.

    The place for it is taken before the block is delivered: whoever is sent away has paid nothing.
    """
    give_back = call.house.pace.take_download(call.session.connection_id)
    try:
        block = await find()
        call.items = block.row.quantity
        parts = await begun(_codes(call, block))
    except BaseException:
        give_back()
        raise
    return Streamed(
        parts,
        gzip=takes_gzip(call.header("Accept-Encoding")),
        stall_s=call.limits.stream_stall_ms / 1000,
        finished=give_back,
    )


def _codes(call: Call, block: BlockView) -> Iterator[bytes]:
    text = b'{"omsId":"%b","blockId":%b,"codes":[' % (
        call.oms_id.encode(),
        json.dumps(block.row.block_id).encode(),
    )
    size, quantity = block.record_size, block.row.quantity
    step = max(1, _PART_BYTES // size)
    for first in range(0, quantity, step):
        records = call.engine.records(block, first, min(step, quantity - first))
        yield text + json_strings(records, size)
        text = b","
    yield b"]}"


def blocks_answer(call: Call, order_id: UUID, gtin: int) -> Streamed:
    """Return the answer that lists the blocks of a buffer in the order of delivery."""
    first = call.engine.blocks(call.bin, order_id, gtin, page_size=_PAGE_BLOCKS)
    return Streamed(
        _blocks(call, order_id, gtin, first),
        gzip=False,
        stall_s=call.limits.stream_stall_ms / 1000,
    )


def _blocks(
    call: Call, order_id: UUID, gtin: int, page: tuple[list[BlockView], bytes]
) -> Iterator[bytes]:
    head = {"omsId": call.oms_id, "orderId": str(order_id), "gtin": format_gtin(gtin)}
    text = json.dumps(head)[:-1].encode() + b', "blocks":['
    while True:
        views, token = page
        items = [
            json.dumps(
                {
                    "blockId": view.row.block_id,
                    "blockDateTime": view.row.delivered_us // 1_000_000,
                    "quantity": view.row.quantity,
                }
            )
            for view in views
        ]
        yield text + ",".join(items).encode()
        if not token:
            break
        text = b","
        page = call.engine.blocks(
            call.bin, order_id, gtin, page_size=_PAGE_BLOCKS, page_token=token
        )
    yield b"]}"
