"""The forms of the kernels: each machine runs the best it can, and all of them make the same."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twins
from core_cases import SHAPES, integers_with_edges, vectors
from emitter import _core
from forms import Form
from fuzzing import amount
from twins import MAC, SHORT, SIGNATURE, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("portable", "x86-64-v3", "avx512")


@pytest.fixture(scope="module")
def forms() -> Iterator[list[Form]]:
    started = [Form(name) for name in _core.kernel_forms()]
    yield started
    for form in started:
        form.close()


def ask_all(forms: list[Form], name: str, *arguments: object) -> dict[str, object]:
    return {form.name: form.ask(name, *arguments) for form in forms}


def run(code: str, cpu: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"EMITTER_CPU": cpu}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def test_the_forms_of_this_machine_begin_with_the_portable_one() -> None:
    forms = _core.kernel_forms()
    assert forms == NAMES[: len(forms)]
    assert forms
    assert _core.kernel_form() == (os.environ.get("EMITTER_CPU") or forms[-1])


def test_a_forced_form_is_the_one_that_runs(forms: list[Form]) -> None:
    assert [form.ask("kernel_form") for form in forms] == list(_core.kernel_forms())


def test_nothing_forced_is_the_best_form() -> None:
    done = run("from emitter import _core; print(_core.kernel_form())", "")
    assert done.stdout.split() == [_core.kernel_forms()[-1]]


@pytest.mark.parametrize("name", ["nonsense", "AVX512", "portable "])
def test_a_form_that_the_machine_lacks_is_refused_at_import(name: str) -> None:
    done = run("import emitter._core", name)
    assert done.returncode == 1
    assert f"ImportError: EMITTER_CPU={name!r}: this machine has the forms portable" in done.stderr


@pytest.mark.parametrize("row", vectors("emit-golden.tsv"), ids=lambda row: f"{row[0]}-{row[11]}")
def test_the_golden_bytes_come_out_of_every_form(forms: list[Form], row: list[str]) -> None:
    _, key, kind, secret, record, gtin, *places, counter, code = row
    made_of = Recipe(record.encode(), gtin.encode(), *map(int, places))._asdict()
    keys = bytes.fromhex(key), int(kind), bytes.fromhex(secret)
    answers = ask_all(forms, "emit_with", *keys, made_of, int(counter))
    assert set(answers.values()) == {code.encode()}


@st.composite
def ff1_cases(draw: st.DrawFn) -> tuple[bytes, int, bytes, np.ndarray]:
    """A key, radix, tweak and rows of numerals, often all least or all greatest."""
    radix = draw(st.sampled_from([2, 3, 10, 16, 62, 64, 82, 255]) | st.integers(2, 255))
    size = draw(st.integers(2, 24))
    while radix**size < 100:
        size += 1
    while radix ** (size - size // 2) >= 2**64:
        size -= 1
    count = draw(st.sampled_from([1, 7, 8, 9, 33, 130]))
    seed = draw(st.integers(0, 2**32))
    rows = np.random.default_rng(seed).integers(0, radix, (count, size), np.uint8)
    rows[draw(st.integers(0, count - 1))] = draw(st.sampled_from([0, radix - 1]))
    key = draw(st.binary(min_size=32, max_size=32).map(lambda key: key[: 16 + 8 * (key[0] % 3)]))
    return key, radix, draw(st.binary(max_size=40)), rows


def test_signatures_are_made_by_a_library_that_has_a_name(forms: list[Form]) -> None:
    libraries = ask_all(forms, "signature_library")
    eight = "crypto_mb of ipp-crypto " in str(libraries.get("avx512"))
    for name, library in libraries.items():
        assert str(library).startswith("crypto_mb" if eight and name == "avx512" else "libsodium 1")


@settings(deadline=None)
@given(ff1_cases())
def test_forms_encrypt_and_decrypt_alike(
    forms: list[Form], case: tuple[bytes, int, bytes, np.ndarray]
) -> None:
    key, radix, tweak, rows = case
    cipher = twins.FF1(key, radix, tweak)
    for name, (made, back) in ask_all(forms, "ff1", *case).items():
        assert made[0].tolist() == cipher.encrypt(rows[0].tolist()), name
        assert np.array_equal(back, rows), name
    answers = [made.tobytes() for made, _ in ask_all(forms, "ff1", *case).values()]
    assert len(set(answers)) == 1


@st.composite
def emit_cases(draw: st.DrawFn) -> tuple[int, dict[str, object], int, int]:
    """A recipe of any layout and a range of its counters, often at the end of the space."""
    kind = draw(st.sampled_from([MAC, MAC, SHORT, SHORT, SIGNATURE]))
    form, serial_size = draw(st.sampled_from([0, 1, 2])), draw(st.integers(5, 20))
    tail = twins.CHECK_SIZES[kind]
    serial_at = draw(integers_with_edges(0, 255 - tail - serial_size))
    message_size = draw(integers_with_edges(serial_at + serial_size, 255 - tail))
    check_at = draw(integers_with_edges(message_size, 255 - tail))
    size = draw(integers_with_edges(check_at + tail, 255))
    made_of = Recipe(
        draw(st.binary(min_size=size, max_size=size)),
        b"%014d" % draw(st.integers(0, 10**14 - 1)),
        form, serial_at, serial_size, message_size, check_at,
    )  # fmt: skip
    free_size = serial_size - len(twins.COUNTRY[form])
    space = min(len(twins.ALPHABETS[form]) ** free_size, 2**64)
    count = draw(st.sampled_from([1, 8, 31, 33, 128, 130] if kind != SIGNATURE else [1, 9]))
    return kind, made_of._asdict(), draw(integers_with_edges(0, space - count)), count


@settings(deadline=None)
@given(emit_cases())
def test_forms_make_the_same_codes(
    forms: list[Form], case: tuple[int, dict[str, object], int, int]
) -> None:
    assert len(set(ask_all(forms, "emit", *case).values())) == 1


LINES = st.sampled_from(
    [
        b"0104600439931256213dGVzdGluZ-1%s\x1d91EE05\x1d92" + b"dGVz" * 11,
        b"01046004399312562" + b"13dGVzdGluZ!%s\x1d93dGVz",
        b"010460043993125621>5dGVzd\x1d8005112000\x1d93dGVz\x1d310300%s",
        b"00000046198488!!!!!!!dGVzdG%sz",
        b"%s",
    ]
)
PIECES = st.sampled_from(
    [b"a", b"", b"_", b"\x1d", b"a" * 17, b"\xff", b"~", b"0" * 300, b"&lt;", b"<GS>", b"&#29;"]
)


@settings(deadline=None)
@given(
    st.lists(st.builds(lambda line, piece: line.replace(b"%s", piece), LINES, PIECES)),
    st.sampled_from([b"", b"\n"]),
    st.integers(0, 10_000),
    st.binary(max_size=1),
)
def test_forms_read_any_text_alike(
    forms: list[Form], lines: list[bytes], end: bytes, at: int, other: bytes
) -> None:
    text = b"\n".join(lines) + end
    at %= len(text) + 1
    text = text[:at] + other + text[at + len(other) :]
    answers = ask_all(forms, "read", text, [1, 0, 2, 255], [MAC, SHORT, SIGNATURE])
    assert len(set(answers.values())) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_forms_agree_on_many_codes_of_every_shape(forms: list[Form], shape: str) -> None:
    kind, made_of = SHAPES[shape]
    # Over the eight shapes that are not signed this makes 1.2 million.
    count = amount(150_000, 1_000_000) if kind != SIGNATURE else amount(10_000, 1_000_000)
    answers = ask_all(forms, "digest", kind, made_of._asdict(), made_of.form, 987_654_321, count)
    assert len({str(answer) for answer in answers.values()}) == 1


def test_pieces_are_hashed_as_the_standard_library_does(forms: list[Form]) -> None:
    dice = random.Random(4)
    piece = _core.DIGEST_PIECE
    text = dice.randbytes(70 * piece)
    edges = [0, 1, 55, 56, 63, 64, 119, 120, piece - 1, piece]  # around blocks and their padding
    sizes = [
        *(whole * piece + rest for whole in (0, 3, 10, 31, 32, 64) for rest in edges),
        *(dice.randrange(len(text)) for _ in range(30)),
    ]
    expected = [twins.piece_digests(text[:size]) for size in sizes]
    for form, digests in ask_all(forms, "piece_digests", text, sizes).items():
        assert digests == expected, form
