"""Reports move codes along their machine, all or the valid ones, and name the others."""

from __future__ import annotations

import random

import numpy as np
import pytest

from conftest import BIN, OTHER_BIN, OTHER_SHOES, SHOES, SHOES_2, Bench
from emitter import _core
from emitter.engine.code_sets import BlockName, CodeSet, CodeSpan
from emitter.engine.commands import CloseOrder, DeliverBlock, OrderLine, ReportCodes
from emitter.engine.locating import Place
from emitter.errors import Reason
from emitter.trade.circulation import (
    MOVES,
    STATE_MASK,
    UTILISED,
    Acceptance,
    DocumentKind,
    DocumentStatus,
)
from emitter.trade.states import CODE, CodeEvent, CodeState
from stock import stock

MONEY = 1_000_000_000
KINDS = list(MOVES)


def reason_of(kind: DocumentKind):
    """Return some reason that a kind of report takes."""
    reasons = MOVES[kind].reasons
    return next(iter(reasons)) if reasons else None


class Reporter:
    """Reports through an engine, with a new request id each."""

    def __init__(self, bench: Bench, bin_: int = BIN) -> None:
        self.bench, self.bin, self._count = bench, bin_, 0

    def __call__(self, kind: DocumentKind, acceptance=Acceptance.WHOLE, **codes):
        self._count += 1
        command = ReportCodes(
            self.bin, f"{self.bin}-report-{self._count}", kind, CodeSet(**codes),
            reason_of(kind), acceptance,
        )  # fmt: skip
        return self.bench.engine.execute(command).value

    def verdicts(self, view) -> list[tuple]:
        return self.bench.engine.document_in_vain(view).items.tolist()


@pytest.fixture
def report(bench: Bench) -> Reporter:
    bench.join(BIN, MONEY)
    bench.join(OTHER_BIN, MONEY)
    return Reporter(bench)


def states(bench: Bench, codes: list[bytes]) -> list[int]:
    """Return the byte of each code, as verification tells it."""
    verified = bench.engine.verify(b"\n".join(codes))
    assert not verified.reasons.any()
    return (verified.states | np.where(verified.utilised, UTILISED, 0)).tolist()


def test_a_code_goes_its_way(bench: Bench, report: Reporter):
    order = bench.order("order", OrderLine(SHOES, 10, 1))
    codes = bench.codes(bench.deliver(order, "block", 4).value)
    text = codes[0] + b"\n" + codes[2]
    way = [
        (DocumentKind.UTILISATION, CodeState.APPLIED_AND_PAID),
        (DocumentKind.INTRODUCTION, CodeState.INTRODUCED),
        (DocumentKind.WITHDRAWAL, CodeState.WITHDRAWN),
        (DocumentKind.RETURN, CodeState.INTRODUCED),
        (DocumentKind.DROPOUT, CodeState.WRITTEN_OFF),
    ]
    for kind, state in way:
        view = report(kind, text=text)
        assert (view.status, view.row.moved) == (DocumentStatus.ACCEPTED, 2)
        paid = CodeState.APPLIED_AND_PAID
        assert states(bench, codes) == [state | UTILISED, paid, state | UTILISED, paid]


PATHS = {
    CodeState.INTRODUCED: [DocumentKind.INTRODUCTION],
    CodeState.WITHDRAWN: [DocumentKind.INTRODUCTION, DocumentKind.WITHDRAWAL],
    CodeState.WRITTEN_OFF: [DocumentKind.DROPOUT],
}
EVENTS = {
    DocumentKind.INTRODUCTION: CodeEvent.INTRODUCE,
    DocumentKind.DROPOUT: CodeEvent.WRITE_OFF,
    DocumentKind.WITHDRAWAL: CodeEvent.WITHDRAW,
    DocumentKind.RETURN: CodeEvent.RETURN,
}
UNDELIVERED = (CodeState.EMITTED, CodeState.ANNULLED)
CELLS = [
    (kind, state, utilised)
    for kind in KINDS
    for state in CodeState
    for utilised in (None, 0, 1)  # before the step of the path with this number
    if utilised is None or (state not in UNDELIVERED and utilised <= len(PATHS.get(state, [])))
    if (state, utilised) != (CodeState.WRITTEN_OFF, 1)
]


