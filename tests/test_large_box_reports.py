"""Reports that name boxes with much in them are jobs; whatever others do, none is half done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine import engine as engine_module
from emitter.engine import large_reports, reports
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.code_states import CHUNK
from emitter.engine.commands import ReportCodes
from emitter.engine.invariants import check_store
from emitter.engine.transfer_commands import ShipCodes
from emitter.errors import Reason
from emitter.trade.circulation import Acceptance, DocumentKind, DocumentStatus, WithdrawalReason
from emitter.trade.packing import BoxKind
from emitter.trade.states import CodeState
from test_box_transfers import Boxed, sscc
from trading import VALID, WHOLE, Trade

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.commands import Command
    from emitter.trade.packing import BoxName

SCATTERED = range(0, 6 * CHUNK, 300)
FREE = 6 * CHUNK + 1


class Scene(Boxed):
    """Two boxes on a pallet, with codes in each of six chunks; a code beside them."""

    def __init__(self, bench: Bench) -> None:
        Trade.__init__(self, bench, 7 * CHUNK)
        self.inner, self.second, self.pallet, self.truck = map(sscc, range(4))
        self.pack(self.inner, self.text(*SCATTERED[::2]))
        self.pack(self.second, self.text(*SCATTERED[1::2]))
        self.pack(self.pallet, CodeSet(boxes=(self.inner, self.second)))

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
    return AggregateCodes(BIN, "meanwhile", (unit,))


def _put_on(scene: Scene) -> Command:
    unit = PackUnit(scene.truck, scene.boxes(scene.pallet), BoxKind.TRANSPORT)
    return AggregateCodes(BIN, "meanwhile", (unit,))


def _disband(scene: Scene) -> Command:
    return DisaggregateBoxes(BIN, "meanwhile", (scene.pallet,), CodeSet())


def _take_out(scene: Scene) -> Command:
    return DisaggregateBoxes(BIN, "meanwhile", (), scene.text(SCATTERED[4]))


def _ship(scene: Scene) -> Command:
    return ShipCodes(BIN, "meanwhile", OTHER_BIN, scene.boxes(scene.pallet))


@pytest.mark.parametrize("other", [_put_in, _put_on, _disband, _take_out, _ship])
@pytest.mark.parametrize("steps", range(1, 8))
def test_what_others_do_meanwhile_goes_before_or_after_or_is_repeated(
    scene: Scene, other: Callable[[Scene], Command], steps: int
):
    engine = scene.bench.engine
    report = engine.submit(scene.sale("sale", scene.pallet))
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
    again = engine.execute(scene.sale("sale", scene.pallet, acceptance=WHOLE))
    assert again.replayed is (refused is None)
    check_store(scene.bench.store, whole=True)


def test_a_repeat_is_answered_however_much_lies_in_the_box_by_now(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    engine = scene.bench.engine
    first = engine.execute(scene.sale("sale", scene.pallet)).value
    monkeypatch.setattr(reports, "ROWS_MAX", 5)
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
