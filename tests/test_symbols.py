"""Pictures of marking codes, read back."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import resvg_py
import zxingcpp
from PIL import Image

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.labels import symbols

if TYPE_CHECKING:
    from pathlib import Path

SHORT = [b"0104670033010053213AbC%03d\x1d93dE6=" % n for n in range(40)]
LONG = [b"0104670033010053213<>?_(){:%03d\x1d91EE00\x1d92" % n + b"Zz+/" * 11 for n in range(3)]


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def read(png: bytes) -> tuple[bytes, str]:
    [found] = zxingcpp.read_barcodes(
        opened(png).convert("L"), formats=zxingcpp.BarcodeFormat.DataMatrix, is_pure=True
    )
    return found.bytes, found.symbology_identifier


def test_every_code_of_a_mixed_list_is_drawn_in_order() -> None:
    codes = [*SHORT, *LONG, SHORT[0]]
    assert [read(png) for png in symbols.pngs(codes)] == [(code, "]d2") for code in codes]


def test_a_lot_has_symbols_of_one_size_unless_each_may_have_its_own() -> None:
    # The last code alone needs the larger symbol; all of its lot get it.
    codes = [b"12345678"] * symbols.BATCH_CODES + [b"aB\x1dcD\x1deF"]
    sizes = [opened(png).size for png in symbols.pngs(codes)]
    assert sizes == [((16 + 4) * 4,) * 2] * len(codes)
    sizes = [opened(png).size for png in symbols.pngs(codes, uniform=False)]
    assert sizes == [((12 + 4) * 4,) * 2] * (len(codes) - 1) + [((16 + 4) * 4,) * 2]


def test_svgs_come_in_the_same_order() -> None:
    pictures = [resvg_py.svg_to_bytes(svg_string=svg.decode()) for svg in symbols.svgs(LONG)]
    assert [read(bytes(picture)) for picture in pictures] == [(code, "]d2") for code in LONG]


def test_text_stands_under_a_symbol_and_changes_no_pixel_of_it() -> None:
    [png] = symbols.pngs([SHORT[0]])
    plain, texted = opened(png), opened(symbols.captioned(png, ["Ұялы", "SN <>?"], text_px=20))
    left = (texted.width - plain.width) // 2
    assert texted.height == plain.height + 2 * 25
    box = (left, 0, left + plain.width, plain.height)
    assert texted.crop(box).tobytes() == plain.tobytes()
    lines = 1 - np.array(texted)[plain.height :].astype(int)
    assert lines[:25].any()
    assert lines[25:].any()
    found = zxingcpp.read_barcodes(texted.convert("L"))
    assert [each.bytes for each in found] == [SHORT[0]]


def test_the_default_picture_has_four_pixels_a_module_and_a_quiet_zone_of_two() -> None:
    [png] = symbols.pngs([SHORT[0]])
    assert opened(png).size == ((20 + 2 * 2) * 4,) * 2


def test_size_and_kind_can_be_asked_for() -> None:
    [png] = symbols.pngs([SHORT[0]], modules=26, kind=_core.SYMBOL_PLAIN, quiet_zone=0)
    assert opened(png).size == (26 * 4,) * 2
    assert read(png) == (SHORT[0], "]d1")


def test_a_folder_holds_a_picture_a_code_and_an_index_of_exact_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "demo" / "symbols"
    codes = [*SHORT[:2], *LONG]
    symbols.write_symbols(codes, folder)
    names = [f"{number:04}.png" for number in range(1, 6)]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "index.tsv"]
    assert [read((folder / name).read_bytes())[0] for name in names] == codes
    lines = (folder / "index.tsv").read_bytes().splitlines(keepends=True)
    expected = zip(names, codes, strict=True)
    assert lines == [name.encode() + b"\t" + code + b"\n" for name, code in expected]


def test_no_codes_make_an_empty_index(tmp_path: Path) -> None:
    symbols.write_symbols([], tmp_path)
    assert (tmp_path / "index.tsv").read_bytes() == b""


@pytest.mark.parametrize(
    ("code", "reason"),
    [(b"0104\n", Reason.CODE_UNPARSABLE), (b"aB\x1d" * 600, Reason.CODE_TOO_LONG)],
)
def test_a_code_without_a_symbol_is_refused(code: bytes, reason: Reason, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        symbols.write_symbols([SHORT[0], code], tmp_path)
    assert refused.value.reason is reason
    assert not (tmp_path / "index.tsv").exists()


def test_a_code_too_long_for_the_size_asked_for_is_refused() -> None:
    with pytest.raises(Refused, match="CODE_TOO_LONG"):
        list(symbols.pngs(SHORT, modules=10))


@pytest.mark.parametrize("options", [{"module_px": 0}, {"quiet_zone": -1}])
def test_a_picture_without_pixels_is_a_value_error(options: dict) -> None:
    with pytest.raises(ValueError, match="module_px"):
        list(symbols.pngs(SHORT, **options))
