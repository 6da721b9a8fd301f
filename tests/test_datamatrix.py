"""The DataMatrix kernels against their twin, against another encoder, and before two readers."""

from __future__ import annotations

import random
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import zint
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st

import twins_datamatrix as twin
from emitter import _core
from emitter.errors import Reason
from fuzzing import amount, seeds

with warnings.catch_warnings():
    # pylibdmtx compares versions with a class of distutils that warns; nothing of ours.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pylibdmtx import pylibdmtx

MODULES = list(twin.SIZES)
KINDS = [_core.SYMBOL_GS1, _core.SYMBOL_GS1_GS, _core.SYMBOL_PLAIN]
GS1_KINDS = KINDS[:2]

DIGITS, HEX = "0123456789", "0123456789ABCDEF"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
AI_82 = DIGITS + LETTERS + "!\"%&'()*+,-./:;<=>?_"
BASE64 = DIGITS + LETTERS + "+/"

SHAPES = {  # the templates' codes by length: fixed text and (alphabet, count) of random characters
    129: ["01", (DIGITS, 14), "213", (AI_82, 12), "\x1d91", (HEX, 4), "\x1d92", (BASE64, 88)],
    92: ["01", (DIGITS, 14), "213", (AI_82, 19), "\x1d91", (HEX, 4), "\x1d92", (BASE64, 43), "="],
    85: ["01", (DIGITS, 14), "213", (AI_82, 12), "\x1d91", (HEX, 4), "\x1d92", (BASE64, 43), "="],
    43: ["01", (DIGITS, 14), "21", (AI_82, 7), "\x1d8005", (DIGITS, 6), "\x1d93", (BASE64, 4)],
    38: ["01", (DIGITS, 14), "213", (AI_82, 12), "\x1d93", (BASE64, 4)],
    32: ["01", (DIGITS, 14), "213", (AI_82, 6), "\x1d93", (BASE64, 4)],
    31: ["01", (DIGITS, 14), "213", (AI_82, 5), "\x1d93", (BASE64, 4)],
    29: [(DIGITS, 14), (AI_82, 15)],
}

RECTANGLES = {  # rows and columns: data codewords (Table 7), in the order of the table
    (8, 18): 5, (8, 32): 10, (12, 26): 16, (12, 36): 22, (16, 36): 32, (16, 48): 49,
}  # fmt: skip

TEXTS = st.one_of(
    st.lists(st.sampled_from(twin.ALPHABET), min_size=1, max_size=400).map(bytes),
    st.text(DIGITS + "A\x1d", min_size=1, max_size=400).map(str.encode),
)


def random_code(size: int, source: random.Random) -> bytes:
    """One code of a template's shape."""
    text = ""
    for part in SHAPES[size]:
        text += part if isinstance(part, str) else "".join(source.choices(part[0], k=part[1]))
    return text.encode()


def codes_of_template(size: int, count: int, seed: int) -> list[bytes]:
    """Random codes of a template's shape."""
    source = random.Random(seed)
    return [random_code(size, source) for _ in range(count)]


def unpacked(rows: np.ndarray) -> np.ndarray:
    """The modules of packed symbols, one byte each."""
    return np.unpackbits(rows, axis=-1)[..., : rows.shape[-2]]


def draw(text: bytes, modules: int = 0, kind: int = _core.SYMBOL_GS1) -> np.ndarray:
    """The modules of one code, which must be drawable."""
    rows, reasons = _core.symbols(text, len(text), modules=modules, kind=kind)
    assert reasons.tolist() == [Reason.OK]
    return unpacked(rows)[0]


def pixels(symbol: np.ndarray, scale: int) -> np.ndarray:
    """A grey picture of modules with a quiet zone of two."""
    light = 1 - np.pad(symbol, 2)
    return np.kron(light, np.full((scale, scale), 255, np.uint8)).astype(np.uint8)


def read(symbol: np.ndarray) -> tuple[bytes, str]:
    """What zxing-cpp reads: the text and the symbology identifier."""
    found = zxingcpp.read_barcodes(
        pixels(symbol, 3), formats=zxingcpp.BarcodeFormat.DataMatrix, is_pure=True
    )
    return (found[0].bytes, found[0].symbology_identifier) if found else (b"", "")


def read_by_libdmtx(symbol: np.ndarray) -> bytes:
    """What libdmtx reads; it drops FNC1, so that separators must be GS."""
    grey = pixels(symbol, 5)
    colours = np.repeat(grey[:, :, None], 3, axis=2).tobytes()
    found = pylibdmtx.decode((colours, grey.shape[1], grey.shape[0]), max_count=1)
    return found[0].data if found else b""


