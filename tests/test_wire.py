"""Refusals as statuses and back; messages of records, read in whatever order fields come."""

from __future__ import annotations

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from emitter.errors import Reason, Refusal
from emitter.v1.code_pb2 import Block, DeliverBlockResponse
from emitter.wire import DOMAIN, language_of, records_head, refused_of, split_records, status_of

REFUSALS = [reason for reason in Reason if reason is not Reason.OK]


@pytest.mark.parametrize("reason", REFUSALS, ids=lambda reason: reason.name)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_refusal_comes_back_from_its_status(reason: Reason, language: str) -> None:
    details = {"field": "lines[0].gtin", "limit": "7"}
    status = status_of(Refusal(reason, details), language)
    refused = refused_of(status_pb2.Status.FromString(status.SerializeToString()))
    assert refused is not None
    assert (refused.reason, dict(refused.refusal.details)) == (reason, details)
    assert not refused.refusal.replayed
    assert status.code == grpc.StatusCode[reason.meaning.grpc].value[0] != 0


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_status_speaks_english_to_developers_and_the_callers_language_to_people(
    language: str,
) -> None:
    refusal = Refusal(Reason.FUNDS_INSUFFICIENT, {"missing_tiyn": "5"})
    status = status_of(refusal, language)
    message = error_details_pb2.LocalizedMessage()
    assert status.message == refusal.sentence("en")
    assert any(detail.Unpack(message) for detail in status.details)
    assert (message.locale, message.message) == (language, refusal.sentence(language))


@pytest.mark.parametrize("reason", REFUSALS, ids=lambda reason: reason.name)
def test_a_status_asks_for_a_repeat_exactly_where_one_can_help(reason: Reason) -> None:
    status = status_of(Refusal(reason), "en")
    delay = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(delay) for detail in status.details) == reason.meaning.retry


def test_a_remembered_verdict_says_so() -> None:
    refused = refused_of(
        status_of(Refusal(Reason.QUANTITY_LEFT, {"left": "3"}, replayed=True), "en")
    )
    assert refused is not None
    assert refused.refusal.replayed
    assert dict(refused.refusal.details) == {"left": "3"}


def test_a_callers_long_text_does_not_burst_the_headers() -> None:
    status = status_of(Refusal(Reason.FIELD_REQUIRED, {"field": "я" * 100_000}), "ru")
    assert len(status.SerializeToString()) < 4096


def test_a_status_of_another_domain_is_not_ours() -> None:
    status = status_pb2.Status(code=5)
    info = error_details_pb2.ErrorInfo(reason="ORDER_NOT_FOUND", domain="example.com")
    status.details.add().Pack(info)
    assert refused_of(status) is None
    info.domain, info.reason = DOMAIN, "NO_SUCH_REASON"
    del status.details[:]
    status.details.add().Pack(info)
    assert refused_of(status) is None


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("ru-KZ,en;q=0.8", "ru"),
        ("kk-KZ, ru;q=0.9, en;q=0.1", "ru"),
        ("kk", "en"),
        ("EN-us", "en"),
        (";;,,=", "en"),
    ],
)
def test_the_language_is_the_first_one_we_speak(header: str, language: str) -> None:
    assert language_of(header) == language


def fields() -> st.SearchStrategy[DeliverBlockResponse]:
    return st.builds(
        DeliverBlockResponse,
        block=st.none()
        | st.builds(Block, block_id=st.text(max_size=9), quantity=st.integers(0, 2**63 - 1)),
        replayed=st.booleans(),
        first_index=st.integers(-(2**63), 2**63 - 1),
        record_size=st.integers(-(2**31), 2**31 - 1),
        digest=st.binary(max_size=32),
    )


@given(fields(), st.binary(min_size=1, max_size=300))
def test_a_head_with_records_behind_it_is_the_message(
    before: DeliverBlockResponse, records: bytes
) -> None:
    whole = DeliverBlockResponse()
    whole.CopyFrom(before)
    whole.records = records
    message = records_head(before, len(records)) + records
    assert DeliverBlockResponse.FromString(message) == whole
    head, view = split_records(message)
    assert (head, bytes(view)) == (before, records)


@given(fields(), st.binary(min_size=1, max_size=300), fields())
def test_records_are_found_wherever_they_stand(
    first: DeliverBlockResponse, records: bytes, second: DeliverBlockResponse
) -> None:
    message = records_head(first, len(records)) + records + second.SerializeToString()
    head, view = split_records(message)
    whole = DeliverBlockResponse.FromString(message)
    assert bytes(view) == whole.records
    whole.ClearField("records")
    assert head == whole


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_a_value_error_and_nothing_else(message: bytes) -> None:
    try:
        head, _ = split_records(message)
    except ValueError:
        return
    assert isinstance(head, DeliverBlockResponse)
