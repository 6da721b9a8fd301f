"""``emitter product …``: the register of products, by which orders are taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.product_files import GROUP_WORDS, Fault, fault_of, read_products, write_products
from emitter.cli.terminal import (
    moment,
    note,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    progress,
    title,
)
from emitter.cli.words import Group
from emitter.client import Product, ProductGroup, Refused
from emitter.language import t
from emitter.trade.templates import Group as TradeGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emitter.cli.access import Access
    from emitter.client import Client

_BIN = click.option(
    "--bin", "bin_", metavar="BIN", default="",
    help=t("Чьи товары: нужен оператору.", "Whose products: the operator must say."),
)  # fmt: skip


@click.group(
    cls=Group,
    help=t(
        "Реестр товаров. Коды заказываются только на зарегистрированные товары участника, "
        "по шаблонам их товарной группы.",
        "The register of products. Codes are ordered only for products of the participant, by the "
        "templates of their product group.",
    ),
    examples=(
        "emitter product add 04670033010053 --group shoes --tnved 6403919300 --name 'Ботинки'",
        "emitter product import products.xlsx",
    ),
)
def product() -> None:
    """Group the verbs."""


@product.command(
    help=t(
        "Зарегистрировать товар или изменить его данные. Группа не меняется, если коды уже "
        "заказаны. Те же данные ещё раз ничего не меняют.",
        "Register a product or change what is registered. The group stays once codes have been "
        "ordered. The same data again changes nothing.",
    ),
    examples=(
        "emitter product add 04670033010053 --group shoes --tnved 6403 --name Ботинки",
        "emitter product add 04670033010053 --group lp --tnved 6109 --name Майка --name-kk Көйлек",
    ),
)
@click.argument("gtin")
@click.option("--group", "group", type=click.Choice(sorted(GROUP_WORDS)), required=True,
              help=t("Товарная группа.", "Product group."))  # fmt: skip
@click.option("--tnved", required=True, metavar="CODE",
              help=t("Код ТН ВЭД: 10 или 4 цифры.", "TN VED code: 10 or 4 digits."))  # fmt: skip
@click.option("--name", "name_ru", required=True, metavar="TEXT",
              help=t("Название на русском.", "Name in Russian."))  # fmt: skip
@click.option("--name-kk", default="", metavar="TEXT",
              help=t("Название на казахском.", "Name in Kazakh."))  # fmt: skip
@_BIN
@with_access
@JSON
def add(
    access: Access, *, gtin: str, group: str, tnved: str, name_ru: str, name_kk: str, bin_: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Register one product."""
    wanted = Product(
        gtin=gtin,
        product_group=ProductGroup.Name(GROUP_WORDS[group]),
        tnved_code=tnved,
        name_ru=name_ru,
        name_kk=name_kk,
    )
    with access.client() as client:
        _show(client.register_product(wanted, bin=bin_), as_json=as_json)


@product.command(
    help=t("Показать товар.", "Show a product."),
    examples=("emitter product show 04670033010053",),
)
@click.argument("gtin")
@with_access
@JSON
def show(access: Access, gtin: str, *, as_json: bool) -> None:
    """Show a product."""
    with access.client() as client:
        _show(client.product(gtin), as_json=as_json)


@product.command(
    "list",
    help=t("Показать товары по GTIN.", "Show the products by GTIN."),
    examples=("emitter product list", "emitter product list --json --bin 990140000384"),
)
@_BIN
@with_access
@JSON
def list_(access: Access, bin_: str, *, as_json: bool) -> None:
    """List products; as JSON one product a line."""
    with access.client() as client:
        products = client.products(bin=bin_)
        if as_json:
            for item in products:
                print_json(plain(item))
            return
        print_table(
            ("GTIN", t("Группа", "Group"), t("ТН ВЭД", "TN VED"), t("Название", "Name")),
            [
                (item.gtin, title(TradeGroup(item.product_group)), item.tnved_code, item.name_ru)
                for item in products
            ],
        )


