"""Division by multiplication against division: the one place where the core's numbers are made.

Its last correction is needed about once in 2^64 random draws, so it is called directly, at the
edges, through a small library compiled for the test.
"""

from __future__ import annotations

import ctypes
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core_cases import integers_with_edges

NATIVE = Path(__file__).parent.parent / "src" / "emitter" / "native"
SOURCE = """
#include <divisor.h>
uint64_t divide(uint64_t value, uint64_t number, uint64_t *remainder)
{
    struct divisor divisor = divisor_of(value);
    return divisor_divide(&divisor, number, remainder);
}
uint64_t step(uint64_t value, uint64_t high, uint64_t low, uint64_t *remainder)
{
    struct divisor divisor = divisor_of(value);
    return divisor_step(&divisor, high, low, remainder);
}
uint64_t reduce(uint64_t value, uint32_t high, uint64_t low)
{
    struct divisor divisor = divisor_of(value);
    return divisor_reduce(&divisor, high, low);
}
uint64_t add(uint64_t value, uint64_t a, uint64_t b)
{
    struct divisor divisor = divisor_of(value);
    return divisor_add(&divisor, a, b);
}
uint64_t subtract(uint64_t value, uint64_t a, uint64_t b)
{
    struct divisor divisor = divisor_of(value);
    return divisor_subtract(&divisor, a, b);
}
"""
U64 = 2**64
spaces = st.sampled_from([82**k for k in range(1, 11)] + [62**k for k in range(1, 11)])
values = integers_with_edges(1, U64 - 1) | spaces
numbers = integers_with_edges(0, U64 - 1)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("divisor")
    (folder / "divisor.c").write_text(SOURCE)
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    flags = ["-std=gnu11", "-O3", "-shared", "-fPIC", f"-I{NATIVE}"]
    library = folder / "divisor.so"
    subprocess.run([*compiler, *flags, folder / "divisor.c", "-o", library], check=True)
    native = ctypes.CDLL(str(library))
    u64 = ctypes.c_uint64
    native.divide.argtypes = [u64, u64, ctypes.POINTER(u64)]
    native.step.argtypes = [u64, u64, u64, ctypes.POINTER(u64)]
    native.reduce.argtypes = [u64, ctypes.c_uint32, u64]
    native.add.argtypes = native.subtract.argtypes = [u64, u64, u64]
    for name in ("divide", "step", "reduce", "add", "subtract"):
        getattr(native, name).restype = u64
    return native


@settings(max_examples=300)
@given(values, numbers)
def test_quotient_and_remainder_are_those_of_division(
    native: ctypes.CDLL, value: int, number: int
) -> None:
    remainder = ctypes.c_uint64()
    quotient = native.divide(value, number, remainder)
    assert (quotient, remainder.value) == divmod(number, value)


@settings(max_examples=500)
@given(integers_with_edges(2**63, U64 - 1), st.integers(0, 3) | numbers, numbers)
@example(82 << 57, 3, U64 - 1)  # the last correction is needed here ...
@example(82**2 << 51, 1, U64 - 2)  # ... and here
def test_a_step_divides_two_words_by_a_normal_divisor(
    native: ctypes.CDLL, value: int, gap: int, low: int
) -> None:
    high = value - 1 - gap % value
    remainder = ctypes.c_uint64()
    quotient = native.step(value, high, low, remainder)
    assert (quotient, remainder.value) == divmod(high << 64 | low, value)


@settings(max_examples=300)
@given(values, integers_with_edges(0, 2**32 - 1), numbers)
def test_96_bits_are_reduced(native: ctypes.CDLL, value: int, high: int, low: int) -> None:
    assert native.reduce(value, high, low) == (high << 64 | low) % value


@settings(max_examples=300)
@given(values, numbers, numbers)
def test_sums_and_differences_stay_below_the_divisor(
    native: ctypes.CDLL, value: int, a: int, b: int
) -> None:
    a, b = a % value, b % value
    assert native.add(value, a, b) == (a + b) % value
    assert native.subtract(value, a, b) == (a - b) % value
