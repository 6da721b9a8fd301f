"""Tables of products: what is read from CSV and XLSX, and which row and column is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import openpyxl
import pytest

from emitter.cli.product_files import Fault, read_products, write_products
from emitter.client import Product, ProductGroup
from place import Place
from served import BIN, OTHER_BIN, gtin_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = ("gtin", "name_ru", "name_kk", "group", "tnved")
BOOTS = (gtin_of(1), "Ботинки «Қыс»; зимние", "Бәтеңке", "shoes", "6403919300")
SHIRT = (gtin_of(2), "Майка", "", "Товары лёгкой промышленности", "6109")


def csv_of(path: Path, rows: list[tuple[object, ...]], delimiter: str, encoding: str) -> Path:
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in rows]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def xlsx_of(path: Path, rows: list[tuple[object, ...]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def products(path: Path) -> list[Product]:
    found = list(read_products(path))
    assert not [item for item in found if isinstance(item, Fault)]
    return [product for _, product in found]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_table_is_read_however_it_was_saved(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    path = csv_of(tmp_path / "a.csv", [HEAD, BOOTS, SHIRT], delimiter, encoding)
    boots, shirt = products(path)
    assert (boots.gtin, boots.name_ru, boots.name_kk) == BOOTS[:3]
    assert (boots.product_group, boots.tnved_code) == (ProductGroup.PRODUCT_GROUP_SHOES, BOOTS[4])
    assert shirt.product_group == ProductGroup.PRODUCT_GROUP_LIGHT_INDUSTRY


def test_a_table_of_russian_windows_is_read(tmp_path: Path) -> None:
    head = ("ТН ВЭД", "Группа", "Наименование", "ГТИН", "Примечание")
    row = ("6109", "Обувь", "Сапоги", gtin_of(3), "что угодно")
    (found,) = products(csv_of(tmp_path / "a.csv", [head, row], ";", "cp1251"))
    assert (found.gtin, found.name_ru, found.tnved_code) == (gtin_of(3), "Сапоги", "6109")


def test_numbers_of_a_spreadsheet_get_their_zeros_back(tmp_path: Path) -> None:
    rows = [HEAD, (int(gtin_of(1)), "Молоко", None, "milk", 401201109),
            (float(gtin_of(2)), "Сыр", "", "MILK", 401), ()]  # fmt: skip
    milk, cheese = products(xlsx_of(tmp_path / "a.xlsx", rows))
    assert (milk.gtin, milk.tnved_code) == (gtin_of(1), "0401201109")
    assert (cheese.gtin, cheese.tnved_code) == (gtin_of(2), "0401")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_faults_name_row_and_column_and_harm_no_other_row(tmp_path: Path, form: str) -> None:
    good = (gtin_of(9), "Майка", "", "lp", "6109")
    rows = [HEAD, good, ("04870000000099", *good[1:]), (gtin_of(8), "", *good[2:]),
            (*good[:3], "hats", "6109"), (gtin_of(7), *good[1:4], "61090"), good,
            (gtin_of(6), *good[1:])]  # fmt: skip
    path = tmp_path / f"a.{form}"
    path = csv_of(path, rows, ";", "utf-8") if form == "csv" else xlsx_of(path, rows)
    found = list(read_products(path))
    faults = [(item.row, item.column) for item in found if isinstance(item, Fault)]
    assert faults == [(3, "gtin"), (4, "name_ru"), (5, "group"), (6, "tnved"), (7, "gtin")]
    assert [item[0] for item in found if not isinstance(item, Fault)] == [2, 8]
    assert all(str(item.row) in item.text() for item in found if isinstance(item, Fault))


@pytest.mark.parametrize(
    ("data", "wrong"),
    [(b"", "lacks|нет столбцов"), (b"gtin;name\n", "group"),
     (b"gtin;gtin;name;group;tnved", "дважды|twice"), (b'gtin;name;group;tnved\n"a', "CSV")],
)  # fmt: skip
def test_what_is_no_table_of_products_is_refused(tmp_path: Path, data: bytes, wrong: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(click.UsageError, match=wrong):
        list(read_products(path))


def test_a_damaged_xlsx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 junk")
    with pytest.raises(click.UsageError, match="XLSX"):
        list(read_products(path))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_exported_can_be_imported(tmp_path: Path, form: str) -> None:
    rows = [HEAD, BOOTS, (SHIRT[0], "=1+1", *SHIRT[2:])]
    path = csv_of(tmp_path / "in.csv", rows, ";", "utf-8")
    first = products(path)
    copy = tmp_path / f"out.{form}"
    assert write_products(copy, first) == 2
    assert products(copy) == first


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("products"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve()
    place.environment |= operator
    for bin_ in (BIN, OTHER_BIN):
        place.run("account", "register", bin_, "ТОО «Пример»", "--on", "2026-03-01")
    yield place
    assert place.stop() == 0
    place.run("check", "--copy")


def test_a_table_is_imported_by_the_command_whole_or_row_by_row(place: Place) -> None:
    rows = [HEAD, BOOTS, SHIRT, (gtin_of(3), "Сыр", "", "milk", "04")]
    csv_of(place.folder / "a.csv", rows, ";", "utf-8")
    flags = ("product", "import", "a.csv", "--bin", BIN)
    told = place.run(*flags, "--whole", code=1)
    assert "row 4, tnved" in told.stderr
    assert place.run("product", "list", "--json", "--bin", BIN).stdout == ""
    told = place.run(*flags, "--json", code=1)
    assert '"registered": 2' in told.stdout
    assert place.ask("product", "show", BOOTS[0])["name_kk"] == BOOTS[2]
    csv_of(place.folder / "b.csv", rows[:3], ";", "utf-8")
    told = place.run("product", "import", "b.csv", "--whole", "--bin", OTHER_BIN, code=1)
    assert told.stderr.count("another participant") == 2
    assert "Registered" in place.run("product", "import", "b.csv", "--whole", "--bin", BIN).stdout
    assert place.ask("product", "export", "c.xlsx", "--bin", BIN) == {"products": 2}
    assert [item.gtin for item in products(place.folder / "c.xlsx")] == [BOOTS[0], SHIRT[0]]
    assert BOOTS[0] in place.run("product", "list", "--bin", BIN).stdout
    assert place.ask("order", "expire") == {"orders": 0, "codes": 0}
    assert "Due" in place.run("overdue", "--bin", BIN).stdout
