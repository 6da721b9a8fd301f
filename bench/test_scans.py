"""Reading scans: what tolerance costs codes that need none, and what undoing noise costs.

Codes are judged as they stand, and only what is refused is read as noisy: for a batch of genuine
codes tolerance is one look at a column of verdicts, a byte a code, beside the 10 ns a code that
parsing takes, so it may lose nothing that can be measured; 10 % is the gate. Undoing noise looks at
every byte of a code once for what may be rewritten, and where separators were lost at its parts for
each template that may have made it: half a microsecond a code, less than checking it through the
engine takes, and paid by noisy codes only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np
from contest import bound_of
from core_work import TEMPLATES, cpu_rate, make

from emitter import _core
from emitter.trade.templates import require_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Contest

TURNS = 15
BATCH = 50_000
NOISES: dict[str, Callable[[bytes], bytes]] = {
    "]d2 in front": lambda code: b"]d2" + code,
    "separators lost": lambda code: code.replace(b"\x1d", b""),
    "separators as <GS>": lambda code: code.replace(b"\x1d", b"<GS>"),
    "XML": lambda code: (
        escape(code.decode(), {'"': "&quot;", "'": "&apos;"}).replace("\x1d", "&#29;").encode()
    ),
}


@cache
def _codes(name: str) -> list[bytes]:
    size = require_template(TEMPLATES[name], "template").size
    made = make(TEMPLATES[name], 0, BATCH)
    return [made[at : at + size] for at in range(0, len(made), size)]


def _strictly(text: bytes) -> None:
    assert not _core.parse(text)["reason"].any()


def _tolerantly(text: bytes) -> None:
    """Read as the engine does, with parsing for a verdict."""
    parsed = _core.parse(text)
    refused = parsed["reason"] != 0
    if refused.any():
        lines, origins = _core.readings(text, parsed, refused)
        assert len(np.unique(origins)) == np.count_nonzero(refused)
        assert not _core.parse(lines)["reason"].any()


def test_reading_scans(contest: Contest) -> None:
    rounds = 2 if contest.smoke else 10

    def measure(read: Callable[[bytes], None], text: bytes) -> Callable[[], float]:
        return lambda: cpu_rate(rounds * BATCH, lambda: [read(text) for _ in range(rounds)])

    entries: dict[str, Callable[[], float]] = {}
    for name in ("mac", "short"):
        plain = b"\n".join(_codes(name))
        entries[f"{name}: strictly"] = measure(_strictly, plain)
        entries[f"{name}: as they are"] = measure(_tolerantly, plain)
        for noise, spoil in NOISES.items():
            spoilt = b"\n".join(map(spoil, _codes(name)))
            entries[f"{name}: {noise}"] = measure(_tolerantly, spoilt)
    got = contest.turns(entries, TURNS)
    section = contest.section("Reading scans, one core", bound_of(__doc__))
    for name, words in (("mac", "85 bytes"), ("short", "38 bytes")):
        strictly = got[f"{name}: strictly"]
        section.row(f"{words}, parsed strictly", strictly, "codes/s")
        for noise in ("as they are", *NOISES):
            section.row(
                f"{words}, {noise}", got[f"{name}: {noise}"], "codes/s",
                against=("strictly", strictly),
            )  # fmt: skip
        assert got[f"{name}: as they are"].over(strictly) > 0.7
        assert got[f"{name}: ]d2 in front"].over(strictly) > 0.04
