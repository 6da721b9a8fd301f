"""Symbols and labels: our bulk kernels beside the encoders that Python can call.

A symbol of 36 x 36 has 86 data codewords for 42 check codewords: 3,600 multiplications in GF(256),
and 1,296 modules to place, a byte of which is a look-up at best. By tables of words that is about
2,000 operations, half a microsecond; a call from Python for each symbol costs as much again. So
bulk calls in plain C can have about a million symbols a second and core, and an encoder that is
called for each symbol, builds a bitmap of it and compresses that has some thousands.

a = 85 characters, 36 x 36; b = 129 characters, 44 x 44 or 40 x 40; c = 38 characters, 22 x 22.
PNG at 4 pixels a module with a quiet zone of 2.
"""

from __future__ import annotations

import importlib
import io
import random
import warnings
from typing import TYPE_CHECKING

import pytest
from contest import bound_of, rate

from emitter import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Contest

AI_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def code(size: int, source: random.Random) -> str:
    """One code of a length, with the AIs of the templates."""

    def some(alphabet: str, count: int) -> str:
        return "".join(source.choices(alphabet, k=count))

    head = f"010467003301005321{'3' + some(AI_82, 12)}\x1d"
    if size == 38:
        return f"{head}93{some(BASE64, 4)}"
    return f"{head}91EE00\x1d92{some(BASE64, size - 41)}"


def bracketed(text: str) -> str:
    """The code as encoders take GS1 text: (01)…(21)… with square brackets."""
    head, *rest = text.split("\x1d")
    return f"[01]{head[2:16]}[21]{head[18:]}" + "".join(f"[{e[:2]}]{e[2:]}" for e in rest)


def zint_symbol(texts: list[str], *, fast: bool = False, png: bool = False) -> None:
    zint = importlib.import_module("zint")
    mode = zint.InputMode.GS1 | zint.InputMode.GS1NOCHECK
    for text in texts:
        symbol = zint.Symbol()
        symbol.symbology = zint.Symbology.DATAMATRIX
        symbol.option_3 = zint.DataMatrixOptions.SQUARE
        symbol.input_mode = mode | zint.InputMode.FAST if fast else mode
        symbol.encode(bracketed(text))
        if png:
            symbol.scale = 2
            symbol.outfile = "out.png"
            symbol.output_options |= zint.OutputOptions.BARCODE_MEMORY_FILE
            symbol.print()


def zxing_symbol(texts: list[str], *, png: bool = False) -> None:
    zxing = importlib.import_module("zxingcpp")
    image = importlib.import_module("PIL.Image")
    for text in texts:
        barcode = zxing.create_barcode(
            bracketed(text), zxing.BarcodeFormat.DataMatrix, gs1=True, forceSquare=True
        )
        if png:
            picture = image.fromarray(barcode.to_image(scale=4))
            picture.convert("1").save(io.BytesIO(), "PNG")


