"""The store that fails on demand keeps the port's promises, and the ladder reaches every rung."""

from __future__ import annotations

import itertools

import pytest

from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.store.port import CommitUnknown, StoreError, StoreFailed, StoreFull
from faulty_store import (
    BROKEN,
    BROKEN_AFTER,
    FAULTS,
    FULL,
    UNKNOWN_KEPT,
    UNKNOWN_LOST,
    FaultyStore,
    Operation,
    ladder,
)

REQUEST = b"q1"


def _fill(store):
    store.update(lambda writer: writer.put_many([(b"a", b"\x07"), (b"b", b"\x03"), (b"old", b"1")]))
    return store


def _transfer(writer):
    """Move one from a to b once, with a request row; uses every operation of a writer."""
    if writer.get_many([REQUEST])[0] is not None:
        return
    rows = dict(writer.scan(b"a", b"c", limit=10))
    writer.put_many([(b"a", bytes([rows[b"a"][0] - 1])), (b"b", bytes([rows[b"b"][0] + 1]))])
    writer.put_many([(REQUEST, b"")])
    writer.delete_many([b"old"])


def _rows(store):
    return dict(store.view(lambda reader: reader.scan(b"", b"\xff", limit=100)))


BEFORE = {b"a": b"\x07", b"b": b"\x03", b"old": b"1"}
AFTER = {b"a": b"\x06", b"b": b"\x04", REQUEST: b""}


@pytest.fixture(params=["memory", "lmdb"])
def make_store(request, tmp_path):
    if request.param == "memory":
        return lambda: _fill(MemoryStore())
    numbers = itertools.count()
    return lambda: _fill(open_lmdb(tmp_path / str(next(numbers))))


def test_on_every_rung_a_transfer_is_whole_or_absent_and_a_repeat_completes_it(make_store):
    def action(store):
        store.view(lambda reader: reader.get_many([REQUEST]))
        store.update(_transfer)

    def check(store, error):
        rows = _rows(store)
        if isinstance(error, CommitUnknown):
            assert rows in (BEFORE, AFTER)
        else:
            assert rows == (AFTER if error is None else BEFORE)
        store.update(_transfer)
        assert _rows(store) == AFTER

    rungs = ladder(make_store, action, check)
    operations = 9  # view, get; update, get, scan, put, put, delete, commit
    after, full, single = 6, 4, 4  # reads and writes; writes and commit; the four special faults
    assert rungs == 2 * (operations + after + full + single)


def test_the_ladder_fails_where_integrity_does(make_store):
    def careless(store):
        store.update(lambda writer: writer.put_many([(b"a", b"\x06")]))
        store.update(lambda writer: writer.put_many([(b"b", b"\x04")]))

    def check(store, _):
        rows = _rows(store)
        assert rows[b"a"][0] + rows[b"b"][0] == 10

    with pytest.raises(AssertionError, match="assert") as caught:
        ladder(make_store, careless, check)
    assert "operation" in caught.value.__notes__[0]


def test_each_fault_takes_effect_before_or_after_as_it_says(make_store):
    seen = {}
    for fault in (UNKNOWN_LOST, UNKNOWN_KEPT):
        store = FaultyStore(make_store())
        store.fail(fault, 1)
        with pytest.raises(CommitUnknown):
            store.update(_transfer)
        store.heal()
        seen[fault] = _rows(store)
        store.close()
    assert seen == {UNKNOWN_LOST: BEFORE, UNKNOWN_KEPT: AFTER}


def test_a_transient_fault_strikes_once_and_a_persistent_one_until_healed(make_store):
    store = FaultyStore(make_store())
    store.fail(FULL, 2)
    with pytest.raises(StoreFull):
        store.update(_transfer)
    store.update(_transfer)
    store.fail(BROKEN, 1, persistent=True)
    for _ in range(3):
        with pytest.raises(StoreFailed):
            store.update(_transfer)
    assert [operation for operation, _ in store.failures[-3:]] == [Operation.UPDATE] * 3
    store.heal()
    store.update(_transfer)
    store.close()


def test_a_failure_that_the_function_swallows_still_forbids_the_commit(make_store):
    def swallow(writer):
        try:
            writer.put_many([(b"a", b"\x00")])
        except StoreError:
            writer.put_many([(b"b", b"\x00")])

    store = FaultyStore(make_store())
    store.fail(BROKEN_AFTER, 1)
    with pytest.raises(StoreFailed):
        store.update(swallow)
    store.heal()
    assert _rows(store) == BEFORE
    store.close()


def test_one_seed_gives_one_history(make_store):
    def history(seed):
        store = FaultyStore(make_store())
        store.fail_at_random(seed, 0.2)
        outcomes = []
        for number in range(60):
            row = (b"n", bytes([number]))
            try:
                store.update(lambda writer, row=row: writer.put_many([row]))
                outcomes.append("done")
            except StoreError as error:
                outcomes.append(str(error))
        store.close()
        return outcomes

    assert history(7) == history(7)
    assert history(7) != history(8)
    assert {"done"} < set(history(7))


def test_every_fault_names_operations_that_can_raise_it():
    reached = set(itertools.chain.from_iterable(fault.operations for fault in FAULTS))
    assert reached == set(Operation)
