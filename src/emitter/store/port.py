"""The port: an ordered, transactional key-value store, and what every engine of it promises.

The laws, each a test that runs on every engine (``tests/test_store_laws.py``):

1. Keys are ordered as bytes.
2. A transaction reads its own writes.
3. Updates are serialisable.
4. An update happens as a whole or not at all.
5. What `Store.update` has returned from is durable.
6. A view is one snapshot.
7. The function of an update may run again, so it touches nothing outside.

What there is not: nested transactions, cursors, transactions that outlive their function, a second
way to write, options that only some engines have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

KEY_BYTES_MAX: Final = 511
"""A key has 1 to this many bytes (what LMDB takes; enough for every key of the schema)."""
VALUE_BYTES_MAX: Final = 65_536
"""A value has 0 to this many bytes."""
ROWS_MAX: Final = 10_000
"""Rows put and deleted in one update, repeats counted: bounds its memory and its commit."""

T = TypeVar("T")


class StoreError(Exception):
    """The weather of a store: disk, space, other processes. Never a rule of the trade."""


class StoreLocked(StoreError):  # noqa: N818 - named for what happened
    """The store is open for writing elsewhere, or open in this process already."""


class StoreClosed(StoreError):  # noqa: N818 - named for what happened
    """The store is not open in this process: closed, opened before a fork, or lost for good."""


class StoreFailed(StoreError):  # noqa: N818 - named for what happened
    """The operation failed and nothing was changed; a repeat may help if the cause is gone."""


class StoreFull(StoreFailed):
    """The map or the disk is full; nothing was changed."""


class TooManyReaders(StoreFailed):
    """Every place for a view is taken; nothing was read. Repeat later."""


class Conflict(StoreFailed):
    """Other updates won each of the bounded repeats; nothing was changed."""


class CommitUnknown(StoreError):  # noqa: N818 - named for what happened
    """The update took place as a whole or not at all, and which of both is not known.

    Look at the store again, or run the command again if it finds its own traces.
    """


class Reader(Protocol):
    """What a view may do; dead once the function that got it returns (`ValueError`)."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, in the order of the keys, None where there is no row."""

    def scan(
        self, start: bytes, stop: bytes, *, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        """Return the first ``limit`` rows with start <= key < stop in the order of keys.

        With ``reverse`` the last ones, from the end. ``start`` may be empty: from the beginning.
        """


class Writer(Reader, Protocol):
    """What an update may do besides; it reads what it has written."""

    def put_many(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Write rows (key, value), in order: of equal keys the last one stays."""

    def delete_many(self, keys: Sequence[bytes]) -> None:
        """Remove the rows of these keys; a key without a row is no error."""


class Store(Protocol):
    """An ordered key-value store. Any thread may call it; one update runs at a time.

    Transactions do not nest: a view or an update inside another one is `ValueError`, and so is a
    key, a value or a number of rows beyond the limits above. Every other failure is a `StoreError`.
    """

    def view(self, fn: Callable[[Reader], T]) -> T:
        """Return ``fn(reader)`` over one snapshot. Keep it short: its pages are not reused."""

    def update(self, fn: Callable[[Writer], T]) -> T:
        """Return ``fn(writer)`` once what it wrote is durable.

        If ``fn`` raises, nothing is changed and the exception goes on. After `CommitUnknown` the
        rows are there or not; after any other `StoreError` nothing is changed.
        """

    def copy(self, target: Path) -> None:
        """Write a consistent, compact copy to the directory ``target``, for `open_lmdb`.

        ``target`` must be empty or absent (`FileExistsError`). Updates go on meanwhile. A copy
        that fails or is cut short leaves nothing that can be opened.
        """

    def close(self) -> None:
        """Wait for the transactions that run, then refuse all others; a repeat does nothing."""


def check_keys(keys: Sequence[bytes]) -> None:
    """Raise `ValueError` if a key is empty or too long."""
    sizes = set(map(len, keys))
    if sizes and not 1 <= min(sizes) <= max(sizes) <= KEY_BYTES_MAX:
        raise ValueError(f"a key must have 1 to {KEY_BYTES_MAX} bytes")


def check_rows(rows: Sequence[tuple[bytes, bytes]]) -> None:
    """Raise `ValueError` if a key is empty or too long or a value too long."""
    if not rows:
        return
    keys, values = zip(*rows, strict=True)
    check_keys(keys)
    size = max(map(len, values))
    if size > VALUE_BYTES_MAX:
        raise ValueError(f"a value must have at most {VALUE_BYTES_MAX} bytes, not {size}")


def check_scan(start: bytes, stop: bytes, limit: int) -> None:
    """Raise `ValueError` if a bound is too long or the limit is not positive."""
    if max(len(start), len(stop)) > KEY_BYTES_MAX:
        raise ValueError(f"a bound of a scan must have at most {KEY_BYTES_MAX} bytes")
    if limit < 1:
        raise ValueError(f"the limit of a scan must be positive, not {limit}")
