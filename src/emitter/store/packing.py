"""Rows that every order writes, packed in bulk by the core: the bytes of `rows`, `schema`'s keys.

A row at a time costs a value, a method, a key and a `struct`; together most of what an order of one
line takes in the writer's thread. Tests compare each layout with the row's own ``pack``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emitter import _core
from emitter.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A kind of rows: the letter of its keys, and formats as `_core.pack_rows` reads them."""

    kind: bytes
    key: bytes
    row: bytes

    def pack(self, values: Iterable[tuple[object, ...]]) -> list[tuple[bytes, bytes]]:
        """Return key and row of each value: the fields of the key, then those of the row."""
        return _core.pack_rows(self.kind, self.key, self.row, values)


ORDER = Layout(schema.ORDERS, b"QU", b"BBqq(QBBBBHHqqQQQ)")
"""bin, id; state, group, created, closed, buffers."""

ESCROW = Layout(schema.ESCROWS, b"QU", b"s")
"""bin, order; the core's record."""

RANGE = Layout(schema.RANGES, b"QBQ", b"QUQB")
"""gtin, serial size, first counter; bin, order, quantity, form."""

JOURNAL = Layout(schema.JOURNALS, b"QQ", b"qBUQQB(Bq)s")
"""bin, sequence; time, kind, order, gtin, quantity, number of entries, entries, reference."""

REQUEST = Layout(b"", b"s", b"sBqqs")
"""key; digest, reason, time, expiry, payload."""
