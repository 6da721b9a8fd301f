"""Message ↔ value: the only place where the engine's values meet the protocol's fields."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from emitter.engine.commands import CreateOrder, OrderLine
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin, require_gtin
from emitter.trade.ledger import LedgerAccount
from emitter.trade.parties import format_bin
from emitter.trade.templates import TEMPLATES
from emitter.v1 import account_pb2, code_pb2, order_pb2, product_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.config import Limits
    from emitter.engine.delivery import BlockView
    from emitter.engine.orders import OrderView
    from emitter.engine.participants import AccountView
    from emitter.engine.products import ProductView
    from emitter.engine.reading import JournalEntry
    from emitter.engine.verification import VerifiedCodes
    from emitter.store.rows import BufferRow


def require_uuid(text: str, field: str) -> UUID:
    """Return an id that the server has given; refused as FIELD_INVALID if it is not a UUID."""
    if not text:
        raise Refused(Reason.FIELD_REQUIRED, field=field)
    try:
        return UUID(text)
    except ValueError:
        raise Refused(
            Reason.FIELD_INVALID, field=field, rule="a UUID", rule_ru="нужен UUID"
        ) from None


def require_order_id(text: str) -> UUID:
    """Return the id of an order; see `require_uuid`."""
    return require_uuid(text, "order_id")


def require_date(day: Date, field: str) -> date:
    """Return a full civil date; refused as FIELD_INVALID if there is no such day."""
    try:
        return date(day.year, day.month, day.day)
    except ValueError:
        raise Refused(
            Reason.FIELD_INVALID, field=field, rule="a full date", rule_ru="нужна полная дата"
        ) from None


def require_page_size(page_size: int, limits: Limits) -> int:
    """Return the size of a page: the default for 0, never above the limit (AIP-158)."""
    if page_size < 0:
        raise Refused(
            Reason.FIELD_INVALID, field="page_size", rule="0 or more", rule_ru="0 или больше"
        )
    return min(page_size or limits.page_size_default, limits.page_size_max)


def require_page_token(text: str) -> bytes:
    """Return the engine's token of a page; refused with PAGE_TOKEN_INVALID."""
    try:
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Refused(Reason.PAGE_TOKEN_INVALID) from None


def page_token(token: bytes) -> str:
    """Return the text of the engine's token of a page; an empty token stays empty."""
    return base64.urlsafe_b64encode(token).decode()


def create_order(
    bin_: int, request: order_pb2.CreateOrderRequest | order_pb2.StreamOrdersRequest
) -> CreateOrder:
    """Return the command of a request; refused with GTIN_INVALID for a text that is no GTIN."""
    lines = tuple(
        [
            OrderLine(
                require_gtin(line.gtin, f"lines[{index}].gtin"),
                line.quantity or len(line.serial_numbers),
                line.template_id,
                line.price_tiyn if line.HasField("price_tiyn") else None,
                tuple(line.serial_numbers),
            )
            for index, line in enumerate(request.lines)
        ]
    )
    return CreateOrder(bin_, request.request_id, lines)


def instant(at_us: int) -> Timestamp:
    """Return an instant given in microseconds UTC."""
    seconds, micros = divmod(at_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=1_000 * micros)


def civil_date(day: date) -> Date:
    """Return a civil date."""
    return Date(year=day.year, month=day.month, day=day.day)


def wire(number: int) -> Any:
    """Return a value of an enumeration: the numbers are the protocol's own (a test compares)."""
    return number


def buffer(
    row: BufferRow, make: Callable[..., order_pb2.Buffer] = order_pb2.Buffer
) -> order_pb2.Buffer:
    """Return the message of a buffer."""
    return make(
        gtin=format_gtin(row.gtin),
        template_id=row.template_id,
        state=wire(row.state),
        quantity=row.quantity,
        delivered_quantity=row.delivered,
        left_quantity=row.quantity - row.delivered if row.is_open else 0,
        price_tiyn=None if row.price_tiyn < 0 else row.price_tiyn,
        tariff_net_tiyn=row.price_net_tiyn,
        vat_basis_points=row.vat_bp,
        record_size=TEMPLATES[row.template_id].size,
        serial_source=wire(row.source),
    )


