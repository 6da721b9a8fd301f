"""Directories of stores: who may write, what is durable, where a copy may go."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from emitter.store.port import StoreLocked

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "writer.lock"

_held: set[int] = set()


class WriterLock:
    """The right to write to the store in a directory: an ``flock``, gone when its process ends.

    A file of its own: LMDB's locks on ``lock.mdb`` are dropped by the first ``close`` of any
    descriptor of that file. Raises `StoreLocked` if another process, or this one, has the right.
    """

    def __init__(self, directory: Path) -> None:
        self._fd = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise StoreLocked(f"{directory} is open for writing in process {holder}") from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, b"%d\n" % os.getpid(), 0)
        _held.add(self._fd)

    def release(self) -> None:
        """Give the right up."""
        _held.discard(self._fd)
        os.close(self._fd)


def _forget_in_child() -> None:
    """Close the locks that a fork inherited, so that a child cannot outlive its parent's right."""
    while _held:
        with suppress(OSError):
            os.close(_held.pop())


os.register_at_fork(after_in_child=_forget_in_child)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_empty_directory(target: Path) -> None:
    """Make a directory, or take an empty one; raise `FileExistsError` if something is in it."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty")
