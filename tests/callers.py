"""Real clients: order stations and an operator; none gives up a command.

Each draws what it does from a seed: orders of one and of many, deliveries that are broken off and
resumed, closings, checks, refusals, and repeats of what was answered before. A command that got no
answer, because the server died, is sent again under the same id to the server that comes next.
"""

from __future__ import annotations

import random
import time
import uuid
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import grpc

from emitter.client import BufferState, Client, Delivery, OrderLine, Product, Refused
from emitter.engine import commands
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    Command,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    IssueToken,
    RegisterParticipant,
    RegisterProduct,
)
from emitter.engine.participants import Role
from emitter.errors import Reason
from emitter.trade.gs1 import format_gtin
from emitter.trade.parties import format_bin
from emitter.trade.serials import ALPHABETS
from emitter.trade.templates import TEMPLATES
from goods_callers import GoodsCalls
from stock import gtin_of, product

if TYPE_CHECKING:
    from collections.abc import Callable

    from crowd import Load
    from emitter.client import Order

T = TypeVar("T")

BINS = (990140000384, 990240003471)
_DAY = date(2026, 3, 2)
_RICH_TIYN = 10**9
_ORDERS_OPEN_MAX = 12
_DEADLINE_S = 10.0
_PATIENCE_S = 60.0
# Lines of one product group: the number of the goods, a template, a price. Each participant has its
# own of each kind.
_CATALOGUE = (
    ((1, 1, None), (2, 1, None)),
    ((3, 20, None), (4, 20, None)),
    ((5, 5, None),),
    ((6, 3, 65_000), (7, 3, 70_000)),
)
_MILK = 3
_PHARMA = 5
_EXPECTED = {
    Reason.FUNDS_INSUFFICIENT, Reason.QUANTITY_LEFT, Reason.TRANSITION_REFUSED,
    Reason.SERIALS_TAKEN,
}  # fmt: skip


def _gtin(bin_: int, number: int) -> int:
    """Return a participant's GTIN of the goods of a number."""
    return gtin_of(100 * BINS.index(bin_) + number)


def _products(bin_: int) -> list[RegisterProduct]:
    """Return the commands that register what a participant orders."""
    return [
        product(bin_, _gtin(bin_, number), TEMPLATES[template_id].group)
        for goods in _CATALOGUE
        for number, template_id, _ in goods
    ]


class Caller:
    """One caller: a connection to whatever server there is, and persistence."""

    def __init__(self, load: Load, seed: int, token: str = "") -> None:
        self.load = load
        self.chance = random.Random(seed)
        self._token = token
        self._client: Client | None = None
        self._generation = 0

    def act(self) -> None:
        """Do one thing."""
        raise AssertionError("each kind of caller has its own")

    def close(self) -> None:
        """Close the connection."""
        if self._client:
            self._client.close()
        self._client = None

    def new_id(self) -> str:
        """Draw an id."""
        return str(uuid.UUID(int=self.chance.getrandbits(128)))

    def ask(self, command: Command, call: Callable[[Client], T]) -> T | Refused:
        """Ask until there is an answer: a value, or a refusal that is one of the expected."""
        asked = self.load.asking()
        asked.append(command)
        answer = self.persist(call)
        self.load.told(command, answer)
        asked.remove(command)
        return answer

    def persist(self, call: Callable[[Client], T]) -> T | Refused:
        """Call until the server answers; dead servers and failed commits are not answers."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                return call(self.connected())
            except Refused as refused:
                if refused.reason in _EXPECTED:
                    return refused
                if not refused.reason.meaning.retry:
                    raise
            except grpc.RpcError:
                self.close()
            time.sleep(0.01)
        raise AssertionError("a command got no answer in a minute")

    def connected(self) -> Client:
        """Return a client of the server that there is, or comes."""
        generation, (target, operator_token) = self.load.server()
        if self._client is None or generation != self._generation:
            self.close()
            token = self._token or operator_token
            self._client = Client(target, token, attempts=1, timeout_s=_DEADLINE_S)
            self._generation = generation
        return self._client


class Operator(Caller):
    """Admits participants, then books payments, some of them twice."""

    def admit(self) -> dict[int, str]:
        """Register, activate and credit the participants; return a station's token for each."""
        tokens: dict[int, str] = {}
        for bin_ in BINS:
            text, name = format_bin(bin_), f"ТОО «Станция {bin_}»"
            self.ask(
                RegisterParticipant(bin_, name, _DAY),
                lambda client, text=text, name=name: client.register_participant(text, name, _DAY),
            )
            self.ask(
                ActivateParticipant(bin_, _DAY),
                lambda client, text=text: client.activate_participant(text, _DAY),
            )
            for command in _products(bin_):
                message = Product(
                    gtin=format_gtin(command.gtin), product_group=command.group,
                    tnved_code=command.tnved, name_ru=command.name_ru,
                )  # fmt: skip
                self.ask(
                    command,
                    lambda client, text=text, message=message: client.register_product(
                        message, bin=text
                    ),
                )
            self._credit(CreditAccount(bin_, _RICH_TIYN, f"first-{bin_}"))
            token = self.ask(
                IssueToken(Role.STATION, bin_, "station"),
                lambda client, text=text: client.issue_token(Role.STATION, text, "station"),
            )
            tokens[bin_] = str(token)
        return tokens

    def act(self) -> None:
        """Book a payment, perhaps one that was booked before."""
        time.sleep(self.chance.uniform(0, 0.03))
        bin_ = self.chance.choice(BINS)
        reference = f"payment-{self.chance.randrange(10_000)}-{bin_}"
        self._credit(CreditAccount(bin_, 1 + sum(reference.encode()), reference))

    def _credit(self, command: CreditAccount) -> None:
        text = format_bin(command.bin)
        self.ask(
            command, lambda client: client.credit(text, command.amount_tiyn, command.reference)
        )


