"""How every failure of a verb ends: one line on stderr and an exit code.

0 done · 1 refused, or something is wrong with what was looked at · 2 the command line is wrong ·
3 weather: the network, the server or the disk; the same command may do later.
"""

from __future__ import annotations

import json

import click
import grpc

from emitter.cli.terminal import note
from emitter.cli.words import translated, usage_sentence
from emitter.client import CodesDamagedError
from emitter.config import SettingsError
from emitter.engine.engine import StoreMismatchError
from emitter.engine.invariants import BreachError
from emitter.engine.sealed import KeysError
from emitter.errors import Refused
from emitter.language import language, t
from emitter.store.port import StoreError, StoreLocked

REFUSED = 1
USAGE = 2
WEATHER = 3


def tell(error: Exception, *, as_json: bool) -> int | None:
    """Say to stderr why a verb failed and return the exit code, None for a fault of the program."""
    failure = _failure(error)
    if failure is None:
        return None
    code, sentence = failure
    sentence = translated(sentence)
    if not as_json:
        note(t(f"Ошибка: {sentence}", f"Error: {sentence}"))
        return code
    answer: dict[str, object] = {"error": type(error).__name__, "sentence": sentence}
    if isinstance(error, Refused):
        answer |= {"error": error.reason.name, "details": dict(error.refusal.details)}
    note(json.dumps(answer, ensure_ascii=False))
    return code


def _failure(error: Exception) -> tuple[int, str] | None:
    failure: tuple[int, str] | None = None
    match error:
        case click.UsageError():
            failure = USAGE, usage_sentence(error)
        case SettingsError():
            failure = USAGE, str(error)
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
