"""A block of codes in a print-ready form, as a stream of pieces: the one door to all forms.

Whatever the form, a piece says which codes it brings, so that a print job knows what it holds and
can be made again from any code on: the same labels, at no cost.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.labels import pdf, zpl
from emitter.labels.symbols import require_drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.labels.layout import Layout

BATCH_CODES = 1000
_PIECE_BYTES = 1 << 20


class Form(enum.IntEnum):
    """What a block becomes; the numbers are wire values."""

    PNG = 1
    SVG = 2
    BITMAP = 3
    ZPL = 4
    PDF = 5
    CSV = 6
    TEXT = 7


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file, and the codes that are complete with them: ``count`` from ``first`` on.

    Of forms that are a file for each code, ``ends`` is where each file ends in ``data``.
    """

    first: int
    count: int
    data: bytes
    ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """Codes [first, first + count) of a block, ``size`` bytes each, got from ``records``."""

    layout: Layout
    records: Callable[[int, int], bytes]
    size: int
    first: int
    count: int


def require_printable(form: Form, count: int) -> None:
    """Refuse with LIMIT_EXCEEDED more labels than a file of the form holds."""
    if form is Form.PDF and count > pdf.LABELS_MAX:
        raise Refused(Reason.LIMIT_EXCEEDED, field="count", limit=pdf.LABELS_MAX)


def render(job: Job, form: Form) -> Iterator[Piece]:
    """Yield the pieces of a job in a form.

    PNG and SVG are a file for each symbol, with the module and quiet zone of the design. BITMAP is
    rows of bits without a quiet zone, the first module in the top bit, 1 dark: `layout.modules`
    rows for each code. ZPL, PDF, CSV and TEXT are one file. TEXT is one code a line exactly as it
    is (GS as byte 0x1D). CSV is RFC 4180: the head ``code`` and each code quoted. A code begins
    with a digit, so no spreadsheet takes it for a formula, as it might a serial in its own cell.
    """
    if form is Form.PDF:
        yield from _document(job)
        return
    if form is Form.ZPL:
        yield Piece(job.first, 0, zpl.prologue(job.layout))
    if form is Form.CSV:
        yield Piece(job.first, 0, b"code\r\n")
    columns = job.layout.design.columns
    step = max(1, BATCH_CODES // columns) * columns
    for first in range(job.first, job.first + job.count, step):
        count = min(step, job.first + job.count - first)
        yield _piece(job, form, first, count)
    if form is Form.ZPL:
        yield Piece(job.first + job.count, 0, zpl.epilogue(job.layout))


def _piece(job: Job, form: Form, first: int, count: int) -> Piece:
    records, size, layout = job.records(first, count), job.size, job.layout
    if form is Form.ZPL:
        return Piece(first, count, zpl.labels(layout, records, size, first + 1))
    if form is Form.BITMAP:
        rows, reasons = _core.symbols(records, size, modules=layout.modules, kind=layout.kind)
        require_drawn(reasons)
        return Piece(first, count, rows.tobytes())
    if form in {Form.PNG, Form.SVG}:
        draw = _core.symbol_pngs if form is Form.PNG else _core.symbol_svgs
        out, ends, reasons = draw(
            records,
            size,
            modules=layout.drawn_modules,
            kind=layout.kind,
            module_px=layout.px,
            quiet_zone=layout.design.symbol.quiet_zone,
        )
        require_drawn(reasons)
        return Piece(first, count, out.tobytes(), tuple(ends.tolist()))
    codes = [records[at : at + size] for at in range(0, len(records), size)]
    if form is Form.CSV:
        lines = [b'"%b"\r\n' % code.replace(b'"', b'""') for code in codes]
    else:
        lines = [code + b"\n" for code in codes]
    return Piece(first, count, b"".join(lines))


def _document(job: Job) -> Iterator[Piece]:
    """Yield a PDF; its labels are complete with the last piece."""
    data = pdf.document(job.layout, job.records, job.size, first=job.first, count=job.count)
    for at in range(0, len(data), _PIECE_BYTES):
        last = at + _PIECE_BYTES >= len(data)
        count = job.count if last else 0
        yield Piece(job.first, count, data[at : at + _PIECE_BYTES])
