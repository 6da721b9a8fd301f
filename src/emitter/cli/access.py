"""How a verb reaches the engine: over the network, or with a server of its own on a store.

With ``--data`` the verb opens the store itself, so no server may be serving it, and starts the
same server on a free loopback port for as long as the verb runs. Unless a token is given, the verb
acts as the operator, with a token that exists in this process only: this is how the first
operator's token is made before any server runs.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import grpc

from emitter.client import Client
from emitter.config import Settings
from emitter.engine.keys import KeyRing, read_master
from emitter.language import t
from emitter.wire import certificates, chain_and_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
DEFAULT_SERVER = "127.0.0.1:7443"

JSON = click.option(
    "--json", "as_json", is_flag=True,
    help=t("Ответ для программ: JSON.", "Answer for machines: JSON."),
)  # fmt: skip


_KEY_OPTIONS = (
    click.option(
        "--keys", "keys_file", type=FILE, metavar="FILE",
        help=t("Файл ключей (или EMITTER_KEYS_FILE).", "File of keys (or EMITTER_KEYS_FILE)."),
    ),
    click.option(
        "--master-key-file", type=FILE, metavar="FILE",
        help=t(
            "Файл с мастер-ключом (или EMITTER_MASTER_KEY_FILE; сам ключ – EMITTER_MASTER_KEY).",
            "File with the master key (or EMITTER_MASTER_KEY_FILE; the key itself:"
            " EMITTER_MASTER_KEY).",
        ),
    ),
)  # fmt: skip
_SERVER_OPTIONS = (
    click.option(
        "--server", metavar="HOST:PORT",
        help=t(f"Сервер (или EMITTER_SERVER; обычно {DEFAULT_SERVER}).",
               f"The server (or EMITTER_SERVER; by default {DEFAULT_SERVER})."),
    ),
    click.option(
        "--token", metavar="TOKEN",
        help=t("Токен доступа (или EMITTER_TOKEN).", "Bearer token (or EMITTER_TOKEN)."),
    ),
    click.option(
        "--token-file", type=FILE, metavar="FILE",
        help=t("Файл с токеном (или EMITTER_TOKEN_FILE).",
               "File with the token (or EMITTER_TOKEN_FILE)."),
    ),
    click.option(
        "--ca", "ca_file", type=FILE, metavar="FILE",
        help=t("Сертификаты УЦ сервера, PEM: соединение по TLS (или EMITTER_CA_FILE).",
               "The CA of the server, PEM: connect by TLS (or EMITTER_CA_FILE)."),
    ),
    click.option(
        "--certificate", "certificate_file", type=FILE, metavar="FILE",
        help=t("Сертификат клиента, PEM, если сервер его требует (или EMITTER_CERTIFICATE_FILE).",
               "The caller's own, PEM, if the server asks for one (or EMITTER_CERTIFICATE_FILE)."),
    ),
    click.option(
        "--certificate-key", "certificate_key_file", type=FILE, metavar="FILE",
        help=t("Его закрытый ключ, PEM (или EMITTER_CERTIFICATE_KEY_FILE).",
               "Its private key, PEM (or EMITTER_CERTIFICATE_KEY_FILE)."),
    ),
    click.option(
        "--data", "data_dir", type=FOLDER, metavar="DIR",
        help=t("Открыть хранилище без сервера; без токена – от имени оператора.",
               "Open the store without a server; without a token as the operator."),
    ),
)  # fmt: skip


def settings_of(**flags: Path | str | None) -> Settings:
    """Return the settings of flags, else of the environment, else the defaults."""
    given = {name: None if value is None else str(value) for name, value in flags.items()}
    try:
        return Settings.read(given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def open_keys(settings: Settings) -> KeyRing:
    """Open the keys of the settings under their master key."""
    require_keys(settings)
    return KeyRing.load(settings.keys_file, read_master(settings.master_key_file))


def require_keys(settings: Settings) -> None:
    """Say how keys are made where there are none; a master key that is lost is not made again."""
    if not settings.keys_file.exists():
        hint = t(
            "файла нет; ключи создаёт команда emitter keys init",
            "no such file; emitter keys init makes the keys",
        )
        raise FileNotFoundError(errno.ENOENT, hint, str(settings.keys_file))


@dataclass(frozen=True, slots=True)
class Access:
    """The flags by which a verb reaches the engine."""

    server: str | None
    token: str | None
    token_file: Path | None
    ca_file: Path | None
    data_dir: Path | None
    keys_file: Path | None
    master_key_file: Path | None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None

    def client(self) -> contextlib.AbstractContextManager[Client]:
        """Lend a client that is connected, and end what was started for it."""
        if self.data_dir is None:
            return self._remote()
        if self.server is not None:
            raise click.UsageError(
                t(
                    "--data и --server исключают друг друга",
                    "--data and --server exclude each other",
                )
            )
        return self._embedded(self.data_dir)

    @contextlib.contextmanager
    def _remote(self) -> Iterator[Client]:
        token = self._token() or _from_environment()
        if token is None:
            raise click.UsageError(
                t(
                    "нужен токен: --token-file, --token или EMITTER_TOKEN",
                    "a token is needed: --token-file, --token or EMITTER_TOKEN",
                )
            )
        server = self.server or os.environ.get("EMITTER_SERVER") or DEFAULT_SERVER
        ca_file = self.ca_file or os.environ.get("EMITTER_CA_FILE")
        own = self._certificate()
        if own and not ca_file:
            raise click.UsageError(t("для --certificate нужен --ca", "--certificate needs --ca"))
        ca = certificates(Path(ca_file)) if ca_file else None
        with Client(server, token, root_certificates=ca, certificate=own) as client:
            try:
                yield client
            except grpc.RpcError as error:
                if ca is None or error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                raise ConnectionError(
                    t(
                        "сервер недоступен по TLS: проверьте адрес, --ca и --certificate",
                        "the server cannot be reached by TLS: check the address, --ca and"
                        " --certificate",
                    )
                ) from None

    @contextlib.contextmanager
    def _embedded(self, data_dir: Path) -> Iterator[Client]:
        from emitter.cli.embedded import embedded  # noqa: PLC0415 - remote verbs need no server

        settings = settings_of(
            data_dir=data_dir, keys_file=self.keys_file, master_key_file=self.master_key_file
        )
        with embedded(settings, open_keys(settings), self._token()) as client:
            yield client

    def _certificate(self) -> tuple[bytes, bytes] | None:
        """Return the caller's own chain and key, None where none is given."""
        chain = self.certificate_file or os.environ.get("EMITTER_CERTIFICATE_FILE")
        key = self.certificate_key_file or os.environ.get("EMITTER_CERTIFICATE_KEY_FILE")
        if bool(chain) != bool(key):
            raise click.UsageError(
                t(
                    "--certificate и --certificate-key задаются вместе",
                    "--certificate and --certificate-key are given together",
                )
            )
        return chain_and_key(Path(chain), Path(key)) if chain and key else None

    def _token(self) -> str | None:
        return _token_of(self.token) if self.token_file is None else _read_token(self.token_file)


