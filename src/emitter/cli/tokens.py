"""``emitter account token`` and its neighbours: bearer tokens, issued, listed and revoked."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from emitter.cli.access import JSON, with_access
from emitter.cli.terminal import moment, note, plain, print_json, print_table, say, word
from emitter.cli.values import Lifetime
from emitter.cli.words import Command
from emitter.client import Role
from emitter.language import t

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from emitter.cli.access import Access
    from emitter.client import AccessToken

_ROLES = {"operator": Role.ROLE_OPERATOR, "station": Role.ROLE_STATION}


@click.command(
    cls=Command,
    help=t(
        "Выдать токен доступа (оператор). Он показывается один раз.\n\n"
        "Первый токен оператора выдают до запуска сервера, с --data.",
        "Issue a bearer token (operator). It is shown once.\n\n"
        "An operator's first token is made before a server runs, with --data.",
    ),
    examples=(
        "emitter account token --data data --role operator > operator.token",
        "emitter account token --role station --bin 990140000384 --label 'line 1' --lifetime 365d",
    ),
)
@click.option("--role", type=click.Choice(list(_ROLES)), required=True,
              help=t("Роль.", "The role."))  # fmt: skip
@click.option("--bin", "bin_", metavar="BIN", default="",
              help=t("Участник, для роли station.", "The participant, for a station."))  # fmt: skip
@click.option("--label", metavar="TEXT", default="emitter account token",
              help=t("Для чего токен.", "What the token is for."))  # fmt: skip
@click.option(
    "--lifetime",
    metavar="TIME",
    type=Lifetime(),
    help=t(
        "Срок действия: 90d, 12h, 30m, 45s; без него – до отзыва.",
        "How long it lasts: 90d, 12h, 30m, 45s; without it until it is revoked.",
    ),
)
@with_access
@JSON
def token(
    access: Access,
    role: str,
    bin_: str,
    label: str,
    lifetime: dt.timedelta | None,
    *,
    as_json: bool,
) -> None:
    """Issue a token."""
    with access.client() as client:
        issued, told = client.new_token(_ROLES[role], bin_, label, lifetime)
    if as_json:
        named = {name: plain(told)[name] for name in ("token_id", "expire_time")}
        print_json({"token": issued, "role": role, "bin": bin_, "label": label} | named)
    else:
        say(issued)
        note(t(f"Номер токена, чтобы отозвать: {told.token_id}",
               f"Its id, to revoke it: {told.token_id}"))  # fmt: skip


@click.command(
    cls=Command,
    help=t(
        "Показать выданные токены, без них самих (оператор). Завершённые – с --all.",
        "Show the tokens issued, not the tokens themselves (operator). With --all the ended too.",
    ),
    examples=(
        "emitter account tokens",
        "emitter account tokens --bin 990140000384 --all --json",
    ),
)
@click.option("--bin", "bin_", metavar="BIN", default="",
              help=t("Только токены участника.", "A participant's tokens only."))  # fmt: skip
@click.option("--all", "with_ended", is_flag=True,
              help=t("И завершённые.", "The ended too."))  # fmt: skip
@with_access
@JSON
def tokens(access: Access, bin_: str, *, with_ended: bool, as_json: bool) -> None:
    """List tokens, the oldest first."""
    with access.client() as client:
        found = [
            each
            for each in client.tokens()
            if bin_ in ("", each.bin) and (with_ended or _state(each) == "ACTIVE")
        ]
    found.sort(key=lambda each: each.create_time.ToNanoseconds())
    if as_json:
        print_json([plain(each) | {"state": _state(each)} for each in found])
        return
    print_table(
        (t("Токен", "Token"), t("Роль", "Role"), t("БИН/ИИН", "BIN/IIN"), t("Для чего", "Label"),
         t("Выдан", "Issued"), t("До", "Ends"), t("Состояние", "State")),
        [
            (each.token_id, word(each, "role"), each.bin or "–", each.label,
             moment(each.create_time), _end(each), t(*_STATES[_state(each)]))
            for each in found
        ],
    )  # fmt: skip


@click.command(
    "revoke-token",
    cls=Command,
    help=t(
        "Отозвать токен ID, сразу и навсегда (оператор). ID – из emitter account tokens.",
        "Revoke the token ID, at once and for ever (operator). IDs: emitter account tokens.",
    ),
    examples=("emitter account revoke-token 1f0c5be2a97d4e63",),
)
@click.argument("token_id", metavar="ID")
@with_access
@JSON
def revoke_token(access: Access, token_id: str, *, as_json: bool) -> None:
    """Revoke a token; again is the same as once."""
    with access.client() as client:
        ended = client.revoke_token(token_id.lower())
    if as_json:
        print_json(plain(ended) | {"state": _state(ended)})
    else:
        at = moment(ended.revoke_time)
        say(t(f"Токен {ended.token_id} отозван {at}.", f"Token {ended.token_id} revoked {at}."))


_STATES = {
    "ACTIVE": ("действует", "active"),
    "EXPIRED": ("истёк", "expired"),
    "REVOKED": ("отозван", "revoked"),
}


def _state(token: AccessToken) -> str:
    """Return what has become of a token, by the clock of this machine."""
    if token.HasField("revoke_time"):
        return "REVOKED"
    return "EXPIRED" if token.HasField("expire_time") and _past(token.expire_time) else "ACTIVE"


def _past(time: Timestamp) -> bool:
    return time.ToDatetime(tzinfo=dt.UTC) <= dt.datetime.now(dt.UTC)


def _end(token: AccessToken) -> str:
    """Return when a token ended or will end, a dash for never."""
    for field in ("revoke_time", "expire_time"):
        if token.HasField(field):
            return moment(getattr(token, field))
    return "–"
