"""Moving money: all movements of a round in one call of the core, each with its journal line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.rows import AccountRow, EscrowRow, JournalRow
from emitter.trade import ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from emitter.engine.work import Work

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


def move_money(movements: Sequence[Movement | None], work: Work) -> list[Refused | None]:
    """Let the core apply the movements in order; write accounts, escrows and the journal.

    Returns a refusal for each movement that the core refused; those changed nothing.
    """
    accounts: dict[bytes, int] = {}
    escrows: dict[bytes, int] = {}
    items = []
    for movement in movements:
        if movement is None:
            continue
        account = accounts.setdefault(schema.account_key(movement.bin), len(accounts))
        escrow = _core.ESCROW_NONE
        if movement.order_id is not None:
            key = schema.escrow_key(movement.bin, movement.order_id)
            escrow = escrows.setdefault(key, len(escrows))
        items.append((movement.kind, account, escrow, movement.amount))
    if not items:
        return [None] * len(movements)
    packed_accounts = bytearray().join([_account(work, key).pack()[: _core.ACCOUNT_SIZE]
                                        for key in accounts])  # fmt: skip
    packed_escrows = bytearray().join([work.get(key) or _EMPTY_ESCROW for key in escrows])
    reasons, missing = _core.post(
        packed_accounts, packed_escrows, np.array(items, dtype=_core.MOVEMENT)
    )
    _take_back(work, accounts, packed_accounts, escrows, packed_escrows)
    verdicts = iter(zip(reasons.tolist(), missing.tolist(), strict=True))
    refusals: list[Refused | None] = []
    for movement in movements:
        refused = None
        if movement is not None:
            reason, missing_tiyn = next(verdicts)
            if reason:
                refused = Refused(Reason(reason), missing_tiyn=missing_tiyn)
            else:
                _journal(work, movement)
        refusals.append(refused)
    return refusals


def _account(work: Work, key: bytes) -> AccountRow:
    account = work.read(key, AccountRow)
    if account is None:
        raise AssertionError("a movement needs an account, which the judge has seen")
    return account


def _take_back(
    work: Work,
    accounts: dict[bytes, int],
    packed_accounts: bytearray,
    escrows: dict[bytes, int],
    packed_escrows: bytearray,
) -> None:
    """Write the records that the core has changed."""
    size = _core.ACCOUNT_SIZE
    for key, index in accounts.items():
        before = _account(work, key).pack()
        money = bytes(packed_accounts[index * size : (index + 1) * size])
        if money != before[:size]:
            work.change(key, AccountRow.unpack(money + before[size:]))
    size = _core.ESCROW_SIZE
    records = bytes(packed_escrows)
    for key, index in escrows.items():
        record = records[index * size : (index + 1) * size]
        if record != (work.get(key) or _EMPTY_ESCROW):
            work.put(key, record)


def _journal(work: Work, movement: Movement) -> None:
    """Append the movement to the account's journal."""
    key = schema.account_key(movement.bin)
    account = _account(work, key).counting(transactions=1)
    work.change(key, account)
    row = JournalRow(
        work.now_us,
        movement.kind,
        movement.order_id,
        movement.gtin,
        movement.quantity,
        ledger.entries(movement.kind, movement.amount, movement.net, movement.vat),
        movement.reference,
    )
    work.put(schema.journal_key(movement.bin, account.journal_count), row.pack())
