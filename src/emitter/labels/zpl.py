"""Labels in ZPL II for Zebra's printers and those that understand them.

Symbols go as bitmaps (^GFA), dot for dot as they were drawn here. A design may say ``native`` to
have the printer encode (^BX): a quarter of the bytes, but size and encodation are then the
firmware's choice. Firmwares differ in the escape character and in how they switch modes, so the
symbol may come out larger than the layout has room for; try it on the printer that will be used.

Text that is the same on all labels is sent once as a graphic (~DG), in a font that has Kazakh
letters; what differs is ASCII and printed in the printer's own scalable font.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter import _core
from emitter.labels.picture import text_picture
from emitter.labels.symbols import require_drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from emitter.labels.designs import Text
    from emitter.labels.layout import Layout

_ESCAPED = {ord(c): f"_{ord(c):02X}" for c in "^~_\\"}
_GRAPHIC_TAIL = b"^FS"


def prologue(layout: Layout) -> bytes:
    """Return what goes before all labels: the texts that do not change, as graphics."""
    return b"".join(
        _stored(_name(index), text_picture(layout, text, text.prefix + layout.constant(text)))
        for index, text in enumerate(layout.design.text)
        if _is_constant(text)
    )


def epilogue(layout: Layout) -> bytes:
    """Return what goes after all labels: the graphics are removed from the printer's memory."""
    stored = [
        index for index, text in enumerate(layout.design.text) if _is_constant(text)
    ]
    if not stored:
        return b""
    return b"^XA" + b"".join(b"^IDR:" + _name(index) + b"^FS" for index in stored) + b"^XZ\n"


def labels(layout: Layout, records: bytes, size: int, number: int) -> bytes:
    """Return rows of labels for codes of ``size`` bytes, the first of which has ``number``.

    A multiple of the design's columns fills whole rows.
    """
    design = layout.design
    width, height = (layout.dots(mm) for mm in design.page_mm)
    out, _, reasons = _core.zpl_labels(
        records,
        size,
        [_pieces(layout, column) for column in range(design.columns)],
        head=b"^XA^PW%d^LL%d^LH0,0" % (width, height),
        tail=b"^XZ\n",
        modules=layout.drawn_modules,
        kind=layout.kind,
        module_px=layout.px,
        number=number,
    )
    require_drawn(reasons)
    return out.tobytes()


def _pieces(layout: Layout, column: int) -> Sequence[tuple[object, ...]]:
    """Return the pieces of the labels of a column."""
    left, top = layout.label_at(column)
    x, y = left + layout.at[0], top + layout.at[1]
    pieces: list[tuple[object, ...]] = []
    if layout.design.symbol.native:
        head = f"^FO{x},{y}^BXN,{layout.px},200,{layout.modules},{layout.modules},,_^FD"
        pieces += [(_core.ZPL_TEXT, head.encode()), (_core.ZPL_DATA,)]
    else:
        pieces += [(_core.ZPL_TEXT, f"^FO{x},{y}".encode()), (_core.ZPL_SYMBOL,)]
    pieces.append((_core.ZPL_TEXT, _GRAPHIC_TAIL))
    for index, text in enumerate(layout.design.text):
        at = f"^FO{left + layout.dots(text.x_mm)},{top + layout.dots(text.y_mm)}".encode()
        if _is_constant(text):
            graphic = at + b"^XGR:" + _name(index) + b",1,1" + _GRAPHIC_TAIL
            pieces.append((_core.ZPL_TEXT, graphic))
            continue
        size = layout.dots(text.size_mm)
        font = f"^A0N,{size},{size}^FH^FD{text.prefix.translate(_ESCAPED)}".encode()
        pieces.append((_core.ZPL_TEXT, at + b"^CI28" + font))
        pieces += _values(layout, text)
        pieces.append((_core.ZPL_TEXT, _GRAPHIC_TAIL))
    return pieces


def _values(layout: Layout, text: Text) -> list[tuple[object, ...]]:
    """Return the pieces of what a line shows of each code."""
    if text.field == "number":
        return [(_core.ZPL_NUMBER,)]
    parts = {name: (_core.ZPL_PART, *part) for name, part in layout.parts.items()}
    if text.field == "human":
        gtin_ai, serial_ai = layout.human_ais
        return [
            (_core.ZPL_TEXT, gtin_ai), parts["gtin"], (_core.ZPL_TEXT, serial_ai), parts["serial"]
        ]  # fmt: skip
    return [parts[text.field]]


def _is_constant(text: Text) -> bool:
    """Tell whether a text is the same on all labels of a block."""
    return text.field in {"gtin", "product", "order", "text"}


def _name(index: int) -> bytes:
    return b"TEXT%04d.GRF" % index


def _stored(name: bytes, picture: Image.Image) -> bytes:
    """Return the command that stores a picture in the printer's memory."""
    data = picture.tobytes()
    row_bytes = (picture.width + 7) // 8
    return b"~DGR:%b,%d,%d,%b\n" % (name, len(data), row_bytes, data.hex().upper().encode())
