"""The reasons that the core answers are those of the one table."""

from __future__ import annotations

import re
from pathlib import Path

from emitter.errors import Reason

HEADER = Path(__file__).parent.parent / "src" / "emitter" / "native" / "reasons.h"


def test_the_header_and_the_table_have_the_same_numbers() -> None:
    native = {
        name: int(value)
        for name, value in re.findall(
            r"^\s+REASON_(\w+) = (\d+),$", HEADER.read_text(), re.MULTILINE
        )
    }
    engines = range(8, 16)  # of one code, but for the engine to answer
    core = {reason.name: reason.value for reason in Reason if reason < 32 and reason not in engines}
    assert native == core
    assert len(native) == HEADER.read_text().count("REASON_")
