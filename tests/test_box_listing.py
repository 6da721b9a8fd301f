"""A participant's boxes are listed: outermost ones or all, as they are packed and change hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine import upgrading
from emitter.engine.box_listing import list_boxes
from emitter.engine.engine import Engine, StoreMismatchError
from emitter.engine.invariants import check_store
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.held_boxes import HELD
from emitter.store.memory import MemoryStore
from emitter.store.rows import FORMAT_VERSION, Meta
from emitter.trade.packing import BoxState
from faulty_store import FaultyStore, ladder
from packer import Packer
from store_tools import put, rows_of
from test_box_transfers import Boxed

if TYPE_CHECKING:
    from emitter.store.port import Reader


def listed(engine: Engine, bin_: int = BIN, state=BoxState.PACKED, *, deep=False, size=100):
    """All pages of a list: (name, names of the boxes around it) of each box."""
    found, token = [], b""
    while True:
        page, token = engine.boxes.owned(bin_, state, deep=deep, page_size=size, page_token=token)
        assert len(page) <= size
        found += [(view.text, *view.around) for view in page]
        if not token:
            return found
        assert len(page) == size


@pytest.fixture
def packer(bench: Bench) -> Packer:
    """Case 1 and 2 on a pallet, on a truck; 3 by itself; 4 and 5 made later; 6 disbanded."""
    packer = Packer(bench, 100)
    packer.pack(*(packer.unit(f"case {n}", [n]) for n in range(4)))
    packer.pack(packer.unit("pallet", [10], ["case 1", "case 2"]),
                packer.unit("truck", boxes=["pallet"]))  # fmt: skip
    packer.pack(*(packer.unit(f"case {n}", [n]) for n in range(4, 7)))
    packer.unpack(["case 6"])
    return packer


def test_outermost_boxes_are_listed_the_newest_first(packer: Packer):
    engine = packer.bench.engine
    assert {name for name, *_ in listed(engine)[:2]} == {"case 4", "case 5"}
    assert [name for name, *_ in listed(engine)][2] == "truck"
    assert {name for name, *_ in listed(engine)[3:]} == {"case 0", "case 3"}
    assert listed(engine, state=BoxState.DISBANDED) == [("case 6",)]
    assert listed(engine, OTHER_BIN) == []
    packer.unpack(["truck"], inner=["case 2"])
    assert {name for name, *_ in listed(engine)} == {
        "case 0", "case 3", "case 4", "case 5", "case 2", "pallet"
    }  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_all_boxes_are_listed_each_before_what_lies_in_it(packer: Packer, size: int):
    found = listed(packer.bench.engine, deep=True, size=size)
    assert len(found) == 8
    assert ("case 1", "pallet", "truck") in found
    at = {name: place for place, (name, *_) in enumerate(found)}
    assert at["truck"] + 1 == at["pallet"] < at["case 1"]
    assert found == listed(packer.bench.engine, deep=True)
    assert listed(packer.bench.engine, size=size) == [one for one in found if len(one) == 1]


def test_a_list_goes_on_behind_boxes_that_have_gone(packer: Packer):
    engine = packer.bench.engine
    before = listed(engine)
    page, token = engine.boxes.owned(BIN, BoxState.PACKED, deep=True, page_size=4)
    assert page[-1].text == "pallet"
    packer.unpack(["truck"])
    rest, token = engine.boxes.owned(BIN, BoxState.PACKED, deep=True, page_size=9, page_token=token)
    assert [view.text for view in rest if view.text in ("case 0", "case 3")] == [
        name for name, in before if name in ("case 0", "case 3")
    ]  # fmt: skip
    assert not token
    with pytest.raises(Refused) as refused:
        engine.boxes.owned(BIN, BoxState.PACKED, deep=True, page_size=9, page_token=b"no")
    assert refused.value.reason is Reason.PAGE_TOKEN_INVALID


@pytest.mark.parametrize("size", range(1, 8))
def test_a_box_that_stays_comes_once_whatever_its_neighbours_do(bench: Bench, size: int):
    packer, engine = Packer(bench, 100), bench.engine
    packer.pack(*(packer.unit(f"case {n}", [n]) for n in range(12)))
    packer.pack(packer.unit("pallet", [20], [f"case {n}" for n in range(8)]))
    before = [name for name, *_ in listed(engine, deep=True)]
    page, token = engine.boxes.owned(BIN, BoxState.PACKED, deep=True, page_size=size)
    gone, come = before[1:9:3], ["case 8", "case 9"]  # of those shown, of those to come
    packer.unpack(inner=gone)
    packer.box("pallet", boxes=come, update=True)
    found = [view.text for view in page]
    while token:
        page, token = engine.boxes.owned(
            BIN, BoxState.PACKED, deep=True, page_size=2, page_token=token
        )
        found += [view.text for view in page]
    for name in {*before} - {*gone, *come}:
        assert found.count(name) == 1, name
    assert set(found) <= {*before}


class Counting:
    """A reader that keeps the keys of the rows that were looked up."""

    def __init__(self, reader: Reader) -> None:
        self.scan, self._reader, self.keys = reader.scan, reader, []

    def get_many(self, keys):
        self.keys += keys
        return self._reader.get_many(keys)


@pytest.mark.parametrize("deep", [False, True])
def test_a_page_reads_what_it_shows(bench: Bench, deep):
    packer = Packer(bench, 2_000)
    packer.pack(*(packer.unit(f"case {n}", [n]) for n in range(300)))
    if deep:  # with so many runs of codes that they have rows of their own, as the boxes in it have
        codes = range(300, 2_000, 2)
        packer.box("pallet", codes, [f"case {n}" for n in range(300)])

    def read(reader: Reader) -> int:
        found, token, most = [], b"", 0
        while not found or token:
            counting = Counting(reader)
            page, token = list_boxes(counting, BIN, BoxState.PACKED, deep=deep, page_size=3,
                                     page_token=token)  # fmt: skip
            found += page
            most = max(most, len(counting.keys))
        assert len(found) == 300 + deep
        return most

    most = bench.store.view(read)
    assert most <= (6 if deep else 4)  # one more box than is shown; the pallet and those in it


def test_boxes_change_hands_with_their_place_in_the_list(bench: Bench):
    trade = Boxed(bench)
    boxes = bench.engine.boxes
    sent = trade.ship(trade.boxes(trade.pallet)).transfer.transfer_id
    page, _ = boxes.owned(BIN, BoxState.PACKED, deep=True, page_size=9)
    assert {view.box for view in page if view.under_way} == {
        trade.pallet.box, trade.inner.box, trade.second.box
    }  # fmt: skip
    assert listed(bench.engine, OTHER_BIN) == []
    trade.accept(sent)
    assert listed(bench.engine) == [(trade.alone.text,)]
    assert listed(bench.engine, OTHER_BIN) == [(trade.pallet.text,)]
    trade.unpack(trade.pallet, OTHER_BIN)
    assert {name for name, *_ in listed(bench.engine, OTHER_BIN)} == {
        trade.inner.text, trade.second.text
    }  # fmt: skip


def test_boxes_of_a_document_share_a_row(bench: Bench):
    packer = Packer(bench, 1_000)
    packer.pack(*(packer.unit(f"case {n}", [n]) for n in range(1_000)))
    assert [len(row) for key, row in bench.dump() if key[:1] == HELD] == [8_000]


class TestUpgrade:
    """A store of format 1 has no lists."""

    def test_lists_are_made_when_the_store_is_opened(self, packer: Packer, keys, clock):
        bench = packer.bench
        before = bench.dump()
        self._make_old(bench)
        check_store(bench.store, whole=True)
        Engine(bench.store, keys, clock=clock, threaded=False)
        assert bench.dump() == before

    @pytest.mark.parametrize("worked", [False, True])
    def test_an_upgrade_may_be_cut_anywhere(self, packer: Packer, monkeypatch, *, worked: bool):
        """And the release before it may have worked on until it is made again."""
        monkeypatch.setattr(upgrading, "_STEP_BOXES", 2)
        bench = packer.bench
        rows = dict(bench.dump())
        if worked:
            packer.unpack(["truck", "case 4"])
            packer.box("box", [20], ["case 0", "pallet"])
        later = dict(bench.dump())
        cut_short = 0

        def check(store: FaultyStore, error: Exception | None) -> None:
            nonlocal cut_short
            left, expected = rows_of(store), rows
            if Meta.unpack(left[schema.META_KEY]).format_version == 1:
                held = {key: row for key, row in left.items() if key[:1] == HELD}
                assert without_lists(rows) | held == left
                store.update(lambda writer: writer.delete_many(list(left)))
                put(store, *(without_lists(later) | held).items())
                cut_short, expected = cut_short + bool(held), later
            check_store(store, whole=True)
            upgrading.upgrade(store)
            assert rows_of(store) == expected
            assert error or left == rows

        def make() -> MemoryStore:
            store = MemoryStore()
            put(store, *without_lists(rows).items())
            return store

        assert ladder(make, upgrading.upgrade, check) > 100
        assert cut_short > 20

    def test_a_store_of_a_later_format_is_not_opened(self, bench: Bench, keys, clock):
        meta = Meta.unpack(dict(bench.dump())[schema.META_KEY])
        for version in (0, FORMAT_VERSION + 1):
            row = meta._replace(format_version=version).pack()
            bench.store.update(lambda w, row=row: w.put_many([(schema.META_KEY, row)]))
            with pytest.raises(StoreMismatchError, match=f"format {version}"):
                Engine(bench.store, keys, clock=clock, threaded=False)

    def _make_old(self, bench: Bench) -> None:
        rows = bench.dump()
        old = without_lists(dict(rows))
        assert len(old) < len(rows)
        bench.store.update(lambda w: w.delete_many([key for key, _ in rows]))
        put(bench.store, *old.items())


def without_lists(rows: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the rows of a store as they were in format 1."""
    meta = Meta.unpack(rows[schema.META_KEY])._replace(format_version=1)
    kept = {key: row for key, row in rows.items() if key[:1] != HELD}
    return kept | {schema.META_KEY: meta.pack()}
