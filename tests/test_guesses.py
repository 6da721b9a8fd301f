"""Wrong short checks: who is counted, what is withheld, and what a year of guessing comes to."""

from __future__ import annotations

import logging
import random

import pytest

import own
from conftest import LP, MILK, Bench
from emitter.api.public import caller_of, seconds_left
from emitter.config import Limits
from emitter.engine import guesses as guesses_module
from emitter.engine.commands import OrderLine
from emitter.engine.guesses import AlertKind, Guesses, ShortCheck
from emitter.engine.public import GoodsState, Verdict
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin
from stock import gtin_of

YEAR_S = 365 * 86_400
CHECK = ShortCheck(MILK, 1, is_known=True)


class Time:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def guesses_of(time: Time, **limits: int) -> Guesses:
    return Guesses(Limits(**limits), clock=time, wall_us=lambda: int(time.now * 1e6))


def wrong(guesses: Guesses, caller: str, check: ShortCheck = CHECK) -> bool:
    return guesses.judge(caller, [check], is_genuine=False)


def test_beyond_the_limit_of_the_hour_no_batch_with_a_short_check_is_answered(time: Time) -> None:
    guesses = guesses_of(time, wrong_short_checks_max=2)
    assert guesses.count(1, 2, 2)
    for wrongs in (1, 0, 0):  # right or wrong: an answer to the right one would be an oracle
        assert not guesses.count(1, wrongs, 1)
    assert guesses.count(1, 0, 0)
    assert guesses.count(2, 2, 5)
    assert guesses.count(None, 1000, 1000)
    time.now += 3600
    assert guesses.count(1, 2, 2)
    [alert] = guesses.alerts()
    assert (alert.kind, alert.subject, alert.wrong) == (AlertKind.PARTICIPANT, "000000000001", 1)
    assert alert.withheld == 3


def test_a_year_of_guessing_from_everywhere_passes_once_in_a_thousand_years(time: Time) -> None:
    """Callers without number, as fast as they like, and the server restarted every day."""
    limits = Limits()
    for restart_s, most in ((YEAR_S, 1e-3 * 0.7), (86_400, 1e-3)):
        told, chance = 0, random.Random(7)
        guesses = guesses_of(time)
        born = begun = time.now
        while time.now < begun + YEAR_S:
            if time.now >= born + restart_s:
                guesses, born = guesses_of(time), time.now
            told += sum(wrong(guesses, str(chance.random())) for _ in range(4))
            time.now += 2_400
        assert told >= limits.public_wrong_day_max * 360
        assert told / 2**24 < most


def test_a_text_of_many_readings_costs_as_many_guesses(time: Time) -> None:
    guesses = guesses_of(time, public_wrong_burst_max=5)
    three = CHECK._replace(tried=3)
    assert wrong(guesses, "a", three)
    assert not wrong(guesses, "b", three)
    assert wrong(guesses, "c", CHECK._replace(tried=2))
    assert not wrong(guesses, "d")


