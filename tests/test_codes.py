"""One code taken apart: published codes, codes of every template, and texts that are no code."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.trade import codes, gs1
from emitter.trade.templates import TEMPLATES, Price, Template

GS = "\x1d"
VECTORS = Path(__file__).parent / "vectors" / "public-codes.tsv"
MILK = f"0103041094787443215Qbag!{GS}93Zjqw"

SERIAL_KEY = _core.SerialKey(bytes(range(32)))
CHECK_KEYS = {
    kind: _core.CheckKey(kind, bytes(range(kind, kind + 32)))
    for kind in (_core.CHECK_MAC, _core.CHECK_SIGNATURE, _core.CHECK_SHORT)
}


def published() -> list[tuple[str, str, str]]:
    """Rows of the vector file: group, code, verdict."""
    rows = [line.split("\t") for line in VECTORS.read_text("utf-8").splitlines() if line[0] != "#"]
    return [(row[0], row[1].replace("\\x1d", GS), row[2]) for row in rows]


VALID = [row[1] for row in published() if row[2] == "valid"]


def composed(code: codes.Code) -> str:
    """The issued text, composed again from the parts of a code."""
    if not code.elements:
        return code.issued
    first, *rest = [ai + value for ai, value in code.elements[1:]]
    return f"01{code.gtin:014d}{first}" + "".join(GS + element for element in rest)


@pytest.mark.parametrize("text", VALID)
def test_a_published_code_is_its_parts(text: str) -> None:
    code = codes.split(text)
    assert codes.split(text.encode()) == code
    assert composed(code) == code.issued
    added = "".join(GS + element.ai + element.value for element in code.additions)
    assert code.issued + added == text == code.text
    assert gs1.require_gtin(f"{code.gtin:014d}", "gtin") == code.gtin
    assert code.issued.endswith(code.check_code)
    assert code.identification_code.endswith(
        f"{code.gtin:014d}{'21' if code.elements else ''}{code.serial}"
    )
    values = dict(code.elements)
    if code.elements:
        assert values["21"] == code.serial
        assert values.get("92", values.get("93")) == code.check_code
        assert (code.key_id is None) == ("91" not in values)


def test_a_published_pack_is_read_without_element_strings() -> None:
    code = codes.split("00000046198488X?io+qCABm8wAYa")
    assert (code.gtin, code.serial, code.check_code) == (46198488, "X?io+qC", "wAYa")
    assert (code.price_tiyn, code.key_id, code.elements) == (9500, None, ())
    assert code.identification_code == "00000046198488X?io+qC"


def test_a_published_block_has_its_price_in_element_8005() -> None:
    code = codes.split(f"010460043993125621JgXJ5.T{GS}8005112000{GS}93Mdlr")
    assert code.price_tiyn == 112000
    assert code.elements[2:] == (("8005", "112000"), ("93", "Mdlr"))


def test_a_key_id_is_a_number_in_either_case() -> None:
    shoes = [codes.split(text) for text in VALID if "ffd0" in text or "FFD0" in text]
    assert {code.key_id for code in shoes} == {0xFFD0}
    assert {code.elements[2].value for code in shoes} == {"ffd0", "FFD0"}


def test_what_the_line_added_is_told_from_what_was_issued() -> None:
    weighed = codes.split(f"{MILK}{GS}3103000353{GS}17261231{GS}10LOT{GS}3351001324")
    assert weighed.issued == MILK
    assert weighed.elements == codes.split(MILK).elements
    assert weighed.additions == (
        ("3103", "000353"), ("17", "261231"), ("10", "LOT"), ("3351", "001324"),
    )  # fmt: skip


def test_digits_of_identifiers_inside_a_serial_are_just_characters() -> None:
    code = codes.split(f"0104600439931256219192939100000{GS}919291{GS}92{'93' * 22}")
    assert code.serial == "9192939100000"
    assert code.key_id == 0x9291
    assert code.check_code == "93" * 22


def test_a_wrong_check_digit_is_refused_as_such() -> None:
    (text,) = [row[1] for row in published() if row[2] == "bad-gtin"]
    with pytest.raises(Refused) as caught:
        codes.split(text)
    assert caught.value.reason is Reason.CODE_GTIN_INVALID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        MILK + "\n",
        f"{MILK}\n{MILK}",
        MILK.replace(GS, ""),
        MILK.replace(GS, "<GS>"),
        GS + MILK,
        MILK + GS,
        MILK + GS + "99X",
        MILK[:-1],
        "é" + MILK,
        MILK + "\ud800",
        "０" + MILK[1:],
        "00000046198488X?io+qCAB(8wAYa",
        b"\xff" + MILK.encode(),
    ],
)
def test_a_text_that_is_no_code_is_refused(text: str | bytes) -> None:
    with pytest.raises(Refused) as caught:
        codes.split(text)
    assert caught.value.reason is Reason.CODE_UNPARSABLE


def verdict(text: str | bytes) -> codes.Code | Reason:
    try:
        return codes.split(text)
    except Refused as refused:
        return refused.reason


@given(st.binary(max_size=140) | st.text(max_size=140))
def test_any_text_is_split_or_refused_and_never_another_error(text: str | bytes) -> None:
    code = verdict(text)
    if isinstance(code, codes.Code):
        assert composed(code) == code.issued
    else:
        assert code in {Reason.CODE_UNPARSABLE, Reason.CODE_GTIN_INVALID}


@given(st.sampled_from(VALID), st.integers(0, 140), st.characters(max_codepoint=127))
def test_a_published_code_with_one_character_changed_never_breaks(text, place, character) -> None:
    place %= len(text)
    code = verdict(text[:place] + character + text[place + 1 :])
    if isinstance(code, codes.Code):
        assert composed(code) == code.issued
        assert code.gtin == codes.split(text).gtin
    else:
        assert code in {Reason.CODE_UNPARSABLE, Reason.CODE_GTIN_INVALID}


def test_the_check_code_gets_into_no_log() -> None:
    code = codes.split(f"{MILK}{GS}3103000353")
    assert "Zjqw" not in repr(code)
    assert "5Qbag!" in repr(code)


additions = st.lists(
    st.sampled_from(["3103000353", "3351001324", "17261231", "10LOT-7", "37100"]), max_size=3
)


@given(
    template=st.sampled_from(list(TEMPLATES.values())),
    body=st.integers(1, 10**13 - 1),
    key_id=st.integers(0, 0xFFFF),
    price=st.integers(0, 999_999),
    counter=st.integers(0, 2**31),
    added=additions,
)
def test_a_code_of_any_template_splits_into_what_it_was_made_of(
    *, template: Template, body, key_id, price, counter, added
) -> None:
    gtin = body * 10 + int(gs1.check_digit(f"{body:013d}"))
    price_tiyn = None if template.price is Price.NONE else price
    recipe = template.record(gtin, key_id, price_tiyn)
    check_key = CHECK_KEYS[template.check_kind]
    issued = _core.emit(SERIAL_KEY, check_key, **recipe._asdict(), first=counter, count=1)
    added = [] if template.price is Price.PACK else added
    code = codes.split(issued + "".join(GS + element for element in added).encode())
    assert code.issued.encode() == issued
    assert (code.gtin, code.price_tiyn) == (gtin, price_tiyn)
    assert code.key_id == (key_id if "91" in dict(code.elements) else None)
    assert len(code.serial) == template.serial_size
    assert code.serial.startswith(template.form.country_digit)
    assert [element.ai + element.value for element in code.additions] == added


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.template_id)
def test_the_core_finds_the_parts_where_the_template_puts_them(template: Template) -> None:
    price_tiyn = None if template.price is Price.NONE else 12_345
    recipe = template.record(4600439931256, 0xC0DE, price_tiyn)
    check_key = CHECK_KEYS[template.check_kind]
    issued = _core.emit(SERIAL_KEY, check_key, **recipe._asdict(), first=7, count=1)
    parsed = _core.parse(issued)[0]
    for name in ("serial_at", "serial_size", "message_size", "check_at"):
        assert parsed[name] == getattr(recipe, name)
    assert parsed["issued_size"] == template.size
    assert parsed["price_size"] == {Price.NONE: 0, Price.AI_8005: 6, Price.PACK: 4}[template.price]
