"""``emitter keys …``: the keys of a store."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import click

from emitter.cli.access import FILE, JSON, open_keys, with_keys
from emitter.cli.terminal import note, print_json, print_table, say
from emitter.cli.words import Group
from emitter.engine.keys import (
    KeyKind,
    KeyRing,
    KeyState,
    create_master,
    format_key_id,
    read_master,
)
from emitter.language import t

if TYPE_CHECKING:
    from pathlib import Path

    from emitter.config import Settings

_KINDS = {"mac": KeyKind.MAC, "signature": KeyKind.SIGNATURE, "short": KeyKind.SHORT}
_STATES = {
    KeyState.CURRENT: ("действующий", "current"),
    KeyState.ACTIVE: ("запасной", "active"),
    KeyState.RETIRED: ("выведен", "retired"),
}


class _KeyId(click.ParamType[int]):
    """An id as AI 91 carries it."""

    name = "id"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).upper()
        if len(text) != 4 or not set(text) <= set("0123456789ABCDEF"):
            self.fail(t("нужны четыре шестнадцатеричные цифры", "four hex digits"), param, ctx)
        return int(text, 16)


@click.group(
    cls=Group,
    help=t(
        "Ключи хранилища. Ключ серийных номеров – один навсегда, ключи проверки сменяются.",
        "Keys of a store. The serial key is one for ever, check keys rotate.",
    ),
    examples=("emitter keys init --keys keys --master-key-file master.key",),
)
def keys() -> None:
    """Group the verbs."""


@keys.command(
    help=t(
        "Создать ключи нового хранилища. Если файла мастер-ключа нет, создать и его.\n\n"
        "Храните копии обоих файлов отдельно друг от друга: без них новые коды не выпустить, "
        "а выпущенные не проверить.",
        "Make the keys of a new store, and the file of the master key if it is not there.\n\n"
        "Keep copies of both files, apart from each other: without them no code can be issued "
        "or checked.",
    ),
    examples=("emitter keys init --keys keys --master-key-file master.key",),
)
@with_keys
@JSON
def init(settings: Settings, *, as_json: bool) -> None:
    """Make keys, and a master key if its file is named and missing."""
    file = settings.master_key_file
    if settings.keys_file.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(settings.keys_file))
    if file is None or file.exists():
        master = read_master(file)
    else:
        master = create_master(file)
        note(t(f"Мастер-ключ записан в {file}.", f"The master key is in {file}."))
    _show(KeyRing.create(settings.keys_file, master), as_json=as_json)


@keys.command(
    "list",
    help=t("Показать ключи проверки, без секретов.", "Show the check keys, without secrets."),
    examples=("emitter keys list --keys keys --master-key-file master.key",),
)
@with_keys
@JSON
def list_(settings: Settings, *, as_json: bool) -> None:
    """Show the keys."""
    _show(open_keys(settings), as_json=as_json)


@keys.command(
    help=t(
        "Добавить ключ проверки. Вид KIND: mac (44 знака), signature (88) или short (4).\n\n"
        "Новые коды берут его после emitter keys current; работающий сервер перечитывает ключи по "
        "сигналу SIGHUP.",
        "Add a check key. The KIND is mac (44 characters), signature (88) or short (4).\n\n"
        "New codes take it after emitter keys current; a running server reads the keys again on "
        "SIGHUP.",
    ),
    examples=("emitter keys add signature",),
)
@click.argument("kind", type=click.Choice(list(_KINDS)))
@with_keys
@JSON
def add(settings: Settings, kind: str, *, as_json: bool) -> None:
    """Add a key."""
    ring = open_keys(settings)
    ring.add(_KINDS[kind])
    _show(ring, as_json=as_json)


@keys.command(
    help=t(
        "Сделать ключ ID действующим. Его берут новые коды; сервер прочтёт это при запуске или по "
        "сигналу SIGHUP (kill -HUP PID).",
        "Make the key ID current. New codes take it; a server reads this when it starts, or on "
        "SIGHUP (kill -HUP PID).",
    ),
    examples=("emitter keys current 0004",),
)
@click.argument("key_id", metavar="ID", type=_KeyId())
@with_keys
@JSON
def current(settings: Settings, key_id: int, *, as_json: bool) -> None:
    """Let new codes take a key."""
    ring = open_keys(settings)
    ring.make_current(key_id)
    _show(ring, as_json=as_json)


@keys.command(
    help=t(
        "Вывести ключ ID навсегда. Коды, выпущенные с ним, проверяются и дальше.",
        "Take the key ID out of use for ever. Codes issued with it still verify.",
    ),
    examples=("emitter keys retire 0002",),
)
@click.argument("key_id", metavar="ID", type=_KeyId())
@with_keys
@JSON
def retire(settings: Settings, key_id: int, *, as_json: bool) -> None:
    """Take a key out of use."""
    ring = open_keys(settings)
    ring.retire(key_id)
    _show(ring, as_json=as_json)


@keys.command(
    help=t(
        "Выдать открытые ключи подписей. По ним коды проверяют без сервера.",
        "Export the public keys of signatures. Codes are checked with them without a server.",
    ),
    examples=("emitter keys export --out public-keys.json",),
)
@click.option("--out", type=FILE, metavar="FILE", help=t("Файл; иначе stdout.", "File; or stdout."))
@with_keys
def export(settings: Settings, out: Path | None) -> None:
    """Write the public keys."""
    text = json.dumps(open_keys(settings).public_keys(), indent=2)
    if out is None:
        say(text)
    else:
        out.write_text(text + "\n", "ascii")


def _show(ring: KeyRing, *, as_json: bool) -> None:
    kinds = {kind: name for name, kind in _KINDS.items()}
    fingerprint = ring.fingerprint().hex()
    if as_json:
        rows = [
            {"id": format_key_id(key.key_id), "kind": kinds[key.kind], "state": key.state.name}
            for key in ring.infos()
        ]
        print_json({"fingerprint": fingerprint, "keys": rows})
        return
    say(t(f"Ключ серийных номеров: {fingerprint}", f"Serial key: {fingerprint}"))
    print_table(
        (t("Ключ", "Key"), t("Вид", "Kind"), t("Состояние", "State")),
        [
            (format_key_id(key.key_id), kinds[key.kind], t(*_STATES[key.state]))
            for key in ring.infos()
        ],
    )
