"""AccountService: participants, their accounts and their access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.api import values
from emitter.engine.commands import (
    ActivateParticipant,
    CreditAccount,
    IssueToken,
    RegisterParticipant,
)
from emitter.engine.participants import Role
from emitter.errors import Reason, Refused
from emitter.trade.parties import require_bin
from emitter.v1 import account_pb2

if TYPE_CHECKING:
    from emitter.api.calls import Call


class AccountServicer:
    """The service ``emitter.v1.AccountService``."""

    descriptor = account_pb2.DESCRIPTOR.services_by_name["AccountService"]

    def register_participant(
        self, request: account_pb2.RegisterParticipantRequest, call: Call
    ) -> account_pb2.RegisterParticipantResponse:
        """Enter a participant in the register."""
        call.operator()
        bin_ = require_bin(request.bin, "bin")
        on = values.require_date(request.registration_date, "registration_date")
        value, _ = call.execute(RegisterParticipant(bin_, request.name, on))
        return account_pb2.RegisterParticipantResponse(account=values.account(value))

    def activate_participant(
        self, request: account_pb2.ActivateParticipantRequest, call: Call
    ) -> account_pb2.ActivateParticipantResponse:
        """Put a participant's contract in force."""
        call.operator()
        bin_ = require_bin(request.bin, "bin")
        on = values.require_date(request.activation_date, "activation_date")
        value, _ = call.execute(ActivateParticipant(bin_, on))
        return account_pb2.ActivateParticipantResponse(account=values.account(value))

    def credit_account(
        self, request: account_pb2.CreditAccountRequest, call: Call
    ) -> account_pb2.CreditAccountResponse:
        """Book a payment."""
        call.operator()
        bin_ = require_bin(request.bin, "bin")
        value, replayed = call.execute(CreditAccount(bin_, request.amount_tiyn, request.reference))
        return account_pb2.CreditAccountResponse(account=values.account(value), replayed=replayed)

    def issue_token(
        self, request: account_pb2.IssueTokenRequest, call: Call
    ) -> account_pb2.IssueTokenResponse:
        """Issue a bearer token."""
        call.operator()
        if request.role == account_pb2.ROLE_OPERATOR:
            if request.bin:
                raise Refused(
                    Reason.FIELD_INVALID,
                    field="bin",
                    rule="empty for an operator",
                    rule_ru="для оператора должно быть пустым",
                )
            command = IssueToken(Role.OPERATOR, None, request.label)
        elif request.role == account_pb2.ROLE_STATION:
            command = IssueToken(Role.STATION, require_bin(request.bin, "bin"), request.label)
        else:
            raise Refused(
                Reason.FIELD_INVALID,
                field="role",
                rule="OPERATOR or STATION",
                rule_ru="OPERATOR или STATION",
            )
        token, _ = call.execute(command)
        return account_pb2.IssueTokenResponse(token=token)

    def get_account(
        self, request: account_pb2.GetAccountRequest, call: Call
    ) -> account_pb2.GetAccountResponse:
        """Read an account."""
        view = call.engine.account(call.reader(request.bin))
        return account_pb2.GetAccountResponse(account=values.account(view))

    def list_transactions(
        self, request: account_pb2.ListTransactionsRequest, call: Call
    ) -> account_pb2.ListTransactionsResponse:
        """Read a page of a journal; the token of a page is the last sequence before it."""
        bin_ = call.reader(request.bin)
        size = values.require_page_size(request.page_size, call.limits)
        after = int.from_bytes(values.require_page_token(request.page_token), "big")
        if after >= 1 << 63:
            raise Refused(Reason.PAGE_TOKEN_INVALID)
        entries = call.engine.journal(bin_, page_size=size, after=after)
        full = len(entries) == size
        token = entries[-1].sequence.to_bytes(8, "big") if full else b""
        return account_pb2.ListTransactionsResponse(
            transactions=[values.transaction(entry) for entry in entries],
            next_page_token=values.page_token(token),
        )
