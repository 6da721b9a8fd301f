"""What must be true of every store, written once: the equations of money, orders, blocks, ranges.

On a live store each account, order and series is looked at in one short view of its own: these
invariants are local, so they hold in every view whatever is being written meanwhile. On a copy,
which stands still, `check_whole` looks besides for rows that belong to nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from emitter import _core
from emitter.engine.box_invariants import check_boxes, check_whole_boxes
from emitter.engine.code_invariants import check_codes, check_whole_codes
from emitter.engine.laws import BreachError, Report, require
from emitter.engine.orders import OrderView, cost_of
from emitter.engine.product_invariants import check_products
from emitter.engine.serial_invariants import check_jobs, check_serials
from emitter.store import schema
from emitter.store.product_rows import group_of, product_key
from emitter.store.rows import (
    AccountRow,
    BlockRow,
    ConnectionRow,
    EscrowRow,
    JournalRow,
    OrderRow,
    RangeRow,
    RequestRow,
    SerialSource,
    SeriesRow,
    StationRow,
)
from emitter.store.scanning import scan_store, scan_view
from emitter.store.token_rows import TOKEN_ENDS
from emitter.trade.gs1 import format_gtin
from emitter.trade.ledger import LedgerAccount
from emitter.trade.parties import format_bin
from emitter.trade.states import BufferState, OrderState
from emitter.trade.templates import TEMPLATES

__all__ = ["BreachError", "Report", "check_store"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from emitter.store.port import Reader, Store


_WIDE = {(t.form.form, t.serial_size) for t in TEMPLATES.values() if t.form.is_wide}


def check_store(
    store: Store, *, whole: bool = False, progress: Callable[[str], None] | None = None
) -> Report:
    """Check every invariant; raise `BreachError` at the first that does not hold.

    ``whole`` adds what holds only while nobody writes: give it for a copy.
    """
    report = Report(whole=whole)
    tell = progress or (lambda _: None)
    for key, _ in scan_store(store, schema.ACCOUNTS):
        _check_account(store, schema.owner(key), report)
        tell("account")
    for key, _ in scan_store(store, schema.ORDERS):
        order = store.view(partial(_check_order, key=key, report=report))
        for buffer in order.row.buffers:
            if buffer.source == SerialSource.SELF_MADE:
                check_serials(store, order, buffer)
                report.own_serials += buffer.quantity
        tell("order")
    for key, _ in scan_store(store, schema.SERIES):
        store.view(partial(_check_series, key=key, report=report))
        tell("series")
    check_codes(store, report)
    check_products(store)
    check_boxes(store, report)
    if whole:
        _check_whole(store, report)
    return report


@dataclass(slots=True)
class _Orders:
    """What a participant's orders add up to: escrows, how many are open, what was delivered."""

    held: dict[UUID, int]
    open: int = 0
    codes: int = 0
    net_tiyn: int = 0
    vat_tiyn: int = 0

    def add(self, order: OrderRow) -> None:
        """Count an order in."""
        self.open += order.is_open
        for buffer in order.buffers:
            cost, delivered = cost_of(buffer), buffer.delivered
            self.codes += delivered
            self.net_tiyn += cost.net(delivered)
            self.vat_tiyn += cost.vat(delivered)


def _check_account(store: Store, bin_: int, report: Report) -> None:
    """Check the money of a participant: the equation, the escrows, and the fold of the journal."""
    who = f"account {format_bin(bin_)}"

    def read(reader: Reader) -> tuple[AccountRow, _Orders]:
        packed = reader.get_many((schema.account_key(bin_),))[0]
        require(packed is not None, "an account that was there is gone", who)
        account = AccountRow.unpack(packed or b"")
        held = {
            schema.order_of(key): EscrowRow.unpack(row).held
            for key, row in scan_view(reader, schema.escrows_prefix(bin_))
        }
        orders = _Orders(held)
        for _, row in scan_view(reader, schema.orders_prefix(bin_)):
            orders.add(OrderRow.unpack(row))
        return account, orders

    account, orders = store.view(read)
    require(
        account.credited + account.adjusted
        == account.available
        + account.reserved
        + account.captured
        + account.refunded
        + account.bank_costs,
        "credited + adjusted = available + reserved + captured + refunded + bank costs",
        who,
    )
    require(min(account.available, account.reserved) >= 0, "no amount is negative", who)
    require(account.reserved == sum(orders.held.values()), "reserved = sum of escrows", who)
    require(account.orders_open == orders.open, "orders_open counts the open orders", who)
    _check_journal(store, bin_, account, orders, report)
    report.accounts += 1


