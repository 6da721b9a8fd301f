"""``emitter alerts``: who has sent more wrong four-character checks than is allowed (operator)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.terminal import moment, number, plain, print_json, print_table, say, word
from emitter.cli.words import Command
from emitter.language import t

if TYPE_CHECKING:
    from emitter.cli.access import Access

_KINDS = {
    "PARTICIPANT": t("участник", "participant"),
    "CALLER": t("адрес", "address"),
    "GTIN": "GTIN",
}


@click.command(
    cls=Command,
    help=t(
        "Показать, кто превысил предел неверных четырёхсимвольных проверок с запуска сервера: "
        "участники, адреса открытой формы, GTIN. Последние – первыми (оператор).",
        "Show who went beyond the limit of wrong four-character checks since the server was "
        "started: participants, addresses of the public form, GTINs. The latest first (operator).",
    ),
    examples=("emitter alerts", "emitter alerts --json"),
)
@with_access
@JSON
def alerts(access: Access, *, as_json: bool) -> None:
    """Show the alerts."""
    with access.client() as client:
        found = client.check_alerts()
    if as_json:
        print_json([plain(alert) for alert in found])
        return
    if not found:
        say(t("Превышений нет.", "Nobody went beyond a limit."))
        return
    print_table(
        (
            t("Кто", "Who"),
            t("Значение", "Value"),
            t("Впервые", "First"),
            t("Последний раз", "Last"),
            t("Неверных", "Wrong"),
            t("Без ответа", "Withheld"),
        ),
        [
            (
                _KINDS[word(alert, "kind")],
                alert.subject,
                moment(alert.first_time),
                moment(alert.last_time),
                number(alert.wrong),
                number(alert.withheld),
            )
            for alert in found
        ],
    )
