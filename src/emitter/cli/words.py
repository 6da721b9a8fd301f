"""click's own words in the chosen language, and help pages that end with examples."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import click

from emitter.language import t

if TYPE_CHECKING:
    from collections.abc import Iterable

_REQUIRED = t("[обязательно]", "[required]")


class _Formatter(click.HelpFormatter):
    """A help page with its headings in the chosen language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or t("Вызов: ", "Usage: "))

    def write_heading(self, heading: str) -> None:
        ours = {"Options": t("Параметры", "Options"), "Commands": t("Команды", "Commands")}
        super().write_heading(ours.get(heading, heading))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        ours = [(name, text.replace("[required]", _REQUIRED)) for name, text in rows]
        super().write_dl(ours, col_max, col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


class _Helpful(click.Command):
    """What commands and groups share: ``examples``, one a line, at the end of the help."""

    context_class = _Context

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.examples = examples

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = t("Показать эту справку.", "Show this help.")
        return option

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section(t("Примеры", "Examples")):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Command(_Helpful):
    """A command of ours."""


class Group(_Helpful, click.Group):
    """A group of commands of ours."""

    command_class = Command
    group_class = type  # a group in a group is of this class

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say that there is none."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(t(f"нет команды {args[0]}", f"there is no command {args[0]}"))
        return super().resolve_command(ctx, args)


_SYSTEM = {
    errno.ENOENT: "нет такого файла или папки",
    errno.EACCES: "нет прав доступа",
    errno.EPERM: "действие не разрешено",
    errno.EEXIST: "файл уже существует",
    errno.EISDIR: "это папка, а не файл",
    errno.ENOTDIR: "это файл, а не папка",
    errno.ENOSPC: "на диске нет места",
    errno.EROFS: "файловая система только для чтения",
    errno.EADDRINUSE: "адрес уже занят",
    errno.EADDRNOTAVAIL: "у этой машины нет такого адреса",
    errno.ECONNREFUSED: "в соединении отказано",
}


def translated(text: str) -> str:
    """Return a text with the common sentences of the system in the chosen language."""
    for code, ru in _SYSTEM.items():
        text = text.replace(os.strerror(code), t(ru, os.strerror(code)))
    return text


def usage_sentence(error: click.UsageError) -> str:
    """Return what is wrong with a command line as one sentence of the chosen language."""
    if isinstance(error, click.NoSuchOption):
        return t(f"нет параметра {error.option_name}", f"there is no option {error.option_name}")
    if not isinstance(error, click.BadParameter):
        return error.format_message()
    name = ""
    if error.param is not None:
        name = (
            error.param.opts[0]
            if error.param.opts[0].startswith("-")
            else (error.param.make_metavar(error.ctx or click.get_current_context()))
        )
    if isinstance(error, click.MissingParameter):
        return t(f"не указано: {name}", f"missing: {name}")
    if error.param is not None and isinstance(error.param.type, click.Choice):
        choices = ", ".join(error.param.type.choices)
        return t(f"{name}: выберите из {choices}", f"{name}: choose from {choices}")
    return f"{name}: {error.message}"
