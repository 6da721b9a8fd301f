"""The table of reasons: stable values, two languages of one mind, sentences that never fail."""

from __future__ import annotations

import string

import grpc
import pytest

from emitter.errors import Reason, Refusal, Refused

REASONS = [reason for reason in Reason if reason is not Reason.OK]

# Wire values stay for ever: a line may be added here, never changed.
WIRE_VALUES = {
    "OK": 0,
    "CODE_UNPARSABLE": 1,
    "CODE_GTIN_INVALID": 2,
    "CODE_OTHER_OPERATOR": 3,
    "CODE_UNKNOWN_GTIN": 4,
    "CODE_NEVER_ISSUED": 5,
    "CODE_FORGED": 6,
    "CODE_TOO_LONG": 7,
    "FUNDS_INSUFFICIENT": 16,
    "ESCROW_INSUFFICIENT": 17,
    "AMOUNT_OUT_OF_RANGE": 18,
    "UNAUTHENTICATED": 32,
    "PERMISSION_DENIED": 33,
    "TOKEN_MISFIT": 34,
    "REGISTRATION_KEY_INVALID": 35,
    "SIGNATURE_REQUIRED": 36,
    "SIGNATURE_INVALID": 37,
    "SIGNATURE_ATTACHED": 38,
    "CODE_WITHHELD": 39,
    "TOKEN_REVOKED": 40,
    "TOKEN_EXPIRED": 41,
    "FIELD_REQUIRED": 48,
    "FIELD_INVALID": 49,
    "GTIN_INVALID": 50,
    "BIN_INVALID": 51,
    "QUANTITY_OUT_OF_RANGE": 52,
    "TEMPLATE_UNKNOWN": 53,
    "GROUP_MIXED": 54,
    "GTIN_REPEATED": 55,
    "PRICE_REQUIRED": 56,
    "PRICE_REFUSED": 57,
    "TARIFF_MISSING": 58,
    "PAGE_TOKEN_INVALID": 59,
    "INDEX_OUT_OF_RANGE": 60,
    "LIMIT_EXCEEDED": 61,
    "TEXT_INVALID": 63,
    "DATE_BEFORE_REGISTRATION": 64,
    "BODY_TOO_LARGE": 65,
    "NOT_OFFERED": 66,
    "TNVED_INVALID": 68,
    "PARTICIPANT_NOT_FOUND": 80,
    "ORDER_NOT_FOUND": 81,
    "BUFFER_NOT_FOUND": 82,
    "BLOCK_NOT_FOUND": 83,
    "STATION_NOT_FOUND": 84,
    "CONNECTION_NOT_FOUND": 85,
    "PRODUCT_NOT_FOUND": 86,
    "REQUEST_DIFFERS": 96,
    "PARTICIPANT_EXISTS": 97,
    "PARTICIPANT_NOT_ACTIVE": 112,
    "SERIAL_FORM_FIXED": 113,
    "SERIAL_SOURCE_FIXED": 114,
    "SERIALS_EXHAUSTED": 115,
    "QUANTITY_LEFT": 116,
    "TRANSITION_REFUSED": 117,
    "ORDERS_ACTIVE_LIMIT": 118,
    "PRODUCT_OF_ANOTHER": 119,
    "PRODUCT_GROUP": 120,
    "OVERLOADED": 144,
    "STORE_FULL": 145,
    "COMMIT_FAILED": 146,
    "COMMIT_UNKNOWN": 147,
    "SHUTTING_DOWN": 148,
    "INTERNAL": 149,
    "KEY_MISSING": 150,
}


def placeholders(sentence: str) -> set[str]:
    """The names of the details a sentence speaks of."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_wire_values_are_what_they_always_were() -> None:
    now = {reason.name: reason.value for reason in Reason}
    assert now.items() >= WIRE_VALUES.items()
    assert len(Reason.__members__) == len(Reason), "two names share a value"
    assert max(Reason) < 256, "the core answers reasons in a byte"


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_a_reason_says_the_same_in_both_languages(reason: Reason) -> None:
    meaning = reason.meaning
    assert placeholders(meaning.en) == placeholders(meaning.ru)
    assert meaning.en.endswith(".")
    assert meaning.ru.endswith(".")
    assert not any("а" <= letter <= "я" for letter in meaning.en.lower())
    if reason is not Reason.FIELD_INVALID:  # whose sentence is all details
        assert any("а" <= letter <= "я" for letter in meaning.ru.lower())


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_a_reason_has_a_grpc_code_an_http_code_and_a_fitting_retry(reason: Reason) -> None:
    meaning = reason.meaning
    assert grpc.StatusCode[meaning.grpc] is not grpc.StatusCode.OK
    assert 400 <= meaning.http < 600
    if meaning.retry:
        assert meaning.grpc in {"RESOURCE_EXHAUSTED", "UNAVAILABLE"}
        assert meaning.http in {429, 503, 507}
    else:
        assert meaning.grpc not in {"RESOURCE_EXHAUSTED", "UNAVAILABLE"}


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_sentence_names_its_details_and_survives_their_absence(
    reason: Reason, language: str
) -> None:
    names = placeholders(reason.meaning.en)
    full = Refusal(reason, {name: f"<{name}>" for name in names}).sentence(language)
    assert all(f"<{name}>" in full for name in names)
    bare = Refusal(reason).sentence(language)
    assert all(f"{{{name}}}" in bare for name in names)


def test_a_refused_command_carries_its_reason_and_details_as_text() -> None:
    refused = Refused(Reason.QUANTITY_LEFT, left=17)
    assert refused.reason is Reason.QUANTITY_LEFT
    assert refused.refusal.details == {"left": "17"}
    assert "QUANTITY_LEFT: quantity: 17 codes are left" in str(refused)
    assert "осталось кодов: 17" in refused.refusal.sentence("ru")


def test_a_detail_with_braces_is_text_and_not_a_format() -> None:
    refused = Refused(Reason.FIELD_INVALID, field="{0.__class__}", rule="{rule}")
    assert refused.refusal.sentence() == "{0.__class__}: {rule}."


def test_a_word_among_the_details_is_read_in_the_language_of_the_sentence() -> None:
    refused = Refused(
        Reason.FIELD_INVALID, field="page_size", rule="0 or more", rule_ru="0 и более"
    )
    assert refused.refusal.sentence() == "page_size: 0 or more."
    assert refused.refusal.sentence("ru") == "page_size: 0 и более."


def test_a_refusal_kept_without_words_to_read_says_those_of_the_wire() -> None:
    kept = Refusal(
        Reason.TRANSITION_REFUSED,
        {"object": "order 7", "state": "CLOSED", "event": "CLOSE", "order_id": "7"},
        replayed=True,
    )
    assert kept.sentence() == "order 7 is in the state “CLOSED”: “CLOSE” is not possible."
    assert kept.sentence("ru") == "order 7: в состоянии «CLOSED» действие «CLOSE» невозможно."
