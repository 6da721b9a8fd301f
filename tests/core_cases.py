"""What the tests of the core share: vectors, keys, and a recipe of every shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from emitter import _core
from twins import MAC, SHORT, SIGNATURE, Recipe

SERIAL_SECRET = bytes(range(32))
CHECK_SECRETS = {kind: bytes([kind]) * 32 for kind in (MAC, SIGNATURE, SHORT)}
SERIAL_KEY = _core.SerialKey(SERIAL_SECRET)
CHECK_KEYS = {kind: _core.CheckKey(kind, secret) for kind, secret in CHECK_SECRETS.items()}


def vectors(name: str) -> list[list[str]]:
    """The rows of a file of tests/vectors; `\\x1d` is GS."""
    text = (Path(__file__).parent / "vectors" / name).read_text()
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    return [line.replace("\\x1d", "\x1d").split("\t") for line in lines]


def recipe(
    kind: int,
    form: int = _core.FORM_GS1_COUNTRY,
    serial_size: int = 13,
    *,
    gtin: bytes = b"04600439931256",
    price: bytes = b"",
    key_id: bytes = b"EE05",
) -> Recipe:
    """A code with AIs, its serial and check filled with anything."""
    message = b"01" + gtin + b"21" + b"?" * serial_size
    message += b"\x1d8005" + price if price else b""
    message += b"\x1d91" + key_id if kind != SHORT else b""
    head = message + (b"\x1d93" if kind == SHORT else b"\x1d92")
    tail = b"?" * {MAC: 44, SIGNATURE: 88, SHORT: 4}[kind]
    return Recipe(head + tail, gtin, form, 18, serial_size, len(message), len(head))


PACK = Recipe(b"00000046198488???????ABm8????", b"00000046198488", 0, 14, 7, 25, 25)

SHAPES = {
    "shoes": (SIGNATURE, recipe(SIGNATURE)),
    "pharma": (MAC, recipe(MAC, _core.FORM_ALNUM)),
    "lp": (MAC, recipe(MAC)),
    "cameras": (MAC, recipe(MAC, serial_size=20)),
    "tobacco-block": (SHORT, recipe(SHORT, _core.FORM_GS1, 7, price=b"112000")),
    "tobacco-pack": (SHORT, PACK),
    "water": (SHORT, recipe(SHORT)),
    "beer": (SHORT, recipe(SHORT, serial_size=7)),
    "milk": (SHORT, recipe(SHORT, serial_size=6)),
}


def emitted(kind: int, made_of: Recipe, first: int, count: int) -> list[bytes]:
    """The codes of a counter range, one by one."""
    codes = _core.emit(SERIAL_KEY, CHECK_KEYS[kind], **made_of._asdict(), first=first, count=count)
    size = len(made_of.record)
    assert len(codes) == count * size
    return [codes[at : at + size] for at in range(0, len(codes), size)]


def column(value: int, count: int, dtype: type = np.uint8) -> np.ndarray:
    """The same number for every item."""
    return np.full(count, value, dtype)


def integers_with_edges(least: int, most: int) -> st.SearchStrategy[int]:
    """Integers within a range, every other one at or beside an edge or a power of two."""
    powers = {2**k + d for k in (7, 8, 15, 16, 31, 32, 52, 63, 64) for d in (-1, 0, 1)}
    edges = {least, least + 1, most - 1, most} | powers | {-power for power in powers}
    inside = sorted(edge for edge in edges if least <= edge <= most)
    return st.sampled_from(inside) | st.integers(least, most)
