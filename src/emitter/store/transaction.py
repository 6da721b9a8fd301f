"""What the functions of views and updates hold: the limits of the port around an engine's rows.

Every engine hands out these two classes, so limits, counting and the end of a transaction are the
same on each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.store.port import ROWS_MAX, check_keys, check_rows, check_scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emitter.store.port import Writer


class ReadTransaction:
    """A `Reader` over the rows of an engine, until `end`."""

    def __init__(self, rows: Writer) -> None:
        self._rows: Writer | None = rows

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """See `Reader.get_many`."""
        rows = self._alive()
        check_keys(keys)
        return rows.get_many(keys)

    def scan(
        self, start: bytes, stop: bytes, *, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        """See `Reader.scan`."""
        rows = self._alive()
        check_scan(start, stop, limit)
        return rows.scan(start, stop, limit=limit, reverse=reverse) if start < stop else []

    def end(self) -> None:
        """Refuse every later call."""
        self._rows = None

    def _alive(self) -> Writer:
        if self._rows is None:
            raise ValueError("the transaction is over: nothing of it may be kept")
        return self._rows


class WriteTransaction(ReadTransaction):
    """A `Writer` over the rows of an engine, until `end`."""

    def __init__(self, rows: Writer) -> None:
        super().__init__(rows)
        self._count = 0

    def put_many(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """See `Writer.put_many`."""
        target = self._alive()
        check_rows(rows)
        self._add(len(rows))
        target.put_many(rows)

    def delete_many(self, keys: Sequence[bytes]) -> None:
        """See `Writer.delete_many`."""
        target = self._alive()
        check_keys(keys)
        self._add(len(keys))
        target.delete_many(keys)

    def _add(self, count: int) -> None:
        if self._count + count > ROWS_MAX:
            raise ValueError(f"an update must change at most {ROWS_MAX} rows")
        self._count += count
