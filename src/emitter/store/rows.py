"""Every row format of the store; the keys are in `schema`.

Rows are little-endian fixed fields, with text at the end where there is any. A change of a format
raises `FORMAT_VERSION` and comes with a migration.
"""

from __future__ import annotations

import enum
import struct
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from emitter.trade.states import BufferState, OrderState

FORMAT_VERSION = 2


_META = struct.Struct("<Iq8s")


class Meta(NamedTuple):
    """What the store is: its format, and the serial key its codes were made with."""

    format_version: int
    created_us: int
    serial_fingerprint: bytes

    def pack(self) -> bytes:
        """Return the row."""
        return _META.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> Meta:
        """Return the value of a row."""
        return cls(*_META.unpack(row))


_TOKEN = struct.Struct("<BQq")


class TokenRow(NamedTuple):
    """Who a bearer token is; the token itself is stored nowhere."""

    role: int
    bin: int
    created_us: int
    label: str

    def pack(self) -> bytes:
        """Return the row."""
        return _TOKEN.pack(*self[:3]) + self.label.encode()

    @classmethod
    def unpack(cls, row: bytes) -> TokenRow:
        """Return the value of a row."""
        return cls._make((*_TOKEN.unpack_from(row), row[_TOKEN.size :].decode()))


class SignaturePolicy(enum.IntEnum):
    """Which calls of a station must be signed; a signature that comes is verified anyway."""

    OPTIONAL = 1
    CHANGES = 2  # calls that change something: POST
    ALWAYS = 3


_STATION = struct.Struct("<QqB32s")


class StationRow(NamedTuple):
    """An order station of a participant; of its registration key the SHA-256."""

    bin: int
    created_us: int
    signatures: int
    key_digest: bytes
    name: str

    def pack(self) -> bytes:
        """Return the row."""
        return _STATION.pack(*self[:4]) + self.name.encode()

    @classmethod
    def unpack(cls, row: bytes) -> StationRow:
        """Return the value of a row."""
        return cls._make((*_STATION.unpack_from(row), row[_STATION.size :].decode()))


_CONNECTION = struct.Struct("<16sQqB32sqH")


class ConnectionRow(NamedTuple):
    """A connection of a station, and the SHA-256 of its one live clientToken.

    ``token_expires_us`` is 0 for ever; a digest of zeros stands for 'no token yet'.
    """

    oms_id: UUID
    bin: int
    created_us: int
    signatures: int
    token_digest: bytes
    token_expires_us: int
    name: str
    address: str

    def pack(self) -> bytes:
        """Return the row."""
        head = _CONNECTION.pack(self.oms_id.bytes, *self[1:6], len(self.name))
        return head + (self.name + self.address).encode()

    @classmethod
    def unpack(cls, row: bytes) -> ConnectionRow:
        """Return the value of a row."""
        oms_id, *fields, size = _CONNECTION.unpack_from(row)
        texts = row[_CONNECTION.size :].decode()
        return cls._make((UUID(bytes=oms_id), *fields, texts[:size], texts[size:]))


_PARTICIPANT = struct.Struct("<II")


class ParticipantRow(NamedTuple):
    """A participant; dates are days of the proleptic calendar, 0 for 'not yet'."""

    registered_on: int
    activated_on: int
    name: str

    def pack(self) -> bytes:
        """Return the row."""
        return _PARTICIPANT.pack(*self[:2]) + self.name.encode()

    @classmethod
    def unpack(cls, row: bytes) -> ParticipantRow:
        """Return the value of a row."""
        return cls._make((*_PARTICIPANT.unpack_from(row), row[_PARTICIPANT.size :].decode()))


_ACCOUNT = struct.Struct("<7qQI")


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

    def pack(self) -> bytes:
        """Return the row; it begins with the core's record of `ACCOUNT_SIZE` bytes."""
        return _ACCOUNT.pack(*self)

    def counting(self, *, transactions: int = 0, orders: int = 0) -> AccountRow:
        """Return the account with so many more journal transactions and open orders."""
        return AccountRow(
            *self[:7], self.journal_count + transactions, self.orders_open + orders
        )

    @classmethod
    def unpack(cls, row: bytes) -> AccountRow:
        """Return the value of a row."""
        return cls(*_ACCOUNT.unpack(row))


_ESCROW = struct.Struct("<3q")


class EscrowRow(NamedTuple):
    """Money of one order in tiyn, exactly the core's escrow record."""

    held: int
    captured: int
    released: int

    def pack(self) -> bytes:
        """Return the row."""
        return _ESCROW.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> EscrowRow:
        """Return the value of a row."""
        return cls(*_ESCROW.unpack(row))


class SerialSource(enum.IntFlag):
    """Where serials come from: one source for a buffer, both for a series of a wide space."""

    OPERATOR = 1
    SELF_MADE = 2


