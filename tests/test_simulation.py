"""Whole runs by chance against the plain engine; the seed stands in the name of the test."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from emitter.engine import engine, large_reports
from emitter.store import schema
from fuzzing import amount, first_seed, seeds
from simulated_stations import ACTS, BINS, GOODS_ACTS
from simulation import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS_SHORT, STEPS_GOODS_LONG, STEPS_LONG = 90, 400, 4_000

VERDICTS = """
    OK FUNDS_INSUFFICIENT FIELD_REQUIRED QUANTITY_OUT_OF_RANGE TEMPLATE_UNKNOWN GROUP_MIXED
    GTIN_REPEATED PRICE_REQUIRED PRICE_REFUSED LIMIT_EXCEEDED TEXT_INVALID PARTICIPANT_NOT_FOUND
    ORDER_NOT_FOUND BUFFER_NOT_FOUND REQUEST_DIFFERS PARTICIPANT_EXISTS PARTICIPANT_NOT_ACTIVE
    PRODUCT_NOT_FOUND PRODUCT_OF_ANOTHER PRODUCT_GROUP TNVED_INVALID SERIALS_EXHAUSTED
    QUANTITY_LEFT TRANSITION_REFUSED ORDERS_ACTIVE_LIMIT
    OVERLOADED STORE_FULL COMMIT_FAILED COMMIT_UNKNOWN STORE_UNAVAILABLE
    SERIALS_INVALID SERIALS_REPEATED SERIALS_TAKEN SERIAL_SOURCE_FIXED
    FIELD_INVALID REPORT_EMPTY SPAN_INVALID BLOCK_NOT_FOUND
    BOX_EXISTS BOX_NOT_FOUND BOX_FULL BOX_CHANGED NOT_OFFERED SSCCS_EXHAUSTED
    TRANSFER_NOT_FOUND RECIPIENT_UNAVAILABLE
"""

REPORTED = """
    ACCEPTED PARTLY_ACCEPTED REJECTED
    UTILISATION INTRODUCTION DROPOUT WITHDRAWAL RETURN
    CODE_MOVE_REFUSED CODE_UTILISED_ALREADY CODE_NOT_OWNED CODE_REPEATED CODE_FORGED CODE_UNPARSABLE
    EMITTED APPLIED_AND_PAID INTRODUCED WITHDRAWN WRITTEN_OFF ANNULLED
    AGGREGATION DISAGGREGATION SHIPMENT ACCEPTANCE REJECTION RECALL
    BOX_NOT_FOUND BOX_BOXED BOX_NESTING REPORT_EMPTY CODE_BOXED CODE_UNBOXED
    CODE_IN_TRANSIT CODE_NOT_SHIPPED
    SHIPPED RECALLED
"""


@pytest.fixture(autouse=True)
def _small_jobs(small_steps: None) -> None:
    """Let few self-made serials be a job."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Faults by the thousand need no traces in the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", seeds(16, 12))
def test_a_run_by_chance_agrees_with_the_plain_engine(seed: int, tmp_path: Path) -> None:
    World(seed, tmp_path).run(amount(STEPS_SHORT, STEPS_LONG))


@pytest.mark.parametrize("seed", seeds(16, 40))
def test_a_run_agrees_if_most_of_it_is_about_goods(seed: int, tmp_path: Path) -> None:
    World(seed, tmp_path, GOODS_ACTS).run(amount(STEPS_SHORT, STEPS_GOODS_LONG))


@pytest.mark.parametrize("seed", seeds(6, 12))
def test_a_run_agrees_if_every_report_is_a_job_of_small_pieces(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LARGE_ROWS", 0)
    monkeypatch.setattr(large_reports, "_PIECE_ROWS", 5)
    World(seed, tmp_path).run(amount(STEPS_SHORT, STEPS_LONG))


def test_one_seed_gives_one_history(tmp_path: Path) -> None:
    histories = []
    for name, seed in (("a", first_seed()), ("b", first_seed()), ("c", first_seed() + 1)):
        (tmp_path / name).mkdir()
        world = World(seed, tmp_path / name)
        world.run(40)
        histories.append(world.history)
    assert histories[0] == histories[1] != histories[2]


def test_runs_by_chance_meet_every_verdict(tmp_path: Path) -> None:
    """What a command of these runs can hear is heard in a few of them, by everybody."""
    met: set[str] = set()
    reported: set[str] = set()
    buyers: set[int] = set()
    for seed in range(1, 81):
        world = World(seed, tmp_path, GOODS_ACTS if seed % 2 else ACTS)
        world.run(STEPS_SHORT)
        met |= world.verdicts.keys()
        for document in world.model.documents.values():
            reported |= {document.status, document.kind}
            reported |= {word for lost in document.lost for word in (lost.reason, lost.state)}
        reported |= {transfer.state for transfer in world.model.transfers.values()}
        buyers |= {order.bin for order in world.model.orders.values()}
        if (
            met >= set(VERDICTS.split())
            and reported >= set(REPORTED.split())
            and buyers >= set(BINS[:-1])
            and len(world.audit.codes) > 99
        ):
            return
    raise AssertionError((set(VERDICTS.split()) - met, set(REPORTED.split()) - reported))


@pytest.mark.parametrize(
    ("kind", "at"),
    [("a", 0), ("a", 8), ("o", 0), ("j", 43), ("b", 8), ("s", 2), ("r", 24), ("q", 0),
     ("g", 0), ("l", 9), ("h", 3), ("D", 28), ("R", 9), ("N", 9), ("F", 11)],
)
def test_a_run_notices_a_row_that_was_changed_behind_its_back(
    kind: str, at: int, tmp_path: Path
) -> None:
    """One bit of a row of any kind: an audit, or the next verdict that rests on it, is wrong."""
    world = World(6, tmp_path)
    world.run(60)
    change_rows(world, kind, at)
    with pytest.raises(Exception):  # noqa: B017, PT011 - some lie shows as a crash
        look_and_run(world)


@pytest.mark.parametrize(
    ("kind", "at"), [("B", 0), ("B", 17), ("Z", 0), ("O", 0), ("T", 0), ("T", 9)]
)
def test_an_audit_notices_a_row_of_goods_that_was_changed(
    kind: str, at: int, tmp_path: Path
) -> None:
    for seed in range(1, 20):
        world = World(seed, tmp_path, GOODS_ACTS)
        world.run(STEPS_SHORT)
        if change_rows(world, kind, at):
            break
    with pytest.raises(Exception):  # noqa: B017, PT011 - some lie shows as a crash
        world.audit.everything(world.engine, world.model, world.store.inner)


def look_and_run(world: World) -> None:
    world.audit.everything(world.engine, world.model, world.store.inner)
    world.run(400)


def change_rows(world: World, kind: str, at: int) -> int:
    """Change a bit of all rows of a kind; return how many there are."""

    def change(writer) -> None:
        rows = writer.scan(kind.encode(), bytes([ord(kind) + 1]), limit=10_000)
        for key, row in rows:
            if kind != "q" or key[9] == schema.RequestKind.PAYMENT:
                changed = bytearray(row)
                changed[at] ^= 1
                writer.put_many([(key, bytes(changed))])
        return len(rows)

    return world.store.inner.update(change)
