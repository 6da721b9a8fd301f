"""The LMDB engine when space, disks and commits fail; every failure comes from the kernel.

LMDB writes data through one descriptor and the meta page through another; `broken` puts a device
in the place of either.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from emitter.store.lmdb_engine import open_lmdb
from emitter.store.port import (
    VALUE_BYTES_MAX,
    CommitUnknown,
    StoreClosed,
    StoreFailed,
    StoreFull,
)
from store_tools import broken, descriptors, lines_of, put, rows_of

SMALL_MAP = 1 << 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(path):
    with closing(open_lmdb(path)) as store:
        yield store


# Space.


def test_a_full_map_changes_nothing_and_smaller_updates_go_on(path):
    with closing(open_lmdb(path, map_size_bytes=SMALL_MAP)) as store:
        put(store, (b"kept", b"1"))
        with pytest.raises(StoreFull):
            put(store, *((b"%d" % i, bytes(VALUE_BYTES_MAX)) for i in range(30)))
        assert rows_of(store) == {b"kept": b"1"}
        put(store, (b"small", b"2"))
        assert rows_of(store) == {b"kept": b"1", b"small": b"2"}
    with closing(open_lmdb(path)) as store:
        put(store, *((b"%d" % i, bytes(VALUE_BYTES_MAX)) for i in range(30)))
        assert len(rows_of(store)) == 32


def test_a_store_that_is_full_to_the_brim_can_be_emptied_again(path):
    """A removal copies pages before it frees them: LMDB must have kept room for it."""
    stored = []

    def fill(store):
        for number in range(10_000):
            put(store, (b"%05d" % number, bytes(1_500)))
            stored.append(b"%05d" % number)

    with closing(open_lmdb(path, map_size_bytes=SMALL_MAP)) as store:
        with pytest.raises(StoreFull):
            fill(store)
        assert sorted(rows_of(store)) == stored
        for first in range(0, len(stored), 20):
            store.update(lambda writer, some=stored[first : first + 20]: writer.delete_many(some))
        assert rows_of(store) == {}


def test_a_full_map_that_the_function_swallows_still_forbids_the_commit(path):
    def run(writer):
        writer.put_many([(b"half", b"1")])
        with pytest.raises(StoreFull):
            writer.put_many([(b"%d" % i, bytes(VALUE_BYTES_MAX)) for i in range(30)])
        with pytest.raises(StoreFull):  # the transaction stays as it is
            writer.get_many([b"half"])

    with closing(open_lmdb(path, map_size_bytes=SMALL_MAP)) as store:
        with pytest.raises(StoreFull):
            store.update(run)
        assert rows_of(store) == {}


def test_a_disk_without_space_changes_nothing_and_the_store_goes_on_once_there_is_space(
    store, path
):
    put(store, (b"a", b"1"))
    data, _ = descriptors(path)
    with broken(data, "/dev/full"), pytest.raises(StoreFull, match="No space"):
        put(store, (b"a", b"2"))
    assert rows_of(store) == {b"a": b"1"}
    put(store, (b"a", b"3"))
    assert rows_of(store) == {b"a": b"3"}


def test_a_file_that_may_not_grow_changes_nothing_until_it_may(path):
    """RLIMIT_FSIZE cuts a write short (LMDB says EIO) or refuses it (EFBIG)."""
    script = """
        store = open_lmdb(path)
        put(store, (b"a", b"1"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = (path / "data.mdb").stat().st_size
        for room in (5000, 4096, 0):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
            try:
                put(store, *((b"%d" % i, bytes(3000)) for i in range(20)))
            except StoreFailed as error:
                say(type(error).__name__, len(store.view(lambda r: r.scan(b"", b"z", limit=99))))
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        put(store, *((b"%d" % i, bytes(3000)) for i in range(20)))
        say(len(store.view(lambda reader: reader.scan(b"", b"z", limit=99))))
    """
    assert lines_of(script, str(path)) == ["StoreFailed 1", "StoreFailed 1", "StoreFull 1", "21"]
    with closing(open_lmdb(path)) as store:
        assert len(rows_of(store)) == 21


def test_a_copy_that_finds_no_space_leaves_nothing_that_can_be_opened(path):
    script = """
        store = open_lmdb(path)
        put(store, *((b"%d" % i, bytes(3000)) for i in range(20)))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, hard))
        try:
            store.copy(path.parent / "copy")
        except StoreFailed:
            say(os.listdir(path.parent / "copy"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        store.copy(path.parent / "copy")
    """
    assert lines_of(script, str(path)) == ["[]"]
    with closing(open_lmdb(path.parent / "copy")) as store:
        assert len(rows_of(store)) == 20


def test_a_file_that_has_lost_its_name_takes_no_commits_until_it_has_it_again(store, path):
    """LMDB would go on writing to a file that no process finds again."""
    put(store, (b"a", b"1"))
    file, elsewhere = path / "data.mdb", path / "elsewhere"
    file.rename(elsewhere)
    for other in ("is gone", "is another file"):
        with pytest.raises(StoreFailed, match=other):
            put(store, (b"a", b"2"))
        file.write_bytes(elsewhere.read_bytes())
    assert rows_of(store) == {b"a": b"1"}
    elsewhere.rename(file)
    put(store, (b"a", b"3"))
    assert rows_of(store) == {b"a": b"3"}


# Commits that fail.


def test_a_sync_that_fails_changes_nothing(store, path):
    put(store, (b"a", b"1"))
    data, _ = descriptors(path)
    with broken(data, "/dev/null"), pytest.raises(StoreFailed):
        put(store, (b"a", b"2"))
    assert rows_of(store) == {b"a": b"1"}
    put(store, (b"a", b"3"))
    assert rows_of(store) == {b"a": b"3"}


def test_without_sync_nobody_notices_a_disk_that_cannot_sync(path):
    """What `sync` is for: the test above fails on such a store."""
    with closing(open_lmdb(path, sync=False)) as store:
        data, _ = descriptors(path)
        with broken(data, "/dev/null"):
            put(store, (b"a", b"2"))


def test_a_meta_page_that_fails_leaves_the_commit_unknown_and_the_store_usable(store, path):
    put(store, (b"a", b"1"))
    for number in range(3):
        _, meta = descriptors(path)
        with pytest.raises(CommitUnknown), broken(meta, "/dev/full"):
            put(store, (b"a", b"2"), (b"b", b"2"))
        assert rows_of(store) in ({b"a": b"1"}, {b"a": b"2", b"b": b"2"})
        put(store, (b"a", b"1"), (b"b", b"%d" % number))
        store.update(lambda writer: writer.delete_many([b"b"]))


def test_an_unknown_commit_waits_for_views_before_it_opens_the_environment_anew(store, path):
    put(store, (b"a", b"1"))
    inside, leave = threading.Event(), threading.Event()

    def look(reader):
        inside.set()
        assert leave.wait(10)
        return reader.get_many([b"a"])

    _, meta = descriptors(path)
    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(store.view, look)
        assert inside.wait(10)
        with broken(meta, "/dev/full"):
            update = pool.submit(put, store, (b"a", b"2"))
            with pytest.raises(TimeoutError):
                update.result(0.1)
        leave.set()
        assert looking.result(10) == [b"1"]
        assert isinstance(update.exception(10), CommitUnknown)
    put(store, (b"a", b"3"))
    assert rows_of(store) == {b"a": b"3"}


def test_updates_that_waited_behind_an_unknown_commit_go_on(store, path):
    put(store, (b"a", b"1"))
    _, meta = descriptors(path)
    with ThreadPoolExecutor(3) as pool:

        def run(writer):
            waiting = [pool.submit(put, store, (b"%d" % i, b"")) for i in range(3)]
            time.sleep(0.05)  # until they wait
            writer.put_many([(b"a", b"2")])
            others.extend(waiting)

        others = []
        with pytest.raises(CommitUnknown), broken(meta, "/dev/full"):
            store.update(run)
        assert [other.exception(10) for other in others] == [None] * 3
    assert set(rows_of(store)) == {b"a", b"0", b"1", b"2"}


def test_a_store_that_cannot_be_opened_anew_closes_for_good_and_says_why(store, path):
    put(store, (b"a", b"1"))
    _, meta = descriptors(path)
    elsewhere = path.parent / "elsewhere"

    def run(writer):
        writer.put_many([(b"a", b"2")])
        path.rename(elsewhere)

    with pytest.raises(CommitUnknown), broken(meta, "/dev/full"):
        store.update(run)
    for call in (store.view, store.update):
        with pytest.raises(StoreClosed, match="lost and could not be opened again"):
            call(lambda _: None)
    with closing(open_lmdb(elsewhere)) as found:
        assert rows_of(found) in ({b"a": b"1"}, {b"a": b"2"})
    store.close()
