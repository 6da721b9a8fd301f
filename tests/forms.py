"""A process for each form of the kernels, so that one test can ask all of them.

The form is chosen once, when the core is imported, from EMITTER_CPU. Run as a program, this module
answers requests on its standard input: a pickled (name, arguments), name being a function below.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from emitter import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

SERIAL_SECRET = bytes(range(32))


@cache
def _serial_key(secret: bytes = SERIAL_SECRET) -> _core.SerialKey:
    return _core.SerialKey(secret)


@cache
def _check_key(kind: int, number: int) -> _core.CheckKey:
    return _core.CheckKey(kind, bytes([kind, number]) * 16)


def kernel_form() -> str:
    """Name the form that runs here."""
    return _core.kernel_form()


def signature_library() -> str:
    """Name the library that signs here."""
    return _core.signature_library()


def ff1(key: bytes, radix: int, tweak: bytes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Encrypt and decrypt rows of numerals."""
    made = _core.ff1(_serial_key(key), radix, tweak, rows)
    return made, _core.ff1(_serial_key(key), radix, tweak, made, inverse=True)


def emit(kind: int, recipe: dict[str, Any], first: int, count: int) -> bytes:
    """Make codes."""
    return _core.emit(_serial_key(), _check_key(kind, 0), **recipe, first=first, count=count)


def emit_with(key: bytes, kind: int, secret: bytes, recipe: dict[str, Any], first: int) -> bytes:
    """Make one code with keys of the caller's."""
    check_key = _core.CheckKey(kind, secret)
    return _core.emit(_serial_key(key), check_key, **recipe, first=first, count=1)


def read(text: bytes, forms: Sequence[int], kinds: Sequence[int]) -> tuple[bytes, ...]:
    """Parse, read, invert and check a text's items; item i has form and kind i modulo theirs."""
    parsed = _core.parse(text)
    at = np.arange(len(parsed))
    form_column = np.array(forms, np.uint8)[at % len(forms)]
    key_index = (at % (2 * len(kinds))).astype(np.int16)
    keys = [_check_key(kind, number) for number in (0, 1) for kind in kinds]
    counters, reasons = _core.invert(_serial_key(), text, parsed, form_column)
    forged = _core.check(text, parsed, keys, key_index)
    lines, origins = _core.readings(text, parsed, np.ones(len(parsed), bool))
    rows = (parsed, counters, reasons, forged, origins)
    return (*(row.tobytes() for row in rows), lines)


def digest(kind: int, recipe: dict[str, Any], form: int, first: int, count: int) -> dict[str, str]:
    """Make many codes, read them again, and answer the digest of everything."""
    codes = emit(kind, recipe, first, count)
    size = len(recipe["record"])
    text = np.frombuffer(codes, np.uint8).reshape(count, size)
    lines = np.pad(text, ((0, 0), (0, 1)), constant_values=10).tobytes()
    parsed, counters, reasons, forged, *_ = read(lines, [form], [kind])
    issued = np.array_equal(np.frombuffer(counters, np.uint64), np.arange(first, first + count))
    verdicts = np.frombuffer(forged, np.uint8)
    assert issued and not any(reasons)  # noqa: PT018 - said by the digest anyway
    every_other = not verdicts[::2].any() and verdicts[1::2].all()
    assert every_other  # as every other key is wrong
    named = {"codes": codes, "parsed": parsed, "counters": counters, "forged": forged}
    return {name: hashlib.sha256(data).hexdigest() for name, data in named.items()}


def symbols(codes: bytes, size: int, kind: int, sides: Sequence[int]) -> list[str]:
    """Draw codes in the smallest size of each and in sizes of one side; answer the digests."""
    drawn = [_core.symbol_sizes(codes, size, kind=kind)]
    for side in sides:
        drawn += _core.symbols(codes, size, modules=side, kind=kind)
    return [hashlib.sha256(array.tobytes()).hexdigest() for array in drawn]


def piece_digests(text: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Hash the pieces of the first so many bytes of a text, for each of the sizes."""
    return [_core.piece_digests(memoryview(text)[:size]) for size in sizes]


class Form:
    """A process in which the kernels run in one form."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"EMITTER_CPU": name},
        )

    def ask(self, name: str, *arguments: object) -> Any:
        """Call a function of this module there."""
        assert self._process.stdin
        assert self._process.stdout
        pickle.dump((name, arguments), self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)  # noqa: S301 - our own process

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    while True:
        try:
            name, arguments = pickle.load(requests)  # noqa: S301 - from our own parent
        except EOFError:
            return
        pickle.dump(globals()[name](*arguments), answers)
        answers.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
