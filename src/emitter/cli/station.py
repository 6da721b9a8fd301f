"""``emitter station …``: order stations of the HTTP door; ``emitter dev-ca``: keys to try with."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from emitter.api.suz.dev_ca import ALGORITHMS, write_station
from emitter.cli.access import FOLDER, JSON, with_access
from emitter.cli.terminal import moment, plain, print_json, print_pairs, print_table, say, word, yes
from emitter.cli.words import Command, Group
from emitter.client import SignaturePolicy
from emitter.language import t
from emitter.trade.parties import format_bin, require_bin

if TYPE_CHECKING:
    from pathlib import Path

    from emitter.cli.access import Access

_POLICIES = {
    "optional": SignaturePolicy.SIGNATURE_POLICY_OPTIONAL,
    "changes": SignaturePolicy.SIGNATURE_POLICY_CHANGES,
    "always": SignaturePolicy.SIGNATURE_POLICY_ALWAYS,
}
_SIGNATURES = click.option(
    "--signatures",
    type=click.Choice(list(_POLICIES)),
    help=t(
        "Какие запросы подписываются: optional – никакие, changes – изменяющие, always – все.",
        "Which calls are signed: optional: none must, changes: those that change, always: all.",
    ),
)


@click.group(
    cls=Group,
    help=t(
        "Станции управления заказами участников и их доступ по HTTP (оператор).",
        "Order stations of participants and their access by HTTP (operator).",
    ),
    examples=("emitter station add 990140000384 --name 'factory 1'",),
)
def station() -> None:
    """Group the verbs."""


@station.command(
    help=t(
        "Завести станцию участника и её первое подключение. Секреты показываются один раз.",
        "Give a participant a station with a first connection. Its secrets are shown once.",
    ),
    examples=("emitter station add 990140000384 --name 'factory 1' --signatures changes",),
)
@click.argument("bin_", metavar="BIN")
@click.option("--name", default="station", metavar="TEXT",
              help=t("Имя станции.", "Name of the station."))  # fmt: skip
@_SIGNATURES
@with_access
@JSON
def add(access: Access, bin_: str, name: str, signatures: str | None, *, as_json: bool) -> None:
    """Register a station, open a connection and issue its token."""
    with access.client() as client:
        policy = _POLICIES[signatures] if signatures else None
        oms_id, registration_key = client.register_station(bin_, name, policy)
        connection = client.open_connection(oms_id, name)
        token = client.issue_client_token(connection.connection_id)
    made = {
        "omsId": oms_id,
        "omsConnection": connection.connection_id,
        "clientToken": token,
        "registrationKey": registration_key,
    }
    if as_json:
        print_json(made)
    else:
        print_pairs(list(made.items()))


@station.command(
    help=t(
        "Выдать новый clientToken подключения. Прежний перестаёт действовать.",
        "Issue a new clientToken of a connection. The one before it ends.",
    ),
    examples=("emitter station token 5b1e6a2c-…",),
)
@click.argument("connection", metavar="OMSCONNECTION")
@with_access
@JSON
def token(access: Access, connection: str, *, as_json: bool) -> None:
    """Issue a token."""
    with access.client() as client:
        issued = client.issue_client_token(connection)
    if as_json:
        print_json({"clientToken": issued})
    else:
        say(issued)


@station.command(
    "list",
    help=t("Показать подключения всех станций.", "Show the connections of all stations."),
    examples=("emitter station list",),
)
@with_access
@JSON
def list_(access: Access, *, as_json: bool) -> None:
    """List connections."""
    with access.client() as client:
        found = list(client.connections())
    if as_json:
        print_json([plain(item) for item in found])
        return
    print_table(
        [
            t("БИН/ИИН", "BIN/IIN"), "omsId", "omsConnection", t("Имя", "Name"),
            t("Подпись", "Signatures"), t("Открыто", "Opened"), t("Токен", "Token"),
        ],
        [
            (item.bin, item.oms_id, item.connection_id, item.name, word(item, "signature_policy"),
             moment(item.create_time), yes(item.has_token))
            for item in found
        ],
    )  # fmt: skip


@click.command(
    cls=Command,
    help=t(
        "Сделать тестовый УЦ, ключ и сертификат участника, чтобы пробовать подписи дома.\n\n"
        "Сервер верит им с --trust-anchors DIR/ca.pem. Вне испытаний они ничего не значат.",
        "Make a test CA, and a participant's key and certificate, to try signatures at home.\n\n"
        "A server trusts them with --trust-anchors DIR/ca.pem. They mean nothing beyond tests.",
    ),
    examples=(
        "emitter dev-ca 990140000384 --out ca",
        "emitter serve --trust-anchors ca/ca.pem",
    ),
)
@click.argument("bin_", metavar="BIN")
@click.option("--out", "folder", type=FOLDER, required=True, metavar="DIR",
              help=t("Куда записать файлы.", "Where to write the files."))  # fmt: skip
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default=ALGORITHMS[0],
              help=t("Вид ключей.", "Kind of the keys."))  # fmt: skip
def dev_ca(bin_: str, folder: Path, algorithm: str) -> None:
    """Make a test authority and a participant's certificate."""
    text = format_bin(require_bin(bin_, "BIN"))
    for file in write_station(folder, text, algorithm, dt.datetime.now(dt.UTC)):
        say(str(file))
