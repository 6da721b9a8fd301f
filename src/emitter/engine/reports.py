"""Reports: what participants say of their codes, each a document that is carried out once.

All codes of a report are judged in one transaction. It moves all or none, or those that can be
moved, as the caller asks; the others are named with their reasons and harm nobody. The money does
not move: it was captured at delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias
from uuid import UUID

import numpy as np

from emitter.engine.batch import Proposal
from emitter.engine.box_naming import judge_boxes, require_same, without_boxes
from emitter.engine.code_states import BufferMove
from emitter.engine.event_dates import require_past
from emitter.engine.holding import held_back
from emitter.engine.in_vain import joined, without_places
from emitter.engine.lives import buffer_at, life_of
from emitter.engine.locating import Place
from emitter.engine.participants import require_active
from emitter.engine.room import rows_of_report
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.code_rows import (
    IN_VAIN,
    RUN,
    BufferRuns,
    DocumentRow,
    InVain,
    TraceRow,
    pack_in_vain,
    pack_runs,
    runs_in_vain,
)
from emitter.trade.circulation import UTILISED, Acceptance, DocumentKind, DocumentStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes
    from emitter.engine.code_sets import NamedCodes
    from emitter.engine.commands import ReportCodes
    from emitter.engine.transfer_commands import ShipCodes
    from emitter.engine.work import Work
    from emitter.trade.circulation import Move

    CodesCommand: TypeAlias = ReportCodes | AggregateCodes | DisaggregateBoxes | ShipCodes


class Change(Protocol):
    """What a document does, judged and not yet written."""

    def settle(self) -> None:
        """Write it."""


class DocumentView(NamedTuple):
    """A document as callers see it; its codes are read apart (`engine.documents`)."""

    bin: int
    document_id: UUID
    row: DocumentRow

    @property
    def status(self) -> DocumentStatus:
        """Return what came of it."""
        return DocumentStatus(self.row.status)


class _Judged(NamedTuple):
    """What a document would do, and how many codes it names."""

    status: DocumentStatus
    changes: list[Change]
    taken: list[BufferRuns]
    lost: NDArray[np.void]
    codes: int


class ReportStep:
    """Carry out a report; its request row leads to the document."""

    id_field = "request_id"
    request_kind = schema.RequestKind.REPORT
    _box_items = 0  # items that are boxes themselves and not the codes in them

    def __init__(
        self, command: CodesCommand, document_id: UUID, named: NamedCodes, move: Move
    ) -> None:
        self.command = command
        self._move = move
        self.bin = command.bin
        self.digest = command.digest()
        self.remembers_refusals = not command.memory_us
        self.request: bytes | None = schema.request_key(
            command.bin, self.request_kind, command.request_id.encode()
        )
        self.document_id = document_id
        self.places = named.places
        self._boxes = named.boxes
        self._watched = named.watched
        self.runs, self.repeated = apart(named.runs)
        self.rows_max = self._rows()
        self._order_keys = [schema.order_key(place.bin, place.order_id) for place in named.places]

    @property
    def may_be_job(self) -> bool:
        """Return whether it can be carried out piece by piece (`large_reports`)."""
        return self.request_kind == schema.RequestKind.REPORT

    def _rows(self) -> int:
        """Return how many rows it writes at most."""
        return rows_of_report(self.runs, len(self.repeated), len(self.places))

    def claims(self) -> tuple[bytes, ...]:
        """Return the request and the orders, whose delivery and closing move codes too; and boxes.

        One step a round works with boxes: it may touch any that are around those it names.
        """
        return (self.request or b"", *self.box_claims(), *dict.fromkeys(self._order_keys))

    def require_valid(self, work: Work) -> None:
        """Refuse a participant that may not act, and a document of the future."""
        require_active(work, self.bin)
        require_past(work.today, self.command.dated_on, self.command.details)

    def box_claims(self) -> tuple[bytes, ...]:
        """Return the claim on boxes of a report that names any, or what came with some."""
        return (schema.BOXES,) if self._boxes or self._watched else ()

    def judge_boxes(self, work: Work) -> dict[int, Reason]:
        """Return the items whose boxes may not be moved, with the reasons; see `box_naming`."""
        require_same(work, self._watched, self.bin)
        return judge_boxes(work, self._boxes, self.bin, self._move)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that a report is judged by, but for the chunks."""
        lives = [schema.life_key(*place) for place in self.places]
        return (self.request or b"", schema.participant_key(self.bin), *self._order_keys, *lives)

    def judge(self, work: Work) -> Proposal:
        """Propose to move the codes and to write the document."""
        self.require_valid(work)
        refused = self.judge_boxes(work)
        named_runs, held = without_boxes(self.runs, refused)
        in_vain = [self.repeated, held, unnamed(self.runs)]
        moves, lost = self.judge_codes(work, named_runs)
        in_vain += lost
        taken = [buffer for buffer, _ in moves]
        changes: list[Change] = [move for _, move in moves]
        changes, more = self._plan(work, changes, taken, refused)
        in_vain.append(more)
        lost_codes = self.told(joined(np.concatenate(in_vain)))
        status = status_of(changes, lost_codes, self.command.acceptance)
        if status is DocumentStatus.REJECTED:
            taken, changes = [], []
        self._require_room(changes, taken, lost_codes)
        codes = sum(int(part["count"].sum(dtype=np.int64)) for part in (named_runs, self.repeated))
        codes += len(refused) + self._box_items
        return Proposal(
            lambda: self._settle(work, _Judged(status, changes, taken, lost_codes, codes)),
            payload=self.document_id.bytes,
            memory_us=self.command.memory_us,
        )

    def judge_codes(
        self, work: Work, named_runs: NDArray[np.void]
    ) -> tuple[list[tuple[BufferRuns, BufferMove]], list[NDArray[np.void]]]:
        """Return what would be moved, buffer by buffer, and what is named in vain (`IN_VAIN`)."""
        move = self._move
        in_vain: list[NDArray[np.void]] = []
        moves: list[tuple[Place, NDArray[np.void], BufferMove]] = []
        bounds = np.searchsorted(named_runs["slot"], np.arange(len(self.places) + 1))
        for slot in np.unique(named_runs["slot"][named_runs["slot"] >= 0]).tolist():
            place = self.places[slot]
            named = named_runs[bounds[slot] : bounds[slot + 1]]
            free, held = self._held_back(work, place, named)
            held["place"] = slot + 1
            in_vain.append(held)
            if len(free):
                runs = np.empty(len(free), RUN)
                runs["first"], runs["count"] = free["first"], free["count"]
                buffer = buffer_at(work, place)
                moves.append((place, free, BufferMove(work, place, buffer, runs)))
        work.fetch([key for _, _, one in moves for key in one.chunk_keys()])
        taken: list[tuple[BufferRuns, BufferMove]] = []
        table = move.table()
        for place, free, one in moves:
            moved = one.judge(table)
            in_vain.append(_refused(free, moved.refused, moved.refused_bytes, move))
            if len(moved.taken):
                taken.append((BufferRuns(*place, moved.taken), one))
        return taken, in_vain

    def _held_back(
        self, work: Work, place: Place, named: NDArray[np.void]
    ) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Split what is named in a buffer: runs that may be moved, and `IN_VAIN`."""
        return held_back(work, place, self.bin, self._move, named)

    def _plan(
        self,
        _work: Work,
        changes: list[Change],
        _taken: list[BufferRuns],
        _refused: dict[int, Reason],
    ) -> tuple[list[Change], NDArray[np.void]]:
        """Return what is to be settled, and what was named in vain besides codes (`IN_VAIN`)."""
        return changes, np.empty(0, IN_VAIN)

    def _require_room(
        self, changes: list[Change], taken: list[BufferRuns], lost: NDArray[np.void]
    ) -> None:
        """Refuse what writes more rows than were announced; a report never does."""

    def _settle(self, work: Work, judged: _Judged) -> DocumentView:
        for change in judged.changes:
            change.settle()
        status, _, taken, lost, codes = judged
        document = self.document(work, status, taken, lost, codes)
        return write_document(work, document, taken, InVain(lost, list(self.places)))

    def document(
        self,
        work: Work,
        status: DocumentStatus,
        taken: list[BufferRuns],
        lost: NDArray[np.void],
        codes: int,
    ) -> DocumentView:
        """Return the document but for its parts."""
        command = self.command
        row = DocumentRow(
            kind=command.kind,
            acceptance=command.acceptance,
            status=status,
            reason=command.reason or 0,
            at_us=work.now_us,
            dated_on=command.dated_on.toordinal() if command.dated_on else 0,
            codes=codes,
            moved=sum(buffer.codes for buffer in taken),
            in_vain=int(lost["count"].sum(dtype=np.int64)),
            run_parts=0,
            in_vain_parts=0,
            details=command.details,
        )
        return DocumentView(self.bin, self.document_id, row)

    def told(self, lost: NDArray[np.void]) -> NDArray[np.void]:
        """Say nothing of where codes lie that may be another's."""
        others = np.array([False, *(place.bin != self.bin for place in self.places)])
        untold = lost["reason"] == Reason.CODE_NOT_OWNED
        untold |= (lost["reason"] == Reason.CODE_REPEATED) & others[lost["place"]]
        return without_places(lost, untold)

    def recall(self, work: Work, payload: bytes) -> object:
        """Return the document that the request made."""
        document_id = UUID(bytes=payload)
        row = work.get(schema.document_key(self.bin, document_id))
        if row is None:
            raise AssertionError("a request row leads to a document that is not there")
        return DocumentView(self.bin, document_id, DocumentRow.unpack(row))


