"""A plain engine: what every command must answer, in dictionaries and in the words of the clauses.

`Model` is the oracle of the simulation. It carries out one command after the other, without
batches, rounds, rows or a store, and shares no line of code with the engine: templates and journal
entries are tables of their own, money is `LedgerOracle`, shares are exact fractions. It takes what
only chance decides, the id of a new order, from what was seen.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    ExpireOrder,
    RegisterParticipant,
    RegisterProduct,
)
from model_documents import GoodsCommand, facts, judge, missing
from model_serials import Held, held_by, refused_serials, source_of
from model_values import (
    DAY_US,
    GROUPS,
    PRICE_NET_TIYN,
    TEMPLATES,
    Block,
    Buffer,
    Facts,
    Line,
    Memory,
    Order,
    Participant,
    Product,
    Said,
    civil_date,
    form,
    identity,
    line_of,
    memory_us,
    vat_bp,
)
from oracles import LedgerOracle

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.commands import Command, OrderLine
    from model_goods import Box, CodeAt, CodeFact, Document, Forged, Transfer


class Model:
    """The state of everything, and the rules one after the other: form, repeat, presence, state."""

    def __init__(self, limits: Limits, prefix: str = "") -> None:
        self.limits, self.prefix = limits, prefix
        self.ledger = LedgerOracle()
        self.participants: dict[int, Participant] = {}
        self.products: dict[int, Product] = {}
        self.orders: dict[UUID, Order] = {}
        self.orders_open: dict[int, int] = defaultdict(int)
        self.blocks: dict[tuple[UUID, int], tuple[Block, ...]] = {}
        self.series: dict[tuple[int, int], tuple[str, int]] = {}
        self.sources: dict[tuple[int, int], frozenset[str]] = {}  # of its serials
        self.own: dict[Held, UUID] = {}  # self-made serials that were issued
        self.memory: dict[object, Memory] = {}
        self.lines: dict[int, tuple[Line, ...]] = defaultdict(tuple)
        self.codes: dict[tuple[UUID, int], dict[int, CodeFact]] = {}
        self.documents: dict[UUID, Document] = {}
        self.boxes: dict[int, Box] = {}
        self.transfers: dict[UUID, Transfer] = {}
        self.ssccs: tuple[tuple[int, int, int], ...] = ()  # whose, the first, how many
        self.names: dict[bytes, CodeAt | Forged] = {}  # which text is which code; only grows

    def copy(self) -> Model:
        """Return a model that may change by itself; what the dictionaries hold never changes."""
        twin = Model(self.limits, self.prefix)
        for name in ("accounts", "escrows", "owners"):
            setattr(twin.ledger, name, getattr(self.ledger, name).copy())
        for name, value in vars(self).items():
            if isinstance(value, dict) and name != "names":
                setattr(twin, name, value.copy())
        twin.names, twin.ssccs = self.names, self.ssccs
        return twin

    def judge(
        self, command: Command, now_us: int, made: UUID | None, details: Mapping[str, str]
    ) -> Said:
        """Return the answer to a command now; ``made`` and ``details``: what the engine told."""
        if wrong := form(command, self.limits):
            return Said(wrong)
        if isinstance(command, GoodsCommand) and (refused := missing(self, command)):
            return Said(*refused)
        key, body = identity(command)
        kept = self.memory.get(key)
        if kept is not None and (kept.until_us is None or kept.until_us > now_us):
            if kept.body != body:
                return Said("REQUEST_DIFFERS")
            if kept.reason != "OK":
                return Said(kept.reason, kept.details, replayed=True)
            return Said("OK", replayed=True, facts=self.facts(command, kept.link))
        said = self._judge(command, now_us, made)
        kept_us = memory_us(command, said.reason, self.limits.refusal_memory_days * DAY_US)
        if key is None or kept_us == 0:
            return said
        until_us = None if kept_us is None else now_us + kept_us
        memory = Memory(body, said.reason, details, until_us, said.link)

        def change(model: Model) -> None:
            if said.change:
                said.change(model)
            model.memory[key] = memory

        return said._replace(change=change)

    def facts(self, command: Command, link: object = None) -> Facts | None:
        """Return what an accepted command shows of the present state."""
        match command:
            case DeliverBlock():
                order = self.orders[command.order_id]
                buffer = order.buffer(command.gtin)
                blocks = self.blocks[command.order_id, command.gtin]
                block = next(block for block in blocks if block.first == link)
                fixed = (command.order_id, command.gtin, block)
                return Facts(fixed, (buffer.state, buffer.delivered))
            case CreateOrder() | CloseOrder() | ExpireOrder():
                order_id = link if isinstance(command, CreateOrder) else command.order_id
                return order_facts(order_id, self.orders[order_id])
            case RegisterProduct():
                return product_facts(command.gtin, self.products[command.gtin])
            case _ if isinstance(command, GoodsCommand):
                return facts(self, command, link)
            case _:
                return Facts((command.bin, self.participants[command.bin].name))

    def forget(self, now_us: int) -> None:
        """Drop the verdicts whose time is over."""
        kept = {key: m for key, m in self.memory.items() if (m.until_us or now_us + 1) > now_us}
        self.memory = kept

    # The rules, one command each ------------------------------------------------------------------

    def _judge(
        self, command: Command, now_us: int, made: UUID | None
    ) -> Said:
        match command:
            case RegisterParticipant():
                return self._register(command)
            case ActivateParticipant():
                return self._activate(command)
            case RegisterProduct():
                return self._register_product(command)
            case CreditAccount():
                return self._credit(command)
            case CreateOrder():
                return self._create(command, civil_date(now_us), made)
            case DeliverBlock():
                return self._deliver(command)
            case CloseOrder():
                return self._close(command)
            case _ if isinstance(command, GoodsCommand):
                return judge(self, command, civil_date(now_us), made)
            case ExpireOrder():
                return self._expire(command)
        raise AssertionError(command)

    def _register(self, command: RegisterParticipant) -> Said:
        known = self.participants.get(command.bin)
        entered = Participant(command.name, command.on)
        if known is None:

            def change(model: Model) -> None:
                model.participants[command.bin] = entered

            return Said("OK", facts=Facts((command.bin, command.name)), change=change, lasting=True)
        if known._replace(activated_on=None) != entered:
            return Said("PARTICIPANT_EXISTS")
        return Said("OK", facts=self.facts(command))

    def _register_product(self, command: RegisterProduct) -> Said:
        known = self.products.get(command.gtin)
        names = (command.name_ru, command.name_kk)
        entered = Product(command.bin, GROUPS[command.group], command.tnved, names)
        if command.bin not in self.participants:
            return Said("PARTICIPANT_NOT_FOUND")
        if known is not None and known.bin != command.bin:
            return Said("PRODUCT_OF_ANOTHER")
        ordered = any(gtin == command.gtin for gtin, _ in self.series)
        if known is not None and known.group != entered.group and ordered:
            return Said("PRODUCT_GROUP")

        def change(model: Model) -> None:
            model.products[command.gtin] = entered

        facts = product_facts(command.gtin, entered)
        return Said("OK", facts=facts, change=change, lasting=known != entered)

    def _activate(self, command: ActivateParticipant) -> Said:
        known = self.participants.get(command.bin)
        if known is None:
            return Said("PARTICIPANT_NOT_FOUND")
        if command.on < known.registered_on:
            return Said("DATE_BEFORE_REGISTRATION")
        if known.activated_on not in (None, command.on):
            return Said("PARTICIPANT_EXISTS")

        def change(model: Model) -> None:
            model.participants[command.bin] = known._replace(activated_on=command.on)

        return Said("OK", facts=self.facts(command), change=change,
                    lasting=known.activated_on is None)  # fmt: skip

    def _credit(self, command: CreditAccount) -> Said:
        known = self.participants.get(command.bin)
        if known is None:
            return Said("PARTICIPANT_NOT_FOUND")
        if known.activated_on is None:
            return Said("PARTICIPANT_NOT_ACTIVE")
        line = line_of("CREDIT", command.amount_tiyn, reference=command.reference)
        return self._moves(command.bin, line, self.facts(command), lambda _: None)

    def _create(self, command: CreateOrder, today: dt.date, made: UUID | None) -> Said:
        if refused := next(self._no_order(command, today), None):
            return refused
        buffers, series, sources = [], dict(self.series), dict(self.sources)
        for line in command.lines:
            key, fixed, first, _ = self._series(line)
            series[key] = (fixed, first + (0 if line.serials else line.quantity))
            sources[key] = sources.get(key, frozenset()) | {source_of(line)}
            first = 0 if line.serials else first
            buffers.append(Buffer(line.gtin, line.template_id, first, line.quantity, vat_bp(today)))
        order = Order(command.bin, tuple(buffers))
        cost = sum(buffer.gross(buffer.quantity) for buffer in buffers)
        missing = cost - self.ledger.accounts[command.bin]["available"]
        if missing > 0:
            return Said("FUNDS_INSUFFICIENT", {"missing_tiyn": str(missing)})

        def change(model: Model) -> None:
            model.orders[made] = order
            model.ledger.owners[made] = command.bin
            model.orders_open[command.bin] += 1
            model.series, model.sources = series, sources
            model.own = self.own | dict.fromkeys(chain(*held_by(command, TEMPLATES)), made)

        quantity = sum(buffer.quantity for buffer in buffers)
        line = line_of("RESERVE", cost, order_id=made, quantity=quantity)
        return self._moves(command.bin, line, order_facts(made, order), change, link=made)

    def _no_order(self, command: CreateOrder, today: dt.date) -> Iterator[Said]:
        known = self.participants.get(command.bin)
        if known is None:
            yield Said("PARTICIPANT_NOT_FOUND")
        products = [self.products.get(line.gtin) for line in command.lines]
        if any(product is None or product.bin != command.bin for product in products):
            yield Said("PRODUCT_NOT_FOUND")
        if known.activated_on is None or today < known.activated_on:
            yield Said("PARTICIPANT_NOT_ACTIVE", {"date": str(today)})
        for line, product in zip(command.lines, products, strict=True):
            template = TEMPLATES[line.template_id]
            if product.group != template.group:
                yield Said("PRODUCT_GROUP")
            key, fixed, _, left = self._series(line)
            if fixed != template.form:
                yield Said("SERIAL_FORM_FIXED", {"serial_size": str(template.serial_size)})
            only = {source_of(line)}
            if template.counter_limit != 2**40 and self.sources.get(key, only) != only:
                yield Said("SERIAL_SOURCE_FIXED")
            if line.quantity > left and not line.serials:
                yield Said("SERIALS_EXHAUSTED", {"left": str(left)})
        limit, active = self.limits.active_orders_max, self.orders_open[command.bin]
        if limit and active >= limit:
            yield Said("ORDERS_ACTIVE_LIMIT", {"active": str(active), "limit": str(limit)})
        yield from refused_serials(self, command, TEMPLATES, Said)

    def _series(self, line: OrderLine) -> tuple[tuple[int, int], str, int, int]:
        """Return the line's series: its key, its form, its next counter, how many are left."""
        template = TEMPLATES[line.template_id]
        key = (line.gtin, template.serial_size)
        fixed, first = self.series.get(key, (template.form, 0))
        return key, fixed, first, template.counter_limit - first

    def _deliver(self, command: DeliverBlock) -> Said:
        order = self.orders.get(command.order_id)
        if order is None or order.bin != command.bin:
            return Said("ORDER_NOT_FOUND")
        buffer = order.buffer(command.gtin)
        if buffer is None:
            return Said("BUFFER_NOT_FOUND")
        if buffer.state in ("ACTIVE", "EXHAUSTED") and command.quantity > buffer.left:
            return Said("QUANTITY_LEFT", {"left": str(buffer.left)})
        if buffer.state != "ACTIVE":
            return Said("TRANSITION_REFUSED", {"state": buffer.state})
        first = buffer.delivered
        end = first + (command.quantity or buffer.left)
        net = (end - first) * PRICE_NET_TIYN
        share = buffer.gross(end) - buffer.gross(first)
        after = buffer._replace(delivered=end)
        block = Block(first, end - first, net, share - net, command.block_id)
        place = (command.order_id, command.gtin)

        def change(model: Model) -> None:
            model.orders[command.order_id] = order.with_buffers(after)
            model.blocks[place] = (*model.blocks.get(place, ()), block)

        line = Line(
            "CAPTURE", (("ESCROW", -share), ("REVENUE", net), ("VAT", share - net)),
            command.order_id, command.gtin, command.block_id, end - first,
        )  # fmt: skip
        facts = Facts((*place, block), (after.state, end))
        return self._moves(command.bin, line, facts, change, link=first)

    def _close(self, command: CloseOrder) -> Said:
        order = self.orders.get(command.order_id)
        if order is None or order.bin != command.bin:
            return Said("ORDER_NOT_FOUND")
        if command.gtin is not None and order.buffer(command.gtin) is None:
            return Said("BUFFER_NOT_FOUND")
        if order.state == "EXPIRED":
            return Said("TRANSITION_REFUSED", {"state": "EXPIRED"})
        closing = [b for b in order.buffers if not b.closed and command.gtin in (None, b.gtin)]
        if not closing:
            return Said("TRANSITION_REFUSED", {"state": "CLOSED"})
        rest = sum(b.gross(b.quantity) - b.gross(b.delivered) for b in closing)
        after = order.with_buffers(*[b._replace(closed=True) for b in closing])
        return self._ends(command, after, rest, command.gtin or 0)

    def _expire(self, command: ExpireOrder) -> Said:
        order = self.orders.get(command.order_id)
        if order is None or order.bin != command.bin:
            return Said("ORDER_NOT_FOUND")
        if order.state != "READY":
            return Said("TRANSITION_REFUSED", {"state": order.state})
        expiring = [b for b in order.buffers if b.state == "ACTIVE"]
        if not expiring:
            return Said("TRANSITION_REFUSED", {"state": order.buffers[0].state})
        rest = sum(b.gross(b.quantity) - b.gross(b.delivered) for b in expiring)
        after = order.with_buffers(*[b._replace(expired=True) for b in expiring])
        return self._ends(command, after, rest, 0)

    def _ends(self, command: CloseOrder | ExpireOrder, after: Order, rest: int, gtin: int) -> Said:
        def change(model: Model) -> None:
            model.orders[command.order_id] = after
            if after.state != "READY":
                model.orders_open[command.bin] -= 1

        line = line_of("RELEASE", rest, order_id=command.order_id, gtin=gtin)
        facts = order_facts(command.order_id, after)
        return self._moves(command.bin, line if rest else None, facts, change)

    def _moves(
        self,
        bin_: int,
        line: Line | None,
        facts: Facts,
        then: Callable[[Model], None],
        *,
        link: object = None,
    ) -> Said:
        """Return the answer to a command that changes more than its own memory."""

        def change(model: Model) -> None:
            then(model)
            if line:
                amount = -line.entries[0][1]
                assert model.ledger.post(line.kind, bin_, amount, line.order_id) == ("OK", 0)
                model.lines[bin_] = (*model.lines[bin_], line)

        return Said("OK", facts=facts, line=line, change=change, lasting=True, link=link)


def order_facts(order_id: UUID, order: Order) -> Facts:
    fixed = tuple((b.gtin, b.template_id, b.first, b.quantity, b.vat_bp) for b in order.buffers)
    current = (order.state, tuple((b.state, b.delivered) for b in order.buffers))
    return Facts((order.bin, order_id, fixed), current)


def product_facts(gtin: int, product: Product) -> Facts:
    return Facts((product.bin, gtin), product[1:])
