"""Large orders of self-made serials: all or nothing over crashes, faults and races."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from conftest import BIN, LP, LP_2, MILK, Bench, Clock
from emitter.engine.commands import DeliverBlock, OrderLine
from emitter.engine.engine import Engine
from emitter.engine.invariants import BreachError, check_store
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from engines import Opened, join
from faulty_store import FaultyStore, ladder
from own import STEP, delivered, line, made, order
from stock import stock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing


def worked(engine: Engine) -> Iterator[int]:
    """Work off batch by batch."""
    return itertools.takewhile(lambda _: engine._writer.run_once(), itertools.count(1))


def test_nothing_of_an_order_is_seen_before_all_of_it(rich: Bench) -> None:
    serials = made(5 * STEP)
    probe = Bench(rich.engine.keys, Clock())
    probe.join(tiyn=10**9)
    codes = delivered(probe, order("r", line(serials)))
    asked = rich.engine.submit(order("r", line(serials)))
    steps = 0
    for steps in worked(rich.engine):  # noqa: B007 - counted
        if asked.done():
            break
        assert rich.engine.account(BIN).reserved_tiyn == 0
        assert rich.engine.orders(BIN, page_size=9) == ([], b"")
        assert set(rich.engine.verify(b"\n".join(codes)).reasons.tolist()) == {
            Reason.CODE_UNKNOWN_GTIN
        }
        check_store(rich.store, whole=True)
    assert steps >= 7
    view = asked.result(0).value
    assert rich.engine.order(BIN, view.order_id) == view
    assert b"i" not in {key[:1] for key, _ in rich.dump()}


@pytest.mark.parametrize("step", range(10))
def test_a_crash_in_the_middle_leaves_nothing_once_it_is_swept(
    rich: Bench, keys: KeyRing, step: int
) -> None:
    before = rich.dump()
    asked = rich.engine.submit(order("r", line(made(5 * STEP))))
    for _ in range(step):
        rich.engine._writer.run_once()
    check_store(rich.store, whole=True)
    engine = Engine(rich.store, keys, clock=rich.clock, threaded=False)
    if asked.done():
        assert engine.execute(order("r", line(made(5 * STEP)))).replayed
        return
    assert engine.resume_jobs() == (step > 0)
    engine.work_off()
    assert rich.dump() == before
    # And the repeat starts anew, even before the sweep has come by.
    rich.engine = engine
    assert len(delivered(rich, order("r", line(made(5 * STEP))))) == 5 * STEP


@pytest.mark.parametrize("swept_after", range(9))
def test_an_order_may_take_the_serials_of_a_discarded_one_at_any_time(
    rich: Bench, keys: KeyRing, swept_after: int
) -> None:
    rich.engine.submit(order("lost", line(made(5 * STEP))))
    for _ in range(6):
        rich.engine._writer.run_once()
    engine = rich.engine = Engine(rich.store, keys, clock=rich.clock, threaded=False)
    assert engine.resume_jobs() == 1
    for _ in range(swept_after):
        engine._writer.run_once()
    codes = delivered(rich, order("found", line(made(5 * STEP)[::2])))
    assert not engine.verify(b"\n".join(codes)).reasons.any()
    engine.work_off()
    assert report_of(rich)[:2] == (5 * STEP // 2, 0)


def report_of(bench: Bench) -> tuple[int, int, int]:
    report = check_store(bench.store, whole=True)
    rows = sum(key[:1] in (b"w", b"y", b"i") for key, _ in bench.dump())
    return report.own_serials, report.jobs, rows


@pytest.mark.usefixtures("small_steps")
def test_a_store_that_fails_issues_all_serials_or_none(keys: KeyRing) -> None:
    command = order("r", line(made(3 * STEP)))
    heard = set()

    def store() -> MemoryStore:
        bench = Bench(keys, Clock())
        bench.join(tiyn=10**9)
        return bench.store

    class Told(Exception):  # noqa: N818 - no error
        pass

    def create(store: FaultyStore) -> None:
        engine = Engine(store, keys, clock=Clock(), threaded=False)
        asked = engine.submit(command)
        engine.work_off()
        error = asked.exception(0)
        assert error is None or isinstance(error, Refused)
        raise Told(error.reason.name if isinstance(error, Refused) else "OK")

    def check(store: FaultyStore, told: Exception | None) -> None:
        engine = Engine(store, keys, clock=Clock(), threaded=False)
        made_it = bool(engine.orders(BIN, page_size=9)[0])
        heard.add((str(told), made_it))
        engine.resume_jobs()
        engine.work_off()
        assert check_store(store.inner, whole=True).own_serials == made_it * 3 * STEP
        answer = engine.execute(command)
        assert answer.replayed == made_it
        report = check_store(store.inner, whole=True)
        assert (report.own_serials, report.jobs, report.orders) == (3 * STEP, 0, 1)

    assert ladder(store, create, check, expected=(Told, Exception)) > 200
    assert {("OK", True), ("COMMIT_FAILED", False), ("COMMIT_UNKNOWN", True)} <= heard
    assert ("OK", False) not in heard


@pytest.mark.parametrize("counts", [(30, 30), (30, 3), (3, 3), (3, 30)])
@pytest.mark.usefixtures("small_steps")
def test_of_orders_with_the_same_serials_at_the_same_time_exactly_one_is_made(
    keys: KeyRing, counts: tuple[int, int]
) -> None:
    with closing(Opened(keys)) as opened, ThreadPoolExecutor(4) as pool:
        store = MemoryStore()
        engine = opened(store)
        join(engine, BIN, 10**10)
        stock(engine, BIN, [(LP, 10)])
        for round_ in range(12):
            common = made(1, seed=100 + round_)

            def create(n: int, common: tuple[str, ...] = common, round_: int = round_) -> str:
                own = made(counts[n % 2] - 1, seed=1000 * round_ + n)
                try:
                    engine.execute(order(f"{round_} {n}", line(own + common)))
                except Refused as refused:
                    return refused.reason.name
                return "OK"

            told = sorted(pool.map(create, range(4)))
            assert told == ["OK"] + ["SERIALS_TAKEN"] * 3
        engine._writer.close()
        assert check_store(store, whole=True).orders == 12


def test_an_order_of_operators_codes_in_between_takes_the_request_id(rich: Bench) -> None:
    asked = rich.engine.submit(order("r", line(made(5 * STEP))))
    rich.engine._writer.run_once()
    assert rich.engine.submit(order("r", OrderLine(LP_2, 1, 10)))
    rich.engine.work_off()
    refused = asked.exception(0)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.REQUEST_DIFFERS
    assert report_of(rich) == (0, 0, 0)


def test_a_small_space_that_is_fixed_in_between_refuses_the_job(rich: Bench) -> None:
    asked = rich.engine.submit(order("own", line(made(5 * STEP, 20), MILK, 20)))
    rich.engine._writer.run_once()
    rich.engine.submit(order("theirs", OrderLine(MILK, 1, 20)))
    rich.engine.work_off()
    refused = asked.exception(0)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.SERIAL_SOURCE_FIXED
    assert report_of(rich) == (0, 0, 0)


# Invariants ------------------------------------------------------------------------------------


def damage(store: MemoryStore, kind: bytes, change: str) -> None:
    """Change one row of a kind."""

    def run(writer) -> None:
        (key, row), *_ = writer.scan(kind, schema.after(kind), limit=1)
        if change == "delete":
            writer.delete_many([key])
        elif change == "spoil":
            writer.put_many([(key, row[:-1] + bytes((row[-1] ^ 1,)))])
        else:
            writer.put_many([(key[:-1] + bytes((key[-1] ^ 1,)), row)])

    store.update(run)


@pytest.mark.parametrize("kind", [b"w", b"y"])
@pytest.mark.parametrize("change", ["delete", "spoil", "double"])
def test_the_check_finds_a_serial_that_is_not_kept_twice(
    keys: KeyRing, kind: bytes, change: str
) -> None:
    bench = Bench(keys, Clock())
    bench.join(tiyn=10**9)
    bench.order("r", line(made(7)))
    check_store(bench.store, whole=True)
    damage(bench.store, kind, change)
    with pytest.raises(BreachError):
        check_store(bench.store, whole=True)


@pytest.mark.usefixtures("small_steps")
def test_the_check_finds_what_a_job_has_left(keys: KeyRing) -> None:
    bench = Bench(keys, Clock())
    bench.join(tiyn=10**9)
    bench.engine.submit(order("r", line(made(5 * STEP))))
    for _ in range(4):
        bench.engine._writer.run_once()
    assert check_store(bench.store, whole=True).jobs == 1
    damage(bench.store, b"i", "delete")
    with pytest.raises(BreachError, match="belong to an order or a job"):
        check_store(bench.store, whole=True)


def test_a_real_store_and_real_steps_carry_a_large_order(tmp_path, keys: KeyRing) -> None:
    with closing(Opened(keys)) as opened:
        store = open_lmdb(tmp_path / "store", sync=False)
        engine = opened(store)
        join(engine, BIN, 10**9)
        stock(engine, BIN, [(LP, 10)])
        serials = made(7_000)
        view = engine.execute(order("r", line(serials))).value
        block = engine.execute(DeliverBlock(BIN, view.order_id, LP, "b")).value
        codes = np.frombuffer(engine.records(block, 0, 7_000), "S85")
        found = engine.verify(b"\n".join(codes.tolist()))
        assert not found.reasons.any()
        assert check_store(store).own_serials == 7_000
