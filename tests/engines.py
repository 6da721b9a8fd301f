"""Engines for tests of the writer and of stations that race: opened, joined, closed in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conftest import DAY, Clock
from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CreateOrder,
    CreditAccount,
    OrderLine,
    RegisterParticipant,
)
from emitter.engine.engine import Engine
from stock import gtin_of, stock

if TYPE_CHECKING:
    from emitter.engine.keys import KeyRing
    from emitter.store.port import Store


def order(bin_: int, request_id: str, quantity: int) -> CreateOrder:
    return CreateOrder(bin_, request_id, (OrderLine(shoes_of(bin_), quantity, 1),))


def shoes_of(bin_: int) -> int:
    """Return the GTIN of a participant's footwear."""
    return gtin_of(bin_ % 10**6)


def join(engine: Engine, bin_: int, tiyn: int) -> None:
    engine.execute(RegisterParticipant(bin_, "ТОО", DAY))
    engine.execute(ActivateParticipant(bin_, DAY))
    stock(engine, bin_, [(shoes_of(bin_), 1)])
    if tiyn:
        engine.execute(CreditAccount(bin_, tiyn, f"payment {bin_}"))


class Opened:
    """Opens engines and closes them at the end, so that no writer outlives a test that fails."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._engines: list[Engine] = []

    def __call__(self, store: Store, *, threaded: bool = True, **limits: int) -> Engine:
        engine = Engine(
            store, self._keys, clock=Clock(), limits=Limits(**limits), threaded=threaded
        )
        self._engines.append(engine)
        return engine

    def close(self) -> None:
        for engine in self._engines:
            engine.close()
