"""``emitter sandbox``: both doors on a store of its own, with a funded participant to try with."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import signal
import threading
from typing import TYPE_CHECKING

import click

from emitter.api.suz.dev_ca import ALGORITHMS, write_station
from emitter.api.suz.opening import open_stations
from emitter.cli.access import FOLDER
from emitter.cli.terminal import say
from emitter.cli.words import Command
from emitter.config import Settings
from emitter.engine.commands import (
    ActivateParticipant,
    CreditAccount,
    IssueClientToken,
    IssueToken,
    OpenConnection,
    RegisterParticipant,
    RegisterProduct,
    RegisterStation,
)
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyRing, create_master, read_master
from emitter.engine.participants import Role
from emitter.language import t
from emitter.malloc import keep_large_blocks
from emitter.server import Server
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.rows import SignaturePolicy
from emitter.trade.gs1 import check_digit, format_gtin
from emitter.trade.templates import Group
from emitter.wire import require_loopback

if TYPE_CHECKING:
    from pathlib import Path

BIN = 990140000384
_BIN_TEXT = f"{BIN:012}"
_NAME = "ТЕСТ – ТОО «Песочница»"
_SINCE = dt.date(2026, 1, 1)
_FUNDS_TIYN = 10**9
_SSCC_PREFIX = "9521234"  # of the prefixes that GS1 keeps for examples
_TNVED = "6403"
_SHOES = 4670033010053
_ORDER_ID_BY_SED = r's/.*"orderId":"\([^"]*\)".*/\1/'
_CODES_BY_SED = r's/.*"codes":\(.*\)}.*/\1/'
_REPORT_ID_BY_SED = r's/.*"reportId":"\([^"]*\)".*/\1/'


@dataclasses.dataclass(frozen=True)
class Access:
    """What a station of the sandbox is set up with; it stays the same from start to start."""

    oms_id: str
    oms_connection: str
    registration_key: str
    client_token: str
    grpc_token: str


@click.command(
    cls=Command,
    help=t(
        "Песочница. Обе двери, HTTP станций и gRPC, на своём хранилище с участником и деньгами.\n\n"
        "Печатает omsId, clientToken и готовые строки curl для всего цикла; работает до Ctrl-C.\n"
        "Ключи – свои, коды тестовые: нигде, кроме песочницы, они не проходят проверку.",
        "The sandbox. Both doors, the stations' HTTP and gRPC, on a store with a participant and "
        "money.\n\n"
        "Prints omsId, clientToken and ready curl lines for the whole cycle; ends with Ctrl-C.\n"
        "It has keys of its own, its codes are for tests: they verify nowhere else.",
    ),
    examples=("emitter sandbox", "emitter sandbox --data /var/tmp/sandbox"),
)
@click.option("--data", "folder", type=FOLDER, default="emitter-sandbox", metavar="DIR",
              help=t("Папка всех данных песочницы.", "The folder of all its data."))  # fmt: skip
@click.option("--listen", default="127.0.0.1:7443", metavar="HOST:PORT",
              help=t("Адрес gRPC.", "Address of gRPC."))  # fmt: skip
@click.option("--stations-listen", default="127.0.0.1:7480", metavar="HOST:PORT",
              help=t("Адрес HTTP для станций.", "HTTP address for stations."))  # fmt: skip
def sandbox(folder: Path, listen: str, stations_listen: str) -> None:
    """Serve a sandbox until told to stop."""
    try:
        require_loopback(listen)
        require_loopback(stations_listen)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    keep_large_blocks()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = Settings(
        listen=listen,
        stations_listen=stations_listen,
        data_dir=folder / "store",
        keys_file=folder / "keys",
        master_key_file=folder / "master.key",
        trust_anchors_file=folder / "ca" / "ca.pem",
        grace_s=5.0,
    )
    engine = _open(settings, folder)
    access = _access(engine, folder / "station.json")
    server = Server(engine)
    stations = None
    try:
        port = server.start(listen)
        stations, stations_port = open_stations(engine, settings, sandbox=True)
        _show(access, folder, port, stations_port)
        stop.wait()
    finally:
        if stations is not None:
            stations.stop()
        server.stop(settings.grace_s)


def _open(settings: Settings, folder: Path) -> Engine:
    """Open the sandbox's store, made with its own keys and authority the first time."""
    folder.mkdir(parents=True, exist_ok=True)
    if not settings.keys_file.exists():
        if settings.master_key_file is not None and not settings.master_key_file.exists():
            create_master(settings.master_key_file)
        KeyRing.create(settings.keys_file, read_master(settings.master_key_file))
    if not (folder / "ca" / "ca.pem").exists():
        write_station(folder / "ca", _BIN_TEXT, ALGORITHMS[0], dt.datetime.now(dt.UTC))
    keys = KeyRing.load(settings.keys_file, read_master(settings.master_key_file))
    prefix = settings.sscc_prefix or _SSCC_PREFIX
    engine = Engine(open_lmdb(settings.data_dir), keys, sscc_prefix=prefix)
    engine.execute(RegisterParticipant(BIN, _NAME, _SINCE))
    engine.execute(ActivateParticipant(BIN, _SINCE))
    engine.execute(CreditAccount(BIN, _FUNDS_TIYN, "sandbox"))
    for number, group in enumerate(Group, 1):
        name = f"{group.titles.ru} – тестовый товар"
        engine.execute(RegisterProduct(BIN, _gtin(number), group, _TNVED, name))
    return engine