def write_document(
    work: Work, document: DocumentView, taken: list[BufferRuns], lost: InVain
) -> DocumentView:
    """Write a document with the codes it moved and those it named in vain; return its view.

    The lives of the buffers it moved codes of have been written before.
    """
    view = write_parts(work, document, pack_runs(taken), pack_in_vain(lost))
    for buffer in taken:
        if len(buffer.runs):
            _trace(work, Place(*buffer[:3]), view.bin, view.document_id)
    return view


def write_parts(
    work: Work, document: DocumentView, runs: list[bytes], in_vain: list[bytes]
) -> DocumentView:
    """Write a document and its packed parts; return its view."""
    bin_, document_id, row = document
    row = row._replace(run_parts=len(runs), in_vain_parts=len(in_vain))
    work.put(schema.document_key(bin_, document_id), row.pack())
    for part, packed in enumerate(runs):
        work.put(schema.runs_key(bin_, document_id, part), packed)
    for part, packed in enumerate(in_vain):
        work.put(schema.in_vain_key(bin_, document_id, part), packed)
    return DocumentView(bin_, document_id, row)


def _trace(work: Work, place: Place, bin_: int, document_id: UUID) -> None:
    """Let a buffer lead to a document that has moved codes of it, as the latest one."""
    life_key = schema.life_key(*place)
    life = life_of(work, place)
    if life is None:
        raise AssertionError("a document moved codes of a buffer without a life")
    life = life._replace(documents=life.documents + 1)
    work.change(life_key, life)
    work.put(schema.trace_key(*place, document_id), TraceRow(bin_, life.documents).pack())


