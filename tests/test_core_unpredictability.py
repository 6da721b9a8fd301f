"""Serials look random, and the look is sharp enough to see when they are not.

The serials of two families of counters, as an outsider would collect them, and of pairs that differ
in one numeral of the counter, are put to two statistics:

- **chi-square**: how often each character stands at each place of the serial; for random serials
  of k characters at p places the sum over all places has mean m = p (k - 1), deviation sqrt(2 m);
- **avalanche**: at how many places a pair agrees; for random pairs that is binomial, 1 / k each.

A bound of six deviations is crossed by chance about once in 10^9 draws; keys are fixed, so the
verdict is always the same. The same statistics must fail for the twin's FF1 with no rounds (the
counter itself) and with two (which leave the left half a sum of itself and a function of the
right one, so that counters with the same right half keep their distance).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import twins
from core_cases import SERIAL_KEY, SERIAL_SECRET, SHAPES, column, emitted
from emitter import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    Encrypt = Callable[[np.ndarray], np.ndarray]

GTIN = b"04600439931256"
DEVIATIONS = 6.0


def numerals(counters: list[int], radix: int, size: int) -> np.ndarray:
    return np.array([twins.numerals_of(c, radix, size) for c in counters], np.uint8)


def by_core(radix: int) -> Encrypt:
    return lambda rows: _core.ff1(SERIAL_KEY, radix, GTIN, rows)


def by_twin(radix: int, rounds: int) -> Encrypt:
    cipher = twins.FF1(SERIAL_SECRET, radix, GTIN, rounds)
    return lambda rows: np.array([cipher.encrypt(row) for row in rows.tolist()], np.uint8)


def chi_square(serials: np.ndarray, radix: int) -> float:
    """How many deviations the counts of characters lie from what chance gives."""
    count, places = serials.shape
    expected = count / radix
    total = sum(
        float(((np.bincount(serials[:, place], minlength=radix) - expected) ** 2).sum() / expected)
        for place in range(places)
    )
    freedom = places * (radix - 1)
    return abs(total - freedom) / math.sqrt(2 * freedom)


def avalanche(one: np.ndarray, other: np.ndarray, radix: int) -> float:
    """How many deviations the number of equal places lies from what chance gives."""
    places, p = one.size, 1 / radix
    return abs(int((one == other).sum()) - places * p) / math.sqrt(places * p * (1 - p))


def deviations(encrypt: Encrypt, radix: int, size: int, count: int) -> dict[str, float]:
    """Every statistic of the serials that `encrypt` makes, in deviations."""
    left_space, right_space = radix ** (size // 2), radix ** (size - size // 2)
    families = {
        "consecutive": list(range(count)),
        "same right half": [right_space * i for i in range(min(count, left_space))],
    }
    found = {
        f"chi-square, {name}": chi_square(encrypt(numerals(counters, radix, size)), radix)
        for name, counters in families.items()
    }
    for place in (0, size // 2 - 1, size // 2, size - 1):
        plain = numerals([c * 7919 for c in range(count // 2)], radix, size)
        changed = plain.copy()
        changed[:, place] = (changed[:, place] + 1) % radix
        found[f"avalanche, numeral {place}"] = avalanche(encrypt(plain), encrypt(changed), radix)
    return found


@pytest.mark.parametrize(
    ("radix", "size"), [(82, 5), (82, 6), (82, 7), (82, 12), (82, 19), (62, 13)]
)
def test_serials_of_every_length_look_random(radix: int, size: int) -> None:
    found = deviations(by_core(radix), radix, size, 20_000)
    assert {name: far for name, far in found.items() if far > DEVIATIONS} == {}


@pytest.mark.parametrize("radix_and_size", [(82, 6), (82, 12), (62, 13)])
def test_the_statistics_pass_the_twin_of_ten_rounds(radix_and_size: tuple[int, int]) -> None:
    found = deviations(by_twin(radix_and_size[0], 10), *radix_and_size, 1000)
    assert max(found.values()) <= DEVIATIONS


@pytest.mark.parametrize("radix_and_size", [(82, 5), (82, 6), (82, 12), (62, 13)])
def test_the_statistics_see_the_identity(radix_and_size: tuple[int, int]) -> None:
    found = deviations(by_twin(radix_and_size[0], 0), *radix_and_size, 1000)
    assert min(found.values()) > DEVIATIONS


@pytest.mark.parametrize("radix_and_size", [(82, 5), (82, 6), (82, 12), (62, 13)])
def test_the_statistics_see_two_rounds(radix_and_size: tuple[int, int]) -> None:
    found = deviations(by_twin(radix_and_size[0], 2), *radix_and_size, 1000)
    seen = {name for name, far in found.items() if far > DEVIATIONS}
    assert {"chi-square, same right half", "avalanche, numeral 0"} <= seen


def test_serials_in_codes_are_the_characters_of_those_numerals() -> None:
    kind, made_of = SHAPES["water"]
    codes = emitted(kind, made_of, 0, 20_000)
    at = made_of.serial_at
    assert {code[at : at + 1] for code in codes} == {b"3"}
    serials = np.array([list(code[at + 1 : at + 13]) for code in codes], np.uint8)
    positions = np.searchsorted(np.frombuffer(twins.GS1_82, np.uint8), serials)
    assert chi_square(positions.astype(np.uint8), 82) <= DEVIATIONS
    plain = numerals(list(range(20_000)), 82, 12)
    assert np.array_equal(positions, _core.ff1(SERIAL_KEY, 82, GTIN, plain))


def test_check_codes_look_random_and_say_nothing_of_the_serial() -> None:
    kind, made_of = SHAPES["lp"]
    codes = emitted(kind, made_of, 0, 20_000)
    alphabet = b"+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    tails = np.array([list(code[41:83]) for code in codes], np.uint8)
    positions = np.searchsorted(np.frombuffer(alphabet, np.uint8), tails).astype(np.uint8)
    assert chi_square(positions, 64) <= DEVIATIONS
    assert avalanche(positions[:-1], positions[1:], 64) <= DEVIATIONS


@pytest.mark.parametrize("name", ["shoes", "pharma", "milk", "beer", "tobacco-pack"])
def test_a_guessed_serial_falls_on_an_issued_one_only_by_chance(name: str) -> None:
    _, made_of = SHAPES[name]
    alphabet, country = twins.ALPHABETS[made_of.form], twins.COUNTRY[made_of.form]
    free_size = made_of.serial_size - len(country)
    chance = np.random.default_rng(7)
    guesses = chance.integers(0, len(alphabet), (20_000, free_size))
    head = b"01" + made_of.gtin + b"21" + country
    text = b"\n".join(
        head + bytes(alphabet[i] for i in row) + b"\x1d93dGVz" for row in guesses.tolist()
    )
    issued = len(alphabet) ** free_size // 100 if free_size < 9 else 2**40
    counters, _ = _core.invert(
        SERIAL_KEY, text, _core.parse(text), column(made_of.form, len(guesses))
    )
    expected = len(guesses) * issued / len(alphabet) ** free_size
    hits = int((counters < issued).sum())
    assert abs(hits - expected) <= DEVIATIONS * math.sqrt(expected + 1)
