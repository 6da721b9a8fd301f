"""A design and a template together: dots. Whether the symbol fits, and what stands where.

Everything is laid out in whole dots of the printer, because a module of a fraction of a dot prints
as modules of unequal widths, which scanners grade down or do not read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.labels.designs import DPI
from emitter.trade.templates import Price

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.labels.designs import Design, Text
    from emitter.trade.templates import Template

_KINDS = {
    "gs1": _core.SYMBOL_GS1,
    "gs1-gs": _core.SYMBOL_GS1_GS,
    "plain": _core.SYMBOL_PLAIN,
}
_MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the labels of a block show beside the codes."""

    template: Template
    gtin: str
    product: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A design for the codes of one template, in dots.

    ``px``: dots of a module. ``modules``: side of the largest symbol. ``at``: upper left corner of
    the symbol itself, inside its quiet zone, from that of the label.
    """

    design: Design
    content: Content
    kind: int
    modules: int
    px: int
    at: tuple[int, int]

    @property
    def dots_per_mm(self) -> float:
        """Return the resolution."""
        return DPI[self.design.dpi] / _MM_PER_INCH

    @property
    def module_mm(self) -> float:
        """Return the module (X-dimension)."""
        return self.px / self.dots_per_mm

    @property
    def drawn_modules(self) -> int:
        """Return the size to draw: 0 where each code has its own."""
        return 0 if self.design.symbol.smallest else self.modules

    def dots(self, mm: float) -> int:
        """Return a length in whole dots."""
        return round(mm * self.dots_per_mm)

    def label_at(self, place: int) -> tuple[int, int]:
        """Return where a label stands on its page, counted row by row from 0."""
        design = self.design
        row, column = divmod(place, design.columns)
        x_mm = design.margin_x_mm + column * (design.width_mm + design.gap_x_mm)
        y_mm = design.margin_y_mm + row * (design.height_mm + design.gap_y_mm)
        return self.dots(x_mm), self.dots(y_mm)

    @property
    def parts(self) -> dict[str, tuple[int, int]]:
        """Return where what a line of text shows stands in a code: (start, size)."""
        template = self.content.template
        gtin_at = template.pattern.index(b"%(gtin)b")
        return {
            "gtin": (gtin_at, 14),
            "serial": (template.serial_at, template.serial_size),
        }

    def shown(self, text: Text, code: bytes, number: int) -> str:
        """Return a line of text for a code and its number."""
        parts = self.parts
        match text.field:
            case "gtin" | "serial":
                start, size = parts[text.field]
                value = code[start : start + size].decode("ascii")
            case "human":
                value = self.human(code)
            case _:
                value = self.constant(text) or (str(number) if text.field == "number" else "")
        return text.prefix + value

    def constant(self, text: Text) -> str:
        """Return what a line shows beside its prefix if it is the same for all codes, else ''."""
        return {
            "gtin": self.content.gtin,
            "product": self.content.product,
            "order": self.content.order,
        }.get(text.field, "")

    def human(self, code: bytes) -> str:
        """Return GTIN and serial with their AIs in brackets; a code without AIs as it is."""
        gtin, serial = (code[start : start + size] for start, size in self.parts.values())
        gtin_ai, serial_ai = self.human_ais
        return (gtin_ai + gtin + serial_ai + serial).decode("ascii")

    @property
    def human_ais(self) -> tuple[bytes, bytes]:
        """Return what stands in front of GTIN and serial for people."""
        if self.content.template.price is Price.PACK:
            return b"", b""
        return b"(01)", b"(21)"


def broken(line: str, lines: int, width: float, measure: Callable[[str], float]) -> list[str]:
    """Return a line broken at spaces into up to ``lines`` that fit; the last is cut if it must be.

    ``measure`` returns the width of a text.
    """
    words = line.split(" ")
    made: list[str] = []
    while words and len(made) < lines:
        count = len(words)
        if len(made) + 1 < lines:
            while count > 1 and measure(" ".join(words[:count])) > width:
                count -= 1
        made.append(_cut(" ".join(words[:count]), width, measure))
        del words[:count]
    return made


def _cut(line: str, width: float, measure: Callable[[str], float]) -> str:
    if measure(line) <= width:
        return line
    while line and measure(line + "…") > width:
        line = line[:-1]
    return line.rstrip() + "…"


def symbol_kind(name: str, template: Template) -> int:
    """Return `_core.SYMBOL_*` of a design's word for a template.

    ``auto`` is GS1 DataMatrix ("]d2") for codes of AIs, and plain ECC 200 ("]d1") for a tobacco
    pack: its 29 characters begin with the digits of a GTIN, not with an AI, so FNC1 in front would
    promise element strings that are not there, and a scanner that obeys it would take them apart
    wrongly. Packs on the market carry plain symbols.
    """
    if name == "auto":
        return _core.SYMBOL_PLAIN if template.price is Price.PACK else _core.SYMBOL_GS1
    return _KINDS[name]


def fit(design: Design, content: Content) -> Layout:
    """Lay a design out for a template.

    A module gets as many whole dots as the room of the symbol holds. Refused with LABEL_TOO_SMALL
    if that is less than the least module, and with FIELD_INVALID for a size that is none.
    """
    symbol = design.symbol
    kind = symbol_kind(symbol.kind, content.template)
    modules = symbol.modules or largest_modules(content.template, kind)
    if not _is_size(modules):
        raise Refused(
            Reason.FIELD_INVALID,
            field="design.symbol.modules",
            rule="no side of a square symbol",
            rule_ru="такой стороны у квадратного символа нет",
        )
    dots_per_mm = DPI[design.dpi] / _MM_PER_INCH
    side = modules + 2 * symbol.quiet_zone
    room = math.floor(symbol.size_mm * dots_per_mm + 1e-6)
    px = min(room // side, _core.SYMBOL_PX_MAX)
    least = math.ceil(symbol.module_mm_min * dots_per_mm - 1e-6)
    if px < least:
        raise Refused(
            Reason.LABEL_TOO_SMALL,
            modules=modules,
            dpi=design.dpi,
            needed_mm=f"{math.ceil(side * least / dots_per_mm * 100) / 100:g}",
            given_mm=f"{symbol.size_mm:g}",
        )
    inset = (room - side * px) // 2 + symbol.quiet_zone * px
    at = (
        round(symbol.x_mm * dots_per_mm) + inset,
        round(symbol.y_mm * dots_per_mm) + inset,
    )
    return Layout(design, content, kind, modules, px, at)


def largest_modules(template: Template, kind: int) -> int:
    """Return the side of the square that holds every code of a template.

    Tried with a code that no switching of encodation shortens: all labels of a template are then of
    one size, whichever part of a block they are printed from.
    """
    price = None if template.price is Price.NONE else template.price_limit
    code = bytearray(template.record(0, 0xFFFF, price).record)
    for start, size in (
        (template.serial_at, template.serial_size),
        (template.check_at, template.size - template.check_at),
    ):
        code[start : start + size] = (b"a!" * size)[:size]
    return int(_core.symbol_sizes(bytes(code), len(code), kind=kind)[0])


def _is_size(modules: int) -> bool:
    try:
        _core.symbols(b"", 1, modules=modules)
    except ValueError:
        return False
    return True
