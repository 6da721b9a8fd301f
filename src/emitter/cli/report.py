"""``emitter report …``: what happened to codes after their delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.report_codes import (
    Named,
    Reporter,
    Span,
    bad_codes,
    plain_bad,
    print_reports,
    show,
    show_bad,
    show_report,
)
from emitter.cli.terminal import number, plain, print_json, print_table, say
from emitter.cli.values import Count, Day
from emitter.cli.words import Group
from emitter.client import (
    Acceptance,
    DocumentKind,
    ReportDetails,
)
from emitter.client.calls import civil_date
from emitter.language import t
from emitter.trade.circulation import (
    DropoutReason,
    IntroductionWay,
    ReturnReason,
    WithdrawalReason,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from emitter.cli.access import Access
    from emitter.trade.titled import Titled

_CODES = (
    click.argument("file", type=click.File("rb"), required=False),
    click.option("--order", "order_id", metavar="ORDER",
                 help=t("Коды этой заявки вместо файла.", "Codes of this order, not of a file.")),
    click.option("--gtin", metavar="GTIN", help=t("Буфер заявки.", "The buffer of the order.")),
    click.option("--block", "block_id", metavar="BLOCK",
                 help=t("Коды этого блока.", "The codes of this block.")),
    click.option("--range", "span", type=Span(),
                 help=t("Коды буфера по номерам; первый – 0. Без --block и --range – все "
                        "выгруженные.",
                        "Codes of the buffer by number; the first is 0. Without --block and "
                        "--range: all that are delivered.")),
    click.option("--box", "boxes", metavar="BOX", multiple=True,
                 help=t("Всё, что лежит в упаковке: SSCC или свой номер. Можно повторять.",
                        "All that lies in a box: its SSCC or a number of your own. Repeatable.")),
    click.option("--transfer", "transfers", metavar="TRANSFER", multiple=True,
                 help=t("Всё, что принято по передаче. Можно повторять.",
                        "All that was accepted by a transfer. Repeatable.")),
)  # fmt: skip
_MANNER = (
    click.option("--date", "on", type=Day(),
                 help=t("День события; обычно сегодня.", "The day it happened; by default today.")),
    click.option("--valid", "valid", is_flag=True,
                 help=t("Принять коды, которые можно; без этого – все или ни одного.",
                        "Accept the codes that can be; otherwise all or none.")),
    click.option("--refused", "refused_file", type=click.File("wb"), metavar="FILE",
                 help=t("Файл для непринятых кодов: строка, причина, состояние, код.",
                        "File for the refused codes: line, reason, state, code.")),
    click.option("--show", "bad_max", type=Count(), default=10,
                 help=t("Сколько непринятых показать (обычно 10).",
                        "How many refused ones to show (by default 10).")),
    click.option("--request-id", "attempt", metavar="TEXT", default="",
                 help=t("Подать те же коды заново: отчёт с другим идентификатором.",
                        "Report the same codes anew: a report under another id.")),
    click.option("--bin", "bin_", metavar="BIN", default="",
                 help=t("Чьи коды: нужен оператору.", "Whose codes: the operator must say.")),
)  # fmt: skip
_DETAILS = (
    click.option("--document", "document_number", metavar="TEXT", default="",
                 help=t("Номер первичного документа.", "Number of the primary document.")),
    click.option("--document-date", type=Day(),
                 help=t("Дата первичного документа.", "Date of the primary document.")),
    click.option("--comment", metavar="TEXT", default="",
                 help=t("Примечание.", "A comment.")),
)  # fmt: skip
_PRODUCTION = (
    click.option("--production-date", type=Day(),
                 help=t("Дата производства.", "Day of production.")),
    click.option("--expiry", "expiry_date", type=Day(),
                 help=t("Годен до.", "Last day of the shelf life.")),
    click.option("--line", "production_line", metavar="TEXT", default="",
                 help=t("Производственная линия.", "Production line.")),
    click.option("--batch", metavar="TEXT", default="",
                 help=t("Партия или серия.", "Batch or series.")),
)  # fmt: skip
_AGAIN = t(
    "\n\nФайл – по коду в строке (полный код или код идентификации), любой длины: он режется на "
    "отчёты по 30 000 кодов, и прерванную команду продолжает та же команда.",
    "\n\nThe file has one code a line (whole or identification code), any number: it is cut into "
    "reports of 30,000 codes, and the same command continues one that was cut off.",
)


@click.group(
    cls=Group,
    help=t("Отчёты о кодах: нанесение, ввод в оборот, списание, вывод, возврат.",
           "Reports of codes: utilisation, introduction, dropout, withdrawal, return."),
    examples=("emitter report utilisation codes.csv",
              "emitter report introduction codes.csv --way production"),
)  # fmt: skip
def report() -> None:
    """Group the verbs."""


def _word(member: Titled) -> str:
    return member.name.lower().replace("_", "-")


def _reason(option: str, reasons: type[Titled], field: str, ru: str, en: str) -> Any:
    """Return the option that takes one of the reasons by its word."""
    words = {_word(member): member for member in reasons}
    meanings = "; ".join(
        f"{word} – {t(member.titles.ru, member.titles.en)}" for word, member in words.items()
    )

    def read(_ctx: click.Context, _param: click.Parameter, word: str) -> int:
        return int(words[word])

    return click.option(
        option, field, type=click.Choice(list(words)), required=True, callback=read,
        metavar="WORD", help=f"{t(ru, en)}: {meanings}.",
    )  # fmt: skip


def _verb(
    name: str, kind: DocumentKind, ru: str, en: str, *options: Any, example: str
) -> Callable[..., Any]:
    """Make a verb that reports codes of one kind."""

    @click.pass_context
    def run(ctx: click.Context, /, **values: Any) -> None:
        ctx.exit(_report(kind, **values))

    verb: Any = with_access(JSON(run))
    for option in reversed((*_CODES, *options, *_DETAILS, *_MANNER)):
        verb = option(verb)
    command: Callable[..., Any] = report.command(
        name, help=t(ru, en) + _AGAIN,
        examples=(f"emitter report {name} codes.csv{example}",
                  f"emitter report {name} --order 0197f5a0-… --range 0:5000{example}"),
    )(verb)  # fmt: skip
    return command


def _report(
    kind: DocumentKind,
    *,
    access: Access,
    file: BinaryIO | None,
    order_id: str | None,
    gtin: str | None,
    block_id: str | None,
    span: tuple[int, int] | None,
    boxes: tuple[str, ...],
    transfers: tuple[str, ...],
    on: dt.date | None,
    valid: bool,
    refused_file: BinaryIO | None,
    bad_max: int,
    attempt: str,
    bin_: str,
    as_json: bool,
    **more: Any,
) -> int:
    """Report codes and show what came of it; return the exit code."""
    named = Named(file, order_id, gtin, block_id, span, boxes, transfers)
    named.check()
    reasons = {name: more.pop(name) for name in list(more) if name in _REASON_FIELDS}
    said = reasons | {
        "acceptance": Acceptance.ACCEPTANCE_VALID if valid else Acceptance.ACCEPTANCE_WHOLE,
        "on": on,
        "details": _details(more),
        "bin": bin_,
    }
    with access.client() as client:
        reporter = Reporter(client, kind, attempt, bad_max, refused_file, said)
        if file is not None:
            reporter.report_file(file)
        else:
            reporter.report_named(named.codes(client, bin_))
    heading = t("Позиция", "Item") if file is None else t("Строка", "Line")
    show(reporter.outcome, heading, as_json=as_json)
    return 1 if reporter.outcome.refused else 0


_REASON_FIELDS = ("introduction_way", "dropout_reason", "withdrawal_reason", "return_reason")


def _details(values: dict[str, Any]) -> ReportDetails | None:
    """Return the details that were typed, None for none."""
    given = {
        name: civil_date(value) if name.endswith("_date") else value
        for name, value in values.items()
        if value
    }
    return ReportDetails(**given) if given else None


utilisation = _verb(
    "utilisation",
    DocumentKind.DOCUMENT_KIND_UTILISATION,
    "Отчёт о нанесении: коды нанесены на товар.",
    "Report of utilisation: the codes were put on goods.",
    *_PRODUCTION,
    example=" --line 4",
)
introduction = _verb(
    "introduction",
    DocumentKind.DOCUMENT_KIND_INTRODUCTION,
    "Ввод в оборот: товар с этими кодами вводится в оборот.",
    "Introduction: the goods with these codes come into circulation.",
    _reason("--way", IntroductionWay, "introduction_way", "Способ ввода", "How they come"),
    *_PRODUCTION,
    example=" --way production",
)
dropout = _verb(
    "dropout",
    DocumentKind.DOCUMENT_KIND_DROPOUT,
    "Списание: коды или товар списываются.",
    "Dropout: the codes or the goods are written off.",
    _reason("--reason", DropoutReason, "dropout_reason", "Причина", "Why"),
    example=" --reason defect",
)
withdrawal = _verb(
    "withdrawal",
    DocumentKind.DOCUMENT_KIND_WITHDRAWAL,
    "Вывод из оборота: товар продан, вывезен или израсходован.",
    "Withdrawal: the goods are sold, exported or used up.",
    _reason("--reason", WithdrawalReason, "withdrawal_reason", "Причина", "Why"),
    example=" --reason retail-sale",
)
return_ = _verb(
    "return",
    DocumentKind.DOCUMENT_KIND_RETURN,
    "Возврат в оборот: выведенный товар возвращён.",
    "Return: withdrawn goods come back into circulation.",
    _reason("--reason", ReturnReason, "return_reason", "Причина", "Why"),
    example=" --reason retail-return",
)

_WHOSE = click.option(
    "--bin", "bin_", metavar="BIN", default="",
    help=t("Чьи отчёты: нужен оператору.", "Whose reports: the operator must say."),
)  # fmt: skip


@report.command(
    "list",
    help=t("Показать отчёты, новые сначала.", "Show the reports, the newest first."),
    examples=("emitter report list", "emitter report list --json --bin 990140000384"),
)
@_WHOSE
@with_access
@JSON
def list_(access: Access, bin_: str, *, as_json: bool) -> None:
    """List reports; as JSON one a line."""
    with access.client() as client:
        reports = client.reports(bin=bin_)
        if as_json:
            for each in reports:
                print_json(plain(each))
            return
        print_reports(reports)


@report.command(
    "show",
    help=t("Показать отчёт REPORT: что принято, что отклонено и почему.",
           "Show the REPORT: what was accepted, what was refused and why."),
    examples=("emitter report show 0197f5a0-…",
              "emitter report show 0197f5a0-… --refused bad.tsv"),
)  # fmt: skip
@click.argument("report_id", metavar="REPORT")
@click.option("--refused", "refused_file", type=click.File("wb"), metavar="FILE",
              help=t("Файл для непринятых кодов: позиция, причина, состояние, код.",
                     "File for the refused codes: item, reason, state, code."))  # fmt: skip
@click.option("--show", "shown_max", type=Count(), default=10,
              help=t("Сколько строк показать (обычно 10).",
                     "How many lines to show (by default 10)."))  # fmt: skip
@_WHOSE
@with_access
@JSON
def show_(
    access: Access,
    report_id: str,
    bin_: str,
    *,
    refused_file: BinaryIO | None,
    shown_max: int,
    as_json: bool,
) -> None:
    """Show a report with its codes."""
    with access.client() as client:
        made = client.report(report_id, bin=bin_)
        moved = list(client.moved_codes(report_id, bin=bin_, page_size=1000))
        reporter = Reporter(client, made.kind, "", shown_max, refused_file, {"bin": bin_})
        refused = client.refused_codes(report_id, bin=bin_, page_size=1000)
        reporter.name(bad_codes(refused, None))
    if as_json:
        bad = [plain_bad(each) for each in reporter.outcome.bad]
        print_json(plain(made) | {"moved": [plain(run) for run in moved], "bad": bad})
        return
    show_report(made)
    if moved:
        say("")
        print_table(
            (t("Заявка", "Order"), "GTIN", t("С номера", "From"), t("Коды", "Codes")),
            [(run.order_id or "–", run.gtin, number(run.first_index), number(run.quantity))
             for run in moved[:shown_max]],
        )  # fmt: skip
    if len(moved) > shown_max:
        rest = number(len(moved) - shown_max)
        say(t(f"… и ещё диапазонов: {rest}", f"… and {rest} more ranges"))
    show_bad(reporter.outcome.bad, made.refused_count, t("Позиция", "Item"))