class Station(GoodsCalls, Caller):
    """Orders, takes and closes; shares the orders of its participant with its neighbours."""

    def __init__(self, load: Load, seed: int, bin_: int, token: str, orders: list[Order]) -> None:
        super().__init__(load, seed, token)
        self._bin = bin_
        self._orders = orders
        self._codes: list[bytes] = []
        self._serials: list[str] = []
        self.start_trading([other for other in BINS if other != bin_])

    def act(self) -> None:
        """Do one thing, deliveries most often."""
        if len(self._orders) > _ORDERS_OPEN_MAX:
            self._close_order()
            return
        acts = {
            self._order: 25,
            self._order_many: 4,
            self._order_own: 5,
            self._order_too_much: 3,
            self._deliver: 45,
            self._close_buffer: 6,
            self._repeat: 12,
            self._verify: 5,
            self.report: 20,
            self.trade: 30,
        }
        self.chance.choices(list(acts), list(acts.values()))[0]()

    def _order(self) -> None:
        self._create(self._draw_order())

    def _order_own(self) -> None:
        """Order codes of own serials, so many that it is a job, or few; perhaps with a used one."""
        template = TEMPLATES[5]
        count = self.chance.choice((1, 40, 1_700))
        serials = [
            "".join(self.chance.choices(ALPHABETS[62], k=template.serial_size))
            for _ in range(count)
        ]
        if self._serials and self.chance.random() < 0.3:
            serials[0] = self.chance.choice(self._serials)
        self._serials.append(serials[-1])
        gtin = _gtin(self._bin, _PHARMA)
        line = commands.OrderLine(gtin, count, template.template_id, None, tuple(serials))
        self._create(CreateOrder(self._bin, self.new_id(), (line,)))

    def _order_too_much(self) -> None:
        """Order for more money than there is: the refusal is remembered, too."""
        line = commands.OrderLine(_gtin(self._bin, _MILK), 10_000_000, 20)
        self._create(CreateOrder(self._bin, self.new_id(), (line,)))

    def _draw_order(self) -> CreateOrder:
        goods = self.chance.choice(_CATALOGUE)
        lines = tuple(
            commands.OrderLine(
                _gtin(self._bin, number), self.chance.choice((1, 7, 40, 200, 9_999)),
                template, price,
            )
            for number, template, price in goods[: self.chance.randint(1, len(goods))]
        )
        return CreateOrder(self._bin, self.new_id(), lines)

    def _create(self, command: CreateOrder) -> None:
        lines = _lines(command)
        order = self.ask(command, lambda client: client.create_order(lines, command.request_id))
        if not isinstance(order, Refused):
            self._orders.append(order)

    def _order_many(self) -> None:
        """Create orders on one stream; what it leaves unanswered is asked for one by one."""
        drawn = {each.request_id: each for each in (self._draw_order() for _ in range(4))}
        asked = self.load.asking()
        asked += drawn.values()
        items = [(request_id, _lines(command)) for request_id, command in drawn.items()]
        try:
            for request_id, verdict in self.connected().stream_orders(items):
                if isinstance(verdict, Refused) and verdict.reason.meaning.retry:
                    continue
                command = drawn.pop(request_id)
                self.load.told(command, verdict)
                asked.remove(command)
                if not isinstance(verdict, Refused):
                    self._orders.append(verdict)
        except grpc.RpcError:
            self.close()
        for command in drawn.values():
            asked.remove(command)
            self._create(command)

    def _deliver(self) -> None:
        """Take some codes of a buffer, or all that is left of it where that is little."""
        order = self._any_order()
        if order is None:
            return
        buffer = self.chance.choice(order.buffers)
        rest = buffer.quantity <= 200 and self.chance.random() < 0.3
        quantity = 0 if rest else self.chance.choice((1, 5, 30, 250))
        order_id, gtin = uuid.UUID(order.order_id), int(buffer.gtin)
        self._receive(DeliverBlock(self._bin, order_id, gtin, self.new_id(), quantity))

    def _receive(self, command: DeliverBlock) -> None:
        """Ask for a block until all of it is here: from where it broke, or from the beginning."""
        received = bytearray()
        size = 0

        def call(client: Client) -> Delivery:
            nonlocal size
            held = len(received) // size if size and self.chance.random() < 0.7 else 0
            delivery = client.deliver(
                str(command.order_id), format_gtin(command.gtin), command.block_id,
                command.quantity, held,
            )  # fmt: skip
            self.load.told(command, delivery.block)
            self.load.resumed += held > 0
            size = delivery.record_size
            at = held * size
            try:
                for records in delivery:
                    codes = records.tobytes()
                    again = received[at : at + len(codes)]
                    if again != codes[: len(again)]:
                        raise AssertionError(f"{command}: other codes when sent again")
                    received[at : at + len(codes)] = codes
                    at += len(codes)
            except grpc.RpcError:
                self.load.told(command, delivery.block, bytes(received))
                raise
            return delivery

        asked = self.load.asking()
        asked.append(command)
        answer = self.persist(call)
        if isinstance(answer, Refused):
            self.load.told(command, answer)
        else:
            if len(received) != answer.block.quantity * size:
                raise AssertionError(f"{command}: {len(received)} bytes of {answer.block}")
            self.load.told(command, answer.block, bytes(received))
            self._codes += [bytes(received[at : at + size]) for at in range(0, len(received), size)]
        asked.remove(command)

    def _close_order(self) -> None:
        """Close the oldest order."""
        order_id = self._orders[0].order_id
        command = CloseOrder(self._bin, self.new_id(), uuid.UUID(order_id))
        self._close(
            command, order_id, lambda client: client.close_order(order_id, command.request_id)
        )

    def _close_buffer(self) -> None:
        """Close a buffer of any order."""
        order = self._any_order()
        if order is None:
            return
        order_id, gtin = order.order_id, self.chance.choice(order.buffers).gtin
        command = CloseOrder(self._bin, self.new_id(), uuid.UUID(order_id), int(gtin))
        self._close(
            command,
            order_id,
            lambda client: client.close_buffer(order_id, gtin, command.request_id),
        )

    def _close(self, command: CloseOrder, order_id: str, call: Callable[[Client], Order]) -> None:
        """Close, and forget an order of which nothing is left."""
        answer = self.ask(command, call)
        closed = BufferState.BUFFER_STATE_CLOSED
        if isinstance(answer, Refused) or all(each.state == closed for each in answer.buffers):
            self._orders[:] = [each for each in self._orders if each.order_id != order_id]

    def _repeat(self) -> None:
        """Ask for something that was answered before, by whomever."""
        command = self.chance.choice(self.load.promises).command
        if command.bin != self._bin:
            return
        if isinstance(command, DeliverBlock):
            self._receive(command)
        elif isinstance(command, CreateOrder):
            lines = _lines(command)
            self.ask(command, lambda client: client.create_order(lines, command.request_id))
        else:
            self.tell(command)

    def _verify(self) -> None:
        """Check codes that were delivered: each is genuine."""
        codes = self.chance.sample(self._codes, min(20, len(self._codes)))
        verdicts = self.persist(lambda client: client.verify(codes))
        if isinstance(verdicts, Refused) or verdicts.reasons.any():
            raise AssertionError(f"delivered codes are not genuine: {verdicts}")

    def _any_order(self) -> Order | None:
        orders = list(self._orders)
        return self.chance.choice(orders) if orders else None


def _lines(command: CreateOrder) -> list[OrderLine]:
    return [
        OrderLine(
            gtin=format_gtin(line.gtin),
            quantity=line.quantity,
            template_id=line.template_id,
            price_tiyn=line.price_tiyn,
            serial_numbers=line.serials,
        )
        for line in command.lines
    ]
