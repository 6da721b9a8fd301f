"""``emitter verify``: codes of a file checked, through a server or with public keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click

from emitter.cli.access import FILE, JSON, with_access
from emitter.cli.scans import code_batches, count_lines, write_verdicts
from emitter.cli.terminal import number, print_json, print_pairs, print_table, progress, say, title
from emitter.cli.values import Count
from emitter.cli.verdicts import Verdicts, offline_verdicts, verify_lines, words_of
from emitter.cli.words import Command
from emitter.language import t
from emitter.trade.offline import read_public_keys

if TYPE_CHECKING:
    from pathlib import Path

    from emitter.cli.access import Access


@click.command(
    cls=Command,
    help=t(
        "Проверить коды файла. В FILE (или stdin: -) – по коду в строке, или таблица CSV, если "
        "указан --column. Терпит то, что добавляют сканеры: ]d2, è, потерянный или записанный "
        "словами GS, XML, скобки. Код выхода 1, если не все коды подлинные.\n\n"
        "С --offline сервер не нужен: проверяются подписи кодов с хвостом в 88 символов.",
        "Check the codes of a file. The FILE (or stdin: -) has one code a line, or is a CSV table "
        "if --column is given. What scanners add is tolerated: ]d2, è, a GS that is lost or "
        "spelt, XML, parentheses. The exit code is 1 if not all of them are genuine.\n\n"
        "With --offline no server is needed: the signatures of codes with a tail of 88 characters "
        "are checked.",
    ),
    examples=(
        "emitter verify codes.csv",
        "emitter verify - --json < scans.txt",
        "emitter verify scans.csv --column code --delimiter ';' --out verdicts.csv",
        "emitter verify --offline public-keys.json codes.csv",
    ),
)
@click.argument("file", type=click.File("rb"))
@click.option(
    "--offline", "keys_file_offline", type=FILE, metavar="KEYS",
    help=t("Файл открытых ключей: проверить без сервера.",
           "File of public keys: check without a server."),
)  # fmt: skip
@click.option(
    "--out", type=FILE, metavar="FILE",
    help=t("Вердикт по каждому коду: CSV, а в файл .jsonl – JSON по строкам.",
           "A verdict for each code: CSV, or JSON lines for a file named .jsonl."),
)  # fmt: skip
@click.option(
    "--column", metavar="NAME|N",
    help=t("FILE – это CSV: имя столбца из заголовка или его номер с 1.",
           "The FILE is CSV: name of a column in its header, or its number from 1."),
)  # fmt: skip
@click.option(
    "--delimiter",
    default=",",
    metavar="C",
    help=t("Разделитель столбцов (обычно запятая).", "Delimiter of columns (by default a comma)."),
)
@click.option(
    "--show", "bad_max", type=Count(), default=10,
    help=t("Сколько неподлинных показать (обычно 10).",
           "How many bad ones to show (by default 10)."),
)  # fmt: skip
@with_access
@JSON
@click.pass_context
def verify(
    ctx: click.Context,
    access: Access,
    file: BinaryIO,
    *,
    keys_file_offline: Path | None,
    out: Path | None,
    column: str | None,
    delimiter: str,
    bad_max: int,
    as_json: bool,
) -> None:
    """Check the codes of a file."""
    if len(delimiter) != 1:
        raise click.UsageError(t("--delimiter: один символ", "--delimiter: one character"))
    total = count_lines(file)
    batches = code_batches(file, column, delimiter)
    with write_verdicts(out) as write, progress(t("Проверка", "Checking"), total) as advance:
        if keys_file_offline is not None:
            keys = read_public_keys(keys_file_offline.read_bytes())
            verdicts = offline_verdicts(keys, batches, bad_max, advance, write)
        else:
            with access.client() as client:
                verdicts = verify_lines(client, batches, bad_max, advance, write)
    if as_json:
        print_json(verdicts.plain())
    else:
        _show(verdicts)
    ctx.exit(0 if verdicts.genuine == verdicts.codes else 1)


def _show(verdicts: Verdicts) -> None:
    print_pairs(
        [
            (t("Проверено", "Checked"), number(verdicts.codes)),
            (t("Подлинные", "Genuine"), number(verdicts.genuine)),
            *[("  " + title(state), number(count)) for state, count in verdicts.states.items()],
            *[
                (words_of(reason), number(count))
                for reason, count in sorted(verdicts.reasons.items())
            ],
        ]
    )
    if verdicts.bad:
        say("")
        print_table(
            (t("Строка", "Line"), t("Причина", "Reason"), t("Код (GTIN, серия)", "GTIN, serial")),
            [(str(line), reason.name, identity) for line, reason, identity in verdicts.bad],
        )
