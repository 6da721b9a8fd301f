"""Reports in the plain engine: a dictionary of codes for each buffer, one code after the other.

Which state follows from which is a table of its own, and so is which reasons a kind takes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from emitter.trade.circulation import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.commands import ReportCodes
    from model import Model
    from model_values import Said

STATES = ("", "EMITTED", "APPLIED_AND_PAID", "INTRODUCED", "WITHDRAWN", "WRITTEN_OFF", "ANNULLED")
PAID = "APPLIED_AND_PAID"

# kind, what its reason is called, from which state to which; the rest is refused
MOVES = {
    "UTILISATION": (None, {PAID: PAID, "INTRODUCED": "INTRODUCED"}),
    "INTRODUCTION": ("IntroductionWay", {PAID: "INTRODUCED"}),
    "DROPOUT": ("DropoutReason", {PAID: "WRITTEN_OFF", "INTRODUCED": "WRITTEN_OFF"}),
    "WITHDRAWAL": ("WithdrawalReason", {"INTRODUCED": "WITHDRAWN"}),
    "RETURN": ("ReturnReason", {"WITHDRAWN": "INTRODUCED"}),
}


class CodeAt(NamedTuple):
    """The place of a code."""

    order_id: UUID
    gtin: int
    index: int


class Forged(NamedTuple):
    """A text that is a code but for its check."""

    code: CodeAt


class CodeFact(NamedTuple):
    """What has become of a code that has left its first state."""

    state: str
    utilised: bool


class Lost(NamedTuple):
    """A code that was named in vain: by which item, why, its state and its place if told."""

    item: int
    reason: str
    state: str = ""
    place: CodeAt | None = None


class Document(NamedTuple):
    """A report that was carried out."""

    bin: int
    kind: str
    acceptance: str
    status: str
    codes: int
    moved: tuple[CodeAt, ...]
    lost: tuple[Lost, ...]

    @property
    def facts(self) -> tuple[object, ...]:
        """What the answer shows of it."""
        return (self.bin, self.kind, self.acceptance, self.status, self.codes, len(self.moved),
                len(self.lost))  # fmt: skip


def broken_forms(command: ReportCodes, limits: Limits) -> Iterator[str]:
    """Return what is wrong with a report whatever is in the store."""
    if command.kind.name not in MOVES:
        yield "FIELD_INVALID"
    taken = MOVES[command.kind.name][0]
    if taken and command.reason is None:
        yield "FIELD_REQUIRED"
    if command.reason is not None and type(command.reason).__name__ != taken:
        yield "FIELD_INVALID"
    if len(command.details.encode()) > limits.details_bytes_max:
        yield "LIMIT_EXCEEDED"
    codes = command.codes
    texts = codes.text.split(b"\n") if codes.text else []
    ranges = len(codes.spans) + len(codes.blocks)
    if not texts and not ranges:
        yield "REPORT_EMPTY"
    if len(texts) > limits.report_codes_max or ranges > limits.report_spans_max:
        yield "LIMIT_EXCEEDED"


def missing(model: Model, command: ReportCodes) -> tuple[str, dict[str, str]] | None:
    """Return why a report names ranges that are not there: found out before its turn."""
    return next(_missing(model, command), None)


def _missing(model: Model, command: ReportCodes) -> Iterator[tuple[str, dict[str, str]]]:
    for number, (order_id, gtin, first, quantity) in enumerate(command.codes.spans):
        yield from _missing_buffer(model, command, order_id, gtin)
        buffer = model.orders[order_id].buffer(gtin)
        if first < 0 or quantity < 1 or first + quantity > buffer.quantity:
            yield "SPAN_INVALID", {"field": f"spans[{number}]", "limit": str(buffer.quantity)}
    for order_id, gtin, block_id in command.codes.blocks:
        yield from _missing_buffer(model, command, order_id, gtin)
        if block_id not in {block.block_id for block in model.blocks.get((order_id, gtin), ())}:
            yield "BLOCK_NOT_FOUND", {"block_id": block_id}


def _missing_buffer(
    model: Model, command: ReportCodes, order_id: UUID, gtin: int
) -> Iterator[tuple[str, dict[str, str]]]:
    order = model.orders.get(order_id)
    if order is None or order.bin != command.bin:
        yield "ORDER_NOT_FOUND", {}
    if order.buffer(gtin) is None:
        yield "BUFFER_NOT_FOUND", {}


def state_of(model: Model, code: CodeAt) -> CodeFact:
    """Return what a code is now."""
    left = model.codes.get((code.order_id, code.gtin), {})
    if code.index in left:
        return left[code.index]
    buffer = model.orders[code.order_id].buffer(code.gtin)
    if code.index < buffer.delivered:
        return CodeFact(PAID, utilised=False)
    return CodeFact("ANNULLED" if buffer.closed or buffer.expired else "EMITTED", utilised=False)


def _mentions(model: Model, command: ReportCodes) -> Iterator[tuple[int, int, CodeAt | str]]:
    """Yield (item, first index of its run, code or why there is none)."""
    texts = command.codes.text.split(b"\n") if command.codes.text else []
    for item, text in enumerate(texts):
        named = model.names.get(text, "CODE_UNPARSABLE")
        if isinstance(named, Forged):  # of another's code no one is told that the check is wrong
            own = model.orders[named.code.order_id].bin == command.bin
            named = "CODE_FORGED" if own else "CODE_NOT_OWNED"
        yield item, named.index if isinstance(named, CodeAt) else 0, named
    item = len(texts)
    spans = list(command.codes.spans)
    for order_id, gtin, block_id in command.codes.blocks:
        block = next(b for b in model.blocks[order_id, gtin] if b.block_id == block_id)
        spans.append((order_id, gtin, block.first, block.quantity))
    for number, (order_id, gtin, first, quantity) in enumerate(spans):
        for index in range(first, first + quantity):
            yield item + number, first, CodeAt(order_id, gtin, index)


def carry_out(model: Model, command: ReportCodes) -> tuple[Document, dict[CodeAt, CodeFact]]:
    """Return the document of a report, and what becomes of the codes it moves."""
    table = MOVES[command.kind.name][1]
    after: dict[CodeAt, CodeFact] = {}
    lost: list[Lost] = []
    seen: set[CodeAt] = set()
    mentions = sorted(_mentions(model, command), key=lambda mention: (mention[1], mention[0]))
    for item, _, code in mentions:
        if isinstance(code, str):
            lost.append(Lost(item, code))
            continue
        owned = model.orders[code.order_id].bin == command.bin
        if code in seen:
            lost.append(Lost(item, "CODE_REPEATED", place=code if owned else None))
            continue
        seen.add(code)
        fact = state_of(model, code)
        flag = command.kind is DocumentKind.UTILISATION
        if not owned:
            lost.append(Lost(item, "CODE_NOT_OWNED"))
        elif flag and fact.utilised:
            lost.append(Lost(item, "CODE_UTILISED_ALREADY", fact.state, code))
        elif fact.state not in table:
            lost.append(Lost(item, "CODE_MOVE_REFUSED", fact.state, code))
        else:
            after[code] = CodeFact(table[fact.state], fact.utilised or flag)
    status = "PARTLY_ACCEPTED" if lost else "ACCEPTED"
    if lost and (command.acceptance.name == "WHOLE" or not after):
        status, after = "REJECTED", {}
    named = (command.bin, command.kind.name, command.acceptance.name, status, len(mentions))
    return Document(*named, tuple(sorted(after)), tuple(sorted(lost, key=repr))), after


def words(lost: Iterable[Lost]) -> str:
    """Return how many codes were named in vain why, and in which state."""
    return str(sorted(Counter((one.reason, one.state) for one in lost).items()))


def judge_report(
    model: Model, command: ReportCodes, made: UUID | None, said: type[Said], facts: type
) -> Said:
    """Return the answer to a report that is new."""
    document, after = carry_out(model, command)
    codes, copied = dict(model.codes), set()
    for (order_id, gtin, index), fact in after.items():
        if (order_id, gtin) not in copied:
            codes[order_id, gtin] = dict(codes.get((order_id, gtin), {}))
            copied.add((order_id, gtin))
        codes[order_id, gtin][index] = fact

    def change(model: Model) -> None:
        model.codes = codes
        model.documents[made] = document

    told = {"lost": words(document.lost)}
    return said(
        "OK", told, facts=facts((made, document.facts)), change=change, lasting=True, link=made
    )
