"""Boxes: what goes in and comes out, what moves with them, and who may do so."""

from __future__ import annotations

import pytest

from conftest import BIN, OTHER_BIN, SSCC_PREFIX, Bench
from emitter.config import Limits
from emitter.engine.box_commands import AggregateCodes, AllocateSsccs, DisaggregateBoxes, PackUnit
from emitter.engine.engine import Engine
from emitter.errors import Reason, Refused
from emitter.store.memory import MemoryStore
from emitter.trade.circulation import DocumentKind, DocumentStatus
from emitter.trade.packing import BoxState, SsccSpace, require_box
from emitter.trade.states import CodeState
from packer import GROUP, VALID, Packer


@pytest.fixture
def packer(bench: Bench) -> Packer:
    return Packer(bench, 3_000)


def states(packer: Packer, codes) -> set[int]:
    return set(packer.bench.engine.verify(packer.text(codes)).states.tolist())


def refused(packer: Packer, *units: PackUnit) -> Reason:
    with pytest.raises(Refused) as caught:
        packer.pack(*units)
    return caught.value.reason


def test_a_pallet_carries_its_goods_along(packer: Packer):
    packer.pack(
        packer.unit("a", range(10), kind=GROUP), packer.unit("b", range(10, 20), kind=GROUP)
    )
    packer.box("pallet", [20], ["a", "b"])
    everything = range(21)
    assert packer.contents("pallet") == {
        "pallet": [20], "a": list(range(10)), "b": list(range(10, 20)),
    }  # fmt: skip
    found = packer.bench.engine.boxes.find(BIN, packer.text([3, 20, 99]))
    assert [(box.text, box.around) for box in found.boxes] in (
        [("a", ["pallet"]), ("pallet", [])], [("pallet", []), ("a", ["pallet"])],
    )  # fmt: skip
    assert found.box_index[2] == -1
    assert packer.report(DocumentKind.INTRODUCTION, boxes=["pallet"]).row.moved == 21
    assert packer.report(DocumentKind.WITHDRAWAL, boxes=["pallet"]).row.moved == 21
    assert states(packer, everything) == {CodeState.WITHDRAWN}
    # The box stays as it is, so a return by the box finds all that left with it.
    assert packer.report(DocumentKind.RETURN, boxes=["pallet"]).row.moved == 21
    assert states(packer, everything) == {CodeState.INTRODUCED}


@pytest.mark.parametrize("kind", [DocumentKind.WITHDRAWAL, DocumentKind.DROPOUT])
def test_goods_in_a_box_do_not_leave_one_by_one(packer: Packer, kind: DocumentKind):
    packer.report(DocumentKind.INTRODUCTION, range(10))
    packer.box("a", range(5), kind=GROUP)
    packer.box("b", [5])
    packer.box("pallet", boxes=["a"])
    view = packer.report(kind, [5, 7], ["a"], acceptance=VALID)
    assert packer.verdicts(view) == [(0, Reason.CODE_BOXED), (2, Reason.BOX_BOXED)]
    assert view.row.moved == 1
    packer.unpack(inner=["a"])
    assert packer.report(kind, boxes=["a"]).row.moved == 5


@pytest.mark.parametrize("kind", [DocumentKind.UTILISATION, DocumentKind.INTRODUCTION])
def test_what_leaves_goods_where_they_are_asks_for_no_box(packer: Packer, kind: DocumentKind):
    packer.box("a", range(5))
    packer.box("pallet", boxes=["a"])
    assert packer.report(kind, [2]).row.moved == 1
    assert packer.verdicts(packer.report(kind, [2], ["a"], acceptance=VALID))[0][0] == 0


def test_only_paid_goods_that_are_there_are_packed(packer: Packer):
    packer.report(DocumentKind.INTRODUCTION, range(4))
    packer.report(DocumentKind.WITHDRAWAL, [0])
    packer.report(DocumentKind.DROPOUT, [1])
    view = packer.pack(packer.unit("a", range(6)), acceptance=VALID)
    assert packer.verdicts(view) == [(0, Reason.CODE_MOVE_REFUSED), (1, Reason.CODE_MOVE_REFUSED)]
    assert packer.contents("a") == {"a": [2, 3, 4, 5]}
    assert packer.box("b", [0]).status is DocumentStatus.REJECTED
    assert packer.bench.engine.boxes.find(BIN, packer.text([0])).boxes == []


def test_packing_does_not_touch_states(packer: Packer):
    before = [row for row in packer.bench.dump() if row[0][:1] == b"h"]
    packer.box("a", range(100, 2_000, 7))
    assert [row for row in packer.bench.dump() if row[0][:1] == b"h"] == before


