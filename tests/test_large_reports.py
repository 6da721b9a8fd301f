"""Large reports are jobs: seen as a whole or not at all, refused or busy without a trace."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from conftest import BIN, SHOES, Bench, Clock
from emitter.engine import engine as engine_module
from emitter.engine import large_reports
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.code_states import CHUNK
from emitter.engine.commands import CloseOrder, DeliverBlock, OrderLine, ReportCodes
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.memory import MemoryStore
from emitter.store.port import StoreError
from emitter.trade.circulation import (
    Acceptance,
    DocumentKind,
    DocumentStatus,
    DropoutReason,
    IntroductionWay,
)
from faulty_store import FAULTS, FULL, UNKNOWN_KEPT, FaultyStore, ladder
from fuzzing import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCE = (DocumentKind.INTRODUCTION, IntroductionWay.IMPORT)
DROP = (DocumentKind.DROPOUT, DropoutReason.DEFECT)
BUFFERS = 5


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report is large, and its pieces are of a few rows."""
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 0)
    monkeypatch.setattr(large_reports, "_PIECE_ROWS", 9)


class Scene(Bench):
    """Buffers of three chunks each, two of them delivered."""

    def tell(self) -> None:
        self.join(tiyn=10**12)
        self.orders = []
        self.codes_of = {}
        for number in range(BUFFERS):
            order = self.order(f"order {number}", OrderLine(SHOES, 3 * CHUNK, 1))
            block = self.deliver(order, "block", 2 * CHUNK).value
            self.codes_of[order.order_id] = self.codes(block)
            self.orders.append(order.order_id)

    def command(
        self, request_id: str, *spans: tuple[int, int, int], move=INTRODUCE,
        acceptance=Acceptance.VALID,
    ) -> ReportCodes:  # fmt: skip
        named = tuple(CodeSpan(self.orders[n], SHOES, first, count) for n, first, count in spans)
        return ReportCodes(BIN, request_id, move[0], CodeSet(spans=named), move[1], acceptance)

    def scattered(self, request_id: str, **more) -> ReportCodes:
        """Return a report of a few codes in every delivered chunk of every buffer."""
        spans = [(n, at, 3) for n in range(BUFFERS) for at in (7, 100, CHUNK + 5)]
        return self.command(request_id, *spans, **more)

    def states(self) -> list[list[int]]:
        return [
            self.engine.verify(b"\n".join(codes)).states.tolist()
            for codes in self.codes_of.values()
        ]

    def staged(self) -> int:
        """Return how many rows are not plain."""
        return sum(key[:1] in b"lhF" and row[:1] == b"\4" for key, row in self.dump())


@pytest.fixture
def scene(keys, clock) -> Iterator[Scene]:
    scene = Scene(keys, clock)
    scene.tell()
    yield scene
    scene.engine.work_off()
    check_store(scene.store, whole=True)
    assert not scene.staged()
    assert not [key for key, _ in scene.dump() if key[:1] == schema.JOBS]


def moved(states: list[list[int]]) -> int:
    return sum(state == 3 for buffer in states for state in buffer)


def test_a_large_report_is_seen_as_a_whole_or_not_at_all(scene: Scene) -> None:
    before = scene.states()
    done = scene.engine.submit(scene.scattered("r"))
    steps = staged = 0
    while not done.done():
        assert scene.states() == before
        check_store(scene.store, whole=True)
        assert scene.engine._writer.run_once()
        steps += 1
        staged = max(staged, scene.staged())
    assert steps > 5
    assert staged > 2 * BUFFERS
    view = done.result().value
    assert (view.status, view.row.moved) == (DocumentStatus.ACCEPTED, 9 * BUFFERS)
    after = scene.states()
    assert moved(after) == 9 * BUFFERS
    while scene.engine._writer.run_once():
        assert scene.states() == after
        check_store(scene.store, whole=True)
    assert scene.engine.execute(scene.scattered("r")).replayed
    other = scene.scattered("r", acceptance=Acceptance.WHOLE)
    assert scene.refusal(other).reason is Reason.REQUEST_DIFFERS


