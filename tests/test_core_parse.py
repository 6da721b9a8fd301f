"""Parsing in the core: published codes, the twin, and texts made to break it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import twins
from core_cases import CHECK_KEYS, SERIAL_KEY, SHAPES, emitted, vectors
from emitter import _core
from emitter.errors import Reason
from fuzzing import amount

FIELDS = [
    "start", "size", "issued_size", "reason", "serial_at", "serial_size", "message_size",
    "check_at", "check_size", "price_size", "key_id", "gtin",
]  # fmt: skip
SHOES = b"010467003301005321gJk6o54AQBJfX\x1d91ffd0\x1d92" + b"A" * 88
WATER = b"010463633245536021561BtxPs9VbAP\x1d93dGVz"
BLOCK = b"010460043993125621JgXJ5.T\x1d8005112000\x1d93Mdlr"
PACK = b"00000046198488X?io+qCABm8wAYa"


def test_the_rows_have_the_fields_of_the_contract() -> None:
    assert list(_core.PARSED.names) == FIELDS
    kinds = {name: _core.PARSED[name].str for name in FIELDS}
    assert kinds == {
        "start": "<i8", "size": "<u2", "issued_size": "<u2", "reason": "|u1", "serial_at": "|u1",
        "serial_size": "|u1", "message_size": "|u1", "check_at": "|u1", "check_size": "|u1",
        "price_size": "|u1", "key_id": "<i4", "gtin": "<u8",
    }  # fmt: skip


@pytest.mark.parametrize("row", vectors("public-codes.tsv"), ids=lambda row: row[1])
def test_published_codes_read_as_their_row_says(row: list[str]) -> None:
    group, code, verdict, note = row
    [parsed] = _core.parse(code.encode())
    reasons = {"valid": Reason.OK, "bad-gtin": Reason.CODE_GTIN_INVALID}
    assert parsed["reason"] == reasons[verdict]
    assert tuple(parsed) == twins.parse_one(code.encode())
    sizes = {
        "shoes": (13, 88, 0), "perfume": (13, 44, 0), "photo": (20, 44, 0), "tires": (13, 44, 0),
        "pharma": (13, 44, 0), "milk": (6, 4, 0), "water": (13, 4, 0), "bicycle": (13, 44, 0),
        "beer": (7, 4, 0), "toys": (13, 44, 0), "short": (7, 4, 0), "tobacco-pack": (7, 4, 4),
        "tobacco-block": (7, 4, 6), "otp-block": (7, 4, 6),
    }  # fmt: skip
    assert tuple(parsed[["serial_size", "check_size", "price_size"]]) == sizes[group]
    assert (parsed["issued_size"] < len(code)) == ("appended" in note)


def test_a_text_of_all_published_codes_is_its_codes_one_by_one() -> None:
    codes = [row[1].encode() for row in vectors("public-codes.tsv")]
    parsed = _core.parse(b"\n".join(codes))
    assert [tuple(row) for row in parsed] == twins.parse(b"\n".join(codes))
    for row, code in zip(parsed, codes, strict=True):
        assert b"\n".join(codes)[row["start"] :].startswith(code)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_emitted_is_read_where_it_was_written(shape: str) -> None:
    kind, made_of = SHAPES[shape]
    for code in emitted(kind, made_of, 10**6, 64):
        [row] = _core.parse(code)
        assert row["reason"] == Reason.OK
        assert row["gtin"] == int(made_of.gtin)
        for field in ("serial_at", "serial_size", "message_size", "check_at"):
            assert row[field] == getattr(made_of, field)
        assert row["check_size"] == len(made_of.record) - made_of.check_at
        assert row["key_id"] == (0xEE05 if shape in {"shoes", "pharma", "lp", "cameras"} else -1)


@pytest.mark.parametrize(
    ("text", "count"),
    [(b"", 0), (b"\n", 1), (b"\n\n", 2), (b"x", 1), (b"x\n", 1), (b"x\n\n", 2), (b"\nx", 2)],
)
def test_items_are_separated_by_lf_and_one_at_the_end_separates_nothing(
    text: bytes, count: int
) -> None:
    parsed = _core.parse(text)
    assert len(parsed) == count
    assert (parsed["reason"] == Reason.CODE_UNPARSABLE).all()
    assert [tuple(row) for row in parsed] == twins.parse(text)


def test_a_line_that_is_no_code_harms_no_neighbour() -> None:
    text = b"\n".join([b"junk", WATER, b"", b"01" * 400, PACK])
    assert _core.parse(text)["reason"].tolist() == [1, 0, 1, 1, 0]


def test_digits_of_ais_inside_a_serial_are_serial() -> None:
    code = b"0104636332455360219193910192218\x1d93dGVz"
    [row] = _core.parse(code)
    assert row["reason"] == Reason.OK
    assert code[row["serial_at"] :][: row["serial_size"]] == b"9193910192218"


@pytest.mark.parametrize("key_id", [b"0000", b"ffd0", b"FFD0", b"fFd0", b"8097", b"FFFF"])
def test_the_key_id_is_a_number_in_either_case(key_id: bytes) -> None:
    [row] = _core.parse(SHOES.replace(b"91ffd0", b"91" + key_id))
    assert row["key_id"] == int(key_id, 16)


@pytest.mark.parametrize(
    "added",
    [
        b"3103000353", b"3351001324", b"3695123456", b"10LOT-1", b"10" + b"x" * 20,
        b"11260302", b"17261200", b"15260302", b"2001", b"3012", b"3712345678", b"240PART", b"241x",
        b"70032603021530", b"8005000100", b"800826030215", b"80082603021530",
        b"31030003531726030210A",
        b"3103000353\x1d17260302\x1d10A", b"10A\x1d3103000353",
    ],
)  # fmt: skip
def test_what_a_line_adds_is_read_and_is_no_part_of_the_issued_code(added: bytes) -> None:
    for code in (WATER, BLOCK, SHOES):
        item = code + b"\x1d" + added
        [row] = _core.parse(item)
        assert row["reason"] == Reason.OK
        assert (row["issued_size"], row["size"]) == (len(code), len(item))
        assert tuple(row) == twins.parse_one(item)


@pytest.mark.parametrize(
    "item",
    [
        WATER[:-1],
        WATER + b"A",
        WATER + b"\x1d",
        WATER + b"\x1d\x1d3103000353",
        WATER + b"3103000353",
        WATER + b"\x1d310300035",
        WATER + b"\x1d31030003530",
        WATER + b"\x1d3169000000",  # nine decimals
        WATER + b"\x1d3106000000",
        WATER + b"\x1d17261302",  # month 13
        WATER + b"\x1d17260332",
        WATER + b"\x1d10",
        WATER + b"\x1d10" + b"x" * 21,
        WATER + b"\x1d21OTHER",
        WATER + b"\x1d93dGVz",
        WATER + b"\x1d3104" + b"0" * 5 + b"x",
        WATER.replace(b"\x1d93", b"\x1d94"),
        WATER.replace(b"\x1d93", b"93"),
        WATER.replace(b"\x1d93", b"\x1d\x1d93"),
        WATER.replace(b"561BtxPs9VbAP", b"561B"),
        WATER.replace(b"561BtxPs9VbAP", b"x" * 21),
        WATER.replace(b"561BtxPs9VbAP", b"561BtxPs9VbA "),
        WATER.replace(b"561BtxPs9VbAP", b"561BtxPs9VbA#"),
        WATER.replace(b"561BtxPs9VbAP", b"561BtxPs9VbA\xe9"),
        WATER.replace(b"0104", b"0204"),
        WATER.replace(b"0104", b"010x"),
        b"]d2" + WATER,
        WATER + b"\r",
        b" " + WATER,
        WATER.replace(b"\x1d", b"<GS>"),
        SHOES[:-1],
        SHOES[:-43],
        SHOES.replace(b"91ffd0", b"91ffdg"),
        SHOES.replace(b"91ffd0", b"91ffd"),
        SHOES.replace(b"\x1d92", b"\x1d93"),
        SHOES.replace(b"\x1d92", b"92"),
        SHOES.replace(b"\x1d91ffd0", b""),
        BLOCK.replace(b"JgXJ5.T", b"JgXJ5.Tx"),
        BLOCK.replace(b"8005112000", b"800511200"),
        BLOCK.replace(b"8005112000", b"8005 12000"),
        BLOCK.replace(b"\x1d93Mdlr", b""),
        PACK[:-1],
        PACK + b"x",
        PACK.replace(b"?", b"\x1d"),
        PACK.replace(b"0000", b"000x", 1),
        PACK + b"\x1d3103000353",
    ],
)
def test_anything_else_cannot_be_parsed(item: bytes) -> None:
    [row] = _core.parse(item)
    assert tuple(row) == (0, len(item), 0, Reason.CODE_UNPARSABLE, 0, 0, 0, 0, 0, 0, -1, 0)
    assert tuple(row) == twins.parse_one(item)


def test_a_very_long_item_cannot_be_parsed_and_its_size_stops_at_the_limit() -> None:
    added = b"\x1d3103000353" * 7000
    parsed = _core.parse(WATER + added[:65000] + b"\n" + WATER + added)
    assert parsed["reason"].tolist() == [1, 1]
    assert parsed["size"].tolist() == [65000 + len(WATER), 65535]
    [fits] = _core.parse(WATER + added[: 11 * 5900])
    assert (fits["reason"], fits["size"]) == (0, len(WATER) + 11 * 5900)


@pytest.mark.parametrize("position", range(14))
def test_a_wrong_digit_of_the_gtin_is_found(position: int) -> None:
    for change in range(1, 10):
        code = bytearray(WATER)
        code[2 + position] = ord("0") + (code[2 + position] - ord("0") + change) % 10
        [row] = _core.parse(bytes(code))
        assert row["reason"] == Reason.CODE_GTIN_INVALID
        assert tuple(row) == twins.parse_one(bytes(code))


def identity_of(code: bytes) -> bytes:
    [row] = _core.parse(code)
    return code[: row["serial_at"] + row["serial_size"]]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_identification_code_is_read_where_it_is_asked_for_and_leads_to_its_counter(
    shape: str,
) -> None:
    kind, made_of = SHAPES[shape]
    identities = [identity_of(code) for code in emitted(kind, made_of, 7, 3)]
    text = b"\n".join(identities)
    parsed = _core.parse(text, identification=True)
    assert [tuple(row) for row in parsed] == twins.parse(text, identification=True)
    assert not parsed["reason"].any()
    assert not parsed["check_size"].any()
    assert (parsed["gtin"] == int(made_of.gtin)).all()
    counters, reasons = _core.invert(SERIAL_KEY, text, parsed, [made_of.form] * 3)
    assert counters.tolist() == [7, 8, 9]
    assert not reasons.any()
    assert (_core.parse(text)["reason"] == Reason.CODE_UNPARSABLE).all()


def test_no_identification_code_passes_for_checked() -> None:
    text = b"\n".join(identity_of(code) for code in (WATER, SHOES, BLOCK, PACK))
    parsed = _core.parse(text, identification=True)
    for kind, key in CHECK_KEYS.items():
        assert (_core.check(text, parsed, [key], [0] * 4) == Reason.CODE_FORGED).all(), kind
    public = CHECK_KEYS[twins.SIGNATURE].public_key
    reasons = _core.verify_signatures(text, parsed, [public], [0] * 4)
    assert (reasons == Reason.CODE_FORGED).all()


@pytest.mark.parametrize("size", range(4, 25))
def test_serials_alone_have_the_lengths_of_templates(size: int) -> None:
    text = b"010463633245536021" + b"x" * size
    [row] = _core.parse(text, identification=True)
    # 29 bytes are a pack, whatever they say; its GTIN is wrong here
    wrong = Reason.CODE_GTIN_INVALID if len(text) == 29 else Reason.CODE_UNPARSABLE
    assert row["reason"] == (Reason.OK if size in {6, 7, 13, 20} else wrong)
    assert tuple(row) == twins.parse_one(text, identification=True)


def test_with_identification_codes_a_code_reads_as_ever() -> None:
    text = b"\n".join([WATER, SHOES, BLOCK, PACK, WATER + b"\x1d3103000353", WATER[:-1], b"x"])
    assert (_core.parse(text, identification=True) == _core.parse(text)).all()


# The fuzz test's invariant: whatever the text, `parse` answers one row for each line, every row
# says what the twin says, and all places of a code lie within its line. It never raises anything.

_PIECES = [
    b"01", b"21", b"91", b"92", b"93", b"8005", b"\x1d", b"\x1d91", b"\x1d92", b"\x1d93", b"\n",
    b"04600439931256", b"04870000000012", b"EE05", b"112000", b"dGVz", b"A" * 44, b"A" * 88,
    b"3103000353", b"17260302", b"10LOT", b"30", b"561BtxPs9VbAP", b"5ffffff",
    WATER, SHOES, BLOCK, PACK,
]  # fmt: skip
pieces = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=3), max_size=14).map(b"".join)


@st.composite
def damaged_codes(draw: st.DrawFn) -> bytes:
    code = bytearray(draw(st.sampled_from([WATER, SHOES, BLOCK, PACK])))
    code += draw(st.sampled_from([b"", b"\x1d3103000353", b"\x1d17260302", b"\x1d10A\x1d3712"]))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(code)))
        cut = draw(st.integers(0, 2))
        code[at : at + cut] = draw(st.binary(max_size=2) | st.sampled_from(_PIECES))
    return bytes(code)


@settings(max_examples=amount(1500, 100_000))
@given(
    text=st.lists(pieces | damaged_codes(), max_size=4).map(b"\n".join),
    identification=st.booleans(),
)
@example(text=b"\n".join([WATER, SHOES, BLOCK, PACK, WATER[:31], PACK[:21]]), identification=True)
def test_parse_answers_one_true_row_for_each_line_and_never_raises(
    *, text: bytes, identification: bool
) -> None:
    parsed = _core.parse(text, identification=identification)
    assert [tuple(row) for row in parsed] == twins.parse(text, identification=identification)
    found = parsed[parsed["reason"] != Reason.CODE_UNPARSABLE].astype(
        [(name, np.int64) for name in FIELDS]
    )
    assert (found["start"] + found["size"] <= len(text)).all()
    assert (found["issued_size"] <= found["size"]).all()
    assert (found["serial_at"] + found["serial_size"] <= found["message_size"]).all()
    assert (found["message_size"] <= found["check_at"]).all()
    assert (found["check_at"] + found["check_size"] == found["issued_size"]).all()


def test_the_damage_of_the_fuzz_test_leaves_codes_and_breaks_codes() -> None:
    seen = set()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(damaged_codes())
    def look(text: bytes) -> None:
        seen.update(_core.parse(text)["reason"].tolist())

    look()
    assert seen == {Reason.OK, Reason.CODE_UNPARSABLE, Reason.CODE_GTIN_INVALID}


def test_text_is_bytes() -> None:
    with pytest.raises(TypeError):
        _core.parse(WATER.decode())
