"""Marking codes as GS1 DataMatrix pictures: PNG and SVG files in bulk, and a folder of them.

The identification means is the code as a GS1 DataMatrix symbol (access contract 1.1.8): a square
Data Matrix ECC 200 with FNC1 in front (ISO/IEC 16022, GS1 General Specifications 5.6). The core
makes the files; Pillow only adds text where it is asked for.
"""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.labels.fonts import FONT_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

MODULE_PX = 4
"""Pixels of a module's side unless asked otherwise."""

QUIET_ZONE = 2
"""Modules left light around a symbol unless asked otherwise; the standards ask for one or more."""

BATCH_CODES = 1024
"""Codes drawn by one call of the core: about a megabyte of pictures."""


def pngs(
    codes: Sequence[bytes],
    *,
    modules: int = 0,
    uniform: bool = True,
    kind: int = _core.SYMBOL_GS1,
    module_px: int = MODULE_PX,
    quiet_zone: int = QUIET_ZONE,
) -> Iterator[bytes]:
    """Yield each code in order as a black and white PNG file.

    Neighbouring codes of one length are a lot: all of it gets symbols of one size, ``modules`` a
    side or the smallest that holds the whole lot; with ``uniform`` false each code gets its own
    smallest size. ``kind`` is one of `_core.SYMBOL_*`. A code that cannot be drawn is refused with
    CODE_UNPARSABLE or CODE_TOO_LONG when its turn comes.
    """
    options = {"kind": kind, "module_px": module_px, "quiet_zone": quiet_zone}
    yield from _files(_core.symbol_pngs, codes, modules=modules, uniform=uniform, options=options)


def svgs(
    codes: Sequence[bytes],
    *,
    modules: int = 0,
    uniform: bool = True,
    kind: int = _core.SYMBOL_GS1,
    module_px: int = MODULE_PX,
    quiet_zone: int = QUIET_ZONE,
) -> Iterator[bytes]:
    """Yield each code in order as an SVG file; sizes and refusals as `pngs`."""
    options = {"kind": kind, "module_px": module_px, "quiet_zone": quiet_zone}
    yield from _files(_core.symbol_svgs, codes, modules=modules, uniform=uniform, options=options)


def captioned(png: bytes, lines: Sequence[str], *, text_px: int) -> bytes:
    """Return a PNG with lines of human-readable text under it, ``text_px`` pixels high each.

    The picture grows in height, and in width where a line needs it; the symbol stays in the middle,
    pixel for pixel.
    """
    symbol = Image.open(io.BytesIO(png))
    font = ImageFont.truetype(FONT_FILE, text_px)
    widths = [font.getlength(line) for line in lines]
    width = max(symbol.width, *(int(each) + 2 * text_px for each in widths))
    picture = Image.new("1", (width, symbol.height + len(lines) * (text_px * 5 // 4)), 1)
    picture.paste(symbol, ((width - symbol.width) // 2, 0))
    pen = ImageDraw.Draw(picture)
    for number, (line, length) in enumerate(zip(lines, widths, strict=True)):
        top = symbol.height + number * (text_px * 5 // 4)
        at = ((width - length) / 2, top)
        pen.text(at, line, font=font, fill=0)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def write_symbols(codes: Sequence[bytes], folder: Path) -> None:
    """Write the symbols of `codes` and their index into `folder`, made if it is missing.

    The files are 0001.png, 0002.png, … in the order of the codes. `index.tsv` has a line a code:
    file name, tab, the code exactly as it is (GS as byte 0x1D, no header, no quoting). It is
    written last, so that it names only files that are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digits = max(4, len(str(len(codes))))
    lines = []
    for number, (code, picture) in enumerate(zip(codes, pngs(codes), strict=True), start=1):
        name = f"{number:0{digits}}.png"
        (folder / name).write_bytes(picture)
        lines.append(name.encode() + b"\t" + code + b"\n")
    (folder / "index.tsv").write_bytes(b"".join(lines))


def lot_modules(records: bytes, size: int, kind: int = _core.SYMBOL_GS1) -> int:
    """Return the side of the smallest symbol that holds every code; 0 if there is none."""
    return int(_core.symbol_sizes(records, size, kind=kind).max(initial=0))


def require_drawn(reasons: NDArray[np.uint8]) -> None:
    """Refuse the first code of a batch that could not be drawn."""
    refused = reasons[reasons != 0]
    if len(refused):
        raise Refused(Reason(int(refused[0])))


def pieces(out: NDArray[np.uint8], ends: NDArray[np.int64]) -> Iterator[bytes]:
    """Yield the pieces of a buffer, each from the end of the one before to its own."""
    view, start = out.data, 0
    for end in ends.tolist():
        yield bytes(view[start:end])
        start = end


def _files(
    draw: Callable[..., tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]]],
    codes: Sequence[bytes],
    *,
    modules: int,
    uniform: bool,
    options: dict[str, int],
) -> Iterator[bytes]:
    """Yield the files of a drawing function of the core, lot by lot and batch by batch."""
    for size, lot in itertools.groupby(codes, len):
        records = b"".join(lot)
        side = modules or (lot_modules(records, size, options["kind"]) if uniform else 0)
        for start in range(0, len(records), BATCH_CODES * size):
            batch = records[start : start + BATCH_CODES * size]
            out, ends, reasons = draw(batch, size, modules=side, **options)
            for file, reason in zip(pieces(out, ends), reasons.tolist(), strict=True):
                if reason:
                    raise Refused(Reason(reason))
                yield file
