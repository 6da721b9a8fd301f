"""``emitter box …``: packing codes into boxes, and what lies where."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.box_tables import print_boxes, print_items, show_box
from emitter.cli.report_codes import bad_codes, plain_bad, show_bad, show_report
from emitter.cli.terminal import (
    plain,
    print_json,
    print_table,
    say,
)
from emitter.cli.values import Count
from emitter.cli.words import Group
from emitter.client import Acceptance, Codes, PackUnit
from emitter.errors import Reason, Refusal
from emitter.language import language, t
from emitter.trade.packing import BoxKind, BoxState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emitter.cli.access import Access
    from emitter.client import Box, BoxItem, Client, Report

_PAGE = 1_000  # each reads the tree of the box it begins in
_KINDS = {kind.name.lower(): kind for kind in BoxKind}
_BIN = click.option(
    "--bin", "bin_", metavar="BIN", default="",
    help=t("Чьи упаковки: нужен оператору.", "Whose boxes: the operator must say."),
)  # fmt: skip
_VALID = click.option(
    "--valid", is_flag=True,
    help=t("Сделать, что можно; без этого каждый документ – весь или никак.",
           "Do what can be done; otherwise each document is carried out as a whole or not at all."),
)  # fmt: skip
_REQUEST = click.option(
    "--request-id", "attempt", metavar="TEXT", default="",
    help=t("Сделать то же самое заново: документ с другим идентификатором.",
           "Do the same anew: a document under another id."),
)  # fmt: skip
_TRANSFERS = click.option(
    "--transfer", "transfers", multiple=True, metavar="TRANSFER",
    help=t("Коды, принятые по этой передаче; можно повторять.",
           "The codes accepted by this transfer; may be repeated."),
)  # fmt: skip
_AGAIN = t(
    " После обрыва повторите ту же команду: сделанное не повторится, она вернёт те же документы.",
    " After a cut say the same command again: what is done is not done twice, and it returns the "
    "same documents.",
)


@click.group(
    cls=Group,
    help=t(
        "Упаковки: групповые и транспортные, по SSCC или по номеру участника. Упаковка может "
        "лежать в упаковке. Отчёт об упаковке (emitter report … --box) – обо всех кодах в ней.",
        "Boxes: group packages and transport units, by SSCC or by a number of one's own. Boxes may "
        "lie in boxes. A report of a box (emitter report … --box) is about all codes in it.",
    ),
    examples=(
        "emitter box sscc 10",
        "emitter box pack 106141411234567897 codes.csv",
        "emitter box list 106141411234567897 --recursive",
    ),
)
def box() -> None:
    """Group the verbs."""


@box.command(
    help=t("Получить новые SSCC с префиксом оператора: по одному в строке.",
           "Get new SSCCs of the operator's prefix: one a line."),
    examples=("emitter box sscc 100 > sscc.txt", "emitter box sscc 1 --json"),
)  # fmt: skip
@click.argument("quantity", type=Count())
@click.option(
    "--request-id", "request_id", metavar="TEXT", default=None,
    help=t("Повтор с тем же текстом вернёт те же SSCC.",
           "A repeat with the same text returns the same SSCCs."),
)  # fmt: skip
@_BIN
@with_access
@JSON
def sscc(
    access: Access, quantity: int, bin_: str, *, request_id: str | None, as_json: bool
) -> None:
    """Allocate SSCCs."""
    with access.client() as client:
        given = client.allocate_ssccs(quantity, request_id=request_id, bin=bin_)
    if as_json:
        print_json({"ssccs": given})
        return
    for each in given:
        say(each)


@box.command(
    help=t(
        "Упаковать в BOX коды файла (по одному в строке) и упаковки (--inner). С «-» вместо "
        "BOX каждая строка файла – упаковка, табуляция, код: так за раз пакуют сколько угодно "
        "упаковок, до 5000 в одном документе.",
        "Pack the codes of a file (one a line) and boxes (--inner) into BOX. With - for BOX each "
        "line is a box, a tab, a code: any number of boxes at once, up to 5,000 a document.",
    ) + _AGAIN,
    examples=(
        "emitter box pack 106141411234567897 codes.csv",
        "emitter box pack 206141411234567894 --inner 106141411234567897",
        "emitter box pack - boxes.tsv",
    ),
)  # fmt: skip
@click.argument("box_", metavar="BOX")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--inner", multiple=True, metavar="BOX",
              help=t("Упаковка, которая войдёт в эту; можно повторять.",
                     "A box that goes into this one; may be repeated."))  # fmt: skip
@_TRANSFERS
@click.option("--update", is_flag=True,
              help=t("Дополнить имеющуюся упаковку.", "Add to a box that is there."))  # fmt: skip
@click.option("--kind", type=click.Choice(sorted(_KINDS)),
              help=t("Вид новой упаковки; обычно group, с упаковками внутри – transport.",
                     "Kind of a new box; by default group, with boxes in it transport."),
              )  # fmt: skip
@click.option("--capacity", type=Count(), default=0,
              help=t("Сколько вмещает (обычно без предела).",
                     "How much it holds (by default no limit)."))  # fmt: skip
@_VALID
@_REQUEST
@_BIN
@with_access
@JSON
@click.pass_context
def pack(
    ctx: click.Context, access: Access, *, box_: str, file: BinaryIO | None, inner: tuple[str, ...],
    transfers: tuple[str, ...], update: bool, kind: str | None, capacity: int, valid: bool,
    attempt: str, bin_: str, as_json: bool,
) -> None:  # fmt: skip
    """Aggregate codes and boxes."""
    lines = [] if file is None else _lines(file)
    units: list[PackUnit] = []
    of_box: dict[str, list[tuple[int, bytes]]] = {}
    if box_ == "-":
        if inner or transfers:
            raise click.UsageError(
                t("--inner и --transfer относятся к одной упаковке BOX, не к «-»",
                  "--inner and --transfer go with one BOX, not with -")
            )  # fmt: skip
        for place, line in lines:
            name, tab, code = line.partition(b"\t")
            if not tab:
                raise click.UsageError(
                    t(f"строка {place}: нужны упаковка, табуляция и код",
                      f"line {place}: a box, a tab and a code are needed")
                )  # fmt: skip
            of_box.setdefault(name.decode(errors="replace"), []).append((place, code))
        for own, inside in of_box.items():
            units.append(PackUnit(box=own, codes=b"\n".join(code for _, code in inside)))
    else:
        codes = b"\n".join(code for _, code in lines)
        units.append(PackUnit(box=box_, codes=codes, boxes=inner, transfers=transfers))
        of_box[box_] = [*lines, *((0, name.encode()) for name in (*transfers, *inner))]
    for unit in units:
        unit.update, unit.capacity = update, capacity
        unit.kind = _KINDS[kind] if kind else 0  # type: ignore[assignment]
    if not units:
        raise click.UsageError(t("паковать нечего", "there is nothing to pack"))
    with access.client() as client:
        exit_code = 0
        pieces = client.aggregate_many(
            units, attempt=attempt, acceptance=_acceptance(valid), bin=bin_
        )
        for number, piece in enumerate(pieces):
            if number and not as_json:
                say("")
            # The items of a document count unit by unit.
            read = [line for unit in piece.units for line in of_box[unit.box]]
            exit_code |= _tell(client, piece.report, read, bin_, as_json=as_json)
        ctx.exit(exit_code)


@box.command(
    help=t(
        "Расформировать упаковки BOX; или извлечь коды (--codes) и упаковки (--inner) из тех, в "
        "которых они лежат.",
        "Disband boxes; or take codes (--codes) and boxes (--inner) out of those they lie in.",
    ) + _AGAIN,
    examples=(
        "emitter box unpack 106141411234567897",
        "emitter box unpack --codes defects.csv --inner 206141411234567894",
    ),
)  # fmt: skip
@click.argument("boxes", nargs=-1, metavar="[BOX]…")
@click.option("--codes", "file", type=click.File("rb"), metavar="FILE",
              help=t("Коды, по одному в строке.", "Codes, one a line."))  # fmt: skip
@click.option("--inner", multiple=True, metavar="BOX",
              help=t("Извлечь эту упаковку целиком; можно повторять.",
                     "Take this box out as it is; may be repeated."))  # fmt: skip
@_TRANSFERS
@_VALID
@_REQUEST
@_BIN
@with_access
@JSON
@click.pass_context
def unpack(
    ctx: click.Context, access: Access, *, boxes: tuple[str, ...], file: BinaryIO | None,
    inner: tuple[str, ...], transfers: tuple[str, ...], valid: bool, attempt: str, bin_: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Disaggregate."""
    lines = [] if file is None else _lines(file)
    taken = Codes([code for _, code in lines], boxes=inner, transfers=transfers)
    said = [*boxes, "", *inner, *(["", *transfers] if transfers else [])]
    with access.client() as client:
        made = client.disaggregate(
            boxes,
            taken=taken,
            request_id=_identity(attempt, *map(str.encode, said), *taken.texts),
            acceptance=_acceptance(valid),
            bin=bin_,
        )
        read = [(0, each.encode()) for each in boxes] + lines
        read += [(0, name.encode()) for name in (*transfers, *inner)]
        ctx.exit(_tell(client, made, read, bin_, as_json=as_json))


