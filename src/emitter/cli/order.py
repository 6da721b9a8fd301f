"""``emitter order …``: orders of marking codes."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, TextIO

import click
import grpc

from emitter.cli.access import JSON, with_access
from emitter.cli.terminal import (
    kzt,
    moment,
    note,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    say,
    title,
)
from emitter.cli.values import Line
from emitter.cli.words import Group
from emitter.errors import Refused
from emitter.language import language, t
from emitter.trade.states import BufferState, OrderState
from emitter.trade.templates import Group as ProductGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.cli.access import Access
    from emitter.client import Order, OrderLine

_BIN_TO_READ = click.option(
    "--bin", "bin_", metavar="BIN", default="",
    help=t("Чьи заявки: нужен оператору.", "Whose orders: the operator must say."),
)  # fmt: skip
_REQUEST_ID = click.option(
    "--request-id", metavar="TEXT",
    help=t("Идентификатор запроса: повтор с ним безопасен.",
           "Id of the request: a repeat with it is safe."),
)  # fmt: skip


@click.group(
    cls=Group,
    help=t("Заявки на коды маркировки.", "Orders of marking codes."),
    examples=("emitter order create 04670033010053:1000:1",),
)
def order() -> None:
    """Group the verbs."""


@order.command(
    help=t(
        "Заказать коды: строки GTIN:КОЛИЧЕСТВО:ШАБЛОН, для табака с :ЦЕНОЙ в тенге. "
        "Деньги резервируются сразу, или заявка отклоняется целиком.",
        "Order codes: lines GTIN:QUANTITY:TEMPLATE, for tobacco with :PRICE in KZT. "
        "The money is reserved at once, or the order is refused whole.",
    ),
    examples=(
        "emitter order create 04670033010053:1000:1",
        "emitter order create 00000046198488:500:4:950.00 --request-id 2026-03-02/17",
        "emitter order create 04670033010053:0:1 --serials serials.txt",
    ),
)
@click.argument("lines", metavar="LINE...", type=Line(), nargs=-1, required=True)
@_REQUEST_ID
@click.option(
    "--serials", type=click.File("r", encoding="utf-8"), metavar="FILE",
    help=t(
        "Собственные серийные номера, по одному в строке, без цифры страны (или stdin: -). Строка "
        "заявки одна, КОЛИЧЕСТВО – их число или 0.",
        "Serials of one's own, one a line, without the country digit (or stdin: -). The order has "
        "one line, its QUANTITY is their number or 0.",
    ),
)
@with_access
@JSON
def create(
    access: Access,
    lines: tuple[OrderLine, ...],
    request_id: str | None,
    serials: TextIO | None,
    *,
    as_json: bool,
) -> None:
    """Create an order."""
    if serials is not None:
        if len(lines) != 1:
            raise click.UsageError(
                t("С --serials строка заявки одна.", "With --serials an order has one line.")
            )
        lines[0].serial_numbers.extend(serials.read().split())
    with access.client() as client, _repeatable(request_id) as chosen:
        _show(client.create_order(lines, chosen), as_json=as_json)


@order.command(
    "create-many",
    help=t(
        "Заказать коды по списку. В FILE (или stdin: -) – по заявке в строке: её идентификатор, "
        "затем строки GTIN:КОЛИЧЕСТВО:ШАБЛОН[:ЦЕНА]. Каждая заявка принимается или отклоняется "
        "сама по себе; повтор с тем же файлом безопасен. Код выхода 1, если отклонена хоть одна.",
        "Order codes by a list. The FILE (or stdin: -) has one order a line: its request id, then "
        "lines GTIN:QUANTITY:TEMPLATE[:PRICE]. Each order is accepted or refused by itself; a "
        "repeat with the same file is safe. The exit code is 1 if any was refused.",
    ),
    examples=("emitter order create-many orders.txt",
              "echo 17-a 04670033010053:1000:1 | emitter order create-many -"),
)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@with_access
@JSON
@click.pass_context
def create_many(ctx: click.Context, access: Access, file: TextIO, *, as_json: bool) -> None:
    """Create the orders of a file; print a line for each."""
    refused = False
    with access.client() as client:
        for request_id, verdict in client.create_orders(_orders(file)):
            if isinstance(verdict, Refused):
                refused = True
                answer = {"error": verdict.reason.name, "details": dict(verdict.refusal.details)}
                text = f"{verdict.reason.name}: {verdict.refusal.sentence(language())}"
            else:
                answer = {"order": plain(verdict)}
                text = verdict.order_id
            if as_json:
                print_json({"request_id": request_id} | answer)
            else:
                say(f"{request_id}  {text}")
    ctx.exit(1 if refused else 0)


def _orders(file: TextIO) -> Iterator[tuple[str, list[OrderLine]]]:
    """Yield (request id, lines) of each line that is not empty."""
    for place, text in enumerate(file, 1):
        request_id, *lines = text.split() or [""]
        if not request_id:
            continue
        try:
            yield request_id, [Line().convert(each, None, None) for each in lines]
        except click.UsageError as error:
            where = t(f"строка {place}", f"line {place}")
            raise click.UsageError(f"{where}: {error.message}") from None


@order.command(
    "list",
    help=t("Показать заявки, новые сначала.", "Show the orders, the newest first."),
    examples=("emitter order list", "emitter order list --json --bin 990140000384"),
)
@_BIN_TO_READ
@with_access
@JSON
def list_(access: Access, bin_: str, *, as_json: bool) -> None:
    """List orders; as JSON one order a line."""
    with access.client() as client:
        orders = client.orders(bin=bin_)
        if as_json:
            for item in orders:
                print_json(plain(item))
            return
        print_table(
            (t("Заявка", "Order"), t("Создана", "Created"), t("Состояние", "State"),
             t("Группа", "Group"), t("Коды", "Codes"), t("Выгружено", "Delivered"),
             t("Стоимость", "Cost")),
            [
                (item.order_id, moment(item.create_time), title(OrderState(item.state)),
                 title(ProductGroup(item.product_group)),
                 number(sum(buffer.quantity for buffer in item.buffers)),
                 number(sum(buffer.delivered_quantity for buffer in item.buffers)),
                 kzt(item.gross_tiyn))
                for item in orders
            ],
        )  # fmt: skip


@order.command(
    help=t("Показать заявку ORDER.", "Show the ORDER."),
    examples=("emitter order show 0197f5a0-…",),
)
@click.argument("order_id", metavar="ORDER")
@_BIN_TO_READ
@with_access
@JSON
def show(access: Access, order_id: str, bin_: str, *, as_json: bool) -> None:
    """Show an order."""
    with access.client() as client:
        _show(client.order(order_id, bin=bin_), as_json=as_json)


@order.command(
    help=t(
        "Закрыть заявку ORDER или один её GTIN: невыгруженные коды аннулируются, "
        "их деньги снова доступны.",
        "Close the ORDER or one GTIN of it: codes that were not delivered are annulled, "
        "their money is available again.",
    ),
    examples=("emitter order close 0197f5a0-…",),
)
@click.argument("order_id", metavar="ORDER")
@click.option("--gtin", metavar="GTIN", help=t("Только этот GTIN.", "This GTIN only."))
@_REQUEST_ID
@with_access
@JSON
def close(
    access: Access, order_id: str, gtin: str | None, request_id: str | None, *, as_json: bool
) -> None:
    """Close an order or a buffer."""
    with access.client() as client, _repeatable(request_id) as chosen:
        if gtin is None:
            closed = client.close_order(order_id, chosen)
        else:
            closed = client.close_buffer(order_id, gtin, chosen)
        _show(closed, as_json=as_json)


@order.command(
    help=t(
        "Завершить заявки, срок которых истёк (оператор): невыгруженное аннулируется, деньги снова "
        "доступны. Срок – предел order_life_days сервера; сервер делает это и сам, каждый час.",
        "End the orders whose time is over (operator): what was not delivered is annulled, its "
        "money is available again. The time is the server's limit order_life_days; the server does "
        "so by itself, too, every hour.",
    ),
    examples=("emitter order expire", "emitter serve --limit order_life_days=90"),
)
@with_access
@JSON
def expire(access: Access, *, as_json: bool) -> None:
    """Expire orders."""
    with access.client() as client:
        ended = client.expire_orders()
    if as_json:
        print_json(plain(ended))
    else:
        print_pairs([
            (t("Завершено заявок", "Orders ended"), number(ended.orders)),
            (t("Аннулировано кодов", "Codes annulled"), number(ended.codes)),
        ])  # fmt: skip


@order.command(
    help=t(
        "Архивировать завершённые заявки старше срока хранения (оператор; предел retention_days, "
        "обычно пять лет): удаляются сведения, пришедшие с заявкой, и идентификаторы запросов. "
        "Коды проверяются и выгружаются повторно, как прежде. Сервер делает это и сам, ежедневно.",
        "Archive ended orders older than the retention (operator; the limit retention_days, five "
        "years by default): what came with them and the ids of requests go. Codes verify and are "
        "delivered again as before. The server does so by itself, too, every day.",
    ),
    examples=("emitter order archive",),
)
@with_access
@JSON
def archive(access: Access, *, as_json: bool) -> None:
    """Archive orders."""
    with access.client() as client:
        dropped = client.archive_orders()
    if as_json:
        print_json(plain(dropped))
    else:
        print_pairs([
            (t("Удалено строк хранилища", "Rows dropped"), number(dropped.rows)),
            (t("Байт", "Bytes"), number(dropped.bytes)),
        ])  # fmt: skip


@contextlib.contextmanager
def _repeatable(request_id: str | None) -> Iterator[str]:
    """Lend the id of the request; where its fate stays unknown, say how to repeat it safely."""
    chosen = request_id or str(uuid.uuid4())
    try:
        yield chosen
    except (grpc.RpcError, Refused) as error:
        if not isinstance(error, Refused) or error.reason.meaning.retry:
            note(t(f"Повторите с --request-id {chosen}", f"Repeat with --request-id {chosen}"))
        raise


def _show(order: Order, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(order))
        return
    rows = [
        (t("Заявка", "Order"), order.order_id),
        (t("Состояние", "State"), title(OrderState(order.state))),
        (t("Группа", "Group"), title(ProductGroup(order.product_group))),
        (t("Создана", "Created"), moment(order.create_time)),
        (t("Стоимость", "Cost"), kzt(order.gross_tiyn)),
        (t("В резерве", "Reserved"), kzt(order.reserved_tiyn)),
        (t("Списано", "Captured"), kzt(order.captured_tiyn)),
        (t("Возвращено на счёт", "Released"), kzt(order.released_tiyn)),
    ]
    if order.HasField("close_time"):
        rows.insert(4, (t("Закрыта", "Closed"), moment(order.close_time)))
    print_pairs(rows)
    print_table(
        ("GTIN", t("Шаблон", "Template"), t("Состояние", "State"), t("Коды", "Codes"),
         t("Выгружено", "Delivered"), t("Осталось", "Left")),
        [
            (buffer.gtin, str(buffer.template_id), title(BufferState(buffer.state)),
             number(buffer.quantity), number(buffer.delivered_quantity),
             number(buffer.left_quantity))
            for buffer in order.buffers
        ],
    )  # fmt: skip
