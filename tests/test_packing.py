"""Names of boxes: SSCCs in every spelling, numbers of one's own, and the SSCCs we give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import BIN, OTHER_BIN
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import check_digit
from emitter.trade.packing import SsccSpace, format_sscc, is_sscc, require_box

SSCC = "106141411234567897"


@pytest.mark.parametrize("spelling", ["{}", "00{}", "(00){}", "]C100{}", "]d200{}", " {} "])
def test_an_sscc_is_one_box_in_every_spelling(spelling: str):
    box = require_box(spelling.format(SSCC), BIN, "box")
    assert box == (int(SSCC), SSCC)
    assert box == require_box(SSCC, OTHER_BIN, "box")
    assert is_sscc(box.box)


@pytest.mark.parametrize("at", range(18))
def test_a_wrong_digit_of_an_sscc_is_refused(at: int):
    wrong = SSCC[:at] + str((int(SSCC[at]) + 1) % 10) + SSCC[at + 1 :]
    with pytest.raises(Refused) as caught:
        require_box(wrong, BIN, "box")
    assert caught.value.reason is Reason.SSCC_INVALID


def test_a_number_of_ones_own_is_ones_own():
    ours, theirs = (require_box("1jdu7-kksb67-qwtg66", bin_, "box") for bin_ in (BIN, OTHER_BIN))
    assert ours.text == theirs.text == "1jdu7-kksb67-qwtg66"
    assert ours.box != theirs.box
    assert not is_sscc(ours.box)
    assert require_box("12345", BIN, "box").text == "12345"


@pytest.mark.parametrize("text", ["", " ", "x" * 65, "(00)12", "]C112345", "a\x1db"])
def test_what_can_be_no_name_is_refused(text: str):
    with pytest.raises(Refused):
        require_box(text, BIN, "box")


@given(st.integers(4, 12), st.data())
def test_counters_and_sscc_lead_to_each_other(size: int, data: st.DataObject):
    space = SsccSpace(data.draw(st.text("0123456789", min_size=size, max_size=size)))
    counter = data.draw(st.integers(0, space.size - 1))
    digits = format_sscc(space.sscc(counter))
    assert check_digit(digits[:-1]) == int(digits[-1])
    assert digits[1 : 1 + size] == space.prefix
    assert space.counter(int(digits)) == counter
    with pytest.raises(ValueError, match="outside the space"):
        space.sscc(space.size)


@pytest.mark.parametrize("prefix", ["", "123", "1234567890123", "12a4"])
def test_what_can_be_no_prefix_is_an_error(prefix: str):
    with pytest.raises(ValueError, match="company prefix"):
        SsccSpace(prefix)
