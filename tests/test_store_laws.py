"""The laws of the store port, one suite for every engine.

`FaultyStore` without a plan stands in line too, since simulations trust it, and so does an engine
that runs each function twice: every function here may therefore run again.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.store.port import KEY_BYTES_MAX, ROWS_MAX, VALUE_BYTES_MAX, StoreClosed
from faulty_store import FaultyStore
from store_tools import put

ODD_KEYS = [b"\x00", b"\x00\x00", b"\x00\xff", b"A", b"a", b"a\x00", b"aa", b"b", b"\x7f", b"\x80"]
ODD_KEYS += [b"\xff", b"\xff" * KEY_BYTES_MAX]


class Medium:
    """A store and the way to lose it and open it again. The memory engine is its own medium."""

    def __init__(self, name, path):
        self._path = path if name == "lmdb" else None
        self.store = {
            "memory": MemoryStore,
            "memory, runs twice": lambda: MemoryStore(runs=2),
            "behind no faults": lambda: FaultyStore(MemoryStore()),
            "lmdb": lambda: open_lmdb(path),
        }[name]()

    def reopen(self):
        if self._path is not None:
            self.store.close()
            self.store = open_lmdb(self._path)
        return self.store


@pytest.fixture(params=["memory", "memory, runs twice", "behind no faults", "lmdb"])
def medium(request, tmp_path):
    medium = Medium(request.param, tmp_path / "store")
    yield medium
    medium.store.close()


@pytest.fixture
def store(medium):
    return medium.store


def delete(store, *keys):
    store.update(lambda writer: writer.delete_many(keys))


def get(store, *keys):
    return store.view(lambda reader: reader.get_many(keys))


def scan(store, start, stop, *, limit=100, reverse=False):
    return store.view(lambda reader: reader.scan(start, stop, limit=limit, reverse=reverse))


def keys_of(rows):
    return [key for key, _ in rows]


# 1. Keys are ordered as bytes.


def test_keys_are_ordered_as_bytes_whatever_the_order_of_writing(store):
    rows = [(key, b"value of " + key[:3]) for key in reversed(ODD_KEYS)]
    for row in rows[::2]:
        put(store, row)
    put(store, *rows[1::2])
    inner = sorted(ODD_KEYS)[:-1]
    assert keys_of(scan(store, b"", ODD_KEYS[-1])) == inner
    assert keys_of(scan(store, b"", ODD_KEYS[-1], reverse=True)) == inner[::-1]
    assert get(store, *sorted(ODD_KEYS)) == [dict(rows)[key] for key in sorted(ODD_KEYS)]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_has_its_start_and_not_its_stop_and_stops_at_its_limit(store, reverse):
    put(store, *((key, b"") for key in ODD_KEYS))
    ordered = sorted(ODD_KEYS)
    bounds = [b"", *ordered, b"a\x01", b"zz"]
    for start in bounds:
        for stop in bounds:
            inside = [key for key in ordered if start <= key < stop]
            inside = inside[::-1] if reverse else inside
            for limit in (1, 3, 100):
                found = keys_of(scan(store, start, stop, limit=limit, reverse=reverse))
                assert found == inside[:limit], (start, stop, limit)


def test_an_empty_store_has_no_rows(store):
    assert scan(store, b"", b"\xff") == scan(store, b"", b"\xff", reverse=True) == []
    assert get(store, b"a", b"b") == [None, None]
    assert get(store) == []
    delete(store, b"a")
    put(store)


# 2. A transaction reads its own writes.


def test_a_transaction_reads_its_own_writes(store):
    put(store, (b"a", b"old"), (b"c", b"old"), (b"e", b"old"))

    def run(writer):
        writer.put_many([(b"b", b"1"), (b"c", b"2"), (b"d", b"3"), (b"d", b"4")])
        writer.delete_many([b"a", b"x"])
        seen = [writer.get_many([b"a", b"b", b"c", b"d", b"e"])]
        seen += [writer.scan(b"", b"z", limit=3), writer.scan(b"", b"z", limit=3, reverse=True)]
        writer.delete_many([b"b", b"c"])
        writer.put_many([(b"b", b"5")])
        return [*seen, writer.scan(b"a", b"d", limit=9)]

    assert store.update(run) == [
        [None, b"1", b"2", b"4", b"old"],
        [(b"b", b"1"), (b"c", b"2"), (b"d", b"4")],
        [(b"e", b"old"), (b"d", b"4"), (b"c", b"2")],
        [(b"b", b"5")],
    ]
    assert scan(store, b"", b"z") == [(b"b", b"5"), (b"d", b"4"), (b"e", b"old")]


def test_a_scan_with_a_limit_sees_past_rows_removed_in_the_same_transaction(store):
    put(store, *((bytes([i]), b"") for i in range(40)))

    def run(writer):
        writer.delete_many([bytes([i]) for i in range(2, 38)])
        ways = [writer.scan(b"", b"\xff", limit=3, reverse=reverse) for reverse in (False, True)]
        return [keys_of(rows) for rows in ways]

    assert store.update(run) == [[b"\x00", b"\x01", b"\x26"], [b"\x27", b"\x26", b"\x01"]]


# 3. Updates are serialisable.


def test_concurrent_increments_are_all_counted(store):
    def increment(writer):
        (row,) = writer.get_many([b"n"])
        time.sleep(0.0002)  # let the others in, if they can
        writer.put_many([(b"n", b"%d" % (int(row or b"0") + 1))])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.update(increment), range(100)))
    assert get(store, b"n") == [b"100"]


def test_two_updates_cannot_both_act_on_what_one_of_them_changed(store):
    """Write skew: each takes from its own row if both rows together have enough."""
    put(store, (b"x", b"1"), (b"y", b"1"))

    def take(key):
        def run(writer):
            if sum(map(int, writer.get_many([b"x", b"y"]))) >= 2:
                time.sleep(0.02)  # let the other in, if it can
                writer.put_many([(key, b"-1")])
                return True
            return False

        return store.update(run)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, [b"x", b"y"])) == [False, True]


# 4. An update happens as a whole or not at all.


def test_an_update_that_raises_changes_nothing_and_the_exception_goes_on(store):
    put(store, (b"a", b"1"), (b"b", b"1"))

    def run(writer):
        writer.put_many([(b"a", b"2"), (b"c", b"2")])
        writer.delete_many([b"b"])
        raise LookupError("stop")

    with pytest.raises(LookupError, match="stop"):
        store.update(run)
    assert scan(store, b"", b"z") == [(b"a", b"1"), (b"b", b"1")]
    put(store, (b"a", b"3"))
    assert get(store, b"a") == [b"3"]


def test_readers_never_see_half_an_update(store):
    put(store, *((b"%d" % i, b"0") for i in range(10)))
    stopping = threading.Event()

    def read():
        views = 0
        while not stopping.is_set() or not views:
            values = store.view(lambda reader: reader.get_many([b"%d" % i for i in range(10)]))
            assert len(set(values)) == 1
            views += 1
        return views

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for number in range(100):
            put(store, *((b"%d" % i, b"%d" % number) for i in range(10)))
        stopping.set()
        assert all(reader.result() for reader in readers)


# 5. What update has returned from is durable.


def test_what_update_has_returned_from_is_there_after_reopening(medium):
    rows = [(b"%04d" % i, b"%d" % i) for i in range(1_000)]
    put(medium.store, *rows)
    delete(medium.store, b"0007")
    rows.pop(7)
    assert scan(medium.reopen(), b"", b"\xff", limit=2_000) == rows


# 6. A view is one snapshot.


def test_a_view_is_one_snapshot_while_updates_go_on(store):
    put(store, (b"a", b"old"), (b"b", b"old"))

    def look(reader):
        before = reader.get_many([b"a", b"b", b"c"])
        with ThreadPoolExecutor(1) as pool:
            pool.submit(put, store, (b"a", b"new"), (b"c", b"new")).result()
            pool.submit(delete, store, b"b").result()
        assert reader.get_many([b"a", b"b", b"c"]) == before
        return before, reader.scan(b"", b"z", limit=9)

    assert store.view(look) == ([b"old", b"old", None], [(b"a", b"old"), (b"b", b"old")])
    assert scan(store, b"", b"z") == [(b"a", b"new"), (b"c", b"new")]


def test_a_view_beside_a_running_update_sees_nothing_of_it(store):
    put(store, (b"a", b"old"))

    def run(writer):
        writer.put_many([(b"a", b"new")])
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(get, store, b"a").result()

    assert store.update(run) == [b"old"]
    assert get(store, b"a") == [b"new"]


# 7. The function may run again.


def test_a_run_that_is_given_up_leaves_nothing_to_the_next(store):
    put(store, (b"n", b"1"))

    def run(writer, fails):
        value = int(writer.get_many([b"n"])[0]) + 1
        writer.put_many([(b"n", b"%d" % value), (b"only %d" % fails, b"")])
        if fails:
            raise LookupError
        return value

    with pytest.raises(LookupError):
        store.update(lambda writer: run(writer, fails=True))
    assert store.update(lambda writer: run(writer, fails=False)) == 2
    assert scan(store, b"", b"z") == [(b"n", b"2"), (b"only 0", b"")]


def test_an_engine_may_run_the_function_again_and_keeps_the_last_run():
    runs = []
    store = MemoryStore(runs=3)

    def run(writer):
        runs.append(writer.get_many([b"n"]))
        writer.put_many([(b"n", b"1"), (b"run %d" % len(runs), b"")])
        return len(runs)

    assert store.update(run) == 3
    assert runs == [[None]] * 3
    assert scan(store, b"", b"z") == [(b"n", b"1"), (b"run 3", b"")]


# What besides is the same on every engine.


def test_the_largest_key_value_and_transaction_are_taken(store):
    put(store, (b"k" * KEY_BYTES_MAX, b"v" * VALUE_BYTES_MAX), (b"e", b""))
    assert get(store, b"k" * KEY_BYTES_MAX, b"e") == [b"v" * VALUE_BYTES_MAX, b""]

    def largest(writer):
        writer.put_many([(b"%d" % i, b"") for i in range(ROWS_MAX - 1)])
        writer.delete_many([b"0"])

    store.update(largest)
    assert get(store, b"0", b"%d" % (ROWS_MAX - 2)) == [None, b""]


@pytest.mark.parametrize(
    "call",
    [
        lambda writer: writer.get_many([b"a", b""]),
        lambda writer: writer.get_many([b"k" * (KEY_BYTES_MAX + 1)]),
        lambda writer: writer.delete_many([b""]),
        lambda writer: writer.delete_many([b"k" * (KEY_BYTES_MAX + 1)]),
        lambda writer: writer.put_many([(b"new", b""), (b"", b"")]),
        lambda writer: writer.put_many([(b"new", b""), (b"k" * (KEY_BYTES_MAX + 1), b"")]),
        lambda writer: writer.put_many([(b"new", b""), (b"a", b"v" * (VALUE_BYTES_MAX + 1))]),
        lambda writer: writer.put_many([(b"%d" % i, b"") for i in range(ROWS_MAX)]),
        lambda writer: writer.delete_many([b"a"] * ROWS_MAX),
        lambda writer: writer.scan(b"", b"k" * (KEY_BYTES_MAX + 1), limit=1),
        lambda writer: writer.scan(b"k" * (KEY_BYTES_MAX + 1), b"z", limit=1),
        lambda writer: writer.scan(b"", b"z", limit=0),
    ],
)
def test_what_is_beyond_a_limit_is_refused_before_it_changes_anything(store, call):
    def run(writer):
        writer.put_many([(b"a", b"1")])
        with pytest.raises(ValueError, match="must"):
            call(writer)
        return writer.scan(b"", b"z", limit=9)

    assert store.update(run) == [(b"a", b"1")]
    assert scan(store, b"", b"z") == [(b"a", b"1")]


def test_a_transaction_is_dead_once_its_function_has_returned(store):
    def steal(transaction):
        return transaction

    reader, writer = store.view(steal), store.update(steal)
    for call in (
        lambda: reader.get_many([b"a"]),
        lambda: reader.scan(b"", b"z", limit=1),
        lambda: writer.get_many([b"a"]),
        lambda: writer.put_many([(b"a", b"")]),
        lambda: writer.delete_many([b"a"]),
    ):
        with pytest.raises(ValueError, match="over"):
            call()


@pytest.mark.parametrize("outer", ["view", "update"])
@pytest.mark.parametrize("inner", ["view", "update", "close"])
def test_transactions_do_not_nest(store, outer, inner):
    def run(_):
        with pytest.raises(ValueError, match="nest"):
            getattr(store, inner)(*([lambda _: None] if inner != "close" else []))
        return "done"

    assert getattr(store, outer)(run) == "done"
    put(store, (b"a", b"1"))


def test_closing_waits_for_who_is_inside_and_refuses_who_comes_later(store):
    inside, leave = threading.Event(), threading.Event()

    def stay(reader):
        inside.set()
        assert leave.wait(10)
        return reader.get_many([b"a"])

    put(store, (b"a", b"1"))
    with ThreadPoolExecutor(2) as pool:
        staying = pool.submit(store.view, stay)
        assert inside.wait(10)
        close = pool.submit(store.close)
        with pytest.raises(TimeoutError):
            close.result(0.05)
        leave.set()
        assert staying.result(10) == [b"1"]
        close.result(10)
    for call in (store.view, store.update):
        with pytest.raises(StoreClosed):
            call(lambda _: None)
    store.close()


def test_a_copy_is_a_store_of_its_own_with_the_same_rows(store, tmp_path):
    rows = [(b"%06d" % i, b"%d" % i) for i in range(ROWS_MAX + 10)]
    put(store, *rows[:ROWS_MAX])
    put(store, *rows[ROWS_MAX:], (b"\xff" * KEY_BYTES_MAX, b"last"))
    target = tmp_path / "deep" / "copy"
    store.copy(target)
    put(store, (b"later", b""))
    with closing(open_lmdb(target)) as copy:
        assert scan(copy, b"", b"\xff", limit=2 * ROWS_MAX) == rows
        assert get(copy, b"\xff" * KEY_BYTES_MAX) == [b"last"]
        put(copy, (b"own", b""))
    assert get(store, b"own") == [None]
    with pytest.raises(FileExistsError):
        store.copy(target)
