"""Carrying out a batch of commands inside one transaction of the store.

Each command comes as a `Step`. A batch is worked off in rounds. In a round every step is *judged*
in turn against the rows: it is answered from memory, refused, or proposes what it would do. Then
the core applies the money movements of all proposals in one call, with a verdict each; and last
the proposals whose money moved are *settled*: their rows are written. The order of commit is the
order of rounds, and within a round the order of steps.

Steps that touch the same order or the same request id must see each other's rows, so they never
share a round: each names its `claims`, and a claim is taken by one step a round. What steps of a
round may share (the money of an account, the serials of a GTIN, the count of open orders) is
judged with what the steps before it have `planned`; a step that fails only because of plans that
may yet be refused asks for the next round (`Later`). The first step of a round sees no plans, so
every round ends at least one step.

Judging and settling touch nothing but the `Work`, so a transaction may run again.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from emitter import _core
from emitter.errors import Reason, Refusal, Refused
from emitter.store import schema
from emitter.store.port import StoreError
from emitter.store.rows import AccountRow, EscrowRow, JournalRow, RequestRow
from emitter.trade import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from emitter.store.port import Writer
    from emitter.store.rows import RangeRow

_log = logging.getLogger(__name__)
_NO_ESCROW = 0xFFFF_FFFF
_DAY_US = 86_400_000_000


class Later(Exception):  # noqa: N818 - a wish, not an error
    """Raised by a judge that cannot decide before the plans of this round are settled."""


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


class Proposal(NamedTuple):
    """What a step would do: money to move first, rows to write once it has moved.

    ``payload`` is kept in the request row and leads a repeat to what the command made; it is
    remembered for ``memory_us``, 0 for ever.
    """

    settle: Callable[[], object]
    movement: Movement | None = None
    payload: bytes = b""
    memory_us: int = 0


class Issued(NamedTuple):
    """A range of counters that a batch has given out."""

    gtin: int
    serial_size: int
    first: int
    row: RangeRow


class Answer(NamedTuple):
    """The verdict of an accepted command; ``replayed`` when it was remembered."""

    value: Any
    replayed: bool = False


class Step(Protocol):
    """A command made ready for its transaction."""

    bin: int  # whose turn it takes in the queue
    request: bytes | None  # key of its request row
    digest: bytes
    id_field: str  # the field that carries the id, for refusals
    remembers_refusals: bool

    def claims(self) -> tuple[bytes, ...]:
        """Return what no other step of the round may touch."""

    def reads(self) -> tuple[bytes, ...]:
        """Return the keys it will want, so that a batch fetches them in one call."""

    def judge(self, work: Work) -> Proposal:
        """Return the proposal; raise `Refused` or `Later`."""

    def recall(self, work: Work, payload: bytes, /) -> object:
        """Return the value of an accepted command that came again."""


class Work:
    """The rows of a transaction as the batch sees them: fetched, changed, and planned."""

    def __init__(self, writer: Writer, now_us: int) -> None:
        self.now_us = now_us
        self.planned: Counter[object] = Counter()
        self.issued: list[Issued] = []
        self._writer = writer
        self._rows: dict[bytes, bytes | None] = {}
        self._changed: dict[bytes, bytes] = {}
        self._deleted: set[bytes] = set()
        self._accounts: dict[int, AccountRow] = {}

    def fetch(self, keys: Sequence[bytes]) -> None:
        """Read rows that are not here yet, in one call of the store."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._rows]
        self._rows.update(zip(wanted, self._writer.get_many(wanted), strict=True))

    def get(self, key: bytes) -> bytes | None:
        """Return a row as this batch has left it so far."""
        if key not in self._rows:
            self.fetch((key,))
        return self._rows[key]

    def put(self, key: bytes, row: bytes) -> None:
        """Write a row."""
        self._rows[key] = self._changed[key] = row
        self._deleted.discard(key)

    def delete(self, key: bytes) -> None:
        """Delete a row."""
        self._rows[key] = None
        self._changed.pop(key, None)
        self._deleted.add(key)

    def issue(self, issued: Issued) -> None:
        """Write the row of a new range of counters and remember to tell the index of ranges."""
        self.put(schema.range_key(*issued[:3]), issued.row.pack())
        self.issued.append(issued)

    def account(self, bin_: int) -> AccountRow | None:
        """Return the account of a participant, None when it has none."""
        if bin_ not in self._accounts:
            row = self.get(schema.account_key(bin_))
            if row is None:
                return None
            self._accounts[bin_] = AccountRow.unpack(row)
        return self._accounts[bin_]

    def put_account(self, bin_: int, account: AccountRow) -> None:
        """Change an account; all but the money, which is the core's."""
        self._accounts[bin_] = account
        self.put(schema.account_key(bin_), account.pack())

    def write(self) -> None:
        """Hand all changed rows to the store, in one call and in the order of its pages."""
        self._writer.put_many(sorted(self._changed.items()))
        if self._deleted:
            self._writer.delete_many(list(self._deleted))


Verdict = Answer | Refused


def carry_out(steps: Sequence[Step], work: Work, refusal_memory_days: int) -> list[Verdict]:
    """Judge and settle all steps in rounds; return a verdict for each. Writes nothing yet."""
    work.fetch([key for step in steps for key in step.reads()])
    verdicts: dict[int, Verdict] = {}
    pending = list(range(len(steps)))
    while pending:
        pending = _round(steps, pending, work, verdicts, refusal_memory_days)
    return [verdicts[index] for index in range(len(steps))]


