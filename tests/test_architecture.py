"""The tables of ARCHITECTURE.md are drawn from the code: run this file to draw them again."""

from __future__ import annotations

import re
from pathlib import Path

from emitter.config import Limits
from emitter.trade.states import BUFFER, CODE, ORDER, TRANSFER, diagram

PAGE = Path(__file__).parent.parent / "ARCHITECTURE.md"


def drawn() -> dict[str, str]:
    rows = [
        f"| `{name}` | {value:,} | {unit} | {why} |" for name, value, unit, why in Limits().table()
    ]
    return {
        "machines": "\n\n".join(diagram(machine) for machine in (ORDER, BUFFER, CODE, TRANSFER)),
        "limits": "\n".join(["| limit | default | unit | why |", "|---|---|---|---|", *rows]),
    }


def redrawn(text: str) -> str:
    for name, table in drawn().items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    return text


def test_the_tables_of_the_architecture_page_are_those_of_the_code() -> None:
    text = PAGE.read_text()
    assert redrawn(text) == text
    assert all(table in text for table in drawn().values())


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text()))
