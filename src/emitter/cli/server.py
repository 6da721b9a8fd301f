"""``emitter serve`` and ``emitter check``: the store, served and examined."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emitter.cli.access import FILE, FOLDER, JSON, require_keys, settings_of, with_keys
from emitter.cli.terminal import kzt, number, print_json, print_pairs, progress, say
from emitter.cli.words import Command
from emitter.config import Limits
from emitter.engine.invariants import Report, check_store
from emitter.language import t
from emitter.server import serve as run_server
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade.ledger import LedgerAccount
from emitter.wire import host_and_port, require_address, require_loopback

if TYPE_CHECKING:
    from emitter.config import Settings

_DATA = click.option(
    "--data", "data_dir", type=FOLDER, metavar="DIR",
    help=t("Папка хранилища (или EMITTER_DATA_DIR).", "Folder of the store (or EMITTER_DATA_DIR)."),
)  # fmt: skip


class _Limit(click.ParamType[tuple[str, int]]):
    """A limit and its value: ``active_orders_max=500``."""

    name = "limit"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        name, _, count = str(value).partition("=")
        if name not in {item.name for item in dataclasses.fields(Limits)} or not count.isdecimal():
            self.fail(t(f"нет такого предела: {value}", f"no such limit: {value}"), param, ctx)
        return name, int(count)


@click.command(
    cls=Command,
    help=t(
        "Запустить сервер. Он обслуживает станции по gRPC и HTTP до SIGTERM.\n\n"
        "Без TLS – только на loopback-адресах. Пределы и их значения: emitter serve --limits.",
        "Run the server. It serves stations by gRPC and HTTP until SIGTERM.\n\n"
        "Without TLS on loopback addresses only. Limits and their values: emitter serve --limits.",
    ),
    examples=(
        "emitter serve --data data --keys keys --master-key-file master.key",
        "emitter serve --listen 0.0.0.0:7443 --tls-certificate chain.pem --tls-key key.pem",
        "emitter serve --limit active_orders_max=500 --access-log access.log",
    ),
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help=t(
        "Адрес (или EMITTER_LISTEN; обычно 127.0.0.1:7443; порт 0 – любой).",
        "Address (or EMITTER_LISTEN; by default 127.0.0.1:7443; port 0: any).",
    ),
)
@click.option(
    "--stations-listen",
    metavar="HOST:PORT",
    help=t(
        "Адрес HTTP для станций (или EMITTER_STATIONS_LISTEN; обычно 127.0.0.1:7480; off – нет).",
        "HTTP address for stations (or EMITTER_STATIONS_LISTEN; by default 127.0.0.1:7480;"
        " off: none).",
    ),
)
@click.option(
    "--trust-anchors",
    type=FILE,
    metavar="FILE",
    help=t(
        "Сертификаты УЦ для подписей станций, PEM.", "CA certificates of stations' signatures, PEM."
    ),
)
@_DATA
@click.option(
    "--sscc-prefix",
    metavar="DIGITS",
    help=t(
        "Префикс предприятия GS1, из которого выдаются SSCC (или EMITTER_SSCC_PREFIX; обычно нет).",
        "GS1 company prefix that SSCCs are given out of (or EMITTER_SSCC_PREFIX; by default none).",
    ),
)
@click.option(
    "--tls-certificate",
    type=FILE,
    metavar="FILE",
    help=t("Цепочка сертификатов, PEM.", "Certificate chain, PEM."),
)
@click.option(
    "--tls-key", type=FILE, metavar="FILE", help=t("Закрытый ключ, PEM.", "Private key, PEM.")
)
@click.option(
    "--tls-client-ca",
    type=FILE,
    metavar="FILE",
    help=t(
        "УЦ клиентов gRPC, PEM: без сертификата этих УЦ не войти.",
        "Authorities of gRPC clients, PEM: nobody without a certificate of theirs is let in.",
    ),
)
@click.option(
    "--access-log",
    metavar="FILE",
    help=t(
        "Журнал вызовов, строка JSON на вызов: файл, stderr или off (или EMITTER_ACCESS_LOG; обычно"
        " stderr).",
        "Access log, a line of JSON a call: a file, stderr or off (or EMITTER_ACCESS_LOG; by"
        " default stderr).",
    ),
)
@click.option(
    "--limit",
    "given",
    type=_Limit(),
    multiple=True,
    metavar="NAME=VALUE",
    help=t("Задать предел.", "Set a limit."),
)
@click.option(
    "--limits",
    "show_limits",
    is_flag=True,
    help=t("Показать пределы и выйти.", "Show the limits and exit."),
)
@with_keys
def serve(
    settings: Settings,
    listen: str | None,
    data_dir: Path | None,
    *,
    stations_listen: str | None,
    trust_anchors: Path | None,
    sscc_prefix: str | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    access_log: str | None,
    given: tuple[tuple[str, int], ...],
    show_limits: bool,
) -> None:
    """Serve until told to stop."""
    try:
        limits = Limits(**dict(given))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if show_limits:
        for name, value, unit, reason in limits.table():
            say(f"{name}={value} {unit}: {reason}")
        return
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    flags = {
        "listen": listen,
        "stations_listen": stations_listen,
        "trust_anchors_file": trust_anchors,
        "data_dir": data_dir,
        "sscc_prefix": sscc_prefix,
        "keys_file": settings.keys_file,
        "master_key_file": settings.master_key_file,
        "tls_certificate_file": tls_certificate,
        "tls_key_file": tls_key,
        "tls_client_ca_file": tls_client_ca,
        "access_log": access_log,
    }
    chosen = settings_of(**flags)
    judge = require_loopback if chosen.tls_certificate_file is None else require_address
    for address in {chosen.listen, chosen.stations_listen} - {"off"}:
        judge(address)
    if chosen.stations_listen != "off":
        host_and_port(chosen.stations_listen)  # no socket of the file system
    _require_anchors(chosen.trust_anchors_file)
    require_keys(chosen)

    def started(port: int) -> None:
        place = _place(chosen.listen, port)
        say(t(f"Сервер слушает {place}", f"Serving on {place}"))

    def stations_started(port: int) -> None:
        say(t(f"Станции: HTTP, порт {port}", f"Stations: HTTP on port {port}"))

    run_server(chosen, limits, started=started, stations_started=stations_started)


def _place(listen: str, port: int) -> str:
    """Return where a server listens, with the port that it has."""
    return listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"


def _require_anchors(file: Path | None) -> None:
    """Refuse a file without certificates before anything is opened."""
    if file is None:
        return
    from emitter.api.suz.signatures import Anchors  # noqa: PLC0415 - check needs none of it

    try:
        Anchors.load(file)
    except ValueError:
        raise click.UsageError(
            t(f"{file}: нет сертификатов PEM", f"{file}: no certificates in PEM")
        ) from None


@click.command(
    cls=Command,
    help=t(
        "Проверить инварианты хранилища. Это деньги, журнал, заявки, блоки, диапазоны.\n\n"
        "Работает и рядом с сервером. С --copy проверяется копия, а с ней и журнал в целом. "
        "Первое нарушение называется, код выхода 1.",
        "Check every invariant of a store. These are of money, journal, orders, blocks, ranges.\n\n"
        "Works beside a server too. With --copy a copy is checked, and with it the journal as a "
        "whole. The first breach is named, the exit code is 1.",
    ),
    examples=("emitter check --data data", "emitter check --data data --copy"),
)
@_DATA
@click.option("--copy", is_flag=True,
              help=t("Проверить копию (место на диске нужно и для неё).",
                     "Check a copy (which needs its place on the disk)."))  # fmt: skip
@JSON
def check(data_dir: Path | None, *, copy: bool, as_json: bool) -> None:
    """Check a store, or a copy of it."""
    data = settings_of(data_dir=data_dir).data_dir
    if copy:
        with tempfile.TemporaryDirectory(dir=data.parent, prefix=".emitter-copy-") as folder:
            store = open_lmdb(data, read_only=True)
            try:
                store.copy(Path(folder) / "copy")
            finally:
                store.close()
            report = _check(Path(folder) / "copy", whole=True)
    else:
        report = _check(data, whole=False)
    _show(report, as_json=as_json)


def _check(data: Path, *, whole: bool) -> Report:
    store = open_lmdb(data, read_only=True)
    try:
        with progress(t("Проверка", "Checking"), None) as advance:
            return check_store(store, whole=whole, progress=lambda _: advance(1))
    finally:
        store.close()


def _show(report: Report, *, as_json: bool) -> None:
    totals = {LedgerAccount(account): tiyn for account, tiyn in report.totals_tiyn.items()}
    if as_json:
        answer = dataclasses.asdict(report) | {"ok": True}
        answer["totals_tiyn"] = {account.name: tiyn for account, tiyn in totals.items()}
        print_json(answer)
        return
    kind = (
        t("копия, журнал в целом", "a copy, the journal as a whole")
        if report.whole
        else t(
            "живое хранилище, каждый счёт, заявка и GTIN по отдельности",
            "the live store, each account, order and GTIN by itself",
        )
    )
    say(t(f"Все инварианты соблюдены ({kind}).", f"Every invariant holds ({kind})."))
    print_pairs(
        [
            (t("Счета", "Accounts"), number(report.accounts)),
            (t("Проводки", "Transactions"), number(report.transactions)),
            (t("Заявки", "Orders"), number(report.orders)),
            (t("Блоки", "Blocks"), number(report.blocks)),
            (t("Диапазоны", "Ranges"), number(report.ranges)),
            (t("Собственные серийные номера", "Self-made serials"), number(report.own_serials)),
            (t("Эмитировано кодов", "Codes emitted"), number(report.codes_emitted)),
            (t("Выгружено кодов", "Codes delivered"), number(report.codes_delivered)),
            (t("Документы о кодах", "Documents about codes"), number(report.documents)),
            (t("Упаковки", "Boxes"), number(report.boxes)),
            (t("Кодов в упаковках", "Codes in boxes"), number(report.boxed_codes)),
            *[
                (t(account.titles.ru, account.titles.en), kzt(tiyn))
                for account, tiyn in totals.items()
            ],
        ]
    )
