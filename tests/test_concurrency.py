"""Many stations at once on one account: no overdraft, no order refused that would have fitted.

The order of commit is read off the journal. A refusal says how much was missing, so the balance at
its place is known: there must be such a place, and it must not lie before what the same client was
told earlier.
"""

from __future__ import annotations

import itertools
import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from conftest import DAY, SHOES, Clock
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
from emitter.trade.ledger import LedgerAccount, MovementKind
from fuzzing import amount, seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from emitter.engine.batch import Answer
    from emitter.engine.commands import Command
    from emitter.engine.keys import KeyRing
    from emitter.store.port import Store

STATIONS_MAX = 6
BATCH = 256


def gross(quantity: int) -> int:
    """What so many codes cost on the day of these tests: 2.68 tenge and 16 % VAT, half up."""
    return 268 * quantity + (268 * quantity * 16 + 50) // 100


def order(bin_: int, request_id: str, quantity: int) -> CreateOrder:
    return CreateOrder(bin_, request_id, (OrderLine(SHOES, quantity, 1),))


def join(engine: Engine, bin_: int, tiyn: int) -> None:
    engine.execute(RegisterParticipant(bin_, "ТОО", DAY))
    engine.execute(ActivateParticipant(bin_, DAY))
    if tiyn:
        engine.execute(CreditAccount(bin_, tiyn, f"payment {bin_}"))


def opened(store: Store, keys: KeyRing, *, threaded: bool = True, **limits: int) -> Engine:
    return Engine(store, keys, clock=Clock(), limits=Limits(**limits), threaded=threaded)


class Told(NamedTuple):
    """An order's verdict: the order it made, or what was missing."""

    cost: int
    order_id: UUID | None
    missing: int = 0


class Commits(NamedTuple):
    """What the journal of an account says: who came when, and the balance before each."""

    places: dict[UUID, int]
    available: list[int]


def commits(engine: Engine, bin_: int) -> Commits:
    """Read the order of commit off the journal."""
    places, available = {}, [0]
    for sequence, row in engine.journal(bin_, page_size=10_000):
        change = sum(tiyn for account, tiyn in row.entries if account == LedgerAccount.AVAILABLE)
        available.append(available[-1] + change)
        if row.kind == MovementKind.RESERVE:
            places[row.order_id] = sequence - 1
    return Commits(places, available)


def hold(engine: Engine, bin_: int, told: list[list[Told]]) -> None:
    """Hold the verdicts of each station against the order of commit."""
    account = engine.account(bin_)
    spent = account.reserved_tiyn + account.captured_tiyn
    assert account.available_tiyn + spent == account.credited_tiyn
    places, available = commits(engine, bin_)
    assert min(available) >= 0, "overdrawn"
    assert available[-1] == account.available_tiyn
    made = [one.order_id for station in told for one in station if one.order_id]
    assert sorted(made) == sorted(places)
    for station in told:
        at = 0
        for one in station:
            if one.order_id:
                place = places[one.order_id]
                assert available[place] - available[place + 1] == one.cost
                assert place >= at, "a verdict from before the one heard earlier"
            else:
                short = (
                    n for n in range(at, len(available)) if available[n] == one.cost - one.missing
                )
                place = next(short, None)
                assert one.missing > 0
                assert place is not None, "refused where it would have fitted"
            at = place


def verdict(quantity: int, future: Future[Answer]) -> Told:
    refused = future.exception()
    if refused is None:
        return Told(gross(quantity), future.result().value.order_id)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.FUNDS_INSUFFICIENT
    return Told(gross(quantity), None, int(refused.refusal.details["missing_tiyn"]))