@product.command(
    "import",
    help=t(
        "Зарегистрировать товары из таблицы CSV или XLSX. Столбцы: gtin, name_ru, name_kk (не "
        "обязателен), group, tnved, или по-русски: ГТИН, Название, Группа, ТН ВЭД. Плохие строки "
        "называются и не мешают остальным; с --whole при любой ошибке не регистрируется ничего. "
        "Повтор с тем же файлом безопасен. Код выхода 1, если есть ошибки.",
        "Register products from a table, CSV or XLSX. Columns: gtin, name_ru, name_kk (optional), "
        "group, tnved. Bad rows are named and harm no others; with --whole nothing is registered "
        "if any is bad. A repeat with the same file is safe. The exit code is 1 if rows are bad.",
    ),
    examples=("emitter product import products.xlsx",
              "emitter product import products.csv --whole --bin 990140000384"),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--whole", is_flag=True,
              help=t("Всё или ничего.", "All or nothing."))  # fmt: skip
@_BIN
@with_access
@JSON
@click.pass_context
def import_(
    ctx: click.Context, access: Access, *, file: Path, whole: bool, bin_: str, as_json: bool
) -> None:
    """Import a table."""
    with access.client() as client:
        registered, faults = _import(client, file, bin_, whole=whole)
    if as_json:
        rows = [fault._asdict() for fault in faults]
        print_json({"registered": registered, "faults": rows})
    else:
        for fault in faults:
            note(fault.text())
        print_pairs(
            [
                (t("Зарегистрировано", "Registered"), number(registered)),
                (t("Ошибок", "Bad rows"), number(len(faults))),
            ]
        )
    ctx.exit(1 if faults else 0)


def _import(client: Client, file: Path, bin_: str, *, whole: bool) -> tuple[int, list[Fault]]:
    """Register what a file names; return how many products, and the faults in order of rows.

    With ``whole`` the file is judged by the server before anything of it is registered. What
    changes between the two is a fault of its row, and the rows before it stay.
    """
    faults: list[Fault] = []
    rows: list[int] = []

    def sound() -> Iterator[Product]:
        for item in read_products(file):
            if isinstance(item, Fault):
                faults.append(item)
            else:
                rows.append(item[0])
                yield item[1]

    def send(products: Iterable[Product], *, judge: bool) -> int:
        registered = 0
        title = t("Проверка", "Checking") if judge else t("Товары", "Products")
        with progress(title, None) as advance:
            verdicts = client.register_products(products, bin=bin_, validate_only=judge)
            for place, (_, verdict) in enumerate(verdicts):
                if isinstance(verdict, Refused):
                    faults.append(fault_of(rows[place], verdict))
                else:
                    registered += 1
                advance(1)
        return registered

    if whole:
        send(products := list(sound()), judge=True)
        registered = 0 if faults else send(products, judge=False)
    else:
        registered = send(sound(), judge=False)
    return registered, sorted(faults)


@product.command(
    help=t(
        "Сохранить товары таблицей, которую читает emitter product import. Таблицу .xlsx "
        "открывает любой редактор таблиц; .csv он может исказить (нули впереди, формулы).",
        "Save the products as a table that emitter product import reads. A spreadsheet opens .xlsx "
        "as it is; it may spoil .csv (zeros in front, formulas).",
    ),
    examples=("emitter product export products.xlsx", "emitter product export products.csv"),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_BIN
@with_access
@JSON
def export(access: Access, *, file: Path, bin_: str, as_json: bool) -> None:
    """Export a table."""
    with access.client() as client:
        count = write_products(file, client.products(bin=bin_))
    if as_json:
        print_json({"products": count})
    else:
        print_pairs([(t("Товаров", "Products"), number(count))])


def _show(item: Product, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(item))
        return
    print_pairs(
        [
            ("GTIN", item.gtin),
            (t("Название", "Name"), item.name_ru),
            (t("По-казахски", "In Kazakh"), item.name_kk or "–"),
            (t("Группа", "Group"), title(TradeGroup(item.product_group))),
            (t("Код ТН ВЭД", "TN VED code"), item.tnved_code),
            (t("Участник", "Participant"), item.bin),
            (t("Зарегистрирован", "Registered"), moment(item.create_time)),
            (t("Изменён", "Changed"), moment(item.update_time)),
        ]
    )
