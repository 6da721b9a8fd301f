"""The check of a store finds what is wrong with codes and documents, and names it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest

from conftest import BIN, SHOES, SHOES_2, Bench, Clock
from emitter import _core
from emitter.engine.code_invariants import DEPARTURES
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.code_states import CHUNK, OWN_ROW
from emitter.engine.commands import OrderLine, ReportCodes
from emitter.engine.documents import read_history
from emitter.engine.engine import Engine
from emitter.engine.invariants import BreachError, check_store
from emitter.engine.locating import Place
from emitter.store import schema
from emitter.store.code_rows import (
    LifeRow,
    TraceRow,
    pack_in_vain,
    pack_runs,
    unpack_in_vain,
    unpack_runs,
)
from emitter.store.rows import RequestRow
from emitter.trade.circulation import (
    UTILISED,
    Acceptance,
    DocumentKind,
    DocumentStatus,
    DropoutReason,
    IntroductionWay,
    WithdrawalReason,
)
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.keys import KeyRing
    from emitter.engine.reports import DocumentView

    Rows = dict[bytes, bytes | None]

QUANTITY, DELIVERED = 3 * CHUNK, 2 * CHUNK + 100
KINDS = b"lhDRNF"


class Scene(Bench):
    """A buffer with all there is: a tract, chunks with rows, documents of every status."""

    def __init__(self, keys: KeyRing, clock: Clock, new_id: Iterator[UUID] | None = None) -> None:
        super().__init__(keys, clock)
        if new_id:
            self.engine = Engine(self.store, keys, clock=clock, new_id=lambda: next(new_id),
                                 threaded=False)  # fmt: skip

    def tell(self) -> None:
        self.join(tiyn=10**12)
        lines = (OrderLine(SHOES, QUANTITY, 1), OrderLine(SHOES_2, 50, 1))
        order = self.order("order", *lines)
        self.order_id = order.order_id
        self.deliver(order, "block", DELIVERED)
        self.deliver(order, "block", gtin=SHOES_2)
        spans = [(SHOES, 0, CHUNK), (SHOES, CHUNK + 5, 3), (SHOES_2, 10, 20)]
        self.introduced = self.report(DocumentKind.INTRODUCTION, IntroductionWay.IMPORT, *spans)
        self.report(DocumentKind.UTILISATION, None, (SHOES, 0, CHUNK), (SHOES, 2 * CHUNK, 7))
        sold = (DocumentKind.WITHDRAWAL, WithdrawalReason.RETAIL_SALE)
        self.withdrawn = self.report(*sold, (SHOES, 0, CHUNK))
        out = (DocumentKind.DROPOUT, DropoutReason.DEFECT)
        self.partly = self.report(*out, (SHOES, DELIVERED - 3, 9), acceptance=Acceptance.VALID)
        self.rejected = self.report(*out, (SHOES, DELIVERED, 5))
        self.check()

    def report(self, kind, reason, *spans, acceptance=Acceptance.WHOLE) -> DocumentView:
        codes = CodeSet(spans=tuple(CodeSpan(self.order_id, *span) for span in spans))
        name = f"report {len(self.dump())}"
        command = ReportCodes(BIN, name, kind, codes, reason, acceptance)
        return self.engine.execute(command).value

    def check(self) -> None:
        check_store(self.store, whole=True)

    def change(self, rows: Rows) -> Rows:
        """Write rows (None: delete) behind the engine's back; return what was there."""
        kept = dict(self.dump())
        changed = [(key, row) for key, row in rows.items() if row is not None]
        self.store.update(lambda writer: writer.put_many(changed))
        gone = [key for key, row in rows.items() if row is None]
        self.store.update(lambda writer: writer.delete_many(gone))
        return {key: kept.get(key) for key in rows}

    def rows(self, kind: bytes) -> dict[bytes, bytes]:
        return {key: row for key, row in self.dump() if key[:1] == kind}

    def place(self, gtin: int = SHOES) -> tuple:
        return BIN, self.order_id, gtin


@pytest.fixture(scope="module")
def scene(keys) -> Scene:
    scene = Scene(keys, Clock())
    scene.tell()
    return scene


def life(scene: Scene, **changes: object) -> Rows:
    key = schema.life_key(*scene.place())
    return {key: LifeRow.unpack(scene.rows(b"l")[key])._replace(**changes).pack()}


def tract(scene: Scene, chunk: int, byte: int) -> Rows:
    key = schema.life_key(*scene.place())
    tracts = LifeRow.unpack(scene.rows(b"l")[key]).tracts.copy()
    tracts[chunk] = byte
    return life(scene, tracts=tracts)


def chunk(scene: Scene, change: Callable[[np.ndarray], None], number: int = 1) -> Rows:
    key = schema.chunk_key(*scene.place(), number)
    codes = _core.unpack_chunks([scene.rows(b"h")[key]])
    change(codes[0])
    return {key: _core.pack_chunks(codes)[0]}


