"""The check of a store finds what is wrong with it, and names it."""

from __future__ import annotations

import pytest

from conftest import BIN, Bench, shoes
from emitter.engine.commands import CreateOrder, OpenConnection, RegisterStation
from emitter.engine.invariants import BreachError, check_store
from emitter.store import schema
from emitter.store.rows import JournalRow, SignaturePolicy


@pytest.mark.parametrize(
    ("kind", "at", "invariant"),
    [
        (b"a", 0, r"credited \+ adjusted"),
        (b"e", 0, "reserved = sum of escrows"),
        (b"j", 8 + 1 + 16 + 8 + 8 + 1 + 1, "entries sum to zero"),
        (b"o", 18 + 8 + 1 + 1 + 1 + 1 + 2 + 2 + 8 + 8, "a range is held by the buffer"),
        (b"r", 8 + 16, "a range is held by the buffer it names"),
        (b"b", 8, "cumulative share"),
        (b"s", 2, "counters are given out once"),
        (b"g", 0, "a product's GTIN is its owner's|a GTIN with an owner is a product"),
    ],
)
def test_the_check_names_a_changed_row(keys, clock, kind: bytes, at: int, invariant: str) -> None:
    bench = Bench(keys, clock)
    bench.join(tiyn=10**9)
    order = bench.order("1", shoes())
    bench.deliver(order, "b", 40)
    check_store(bench.store, whole=True)
    key, row = next((k, r) for k, r in bench.dump() if k[:1] == kind)
    changed = bytearray(row)
    changed[at] ^= 1
    if kind == b"s":
        changed[at : at + 8] = (99).to_bytes(8, "little")
    bench.store.update(lambda writer: writer.put_many([(key, bytes(changed))]))
    with pytest.raises(BreachError, match=invariant):
        check_store(bench.store, whole=True)


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        (lambda row: row._replace(quantity=41), "the codes paid for are those delivered"),
        (
            lambda row: row._replace(
                entries=tuple(
                    (name, tiyn + {3: 1, 4: -1}.get(name, 0)) for name, tiyn in row.entries
                )
            ),
            "revenue and VAT are those of what was delivered",
        ),
    ],
)
def test_the_check_names_a_capture_that_tells_of_other_codes_or_another_tax(
    keys, clock, change, invariant: str
) -> None:
    """Acts are summed from the journal: its money may add up and its words still be wrong."""
    bench = Bench(keys, clock)
    bench.join(tiyn=10**9)
    bench.deliver(bench.order("1", shoes()), "b", 40)
    key, row = max((key, row) for key, row in bench.dump() if key[:1] == b"j")
    changed = change(JournalRow.unpack(row)).pack()
    bench.store.update(lambda writer: writer.put_many([(key, changed)]))
    with pytest.raises(BreachError, match=invariant):
        check_store(bench.store, whole=True)


def test_every_row_is_watched_by_some_invariant(keys, clock) -> None:
    """Deleting any one row of the main job, the participant's name apart, is found."""
    bench = Bench(keys, clock)
    bench.join(tiyn=10**9)
    order = bench.order("1", shoes())
    bench.deliver(order, "b", 40)
    for key, row in bench.dump():
        if key[:1] in b"mkt" or (key[:1] == b"q" and key[9] == schema.RequestKind.CREATE_ORDER):
            continue
        bench.store.update(lambda writer, key=key: writer.delete_many([key]))
        with pytest.raises(BreachError):
            check_store(bench.store, whole=True)
        bench.store.update(lambda writer, key=key, row=row: writer.put_many([(key, row)]))
    check_store(bench.store, whole=True)


@pytest.mark.parametrize("kind", [b"c", b"n", b"x"])
def test_connections_are_counted_and_verdicts_reminded_of(keys, clock, kind: bytes) -> None:
    bench = Bench(keys, clock)
    bench.join()
    station = bench.engine.execute(RegisterStation(BIN, "СУЗ", SignaturePolicy.OPTIONAL)).value
    bench.engine.execute(OpenConnection(BIN, station.oms_id, "цех"))
    bench.refusal(CreateOrder(BIN, "too dear", (shoes(),)))
    check_store(bench.store, whole=True)
    key = next(key for key, _ in bench.dump() if key[:1] == kind)
    bench.store.update(lambda writer: writer.delete_many([key]))
    with pytest.raises(BreachError, match=r"connections|reminded"):
        check_store(bench.store, whole=True)
