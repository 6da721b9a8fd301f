"""``emitter deliver`` and ``emitter verify``: codes into a file, and codes of a file checked."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import numpy as np

from emitter.cli.access import FILE, JSON, with_access
from emitter.cli.terminal import (
    kzt,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    progress,
    say,
    title,
)
from emitter.cli.values import Count
from emitter.cli.words import Command
from emitter.errors import Reason, Refusal, Refused
from emitter.language import language, t
from emitter.trade.codes import split
from emitter.trade.gs1 import format_gtin
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from emitter.cli.access import Access
    from emitter.client import Client, Delivery

_LF = 0x0A
_BATCH_LINES = 50_000


def write_codes(
    delivery: Delivery, file: BinaryIO, advance: Callable[[int], None] = lambda _: None
) -> None:
    """Write the codes of a delivery, one a line exactly as it is (GS as byte 0x1D)."""
    for records in delivery:
        lines = np.empty((len(records), delivery.record_size + 1), np.uint8)
        lines[:, :-1] = records
        lines[:, -1] = _LF
        file.write(lines.data)
        advance(len(records))


@click.command(
    cls=Command,
    help=t(
        "Выгрузить блок кодов в файл. Коды GTIN из заявки ORDER – по одному в строке, как есть, "
        "GS – байтом 0x1D. Деньги за блок списываются из резерва.\n\n"
        "Прерванную выгрузку продолжает та же команда: тот же блок, те же коды, без новых денег.",
        "Deliver a block of codes into a file. The codes of GTIN in ORDER stand one a line, "
        "exactly as they are, GS as byte 0x1D. Their money is captured from the reserve.\n\n"
        "The same command continues a delivery that was cut: same block, same codes, no new money.",
    ),
    examples=(
        "emitter deliver 0197f5a0-… 04670033010053",
        "emitter deliver 0197f5a0-… 04670033010053 --quantity 5000 --out line-1.csv",
    ),
)
@click.argument("order_id", metavar="ORDER")
@click.argument("gtin", metavar="GTIN")
@click.option(
    "--quantity",
    type=Count(),
    default=0,
    metavar="N",
    help=t("Сколько кодов; 0 – все оставшиеся.", "How many codes; 0: all that is left."),
)
@click.option(
    "--block-id",
    metavar="TEXT",
    help=t(
        "Идентификатор блока: повторная выгрузка бесплатна.",
        "Id of the block: delivering it again is free.",
    ),
)
@click.option(
    "--out",
    type=FILE,
    default=Path("codes.csv"),
    metavar="FILE",
    help=t("Файл для кодов (обычно codes.csv).", "File for the codes (by default codes.csv)."),
)
@with_access
@JSON
def deliver(
    access: Access,
    order_id: str,
    gtin: str,
    *,
    quantity: int,
    block_id: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Deliver a block into a file that appears when it is complete."""
    if out.exists():
        raise click.UsageError(t(f"файл {out} уже есть", f"{out} exists already"))
    wanted = _Ticket(order_id, gtin, quantity, block_id or str(uuid.uuid4()))
    part = out.with_name(out.name + ".part")
    with access.client() as client, part.open("ab") as file:
        _own(file, out)
        ticket = _continued(wanted, out, given=block_id is not None)
        if ticket is wanted:
            file.truncate(0)  # what may stand there is of a delivery that was given up
        have = _whole_lines(part)
        try:
            delivery = client.deliver(order_id, gtin, ticket.block_id, quantity, from_index=have)
        except Refused as refused:
            if ticket is wanted and not refused.reason.meaning.retry:  # there is no such block
                _ticket_file(out).unlink()
                part.unlink()
            raise
        block = delivery.block
        with progress(t("Выгрузка", "Delivery"), block.quantity) as advance:
            advance(have)
            write_codes(delivery, file, advance)
        file.flush()
        os.fsync(file.fileno())
    part.replace(out)
    _ticket_file(out).unlink()
    if as_json:
        print_json({"file": str(out), "replayed": delivery.replayed, "block": plain(block)})
        return
    print_pairs(
        [
            (t("Файл", "File"), str(out)),
            (t("Блок", "Block"), block.block_id),
            (t("Коды", "Codes"), number(block.quantity)),
            (t("Списано", "Captured"), kzt(block.gross_tiyn)),
        ]
    )


