"""What is typed on command lines: amounts of money, days, lines of an order."""

from __future__ import annotations

import datetime as dt
import re

import click

from emitter.client import OrderLine
from emitter.language import t

_LIFETIME = re.compile(r"([0-9]{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_AMOUNT = re.compile(r"(\d{1,13})(?:[.,](\d{2}))?")


def read_amount(text: str) -> int | None:
    """Return an amount like ``1500`` or ``1500.00`` KZT in tiyn, None for another text."""
    found = _AMOUNT.fullmatch(text)
    return int(found[1]) * 100 + int(found[2] or 0) if found else None


class Count(click.ParamType[int]):
    """A whole number from 0."""

    name = "N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number."""
        if not str(value).isdecimal():
            self.fail(
                t(f"{value} – не целое число от 0", f"{value} is no whole number from 0"),
                param, ctx,
            )  # fmt: skip
        return int(str(value))


class Amount(click.ParamType[int]):
    """An amount of KZT with or without tiyn, read as tiyn."""

    name = "KZT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return tiyn."""
        amount = read_amount(str(value))
        if amount is None:
            self.fail(
                t(f"{value} – не сумма вида 1500.00", f"{value} is no amount like 1500.00"),
                param, ctx,
            )  # fmt: skip
        return amount


class Day(click.ParamType[dt.date]):
    """A civil date."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.date:
        """Return the date."""
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(
                t(f"{value} – не дата вида 2026-03-01", f"{value} is no date like 2026-03-01"),
                param, ctx,
            )  # fmt: skip


class Lifetime(click.ParamType[dt.timedelta]):
    """A time like ``90d``, ``12h``, ``30m`` or ``45s``."""

    name = "TIME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Return the time."""
        found = _LIFETIME.fullmatch(str(value))
        if not found:
            self.fail(t(f"{value} – не срок вида 90d", f"{value} is no time like 90d"), param, ctx)
        return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})


class Line(click.ParamType[OrderLine]):
    """A line of an order: ``GTIN:QUANTITY:TEMPLATE``, with ``:PRICE`` in KZT for tobacco."""

    name = "LINE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> OrderLine:
        """Return the line; whether the GTIN is one, the server says."""
        gtin, quantity, template_id, price, *rest = [*str(value).split(":"), "", "", ""][:5]
        price_tiyn = read_amount(price) if price else None
        numbers = quantity.isdecimal() and template_id.isdecimal()
        if any(rest) or not numbers or bool(price) != (price_tiyn is not None):
            self.fail(
                t(
                    f"{value} – не строка вида GTIN:КОЛИЧЕСТВО:ШАБЛОН[:ЦЕНА]",
                    f"{value} is no line like GTIN:QUANTITY:TEMPLATE[:PRICE]",
                ),
                param, ctx,
            )  # fmt: skip
        return OrderLine(
            gtin=gtin,
            quantity=int(quantity),
            template_id=int(template_id),
            price_tiyn=price_tiyn,
        )