def _check_journal(
    store: Store, bin_: int, account: AccountRow, orders: _Orders, report: Report
) -> None:
    """Fold the journal to the balances, up to the transaction they were read at."""
    who = f"journal of {format_bin(bin_)}"
    totals: Counter[LedgerAccount] = Counter()
    kinds: Counter[int] = Counter()
    escrows: Counter[UUID] = Counter()
    sequence = codes = 0
    for key, packed in scan_store(store, schema.journal_prefix(bin_)):
        if sequence == account.journal_count:
            break
        sequence += 1
        require(schema.sequence_of(key) == sequence, "sequences have no gaps", who)
        row = JournalRow.unpack(packed)
        subject = f"{who}, transaction {sequence}"
        require(sum(amount for _, amount in row.entries) == 0, "entries sum to zero", subject)
        for ledger_account, amount in row.entries:
            totals[LedgerAccount(ledger_account)] += amount
            if ledger_account == LedgerAccount.ESCROW and row.order_id:
                escrows[row.order_id] += amount
        kinds[row.kind] += row.entries[0][1]
        codes += row.quantity if row.kind == _core.CAPTURE else 0
        if row.kind == _core.CREDIT:
            _check_payment(store, row.reference, subject)
    require(sequence == account.journal_count, "the journal is complete", who)
    require(totals[LedgerAccount.AVAILABLE] == account.available, "available is its fold", who)
    require(totals[LedgerAccount.ESCROW] == account.reserved, "reserved is its fold", who)
    net, vat = totals[LedgerAccount.REVENUE], totals[LedgerAccount.VAT]
    require(net + vat == account.captured, "captured = revenue + VAT", who)
    require((net, vat) == (orders.net_tiyn, orders.vat_tiyn), "revenue and VAT are those of "
             "what was delivered", who)  # fmt: skip
    require(codes == orders.codes, "the codes paid for are those delivered", who)
    require(-kinds[_core.CREDIT] == account.credited, "credited is its fold", who)
    require(-kinds[_core.ADJUST] == account.adjusted, "adjusted is its fold", who)
    require(-kinds[_core.REFUND] == account.refunded, "refunded is its fold", who)
    require(-kinds[_core.BANK_COST] == account.bank_costs, "bank costs are their fold", who)
    for order_id, amount in orders.held.items():
        require(escrows[order_id] == amount, "escrow is its fold", f"{who}, order {order_id}")
    report.transactions += sequence
    report.totals_tiyn.update(totals)


def _check_payment(store: Store, reference: str, subject: str) -> None:
    key = schema.request_key(0, schema.RequestKind.PAYMENT, reference.encode())
    packed = store.view(lambda reader: reader.get_many((key,)))[0]
    kept = packed is not None and not RequestRow.unpack(packed).reason
    require(kept, "a payment's bank reference is kept", subject)


