"""A process that opens stores as a power cut may have left them, and says what is wrong with each.

A store that lost its syncs may end whoever opens it (a page that the file no longer has is a bus
error), so this is a process of its own: its death is a verdict, too. It reads lines of JSON,
``{"path", "at_ns"}``, and answers each with ``{"wrong", "promises", "codes", "carried_out"}``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from emitter.engine.keys import MASTER_VARIABLE, KeyRing
from emitter.store.lmdb_engine import open_lmdb
from promises import Kept, keep

if TYPE_CHECKING:
    from home import Home
    from promises import Promise

_ASKED_AGAIN = 6  # commands without an answer that are sent again


class Judge:
    """The process, as its parent sees it."""

    def __init__(self, home: Home, promises: list[Promise]) -> None:
        self._file = home.data.with_name("promises")
        self._file.write_bytes(pickle.dumps(promises))
        self._command = [sys.executable, __file__, home.keys_file, self._file]
        self._environment = os.environ | home.master
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()
            self._bury()

    def verdict(self, path: Path, at_ns: int) -> tuple[str, Kept]:
        """Return what is wrong with the store at ``path``, '' if nothing, and what was seen."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                env=self._environment,
            )
        try:
            self._process.stdin.write(json.dumps({"path": os.fspath(path), "at_ns": at_ns}) + "\n")
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            return f"whoever opens it dies with {self._bury()}", Kept()
        fields = json.loads(answer)
        return fields.pop("wrong"), Kept(**fields)

    def _bury(self) -> int:
        process, self._process = self._process, None
        code = process.wait()
        process.stdin.close()
        process.stdout.close()
        return code


def main() -> None:
    """Judge what is named on standard input."""
    keys = KeyRing.load(Path(sys.argv[1]), bytes.fromhex(os.environ[MASTER_VARIABLE]))
    promises = pickle.loads(Path(sys.argv[2]).read_bytes())  # noqa: S301 - our parent's own
    for line in sys.stdin:
        case = json.loads(line)
        given = [each for each in promises if each.heard_ns <= case["at_ns"]]
        later = [each.command for each in promises if each.heard_ns > case["at_ns"]]
        wrong, kept = "", Kept()
        try:
            with closing(open_lmdb(Path(case["path"]))) as store:
                kept = keep(store, keys, given, later[:_ASKED_AGAIN])
        except Exception as error:  # noqa: BLE001 - a verdict
            wrong = f"{type(error).__name__}: {error}"
        print(json.dumps({"wrong": wrong, **dataclasses.asdict(kept)}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
