"""Files of scans: codes in batches, from lines or a column of CSV, and verdicts beside them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO

import click

from emitter.language import t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

BATCH_CODES = 50_000
_CODE_BYTES_MAX = 4_096  # a longer line is no code, and cannot make a batch too large for a call
_BATCH_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 20


class CodeVerdict(NamedTuple):
    """What a file of verdicts says of a code; ``identity`` begins with a digit, always."""

    line: int
    verdict: str
    state: str
    identity: str
    owner_bin: str


def count_lines(file: BinaryIO) -> int | None:
    """Return how many lines a file has, None if it cannot be read twice."""
    if not file.seekable():
        return None
    count, last = 0, b"\n"
    while block := file.read(_BLOCK_BYTES):
        count += block.count(b"\n")
        last = block[-1:]
    file.seek(0)
    return count + (last != b"\n")


def code_batches(
    file: BinaryIO, column: str | None = None, delimiter: str = ","
) -> Iterator[list[bytes]]:
    """Yield the codes of a file, in batches for a call; without ``column`` one a line."""
    codes = _lines(file) if column is None else _column(file, column, delimiter)
    batch: list[bytes] = []
    size = 0
    for code in codes:
        batch.append(code[:_CODE_BYTES_MAX])
        size += len(batch[-1]) + 1
        if len(batch) == BATCH_CODES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(file: BinaryIO) -> Iterator[bytes]:
    for line in file:
        yield line.rstrip(b"\r\n")


def _column(file: BinaryIO, column: str, delimiter: str) -> Iterator[bytes]:
    """Yield a column of a table; bytes stay as they are, whatever their encoding."""
    text = io.TextIOWrapper(file, encoding="latin-1", newline="")
    rows = csv.reader(text, delimiter=delimiter)
    try:
        if column.isdecimal() and column != "0":
            index = int(column) - 1
        else:
            names = [_decoded(name) for name in next(rows, [])]
            if column not in names:
                raise click.UsageError(t(f"столбца {column} нет", f"there is no column {column}"))
            index = names.index(column)
        for row in rows:
            code = row[index] if index < len(row) else ""
            yield code.replace("\n", " ").encode("latin-1")
    except csv.Error as error:
        raise click.UsageError(
            t(f"не CSV, строка {rows.line_num}: {error}", f"no CSV, line {rows.line_num}: {error}")
        ) from None
    finally:
        text.detach()


def _decoded(name: str) -> str:
    return name.encode("latin-1").decode("utf-8", "replace").removeprefix("\ufeff").strip()


@contextlib.contextmanager
def write_verdicts(
    path: Path | None,
) -> Iterator[Callable[[Iterable[CodeVerdict]], None] | None]:
    """Lend what writes verdicts into a file; None where there is no file."""
    if path is None:
        yield None
        return
    with path.open("x", encoding="latin-1", newline="") as file:
        if path.suffix == ".jsonl":
            yield lambda verdicts: _write_json(file, verdicts)
        else:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(CodeVerdict._fields)
            yield rows.writerows


def _write_json(file: TextIO, verdicts: Iterable[CodeVerdict]) -> None:
    file.writelines(f"{json.dumps(verdict._asdict())}\n" for verdict in verdicts)
