"""The end of an order or a buffer: what was not delivered is annulled, its money released (M6).

A participant closes; the operator's policy expires orders that are older than so many days. Both
take the same way. Which buffers an end concerns is asked of their machine, never of a list of
states: an exhausted buffer can be closed and cannot expire, an expired one can do neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter import _core
from emitter.engine.batch import Proposal, Unremembered
from emitter.engine.money import Movement
from emitter.engine.orders import OrderView, require_buffer, require_order
from emitter.engine.participants import require_account
from emitter.store import schema
from emitter.trade.gs1 import format_gtin
from emitter.trade.states import (
    BUFFER,
    ORDER,
    BufferEvent,
    BufferState,
    OrderEvent,
    next_state,
)

if TYPE_CHECKING:
    from emitter.engine.commands import CloseOrder, ExpireOrder
    from emitter.engine.work import Work
    from emitter.store.rows import BufferRow, OrderRow


def _is_possible(buffer: BufferRow, event: BufferEvent) -> bool:
    return BUFFER.grid[buffer.state][event] is not None


def _after(buffer: BufferRow, event: BufferEvent) -> BufferRow:
    """Return the buffer after an event, or refuse."""
    state = next_state(BUFFER, BufferState(buffer.state), event, gtin=format_gtin(buffer.gtin))
    return buffer._replace(state=state)


def _release(work: Work, before: OrderView, after: OrderRow, gtin: int) -> Proposal:
    """Propose the order as it is after the end of buffers, and the money they held."""
    view = before._replace(row=after)
    amount = before.held_tiyn - view.held_tiyn
    movement = None
    if amount:
        movement = Movement(
            _core.RELEASE, before.bin, amount, order_id=before.order_id, gtin=gtin
        )  # fmt: skip

    def settle() -> OrderView:
        work.put(schema.order_key(before.bin, before.order_id), after.pack())
        if before.row.is_open and not after.is_open:
            account = require_account(work, before.bin).counting(orders=-1)
            work.change(schema.account_key(before.bin), account)
        return view

    return Proposal(settle, movement)


class CloseOrderStep:
    """Close an order or one of its buffers: annul what is left and release its money (M6)."""

    id_field = "request_id"
    remembers_refusals = True
    rows_max = 6  # order; account, escrow, journal; request, its expiry

    def __init__(self, command: CloseOrder) -> None:
        self.command = command
        self.bin = command.bin
        self.digest = command.digest()
        self.request: bytes | None = schema.request_key(
            command.bin, schema.RequestKind.CLOSE, command.request_id.encode()
        )
        self._order_key = schema.order_key(command.bin, command.order_id)

    def claims(self) -> tuple[bytes, ...]:
        """Return the request and the order."""
        return (self.request or b"", self._order_key)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that closing is judged by."""
        escrow = schema.escrow_key(self.bin, self.command.order_id)
        return (self.request or b"", self._order_key, escrow, schema.account_key(self.bin))

    def judge(self, work: Work) -> Proposal:
        """Propose to release what the buffers to close still hold."""
        order_id = self.command.order_id
        order = require_order(work, self.bin, order_id)
        before = OrderView(self.bin, order_id, order)
        if self.command.gtin is None:
            buffers = [b for b in order.buffers if _is_possible(b, BufferEvent.CLOSE)]
        else:
            buffers = [require_buffer(order, self.command.gtin)]
        closed = next_state(ORDER, before.state, OrderEvent.CLOSE, order_id=order_id)
        for buffer in buffers:
            order = order.with_buffer(_after(buffer, BufferEvent.CLOSE))
        if not any(_is_possible(buffer, BufferEvent.CLOSE) for buffer in order.buffers):
            order = order._replace(state=closed, closed_us=work.now_us)
        return _release(work, before, order, self.command.gtin or 0)

    def recall(self, work: Work, _payload: bytes) -> OrderView:
        """Return the order as it is now."""
        order_id = self.command.order_id
        return OrderView(self.bin, order_id, require_order(work, self.bin, order_id))


class ExpireOrderStep(Unremembered):
    """Expire an order: all buffers that have codes left, at once. Its policy is the caller's."""

    id_field = "order_id"
    rows_max = 4  # order; account, escrow, journal

    def __init__(self, command: ExpireOrder) -> None:
        self.command = command
        self.bin = command.bin
        self._order_key = schema.order_key(command.bin, command.order_id)

    def claims(self) -> tuple[bytes, ...]:
        """Return the order."""
        return (self._order_key,)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that expiring is judged by."""
        escrow = schema.escrow_key(self.bin, self.command.order_id)
        return (self._order_key, escrow, schema.account_key(self.bin))

    def judge(self, work: Work) -> Proposal:
        """Propose to release what the order still holds; refused once nothing can expire."""
        order_id = self.command.order_id
        order = require_order(work, self.bin, order_id)
        before = OrderView(self.bin, order_id, order)
        expired = next_state(ORDER, before.state, OrderEvent.EXPIRE, order_id=order_id)
        buffers = [b for b in order.buffers if _is_possible(b, BufferEvent.EXPIRE)]
        for buffer in buffers or order.buffers[:1]:
            order = order.with_buffer(_after(buffer, BufferEvent.EXPIRE))
        order = order._replace(state=expired, closed_us=work.now_us)
        return _release(work, before, order, 0)
