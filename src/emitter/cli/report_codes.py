"""What the ``emitter report`` verbs share: which codes they name, and how the answer is shown."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import click

from emitter.cli.terminal import (
    day,
    moment,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    progress,
    say,
    title,
)
from emitter.cli.verdicts import identity
from emitter.client import BlockReference, Codes, CodeSpan
from emitter.errors import Reason, Refusal
from emitter.language import language, t
from emitter.trade.circulation import (
    DocumentKind,
    DocumentStatus,
    DropoutReason,
    IntroductionWay,
    ReturnReason,
    WithdrawalReason,
)
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emitter.client import Client, RefusedCodes, Report, ReportDetails, ReportPiece
    from emitter.trade.titled import Titled

_REASONS: dict[str, type[Titled]] = {
    "introduction_way": IntroductionWay,
    "dropout_reason": DropoutReason,
    "withdrawal_reason": WithdrawalReason,
    "return_reason": ReturnReason,
}

_PAGE = 1000
_OF_BOXES = {Reason.REPORT_EMPTY, Reason.BOX_NOT_FOUND, Reason.BOX_BOXED}


class Span(click.ParamType[tuple[int, int]]):
    """A range of a buffer's codes: ``FROM:COUNT``, the first code being 0."""

    name = "FROM:COUNT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return index and count."""
        first, _, count = str(value).partition(":")
        if not (first.isdecimal() and count.isdecimal() and int(count)):
            self.fail(
                t(f"{value} – не диапазон вида 0:1000 (первый код – 0)",
                  f"{value} is no range like 0:1000 (the first code is 0)"),
                param, ctx,
            )  # fmt: skip
        return int(first), int(count)


@dataclass(frozen=True, slots=True)
class Named:
    """How a command line names codes: a file, an order, its block or range, boxes, transfers."""

    file: BinaryIO | None
    order_id: str | None
    gtin: str | None
    block_id: str | None
    span: tuple[int, int] | None
    boxes: tuple[str, ...]
    transfers: tuple[str, ...]

    def check(self) -> None:
        """Refuse a command line that names no codes, or in two ways."""
        ways = (self.file is not None, self.order_id is not None, self.boxes, self.transfers)
        if sum(map(bool, ways)) != 1:
            raise click.UsageError(
                t("назовите коды: файлом, заявкой (--order), упаковкой (--box) или передачей "
                  "(--transfer)",
                  "name the codes: by a file, an order (--order), boxes (--box) or transfers "
                  "(--transfer)")
            )  # fmt: skip
        if self.order_id is None and (self.gtin or self.block_id or self.span):
            raise click.UsageError(
                t("--gtin, --block и --range относятся к --order",
                  "--gtin, --block and --range go with --order")
            )  # fmt: skip
        if self.block_id and self.span:
            raise click.UsageError(
                t("--block и --range исключают друг друга",
                  "--block and --range exclude each other")
            )  # fmt: skip

    def codes(self, client: Client, bin_: str) -> Codes:
        """Return the block or the range of the order; all that was delivered if neither is said."""
        if self.boxes or self.transfers:
            return Codes(boxes=self.boxes, transfers=self.transfers)
        order_id = self.order_id or ""
        gtin, delivered = self.gtin, 0
        if gtin is None or not (self.block_id or self.span):
            gtin, delivered = _only_buffer(client, order_id, gtin, bin_)
        if self.block_id:
            block = BlockReference(order_id=order_id, gtin=gtin, block_id=self.block_id)
            return Codes(blocks=[block])
        first, count = self.span or (0, delivered)
        span = CodeSpan(order_id=order_id, gtin=gtin, first_index=first, quantity=count)
        return Codes(spans=[span])


def _only_buffer(client: Client, order_id: str, gtin: str | None, bin_: str) -> tuple[str, int]:
    """Return GTIN and delivered quantity of the buffer that is meant."""
    buffers = [
        each for each in client.order(order_id, bin=bin_).buffers if gtin in (None, each.gtin)
    ]
    if len(buffers) != 1:
        raise click.UsageError(
            t("укажите --gtin: GTIN этой заявки", "say --gtin: a GTIN of this order")
        )
    if not buffers[0].delivered_quantity:
        raise click.UsageError(
            t("из этого буфера коды ещё не выгружены", "no code of this buffer is delivered yet")
        )
    return buffers[0].gtin, buffers[0].delivered_quantity


class Bad(NamedTuple):
    """A code that was named in vain, or a range of them, for people: line or item from 1."""

    place: int
    reason: Reason
    state: int
    utilised: bool
    identification_code: str
    codes: int = 1


