"""Label designs (макеты этикеток): where the symbol and the lines of text stand, in millimetres.

A design is a TOML file that a user can write; those beside this module ship with the product:
``consumer-unit``, ``roll-of-three``, ``a4-sheet``. A design is checked when it is read, with the
name of what is wrong: everything lies on the label, no text in the quiet zone, labels on the page.
Whether a symbol fits is known with its size: see `emitter.labels.layout`.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emitter.errors import Reason, Refused

FIELDS = ("gtin", "serial", "product", "order", "number", "human", "text")
"""What a line of text shows: of the code, of the job, its running number, the code with its AIs in
brackets, or only the prefix."""

KINDS = ("auto", "gs1", "gs1-gs", "plain")
"""What a symbol is: see `emitter.labels.layout.symbol_kind`."""

DPI = {203: 203.2, 300: 300.0, 600: 600.0}
"""Resolutions of printers by their names; what is called 203 is 8 dots a millimetre."""

MODULE_MM_MIN = 0.254
"""The least module (X-dimension) that the GS1 General Specifications (5.12, symbol specification
tables of GS1 DataMatrix) give for printed labels."""

QUIET_ZONE_MIN, QUIET_ZONE_MAX = 1, 16
"""Light modules around a symbol (ISO/IEC 16022, 5.8; GS1 General Specifications 5.6)."""

LINE_STEP = 1.2
"""From one line of text to the next, in sizes of its font."""

_ROUNDING_MM = 1e-6
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """Where the symbol stands, with its quiet zone, and what it is."""

    x_mm: float
    y_mm: float
    size_mm: float
    quiet_zone: int = 2
    kind: str = "auto"
    modules: int = 0  # a side; 0 is the size that holds every code of the template
    smallest: bool = False  # each code in its own smallest size
    module_mm_min: float = MODULE_MM_MIN
    native: bool = False  # in ZPL let the printer encode (^BX)
    bitmap: bool = False  # in PDF as a one-bit image rather than as vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text: what it shows, its upper left corner, its room and the size of its font.

    What is too long is broken at spaces into up to ``lines`` lines, and cut with an ellipsis.
    """

    field: str
    x_mm: float
    y_mm: float
    width_mm: float
    size_mm: float
    lines: int = 1
    prefix: str = ""

    @property
    def height_mm(self) -> float:
        """Return the height of all its lines."""
        return self.size_mm * (1 + LINE_STEP * (self.lines - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A label, and how labels stand on a roll or a sheet."""

    name: str
    dpi: int
    width_mm: float
    height_mm: float
    symbol: Symbol
    text: tuple[Text, ...] = ()
    medium: str = "roll"
    columns: int = 1
    rows: int = 1
    gap_x_mm: float = 0.0
    gap_y_mm: float = 0.0
    margin_x_mm: float = 0.0
    margin_y_mm: float = 0.0
    page_width_mm: float = 0.0
    page_height_mm: float = 0.0
    crop_marks: bool = False
    title_en: str = ""
    title_ru: str = ""

    @property
    def across_mm(self) -> float:
        """Return how wide the labels of a row are with their gaps and margins."""
        inner = self.columns * (self.width_mm + self.gap_x_mm) - self.gap_x_mm
        return inner + 2 * self.margin_x_mm

    @property
    def down_mm(self) -> float:
        """Return how high the rows of a page are with their gaps and margins."""
        inner = self.rows * (self.height_mm + self.gap_y_mm) - self.gap_y_mm
        return inner + 2 * self.margin_y_mm

    @property
    def page_mm(self) -> tuple[float, float]:
        """Return width and height of a page; on a roll it is one row of labels."""
        if self.medium == "sheet":
            return self.page_width_mm, self.page_height_mm
        return self.across_mm, self.down_mm

    @property
    def labels_per_page(self) -> int:
        """Return the labels of a page."""
        return self.columns * self.rows


def names() -> list[str]:
    """Return the names of the designs that ship."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))


def shipped(name: str) -> Design:
    """Return a design that ships; refused with FIELD_INVALID for any other name."""
    if name not in names():
        known = ", ".join(names())
        _refuse(
            "design",
            f"one of {known}, or the text of a design file",
            f"одно из {known} или текст файла макета",
        )
    return read((Path(__file__).parent / f"{name}.toml").read_text("utf-8"), name)


def read(text: str, name: str = "design") -> Design:
    """Return the design of a TOML file; refused with FIELD_INVALID naming what is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _refuse("design", f"not TOML: {error}", f"не TOML: {error}")
    symbol = _record(Symbol, table.pop("symbol", {}), "design.symbol")
    lines = table.pop("text", [])
    if not isinstance(lines, list):
        _refuse("design.text", "a list of tables, [[text]] each", "нужен список таблиц [[text]]")
    texts = tuple(_record(Text, line, f"design.text[{index}]") for index, line in enumerate(lines))
    design = _record(Design, {**table, "name": name, "symbol": symbol, "text": texts}, "design")
    _check(design)
    return design


def _refuse(field: str, rule: str, rule_ru: str) -> Any:
    raise Refused(Reason.FIELD_INVALID, field=field, rule=rule, rule_ru=rule_ru)


def _record(kind: type[_T], table: Any, path: str) -> _T:
    """Return a table as a record: every key known, every value of its type, none missing."""
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(table, dict):
        _refuse(path, "a table", "нужна таблица")
    for key, value in table.items():
        if key not in fields:
            known = ", ".join(fields)
            _refuse(
                f"{path}.{key}",
                f"no such key; there are {known}",
                f"нет такого ключа; есть {known}",
            )
        wanted = str(fields[key].type)
        good = {
            "float": isinstance(value, (int, float)) and not isinstance(value, bool),
            "int": isinstance(value, int) and not isinstance(value, bool),
            "str": isinstance(value, str),
            "bool": isinstance(value, bool),
        }.get(wanted, True)
        if not good:
            _refuse(f"{path}.{key}", f"must be of type {wanted}", f"нужен тип {wanted}")
        if wanted in {"float", "int"} and not 0 <= value <= 10_000:
            _refuse(f"{path}.{key}", "must be from 0 to 10000", "нужно от 0 до 10000")
    for key, field in fields.items():
        if field.default is dataclasses.MISSING and key not in table:
            _refuse(f"{path}.{key}", "is missing", "не указано")
    return kind(**table)


def _check(design: Design) -> None:
    """Refuse a design whose parts do not lie where they can be printed."""
    _check_page(design)
    symbol = design.symbol
    if symbol.kind not in KINDS:
        known = ", ".join(KINDS)
        _refuse("design.symbol.kind", f"one of {known}", f"одно из {known}")
    if not QUIET_ZONE_MIN <= symbol.quiet_zone <= QUIET_ZONE_MAX:
        _refuse(
            "design.symbol.quiet_zone",
            f"from {QUIET_ZONE_MIN} to {QUIET_ZONE_MAX} modules",
            f"от {QUIET_ZONE_MIN} до {QUIET_ZONE_MAX} модулей",
        )
    if symbol.module_mm_min <= 0:
        _refuse("design.symbol.module_mm_min", "more than 0", "больше 0")
    box = (symbol.x_mm, symbol.y_mm, symbol.size_mm, symbol.size_mm)
    _check_box(design, "design.symbol", box)
    for index, text in enumerate(design.text):
        _check_text(design, f"design.text[{index}]", text, box)


def _check_page(design: Design) -> None:
    if design.dpi not in DPI:
        _refuse("design.dpi", "one of 203, 300, 600", "одно из 203, 300, 600")
    if design.medium not in {"roll", "sheet"}:
        _refuse("design.medium", "roll or sheet", "roll или sheet")
    if design.columns < 1 or design.rows < 1:
        _refuse("design.columns and rows", "1 or more", "1 или больше")
    if design.medium == "roll" and design.rows != 1:
        _refuse(
            "design.rows",
            "1 on a roll: its labels come row by row",
            "на рулоне 1: этикетки идут ряд за рядом",
        )
    if not design.width_mm or not design.height_mm:
        _refuse("design.width_mm and height_mm", "more than 0", "больше 0")
    page = design.page_mm
    if design.across_mm > page[0] + _ROUNDING_MM or design.down_mm > page[1] + _ROUNDING_MM:
        _refuse(
            "design",
            f"{design.columns} x {design.rows} labels take {design.across_mm:g} x"
            f" {design.down_mm:g} mm, the page has {page[0]:g} x {page[1]:g} mm",
            f"этикетки {design.columns} x {design.rows} занимают {design.across_mm:g} x"
            f" {design.down_mm:g} мм, а страница – {page[0]:g} x {page[1]:g} мм",
        )


def _check_text(
    design: Design, path: str, text: Text, box: tuple[float, float, float, float]
) -> None:
    if text.field not in FIELDS:
        known = ", ".join(FIELDS)
        _refuse(f"{path}.field", f"one of {known}", f"одно из {known}")
    if text.lines < 1:
        _refuse(f"{path}.lines", "1 or more", "1 или больше")
    _check_box(design, path, (text.x_mm, text.y_mm, text.width_mm, text.height_mm))
    x, y, width, height = box
    beside = text.x_mm >= x + width or text.x_mm + text.width_mm <= x
    if not beside and text.y_mm < y + height and text.y_mm + text.height_mm > y:
        _refuse(
            path,
            "must not stand on the symbol and its quiet zone",
            "не должно заходить на символ и его свободную зону",
        )


def _check_box(design: Design, path: str, box: tuple[float, float, float, float]) -> None:
    x, y, width, height = box
    if width <= 0 or height <= 0:
        _refuse(path, "needs a size above 0 mm", "нужен размер больше 0 мм")
    if x + width > design.width_mm + _ROUNDING_MM or y + height > design.height_mm + _ROUNDING_MM:
        _refuse(
            path,
            f"reaches to {x + width:g} x {y + height:g} mm, the label ends at"
            f" {design.width_mm:g} x {design.height_mm:g} mm",
            f"доходит до {x + width:g} x {y + height:g} мм, а этикетка кончается на"
            f" {design.width_mm:g} x {design.height_mm:g} мм",
        )
