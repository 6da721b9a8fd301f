"""An engine whose store fails: nobody hears a verdict that did not last, and nothing is lost.

The ladder fails operation 1, 2, 3 … of one story with every fault, once and for good. Then the
store heals, the clients ask for everything again with the same ids, and the end must be the same.
"""

from __future__ import annotations

import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from conftest import BIN, DAY, GROSS_100, SHOES
from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.errors import Reason, Refused
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.store.port import StoreError
from emitter.trade.circulation import DocumentKind, DocumentStatus
from emitter.trade.states import CodeState
from emitter.trade.templates import Group
from faulty_store import (
    BROKEN,
    CONFLICT,
    FAULTS,
    FULL,
    UNKNOWN_KEPT,
    UNKNOWN_LOST,
    FaultyStore,
    Operation,
    ladder,
)
from fuzzing import amount, seeds
from stock import product
from store_tools import broken, descriptors
from story import Story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from emitter.engine.commands import Command
    from emitter.engine.delivery import BlockView
    from emitter.engine.keys import KeyRing
    from emitter.store.port import Store

RETRIES_MAX = 50


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Faults by the hundred need no traces in the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def told(story: Story) -> list[str]:
    return [verdict.reason.name for _, verdict in sorted(story.heard.items())]


def test_the_story_without_faults(keys: KeyRing) -> None:
    story, store = Story(keys), MemoryStore()
    story.play(store)
    assert told(story) == [
        "OK", "OK", "OK", "OK", "OK", "OK", "OK", "FUNDS_INSUFFICIENT", "OK", "QUANTITY_LEFT",
        "OK", "OK", "OK", "OK", "OK", "OK",
    ]  # fmt: skip
    accepted, partly, rejected = DocumentStatus
    assert story.end(store)[3] == [
        (DocumentKind.UTILISATION, accepted, 20, 0),
        (DocumentKind.INTRODUCTION, partly, 25, 5),
        (DocumentKind.INTRODUCTION, rejected, 0, 5),
    ]  # fmt: skip
    account = story.end(store)[1]
    assert account.captured_tiyn == 7_772 + 12_435  # 25 and 40 codes of 268 tiyn, 16 % VAT
    assert account.available_tiyn == GROSS_100 + 700 - 7_772 - 12_435
    story.play(store)
    assert all(verdict.replayed for index, verdict in story.heard.items() if index > 3)


@pytest.fixture(scope="module")
def end_of_story(keys: KeyRing) -> tuple[object, ...]:
    """What the story comes to without faults."""
    story, store = Story(keys), MemoryStore()
    story.play(store)
    return story.end(store)


def climb(keys: KeyRing, end_of_story: tuple[object, ...], make_store, faults) -> int:
    """Climb the ladder with the story; return the number of rungs."""
    stories: list[Story] = []

    def begin() -> Store:
        stories[:] = [Story(keys)]
        return make_store()

    def check(store: FaultyStore, _error: Exception | None) -> None:
        (story,) = stories
        check_store(store, whole=True)
        story.play(store)
        assert story.end(store) == end_of_story

    def act(store: FaultyStore) -> None:
        stories[0].play(store)

    return ladder(begin, act, check, faults=faults)


def test_whatever_operation_fails_the_story_ends_the_same(keys: KeyRing, end_of_story) -> None:
    assert climb(keys, end_of_story, MemoryStore, FAULTS) > 150


def test_whatever_operation_fails_on_lmdb_the_story_ends_the_same(
    keys: KeyRing, end_of_story, tmp_path
) -> None:
    numbers = itertools.count()
    faults = FAULTS if amount(0, 1) else (FULL, UNKNOWN_KEPT, UNKNOWN_LOST)
    rungs = climb(
        keys, end_of_story, lambda: open_lmdb(tmp_path / str(next(numbers)), sync=False), faults
    )
    assert rungs > 50


# fault          reason           a repeat is
WEATHER = """
    broken         COMMIT_FAILED    fresh
    full           STORE_FULL       fresh
    conflict       COMMIT_FAILED    fresh
    unknown, lost  COMMIT_UNKNOWN   fresh
    unknown, kept  COMMIT_UNKNOWN   replayed
"""


@pytest.mark.parametrize("line", [line.strip() for line in WEATHER.strip().splitlines()])
def test_every_failure_of_a_commit_has_its_reason(keys: KeyRing, line: str) -> None:
    name, reason, repeat = (word.strip() for word in line.rsplit(maxsplit=2))
    fault = next(fault for fault in FAULTS if fault.name == name)
    store = FaultyStore(MemoryStore())
    engine = Story(keys).engine(store)
    engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
    engine.execute(ActivateParticipant(BIN, DAY))
    engine.execute(product(BIN, SHOES, Group.SHOES))
    commits = len([op for op in (Operation.UPDATE, Operation.GET_MANY, Operation.PUT_MANY)
                   if op in fault.operations]) + 1  # fmt: skip
    store.fail(fault, commits)
    credit = CreditAccount(BIN, 500, "payment")
    with pytest.raises(Refused) as caught:
        engine.execute(credit)
    assert caught.value.reason.name == reason
    assert store.failures == [(Operation.COMMIT, fault)]
    assert engine.execute(credit).replayed == (repeat == "replayed")
    assert engine.account(BIN).credited_tiyn == 500