@dataclass(slots=True)
class Outcome:
    """What came of one command: its reports, and the first codes that were named in vain."""

    reports: list[Report] = field(default_factory=list)
    replayed: int = 0
    bad: list[Bad] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """Return how many codes were named in vain."""
        return sum(report.refused_count for report in self.reports)


@dataclass(slots=True)
class Reporter:
    """Sends the reports of a command and gathers what comes of them."""

    client: Client
    kind: Any
    attempt: str
    bad_max: int
    refused_file: BinaryIO | None
    said: dict[str, Any]
    outcome: Outcome = field(default_factory=Outcome)

    def report_file(self, file: BinaryIO) -> None:
        """Report the codes of a file, one a line, as many reports as it takes."""
        with _rewindable(file) as lines:
            read: list[tuple[int, bytes]] = []
            pieces = self.client.report_many(
                self.kind, _texts(lines, read), attempt=self.attempt, **self.said
            )
            with progress(t("Отчёт", "Report"), _count(lines)) as advance:
                for piece in pieces:
                    self._take(piece, read)
                    advance(len(read))
                    read.clear()

    def report_named(self, codes: Codes) -> None:
        """Report a block, a range, boxes or transfers."""
        boxes = [(place, box.encode()) for place, box in enumerate(codes.boxes, 1)]
        for piece in self.client.report_many(self.kind, codes, attempt=self.attempt, **self.said):
            self._take(piece, boxes or None)

    def _take(self, piece: ReportPiece, read: list[tuple[int, bytes]] | None) -> None:
        """Keep a report, and name what it named in vain; ``read`` are its lines."""
        self.outcome.reports.append(piece.report)
        self.outcome.replayed += piece.replayed
        if piece.report.refused_count:
            refused = self.client.refused_codes(
                piece.report.report_id, bin=self.said["bin"], page_size=_PAGE
            )
            self.name(bad_codes(refused, read))

    def name(self, bad: Iterable[Bad]) -> None:
        """Keep the first bad codes to show; write all of them to the file, where there is one."""
        for each in bad:
            if len(self.outcome.bad) < self.bad_max:
                self.outcome.bad.append(each)
            elif self.refused_file is None:
                return
            if self.refused_file is not None:
                columns = (each.place, each.reason.name, _state(each), each.identification_code)
                self.refused_file.write("\t".join(map(str, columns)).encode() + b"\n")


def bad_codes(
    refused: Iterable[RefusedCodes], read: list[tuple[int, bytes]] | None
) -> Iterator[Bad]:
    """Yield each code that was named in vain; of a range without names one line for all."""
    for run in refused:
        reason, names = Reason(run.reason), list(run.identification_codes)
        if read is None:
            place = run.item + 1
        else:
            place, text = read[run.item]
            if not names and not (run.gtin and run.quantity > 1):
                name = text.decode() if reason in _OF_BOXES or not place else identity(text)
                yield Bad(place, reason, run.state, run.utilised, name, run.quantity)
                continue
        for name in names:
            yield Bad(place, reason, run.state, run.utilised, name)
        if run.quantity > len(names):
            first = run.first_index + len(names)
            count = run.quantity - len(names)
            rest = f"{run.gtin} {first}:{count}" if run.gtin else ""
            yield Bad(place, reason, run.state, run.utilised, rest, count)


def _texts(lines: BinaryIO, read: list[tuple[int, bytes]]) -> Iterator[bytes]:
    """Yield the codes of a file; lines with nothing in them are passed over."""
    for place, line in enumerate(lines, 1):
        text = line.rstrip(b"\r\n")
        if text:
            read.append((place, text))
            yield text


@contextlib.contextmanager
def _rewindable(file: BinaryIO) -> Iterator[BinaryIO]:
    """Lend a file whose lines can be counted first; a pipe is read into a file."""
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _count(lines: BinaryIO) -> int:
    count, start = sum(1 for line in lines if line.rstrip(b"\r\n")), 0
    lines.seek(start)
    return count


