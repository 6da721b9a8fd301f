"""The engines give the same answer to every operation of any history, refusals included."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.store.port import KEY_BYTES_MAX, VALUE_BYTES_MAX

LETTERS = b"\x00a\xff"
SHORT_KEYS = st.lists(st.sampled_from(LETTERS), max_size=3).map(bytes)  # few, so that they meet
LONG_KEYS = st.sampled_from([b"a" * (KEY_BYTES_MAX - 1), b"a" * KEY_BYTES_MAX, b"\xff" * 512])
KEYS = st.one_of(SHORT_KEYS, SHORT_KEYS, SHORT_KEYS, LONG_KEYS)
SIZES = st.sampled_from([0, 1, 120, 2_000, 5_000, VALUE_BYTES_MAX, VALUE_BYTES_MAX + 1])
VALUES = st.one_of(
    st.binary(max_size=4),
    st.builds(lambda size, byte: bytes([byte]) * size, SIZES, st.integers(0, 255)),
)
SOME_KEYS = st.lists(KEYS, max_size=6)
SOME_ROWS = st.lists(st.tuples(KEYS, VALUES), max_size=6)

READS = st.one_of(
    st.tuples(st.just("get_many"), SOME_KEYS),
    st.tuples(st.just("scan"), KEYS, KEYS, st.integers(0, 5), st.booleans()),
    st.just(("scan", b"", b"\xff" * KEY_BYTES_MAX, 1_000, False)),
)
WRITES = st.one_of(
    st.tuples(st.just("put_many"), SOME_ROWS), st.tuples(st.just("delete_many"), SOME_KEYS)
)


class _GiveUpError(Exception):
    pass


def perform(transaction, operation):
    """Return what an operation answers, or the sentence of its refusal."""
    name, *arguments = operation
    try:
        if name == "scan":
            start, stop, limit, reverse = arguments
            return transaction.scan(start, stop, limit=limit, reverse=reverse)
        return getattr(transaction, name)(*arguments)
    except ValueError as refusal:
        return str(refusal)


def all_rows(reader):
    return reader.scan(b"", b"\xff" * KEY_BYTES_MAX, limit=1_000)


class Agreement(RuleBasedStateMachine):
    """The memory engine and LMDB side by side, after the same operations."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name)
        self.stores = [MemoryStore(), MemoryStore(runs=2), open_lmdb(self.path / "store")]
        self.copies = 0

    def answers(self, call):
        first, *others = [call(store) for store in self.stores]
        for other in others:
            assert other == first
        return first

    @rule(operations=st.lists(READS, min_size=1, max_size=4))
    def look(self, operations):
        self.answers(
            lambda store: store.view(
                lambda reader: [perform(reader, operation) for operation in operations]
            )
        )

    @rule(
        operations=st.lists(st.one_of(WRITES, READS), min_size=1, max_size=8),
        gives_up=st.sampled_from([False, False, True]),
    )
    def change(self, operations, gives_up):
        def call(store):
            seen = []

            def run(writer):
                seen[:] = [perform(writer, operation) for operation in operations]
                if gives_up:
                    raise _GiveUpError
                return len(seen)

            try:
                return store.update(run), seen
            except _GiveUpError:
                return None, seen

        result, _ = self.answers(call)
        assert (result is None) == gives_up

    @rule()
    def reopen(self):
        self.stores.pop().close()
        self.stores.append(open_lmdb(self.path / "store"))

    @precondition(lambda self: not self.copies)  # once a history: it costs many syncs
    @rule()
    def copy(self):
        self.copies += 1

        def call(store):
            target = self.path / f"copy {self.copies} {self.stores.index(store)}"
            store.copy(target)
            with closing(open_lmdb(target)) as copy:
                return copy.view(all_rows)

        assert self.answers(call) == self.answers(lambda store: store.view(all_rows))

    def teardown(self):
        for store in self.stores:
            store.close()
        self.directory.cleanup()


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
