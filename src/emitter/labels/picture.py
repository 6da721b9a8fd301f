"""Labels as pictures in the dots of their printer: text as bitmaps, and the preview of a design."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from emitter import _core
from emitter.labels.designs import LINE_STEP
from emitter.labels.fonts import FONT_FILE
from emitter.labels.layout import broken
from emitter.labels.symbols import require_drawn
from emitter.trade.templates import Price

if TYPE_CHECKING:
    from emitter.labels.designs import Text
    from emitter.labels.layout import Content, Layout

_SAMPLE_KEY = 0
_SAMPLE_SERIAL = b"SAMPLE-0123456789-ABC"


def text_picture(layout: Layout, text: Text, line: str) -> Image.Image:
    """Return a text in its room as dots, dark ones set (1)."""
    size = layout.dots(text.size_mm)
    font = ImageFont.truetype(FONT_FILE, size)
    height = size * 5 // 4 + round((text.lines - 1) * LINE_STEP * size)
    picture = Image.new("1", (layout.dots(text.width_mm), height), 0)
    pen = ImageDraw.Draw(picture)
    for step, part in enumerate(broken(line, text.lines, picture.width, font.getlength)):
        pen.text((0, round(step * LINE_STEP * size)), part, font=font, fill=1)
    return picture


def label(layout: Layout, code: bytes, number: int) -> bytes:
    """Return one label as a PNG, a pixel a dot."""
    design = layout.design
    picture = Image.new("1", (layout.dots(design.width_mm), layout.dots(design.height_mm)), 1)
    rows, reasons = _core.symbols(code, len(code), modules=layout.drawn_modules, kind=layout.kind)
    require_drawn(reasons)
    modules = rows.shape[1]
    symbol = Image.frombytes("1", (modules, modules), rows.tobytes(), "raw", "1;I")
    side = modules * layout.px
    picture.paste(symbol.resize((side, side), Image.Resampling.NEAREST), layout.at)
    for text in design.text:
        ink = text_picture(layout, text, layout.shown(text, code, number))
        picture.paste(0, (layout.dots(text.x_mm), layout.dots(text.y_mm)), ink)
    file = io.BytesIO()
    picture.save(file, "PNG", dpi=(design.dpi, design.dpi))
    return file.getvalue()


def sample_code(content: Content) -> bytes:
    """Return a code of a template that nobody issued: for previews."""
    template = content.template
    price = None if template.price is Price.NONE else 0
    code = bytearray(template.record(int(content.gtin), _SAMPLE_KEY, price).record)
    start, size = template.serial_at, template.serial_size
    code[start : start + size] = _SAMPLE_SERIAL[:size]
    return bytes(code)
