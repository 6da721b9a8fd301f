"""A process in which the core works in one form, and says how fast.

The form is chosen once, when the core is imported, so forms that are to be compared in one run need
a process each. Run as a program, this module reads lines `name count` and answers each with a rate
in items a second, `name` being a function below.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from contest import rate

from emitter import _core
from emitter.malloc import keep_large_blocks
from emitter.trade.templates import require_template

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE_BYTES = 1 << 19
"""Codes are asked for in pieces as large as a message of a stream."""
TEMPLATES = {"mac": 7, "signature": 1, "short": 16}
GTIN = 4600439931256
_THREADS = 2
_CHECK_BATCH = 50_000


def cpu_rate(count: int, work: Callable[[], object]) -> float:
    """Return how many of ``count`` things the work does in a second of this thread's CPU time.

    What else runs on the machine takes caches and clock from it, but not turns.
    """
    started = time.thread_time()
    work()
    return count / (time.thread_time() - started)


@cache
def _serial_key() -> _core.SerialKey:
    return _core.SerialKey(bytes(range(32)))


@cache
def _check_key(kind: int) -> _core.CheckKey:
    return _core.CheckKey(kind, bytes([kind]) * 32)


def make(template_id: int, first: int, count: int) -> bytes:
    template = require_template(template_id, "template")
    recipe = template.record(GTIN, 0xEE05, None)._asdict()
    key = _check_key(template.check_kind)
    return _core.emit(_serial_key(), key, **recipe, first=first, count=count)


def _make_all(template_id: int, count: int) -> None:
    step = MESSAGE_BYTES // require_template(template_id, "template").size
    for first in range(0, count, step):
        make(template_id, first, min(step, count - first))


def emit_mac(count: int) -> float:
    """Codes of 85 bytes with a MAC of 44 characters."""
    return cpu_rate(count, lambda: _make_all(TEMPLATES["mac"], count))


def emit_short(count: int) -> float:
    """Codes of 38 bytes with a check of four characters."""
    return cpu_rate(count, lambda: _make_all(TEMPLATES["short"], count))


def emit_signature(count: int) -> float:
    """Codes of 129 bytes with a signature of 88 characters."""
    return cpu_rate(count, lambda: _make_all(TEMPLATES["signature"], count))


def emit_mac_by_one(count: int) -> float:
    """The codes of `emit_mac` by the clock on the wall."""
    return rate(count, lambda: _make_all(TEMPLATES["mac"], count))


def emit_mac_by_two(count: int) -> float:
    """The same for each of two threads."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return rate(
            _THREADS * count,
            lambda: list(pool.map(_make_all, [TEMPLATES["mac"]] * _THREADS, [count] * _THREADS)),
        )


@cache
def _processes() -> ProcessPoolExecutor:
    """Return two processes that have made codes."""
    pool = ProcessPoolExecutor(_THREADS, get_context("fork"))
    list(pool.map(_make_all, [TEMPLATES["mac"]] * 2 * _THREADS, [100_000] * 2 * _THREADS))
    return pool


def emit_mac_by_processes(count: int) -> float:
    """The same for each of two processes, which share nothing but the machine."""
    works = [TEMPLATES["mac"]] * _THREADS, [count] * _THREADS
    pool = _processes()
    return rate(_THREADS * count, lambda: list(pool.map(_make_all, *works)))


@cache
def _text(name: str) -> tuple[bytes, np.ndarray, np.ndarray, np.ndarray, list[_core.CheckKey]]:
    """A batch of issued codes, a line each, and what the calls of the core want to know of them."""
    template = require_template(TEMPLATES[name], "template")
    codes = np.frombuffer(make(TEMPLATES[name], 0, _CHECK_BATCH), np.uint8)
    rows = codes.reshape(_CHECK_BATCH, template.size)
    text = np.pad(rows, ((0, 0), (0, 1)), constant_values=ord("\n")).tobytes()
    forms = np.full(_CHECK_BATCH, template.record(GTIN, 0xEE05, None).form, np.uint8)
    keys = [_check_key(template.check_kind)]
    return text, _core.parse(text), forms, np.zeros(_CHECK_BATCH, np.int16), keys


def parse_mac(count: int) -> float:
    """Find the parts of codes of 85 bytes."""
    text = _text("mac")[0]
    batches = -(-count // _CHECK_BATCH)
    return cpu_rate(batches * _CHECK_BATCH, lambda: [_core.parse(text) for _ in range(batches)])


def invert_mac(count: int) -> float:
    """Lead their serials back to counters."""
    text, parsed, forms, _, _ = _text("mac")
    batches = -(-count // _CHECK_BATCH)
    return cpu_rate(
        batches * _CHECK_BATCH,
        lambda: [_core.invert(_serial_key(), text, parsed, forms) for _ in range(batches)],
    )


def _read(name: str) -> None:
    text, _, forms, key_index, keys = _text(name)
    parsed = _core.parse(text)
    counters, refused = _core.invert(_serial_key(), text, parsed, forms)
    forged = _core.check(text, parsed, keys, key_index)
    assert counters[-1] == _CHECK_BATCH - 1
    assert not refused.any()
    assert not forged.any()


def read_mac(count: int) -> float:
    """Parse, invert and check codes of 85 bytes."""
    _text("mac")
    batches = -(-count // _CHECK_BATCH)
    return cpu_rate(batches * _CHECK_BATCH, lambda: [_read("mac") for _ in range(batches)])


def signature_library(_count: int) -> str:
    """Name the library that signs."""
    return _core.signature_library()


class Worker:
    """A process that works in one form."""

    def __init__(self, form: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
            env=os.environ | {"EMITTER_CPU": form},
        )

    def ask(self, name: str, count: int = 0) -> str:
        """Let it do the work of that name; its answer as text."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{name} {count}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().rstrip("\n")

    def rate(self, name: str, count: int) -> float:
        """Let it do the work of that name; items a second."""
        return float(self.ask(name, count))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


if __name__ == "__main__":
    keep_large_blocks()
    for line in sys.stdin:
        work, size = line.split()
        print(globals()[work](int(size)), flush=True)
