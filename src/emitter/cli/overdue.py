"""``emitter overdue``: codes that were not put on goods in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.terminal import day, moment, number, plain, print_json, print_table
from emitter.cli.words import Command
from emitter.language import t

if TYPE_CHECKING:
    from emitter.cli.access import Access


@click.command(
    cls=Command,
    help=t(
        "Показать просроченные коды: блоки, коды которых не нанесены за 30 рабочих дней со дня "
        "выгрузки. Нанесение – отчёт о нанесении или ввод в оборот; для обуви и лёгкой "
        "промышленности только ввод в оборот.",
        "Show overdue codes: blocks whose codes were not put on goods within 30 working days of "
        "their delivery. What counts is a report of utilisation or the introduction; for footwear "
        "and light industry the introduction alone.",
    ),
    examples=("emitter overdue", "emitter overdue --bin 990140000384 --json"),
)
@click.option("--bin", "bin_", metavar="BIN", default="",
              help=t("Чьи коды: нужен оператору.",
                     "Whose codes: the operator must say."))  # fmt: skip
@with_access
@JSON
def overdue(access: Access, bin_: str, *, as_json: bool) -> None:
    """List overdue blocks; as JSON one block a line."""
    with access.client() as client:
        blocks = client.overdue_blocks(bin=bin_)
        if as_json:
            for item in blocks:
                print_json(plain(item))
            return
        print_table(
            (t("Срок", "Due"), "GTIN", t("Не нанесено", "Not applied"), t("Из", "Of"),
             t("Выгружен", "Delivered"), t("Блок", "Block"), t("Заявка", "Order")),
            [
                (day(item.due_date), item.block.gtin, number(item.not_applied_quantity),
                 number(item.block.quantity), moment(item.block.deliver_time),
                 item.block.block_id, item.block.order_id)
                for item in blocks
            ],
        )  # fmt: skip
