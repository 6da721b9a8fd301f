"""The default engine: LMDB, one file with full sync, through the ``lmdb`` package.

**What a commit does**, and what is certain when a part of it fails. LMDB writes changed pages to
places that no committed page refers to, syncs them, and only then writes one meta page through a
descriptor that syncs by itself. A failure before the meta page (map or disk full, a write or a
sync that fails) changes nothing, for certain: `StoreFull` or `StoreFailed`. If writing the meta
page fails, it may or may not be on the disk. LMDB then refuses every further transaction of the
environment, which is how the two cases are told apart: `CommitUnknown`, and the environment is
opened anew (or the store closes for good, with that reason).

**What is read is durable.** A process that dies while its meta page is being synced leaves it in
the cache of the system, where the next one would read rows that a power cut still takes back. So
opening for writing makes one durable commit on top of whatever is read.

**The file must be there.** A data file that was removed or replaced under a running process would
take commits that nobody finds again. So every update first looks whether the name still leads to
the file that was opened (2 µs), and is `StoreFailed` as long as it does not.

**Choices.** The map is far larger than the data will be: it takes addresses, not memory or disk,
and is never resized. No ``writemap``: a full disk must be an error of a call, not a signal. Reads
go key by key: LMDB's bulk read is slower (three locks a row instead of one).
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import closing, suppress
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final, TypeVar

import lmdb

from emitter.store.files import WriterLock, make_empty_directory, sync_directory
from emitter.store.gate import Gate
from emitter.store.port import (
    KEY_BYTES_MAX,
    CommitUnknown,
    StoreError,
    StoreFailed,
    StoreFull,
    TooManyReaders,
)
from emitter.store.transaction import ReadTransaction, WriteTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from emitter.store.port import Reader, Writer

MAP_SIZE_BYTES: Final = 1 << 40
"""1 TiB of addresses: a thousand million orders below 1 KB, in any 64-bit process."""
READERS_MAX: Final = 512
"""Views at one time, over all processes: several times the threads of a server. 64 bytes each."""
UPDATES_A_READER_CHECK: Final = 1_000
"""Updates between two looks for places of dead processes, whose snapshots keep pages from reuse."""

_DATA_NAME = "data.mdb"
_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

T = TypeVar("T")


def open_lmdb(
    path: Path,
    *,
    map_size_bytes: int = MAP_SIZE_BYTES,
    readers_max: int = READERS_MAX,
    sync: bool = True,
    read_only: bool = False,
) -> LmdbStore:
    """Open the store in the directory ``path``; for writing, make it if it is not there.

    One process may have it open for writing, others `read_only` beside it; no process may have it
    open twice. ``sync=False`` gives up durability: it exists to prove what the sync is for.
    ``readers_max`` counts only while nobody else has the store open. Raises `StoreLocked` or
    `StoreFailed`.
    """
    return LmdbStore(path, map_size_bytes, readers_max, sync=sync, read_only=read_only)


class LmdbStore:
    """A `Store` in one LMDB environment; see `open_lmdb`."""

    def __init__(
        self, path: Path, map_size_bytes: int, readers_max: int, *, sync: bool, read_only: bool
    ) -> None:
        self._path = path
        self._file = path.absolute() / _DATA_NAME
        self._map_size_bytes = map_size_bytes
        self._readers_max = readers_max
        self._sync = sync
        self._read_only = read_only
        self._gate = Gate()
        self._updating = threading.Lock()
        self._updates = 0
        self._lock: WriterLock | None = None
        try:
            if not read_only:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = WriterLock(path)
                if sync and not (path / _DATA_NAME).exists():
                    _make(path)
            self._env = self._open()
            self._opened = _identity(self._file)
        except BaseException as error:
            if self._lock is not None:
                self._lock.release()
            if isinstance(error, lmdb.Error | OSError):
                raise StoreFailed(f"{path} cannot be opened: {error}") from error
            raise

    def view(self, fn: Callable[[Reader], T]) -> T:
        """See `Store.view`."""
        with self._gate:
            transaction = self._begin(write=False)
            reader = ReadTransaction(_Rows(transaction))
            try:
                return fn(reader)
            finally:
                reader.end()
                transaction.abort()

    def update(self, fn: Callable[[Writer], T]) -> T:
        """See `Store.update`."""
        if self._read_only:
            raise ValueError(f"{self._path} is open read-only")
        self._gate.check()
        with self._updating:
            self._updates += 1
            try:
                with self._gate:
                    self._require_file()
                    if self._updates % UPDATES_A_READER_CHECK == 0:
                        self._free_places_of_the_dead()
                    return self._run(fn)
            except CommitUnknown:
                self._reopen()
                raise

    def copy(self, target: Path) -> None:
        """See `Store.copy`. Pages that the copy still reads are not reused: the store may grow."""
        partial = target / f"{_DATA_NAME}.partial"
        with self._gate:
            try:
                make_empty_directory(target)
                with partial.open("xb") as file:
                    self._env.copyfd(file.fileno(), compact=True)
                    os.fsync(file.fileno())
                partial.rename(target / _DATA_NAME)
                sync_directory(target)
                sync_directory(target.parent)
            except FileExistsError:
                raise
            except (lmdb.Error, OSError) as error:
                with suppress(OSError):
                    partial.unlink()
                raise _translated(error) from error

    def close(self) -> None:
        """See `Store.close`."""
        if self._gate.closed:
            return
        with self._gate.alone():
            self._shut("the store is closed")

    def _run(self, fn: Callable[[Writer], T]) -> T:
        """Run the function and commit; once more if the store was full of what the dead held."""
        try:
            return self._attempt(fn)
        except StoreFull:
            if not self._free_places_of_the_dead():
                raise
            return self._attempt(fn)

    def _attempt(self, fn: Callable[[Writer], T]) -> T:
        transaction = self._begin(write=True)
        rows = _Rows(transaction)
        writer = WriteTransaction(rows)
        try:
            result = fn(writer)
            rows.check()
        except BaseException:
            transaction.abort()
            raise
        finally:
            writer.end()
        try:
            transaction.commit()
        except lmdb.Error as error:
            raise self._commit_failure(error) from error
        return result

    def _begin(self, *, write: bool) -> lmdb.Transaction[bytes]:
        try:
            try:
                return self._env.begin(write=write)
            except lmdb.ReadersFullError:
                self._free_places_of_the_dead()
                return self._env.begin(write=write)
        except lmdb.Error as error:
            raise _translated(error) from error

    def _require_file(self) -> None:
        """Raise `StoreFailed` if the data file has lost its name, or another one has it."""
        try:
            found = _identity(self._file)
        except OSError as error:
            raise StoreFailed(f"{self._file} is gone: {error.strerror}") from error
        if found != self._opened:
            raise StoreFailed(f"{self._file} is another file than was opened")

    def _free_places_of_the_dead(self) -> int:
        """Free the reader places of processes that died in a view; return how many."""
        with suppress(lmdb.Error):
            return self._env.reader_check()
        return 0

    def _commit_failure(self, error: lmdb.Error) -> StoreError:
        """Return what a failed commit means: an environment that still works wrote no meta page."""
        try:
            self._env.begin(write=True).abort()
        except lmdb.Error:
            return CommitUnknown(f"the commit may have taken place: {error}")
        return _translated(error)

    def _open(self) -> lmdb.Environment:
        env = lmdb.open(
            os.fspath(self._path),
            map_size=self._map_size_bytes,
            max_readers=self._readers_max,
            sync=self._sync,
            readonly=self._read_only,
            create=False,
            mode=0o700,
        )
        try:
            env.reader_check()
            if not self._read_only and self._sync:
                _settle(env)
                sync_directory(self._path)
                sync_directory(self._path.parent)
        except BaseException:
            env.close()
            raise
        return env

    def _reopen(self) -> None:
        """Open the environment anew after LMDB has given it up, or close the store for good."""
        with self._gate.alone():
            if self._gate.closed:
                return
            self._env.close()
            try:
                self._env = self._open()
                self._opened = _identity(self._file)
            except (lmdb.Error, OSError) as error:
                self._shut(f"the store was lost and could not be opened again: {error}")

    def _shut(self, why: str) -> None:
        self._gate.close(why)
        self._env.close()
        if self._lock is not None:
            self._lock.release()


class _Rows:
    """The rows of an LMDB transaction; remembers the first failure, which forbids a commit."""

    def __init__(self, transaction: lmdb.Transaction[bytes]) -> None:
        self._transaction = transaction
        self._failure: StoreError | None = None

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        try:
            return list(map(self._transaction.get, keys))
        except lmdb.Error as error:
            raise self._failed(error) from error

    def scan(
        self, start: bytes, stop: bytes, *, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        try:
            with self._transaction.cursor() as cursor:
                if reverse:
                    found = cursor.prev() if cursor.set_range(stop) else cursor.last()
                    rows = takewhile(lambda row: row[0] >= start, cursor.iterprev())
                else:
                    found = cursor.set_range(start)
                    rows = takewhile(lambda row: row[0] < stop, cursor.iternext())
                return list(islice(rows, limit)) if found else []
        except lmdb.Error as error:
            raise self._failed(error) from error

    def put_many(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        try:
            with self._transaction.cursor() as cursor:
                cursor.putmulti(rows)
        except lmdb.Error as error:
            raise self._failed(error) from error

    def delete_many(self, keys: Sequence[bytes]) -> None:
        try:
            for key in keys:
                self._transaction.delete(key)
        except lmdb.Error as error:
            raise self._failed(error) from error

    def check(self) -> None:
        """Raise the first failure, in case the function has swallowed it."""
        if self._failure is not None:
            raise self._failure

    def _failed(self, error: lmdb.Error) -> StoreError:
        self._failure = self._failure or _translated(error)
        return self._failure


def _identity(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino


def _make(directory: Path) -> None:
    """Make an empty data file, there as a whole or not at all whenever the power fails."""
    partial = directory / f"{_DATA_NAME}.partial"
    partial.unlink(missing_ok=True)
    with closing(lmdb.open(os.fspath(partial), subdir=False, lock=False, mode=0o600)) as env:
        _settle(env)
    partial.rename(directory / _DATA_NAME)


def _settle(env: lmdb.Environment) -> None:
    """Make what is read now durable: one commit that changes pages and no rows."""
    key = b"\xff" * KEY_BYTES_MAX
    with env.begin(write=True) as transaction:
        value = transaction.get(key)
        transaction.put(key, value or b"")
        if value is None:
            transaction.delete(key)


def _translated(error: lmdb.Error | OSError) -> StoreError:
    """Return the error of the port; nothing was changed (a commit is judged by its caller)."""
    code = error.errno if isinstance(error, OSError) else error.code
    if isinstance(error, lmdb.ReadersFullError):
        return TooManyReaders(str(error))
    if isinstance(error, lmdb.MapFullError) or code in _FULL_ERRNOS:
        return StoreFull(str(error))
    return StoreFailed(str(error))
