"""The ranges in memory: look-ups stay right whatever is read and published at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conftest import SHOES, shoes
from emitter.engine.ranges import Ranges, issued_range
from emitter.store import schema

if TYPE_CHECKING:
    from conftest import Bench


def test_ranges_that_were_read_while_they_were_published_are_there_once(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    for name in ("1", "2"):
        bench.order(name, shoes(10))
    issued = [
        issued_range(key, row)
        for key, row in bench.dump()
        if key.startswith(schema.RANGES)
    ]
    ranges = Ranges(bench.store)
    ranges.publish(issued)
    (serial_size,) = {each.serial_size for each in issued}
    series = ranges.series(SHOES, serial_size)
    assert series is not None
    found = series.find(np.array([0, 9, 10, 19, 20], np.uint64))
    assert found.tolist() == [0, 0, 1, 1, -1]