def test_a_box_is_made_once_and_updated_after(packer: Packer):
    packer.box("a", [0])
    assert refused(packer, packer.unit("a", [1])) is Reason.BOX_EXISTS
    assert refused(packer, packer.unit("b", [1], update=True)) is Reason.BOX_NOT_FOUND
    packer.box("a", [1, 2], update=True)
    assert packer.contents("a") == {"a": [0, 1, 2]}
    packer.unpack(["a"])
    assert packer.where([0, 1, 2]) == ["", "", ""]
    with pytest.raises(Refused):
        packer.box("a", [3], update=True)
    packer.box("a", [3])  # its label is still on it
    assert packer.contents("a") == {"a": [3]}


def test_a_box_holds_what_it_can(packer: Packer):
    assert refused(packer, packer.unit("a", range(6), capacity=5)) is Reason.BOX_FULL
    packer.box("a", range(5), capacity=5)
    assert refused(packer, packer.unit("a", [5], update=True)) is Reason.BOX_FULL
    packer.box("a", [5], update=True, capacity=6)
    assert packer.bench.engine.boxes.read(BIN, packer.name("a")).row.capacity == 6


def test_no_box_lies_in_itself_or_in_two(packer: Packer):
    packer.pack(*(packer.unit(name, [place]) for place, name in enumerate("abcdef")))
    packer.box("a", boxes=["b"], update=True)
    packer.box("b", boxes=["c"], update=True)
    nesting = Reason.BOX_NESTING
    for box, inner, reason in (
        ("c", "a", nesting), ("a", "a", nesting), ("b", "b", Reason.BOX_BOXED),
        ("d", "c", Reason.BOX_BOXED), ("d", "x", Reason.BOX_NOT_FOUND),
    ):  # fmt: skip
        assert packer.verdicts(packer.box(box, boxes=[inner], update=True)) == [(0, reason)]
    packer.box("group", [9], kind=GROUP)
    assert packer.verdicts(packer.box("group", boxes=["d"], update=True)) == [(0, nesting)]
    packer.box("c", boxes=["d"], update=True)
    packer.box("d", boxes=["e"], update=True)  # five levels
    assert packer.verdicts(packer.box("e", boxes=["f"], update=True)) == [(0, nesting)]
    assert packer.verdicts(packer.box("g", boxes=["a"])) == [(0, nesting)]


def test_another_has_neither_the_box_nor_its_codes(packer: Packer, bench: Bench):
    packer.box("a", range(5))
    sscc = bench.engine.execute(AllocateSsccs(BIN, "ssccs", 1)).value.texts()[0]
    packer.box(sscc, [7])
    other = Packer(bench, 10, OTHER_BIN)
    other.codes = packer.codes
    for box in ("a", sscc):
        with pytest.raises(Refused) as caught:
            bench.engine.boxes.read(OTHER_BIN, other.name(box))
        assert caught.value.reason is Reason.BOX_NOT_FOUND
        for view in (
            other.report(DocumentKind.INTRODUCTION, boxes=[box]),
            other.unpack([box]),
            other.unpack(inner=[box]),
            other.box("mine", boxes=[box]),
        ):
            assert other.verdicts(view) == [(0, Reason.BOX_NOT_FOUND)]
            assert (view.row.codes, view.row.moved) == (1, 0)  # nor how many are in it
    assert other.verdicts(other.unpack(codes=[0])) == [(0, Reason.CODE_NOT_OWNED)]
    assert other.verdicts(other.box("mine", [8])) == [(0, Reason.CODE_NOT_OWNED)]
    assert bench.engine.boxes.find(OTHER_BIN, packer.text([0])).boxes == []
    assert [box.text for box in bench.engine.boxes.find(None, packer.text([0])).boxes] == ["a"]


def test_ssccs_are_given_out_once(packer: Packer, bench: Bench):
    bench.join(OTHER_BIN)
    command = AllocateSsccs(BIN, "first", 3)
    first = bench.engine.execute(command)
    again = bench.engine.execute(command)
    theirs = bench.engine.execute(AllocateSsccs(OTHER_BIN, "first", 2)).value.texts()
    assert again.replayed
    assert again.value.texts() == first.value.texts()
    space = SsccSpace(SSCC_PREFIX)
    assert [space.counter(int(text)) for text in first.value.texts() + theirs] == [0, 1, 2, 3, 4]
    assert bench.refusal(AllocateSsccs(BIN, "first", 4)).reason is Reason.REQUEST_DIFFERS
    assert bench.refusal(AllocateSsccs(BIN, "none", 0)).reason is Reason.QUANTITY_OUT_OF_RANGE
    for sscc in (theirs[0], f"{space.sscc(5):018d}"):  # another's, nobody's
        assert refused(packer, packer.unit(sscc, [0])) is Reason.FIELD_INVALID
    packer.box(first.value.texts()[2], [0])
    packer.box("106141411234567897", [1])  # of somebody's prefix: brought in