def _from_environment() -> str | None:
    """Return the token for a server that the environment gives, with ``--data`` not asked."""
    file = os.environ.get("EMITTER_TOKEN_FILE")
    return _read_token(Path(file)) if file else _token_of(os.environ.get("EMITTER_TOKEN"))


def _read_token(file: Path) -> str | None:
    return _token_of(file.read_bytes().decode("latin-1"), f"{file}: ")


def _token_of(text: str | None, place: str = "") -> str | None:
    """Return a token without the space around it, None for none; what cannot be one is refused."""
    token = (text or "").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise click.UsageError(place + t("это не токен", "this is not a token"))
    return token or None


def with_access(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the flags of `Access`, as one argument ``access``."""

    @functools.wraps(verb)
    def wrapped(**values: Any) -> Any:
        access = Access(**{name: values.pop(name) for name in Access.__dataclass_fields__})
        return verb(access=access, **values)

    return _with_options(wrapped, _SERVER_OPTIONS + _KEY_OPTIONS)


def with_keys(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the flags that lead to keys, as one argument ``settings``."""

    @functools.wraps(verb)
    def wrapped(keys_file: Path | None, master_key_file: Path | None, **values: Any) -> Any:
        settings = settings_of(keys_file=keys_file, master_key_file=master_key_file)
        return verb(settings=settings, **values)

    return _with_options(wrapped, _KEY_OPTIONS)


def _with_options(
    verb: Callable[..., Any], options: tuple[Callable[..., Any], ...]
) -> Callable[..., Any]:
    return functools.reduce(lambda made, option: option(made), reversed(options), verb)
