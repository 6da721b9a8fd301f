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
may yet be refused asks for the next round (`Later`), and so does one that is refused while others
of its participant go ahead of it, for they may make room. The first step of a round sees no plans,
so every round ends at least one step.

Judging and settling touch nothing but the `Work`, so a transaction may run again.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from emitter import _core
from emitter.errors import Reason, Refusal, Refused
from emitter.store import schema
from emitter.store.port import StoreError
from emitter.store.rows import AccountRow, EscrowRow, JournalRow, RequestRow
from emitter.trade import ledger
from emitter.trade.calendar import civil_date

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from emitter.store.port import Writer
    from emitter.store.rows import RangeRow

_log = logging.getLogger(__name__)
_NO_ESCROW = 0xFFFF_FFFF
_EMPTY_ESCROW = EscrowRow(0, 0, 0).pack()
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


class Row(Protocol):
    """A row as a value."""

    def pack(self) -> bytes:
        """Return the row."""

    @classmethod
    def unpack(cls, row: bytes, /) -> Self:
        """Return the value of a row."""


R = TypeVar("R", bound=Row)


class Work:
    """The rows of a transaction as the batch sees them: fetched, changed, and planned.

    Rows that many steps share (a participant, its account, a series) are unpacked once and packed
    once a batch: `read` and `change` instead of `get` and `put`.
    """

    def __init__(self, writer: Writer, now_us: int) -> None:
        self.now_us = now_us
        self.today = civil_date(now_us)
        self.planned: Counter[object] = Counter()
        self.proposing: set[int] = set()  # participants with proposals in this round
        self.issued: list[Issued] = []
        self._writer = writer
        self._rows: dict[bytes, bytes | None] = {}
        self._changed: dict[bytes, bytes] = {}
        self._deleted: set[bytes] = set()
        self._values: dict[bytes, Any] = {}
        self._unpacked: set[bytes] = set()  # the keys of values that were changed

    def fetch(self, keys: Sequence[bytes]) -> None:
        """Read rows that are not here yet, in one call of the store."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._rows]
        self._rows.update(zip(wanted, self._writer.get_many(wanted), strict=True))

    def expect_none(self, key: bytes) -> None:
        """Save the look-up of a row that cannot be there, since its id was drawn for this batch."""
        self._rows.setdefault(key, None)

    def get(self, key: bytes) -> bytes | None:
        """Return a row as this batch has left it so far."""
        if key in self._unpacked:
            self.put(key, self._values[key].pack())
        elif key not in self._rows:
            self.fetch((key,))
        return self._rows[key]

    def put(self, key: bytes, row: bytes) -> None:
        """Write a row."""
        self._rows[key] = self._changed[key] = row
        self._deleted.discard(key)
        self._forget(key)

    def delete(self, key: bytes) -> None:
        """Delete a row."""
        self._rows[key] = None
        self._changed.pop(key, None)
        self._deleted.add(key)
        self._forget(key)

    def read(self, key: bytes, kind: type[R]) -> R | None:
        """Return the value of a row as this batch has left it so far, None where there is none."""
        value: R | None = self._values.get(key)
        if value is None and (row := self.get(key)) is not None:
            value = self._values[key] = kind.unpack(row)
        return value

    def change(self, key: bytes, value: Row) -> None:
        """Write a row by its value."""
        self._values[key] = value
        self._unpacked.add(key)
        self._deleted.discard(key)

    def _forget(self, key: bytes) -> None:
        """Drop a value whose row was written otherwise."""
        if self._values.pop(key, None) is not None:
            self._unpacked.discard(key)

    def issue(self, issued: Issued) -> None:
        """Write the row of a new range of counters and remember to tell the index of ranges."""
        self.put(schema.range_key(*issued[:3]), issued.row.pack())
        self.issued.append(issued)

    def write(self) -> None:
        """Hand all changed rows to the store, in one call and in the order of its pages."""
        for key in list(self._unpacked):
            self.put(key, self._values[key].pack())
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
    work.proposing.clear()
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
                work.proposing.add(step.bin)
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
    """Judge a step; what goes ahead of it may make room, and its failure harms no neighbour."""
    try:
        return step.judge(work)
    except Refused:
        if step.bin in work.proposing:
            raise Later from None
        raise
    except (Later, StoreError):
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
    accounts: dict[bytes, int] = {}
    escrows: dict[bytes, int] = {}
    items = []
    for movement in movements:
        if movement is None:
            continue
        account = accounts.setdefault(schema.account_key(movement.bin), len(accounts))
        escrow = _NO_ESCROW
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
