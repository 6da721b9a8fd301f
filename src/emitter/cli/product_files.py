"""Files of products: CSV and XLSX, read row by row and written; faults name row and column.

The first row names the columns, in Russian or English and in any order. A CSV file is UTF-8, or
Windows-1251 as spreadsheets save it in Russian, with semicolons, commas or tabs between. Numbers
that a spreadsheet has made of digits get their zeros in front back.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from emitter.client import Product, ProductGroup
from emitter.errors import Refused
from emitter.language import language, t
from emitter.trade.gs1 import GTIN_SIZE, require_gtin
from emitter.trade.products import TNVED_HEADING_SIZE, TNVED_SIZE, require_tnved
from emitter.trade.templates import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

GROUP_WORDS = {
    "shoes": Group.SHOES,
    "tobacco": Group.TOBACCO,
    "pharma": Group.PHARMA,
    "tires": Group.TIRES,
    "cameras": Group.CAMERAS,
    "perfumery": Group.PERFUMERY,
    "lp": Group.LIGHT_INDUSTRY,
    "bicycles": Group.BICYCLES,
    "medical": Group.MEDICAL,
    "water": Group.WATER,
    "beer": Group.BEER,
    "milk": Group.MILK,
}
"""The word of each product group on command lines and in files."""

COLUMNS = {
    "gtin": ("gtin", "гтин", "код товара"),
    "name_ru": ("name_ru", "name", "название", "наименование"),
    "name_kk": ("name_kk", "атауы", "название на казахском"),
    "group": ("group", "product_group", "группа", "товарная группа"),
    "tnved": ("tnved", "tnved_code", "тн вэд", "тнвэд", "код тн вэд"),
}
"""The columns, each with what the first row may call it."""

_REQUIRED = ("gtin", "name_ru", "group", "tnved")
_GTIN_SIZES = (8, 12, 13, 14)
_DELIMITERS = ";\t,"
_FIELD_COLUMNS = {"tnved_code": "tnved", "product_group": "group"}

_GROUPS = GROUP_WORDS | {
    word.lower(): group
    for group in Group
    for word in (group.name, group.titles.ru, group.titles.en)
}


class FaultError(Exception):
    """What is wrong with one cell."""

    def __init__(self, column: str, sentence: str, reason: str = "FIELD_INVALID") -> None:
        super().__init__(sentence)
        self.column, self.sentence, self.reason = column, sentence, reason


class Fault(NamedTuple):
    """What is wrong with a row: its number in the file from 1, the column, why."""

    row: int
    column: str
    reason: str
    sentence: str

    def text(self) -> str:
        """Return the fault as a line for people."""
        where = t(f"строка {self.row}, столбец {self.column}", f"row {self.row}, {self.column}")
        return f"{where}: {self.sentence}"


def fault_of(row: int, refused: Refused) -> Fault:
    """Return the fault that a refusal of the server is."""
    field = refused.refusal.details.get("field", "gtin")
    column = _FIELD_COLUMNS.get(field, field)
    return Fault(row, column, refused.reason.name, refused.refusal.sentence(language()))


def read_products(path: Path) -> Iterator[tuple[int, Product] | Fault]:
    """Yield each product with the number of its row, or what is wrong with the row.

    click.UsageError for a file that is no table of products, OSError for one that does not open.
    """
    rows = _rows(path)
    columns = _columns(next(rows, []))
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, 2):
        if not any(_text(cell) for cell in cells):
            continue
        try:
            product = _product({name: cells[at] if at < len(cells) else None
                                for name, at in columns.items()})  # fmt: skip
        except FaultError as fault:
            yield Fault(number, fault.column, fault.reason, fault.sentence)
            continue
        first = seen.setdefault(product.gtin, number)
        if first == number:
            yield number, product
        else:
            sentence = t(f"этот GTIN уже есть в строке {first}", f"it stands in row {first}")
            yield Fault(number, "gtin", "GTIN_REPEATED", sentence)


def write_products(path: Path, products: Iterable[Product]) -> int:
    """Write products as a table that can be read again; return how many. By the file's suffix."""
    words = {group: word for word, group in GROUP_WORDS.items()}
    rows = ((item.gtin, item.name_ru, item.name_kk, words[Group(item.product_group)],
             item.tnved_code) for item in products)  # fmt: skip
    if path.suffix.lower() == ".xlsx":
        return _write_xlsx(path, rows)
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted
            writer.writerow(row)
    return count


