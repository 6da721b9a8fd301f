"""A crowd of real clients in threads, and what they were told.

What was answered is kept as a `Promise`; a repeat that hears another answer fails on the spot.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Self

from callers import Caller, Operator, Station
from promises import Promise, facts_of

if TYPE_CHECKING:
    from uuid import UUID

    from emitter.client import Order
    from emitter.engine.commands import Command
    from emitter.engine.transfer_commands import ShipCodes


class LoadOverError(Exception):
    """The load has ended; what is unanswered stays so."""


class Load:
    """All clients of a server, and what they were told."""

    def __init__(self, seed: int, stations_each: int = 2) -> None:
        self.promises: list[Promise] = []
        self.shipped: list[tuple[UUID, ShipCodes]] = []
        self.resumed = 0  # deliveries that went on where a stream broke
        self._seed = seed
        self._stations_each = stations_each
        self._failures: list[BaseException] = []
        self._over = threading.Event()
        self._first: dict[Command, Promise] = {}
        self._asked: dict[int, list[Command]] = {}
        self._server: tuple[str, str] | None = None
        self._generation = 0
        self._turn = threading.Condition()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        """End the load; where a test has failed, without waiting for answers."""
        if failed:
            self.part()
        self._over.set()
        for thread in self._threads:
            thread.join()

    def start(self) -> None:
        """Let the operator admit the participants, and all begin."""
        chance = random.Random(self._seed)
        operator = Operator(self, chance.getrandbits(32))
        clients: list[Caller] = [operator]
        for bin_, token in operator.admit().items():
            orders: list[Order] = []
            clients += [
                Station(self, chance.getrandbits(32), bin_, token, orders)
                for _ in range(self._stations_each)
            ]
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in clients]
        for thread in self._threads:
            thread.start()

    def meet(self, server: tuple[str, str]) -> None:
        """Let everybody know the address of a new server, and its operator's token."""
        with self._turn:
            self._server = server
            self._generation += 1
            self._turn.notify_all()

    def part(self) -> None:
        """Let everybody wait for another server."""
        with self._turn:
            self._server = None

    def finish(self) -> None:
        """Let everybody have the answers they wait for, and stop; raise what any has found."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.raise_failure()

    def raise_failure(self) -> None:
        """Raise the first thing that a client has found wrong."""
        if self._failures:
            raise self._failures[0]

    def unanswered(self) -> list[Command]:
        """Return the commands that wait for an answer."""
        return [command for asked in list(self._asked.values()) for command in list(asked)]

    def told(self, command: Command, answer: object, codes: bytes = b"") -> None:
        """Keep an answer as a promise; it must be what was answered to the command before."""
        promise = Promise(command, facts_of(command, answer), time.monotonic_ns(), codes)
        first = self._first.setdefault(command, promise)
        if first.facts != promise.facts:
            raise AssertionError(f"{command}\n  was told {first.facts}\n  now {promise.facts}")
        if first is promise or codes:
            self.promises.append(promise)

    def asking(self) -> list[Command]:
        """Return the list in which this thread notes what it asks."""
        return self._asked.setdefault(threading.get_ident(), [])

    def server(self) -> tuple[int, tuple[str, str]]:
        """Wait until there is a server; return its number, its address and an operator's token."""
        with self._turn:
            while self._server is None:
                if self._over.is_set():
                    raise LoadOverError
                self._turn.wait(0.1)
            return self._generation, self._server

    def _run(self, client: Caller) -> None:
        try:
            while not self._over.is_set():
                client.act()
        except LoadOverError:
            pass
        except Exception as error:  # noqa: BLE001 - raised by `raise_failure`
            self._failures.append(error)
        finally:
            client.close()
