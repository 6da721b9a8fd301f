"""Marking codes as GS1 DataMatrix pictures: PNG bytes, one by one or in bulk, and a folder of them.

The identification means is the code as a GS1 DataMatrix symbol (access contract 1.1.8): a square
Data Matrix ECC 200 with FNC1 in front (ISO/IEC 16022, GS1 General Specifications 5.6).
"""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from PIL import Image

from emitter import _core
from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

MODULE_PX = 4
"""Pixels of a module's side unless asked otherwise."""

QUIET_ZONE = 2
"""Modules left light around a symbol unless asked otherwise; the standards ask for one or more."""

BATCH_CODES = 1024
"""Codes drawn by one call of the core: 0.4 MB of modules for the largest codes."""

WHITE = 1
"""The light pixel of Pillow's mode "1"."""


def png(
    rows: NDArray[np.uint8], *, module_px: int = MODULE_PX, quiet_zone: int = QUIET_ZONE
) -> bytes:
    """Return one symbol as a black and white PNG.

    `rows` is one item of `_core.symbols`: (modules, row bytes), 1 dark. The picture's side is
    (modules + 2 * quiet_zone) * module_px pixels.
    """
    if module_px < 1 or quiet_zone < 0:
        raise ValueError(f"module_px {module_px} is below 1 or quiet_zone {quiet_zone} below 0")
    modules = rows.shape[0]
    side = modules + 2 * quiet_zone
    symbol = Image.frombytes("1", (modules, modules), rows.tobytes(), "raw", "1;I")
    picture = Image.new("1", (side, side), WHITE)
    picture.paste(symbol, (quiet_zone, quiet_zone))
    picture = picture.resize((side * module_px, side * module_px), Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def draw(
    codes: Sequence[bytes], *, modules: int = 0, kind: int = _core.SYMBOL_GS1
) -> Iterator[NDArray[np.uint8]]:
    """Yield the symbol of each code in order, as (modules, row bytes) packed rows.

    Neighbouring codes of one length are a lot and get symbols of one size: `modules` a side, or the
    smallest that holds all of the lot if that is 0. `kind` is one of `_core.SYMBOL_*`. A code that
    cannot be drawn is refused with CODE_UNPARSABLE or CODE_TOO_LONG when its turn comes.
    """
    for size, lot in itertools.groupby(codes, len):
        text = b"".join(lot)
        lot_modules = modules or _lot_modules(text, size, kind)
        for start in range(0, len(text), BATCH_CODES * size):
            batch = text[start : start + BATCH_CODES * size]
            rows, reasons = _core.symbols(batch, size, modules=lot_modules, kind=kind)
            for symbol, reason in zip(rows, reasons, strict=True):
                if reason:
                    raise Refused(Reason(int(reason)))
                yield symbol


def pngs(
    codes: Sequence[bytes],
    *,
    modules: int = 0,
    kind: int = _core.SYMBOL_GS1,
    module_px: int = MODULE_PX,
    quiet_zone: int = QUIET_ZONE,
) -> Iterator[bytes]:
    """Yield the PNG of each code in order; sizes and refusals as `draw`, looks as `png`."""
    for rows in draw(codes, modules=modules, kind=kind):
        yield png(rows, module_px=module_px, quiet_zone=quiet_zone)


def write_symbols(codes: Sequence[bytes], folder: Path) -> None:
    """Write the symbols of `codes` and their index into `folder`, made if it is missing.

    The files are 0001.png, 0002.png, … in the order of the codes. `index.tsv` has one line a code:
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


def _lot_modules(codes: bytes, size: int, kind: int) -> int:
    """Return the side of the smallest symbol that holds every code; 0 if there is none."""
    return int(_core.symbol_sizes(codes, size, kind=kind).max(initial=0))