def _round(
    steps: Sequence[Step],
    pending: list[int],
    work: Work,
    verdicts: dict[int, Verdict],
    refusal_memory_days: int,
) -> list[int]:
    """Work off what one round can; return the steps that are left for the next."""
    work.planned.clear()
    taken: set[bytes] = set()
    later: list[int] = []
    proposals: list[tuple[int, Proposal]] = []
    for index in pending:
        step = steps[index]
        claims = step.claims()
        if not taken.isdisjoint(claims):
            taken.update(claims)
            later.append(index)
            continue
        taken.update(claims)
        try:
            outcome = _remembered(step, work) or _judge(step, work)
        except Later:
            later.append(index)
        except Refused as refused:
            verdicts[index] = _refuse(step, refused, work, refusal_memory_days)
        else:
            if isinstance(outcome, Proposal):
                proposals.append((index, outcome))
            else:
                verdicts[index] = outcome
    refusals = move_money([p.movement for _, p in proposals], work)
    for (index, proposal), unmoved in zip(proposals, refusals, strict=True):
        step = steps[index]
        if unmoved is not None:
            verdicts[index] = _refuse(step, unmoved, work, refusal_memory_days)
            continue
        verdicts[index] = Answer(proposal.settle())
        if step.request is not None:
            _remember(step.request, step.digest, proposal, work)
    return later


def _judge(step: Step, work: Work) -> Proposal:
    """Judge a step; one that cannot be judged harms no neighbour."""
    try:
        return step.judge(work)
    except (Refused, Later, StoreError):
        raise
    except Exception:  # noqa: BLE001 - whatever it was, the neighbours go on
        _log.exception("a command could not be judged")
        raise Refused(Reason.INTERNAL) from None


def _remembered(step: Step, work: Work) -> Verdict | None:
    """Return the verdict that a request row holds for this step, None for a new request."""
    if step.request is None or (packed := work.get(step.request)) is None:
        return None
    row = RequestRow.unpack(packed)
    if row.expires_us and row.expires_us <= work.now_us:
        return None
    if row.digest != step.digest:
        return Refused(Reason.REQUEST_DIFFERS, field=step.id_field)
    if row.reason:
        return Refused.again(Refusal(Reason(row.reason), json.loads(row.payload), replayed=True))
    return Answer(step.recall(work, row.payload), replayed=True)


def _remember(request: bytes, digest: bytes, proposal: Proposal, work: Work) -> None:
    """Keep what an accepted command made, so that a repeat is led to it."""
    expires_us = work.now_us + proposal.memory_us if proposal.memory_us else 0
    row = RequestRow(digest, Reason.OK, work.now_us, expires_us, proposal.payload)
    work.put(request, row.pack())
    if expires_us:
        work.put(schema.expiry_key(expires_us, request), b"")


def _refuse(step: Step, refused: Refused, work: Work, memory_days: int) -> Refused:
    """Keep the verdict where it comes from state, so that a repeat hears the same."""
    if step.request is not None and step.remembers_refusals and refused.reason.is_remembered:
        expires_us = work.now_us + memory_days * _DAY_US
        details = json.dumps(dict(refused.refusal.details)).encode()
        row = RequestRow(step.digest, refused.reason, work.now_us, expires_us, details)
        work.put(step.request, row.pack())
        work.put(schema.expiry_key(expires_us, step.request), b"")
    return refused


def move_money(movements: Sequence[Movement | None], work: Work) -> list[Refused | None]:
    """Let the core apply the movements in order; write accounts, escrows and the journal.

    Returns a refusal for each movement that the core refused; those changed nothing.
    """
    accounts: dict[int, int] = {}
    escrows: dict[bytes, int] = {}
    items = []
    for movement in movements:
        if movement is None:
            continue
        account = accounts.setdefault(movement.bin, len(accounts))
        escrow = _NO_ESCROW
        if movement.order_id is not None:
            key = schema.escrow_key(movement.bin, movement.order_id)
            escrow = escrows.setdefault(key, len(escrows))
        items.append((movement.kind, account, escrow, movement.amount))
    if not items:
        return [None] * len(movements)
    packed_accounts = bytearray().join([_account(work, bin_).pack()[: _core.ACCOUNT_SIZE]
                                        for bin_ in accounts])  # fmt: skip
    nothing = EscrowRow(0, 0, 0).pack()
    packed_escrows = bytearray().join([work.get(key) or nothing for key in escrows])
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


def _account(work: Work, bin_: int) -> AccountRow:
    account = work.account(bin_)
    if account is None:
        raise AssertionError("a movement needs an account, which the judge has seen")
    return account


def _take_back(
    work: Work,
    accounts: dict[int, int],
    packed_accounts: bytearray,
    escrows: dict[bytes, int],
    packed_escrows: bytearray,
) -> None:
    """Write the records that the core has changed."""
    size = _core.ACCOUNT_SIZE
    for bin_, index in accounts.items():
        before = _account(work, bin_).pack()
        money = bytes(packed_accounts[index * size : (index + 1) * size])
        if money != before[:size]:
            work.put_account(bin_, AccountRow.unpack(money + before[size:]))
    size = _core.ESCROW_SIZE
    for key, index in escrows.items():
        record = bytes(packed_escrows[index * size : (index + 1) * size])
        if record != work.get(key) and any(record):
            work.put(key, record)


def _journal(work: Work, movement: Movement) -> None:
    """Append the movement to the account's journal."""
    account = _account(work, movement.bin)
    sequence = account.journal_count + 1
    work.put_account(movement.bin, account._replace(journal_count=sequence))
    row = JournalRow(
        at_us=work.now_us,
        kind=movement.kind,
        order_id=movement.order_id,
        gtin=movement.gtin,
        quantity=movement.quantity,
        entries=ledger.entries(movement.kind, movement.amount, movement.net, movement.vat),
        reference=movement.reference,
    )
    work.put(schema.journal_key(movement.bin, sequence), row.pack())
