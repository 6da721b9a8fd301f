"""Tariffs and VAT: the right figure on each side of a date, and unsound data refused."""

from __future__ import annotations

import datetime as dt
import tomllib

import pytest

from emitter.errors import Reason, Refused
from emitter.trade import tariffs
from emitter.trade.templates import TEMPLATES, Group

CONTRACT_DAY = dt.date(2021, 7, 23)

SOUND = """
[[vat]]
since = 2021-01-01
rate_bp = 1200
source = "law"

[[tariff]]
groups = [{groups}]
since = 2021-01-01
price_net_tiyn = 268
assumed = false
source = "contract"
""".format(groups=", ".join(f'"{group.name}"' for group in Group))

SHOES_LATER = """
[[tariff]]
groups = ["SHOES"]
since = {since}
price_net_tiyn = {price}
assumed = false
source = "notice"
"""


def test_footwear_costs_what_the_contract_says_from_its_day() -> None:
    shoes = tariffs.tariff(Group.SHOES, CONTRACT_DAY)
    assert (shoes.price_net_tiyn, shoes.assumed) == (268, False)
    assert "6.1" in shoes.source


@pytest.mark.parametrize("group", [group for group in Group if group is not Group.SHOES])
def test_any_other_price_is_marked_as_assumed(group: Group) -> None:
    assert tariffs.tariff(group, dt.date(2026, 6, 1)).assumed
    assert tariffs.price_net_tiyn(group, dt.date(2026, 6, 1)) == 268


def test_vat_changes_on_the_first_of_january_2026() -> None:
    assert tariffs.vat_bp(CONTRACT_DAY) == 1200
    assert tariffs.vat_bp(dt.date(2025, 12, 31)) == 1200
    assert tariffs.vat_bp(dt.date(2026, 1, 1)) == 1600


def test_before_the_first_date_there_is_no_tariff() -> None:
    day = CONTRACT_DAY - dt.timedelta(days=1)
    for ask in (lambda: tariffs.price_net_tiyn(Group.MILK, day), lambda: tariffs.vat_bp(day)):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.reason is Reason.TARIFF_MISSING
        assert caught.value.refusal.details["date"] == "2021-07-22"


def test_every_template_has_a_price() -> None:
    for template in TEMPLATES.values():
        assert tariffs.price_net_tiyn(template.group, CONTRACT_DAY) > 0


def test_a_later_row_is_in_force_from_its_day_until_the_next() -> None:
    text = SOUND + SHOES_LATER.format(since="2022-05-01", price=300)
    rows = tariffs.read_rates(text + SHOES_LATER.format(since="2023-05-01", price=310)).tariffs
    assert [row.price_net_tiyn for row in rows[Group.SHOES]] == [268, 300, 310]
    assert [row.price_net_tiyn for row in rows[Group.MILK]] == [268]


@pytest.mark.parametrize(
    "text",
    [
        SOUND + SHOES_LATER.format(since="2020-05-01", price=300),
        SOUND + SHOES_LATER.format(since="2021-01-01", price=300),
        SOUND + SHOES_LATER.format(since="2022-01-01", price=-1),
        SOUND + SHOES_LATER.format(since="2022-01-01", price=0),
        SOUND.replace('"SHOES", ', ""),
        SOUND.replace("SHOES", "HATS"),
        SOUND.replace("since = 2021-01-01\nrate", "since = 2021-01-02\nrate"),
        SOUND.replace("rate_bp = 1200", "rate_bp = 10001"),
        SOUND.replace("price_net_tiyn = 268\n", ""),
        SOUND.replace("[[vat]]", "[[tax]]"),
    ],
    ids=[
        "out-of-order", "same-day-twice", "negative", "zero", "group-missing", "group-unknown",
        "vat-begins-late", "vat-above-all", "field-missing", "vat-missing",
    ],
)  # fmt: skip
def test_unsound_data_is_not_read(text: str) -> None:
    assert tariffs.read_rates(SOUND)
    assert tomllib.loads(text)
    with pytest.raises((ValueError, KeyError, TypeError)):
        tariffs.read_rates(text)
