"""Many stations at once on one account: no overdraft, no order refused that would have fitted.

The order of commit is read off the journal. A refusal says how much was missing, so the balance at
its place is known: there must be such a place, and it must not lie before what the same client was
told earlier.
"""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from emitter.engine.commands import CloseOrder, DeliverBlock
from emitter.engine.invariants import check_store
from emitter.errors import Reason, Refused
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.trade.ledger import LedgerAccount, MovementKind
from engines import Opened, join, order, shoes_of
from fuzzing import amount, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from emitter.engine.engine import Engine
    from emitter.engine.keys import KeyRing
    from emitter.engine.promise import Promise

STATIONS_MAX = 6
BATCH = 256


def gross(quantity: int) -> int:
    """What so many codes cost on the day of these tests: 2.68 tenge and 16 % VAT, half up."""
    return 268 * quantity + (268 * quantity * 16 + 50) // 100


@pytest.fixture
def opened(keys: KeyRing) -> Iterator[Opened]:
    with closing(Opened(keys)) as opened:
        yield opened


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


def verdict(quantity: int, future: Promise) -> Told:
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
                half, gtin = (quantity + 1) // 2, shoes_of(self.bin)
                self.engine.execute(DeliverBlock(self.bin, made, gtin, "b", half))
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


@pytest.mark.parametrize("seed", seeds(4, 30))
def test_nobody_overdraws_and_nobody_is_refused_what_would_have_fitted(
    opened: Opened, pool: ThreadPoolExecutor, seed: int
) -> None:
    """Each account a run of its own: several stations, money for a part of their orders."""
    dice = random.Random(seed)
    store = MemoryStore()
    engine = opened(store, batch_commands_max=dice.choice((2, 5, BATCH)))
    for bin_ in range(1, 1 + amount(500, 1_000)):
        crew = stations(engine, bin_, dice)
        wanted = sum(gross(quantity) for station in crew for quantity in station.quantities)
        join(engine, bin_, int(wanted * dice.choice((0.1, 0.5, 0.9, 1.0))) + dice.randint(1, 9))
        told = list(pool.map(Station.work, crew))
        hold(engine, bin_, told_apart(crew, told))
    check_store(store, whole=True)


@pytest.mark.parametrize("seed", seeds(2, 10))
def test_equal_orders_that_divide_the_balance_exhaust_it_exactly(
    opened: Opened, pool: ThreadPoolExecutor, seed: int
) -> None:
    dice = random.Random(seed)
    store = MemoryStore()
    engine = opened(store)
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


@pytest.mark.parametrize("seed", seeds(3, 20))
def test_real_threads_on_a_real_store_and_every_reader_sees_money_that_adds_up(
    opened: Opened, pool: ThreadPoolExecutor, tmp_path, seed: int
) -> None:
    dice = random.Random(seed)
    engine = opened(store := open_lmdb(tmp_path / "store"))
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
            try:
                told = list(pool.map(Station.work, crew))
            finally:
                over.set()
            watching.result()
        hold(engine, bin_, told_apart(crew, told))
    assert len(set(seen)) > 1
    check_store(store, whole=True)