def test_a_map_that_is_full_refuses_and_a_larger_one_takes_the_repeats(
    keys: KeyRing, tmp_path
) -> None:
    path = tmp_path / "store"
    orders = [CreateOrder(BIN, str(n), (OrderLine(SHOES, 10, 1),)) for n in range(500)]
    limits = Limits(active_orders_max=0)
    engine = Engine(
        store := open_lmdb(path, map_size_bytes=200_000), keys, limits=limits, threaded=False
    )
    engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
    engine.execute(ActivateParticipant(BIN, DAY))
    engine.execute(product(BIN, SHOES, Group.SHOES))
    engine.execute(CreditAccount(BIN, 10**9, "payment"))
    made = {}
    for order in orders:
        try:
            made[order] = engine.execute(order).value.order_id
        except Refused as refused:
            assert refused.reason is Reason.STORE_FULL  # noqa: PT017 - the rest go through
            break
    assert 20 < len(made) < 500
    check_store(store, whole=True)
    for order, order_id in made.items():
        assert engine.order(BIN, order_id).order_id == order_id
        assert engine.execute(order).replayed  # a repeat writes nothing
    engine.close()
    engine = Engine(store := open_lmdb(path), keys, limits=limits, threaded=False)
    for order in orders:
        answer = engine.execute(order)
        assert answer.replayed == (order in made)
        assert made.setdefault(order, answer.value.order_id) == answer.value.order_id
    check_store(store, whole=True)
    assert engine.account(BIN).orders_open == len(orders)
    engine.close()


# descriptor  device     reason
DISKS = """
    data        /dev/full  STORE_FULL
    data        /dev/null  COMMIT_FAILED
    meta        /dev/full  COMMIT_UNKNOWN
"""


@pytest.mark.parametrize("line", [line.strip() for line in DISKS.strip().splitlines()])
def test_a_disk_that_fails_under_a_running_engine_loses_nothing(
    keys: KeyRing, tmp_path, line: str
) -> None:
    """The kernel refuses writes or syncs for a while; the writer goes on when it does no more."""
    which, device, reason = line.split()
    path = tmp_path / "store"
    engine = Engine(store := open_lmdb(path), keys)
    engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
    engine.execute(ActivateParticipant(BIN, DAY))
    engine.execute(product(BIN, SHOES, Group.SHOES))
    engine.execute(CreditAccount(BIN, GROSS_100, "payment"))
    order = CreateOrder(BIN, "1", (OrderLine(SHOES, 100, 1),))
    with broken(descriptors(path)[which == "meta"], device):
        with pytest.raises(Refused) as caught:
            engine.execute(order)
        assert caught.value.reason.name == reason
    made = engine.execute(order).value
    account = engine.account(BIN)
    assert (account.available_tiyn, account.reserved_tiyn) == (0, GROSS_100)
    block = engine.execute(DeliverBlock(BIN, made.order_id, SHOES, "b")).value
    records = engine.records(block, 0, 100)
    codes = [records[at : at + 129] for at in range(0, len(records), 129)]
    assert (engine.verify(b"\n".join(codes)).states == CodeState.APPLIED_AND_PAID).all()
    check_store(store, whole=True)
    engine.close()


@pytest.mark.parametrize("seed", seeds(6, 60))
def test_clients_that_repeat_until_they_are_answered_lose_nothing_and_get_nothing_twice(
    keys: KeyRing, seed: int
) -> None:
    """Threads over a failing store: each order and block comes to exactly one, all money fits."""
    stations, orders = 4, 12
    store = FaultyStore(MemoryStore(runs=2))
    engine = Engine(store, keys, limits=Limits(active_orders_max=0))
    engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
    engine.execute(ActivateParticipant(BIN, DAY))
    engine.execute(product(BIN, SHOES, Group.SHOES))
    engine.execute(CreditAccount(BIN, stations * orders * GROSS_100, "payment"))
    store.fail_at_random(seed, 0.05)
    begin = threading.Barrier(stations, timeout=30)

    def insist(command: Command) -> object:
        for _ in range(RETRIES_MAX):
            try:
                return engine.execute(command).value
            except Refused as refused:
                if not refused.reason.meaning.retry:
                    raise
        raise AssertionError(f"not once in {RETRIES_MAX} times: {command}")

    def work(station: int) -> list[tuple[UUID, BlockView]]:
        begin.wait()
        done = []
        for number in range(orders):
            order = insist(CreateOrder(BIN, f"{station}-{number}", (OrderLine(SHOES, 100, 1),)))
            block = insist(DeliverBlock(BIN, order.order_id, SHOES, "half", 50))
            insist(CloseOrder(BIN, f"{station}-{number}", order.order_id))
            done.append((order.order_id, block))
        return done

    with ThreadPoolExecutor(stations) as pool:
        done = [pair for pairs in pool.map(work, range(stations)) for pair in pairs]
    store.heal()
    assert len({order_id for order_id, _ in done}) == stations * orders
    account = engine.account(BIN)
    assert account.captured_tiyn == stations * orders * GROSS_100 // 2
    assert (account.reserved_tiyn, account.orders_open) == (0, 0)
    codes = b"".join(engine.records(block, 0, 50) for _, block in done)
    size = done[0][1].record_size
    assert len({codes[at : at + size] for at in range(0, len(codes), size)}) == len(done) * 50
    check_store(store, whole=True)
    engine.close()


def test_an_engine_that_cannot_open_its_store_says_so_and_harms_nothing(keys: KeyRing) -> None:
    inner = MemoryStore()
    Story(keys).play(inner)
    before = inner.view(lambda reader: reader.scan(b"", b"\xff", limit=1_000))
    for fault in (BROKEN, CONFLICT):
        store = FaultyStore(inner)
        store.fail(fault, 1)
        with pytest.raises(StoreError):
            Story(keys).engine(store)
    assert inner.view(lambda reader: reader.scan(b"", b"\xff", limit=1_000)) == before