def filling_text(modules: int, kind: int) -> bytes:
    """Digits that fill a symbol to its last data codeword."""
    count = twin.capacity(modules) - (kind != _core.SYMBOL_PLAIN)
    return b"".join(b"%02d" % (i * 37 % 100) for i in range(count))


RUNS = st.lists(  # what switching is for: runs of one kind of character
    st.sampled_from([DIGITS, HEX, LETTERS[:26], LETTERS[26:], BASE64, AI_82, HEX + "*/<>", "\x1d"])
    .flatmap(lambda alphabet: st.text(alphabet, min_size=1, max_size=14)),
    min_size=1,
    max_size=6,
).map(lambda parts: "".join(parts).encode())  # fmt: skip


@given(text=st.one_of(TEXTS, RUNS), kind=st.sampled_from(KINDS))
@example(text=b"0:0_0:0:0:00000::000:0:000", kind=_core.SYMBOL_GS1)  # EDIFACT, then a digit pair
@settings(max_examples=amount(200, 20_000), deadline=None)
def test_the_smallest_symbol_is_the_smallest_there_is(text: bytes, kind: int) -> None:
    [side] = _core.symbol_sizes(text, len(text), kind=kind).tolist()
    assert side == twin.smallest(text, kind)
    symbol = draw(text, kind=kind)
    assert symbol.shape == (side, side)
    if len(twin.text_codewords(text, kind)) <= twin.capacity(side):
        assert symbol.tolist() == twin.symbol(text, side, kind)
    data = twin.read_codewords(symbol.tolist())[: twin.capacity(side)]
    assert twin.decoded(data) == text


@given(text=RUNS, kind=st.sampled_from(KINDS), data=st.data())
@settings(max_examples=amount(100, 10_000), deadline=None)
def test_switched_texts_are_read_in_every_size_they_fit(
    text: bytes, kind: int, data: st.DataObject
) -> None:
    least = twin.smallest(text, kind)
    modules = data.draw(st.sampled_from([m for m in MODULES if least <= m <= least + 8]))
    symbol = draw(text, modules, kind)
    assert read(symbol) == (text, "]d1" if kind == _core.SYMBOL_PLAIN else "]d2")
    if kind != _core.SYMBOL_GS1:
        assert read_by_libdmtx(symbol) == text


@pytest.mark.parametrize("seed", seeds(1, 20))
def test_codes_of_129_characters_are_read_in_the_smallest_symbol(seed: int) -> None:
    source = random.Random(seed)
    codes = [random_code(129, source) for _ in range(1000)]
    sides = _core.symbol_sizes(b"".join(codes), 129)
    assert set(sides.tolist()) <= {40, 44}
    assert (sides == 40).mean() >= 0.78
    for code, side in zip(codes, sides.tolist(), strict=True):
        assert read(draw(code, side)) == (code, "]d2")
        assert read(draw(code)) == (code, "]d2")