def _gtin(number: int) -> int:
    """Return the GTIN of the sandbox's product in the group of a number."""
    if number == Group.SHOES:
        return _SHOES
    digits = f"0487{number:09d}"
    return int(f"{digits}{check_digit(digits)}")


def _access(engine: Engine, file: Path) -> Access:
    """Return the station's access: as kept in its file, or made now and kept there."""
    if file.exists():
        return Access(**json.loads(file.read_text("utf-8")))
    made = engine.execute(RegisterStation(BIN, "sandbox", SignaturePolicy.OPTIONAL)).value
    connection = engine.execute(OpenConnection(BIN, made.oms_id, "sandbox")).value
    access = Access(
        oms_id=str(made.oms_id),
        oms_connection=str(connection.connection_id),
        registration_key=made.registration_key,
        client_token=engine.execute(IssueClientToken(BIN, connection.connection_id)).value,
        grpc_token=engine.execute(IssueToken(Role.STATION, BIN, "sandbox")).value,
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump(dataclasses.asdict(access), opened, indent=2)
    return access


def _show(access: Access, folder: Path, port: int, stations_port: int) -> None:
    say(t("Песочница открыта. Коды – тестовые.", "The sandbox is open. Its codes are test codes."))
    say(f"HTTP             http://127.0.0.1:{stations_port}")
    say(f"gRPC             127.0.0.1:{port}  token {access.grpc_token}")
    say(f"omsId            {access.oms_id}")
    say(f"clientToken      {access.client_token}")
    say(f"omsConnection    {access.oms_connection}")
    say(f"registrationKey  {access.registration_key}")
    say(t(f"Ключ подписи     {folder / 'ca' / _BIN_TEXT}.key",
          f"Signing key      {folder / 'ca' / _BIN_TEXT}.key"))  # fmt: skip
    say("")
    for line in _curl_lines(access, stations_port):
        say(line)


def _curl_lines(access: Access, port: int) -> list[str]:
    """Return the whole cycle as lines for a shell: order, codes, the block again, report, close."""
    order = {
        "contactPerson": "Test",
        "releaseMethodType": "PRODUCTION",
        "createMethodType": "CEM",
        "products": [
            {
                "gtin": format_gtin(_SHOES), "quantity": 5, "serialNumberType": "OPERATOR",
                "templateId": 1,
            }
        ],
    }  # fmt: skip
    api = f"http://127.0.0.1:{port}/api/v2/shoes"
    curl = "curl -s -w '\\n' -H 'clientToken: " + access.client_token + "'"
    oms = f"omsId={access.oms_id}"
    at = f"{oms}&orderId=$ORDER&gtin={format_gtin(_SHOES)}"
    v3 = f"http://127.0.0.1:{port}/api/v3"  # shoes have no reports in v2
    told = '{"productGroup":"shoes","sntins":'
    json_type, order_id = "-H 'Content-Type: application/json'", _ORDER_ID_BY_SED
    body = json.dumps(order, separators=(",", ":"))
    report = f"{curl} {json_type} -d '{told}'\"$CODES\"'}}' '{v3}/utilisation?{oms}'"
    return [
        f"curl -s -w '\\n' '{api}/version'",
        f"{curl} '{api}/ping?{oms}'",
        f"ORDER=$({curl} {json_type} -d '{body}' '{api}/orders?{oms}' | sed '{order_id}')",
        f'{curl} "{api}/buffer/status?{at}"',
        f'{curl} "{api}/codes?{at}&quantity=3&lastBlockId=0"',
        f'{curl} "{api}/codes?{at}&quantity=3&lastBlockId=0"  # '
        + t("повтор: тот же блок, без денег", "again: the same block, no money"),
        f"CODES=$({curl} \"{api}/codes?{at}&quantity=3&lastBlockId=0\" | sed '{_CODES_BY_SED}')",
        f"REPORT=$({report} | sed '{_REPORT_ID_BY_SED}')",
        f'{curl} "{v3}/report/info?{oms}&reportId=$REPORT"',
        f'{curl} "{api}/codes/blocks?{at}"',
        f'{curl} -X POST "{api}/buffer/close?{at}"',
        f"{curl} '{api}/orders?{oms}'",
    ]