@pytest.mark.parametrize(("kind", "state", "utilised"), CELLS)
def test_every_cell(
    bench: Bench, report: Reporter, kind: DocumentKind, state: CodeState, utilised: int | None
):
    """Utilisation is reported once, of what may be put on goods; every other move keeps it."""
    order = bench.order("order", OrderLine(SHOES, 5, 1))
    codes = []
    if state not in UNDELIVERED:
        codes = bench.codes(bench.deliver(order, "block", 5).value)
    span = (CodeSpan(order.order_id, SHOES, 1, 2),)
    path = PATHS.get(state, [])
    if utilised is not None:
        path = [*path[:utilised], DocumentKind.UTILISATION, *path[utilised:]]
    for step in path:
        assert report(step, spans=span).status is DocumentStatus.ACCEPTED
    if state is CodeState.ANNULLED:
        bench.engine.execute(CloseOrder(BIN, "close", order.order_id))
    flag = UTILISED if utilised is not None else 0
    before = state | flag
    event = EVENTS.get(kind)
    if event:
        after = CODE.grid[state][event] and CODE.grid[state][event] | flag
    else:
        takes = state in (CodeState.APPLIED_AND_PAID, CodeState.INTRODUCED) and not flag
        after = before | UTILISED if takes else None
    view = report(kind, spans=span)
    if after:
        assert (view.status, view.row.moved, view.row.in_vain) == (DocumentStatus.ACCEPTED, 2, 0)
    else:
        assert (view.status, view.row.moved, view.row.in_vain) == (DocumentStatus.REJECTED, 0, 2)
        again = flag and kind is DocumentKind.UTILISATION
        reason = Reason.CODE_UTILISED_ALREADY if again else Reason.CODE_MOVE_REFUSED
        told = [(item, reason, state & STATE_MASK, first, count)
                for item, reason, state, first, count, *_ in report.verdicts(view)]  # fmt: skip
        assert told == [(0, reason, state, 1, 2)]
    if codes:
        paid = CodeState.APPLIED_AND_PAID
        assert states(bench, codes) == [paid, after or before, after or before, paid, paid]


def test_valid_codes_are_moved_beside_bad_ones(bench: Bench, report: Reporter):
    order = bench.order("order", OrderLine(SHOES, 10, 1))
    codes = bench.codes(bench.deliver(order, "block", 4).value)
    other = bench.order("other", OrderLine(OTHER_SHOES, 3, 1), bin_=OTHER_BIN)
    theirs = DeliverBlock(OTHER_BIN, other.order_id, OTHER_SHOES, "theirs")
    block = bench.engine.execute(theirs).value
    theirs = bench.engine.records(block, 0, 1)
    forged = codes[1][:-1] + (b"A" if codes[1][-1:] != b"A" else b"B")
    text = b"\n".join([codes[0], forged, b"nonsense", codes[0], theirs, codes[3]])
    rejected = report(DocumentKind.INTRODUCTION, text=text)
    assert (rejected.status, rejected.row.moved) == (DocumentStatus.REJECTED, 0)
    view = report(DocumentKind.INTRODUCTION, Acceptance.VALID, text=text)
    assert (view.status, view.row.moved) == (DocumentStatus.PARTLY_ACCEPTED, 2)
    named = [(item, reason) for item, reason, *_ in report.verdicts(view)]
    assert named == [
        (1, Reason.CODE_FORGED), (2, Reason.CODE_UNPARSABLE),
        (3, Reason.CODE_REPEATED), (4, Reason.CODE_NOT_OWNED),
    ]  # fmt: skip
    assert report.verdicts(rejected) == report.verdicts(view)
    assert states(bench, codes) == [3, 2, 2, 3]


def test_a_report_is_one_document_however_often_it_comes(bench: Bench):
    bench.join(BIN, MONEY)
    order = bench.order("order", OrderLine(SHOES, 10, 1))
    bench.deliver(order, "block", 4)
    command = ReportCodes(
        BIN, "once", DocumentKind.UTILISATION,
        CodeSet(blocks=(BlockName(order.order_id, SHOES, "block"),)),
    )  # fmt: skip
    first, second = bench.engine.execute(command), bench.engine.execute(command)
    assert (first.value, first.replayed) == (second.value, False)
    assert second.replayed
    assert bench.engine.documents(BIN, page_size=10)[0] == [first.value]
    other = ReportCodes(BIN, "once", DocumentKind.UTILISATION,
                        CodeSet(spans=(CodeSpan(order.order_id, SHOES, 0, 1),)))  # fmt: skip
    assert bench.refusal(other).reason is Reason.REQUEST_DIFFERS


def test_millions_by_range_cost_one_row(bench: Bench, report: Reporter):
    order = bench.order("order", OrderLine(SHOES, 3_000_000, 1))
    bench.deliver(order, "block", 3_000_000)
    before = len(bench.dump())
    span = (CodeSpan(order.order_id, SHOES, 0, 3_000_000),)
    assert report(DocumentKind.INTRODUCTION, spans=span).row.moved == 3_000_000
    rows = bench.dump()
    assert len(rows) - before == 5  # life, document, its runs, trace, request
    assert sum(len(row) for key, row in rows if key[:1] == b"l") < 20


