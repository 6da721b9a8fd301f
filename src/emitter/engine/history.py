"""What happened to a code and who owned it when: emission, delivery, documents, changes of owner.

The operator sees everything. A participant sees a code that is or was its own: its owner all of its
history, a former owner what happened until it gave the goods away. To others it is not found.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from emitter.engine.code_states import undelivered
from emitter.engine.documents import read_history
from emitter.engine.identifying import identification_codes
from emitter.engine.locating import locate_codes
from emitter.engine.reading import read_order
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.holding_keys import Side, transfer_key
from emitter.store.rows import BlockRow, ParticipantRow
from emitter.store.transfer_rows import TransferRow
from emitter.trade.circulation import MOVES, STATE_MASK, UTILISED, DocumentKind
from emitter.trade.states import CodeState
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from uuid import UUID

    from emitter.engine.keys import KeyRing
    from emitter.engine.locating import Place
    from emitter.engine.ranges import Ranges
    from emitter.engine.reports import DocumentView
    from emitter.store.port import Reader, Store
    from emitter.store.rows import BufferRow, OrderRow


class CodeEventKind(enum.IntEnum):
    """What happened to a code."""

    EMITTED = 1
    DELIVERED = 2
    ANNULLED = 3
    DOCUMENT = 4
    RETURNED = 5  # the recipient accepted others of the shipment


class HistoryEvent(NamedTuple):
    """An event: ``bin`` did it, ``other`` is the other side of a transfer (0: none).

    ``byte`` is the code's and ``owner`` its owner after it. ``id`` is that of the order, the block
    or the document; '' where the caller has none of it. ``at_us`` is 0 where it is not kept: of
    the closing of a single buffer.
    """

    at_us: int
    kind: CodeEventKind
    document: DocumentKind | None
    bin: int
    other: int
    id: str
    byte: int
    owner: int


class CodeHistory(NamedTuple):
    """The history of a code; ``recipient`` is whom it is shipped to, 0 for nobody.

    ``serial`` is '' for a code that has not been delivered.
    """

    gtin: int
    serial: str
    recipient: int
    events: list[HistoryEvent]
    names: dict[int, str]

    @property
    def state(self) -> CodeState:
        """Return the state after the last event."""
        return CodeState(self.events[-1].byte & STATE_MASK)

    @property
    def utilised(self) -> bool:
        """Return whether the line has reported that the code was put on goods."""
        return bool(self.events[-1].byte & UTILISED)

    @property
    def owner(self) -> int:
        """Return the owner after the last event."""
        return self.events[-1].owner


def read_code_history(
    text: bytes, bin_: int | None, store: Store, ranges: Ranges, keys: KeyRing
) -> CodeHistory:
    """Return the history of one code as a participant may see it, None the operator; or refuse."""
    if not text.strip() or b"\n" in text.rstrip(b"\n"):
        raise Refused(Reason.FIELD_INVALID, field="code", rule="one code", rule_ru="нужен один код")
    codes = locate_codes(text, store, ranges, keys, identification=True)
    reason = Reason(int(codes.reasons[0]))
    if reason:
        raise Refused(reason if bin_ is None else Reason.CODE_NOT_OWNED)
    place, index = codes.places[int(codes.slots[0])], int(codes.indexes[0])
    order = read_order(store, place.bin, place.order_id).row
    events = _birth(store, place, index, order, codes.buffers[int(codes.slots[0])])
    recipient = _later(store, place, index, events)
    if bin_ is not None:
        events, recipient = _seen_by(bin_, events, recipient)
    template = TEMPLATES[codes.buffers[int(codes.slots[0])].template_id]
    named = identification_codes(store, keys, place, [index])[0]
    serial = named[template.serial_at :].decode("latin-1")
    bins = {event.bin for event in events} | {event.other for event in events} | {recipient}
    names = _names(store, sorted(bins - {0}))
    return CodeHistory(place.gtin, serial, recipient, events, names)


def _birth(
    store: Store, place: Place, index: int, order: OrderRow, buffer: BufferRow
) -> list[HistoryEvent]:
    """Return emission, and delivery or annulment."""
    issuer, emitted = place.bin, int(CodeState.EMITTED)
    events = [HistoryEvent(order.created_us, CodeEventKind.EMITTED, None, issuer, 0,
                           str(place.order_id), emitted, issuer)]  # fmt: skip
    if index < buffer.delivered:
        start = schema.buffer_prefix(*place)
        stop = schema.block_key(*place, index + 1)
        _, packed = store.view(lambda r: r.scan(start, stop, limit=1, reverse=True))[0]
        block, paid = BlockRow.unpack(packed), int(CodeState.APPLIED_AND_PAID)
        events.append(HistoryEvent(block.delivered_us, CodeEventKind.DELIVERED, None, issuer, 0,
                                   block.block_id, paid, issuer))  # fmt: skip
    elif undelivered(buffer) is CodeState.ANNULLED:
        annulled = int(CodeState.ANNULLED)
        events.append(HistoryEvent(order.closed_us, CodeEventKind.ANNULLED, None, issuer, 0,
                                   str(place.order_id), annulled, issuer))  # fmt: skip
    return events


def _later(store: Store, place: Place, index: int, events: list[HistoryEvent]) -> int:
    """Add what documents did; return to whom the code is under way, 0 for nobody."""
    byte, owner, open_ = events[-1].byte, place.bin, None
    answers: dict[UUID, TransferRow] = {}
    views = read_history(store, place, index)
    for view in views:
        kind = DocumentKind(view.row.kind)
        if open_ is not None and open_.answer_id != view.document_id:
            events.append(_returned(open_, byte))  # it was answered without this code
            open_ = None
        other = 0
        if kind in MOVES:
            byte = MOVES[kind].table()[byte] or byte
        elif kind is DocumentKind.SHIPMENT:
            open_ = _transfer(store, view)
            other = open_.recipient
            if open_.answer_id:
                answers[open_.answer_id] = open_
        elif view.document_id in answers:
            row = answers[view.document_id]
            other = row.recipient if kind is DocumentKind.RECALL else row.sender
            owner = row.recipient if kind is DocumentKind.ACCEPTANCE else row.sender
            open_ = None
        events.append(HistoryEvent(view.row.at_us, CodeEventKind.DOCUMENT, kind, view.bin, other,
                                   str(view.document_id), byte, owner))  # fmt: skip
    if open_ is not None and open_.answer_id:
        events.append(_returned(open_, byte))
        open_ = None
    return open_.recipient if open_ else 0


def _transfer(store: Store, view: DocumentView) -> TransferRow:
    """Return the transfer of a shipment."""
    key = transfer_key(view.bin, Side.SENDER, view.document_id)
    packed = store.view(lambda reader: reader.get_many((key,)))[0]
    if packed is None:
        raise AssertionError("a shipment has no transfer")
    return TransferRow.unpack(packed)


def _returned(row: TransferRow, byte: int) -> HistoryEvent:
    return HistoryEvent(row.answered_us, CodeEventKind.RETURNED, None, row.recipient, row.sender,
                        str(row.answer_id), byte, row.sender)  # fmt: skip


def _seen_by(
    bin_: int, events: list[HistoryEvent], recipient: int
) -> tuple[list[HistoryEvent], int]:
    """Return what a participant may see; refuse what never was its own."""
    owned = [number for number, event in enumerate(events) if event.owner == bin_]
    if not owned:
        raise Refused(Reason.CODE_NOT_OWNED)
    if events[-1].owner != bin_:
        events, recipient = events[: owned[-1] + 2], 0  # with what gave it away
    told = [event if event.bin == bin_ else event._replace(id="") for event in events]
    return told, recipient


def _names(store: Store, bins: list[int]) -> dict[int, str]:
    """Return the names of participants."""

    def read(reader: Reader) -> dict[int, str]:
        rows = reader.get_many([schema.participant_key(bin_) for bin_ in bins])
        return {
            b: ParticipantRow.unpack(row).name for b, row in zip(bins, rows, strict=True) if row
        }

    return store.view(read)
