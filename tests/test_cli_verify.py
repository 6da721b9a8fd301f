"""``emitter verify`` and ``emitter alerts``: files of scans, verdicts beside them, no server."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from emitter import _core
from emitter.cli import cli
from emitter.client import OrderLine
from emitter.config import Limits
from emitter.trade.templates import TEMPLATES
from noises import NOISES
from served import LP, MILK, SHOES, Served
from test_offline import PUBLIC, SERIAL_KEY, SIGNERS, keys_file, shoes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emitter.engine.keys import KeyRing

COLUMNS = ["line", "verdict", "state", "identity", "owner_bin"]


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys, Limits(wrong_short_checks_max=4)) as served:
        yield served


@pytest.fixture(scope="module")
def codes(served: Served) -> list[bytes]:
    """Two codes of each: a signature, a MAC, a short check."""
    found: list[bytes] = []
    for gtin, template_id in ((SHOES, 1), (LP, 10), (MILK, 20)):
        line = OrderLine(gtin=gtin, quantity=2, template_id=template_id)
        order = served.client.create_order([line])
        found += served.client.deliver(order.order_id, gtin, "b").codes()
    return found


@pytest.fixture
def run(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command in a folder, as the station of the server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMITTER_SERVER", served.target)
    monkeypatch.setenv("EMITTER_TOKEN", served.token)

    def run(*arguments: str, code: int = 0, text: bytes = b"") -> Result:
        ended = CliRunner().invoke(cli, arguments, input=text)
        if isinstance(ended.exception, SystemExit) or ended.exception is None:
            assert ended.exit_code == code, ended.output
            return ended
        raise ended.exception

    return run


def test_noisy_lines_get_the_verdicts_of_their_codes(run: Any, codes: list[bytes]) -> None:
    for noise in NOISES.values():
        text = b"".join(noise(code) + b"\n" for code in codes)
        told = json.loads(run("verify", "-", "--json", text=text).stdout)
        assert (told["codes"], told["genuine"], told["bad"]) == (6, 6, [])


def test_a_file_of_verdicts_has_a_line_for_each_code(
    run: Any, codes: list[bytes], tmp_path: Path, served: Served
) -> None:
    forged = codes[0][:60] + (b"A" if codes[0][60:61] != b"A" else b"B") + codes[0][61:]
    lines = [codes[2], b"]d2" + codes[4], b"junk", forged, b""]
    (tmp_path / "scans.txt").write_bytes(b"\n".join(lines) + b"\n")
    run("verify", "scans.txt", "--out", "v.csv", code=1)
    run("verify", "scans.txt", "--out", "v.jsonl", code=1)
    with (tmp_path / "v.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    bin_ = served.client.account().bin
    identities = [codes[2][:31].decode(), codes[4][:24].decode(), "", codes[0][:31].decode(), ""]
    assert [list(row.values()) for row in rows] == [
        ["1", "GENUINE", "APPLIED_AND_PAID", identities[0], bin_],
        ["2", "GENUINE", "APPLIED_AND_PAID", identities[1], bin_],
        ["3", "UNPARSABLE", "", "", ""],
        ["4", "FORGED", "", identities[3], ""],
        ["5", "UNPARSABLE", "", "", ""],
    ]
    assert list(rows[0]) == COLUMNS
    told = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert [{name: str(value) for name, value in row.items()} for row in told] == rows
    with pytest.raises(FileExistsError):
        run("verify", "scans.txt", "--out", "v.csv")


@pytest.mark.parametrize("column", ["код", "2"])
def test_codes_stand_in_a_column_of_a_table(
    run: Any, codes: list[bytes], tmp_path: Path, column: str
) -> None:
    rows = [b'x;"' + code.replace(b'"', b'""') + b'";1' for code in codes]
    head = [] if column == "2" else ["\ufeffдень;код;n".encode()]
    (tmp_path / "t.csv").write_bytes(b"\r\n".join([*head, *rows, b"short"]) + b"\r\n")
    ended = run("verify", "t.csv", "--column", column, "--delimiter", ";", "--json", code=1)
    told = json.loads(ended.stdout)
    assert (told["codes"], told["genuine"]) == (7, 6)
    assert [bad["line"] for bad in told["bad"]] == [7]
    for wrong in (["--column", "none"], ["--column", "1", "--delimiter", ";;"]):
        with pytest.raises(Exception, match=r"none|delimiter"):
            run("verify", "t.csv", *wrong)


def test_more_codes_than_a_call_takes_are_answered_in_order(
    run: Any, codes: list[bytes], tmp_path: Path
) -> None:
    lines = [codes[2]] * 120_000
    lines[60_000] = b"junk"
    (tmp_path / "many.txt").write_bytes(b"\n".join(lines))
    told = json.loads(run("verify", "many.txt", "--json", "--out", "v.csv", code=1).stdout)
    assert (told["codes"], told["genuine"]) == (120_000, 119_999)
    assert [bad["line"] for bad in told["bad"]] == [60_001]
    written = (tmp_path / "v.csv").read_text().splitlines()
    assert len(written) == 120_001
    assert written[60_001].startswith("60001,UNPARSABLE")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_offline_needs_no_server_and_says_what_it_cannot_check(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.delenv("EMITTER_SERVER")
    monkeypatch.delenv("EMITTER_TOKEN")
    monkeypatch.setenv("EMITTER_LANG", language)
    code = shoes(0xA1C4, 5)
    mac = TEMPLATES[10].record(4670033010053, 0xA1C4, None)._asdict()
    key = _core.CheckKey(_core.CHECK_MAC, bytes(32))
    lines = [
        b"]d2" + code, code.replace(b"\x1d", b""), shoes(0xFFD0, 6),
        code[:-4] + b"AA==", b"junk", _core.emit(SERIAL_KEY, key, **mac, first=1, count=1),
    ]  # fmt: skip
    (tmp_path / "scans.txt").write_bytes(b"\n".join(lines))
    (tmp_path / "keys.json").write_bytes(keys_file({0xA1C4: PUBLIC[0xA1C4]}))
    ended = run("verify", "--offline", "keys.json", "scans.txt", "--json", "--out", "v.csv", code=1)
    told = json.loads(ended.stdout)
    assert told["reasons"] == {
        "KEY_UNKNOWN": 1, "FORGED": 1, "UNREADABLE": 1, "NEEDS_SERVER": 1,
    }  # fmt: skip
    assert (told["codes"], told["genuine"]) == (6, 2)
    with (tmp_path / "v.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == [
        "GENUINE", "GENUINE", "KEY_UNKNOWN", "FORGED", "UNREADABLE", "NEEDS_SERVER",
    ]  # fmt: skip
    assert rows[1]["identity"] == code[:31].decode()
    assert run("verify", "--offline", "keys.json", "scans.txt", code=1).stdout
    (tmp_path / "good.txt").write_bytes(b"\n".join(lines[:2]))
    run("verify", "--offline", "keys.json", "good.txt", code=0)
    with pytest.raises(ValueError, match="not a file of public keys"):
        run("verify", "--offline", "scans.txt", "good.txt")
    assert SIGNERS


def test_guessing_is_told_to_the_operator(
    run: Any, codes: list[bytes], served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    milk = codes[4]
    guesses = b"\n".join(milk[:-4] + b"%04d" % number for number in range(5))
    told = json.loads(run("verify", "-", "--json", text=guesses, code=1).stdout)
    assert told["reasons"] == {"CODE_WITHHELD": 5}
    monkeypatch.setenv("EMITTER_TOKEN", served.operator_token)
    [alert] = json.loads(run("alerts", "--json").stdout)
    assert (alert["kind"], alert["wrong"], alert["withheld"]) == ("PARTICIPANT", 5, 5)
    assert alert["subject"] in run("alerts").stdout