def _write_xlsx(path: Path, rows: Iterable[tuple[str, ...]]) -> int:
    from openpyxl import Workbook  # noqa: PLC0415 - few verbs need it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("products")
    sheet.append(list(COLUMNS))
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - counted
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, text)
            cell.data_type = "s"  # a name that begins with "=" is no formula
            cells.append(cell)
        sheet.append(cells)
    book.save(path)
    return count


def _rows(path: Path) -> Iterator[Sequence[Any]]:
    if path.suffix.lower() == ".xlsx":
        return _xlsx_rows(path)
    return iter(_csv_rows(path))


def _xlsx_rows(path: Path) -> Iterator[Sequence[Any]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - few verbs need it

    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True, data_only=True)
            yield from book.worksheets[0].iter_rows(values_only=True)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged file raises whatever it meets
            raise click.UsageError(t(f"{path}: это не таблица XLSX ({error})",
                                     f"{path}: not an XLSX table ({error})")) from None  # fmt: skip


def _csv_rows(path: Path) -> Iterator[Sequence[Any]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", "replace")
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise click.UsageError(t(f"{path}: это не CSV ({error})",
                                 f"{path}: not CSV ({error})")) from None  # fmt: skip


def _columns(head: Sequence[Any]) -> dict[str, int]:
    """Return where each column stands; UsageError where one is missing or there twice."""
    names = {word: name for name, words in COLUMNS.items() for word in words}
    columns: dict[str, int] = {}
    for at, cell in enumerate(head):
        name = names.get(_text(cell).lower())
        if name is not None and columns.setdefault(name, at) != at:
            raise click.UsageError(t(f"столбец {name} встречается дважды",
                                     f"the column {name} is there twice"))  # fmt: skip
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        text = ", ".join(missing)
        raise click.UsageError(t(f"в первой строке нет столбцов: {text}",
                                 f"the first row lacks the columns: {text}"))  # fmt: skip
    return columns


def _product(cells: dict[str, Any]) -> Product:
    """Return the product of a row, or raise what is wrong with it."""
    gtin = _digits(cells["gtin"])
    if len(gtin) in _GTIN_SIZES:
        gtin = gtin.zfill(GTIN_SIZE)
    tnved = _digits(cells["tnved"])
    is_number = not isinstance(cells["tnved"], str)
    if is_number and len(tnved) in (TNVED_SIZE - 1, TNVED_HEADING_SIZE - 1):
        tnved = "0" + tnved
    group = _GROUPS.get(_text(cells["group"]).lower())
    try:
        require_gtin(gtin, "gtin")
        require_tnved(tnved, "tnved")
    except Refused as refused:
        fault = fault_of(0, refused)
        raise FaultError(fault.column, fault.sentence, fault.reason) from None
    if group is None:
        words = ", ".join(GROUP_WORDS)
        raise FaultError("group", t(f"нужна товарная группа: {words}", f"a product group: {words}"))
    name = _text(cells["name_ru"])
    if not name:
        raise FaultError("name_ru", t("название пусто", "the name is empty"), "FIELD_REQUIRED")
    return Product(
        gtin=gtin,
        product_group=ProductGroup.Name(group),
        tnved_code=tnved,
        name_ru=name,
        name_kk=_text(cells.get("name_kk")),
    )


def _text(cell: object) -> str:
    """Return what a cell says; a whole number has no point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _digits(cell: object) -> str:
    return _text(cell).replace(" ", "").replace("\u00a0", "")
