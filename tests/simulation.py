"""A world by chance: stations, clock, faults, restarts and keys from one seed, on a real engine.

Every verdict is held against the plain engine of `model` in some order of commit
(`serial_order`); balances, orders, blocks, journals and lists are compared with it; every delivered
code is kept, must never come twice, must come again byte for byte, and must verify with the state
that the model knows. A seed gives one history: `World.history` is its digest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import random
from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

from audits import Audit, shown
from emitter.config import Limits
from emitter.engine.box_commands import PackUnit
from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import (
    ActivateParticipant,
    DeliverBlock,
    ExpireOrder,
    RegisterParticipant,
    RegisterProduct,
)
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyKind, KeyRing
from emitter.errors import Reason, Refused
from emitter.store.memory import MemoryStore
from emitter.store.port import StoreError
from emitter.trade.calendar import instant
from faulty_store import FaultyStore
from model import Model
from model_documents import GoodsCommand
from model_values import ALMATY_US, DAY_US
from serial_order import PERHAPS, Seen, explain, facts_of, product_of
from simulated_goods import PREFIX
from simulated_stations import (
    ACTS,
    BINS,
    FOUNDED,
    GTINS,
    WHOLE_SERIES,
    Station,
    draw,
    usual_product,
    weights,
)

if TYPE_CHECKING:
    from pathlib import Path

    from emitter.engine.commands import Command
    from emitter.engine.promise import Promise
    from model_values import Product

Acts = tuple[list[str], list[int]]

SECOND_US = 1_000_000
NEW_YEAR_US = 20_454 * DAY_US - ALMATY_US  # 2026-01-01 00:00 in Almaty: VAT goes from 12 to 16 %

STEPS = weights(
    """
    70  batch
    10  clock
    4   crash
    2   stop and start
    6   weather
    2   rotate keys
    3   forget
    3   expire
    5   audit
    """
)

JUMPS = weights(
    """
    30  a moment
    30  minutes
    20  days
    6   a month
    5   the last of the old year
    5   the first of the new year
    3   back
    """
)

FAULT_RATES = (0, 0, 0.01, 0.03, 0.15)
AUDITED_ORDERS = 60  # the more orders there are, the rarer an audit of all of them
BATCH_SIZES = (1, 1, 2, 3, 5, 8, 13, 30)


class _UndoneError(Exception):
    """Takes an update back."""


class AskingStore:
    """Answers as the store would and keeps nothing: what would an engine say now?"""

    def __init__(self, inner: MemoryStore) -> None:
        self.view = inner.view
        self._update = inner.update

    def update(self, fn):
        results = []

        def run(writer):
            results.append(fn(writer))
            raise _UndoneError

        with contextlib.suppress(_UndoneError):
            self._update(run)
        return results[-1]


class LastingStore(FaultyStore):
    """A faulty store that outlives the engines over it."""

    def close(self) -> None:
        """Stay open for the next engine."""


def _masked(value: object) -> object:
    """Return a command without its texts: keys, and so codes, are no part of a seed."""
    if isinstance(value, CodeSet):
        return dataclasses.replace(value, text=bytes(value.text.count(b"\n")))
    if isinstance(value, tuple) and value and isinstance(value[0], PackUnit):
        return tuple(dataclasses.replace(unit, codes=_masked(unit.codes)) for unit in value)
    if isinstance(value, GoodsCommand):
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return type(value).__name__, *map(_masked, fields)
    return value


class World:
    """One run. ``step`` does something by chance and holds it against the model."""

    def __init__(self, seed: int, directory: Path, acts: Acts = ACTS) -> None:
        self.dice = random.Random(seed)
        self._ids = random.Random(seed + 1)
        self.limits = Limits(
            quantity_max=WHOLE_SERIES,
            serials_max=30,
            active_orders_max=self.dice.choice((0, 3, 100)),
            order_life_days=self.dice.choice((0, 5, 40)),
            box_levels_max=self.dice.choice((2, 3, 5)),
            box_codes_max=self.dice.choice((60, 100_000)),
            batch_commands_max=self.dice.choice((1, 3, 8, 256)),
            queue_participant_commands_max=self.dice.choice((6, 2_000, 2_000)),
        )
        self.now_us = instant(FOUNDED) + self.dice.randrange(30, 58) * DAY_US
        self.keys = KeyRing.create(directory / f"keys-{seed}", os.urandom(32))
        self.store = LastingStore(MemoryStore(runs=self.dice.choice((1, 2))))
        self.rate: float = 0
        self.prefix = self.dice.choices((PREFIX, ""), (9, 1))[0]
        self.engine = self._engine()
        self.model = Model(self.limits, self.prefix)
        self.stations = [
            Station(f"{'abc'[n]}{bin_ % 100}", bin_, self.dice, acts)
            for bin_ in BINS for n in range(2)
        ]
        self.audit = Audit(self.dice)
        self.verdicts: dict[str, int] = defaultdict(int)
        self._digest = hashlib.sha256()

    @property
    def history(self) -> str:
        """Return the digest of everything that was asked and answered."""
        return self._digest.hexdigest()

    def run(self, steps: int) -> None:
        """Take steps; begin with everybody joined, end with an audit."""
        for bin_, station in zip(BINS[:-1], self.stations[::2], strict=False):  # the last by chance
            joining = (RegisterParticipant(bin_, f"ТОО {bin_}", FOUNDED),
                       ActivateParticipant(bin_, FOUNDED),
                       *[usual_product(bin_, index) for index in station.own])  # fmt: skip
            for command in joining:
                self._batch([(station, command)])
        for _ in range(steps):
            self.step()
        self.audit.everything(self.engine, self.model, self.store.inner)

    def step(self) -> None:
        """Do one thing."""
        self.now_us += self.dice.randrange(SECOND_US)
        match draw(self.dice, STEPS):
            case "batch":
                self._batch(self._asked())
            case "clock":
                self._jump()
            case "crash":
                lost = self._submit(self._asked())
                self.engine = self._restarted()
                for station, command, _ in lost:
                    station.unanswered.append(command)
            case "stop and start":
                self._batch(self._asked(), stop=True)
                self.engine = self._restarted()
            case "weather":
                self.rate = self.dice.choice(FAULT_RATES)
            case "rotate keys":
                self.keys.make_current(self.keys.add(self.dice.choice(list(KeyKind))))
            case "forget":
                self._forget()
            case "expire":
                expired = self.engine.orders_to_expire()
                self._batch([(self.stations[0], each) for each in expired])
            case "audit" if self.dice.random() < AUDITED_ORDERS / (1 + len(self.model.orders)):
                self.audit.everything(self.engine, self.model, self.store.inner)

    # What happens ---------------------------------------------------------------------------------

    def _new_id(self) -> UUID:
        return UUID(int=(self.now_us // 1000) << 80 | self._ids.getrandbits(80))

    def _engine(self) -> Engine:
        return Engine(
            self.store, self.keys, clock=lambda: self.now_us, new_id=self._new_id,
            limits=self.limits, threaded=False, sscc_prefix=self.prefix,
        )  # fmt: skip

    def _restarted(self) -> Engine:
        """Open the store again, in whatever weather, and take up what was left."""
        with self._weather(), contextlib.suppress(StoreError):
            engine = self._engine()
            engine.resume_jobs()
            return engine
        return self._engine()

    @contextlib.contextmanager
    def _weather(self):
        """Let the store fail as often as the weather is bad."""
        self.store.fail_at_random(self.dice.getrandbits(32), self.rate)
        try:
            yield
        finally:
            self.store.heal()

    def _asked(self) -> list[tuple[Station, Command]]:
        """Return what stations ask at about the same time; some ask twice, in any order."""
        asked = []
        for _ in range(self.dice.choice(BATCH_SIZES)):
            station = self.dice.choice(self.stations)
            command = station.speak()
            asked += [(station, command)] * self.dice.choices((1, 2, 3), (20, 2, 1))[0]
        self.dice.shuffle(asked)
        return asked

    def _submit(
        self, asked: list[tuple[Station, Command]]
    ) -> list[tuple[Station, Command, Promise | Refused]]:
        submitted = []
        for station, command in asked:
            try:
                submitted.append((station, command, self.engine.submit(command)))
            except Refused as refused:
                submitted.append((station, command, refused))
            except StoreError:  # where a report looks for what it names
                refused = Refused(Reason.STORE_UNAVAILABLE)
                submitted.append((station, command, refused))
        return submitted

    def _batch(self, asked: list[tuple[Station, Command]], *, stop: bool = False) -> None:
        """Let the engine carry the commands out and hold what it says against the model."""
        with self._weather():
            submitted = self._submit(asked)
            if stop:
                self.engine.close()
            else:
                self.engine.work_off()
        seen, doubted = [], []
        for station, command, outcome in submitted:
            verdict = self._verdict(command, outcome)
            self._write_down(verdict)
            if Reason[verdict.reason].meaning.retry:
                station.unanswered.append(command)
                if verdict.reason == "COMMIT_UNKNOWN":
                    doubted.append(command)
                continue
            for one in self.stations:
                one.hear(verdict)
            seen.append(verdict)
        seen += self._found_out(doubted, seen)
        lines = {bin_: self.audit.new_lines(self.engine, bin_, self.now_us) for bin_ in BINS}
        self.model = explain(self.model, seen, self.now_us, lines, self._products())
        for bin_ in BINS:
            self.audit.account(self.engine, self.model, bin_)
        for one in seen:
            if isinstance(one.command, DeliverBlock) and one.reason == "OK":
                codes = self.audit.take_codes(self.engine, self.model, one.value)
                for station in self.stations:
                    station.take(one.value, codes)

    def _products(self) -> dict[int, Product]:
        """Return the products that the engine knows."""
        found = {}
        for gtin in GTINS:
            with contextlib.suppress(Refused):
                found[gtin] = product_of(self.engine.product(gtin))
        return found

    def _verdict(self, command: Command, outcome: Promise | Refused) -> Seen:
        refused = outcome if isinstance(outcome, Refused) else outcome.exception(timeout_s=0)
        if refused is None:
            answer = outcome.result()
            told = shown(self.engine, answer.value)
            return Seen(command, "OK", told, answer.replayed, answer.value)
        assert isinstance(refused, Refused), refused
        assert refused.reason is not Reason.INTERNAL, command
        refusal = refused.refusal
        return Seen(command, refusal.reason.name, dict(refusal.details), refusal.replayed)

    def _write_down(self, seen: Seen) -> None:
        facts = facts_of(seen.value) if seen.value else None
        command = seen.command
        self._digest.update(repr((_masked(command), seen.reason, seen.details, facts)).encode())
        self.verdicts[seen.reason] += 1

    def _found_out(self, doubted: list[Command], seen: list[Seen]) -> list[Seen]:
        """Return the verdicts of a commit in doubt that took place: a repeat would hear them.

        What a repeat would not hear has changed nothing, or has not happened. A command that got
        a fresh verdict in a later batch did not happen in the batch in doubt.
        """
        if not doubted:
            return []
        store = AskingStore(self.store.inner)
        asking = Engine(store, self.keys, clock=lambda: self.now_us, limits=self.limits,
                        threaded=False, sscc_prefix=self.prefix)  # fmt: skip
        fresh = [one.command for one in seen if one.replayed is False]
        found = []
        for command in doubted:
            if command in fresh:
                continue
            if isinstance(command, RegisterParticipant | ActivateParticipant):
                found += self._joined(command)
                continue
            if isinstance(command, RegisterProduct | ExpireOrder):
                found.append(Seen(command, PERHAPS, {}, None))
                continue
            try:
                answer = asking.execute(command)
            except Refused as refused:
                if refused.refusal.replayed:
                    name, details = refused.reason.name, dict(refused.refusal.details)
                    found.append(Seen(command, name, details, None))
            else:
                if answer.replayed:
                    told = shown(self.engine, answer.value)
                    found.append(Seen(command, "OK", told, None, answer.value))
        return found

    def _joined(self, command: RegisterParticipant | ActivateParticipant) -> list[Seen]:
        """Return the verdict of a command without an id, if what it asked for is so."""
        try:
            view = self.engine.account(command.bin)
        except Refused:
            return []
        if isinstance(command, RegisterParticipant):
            happened = (view.name, view.registered_on) == (command.name, command.on)
        else:
            happened = view.activated_on == command.on
        return [Seen(command, "OK", {}, None, view)] if happened else []

    def _jump(self) -> None:
        match draw(self.dice, JUMPS):
            case "a moment":
                self.now_us += self.dice.randrange(SECOND_US)
            case "minutes":
                self.now_us += self.dice.randrange(3600 * SECOND_US)
            case "days":
                self.now_us += self.dice.randrange(9 * DAY_US)
            case "a month":
                self.now_us += 31 * DAY_US
            case "the last of the old year":
                self.now_us = max(self.now_us, NEW_YEAR_US - 1)
            case "the first of the new year":
                self.now_us = max(self.now_us, NEW_YEAR_US)
            case "back":
                self.now_us -= self.dice.randrange(3600 * SECOND_US)

    def _forget(self) -> None:
        """Sweep what has expired, in bad weather and then for certain: clocks may go back."""
        with self._weather(), contextlib.suppress(StoreError):
            self.engine.forget_refusals()
        self.engine.forget_refusals()
        self.engine.resume_jobs()
        self.engine.work_off()
        self.model.forget(self.now_us)
        reminders = self.store.inner.view(lambda reader: reader.scan(b"x", b"y", limit=10_000))
        assert not [k for k, _ in reminders if int.from_bytes(k[1:9], "big") <= self.now_us]
