"""A folder in which the command ``emitter`` runs as operators run it: in processes of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from emitter.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

COMMAND = [sys.executable, "-m", "emitter.cli"]


class Place:
    """A folder with keys and a store, and the environment that points the command there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("EMITTER_")
        } | {
            "EMITTER_LANG": "en",
            "EMITTER_STATIONS_LISTEN": "off",
            "EMITTER_KEYS_FILE": str(folder / "keys"),
            "EMITTER_MASTER_KEY_FILE": str(folder / "master.key"),
            "EMITTER_DATA_DIR": str(folder / "data"),
        }
        self.server: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, code: int = 0, text: str | None = None, **environment: str):
        """Run the command in the folder; it must end with the exit code."""
        ended = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended

    def ask(self, *arguments: str, **environment: str):
        """Run the command and return its answer for machines."""
        return json.loads(self.run(*arguments, "--json", **environment).stdout)

    def error(self, *arguments: str, code: int, **environment: str) -> str:
        """Run the command, which must say in one line what is wrong."""
        ended = self.run(*arguments, code=code, **environment)
        assert ended.stdout == ""
        assert ended.stderr.count("\n") == 1
        return ended.stderr.strip()

    def serve(self, *flags: str) -> str:
        """Start a server and return its address."""
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [*COMMAND, "serve", "--listen", "127.0.0.1:0", *flags],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        found = re.search(r"127\.0\.0\.1:\d+", self.server.stdout.readline())
        assert found, (self.folder / "server.log").read_text()
        return found[0]

    def stock(self, bin_: str) -> None:
        """Register the products that are ordered, as the operator."""
        goods = {"04670033010053": "shoes", "04640088090997": "lp", "03041094787443": "milk"}
        for gtin, group in goods.items():
            flags = ("--group", group, "--tnved", "6403", "--name", "Товар", "--bin", bin_)
            self.run("product", "add", gtin, *flags)

    def stop(self) -> int:
        """End the server as a service manager does; return its exit code."""
        self.server.terminate()
        self.server.communicate(timeout=20)
        return self.server.returncode

    def token(self, name: str, *flags: str) -> dict[str, str]:
        """Issue a token into a file; return the environment that uses it."""
        file = self.folder / name
        file.write_text(self.run("account", "token", *flags).stdout)
        return {"EMITTER_TOKEN_FILE": str(file)}


def run_here(
    folder: Path,
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Return the command run in this process: (exit code, stdout, stderr) of its arguments."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code or 0, *capsys.readouterr()

    return run
