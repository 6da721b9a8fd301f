"""``kill -9`` in the middle of a large report, and of its sweep: all codes are moved, or none."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest

from conftest import LP
from emitter.client import Client, Refused
from emitter.engine.code_states import CHUNK
from emitter.engine.commands import CreateOrder, DeliverBlock, IssueToken, OrderLine
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.participants import Role
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade.circulation import DocumentKind
from engines import join
from home import Home
from stock import stock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BIN = 990140000384
CODES = 3_000  # one in each chunk: a step that opens, one that locks, three pieces, the last
LIFE_S = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path / "home") as home:
        with closing(Engine(open_lmdb(home.data), home.keys, threaded=False)) as engine:
            join(engine, BIN, 10**13)
            stock(engine, BIN, [(LP, 10)])
            line = OrderLine(LP, CODES * CHUNK, 10)
            order = engine.execute(CreateOrder(BIN, "order", (line,))).value
            block = engine.execute(DeliverBlock(BIN, order.order_id, LP, "block")).value
            home.codes = [engine.records(block, n * CHUNK + n % CHUNK, 1) for n in range(CODES)]
            home.token = engine.execute(IssueToken(Role.STATION, BIN, "station")).value
        yield home


def report(home: Home, target: str) -> int:
    """Report the codes; return how many were moved, 0 for no answer."""
    with Client(target, home.token, attempts=1) as client:
        try:
            told = client.create_report(int(DocumentKind.UTILISATION), home.codes, request_id="r")
        except (grpc.RpcError, Refused) as error:
            if isinstance(error, Refused) and not error.reason.meaning.retry:
                raise
            return 0
    return told.moved_count


def left(home: Home) -> tuple[int, int, int]:
    """Return how many codes have moved, how many rows are staged, and how many are a job's."""
    with closing(open_lmdb(home.data)) as store:
        moved = check_store(store, whole=True).codes_moved
        rows = store.view(lambda reader: reader.scan(b"", b"\xff", limit=10**6))
        engine = Engine(store, home.keys, threaded=False)
        assert engine.verify(b"\n".join(home.codes)).utilised.sum() == moved
    staged = sum(key[:1] in {b"l", b"h", b"F"} and row[:1] == b"\4" for key, row in rows)
    return moved, staged, sum(key[:1] == b"i" for key, _ in rows)


@pytest.mark.parametrize(
    "places",
    [
        ("job.step:2", "job.discarded", "job.sweep:1"),
        ("job.step:5", "job.sweep:2", "job.swept"),
        ("job.effective", "job.sweep:1", "batch.written:2"),
    ],
    ids=lambda places: places[0],
)
def test_a_large_report_that_is_killed_is_carried_out_whole_or_leaves_nothing(
    home: Home, places: tuple[str]
) -> None:
    target, _ = home.start({"EMITTER_FAILPOINT": places[0]})
    assert report(home, target) == 0
    assert home.wait(LIFE_S)
    expected = CODES if places[0] == "job.effective" else 0
    moved, staged, _ = left(home)
    assert (moved, staged > 0) == (expected, True)

    def look() -> None:
        assert left(home)[0] == expected

    home.die_at(places[1:], look, LIFE_S)  # the engine sweeps by itself
    target, _ = home.start()
    assert report(home, target) == CODES
    home.stop()  # perhaps before all is swept
    assert left(home)[0] == CODES
    with closing(Engine(open_lmdb(home.data), home.keys, threaded=False)) as engine:
        engine.resume_jobs()
        engine.work_off()
    assert left(home) == (CODES, 0, 0)