def at(index: int, byte: int, count: int = 1) -> Callable[[np.ndarray], None]:
    def change(codes: np.ndarray) -> None:
        codes[index : index + count] = byte

    return change


def dense(scene: Scene) -> Rows:
    key = schema.chunk_key(*scene.place(), 1)
    return {key: b"\x03" + _core.unpack_chunks([scene.rows(b"h")[key]]).tobytes()}


def document(_: Scene, view: DocumentView, **changes: object) -> Rows:
    return {schema.document_key(BIN, view.document_id): view.row._replace(**changes).pack()}


def runs(scene: Scene, change: Callable[[np.ndarray], np.ndarray]) -> Rows:
    key = schema.runs_key(BIN, scene.introduced.document_id, 0)
    buffers = list(unpack_runs(scene.rows(b"R")[key]))
    first = buffers[0]._replace(runs=change(buffers[0].runs.copy()))
    return {key: pack_runs([first, *buffers[1:]])[0]}


def in_vain(scene: Scene, **fields: int) -> Rows:
    key = schema.in_vain_key(BIN, scene.partly.document_id, 0)
    lost = unpack_in_vain([scene.rows(b"N")[key]])
    for name, value in fields.items():
        lost.items[name] = value
    return {key: pack_in_vain(lost)[0]}


def trace(scene: Scene, view: DocumentView, **changes: int) -> Rows:
    key = schema.trace_key(*scene.place(), view.document_id)
    return {key: TraceRow.unpack(scene.rows(b"F")[key])._replace(**changes).pack()}


def moved(codes: np.ndarray) -> np.ndarray:
    codes["first"][1] += 1
    return codes


def shorter(codes: np.ndarray) -> np.ndarray:
    codes["count"][1] -= 1
    return codes


def outside(codes: np.ndarray) -> np.ndarray:
    codes["first"][1] = QUANTITY
    return codes


def request(scene: Scene, payload: bytes) -> Rows:
    key = next(key for key in scene.rows(b"q") if key[9] == schema.RequestKind.REPORT)
    return {key: RequestRow.unpack(scene.rows(b"q")[key])._replace(payload=payload).pack()}


