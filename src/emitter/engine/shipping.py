"""Shipping goods: they are under way, and nobody moves them until the recipient answers.

A shipment is a document like a report: its codes are judged alike, but their states stay; what
changes is who holds them. A box is shipped whole, with all that lies in it, or not at all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np

from emitter.engine.box_parts import part_boxes
from emitter.engine.box_trees import walk_tree
from emitter.engine.holding import HoldingChange, change_holding, rows_to_hold
from emitter.engine.lives import buffer_at
from emitter.engine.locating import Place
from emitter.engine.reports import DocumentView, ReportStep
from emitter.engine.room import announce, document_rows, require_room, rows_of_document
from emitter.engine.transfer_reading import TransferView
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow
from emitter.store.code_rows import IN_VAIN, RUN, BufferRuns, DocumentRow
from emitter.store.held_boxes import change_held
from emitter.store.holding_keys import Holding, Side, holding_key, transfer_key
from emitter.store.rows import ParticipantRow
from emitter.store.spans import rows_to_change
from emitter.store.transfer_rows import TransferRow
from emitter.trade.circulation import SHIPPING, Acceptance
from emitter.trade.packing import is_sscc
from emitter.trade.parties import format_bin
from emitter.trade.states import TransferState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from emitter.engine.batch import Proposal
    from emitter.engine.box_naming import NamedBox
    from emitter.engine.code_sets import NamedCodes
    from emitter.engine.reports import Change
    from emitter.engine.transfer_commands import ShipCodes
    from emitter.engine.work import Work
    from emitter.store.held_boxes import Listing
    from emitter.store.port import Reader, Store

BOX_ROWS = 3  # of a box that changes hands: the box, and where it is listed before and after
SIDES = 2  # rows of a transfer


class TransferAnswer(NamedTuple):
    """What came of a command: its document, and the transfer, None where nothing was shipped."""

    document: DocumentView
    transfer: TransferView | None


def answer_of(work: Work, document: DocumentView, side: Side, transfer_id: UUID) -> TransferAnswer:
    """Return a document with the transfer as it is now."""
    row = work.read(transfer_key(document.bin, side, transfer_id), TransferRow)
    if row is None:
        return TransferAnswer(document, None)
    shipment = work.get(schema.document_key(row.sender, transfer_id)) or b""
    details = DocumentRow.unpack(shipment).details
    return TransferAnswer(document, TransferView(side, transfer_id, row, details))


def made_by(work: Work, bin_: int, payload: bytes) -> DocumentView:
    """Return the document that a request has made before."""
    document_id = UUID(bytes=payload)
    packed = work.get(schema.document_key(bin_, document_id))
    if packed is None:
        raise AssertionError("a request row leads to a document that is not there")
    return DocumentView(bin_, document_id, DocumentRow.unpack(packed))


def put_transfer(work: Work, transfer_id: UUID, row: TransferRow) -> None:
    """Write a transfer under both its sides."""
    work.change(transfer_key(row.sender, Side.SENDER, transfer_id), row)
    work.change(transfer_key(row.recipient, Side.RECIPIENT, transfer_id), row)


def maps_rows(changes: Sequence[HoldingChange]) -> int:
    """Return how many rows changes of maps write, and at most the lives and traces of buffers."""
    return sum(one.change.rows for one in changes) + 2 * len({one.place for one in changes})


def mark_boxes(work: Work, boxes: Sequence[int], *, under_way: bool, owner: int = 0) -> None:
    """Write of outermost boxes whether they are under way, and perhaps a new owner."""
    listed: list[Listing] = []
    for box in boxes:
        key = schema.box_key(box)
        row = work.read(key, BoxRow)
        if row is None:
            raise AssertionError("a box that was judged is gone")
        flags = row.flags | IN_TRANSIT if under_way else row.flags & ~IN_TRANSIT
        after = row._replace(flags=flags, owner=owner or row.owner)
        work.change(key, after)
        listed.append((box, row, after))
    puts, deletes = change_held(work, listed)
    for key, packed in puts:
        work.put(key, packed)
    for key in deletes:
        work.delete(key)


class Sending(NamedTuple):
    """A shipment that was judged and is not written yet."""

    work: Work
    transfer_id: UUID
    row: TransferRow
    changes: list[HoldingChange]

    def settle(self) -> None:
        """Put the codes and boxes under way."""
        for change in self.changes:
            change.settle()
        mark_boxes(self.work, self.row.boxes, under_way=True)
        put_transfer(self.work, self.transfer_id, self.row)

    def rows_to_accept(self, taken: list[BufferRuns]) -> int:
        """Return how many rows accepting all of it would write as the maps are now.

        One map is changed back, and the one of owners; the latter is worked out only where what
        its roots tell would be too much.
        """
        rows = maps_rows(self.changes) + BOX_ROWS * len(self.row.boxes) + SIDES
        rows += rows_of_document(taken, np.empty(0, IN_VAIN))
        owners = 0
        for buffer in taken:
            place = Place(*buffer[:3])
            key, quantity = holding_key(Holding.OWNER, *place), buffer_at(self.work, place).quantity
            owners += rows_to_change(self.work, key, quantity, buffer.runs)
        if rows + owners > announce(rows + owners):
            changes = change_holding(self.work, Holding.OWNER, taken, self.row.recipient)
            owners = sum(one.change.rows for one in changes)
        return rows + owners


class ShipStep(ReportStep):
    """Ship codes: they are under way to the recipient until it answers."""

    request_kind = schema.RequestKind.TRANSFER
    command: ShipCodes

    def __init__(
        self, command: ShipCodes, document_id: UUID, named: NamedCodes, store: Store
    ) -> None:
        """Take what the command names; the store tells what its maps may need."""
        boxes = [one.box for one in named.boxes if one.version]
        self._unnamed = store.view(partial(_without_sscc, boxes=boxes)) if boxes else {}
        self._store = store
        self._recipient = command.recipient
        super().__init__(command, document_id, named, SHIPPING)

    def _rows(self) -> int:
        """Return how many rows it announces; it judges before it writes whether they do."""
        buffers = []
        for slot, place in enumerate(self.places):
            of_buffer = self.runs[self.runs["slot"] == slot]
            buffers.append(BufferRuns(*place, runs_of(of_buffer)))
        in_parts = self.command.acceptance is Acceptance.VALID
        rows = rows_to_hold(self._store, (Holding.RECIPIENT,), buffers, apart=in_parts)
        codes = int(self.runs["count"].sum(dtype=np.int64))
        runs = codes if in_parts else len(self.runs)
        entries = codes + len(self.repeated) + len(self._boxes)
        rows += len(self._boxes) + SIDES
        return announce(rows + document_rows(runs, entries, 2 * len(buffers)))

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that it is judged by, but for pages of maps."""
        roots = [holding_key(what, *place) for what in Holding for place in self.places]
        return (schema.participant_key(self._recipient), *super().reads(), *roots)

    def judge(self, work: Work) -> Proposal:
        """Propose to put the codes under way."""
        _require_recipient(work, self._recipient)
        proposal = super().judge(work)

        def settle() -> TransferAnswer:
            document = proposal.settle()
            if not isinstance(document, DocumentView):
                raise TypeError("a report settles as its document")
            return answer_of(work, document, Side.SENDER, self.document_id)

        return proposal._replace(settle=settle)

    def recall(self, work: Work, payload: bytes) -> object:
        """Return the shipment that the request made."""
        document = made_by(work, self.bin, payload)
        return answer_of(work, document, Side.SENDER, document.document_id)

    def _plan(
        self,
        work: Work,
        changes: list[Change],
        taken: list[BufferRuns],
        refused: dict[int, Reason],
    ) -> tuple[list[Change], NDArray[np.void]]:
        """Plan to put under way what is taken, without the codes of boxes that cannot go whole."""
        del changes  # the codes keep their states
        boxes, lost = self._whole_boxes(taken, refused)
        if not taken:
            return [], lost
        holding = change_holding(work, Holding.RECIPIENT, taken, self._recipient)
        codes = sum(buffer.codes for buffer in taken)
        row = TransferRow(
            TransferState.SHIPPED, self.bin, self._recipient, work.now_us, 0, codes, 0, None,
            tuple(boxes),
        )  # fmt: skip
        return [Sending(work, self.document_id, row, holding)], lost

    def _require_room(
        self, changes: list[Change], taken: list[BufferRuns], lost: NDArray[np.void]
    ) -> None:
        """Refuse, too, what the recipient could not accept at once as the maps are now."""
        rows = rows_of_document(taken, lost)
        sent = [change for change in changes if isinstance(change, Sending)]
        for sending in sent:
            rows += maps_rows(sending.changes) + len(sending.row.boxes) + SIDES
        require_room(rows, self.rows_max, "codes")
        for sending in sent:
            rows = sending.rows_to_accept(taken)
            require_room(rows, announce(rows), "codes")

    def _whole_boxes(
        self, taken: list[BufferRuns], refused: dict[int, Reason]
    ) -> tuple[list[int], NDArray[np.void]]:
        """Return the boxes all of whose codes are taken; take the codes of the others back."""
        boxes: dict[int, NamedBox] = {}
        for named in self._boxes:
            if named.item in refused:
                continue
            if name := self._unnamed.get(named.box):
                raise Refused(
                    Reason.FIELD_INVALID, field=self.command.codes.field(named.item),
                    rule=f"box {name} in it has no SSCC",
                    rule_ru=f"у вложенной упаковки {name} нет SSCC",
                )  # fmt: skip
            boxes.setdefault(named.box, named)
        if not boxes:
            return [], np.empty(0, IN_VAIN)
        parts = part_boxes(taken, [named.buffers for named in boxes.values()])
        taken[:] = parts.without(~parts.whole)
        lost = parts.in_vain([named.item for named in boxes.values()], self.places)
        return [box for box, whole in zip(boxes, parts.whole, strict=True) if whole], lost


def runs_of(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return the runs of rows that say more of them."""
    runs = np.empty(len(rows), RUN)
    runs["first"], runs["count"] = rows["first"], rows["count"]
    return runs


def _require_recipient(work: Work, bin_: int) -> None:
    """Refuse a recipient that is not there, or whose contract is not in force."""
    row = work.read(schema.participant_key(bin_), ParticipantRow)
    if row is None or not row.activated_on or work.today.toordinal() < row.activated_on:
        raise Refused(
            Reason.RECIPIENT_UNAVAILABLE, field="recipient_bin", bin=format_bin(bin_),
            date=work.today,
        )  # fmt: skip


def _without_sscc(reader: Reader, boxes: list[int]) -> dict[int, str]:
    """Return the boxes in which one lies that only its participant could name, with that name."""
    unnamed = ((box, one.row.name) for box in boxes for one in walk_tree(reader, box)
               if not is_sscc(one.box))  # fmt: skip
    return dict(unnamed)
