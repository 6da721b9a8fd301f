"""A home for a server: its store and keys on disk, its process started, killed and stopped.

Run as a script it is that process: an engine over LMDB files and a server on a free port. It
prints the port and an operator's token, and stops on SIGTERM. Blocks are streamed in small
messages, so that streams can break in the middle.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from emitter.config import Limits
from emitter.engine.engine import Engine
from emitter.engine.keys import MASTER_VARIABLE, KeyRing, create_master
from emitter.server import Server
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LIMITS = Limits(stream_message_bytes=1500)
_STOP_S = 20.0
SSCC_PREFIX = "9521234"  # of the prefixes that GS1 keeps for examples


class ServerDiedError(Exception):
    """The server has ended before it served."""


class Home:
    """Where a server keeps its store and its keys; the server comes and goes."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.data = path / "data"
        self.data.mkdir()
        self.log = path / "server.log"
        self.keys_file = path / "keys"
        master = create_master(path / "master")
        self.keys = KeyRing.create(self.keys_file, master)
        self.master = {MASTER_VARIABLE: master.hex()}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no process behind."""
        self.kill()
        self.wait(_STOP_S)

    def start(
        self, environment: Mapping[str, str] | None = None, *, sync: bool = True
    ) -> tuple[str, str]:
        """Start a server; return its address and an operator's token, or `ServerDiedError`."""
        command = [sys.executable, __file__, self.data, self.keys_file]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command if sync else [*command, "--no-sync"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | self.master | (environment or {}),
            )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.endswith("\n"):  # none, or cut by the server's end
            self.wait(_STOP_S)
            raise ServerDiedError(f"it did not start; its log:\n{self.log.read_text()}")
        port, token = line.split()
        return f"127.0.0.1:{port}", token

    def die_at(self, places: Sequence[str], look: Callable[[], object], life_s: float) -> None:
        """Start a server to be killed at each failpoint, though nobody asks it anything.

        ``look`` is called after each end.
        """
        for place in places:
            try:
                self.start({"EMITTER_FAILPOINT": place})
            except ServerDiedError:  # so soon that it had not served
                pass
            else:
                assert self.wait(life_s)
            look()

    def kill(self) -> None:
        """End the server as ``kill -9`` does."""
        if self._process:
            self._process.kill()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the server's end; return whether it came in time, killed by a signal."""
        if self._process is None:
            return False
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None
        return code == -signal.SIGKILL

    def stop(self) -> None:
        """End the server as a service manager does."""
        if self._process is None:
            raise ServerDiedError
        self._process.terminate()
        self.wait(_STOP_S)
        if self._process is not None:
            raise AssertionError("the server did not stop")


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("keys", type=Path)
    parser.add_argument("--no-sync", action="store_true")
    flags = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    keys = KeyRing.load(flags.keys, bytes.fromhex(os.environ[MASTER_VARIABLE]))
    store = open_lmdb(flags.data, sync=not flags.no_sync)
    with closing(Engine(store, keys, limits=_LIMITS, sscc_prefix=SSCC_PREFIX)) as engine:
        server = Server(engine)
        port = server.start("127.0.0.1:0")
        print(port, engine.embedded_token(), flush=True)  # noqa: T201 - told to the parent
        stop.wait()
        server.stop(grace_s=5)


if __name__ == "__main__":
    main()
