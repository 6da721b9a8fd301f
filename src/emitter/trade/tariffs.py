"""What a code costs and how it is taxed on a civil date: effective-dated data (DOMAIN M2).

The rows stand in ``tariffs.toml`` beside this module and are checked when it is imported: every
group has a price, rows ascend by date, and a VAT rate is in force wherever a price is.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from emitter.errors import Reason, Refused
from emitter.trade.ledger import Cost
from emitter.trade.templates import Group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of one code of a group, without VAT; ``assumed`` if no contract gives it."""

    since: date
    price_net_tiyn: int
    assumed: bool
    source: str


@dataclass(frozen=True, slots=True)
class VatRate:
    """A VAT rate in hundredths of a per cent."""

    since: date
    rate_bp: int
    source: str


@dataclass(frozen=True, slots=True)
class RateTable:
    """Tariffs by group and VAT rates, each ascending by date."""

    tariffs: Mapping[Group, tuple[Tariff, ...]]
    vat_rates: tuple[VatRate, ...]


def read_rates(text: str) -> RateTable:
    """Return the rates written in TOML; ValueError (KeyError for a missing field) if unsound."""
    data: dict[str, Any] = tomllib.loads(text)
    tariffs: dict[Group, list[Tariff]] = {group: [] for group in Group}
    for row in data["tariff"]:
        for name in row.pop("groups"):
            tariffs[Group[name]].append(Tariff(**row))
    table = RateTable(
        {group: tuple(rows) for group, rows in tariffs.items()},
        tuple(VatRate(**row) for row in data["vat"]),
    )
    _require_order("vat", table.vat_rates)
    for group, rows in table.tariffs.items():
        _require_order(group.name, rows)
        for tariff in rows:
            if tariff.price_net_tiyn < 1:
                raise ValueError(f"{group.name}: a code costs at least a tiyn on {tariff.since}")
            at = bisect_right(table.vat_rates, tariff.since, key=_since)
            if at == 0:
                raise ValueError(f"{group.name}: no VAT rate on {tariff.since}")
            Cost(tariff.price_net_tiyn, table.vat_rates[at - 1].rate_bp)
    return table


def _require_order(name: str, rows: Sequence[Tariff | VatRate]) -> None:
    """Refuse an empty table and rows that do not ascend by date (ValueError)."""
    dates = [row.since for row in rows]
    if not dates or dates != sorted(set(dates)):
        raise ValueError(f"{name}: rows must be there and ascend by date")


def _since(row: Tariff | VatRate) -> date:
    """Return the date a row is in force from."""
    return row.since


RATES = read_rates(resources.files(__package__).joinpath("tariffs.toml").read_text("utf-8"))


def tariff(group: Group, on: date) -> Tariff:
    """Return the tariff of a group in force on a civil date; TARIFF_MISSING before the first."""
    rows = RATES.tariffs[group]
    at = bisect_right(rows, on, key=_since)
    if at == 0:
        raise Refused(Reason.TARIFF_MISSING, group=group.name, date=on)
    return rows[at - 1]


def price_net_tiyn(group: Group, on: date) -> int:
    """Return the price of one code without VAT on a civil date; TARIFF_MISSING before the first."""
    return tariff(group, on).price_net_tiyn


def vat_bp(on: date) -> int:
    """Return the VAT rate on a civil date in hundredths of a per cent.

    TARIFF_MISSING before the first rate, when no group has a tariff either.
    """
    at = bisect_right(RATES.vat_rates, on, key=_since)
    if at == 0:
        raise Refused(Reason.TARIFF_MISSING, group="*", date=on)
    return RATES.vat_rates[at - 1].rate_bp
