"""What the benchmarks order and for whom: participants, GTINs, orders."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CreateOrder,
    CreditAccount,
    OrderLine,
    RegisterParticipant,
    RegisterProduct,
)
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyRing
from emitter.errors import Reason, Refused
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade import gs1, parties
from emitter.trade.calendar import civil_date
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from emitter.engine.batch import Answer
    from emitter.engine.commands import Command
    from emitter.engine.promise import Promise

CREDIT_TIYN = 10**15
TEMPLATE = 10  # light industry: 85 bytes with a MAC of 44 characters, the commonest form
GTINS = 64  # goods of the benchmarks: neighbours in a batch share some, not all
LIMITS = Limits(active_orders_max=0)


@lru_cache
def bins(count: int) -> list[int]:
    """Return the BINs of ``count`` participants."""
    bodies = (f"990{number:08d}" for number in itertools.count(1))
    digits = ((body, parties.control_digit(body)) for body in bodies)
    sound = (int(f"{body}{digit}") for body, digit in digits if digit is not None)
    return list(itertools.islice(sound, count))


def gtin(owner: int, index: int) -> int:
    """Return GTIN number ``index`` of a participant."""
    body = f"0{owner // 10 % 10**8:08d}{index:04d}"
    return int(f"{body}{gs1.check_digit(body)}")


def of_each(owners: list[int]) -> int:
    """Return how many goods each of the participants has."""
    return max(1, GTINS // len(owners))


def orders(owners: list[int], count: int, tag: str, quantity: int = 10) -> list[CreateOrder]:
    """Return orders of one line, round the participants and their goods."""
    each = of_each(owners)
    turns = ((owners[index % len(owners)], index // len(owners) % each) for index in range(count))
    return [
        CreateOrder(owner, f"{tag}-{index}", (OrderLine(gtin(owner, good), quantity, TEMPLATE),))
        for index, (owner, good) in enumerate(turns)
    ]


def make_engine(
    folder: Path,
    owners: list[int],
    limits: Limits = LIMITS,
    each: int | None = None,
    template: int = TEMPLATE,
) -> Engine:
    """Return an engine on a new store in ``folder`` with participants that have goods and money."""
    folder.mkdir(exist_ok=True)
    keys = KeyRing.create(folder / "keys", os.urandom(32))
    engine = Engine(open_lmdb(folder / "data"), keys, limits=limits)
    join(engine, owners, each, template)
    return engine


def join(
    engine: Engine, owners: list[int], each: int | None = None, template: int = TEMPLATE
) -> None:
    """Register, activate and fund participants with so many goods of each, for a template."""
    today = civil_date(time.time_ns() // 1000)
    since = today - dt.timedelta(days=1)
    carry_out(engine, (RegisterParticipant(each, "ТОО «Проба»", since) for each in owners))
    carry_out(engine, (ActivateParticipant(each, since) for each in owners))
    group, goods = TEMPLATES[template].group, range(each or of_each(owners))
    carry_out(
        engine,
        (
            RegisterProduct(owner, gtin(owner, index), group, "0401", f"Товар {index}")
            for owner in owners
            for index in goods
        ),
    )
    carry_out(engine, (CreditAccount(each, CREDIT_TIYN, f"bank-{each}") for each in owners))


def carry_out(engine: Engine, commands: Iterable[Command]) -> list[Answer]:
    """Submit commands as fast as the queues take them; return the answers once all are durable."""
    futures: list[Promise] = []
    for command in commands:
        while True:
            try:
                futures.append(engine.submit(command))
                break
            except Refused as refused:
                if refused.reason is not Reason.OVERLOADED:
                    raise
                time.sleep(0.001)
    return [future.result() for future in futures]


def carry_out_alone(engine: Engine, commands: list[CreateOrder]) -> list[Answer]:
    """Carry out commands in this thread, a batch at a time; the engine has none of its own."""
    answers = []
    for start in range(0, len(commands), LIMITS.batch_commands_max):
        batch = commands[start : start + LIMITS.batch_commands_max]
        promises = [engine.submit(command) for command in batch]
        engine.work_off()
        answers += [promise.result() for promise in promises]
    return answers
