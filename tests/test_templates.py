"""Templates: the table, the records made from it, prices inside codes and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.trade import templates
from emitter.trade.templates import TEMPLATES, Group, Price

GS = "\x1d"
GTIN = 4600439931256
KEY = 0xC0DE

# The stations' table, written out: id → length, serial, tail or check, country digit, alphabet.
TABLE = {
    1: (Group.SHOES, 129, 13, 88, "3", 82),
    3: (Group.TOBACCO, 43, 7, 4, "", 82),
    4: (Group.TOBACCO, 29, 7, 4, "", 82),
    5: (Group.PHARMA, 85, 13, 44, "", 62),
    7: (Group.TIRES, 85, 13, 44, "3", 82),
    8: (Group.CAMERAS, 92, 20, 44, "3", 82),
    9: (Group.PERFUMERY, 85, 13, 44, "3", 82),
    10: (Group.LIGHT_INDUSTRY, 85, 13, 44, "3", 82),
    11: (Group.BICYCLES, 85, 13, 44, "3", 82),
    12: (Group.MEDICAL, 85, 13, 44, "3", 82),
    16: (Group.WATER, 38, 13, 4, "3", 82),
    18: (Group.BEER, 32, 7, 4, "3", 82),
    20: (Group.MILK, 31, 6, 4, "3", 82),
}
CHECK_SIZES = {_core.CHECK_SIGNATURE: 88, _core.CHECK_MAC: 44, _core.CHECK_SHORT: 4}

each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.template_id)


def price_of(template: templates.Template, price_tiyn: int = 9500) -> int | None:
    return None if template.price is Price.NONE else price_tiyn


def written_out(template: templates.Template, serial: str, check: str) -> str:
    """A code of GTIN, KEY and 95.00 tenge as the stations' table composes it."""
    head = f"010460043993125621{serial}"
    if template.template_id == 4:
        return f"04600439931256{serial}ABm8{check}"
    if template.template_id == 3:
        return f"{head}{GS}8005009500{GS}93{check}"
    if len(check) == 4:
        return f"{head}{GS}93{check}"
    return f"{head}{GS}91C0DE{GS}92{check}"


def test_the_table_is_the_stations_table() -> None:
    table = {
        t.template_id: (
            t.group, t.size, t.serial_size, CHECK_SIZES[t.check_kind],
            t.form.country_digit, t.form.radix,
        )
        for t in TEMPLATES.values()
    }  # fmt: skip
    assert table == TABLE


@each_template
def test_a_record_is_the_code_with_serial_and_check_open(template) -> None:
    recipe = template.record(GTIN, KEY, price_of(template))
    serial = "s" * template.serial_size
    check = "c" * CHECK_SIZES[template.check_kind]
    record = bytearray(recipe.record)
    record[recipe.serial_at : recipe.serial_at + recipe.serial_size] = serial.encode()
    record[recipe.check_at : recipe.check_at + len(check)] = check.encode()
    assert record.decode() == written_out(template, serial, check)
    assert len(record) == template.size == recipe.check_at + len(check)
    assert recipe.gtin == b"04600439931256"
    assert recipe.form == template.form.form


@each_template
def test_the_message_ends_before_the_separator_of_the_check(template) -> None:
    recipe = template.record(GTIN, KEY, price_of(template))
    between = recipe.record[recipe.message_size : recipe.check_at]
    introducer = {88: b"\x1d92", 44: b"\x1d92", 4: b"\x1d93"}[CHECK_SIZES[template.check_kind]]
    assert between == (b"" if template.price is Price.PACK else introducer)


@each_template
def test_key_id_and_gtin_have_fixed_width(template) -> None:
    low = template.record(0, 0, price_of(template, 0))
    high = template.record(10**14 - 1, 0xFFFF, price_of(template, 0))
    assert len(low.record) == len(high.record) == template.size
    if b"91" in low.record[18 + template.serial_size :]:
        assert b"\x1d910000\x1d" in low.record
        assert b"\x1d91FFFF\x1d" in high.record


@each_template
def test_a_serial_form_says_how_far_counters_go(template) -> None:
    form = template.form
    assert form.free_size + len(form.country_digit) == form.serial_size
    assert form.space == form.radix**form.free_size
    assert form.counter_limit == (form.space if form.space < 2**60 else 2**40)
    free = math.log2(form.space)
    assert free > (60 if template.serial_size >= 13 else 31)


def test_templates_of_one_form_share_it_and_others_do_not() -> None:
    forms = {template_id: template.form for template_id, template in TEMPLATES.items()}
    assert len({forms[template_id] for template_id in (1, 7, 9, 10, 11, 12, 16)}) == 1
    assert forms[3] == forms[4]
    assert len({forms[1], forms[3], forms[5], forms[8], forms[18], forms[20]}) == 6