def order(view: OrderView) -> order_pb2.Order:
    """Return the message of an order."""
    message = order_pb2.Order()
    fill_order(message, view)
    return message


def fill_order(message: order_pb2.Order, view: OrderView) -> None:
    """Write an order into its message, which may lie in another: copying costs as much again."""
    row, money = view.row, view.money
    for item in row.buffers:
        buffer(item, message.buffers.add)
    message.order_id = str(view.order_id)
    message.state = wire(row.state)
    message.product_group = wire(row.group)
    message.create_time.CopyFrom(instant(row.created_us))
    if row.closed_us:
        message.close_time.CopyFrom(instant(row.closed_us))
    message.gross_tiyn = money.gross_tiyn
    message.reserved_tiyn = money.held_tiyn
    message.captured_tiyn = money.captured_tiyn
    message.released_tiyn = money.released_tiyn


def product(view: ProductView) -> product_pb2.Product:
    """Return the message of a product."""
    row = view.row
    return product_pb2.Product(
        gtin=format_gtin(view.gtin),
        name_ru=row.name_ru,
        name_kk=row.name_kk,
        product_group=wire(row.group),
        tnved_code=row.tnved,
        bin=format_bin(view.bin),
        create_time=instant(row.created_us),
        update_time=instant(row.changed_us),
    )


def block(view: BlockView) -> code_pb2.Block:
    """Return the message of a block."""
    row = view.row
    return code_pb2.Block(
        block_id=row.block_id,
        order_id=str(view.order_id),
        gtin=format_gtin(view.buffer.gtin),
        first_index=view.first,
        quantity=row.quantity,
        net_tiyn=row.net_tiyn,
        vat_tiyn=row.vat_tiyn,
        gross_tiyn=view.gross_tiyn,
        deliver_time=instant(row.delivered_us),
    )


def verified(codes: VerifiedCodes) -> code_pb2.VerifyCodesResponse:
    """Return the columns of a check of codes."""
    return code_pb2.VerifyCodesResponse(
        reasons=codes.reasons.tobytes(),
        states=codes.states.tobytes(),
        buffer_index=codes.buffer_index,
        utilised=codes.utilised.astype(np.uint8).tobytes(),
        buffers=[
            code_pb2.IssuedBuffer(
                order_id=str(item.order_id),
                gtin=format_gtin(item.gtin),
                template_id=item.template_id,
                owner_bin=format_bin(item.owner_bin),
                owner_name=item.owner_name,
            )
            for item in codes.buffers
        ],
    )


def account(view: AccountView) -> account_pb2.Account:
    """Return the message of a participant and its account."""
    return account_pb2.Account(
        bin=format_bin(view.bin),
        name=view.name,
        registration_date=civil_date(view.registered_on),
        activation_date=civil_date(view.activated_on) if view.activated_on else None,
        available_tiyn=view.available_tiyn,
        reserved_tiyn=view.reserved_tiyn,
        credited_tiyn=view.credited_tiyn,
        adjusted_tiyn=view.adjusted_tiyn,
        captured_tiyn=view.captured_tiyn,
        refunded_tiyn=view.refunded_tiyn,
        bank_costs_tiyn=view.bank_costs_tiyn,
        open_orders=view.orders_open,
    )


def transaction(entry: JournalEntry) -> account_pb2.Transaction:
    """Return the message of one transaction of a journal."""
    row = entry.row
    sides = dict(row.entries)
    return account_pb2.Transaction(
        sequence=entry.sequence,
        create_time=instant(row.at_us),
        kind=wire(row.kind),
        amount_tiyn=-row.entries[0][1],  # the first side is the one the money leaves
        net_tiyn=sides.get(LedgerAccount.REVENUE, 0),
        vat_tiyn=sides.get(LedgerAccount.VAT, 0),
        order_id=str(row.order_id) if row.order_id else "",
        gtin=format_gtin(row.gtin) if row.gtin else "",
        quantity=row.quantity,
        reference=row.reference,
        entries=[
            account_pb2.Entry(account=wire(side), amount_tiyn=amount)
            for side, amount in row.entries
        ],
    )
