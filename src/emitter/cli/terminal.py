"""What commands print: results on stdout, as text or as JSON; progress and errors on stderr."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import click
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from emitter.language import language, t
from emitter.trade.calendar import ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from google.protobuf.message import Message

    from emitter.trade.titled import Titled

_NUMBER = re.compile(r"-?\d[\d,.\u00a0]*( ₸| KZT)?")


def say(text: str) -> None:
    """Print a line of the result."""
    click.echo(text)


def note(text: str) -> None:
    """Print a line beside the result, to stderr."""
    click.echo(text, err=True)


def print_json(value: object) -> None:
    """Print one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Print what something is made of, a line each."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(f"{name:<{width}}  {value}")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a list; columns whose values are all numbers or amounts stand right."""
    columns = list(zip(headings, *rows, strict=True))
    shown = []
    for heading, *values in columns:
        width = max(map(len, (heading, *values)))
        side = ">" if values and all(map(_NUMBER.fullmatch, values)) else "<"
        shown.append([f"{text:{side}{width}}" for text in (heading, *values)])
    for line in zip(*shown, strict=True):
        say("  ".join(line).rstrip())


@contextlib.contextmanager
def progress(
    title: str, total: int | None, *, show: bool | None = None
) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, on a terminal or where asked; what is lent advances it."""
    screen = Console(stderr=True, width=None if sys.stderr.isatty() else 100)
    bar = Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=screen,
        disable=not (screen.is_terminal if show is None else show),
    )
    with bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


def kzt(amount_tiyn: int) -> str:
    """Return an amount of money: ``1 234 567,89 ₸``, or in English ``1,234,567.89 KZT``."""
    sign = "-" if amount_tiyn < 0 else ""
    whole, rest = divmod(abs(amount_tiyn), 100)
    if language() == "en":
        return f"{sign}{whole:,}.{rest:02} KZT"
    return f"{sign}{number(whole)},{rest:02} ₸"


def number(count: int) -> str:
    """Return a count with its thousands apart."""
    return f"{count:,}" if language() == "en" else f"{count:,}".replace(",", "\u00a0")


def title(word: Titled) -> str:
    """Return how people read a state or a kind."""
    return t(word.titles.ru, word.titles.en)


def moment(timestamp: Timestamp) -> str:
    """Return an instant as Almaty's clocks show it, to the second."""
    utc = timestamp.ToDatetime(tzinfo=dt.UTC)
    return utc.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def day(date: Date) -> str:
    """Return a civil date, a dash for none."""
    return f"{date.year:04}-{date.month:02}-{date.day:02}" if date.year else "–"


def yes(truth: bool) -> str:  # noqa: FBT001 - it is what is asked
    """Return yes or no."""
    return t("да", "yes") if truth else t("нет", "no")


def word(message: Message, field: str) -> str:
    """Return the name of an enumeration's value without its prefix: READY."""
    return _word(message.DESCRIPTOR.fields_by_name[field], getattr(message, field))


def _word(field: Any, value: int) -> str:
    names = field.enum_type.values_by_number
    if value not in names:
        return str(value)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", field.enum_type.name).upper() + "_"
    return str(names[value].name).removeprefix(prefix)


def plain(message: Message) -> dict[str, Any]:
    """Return a message as JSON's own types: whole numbers as numbers, states as words.

    Instants and dates are ISO 8601; what is optional and absent is null.
    """
    return {field.name: _plain_field(message, field) for field in message.DESCRIPTOR.fields}


def _plain_field(message: Message, field: Any) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [_plain_value(field, item) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _plain_value(field, value)


def _plain_value(field: Any, value: Any) -> Any:
    if isinstance(value, Timestamp):
        return value.ToJsonString()
    if isinstance(value, Date):
        return day(value)
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return plain(value)
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _word(field, value)
    return value
