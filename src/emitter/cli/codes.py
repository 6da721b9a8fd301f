"""``emitter deliver``: codes into a file."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from dataclasses import dataclass
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
    progress,
)
from emitter.cli.values import Count
from emitter.cli.words import Command
from emitter.errors import Refused
from emitter.language import t

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.cli.access import Access
    from emitter.client import Delivery

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
