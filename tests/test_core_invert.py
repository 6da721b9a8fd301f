"""Inversion in the core: from serials back to counters, and who is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twins
from core_cases import (
    SERIAL_KEY,
    SERIAL_SECRET,
    SHAPES,
    column,
    emitted,
    integers_with_edges,
    recipe,
)
from emitter import _core
from emitter.errors import Reason
from twins import SHORT

GTINS = [b"04600439931256", b"04870000000012", b"00000000000000", b"99999999999997"]


def code_of(serial: bytes, gtin: bytes = GTINS[0]) -> bytes:
    return b"01" + gtin + b"21" + serial + b"\x1d93dGVz"


def invert_one(form: int, serial: bytes, gtin: bytes = GTINS[0]) -> tuple[int, int]:
    text = code_of(serial, gtin)
    [counter], [reason] = _core.invert(SERIAL_KEY, text, _core.parse(text), column(form, 1))
    return int(counter), int(reason)


@st.composite
def scanned(draw: st.DrawFn) -> tuple[bytes, int]:
    """A code with any serial of the 82 characters, and the form it is asked under."""
    gtin = draw(st.sampled_from(GTINS))
    form = draw(st.sampled_from([0, 1, 2]))
    size = draw(st.integers(5, 20))
    mostly = twins.ALPHABETS[draw(st.sampled_from([form, 0]))]
    text = draw(st.lists(st.sampled_from(sorted(mostly)), min_size=size, max_size=size))
    first = draw(st.sampled_from([b"3", b"3", b"1", b"2", b"4", b"5", b"6", b"x"]))
    serial = first + bytes(text[1:]) if form == 1 else bytes(text)
    return code_of(serial, gtin), form


@settings(max_examples=60)
@given(st.lists(scanned(), max_size=40))
def test_the_core_and_the_twin_agree_on_a_mixed_batch(batch: list[tuple[bytes, int]]) -> None:
    text = b"\n".join(code for code, _ in batch)
    counters, reasons = _core.invert(
        SERIAL_KEY, text, _core.parse(text), [form for _, form in batch]
    )
    twin = [twins.invert_one(SERIAL_SECRET, form, code[2:16], code[18:-7]) for code, form in batch]
    assert list(zip(counters.tolist(), reasons.tolist(), strict=True)) == twin


@given(st.sampled_from([0, 1, 2]), st.integers(5, 20), st.data())
def test_a_counter_comes_back_from_its_serial(form: int, size: int, data: st.DataObject) -> None:
    radix, free_size = len(twins.ALPHABETS[form]), size - len(twins.COUNTRY[form])
    counter = data.draw(integers_with_edges(0, min(radix**free_size, 2**64) - 1))
    gtin = data.draw(st.sampled_from(GTINS))
    made_of = recipe(SHORT, form, size, gtin=gtin)
    [code] = emitted(SHORT, made_of, counter, 1)
    assert invert_one(form, code[18:-7], gtin) == (counter, Reason.OK)


@pytest.mark.parametrize("count", [1, 127, 128, 129, 257])
def test_codes_of_many_shapes_and_gtins_in_one_batch_come_back(count: int) -> None:
    lines, forms, expected = [], [], []
    for i in range(count):
        kind, made_of = list(SHAPES.values())[i % len(SHAPES)]
        lines += emitted(kind, made_of, 1000 + i, 1)
        forms.append(made_of.form)
        expected.append(1000 + i)
    text = b"\n".join(lines)
    counters, reasons = _core.invert(SERIAL_KEY, text, _core.parse(text), forms)
    assert (counters.tolist(), reasons.tolist()) == (expected, [0] * count)


def test_a_counter_beyond_64_bits_is_the_largest_number() -> None:
    cipher = twins.FF1(SERIAL_SECRET, 82, GTINS[0])
    for counter in (2**64 - 1, 2**64, 2**64 + 1, 2**70, 82**13 - 1):
        serial = bytes(twins.GS1_82[i] for i in cipher.encrypt(twins.numerals_of(counter, 82, 13)))
        assert invert_one(0, serial) == (min(counter, 2**64 - 1), Reason.OK)


@pytest.mark.parametrize(
    ("form", "serial", "reason"),
    [
        (1, b"1bcdefgh", Reason.CODE_OTHER_OPERATOR),
        (1, b"2bcdefgh", Reason.CODE_OTHER_OPERATOR),
        (1, b"3bcdefgh", Reason.OK),
        (1, b"4bcdefgh", Reason.CODE_OTHER_OPERATOR),
        (1, b"5bcdefgh", Reason.CODE_OTHER_OPERATOR),
        (1, b"6bcdefgh", Reason.CODE_NEVER_ISSUED),
        (1, b"0bcdefgh", Reason.CODE_NEVER_ISSUED),
        (1, b"xbcdefgh", Reason.CODE_NEVER_ISSUED),
        (0, b"1bcdefgh", Reason.OK),
        (2, b"1bcdefgh", Reason.OK),
        (2, b"abcdefg_", Reason.CODE_NEVER_ISSUED),
        (2, b"<bcdefgh", Reason.CODE_NEVER_ISSUED),
        (0, b"<bcdefg_", Reason.OK),
    ],
)
def test_a_serial_of_another_alphabet_or_operator_is_refused(
    form: int, serial: bytes, reason: Reason
) -> None:
    assert invert_one(form, serial)[1] == reason


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize("size", range(5, 21))
def test_every_character_of_the_alphabet_stands_for_its_position(form: int, size: int) -> None:
    alphabet, country = twins.ALPHABETS[form], twins.COUNTRY[form]
    for numeral in range(len(alphabet)):
        serial = country + bytes([alphabet[numeral]]) * (size - len(country))
        assert invert_one(form, serial) == twins.invert_one(SERIAL_SECRET, form, GTINS[0], serial)


def test_skipped_and_refused_items_keep_zero_and_their_reason() -> None:
    good = code_of(b"3bcdefgh")
    text = b"\n".join([good, b"junk", good.replace(b"6\x32\x31", b"7\x32\x31", 1), good])
    parsed = _core.parse(text)
    assert parsed["reason"].tolist() == [0, 1, 2, 0]
    counters, reasons = _core.invert(SERIAL_KEY, text, parsed, [_core.FORM_NONE, 1, 1, 1])
    assert reasons.tolist() == [0, 1, 2, 0]
    assert counters.tolist()[:3] == [0, 0, 0]
    assert counters[3] == invert_one(1, b"3bcdefgh")[0]
    _, reasons = _core.invert(SERIAL_KEY, text, parsed, column(_core.FORM_NONE, 4))
    assert not reasons.any()


def test_another_serial_key_finds_another_counter() -> None:
    kind, made_of = SHAPES["water"]
    text = b"\n".join(emitted(kind, made_of, 0, 200))
    counters, _ = _core.invert(
        _core.SerialKey(bytes(32)), text, _core.parse(text), column(made_of.form, 200)
    )
    assert not (counters < 2**40).any()


def broken(field: str, value: int) -> np.ndarray:
    parsed = _core.parse(code_of(b"abcdefgh"))
    parsed[field] = value
    return parsed


@pytest.mark.parametrize(
    "parsed",
    [
        broken("start", -1),
        broken("start", 1),
        broken("start", 2**62),
        broken("size", 100),
        broken("issued_size", 40),
        broken("serial_at", 200),
        broken("serial_size", 200),
        broken("message_size", 200),
        broken("check_at", 200),
        broken("check_size", 200),
        broken("gtin", 10**14),
        np.zeros((1, 1), _core.PARSED),
        np.zeros(1, np.uint8),
        [1],
    ],
)
def test_rows_that_do_not_fit_the_text_are_a_value_error(parsed: np.ndarray) -> None:
    text = code_of(b"abcdefgh")
    with pytest.raises(ValueError, match=r"."):
        _core.invert(SERIAL_KEY, text, parsed, [0])
    with pytest.raises(ValueError, match=r"."):
        _core.check(text, parsed, [], [-1])
    with pytest.raises(ValueError, match=r"."):
        _core.verify_signatures(text, parsed, [], [-1])


@pytest.mark.parametrize("forms", [[], [0, 0], [[0]], [3], [254], [256], [-1], [0.5]])
def test_forms_that_do_not_fit_the_rows_are_a_value_error(forms: list) -> None:
    text = code_of(b"abcdefgh")
    with pytest.raises(ValueError, match=r"."):
        _core.invert(SERIAL_KEY, text, _core.parse(text), forms)


@pytest.mark.parametrize("size", [0, 4, 21])
def test_a_serial_of_no_form_was_never_issued(size: int) -> None:
    text = code_of(b"abcdefghijklmnop")
    parsed = _core.parse(text)
    parsed["serial_size"] = size
    _, [reason] = _core.invert(SERIAL_KEY, text, parsed, [0])
    assert reason == Reason.CODE_NEVER_ISSUED


def test_rows_may_be_any_slice_of_what_was_parsed() -> None:
    kind, made_of = SHAPES["water"]
    text = b"\n".join(emitted(kind, made_of, 50, 20))
    counters, _ = _core.invert(SERIAL_KEY, text, _core.parse(text)[::-2], column(1, 10))
    assert counters.tolist() == list(range(69, 49, -2))
