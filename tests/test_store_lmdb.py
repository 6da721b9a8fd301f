"""The LMDB engine: opening, forks, places of readers, killed processes, copies."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import lmdb
import pytest

from emitter.store import lmdb_engine
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.port import StoreFailed, StoreLocked, TooManyReaders
from store_tools import child, dead_readers, lines_of, put, rows_of

SMALL_MAP = 1 << 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(path):
    with closing(open_lmdb(path)) as store:
        yield store


# Opening.


def test_the_default_map_is_a_tebibyte_of_addresses_and_next_to_no_disk(path):
    with closing(open_lmdb(path)) as store:
        put(store, (b"a", b"1"))
        assert store._env.info()["map_size"] == 1 << 40
    assert sum(file.stat().st_blocks * 512 for file in path.iterdir()) < 256 << 10


def test_only_the_owner_can_read_the_files(path):
    open_lmdb(path).close()
    assert {path.stat().st_mode & 0o777} == {0o700}
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}


def test_a_second_open_in_the_process_is_refused_and_harms_nothing(store, path):
    put(store, (b"a", b"1"))
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        open_lmdb(path)
    with pytest.raises(StoreFailed, match="already open"):
        open_lmdb(path, read_only=True)
    put(store, (b"b", b"2"))
    assert rows_of(store) == {b"a": b"1", b"b": b"2"}


def test_a_store_can_be_opened_again_once_it_is_closed(path):
    for number in range(3):
        with closing(open_lmdb(path)) as store:
            assert len(rows_of(store)) == number
            put(store, (b"%d" % number, b""))


def test_another_writing_process_is_named_and_the_store_is_free_once_it_is_dead(path):
    script = "store = open_lmdb(path); put(store, (b'a', b'1')); say(os.getpid()); signal.pause()"
    with child(script, str(path)) as process:
        pid = int(process.stdout.readline())
        with pytest.raises(StoreLocked, match=f"process {pid}"):
            open_lmdb(path)
        with closing(open_lmdb(path, read_only=True)) as store:
            assert rows_of(store) == {b"a": b"1"}
            with pytest.raises(ValueError, match="read-only"):
                put(store, (b"b", b""))
        process.kill()
        process.wait()
    with closing(open_lmdb(path)) as store:
        assert rows_of(store) == {b"a": b"1"}


def test_what_cannot_be_opened_is_said_and_leaves_no_lock(path, tmp_path):
    with pytest.raises(StoreFailed, match="cannot be opened"):
        open_lmdb(tmp_path / "absent", read_only=True)
    assert not (tmp_path / "absent").exists()
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match="cannot be opened"):
        open_lmdb(tmp_path / "file")
    path.mkdir()
    (path / "data.mdb").write_bytes(b"no database" * 1_000)
    for _ in range(2):
        with pytest.raises(StoreFailed, match="cannot be opened"):
            open_lmdb(path)
    (path / "data.mdb").unlink()
    open_lmdb(path).close()


def test_opening_for_writing_makes_what_is_read_durable_and_changes_no_row(path):
    """A killed process may leave a commit in the system's cache alone: a commit on top syncs it."""
    highest = (b"\xff" * 511, b"value")
    with closing(open_lmdb(path)) as store:
        first = store._env.info()["last_txnid"]
        put(store, highest)
        assert store._env.info()["last_txnid"] == first + 1
    with closing(open_lmdb(path, read_only=True)) as store:
        assert store._env.info()["last_txnid"] == first + 1
    with closing(open_lmdb(path)) as store:
        assert store._env.info()["last_txnid"] == first + 2
        assert store._env.stat()["entries"] == 1
        assert store.view(lambda reader: reader.get_many([highest[0]])) == [b"value"]


# Forks.


def test_a_fork_may_not_use_the_store_and_does_not_keep_its_lock(path):
    script = """
        store = open_lmdb(path)
        put(store, (b"a", b"1"))
        told, tell = os.pipe()
        done, finish = os.pipe()
        pid = os.fork()
        if not pid:
            refused = 0
            for call in (store.view, store.update):
                try:
                    call(lambda _: None)
                except StoreClosed as error:
                    refused += "fork" in str(error)
            store.close()
            os.write(tell, b"%d" % refused)
            os.read(done, 1)
            os._exit(0)
        say(os.read(told, 1))
        put(store, (b"b", b"2"))
        store.close()
        store = open_lmdb(path)  # while the child is still alive
        say(len(store.view(lambda reader: reader.scan(b"", b"z", limit=9))))
        os.write(finish, b"x")
        say(os.waitpid(pid, 0)[1])
    """
    assert lines_of(script, str(path)) == ["b'2'", "2", "0"]


# Readers.