def test_a_used_up_prefix_gives_no_more(bench: Bench, keys, clock):
    engine = Engine(MemoryStore(), keys, clock=clock, threaded=False, sscc_prefix="952123456789",
                    limits=Limits(ssccs_max=1_000_000))  # fmt: skip
    bench.engine = engine
    bench.join()
    engine.execute(AllocateSsccs(BIN, "most", 99_999))
    assert bench.refusal(AllocateSsccs(BIN, "more", 2)).details["left"] == "1"
    assert engine.execute(AllocateSsccs(BIN, "last", 1)).value.texts() == ["995212345678999990"]


def test_a_document_is_one_however_often_it_comes(packer: Packer):
    units = (packer.unit("a", [0]),)
    first = packer.pack(*units, request_id="once")
    assert packer.pack(*units, request_id="once") == first
    with pytest.raises(Refused) as caught:
        packer.pack(packer.unit("a", [1]), request_id="once")
    assert caught.value.reason is Reason.REQUEST_DIFFERS
    assert packer.contents("a") == {"a": [0]}


def test_a_box_that_changed_meanwhile_is_named_again(packer: Packer):
    packer.box("a", [0])
    engine = packer.bench.engine
    add = AggregateCodes(BIN, "add", (packer.unit("a", [1], update=True),))
    disband = DisaggregateBoxes(BIN, "disband", packer.names(["a"]))
    promises = [engine.submit(add), engine.submit(disband)]
    engine.work_off()
    promises[0].result()
    with pytest.raises(Refused) as caught:
        promises[1].result()
    assert caught.value.reason is Reason.BOX_CHANGED
    assert engine.execute(disband).value.row.moved == 2
    assert engine.boxes.read(BIN, packer.name("a")).row.state == BoxState.DISBANDED


def test_much_in_a_box_goes_into_rows_of_its_own(packer: Packer):
    packer.pack(*(packer.unit(f"box {n}", [n * 3]) for n in range(300)))
    packer.box("big", range(1, 3_000, 3), [f"box {n}" for n in range(300)])
    rows = [key for key, _ in packer.bench.dump() if key[:1] == b"C"]
    assert len(rows) == 2
    assert packer.contents("big")["big"] == list(range(1, 3_000, 3))
    assert len(packer.contents("big")) == 301
    packer.unpack(codes=range(4, 3_000, 3), inner=[f"box {n}" for n in range(1, 300)])
    assert packer.contents("big") == {"big": [1], "box 0": [0]}
    assert not [key for key, _ in packer.bench.dump() if key[:1] == b"C"]


def test_a_buffer_without_boxes_costs_nothing(packer: Packer, bench: Bench):
    bench.join(OTHER_BIN, 1_000_000)
    assert not [key for key, _ in bench.dump() if key[:1] in {b"B", b"C", b"Z", b"S", b"l"}]
    packer.box("a", range(1_000))
    size = sum(len(k) + len(v) for k, v in bench.dump() if k[:1] in {b"B", b"C", b"Z", b"l"})
    assert size < 400
    assert packer.where([0, 999, 1_000]) == ["a", "a", ""]


def test_what_can_be_no_document_is_refused(packer: Packer):
    engine = packer.bench.engine
    for command, reason in (
        (AggregateCodes(BIN, "id", ()), Reason.FIELD_REQUIRED),
        (AggregateCodes(BIN, "", (packer.unit("a", [1]),)), Reason.FIELD_REQUIRED),
        (AggregateCodes(BIN, "id", (packer.unit("a"),)), Reason.REPORT_EMPTY),
        (AggregateCodes(BIN, "id", (packer.unit("a", [1]),) * 5_001), Reason.LIMIT_EXCEEDED),
        (AggregateCodes(BIN, "id", (packer.unit("a", [1], capacity=-1),)),
         Reason.QUANTITY_OUT_OF_RANGE),
        (DisaggregateBoxes(BIN, "id"), Reason.REPORT_EMPTY),
        (DisaggregateBoxes(OTHER_BIN, "id", (require_box("x", OTHER_BIN, "box"),)),
         Reason.PARTICIPANT_NOT_FOUND),
    ):  # fmt: skip
        with pytest.raises(Refused) as caught:
            engine.execute(command)
        assert caught.value.reason is reason


def test_more_rows_than_a_transaction_has_are_refused(bench: Bench):
    packer = Packer(bench, 30_000)
    boxes = [f"box {number}" for number in range(9_990)]
    for start in range(0, len(boxes), 3_330):
        packer.pack(*(packer.unit(box, [start + n]) for n, box in
                      enumerate(boxes[start : start + 3_330])))  # fmt: skip
    with pytest.raises(Refused) as caught:
        packer.box("pallet", boxes=boxes)
    assert caught.value.reason is Reason.FIELD_INVALID
    packer.box("pallet", boxes=boxes[:5_000])
    packer.box("pallet", boxes=boxes[5_000:], update=True)
    assert bench.engine.boxes.read(BIN, packer.name("pallet")).row.all_codes == 9_990
    assert packer.report(DocumentKind.INTRODUCTION, boxes=["pallet"]).row.moved == 9_990
