"""What many tests stand on: keys, a store in memory, an engine with its own clock."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import pytest

from emitter.engine import self_made
from emitter.engine.commands import (
    ActivateParticipant,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.keys import KeyRing
from emitter.errors import Refusal, Refused
from emitter.store.memory import MemoryStore
from emitter.trade.calendar import instant
from stock import gtin_of, stock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.config import Limits

SHOES, SHOES_2, LP, MILK = 4670033010053, 4060477697987, 4640088090997, 3041094787443
LP_2, OTHER_SHOES, OTHER_MILK = gtin_of(900_010), gtin_of(900_001), gtin_of(900_020)
BIN, OTHER_BIN = 990140000384, 990240003471
STOCK = {
    BIN: ((SHOES, 1), (SHOES_2, 1), (LP, 10), (LP_2, 10), (MILK, 20)),
    OTHER_BIN: ((OTHER_SHOES, 1), (OTHER_MILK, 20)),
}
"""The products of the participants, each with a template of its group."""
SSCC_PREFIX = "9521234"  # of the prefixes that GS1 keeps for examples
DAY = dt.date(2026, 3, 2)
GROSS_100 = 31_088  # 100 codes at 268 tiyn are 26800, and 16 % VAT in 2026 is 4288


def shoes(quantity: int = 100) -> OrderLine:
    """Return a line of footwear; 100 codes cost `GROSS_100`."""
    return OrderLine(SHOES, quantity, 1)


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_us = instant(DAY)

    def __call__(self) -> int:
        return self.now_us

    def pass_days(self, days: float) -> None:
        self.now_us += int(days * 86_400_000_000)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "keys", os.urandom(32))


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Bench:
    """An engine over a store in memory, worked off by hand; invariants are checked at the end."""

    def __init__(self, keys: KeyRing, clock: Clock, limits: Limits | None = None) -> None:
        self.store = MemoryStore()
        self.clock = clock
        self.engine = Engine(
            self.store, keys, clock=clock, limits=limits, threaded=False, sscc_prefix=SSCC_PREFIX
        )

    def join(self, bin_: int = BIN, tiyn: int = 0) -> None:
        """Register and activate a participant with its products, and credit it."""
        self.engine.execute(RegisterParticipant(bin_, f"ТОО {bin_}", DAY))
        self.engine.execute(ActivateParticipant(bin_, DAY))
        stock(self.engine, bin_, STOCK.get(bin_, ()))
        if tiyn:
            self.engine.execute(CreditAccount(bin_, tiyn, f"payment-{bin_}"))

    def order(self, request_id: str, *lines: OrderLine, bin_: int = BIN):
        """Create an order and return its view."""
        return self.engine.execute(CreateOrder(bin_, request_id, lines)).value

    def deliver(self, order, block_id: str, quantity: int = 0, gtin: int = SHOES):
        """Deliver a block and return the answer."""
        return self.engine.execute(DeliverBlock(BIN, order.order_id, gtin, block_id, quantity))

    def refusal(self, command) -> Refusal:
        """Return the refusal of a command that must be refused."""
        with pytest.raises(Refused) as caught:
            self.engine.execute(command)
        return caught.value.refusal

    def codes(self, block) -> list[bytes]:
        """Return the codes of a block."""
        size = block.record_size
        records = self.engine.records(block, 0, block.row.quantity)
        return [records[at : at + size] for at in range(0, len(records), size)]

    def dump(self) -> list[tuple[bytes, bytes]]:
        """Return every row of the store."""
        return self.store.view(lambda reader: reader.scan(b"", b"\xff", limit=10**9))


@pytest.fixture
def bench(keys: KeyRing, clock: Clock) -> Iterator[Bench]:
    bench = Bench(keys, clock)
    yield bench
    check_store(bench.store, whole=True)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let five self-made serials be a job."""
    monkeypatch.setattr(self_made, "STEP_ROWS", 4)


@pytest.fixture
def rich(bench: Bench, small_steps: None) -> Bench:  # noqa: ARG001 - a fixture
    """Have two participants with much money, and small steps."""
    bench.join(tiyn=10**12)
    bench.join(OTHER_BIN, 10**12)
    return bench
