"""Batches spread over threads: the same verdicts, in the same places."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from conftest import BIN, LP
from emitter.engine import spreading
from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine
from emitter.engine.spreading import spread
from emitter.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Bench


@pytest.fixture(autouse=True)
def threads_anew() -> Iterator[None]:
    spreading._threads.cache_clear()
    yield
    spreading._threads.cache_clear()


@pytest.mark.parametrize("count", [0, 1, 4_095, 8_191, 8_192, 100_000, 100_001])
@pytest.mark.parametrize("cores", [1, 2, 7])
def test_slices_make_up_the_whole_in_order(
    count: int, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading.os, "cpu_count", lambda: cores)
    slices = spread(lambda part: part, count)
    assert [part.start for part in slices] == [0, *(part.stop for part in slices[:-1])]
    assert slices[-1].stop == count
    assert len(slices) == max(1, min(cores, count // 4_096))


def test_slices_are_done_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading.os, "cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=10)
    assert sorted(spread(lambda _: both.wait(), 10_000)) == [0, 1]


def test_a_failing_slice_is_the_callers_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        spread(lambda part: 1 // part.start, 10_000)


def test_forged_codes_of_a_large_batch_are_named_where_they_stand(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading.os, "cpu_count", lambda: 3)
    bench.join(tiyn=10**9)
    line = OrderLine(LP, 13_000, 10)
    order = bench.engine.execute(CreateOrder(BIN, "many", (line,))).value
    command = DeliverBlock(BIN, order.order_id, LP, "many", 0)
    codes = bench.codes(bench.engine.execute(command).value)
    forged = [0, 4_332, 4_333, 4_334, 8_665, 8_666, 8_667, 12_999]  # around where it is cut
    for at in forged:
        codes[at] = codes[at][:-2] + (b"A=" if codes[at][-2:] != b"A=" else b"Q=")
    verified = bench.engine.verify(b"\n".join(codes))
    assert verified.reasons.nonzero()[0].tolist() == forged
    assert set(verified.reasons[forged].tolist()) == {Reason.CODE_FORGED}
