"""Reports at their edges: of a chunk, of how many codes they take, and of the day."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from conftest import BIN, DAY, OTHER_BIN, SHOES, Bench
from emitter.engine import engine as engine_module
from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.code_states import CHUNK
from emitter.engine.commands import OrderLine, ReportCodes
from emitter.engine.transfer_commands import ShipCodes
from emitter.errors import Reason
from emitter.store import schema
from emitter.trade.calendar import instant
from emitter.trade.circulation import DocumentKind, DropoutReason, IntroductionWay
from emitter.trade.packing import BoxKind, require_box
from emitter.trade.states import CodeState

EDGES = (CHUNK - 1, CHUNK, CHUNK + 1)
PAID, INTRODUCED, WRITTEN_OFF = (
    CodeState.APPLIED_AND_PAID, CodeState.INTRODUCED, CodeState.WRITTEN_OFF,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _joined(bench: Bench) -> None:
    bench.join(BIN, 1_000_000_000)
    bench.join(OTHER_BIN)


def introduction(codes: CodeSet, request_id: str = "in", **more) -> ReportCodes:
    kind, way = DocumentKind.INTRODUCTION, IntroductionWay.PRODUCTION
    return ReportCodes(BIN, request_id, kind, codes, way, **more)


@pytest.mark.parametrize("large", [0, 3_000])
@pytest.mark.parametrize("quantity", [*EDGES, 3 * CHUNK])
@pytest.mark.parametrize("count", EDGES)
def test_a_run_that_ends_beside_the_edge_of_a_chunk_moves_just_its_codes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, quantity: int, count: int, large: int
):
    monkeypatch.setattr(engine_module, "LARGE_ROWS", large)
    count = min(count, quantity)
    order = bench.order("order", OrderLine(SHOES, quantity, 1))
    codes = bench.codes(bench.deliver(order, "block").value)
    span = CodeSpan(order.order_id, SHOES, 0, count)
    view = bench.engine.execute(introduction(CodeSet(spans=(span,)))).value
    assert view.row.moved == count
    rows = [schema.chunk_of(key) for key, _ in bench.dump() if key[:1] == schema.CHUNKS]
    assert rows == ([] if count in (CHUNK, quantity) else [count // CHUNK])
    rest = CodeSet(text=b"\n".join(codes[count - 1 : count + 1]))  # one on either side
    drop = ReportCodes(BIN, "out", DocumentKind.DROPOUT, rest, DropoutReason.DEFECT)
    assert bench.engine.execute(drop).value.row.moved == len(codes[count - 1 : count + 1])
    states = bench.engine.verify(b"\n".join(codes)).states.tolist()
    assert states == ([INTRODUCED] * (count - 1) + [WRITTEN_OFF] * 2 + [PAID] * quantity)[:quantity]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_thirty_thousand_codes_are_taken_and_not_one_more(bench: Bench, end: bytes):
    text = b"\n".join([b"x"] * 30_000) + end
    more = text.removesuffix(b"\n") + b"\nx" + end
    box = require_box("box", BIN, "box")

    def commands(number: int, text: bytes):
        codes = CodeSet(text=text)
        yield introduction(codes, f"{number}")
        yield AggregateCodes(BIN, f"in {number}", (PackUnit(box, codes, BoxKind.GROUP),))
        yield DisaggregateBoxes(BIN, f"out {number}", (), codes)
        yield ShipCodes(BIN, f"ship {number}", OTHER_BIN, codes)

    for command in commands(1, text):
        made = bench.engine.execute(command).value
        row = getattr(made, "document", made).row
        assert (row.codes, row.in_vain, row.moved) == (30_000, 30_000, 0)
    for command in commands(2, more):
        refusal = bench.refusal(command)
        assert refusal.reason is Reason.LIMIT_EXCEEDED
        assert refusal.details == {"field": "codes", "limit": "30000"}


def test_a_document_of_the_future_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.clock.now_us = instant(DAY + dt.timedelta(days=1)) - 1  # the last moment in Almaty
    order = bench.order("order", OrderLine(SHOES, 10, 1))
    bench.deliver(order, "block")

    def said(field: str, days: int, number: int, large: int) -> ReportCodes:
        day = DAY + dt.timedelta(days=days)
        codes = CodeSet(spans=(CodeSpan(order.order_id, SHOES, number, 1),))
        if field == "event_date":
            return introduction(codes, f"{field} {days} {large}", dated_on=day)
        word = {"production_date": "productionDate", "document_date": "sourceDocDate"}[field]
        details: dict[str, object] = {word: f"{day}T00:00:00Z", "expirationDate": "2099-01-01"}
        if number % 2:
            details = {"attributes": details, word: "2020-01-01"}
        else:
            details["attributes"] = {word: "2020-01-01"}
        return introduction(codes, f"{field} {days} {large}", details=json.dumps(details))

    number = 0
    for large in (0, 3_000):
        monkeypatch.setattr(engine_module, "LARGE_ROWS", large)
        for field in ("event_date", "production_date", "document_date"):
            refusal = bench.refusal(said(field, 2, number, large))
            assert (refusal.reason, refusal.details["field"]) == (Reason.FIELD_INVALID, field)
            days = 1 if large else -20_000
            assert bench.engine.execute(said(field, days, number, large)).value.row.moved == 1
            number += 1
    bench.clock.now_us += 1  # the next day: what was refused is so no more, under the same id
    again = bench.engine.execute(said("event_date", 2, number, 3_000))
    assert (again.value.row.moved, again.replayed) == (1, False)


def test_a_transfer_of_the_future_is_refused(bench: Bench):
    details = json.dumps({"sourceDocDate": str(DAY + dt.timedelta(days=2))})
    command = ShipCodes(BIN, "ship", OTHER_BIN, CodeSet(text=b"x"), details=details)
    assert bench.refusal(command).details["field"] == "document_date"
