"""Codes to a client: the stream beside the kernel, the stores that keep a row a code, slow readers.

The kernel makes a code in 60 ns or less on one core, and a stream must also hash 85 bytes of each
(85 ns at 1 GB/s, twice: once a side) and copy them through a socket of loopback (0.1 ns a byte,
four times): with two cores shared by both sides a Python client can have half of the kernel's rate.

A store of a row a code writes at least 100 bytes for each and keeps them sorted by a random
serial: 1–3 µs a row in the best of cases, so below a million codes/s whatever it is.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import goods
import lmdb
import numpy as np
from contest import Sample, bound_of, rate
from serving import line, serving

from emitter import _core
from emitter.client import Client
from emitter.engine.keys import KeyRing
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Contest

MESSAGE_BYTES = 1 << 19
"""A piece as large as a message of the stream, so that the kernel is asked for the same."""


def kernel(tmp_path: Path) -> Callable[[int], bytes]:
    """Return a function that makes so many codes of an order."""
    keys = KeyRing.create(tmp_path / "keys", os.urandom(32))
    template = TEMPLATES[goods.TEMPLATE]
    key_id, check_key = keys.current(template.check_kind)
    recipe = template.record(goods.gtin(goods.bins(1)[0], 0), key_id, None)._asdict()
    made = 0

    def make(count: int) -> bytes:
        nonlocal made
        made += count
        return _core.emit(keys.serial_key, check_key, **recipe, first=made - count, count=count)

    return make


def make_all(make: Callable[[int], bytes], count: int) -> None:
    """Make codes in pieces of a message."""
    step = MESSAGE_BYTES // TEMPLATES[goods.TEMPLATE].size
    for start in range(0, count, step):
        make(min(step, count - start))


def receive(client: Client, count: int) -> float:
    """Order codes and receive all of them; return codes a second, the order included."""
    started = time.perf_counter()
    order = client.create_order([line(0, count)])
    received = sum(len(records) for records in client.deliver(order.order_id, line(0, 1).gtin))
    assert received == count
    return count / (time.perf_counter() - started)


def into_sqlite(rows: list[tuple[bytes, bytes]], folder: Path) -> None:
    """Keep a row a code: the serial is the key, as a look-up of a scanned code needs it."""
    with closing(sqlite3.connect(folder / "codes.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE codes(serial BLOB PRIMARY KEY, code BLOB) WITHOUT ROWID")
        db.execute("BEGIN")
        db.executemany("INSERT INTO codes VALUES(?, ?)", rows)
        db.execute("COMMIT")


def into_lmdb(rows: list[tuple[bytes, bytes]], folder: Path) -> None:
    """Keep a row a code, sorted first: that is LMDB's fastest way."""
    with (
        closing(lmdb.open(str(folder), map_size=1 << 36)) as env,
        env.begin(write=True) as transaction,
        transaction.cursor() as cursor,
    ):
        cursor.putmulti(sorted(rows))


