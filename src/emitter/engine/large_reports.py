"""Large reports: more rows than one transaction of the writer should have, as a job (`jobs`).

First the lives of all buffers are staged, unchanged: from then on nobody else moves codes of these
buffers (CODES_BUSY, which is weather), so their states stand still. Then the codes are judged piece
by piece, and what moves is staged. The last step writes the document and makes all of it effective;
if the report is rejected it writes the rejected document and discards what was staged.

Deliveries and closings go on meanwhile. They change nothing of codes that can be moved; but if a
code was refused because it was not delivered, and its buffer is delivered from before the last
step, then the report as a whole has happened at no moment: it ends with CODES_BUSY, too.

Named boxes are judged by the first step and again by the last. In between nobody takes a code of
theirs out or ships them, for that moves codes of locked buffers; but something may be put into them
or they into another box. If something was put into them, or they lie in another and the goods leave
their place, it ends with BOX_CHANGED, to be repeated. Other reports go through as they are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.batch import Proposal
from emitter.engine.box_naming import without_boxes
from emitter.engine.code_states import CHUNK, chunks_by_row, merged
from emitter.engine.in_vain import joined
from emitter.engine.job_steps import STEP_ROWS, JobStep
from emitter.engine.lives import buffer_at, life_of
from emitter.engine.locating import Place, read_buffers
from emitter.engine.participants import require_active
from emitter.engine.reports import status_of, unnamed, write_parts
from emitter.engine.room import too_large, too_many_runs
from emitter.engine.staged_rows import stage_rows, valid_rows
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.code_rows import (
    BufferRuns,
    InVain,
    LifeRow,
    TraceRow,
    pack_in_vain,
    pack_runs,
)
from emitter.store.job_rows import JobKind, JobRow, JobStatus, StagedRow
from emitter.store.port import ROWS_MAX
from emitter.trade.circulation import STATE_MASK, Acceptance, DocumentStatus
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.config import Limits
    from emitter.engine.job_steps import Steps
    from emitter.engine.reports import DocumentView, ReportStep
    from emitter.engine.work import Work
    from emitter.store.port import Reader, Store

LARGE_ROWS = 3_000
"""Reports that announce more rows are jobs: one transaction of them would keep others waiting."""

_PIECE_ROWS = 1_300  # with the list of their keys, which is a row
_ROWS_A_PLACE = 3  # life, trace, and a chunk that holds the delivered mark
_WEIGHT = 100
_RUNS_A_SERIAL = 5  # runs that take as much memory as what the limits of jobs count

Marks = dict[Place, tuple[int, int]]  # delivered, state of a buffer


class _Piece(NamedTuple):
    """What has come of a piece: what it moves, names in vain, and which marks that rests on."""

    taken: list[BufferRuns]
    lost: list[NDArray[np.void]]
    marks: Marks


class _Judged(NamedTuple):
    """What has come of all pieces, of how many codes, and the items whose boxes are refused."""

    taken: list[BufferRuns]
    lost: NDArray[np.void]
    codes: int
    marks: Marks
    refused: dict[int, Reason]


class LargeReport:
    """The plan of a report that is carried out piece by piece."""

    stages = True
    shares: frozenset[bytes] = frozenset()

    def __init__(self, report: ReportStep, store: Store, limits: Limits) -> None:
        self.report = report
        self.bin = report.bin
        self.job_id = report.document_id
        most = limits.job_participant_weight_max
        self.weight = min(len(report.runs) // _RUNS_A_SERIAL + _WEIGHT, most)
        self._runs_max = most * _RUNS_A_SERIAL  # boxes and transfers name any number
        orders = {schema.order_key(place.bin, place.order_id) for place in report.places}
        self.holds = frozenset((report.request or b"", *orders))
        self._store = store
        self._runs = report.runs

    def steps(self) -> Steps:
        """Yield the steps: open, lock, pieces, last."""
        answer = yield _OpenStep(self)
        if answer.replayed:
            return answer
        if len(self._runs) > self._runs_max:
            raise too_many_runs(self._runs_max)
        refused: dict[int, Reason] = answer.value
        self._runs, held = without_boxes(self.report.runs, refused)
        slots = np.unique(self._runs["slot"][self._runs["slot"] >= 0]).tolist()
        places, part = [self.report.places[slot] for slot in slots], 0
        for at in range(0, len(places), _PIECE_ROWS):
            yield _LockStep(self, part, places[at : at + _PIECE_ROWS])
            part += 1
        taken: list[BufferRuns] = []
        lost = [self.report.repeated, held, unnamed(self._runs)]
        marks: Marks = {}
        for runs, rows in self._pieces():
            stages = self.report.command.acceptance is not Acceptance.WHOLE or not _any(lost)
            piece = (yield _PieceStep(self, part, runs, rows, stages=stages)).value
            part += 1
            taken += piece.taken
            lost += piece.lost
            for place, mark in piece.marks.items():
                if marks.setdefault(place, mark) != mark:
                    raise Refused(Reason.CODES_BUSY)
        lost_codes = joined(np.concatenate(lost))
        named = (self._runs["count"], self.report.repeated["count"])
        codes = sum(int(counts.sum(dtype=np.int64)) for counts in named) + len(refused)
        judged = _Judged(_together(taken), lost_codes, codes, marks, refused)
        return (yield _LastStep(self, judged))

    def _pieces(self) -> Iterator[tuple[NDArray[np.void], int]]:
        """Yield the runs of each piece, and how many rows it stages at most."""
        gathered: list[NDArray[np.void]] = []
        rows = 0
        for runs, more in self._cut():
            if rows + more > _PIECE_ROWS and gathered:
                yield np.concatenate(gathered), rows
                gathered, rows = [], 0
            gathered.append(runs)
            rows += more
        if gathered:
            yield np.concatenate(gathered), rows

    def _cut(self) -> Iterator[tuple[NDArray[np.void], int]]:
        """Yield the runs of one buffer after another, cut where they touch too many chunks."""
        report, named = self.report, self._runs
        bounds = np.searchsorted(named["slot"], np.arange(len(report.places) + 1))
        most = _PIECE_ROWS - _ROWS_A_PLACE
        for at in range(0, len(report.places), STEP_ROWS):
            places = report.places[at : at + STEP_ROWS]
            read = self._store.view(partial(_read, places))
            for slot, (life, quantity) in enumerate(read, at):
                runs = named[bounds[slot] : bounds[slot + 1]]
                if not len(runs):
                    continue
                chunks = chunks_by_row(runs, life, quantity)
                for cut in range(most, len(chunks), most):
                    head, runs = _split_at(runs, int(chunks[cut]) * CHUNK)
                    yield head, most + _ROWS_A_PLACE
                yield runs, len(chunks[-(len(chunks) % most or most) :]) + _ROWS_A_PLACE


def _together(taken: list[BufferRuns]) -> list[BufferRuns]:
    """Return the runs of each buffer together, those that pieces have cut as one."""
    gathered: dict[tuple[int, UUID, int], list[NDArray[np.void]]] = {}
    for buffer in taken:
        gathered.setdefault(buffer[:3], []).append(buffer.runs)
    none = np.empty(0, np.int64)
    return [BufferRuns(*place, merged(codes=none, chunks=np.concatenate(runs)))
            for place, runs in gathered.items()]  # fmt: skip


def _any(lost: list[NDArray[np.void]]) -> bool:
    return any(len(part) for part in lost)


def _read(places: list[Place], reader: Reader) -> list[tuple[LifeRow | None, int]]:
    """Return the lives and quantities of buffers."""
    rows = valid_rows(reader, reader.get_many([schema.life_key(*place) for place in places]))
    lives = [LifeRow.unpack(row) if row else None for row in rows]
    quantities = [buffer.quantity for buffer in read_buffers(reader, places)]
    return list(zip(lives, quantities, strict=True))


def _split_at(runs: NDArray[np.void], index: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return runs of a buffer below an index, and from it on."""
    ends = runs["first"].astype(np.int64) + runs["count"]
    head, tail = runs[runs["first"] < index].copy(), runs[ends > index].copy()
    head["count"] = np.minimum(ends[: len(head)], index) - head["first"]
    first = np.maximum(tail["first"], index)
    tail["count"] = ends[len(runs) - len(tail) :] - first
    tail["first"] = first
    return head, tail


