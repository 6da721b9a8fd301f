"""``emitter transfer …``: goods that change hands; ``emitter history``: the story of a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.terminal import (
    moment,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    say,
    title,
    word,
)  # fmt: skip
from emitter.cli.words import Command, Group
from emitter.client import Acceptance, Codes, CodeSpan
from emitter.language import t
from emitter.trade.circulation import DocumentKind
from emitter.trade.states import CodeState, TransferState
from emitter.v1.transfer_pb2 import CodeEventKind, TransferSide

if TYPE_CHECKING:
    from emitter.cli.access import Access
    from emitter.v1.transfer_pb2 import CodeEvent, Transfer

_REFUSED_EXIT = 1
_BIN = click.option("--bin", "bin_", metavar="BIN", default="",
                    help=t("За кого: нужен оператору.",
                           "For whom: the operator must say."))  # fmt: skip
_ID = click.option("--request-id", metavar="TEXT", default=None,
                   help=t("Идентификатор запроса для повтора.",
                          "Id of the request, to repeat it."))  # fmt: skip
_VALID = click.option("--valid", is_flag=True,
                      help=t("Взять коды, которые можно; без этого – все или ни одного.",
                             "Take the codes that can be taken; otherwise all or none."),
                      )  # fmt: skip


@click.group(
    cls=Group,
    help=t("Передача товаров другому участнику: отгрузка, приёмка, отказ, отзыв.",
           "Goods that change hands: shipment, acceptance, rejection, recall."),
    examples=("emitter transfer ship 990240003471 codes.csv", "emitter transfer list --incoming"),
)  # fmt: skip
def transfer() -> None:
    """Group the verbs."""


@transfer.command(
    help=t("Отгрузить коды из файла, диапазон буфера, упаковки или принятое по передачам. Пока "
           "получатель не ответил, товар не двигает никто.",
           "Ship the codes of a file, a range of a buffer, boxes, or what was accepted by "
           "transfers. Until the recipient answers nobody moves the goods."),
    examples=(
        "emitter transfer ship 990240003471 codes.csv",
        "emitter transfer ship 990240003471 --order 0197… --gtin 04870001234560 --quantity 1000",
        "emitter transfer ship 990240003471 --box 387000000000000017",
        "emitter transfer ship 990240003471 --transfer 0197…",
    ),
)  # fmt: skip
@click.argument("recipient", metavar="BIN")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--order", "order_id", metavar="ORDER",
              help=t("Коды своей заявки.", "Codes of an order of one's own."))  # fmt: skip
@click.option("--gtin", metavar="GTIN", default="",
              help=t("Буфер заявки.", "Buffer of the order."))  # fmt: skip
@click.option("--first", type=int, default=0,
              help=t("Первый код диапазона, от 0.", "First code of a range, from 0."))  # fmt: skip
@click.option("--quantity", type=int, default=0,
              help=t("Сколько кодов.", "How many codes."))  # fmt: skip
@click.option("--box", "boxes", metavar="SSCC", multiple=True,
              help=t("Упаковка со всем содержимым.", "A box with all that is in it."))  # fmt: skip
@click.option("--transfer", "transfers", metavar="TRANSFER", multiple=True,
              help=t("Всё, что принято по передаче.",
                     "All that was accepted by a transfer."))  # fmt: skip
@_VALID
@_ID
@_BIN
@with_access
@JSON
@click.pass_context
def ship(
    ctx: click.Context, /, access: Access, recipient: str, file: BinaryIO | None, bin_: str,
    *, as_json: bool, valid: bool, **named: Any,
) -> None:  # fmt: skip
    """Ship goods."""
    spans = []
    if named["order_id"]:
        spans.append(CodeSpan(order_id=named["order_id"], gtin=named["gtin"],
                              first_index=named["first"], quantity=named["quantity"]))  # fmt: skip
    codes = Codes(texts=_lines(file), spans=spans, transfers=named["transfers"])
    with access.client() as client:
        made = client.ship(recipient, codes, boxes=named["boxes"], request_id=named["request_id"],
                           bin=bin_, acceptance=_acceptance(valid=valid))  # fmt: skip
    _print(ctx, made, as_json=as_json)


@transfer.command(
    help=t("Принять товар: весь, только коды из файла или весь, кроме кодов из файла.",
           "Accept goods: all, only the codes of a file, or all but those."),
    examples=("emitter transfer accept 0197…", "emitter transfer accept 0197… --except lost.csv"),
)  # fmt: skip
@click.argument("transfer_id", metavar="TRANSFER")
@click.option("--only", type=click.File("rb"), metavar="FILE",
              help=t("Принять только эти коды.", "Accept only these codes."))  # fmt: skip
@click.option("--except", "all_but", type=click.File("rb"), metavar="FILE",
              help=t("Принять все, кроме этих.", "Accept all but these."))  # fmt: skip
@_VALID
@_ID
@_BIN
@with_access
@JSON
@click.pass_context
def accept(
    ctx: click.Context, /, access: Access, transfer_id: str, *, as_json: bool, valid: bool,
    **named: Any,
) -> None:  # fmt: skip
    """Accept goods."""
    only, all_but = named["only"], named["all_but"]
    with access.client() as client:
        made = client.accept_transfer(
            transfer_id,
            accepted=_lines(only) if only else None,
            refused=_lines(all_but) if all_but else None,
            request_id=named["request_id"],
            bin=named["bin_"],
            acceptance=_acceptance(valid=valid),
        )
    _print(ctx, made, as_json=as_json)


@transfer.command(
    help=t("Отказаться от приёмки: весь товар снова у отправителя.",
           "Reject a transfer: all goods are the sender's again."),
    examples=("emitter transfer reject 0197…",),
)  # fmt: skip
@click.argument("transfer_id", metavar="TRANSFER")
@_ID
@_BIN
@with_access
@JSON
@click.pass_context
def reject(
    ctx: click.Context, /, access: Access, transfer_id: str, bin_: str, request_id: str | None,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Reject goods."""
    with access.client() as client:
        made = client.reject_transfer(transfer_id, request_id=request_id, bin=bin_)
    _print(ctx, made, as_json=as_json)


