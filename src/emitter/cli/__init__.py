"""The command ``emitter`` and its verbs."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import click

from emitter.cli.words import Group
from emitter.language import t
from emitter.malloc import keep_large_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE = 2
_INTERRUPTED = 130

VERBS = {
    "account": "account",
    "alerts": "alerts",
    "box": "box",
    "check": "server",
    "deliver": "codes",
    "demo": "demo",
    "dev-ca": "station",
    "history": "transfer",
    "keys": "keys",
    "labels": "labels",
    "order": "order",
    "overdue": "overdue",
    "product": "product",
    "report": "report",
    "sandbox": "sandbox",
    "serve": "server",
    "station": "station",
    "transfer": "transfer",
    "verify": "verify",
}
"""The verbs, each with the module it stands in."""


class _Verbs(Group):
    """The verbs, imported when they are needed: half of a short command's time is imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(VERBS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"{__name__}.{VERBS[cmd_name]}")
        verb: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return verb


@click.group(
    cls=_Verbs,
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
@click.version_option(
    package_name="emitter",
    message="%(prog)s %(version)s",
    help=t("Показать версию.", "Show the version."),
)
def cli() -> None:
    """Group the verbs."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit, see `emitter.cli.failures`; entry point of ``emitter``."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    keep_large_blocks()
    try:
        code = cli.main(arguments, prog_name="emitter", standalone_mode=False)
    except click.Abort:
        code = _INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = _USAGE
    except Exception as error:
        from emitter.cli.failures import tell  # noqa: PLC0415 - what goes well needs none of it

        code = tell(error, as_json="--json" in arguments)
        if code is None:
            raise
    sys.exit(code)
