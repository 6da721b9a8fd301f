"""Delivery: the next codes of a buffer become a block; money is captured in the same step (6.4).

The block's codes are made afterwards, from the recipe, as often as they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from emitter import _core
from emitter.engine.batch import Proposal
from emitter.engine.money import Movement
from emitter.engine.orders import cost_of, require_buffer, require_order
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.rows import BlockRow, BufferRow, SerialSource
from emitter.store.serial_rows import SERIALS_A_ROW
from emitter.trade.gs1 import format_gtin
from emitter.trade.states import (
    BUFFER,
    ORDER,
    BufferEvent,
    BufferState,
    OrderEvent,
    OrderState,
    next_state,
)
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from emitter.engine.commands import DeliverBlock
    from emitter.engine.keys import KeyRing
    from emitter.engine.work import Work
    from emitter.store.port import Store


class BlockView(NamedTuple):
    """A block as callers see it: codes ``first`` to ``first + quantity`` of its buffer."""

    bin: int
    order_id: UUID
    first: int
    row: BlockRow
    buffer: BufferRow

    @property
    def record_size(self) -> int:
        """Return the bytes of one code."""
        return TEMPLATES[self.buffer.template_id].size

    @property
    def gross_tiyn(self) -> int:
        """Return what the block cost, VAT included."""
        return self.row.net_tiyn + self.row.vat_tiyn


def make_records(  # noqa: PLR0917 - what and whence
    block: BlockView, store: Store, keys: KeyRing, first: int, count: int, head: bytes
) -> bytes:
    """Return ``head`` and then codes [first, first + count) of the block, in fixed-width records.

    The same bytes whenever and however often it is asked: the recipe was fixed at emission, and so
    were the serials where they are self-made.
    """
    if not 0 <= first <= first + count <= block.row.quantity:
        raise ValueError("the codes must lie inside the block")
    buffer = block.buffer
    price = None if buffer.price_tiyn < 0 else buffer.price_tiyn
    recipe = TEMPLATES[buffer.template_id].record(buffer.gtin, buffer.key_id, price)._asdict()
    check_key = keys.check_key(buffer.key_id)
    if buffer.source == SerialSource.SELF_MADE:
        serials = _read_serials(store, block, block.first + first, count)
        return _core.emit_serials(check_key, **recipe, serials=serials, head=head)
    first += buffer.first + block.first
    return _core.emit(keys.serial_key, check_key, **recipe, first=first, count=count, head=head)


def _read_serials(store: Store, block: BlockView, first: int, count: int) -> bytes:
    """Return the self-made serials of codes [first, first + count) of the block's buffer."""
    gtin = block.buffer.gtin
    size = TEMPLATES[block.buffer.template_id].form.free_size
    begin, end = first // SERIALS_A_ROW, -(-(first + count) // SERIALS_A_ROW)
    keys = [schema.serials_key(block.bin, block.order_id, gtin, part) for part in range(begin, end)]
    parts = store.view(lambda reader: reader.get_many(keys))
    start = (first - begin * SERIALS_A_ROW) * size
    serials = b"".join([part or b"" for part in parts])[start : start + count * size]
    if len(serials) != count * size:
        raise AssertionError("a buffer of self-made serials lacks some of them")
    return serials


def station_block_id(order_id: UUID, number: bytes) -> str:
    """Return the block id that the stations' doors make of 16 bytes, chance or a digest.

    A UUID of version 8 (RFC 9562). It begins as the order's id does, and so leads back to the
    order without an index.
    """
    mixed = int.from_bytes(order_id.bytes[:6] + number[6:16], "big")
    mixed = mixed & ~(0xF << 76) | 0x8 << 76
    return str(UUID(int=mixed & ~(0x3 << 62) | 0x2 << 62))


class DeliverBlockStep:
    """Deliver a block; its request row, kept under the client's block id, leads back to it."""

    id_field = "block_id"
    rows_max = 7  # order, block; account, escrow, journal; request, its expiry

    def __init__(self, command: DeliverBlock) -> None:
        self.command = command
        self.remembers_refusals = command.remembers_refusals
        self.bin = command.bin
        self.digest = command.digest()
        self.request: bytes | None = schema.request_key(
            command.bin,
            schema.RequestKind.DELIVER_BLOCK,
            schema.delivery_id(command.order_id, command.gtin, command.block_id),
        )
        self._order_key = schema.order_key(command.bin, command.order_id)

    def claims(self) -> tuple[bytes, ...]:
        """Return the order: its blocks come one after the other."""
        return (self._order_key,)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that a delivery is judged by."""
        escrow = schema.escrow_key(self.bin, self.command.order_id)
        return (self.request or b"", self._order_key, escrow, schema.account_key(self.bin))

    def judge(self, work: Work) -> Proposal:
        """Propose to capture the block's share of the reserve (M4, M5)."""
        order_id, gtin = self.command.order_id, self.command.gtin
        order = require_order(work, self.bin, order_id)
        buffer = require_buffer(order, gtin)
        left = buffer.quantity - buffer.delivered
        quantity = self.command.quantity or left
        if quantity > left and buffer.state in (BufferState.ACTIVE, BufferState.EXHAUSTED):
            raise Refused(Reason.QUANTITY_LEFT, left=left)
        event = BufferEvent.DELIVER_REST if quantity == left else BufferEvent.DELIVER_PART
        state = next_state(BUFFER, BufferState(buffer.state), event, gtin=format_gtin(gtin))
        next_state(ORDER, OrderState(order.state), OrderEvent.DELIVER, order_id=order_id)
        first = buffer.delivered
        net, vat = cost_of(buffer).block_cost(first, first + quantity)
        row = BlockRow(quantity, net, vat, work.now_us, self.command.block_id)
        changed = buffer._replace(state=state, delivered=first + quantity)
        movement = Movement(
            _core.CAPTURE,
            self.bin,
            net + vat,
            order_id=order_id,
            gtin=gtin,
            quantity=quantity,
            net=net,
            vat=vat,
            reference=self.command.block_id,
        )

        def settle() -> BlockView:
            work.put(self._order_key, order.with_buffer(changed).pack())
            work.put(self._block_key(first), row.pack())
            return BlockView(self.bin, order_id, first, row, changed)

        return Proposal(settle, movement, first.to_bytes(8, "big"))

    def recall(self, work: Work, payload: bytes) -> BlockView:
        """Return the block that was delivered under this id."""
        first = int.from_bytes(payload, "big")
        order = require_order(work, self.bin, self.command.order_id)
        row = work.get(self._block_key(first))
        if row is None:
            raise AssertionError("a request row leads to a block that is not there")
        buffer = require_buffer(order, self.command.gtin)
        return BlockView(self.bin, self.command.order_id, first, BlockRow.unpack(row), buffer)

    def _block_key(self, first: int) -> bytes:
        return schema.block_key(self.bin, self.command.order_id, self.command.gtin, first)
