"""The rows of a transaction as a batch sees them: fetched in one call, changed, written in one.

Rows that many commands share (a participant, its account, a series) are unpacked once and packed
once a batch. Rows that a command writes for itself are packed by the core, a kind at a time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar

from emitter.store import packing
from emitter.trade.calendar import civil_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from emitter.store.packing import Layout
    from emitter.store.port import Writer


class Issued(NamedTuple):
    """A range of counters that a batch has given out, in the order of its row."""

    gtin: int
    serial_size: int
    first: int
    bin: int
    order_id: bytes
    quantity: int
    form: int


class Row(Protocol):
    """A row as a value."""

    def pack(self) -> bytes:
        """Return the row."""

    @classmethod
    def unpack(cls, row: bytes, /) -> Self:
        """Return the value of a row."""


R = TypeVar("R", bound=Row)


class Work:
    """Rows as bytes (`get`, `put`, `delete`) or as values (`read`, `change`), and what is planned.

    ``planned`` counts what the proposals of a round would take of what they share; ``noted`` is
    what steps have found out that holds for the whole batch.
    """

    def __init__(self, writer: Writer, now_us: int) -> None:
        self.now_us = now_us
        self.today = civil_date(now_us)
        self.planned: defaultdict[object, int] = defaultdict(int)
        self.noted: dict[object, Any] = {}
        self.proposing: set[int] = set()  # participants with proposals in this round
        self.job_id: UUID | None = None  # of the job whose step is being judged
        self.issued: list[Issued] = []
        self._writer = writer
        self._rows: dict[bytes, bytes | None] = {}
        self._changed: dict[bytes, bytes] = {}
        self._deleted: set[bytes] = set()
        self._values: dict[bytes, Any] = {}
        self._laid: defaultdict[Layout, list[tuple[object, ...]]] = defaultdict(list)
        self._unpacked: set[bytes] = set()  # the keys of values that were changed

    def fetch(self, keys: Sequence[bytes]) -> None:
        """Read rows that are not here yet, in one call of the store."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._rows]
        self._rows.update(zip(wanted, self._writer.get_many(wanted), strict=True))

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return rows as this batch has left them so far, read in one call of the store."""
        self.fetch(keys)
        return [self.get(key) for key in keys]

    def get(self, key: bytes) -> bytes | None:
        """Return a row as this batch has left it so far."""
        if key in self._unpacked:
            self.put(key, self._values[key].pack())
        elif key not in self._rows:
            self.fetch((key,))
        return self._rows[key]

    def get_unless_changed(self, key: bytes) -> bytes | None:
        """Return a row, None for one that this batch has written as a value (see `read`)."""
        return None if key in self._unpacked else self.get(key)

    def put(self, key: bytes, row: bytes) -> None:
        """Write a row."""
        self._rows[key] = self._changed[key] = row
        if self._deleted:
            self._deleted.discard(key)
        if key in self._values:
            self._forget(key)

    def delete(self, key: bytes) -> None:
        """Delete a row."""
        self._rows[key] = None
        self._changed.pop(key, None)
        self._deleted.add(key)
        self._forget(key)

    def read(self, key: bytes, kind: type[R]) -> R | None:
        """Return the value of a row as this batch has left it so far, None where there is none."""
        value: R | None = self._values.get(key)
        if value is None and (row := self.get(key)) is not None:
            value = self._values[key] = kind.unpack(row)
        return value

    def change(self, key: bytes, value: Row) -> None:
        """Write a row by its value."""
        self._values[key] = value
        self._unpacked.add(key)
        if self._deleted:
            self._deleted.discard(key)

    def _forget(self, key: bytes) -> None:
        """Drop a value whose row was written otherwise."""
        if self._values.pop(key, None) is not None:
            self._unpacked.discard(key)

    def lay(self, layout: Layout, value: tuple[object, ...]) -> None:
        """Write a row that nobody reads in this round; it is packed with its like at the end."""
        self._laid[layout].append(value)

    def issue(self, issued: Issued) -> None:
        """Write the row of a new range of counters and remember to tell the index of ranges."""
        self._laid[packing.RANGE].append(issued)
        self.issued.append(issued)

    def pack(self) -> None:
        """Pack what was laid in a round."""
        for layout, values in self._laid.items():
            rows = layout.pack(values)
            self._rows.update(rows)
            self._changed.update(rows)
        self._laid.clear()

    def write(self, rows_max: int) -> None:
        """Hand all changed rows to the store, in one call and in the order of its pages.

        `AssertionError` if they are more than the steps have announced.
        """
        for key in list(self._unpacked):
            self.put(key, self._values[key].pack())
        rows = len(self._changed) + len(self._deleted)
        if rows > rows_max:
            raise AssertionError(f"{rows} rows to write, announced {rows_max}")
        self._writer.put_many([(key, self._changed[key]) for key in sorted(self._changed)])
        if self._deleted:
            self._writer.delete_many(list(self._deleted))
