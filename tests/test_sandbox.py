"""The sandbox as a newcomer meets it: the lines it prints are run by a shell."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "emitter.cli"]


class Sandbox:
    """``emitter sandbox`` in a process of its own, on free ports."""

    def __init__(self, folder: Path) -> None:
        anywhere = "127.0.0.1:0"
        self._log = (folder.parent / "log").open("ab")
        self._process = subprocess.Popen(
            [*COMMAND, "sandbox", "--data", folder, "--listen", anywhere,
             "--stations-listen", anywhere],
            stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        self.said = []
        for line in self._process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith("curl") and "/orders?" in line:
                break

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)
        self._log.close()
        assert self._process.returncode == 0

    def value(self, name: str) -> str:
        return next(line.split()[1] for line in self.said if line.startswith(name))


def test_the_printed_lines_run_the_whole_cycle(tmp_path: Path) -> None:
    shell, curl = shutil.which("sh"), shutil.which("curl")
    if not curl:
        pytest.fail("the sandbox prints lines for curl: install it")
    with Sandbox(tmp_path / "sandbox") as sandbox:
        lines = [line for line in sandbox.said if "curl" in line]
        script = "\n".join(lines).replace("  # повтор: тот же блок, без денег", "")
        ended = subprocess.run(
            [shell, "-e", "-c", script], capture_output=True, text=True, check=True
        )
    answers = [json.loads(line) for line in ended.stdout.splitlines() if line]
    version, ping, state, first, again, report, blocks, closed, listed = answers
    assert version["omsVersion"].endswith("-sandbox")
    assert ping == closed == {"omsId": sandbox.value("omsId")}
    assert (state["bufferStatus"], state["leftInBuffer"]) == ("ACTIVE", 5)
    assert first == again
    assert len(first["codes"]) == 3
    assert report["reportStatus"] == "SENT"
    assert [block["blockId"] for block in blocks["blocks"]] == [first["blockId"]]
    assert listed["orderInfos"][0]["orderStatus"] == "CLOSED"


def test_the_access_stays_the_same_and_all_is_in_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    seen = []
    for _ in range(2):
        with Sandbox(folder) as sandbox:
            seen.append([sandbox.value(name) for name in ("omsId", "clientToken")])
    assert seen[0] == seen[1]
    assert {item.name for item in tmp_path.iterdir()} == {"sandbox", "log"}
    assert (folder / "station.json").stat().st_mode & 0o777 == 0o600
    checked = subprocess.run(
        [*COMMAND, "check", "--data", folder / "store", "--copy", "--json"],
        capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(checked.stdout)["ok"]


def test_beyond_loopback_there_is_no_sandbox(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, "sandbox", "--data", tmp_path / "x", "--stations-listen", "0.0.0.0:0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "loopback" in ended.stderr
