"""Participants, their accounts and payments, and who callers are."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from emitter import _core
from emitter.engine.batch import Proposal, Unremembered
from emitter.engine.money import Movement
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.rows import AccountRow, ParticipantRow

if TYPE_CHECKING:
    from emitter.engine.commands import (
        ActivateParticipant,
        CreditAccount,
        RegisterParticipant,
    )
    from emitter.engine.work import Work


class Role(enum.IntEnum):
    """What a caller may do."""

    OPERATOR = 1
    STATION = 2


class Principal(NamedTuple):
    """Who calls; a station acts for exactly one participant (App. 4).

    The id of the token names the caller in logs; ``ends_us`` is 0 for a token without an end.
    """

    role: Role
    bin: int | None
    token_id: str = ""
    ends_us: int = 0


class AccountView(NamedTuple):
    """A participant and its account; money in tiyn, dates None for 'not yet'."""

    bin: int
    name: str
    registered_on: dt.date
    activated_on: dt.date | None
    available_tiyn: int
    reserved_tiyn: int
    credited_tiyn: int
    adjusted_tiyn: int
    captured_tiyn: int
    refunded_tiyn: int
    bank_costs_tiyn: int
    orders_open: int


def account_view(bin_: int, participant: ParticipantRow, account: AccountRow | None) -> AccountView:
    """Return the view of a participant and its account, which may not be there yet."""
    activated = participant.activated_on
    return AccountView(
        bin_,
        participant.name,
        dt.date.fromordinal(participant.registered_on),
        dt.date.fromordinal(activated) if activated else None,
        *(account[:7] if account else (0,) * 7),
        account.orders_open if account else 0,
    )


def token_digest(token: str) -> bytes:
    """Return what the store keeps of a bearer token."""
    return hashlib.sha256(token.encode()).digest()


def require_participant(work: Work, bin_: int) -> ParticipantRow:
    """Return the participant, or refuse."""
    row = work.read(schema.participant_key(bin_), ParticipantRow)
    if row is None:
        raise Refused(Reason.PARTICIPANT_NOT_FOUND)
    return row


def require_active(work: Work, bin_: int) -> None:
    """Refuse unless the participant's contract is in force."""
    activated_on = require_participant(work, bin_).activated_on
    if not activated_on or work.today.toordinal() < activated_on:
        raise Refused(Reason.PARTICIPANT_NOT_ACTIVE, date=work.today)


def require_account(work: Work, bin_: int) -> AccountRow:
    """Return the account, which activation opens, or refuse."""
    account = work.read(schema.account_key(bin_), AccountRow)
    if account is None:
        raise Refused(Reason.PARTICIPANT_NOT_ACTIVE, date="-")
    return account


class _ParticipantStep(Unremembered):
    """What the steps of this module share: no request row of their own, claims on participants."""

    id_field = "bin"
    rows_max = 4  # a payment: account, journal, request

    def __init__(self, bin_: int) -> None:
        self.bin = bin_
        self._key = schema.participant_key(bin_)

    def claims(self) -> tuple[bytes, ...]:
        return (self._key,)

    def reads(self) -> tuple[bytes, ...]:
        return (self._key, schema.account_key(self.bin))

    def recall(self, work: Work, _payload: bytes) -> AccountView:
        return self._view(work)

    def _view(self, work: Work) -> AccountView:
        account = work.read(schema.account_key(self.bin), AccountRow)
        return account_view(self.bin, require_participant(work, self.bin), account)


class RegisterStep(_ParticipantStep):
    """Enter a participant; the same data again is the same registration."""

    def __init__(self, command: RegisterParticipant) -> None:
        super().__init__(command.bin)
        self._row = ParticipantRow(command.on.toordinal(), 0, command.name)

    def judge(self, work: Work) -> Proposal:
        """Propose the row, unless the participant is registered with other data."""
        packed = work.get(self._key)
        if packed is None:
            return Proposal(lambda: self._settle(work))
        if ParticipantRow.unpack(packed)._replace(activated_on=0) != self._row:
            raise Refused(Reason.PARTICIPANT_EXISTS)
        return Proposal(lambda: self._view(work))

    def _settle(self, work: Work) -> AccountView:
        work.put(self._key, self._row.pack())
        return self._view(work)


class ActivateStep(_ParticipantStep):
    """Put the contract in force from a day on and open the account (10.5.3)."""

    def __init__(self, command: ActivateParticipant) -> None:
        super().__init__(command.bin)
        self._on = command.on

    def judge(self, work: Work) -> Proposal:
        """Propose the activation; the same day again changes nothing."""
        participant = require_participant(work, self.bin)
        day = self._on.toordinal()
        if day < participant.registered_on:
            raise Refused(Reason.DATE_BEFORE_REGISTRATION, field="activation_date")
        if participant.activated_on not in (0, day):
            raise Refused(Reason.PARTICIPANT_EXISTS)
        return Proposal(lambda: self._settle(work, participant._replace(activated_on=day)))

    def _settle(self, work: Work, participant: ParticipantRow) -> AccountView:
        work.put(self._key, participant.pack())
        account = schema.account_key(self.bin)
        if work.read(account, AccountRow) is None:
            work.change(account, AccountRow(0, 0, 0, 0, 0, 0, 0, 0, 0))
        return self._view(work)


class CreditStep(_ParticipantStep):
    """Book a payment under its bank reference, which is the id and is kept for ever."""

    id_field = "reference"

    def __init__(self, command: CreditAccount) -> None:
        super().__init__(command.bin)
        self.command = command
        self.digest = command.digest()
        self.request = schema.request_key(0, schema.RequestKind.PAYMENT, command.reference.encode())

    def claims(self) -> tuple[bytes, ...]:
        """Return the bank reference."""
        return (self.request or b"",)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that a payment is judged by."""
        return (self.request or b"", *super().reads())

    def judge(self, work: Work) -> Proposal:
        """Propose to credit the amount."""
        require_participant(work, self.bin)
        require_account(work, self.bin)
        command = self.command
        movement = Movement(
            _core.CREDIT, self.bin, command.amount_tiyn, reference=command.reference
        )
        return Proposal(lambda: self._view(work), movement)