def test_a_view_without_a_place_is_refused_and_finds_one_later(path):
    with closing(open_lmdb(path, readers_max=4)) as store:
        put(store, (b"a", b"1"))
        places = store._env.info()["max_readers"]
        inside, leave = threading.Barrier(places + 1), threading.Event()

        def stay(_):
            inside.wait(10)
            return leave.wait(10)

        with ThreadPoolExecutor(places) as pool:
            staying = [pool.submit(store.view, stay) for _ in range(places)]
            inside.wait(10)
            with pytest.raises(TooManyReaders):
                rows_of(store)
            put(store, (b"b", b"2"))  # a writer needs no place
            leave.set()
            assert all(view.result(10) for view in staying)
        assert rows_of(store) == {b"a": b"1", b"b": b"2"}


def test_places_of_readers_that_died_are_found_by_who_needs_one(path):
    with closing(open_lmdb(path, readers_max=2)) as store:
        put(store, (b"a", b"1"))
        places = store._env.info()["max_readers"]
        with dead_readers(path, places):
            assert store._env.readers().count("\n") == 1 + places
            assert rows_of(store) == {b"a": b"1"}


def test_opening_frees_the_places_of_readers_that_died(path):
    open_lmdb(path).close()
    stays = "store = open_lmdb(path, read_only=True); say('open'); signal.pause()"
    with child(stays, str(path)) as process:  # with nobody there LMDB itself starts afresh
        assert process.stdout.readline() == "open\n"
        with dead_readers(path, 2), closing(open_lmdb(path)) as store:
            assert store._env.readers().strip() == "(no active readers)"


def test_every_so_many_updates_the_places_of_dead_readers_are_freed(path, monkeypatch):
    monkeypatch.setattr(lmdb_engine, "UPDATES_A_READER_CHECK", 3)
    with closing(open_lmdb(path)) as store, dead_readers(path, 1):
        taken = []
        for number in range(3):
            put(store, (b"%d" % number, b""))
            taken.append("no active readers" not in store._env.readers())
        assert taken == [True, True, False]


def test_a_store_full_of_what_a_dead_reader_holds_runs_the_function_again(path):
    def overwrite(writer):
        runs.append(1)
        writer.put_many([(b"%d" % i, os.urandom(30_000)) for i in range(8)])

    runs = []
    with closing(open_lmdb(path, map_size_bytes=SMALL_MAP)) as store:
        store.update(overwrite)
        with dead_readers(path, 1):
            for _ in range(10):
                store.update(overwrite)
        assert len(runs) == 12  # eleven updates, one of them twice
        assert len(rows_of(store)) == 8


# Processes that die.


COUNTS = """
    store = open_lmdb(path)
    number = 0
    while True:
        number += 1
        rows = [(b"%03d" % i, b"%d" % number) for i in range(50)]
        put(store, *rows, (b"spread %d" % (number * 7919 % 1000), bytes(number % 3000)))
        say(number)
"""


@pytest.mark.parametrize("acknowledged", [1, 2, 17, 60, 150])
def test_a_killed_process_loses_nothing_it_acknowledged_and_leaves_no_half(path, acknowledged):
    with child(COUNTS, str(path)) as process:
        for _ in range(acknowledged):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        last = max([last, *map(int, process.stdout.read().split("\n")[:-1])])
    with closing(open_lmdb(path)) as store:
        rows = rows_of(store)
        (number,) = {int(rows[b"%03d" % i]) for i in range(50)}
        assert last <= number <= last + 1
        put(store, (b"more", b""))
        assert len(rows_of(store)) == len(rows) + 1


# Copies.


def test_a_copy_of_a_store_being_written_is_one_moment_of_it(store, tmp_path):
    put(store, *((b"%05d" % i, bytes(200)) for i in range(5_000)))
    stopping = threading.Event()

    def write():
        number = 0
        while not stopping.is_set():
            number += 1
            put(store, (b"first", b"%d" % number), (b"second", b"%d" % number))

    def written():
        return int(store.view(lambda reader: reader.get_many([b"first"]))[0] or b"0")

    moments = []
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not written():
            assert not writing.done()
        for name in ("one", "two", "three"):
            before = written()
            store.copy(tmp_path / name)
            moments.append((name, before, written()))
        stopping.set()
        writing.result(10)
    for name, before, after in moments:
        with closing(open_lmdb(tmp_path / name)) as copy:
            rows = rows_of(copy)
            assert len(rows) == 5_002
            assert before <= int(rows[b"first"]) == int(rows[b"second"]) <= after


def test_a_copy_is_compact(store, path, tmp_path):
    put(store, *((b"%05d" % i, bytes(1_000)) for i in range(2_000)))
    store.update(lambda writer: writer.delete_many([b"%05d" % i for i in range(1_900)]))
    store.copy(tmp_path / "copy")
    assert (tmp_path / "copy/data.mdb").stat().st_size < (path / "data.mdb").stat().st_size / 5
    assert [file.name for file in (tmp_path / "copy").iterdir()] == ["data.mdb"]


def test_lmdb_is_the_release_line_whose_failures_were_studied():
    assert lmdb.version()[:2] == (0, 9)
