"""Reports that name boxes with much in them are jobs; whatever others do, none is half done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import BIN, OTHER_BIN, Bench, Clock
from emitter.config import Limits
from emitter.engine import engine as engine_module
from emitter.engine import large_reports
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.code_states import CHUNK
from emitter.engine.commands import ReportCodes
from emitter.engine.invariants import check_store
from emitter.engine.transfer_commands import ShipCodes
from emitter.errors import Reason
from emitter.trade.circulation import (
    MOVES,
    Acceptance,
    DocumentKind,
    DocumentStatus,
    WithdrawalReason,
)
from emitter.trade.packing import BoxKind
from emitter.trade.states import CodeState
from test_box_transfers import Boxed, sscc
from trading import THIRD_BIN, VALID, WHOLE, Trade

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.commands import Command
    from emitter.engine.keys import KeyRing
    from emitter.trade.packing import BoxName

SCATTERED = range(0, 6 * CHUNK, 300)
FREE = 6 * CHUNK + 1


class Scene(Boxed):
    """Two boxes on a pallet, with codes in each of six chunks; a code beside them."""

    def __init__(self, bench: Bench) -> None:
        Trade.__init__(self, bench, 7 * CHUNK)
        self.holder = BIN
        self.inner, self.second, self.pallet, self.truck = map(sscc, range(4))
        self.pack(self.inner, self.text(*SCATTERED[::2]))
        self.pack(self.second, self.text(*SCATTERED[1::2]))
        self.pack(self.pallet, CodeSet(boxes=(self.inner, self.second)))
        self.goods = CodeSet(boxes=(self.pallet,))

    def change_hands(self) -> None:
        """Let another have the pallet and the code, and name them by their transfer."""
        sent = self.ship(self.goods).transfer.transfer_id
        self.accept(sent)
        self.accept(self.ship(self.text(FREE)).transfer.transfer_id)
        self.holder, self.goods = OTHER_BIN, CodeSet(transfers=(sent,))

    def report_goods(self, kind: DocumentKind) -> ReportCodes:
        reason = next(iter(MOVES[kind].reasons), None)
        return ReportCodes(self.holder, "report", kind, self.goods, reason, WHOLE)

    def sale(self, request_id: str, *boxes: BoxName, bin_: int = BIN, acceptance=WHOLE):
        gift = WithdrawalReason.GIFT
        kind = DocumentKind.WITHDRAWAL
        return ReportCodes(bin_, request_id, kind, CodeSet(boxes=boxes), gift, acceptance)

    def withdrawn(self) -> list[int]:
        states = self.bench.engine.verify(b"\n".join(self.codes)).states
        return [index for index, state in enumerate(states.tolist())
                if state == CodeState.WITHDRAWN]  # fmt: skip


@pytest.fixture
def scene(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene(bench)
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 0)
    monkeypatch.setattr(large_reports, "_PIECE_ROWS", 5)
    return scene


def test_a_pallet_is_reported_piece_by_piece_and_seen_at_once(scene: Scene):
    engine = scene.bench.engine
    done = engine.submit(scene.sale("sale", scene.pallet))
    steps = 0
    while not done.done():
        assert scene.withdrawn() == []
        check_store(scene.bench.store, whole=True)
        assert engine._writer.run_once()
        steps += 1
    assert steps > 4
    view = done.result().value
    assert (view.status, view.row.codes) == (DocumentStatus.ACCEPTED, len(SCATTERED))
    assert scene.withdrawn() == list(SCATTERED)
    engine.work_off()


def test_boxes_that_cannot_be_moved_are_named_as_in_a_small_report(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    named = (scene.second, scene.pallet, sscc(7))
    told = {}
    for number, large in enumerate((0, 10_000)):
        monkeypatch.setattr(engine_module, "LARGE_ROWS", large)
        view = scene.bench.engine.execute(scene.sale(f"sale {number}", *named)).value
        told[large] = (view.row.codes, view.row.in_vain, scene.verdicts(view))
        assert view.status is DocumentStatus.REJECTED
    assert told[0] == told[10_000]
    assert {Reason.BOX_BOXED, Reason.BOX_NOT_FOUND} <= {reason for _, reason in told[0][2]}


def _put_in(scene: Scene) -> Command:
    unit = PackUnit(scene.inner, scene.text(FREE), BoxKind.TRANSPORT, update=True)
    return AggregateCodes(scene.holder, "meanwhile", (unit,))


def _put_on(scene: Scene) -> Command:
    unit = PackUnit(scene.truck, scene.boxes(scene.pallet), BoxKind.TRANSPORT)
    return AggregateCodes(scene.holder, "meanwhile", (unit,))


def _disband(scene: Scene) -> Command:
    return DisaggregateBoxes(scene.holder, "meanwhile", (scene.pallet,), CodeSet())


def _take_out(scene: Scene) -> Command:
    return DisaggregateBoxes(scene.holder, "meanwhile", (), scene.text(SCATTERED[4]))


def _ship(scene: Scene) -> Command:
    return ShipCodes(scene.holder, "meanwhile", THIRD_BIN, scene.boxes(scene.pallet))


@pytest.mark.parametrize("other", [_put_in, _put_on, _disband, _take_out, _ship])
@pytest.mark.parametrize("named", ["box", "transfer"])
@pytest.mark.parametrize("steps", range(1, 8))
def test_what_others_do_meanwhile_goes_before_or_after_or_is_repeated(
    scene: Scene, other: Callable[[Scene], Command], named: str, steps: int
):
    engine = scene.bench.engine
    if named == "transfer":
        scene.change_hands()
    sale = scene.report_goods(DocumentKind.WITHDRAWAL)
    report = engine.submit(sale)
    for _ in range(steps):
        engine._writer.run_once()
    late = engine.submit(other(scene))
    overtaken = False
    while engine._writer.run_once():
        overtaken |= late.done() and late.exception() is None and not report.done()
    refused, hindered = report.exception(), late.exception()
    assert refused is not None or not overtaken
    if refused is None:
        assert report.result().value.status is DocumentStatus.ACCEPTED
        assert set(scene.withdrawn()) == set(SCATTERED)
    else:
        assert refused.reason in (Reason.BOX_CHANGED, Reason.CODES_BUSY)
        assert scene.withdrawn() == []
    if hindered is not None:
        assert hindered.reason is Reason.CODES_BUSY
        assert refused is None
        assert engine.execute(other(scene))
    again = engine.execute(sale)
    assert again.replayed is (refused is None)
    check_store(scene.bench.store, whole=True)


@pytest.mark.parametrize("named", ["box", "transfer"])
@pytest.mark.parametrize("steps", range(1, 8))
def test_a_return_goes_on_wherever_its_box_is_put(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, named: str, steps: int
):
    """It moves the same codes, so that one of the two goes before the other says nothing."""
    engine = scene.bench.engine
    if named == "transfer":
        scene.change_hands()
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 10_000)
    scene.withdraw(scene.holder, scene.goods)
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 0)
    report = engine.submit(scene.report_goods(DocumentKind.RETURN))
    for _ in range(steps):
        engine._writer.run_once()
    late = engine.submit(_put_on(scene))
    engine.work_off()
    assert late.exception() is None
    assert report.result().value.row.moved == len(SCATTERED)
    assert scene.withdrawn() == []


def test_more_runs_than_may_wait_are_refused_and_their_repeat_is_not(
    keys: KeyRing, monkeypatch: pytest.MonkeyPatch
):
    bench = Bench(keys, Clock(), Limits(job_participant_weight_max=4))
    scene = Scene(bench)
    small = scene.report_goods(DocumentKind.WITHDRAWAL)
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 0)
    assert len(SCATTERED) > 4 * large_reports._RUNS_A_SERIAL
    refusal = bench.refusal(small)
    assert (refusal.reason, refusal.details["limit"]) == (Reason.FIELD_INVALID, "20")
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 10_000)
    assert bench.engine.execute(small).value.status is DocumentStatus.ACCEPTED
    monkeypatch.setattr(engine_module, "LARGE_ROWS", 0)
    assert bench.engine.execute(small).replayed
    check_store(bench.store, whole=True)


def test_a_repeat_is_answered_however_much_lies_in_the_box_by_now(scene: Scene):
    engine = scene.bench.engine
    first = engine.execute(scene.sale("sale", scene.pallet)).value
    scene.unpack(scene.pallet, BIN)
    unit = PackUnit(scene.pallet, scene.span(FREE, CHUNK - 10), BoxKind.TRANSPORT)
    assert engine.execute(AggregateCodes(BIN, "anew", (unit,))).value.row.moved == CHUNK - 10
    again = engine.execute(scene.sale("sale", scene.pallet))
    assert (again.replayed, again.value) == (True, first)


def test_naming_anothers_box_keeps_its_owner_from_nothing(scene: Scene):
    engine = scene.bench.engine
    foreign = engine.submit(scene.sale("theirs", scene.pallet, bin_=OTHER_BIN, acceptance=VALID))
    engine._writer.run_once()
    mine = engine.submit(ReportCodes(BIN, "mine", DocumentKind.WITHDRAWAL, scene.text(FREE),
                                     WithdrawalReason.GIFT, Acceptance.WHOLE))  # fmt: skip
    engine.work_off()
    assert mine.result().value.status is DocumentStatus.ACCEPTED
    assert scene.verdicts(foreign.result().value) == [(0, Reason.BOX_NOT_FOUND)]