INTRODUCED = CodeState.INTRODUCED
BREACHES: dict[str, tuple[Callable[[Scene], Rows], str]] = {
    "a life of nobody": (
        lambda s: {schema.life_key(BIN, s.order_id, 7): LifeRow.new(5).pack()}, "to a buffer"
    ),
    "too few chunks": (lambda s: life(s, tracts=np.zeros(2, np.uint8)), "has all chunks"),
    "a life cut short": (lambda s: {schema.life_key(*s.place()): b"\0\0"}, "life can be read"),
    "an unknown flag": (lambda s: life(s, flags=64), "flags there are"),
    "a tract where a row is": (lambda s: tract(s, 1, INTRODUCED), "where its life says so"),
    "no row where the life says so": (lambda s: tract(s, 0, OWN_ROW), "where its life says so"),
    "another tract": (
        lambda s: tract(s, 0, CodeState.WRITTEN_OFF),
        "code 0: 5 is stored, the documents lead to 20",
    ),
    "a tract of no state": (lambda s: tract(s, 0, 9), "states they can get to"),
    "paid as a departure": (lambda s: tract(s, 0, CodeState.APPLIED_AND_PAID), "can get to"),
    "another byte": (lambda s: chunk(s, at(6, CodeState.WITHDRAWN)), "code 1030: 4 is stored"),
    "a byte too many": (lambda s: chunk(s, at(700, INTRODUCED)), "documents lead to 2"),
    "above the delivered mark": (lambda s: chunk(s, at(100, INTRODUCED), 2), "only delivered"),
    "annulled stored": (lambda s: chunk(s, at(6, CodeState.ANNULLED)), "states they can get to"),
    "alike": (lambda s: chunk(s, at(0, INTRODUCED, CHUNK)), "of a chunk with a row differ"),
    "not the shortest": (dense, "shortest"),
    "no row": (lambda s: {schema.chunk_key(*s.place(), 1): b"\x07"}, "rows of chunks can be read"),
    "a chunk of nobody": (
        lambda s: {schema.chunk_key(BIN, s.order_id, 7, 0): b"\1\0\0\3"}, "chunk belongs to a life"
    ),
    "a document not counted": (lambda s: life(s, documents=2), "are numbered"),
    "a number twice": (lambda s: trace(s, s.partly, number=1), "are numbered"),
    "another's document": (lambda s: trace(s, s.partly, bin=BIN + 1), "trace leads to a document"),
    "a trace of nobody": (
        lambda s: {schema.trace_key(BIN, s.order_id, 7, s.order_id): TraceRow(BIN, 1).pack()},
        "every trace belongs to a life",
    ),
    "documents in another order": (
        lambda s: trace(s, s.withdrawn, number=1) | trace(s, s.introduced, number=3),
        "moves what its kind may move",
    ),
    "a kind that cannot": (
        lambda s: document(s, s.introduced, kind=DocumentKind.RETURN), "what its kind may move"
    ),
    "a kind that could": (
        lambda s: document(s, s.introduced, kind=DocumentKind.DROPOUT), "may move|lead to"
    ),
    "a count of moved codes": (lambda s: document(s, s.partly, moved=2), "counts the codes it m"),
    "a count of codes in vain": (lambda s: document(s, s.partly, in_vain=5), "named in vain"),
    "a count of codes": (lambda s: document(s, s.partly, codes=8), "status of a report"),
    "a part too few": (lambda s: document(s, s.partly, run_parts=0), "moved its codes|all its p"),
    "a part too many": (lambda s: document(s, s.partly, in_vain_parts=2), "all its parts"),
    "accepted in spite of": (
        lambda s: document(s, s.partly, status=DocumentStatus.ACCEPTED), "status of a report"
    ),
    "partly though whole": (
        lambda s: document(s, s.partly, acceptance=Acceptance.WHOLE), "status of a report"
    ),
    "rejected though moved": (
        lambda s: document(s, s.partly, status=DocumentStatus.REJECTED), "status of a report"
    ),
    "accepted though nothing moved": (
        lambda s: document(s, s.rejected, status=DocumentStatus.ACCEPTED), "status of a report"
    ),
    "other codes in the document": (lambda s: runs(s, moved), "is stored, the documents"),
    "fewer codes in the document": (lambda s: runs(s, shorter), "is stored, the documents"),
    "no runs of the buffer": (lambda s: runs(s, lambda r: r[:0]), "documents that moved its|lead"),
    "runs that overlap": (lambda s: runs(s, lambda r: r[::-1]), "sorted, apart|is stored"),
    "runs outside": (lambda s: runs(s, outside), "lead to|inside their buffer"),
    "a part of noise": (
        lambda s: {schema.runs_key(BIN, s.partly.document_id, 0): b"noise"}, "parts can be read"
    ),
    "a part of nobody": (
        lambda s: {schema.runs_key(BIN, s.order_id, 0): pack_runs([])[:1] or b"\0"},
        "every part belongs to a document",
    ),
    "no reason": (lambda s: in_vain(s, reason=0), "have reasons"),
    "a state for another reason": (lambda s: in_vain(s, reason=10), "state is told"),
    "no state": (lambda s: in_vain(s, state=0), "state is told"),
    "a request of another's document": (
        lambda s: request(s, s.partly.document_id.bytes), "document of its own"
    ),
    "a request of no document": (lambda s: request(s, bytes(16)), "request leads to its document"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREACHES)
def test_the_check_names_what_is_wrong_with_codes(scene: Scene, name: str) -> None:
    change, invariant = BREACHES[name]
    kept = scene.change(change(scene))
    try:
        with pytest.raises(BreachError, match=invariant):
            scene.check()
    finally:
        scene.change(kept)
    scene.check()


def test_no_row_of_a_document_or_of_codes_can_go_unnoticed(scene: Scene) -> None:
    for key, row in scene.dump():
        if key[:1] in KINDS:
            scene.change({key: None})
            with pytest.raises(BreachError):
                scene.check()
            scene.change({key: row})
    scene.check()


@pytest.mark.parametrize("kind", [b"h", b"R", b"N", b"F", b"l"])
def test_no_bit_of_what_moved_can_flip_unnoticed(scene: Scene, kind: bytes) -> None:
    """But for the flag of boxes in a life, which others hold, and the padding of deflation."""
    noticed = unnoticed = 0
    for key, row in scene.rows(kind).items():
        for bit in range(8 * len(row)):
            if kind == b"l" and bit == 9:
                continue
            changed = bytearray(row)
            changed[bit // 8] ^= 1 << bit % 8
            scene.change({key: bytes(changed)})
            try:
                scene.check()
            except BreachError:
                noticed += 1
            else:
                unnoticed += 1
        scene.change({key: row})
    assert noticed > 100
    assert unnoticed <= (16 * len(scene.rows(kind)) if kind in b"RN" else 0)


def test_the_bytes_that_codes_can_have() -> None:
    states = (INTRODUCED, CodeState.WITHDRAWN, CodeState.WRITTEN_OFF)
    flagged = {state | UTILISED for state in (*states, CodeState.APPLIED_AND_PAID)}
    assert {*states} | flagged == DEPARTURES


def test_documents_fold_in_the_order_of_taking_effect_whatever_their_ids(keys, clock) -> None:
    """Ids are drawn by many threads, from a clock that may go back."""
    scene = Scene(keys, clock, new_id=map(UUID, map("{:032x}".format, range(10**6, 0, -1))))
    scene.tell()
    history = read_history(scene.store, Place(*scene.place()), 0)
    assert [view.row.kind for view in history] == [
        DocumentKind.INTRODUCTION, DocumentKind.UTILISATION, DocumentKind.WITHDRAWAL,
    ]  # fmt: skip
    assert history[0].document_id > history[1].document_id
