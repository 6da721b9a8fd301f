"""Each law of who holds goods can be broken, and is named when it is."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine.invariants import check_store
from emitter.engine.laws import BreachError
from emitter.store.code_rows import OWNED, UNDER_WAY, LifeRow
from emitter.store.holding_keys import OWNERS, TRANSFERS, Holding, Side
from emitter.store.schema import LIVES
from emitter.store.spans import SPAN, change_spans
from emitter.store.transfer_rows import TransferRow
from trading import THIRD_BIN, Trade


@pytest.fixture
def rows(bench: Bench) -> dict[bytes, bytes]:
    """A store with an accepted transfer, one accepted in part, a rejected and an open one."""
    trade = Trade(bench)
    trade.accept(trade.ship(trade.span(0, 4)).transfer.transfer_id)
    part = trade.ship(trade.text(5, 7, 9), THIRD_BIN).transfer.transfer_id
    trade.accept(part, THIRD_BIN, only=trade.text(7))
    trade.reject(trade.ship(trade.span(10, 2)).transfer.transfer_id)
    trade.ship(trade.text(1, 3), THIRD_BIN, OTHER_BIN)
    return dict(bench.dump())


def put(bench: Bench, changes: dict[bytes, bytes | None]) -> None:
    bench.store.update(lambda w: w.put_many([(k, v) for k, v in changes.items() if v is not None]))
    bench.store.update(lambda w: w.delete_many([k for k, v in changes.items() if v is None]))


def breach(bench: Bench, rows: dict[bytes, bytes], changes: dict[bytes, bytes | None]) -> str:
    """Return what the check says of a change, which is taken back."""
    put(bench, changes)
    try:
        with pytest.raises(BreachError) as broken:
            check_store(bench.store, whole=True)
    finally:
        put(bench, {key: rows.get(key) for key in changes})
    check_store(bench.store, whole=True)
    return str(broken.value)


def test_no_row_of_who_holds_goods_goes_unnoticed(bench: Bench, rows: dict[bytes, bytes]):
    held = [key for key in rows if key[:1] in (OWNERS, TRANSFERS)]
    assert len(held) == 2 + 8
    for key in held:
        breach(bench, rows, {key: None})


@pytest.mark.parametrize("flag", [OWNED, UNDER_WAY])
def test_a_life_says_whether_any_code_is_held(bench: Bench, rows: dict[bytes, bytes], flag: int):
    key = next(key for key in rows if key[:1] == LIVES)
    life = LifeRow.unpack(rows[key])
    changed = life._replace(flags=life.flags ^ flag).pack()
    assert "the life says" in breach(bench, rows, {key: changed})


@pytest.mark.parametrize(
    "span", [(12, 1, OTHER_BIN), (0, 1, 0), (0, 1, THIRD_BIN), (7, 1, 990540000046)]
)
@pytest.mark.parametrize("what", Holding)
def test_every_run_is_explained(bench: Bench, rows: dict[bytes, bytes], what, span):
    if what is Holding.RECIPIENT and span == (0, 1, 0):
        span = (1, 1, 0)
    key = next(key for key in rows if key[:2] == OWNERS + bytes((what,)))
    change = bench.store.view(lambda reader: change_spans(reader, key, 20, np.array([span], SPAN)))
    said = breach(bench, rows, dict(change.puts))
    assert f"every {what.name.lower()} is explained by transfers" in said


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"state": 2}, "how much is accepted"),
        ({"state": 4}, "an answer ends a transfer"),
        ({"accepted": 1}, "how much is accepted"),
        ({"codes": 5}, "what its shipment says"),
        ({"answered_us": 5}, "an answer ends a transfer"),
        ({"boxes": (7,)}, "boxes that are shipped"),
        ({"recipient": BIN}, "under its sides|explained"),
    ],
)
def test_a_transfer_agrees_with_its_documents(bench: Bench, rows: dict[bytes, bytes], change, law):
    held = {key: TransferRow.unpack(row) for key, row in rows.items() if key[:1] == TRANSFERS}
    open_ = [key for key, row in held.items() if row.answer_id is None]
    assert {Side(key[9]) for key in open_} == set(Side)
    changed = {key: held[key]._replace(**change).pack() for key in open_}
    said = breach(bench, rows, changed)
    assert any(part in said for part in law.split("|"))
    breach(bench, rows, {open_[0]: changed[open_[0]]})  # both sides see the same
