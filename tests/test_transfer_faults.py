"""Trading on a store that fails: goods are the one's or the other's, and a repeat ends the same."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from conftest import BIN, OTHER_BIN, Bench, Clock
from emitter.engine.engine import Engine
from faulty_store import ladder_of_story
from trading import THIRD_BIN, Trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_whatever_operation_fails_goods_change_hands_once(keys: KeyRing) -> None:
    bench = Bench(keys, Clock())
    trade = Trade(bench)
    before, count = bench.dump(), trade._count

    def story(store) -> list[object]:
        """Ship, accept a part, ship that onward and have it sent back; say who has what."""
        bench.engine = Engine(store, keys, clock=bench.clock, threaded=False)
        trade._count = count
        sent = trade.ship(trade.span(0, 10)).transfer
        taken = trade.accept(sent.transfer_id, only=trade.text(1, 2, 3))
        onward = trade.ship(trade.text(2, 3), THIRD_BIN, OTHER_BIN).transfer
        back = trade.reject(onward.transfer_id, THIRD_BIN)
        sold = trade.withdraw(OTHER_BIN, trade.text(3))
        said = [taken.transfer.state, back.transfer.state, sold.status]
        return [*said, *(trade.movable(bin_) for bin_ in (BIN, OTHER_BIN, THIRD_BIN))]

    end, rungs = ladder_of_story(before, story)
    assert end[3:] == [[0, *range(4, 20)], [1, 2], []]
    assert rungs > 50
