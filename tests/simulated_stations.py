"""Clients by chance: stations that order, fetch and close, get things wrong, and ask again.

What a station does is drawn from the tables below with the dice it is given; what it knows it has
from answers alone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import TYPE_CHECKING

from emitter.engine.box_commands import AggregateCodes, AllocateSsccs, DisaggregateBoxes
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
    RegisterProduct,
    ReportCodes,
)
from emitter.engine.orders import OrderView
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.trade.templates import Group
from model_values import GROUPS, REMEMBERED, TEMPLATES
from simulated_goods import Trading
from stock import gtin_of

if TYPE_CHECKING:
    import random

    from emitter.engine.commands import Command
    from serial_order import Seen

# Templates of the goods that each participant usually has; its first two are of one group.
USUAL = (20, 20, 1, 3, 4, 18, 1, 1, 10, 16, 16, 20)
GTINS = tuple(gtin_of(number) for number in range(len(USUAL)))
GOODS = 3  # of each participant
BINS = (990140000384, 990240003471, 100140012344, 200740005562)
FOUNDED = dt.date(2025, 11, 3)
WHOLE_SERIES = 82**5  # all serials of six characters with a country digit


def weights(table: str) -> tuple[list[str], list[int]]:
    """Return the names and weights of a table: a weight, then a name, on each line."""
    rows = [line.split(maxsplit=1) for line in table.strip().splitlines()]
    return [name for _, name in rows], [int(weight) for weight, _ in rows]


def draw(dice: random.Random, table: tuple[list[str], list[int]]) -> str:
    return dice.choices(*table)[0]


ACTS = weights(
    """
    24  order
    5   order wrongly
    20  deliver a part
    7   deliver the rest
    5   deliver too much
    3   deliver another's
    4   close a buffer
    5   close an order
    9   credit
    16  report
    3   report wrongly
    12  pack
    5   unpack
    2   allocate
    8   ship
    8   answer
    3   trade wrongly
    4   join
    5   register a product
    10  say it again
    6   try again what was refused
    6   say otherwise
    """
)

GOODS_ACTS = weights(
    """
    4   order
    8   deliver the rest
    2   close an order
    4   credit
    12  report
    2   join
    14  pack
    5   unpack
    1   allocate
    10  ship
    12  answer
    2   say it again
    1   say otherwise
    """
)
"""What stations do that are about goods they have."""

QUANTITIES = weights(
    """
    10  1
    60  50
    20  1000
    5   10000000
    5   1800000000
    5   3707398432
    """
)

AMOUNTS = weights(
    """
    55  30000
    30  1000000
    10  10000000000
    9   100000000000000
    """
)

MISTAKES = weights(
    """
    2  no lines
    2  too many lines
    2  no quantity
    1  a negative quantity
    1  too large a quantity
    2  an unknown template
    2  mixed groups
    2  a GTIN twice
    1  a price where none belongs
    1  no price
    1  too high a price
    1  no id
    1  too long an id
    1  a line feed in the id
    """
)


def usual_product(bin_: int, index: int) -> RegisterProduct:
    """Return the command that registers a GTIN in its usual group."""
    group = TEMPLATES[USUAL[index]].group
    number = next(number for number, name in GROUPS.items() if name == group)
    return RegisterProduct(bin_, GTINS[index], Group(number), "6403999300", f"Товар {index}")


class Station(Trading):
    """One client of a participant; several may belong to the same."""

    def __init__(
        self, name: str, bin_: int, dice: random.Random, acts: tuple[list[str], list[int]]
    ) -> None:
        super().__init__(bin_, dice, BINS)
        self._acts = acts
        self.name = name
        self.unanswered: list[Command] = []
        self.said: list[Command] = []
        self.refused: list[Command] = []
        first = BINS.index(bin_) * GOODS
        self.own = range(first, first + GOODS)
        self._count = 0

    def speak(self) -> Command:
        """Return what it asks next."""
        if self.unanswered and self.dice.random() < 0.5:
            return self.unanswered.pop(self.dice.randrange(len(self.unanswered)))
        command = self._new()
        self.said.append(command)
        return command

    def hear(self, seen: Seen) -> None:
        """Take an answer in; of other participants' answers only the order's id gets around."""
        if seen.command.bin == self.bin and seen.reason in REMEMBERED:
            self.refused.append(seen.command)
        self.hear_goods(seen)
        if isinstance(seen.value, OrderView):
            view = seen.value
            if view.bin == self.bin:
                self.orders[view.order_id] = {b.gtin: b.quantity for b in view.row.buffers}
            else:
                self.others.append(view.order_id)

    def _new(self) -> Command:
        goods = {
            "pack": self._pack, "unpack": self._unpack, "allocate": self._allocate,
            "ship": self._ship, "answer": self._answer, "trade wrongly": self._spoiled_goods,
        }  # fmt: skip
        act = draw(self.dice, self._acts)
        if act.startswith("say") and self.said:
            command = self.dice.choice(self.said)
            return command if act == "say it again" else self._otherwise(command)
        if act.startswith("try") and self.refused:
            return self.dice.choice(self.refused[-4:])
        if not self.codes and (act.startswith("report") or act in goods):
            act = "deliver the rest" if self.orders else "order"
        if act.startswith("deliver") and self.orders:
            return self._delivery(act)
        if act.startswith("close") and self.orders:
            order_id, buffers = self._some_order()
            gtin = self._gtin(buffers) if act == "close a buffer" else None
            return CloseOrder(self.bin, self._id(), order_id, gtin)
        if act.startswith("report"):
            report = self._report()
            return report if act == "report" else self._spoiled_report(report)
        if act in goods:
            return goods[act]()
        if act.startswith("order"):
            order = self._order()
            return order if act == "order" else self._spoiled(order)
        if act.startswith("register"):
            return self._product()
        return self._join() if act == "join" else self._credit()

    def _order(self) -> CreateOrder:
        choice = self.own if self.dice.random() < 0.95 else range(len(GTINS))
        gtins = self.dice.sample(choice, self.dice.choice((1, 1, 1, 2, 3)))
        group = self._template(gtins[0]).group
        lines = []
        for index in gtins:
            fitting = [n for n, t in TEMPLATES.items() if t.group == group]
            number = self.dice.choice(fitting)
            limit = TEMPLATES[number].price_limit
            price = self.dice.choice((0, 9500, limit)) if limit >= 0 else None
            most = int(draw(self.dice, QUANTITIES))
            quantity = most if most > 1000 else self.dice.randint(1, most)
            own = self._serials(number) if self.dice.random() < 0.3 else ()
            lines.append(OrderLine(GTINS[index], len(own) or quantity, number, price, own))
        if self.dice.random() < 0.8:
            return CreateOrder(self.bin, self._id(), tuple(lines))
        forgotten_us = self.dice.choice((1, 3_600, 900_000)) * 1_000_000
        return CreateOrder(self.bin, self._id(), tuple(lines), '{"contact":"А"}', forgotten_us)

    def _serials(self, number: int) -> tuple[str, ...]:
        """Return serials of which there are few, so that they meet; some of a wrong form."""
        template = TEMPLATES[number]
        size = template.serial_size - (template.form[0] == "3") - (self.dice.random() < 0.03)
        count = self.dice.choice((1, 2, 5, 20))
        letters = self.dice.choice(("ab", "ab", "abc", "ABCDE", "ABCDEFGH", "АБ"))
        pool = {
            "x" * (size - 5) + "".join(self.dice.choices(letters, k=5)) for _ in range(count)
        }
        again = (min(pool),) if self.dice.random() < 0.03 else ()
        return (*sorted(pool), *again)

    def _template(self, index: int):
        """Return mostly what is usual for the GTIN."""
        if self.dice.random() < 0.1:
            return TEMPLATES[self.dice.choice(list(TEMPLATES))]
        return TEMPLATES[USUAL[index]]

    def _product(self) -> RegisterProduct:
        """Return mostly what is usual; now and then another's GTIN, another group, a bad code."""
        index = self.dice.choice(self.own if self.dice.random() < 0.8 else range(len(GTINS)))
        command = usual_product(self.bin, index)
        return dataclasses.replace(
            command,
            group=Group(self.dice.choice(list(GROUPS))) if self.dice.random() < 0.2 else
            command.group,
            name_kk=self.dice.choice(("", "Тауар")),
            tnved=self.dice.choice(("6403", command.tnved, command.tnved, "64039")),
        )  # fmt: skip

    def _spoiled(self, order: CreateOrder) -> CreateOrder:
        first, rest = order.lines[0], order.lines[1:]
        lines = {
            "no lines": (),
            "too many lines": order.lines * 11,
            "no quantity": (*rest, dataclasses.replace(first, quantity=0)),
            "a negative quantity": (dataclasses.replace(first, quantity=-1),),
            "too large a quantity": (dataclasses.replace(first, quantity=WHOLE_SERIES + 1),),
            "an unknown template": (*rest, dataclasses.replace(first, template_id=2)),
            "mixed groups": (OrderLine(GTINS[0], 1, 1), OrderLine(GTINS[1], 1, 10)),
            "a GTIN twice": (*order.lines, first),
            "a price where none belongs": (OrderLine(first.gtin, 5, 10, 100),),
            "no price": (OrderLine(first.gtin, 5, 4),),
            "too high a price": (OrderLine(first.gtin, 5, 3, 10**6),),
        }
        ids = {"no id": "", "too long an id": "x" * 65, "a line feed in the id": "1\n2"}
        mistake = draw(self.dice, MISTAKES)
        return dataclasses.replace(
            order,
            lines=lines.get(mistake, order.lines),
            request_id=ids.get(mistake, order.request_id),
        )

    def _delivery(self, act: str) -> DeliverBlock:
        order_id, buffers = self._some_order()
        gtin = self._gtin(buffers)
        quantity = buffers.get(gtin, 1)
        if act == "deliver another's":
            order_id = self.dice.choice([*self.others, uuid.UUID(int=7)])
        asked = {
            "deliver a part": self.dice.randint(1, max(1, quantity // 3)),
            "deliver the rest": 0,
            "deliver too much": quantity + self.dice.randint(0, 1),
            "deliver another's": 1,
        }[act]
        remembers = self.dice.random() < 0.8
        return DeliverBlock(self.bin, order_id, gtin, self._id(), asked, remembers)

    def _credit(self) -> CreditAccount:
        amount = self.dice.randint(1, int(draw(self.dice, AMOUNTS)))
        reference = f"payment {self.dice.randrange(10 ** self.dice.choice((1, 6)))}"
        return CreditAccount(self.bin, amount, reference)

    def _join(self) -> Command:
        day = FOUNDED + dt.timedelta(days=self.dice.choice((0, 0, 0, 1, 60)))
        if self.dice.random() < 0.6:
            return ActivateParticipant(self.bin, day)
        return RegisterParticipant(self.bin, self.dice.choice((f"ТОО {self.bin}", "ИП Ержан")), day)

    def _otherwise(self, command: Command) -> Command:
        """Return a command under an id that was used for another."""
        match command:
            case CreateOrder(lines=lines) if lines:
                return dataclasses.replace(command, **self._changed(lines[0], lines[1:]))
            case DeliverBlock():
                return dataclasses.replace(command, quantity=command.quantity + 1)
            case CloseOrder():
                return dataclasses.replace(command, gtin=GTINS[0] if command.gtin is None else None)
            case ReportCodes(codes=codes) if codes.text:
                return dataclasses.replace(command, codes=dataclasses.replace(codes, text=b"?"))
            case AllocateSsccs():
                return dataclasses.replace(command, quantity=command.quantity + 1)
            case ReportCodes() | AggregateCodes() | DisaggregateBoxes() | ShipCodes():
                return dataclasses.replace(command, details="{}")
            case AcceptTransfer() | RejectTransfer() | RecallTransfer():
                return dataclasses.replace(command, details="{}")
            case CreditAccount():
                return dataclasses.replace(command, amount_tiyn=command.amount_tiyn + 1)
        return command

    def _changed(self, first: OrderLine, rest: tuple[OrderLine, ...]) -> dict[str, object]:
        """Return one thing of an order that is not as it was."""
        field, value = self.dice.choice(
            (
                ("quantity", first.quantity + 1),
                ("gtin", GTINS[-1] if first.gtin == GTINS[0] else GTINS[0]),
                ("template_id", {3: 4, 4: 3, 7: 9}.get(first.template_id, first.template_id)),
                ("price_tiyn", None if first.price_tiyn is None else first.price_tiyn ^ 1),
            )
        )
        if self.dice.random() < 0.2:
            return {"details": "{}"}
        return {"lines": (dataclasses.replace(first, **{field: value}), *rest)}

    def _gtin(self, buffers: dict[int, int]) -> int:
        if self.dice.random() < 0.05:
            return self.dice.choice(GTINS)
        return self.dice.choice(list(buffers))

    def _id(self) -> str:
        """Return a new id; now and then one that another station may use as well."""
        self._count += 1
        return self.dice.choice("123456789") if self.dice.random() < 0.05 else (
            f"{self.name}-{self._count}"
        )  # fmt: skip
