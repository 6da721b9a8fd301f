"""The forms of the DataMatrix kernels: the same sizes, modules and reasons from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twins_datamatrix as twin
from emitter import _core
from forms import Form
from fuzzing import amount, seeds
from test_datamatrix import AI_82, BASE64, DIGITS, KINDS, MODULES, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 20_000


@pytest.fixture(scope="module")
def forms() -> Iterator[list[Form]]:
    made = [Form(name) for name in _core.kernel_forms()]
    yield made
    for form in made:
        form.close()


def many(size: int, count: int, seed: int) -> bytes:
    """Random codes of a template's shape, made in columns."""
    chance = np.random.default_rng(seed)
    columns = []
    for part in SHAPES[size]:
        alphabet, length = (part, len(part)) if isinstance(part, str) else part
        letters = np.frombuffer(alphabet.encode(), np.uint8)
        fixed = isinstance(part, str)
        picks = np.arange(length)[None] if fixed else chance.integers(
            len(letters), size=(count, length)
        )  # fmt: skip
        columns.append(np.broadcast_to(letters[picks], (count, length)))
    return np.ascontiguousarray(np.concatenate(columns, axis=1)).tobytes()


def agreed(forms: list[Form], codes: bytes, size: int, kind: int, sides: list[int]) -> None:
    answers = [form.ask("symbols", codes, size, kind, sides) for form in forms]
    assert all(answer == answers[0] for answer in answers[1:])


@pytest.mark.parametrize("seed", seeds(1, 20))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SHAPES)
def test_forms_draw_many_codes_of_every_template_alike(
    forms: list[Form], size: int, kind: int, seed: int
) -> None:
    for batch in range(amount(1, 5)):
        sides = [0, *([40, 44] if size == 129 else [])]
        agreed(forms, many(size, BATCH, seed + batch), size, kind, sides)


@given(
    texts=st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=300),
            st.text(DIGITS + "A\x1d", min_size=1, max_size=300).map(str.encode),
            st.text(DIGITS, min_size=1, max_size=300).map(str.encode),
            st.text(AI_82 + BASE64 + "\x1d", min_size=1, max_size=300).map(str.encode),
            st.lists(st.sampled_from(twin.ALPHABET), min_size=1, max_size=300).map(bytes),
        ),
        min_size=1,
        max_size=20,
    ),
    kind=st.sampled_from(KINDS),
    side=st.sampled_from([0, *MODULES]),
)
@settings(max_examples=amount(150, 20_000), deadline=None)
def test_forms_draw_any_text_alike(
    forms: list[Form], texts: list[bytes], kind: int, side: int
) -> None:
    size = min(map(len, texts))
    agreed(forms, b"".join(text[:size] for text in texts), size, kind, [side])


@pytest.mark.parametrize("size", [63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 1100, 3200])
def test_forms_agree_where_their_vectors_end(forms: list[Form], size: int) -> None:
    for pattern in (b"1", b"A1", b"12A", b"\x1d", b"a"):
        for shift in range(3):
            text = (pattern * (size + 3))[shift : shift + size]
            agreed(forms, text, size, _core.SYMBOL_GS1, [0, 36, 144])