class _ReportJobStep(JobStep):
    """A step of a large report."""

    def __init__(self, plan: LargeReport, rows_max: int) -> None:
        super().__init__(plan.bin, plan.job_id, rows_max)
        self.report = plan.report


class _AskedStep(_ReportJobStep):
    """A step that is answered from memory if the report has been carried out before."""

    def __init__(self, plan: LargeReport, rows_max: int) -> None:
        super().__init__(plan, rows_max + 2)
        self.request = plan.report.request
        self.digest = plan.report.digest
        self.remembers_refusals = plan.report.remembers_refusals

    def claims(self) -> tuple[bytes, ...]:
        """Return the job and the request."""
        return (self.job_key, self.request or b"")

    def reads(self) -> tuple[bytes, ...]:
        """Return the job, the request and the participant."""
        return (self.job_key, self.request or b"", schema.participant_key(self.bin))

    def recall(self, work: Work, payload: bytes) -> object:
        """Return the document that the request made."""
        return self.report.recall(work, payload)


class _OpenStep(_AskedStep):
    """Open the job; its value are the items whose boxes are refused."""

    def __init__(self, plan: LargeReport) -> None:
        super().__init__(plan, 1)

    def claims(self) -> tuple[bytes, ...]:
        """Return the job, the request and the boxes."""
        return (*super().claims(), *self.report.box_claims())

    def judge(self, work: Work) -> Proposal:
        """Propose the row of the job."""
        self.report.require_valid(work)
        refused = self.report.judge_boxes(work)
        row = JobRow(JobKind.REPORT, JobStatus.STAGING, self.bin, work.now_us)

        def settle() -> dict[int, Reason]:
            work.change(self.job_key, row)
            return refused

        return Proposal(settle, is_remembered=False)


