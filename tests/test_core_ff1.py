"""FF1 in the core: official samples, own vectors, the twin, and what a permutation must be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import twins
from core_cases import vectors
from emitter import _core

KEY = bytes(range(32))
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def numerals(text: str, alphabet: str) -> np.ndarray:
    return np.array([[alphabet.index(character) for character in text]], np.uint8)


def assert_maps(row: list[str], alphabet: str) -> None:
    """The row is key, radix, tweak, plaintext, ciphertext."""
    key, radix, tweak = bytes.fromhex(row[0]), int(row[1]), bytes.fromhex(row[2])
    plain, cipher = numerals(row[3], alphabet), numerals(row[4], alphabet)
    serial_key, twin = _core.SerialKey(key), twins.FF1(key, radix, tweak)
    assert np.array_equal(_core.ff1(serial_key, radix, tweak, plain), cipher)
    assert np.array_equal(_core.ff1(serial_key, radix, tweak, cipher, inverse=True), plain)
    assert twin.encrypt(plain[0].tolist()) == cipher[0].tolist()
    assert twin.decrypt(cipher[0].tolist()) == plain[0].tolist()


@pytest.mark.parametrize("row", vectors("ff1-nist.tsv"), ids=lambda row: row[0])
def test_the_samples_of_nist_come_out(row: list[str]) -> None:
    assert_maps(row[1:], BASE36)


@pytest.mark.parametrize("row", vectors("ff1-own.tsv"), ids=lambda row: f"{row[1]}-{row[3]}")
def test_our_own_vectors_come_out(row: list[str]) -> None:
    alphabet = {"82": twins.GS1_82, "62": twins.ALNUM}[row[1]].decode()
    assert_maps(row, alphabet)


def test_our_own_vectors_cover_every_length_of_the_templates() -> None:
    lengths = {(row[1], len(row[3])) for row in vectors("ff1-own.tsv")}
    assert lengths == {("82", n) for n in (5, 6, 7, 12, 19)} | {("62", 13)}


def half_fits(radix: int, n: int) -> bool:
    return radix ** (n - n // 2) < 2**64 and radix**n >= 100


@st.composite
def rows_of_numerals(draw: st.DrawFn) -> tuple[bytes, int, bytes, np.ndarray]:
    key = draw(st.sampled_from([16, 24, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
    radix = draw(st.sampled_from([2, 3, 10, 62, 82, 254, 255]) | st.integers(2, 255))
    n = draw(st.sampled_from([size for size in range(2, 128) if half_fits(radix, size)]))
    tweak = draw(st.binary(max_size=40))
    count = draw(st.integers(1, 4))
    numeral = st.sampled_from([0, 1, radix - 1]) | st.integers(0, radix - 1)
    row = st.lists(numeral, min_size=n, max_size=n)
    rows = draw(st.lists(row, min_size=count, max_size=count))
    return key, radix, tweak, np.array(rows, np.uint8)


@given(rows_of_numerals())
def test_the_core_and_the_twin_agree(case: tuple[bytes, int, bytes, np.ndarray]) -> None:
    key, radix, tweak, plain = case
    twin = twins.FF1(key, radix, tweak)
    made = _core.ff1(_core.SerialKey(key), radix, tweak, plain)
    assert made.tolist() == [twin.encrypt(row) for row in plain.tolist()]
    assert np.array_equal(_core.ff1(_core.SerialKey(key), radix, tweak, made, inverse=True), plain)


@pytest.mark.parametrize(("radix", "n"), [(10, 2), (2, 7), (10, 3), (5, 5), (82, 2), (255, 2)])
def test_a_tiny_space_is_permuted(radix: int, n: int) -> None:
    space = np.array(list(itertools.product(range(radix), repeat=n)), np.uint8)
    made = _core.ff1(_core.SerialKey(KEY), radix, b"tiny", space)
    assert np.unique(made, axis=0).shape == space.shape
    assert not np.array_equal(made, space)
    assert np.array_equal(
        _core.ff1(_core.SerialKey(KEY), radix, b"tiny", made, inverse=True), space
    )


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 1000])
def test_a_batch_is_its_rows_one_by_one(count: int) -> None:
    rows = np.random.default_rng(count).integers(0, 82, (count, 12), np.uint8)
    batch = _core.ff1(_core.SerialKey(KEY), 82, b"04600439931256", rows)
    twin = twins.FF1(KEY, 82, b"04600439931256")
    assert batch.tolist() == [twin.encrypt(row) for row in rows.tolist()]


@given(st.integers(0, 70), st.binary(max_size=80))
@example(14, b"04600439931256")
def test_the_prefix_holds_the_tweak_and_its_length(zeros: int, tweak: bytes) -> None:
    plain = np.zeros((1, 12), np.uint8)
    longer = _core.ff1(_core.SerialKey(KEY), 82, tweak + bytes(zeros + 1), plain)
    assert not np.array_equal(_core.ff1(_core.SerialKey(KEY), 82, tweak, plain), longer)


@pytest.mark.parametrize(
    ("radix", "tweak", "rows"),
    [
        (1, b"", [[0] * 12]),
        (256, b"", [[0] * 12]),
        (10, b"", [[0]]),
        (3, b"", [[0] * 4]),  # 81 strings: fewer than 100
        (10, b"", [[10, 0]]),
        (10, b"", [[-1, 0]]),
        (10, b"", [[256, 0]]),
        (10, b"", [[0.5, 0]]),
        (10, b"", [0, 1]),
        (10, b"", [[0] * 40]),  # a half of 10^20
        (2, b"", [[0] * 127]),  # a half of 2^64
        (2, b"", [[0] * 300]),
        (10, bytes(_core.TWEAK_SIZE_MAX + 1), [[0, 0]]),
    ],
)
def test_what_is_outside_the_standard_or_the_limits_is_a_value_error(
    radix: int, tweak: bytes, rows: list
) -> None:
    with pytest.raises(ValueError, match=r"."):
        _core.ff1(_core.SerialKey(KEY), radix, tweak, rows)


@pytest.mark.parametrize("size", [0, 15, 17, 31, 33, 64])
def test_a_serial_key_has_a_length_of_aes(size: int) -> None:
    with pytest.raises(ValueError, match="16, 24 or 32 bytes"):
        _core.SerialKey(bytes(size))
