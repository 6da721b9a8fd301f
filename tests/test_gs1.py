"""GTINs: 14 digits, a check digit that catches slips, zeros in front that change nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter.errors import Reason, Refused
from emitter.trade import gs1

# GTINs of published marking codes (tests/vectors/public-codes.tsv) and of articles in any shop.
PUBLISHED = (
    "00000046198488",
    "04600439931256",
    "04670033010053",
    "04813612939608",
    "04006381333931",
    "06291041500213",
)

digits_13 = st.integers(0, 10**13 - 1).map(lambda number: f"{number:013d}")


def by_hand(digits: str) -> int:
    """The rule of GS1 General Specifications 7.9.1, from the right, one line a step."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total += int(digit) * (3 if place % 2 == 0 else 1)
    return (10 - total % 10) % 10


def test_check_digit_of_the_example_worked_by_hand() -> None:
    # 629104150021: from the right 1*3 2*1 0*3 0*1 5*3 1*1 4*3 0*1 1*3 9*1 2*3 6*1
    # = 3+2+0+0+15+1+12+0+3+9+6+6 = 57, and 57 + 3 = 60.
    assert gs1.check_digit("629104150021") == 3


@given(st.text("0123456789", min_size=1, max_size=17))
def test_check_digit_agrees_with_the_rule_read_slowly(digits: str) -> None:
    assert gs1.check_digit(digits) == by_hand(digits)


@pytest.mark.parametrize("text", PUBLISHED)
def test_a_published_gtin_is_accepted_and_written_back(text: str) -> None:
    gtin = gs1.require_gtin(text, "gtin")
    assert gtin == int(text)
    assert gs1.format_gtin(gtin) == text


@given(digits_13, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_always_refused(digits: str, place: int, change: int) -> None:
    text = digits + str(gs1.check_digit(digits))
    wrong = text[:place] + str((int(text[place]) + change) % 10) + text[place + 1 :]
    with pytest.raises(Refused) as caught:
        gs1.require_gtin(wrong, "lines[2].gtin")
    assert caught.value.reason is Reason.GTIN_INVALID
    assert caught.value.refusal.details == {"field": "lines[2].gtin"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4600439931256",
        "004600439931256",
        " 4600439931256",
        "0460043993125x",
        "+4600439931256",
        "0460043993125\n",
        "0460043993125٦",
        "０4600439931256",
        "04600439931250",
        "00000000000000",
    ],
)
def test_what_is_not_fourteen_digits_of_a_gtin_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="GTIN_INVALID"):
        gs1.require_gtin(text, "gtin")


def test_a_number_too_long_for_a_gtin_is_a_programming_error() -> None:
    for number in (-1, 10**14):
        with pytest.raises(ValueError, match="14 digits"):
            gs1.format_gtin(number)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", []),
        ("3103000353", ["3103=000353"]),
        ("01046004399312562131\x1d9391ab", ["01=04600439931256", "21=31", "93=91ab"]),
        ("1726123110LOT17\x1d310300035311260101", [
            "17=261231", "10=LOT17", "3103=000353", "11=260101",
        ]),
        ("17261231\x1d10L", ["17=261231", "10=L"]),
        ("8005009500\x1d240X\x1d7003260101\x1d2042", [
            "8005=009500", "240=X", "7003=260101", "20=42",
        ]),
        ("2042360000150033510013241126010137100", [
            "20=42", "3600=001500", "3351=001324", "11=260101", "37=100",
        ]),
    ],
    ids=["empty", "weight", "code", "predefined", "spare-separator", "long-ais", "many"],
)  # fmt: skip
def test_element_strings_are_told_apart_by_separator_or_predefined_size(text, elements) -> None:
    assert [f"{ai}={value}" for ai, value in gs1.split_elements(text)] == elements
