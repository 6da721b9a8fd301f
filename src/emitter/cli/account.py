"""``emitter account …``: participants, their money and their access."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.terminal import (
    day,
    kzt,
    moment,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    title,
)
from emitter.cli.tokens import revoke_token, token, tokens
from emitter.cli.values import Amount, Day
from emitter.cli.words import Group
from emitter.language import t
from emitter.trade.calendar import civil_date
from emitter.trade.ledger import MovementKind

if TYPE_CHECKING:
    import datetime as dt

    from emitter.cli.access import Access
    from emitter.client import Account


def _today() -> dt.date:
    return civil_date(time.time_ns() // 1000)


_ON = click.option(
    "--on", type=Day(), default=_today, show_default=False,
    help=t("Дата (обычно сегодня, Алматы).", "The day (by default today in Almaty)."),
)  # fmt: skip
_BIN_TO_READ = click.option(
    "--bin", "bin_", metavar="BIN", default="",
    help=t("Чей счёт: нужен оператору.", "Whose account: the operator must say."),
)  # fmt: skip


@click.group(
    cls=Group,
    help=t(
        "Участники, их лицевые счета и доступ. BIN – БИН/ИИН участника.",
        "Participants, their personal accounts and their access. BIN is a BIN or IIN.",
    ),
    examples=("emitter account show --bin 990140000384",),
)
def account() -> None:
    """Group the verbs."""


@account.command(
    help=t("Зарегистрировать участника (оператор).", "Register a participant (operator)."),
    examples=("emitter account register 990140000384 'ТОО «Пример»' --on 2026-03-01",),
)
@click.argument("bin_", metavar="BIN")
@click.argument("name")
@_ON
@with_access
@JSON
def register(access: Access, bin_: str, name: str, on: dt.date, *, as_json: bool) -> None:
    """Register a participant."""
    with access.client() as client:
        _show(client.register_participant(bin_, name, on), as_json=as_json)


@account.command(
    help=t(
        "Ввести договор участника в действие с даты и открыть счёт (оператор).",
        "Put the participant's contract in force from a day on and open the account (operator).",
    ),
    examples=("emitter account activate 990140000384 --on 2026-03-02",),
)
@click.argument("bin_", metavar="BIN")
@_ON
@with_access
@JSON
def activate(access: Access, bin_: str, on: dt.date, *, as_json: bool) -> None:
    """Activate a participant."""
    with access.client() as client:
        _show(client.activate_participant(bin_, on), as_json=as_json)


@account.command(
    help=t(
        "Зачислить платёж (оператор). Номер банковского документа зачисляется один раз.",
        "Book a payment (operator). A bank reference is booked once.",
    ),
    examples=("emitter account credit 990140000384 10000000.00 --reference KZ-2026-000117",),
)
@click.argument("bin_", metavar="BIN")
@click.argument("amount_tiyn", metavar="KZT", type=Amount())
@click.option("--reference", required=True, metavar="TEXT",
              help=t("Номер банковского документа.", "The bank's reference."))  # fmt: skip
@with_access
@JSON
def credit(access: Access, bin_: str, amount_tiyn: int, reference: str, *, as_json: bool) -> None:
    """Book a payment."""
    with access.client() as client:
        _show(client.credit(bin_, amount_tiyn, reference), as_json=as_json)


@account.command(
    help=t("Показать счёт.", "Show an account."),
    examples=("emitter account show", "emitter account show --bin 990140000384 --json"),
)
@_BIN_TO_READ
@with_access
@JSON
def show(access: Access, bin_: str, *, as_json: bool) -> None:
    """Show an account."""
    with access.client() as client:
        _show(client.account(bin=bin_), as_json=as_json)


@account.command(
    help=t("Показать журнал счёта, с начала.", "Show the journal of an account, oldest first."),
    examples=("emitter account transactions --bin 990140000384",),
)
@_BIN_TO_READ
@with_access
@JSON
def transactions(access: Access, bin_: str, *, as_json: bool) -> None:
    """Show a journal; as JSON one transaction a line."""
    with access.client() as client:
        items = client.transactions(bin=bin_)
        if as_json:
            for item in items:
                print_json(plain(item))
            return
        print_table(
            ("№", t("Время", "Time"), t("Операция", "Kind"), t("Сумма", "Amount"),
             t("Без НДС", "Net"), t("НДС", "VAT"), t("Коды", "Codes"),
             t("Основание", "Reference")),
            [
                (str(item.sequence), moment(item.create_time), title(MovementKind(item.kind)),
                 kzt(item.amount_tiyn), kzt(item.net_tiyn), kzt(item.vat_tiyn),
                 number(item.quantity), " ".join(filter(None, (item.order_id, item.reference))))
                for item in items
            ],
        )  # fmt: skip


for _verb in (token, tokens, revoke_token):
    account.add_command(_verb)


def _show(account: Account, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(account))
        return
    print_pairs(
        [
            (t("БИН/ИИН", "BIN/IIN"), account.bin),
            (t("Участник", "Participant"), account.name),
            (t("Зарегистрирован", "Registered"), day(account.registration_date)),
            (t("Договор с", "In force from"), day(account.activation_date)),
            (t("Доступно", "Available"), kzt(account.available_tiyn)),
            (t("В резерве", "Reserved"), kzt(account.reserved_tiyn)),
            (t("Зачислено", "Credited"), kzt(account.credited_tiyn)),
            (t("Корректировки", "Adjusted"), kzt(account.adjusted_tiyn)),
            (t("Списано за коды", "Captured for codes"), kzt(account.captured_tiyn)),
            (t("Возвращено", "Refunded"), kzt(account.refunded_tiyn)),
            (t("Банковские расходы", "Bank costs"), kzt(account.bank_costs_tiyn)),
            (t("Открытых заявок", "Open orders"), number(account.open_orders)),
        ]
    )
