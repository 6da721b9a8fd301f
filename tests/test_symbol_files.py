"""Symbols as files made in the core: PNG, SVG and ZPL, taken apart again by others."""

from __future__ import annotations

import io
import random
import re
import zlib

import numpy as np
import pytest
import resvg_py
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emitter import _core
from emitter.errors import Reason
from fuzzing import amount, seeds
from test_datamatrix import MODULES, RECTANGLES, SHAPES, filling_text, random_code, unpacked

ZPL_GFA = re.compile(rb"\^GFA,(\d+),(\d+),(\d+),([0-9A-F:]+)")


def codes_of(size: int, count: int, seed: int = 1) -> list[bytes]:
    source = random.Random(seed)
    return [random_code(size, source) for _ in range(count)]


def files(answer: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[bytes]:
    out, ends, reasons = answer
    assert not reasons.any()
    starts = [0, *ends.tolist()]
    return [out[a:b].tobytes() for a, b in zip(starts, ends.tolist(), strict=False)]


def read(picture: Image.Image) -> tuple[bytes, str]:
    [found] = zxingcpp.read_barcodes(
        picture.convert("L"), formats=zxingcpp.BarcodeFormat.DataMatrix, is_pure=True
    )
    return found.bytes, found.symbology_identifier


def pixels_of(png: bytes) -> np.ndarray:
    """The dark pixels of a PNG as Pillow reads it; every checksum of the file must be right."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, names = 8, b"", []
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        chunk = png[at + 4 : at + 8 + size]
        assert zlib.crc32(chunk) == int.from_bytes(png[at + 8 + size : at + 12 + size])
        names.append(chunk[:4])
        data += chunk[4:] if chunk[:4] == b"IDAT" else b""
        at += 12 + size
    assert names == [b"IHDR", b"IDAT", b"IEND"]
    picture = Image.open(io.BytesIO(png))
    rows = np.frombuffer(zlib.decompress(data), np.uint8)  # which compares the Adler checksum
    assert len(rows) == picture.height * (1 + (picture.width + 7) // 8)
    assert picture.mode == "1"
    return 1 - np.array(picture).astype(np.uint8)


def enlarged(modules: np.ndarray, px: int, quiet: int) -> np.ndarray:
    return np.kron(np.pad(modules, quiet), np.ones((px, px), np.uint8))


@given(
    modules=st.sampled_from(MODULES),
    px=st.integers(1, _core.SYMBOL_PX_MAX),
    quiet=st.integers(0, _core.SYMBOL_QUIET_ZONE_MAX),
)
@settings(max_examples=amount(60, 3000), deadline=None)
def test_a_png_has_each_module_in_whole_pixels(modules: int, px: int, quiet: int) -> None:
    text = filling_text(modules, _core.SYMBOL_GS1)
    [png] = files(
        _core.symbol_pngs(text, len(text), modules=modules, module_px=px, quiet_zone=quiet)
    )
    [rows], _ = _core.symbols(text, len(text), modules=modules)
    assert np.array_equal(pixels_of(png), enlarged(unpacked(rows), px, quiet))


@pytest.mark.parametrize("seed", seeds(1, 20))
@pytest.mark.parametrize("size", SHAPES)
def test_pngs_and_svgs_of_every_template_are_read(size: int, seed: int) -> None:
    codes = codes_of(size, 100, seed)
    for code, png in zip(codes, files(_core.symbol_pngs(b"".join(codes), size)), strict=True):
        assert read(Image.open(io.BytesIO(png))) == (code, "]d2")
    for code, svg in zip(codes, files(_core.symbol_svgs(b"".join(codes), size)), strict=True):
        picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg.decode()))))
        assert read(picture) == (code, "]d2")


def test_an_svg_is_the_symbol_when_it_is_rendered() -> None:
    for size in (38, 85, 129):
        [code] = codes_of(size, 1)
        [svg] = files(_core.symbol_svgs(code, size, module_px=3, quiet_zone=1))
        picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg.decode()))))
        [rows], _ = _core.symbols(code, size)
        dark = (np.array(picture.convert("L")) < 128).astype(np.uint8)
        assert np.array_equal(dark, enlarged(unpacked(rows), 3, 1))


def test_each_code_gets_its_own_smallest_size_or_all_get_one() -> None:
    codes = codes_of(129, 300)
    sides = _core.symbol_sizes(b"".join(codes), 129).tolist()
    assert set(sides) == {40, 44}
    for png, side in zip(files(_core.symbol_pngs(b"".join(codes), 129)), sides, strict=True):
        assert Image.open(io.BytesIO(png)).size == ((side + 4) * 4,) * 2
    for png in files(_core.symbol_pngs(b"".join(codes), 129, modules=44)):
        assert Image.open(io.BytesIO(png)).size == (48 * 4,) * 2


@pytest.mark.parametrize("shape", RECTANGLES)
def test_a_rectangle_makes_a_rectangular_picture_that_is_read(shape: tuple[int, int]) -> None:
    rows, columns = shape
    text = b"12" * (RECTANGLES[shape] - 1)
    [png] = files(_core.symbol_pngs(text, len(text), modules=rows, columns=columns))
    picture = Image.open(io.BytesIO(png))
    assert picture.size == ((columns + 4) * 4, (rows + 4) * 4)
    assert read(picture) == (text, "]d2")


def test_a_refused_code_has_no_bytes_and_its_neighbours_are_drawn() -> None:
    codes = [b"12345678", b"1234\n678", b"aBcDeFgH"]
    for draw in (_core.symbol_pngs, _core.symbol_svgs):
        out, ends, reasons = draw(b"".join(codes), 8)
        assert reasons.tolist() == [Reason.OK, Reason.CODE_UNPARSABLE, Reason.OK]
        assert 0 < ends[0] == ends[1] < ends[2] == len(out)
    _, ends, reasons = _core.symbol_pngs(b"".join(codes), 8, modules=10)
    assert reasons.tolist()[2] == Reason.CODE_TOO_LONG


def dots(label: bytes) -> list[np.ndarray]:
    """The bitmaps of a label's graphic fields, as a printer reads them."""
    bitmaps = []
    for total, again, row_bytes, digits in ZPL_GFA.findall(label):
        lines: list[bytes] = []
        at = 0
        while at < len(digits):
            if digits[at : at + 1] == b":":
                lines.append(lines[-1])
                at += 1
            else:
                lines.append(bytes.fromhex(digits[at : at + 2 * int(row_bytes)].decode()))
                at += 2 * int(row_bytes)
        assert total == again
        assert len(b"".join(lines)) == int(total)
        bitmaps.append(np.unpackbits(np.frombuffer(b"".join(lines), np.uint8)).reshape(
            len(lines), -1))  # fmt: skip
    return bitmaps


@given(size=st.sampled_from(list(SHAPES)), px=st.integers(1, 30), across=st.integers(1, 4))
@settings(max_examples=amount(40, 2000), deadline=None)
def test_zpl_bitmaps_are_the_symbols_dot_for_dot(size: int, px: int, across: int) -> None:
    codes = codes_of(size, 7, px)
    piece = [(_core.ZPL_TEXT, b"^FO1,2"), (_core.ZPL_SYMBOL,), (_core.ZPL_TEXT, b"^FS")]
    labels = files(
        _core.zpl_labels(
            b"".join(codes), size, [piece] * across, head=b"^XA", tail=b"^XZ", module_px=px
        )
    )
    assert len(labels) == -(-7 // across)
    assert all(label.startswith(b"^XA") and label.endswith(b"^XZ") for label in labels)
    bitmaps = [bitmap for label in labels for bitmap in dots(label)]
    for code, bitmap in zip(codes, bitmaps, strict=True):
        [rows], _ = _core.symbols(code, size)
        expected = enlarged(unpacked(rows), px, 0)
        assert np.array_equal(bitmap[:, : expected.shape[1]], expected)
        assert not bitmap[:, expected.shape[1] :].any()


def test_a_label_has_parts_of_its_code_and_its_number() -> None:
    codes = [b"0104670033010053213AbC_^~%d\x1d93dE6=" % n for n in range(3)]
    pieces = [(_core.ZPL_PART, 16, 12), (_core.ZPL_TEXT, b" no. "), (_core.ZPL_NUMBER,)]
    labels = files(_core.zpl_labels(b"".join(codes), len(codes[0]), [pieces], number=1204))
    assert labels == [b"213AbC_5F_5E_7E%d_1D9 no. %d" % (n, 1204 + n) for n in range(3)]


def test_data_for_the_printers_own_encoder_is_escaped() -> None:
    code = b"0104670033010053213A_C\x1d93dE6="
    for kind, text in (
        (_core.SYMBOL_GS1, b"_10104670033010053213A__C_193dE6="),
        (_core.SYMBOL_GS1_GS, b"_10104670033010053213A__C_d02993dE6="),
        (_core.SYMBOL_PLAIN, b"0104670033010053213A__C_d02993dE6="),
    ):
        assert files(_core.zpl_labels(code, len(code), [[(_core.ZPL_DATA,)]], kind=kind)) == [text]


@pytest.mark.parametrize(
    "options",
    [{"module_px": 0}, {"module_px": 31}, {"quiet_zone": -1}, {"quiet_zone": 17}, {"modules": 11}],
)
def test_a_picture_that_cannot_be_is_a_value_error(options: dict) -> None:
    for draw in (_core.symbol_pngs, _core.symbol_svgs):
        with pytest.raises(ValueError, match=r"module"):
            draw(b"1234", 4, **options)


@pytest.mark.parametrize("columns", [[], [[(9,)]], [[(2, 0, 5)]], [[(2, -1, 2)]], [[(1,)], []]])
def test_a_design_that_cannot_be_is_a_value_error(columns: list) -> None:
    with pytest.raises(ValueError, match=r"piece|part"):
        _core.zpl_labels(b"1234", 4, columns)


def test_no_codes_make_no_files() -> None:
    for draw in (_core.symbol_pngs, _core.symbol_svgs):
        out, ends, reasons = draw(b"", 85)
        assert (len(out), len(ends), len(reasons)) == (0, 0, 0)
    assert len(_core.zpl_labels(b"", 85, [[(_core.ZPL_SYMBOL,)]])[0]) == 0
