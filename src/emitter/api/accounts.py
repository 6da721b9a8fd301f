"""AccountService: participants, their accounts and their access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.api import values
from emitter.engine.commands import (
    ActivateParticipant,
    CreditAccount,
    IssueToken,
    RegisterParticipant,
    RevokeToken,
)
from emitter.engine.participants import Role, token_digest
from emitter.engine.tokens import token_id_of
from emitter.errors import Reason, Refused
from emitter.trade.parties import format_bin, require_bin
from emitter.v1 import account_pb2

if TYPE_CHECKING:
    from emitter.api.calls import Call
    from emitter.api.streams import Streams
    from emitter.engine.tokens import TokenView


class AccountServicer:
    """The service ``emitter.v1.AccountService``."""

    descriptor = account_pb2.DESCRIPTOR.services_by_name["AccountService"]

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

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
        lifetime_us = 0
        if request.HasField("lifetime"):  # less than a microsecond is refused, as nothing is
            lifetime_us = request.lifetime.ToNanoseconds() // 1000 or -1
        if request.role == account_pb2.ROLE_OPERATOR:
            if request.bin:
                raise Refused(
                    Reason.FIELD_INVALID,
                    field="bin",
                    rule="empty for an operator",
                    rule_ru="для оператора должно быть пустым",
                )
            command = IssueToken(Role.OPERATOR, None, request.label, lifetime_us)
        elif request.role == account_pb2.ROLE_STATION:
            bin_ = require_bin(request.bin, "bin")
            command = IssueToken(Role.STATION, bin_, request.label, lifetime_us)
        else:
            raise Refused(
                Reason.FIELD_INVALID,
                field="role",
                rule="OPERATOR or STATION",
                rule_ru="OPERATOR или STATION",
            )
        token, _ = call.execute(command)
        view = call.engine.token(token_id_of(token_digest(token)))
        return account_pb2.IssueTokenResponse(token=token, access_token=_token(view))

    def list_tokens(
        self, request: account_pb2.ListTokensRequest, call: Call
    ) -> account_pb2.ListTokensResponse:
        """Read a page of the bearer tokens."""
        call.operator()
        views, after = call.engine.tokens(
            page_size=values.require_page_size(request.page_size, call.limits),
            page_token=values.require_page_token(request.page_token),
        )
        return account_pb2.ListTokensResponse(
            access_tokens=[_token(view) for view in views],
            next_page_token=values.page_token(after),
        )

    def revoke_token(
        self, request: account_pb2.RevokeTokenRequest, call: Call
    ) -> account_pb2.RevokeTokenResponse:
        """End a bearer token, and the streams that were opened with it."""
        call.operator()
        view, _ = call.execute(RevokeToken(request.token_id))
        self._streams.end_those_of(view.token_id)
        return account_pb2.RevokeTokenResponse(access_token=_token(view))

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


def _token(view: TokenView) -> account_pb2.AccessToken:
    return account_pb2.AccessToken(
        token_id=view.token_id,
        role=values.wire(view.role),
        bin=format_bin(view.bin) if view.bin else "",
        label=view.label,
        create_time=values.instant(view.created_us),
        expire_time=values.instant(view.ends_us) if view.ends_us else None,
        revoke_time=values.instant(view.revoked_us) if view.revoked_us else None,
    )
