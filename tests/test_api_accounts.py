"""AccountService over a real socket: who may do what, and what money has done."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from emitter.client import Client, LedgerAccount, MovementKind, Reason, Refused, Role
from emitter.v1 import account_pb2 as pb
from served import BIN, DAY, FUNDS_TIYN, NOBODY, OTHER_BIN, Served, bin_of, pharma, pharma_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


def test_a_participant_joins_and_is_funded(served: Served) -> None:
    bin_ = bin_of(1)
    joined = served.operator.register_participant(bin_, "ТОО «Жаңа»", DAY)
    assert not joined.HasField("activation_date")
    with pytest.raises(Refused) as refused:
        served.operator.activate_participant(bin_, DAY - dt.timedelta(1))
    assert refused.value.reason is Reason.DATE_BEFORE_REGISTRATION
    assert refused.value.refusal.details == {"field": "activation_date"}
    active = served.operator.activate_participant(bin_, DAY + dt.timedelta(1))
    assert (active.activation_date.month, active.activation_date.day) == (3, 3)
    account = served.operator.credit(bin_, 12_345, "bank-1")
    assert (account.available_tiyn, account.credited_tiyn) == (12_345, 12_345)
    assert account.name == "ТОО «Жаңа»"
    assert served.operator.account(bin=bin_) == account


def test_a_payment_is_booked_once_however_often_it_is_sent(served: Served) -> None:
    bin_ = bin_of(2)
    served.join(bin_, 100)
    request = pb.CreditAccountRequest(bin=bin_, amount_tiyn=500, reference="bank-2")
    answers = [
        pb.CreditAccountResponse.FromString(
            served.raw("AccountService/CreditAccount", body, served.operator_token)[0]
        )
        for body in [request.SerializeToString()] * 3
    ]
    assert [answer.replayed for answer in answers] == [False, True, True]
    assert {answer.account.available_tiyn for answer in answers} == {600}
    with pytest.raises(Refused) as refused:
        served.operator.credit(bin_, 501, "bank-2")
    assert refused.value.reason is Reason.REQUEST_DIFFERS
    assert refused.value.refusal.details["field"] == "reference"


def test_the_journal_tells_every_movement_and_pages_without_gaps(served: Served) -> None:
    bin_ = bin_of(3)
    with Client(served.target, served.join(bin_)) as client:
        order = client.create_order(pharma(10, pharma_of(bin_)))
        list(client.deliver(order.order_id, order.buffers[0].gtin, quantity=4))
        client.close_order(order.order_id)
        whole = list(client.transactions())
        assert list(client.transactions(page_size=1)) == whole
        assert list(client.transactions(page_size=2)) == whole
    assert [item.kind for item in whole] == [
        MovementKind.MOVEMENT_KIND_CREDIT,
        MovementKind.MOVEMENT_KIND_RESERVE,
        MovementKind.MOVEMENT_KIND_CAPTURE,
        MovementKind.MOVEMENT_KIND_RELEASE,
    ]
    assert [item.sequence for item in whole] == [1, 2, 3, 4]
    assert all(sum(entry.amount_tiyn for entry in item.entries) == 0 for item in whole)
    credit, reserve, capture, release = whole
    assert (credit.amount_tiyn, credit.reference) == (FUNDS_TIYN, f"payment-{bin_}")
    assert reserve.amount_tiyn == order.gross_tiyn == capture.amount_tiyn + release.amount_tiyn
    assert capture.amount_tiyn == capture.net_tiyn + capture.vat_tiyn > capture.net_tiyn > 0
    assert (capture.order_id, capture.gtin) == (order.order_id, order.buffers[0].gtin)
    assert capture.quantity == 4
    assert {entry.account for entry in capture.entries} == {
        LedgerAccount.LEDGER_ACCOUNT_ESCROW,
        LedgerAccount.LEDGER_ACCOUNT_REVENUE,
        LedgerAccount.LEDGER_ACCOUNT_VAT,
    }


def test_a_station_reads_its_own_account_only(served: Served) -> None:
    assert served.client.account().bin == BIN
    assert served.client.account(bin=BIN).bin == BIN
    for foreign in (OTHER_BIN, NOBODY):
        with pytest.raises(Refused) as refused:
            served.client.account(bin=foreign)
        assert refused.value.reason is Reason.PARTICIPANT_NOT_FOUND
        with pytest.raises(Refused) as refused:
            list(served.client.transactions(bin=foreign))
        assert refused.value.reason is Reason.PARTICIPANT_NOT_FOUND


def test_the_operator_names_whose_account_it_reads(served: Served) -> None:
    assert served.operator.account(bin=OTHER_BIN).bin == OTHER_BIN
    assert list(served.operator.transactions(bin=OTHER_BIN))
    with pytest.raises(Refused) as refused:
        served.operator.account()
    assert refused.value.reason is Reason.FIELD_REQUIRED
    with pytest.raises(Refused) as refused:
        served.operator.account(bin=NOBODY)
    assert refused.value.reason is Reason.PARTICIPANT_NOT_FOUND


def test_an_issued_token_opens_the_door_it_was_made_for(served: Served) -> None:
    token = served.operator.issue_token(Role.ROLE_OPERATOR, label="second operator")
    with Client(served.target, token) as operator:
        assert operator.account(bin=BIN).bin == BIN
    token = served.operator.issue_token(Role.ROLE_STATION, OTHER_BIN, "line 2")
    with Client(served.target, token) as station:
        assert station.account().bin == OTHER_BIN


@pytest.mark.parametrize(
    ("role", "bin_", "label", "reason"),
    [
        (0, BIN, "x", Reason.FIELD_INVALID),
        (7, BIN, "x", Reason.FIELD_INVALID),
        (Role.ROLE_OPERATOR, BIN, "x", Reason.FIELD_INVALID),
        (Role.ROLE_STATION, "", "x", Reason.BIN_INVALID),
        (Role.ROLE_STATION, NOBODY, "x", Reason.PARTICIPANT_NOT_FOUND),
        (Role.ROLE_STATION, BIN, "", Reason.FIELD_REQUIRED),
    ],
)
def test_a_token_for_nobody_is_not_issued(
    served: Served, role: Role, bin_: str, label: str, reason: Reason
) -> None:
    before = served.dump()
    with pytest.raises(Refused) as refused:
        served.operator.issue_token(role, bin_, label)
    assert refused.value.reason is reason
    assert served.dump() == before


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("RegisterParticipant", pb.RegisterParticipantRequest(bin=NOBODY, name="x")),
        ("ActivateParticipant", pb.ActivateParticipantRequest(bin=BIN)),
        ("CreditAccount", pb.CreditAccountRequest(bin=BIN, amount_tiyn=5, reference="x")),
        ("IssueToken", pb.IssueTokenRequest(role=Role.ROLE_OPERATOR, label="x")),
    ],
)
def test_a_station_cannot_do_what_is_the_operators(
    served: Served, method: str, request_: object
) -> None:
    before = served.dump()
    refused = served.refusal(f"AccountService/{method}", request_.SerializeToString())
    assert refused.reason is Reason.PERMISSION_DENIED
    assert refused.refusal.details == {"role": "OPERATOR"}
    assert served.dump() == before


@pytest.mark.parametrize(
    ("year", "month", "day"), [(0, 0, 0), (2026, 0, 0), (2026, 2, 30), (2026, 13, 1), (-1, 1, 1)]
)
def test_a_day_that_does_not_exist_is_refused(
    served: Served, year: int, month: int, day: int
) -> None:
    before = served.dump()
    request = pb.RegisterParticipantRequest(bin=NOBODY, name="x")
    request.registration_date.year = year
    request.registration_date.month = month
    request.registration_date.day = day
    refused = served.refusal(
        "AccountService/RegisterParticipant", request.SerializeToString(), served.operator_token
    )
    assert refused.reason is Reason.FIELD_INVALID
    assert refused.refusal.details["field"] == "registration_date"
    assert served.dump() == before
