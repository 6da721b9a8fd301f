"""``emitter product …``: the register of products, by which orders are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.product_files import GROUP_WORDS
from emitter.cli.terminal import moment, plain, print_json, print_pairs, print_table, title
from emitter.cli.words import Group
from emitter.client import Product, ProductGroup
from emitter.language import t
from emitter.trade.templates import Group as TradeGroup

if TYPE_CHECKING:
    from emitter.cli.access import Access

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
