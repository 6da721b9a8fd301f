"""A store that fails on demand, and the ladder: fail operation 1, 2, 3 … until nothing is left.

`FaultyStore` wraps any store. A fault is raised as the error that a real engine would raise, before
or after the operation took effect, and always keeps the promises of the port: after `StoreFailed`
nothing is changed, after `CommitUnknown` everything or nothing is.
"""

from __future__ import annotations

import enum
import itertools
import random
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from emitter.engine.invariants import check_store
from emitter.errors import Refused
from emitter.store.memory import MemoryStore
from emitter.store.port import (
    ROWS_MAX,
    CommitUnknown,
    Conflict,
    StoreError,
    StoreFailed,
    StoreFull,
    TooManyReaders,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from emitter.store.port import Reader, Store, Writer

T = TypeVar("T")

RUNGS_MAX = 10_000


class Operation(enum.Enum):
    """What can fail."""

    VIEW = "view"
    UPDATE = "update"
    GET_MANY = "get_many"
    SCAN = "scan"
    PUT_MANY = "put_many"
    DELETE_MANY = "delete_many"
    COMMIT = "commit"


@dataclass(frozen=True)
class Fault:
    """An error and the operations that can raise it; ``after``: when they have taken effect."""

    name: str
    error: type[StoreError]
    operations: frozenset[Operation]
    after: bool = False


_READS = {Operation.GET_MANY, Operation.SCAN}
_WRITES = {Operation.PUT_MANY, Operation.DELETE_MANY}

BROKEN = Fault("broken", StoreFailed, frozenset(Operation))
BROKEN_AFTER = Fault("broken after", StoreFailed, frozenset(_READS | _WRITES), after=True)
FULL = Fault("full", StoreFull, frozenset(_WRITES | {Operation.COMMIT}))
NO_PLACE = Fault("no place", TooManyReaders, frozenset({Operation.VIEW}))
CONFLICT = Fault("conflict", Conflict, frozenset({Operation.COMMIT}))
UNKNOWN_LOST = Fault("unknown, lost", CommitUnknown, frozenset({Operation.COMMIT}))
UNKNOWN_KEPT = Fault("unknown, kept", CommitUnknown, frozenset({Operation.COMMIT}), after=True)

FAULTS = (BROKEN, BROKEN_AFTER, FULL, NO_PLACE, CONFLICT, UNKNOWN_LOST, UNKNOWN_KEPT)


class FaultyStore:
    """A `Store` around another one. Without a plan it only counts; `failures` tells what it did."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.failures: list[tuple[Operation, Fault]] = []
        self._plan: Callable[[Operation], Fault | None] = lambda _: None
        self._lock = threading.Lock()

    def fail(self, fault: Fault, at: int, *, persistent: bool = False) -> None:
        """Fail the ``at``-th operation from now on that the fault fits, or it and all later."""
        numbers = itertools.count(1)

        def plan(operation: Operation) -> Fault | None:
            if operation not in fault.operations:
                return None
            number = next(numbers)
            return fault if number == at or (persistent and number > at) else None

        self._plan = plan

    def fail_at_random(self, seed: int, rate: float, faults: Sequence[Fault] = FAULTS) -> None:
        """Fail each operation with a probability; one thread and one seed give one history."""
        dice = random.Random(seed)

        def plan(operation: Operation) -> Fault | None:
            if dice.random() >= rate:
                return None
            return dice.choice(
                [fault for fault in faults if operation in fault.operations] or [None]
            )

        self._plan = plan

    def heal(self) -> None:
        """Fail no more and forget the failures."""
        self._plan = lambda _: None
        self.failures = []

    def view(self, fn: Callable[[Reader], T]) -> T:
        self._run(Operation.VIEW, lambda: None)
        return self.inner.view(lambda reader: fn(_FaultyTransaction(self, reader)))

    def update(self, fn: Callable[[Writer], T]) -> T:
        self._run(Operation.UPDATE, lambda: None)
        unknown: list[Fault] = []

        def run(writer: Writer) -> T:
            transaction = _FaultyTransaction(self, writer)
            result = fn(transaction)
            transaction.check()
            fault = self._next(Operation.COMMIT)
            unknown[:] = [fault] if fault is not None and fault.after else []
            if fault is not None and not fault.after:
                raise _error(Operation.COMMIT, fault)
            return result

        result = self.inner.update(run)
        if unknown:
            raise _error(Operation.COMMIT, unknown[0])
        return result

    def copy(self, target: Path) -> None:
        self.inner.copy(target)

    def close(self) -> None:
        self.inner.close()

    def _next(self, operation: Operation) -> Fault | None:
        with self._lock:
            fault = self._plan(operation)
            if fault is not None:
                self.failures.append((operation, fault))
            return fault

    def _run(self, operation: Operation, call: Callable[[], T]) -> T:
        fault = self._next(operation)
        if fault is not None and not fault.after:
            raise _error(operation, fault)
        result = call()
        if fault is not None:
            raise _error(operation, fault)
        return result


class _FaultyTransaction:
    """A `Writer` whose operations fail on demand; a failure forbids the commit, as in LMDB."""

    def __init__(self, store: FaultyStore, inner: Reader | Writer) -> None:
        self._store = store
        self._inner = inner
        self._failure: StoreError | None = None

    def get_many(self, keys):
        return self._run(Operation.GET_MANY, partial(self._inner.get_many, keys))

    def scan(self, start, stop, *, limit, reverse=False):
        scan = partial(self._inner.scan, start, stop, limit=limit, reverse=reverse)
        return self._run(Operation.SCAN, scan)

    def put_many(self, rows):
        self._run(Operation.PUT_MANY, partial(self._inner.put_many, rows))

    def delete_many(self, keys):
        self._run(Operation.DELETE_MANY, partial(self._inner.delete_many, keys))

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self, operation: Operation, call: Callable[[], T]) -> T:
        try:
            return self._store._run(operation, call)
        except StoreError as error:
            self._failure = self._failure or error
            raise


def ladder(
    make_store: Callable[[], Store],
    action: Callable[[Store], object],
    check: Callable[[FaultyStore, Exception | None], object],
    *,
    faults: Sequence[Fault] = FAULTS,
    expected: tuple[type[Exception], ...] = (StoreError,),
) -> int:
    """Fail operation 1, 2, 3 … of ``action`` with every fault, until it has no such operation.

    Each rung has a fresh store. Whatever the action raises of ``expected`` goes, once the store is
    healed, to ``check(store, error)``, which looks at its integrity (None: the action came
    through). A fault strikes once, and on a second ladder for ever. Returns the number of rungs.
    """
    rungs = 0
    for fault, persistent in itertools.product(faults, (False, True)):
        for at in range(1, RUNGS_MAX):
            store = FaultyStore(make_store())
            store.fail(fault, at, persistent=persistent)
            error: Exception | None = None
            try:
                action(store)
            except expected as raised:
                error = raised
            struck = bool(store.failures)
            store.heal()
            try:
                check(store, error)
            except AssertionError as broken:
                broken.add_note(f"rung: {fault.name}, operation {at}, persistent={persistent}")
                raise
            finally:
                with suppress(StoreError):
                    store.close()
            if not struck:
                break
            rungs += 1
        else:
            raise AssertionError(f"{fault.name}: no end after {RUNGS_MAX} rungs")
    return rungs


def ladder_of_story(
    rows: Sequence[tuple[bytes, bytes]], story: Callable[[Store], T]
) -> tuple[T, int]:
    """Fail every operation of a story that begins with some rows; say how it ends, and the rungs.

    A story that is broken off is told again on the healed store: it must end as one without faults.
    """

    def begin() -> MemoryStore:
        store = MemoryStore()
        for start in range(0, len(rows), ROWS_MAX):
            batch = rows[start : start + ROWS_MAX]
            store.update(lambda writer, batch=batch: writer.put_many(batch))
        return store

    end = story(begin())

    def check(store: FaultyStore, _error: Exception | None) -> None:
        check_store(store, whole=True)
        assert story(store) == end

    return end, ladder(begin, story, check, expected=(StoreError, Refused))


def _error(operation: Operation, fault: Fault) -> StoreError:
    return fault.error(f"{operation.value}: {fault.name}")
