"""The engine in memory: for tests and simulations, and the oracle of the other engines."""

from __future__ import annotations

import tempfile
import threading
from bisect import bisect_left, insort
from contextlib import closing, contextmanager
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from emitter.store.gate import Gate
from emitter.store.port import ROWS_MAX
from emitter.store.transaction import ReadTransaction, WriteTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from emitter.store.port import Reader, Writer

T = TypeVar("T")


class _State:
    """Committed rows: a dictionary and its keys in order. ``views`` counts who looks at it."""

    def __init__(self, keys: list[bytes], rows: dict[bytes, bytes]) -> None:
        self.keys = keys
        self.rows = rows
        self.views = 0

    def after(self, changes: dict[bytes, bytes | None]) -> _State:
        """Return the state with changes applied: itself, or a copy if somebody looks at it."""
        state = _State(self.keys.copy(), self.rows.copy()) if self.views else self
        for key, value in changes.items():
            if value is None:
                if state.rows.pop(key, None) is not None:
                    del state.keys[bisect_left(state.keys, key)]
            else:
                if key not in state.rows:
                    insort(state.keys, key)
                state.rows[key] = value
        return state


class _Rows:
    """The rows of a transaction: a state and the changes made on top of it."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self.changes: dict[bytes, bytes | None] = {}

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        rows, changes = self.state.rows, self.changes
        return [changes[key] if key in changes else rows.get(key) for key in keys]

    def scan(
        self, start: bytes, stop: bytes, *, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        keys = self.state.keys
        low, high = bisect_left(keys, start), bisect_left(keys, stop)
        reach = limit + len(self.changes)  # enough even if every change is a removal in front
        ends = (max(low, high - reach), high) if reverse else (low, min(high, low + reach))
        found = {key for key in self.changes if start <= key < stop}
        found.update(keys[slice(*ends)])
        ordered = sorted(found, reverse=reverse)
        rows = zip(ordered, self.get_many(ordered), strict=True)
        return [(key, value) for key, value in rows if value is not None][:limit]

    def put_many(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self.changes.update((bytes(key), bytes(value)) for key, value in rows)

    def delete_many(self, keys: Sequence[bytes]) -> None:
        self.changes.update(dict.fromkeys(keys))


class MemoryStore:
    """A `Store` whose medium is this object: what is durable lives as long as it does.

    An update runs its function ``runs`` times and keeps the last run: with 2 a test proves that
    its functions may run again.
    """

    def __init__(self, *, runs: int = 1) -> None:
        if runs < 1:
            raise ValueError(f"an update must run at least once, not {runs} times")
        self._runs = runs
        self._gate = Gate()
        self._updating = threading.Lock()
        self._state_lock = threading.Lock()
        self._state = _State([], {})

    def view(self, fn: Callable[[Reader], T]) -> T:
        """See `Store.view`."""
        with self._gate, self._snapshot() as state:
            reader = ReadTransaction(_Rows(state))
            try:
                return fn(reader)
            finally:
                reader.end()

    def update(self, fn: Callable[[Writer], T]) -> T:
        """See `Store.update`."""
        self._gate.check()
        with self._updating, self._gate:
            for _ in range(self._runs):
                rows = _Rows(self._state)
                writer = WriteTransaction(rows)
                try:
                    result = fn(writer)
                finally:
                    writer.end()
            with self._state_lock:
                self._state = self._state.after(rows.changes)
            return result

    def copy(self, target: Path) -> None:
        """See `Store.copy`."""
        from emitter.store.lmdb_engine import open_lmdb  # noqa: PLC0415 - only copies need it

        with self._gate, self._snapshot() as state:
            rows = list(state.rows.items())
        with tempfile.TemporaryDirectory() as scratch, closing(open_lmdb(Path(scratch))) as store:
            for first in range(0, len(rows), ROWS_MAX):
                store.update(methodcaller("put_many", rows[first : first + ROWS_MAX]))
            store.copy(target)

    def close(self) -> None:
        """See `Store.close`."""
        if not self._gate.closed:
            with self._gate.alone():
                self._gate.close("the store is closed")

    @contextmanager
    def _snapshot(self) -> Iterator[_State]:
        """Hand out the committed state and keep it as it is until the block ends."""
        with self._state_lock:
            state = self._state
            state.views += 1
        try:
            yield state
        finally:
            with self._state_lock:
                state.views -= 1
