"""BIN and IIN: 12 digits with Kazakhstan's control digit, second weights included."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emitter.errors import Reason, Refused
from emitter.trade import parties

# BINs that organisations publish, as collected in the test data of python-stdnum (kz.bin).
PUBLISHED = (
    "940140000385",
    "171140900016",
    "011140004703",
    "980740000057",
    "050540004455",
    "100240019642",
    "990140004654",
    "200240900095",
    "061241010270",
    "941240000341",
    "991040001563",
    "991040001514",
    "210740028187",
)

digits_11 = st.integers(1, 10**11 - 1).map(lambda number: f"{number:011d}")


def test_control_digit_worked_by_hand() -> None:
    # 94014000038: 9*1+4*2+0*3+1*4+4*5+0*6+0*7+0*8+0*9+3*10+8*11 = 159 = 14*11 + 5
    assert parties.control_digit("94014000038") == 5


def test_control_digit_by_the_second_weights_worked_by_hand() -> None:
    # 99104000156: 9*1+9*2+1*3+4*5+1*9+5*10+6*11 = 175 = 15*11 + 10, so the second weights:
    # 9*3+9*4+1*5+4*7+1*11+5*1+6*2 = 124 = 11*11 + 3
    assert parties.control_digit("99104000156") == 3


def test_digits_whose_both_sums_leave_ten_are_nobodys_number() -> None:
    # 01000000037: 1*2+3*10+7*11 = 109 = 9*11 + 10; second weights 1*4+3*1+7*2 = 21 = 11 + 10
    assert parties.control_digit("01000000037") is None
    for last in range(10):
        with pytest.raises(Refused, match="BIN_INVALID"):
            parties.require_bin(f"01000000037{last}", "bin")


@pytest.mark.parametrize("text", PUBLISHED)
def test_a_published_bin_is_accepted_and_written_back(text: str) -> None:
    number = parties.require_bin(text, "bin")
    assert number == int(text)
    assert parties.format_bin(number) == text


@given(digits_11, st.integers(0, 9))
def test_exactly_the_control_digit_is_accepted(digits: str, last: int) -> None:
    control = parties.control_digit(digits)
    assume(control is not None)
    if last == control:
        assert parties.require_bin(f"{digits}{last}", "bin") == int(f"{digits}{last}")
    else:
        with pytest.raises(Refused) as caught:
            parties.require_bin(f"{digits}{last}", "participant.bin")
        assert caught.value.reason is Reason.BIN_INVALID
        assert caught.value.refusal.details == {"field": "participant.bin"}


@pytest.mark.parametrize(
    "text",
    ["", "94014000038", "0940140000385", " 94014000038", "94014000038x", "94014000038٥", "0" * 12],
)
def test_what_is_not_twelve_digits_of_a_bin_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="BIN_INVALID"):
        parties.require_bin(text, "bin")


def test_a_number_too_long_for_a_bin_is_a_programming_error() -> None:
    for number in (-1, 10**12):
        with pytest.raises(ValueError, match="12 digits"):
            parties.format_bin(number)
