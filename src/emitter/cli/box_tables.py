"""How boxes are shown to people: one of them, a list, and what lies in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emitter.cli.terminal import moment, number, print_pairs, print_table, title
from emitter.language import t
from emitter.trade.packing import BoxKind, BoxState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emitter.client import Box


def print_boxes(boxes: Iterable[Any]) -> None:
    """Print a table of boxes."""
    print_table(
        (t("Упаковка", "Box"), t("Вид", "Kind"), t("Лежит в", "Lies in"), t("Кодов", "Codes"),
         t("Упаковок", "Boxes"), t("Изменена", "Changed"), t("Состояние", "State")),
        [
            (each.box, title(BoxKind(each.kind)), " → ".join(each.around) or "–",
             number(each.total_code_count), number(each.total_box_count), moment(each.update_time),
             t("В пути", "Under way") if each.under_way else title(BoxState(each.state)))
            for each in boxes
        ],
    )  # fmt: skip


def print_items(items: Iterable[Any]) -> None:
    """Print a table of what lies in a box."""
    print_table(
        (t("Упаковка", "Box"), t("Код (КИ) или упаковка", "Identification code or box")),
        [(item.box, item.identification_code or f"[{item.inner_box}]") for item in items],
    )


def show_box(found: Box) -> None:
    """Print a box."""
    rows: Iterable[tuple[str, str]] = [
        (t("Упаковка", "Box"), found.box),
        (t("Вид", "Kind"), title(BoxKind(found.kind))),
        (t("Состояние", "State"), title(BoxState(found.state))),
        (t("Владелец", "Owner"), found.owner_bin),
        (t("Упаковал", "Packed by"), found.packer_bin),
        (t("Лежит в", "Lies in"), " → ".join(found.around)),
        (t("В пути", "Under way"), t("да", "yes") if found.under_way else ""),
        (t("Вмещает", "Holds"), number(found.capacity) if found.capacity else ""),
        (t("Коды", "Codes"), number(found.code_count)),
        (t("Упаковки", "Boxes"), number(found.box_count)),
        (t("Всего кодов", "Codes in all"), number(found.total_code_count)),
        (t("Всего упаковок", "Boxes in all"), number(found.total_box_count)),
        (t("Сформирована", "Made"), moment(found.create_time)),
        (t("Изменена", "Changed"), moment(found.update_time)),
        (t("Документ", "Document"), found.report_id),
    ]
    print_pairs([(name, text) for name, text in rows if text])