@transfer.command(
    help=t("Отозвать отгрузку, пока получатель не ответил.",
           "Take a shipment back before the recipient answers."),
    examples=("emitter transfer recall 0197…",),
)  # fmt: skip
@click.argument("transfer_id", metavar="TRANSFER")
@_ID
@_BIN
@with_access
@JSON
@click.pass_context
def recall(
    ctx: click.Context, /, access: Access, transfer_id: str, bin_: str, request_id: str | None,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Recall a shipment."""
    with access.client() as client:
        made = client.recall_transfer(transfer_id, request_id=request_id, bin=bin_)
    _print(ctx, made, as_json=as_json)


@transfer.command(
    help=t("Показать передачу и её товары.", "Show a transfer and its goods."),
    examples=("emitter transfer show 0197…",),
)
@click.argument("transfer_id", metavar="TRANSFER")
@_BIN
@with_access
@JSON
def show(access: Access, transfer_id: str, bin_: str, *, as_json: bool) -> None:
    """Show a transfer."""
    with access.client() as client:
        found = client.transfer(transfer_id, bin=bin_)
    if as_json:
        print_json(plain(found))
    else:
        _show(found)


@transfer.command(
    "list",
    help=t("Показать передачи: отгруженные или, с --incoming, пришедшие.",
           "Show transfers: those shipped or, with --incoming, those received."),
    examples=("emitter transfer list", "emitter transfer list --incoming"),
)  # fmt: skip
@click.option("--incoming", is_flag=True,
              help=t("Те, что пришли участнику.", "Those sent to the participant."))  # fmt: skip
@_BIN
@with_access
@JSON
def list_(access: Access, bin_: str, *, incoming: bool, as_json: bool) -> None:
    """List transfers."""
    side = (
        TransferSide.TRANSFER_SIDE_RECIPIENT if incoming else TransferSide.TRANSFER_SIDE_SENDER
    )
    with access.client() as client:
        found = list(client.transfers(side, bin=bin_))
    if as_json:
        print_json([plain(item) for item in found])
        return
    print_table(
        [t("Передача", "Transfer"), t("Отправитель", "Sender"), t("Получатель", "Recipient"),
         t("Отгружена", "Shipped"), t("Кодов", "Codes"), t("Принято", "Accepted"),
         t("Состояние", "State")],
        [(item.transfer_id, item.sender_bin, item.recipient_bin, moment(item.ship_time),
          number(item.code_count), number(item.accepted_count), title(TransferState(item.state)))
         for item in found],
    )  # fmt: skip


@click.command(
    cls=Command,
    help=t("Рассказать историю кода: эмиссия, выгрузка, документы, кто владел и когда.",
           "Tell the story of a code: emission, delivery, documents, who owned it when."),
    examples=("emitter history '010487000123456021…'",),
)  # fmt: skip
@click.argument("code", metavar="CODE")
@with_access
@JSON
def history(access: Access, code: str, *, as_json: bool) -> None:
    """Tell the story of a code."""
    with access.client() as client:
        found = client.code_history(code.encode("utf-8"))
    if as_json:
        print_json(plain(found))
        return
    say(f"{found.gtin} {found.serial}")
    for event in found.events:
        when = moment(event.time) if event.HasField("time") else "–"
        say(f"{when:<19}  {_told(event)}")
    owner = t("Владелец", "Owner")
    say(f"{owner}: {found.owner_name} ({found.owner_bin}); "
        f"{title(CodeState(found.state)).lower()}")  # fmt: skip
    if found.recipient_bin:
        say(t(f"В пути к {found.recipient_bin}", f"Under way to {found.recipient_bin}"))


def _told(event: CodeEvent) -> str:
    """Return an event as a sentence."""
    who = f"{event.name} ({event.bin})"
    other = f"{event.other_name} ({event.other_bin})"
    name = f" {event.id}" if event.id else ""
    kinds = CodeEventKind
    told = {
        kinds.CODE_EVENT_KIND_EMITTED: t(f"Эмитирован по заявке{name}: {who}",
                                         f"Emitted for order{name}: {who}"),
        kinds.CODE_EVENT_KIND_DELIVERED: t(f"Выгружен в блоке{name}: {who}",
                                           f"Delivered in block{name}: {who}"),
        kinds.CODE_EVENT_KIND_ANNULLED: t(f"Аннулирован при закрытии: {who}",
                                          f"Annulled at closing: {who}"),
        kinds.CODE_EVENT_KIND_RETURNED: t(f"Не принят: {who}; снова у {other}",
                                          f"Not accepted by {who}; again of {other}"),
    }.get(event.kind)  # fmt: skip
    if told is not None:
        return told
    kind = DocumentKind(event.document_kind)
    to = {
        DocumentKind.SHIPMENT: t(" → ", " → "),
        DocumentKind.ACCEPTANCE: t(" ← ", " ← "),
    }.get(kind, "; ")
    return f"{title(kind)}: {who}" + (f"{to}{other}" if event.other_bin else "")


def _lines(file: BinaryIO | None) -> list[bytes]:
    return [line for line in file.read().splitlines() if line.strip()] if file else []


def _acceptance(*, valid: bool) -> Acceptance:
    return Acceptance.ACCEPTANCE_VALID if valid else Acceptance.ACCEPTANCE_WHOLE


def _print(ctx: click.Context, made: Any, *, as_json: bool) -> None:
    """Print what came of a command; exit 1 if codes were named in vain."""
    if as_json:
        print_json(plain(made))
    else:
        if made.HasField("transfer"):
            _show(made.transfer)
        document = made.document
        if document.refused_count:
            say(t(f"Документ {document.report_id}: не принято кодов "
                  f"{number(document.refused_count)} из {number(document.code_count)}; "
                  f"какие и почему: emitter report show {document.report_id}",
                  f"Document {document.report_id}: {number(document.refused_count)} of "
                  f"{number(document.code_count)} codes refused; which and why: "
                  f"emitter report show {document.report_id}"))  # fmt: skip
    if made.document.refused_count:
        ctx.exit(_REFUSED_EXIT)


def _show(found: Transfer) -> None:
    """Print a transfer."""
    pairs = [
        (t("Передача", "Transfer"), found.transfer_id),
        (t("Состояние", "State"), f"{title(TransferState(found.state))} [{word(found, 'state')}]"),
        (t("Отправитель", "Sender"), found.sender_bin),
        (t("Получатель", "Recipient"), found.recipient_bin),
        (t("Отгружена", "Shipped"), moment(found.ship_time)),
        (t("Кодов", "Codes"), number(found.code_count)),
        (t("Принято", "Accepted"), number(found.accepted_count)),
    ]
    if found.HasField("answer_time"):
        pairs.append((t("Ответ", "Answered"), moment(found.answer_time)))
    pairs += [(f"GTIN {line.gtin}", number(line.quantity)) for line in found.goods]
    pairs += [("SSCC", box) for box in found.boxes]
    print_pairs(pairs)