def _check_order(reader: Reader, key: bytes, report: Report) -> OrderView:
    """Check an order: states, blocks end to end, shares of money, escrow; return it."""
    bin_, order_id = schema.owner(key), schema.order_of(key)
    who = f"order {order_id}"
    keys = (key, schema.escrow_key(bin_, order_id), schema.participant_key(bin_))
    packed, packed_escrow, participant = reader.get_many(keys)
    require(packed is not None, "an order that was there is gone", who)
    require(packed_escrow is not None, "every order has an escrow", who)
    require(participant is not None, "every order has its participant", who)
    order = OrderRow.unpack(packed or b"")
    escrow = EscrowRow.unpack(packed_escrow or b"")
    view = OrderView(bin_, order_id, order)
    require(order.state in (OrderState.READY, OrderState.CLOSED, OrderState.EXPIRED),
             "an emitted order is READY, CLOSED or EXPIRED", who)  # fmt: skip
    require(bool(order.closed_us) != order.is_open, "a closed order knows when", who)
    require(
        order.is_open or not any(b.is_open for b in order.buffers),
        "a closed order has no open buffer", who,
    )  # fmt: skip
    require(escrow.held >= 0, "no amount is negative", who)
    require(escrow.held == view.held_tiyn, "escrow = what open buffers still owe", who)
    money = view.money
    require(escrow.captured == money.captured_tiyn, "captured = cost of what was delivered", who)
    require(
        escrow.held + escrow.captured + escrow.released == money.gross_tiyn,
        "held + captured + released = cost of the order", who,
    )  # fmt: skip
    products = [product_key(bin_, buffer.gtin) for buffer in order.buffers]
    for product in reader.get_many(products):
        fits = product is not None and group_of(product) == order.group
        require(fits, "every GTIN of an order is a product of its participant and group", who)
    for buffer in order.buffers:
        _check_blocks(reader, view, buffer.gtin, report)
        report.codes_emitted += buffer.quantity
        report.codes_delivered += buffer.delivered
    report.orders += 1
    return view


def _check_blocks(reader: Reader, view: OrderView, gtin: int, report: Report) -> None:
    """Walk the blocks of a buffer: end to end up to what is delivered, each paid and asked for."""
    buffer = view.row.buffer(gtin)
    who = f"order {view.order_id}, buffer {format_gtin(gtin)}"
    if buffer is None:
        raise AssertionError("the caller takes the GTIN from the order")
    require(buffer.delivered <= buffer.quantity, "delivered does not exceed quantity", who)
    if buffer.state in (BufferState.ACTIVE, BufferState.EXHAUSTED):
        exhausted = buffer.delivered == buffer.quantity
        require(
            exhausted == (buffer.state == BufferState.EXHAUSTED),
            "exhausted when all is delivered", who,
        )  # fmt: skip
    end = 0
    for key, packed in scan_view(reader, schema.buffer_prefix(view.bin, view.order_id, gtin)):
        row = BlockRow.unpack(packed)
        first = schema.sequence_of(key)
        subject = f"{who}, block {row.block_id}"
        require(first == end, "blocks follow each other without gap or overlap", subject)
        end = first + row.quantity
        cost = cost_of(buffer).block_cost(first, end)
        require(cost == (row.net_tiyn, row.vat_tiyn), "a block costs its cumulative share",
                 subject)  # fmt: skip
        delivery = schema.delivery_id(view.order_id, gtin, row.block_id)
        request = schema.request_key(view.bin, schema.RequestKind.DELIVER_BLOCK, delivery)
        asked = reader.get_many((request,))[0]
        require(
            asked is not None and RequestRow.unpack(asked).payload == first.to_bytes(8, "big"),
            "a block is found under its id", subject,
        )  # fmt: skip
        report.blocks += 1
    require(end == buffer.delivered, "blocks add up to what is delivered", who)


def _check_series(reader: Reader, key: bytes, report: Report) -> None:
    """Check a series: ranges disjoint, in order, below the next counter, held by their buffers."""
    gtin, serial_size = schema.parse_series_key(key)
    who = f"series {format_gtin(gtin)}/{serial_size}"
    packed = reader.get_many((key,))[0]
    require(packed is not None, "a series that was there is gone", who)
    series = SeriesRow.unpack(packed or b"")
    end = 0
    for range_key, row in scan_view(reader, schema.range_prefix(gtin, serial_size)):
        first = schema.sequence_of(range_key)
        held = RangeRow.unpack(row)
        subject = f"{who}, range from {first}"
        require(first >= end, "ranges are disjoint", subject)
        end = first + held.quantity
        order = reader.get_many((schema.order_key(held.bin, held.order_id),))[0]
        buffer = OrderRow.unpack(order).buffer(gtin) if order else None
        require(
            buffer is not None
            and (buffer.first, buffer.quantity) == (first, held.quantity)
            and TEMPLATES[buffer.template_id].serial_size == serial_size
            and TEMPLATES[buffer.template_id].form.form == held.form == series.form,
            "a range is held by the buffer it names", subject,
        )  # fmt: skip
        report.ranges += 1
    require(end <= series.next_counter, "counters are given out once", who)
    sources = SerialSource(series.source)
    made_here = SerialSource.OPERATOR in sources
    require(made_here == (series.next_counter > 0), "a series knows its sources", who)
    is_wide = (series.form, serial_size) in _WIDE
    require(is_wide or sources in set(SerialSource), "a small space has one source", who)
    report.series += 1