def show(outcome: Outcome, heading: str, *, as_json: bool) -> None:
    """Print what came of a command; ``heading`` is of the places of bad codes."""
    if as_json:
        print_json({
            "reports": [plain(report) for report in outcome.reports],
            "replayed": outcome.replayed,
            "codes": sum(report.code_count for report in outcome.reports),
            "moved": sum(report.moved_count for report in outcome.reports),
            "refused": outcome.refused,
            "bad": [plain_bad(bad) for bad in outcome.bad],
        })  # fmt: skip
        return
    if not outcome.reports:
        say(t("Кодов нет.", "There are no codes."))
        return
    if len(outcome.reports) == 1:
        show_report(outcome.reports[0])
    else:
        print_reports(outcome.reports)
        print_pairs([
            (t("Отчётов", "Reports"), number(len(outcome.reports))),
            (t("Коды", "Codes"), number(sum(each.code_count for each in outcome.reports))),
            (t("Приняты", "Accepted"), number(sum(each.moved_count for each in outcome.reports))),
            (t("Отклонены", "Refused"), number(outcome.refused)),
        ])  # fmt: skip
    if outcome.replayed:
        say(t(f"Поданы раньше той же командой: {number(outcome.replayed)}. Подать заново: "
              "--request-id с другим текстом.",
              f"Made before by the same command: {number(outcome.replayed)}. To report anew: "
              "--request-id with another text."))  # fmt: skip
    show_bad(outcome.bad, outcome.refused, heading)


def show_bad(bad: list[Bad], refused: int, heading: str, way: str = "--refused FILE") -> None:
    """Print the table of codes named in vain; ``way`` leads to the rest of them."""
    if not bad:
        return
    say("")
    print_table(
        (heading, t("Код (КИ)", "Identification code"), t("Состояние", "State"),
         t("Причина", "Reason")),
        [
            (str(each.place), each.identification_code or "–", _state(each) or "–",
             _sentence(each))
            for each in bad
        ],
    )  # fmt: skip
    rest = number(refused - sum(each.codes for each in bad))
    if rest != "0":
        say(t(f"… и ещё {rest}; все – в файл: {way}",
              f"… and {rest} more; all of them into a file: {way}"))  # fmt: skip


def show_report(report: Report) -> None:
    """Print one report."""
    details = report.details
    rows = [
        (t("Отчёт", "Report"), report.report_id),
        (t("Подан", "Made"), moment(report.create_time)),
        (t("Вид", "Kind"), title(DocumentKind(report.kind))),
        (t("Причина", "Reason"), reason_title(report)),
        (t("Дата события", "Day"), _day(report, "event_date")),
        (t("Дата производства", "Produced"), _day(details, "production_date")),
        (t("Годен до", "Expires"), _day(details, "expiry_date")),
        (t("Линия", "Line"), details.production_line),
        (t("Партия", "Batch"), details.batch),
        (t("Документ", "Document"),
         " ".join(filter(None, (details.document_number, _day(details, "document_date"))))),
        (t("Примечание", "Comment"), details.comment),
        (t("Решение", "Decision"), title(DocumentStatus(report.state))),
        (t("Коды", "Codes"), number(report.code_count)),
        (t("Приняты", "Accepted"), number(report.moved_count)),
        (t("Отклонены", "Refused"), number(report.refused_count)),
    ]  # fmt: skip
    print_pairs([(name, text) for name, text in rows if text])


def _day(message: Report | ReportDetails, field: str) -> str:
    return day(getattr(message, field)) if message.HasField(field) else ""


def print_reports(reports: Iterable[Report]) -> None:
    """Print a table of reports."""
    print_table(
        (t("Отчёт", "Report"), t("Подан", "Made"), t("Вид", "Kind"), t("Причина", "Reason"),
         t("Решение", "Decision"), t("Коды", "Codes"), t("Приняты", "Accepted"),
         t("Отклонены", "Refused")),
        [
            (report.report_id, moment(report.create_time), title(DocumentKind(report.kind)),
             reason_title(report) or "–", title(DocumentStatus(report.state)),
             number(report.code_count), number(report.moved_count), number(report.refused_count))
            for report in reports
        ],
    )  # fmt: skip


def reason_title(report: Report) -> str:
    """Return how people read the reason of a report, '' for none."""
    name = report.WhichOneof("reason")
    return title(_REASONS[name](getattr(report, name))) if name else ""


def _sentence(bad: Bad) -> str:
    box = bad.identification_code or "–"
    return Refusal(bad.reason, {"box": box, "field": box}).sentence(language())


def _state(bad: Bad) -> str:
    if not bad.state:
        return ""
    utilised = t(", нанесён", ", put on goods") if bad.utilised else ""
    return title(CodeState(bad.state)) + utilised


def plain_bad(bad: Bad) -> dict[str, Any]:
    """Return a code named in vain as JSON's own types."""
    return {
        "place": bad.place,
        "reason": bad.reason.name,
        "state": CodeState(bad.state).name if bad.state else None,
        "utilised": bad.utilised,
        "identification_code": bad.identification_code,
        "codes": bad.codes,
    }
