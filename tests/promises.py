"""What clients were told, and whether a store keeps to it.

A `Promise` is an answer that has reached a client. Whatever happens to the process or to the power
after that, a repeat of the command must be answered from memory and with the same facts, and the
codes of a delivered block must be the same bytes. `keep` holds a store to a list of promises,
after `check_store` has held it to its invariants.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emitter.api import report_values, transfers, values
from emitter.client import Block, BufferState, OrderState
from emitter.engine.box_commands import (
    AggregateCodes,
    AllocateSsccs,
    BoxCommand,
    DisaggregateBoxes,
)
from emitter.engine.commands import (
    CloseOrder,
    Command,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    IssueToken,
    RegisterProduct,
    ReportCodes,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
    TransferCommand,
)
from emitter.errors import Refusal, Refused
from emitter.trade.circulation import DocumentKind
from emitter.v1.report_pb2 import Report, ReportState
from emitter.v1.transfer_pb2 import AcceptTransferResponse
from home import SSCC_PREFIX
from model_documents import sets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from emitter.client import Order
    from emitter.engine.delivery import BlockView
    from emitter.engine.keys import KeyRing
    from emitter.store.port import Store

REJECTED = ReportState.REPORT_STATE_REJECTED
_REMEMBERED = (
    CreateOrder | CloseOrder | DeliverBlock | CreditAccount | ReportCodes | BoxCommand
    | TransferCommand
)  # fmt: skip
_AT_ONCE = 500  # commands in the queues: below what the engine takes of one participant


class BrokenPromiseError(Exception):
    """The store does not hold what a client was told."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One answer: the command, its facts, when it was heard, and the codes that came with it.

    ``codes`` may be the beginning of a block, where the stream broke.
    """

    command: Command
    facts: object
    heard_ns: int
    codes: bytes = b""


@dataclass(slots=True)
class Kept:
    """How much was looked at."""

    promises: int = 0
    codes: int = 0
    carried_out: int = 0  # commands that nobody had been answered


def facts_of(command: Command, answer: Message | Refused | str) -> object:
    """Return what stays true of an answer for ever, as a value to compare."""
    if isinstance(answer, Refused):
        return Refusal(answer.reason, dict(answer.refusal.details))
    match command:
        case CreateOrder():
            return _order_facts(answer)
        case CloseOrder():
            return _closing_facts(command, answer)
        case DeliverBlock() | ReportCodes() | AggregateCodes() | DisaggregateBoxes():
            return answer.SerializeToString(deterministic=True)
        case IssueToken() | AllocateSsccs():
            return answer
        case ShipCodes() | AcceptTransfer() | RejectTransfer() | RecallTransfer():
            return _transfer_facts(command, answer)
        case RegisterProduct():
            return answer.bin, answer.gtin, answer.name_ru, answer.product_group
        case _:
            return answer.bin, answer.name


def _transfer_facts(command: TransferCommand, answer: AcceptTransferResponse) -> object:
    """Return what was shipped or answered; how a shipment ends is not told by its beginning."""
    document = answer.document.SerializeToString(deterministic=True)
    transfer = answer.transfer
    end = () if isinstance(command, ShipCodes) else (transfer.state, transfer.accepted_count)
    if answer.document.state == REJECTED:
        end = ()  # it has answered nothing; others may have
    return document, transfer.transfer_id, transfer.code_count, tuple(transfer.boxes), end


def _order_facts(order: Order) -> object:
    return (
        order.order_id,
        order.create_time.ToNanoseconds(),
        order.gross_tiyn,
        [
            (b.gtin, b.template_id, b.quantity, b.price_tiyn, b.tariff_net_tiyn, b.record_size)
            for b in order.buffers
        ],
    )


def _closing_facts(command: CloseOrder, order: Order) -> object:
    """Return what was left undelivered for ever by the closing of an order, or of a buffer."""
    closed = [
        (b.gtin, b.delivered_quantity)
        for b in order.buffers
        if command.gtin in (None, int(b.gtin)) and b.state == BufferState.BUFFER_STATE_CLOSED
    ]
    whole = command.gtin is None and order.state == OrderState.ORDER_STATE_CLOSED
    return order.order_id, closed, whole


def keep(
    store: Store, keys: KeyRing, promises: Sequence[Promise], unanswered: Sequence[Command] = ()
) -> Kept:
    """Raise `BreachError` or `BrokenPromiseError` unless the store holds all it must.

    ``unanswered`` are commands that may or may not have been carried out: they are sent again, as
    their clients would, and must fit in.
    """
    check_store(store, whole=True)
    engine = Engine(store, keys, threaded=False, sscc_prefix=SSCC_PREFIX)
    kept = Kept(promises=len(promises))
    for start in range(0, len(promises), _AT_ONCE):
        _keep_some(engine, promises[start : start + _AT_ONCE])
    for command in unanswered:
        try:
            kept.carried_out += engine.execute(command).replayed
        except Refused as refused:
            kept.carried_out += refused.refusal.replayed
    if unanswered:
        check_store(store, whole=True)
    kept.codes = _require_distinct_codes(engine, promises)
    return kept


def _keep_some(engine: Engine, promises: Sequence[Promise]) -> None:
    """Repeat the commands of promises and compare what is answered now with what was."""
    repeats = []
    for promise in promises:
        if isinstance(promise.command, IssueToken):
            who = engine.authenticate(str(promise.facts))
            _require((who.role, who.bin) == (promise.command.role, promise.command.bin), promise)
        else:
            repeats.append((promise, engine.submit(promise.command)))
    engine.work_off()
    for promise, future in repeats:
        refused = future.exception()
        if isinstance(refused, Refused):
            _require(refused.refusal.replayed, promise, f"now refused: {refused}")
            _require(facts_of(promise.command, refused) == promise.facts, promise, str(refused))
            continue
        answer = future.result()
        if isinstance(promise.command, _REMEMBERED):
            _require(answer.replayed, promise, "carried out a second time")
        facts = facts_of(promise.command, _message(promise.command, answer.value))
        _require(facts == promise.facts, promise, f"now {facts}")
        if promise.codes:
            made = engine.records(answer.value, 0, answer.value.row.quantity)
            _require(made.startswith(promise.codes), promise, "other codes")


def _message(command: Command, value: object) -> Message:
    """Return the answer as the protocol says it."""
    match command:
        case CreateOrder() | CloseOrder():
            return values.order(value)
        case DeliverBlock():
            return values.block(value)
        case RegisterProduct():
            return values.product(value)
        case ReportCodes() | AggregateCodes() | DisaggregateBoxes():
            return report_values.report(value)
        case AllocateSsccs():
            return value.texts()
        case ShipCodes() | AcceptTransfer() | RejectTransfer() | RecallTransfer():
            return AcceptTransferResponse(
                document=report_values.report(value.document),
                transfer=transfers.transfer(value.transfer) if value.transfer else None,
            )
        case _:
            return values.account(value)


def _require(truth: object, promise: Promise, what: str = "") -> None:
    if not truth:
        raise BrokenPromiseError(f"{promise.command}\n  was told {promise.facts}\n  {what}")


def _require_distinct_codes(engine: Engine, promises: Sequence[Promise]) -> int:
    """Make every code that the store has delivered, and see that none was delivered twice."""
    codes: set[bytes] = set()
    count = 0
    for bin_ in sorted({p.command.bin for p in promises if isinstance(p.command, DeliverBlock)}):
        for block in _blocks(engine, bin_):
            records = engine.records(block, 0, block.row.quantity)
            codes.update(_split(records, block.record_size))
            count += block.row.quantity
    if len(codes) != count:
        raise BrokenPromiseError(f"{count - len(codes)} codes were delivered twice")
    return count


def _blocks(engine: Engine, bin_: int) -> list[BlockView]:
    """Return every block of a participant."""
    blocks, token = [], b""
    while True:
        orders, token = engine.orders(bin_, page_size=1000, page_token=token)
        for order in orders:
            for buffer in order.row.buffers:
                if buffer.delivered:
                    found, _ = engine.blocks(bin_, order.order_id, buffer.gtin, page_size=10_000)
                    blocks += found
        if not token:
            return blocks


def goods_of(promises: Sequence[Promise]) -> Counter[str]:
    """Return how many documents about goods clients were told of that did something, by kind.

    And how many of them named codes by a transfer.
    """
    told: Counter[str] = Counter()
    for promise in promises:
        match promise.command, promise.facts:
            case (AggregateCodes() | DisaggregateBoxes(), bytes() as packed):
                document = Report.FromString(packed)
            case (ShipCodes() | AcceptTransfer() | RejectTransfer() | RecallTransfer(), tuple()):
                document = Report.FromString(promise.facts[0])
            case _:
                continue
        told[DocumentKind(document.kind).name] += document.state != REJECTED
        named = any(codes.transfers for codes in sets_of(promise.command))
        told["named by a transfer"] += named and document.state != REJECTED
    return told


def settle_up(engine: Engine, promises: Sequence[Promise]) -> Counter[str]:
    """Compare the accounts with what was told, once nothing is unanswered; return the sums.

    Every payment told is credited, every block told is captured, every order told is there, and
    nothing else; and no code has reached clients in two blocks.
    """
    told: Counter[tuple[int, str]] = Counter()
    codes: Counter[bytes] = Counter()
    accepted = [each for each in promises if not isinstance(each.facts, Refusal)]
    for promise in {each.command: each for each in accepted}.values():
        match promise.command:
            case CreditAccount(bin=bin_, amount_tiyn=amount):
                told[bin_, "credited_tiyn"] += amount
            case CreateOrder(bin=bin_):
                told[bin_, "orders"] += 1
            case DeliverBlock(bin=bin_):
                block = Block.FromString(promise.facts)
                told[bin_, "captured_tiyn"] += block.gross_tiyn
                codes.update(_split(promise.codes, len(promise.codes) // block.quantity))
    sums: Counter[str] = Counter()
    for bin_ in sorted({bin_ for bin_, _ in told}):
        account = engine.account(bin_)
        orders, _ = engine.orders(bin_, page_size=1_000_000)
        now = {
            "credited_tiyn": account.credited_tiyn,
            "captured_tiyn": account.captured_tiyn,
            "orders": len(orders),
        }
        for name, value in now.items():
            if told[bin_, name] != value:
                raise BrokenPromiseError(f"{bin_}: {name} {value}, told {told[bin_, name]}")
        sums.update(now)
    if codes.total() != len(codes):
        raise BrokenPromiseError("a code has reached clients in two blocks")
    return sums + Counter(codes=len(codes))


def _split(records: bytes, size: int) -> list[bytes]:
    return [records[at : at + size] for at in range(0, len(records), size)]
