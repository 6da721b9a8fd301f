"""``kill -9`` in the middle of jobs, and of their sweeps: all serials of an order, or none."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest

from emitter.client import Client, OrderLine, Refused
from emitter.engine.commands import IssueToken
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.participants import Role
from emitter.store.lmdb_engine import open_lmdb
from engines import join
from home import Home
from own import made
from served import pharma_of
from stock import stock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BIN = "990140000384"
COUNT = 4_000  # serials: a first step, one of parts, four of keys, and the last
LIFE_S = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path / "home") as home:
        with closing(Engine(open_lmdb(home.data), home.keys, threaded=False)) as engine:
            join(engine, int(BIN), 10**9)
            stock(engine, int(BIN), [(int(pharma_of(BIN)), 5)])
            home.token = engine.execute(IssueToken(Role.STATION, int(BIN), "station")).value
        yield home


def order(home: Home, target: str, request_id: str) -> int:
    """Order codes; return how many were delivered with their serials in order, 0 for no answer."""
    serials = made(COUNT, 5)
    line = OrderLine(gtin=pharma_of(BIN), template_id=5, serial_numbers=serials)
    with Client(target, home.token, attempts=1) as client:
        try:
            created = client.create_order([line], request_id)
        except (grpc.RpcError, Refused) as error:
            if isinstance(error, Refused) and not error.reason.meaning.retry:
                raise
            return 0
        delivery = client.deliver(created.order_id, pharma_of(BIN), "block")
        codes = [bytes(code) for records in delivery for code in records]
    assert [code[18:31].decode() for code in codes] == list(serials)
    return len(codes)


def left(home: Home) -> tuple[int, int, set[bytes]]:
    """Return how many serials and jobs there are, and the kinds of rows of either."""
    with closing(open_lmdb(home.data)) as store:
        report = check_store(store, whole=True)
        rows = store.view(lambda reader: reader.scan(b"i", b"z", limit=10**6))
    return report.own_serials, report.jobs, {key[:1] for key, _ in rows} & {b"i", b"w", b"y"}


@pytest.mark.parametrize(
    "places",
    [
        ("job.step:1", "job.discarded", "job.sweep:1"),
        ("job.step:4", "job.sweep:2", "job.swept"),
        ("job.step:5", "batch.written:2"),
        ("job.effective",),
    ],
    ids=lambda places: places[0],
)
def test_a_job_that_is_killed_is_made_whole_or_swept_away(home: Home, places: tuple[str]) -> None:
    target, _ = home.start({"EMITTER_FAILPOINT": places[0]})
    assert order(home, target, "r") == 0
    assert home.wait(LIFE_S)
    is_made = places[0] == "job.effective"
    assert left(home)[:2] == ((COUNT, 0) if is_made else (0, 1))

    def look() -> None:
        assert left(home)[0] == 0

    home.die_at(places[1:], look, LIFE_S)  # the engine sweeps by itself
    target, _ = home.start()
    assert order(home, target, "r") == COUNT
    home.stop()
    assert left(home) == (COUNT, 0, {b"w", b"y"})
