"""The words of the plain engine: templates, forms of commands, values. See `model`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import model_boxes
import model_reports
import model_transfers
from emitter.engine.box_commands import AggregateCodes, AllocateSsccs, DisaggregateBoxes
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    ExpireOrder,
    RegisterParticipant,
    RegisterProduct,
    ReportCodes,
)
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from model_serials import broken_serials
from oracles import Buffer as Shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.commands import Command, OrderLine
    from model import Model

DAY_US = 86_400_000_000
PRICE_NET_TIYN = 268
ALMATY_US = 5 * 3_600_000_000  # Kazakhstan has one zone, UTC+5, since 2024-03-01


class Template(NamedTuple):
    group: str
    serial_size: int
    form: str
    counter_limit: int
    price_limit: int  # -1: no price


def _templates(table: str) -> dict[int, Template]:
    rows = {}
    for line in table.strip().splitlines()[1:]:
        number, group, size, digit, alphabet, price = line.split()
        space = int(alphabet) ** (int(size) - (digit != "-"))
        limit = space if space < 2**60 else 2**40
        rows[int(number)] = Template(group, int(size), digit + alphabet, limit, int(price))
    return rows


TEMPLATES = _templates(
    """
    id  group      serial  digit  alphabet  price_limit
    1   shoes      13      3      82        -1
    3   tobacco    7       -      82        999999
    4   tobacco    7       -      82        40959999
    5   pharma     13      -      62        -1
    7   tires      13      3      82        -1
    8   cameras    20      3      82        -1
    9   perfumery  13      3      82        -1
    10  lp         13      3      82        -1
    11  bicycles   13      3      82        -1
    12  medical    13      3      82        -1
    16  water      13      3      82        -1
    18  beer       7       3      82        -1
    20  milk       6       3      82        -1
    """
)

GROUPS = dict(enumerate(
    ("shoes", "tobacco", "pharma", "tires", "cameras", "perfumery", "lp", "bicycles", "medical",
     "water", "beer", "milk"), 1,
))  # fmt: skip

REMEMBERED = {
    "FUNDS_INSUFFICIENT", "PARTICIPANT_NOT_ACTIVE", "SERIAL_FORM_FIXED", "SERIALS_EXHAUSTED",
    "PRODUCT_GROUP", "ORDERS_ACTIVE_LIMIT", "QUANTITY_LEFT", "TRANSITION_REFUSED",
    "SERIAL_SOURCE_FIXED", "SERIALS_TAKEN", "BOX_EXISTS", "BOX_FULL", "SSCCS_EXHAUSTED",
    "RECIPIENT_UNAVAILABLE",
}  # fmt: skip

# From which account to which an amount moves; a capture goes to REVENUE and VAT.
ENTRIES = {
    "CREDIT": ("BANK", "AVAILABLE"),
    "RESERVE": ("AVAILABLE", "ESCROW"),
    "RELEASE": ("ESCROW", "AVAILABLE"),
}


class Line(NamedTuple):
    """A transaction of the journal, without its time and number."""

    kind: str
    entries: tuple[tuple[str, int], ...]
    order_id: UUID | None = None
    gtin: int = 0
    reference: str = ""
    quantity: int = 0


class Participant(NamedTuple):
    name: str
    registered_on: dt.date
    activated_on: dt.date | None = None


class Product(NamedTuple):
    bin: int
    group: str
    tnved: str
    names: tuple[str, str]


class Buffer(NamedTuple):
    gtin: int
    template_id: int
    first: int
    quantity: int
    vat_bp: int
    delivered: int = 0
    closed: bool = False
    expired: bool = False

    @property
    def state(self) -> str:
        if self.closed or self.expired:
            return "CLOSED" if self.closed else "EXPIRED"
        return "EXHAUSTED" if self.delivered == self.quantity else "ACTIVE"

    @property
    def left(self) -> int:
        return self.quantity - self.delivered

    def gross(self, count: int) -> int:
        return Shares(self.quantity, PRICE_NET_TIYN, self.vat_bp).gross(count)


class Order(NamedTuple):
    bin: int
    buffers: tuple[Buffer, ...]

    @property
    def state(self) -> str:
        if any(buffer.expired for buffer in self.buffers):
            return "EXPIRED"
        return "CLOSED" if all(buffer.closed for buffer in self.buffers) else "READY"

    def buffer(self, gtin: int) -> Buffer | None:
        return next((buffer for buffer in self.buffers if buffer.gtin == gtin), None)

    def with_buffers(self, *changed: Buffer) -> Order:
        new = {buffer.gtin: buffer for buffer in changed}
        return Order(self.bin, tuple(new.get(b.gtin, b) for b in self.buffers))


class Block(NamedTuple):
    first: int
    quantity: int
    net_tiyn: int
    vat_tiyn: int
    block_id: str


class Facts(NamedTuple):
    """What an answer shows: ``fixed`` for ever, ``current`` as it is now."""

    fixed: object
    current: object = None


class Memory(NamedTuple):
    body: object
    reason: str
    details: Mapping[str, str]
    until_us: int | None
    link: object


class Said(NamedTuple):
    """What the model answers, and what it changes; ``lasting`` if another command may notice."""

    reason: str
    details: Mapping[str, str] = {}
    replayed: bool = False
    facts: Facts | None = None
    line: Line | None = None
    change: Callable[[Model], None] | None = None
    lasting: bool = False
    link: object = None


def civil_date(now_us: int) -> dt.date:
    epoch = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a civil clock
    return (epoch + dt.timedelta(microseconds=now_us + ALMATY_US)).date()


def vat_bp(on: dt.date) -> int:
    return 1200 if on <= dt.date(2025, 12, 31) else 1600


def identity(command: Command) -> tuple[tuple[object, ...] | None, object]:
    """Return under which id a command is remembered, and what a repeat must say."""
    match command:
        case CreateOrder():
            body = (command.lines, command.details)
            return ("order", command.bin, command.request_id), body
        case CloseOrder():
            body = (command.order_id, command.gtin)
            return ("close", command.bin, command.request_id), body
        case DeliverBlock():
            place = (command.bin, command.order_id, command.gtin)
            return ("block", *place, command.block_id), command.quantity
        case ReportCodes():
            body = (command.kind, command.reason, command.acceptance, command.dated_on,
                    command.details, command.codes)  # fmt: skip
            return ("report", command.bin, command.request_id), body
        case AggregateCodes():
            body = ("pack", command.units, command.acceptance, command.details)
            return ("boxes", command.bin, command.request_id), body
        case DisaggregateBoxes():
            body = ("unpack", command.boxes, command.taken, command.acceptance, command.details)
            return ("boxes", command.bin, command.request_id), body
        case AllocateSsccs():
            return ("boxes", command.bin, command.request_id), command.quantity
        case ShipCodes() | AcceptTransfer() | RejectTransfer() | RecallTransfer():
            return ("transfers", command.bin, command.request_id), command
        case CreditAccount():
            return ("payment", command.reference), (command.bin, command.amount_tiyn)
    return None, None


def memory_us(command: Command, reason: str, refusal_memory_us: int) -> int | None:
    """Return how long a verdict is kept under the command's id: 0 not at all, None for ever."""
    forgotten = CreateOrder | ReportCodes | AggregateCodes | DisaggregateBoxes
    chosen = command.memory_us if isinstance(command, forgotten) else 0
    if reason == "OK":
        return chosen or None
    kept = not isinstance(command, CreditAccount | RegisterProduct) and not chosen
    if isinstance(command, CreateOrder | DeliverBlock):
        kept = command.remembers_refusals and not chosen
    return refusal_memory_us if kept and reason in REMEMBERED else 0