@box.command(
    help=t("Показать упаковку.", "Show a box."),
    examples=("emitter box show 106141411234567897",),
)
@click.argument("box_", metavar="BOX")
@_BIN
@with_access
@JSON
def show(access: Access, box_: str, bin_: str, *, as_json: bool) -> None:
    """Show a box."""
    with access.client() as client:
        found = client.box(box_, bin=bin_)
    if as_json:
        print_json(plain(found))
        return
    show_box(found)


@box.command(
    "list",
    help=t("Показать упаковки участника, новые сначала: те, что ни в чём не лежат, с --recursive "
           "– все, с --disbanded – расформированные. С BOX – что лежит в этой упаковке.",
           "Show the boxes of a participant, the newest first: those that lie in no other, all "
           "with --recursive, disbanded ones with --disbanded. With BOX: what lies in this one."),
    examples=("emitter box list", "emitter box list --recursive --json",
              "emitter box list 106141411234567897"),
)  # fmt: skip
@click.argument("box_", metavar="[BOX]", required=False)
@click.option("--recursive", is_flag=True,
              help=t("И то, что во вложенных упаковках.", "And what lies in boxes in them."),
              )  # fmt: skip
@click.option("--disbanded", is_flag=True,
              help=t("Расформированные упаковки.", "Boxes that are disbanded."))  # fmt: skip
