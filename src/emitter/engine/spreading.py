"""Large batches spread over the cores: pieces in threads, which the core lets run side by side."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_PIECE_MIN = 4_096
"""Items of a piece: below, a millisecond of work or less, handing over costs what it gains."""


def spread(work: Callable[[slice], T], count: int) -> list[T]:
    """Do ``work`` on slices that make up [0, count), as many as there are cores; their results.

    Slices of one call run at the same time, so ``work`` changes nothing that they share. A batch
    too small to be cut is done here.
    """
    pieces = count // _PIECE_MIN
    if pieces > 1:  # only then: the system takes as long to tell its cores as a code to be checked
        pieces = min(pieces, os.cpu_count() or 1)
    if pieces < 2:
        return [work(slice(0, count))]
    bounds = [count * piece // pieces for piece in range(pieces + 1)]
    return list(_threads().map(work, map(slice, bounds, bounds[1:])))


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process, made when a large batch first comes."""
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="core")