def test_a_run_over_several_pieces_is_one_in_the_document(scene: Scene, monkeypatch) -> None:
    scene.engine.execute(scene.scattered("mix the chunks"))
    monkeypatch.setattr(large_reports, "_PIECE_ROWS", 4)  # a chunk a piece
    utilised = (DocumentKind.UTILISATION, None)
    view = scene.engine.execute(scene.command("r", (0, 9, CHUNK + 99), move=utilised)).value
    runs = [buffer.runs.tolist() for buffer in scene.engine.document_runs(view)]
    assert runs == [[(9, CHUNK + 99)]]


@pytest.mark.parametrize("bad", [(BUFFERS - 1, 2 * CHUNK, 1), (0, 2 * CHUNK + 5, 1)])
def test_a_whole_report_with_a_bad_code_leaves_its_document_alone(scene: Scene, bad) -> None:
    before, lives = scene.states(), [key for key, _ in scene.dump() if key[:1] in b"lhF"]
    spans = [(n, 7, 3) for n in range(BUFFERS)]
    command = scene.command("r", *spans, bad, acceptance=Acceptance.WHOLE)
    view = scene.engine.execute(command).value
    assert (view.status, view.row.moved, view.row.in_vain) == (DocumentStatus.REJECTED, 0, 1)
    assert view.row.codes == 3 * BUFFERS + 1
    assert scene.states() == before
    assert [key for key, _ in scene.dump() if key[:1] in b"lhF"] == lives
    assert scene.engine.execute(command).replayed


def test_valid_codes_are_moved_beside_bad_ones_in_every_piece(scene: Scene) -> None:
    scene.engine.execute(scene.scattered("d", move=DROP))
    spans = [(n, 0, 2 * CHUNK + 10) for n in range(BUFFERS)]
    view = scene.engine.execute(scene.command("r", *spans)).value
    assert view.status is DocumentStatus.PARTLY_ACCEPTED
    assert view.row.in_vain == BUFFERS * (9 + 10)
    assert view.row.moved == BUFFERS * (2 * CHUNK - 9)
    assert moved(scene.states()) == view.row.moved


def test_others_hear_that_the_codes_are_busy_and_deliveries_go_on(scene: Scene) -> None:
    done = scene.engine.submit(scene.scattered("r"))
    for _ in range(3):
        scene.engine._writer.run_once()
    engine_module.LARGE_ROWS = 10**6  # put back by the fixture
    small = scene.engine.submit(scene.command("s", (0, 50, 1)))
    block = scene.engine.submit(DeliverBlock(BIN, scene.orders[0], SHOES, "more", 10))
    closed = scene.engine.submit(CloseOrder(BIN, "c", scene.orders[1]))
    scene.engine._writer.run_once()
    assert block.result(0).value.row.quantity == 10
    assert closed.done()
    refused = small.exception(0)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.CODES_BUSY
    assert refused.reason.meaning.retry
    scene.engine.work_off()
    assert done.result(0).value.row.moved == 9 * BUFFERS
    assert scene.engine.execute(scene.command("s", (0, 50, 1))).value.row.moved == 1


def test_a_report_that_deliveries_have_outdated_is_busy(scene: Scene) -> None:
    """One code was refused as not delivered and is delivered now: at no moment was this so."""
    done = scene.engine.submit(scene.scattered("r"))
    scene.engine.work_off()
    done = scene.engine.submit(scene.command("q", (0, 2 * CHUNK, 1), (1, 50, 1)))
    for _ in range(2):
        scene.engine._writer.run_once()
    assert not done.done()
    scene.engine.submit(DeliverBlock(BIN, scene.orders[0], SHOES, "more", 10))
    scene.engine.work_off()
    refused = done.exception(0)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.CODES_BUSY
    again = scene.engine.execute(scene.command("q", (0, 2 * CHUNK, 1), (1, 50, 1)))
    assert (again.replayed, again.value.row.moved) == (False, 2)


def test_a_row_that_has_not_been_swept_is_staged_and_written_anew(scene: Scene) -> None:
    done = scene.engine.submit(scene.scattered("r"))
    while not done.done():
        scene.engine._writer.run_once()
    assert scene.staged()
    second = scene.engine.submit(scene.scattered("d", move=DROP))
    engine_module.LARGE_ROWS = 10**6
    small = scene.engine.submit(scene.command("s", (0, 300, 1)))
    scene.engine.work_off()
    assert second.result(0).value.row.moved == 9 * BUFFERS
    assert small.exception(0) is None or small.exception(0).reason is Reason.CODES_BUSY