def _is_there(store: Store, key: bytes) -> bool:
    return store.view(lambda reader: reader.get_many((key,)))[0] is not None


def _check_stations(store: Store) -> None:
    """Check that connections belong to stations, tokens to connections, details to orders."""
    stations = {
        schema.uuid_of(key): StationRow.unpack(row)
        for key, row in scan_store(store, schema.STATIONS)
    }
    tokens = {}
    counts: Counter[bytes] = Counter()
    for key, row in scan_store(store, schema.CONNECTIONS):
        connection = ConnectionRow.unpack(row)
        counts[schema.connections_key(connection.oms_id)] += 1
        who = f"connection {schema.uuid_of(key)}"
        station = stations.get(connection.oms_id)
        owned = station is not None and station.bin == connection.bin
        require(owned, "a connection belongs to a station of its participant", who)
        if any(connection.token_digest):
            tokens[schema.client_token_key(connection.token_digest)] = key[1:]
    counted = scan_store(store, schema.CONNECTION_COUNTS)
    told = {key: int.from_bytes(count, "big") for key, count in counted}
    require(told == counts, "a station knows how many connections it has", "store")
    kept = dict(scan_store(store, schema.CLIENT_TOKENS))
    require(kept == tokens, "tokens are those of the connections", "store")
    ends = scan_store(store, TOKEN_ENDS)
    issued = {key[1:] for key, _ in scan_store(store, schema.TOKENS)}
    ended = {key[1:] for key, _ in ends} <= issued
    require(ended, "what ends is a token", "store")
    for key, _ in scan_store(store, schema.DETAILS):
        order = schema.order_key(schema.owner(key), schema.order_of(key))
        require(
            _is_there(store, order), "details belong to an order", f"order {schema.order_of(key)}"
        )


def _check_reminders(store: Store) -> None:
    """Check that a verdict that is to be forgotten has its reminder."""
    for key, row in scan_store(store, schema.REQUESTS):
        expires_us = RequestRow.unpack(row).expires_us
        reminded = not expires_us or _is_there(store, schema.expiry_key(expires_us, key))
        require(reminded, "a verdict that ends is reminded of", f"request {key[10:]!r}")


def _check_whole(store: Store, report: Report) -> None:
    """Look for rows that belong to nothing, and add up everything."""
    require(sum(report.totals_tiyn.values()) == 0, "the journal sums to zero", "store")
    counts: Counter[bytes] = Counter()
    codes = 0
    for kind in (
        schema.ACCOUNTS,
        schema.PARTICIPANTS,
        schema.JOURNALS,
        schema.ESCROWS,
        schema.BLOCKS,
        schema.RANGES,
    ):
        for _, row in scan_store(store, kind):
            counts[kind] += 1
            if kind == schema.RANGES:
                codes += RangeRow.unpack(row).quantity
    for count, seen, invariant in (
        (counts[schema.JOURNALS], report.transactions, "every transaction belongs to an account"),
        (counts[schema.ESCROWS], report.orders, "every escrow belongs to an order"),
        (counts[schema.BLOCKS], report.blocks, "every block belongs to a buffer"),
        (counts[schema.RANGES], report.ranges, "every range belongs to a series"),
        (codes, report.codes_emitted - report.own_serials, "every code belongs to a range"),
    ):
        require(count == seen, invariant, "store")
    _check_stations(store)
    _check_reminders(store)
    check_whole_codes(store, report)
    report.jobs = check_jobs(store, report.own_serials)
    check_whole_boxes(store, report)
    owned = counts[schema.ACCOUNTS] <= counts[schema.PARTICIPANTS]
    require(owned, "every account belongs to a participant", "store")
