"""Tables of the documentation are drawn from the code: run this file to draw them again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emitter.config import Limits
from emitter.trade.states import BUFFER, CODE, ORDER, TRANSFER, diagram

HOUSE = Path(__file__).parent.parent
PAGES = {"machines": HOUSE / "ARCHITECTURE.md", "limits": HOUSE / "docs" / "limits.md"}
LINES_MAX = 300  # of ARCHITECTURE.md: it is read in one sitting


def drawn() -> dict[str, str]:
    rows = [
        f"| `{name}` | {value:,} | {unit} | {why} |" for name, value, unit, why in Limits().table()
    ]
    return {
        "machines": "\n\n".join(diagram(machine) for machine in (ORDER, BUFFER, CODE, TRANSFER)),
        "limits": "\n".join(["| limit | default | unit | why |", "|---|---|---|---|", *rows]),
    }


def redrawn(name: str) -> str:
    return re.sub(
        rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
        lambda found: f"{found[1]}{drawn()[name]}\n{found[2]}",
        PAGES[name].read_text(),
        flags=re.DOTALL,
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_table_is_that_of_the_code(name: str) -> None:
    text = PAGES[name].read_text()
    assert redrawn(name) == text
    assert drawn()[name] in text


def test_the_architecture_is_read_in_one_sitting() -> None:
    assert len(PAGES["machines"].read_text().splitlines()) <= LINES_MAX


if __name__ == "__main__":
    for name, page in PAGES.items():
        page.write_text(redrawn(name))
