"""Every row format of the store; the keys are in `schema`.

Rows are little-endian fixed fields, with text at the end where there is any. A change of a format
raises `FORMAT_VERSION` and comes with a migration.
"""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple
from uuid import UUID

from emitter.trade.states import BufferState, OrderState

FORMAT_VERSION = 1


class Meta(NamedTuple):
    """What the store is: its format, and the serial key its codes were made with."""

    format_version: int
    created_us: int
    serial_fingerprint: bytes

    _FORM = struct.Struct("<Iq8s")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> Meta:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack(row))


class TokenRow(NamedTuple):
    """Who a bearer token is; the token itself is stored nowhere."""

    role: int
    bin: int
    created_us: int
    label: str

    _FORM = struct.Struct("<BQq")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self[:3]) + self.label.encode()

    @classmethod
    def unpack(cls, row: bytes) -> TokenRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack_from(row), row[cls._FORM.size :].decode())


class ParticipantRow(NamedTuple):
    """A participant; dates are days of the proleptic calendar, 0 for 'not yet'."""

    registered_on: int
    activated_on: int
    name: str

    _FORM = struct.Struct("<II")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self[:2]) + self.name.encode()

    @classmethod
    def unpack(cls, row: bytes) -> ParticipantRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack_from(row), row[cls._FORM.size :].decode())


class AccountRow(NamedTuple):
    """Money in tiyn in the order of the core's account record, then two counters."""

    available: int
    reserved: int
    credited: int
    adjusted: int
    captured: int
    refunded: int
    bank_costs: int
    journal_count: int
    orders_open: int

    _FORM = struct.Struct("<7qQI")

    def pack(self) -> bytes:
        """Return the row; it begins with the core's record of `ACCOUNT_SIZE` bytes."""
        return self._FORM.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> AccountRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack(row))


class EscrowRow(NamedTuple):
    """Money of one order in tiyn, exactly the core's escrow record."""

    held: int
    captured: int
    released: int

    _FORM = struct.Struct("<3q")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> EscrowRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack(row))


class SerialSource(enum.IntEnum):
    """Where the serials of a series come from."""

    OPERATOR = 1
    SELF_MADE = 2


class BufferRow(NamedTuple):
    """One GTIN of an order: the recipe of its codes, its price, and how far it is delivered."""

    gtin: int
    template_id: int
    scheme: int
    state: int
    source: int
    key_id: int
    vat_bp: int
    price_net_tiyn: int
    price_tiyn: int  # of the goods, -1 where the template carries none
    first: int  # counter of the buffer's first code
    quantity: int
    delivered: int

    _FORM = struct.Struct("<Q4BHHqqQQQ")

    def pack(self) -> bytes:
        """Return the packed buffer."""
        return self._FORM.pack(*self)

    @property
    def is_open(self) -> bool:
        """Whether money of the buffer may still be held in the order's escrow."""
        return self.state in (BufferState.PENDING, BufferState.ACTIVE)


class OrderRow(NamedTuple):
    """An order and its buffers, in the order of its lines."""

    state: int
    group: int
    created_us: int
    closed_us: int  # 0 while open
    buffers: tuple[BufferRow, ...]

    _FORM = struct.Struct("<BBqq")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self[:4]) + b"".join([buffer.pack() for buffer in self.buffers])

    @classmethod
    def unpack(cls, row: bytes) -> OrderRow:
        """Return the value of a row."""
        buffers = BufferRow._FORM.iter_unpack(row[cls._FORM.size :])
        return cls(*cls._FORM.unpack_from(row), tuple([BufferRow(*fields) for fields in buffers]))

    @property
    def is_open(self) -> bool:
        """Whether the order counts as active."""
        return self.state not in (OrderState.CLOSED, OrderState.EXPIRED, OrderState.DECLINED)

    def buffer(self, gtin: int) -> BufferRow | None:
        """Return the buffer of a GTIN, or None."""
        for buffer in self.buffers:
            if buffer.gtin == gtin:
                return buffer
        return None

    def with_buffer(self, changed: BufferRow) -> OrderRow:
        """Return the order with the buffer of the same GTIN replaced."""
        buffers = tuple([changed if b.gtin == changed.gtin else b for b in self.buffers])
        return self._replace(buffers=buffers)


class BlockRow(NamedTuple):
    """One delivered portion of a buffer; its first index is in the key."""

    quantity: int
    net_tiyn: int
    vat_tiyn: int
    delivered_us: int
    block_id: str

    _FORM = struct.Struct("<Qqqq")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self[:4]) + self.block_id.encode()

    @classmethod
    def unpack(cls, row: bytes) -> BlockRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack_from(row), row[cls._FORM.size :].decode())


class RequestRow(NamedTuple):
    """The memory of a command: what was asked, and what was answered.

    ``reason`` is a `Reason` value, 0 for accepted; ``expires_us`` is 0 for ever. The payload leads
    to what an accepted command made, or holds the details of a refusal as JSON.
    """

    digest: bytes
    reason: int
    at_us: int
    expires_us: int
    payload: bytes

    _FORM = struct.Struct("<32sBqq")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self[:4]) + self.payload

    @classmethod
    def unpack(cls, row: bytes) -> RequestRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack_from(row), row[cls._FORM.size :])


class SeriesRow(NamedTuple):
    """The serials of one length under a GTIN: their form and source, and the next free counter."""

    form: int
    source: int
    next_counter: int

    _FORM = struct.Struct("<BBQ")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> SeriesRow:
        """Return the value of a row."""
        return cls(*cls._FORM.unpack(row))


class RangeRow(NamedTuple):
    """Whose counters these are; GTIN, serial size and first counter are in the key."""

    bin: int
    order_id: UUID
    quantity: int
    form: int

    _FORM = struct.Struct("<Q16sQB")

    def pack(self) -> bytes:
        """Return the row."""
        return self._FORM.pack(self.bin, self.order_id.bytes, self.quantity, self.form)

    @classmethod
    def unpack(cls, row: bytes) -> RangeRow:
        """Return the value of a row."""
        bin_, order, quantity, form = cls._FORM.unpack(row)
        return cls(bin_, UUID(bytes=order), quantity, form)


class JournalRow(NamedTuple):
    """One double-entry transaction: entries are (ledger account, signed tiyn) and sum to zero."""

    at_us: int
    kind: int
    order_id: UUID | None
    gtin: int  # 0 where no GTIN is meant
    quantity: int  # codes the money stands for, 0 where none
    entries: tuple[tuple[int, int], ...]
    reference: str

    _HEAD = struct.Struct("<qB16sQQB")
    _ENTRY = struct.Struct("<Bq")

    def pack(self) -> bytes:
        """Return the row."""
        order = self.order_id.bytes if self.order_id else bytes(16)
        head = self._HEAD.pack(
            self.at_us, self.kind, order, self.gtin, self.quantity, len(self.entries)
        )
        entries = [self._ENTRY.pack(account, amount) for account, amount in self.entries]
        return head + b"".join(entries) + self.reference.encode()

    @classmethod
    def unpack(cls, row: bytes) -> JournalRow:
        """Return the value of a row."""
        at_us, kind, order, gtin, quantity, count = cls._HEAD.unpack_from(row)
        start, size = cls._HEAD.size, cls._ENTRY.size
        stop = start + count * size
        entries = tuple(cls._ENTRY.iter_unpack(row[start:stop]))
        order_id = UUID(bytes=order) if any(order) else None
        return cls(at_us, kind, order_id, gtin, quantity, entries, row[stop:].decode())