def apart(named: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return the runs by buffer and index without what an earlier one has, and that apart."""
    runs = named[np.lexsort((named["item"], named["first"], named["slot"]))]
    # Counted through all buffers, each behind the one before it, so that ends only grow.
    first = (runs["slot"].astype(np.int64) << 32) + runs["first"]
    taken = np.maximum.accumulate(first + runs["count"])
    overlap = np.zeros(len(runs), np.int64)
    overlap[1:] = np.clip(taken[:-1] - first[1:], 0, runs["count"][1:])
    overlap[runs["slot"] < 0] = 0
    again = in_vain_of(runs[overlap > 0], Reason.CODE_REPEATED)
    again["count"] = overlap[overlap > 0]
    runs["first"] += overlap.astype(np.uint32)
    runs["count"] -= overlap.astype(np.uint32)
    return runs[runs["count"] > 0], again


def in_vain_of(runs: NDArray[np.void], reason: int | NDArray[np.uint8]) -> NDArray[np.void]:
    """Return named runs as refused ones; no state is told of them."""
    lost = runs_in_vain(runs, reason)
    lost["place"] = runs["slot"] + 1
    return lost


def unnamed(runs: NDArray[np.void]) -> NDArray[np.void]:
    """Return the items that name no code."""
    none = runs[runs["slot"] < 0]
    return in_vain_of(none, none["reason"])


def _refused(
    named: NDArray[np.void], runs: NDArray[np.void], states: NDArray[np.uint8], move: Move
) -> NDArray[np.void]:
    """Return the codes that their state refuses, with the item that names each."""
    lost = np.zeros(len(runs), IN_VAIN)
    lost["item"] = named["item"][np.searchsorted(named["first"], runs["first"], side="right") - 1]
    lost["first"], lost["count"], lost["state"] = runs["first"], runs["count"], states
    lost["place"] = named["slot"][0] + 1
    lost["reason"] = Reason.CODE_MOVE_REFUSED
    if move.kind is DocumentKind.UTILISATION:
        lost["reason"][states & UTILISED != 0] = Reason.CODE_UTILISED_ALREADY
    return lost


def status_of(
    changes: Sequence[object], lost: NDArray[np.void], acceptance: Acceptance
) -> DocumentStatus:
    """Return what comes of a report."""
    if not len(lost):
        return DocumentStatus.ACCEPTED
    if acceptance is Acceptance.WHOLE or not changes:
        return DocumentStatus.REJECTED
    return DocumentStatus.PARTLY_ACCEPTED