class _LockStep(_ReportJobStep):
    """Stage lives as they are."""

    def __init__(self, plan: LargeReport, part: int, places: list[Place]) -> None:
        super().__init__(plan, len(places) + 1)
        self._part = part
        self._places = places

    def claims(self) -> tuple[bytes, ...]:
        """Return the job and the orders, as whoever moves their codes does."""
        orders = {schema.order_key(place.bin, place.order_id): None for place in self._places}
        return (self.job_key, *orders)

    def reads(self) -> tuple[bytes, ...]:
        """Return the lives."""
        return (self.job_key, *[schema.life_key(*place) for place in self._places])

    def judge(self, work: Work) -> Proposal:
        """Propose to lock the lives; refused while another large report has one."""
        lives = {schema.life_key(*place): life_of(work, place) for place in self._places}
        rows = {key: life.pack() if life else None for key, life in lives.items()}
        return Proposal(lambda: stage_rows(work, self.job_id, self._part, rows))


class _PieceStep(_ReportJobStep):
    """Judge a piece and stage what it moves."""

    def __init__(
        self, plan: LargeReport, part: int, runs: NDArray[np.void], rows: int, *, stages: bool
    ) -> None:
        super().__init__(plan, rows + 1)
        self._part = part
        self._runs = runs
        self._stages = stages
        slots = np.unique(runs["slot"]).tolist()
        self._places = [plan.report.places[slot] for slot in slots]

    def claims(self) -> tuple[bytes, ...]:
        """Return the job and the orders, whose delivery and closing move codes too."""
        orders = {schema.order_key(place.bin, place.order_id): None for place in self._places}
        return (self.job_key, *orders)

    def reads(self) -> tuple[bytes, ...]:
        """Return the lives and the orders."""
        lives = [schema.life_key(*place) for place in self._places]
        return (*self.claims(), *lives)

    def judge(self, work: Work) -> Proposal:
        """Propose to stage what can be moved."""
        work.job_id = self.job_id
        try:
            moves, lost = self.report.judge_codes(work, self._runs)
        finally:
            work.job_id = None
        changes: dict[bytes, bytes | None] = {}
        for runs, move in moves if self._stages and not self._stops(lost) else ():
            place = Place(*runs[:3])
            life, rows = move.changes()
            documents = _documents(work, place) + 1
            changes |= rows
            changes[schema.life_key(*place)] = life._replace(documents=documents).pack()
            trace = TraceRow(self.bin, documents).pack()
            changes[schema.trace_key(*place, self.job_id)] = trace
        piece = _Piece([runs for runs, _ in moves], lost, self._marks(work, lost))
        return Proposal(partial(self._settle, work, changes, piece))

    def _stops(self, lost: list[NDArray[np.void]]) -> bool:
        return self.report.command.acceptance is Acceptance.WHOLE and _any(lost)

    def _settle(self, work: Work, changes: dict[bytes, bytes | None], piece: _Piece) -> _Piece:
        if changes:
            stage_rows(work, self.job_id, self._part, changes)
        return piece

    def _marks(self, work: Work, lost: list[NDArray[np.void]]) -> Marks:
        """Return the marks of buffers with codes that were refused as not delivered."""
        marks: Marks = {}
        for part in lost:
            undelivered = np.isin(part["state"] & STATE_MASK,
                                  (CodeState.EMITTED, CodeState.ANNULLED))  # fmt: skip
            for number in np.unique(part["place"][undelivered]).tolist():
                place = self.report.places[number - 1]
                marks[place] = _mark(work, place)
        return marks


