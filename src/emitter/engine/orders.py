"""Orders: emission reserves money and takes counters in one step; closing gives back the rest.

An order's cost does not depend on its size: a range of counters a line, never a row a code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from emitter import _core
from emitter.engine.batch import Later, Proposal
from emitter.engine.money import Movement
from emitter.engine.participants import require_account, require_active, require_participant
from emitter.engine.work import Issued
from emitter.errors import Reason, Refused
from emitter.store import packing, schema
from emitter.store.product_rows import group_of, product_key
from emitter.store.rows import (
    BufferRow,
    OrderRow,
    SerialSource,
    SeriesRow,
)
from emitter.trade import tariffs
from emitter.trade.gs1 import format_gtin
from emitter.trade.ledger import Cost
from emitter.trade.products import require_group
from emitter.trade.states import (
    BUFFER,
    ORDER,
    BufferEvent,
    BufferState,
    OrderEvent,
    OrderState,
    next_state,
)
from emitter.trade.templates import SCHEME, TEMPLATES

if TYPE_CHECKING:
    import datetime as dt

    from emitter.engine.commands import CreateOrder, OrderLine
    from emitter.engine.keys import KeyRing
    from emitter.engine.work import Work
    from emitter.trade.templates import Group


# Plain numbers: adding flags of an enumeration takes a microsecond and a half an order.
_OPERATOR, _SELF_MADE = int(SerialSource.OPERATOR), int(SerialSource.SELF_MADE)
_READY = next_state(ORDER, OrderState.CREATED, OrderEvent.EMIT)
_ACTIVE = next_state(BUFFER, BufferState.PENDING, BufferEvent.EMIT)


class OrderMoney(NamedTuple):
    """What the codes of an order cost, VAT included: all, those yet to come, those delivered."""

    gross_tiyn: int
    held_tiyn: int
    captured_tiyn: int

    @property
    def released_tiyn(self) -> int:
        """Return what closing has given back."""
        return self.gross_tiyn - self.held_tiyn - self.captured_tiyn


class OrderView(NamedTuple):
    """An order as callers see it."""

    bin: int
    order_id: UUID
    row: OrderRow

    @property
    def state(self) -> OrderState:
        """Return the order's state."""
        return OrderState(self.row.state)

    @property
    def money(self) -> OrderMoney:
        """Return what the order has cost, and what its escrow must hold."""
        all_tiyn = held_tiyn = captured_tiyn = 0
        for buffer in self.row.buffers:
            cost = cost_of(buffer)
            gross = cost.gross(buffer.quantity)
            captured = cost.gross(buffer.delivered)
            all_tiyn += gross
            captured_tiyn += captured
            if buffer.is_open:
                held_tiyn += gross - captured
        return OrderMoney(all_tiyn, held_tiyn, captured_tiyn)

    @property
    def held_tiyn(self) -> int:
        """Return what the order's escrow must hold: the cost of what open buffers still owe."""
        return self.money.held_tiyn


def cost_of(buffer: BufferRow) -> Cost:
    """Return the cost function of a buffer: the tariff and VAT of its emission."""
    return _cost(buffer.price_net_tiyn, buffer.vat_bp)


_cost = lru_cache(Cost)  # there are as many as tariffs


def require_order(work: Work, bin_: int, order_id: UUID) -> OrderRow:
    """Return the participant's order, or refuse: another's order is not found either."""
    row = work.get(schema.order_key(bin_, order_id))
    if row is None:
        raise Refused(Reason.ORDER_NOT_FOUND, order_id=order_id)
    return OrderRow.unpack(row)


def require_buffer(order: OrderRow, gtin: int) -> BufferRow:
    """Return the order's buffer of a GTIN, or refuse."""
    buffer = order.buffer(gtin)
    if buffer is None:
        raise Refused(Reason.BUFFER_NOT_FOUND, gtin=format_gtin(gtin))
    return buffer


class Terms(NamedTuple):
    """What every new buffer of a template gets on the day of a batch."""

    group: Group
    key_id: int
    cost: Cost


class _Series(NamedTuple):
    """The series that codes of a template take their counters from."""

    form: int
    serial_size: int
    counter_limit: int
    is_wide: bool  # both sources fit into it, apart from each other
    group: int


_SERIES = {
    number: _Series(
        each.form.form, each.serial_size, each.form.counter_limit, each.form.is_wide, each.group
    )
    for number, each in TEMPLATES.items()
}