class Station(NamedTuple):
    """One client: orders of these quantities, one after the other or all at once."""

    engine: Engine
    bin: int
    name: str
    quantities: tuple[int, ...]
    at_once: bool
    spends: bool  # fetches a part of what it has got, and closes

    def work(self) -> list[Told]:
        orders = [
            order(self.bin, f"{self.name}-{n}", quantity)
            for n, quantity in enumerate(self.quantities)
        ]
        if self.at_once:
            futures = [self.engine.submit(command) for command in orders]
            # The rounds of a batch may take commands of one client in another order.
            return [verdict(q, future) for q, future in zip(self.quantities, futures, strict=True)]
        told = []
        for quantity, command in zip(self.quantities, orders, strict=True):
            told.append(verdict(quantity, self.engine.submit(command)))
            if self.spends and (made := told[-1].order_id):
                self.engine.execute(DeliverBlock(self.bin, made, SHOES, "b", (quantity + 1) // 2))
                self.engine.execute(CloseOrder(self.bin, f"close-{made}", made))
        return told


def stations(engine: Engine, bin_: int, dice: random.Random) -> list[Station]:
    return [
        Station(
            engine,
            bin_,
            f"s{n}",
            tuple(dice.randint(1, 40) for _ in range(dice.randint(1, 4))),
            at_once=dice.random() < 0.4,
            spends=dice.random() < 0.3,
        )
        for n in range(dice.randint(2, STATIONS_MAX))
    ]


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(STATIONS_MAX) as pool:
        yield pool


def told_apart(crew: list[Station], told: list[list[Told]]) -> list[list[Told]]:
    """Return what was told in the order it was heard; what came at once has no order."""
    heard = []
    for station, verdicts in zip(crew, told, strict=True):
        heard += [[one] for one in verdicts] if station.at_once else [verdicts]
    return heard


@pytest.mark.parametrize("seed", seeds(4, 100))
def test_nobody_overdraws_and_nobody_is_refused_what_would_have_fitted(
    keys: KeyRing, pool: ThreadPoolExecutor, seed: int
) -> None:
    """Each account a run of its own: several stations, money for a part of their orders."""
    dice = random.Random(seed)
    store = MemoryStore()
    engine = opened(store, keys, batch_commands_max=dice.choice((2, 5, BATCH)))
    for bin_ in range(1, 1 + amount(500, 1_000)):
        crew = stations(engine, bin_, dice)
        wanted = sum(gross(quantity) for station in crew for quantity in station.quantities)
        join(engine, bin_, int(wanted * dice.choice((0.1, 0.5, 0.9, 1.0))) + dice.randint(1, 9))
        told = list(pool.map(Station.work, crew))
        hold(engine, bin_, told_apart(crew, told))
    check_store(store, whole=True)
    engine.close()


@pytest.mark.parametrize("seed", seeds(2, 20))
def test_equal_orders_that_divide_the_balance_exhaust_it_exactly(
    keys: KeyRing, pool: ThreadPoolExecutor, seed: int
) -> None:
    dice = random.Random(seed)
    store = MemoryStore()
    engine = opened(store, keys)
    for bin_ in range(1, 1 + amount(250, 1_000)):
        quantity, each, count = dice.randint(1, 50), dice.randint(1, 4), dice.randint(2, 6)
        paid = dice.randint(0, each * count)
        join(engine, bin_, paid * gross(quantity))
        crew = [
            Station(engine, bin_, f"s{n}", (quantity,) * each, dice.random() < 0.5, spends=False)
            for n in range(count)
        ]
        told = list(pool.map(Station.work, crew))
        assert sum(one.order_id is not None for verdicts in told for one in verdicts) == paid
        assert engine.account(bin_).available_tiyn == 0
        hold(engine, bin_, told_apart(crew, told))
    check_store(store, whole=True)
    engine.close()


@pytest.mark.parametrize("seed", seeds(3, 30))
def test_real_threads_on_a_real_store_and_every_reader_sees_money_that_adds_up(
    keys: KeyRing, pool: ThreadPoolExecutor, tmp_path, seed: int
) -> None:
    dice = random.Random(seed)
    engine = opened(store := open_lmdb(tmp_path / "store"), keys)
    over = threading.Event()
    seen: list[int] = []

    def watch(bin_: int) -> None:
        while not over.is_set():
            a = engine.account(bin_)
            assert a.available_tiyn >= 0
            assert a.reserved_tiyn >= 0
            assert a.credited_tiyn == a.available_tiyn + a.reserved_tiyn + a.captured_tiyn
            seen.append(a.available_tiyn)

    for bin_ in range(1, 6):
        crew = stations(engine, bin_, dice)
        wanted = sum(gross(quantity) for station in crew for quantity in station.quantities)
        join(engine, bin_, wanted // 2)
        over.clear()
        with ThreadPoolExecutor(1) as reader:
            watching = reader.submit(watch, bin_)
            told = list(pool.map(Station.work, crew))
            over.set()
            watching.result()
        hold(engine, bin_, told_apart(crew, told))
    assert len(set(seen)) > 1
    check_store(store, whole=True)
    engine.close()


# Fairness -----------------------------------------------------------------------------------------


def submitted(engine: Engine, command: Command, done: list[Command]) -> None:
    """Submit a command and note when it is answered."""
    engine.submit(command).add_done_callback(lambda _: done.append(command))


def test_a_flood_of_one_participant_delays_nobody_beyond_the_next_batch(keys: KeyRing) -> None:
    engine = opened(MemoryStore(), keys, threaded=False, active_orders_max=0)
    for bin_ in (1, 2, 3):
        join(engine, bin_, 10**9)
    done: list[Command] = []
    for n in range(2_000):
        submitted(engine, order(1, f"flood {n}", 1), done)
    for bin_ in (2, 3):
        submitted(engine, order(bin_, "single", 1), done)
    engine.work_off()
    assert [done.index(order(bin_, "single", 1)) < BATCH for bin_ in (2, 3)] == [True, True]
    assert [c.request_id for c in done if c.bin == 1] == [f"flood {n}" for n in range(2_000)]


def test_in_a_running_flood_a_single_command_waits_for_two_batches_at_most(keys: KeyRing) -> None:
    """The one that is being committed when it comes, and its own."""
    engine = opened(MemoryStore(), keys, active_orders_max=0, batch_commands_max=20)
    for bin_ in (1, 2):
        join(engine, bin_, 10**9)
    over = threading.Event()
    flooded: list[Command] = []

    def flood() -> None:
        for n in itertools.count():
            if over.is_set():
                return
            try:
                submitted(engine, order(1, f"flood {n}", 1), flooded)
            except Refused as refused:
                assert refused.reason is Reason.OVERLOADED  # noqa: PT017 - on purpose
                over.wait(0.001)

    waits = []
    with ThreadPoolExecutor(1) as flooder:
        flooding = flooder.submit(flood)
        for n in range(50):
            future = engine.submit(order(2, f"single {n}", 1))
            before = len(flooded)
            future.add_done_callback(lambda _, before=before: waits.append(len(flooded) - before))
            future.result()
        over.set()
        flooding.result()
    engine.close()
    assert len(flooded) > 100
    assert max(waits) <= 2 * 20


def overload(submit: Callable[[int], object]) -> tuple[int, str]:
    """Submit until it is too much; return how many were taken and which limit was named."""
    for n in itertools.count():
        try:
            submit(n)
        except Refused as refused:
            assert refused.reason is Reason.OVERLOADED  # noqa: PT017 - the end of a loop
            return n, refused.refusal.details["what"]
    raise AssertionError


def test_a_full_queue_of_one_participant_refuses_it_alone(keys: KeyRing) -> None:
    store = MemoryStore()
    engine = opened(
        store, keys, threaded=False, active_orders_max=0, queue_participant_commands_max=10
    )
    for bin_ in (1, 2):
        join(engine, bin_, 10**9)
    taken, what = overload(lambda n: engine.submit(order(1, str(n), 1)))
    assert (taken, what) == (10, "queue_participant_commands_max")
    other = engine.submit(order(2, "1", 1))
    engine.work_off()
    assert other.result().value.bin == 2
    answer = engine.execute(order(1, str(taken), 1))
    assert not answer.replayed
    assert engine.account(1).orders_open == taken + 1
    check_store(store, whole=True)


def test_a_full_queue_of_all_refuses_all_until_it_is_worked_off(keys: KeyRing) -> None:
    engine = opened(MemoryStore(), keys, threaded=False, queue_commands_max=12)
    for bin_ in range(1, 5):
        join(engine, bin_, 10**9)
    taken, what = overload(lambda n: engine.submit(order(1 + n % 4, str(n), 1)))
    assert (taken, what) == (12, "queue_commands_max")
    engine.work_off()
    assert sum(engine.account(bin_).orders_open for bin_ in range(1, 5)) == taken
    assert engine.execute(order(4, "later", 1)).value.bin == 4


@pytest.mark.parametrize("seed", seeds(10, 100))
def test_closing_under_load_answers_everybody(
    keys: KeyRing, pool: ThreadPoolExecutor, tmp_path, seed: int
) -> None:
    """Each is carried out for good or refused as SHUTTING_DOWN; what was answered is there."""
    dice = random.Random(seed)
    engine = opened(open_lmdb(tmp_path / "store", sync=False), keys, active_orders_max=0)
    join(engine, 1, 10**9)
    begin = threading.Barrier(4)

    def work(name: int) -> list[Future[Answer]]:
        begin.wait()
        futures = []
        for n in range(10_000):
            try:
                futures.append(engine.submit(order(1, f"{name}-{n}", 1)))
            except Refused as refused:
                if refused.reason is Reason.SHUTTING_DOWN:
                    break
        return futures

    working = [pool.submit(work, name) for name in range(3)]
    begin.wait()
    threading.Event().wait(dice.random() * 0.02)
    engine.close()
    futures = [future for worker in working for future in worker.result()]
    assert all(future.done() for future in futures)
    made = {future.result().value.order_id for future in futures}
    assert len(made) == len(futures)
    engine = opened(store := open_lmdb(tmp_path / "store"), keys)
    assert engine.account(1).orders_open == len(made)
    check_store(store, whole=True)
    engine.close()
