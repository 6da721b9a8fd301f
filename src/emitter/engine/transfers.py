"""Goods change hands: one participant ships, the other accepts or rejects, the first may recall.

While a shipment waits for its answer its codes are under way: nobody moves them. What is accepted
has a new owner, the rest is the sender's again. Each command is a document, so that every change
of an owner is explained by one. The money does not move.

Codes are written as runs (`store.spans`), so a shipment of a range of a million costs what one of
a single code costs. How many rows a transfer writes is known only in its transaction: it announces
what the maps as they are now could need, and is asked to come again where that has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.batch import Proposal
from emitter.engine.event_dates import require_past
from emitter.engine.holding import HoldingChange, change_holding, rows_to_hold
from emitter.engine.locating import Place
from emitter.engine.participants import require_active
from emitter.engine.reports import DocumentView, write_document
from emitter.engine.room import announce, require_room, rows_of_document
from emitter.engine.shipping import (
    BOX_ROWS,
    SIDES,
    ShipStep,
    TransferAnswer,
    answer_of,
    made_by,
    maps_rows,
    mark_boxes,
    put_transfer,
)
from emitter.engine.transfer_answers import accepted, returned, with_boxes
from emitter.engine.transfer_commands import AcceptTransfer, RecallTransfer, ShipCodes
from emitter.engine.transfer_reading import read_shipped, read_transfer
from emitter.store import schema
from emitter.store.code_rows import DocumentRow
from emitter.store.holding_keys import Holding, Side, holding_key, transfer_key
from emitter.store.transfer_rows import TransferRow
from emitter.trade.circulation import DocumentKind, DocumentStatus
from emitter.trade.states import TRANSFER, TransferState, next_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from emitter.engine.code_sets import CodeSet, NamedCodes
    from emitter.engine.transfer_answers import Answered
    from emitter.engine.transfer_commands import RejectTransfer, TransferCommand
    from emitter.engine.work import Work
    from emitter.store.port import Store


def transfer_step(
    command: TransferCommand,
    document_id: UUID,
    store: Store,
    name: Callable[[CodeSet, tuple[int, ...] | None], NamedCodes],
) -> ShipStep | AnswerStep:
    """Return the step of a command; ``name`` finds what a set of codes names.

    Boxes are the participant's, or, where some are given, of those. Refuses a transfer that the
    participant is not on the right side of: it is not found.
    """
    if isinstance(command, ShipCodes):
        return ShipStep(command, document_id, name(command.codes, None), store)
    side = Side.SENDER if isinstance(command, RecallTransfer) else Side.RECIPIENT
    view = read_transfer(store, command.bin, command.transfer_id, side)
    shipped = with_boxes(store, read_shipped(store, view), view.row.boxes)
    if isinstance(command, AcceptTransfer):
        codes = command.only or command.all_but
        answered = accepted(command, shipped, name(codes, view.row.boxes) if codes else None)
    else:
        kind = DocumentKind.RECALL if side is Side.SENDER else DocumentKind.REJECTION
        answered = returned(kind, shipped)
    return AnswerStep(command, document_id, answered, store)


class AnswerStep:
    """End a transfer: some codes have a new owner, the rest is the sender's again."""

    id_field = "request_id"
    remembers_refusals = True

    def __init__(
        self,
        command: AcceptTransfer | RejectTransfer | RecallTransfer,
        document_id: UUID,
        answered: Answered,
        store: Store,
    ) -> None:
        self.bin = command.bin
        self.digest = command.digest()
        self.request: bytes | None = schema.request_key(
            command.bin, schema.RequestKind.TRANSFER, command.request_id.encode()
        )
        self._details = command.details
        self._transfer_id = command.transfer_id
        self._document_id = document_id
        self._answered = answered
        self._side = Side.SENDER if answered.kind is DocumentKind.RECALL else Side.RECIPIENT
        self._row_key = transfer_key(command.bin, self._side, command.transfer_id)
        shipped = answered.shipped
        self._places = [Place(*buffer[:3]) for buffer in shipped]
        self._order_keys = [schema.order_key(place.bin, place.order_id) for place in self._places]
        accepts = answered.kind is DocumentKind.ACCEPTANCE
        whats = tuple(Holding) if accepts else (Holding.RECIPIENT,)
        maps = rows_to_hold(store, whats, shipped, apart=False)
        maps += rows_to_hold(store, whats, answered.accepted, apart=False)
        boxes = store.view(lambda reader: reader.get_many((self._row_key,)))[0]
        self._boxes = TransferRow.unpack(boxes).boxes if boxes else ()
        self._rows = SIDES + rows_of_document(answered.taken, answered.in_vain.items)
        self.rows_max = announce(maps + BOX_ROWS * len(self._boxes) + self._rows)

    def claims(self) -> tuple[bytes, ...]:
        """Return the request and the orders whose codes it is about; and boxes."""
        boxes = (schema.BOXES,) if self._boxes else ()
        return (self.request or b"", *boxes, *dict.fromkeys(self._order_keys))

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that it is judged by, but for pages of maps."""
        lives = [schema.life_key(*place) for place in self._places]
        roots = [holding_key(what, *place) for what in Holding for place in self._places]
        return (self.request or b"", schema.participant_key(self.bin), self._row_key,
                *self._order_keys, *lives, *roots)  # fmt: skip

    def judge(self, work: Work) -> Proposal:
        """Propose the answer."""
        answered = self._answered
        require_past(work.today, None, self._details)
        if answered.kind is DocumentKind.ACCEPTANCE:
            require_active(work, self.bin)
        row = work.read(self._row_key, TransferRow)
        if row is None:
            raise AssertionError("a transfer that was read is gone")
        state = next_state(
            TRANSFER, TransferState(row.state), answered.event, transfer_id=self._transfer_id
        )
        changes: list[HoldingChange] = []
        if answered.status is not DocumentStatus.REJECTED:
            changes = change_holding(work, Holding.RECIPIENT, answered.shipped, 0)
            changes += change_holding(work, Holding.OWNER, answered.accepted, row.recipient)
            row = row._replace(
                state=state,
                answered_us=work.now_us,
                accepted=sum(buffer.codes for buffer in answered.accepted),
                answer_id=self._document_id,
            )
        rows = maps_rows(changes) + BOX_ROWS * len(row.boxes) + self._rows
        require_room(rows, self.rows_max, "codes")
        return Proposal(lambda: self._settle(work, row, changes), payload=self._document_id.bytes)

    def _settle(self, work: Work, row: TransferRow, changes: list[HoldingChange]) -> TransferAnswer:
        for change in changes:
            change.settle()
        kind, acceptance, status, _, _, boxes, in_vain = self._answered
        if changes:
            mark_boxes(work, row.boxes, under_way=False)
            mark_boxes(work, boxes, under_way=False, owner=row.recipient)
            put_transfer(work, self._transfer_id, row)
        taken = self._answered.taken
        codes = sum(buffer.codes for buffer in taken) + in_vain.codes
        if not changes:
            taken = []
        head = DocumentRow(
            kind=kind,
            acceptance=acceptance,
            status=status,
            reason=0,
            at_us=work.now_us,
            dated_on=0,
            codes=codes,
            moved=sum(buffer.codes for buffer in taken),
            in_vain=in_vain.codes,
            run_parts=0,
            in_vain_parts=0,
            details=self._details,
        )
        document = DocumentView(self.bin, self._document_id, head)
        document = write_document(work, document, taken, in_vain)
        return answer_of(work, document, self._side, self._transfer_id)

    def recall(self, work: Work, payload: bytes) -> TransferAnswer:
        """Return the answer that the request has given."""
        document = made_by(work, self.bin, payload)
        return answer_of(work, document, self._side, self._transfer_id)