@_BIN
@with_access
@JSON
def list_(
    access: Access, box_: str | None, bin_: str, *, recursive: bool, disbanded: bool, as_json: bool
) -> None:
    """List boxes, or the contents of one; as JSON one item a line."""
    if box_ is not None and disbanded:
        raise click.UsageError(t("--disbanded – без BOX", "--disbanded goes without BOX"))
    state = BoxState.DISBANDED if disbanded else BoxState.PACKED
    with access.client() as client:
        found: Iterable[Box | BoxItem]
        if box_ is None:
            wire: Any = int(state)
            found = client.boxes(state=wire, recursive=recursive, bin=bin_, page_size=_PAGE)
        else:
            found = client.box_contents(box_, recursive=recursive, bin=bin_, page_size=_PAGE)
        if as_json:
            for item in found:
                print_json(plain(item))
        elif box_ is None:
            print_boxes(found)
        else:
            print_items(found)


@box.command(
    help=t("Найти упаковки кодов файла (по одному в строке).",
           "Find the boxes of the codes of a file (one a line)."),
    examples=("emitter box find codes.csv", "emitter box find codes.csv --json"),
)  # fmt: skip
@click.argument("file", type=click.File("rb"))
@_BIN
@with_access
@JSON
def find(access: Access, file: BinaryIO, bin_: str, *, as_json: bool) -> None:
    """Find boxes; as JSON one code a line."""
    lines = _lines(file)
    with access.client() as client:
        found = client.find_boxes((code for _, code in lines), bin=bin_)
        rows = []
        for (place, _), each in zip(lines, found, strict=True):
            path = [] if each.box is None else [each.box.box, *each.box.around]
            reason = Reason(each.reason)
            if as_json:
                print_json({"line": place, "boxes": path,
                            "reason": reason.name if reason else ""})  # fmt: skip
                continue
            sentence = Refusal(reason).sentence(language()) if reason else ""
            rows.append((str(place), " → ".join(path) or "–", sentence))
    if not as_json:
        print_table((t("Строка", "Line"), t("Упаковки", "Boxes"), ""), rows)


def _lines(file: BinaryIO) -> list[tuple[int, bytes]]:
    """Return the lines of a file that are not empty, with their numbers."""
    texts = ((place, line.rstrip(b"\r\n")) for place, line in enumerate(file, 1))
    return [(place, text) for place, text in texts if text]


def _identity(attempt: str, *said: bytes) -> str:
    """Return the id of a request: the same for the same command, until --request-id changes it."""
    digest = hashlib.sha256(attempt.encode())
    for part in said:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _acceptance(valid: bool) -> Acceptance:  # noqa: FBT001 - the flag of the command line
    return Acceptance.ACCEPTANCE_VALID if valid else Acceptance.ACCEPTANCE_WHOLE


def _tell(
    client: Client, made: Report, read: list[tuple[int, bytes]], bin_: str, *, as_json: bool
) -> int:
    """Show a document and what it named in vain; return the exit code."""
    bad = list(bad_codes(client.refused_codes(made.report_id, bin=bin_), read))
    if as_json:
        print_json(plain(made) | {"bad": [plain_bad(each) for each in bad]})
    else:
        show_report(made)
        whose = f" --bin {bin_}" if bin_ else ""
        way = f"emitter report show {made.report_id}{whose} --refused FILE"
        show_bad(bad[:10], made.refused_count, t("Строка", "Line"), way)
    return 1 if made.refused_count else 0