def form(command: Command, limits: Limits) -> str | None:
    """Return the reason why a command is refused before anybody looks at the store."""
    return next(_broken_forms(command, limits), None)


def _broken_forms(command: Command, limits: Limits) -> Iterator[str]:
    match command:
        case RegisterParticipant():
            yield from _text(command.name, 256)
        case RegisterProduct():
            yield from _text(command.name_ru, 256)
            yield from _text(command.name_kk or "-", 256)
            if not (len(command.tnved) in (4, 10) and set(command.tnved) <= set("0123456789")):
                yield "TNVED_INVALID"
        case CreditAccount():
            yield from _text(command.reference, 64)
            if not 0 < command.amount_tiyn <= 10**15:
                yield "AMOUNT_OUT_OF_RANGE"
        case DeliverBlock():
            yield from _text(command.block_id, 64)
            if not 0 <= command.quantity <= limits.quantity_max:
                yield "QUANTITY_OUT_OF_RANGE"
        case CloseOrder():
            yield from _text(command.request_id, 64)
        case CreateOrder():
            yield from _text(command.request_id, 64)
            if not command.lines:
                yield "FIELD_REQUIRED"
            if len(command.details.encode()) > limits.details_bytes_max:
                yield "LIMIT_EXCEEDED"
            yield from _lines(command.lines, limits)
            yield from broken_serials(command, limits, TEMPLATES)
        case _ if not isinstance(command, ActivateParticipant | ExpireOrder):
            yield from _text(command.request_id, 64)
            yield from _broken_goods(command, limits)


def _broken_goods(command: Command, limits: Limits) -> Iterator[str]:
    match command:
        case ReportCodes():
            yield from model_reports.broken_forms(command, limits)
        case AggregateCodes() | DisaggregateBoxes() | AllocateSsccs():
            yield from model_boxes.broken_forms(command, limits)
        case ShipCodes() | AcceptTransfer() | RejectTransfer() | RecallTransfer():
            yield from model_transfers.broken_forms(command, limits)


def _text(text: str, chars_max: int) -> Iterator[str]:
    if not text:
        yield "FIELD_REQUIRED"
    if len(text) > chars_max or not text.isprintable():
        yield "TEXT_INVALID"


def _lines(lines: tuple[OrderLine, ...], limits: Limits) -> Iterator[str]:
    if len(lines) > limits.lines_max:
        yield "LIMIT_EXCEEDED"
    for index, line in enumerate(lines):
        yield from _line(line, lines[:index], limits)


def _line(line: OrderLine, before: tuple[OrderLine, ...], limits: Limits) -> Iterator[str]:
    if not 1 <= line.quantity <= limits.quantity_max:
        yield "QUANTITY_OUT_OF_RANGE"
    if line.template_id not in TEMPLATES:
        yield "TEMPLATE_UNKNOWN"
    template, price = TEMPLATES[line.template_id], line.price_tiyn
    if any(TEMPLATES[other.template_id].group != template.group for other in before):
        yield "GROUP_MIXED"
    if any(other.gtin == line.gtin for other in before):
        yield "GTIN_REPEATED"
    if template.price_limit < 0 and price is not None:
        yield "PRICE_REFUSED"
    if template.price_limit >= 0 and (price is None or not 0 <= price <= template.price_limit):
        yield "PRICE_REQUIRED"


def line_of(kind: str, amount: int, **fields: object) -> Line:
    source, target = ENTRIES[kind]
    return Line(kind, ((source, -amount), (target, amount)), **fields)
