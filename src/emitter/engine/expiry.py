"""Orders whose time is over by the operator's policy: found by a scan, ended one by one.

Only participants with open orders are scanned, and of an order that is not open no more is looked
at than its first byte: a million open orders take two or three seconds, page by page
(`bench/test_terms.py`). So no order pays for a list that few would ever be taken from.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from emitter.engine.commands import ExpireOrder
from emitter.errors import Refused
from emitter.store import schema
from emitter.store.rows import AccountRow, OrderRow
from emitter.store.scanning import scan_store
from emitter.trade.states import BUFFER, BufferEvent, BufferState, OrderState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.promise import Promise
    from emitter.store.port import Store

DAY_US = 86_400_000_000
_AT_ONCE = 500  # commands on their way: below what the queue takes of one participant


class Expired(NamedTuple):
    """What a sweep has ended: orders, and codes that were annulled in them."""

    orders: int
    codes: int


def orders_to_expire(store: Store, created_before_us: int) -> Iterator[ExpireOrder]:
    """Yield the command for each open order made before an instant that has codes left."""
    for account, packed in scan_store(store, schema.ACCOUNTS):
        if not AccountRow.unpack(packed).orders_open:
            continue
        bin_ = schema.owner(account)
        for key, row in scan_store(store, schema.orders_prefix(bin_)):
            if row[0] != OrderState.READY:
                continue
            order = OrderRow.unpack(row)
            left = any(BUFFER.grid[b.state][BufferEvent.EXPIRE] for b in order.buffers)
            if left and order.created_us < created_before_us:
                yield ExpireOrder(bin_, schema.order_of(key))


def expire_orders(
    commands: Iterator[ExpireOrder],
    submit: Callable[[ExpireOrder], Promise],
    work_off: Callable[[], None],
) -> Expired:
    """Carry the commands out, some at a time; what is refused is left for the next sweep."""
    orders = codes = 0
    while batch := list(itertools.islice(commands, _AT_ONCE)):
        promises = []
        for command in batch:
            try:
                promises.append(submit(command))
            except Refused:
                break
        work_off()
        for promise in promises:
            try:
                view = promise.result().value
            except Refused:
                continue
            orders += 1
            codes += sum(
                buffer.quantity - buffer.delivered
                for buffer in view.row.buffers
                if buffer.state == BufferState.EXPIRED
            )
    return Expired(orders, codes)