@pytest.mark.parametrize("steps", range(0, 40, 3))
def test_what_a_crash_cuts_short_is_discarded_or_swept(
    keys, clock: Clock, steps: int
) -> None:
    scene = Scene(keys, clock)
    scene.tell()
    before = scene.states()
    done = scene.engine.submit(scene.scattered("r"))
    for _ in range(steps):
        scene.engine._writer.run_once()
    effective = done.done()
    for lives in range(3):  # a sweep may be cut short as well
        scene.engine = Engine(scene.store, keys, clock=clock, threaded=False)
        check_store(scene.store, whole=True)
        assert (scene.states() == before) == (not effective)
        scene.engine.resume_jobs()
        for _ in range(lives):
            scene.engine._writer.run_once()
    scene.engine.work_off()
    assert not scene.staged()
    answer = scene.engine.execute(scene.scattered("r"))
    assert answer.replayed == effective
    assert answer.value.row.moved == 9 * BUFFERS
    check_store(scene.store, whole=True)


def test_a_store_that_fails_leaves_a_report_effective_as_a_whole_or_not_at_all(keys, clock) -> None:
    told = Scene(keys, clock)
    told.tell()
    rows = told.dump()
    command = told.scattered("r")

    def begin() -> MemoryStore:
        store = MemoryStore()
        store.update(lambda writer: writer.put_many(rows))
        return store

    def act(store: FaultyStore) -> None:
        Engine(store, keys, clock=clock, threaded=False).execute(command)

    def check(store: FaultyStore, _error: Exception | None) -> None:
        engine = Engine(store, keys, clock=clock, threaded=False)
        check_store(store, whole=True)
        documents, _ = engine.documents(BIN, page_size=9)
        assert [view.row.moved for view in documents] in ([], [9 * BUFFERS])
        engine.resume_jobs()
        engine.work_off()
        answer = engine.execute(command)
        assert (answer.value.row.moved, answer.replayed) == (9 * BUFFERS, bool(documents))
        check_store(store, whole=True)
        left = store.view(lambda reader: reader.scan(b"i", b"j", limit=9))
        assert not left

    faults = FAULTS if amount(0, 1) else (FULL, UNKNOWN_KEPT)
    assert ladder(begin, act, check, faults=faults, expected=(StoreError, Refused)) > 20


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_any_size_say_what_one_transaction_says(
    keys, clock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    scenes = [Scene(keys, clock), Scene(keys, clock)]
    for scene in scenes:
        scene.tell()
    for number in range(12):
        spans = []
        for _ in range(rng.randint(1, 9)):
            first = rng.choice((0, 1, 1023, 1024, 1025, rng.randrange(3 * CHUNK)))
            count = rng.choice((1, 2, 1024, 3 * CHUNK))
            spans.append((rng.randrange(BUFFERS), first, min(count, 3 * CHUNK - first)))
        move, acceptance = rng.choice((INTRODUCE, DROP)), rng.choice(list(Acceptance))
        rows = []
        for scene, large in zip(scenes, (0, 10**6), strict=True):
            monkeypatch.setattr(engine_module, "LARGE_ROWS", large)
            monkeypatch.setattr(large_reports, "_PIECE_ROWS", rng.choice((5, 9, 30)))
            command = scene.command(f"r{number}", *spans, move=move, acceptance=acceptance)
            view = scene.engine.execute(command).value
            lost = scene.engine.document_in_vain(view).items.tolist()
            runs = [buffer.runs.tolist() for buffer in scene.engine.document_runs(view)]
            rows.append((view.row._replace(run_parts=0, in_vain_parts=0), sorted(lost), runs,
                         scene.states()))  # fmt: skip
            check_store(scene.store, whole=True)
        assert rows[0][0] == rows[1][0]
        assert rows[0][3] == rows[1][3]
        assert rows[0][2] == rows[1][2]
        told = [sorted(item[:5] for item in one[1]) for one in rows]
        assert told[0] == told[1]
    dumps = [[row for key, row in scene.dump() if key[:1] == b"h"] for scene in scenes]
    assert sorted(dumps[0]) == sorted(dumps[1])
