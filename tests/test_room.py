"""Rows of documents: whatever was announced, a document fits or is refused, and harms nobody."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine import room
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import CreditAccount
from emitter.engine.transfer_commands import AcceptTransfer, ShipCodes
from emitter.errors import Reason, Refused
from emitter.store import code_rows, spans
from emitter.trade.circulation import Acceptance, DocumentStatus
from emitter.trade.packing import BoxKind
from test_box_transfers import sscc
from trading import VALID, WHOLE, Trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.commands import Command

CODES = 8_000


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Say nothing of batches that could not be carried out: the tests look at the verdicts."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Warehouse(Trade):
    """Every other code lies in a box; parts of documents are small."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench, CODES)
        unit = PackUnit(sscc(0), self.text(*range(0, CODES, 2)), BoxKind.TRANSPORT)
        bench.engine.execute(AggregateCodes(BIN, "half", (unit,)))

    def pack(self, request_id: str, acceptance: Acceptance = VALID) -> AggregateCodes:
        unit = PackUnit(sscc(1), self.span(0, CODES), BoxKind.TRANSPORT)
        return AggregateCodes(BIN, request_id, (unit,), acceptance)

    def unpack(self, request_id: str, acceptance: Acceptance = VALID) -> DisaggregateBoxes:
        return DisaggregateBoxes(BIN, request_id, (), self.span(0, CODES), acceptance)

    def send(self, request_id: str, acceptance: Acceptance = VALID) -> ShipCodes:
        return ShipCodes(BIN, request_id, OTHER_BIN, self.span(0, CODES), acceptance)


@pytest.fixture
def warehouse(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    made = Warehouse(bench)
    for module in (code_rows, room):
        monkeypatch.setattr(module, "PART_BYTES", 1_000)
    return made


@pytest.mark.parametrize("acceptance", [VALID, WHOLE])
@pytest.mark.parametrize("what", ["pack", "unpack", "send"])
def test_a_range_of_which_every_other_code_is_refused_harms_no_neighbour(
    warehouse: Warehouse, what: str, acceptance: Acceptance
):
    engine = warehouse.bench.engine
    document = engine.submit(getattr(warehouse, what)("range", acceptance))
    neighbour = engine.submit(CreditAccount(OTHER_BIN, 5, "neighbour"))
    engine.work_off()
    assert neighbour.exception() is None
    view = document.result().value
    view = view.document if what == "send" else view
    moved = CODES // 2 if acceptance is VALID else 0
    assert (view.row.moved, view.row.in_vain) == (moved, CODES // 2)
    assert view.row.in_vain_parts > 40


def least_rows(bench: Bench, commands: Iterator[Command]) -> int:
    """Return the fewest announced rows that a document is carried out with; fewer: CODES_BUSY."""
    for rows in range(40, 1_000):
        step = bench.engine._step(next(commands))
        assert rows < step.rows_max, "it could be refused for ever"
        step.rows_max = rows
        done = bench.engine._writer.submit(step)
        bench.engine.work_off()
        if done.exception() is None:
            return rows
        assert done.exception().reason is Reason.CODES_BUSY
    raise AssertionError("never carried out")


@pytest.mark.parametrize("acceptance", [VALID, WHOLE])
@pytest.mark.parametrize("what", ["pack", "unpack", "send"])
def test_a_document_fits_what_it_announced_or_is_refused(
    warehouse: Warehouse, what: str, acceptance: Acceptance
):
    make = getattr(warehouse, what)
    ids = (make(f"try {number}", acceptance) for number in range(1_000))
    assert least_rows(warehouse.bench, ids) > 50


def test_an_acceptance_fits_what_it_announced_or_is_refused(warehouse: Warehouse):
    sent = warehouse.ship(warehouse.text(*range(1, CODES, 2))).transfer.transfer_id
    span = CodeSet(text=warehouse.text(*range(0, CODES, 2), *range(1, CODES, 4)).text)
    tries = (AcceptTransfer(OTHER_BIN, f"try {number}", sent, only=span, acceptance=VALID)
             for number in range(1_000))  # fmt: skip
    assert least_rows(warehouse.bench, tries) > 50
    assert warehouse.bench.engine.transfer(OTHER_BIN, sent).row.accepted == CODES // 4


class TestManyBoxes:
    """A pallet of cases."""

    CASES, EACH = 100, 10

    @pytest.fixture
    def trade(self, bench: Bench) -> Trade:
        trade = Trade(bench, self.CASES * self.EACH)
        cases = [sscc(number) for number in range(self.CASES)]
        units = [PackUnit(case, trade.span(self.EACH * n, self.EACH), BoxKind.TRANSPORT)
                 for n, case in enumerate(cases)]  # fmt: skip
        pallet = PackUnit(sscc(self.CASES), CodeSet(boxes=tuple(cases)), BoxKind.TRANSPORT)
        bench.engine.execute(AggregateCodes(BIN, "pallet", (*units, pallet)))
        return trade

    def test_a_range_is_taken_out_of_all_its_boxes(self, trade: Trade):
        command = DisaggregateBoxes(BIN, "range", (), trade.span(5, 900))
        view = trade.bench.engine.execute(command).value
        assert (view.status, view.row.moved) == (DocumentStatus.ACCEPTED, 900)

    def test_what_came_by_a_transfer_is_taken_out_of_all_its_boxes(self, trade: Trade):
        sent = trade.ship(CodeSet(boxes=(sscc(self.CASES),))).transfer.transfer_id
        trade.accept(sent)
        command = DisaggregateBoxes(OTHER_BIN, "sent", (), CodeSet(transfers=(sent,)))
        view = trade.bench.engine.execute(command).value
        assert (view.status, view.row.moved) == (DocumentStatus.ACCEPTED, self.CASES * self.EACH)


def test_what_could_not_be_accepted_as_owners_are_is_not_shipped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    """Many codes around those of a shipment have other owners, which is many pages of a map."""
    monkeypatch.setattr(spans, "_PAGE_SPANS_MIN", 4)
    trade = Trade(bench, 400)
    trade.accept(trade.ship(trade.text(*range(0, 400, 4))).transfer.transfer_id)
    monkeypatch.setattr(room, "ROWS_MAX", 40)
    shipped = []
    for count in range(1, 20):
        goods = trade.text(*range(2, 20 * count, 20))
        try:
            sent = trade.ship(goods).transfer.transfer_id
        except Refused as refused:
            assert "send it in parts" in str(refused)  # noqa: PT017 - of some counts only
            continue
        shipped.append(count)
        trade.recall(sent)
    assert 3 < max(shipped) < 19
    most = trade.ship(trade.text(*range(2, 20 * max(shipped), 20))).transfer.transfer_id
    assert trade.accept(most).transfer.row.accepted == max(shipped)