def zint_gs1(code: bytes, option_2: int = 0) -> np.ndarray:
    """The modules of a code as zint draws it: the smallest square, or the size of an option."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.DATAMATRIX
    symbol.option_2 = option_2
    symbol.option_3 = zint.DataMatrixOptions.SQUARE
    symbol.input_mode = zint.InputMode.GS1 | zint.InputMode.GS1NOCHECK
    head, *elements = code.decode().split("\x1d")
    sizes = (4 if element.startswith("8005") else 2 for element in elements)
    rest = "".join(f"[{e[:n]}]{e[n:]}" for e, n in zip(elements, sizes, strict=True))
    symbol.encode(f"[01]{head[2:16]}[21]{head[18:]}{rest}")
    rows = np.frombuffer(symbol.encoded_data, np.uint8).reshape(symbol.encoded_data.shape)
    return np.unpackbits(rows, axis=1, bitorder="little")[: symbol.rows, : symbol.width]


@pytest.mark.parametrize("seed", seeds(1, 20))
@pytest.mark.parametrize("size", [size for size in SHAPES if size != 29])
def test_no_symbol_is_larger_than_another_encoders(size: int, seed: int) -> None:
    source = random.Random(seed)
    codes = [random_code(size, source) for _ in range(amount(300, 3000))]
    sides = _core.symbol_sizes(b"".join(codes), size)
    theirs = [len(zint_gs1(code)) for code in codes]
    assert (sides <= theirs).all()


@pytest.mark.parametrize(("number", "shape"), list(enumerate(RECTANGLES, start=25)))
def test_a_rectangle_is_drawn_on_request_as_another_encoder_draws_it(
    number: int, shape: tuple[int, int]
) -> None:
    rows, columns = shape
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.DATAMATRIX
    symbol.option_2 = number
    text = b"1234567890" * 10
    text = text[: 2 * RECTANGLES[shape]]
    symbol.encode(text.decode())
    [ours], reasons = _core.symbols(
        text, len(text), modules=rows, columns=columns, kind=_core.SYMBOL_PLAIN
    )
    assert reasons.tolist() == [Reason.OK]
    theirs = np.unpackbits(np.asarray(symbol.encoded_data), axis=1, bitorder="little")
    assert np.array_equal(np.unpackbits(ours, axis=1)[:, :columns], theirs[:rows, :columns])
    with pytest.raises(ValueError, match="modules"):
        _core.symbols(text, len(text), modules=rows, columns=columns + 2)


@pytest.mark.parametrize("modules", MODULES)
@given(data=st.data())
@settings(max_examples=amount(12, 1000), deadline=None)
def test_every_size_is_drawn_as_the_twin_draws_it(modules: int, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    size_max = twin.capacity(modules) - (kind != _core.SYMBOL_PLAIN)
    text = bytes(data.draw(st.lists(st.sampled_from(twin.ALPHABET), min_size=1, max_size=size_max)))
    assert draw(text, modules, kind).tolist() == twin.symbol(text, modules, kind)


def test_123456_has_the_codewords_of_the_standard() -> None:
    # ISO/IEC 16022:2006, Annex O: a 10 x 10 symbol, three data and five check codewords.
    symbol = draw(b"123456", 10, _core.SYMBOL_PLAIN)
    assert twin.read_codewords(symbol.tolist()) == [142, 164, 186, 114, 25, 5, 88, 102]


def test_a_gs1_symbol_begins_with_fnc1_and_separates_with_fnc1_or_gs() -> None:
    text = b"0104\x1d7A"
    data = {kind: twin.read_codewords(draw(text, 14, kind).tolist())[:8] for kind in KINDS}
    assert data[_core.SYMBOL_GS1][:7] == [232, 131, 134, 232, 56, 66, 129]
    assert data[_core.SYMBOL_GS1_GS][:7] == [232, 131, 134, 30, 56, 66, 129]
    assert data[_core.SYMBOL_PLAIN][:6] == [131, 134, 30, 56, 66, 129]


@pytest.mark.parametrize("modules", MODULES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_full_symbol_of_every_size_is_the_smallest_and_is_read(modules: int, kind: int) -> None:
    text = filling_text(modules, kind)
    symbol = draw(text, kind=kind)
    assert symbol.shape == (modules, modules)
    assert read(symbol) == (text, "]d1" if kind == _core.SYMBOL_PLAIN else "]d2")


@pytest.mark.parametrize("modules", MODULES)
def test_another_encoder_draws_every_size_module_for_module(modules: int) -> None:
    # zint, inside zxing-cpp; digits alone, where every encoder takes ASCII encodation.
    text = filling_text(modules, _core.SYMBOL_PLAIN)
    barcode = zxingcpp.create_barcode(
        text.decode(), zxingcpp.BarcodeFormat.DataMatrix, forceSquare=True
    )
    theirs = np.array(barcode.to_image(scale=1, add_quiet_zones=False)) == 0
    assert np.array_equal(draw(text, kind=_core.SYMBOL_PLAIN), theirs)


@pytest.mark.parametrize("seed", seeds(1, 20))
@pytest.mark.parametrize("kind", GS1_KINDS)
@pytest.mark.parametrize("size", SHAPES)
def test_codes_of_every_template_are_read_byte_for_byte(size: int, kind: int, seed: int) -> None:
    source = random.Random(seed)
    codes = [random_code(size, source) for _ in range(500)]
    rows, reasons = _core.symbols(b"".join(codes), size, kind=kind)
    assert not reasons.any()
    for code, symbol in zip(codes, unpacked(rows), strict=True):
        assert read(symbol) == (code, "]d2")


@pytest.mark.parametrize("seed", seeds(1, 20))
@pytest.mark.parametrize("size", SHAPES)
def test_a_second_reader_reads_codes_of_every_template(size: int, seed: int) -> None:
    source = random.Random(seed)
    for _ in range(10):
        code = random_code(size, source)
        assert read_by_libdmtx(draw(code, kind=_core.SYMBOL_GS1_GS)) == code


@pytest.mark.parametrize("seed", seeds(5, 100))
@pytest.mark.parametrize("modules", MODULES)
def test_half_as_many_wrong_codewords_as_check_codewords_are_mended(
    modules: int, seed: int
) -> None:
    _, blocks, check = twin.SIZES[modules]
    text = filling_text(modules, _core.SYMBOL_GS1)
    places = twin.places(twin.mapping_side(modules))
    source = random.Random(seed)
    symbol = draw(text)
    for block in range(blocks):
        # The interleaving starts anew with the check codewords (it matters in 144 x 144).
        data = range(block, twin.capacity(modules), blocks)
        members = [*data, *range(twin.capacity(modules) + block, len(places), blocks)]
        for codeword in source.sample(members, check // 2):
            for cell in places[codeword]:
                symbol[twin.module_of(modules, *cell)] ^= 1
    assert read(symbol) == (text, "]d2")


def test_one_wrong_codeword_too_many_is_noticed() -> None:
    text = filling_text(26, _core.SYMBOL_GS1)
    symbol = draw(text)
    for cells in twin.places(26 - 2)[: 28 // 2 + 1]:
        for cell in cells:
            symbol[twin.module_of(26, *cell)] ^= 1
    assert read(symbol)[0] != text


def test_a_batch_is_what_its_codes_are_alone() -> None:
    source = random.Random(7)
    codes = [random_code(85, source) for _ in range(300)]
    rows, reasons = _core.symbols(b"".join(codes), 85, modules=36)
    assert rows.shape == (300, 36, 5)
    assert not reasons.any()
    for code, symbol in zip(codes, rows, strict=True):
        assert np.array_equal(_core.symbols(code, 85, modules=36)[0][0], symbol)


def test_a_batch_takes_the_smallest_size_that_holds_all_of_it() -> None:
    assert _core.symbol_sizes(b"123456abcdef12cd56", 6).tolist() == [12, 14, 12]
    assert _core.symbols(b"123456abcdef", 6)[0].shape == (2, 14, 2)
    assert _core.symbols(b"12345612cd56", 6)[0].shape == (2, 12, 2)


@pytest.mark.parametrize("modules", MODULES)
def test_a_code_too_long_is_refused_and_its_neighbours_are_drawn(modules: int) -> None:
    fitting = filling_text(modules, _core.SYMBOL_GS1)
    long = b"a" * len(fitting)
    rows, reasons = _core.symbols(fitting + long + fitting, len(fitting), modules=modules)
    assert reasons.tolist() == [Reason.OK, Reason.CODE_TOO_LONG, Reason.OK]
    assert not rows[1].any()
    assert read(unpacked(rows)[2]) == (fitting, "]d2")


def test_more_than_the_largest_symbol_holds_is_refused() -> None:
    text = filling_text(144, _core.SYMBOL_GS1) + b"1"
    assert _core.symbol_sizes(text, len(text)).tolist() == [0]
    rows, reasons = _core.symbols(text + text[:-1] + b"a", len(text))
    assert rows.shape == (2, 10, 2)
    assert reasons.tolist() == [Reason.CODE_TOO_LONG] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_characters_that_no_code_has_are_refused(kind: int) -> None:
    texts = b"".join(bytes([ord("A"), character]) for character in range(256))
    _, reasons = _core.symbols(texts, 2, kind=kind)
    for character, reason in enumerate(reasons):
        expected = Reason.OK if character in twin.ALPHABET else Reason.CODE_UNPARSABLE
        assert reason == expected, character
    assert (_core.symbol_sizes(texts, 2, kind=kind) == 0).tolist() == (reasons != 0).tolist()


def test_of_two_reasons_the_first_of_the_table_is_given() -> None:
    _, reasons = _core.symbols(b"abcdef ", 7, modules=10)
    assert reasons.tolist() == [Reason.CODE_UNPARSABLE]


def test_no_codes_give_no_symbols() -> None:
    rows, reasons = _core.symbols(b"", 85)
    assert rows.shape == (0, 10, 2)
    assert reasons.shape == (0,)
    assert _core.symbol_sizes(b"", 85).shape == (0,)
    assert _core.symbols(b"", 85, modules=144)[0].shape == (0, 144, 18)


@pytest.mark.parametrize(
    ("codes", "size", "options"),
    [
        (b"12345", 2, {}),
        (b"12", 0, {}),
        (b"12", -1, {}),
        (b"12", 2, {"kind": 3}),
        (b"12", 2, {"kind": -1}),
        (b"12", 2, {"modules": 11}),
        (b"12", 2, {"modules": -10}),
        (b"12", 2, {"modules": 146}),
    ],
)
def test_a_programmers_error_is_a_value_error(codes: bytes, size: int, options: dict) -> None:
    with pytest.raises(ValueError, match=r"codes|kind|modules"):
        _core.symbols(codes, size, **options)


def test_threads_draw_from_one_plan() -> None:
    source = random.Random(11)
    codes = b"".join(random_code(129, source) for _ in range(500))
    expected = _core.symbols(codes, 129, modules=48)[0]
    with ThreadPoolExecutor(4) as pool:
        drawn = pool.map(lambda _: _core.symbols(codes, 129, modules=48)[0], range(8))
        assert all(np.array_equal(rows, expected) for rows in drawn)