_BUFFER = struct.Struct("<Q4BHHqqQQQ")


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

    def pack(self) -> bytes:
        """Return the packed buffer."""
        return _BUFFER.pack(*self)

    @property
    def is_open(self) -> bool:
        """Whether money of the buffer may still be held in the order's escrow."""
        return self.state in (BufferState.PENDING, BufferState.ACTIVE)


_ORDER = struct.Struct("<BBqq")


class OrderRow(NamedTuple):
    """An order and its buffers, in the order of its lines."""

    state: int
    group: int
    created_us: int
    closed_us: int  # 0 while open
    buffers: tuple[BufferRow, ...]

    def pack(self) -> bytes:
        """Return the row."""
        state, group, created_us, closed_us, buffers = self
        head = _ORDER.pack(state, group, created_us, closed_us)
        return head + b"".join([_BUFFER.pack(*buffer) for buffer in buffers])

    @classmethod
    def unpack(cls, row: bytes) -> OrderRow:
        """Return the value of a row."""
        buffers = _BUFFER.iter_unpack(row[_ORDER.size :])
        return cls._make(
            (*_ORDER.unpack_from(row), tuple([BufferRow(*fields) for fields in buffers]))
        )

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


_BLOCK = struct.Struct("<Qqqq")


class BlockRow(NamedTuple):
    """One delivered portion of a buffer; its first index is in the key."""

    quantity: int
    net_tiyn: int
    vat_tiyn: int
    delivered_us: int
    block_id: str

    def pack(self) -> bytes:
        """Return the row."""
        return _BLOCK.pack(*self[:4]) + self.block_id.encode()

    @classmethod
    def unpack(cls, row: bytes) -> BlockRow:
        """Return the value of a row."""
        return cls._make((*_BLOCK.unpack_from(row), row[_BLOCK.size :].decode()))


_REQUEST = struct.Struct("<32sBqq")


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

    def pack(self) -> bytes:
        """Return the row."""
        digest, reason, at_us, expires_us, payload = self
        return _REQUEST.pack(digest, reason, at_us, expires_us) + payload

    @classmethod
    def unpack(cls, row: bytes) -> RequestRow:
        """Return the value of a row."""
        return cls._make((*_REQUEST.unpack_from(row), row[_REQUEST.size :]))


_SERIES = struct.Struct("<BBQ")


class SeriesRow(NamedTuple):
    """The serials of one length under a GTIN: form, all their sources, operator's next counter."""

    form: int
    source: int
    next_counter: int

    def pack(self) -> bytes:
        """Return the row."""
        return _SERIES.pack(*self)

    @classmethod
    def unpack(cls, row: bytes) -> SeriesRow:
        """Return the value of a row."""
        return cls(*_SERIES.unpack(row))


_RANGE = struct.Struct("<Q16sQB")


class RangeRow(NamedTuple):
    """Whose counters these are; GTIN, serial size and first counter are in the key."""

    bin: int
    order_id: UUID
    quantity: int
    form: int

    def pack(self) -> bytes:
        """Return the row."""
        bin_, order_id, quantity, form = self
        return _RANGE.pack(bin_, order_id.bytes, quantity, form)

    @classmethod
    def unpack(cls, row: bytes) -> RangeRow:
        """Return the value of a row."""
        bin_, order, quantity, form = _RANGE.unpack(row)
        return cls(bin_, UUID(bytes=order), quantity, form)


_JOURNAL_HEAD = struct.Struct("<qB16sQQB")
_JOURNAL_ENTRY = struct.Struct("<Bq")
_JOURNALS = [struct.Struct("<qB16sQQB" + "Bq" * entries) for entries in range(4)]


class JournalRow(NamedTuple):
    """One double-entry transaction: entries are (ledger account, signed tiyn) and sum to zero."""

    at_us: int
    kind: int
    order_id: UUID | None
    gtin: int  # 0 where no GTIN is meant
    quantity: int  # codes the money stands for, 0 where none
    entries: tuple[tuple[int, int], ...]
    reference: str

    def pack(self) -> bytes:
        """Return the row."""
        at_us, kind, order_id, gtin, quantity, entries, reference = self
        order = order_id.bytes if order_id else bytes(16)
        pack = _JOURNALS[len(entries)].pack
        row = pack(at_us, kind, order, gtin, quantity, len(entries), *chain.from_iterable(entries))
        return row + reference.encode()

    @classmethod
    def unpack(cls, row: bytes) -> JournalRow:
        """Return the value of a row."""
        at_us, kind, order, gtin, quantity, count = _JOURNAL_HEAD.unpack_from(row)
        start, size = _JOURNAL_HEAD.size, _JOURNAL_ENTRY.size
        stop = start + count * size
        entries = tuple(_JOURNAL_ENTRY.iter_unpack(row[start:stop]))
        order_id = UUID(bytes=order) if any(order) else None
        return cls(at_us, kind, order_id, gtin, quantity, entries, row[stop:].decode())