def _own(file: BinaryIO, out: Path) -> None:
    """Refuse a file that another process is writing, or has just finished."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = not out.exists()
    except BlockingIOError:
        free = False
    if not free:
        raise click.UsageError(
            t(f"файл {out} пишет другой процесс", f"another process writes {out}")
        )


@dataclass(frozen=True, slots=True)
class _Ticket:
    """What a delivery under way asks for, kept beside its file until that is complete."""

    order_id: str
    gtin: str
    quantity: int
    block_id: str


def _ticket_file(out: Path) -> Path:
    return out.with_name(out.name + ".block")


def _continued(wanted: _Ticket, out: Path, *, given: bool) -> _Ticket:
    """Return the ticket of the delivery that was cut, or leave a new one."""
    path = _ticket_file(out)
    try:
        written = path.read_text("utf-8")
    except FileNotFoundError:
        written = ""
    if not written:  # or killed before it was written, and nothing was asked for
        text = {name: getattr(wanted, name) for name in _Ticket.__dataclass_fields__}
        path.write_text(json.dumps(text), "utf-8")
        return wanted
    kept = _Ticket(**json.loads(written))
    same = (kept.order_id, kept.gtin, kept.quantity) == (
        wanted.order_id, wanted.gtin, wanted.quantity,
    )  # fmt: skip
    if not same or (given and kept.block_id != wanted.block_id):
        raise click.UsageError(
            t(
                f"{path} – от другой прерванной выгрузки: продолжите её или удалите файл",
                f"{path} is of another delivery that was cut: continue it or delete the file",
            )
        )
    return kept


def _whole_lines(part: Path) -> int:
    """Cut a torn last line off, and return how many codes the file holds."""
    size = part.stat().st_size
    with part.open("r+b") as file:
        first = file.readline()
        count = size // len(first) if first.endswith(b"\n") else 0
        file.truncate(count * len(first))
    return count


@dataclass(slots=True)
class Verdicts:
    """What the check of many codes came to; ``bad`` are the first that are not genuine."""

    codes: int = 0
    genuine: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    states: Counter[CodeState] = field(default_factory=Counter)
    bad: list[tuple[int, Reason, str]] = field(default_factory=list)


def verify_lines(
    client: Client,
    lines: Iterable[bytes],
    *,
    bad_max: int = 10,
    advance: Callable[[int], None] = lambda _: None,
) -> Verdicts:
    """Check codes, one a line, through the server."""
    verdicts = Verdicts()
    for batch in _batches(lines):
        columns = client.verify(batch)
        for value, count in zip(*np.unique(columns.reasons, return_counts=True), strict=True):
            if value:
                verdicts.reasons[Reason(int(value))] += int(count)
            else:
                verdicts.genuine += int(count)
        for value, count in zip(*np.unique(columns.states, return_counts=True), strict=True):
            if value:
                verdicts.states[CodeState(int(value))] += int(count)
        for index in np.flatnonzero(columns.reasons)[: bad_max - len(verdicts.bad)].tolist():
            reason = Reason(int(columns.reasons[index]))
            verdicts.bad.append((verdicts.codes + index + 1, reason, identity(batch[index])))
        verdicts.codes += len(batch)
        advance(len(batch))
    return verdicts


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line.rstrip(b"\r\n"))
        if len(batch) == _BATCH_LINES:
            yield batch
            batch = []
    if batch:
        yield batch


def identity(code: bytes) -> str:
    """Return GTIN and serial of a code and nothing of its check, empty where there are none."""
    try:
        parts = split(code)
    except Refused:
        return ""
    return f"{format_gtin(parts.gtin)} {parts.serial}"


@click.command(
    cls=Command,
    help=t(
        "Проверить коды файла. В FILE (или stdin: -) – по коду в строке. "
        "Код выхода 1, если не все коды подлинные.",
        "Check the codes of a file. The FILE (or stdin: -) has one code a line. "
        "The exit code is 1 if not all of them are genuine.",
    ),
    examples=("emitter verify codes.csv", "emitter verify - --json < scans.txt"),
)
@click.argument("file", type=click.File("rb"))
@click.option(
    "--show",
    "bad_max",
    type=Count(),
    default=10,
    help=t(
        "Сколько неподлинных показать (обычно 10).", "How many bad ones to show (by default 10)."
    ),
)
@with_access
@JSON
@click.pass_context
def verify(
    ctx: click.Context, access: Access, file: BinaryIO, *, bad_max: int, as_json: bool
) -> None:
    """Check the codes of a file."""
    with access.client() as client, progress(t("Проверка", "Checking"), None) as advance:
        verdicts = verify_lines(client, file, bad_max=bad_max, advance=advance)
    if as_json:
        print_json(
            {
                "codes": verdicts.codes,
                "genuine": verdicts.genuine,
                "reasons": {reason.name: count for reason, count in verdicts.reasons.items()},
                "states": {state.name: count for state, count in verdicts.states.items()},
                "bad": [
                    {"line": line, "reason": reason.name, "identity": identity}
                    for line, reason, identity in verdicts.bad
                ],
            }
        )
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
                (Refusal(reason).sentence(language()), number(count))
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