@pytest.mark.parametrize("seed", range(6))
def test_random_reports_agree_with_a_list_of_codes(bench: Bench, report: Reporter, seed: int):
    rng = random.Random(seed)
    quantity = rng.choice([700, 1024, 2500, 5000])
    order = bench.order("order", OrderLine(SHOES, quantity, 1))
    delivered = rng.choice([quantity, quantity // 2, 1024, 1100])
    block = bench.deliver(order, "block", min(delivered, quantity)).value
    delivered = block.row.quantity
    codes = bench.codes(block)
    plain = [int(CodeState.APPLIED_AND_PAID)] * delivered + [1] * (quantity - delivered)
    for _ in range(30):
        kind = rng.choice(KINDS)
        table = MOVES[kind].table()
        acceptance = rng.choice(list(Acceptance))
        chosen: set[int] = set()
        spans = []
        for _ in range(rng.randrange(3)):
            first = rng.randrange(quantity)
            count = rng.choice([1, 10, 1024, quantity]) % (quantity - first) + 1
            if chosen.isdisjoint(range(first, first + count)):
                chosen.update(range(first, first + count))
                spans.append(CodeSpan(order.order_id, SHOES, first, count))
        texts = [i for i in rng.sample(range(delivered), rng.choice([1, 20])) if i not in chosen]
        chosen.update(texts)
        view = report(kind, acceptance, text=b"\n".join(codes[i] for i in texts),
                      spans=tuple(spans))  # fmt: skip
        bad = {i for i in chosen if not table[plain[i]]}
        if not bad or (acceptance is Acceptance.VALID and bad != chosen):
            for i in chosen - bad:
                plain[i] = table[plain[i]]
            assert view.row.moved == len(chosen - bad)
        else:
            assert view.status is DocumentStatus.REJECTED
        assert view.row.in_vain == len(bad)
        assert states(bench, codes) == plain[:delivered]


def test_packing_is_the_shortest_and_comes_back():
    rng = np.random.default_rng(7)
    for share in (0, 0.001, 0.05, 0.3, 0.34, 0.6, 1):
        codes = ((rng.random((4, 1024)) < share) * rng.integers(1, 32, (4, 1024))).astype(np.uint8)
        codes[0] = np.repeat(rng.integers(0, 3, 16), 64)
        rows = _core.pack_chunks(codes)
        assert (_core.unpack_chunks(rows) == codes).all()
        index, offset = rng.integers(0, 4, 500), rng.integers(0, 1024, 500)
        assert (_core.read_chunks(rows, index, offset) == codes[index, offset]).all()
        for row, chunk in zip(rows, codes, strict=True):
            touched = np.count_nonzero(chunk)
            runs = 1 + np.count_nonzero(chunk[1:] != chunk[:-1])
            expected = min(1 + 3 * touched, 1 + 3 * runs, 1025) if touched else 0
            assert len(row or b"") == expected
    for bad in (b"\x04", b"\x03abc", b"\x01\0\0", b"\x01\0\4\1", b"\x02\1\0\1", b"\1\1\0\1\1\0\1"):
        with pytest.raises(ValueError, match="not the row of a chunk"):
            _core.unpack_chunks([bad])


def test_state_bits_do_not_meet():
    assert max(CodeState) <= STATE_MASK
    assert not UTILISED & STATE_MASK


def test_codes_named_in_vain_are_told_by_their_identification_code(bench: Bench, report: Reporter):
    """GTIN and serial of delivered codes; of others, and of another's, nothing but the item."""
    order = bench.order("order", OrderLine(SHOES, 3000, 1))
    codes = bench.codes(bench.deliver(order, "block", 2000).value)
    other = bench.order("other", OrderLine(OTHER_SHOES, 3, 1), bin_=OTHER_BIN)
    theirs = DeliverBlock(OTHER_BIN, other.order_id, OTHER_SHOES, "theirs")
    block = bench.engine.execute(theirs).value
    theirs = bench.engine.records(block, 0, 1)
    report(DocumentKind.DROPOUT, text=codes[7] + b"\n" + codes[1998])
    spans = (CodeSpan(order.order_id, SHOES, 5, 10), CodeSpan(order.order_id, SHOES, 1990, 100))
    view = report(DocumentKind.INTRODUCTION, text=b"\n".join([theirs, b"?", theirs]), spans=spans)
    items, places = bench.engine.document_in_vain(view)
    written_off, emitted = CodeState.WRITTEN_OFF, CodeState.EMITTED
    assert items.tolist() == [
        (0, Reason.CODE_NOT_OWNED, 0, 0, 1, 0),
        (1, Reason.CODE_UNPARSABLE, 0, 0, 1, 0),
        (2, Reason.CODE_REPEATED, 0, 0, 1, 0),
        (3, Reason.CODE_MOVE_REFUSED, written_off, 7, 1, 1),
        (4, Reason.CODE_MOVE_REFUSED, written_off, 1998, 1, 1),
        (4, Reason.CODE_MOVE_REFUSED, emitted, 2000, 90, 1),
    ]
    assert places == [(BIN, order.order_id, SHOES)]
    place = Place(*places[0])
    told = bench.engine.identification_codes(place, [1998, 7, 2000, 8, -1])
    size = len("0104670033010053213000000000000")
    assert told == [codes[1998][:size], codes[7][:size], b"", codes[8][:size], b""]
    stock(bench.engine, BIN, [(46198488, 4)])
    pack = bench.order("pack", OrderLine(46198488, 2, 4, 95_000))
    packs = bench.codes(bench.deliver(pack, "packs", gtin=46198488).value)
    told = bench.engine.identification_codes(Place(BIN, pack.order_id, 46198488), [1])
    assert told == [packs[1][:21]]


def test_many_codes_named_in_vain_fill_several_rows(bench: Bench, report: Reporter):
    places = []
    for gtin in (SHOES, SHOES_2):
        order = bench.order(str(gtin), OrderLine(gtin, 12_000, 1))
        bench.deliver(order, "block", gtin=gtin)
        text = bench.codes(bench.engine.block(BIN, order.order_id, gtin, "block"))
        places.append((order.order_id, gtin, text[::2]))
    report(DocumentKind.DROPOUT, text=b"\n".join(places[0][2] + places[1][2]))
    spans = tuple(CodeSpan(order, gtin, 0, 12_000) for order, gtin, _ in places)
    view = report(DocumentKind.DROPOUT, Acceptance.VALID, spans=spans)
    items, found = bench.engine.document_in_vain(view)
    assert view.row.in_vain_parts > 1
    assert view.row.in_vain == 12_000
    assert found == [(BIN, order, gtin) for order, gtin, _ in places]
    assert items["item"].tolist() == [0] * 6000 + [1] * 6000
    assert (items["place"] == items["item"] + 1).all()
    assert (items["first"] == np.tile(np.arange(0, 12_000, 2), 2)).all()


def test_a_code_named_twice_is_moved_once_and_harms_no_neighbour(
    bench: Bench, report: Reporter
) -> None:
    """Texts inside spans, spans over spans: a code belongs to one item, the rest is repeated."""
    order = bench.order("order", OrderLine(SHOES, 30, 1))
    codes = bench.codes(bench.deliver(order, "block").value)
    spans = tuple(CodeSpan(order.order_id, SHOES, *s) for s in ((0, 10), (5, 15), (18, 4), (2, 3)))
    named = {"text": codes[0] + b"\n" + codes[25], "spans": spans}
    whole = report(DocumentKind.INTRODUCTION, **named)
    assert (whole.status, whole.row.moved) == (DocumentStatus.REJECTED, 0)
    view = report(DocumentKind.INTRODUCTION, Acceptance.VALID, **named)
    assert states(bench, codes) == [3] * 22 + [2] * 3 + [3] + [2] * 4
    assert (view.row.codes, view.row.moved, view.row.in_vain) == (34, 23, 11)
    assert {v[1] for v in report.verdicts(view)} == {Reason.CODE_REPEATED}


def test_a_buffer_whose_codes_are_all_refused_stays_untouched(bench: Bench, report: Reporter):
    order = bench.order("order", OrderLine(SHOES, 10, 1), OrderLine(SHOES_2, 10, 1))
    bench.deliver(order, "block")
    spans = tuple(CodeSpan(order.order_id, gtin, 0, 4) for gtin in (SHOES, SHOES_2))
    view = report(DocumentKind.INTRODUCTION, Acceptance.VALID, spans=spans)
    assert (view.status, view.row.moved) == (DocumentStatus.PARTLY_ACCEPTED, 4)
    assert len([key for key, _ in bench.dump() if key[:1] in b"lF"]) == 2


@pytest.mark.parametrize("step", [2, 3, 7])
def test_codes_refused_one_by_one_fit_what_was_announced(
    bench: Bench, report: Reporter, step: int
) -> None:
    """Every other code of a wide range is refused by itself: many rows, and no failure."""
    quantity = 60_000
    order = bench.order("order", OrderLine(SHOES, quantity, 1))
    codes = bench.codes(bench.deliver(order, "block").value)
    report(DocumentKind.DROPOUT, text=b"\n".join(codes[::step]))
    view = report(DocumentKind.INTRODUCTION, Acceptance.VALID,
                  spans=(CodeSpan(order.order_id, SHOES, 0, quantity),))  # fmt: skip
    assert view.row.in_vain == len(codes[::step])
    assert view.row.moved == quantity - view.row.in_vain
    assert view.row.in_vain_parts > 2
    assert len(report.verdicts(view)) == view.row.in_vain