def test_a_closed_gtin_withholds_right_and_wrong_alike_and_no_other_gtin(
    time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    guesses = guesses_of(time, public_wrong_burst_max=3, public_wrong_day_max=24)
    with caplog.at_level(logging.WARNING, "emitter"):
        assert [wrong(guesses, str(n)) for n in range(5)] == [True] * 3 + [False] * 2
        assert not guesses.judge("honest", [CHECK], is_genuine=True)
        assert guesses.judge("honest", [CHECK._replace(gtin=LP)], is_genuine=True)
    assert [record.getMessage() for record in caplog.records] == [
        "wrong short checks beyond the limit: GTIN 03041094787443"
    ]
    [alert] = guesses.alerts()
    assert (alert.kind, alert.wrong, alert.withheld) == (AlertKind.GTIN, 1, 3)
    time.now += 3600
    assert guesses.judge("honest", [CHECK], is_genuine=True)
    assert guesses.judge("honest", [CHECK], is_genuine=True)  # a right one costs nothing
    assert [wrong(guesses, f"late {n}") for n in range(2)] == [True, False]


def test_a_caller_who_guesses_pauses_twice_as_long_each_time_up_to_a_limit(time: Time) -> None:
    guesses = guesses_of(
        time, public_wrong_free_max=2, public_pause_s_max=60, public_wrong_burst_max=1000
    )
    pauses = []
    for _ in range(10):
        try:
            guesses.require("a")
        except Refused as refused:
            assert refused.reason is Reason.CHECKS_SLOWED  # noqa: PT017 - some calls pass
            pause_s = int(refused.refusal.details["retry_after_s"])
            with pytest.raises(Refused):  # so does what was on its way already
                guesses.judge("a", [CHECK], is_genuine=True)
            guesses.require("b")
            time.now += pause_s
            pauses.append(pause_s)
        wrong(guesses, "a")
    assert pauses == [3, 5, 9, 17, 33, 61, 61]
    assert {alert.kind for alert in guesses.alerts()} == {AlertKind.CALLER}
    time.now += 86_401
    assert wrong(guesses, "a")
    guesses.require("a")


def test_gtins_nobody_knows_have_buckets_too_and_crowd_out_no_known_one(time: Time) -> None:
    guesses = guesses_of(time, public_wrong_burst_max=1)
    unknown = CHECK._replace(gtin=LP, is_known=False)
    for check in (CHECK, unknown):
        assert [wrong(guesses, f"{check.gtin} {n}", check) for n in range(2)] == [True, False]
    for number in range(10_001):
        wrong(guesses, str(number), unknown._replace(gtin=number))
    assert not wrong(guesses, "z")
    assert wrong(guesses, "y", unknown)  # forgotten: nothing was issued that could be guessed


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_caller_is_an_address_or_a_network_of_a_subscriber(address: str, caller: str) -> None:
    assert caller_of(address) == caller


@pytest.mark.parametrize(("spent", "whole"), [(0.0001, 0.005), (0.0049, 0.005), (0.0061, 0.010)])
def test_an_answer_takes_whole_steps_of_time(spent: float, whole: float) -> None:
    assert spent + seconds_left(spent) == pytest.approx(whole)


def test_the_public_form_tells_a_consumer_what_he_may_know_and_no_more(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    order = bench.order("1", OrderLine(MILK, 2, 20))
    code, later = bench.codes(bench.deliver(order, "b", gtin=MILK).value)
    long = bench.codes(bench.deliver(bench.order("2", OrderLine(LP, 1, 10)), "b", gtin=LP).value)[0]
    check = bench.engine.check_code
    for text in (code, b"]d2" + later, long):
        found = check(text, "a")
        assert found.verdict is Verdict.GENUINE
        assert found.gtin == (LP if text is long else MILK)
        assert found.owner_name.startswith("ТОО")
        row = bench.engine.product(found.gtin).row
        assert (found.product_name, found.product_name_kk) == (row.name_ru, row.name_kk)
        assert found.state is GoodsState.NOT_IN_CIRCULATION
    forged = code[:-1] + (b"A" if code[-1:] != b"A" else b"B")
    never = code[:18] + b"3zzzzz" + code[24:]
    other = code[:18] + b"5" + code[19:]
    unknown = code.replace(b"03041094787443", b"04670033010053")
    answers = {check(text, f"b{n}") for n, text in enumerate((forged, never, other, unknown))}
    assert answers == {(Verdict.NOT_GENUINE, 0, "", "", "", None)}
    for text in (b"", b"x", code + b"\n", b"x" * 2000, code.replace(b"87443", b"87444")):
        assert check(text, "c") == (Verdict.UNREADABLE, 0, "", "", "", None)


def test_beyond_the_limit_short_checks_are_withheld_and_long_tails_are_not(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    order = bench.order("1", OrderLine(MILK, 1, 20))
    [code] = bench.codes(bench.deliver(order, "b", gtin=MILK).value)
    long = bench.codes(bench.deliver(bench.order("2", OrderLine(LP, 1, 10)), "b", gtin=LP).value)[0]
    limit = bench.engine.limits.public_wrong_burst_max
    for number in range(limit):
        guess = code[:-4] + b"%04d" % number
        assert bench.engine.check_code(guess, str(number)).verdict is Verdict.NOT_GENUINE
    for text in (code, code[:-4] + b"zzzz", b"]d2" + code):
        assert bench.engine.check_code(text, "x") == (Verdict.WITHHELD, 0, "", "", "", None)
    wrong_tail = long[:-2] + (b"A=" if long[-2:] != b"A=" else b"B=")
    for _ in range(2 * limit):
        assert bench.engine.check_code(long, "x").verdict is Verdict.GENUINE
        assert bench.engine.check_code(wrong_tail, "x").verdict is Verdict.NOT_GENUINE
    assert not bench.engine.verify(code).reasons.any()  # participants and the operator are told


def test_strange_gtins_crowd_out_no_gtin_of_self_made_serials(bench: Bench, monkeypatch) -> None:
    monkeypatch.setattr(guesses_module, "_UNKNOWN_MAX", 2)
    bench.join(tiyn=10**9)
    order = own.order("own", own.line(own.made(2, 20), MILK, 20))
    code, later = own.delivered(bench, order)
    for number in range(bench.engine.limits.public_wrong_burst_max):
        forged = code[:-4] + f"{number:04}".encode()
        assert bench.engine.check_code(forged, f"a{number}").verdict is Verdict.NOT_GENUINE
    for number in range(9):
        gtin = format_gtin(gtin_of(800_000 + number)).encode()
        assert bench.engine.check_code(b"01" + gtin + code[16:], f"b{number}").verdict
    assert bench.engine.check_code(later, "c").verdict is Verdict.WITHHELD
