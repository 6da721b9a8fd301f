"""A server of the product as its users run it: ``emitter serve`` in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import goods

from emitter.client import OrderLine
from emitter.engine.commands import IssueToken
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyRing, create_master
from emitter.engine.participants import Role
from emitter.store.lmdb_engine import open_lmdb
from emitter.trade.gs1 import format_gtin

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOP_S = 30


class Served(NamedTuple):
    """A running server: where it listens, its process, its files, and the stations' tokens."""

    target: str
    pid: int
    folder: Path
    tokens: list[str]

    def cpu_s(self) -> float:
        """Return the CPU time that the process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self, name: str = "VmRSS") -> int:
        """Return the memory of the process; ``VmHWM`` for the most it has had."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        if found is None:
            raise ValueError(f"no {name} in the status of process {self.pid}")
        return int(found[1]) * 1024


def line(index: int, quantity: int, station: int = 0) -> OrderLine:
    """Return an order line of GTIN number ``index`` of the participant of a station."""
    owner = goods.bins(station + 1)[station]
    text = format_gtin(goods.gtin(owner, index % goods.GTINS))
    return OrderLine(gtin=text, quantity=quantity, template_id=goods.TEMPLATE)


@contextlib.contextmanager
def serving(participants: int = 4, access_log: str = "stderr", **limits: int) -> Iterator[Served]:
    """Lend a server on a new store with so many stations; stop it gracefully at the end."""
    with tempfile.TemporaryDirectory(prefix="emitter-bench-") as name:
        folder = Path(name)
        tokens = _make_home(folder, participants)
        given = {"active_orders_max": 0} | limits
        flags = ["--listen=127.0.0.1:0", "--stations-listen=off",
                 f"--access-log={access_log}", f"--data={folder / 'data'}",
                 f"--keys={folder / 'keys'}", f"--master-key-file={folder / 'master'}",
                 *[f"--limit={limit}={value}" for limit, value in given.items()]]  # fmt: skip
        log = folder / "log"
        with log.open("wb") as errors, subprocess.Popen(
            [sys.executable, "-m", "emitter.cli", "serve", *flags],
            stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as server:  # fmt: skip
            try:
                found = re.search(r"127\.0\.0\.1:\d+", server.stdout.readline())
                if found is None:
                    raise OSError(f"the server did not start: {log.read_text()}")
                yield Served(found[0], server.pid, folder, tokens)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(_STOP_S)


def _make_home(folder: Path, participants: int) -> list[str]:
    """Make keys and a store with stations; return their tokens."""
    keys = KeyRing.create(folder / "keys", create_master(folder / "master"))
    engine = Engine(open_lmdb(folder / "data"), keys, limits=goods.LIMITS)
    owners = goods.bins(participants)
    goods.join(engine, owners, goods.GTINS)
    tokens = goods.carry_out(engine, (IssueToken(Role.STATION, each, "bench") for each in owners))
    engine.close()
    return [answer.value for answer in tokens]
