"""Reading: what callers may look at, each answer from one short view of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from emitter.engine.delivery import BlockView
from emitter.engine.orders import OrderView, require_buffer
from emitter.engine.participants import AccountView, account_view
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.port import KEY_BYTES_MAX
from emitter.store.rows import (
    AccountRow,
    BlockRow,
    JournalRow,
    OrderRow,
    ParticipantRow,
    RequestRow,
)
from emitter.store.scanning import scan_view

if TYPE_CHECKING:
    from emitter.store.port import Reader, Store
    from emitter.store.rows import BufferRow


class JournalEntry(NamedTuple):
    """One transaction of an account's journal; sequences start at 1 and have no gaps."""

    sequence: int
    row: JournalRow


def read_account(store: Store, bin_: int) -> AccountView:
    """Return a participant with its account, or refuse."""
    keys = (schema.participant_key(bin_), schema.account_key(bin_))
    participant, account = store.view(lambda reader: reader.get_many(keys))
    if participant is None:
        raise Refused(Reason.PARTICIPANT_NOT_FOUND)
    return account_view(
        bin_, ParticipantRow.unpack(participant), AccountRow.unpack(account) if account else None
    )


def read_journal(store: Store, bin_: int, *, page_size: int, after: int) -> list[JournalEntry]:
    """Return up to ``page_size`` transactions with a sequence above ``after``, oldest first."""
    start = schema.journal_key(bin_, after + 1)
    stop = schema.journal_key(bin_ + 1, 0)
    rows = store.view(lambda reader: reader.scan(start, stop, limit=page_size))
    return [JournalEntry(schema.sequence_of(key), JournalRow.unpack(row)) for key, row in rows]


def read_order(store: Store, bin_: int, order_id: UUID) -> OrderView:
    """Return an order of the participant, or refuse."""
    return store.view(lambda reader: _order(reader, bin_, order_id))


def _order(reader: Reader, bin_: int, order_id: UUID) -> OrderView:
    row = reader.get_many((schema.order_key(bin_, order_id),))[0]
    if row is None:
        raise Refused(Reason.ORDER_NOT_FOUND, order_id=order_id)
    return OrderView(bin_, order_id, OrderRow.unpack(row))


def read_orders(
    store: Store, bin_: int, *, page_size: int, page_token: bytes
) -> tuple[list[OrderView], bytes]:
    """Return up to ``page_size`` orders, newest first, and the token of the next page or b''."""
    prefix = schema.orders_prefix(bin_)
    rows, token = store.view(lambda r: read_page(r, prefix, page_size, page_token, reverse=True))
    return [OrderView(bin_, schema.order_of(key), OrderRow.unpack(row)) for key, row in rows], token


def read_blocks(
    store: Store, bin_: int, order_id: UUID, gtin: int, *, page_size: int, page_token: bytes
) -> tuple[list[BlockView], bytes]:
    """Return up to ``page_size`` blocks in the order of delivery, and the token of the next."""
    prefix = schema.buffer_prefix(bin_, order_id, gtin)

    def read(reader: Reader) -> tuple[list[BlockView], bytes]:
        rows, token = read_page(reader, prefix, page_size, page_token)
        buffer = require_buffer(_order(reader, bin_, order_id).row, gtin)
        blocks = [
            BlockView(bin_, order_id, schema.sequence_of(key), BlockRow.unpack(row), buffer)
            for key, row in rows
        ]
        return blocks, token

    return store.view(read)


def read_details(store: Store, bin_: int, order_id: UUID) -> str:
    """Return what came with an order besides its lines, as JSON, '' for nothing; or refuse."""
    keys = (schema.order_key(bin_, order_id), schema.details_key(bin_, order_id))
    order, details = store.view(lambda reader: reader.get_many(keys))
    if order is None:
        raise Refused(Reason.ORDER_NOT_FOUND, order_id=order_id)
    return details.decode() if details else ""


def read_block(store: Store, bin_: int, order_id: UUID, gtin: int, block_id: str) -> BlockView:
    """Return the block of a buffer that was delivered under an id, or refuse."""

    def read(reader: Reader) -> BlockView | None:
        buffer = require_buffer(_order(reader, bin_, order_id).row, gtin)
        return _block(reader, bin_, order_id, buffer, block_id)

    view = store.view(read)
    if view is None:
        raise Refused(Reason.BLOCK_NOT_FOUND, block_id=block_id)
    return view


def read_block_from(
    store: Store, bin_: int, order_id: UUID, gtin: int, first: int
) -> BlockView | None:
    """Return the block of a buffer that starts at an index, None if there is none; or refuse."""

    def read(reader: Reader) -> BlockView | None:
        buffer = require_buffer(_order(reader, bin_, order_id).row, gtin)
        row = reader.get_many((schema.block_key(bin_, order_id, gtin, first),))[0]
        return BlockView(bin_, order_id, first, BlockRow.unpack(row), buffer) if row else None

    return store.view(read)


def find_block(store: Store, bin_: int, block_id: str) -> BlockView:
    """Return the block of an id made for stations, whatever its order and GTIN; or refuse."""

    def find(reader: Reader) -> BlockView | None:
        prefix = schema.near_orders_prefix(bin_, UUID(block_id))
        for key, row in scan_view(reader, prefix):
            for buffer in OrderRow.unpack(row).buffers:
                view = _block(reader, bin_, schema.order_of(key), buffer, block_id)
                if view is not None:
                    return view
        return None

    view = store.view(find)
    if view is None:
        raise Refused(Reason.BLOCK_NOT_FOUND, block_id=block_id)
    return view


def _block(
    reader: Reader, bin_: int, order_id: UUID, buffer: BufferRow, block_id: str
) -> BlockView | None:
    """Return the block of a buffer under an id; its request row leads there."""
    delivery = schema.delivery_id(order_id, buffer.gtin, block_id)
    key = schema.request_key(bin_, schema.RequestKind.DELIVER_BLOCK, delivery)
    packed = reader.get_many((key,))[0]
    if packed is None or RequestRow.unpack(packed).reason:
        return None
    first = int.from_bytes(RequestRow.unpack(packed).payload, "big")
    row = reader.get_many((schema.block_key(bin_, order_id, buffer.gtin, first),))[0]
    return BlockView(bin_, order_id, first, BlockRow.unpack(row), buffer) if row else None


def read_page(
    reader: Reader, prefix: bytes, page_size: int, page_token: bytes, *, reverse: bool = False
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return up to ``page_size`` rows with a prefix, and the token of the next page or b''.

    The token is the last key of the page before; what cannot be one is refused.
    """
    start, stop = page_bounds(prefix, page_token, reverse=reverse)
    rows = reader.scan(start, stop, limit=page_size + 1, reverse=reverse)
    return rows[:page_size], rows[page_size - 1][0] if len(rows) > page_size else b""


def page_bounds(prefix: bytes, page_token: bytes, *, reverse: bool = False) -> tuple[bytes, bytes]:
    """Return between which keys with a prefix a page lies; see `read_page`."""
    start, stop = prefix, schema.after(prefix)
    if not page_token:
        return start, stop
    if not start <= page_token < stop or len(page_token) >= KEY_BYTES_MAX:
        raise Refused(Reason.PAGE_TOKEN_INVALID)
    return (start, page_token) if reverse else (page_token + b"\0", stop)
