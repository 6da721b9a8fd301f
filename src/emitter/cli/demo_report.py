"""What ``emitter demo`` says at its end: ``summary.json``, and the report on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emitter.cli.terminal import kzt, number, print_pairs, print_table, say
from emitter.language import t

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from emitter.client import Account, Order
    from emitter.engine.invariants import Report


class Circulation(NamedTuple):
    """What became of the goods: all introduced, a box of them sold."""

    introduced_s: float
    box: str
    boxed: int
    buyer: str


class Story(NamedTuple):
    """What the participant went through."""

    orders: list[Order]
    codes: int
    delivery_s: float
    verify_s: float
    circulation: Circulation
    before: Account
    reserved: Account
    after: Account


class Burst(NamedTuple):
    """Many small orders on one stream."""

    orders: int
    seconds: float
    stored_bytes: int


def summary(story: Story, burst: Burst) -> dict[str, object]:
    """Return what ``summary.json`` says; others read these fields."""

    def money(account: Account) -> dict[str, int]:
        return {
            "available_tiyn": account.available_tiyn,
            "reserved_tiyn": account.reserved_tiyn,
            "captured_tiyn": account.captured_tiyn,
        }

    return {
        "codes": story.codes,
        "seconds": round(story.delivery_s, 3),
        "codes_per_second": round(story.codes / story.delivery_s),
        "orders_per_second": round(burst.orders / burst.seconds),
        "bytes_per_order": round(burst.stored_bytes / burst.orders),
        "before": money(story.before),
        "after": money(story.after),
    }


def print_report(
    story: Story, burst: Burst, report: Report, out: Path, files: Sequence[str]
) -> None:
    """Print what happened, and which files are left in the folder."""
    say("")
    print_pairs([
        (t("Участник", "Participant"), f"{story.before.name}, {story.before.bin}"),
        *[(t("Заявка", "Order"), _order_line(order)) for order in story.orders],
        (t("Выгружено", "Delivered"), _rate(story.codes, story.delivery_s)),
        (t("Проверено", "Checked"), _rate(story.codes, story.verify_s)),
        (t("В обороте", "In circulation"), _rate(story.codes, story.circulation.introduced_s)),
        (t("Упаковка", "A box"), _box_line(story.circulation)),
        (t("Малые заявки", "Small orders"), _rate(burst.orders, burst.seconds) + ", " + t(
            f"{number(burst.stored_bytes // burst.orders)} байт на заявку",
            f"{number(burst.stored_bytes // burst.orders)} bytes an order",
        )),
        (t("Инварианты", "Invariants"), t(
            f"соблюдены: {number(report.orders)} заявок, "
            f"{number(report.transactions)} проводок, {number(report.ranges)} диапазонов",
            f"hold: {number(report.orders)} orders, "
            f"{number(report.transactions)} transactions, {number(report.ranges)} ranges",
        )),
    ])  # fmt: skip
    say("")
    moments = (story.before, story.reserved, story.after)
    print_table(
        (t("Деньги", "Money"), t("до заявок", "before"), t("после заявок", "ordered"),
         t("после выгрузки", "delivered")),
        [
            (t("доступно", "available"), *[kzt(each.available_tiyn) for each in moments]),
            (t("в резерве", "reserved"), *[kzt(each.reserved_tiyn) for each in moments]),
            (t("списано", "captured"), *[kzt(each.captured_tiyn) for each in moments]),
        ],
    )  # fmt: skip
    say("")
    say(_account_for(story))
    named = ", ".join(name if "." in name else f"{name}/" for name in files)
    say(t(f"В папке {out}: {named}", f"In {out}: {named}"))


def _order_line(order: Order) -> str:
    buffer = order.buffers[0]
    return t(
        f"{number(buffer.quantity)} кодов, GTIN {buffer.gtin}, шаблон {buffer.template_id}",
        f"{number(buffer.quantity)} codes, GTIN {buffer.gtin}, template {buffer.template_id}",
    )


def _box_line(sold: Circulation) -> str:
    return t(
        f"{sold.box}: {number(sold.boxed)} кодов, отгружен и принят, владелец – {sold.buyer}",
        f"{sold.box}: {number(sold.boxed)} codes, shipped and accepted, now of {sold.buyer}",
    )


def _rate(count: int, seconds: float) -> str:
    return t(
        f"{number(count)} за {seconds:.2f} с: {number(round(count / seconds))} в секунду",
        f"{number(count)} in {seconds:.2f} s: {number(round(count / seconds))} a second",
    )


def _account_for(story: Story) -> str:
    """Say how the captured money comes about, with the tariff and the VAT of the orders."""
    buffer = story.orders[0].buffers[0]
    net_tiyn = sum(
        each.buffers[0].quantity * each.buffers[0].tariff_net_tiyn for each in story.orders
    )
    vat = f"{buffer.vat_basis_points / 100:g} %"
    captured_tiyn = story.after.captured_tiyn
    return (
        f"{number(story.codes)} × {kzt(buffer.tariff_net_tiyn)} = {kzt(net_tiyn)}, "
        + t("НДС", "VAT")
        + f" {vat} = {kzt(captured_tiyn - net_tiyn)}, "
        + t("всего", "in all")
        + f" {kzt(captured_tiyn)}"
    )