class Postgres:
    """A server of its own in a temporary folder, on a socket there; not root where we are.

    OSError says why there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        initdb = shutil.which("initdb") if not found else str(found[-1])
        if initdb is None or shutil.which("psql") is None:
            raise OSError("PostgreSQL is not installed")
        self._bin = Path(initdb).resolve().parent
        self._user: dict[str, str] = {"user": "postgres"} if os.getuid() == 0 else {}
        if self._user:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", str(folder / "pg"), "-A", "trust", "-U", "bench")
        options = f"-k {folder} -c listen_addresses='' -c shared_buffers=256MB -c max_wal_size=4GB"
        self._run("pg_ctl", "-D", str(folder / "pg"), "-w", "-l", str(folder / "log"),
                  "-o", options, "start")  # fmt: skip
        self.sql("CREATE TABLE codes(serial text PRIMARY KEY, code text)")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            cwd=self._folder, capture_output=True, text=True, check=False, **self._user,
        )  # fmt: skip
        if done.returncode:
            raise OSError(f"{program}: {(done.stderr or done.stdout).strip()[-200:]}")

    def sql(self, command: str, data: bytes = b"") -> None:
        psql = ["psql", "-q", "-h", str(self._folder), "-U", "bench", "-d", "postgres"]
        subprocess.run([*psql, "-v", "ON_ERROR_STOP=1", "-c", command], input=data, check=True,
                       capture_output=True)  # fmt: skip

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "pg"), "-m", "fast", "stop")


def codes_and_serials(text: bytes) -> list[tuple[bytes, bytes]]:
    template = TEMPLATES[goods.TEMPLATE]
    codes = np.frombuffer(text, f"S{template.size}").tolist()
    return [(code[18 : 18 + template.serial_size], code) for code in codes]


def test_codes_to_a_client(contest: Contest, tmp_path: Path) -> None:
    count, kept = (2_000_000, 30_000) if contest.smoke else (10_000_000, 200_000)
    make = kernel(tmp_path)
    with (
        serving() as server,
        Client(server.target, server.tokens[0]) as client,
        tempfile.TemporaryDirectory(prefix="emitter-pg-") as folder,
    ):

        def keep(store: Callable[[list, Path], None]) -> float:
            rows = codes_and_serials(make(kept))
            with tempfile.TemporaryDirectory(dir=tmp_path) as place:
                return rate(kept, lambda: store(rows, Path(place)))

        contestants = {
            "kernel": lambda: rate(count, lambda: make_all(make, count)),
            "stream": lambda: receive(client, count),
            "sqlite": lambda: keep(into_sqlite),
            "lmdb": lambda: keep(into_lmdb),
        }
        postgres, why = _postgres(Path(folder))
        if postgres:

            def copy() -> float:
                rows = codes_and_serials(make(kept))
                lines = [b"%b\t%b\n" % pair for pair in rows]
                data = b"".join(lines).replace(b"\\", b"\\\\")
                return rate(kept, lambda: postgres.sql("COPY codes FROM STDIN", data))

            contestants["postgres"] = copy
        got = contest.turns(contestants, 7)
        if postgres:
            postgres.stop()
    section = contest.section("Codes to a client", bound_of(__doc__))
    section.row("kernel, one core, in the client's process", got["kernel"], "codes/s")
    section.row("order and stream to a Python client", got["stream"], "codes/s",
                against=("the kernel", got["kernel"]),
                note=f"{count:,} codes an order")  # fmt: skip
    for key, name in (("sqlite", "SQLite, a row a code, WAL, full sync"),
                      ("lmdb", "LMDB, a row a code, sorted, full sync"),
                      ("postgres", "PostgreSQL, COPY under a primary key")):  # fmt: skip
        if key in got:
            times = got["stream"].over(got[key])
            note = f"given the codes, {kept:,} a transaction; ours is {times:.0f} ×"
            section.row(name, got[key], "codes/s", note=note)
        else:
            section.absent(name, why)
    assert got["stream"].over(got["kernel"]) > 0.2
    assert got["stream"].over(got["lmdb"]) > 4


def _postgres(folder: Path) -> tuple[Postgres | None, str]:
    try:
        return Postgres(folder), ""
    except OSError as error:
        return None, str(error)


def test_memory_stays_flat_with_slow_readers(contest: Contest) -> None:
    streams, wait_s = (4, 0.5) if contest.smoke else (8, 5.0)
    growth: list[float] = []
    with serving(participants=streams) as server:
        rest = server.memory_bytes()

        def stand_still() -> float:
            clients = [Client(server.target, token) for token in server.tokens]
            deliveries = []
            for index, client in enumerate(clients):
                order = client.create_order([line(index, 10_000_000, index)])
                deliveries.append(client.deliver(order.order_id, line(index, 1, index).gtin))
            time.sleep(wait_s)
            early = server.memory_bytes()
            time.sleep(wait_s)
            growth.append((server.memory_bytes() - early) / 2**20)
            for delivery, client in zip(deliveries, clients, strict=True):
                delivery.close()
                client.close()
            return (early - rest) / 2**20

        got = contest.turns({"held": stand_still}, 3)
        most = server.memory_bytes("VmHWM")
    section = contest.section(
        "Memory with readers that stand still",
        "A stream holds two messages in the making, one handed over, and what the windows of HTTP/2"
        " and the socket take: 2–6 MB each. It must not grow with what is left to send (850 MB).",
    )
    section.row("server at rest", Sample((rest / 2**20,)), "MB")
    section.row(f"{streams} streams of 10 million codes, unread", got["held"], "MB",
                note="above rest")  # fmt: skip
    section.row(f"growth in the next {wait_s:g} s", Sample(tuple(growth)), "MB",
                note=f"the most the server has had is {most / 2**20:.0f} MB")  # fmt: skip
    assert max(growth) < 32
