"""What tests of stores need: rows in and out, other processes, descriptors that fail."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import ExitStack, contextmanager
from pathlib import Path

import emitter


def put(store, *rows):
    store.update(lambda writer: writer.put_many(rows))


def rows_of(store):
    return dict(store.view(lambda reader: reader.scan(b"", b"\xff", limit=1_000_000)))


def descriptors(path):
    """Return LMDB's two descriptors of the data file: of data, and of the meta page (O_DSYNC)."""
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        if link.is_symlink() and link.readlink() == path / "data.mdb":
            descriptor = int(link.name)
            found[bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DSYNC)] = descriptor
    return found[False], found[True]


@contextmanager
def broken(descriptor, device):
    """Put a device in the place of a descriptor and the file back at the end.

    ``/dev/full`` refuses every write (ENOSPC); ``/dev/null`` takes writes and refuses to sync.
    If the engine has closed the descriptor meanwhile, its number belongs to somebody else.
    """
    kept = os.dup(descriptor)
    replacement = os.open(device, os.O_RDWR)
    os.dup2(replacement, descriptor)
    os.close(replacement)
    try:
        yield
    finally:
        link = Path("/proc/self/fd", str(descriptor))
        if link.is_symlink() and link.readlink() == Path(device):
            os.dup2(kept, descriptor)
        os.close(kept)


@contextmanager
def child(script, *arguments):
    """Run a script in another process; it speaks line by line."""
    prologue = """
        import os, resource, signal, sys
        from pathlib import Path
        from emitter.store.lmdb_engine import open_lmdb
        from emitter.store.port import *

        def say(*words):
            print(*words, flush=True)

        def put(store, *rows):
            store.update(lambda writer: writer.put_many(rows))

        path = Path(sys.argv[1])
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(prologue) + textwrap.dedent(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(emitter.__file__).parents[1])},
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(script, *arguments):
    """Return what a script says until it ends, which it must do well."""
    with child(script, *arguments) as process:
        lines = process.stdout.read().splitlines()
        assert process.wait() == 0
    return lines


DIES_IN_A_VIEW = """
    store = open_lmdb(path, read_only=True)
    store.view(lambda reader: (say("inside"), signal.pause()))
"""


@contextmanager
def dead_readers(path, count):
    """Leave that many processes dead in a view."""
    with ExitStack() as stack:
        processes = [stack.enter_context(child(DIES_IN_A_VIEW, str(path))) for _ in range(count)]
        for process in processes:
            assert process.stdout.readline() == "inside\n"
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        yield
