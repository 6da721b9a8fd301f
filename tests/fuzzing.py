"""How long the tests by chance run, and from which seeds: the one place that reads it.

`make test` draws a few cases from fixed seeds, so it gives the same answer every time.
`make fuzz SEED=…` (``EMITTER_FUZZ=1``, ``EMITTER_SEED=…``) draws many, from a new seed where none
is given. A seed stands in the name of each test that was drawn from it; to play that case again:

    make test SEED=<seed> ARGS='-k <test>'
"""

from __future__ import annotations

import functools
import os
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_DEFAULT_SEED = 20260302


def fuzzing() -> bool:
    """Tell whether this is a long run."""
    return bool(os.environ.get("EMITTER_FUZZ"))


@functools.cache
def first_seed() -> int:
    """Return the seed that was asked for; else a fixed one, or in a long run a new one."""
    if text := os.environ.get("EMITTER_SEED"):
        return int(text)
    return random.SystemRandom().getrandbits(32) if fuzzing() else _DEFAULT_SEED


def seeds(short: int, long: int) -> list[int]:
    """Return as many seeds as the run wants; the first is the one that was asked for."""
    chance = random.Random(first_seed())
    return [first_seed(), *(chance.getrandbits(32) for _ in range(amount(short, long) - 1))]


def amount(short: int, long: int) -> int:
    """Return ``long`` in a long run, else ``short``: cases, steps, moments."""
    return long if fuzzing() else short


def tell(config: pytest.Config, text: str) -> None:
    """Print what a run has seen, past pytest's capture."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{text}")  # noqa: T201 - asked for
