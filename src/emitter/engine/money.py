"""Moving money: all movements of a round in one call of the core, each with its journal line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.store import packing, schema
from emitter.store.rows import AccountRow, EscrowRow
from emitter.trade import ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from emitter.engine.work import Work

_ACCOUNT_FIELDS = _core.ACCOUNT_SIZE // 8
_NO_ORDER = bytes(16)
_EMPTY_ESCROW = EscrowRow(0, 0, 0).pack()


class Movement(NamedTuple):
    """Money that a proposal moves: one movement of the core and its line in the journal."""

    kind: int
    bin: int
    amount: int
    order_id: UUID | None = None
    gtin: int = 0
    quantity: int = 0
    net: int = 0
    vat: int = 0
    reference: str = ""
    opens: bool = False  # the order is new: it has no escrow yet, and counts as open from now on


def move_money(movements: Sequence[Movement | None], work: Work) -> list[Refused | None]:
    """Let the core apply the movements in order; write accounts, escrows and the journal.

    Returns a refusal for each movement that the core refused; those changed nothing.
    """
    moving = [movement for movement in movements if movement is not None]
    if not moving:
        return [None] * len(movements)
    accounts: dict[int, int] = {}
    escrows: dict[tuple[int, bytes], int] = {}
    held: list[bytes] = []
    items = []
    for movement in moving:
        kind, bin_, amount, order_id = movement[:4]
        escrow = _core.ESCROW_NONE
        if order_id is not None:
            escrow = escrows.setdefault((bin_, order_id.bytes), len(escrows))
            if escrow == len(held):
                held.append(_escrow(work, movement))
        items.append((kind, accounts.setdefault(bin_, len(accounts)), escrow, amount))
    before = [_account(work, bin_) for bin_ in accounts]
    money = bytearray().join([account.pack()[: _core.ACCOUNT_SIZE] for account in before])
    escrow_money = bytearray().join(held)
    reasons, missing = _core.post(money, escrow_money, np.array(items, dtype=_core.MOVEMENT))
    _write_escrows(work, escrows, held, bytes(escrow_money))

    transactions = [account.journal_count for account in before]
    orders = [account.orders_open for account in before]
    refusals: list[Refused | None] = []
    for movement, (_, account, _, _), reason, missing_tiyn in zip(
        moving, items, reasons.tolist(), missing.tolist(), strict=True
    ):
        if reason:
            refusals.append(Refused(Reason(reason), missing_tiyn=missing_tiyn))
            continue
        transactions[account] += 1
        orders[account] += movement.opens
        _journal(work, movement, transactions[account])
        refusals.append(None)

    figures = memoryview(money).cast("q")
    for bin_, index in accounts.items():
        fields = figures[index * _ACCOUNT_FIELDS : (index + 1) * _ACCOUNT_FIELDS]
        row = AccountRow._make((*fields, transactions[index], orders[index]))
        if row != before[index]:
            work.change(schema.account_key(bin_), row)
    told = iter(refusals)
    return [None if movement is None else next(told) for movement in movements]


def _account(work: Work, bin_: int) -> AccountRow:
    account = work.read(schema.account_key(bin_), AccountRow)
    if account is None:
        raise AssertionError("a movement needs an account, which the judge has seen")
    return account


def _escrow(work: Work, movement: Movement) -> bytes:
    """Return the escrow that a movement of an order touches, as it is before."""
    if movement.opens or movement.order_id is None:
        return _EMPTY_ESCROW
    return work.get(schema.escrow_key(movement.bin, movement.order_id)) or _EMPTY_ESCROW


def _write_escrows(
    work: Work, orders: Iterable[tuple[int, bytes]], before: list[bytes], after: bytes
) -> None:
    """Write the escrows that the core has changed."""
    size = _core.ESCROW_SIZE
    for index, ((bin_, order_id), was) in enumerate(zip(orders, before, strict=True)):
        record = after[index * size : (index + 1) * size]
        if record != was:
            work.lay(packing.ESCROW, (bin_, order_id, record))


def _journal(work: Work, movement: Movement, sequence: int) -> None:
    """Append the movement to the account's journal."""
    kind, bin_, amount, order_id, gtin, quantity, net, vat, reference, _ = movement
    entries = ledger.entries(kind, amount, net, vat)
    work.lay(
        packing.JOURNAL,
        (bin_, sequence, work.now_us, kind, order_id.bytes if order_id else _NO_ORDER, gtin,
         quantity, len(entries), entries, reference.encode()),
    )  # fmt: skip