def _documents(work: Work, place: Place) -> int:
    """Return how many documents a locked buffer had before this one."""
    old = StagedRow.unpack(work.get(schema.life_key(*place)) or b"").old
    return LifeRow.unpack(old).documents if old else 0


def _mark(work: Work, place: Place) -> tuple[int, int]:
    buffer = buffer_at(work, place)
    return buffer.delivered, buffer.state


class _LastStep(_AskedStep):
    """Write the document and make the job effective, or discard it."""

    def __init__(self, plan: LargeReport, judged: _Judged) -> None:
        report = plan.report
        taken, lost, self._codes, self._marks, self._refused = judged
        self._lost = report.told(lost)
        self._status = status_of(taken, self._lost, report.command.acceptance)
        self._taken = [] if self._status is DocumentStatus.REJECTED else taken
        self._run_parts = pack_runs(self._taken)
        self._in_vain_parts = pack_in_vain(InVain(self._lost, list(report.places)))
        super().__init__(plan, 2 + len(self._run_parts) + len(self._in_vain_parts))
        if self.rows_max > ROWS_MAX:
            raise too_large("codes")

    def claims(self) -> tuple[bytes, ...]:
        """Return the job, the request, the orders of codes that were not delivered, and boxes."""
        orders = {schema.order_key(place.bin, place.order_id): None for place in self._marks}
        return (*super().claims(), *self.report.box_claims(), *orders)

    def judge(self, work: Work) -> Proposal:
        """Propose the document; refused if others have outdated what was judged."""
        require_active(work, self.bin)
        if self.report.judge_boxes(work) != self._refused:
            raise Refused(Reason.BOX_CHANGED)
        work.fetch([schema.order_key(place.bin, place.order_id) for place in self._marks])
        if any(_mark(work, place) != mark for place, mark in self._marks.items()):
            raise Refused(Reason.CODES_BUSY)
        return Proposal(
            partial(self._settle, work),
            payload=self.job_id.bytes,
            memory_us=self.report.command.memory_us,
        )

    def _settle(self, work: Work) -> DocumentView:
        job = work.read(self.job_key, JobRow)
        if job is None or job.status != JobStatus.STAGING:
            raise AssertionError("a report that ends has been staged")
        rejected = self._status is DocumentStatus.REJECTED
        status = JobStatus.DISCARDED if rejected else JobStatus.EFFECTIVE
        work.change(self.job_key, job._replace(status=status))
        taken, lost = self._taken, self._lost
        document = self.report.document(work, self._status, taken, lost, self._codes)
        return write_parts(work, document, self._run_parts, self._in_vain_parts)
