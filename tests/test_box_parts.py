"""Boxes that go whole are looked at together, however many there are and however they are named."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.box_parts import part_boxes
from emitter.engine.code_sets import CodeSet
from emitter.engine.locating import Place
from emitter.engine.transfer_commands import ShipCodes
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.code_rows import RUN, BufferRuns
from emitter.store.spans import cut
from emitter.trade.packing import BoxKind, require_box
from test_box_transfers import Boxed, sscc
from trading import THIRD_BIN, VALID, Trade

if TYPE_CHECKING:
    from collections.abc import Callable

BOXES = 40


@pytest.fixture
def trade(bench: Bench) -> Boxed:
    return Boxed(bench)


def cuts(work: Callable[[], object]) -> int:
    """Return how many maps are cut while something is done."""
    count = 0

    def called(frame, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is cut.__code__

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_many_boxes_are_looked_at_at_once(bench: Bench):
    trade = Trade(bench, 6 * BOXES)
    boxes = [sscc(number) for number in range(BOXES)]
    units = tuple(
        PackUnit(box, trade.text(*range(6 * n, 6 * n + 6, 2)), BoxKind.TRANSPORT)
        for n, box in enumerate(boxes)
    )
    bench.engine.execute(AggregateCodes(BIN, "pack", units))
    sent: list[UUID] = []

    def ship() -> None:
        sent.append(trade.ship(CodeSet(boxes=tuple(boxes))).transfer.transfer_id)

    def accept() -> None:
        trade.accept(sent[0], only=CodeSet(boxes=tuple(boxes)))

    def ship_onward() -> None:
        onward = trade.ship(CodeSet(transfers=(sent[0],)), THIRD_BIN, OTHER_BIN).transfer
        assert len(onward.row.boxes) == BOXES

    for step in (ship, accept, ship_onward):
        assert cuts(step) < BOXES / 2, step.__name__


def test_each_box_is_told_from_the_others():
    places = [Place(BIN, UUID(int=7), gtin) for gtin in (1, 2)]

    def buffer(place: int, *runs: tuple[int, int]) -> BufferRuns:
        return BufferRuns(*places[place], np.array(list(runs), RUN))

    taken = [buffer(0, (0, 10), (20, 10)), buffer(1, (5, 5))]
    whole = [buffer(0, (2, 3), (25, 5)), buffer(1, (7, 1))]
    part = [buffer(0, (8, 4))]  # two of four are taken
    absent = [buffer(1, (100, 1))]
    parts = part_boxes(taken, [part, whole, absent])
    assert parts.whole.tolist() == [False, True, False]
    left = parts.without(~parts.whole)
    assert [each.runs.tolist() for each in left] == [[(0, 8), (20, 10)], [(5, 5)]]
    rest = parts.without(parts.whole)
    assert [each.runs.tolist() for each in rest] == [[(0, 2), (5, 5), (20, 5)], [(5, 2), (8, 2)]]
    told = parts.in_vain([7, 8, 9], places).tolist()
    assert told == [(7, Reason.CODE_BOXED, 0, 8, 2, 1)]


class TestOwnBoxInside:
    """A box came with a transfer; a box without an SSCC lies in it now."""

    @pytest.fixture
    def sent(self, trade: Boxed) -> UUID:
        sent = trade.ship(trade.boxes(trade.alone)).transfer.transfer_id
        trade.accept(sent)
        own = require_box("their own", OTHER_BIN, "box")
        engine = trade.bench.engine
        engine.execute(DisaggregateBoxes(OTHER_BIN, "out", (), trade.text(15)))
        trade.pack(own, trade.text(15), OTHER_BIN)
        unit = PackUnit(trade.alone, trade.boxes(own), BoxKind.TRANSPORT, update=True)
        engine.execute(AggregateCodes(OTHER_BIN, "in", (unit,)))
        return sent

    def test_a_shipment_by_its_transfer_is_refused_by_the_transfer(self, trade: Boxed, sent: UUID):
        later = trade.ship(trade.text(18)).transfer.transfer_id
        trade.accept(later)
        codes = CodeSet(trade.codes[18], transfers=(later, sent))
        refusal = trade.bench.refusal(ShipCodes(OTHER_BIN, "on", THIRD_BIN, codes))
        assert refusal.details["field"] == "transfers[1]"

    @pytest.mark.usefixtures("sent")
    def test_a_box_beside_a_transfer_is_refused_by_its_number(self, trade: Boxed):
        pallet = trade.ship(trade.boxes(trade.pallet)).transfer.transfer_id
        trade.accept(pallet)
        codes = CodeSet(transfers=(pallet,), boxes=(trade.alone,))
        refusal = trade.bench.refusal(ShipCodes(OTHER_BIN, "on", THIRD_BIN, codes))
        assert refusal.details["field"] == "boxes[0]"


def test_a_transfer_of_boxes_names_codes_where_another_one_is_accepted(trade: Boxed):
    """The boxes are the caller's own, and so are none of those that it may accept."""
    before = trade.ship(trade.boxes(trade.alone)).transfer.transfer_id
    trade.accept(before)
    sent = trade.ship(trade.text(18, 19)).transfer.transfer_id
    only = CodeSet(trade.codes[18], transfers=(before,))
    answer = trade.accept(sent, only=only, acceptance=VALID)
    assert trade.verdicts(answer.document) == [(1, Reason.CODE_NOT_SHIPPED)]
    assert (answer.transfer.row.accepted, answer.document.row.in_vain) == (1, 3)


def test_nothing_in_anothers_box_is_read(trade: Boxed):
    trade.accept(trade.ship(trade.boxes(trade.pallet)).transfer.transfer_id)
    read: set[bytes] = set()
    view = trade.bench.store.view

    class Watched:
        def __init__(self, reader) -> None:
            self.reader, self.scan = reader, reader.scan

        def get_many(self, keys):
            read.update(keys)
            return self.reader.get_many(keys)

    trade.bench.store.view = lambda work: view(lambda reader: work(Watched(reader)))
    told = trade.ship(trade.boxes(trade.pallet), THIRD_BIN).document
    trade.bench.store.view = view
    assert trade.verdicts(told) == [(0, Reason.BOX_NOT_FOUND)]
    assert schema.box_key(trade.pallet.box) in read
    assert schema.box_key(trade.inner.box) not in read


def test_what_a_unit_names_is_refused_by_the_unit(trade: Boxed):
    sent = [trade.ship(trade.text(18 + number)).transfer.transfer_id for number in range(2)]
    trade.accept(sent[0])
    first, second = (CodeSet(transfers=(sent[0],)), CodeSet(transfers=(sent[0], sent[1])))
    units = [PackUnit(sscc(8 + number), codes, BoxKind.TRANSPORT)
             for number, codes in enumerate((first, second))]  # fmt: skip
    refusal = trade.bench.refusal(AggregateCodes(OTHER_BIN, "pack", tuple(units)))
    assert refusal.details["field"] == "units[1].transfers[1]"
    units = [PackUnit(sscc(8), trade.span(18, 1), BoxKind.TRANSPORT),
             PackUnit(sscc(9), trade.span(19, 2), BoxKind.TRANSPORT)]  # fmt: skip
    refusal = trade.bench.refusal(AggregateCodes(BIN, "span", tuple(units)))
    assert refusal.details["field"] == "units[1].spans[0]"
