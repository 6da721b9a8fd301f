"""Labels as PDF: sheets for office printers and print shops, pages of a roll for label printers.

ReportLab makes the file: the longest-lived PDF library of Python, BSD-licensed, embeds subsets of
TrueType fonts and has no native parts. (fpdf2 is LGPL; pikepdf edits PDF files rather than makes
them.) Symbols are vectors in whole dots of the design's resolution, or one-bit images.

ReportLab keeps a document in memory until it is finished, so one document is bounded by
`LABELS_MAX`; a larger block is printed as several ranges.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from emitter import _core
from emitter.labels.designs import LINE_STEP
from emitter.labels.fonts import FONT_FILE, FONT_NAME
from emitter.labels.layout import broken
from emitter.labels.symbols import require_drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from emitter.labels.layout import Layout

LABELS_MAX = 20_000
"""Labels of one document: about 60 MB of memory while it is made."""

_POINTS_PER_MM = 72 / 25.4
_SPARE_DOTS = 0.01  # a page is whole dots, or it is scaled to be; so also for who rounds up
_CROP_MM = 3.0  # length of a crop mark, and its distance from the label is half of it
_HAIR_POINTS = 0.25
_BATCH_CODES = 1000


def document(
    layout: Layout, records: Callable[[int, int], bytes], size: int, *, first: int, count: int
) -> bytes:
    """Return a PDF of the labels of codes [first, first + count) of a block.

    ``records(first, count)`` returns codes of ``size`` bytes; their numbers on labels are from 1.
    """
    pdfmetrics.registerFont(TTFont(FONT_NAME, str(FONT_FILE)))
    design = layout.design
    point = 72 / 25.4 / layout.dots_per_mm  # points of a dot
    width, height = ((layout.dots(mm) - _SPARE_DOTS) * point for mm in design.page_mm)
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(width, height), pageCompression=1, invariant=1)
    canvas.setTitle(f"{layout.content.gtin}: {first + 1}-{first + count}")
    for place, item in enumerate(_items(layout, records, size, first, count)):
        slot = place % design.labels_per_page
        if place and slot == 0:
            canvas.showPage()
        if slot == 0 and design.crop_marks:
            _crop_marks(canvas, layout, height)
        _label(canvas, layout, slot, height, item)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


class _Item(NamedTuple):
    """A label to draw: modules are one byte each, 1 dark."""

    number: int
    code: bytes
    modules: NDArray[np.uint8]


def _items(
    layout: Layout, records: Callable[[int, int], bytes], size: int, first: int, count: int
) -> Iterator[_Item]:
    """Yield what stands on each label."""
    for start in range(first, first + count, _BATCH_CODES):
        batch = records(start, min(_BATCH_CODES, first + count - start))
        step = len(batch) if layout.drawn_modules else size  # symbols of one size come together
        number = start
        for at in range(0, len(batch), step):
            part = batch[at : at + step]
            rows, reasons = _core.symbols(
                part, size, modules=layout.drawn_modules, kind=layout.kind
            )
            require_drawn(reasons)
            for offset, symbol in enumerate(rows):
                number += 1
                yield _Item(number, part[offset * size :][:size], _unpacked(symbol))


def _unpacked(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.unpackbits(rows, axis=1)[:, : len(rows)]


def _label(canvas: Any, layout: Layout, slot: int, page_points: float, item: _Item) -> None:
    """Draw one label in its place; PDF's y grows upwards."""
    point = 72 / 25.4 / layout.dots_per_mm  # points of a dot
    left, top = layout.label_at(slot)
    x = (left + layout.at[0]) * point
    y = page_points - (top + layout.at[1] + len(item.modules) * layout.px) * point
    draw = _bitmap if layout.design.symbol.bitmap else _vectors
    draw(canvas, item.modules, x, y, layout.px * point)
    for text in layout.design.text:
        size = text.size_mm * _POINTS_PER_MM
        canvas.setFont(FONT_NAME, size)
        lines = broken(
            layout.shown(text, item.code, item.number),
            text.lines,
            text.width_mm * _POINTS_PER_MM,
            partial(pdfmetrics.stringWidth, fontName=FONT_NAME, fontSize=size),
        )
        baseline = page_points - (top + layout.dots(text.y_mm)) * point - 0.9 * size
        for step, line in enumerate(lines):
            canvas.drawString(
                (left + layout.dots(text.x_mm)) * point, baseline - step * LINE_STEP * size, line
            )


def _vectors(canvas: Any, modules: NDArray[np.uint8], x: float, y: float, step: float) -> None:
    """Draw dark runs of a symbol as rectangles, in units of a module."""
    edges = np.diff(np.pad(modules.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    last = len(modules) - 1
    runs = [
        f"{a} {last - row} {b - a} 1 re"
        for (row, a), (_, b) in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    canvas.addLiteral(f"q {step:.6f} 0 0 {step:.6f} {x:.6f} {y:.6f} cm {' '.join(runs)} f Q")


def _bitmap(canvas: Any, modules: NDArray[np.uint8], x: float, y: float, step: float) -> None:
    """Draw a symbol as an inline one-bit image, a pixel a module."""
    side = len(modules)
    data = np.packbits(1 - modules, axis=1).tobytes().hex()
    canvas.addLiteral(
        f"q {side * step:.6f} 0 0 {side * step:.6f} {x:.6f} {y:.6f} cm"
        f" BI /W {side} /H {side} /IM true /BPC 1 /F /AHx ID {data}> EI Q"
    )


def _crop_marks(canvas: Any, layout: Layout, page_points: float) -> None:
    """Draw hair lines where the sheet is cut, outside the labels."""
    design = layout.design
    canvas.setLineWidth(_HAIR_POINTS)
    width, height = design.page_mm
    rows = range(0, design.labels_per_page, design.columns)
    edges_x = {
        layout.label_at(column)[0] / layout.dots_per_mm + side
        for column in range(design.columns)
        for side in (0, design.width_mm)
    }
    edges_y = {
        layout.label_at(row)[1] / layout.dots_per_mm + side
        for row in rows
        for side in (0, design.height_mm)
    }
    near, far = _CROP_MM / 2, _CROP_MM * 1.5
    x0, x1, y0, y1 = min(edges_x), max(edges_x), min(edges_y), max(edges_y)
    lines = [(x, y0 - far, x, y0 - near) for x in edges_x]
    lines += [(x, y1 + near, x, y1 + far) for x in edges_x]
    lines += [(x0 - far, y, x0 - near, y) for y in edges_y]
    lines += [(x1 + near, y, x1 + far, y) for y in edges_y]
    for a, b, c, d in sorted(lines):
        if 0 <= a <= width and 0 <= c <= width and 0 <= b <= height and 0 <= d <= height:
            ax, ay, bx, by = (mm * _POINTS_PER_MM for mm in (a, b, c, d))
            canvas.line(ax, page_points - ay, bx, page_points - by)
