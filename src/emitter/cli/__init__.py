"""The command ``emitter``: its verbs, and how every failure ends as one line and an exit code.

0 done · 1 refused, or something is wrong with what was looked at · 2 the command line is wrong ·
3 weather: the network, the server or the disk; the same command may do later.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
import grpc

from emitter.cli.account import account
from emitter.cli.codes import deliver, verify
from emitter.cli.demo import demo
from emitter.cli.keys import keys
from emitter.cli.order import order
from emitter.cli.server import check, serve
from emitter.cli.terminal import note
from emitter.cli.words import Group, usage_sentence
from emitter.client import CodesDamagedError
from emitter.engine.engine import StoreMismatchError
from emitter.engine.invariants import BreachError
from emitter.engine.sealed import KeysError
from emitter.errors import Refused
from emitter.language import language, t
from emitter.malloc import keep_large_blocks
from emitter.store.port import StoreError, StoreLocked

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSED = 1
USAGE = 2
WEATHER = 3
_INTERRUPTED = 130


@click.group(
    cls=Group,
    help=t(
        "emitter – эмиссия кодов маркировки: заявки, деньги, выгрузка, проверка.",
        "emitter – emission of marking codes: orders, money, delivery, checking.",
    ),
    examples=(
        "emitter demo",
        "emitter keys init --keys keys --master-key-file master.key",
        "emitter serve --data data --keys keys --master-key-file master.key",
        "EMITTER_LANG=en emitter --help",
    ),
)
@click.version_option(package_name="emitter", message="%(prog)s %(version)s",
                      help=t("Показать версию.", "Show the version."))  # fmt: skip
def cli() -> None:
    """Group the verbs."""


for verb in (account, check, deliver, demo, keys, order, serve, verify):
    cli.add_command(verb)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the entry point of the command ``emitter``."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    keep_large_blocks()
    try:
        code = cli.main(arguments, prog_name="emitter", standalone_mode=False)
    except click.Abort:
        code = _INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        note(error.format_message())
        code = USAGE
    except Exception as error:
        failure = _failure(error)
        if failure is None:
            raise
        code, sentence = failure
        _tell(error, sentence, as_json="--json" in arguments)
    sys.exit(code)


def _failure(error: Exception) -> tuple[int, str] | None:
    """Return exit code and sentence of a failure, None if it is a fault of the program."""
    failure: tuple[int, str] | None = None
    match error:
        case click.UsageError():
            failure = USAGE, usage_sentence(error)
        case Refused():
            code = WEATHER if error.reason.meaning.retry else REFUSED
            failure = code, error.refusal.sentence(language())
        case KeysError() | StoreMismatchError() | BreachError():
            failure = REFUSED, str(error)
        case grpc.Call():
            failure = WEATHER, _call_sentence(error)
        case StoreLocked():
            failure = (
                WEATHER,
                t(
                    f"хранилище открыто другим процессом: {error}",
                    f"another process has the store open: {error}",
                ),
            )
        case StoreError():
            failure = WEATHER, t(f"хранилище: {error}", f"store: {error}")
        case CodesDamagedError():
            failure = (
                WEATHER,
                t(
                    f"коды повреждены в пути, повторите выгрузку: {error}",
                    f"codes were damaged on their way, repeat the delivery: {error}",
                ),
            )
        case OSError():
            file = f"{error.filename}: " if error.filename else ""
            failure = WEATHER, file + (error.strerror or str(error))
    return failure


def _call_sentence(call: grpc.Call) -> str:
    """Return why a call failed that no refusal explains."""
    if call.code() is grpc.StatusCode.UNAVAILABLE:
        return t("сервер недоступен", "the server cannot be reached")
    if call.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return t("сервер не ответил вовремя", "the server did not answer in time")
    return t(f"сервер: {call.details()}", f"server: {call.details()}")


def _tell(error: Exception, sentence: str, *, as_json: bool) -> None:
    """Print a failure to stderr: one line, for people or for machines."""
    if not as_json:
        note(t(f"Ошибка: {sentence}", f"Error: {sentence}"))
        return
    answer: dict[str, object] = {"error": type(error).__name__, "sentence": sentence}
    if isinstance(error, Refused):
        answer |= {"error": error.reason.name, "details": dict(error.refusal.details)}
    sys.stderr.write(json.dumps(answer, ensure_ascii=False) + "\n")