@each_template
def test_figures_that_do_not_fit_are_programming_errors(template) -> None:
    price = price_of(template)
    wrong = [(-1, KEY, price), (10**14, KEY, price), (GTIN, -1, price), (GTIN, 0x10000, price)]
    if template.price is Price.NONE:
        wrong.append((GTIN, KEY, 9500))
    else:
        wrong += [(GTIN, KEY, None), (GTIN, KEY, -1), (GTIN, KEY, template.price_limit + 1)]
    for figures in wrong:
        with pytest.raises(ValueError, match=r"GTIN|key id|price"):
            template.record(*figures)


@each_template
def test_a_price_is_required_where_a_code_carries_one_and_refused_elsewhere(template) -> None:
    if template.price is Price.NONE:
        template.require_price(None, "price")
        cases = [(0, Reason.PRICE_REFUSED), (9500, Reason.PRICE_REFUSED)]
    else:
        template.require_price(0, "price")
        template.require_price(template.price_limit, "price")
        assert len(template.record(GTIN, KEY, template.price_limit).record) == template.size
        wrong = (None, -1, template.price_limit + 1)
        cases = [(price, Reason.PRICE_REQUIRED) for price in wrong]
    for price, reason in cases:
        with pytest.raises(Refused) as caught:
            template.require_price(price, "lines[0].price_tiyn")
        assert caught.value.reason is reason
        sentence = caught.value.refusal.sentence()
        assert "lines[0].price_tiyn" in sentence
        assert str(template.template_id) in sentence
        assert "{" not in sentence


def test_the_published_pack_price_is_ninety_five_tenge() -> None:
    assert templates.decode_pack_price(b"ABm8") == 9500
    assert templates.encode_pack_price(9500) == b"ABm8"
    assert templates.encode_pack_price(0) == b"AAAA"
    assert templates.encode_pack_price(TEMPLATES[4].price_limit) == b"????"


def test_pack_digits_are_eighty_and_the_assumed_ones_come_last() -> None:
    assert len(set(templates.PACK_DIGITS)) == len(templates.PACK_DIGITS) == 80
    assert templates.PACK_DIGITS[:62].decode().isalnum()
    assert templates.PACK_DIGITS[62:] == templates.ASSUMED_PUNCTUATION
    assert templates.PACK_DIGITS[62:].decode() == "!\"%&'*+-./_,:;=<>?"


@given(st.integers(0, 80**4 - 1))
def test_a_pack_price_reads_back(price_tiyn: int) -> None:
    assert templates.decode_pack_price(templates.encode_pack_price(price_tiyn)) == price_tiyn


@pytest.mark.parametrize("text", [b"", b"ABm", b"ABm88", b"AB(8", b"AB 8", b"ABm\xff"])
def test_a_text_that_is_no_pack_price_is_not_read(text: bytes) -> None:
    with pytest.raises(ValueError, match="pack's price"):
        templates.decode_pack_price(text)


@pytest.mark.parametrize("price_tiyn", [-1, 80**4])
def test_a_price_beyond_four_characters_is_not_written(price_tiyn: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        templates.encode_pack_price(price_tiyn)


def test_an_unknown_template_is_refused_by_number() -> None:
    assert templates.require_template(20, "lines[0].template_id") is TEMPLATES[20]
    for template_id in (0, 2, 6, 19, 21, -1):
        with pytest.raises(Refused) as caught:
            templates.require_template(template_id, "lines[0].template_id")
        assert caught.value.reason is Reason.TEMPLATE_UNKNOWN
        assert caught.value.refusal.details["template_id"] == str(template_id)


def test_a_row_of_another_length_does_not_compose() -> None:
    row = templates._ROWS[0]
    assert templates._compose(row) == TEMPLATES[row.template_id]
    with pytest.raises(ValueError, match="129 bytes, not 130"):
        templates._compose(row._replace(size=130))


def test_groups_keep_their_wire_values_and_have_two_titles() -> None:
    values = "SHOES TOBACCO PHARMA TIRES CAMERAS PERFUMERY LIGHT_INDUSTRY BICYCLES MEDICAL WATER"
    names = [*values.split(), "BEER", "MILK"]
    assert {group.name: group.value for group in Group} == {n: i for i, n in enumerate(names, 1)}
    for item in (*Group, *TEMPLATES.values()):
        assert item.titles.en.isascii()
        assert any("а" <= letter <= "я" for letter in item.titles.ru.lower())