class CreateOrderStep:
    """Emit an order: judged against contract, open orders, serials and keys, then the money."""

    id_field = "request_id"

    def __init__(
        self, command: CreateOrder, order_id: UUID, keys: KeyRing, active_orders_max: int
    ) -> None:
        self.command = command
        self.remembers_refusals = command.remembers_refusals and not command.memory_us
        self.bin = command.bin
        self.digest = command.digest()
        self.request: bytes | None = schema.request_key(
            command.bin, schema.RequestKind.CREATE_ORDER, command.request_id.encode()
        )
        self.order_id = order_id
        self._keys = keys
        self._active_orders_max = active_orders_max
        # Order, details; account, escrow, journal; request, its expiry; series and range a line.
        self.rows_max = 7 + 2 * len(command.lines)
        self._series = [
            schema.series_key(line.gtin, _SERIES[line.template_id].serial_size)
            for line in command.lines
        ]
        self._products = [product_key(command.bin, line.gtin) for line in command.lines]

    def claims(self) -> tuple[bytes, ...]:
        """Return the request id: orders share everything else by plan."""
        return (self.request or b"",)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that an order is judged by."""
        return (
            self.request or b"",
            schema.participant_key(self.bin),
            schema.account_key(self.bin),
            *self._series,
            *self._products,
        )

    def judge(self, work: Work) -> Proposal:
        """Propose to reserve the order's cost; plan its serials and its place."""
        groups = self._groups(work)
        require_active(work, self.bin)
        terms = [
            self._terms(work, index, line, groups[index])
            for index, line in enumerate(self.command.lines)
        ]
        self._judge_open_orders(work)
        planned = work.planned
        quantity = net = vat = 0
        for key, line, (_, _, cost) in zip(self._series, self.command.lines, terms, strict=True):
            planned[key] += line.quantity
            quantity += line.quantity
            net += cost.net(line.quantity)
            vat += cost.vat(line.quantity)
        planned[self.bin] += 1
        movement = Movement(
            _core.RESERVE, self.bin, net + vat, self.order_id, 0, quantity, net, vat, opens=True
        )
        return Proposal(
            lambda: self._settle(work, terms), movement, self.order_id.bytes,
            self.command.memory_us,
        )  # fmt: skip

    def _groups(self, work: Work) -> list[int]:
        """Return the groups of the lines' products; refuse a GTIN that is none of the owner's."""
        groups = []
        for index, key in enumerate(self._products):
            row = work.get(key)
            if row is None:
                require_participant(work, self.bin)
                gtin = format_gtin(self.command.lines[index].gtin)
                raise Refused(Reason.PRODUCT_NOT_FOUND, field=f"lines[{index}].gtin", gtin=gtin)
            if key in work.planned:  # another group is on its way
                raise Later
            groups.append(group_of(row))
        return groups

    def _judge_open_orders(self, work: Work) -> None:
        orders_open = require_account(work, self.bin).orders_open
        limit = self._active_orders_max
        if limit and orders_open >= limit:
            raise Refused(Reason.ORDERS_ACTIVE_LIMIT, active=orders_open, limit=limit)
        if limit and orders_open + work.planned[self.bin] >= limit:
            raise Later

    def _terms(self, work: Work, index: int, line: OrderLine, registered: int) -> Terms:
        """Return what the line's buffer gets; refuse what its product or series cannot be."""
        key = self._series[index]
        form, serial_size, counter_limit, is_wide, group = _SERIES[line.template_id]
        if group != registered:
            require_group(registered, group, line.gtin, f"lines[{index}].template_id")
        source = _SELF_MADE if line.serials else _OPERATOR
        stored = work.read(key, SeriesRow)
        series = stored or _first(form)
        if series.form != form:
            raise Refused(
                Reason.SERIAL_FORM_FIXED, field=f"lines[{index}].template_id",
                serial_size=serial_size, gtin=format_gtin(line.gtin),
            )  # fmt: skip
        if stored is not None and stored.source != source and not is_wide:
            raise Refused(
                Reason.SERIAL_SOURCE_FIXED, field=f"lines[{index}]", gtin=format_gtin(line.gtin)
            )
        left = line.quantity if line.serials else counter_limit - series.next_counter
        if line.quantity > left:
            raise Refused(
                Reason.SERIALS_EXHAUSTED, field=f"lines[{index}].quantity",
                left=left, gtin=format_gtin(line.gtin),
            )  # fmt: skip
        planned = 0 if stored is not None and line.serials else work.planned[key]
        if planned and (line.quantity > left - planned or stored is None):
            raise Later
        terms: Terms | None = work.noted.get(line.template_id)
        if terms is None:
            terms = _terms_today(work.today, line.template_id, self._keys)
            work.noted[line.template_id] = terms
        return terms

    def _settle(self, work: Work, terms: list[Terms]) -> OrderView:
        """Take the counters and write the order."""
        command, id_ = self.command, self.order_id.bytes
        buffers = []
        for key, line, (_, key_id, cost) in zip(self._series, command.lines, terms, strict=True):
            form, serial_size, *_ = _SERIES[line.template_id]
            series = work.read(key, SeriesRow) or _first(form)
            source, first = _OPERATOR, series.next_counter
            if line.serials:
                source, first = _SELF_MADE, 0
                work.change(key, SeriesRow(form, series.source | source, series.next_counter))
            else:
                work.change(key, SeriesRow(form, series.source | source, first + line.quantity))
                work.issue(
                    Issued(line.gtin, serial_size, first, self.bin, id_, line.quantity, form)
                )
            price_tiyn = -1 if line.price_tiyn is None else line.price_tiyn
            buffers.append(
                BufferRow(
                    line.gtin, line.template_id, SCHEME, _ACTIVE, source, key_id,
                    cost.vat_bp, cost.price_net_tiyn, price_tiyn, first, line.quantity, 0,
                )
            )  # fmt: skip
        order = OrderRow(_READY, terms[0].group, work.now_us, 0, tuple(buffers))
        work.lay(packing.ORDER, (self.bin, id_, *order))
        if command.details:
            key = schema.details_key(self.bin, self.order_id)
            work.put(key, command.details.encode())
        return OrderView(self.bin, self.order_id, order)

    def recall(self, work: Work, payload: bytes) -> OrderView:
        """Return the order that the request made, as it is now."""
        order_id = UUID(bytes=payload)
        return OrderView(self.bin, order_id, require_order(work, self.bin, order_id))


def _first(form: int) -> SeriesRow:
    """Return the series that its first order would start."""
    return SeriesRow(form, 0, 0)


def _terms_today(today: dt.date, template_id: int, keys: KeyRing) -> Terms:
    """Return the terms of a template on a day, or refuse."""
    template = TEMPLATES[template_id]
    key_id, _ = keys.current(template.check_kind)
    vat_bp = tariffs.vat_bp(today)
    price_net_tiyn = tariffs.price_net_tiyn(template.group, today)
    return Terms(template.group, key_id, _cost(price_net_tiyn, vat_bp))