def libdmtx_symbol(texts: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pylibdmtx = importlib.import_module("pylibdmtx.pylibdmtx")
    for text in texts:
        pylibdmtx.encode(text.encode())


def pystrich_symbol(texts: list[str]) -> None:
    encoder = importlib.import_module("pystrich.datamatrix").DataMatrixEncoder
    for text in texts:
        encoder(text).get_imagedata(cellsize=4)


def treepoem_symbol(texts: list[str]) -> None:
    treepoem = importlib.import_module("treepoem")
    for text in texts:
        plain = bracketed(text).replace("[", "(").replace("]", ")")
        treepoem.generate_barcode("gs1datamatrix", plain, options={"dontlint": True})


PEERS: dict[str, Callable[[list[str]], None]] = {
    "zint-bindings": zint_symbol,
    "zint-bindings, FAST": lambda texts: zint_symbol(texts, fast=True),
    "zxing-cpp": zxing_symbol,
}
PNG_PEERS: dict[str, Callable[[list[str]], None]] = {
    "zint-bindings": lambda texts: zint_symbol(texts, png=True),
    "zxing-cpp and Pillow": lambda texts: zxing_symbol(texts, png=True),
    "pylibdmtx, no FNC1, no PNG": libdmtx_symbol,
    "pystrich": pystrich_symbol,
    "treepoem, with Ghostscript": treepoem_symbol,
}


def contest_of(
    contest: Contest,
    title: str,
    work: dict[str, tuple[str, Callable[[], float]]],
    peers: dict[str, Callable[[list[str]], None]],
    texts: list[str],
) -> None:
    """Measure ours and the peers that run here in one run; the first of ours against each."""
    size = len(texts[0])
    section = contest.section(f"{title}, {size} characters", bound_of(__doc__))
    racing = {name: run for name, (_, run) in work.items()}
    for name, peer in peers.items():
        try:
            peer(texts[:1])
        except Exception as error:  # noqa: BLE001 - whatever keeps a peer from running here
            section.absent(f"{name}, {size}", f"{type(error).__name__}")
            continue
        racing[name] = lambda peer=peer: rate(len(texts), lambda: peer(texts))
    samples = contest.turns(racing, 7)
    for name, sample in samples.items():
        unit = work[name][0] if name in work else "symbols/s"
        section.row(f"{name}, {size}", sample, unit)
    ours = next(iter(work))
    for name in samples.keys() - work.keys():
        section.row(f"{ours}, {size}", samples[ours], "", against=(name, samples[name]))
    floor = 25 if _core.kernel_form() == "avx512" else 4
    assert all(samples[ours].over(samples[name]) > floor for name in samples.keys() - work.keys())


@pytest.mark.parametrize(("size", "modules"), [(85, 36), (129, 44), (38, 22)])
def test_modules(contest: Contest, size: int, modules: int) -> None:
    """Module matrices."""
    source = random.Random(1)
    count = 5_000 if contest.smoke else 20_000
    texts = [code(size, source) for _ in range(count)]
    records = "".join(texts).encode()
    work = {
        "emitter, modules": ("symbols/s", lambda: rate(
            count, lambda: _core.symbols(records, size, modules=modules))),
        "emitter, smallest size": ("symbols/s", lambda: rate(
            count, lambda: _core.symbol_sizes(records, size))),
    }  # fmt: skip
    few = texts[: 200 if contest.smoke else 500]
    contest_of(contest, "DataMatrix modules", work, PEERS, few)


@pytest.mark.parametrize("size", [85, 129, 38])
def test_pictures(contest: Contest, size: int) -> None:
    """Files."""
    source = random.Random(2)
    count = 2_000 if contest.smoke else 10_000
    texts = [code(size, source) for _ in range(count)]
    records = "".join(texts).encode()
    side = int(_core.symbol_sizes(records, size).max())
    piece = [(_core.ZPL_TEXT, b"^FO10,10"), (_core.ZPL_SYMBOL,), (_core.ZPL_TEXT, b"^FS")]
    work = {
        "emitter, PNG": ("files/s", lambda: rate(
            count, lambda: _core.symbol_pngs(records, size, modules=side))),
        "emitter, ZPL": ("labels/s", lambda: rate(count, lambda: _core.zpl_labels(
            records, size, [piece], head=b"^XA", tail=b"^XZ", modules=side))),
    }  # fmt: skip
    few = texts[: 50 if contest.smoke else 200]
    contest_of(contest, "DataMatrix files", work, PNG_PEERS, few)


def test_share_of_long_codes_in_the_smaller_size() -> None:
    """Codes of 129 characters that fit 40 x 40: ours and zint's, the same codes."""
    source = random.Random(3)
    texts = [code(129, source) for _ in range(2000)]
    sides = _core.symbol_sizes("".join(texts).encode(), 129)
    assert (sides == 40).mean() >= 0.78
