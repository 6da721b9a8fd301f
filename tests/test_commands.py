"""Any command, however odd: the verdict of the plain engine, and nothing changed that may not be.

A town is prepared once: participants in every state, orders in every state, ids that are used.
Hypothesis sends single commands into copies of it.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from audits import Audit
from conftest import BIN, DAY, GROSS_100, LP, MILK, OTHER_BIN, SHOES, SHOES_2, Clock
from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    IssueClientToken,
    IssueToken,
    OpenConnection,
    OrderLine,
    RegisterParticipant,
    RegisterProduct,
    RegisterStation,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.keys import KeyRing
from emitter.engine.participants import Role
from emitter.errors import Reason, Refused
from emitter.store.memory import MemoryStore
from emitter.store.rows import SignaturePolicy
from emitter.trade.templates import Group
from fuzzing import amount, first_seed
from model import Model
from model_values import identity, memory_us
from serial_order import Seen, explain
from stock import TNVED, gtin_of, product

if TYPE_CHECKING:
    from emitter.engine.commands import Command

POOR, FUTURE, REGISTERED, UNKNOWN = 100140012344, 200740005562, 50640001236, 1
POORS, FUTURES = gtin_of(1), gtin_of(2)  # what they sell
BINS = (BIN, OTHER_BIN, POOR, FUTURE, REGISTERED, UNKNOWN)
LIMITS = Limits(active_orders_max=6, details_bytes_max=20)
DAYS = DAY + dt.timedelta(days=400)


def line(gtin: int, quantity: int, template_id: int = 1, price: int | None = None) -> OrderLine:
    return OrderLine(gtin, quantity, template_id, price)


@dataclass
class Town:
    """The rows of a store in which much has happened, and the model of it."""

    keys: KeyRing
    rows: list[tuple[bytes, bytes]]
    model: Model
    orders: list[UUID]
    stations: list[UUID]
    connections: list[UUID]


def see(engine: Engine, command: Command) -> Seen:
    try:
        answer = engine.execute(command)
    except Refused as refused:
        refusal = refused.refusal
        return Seen(command, refusal.reason.name, dict(refusal.details), refusal.replayed)
    return Seen(command, "OK", {}, answer.replayed, answer.value)


def _joining() -> list[Command]:
    commands: list[Command] = []
    for bin_, on in ((BIN, DAY), (OTHER_BIN, DAY), (POOR, DAY), (FUTURE, DAYS), (REGISTERED, None)):
        commands.append(RegisterParticipant(bin_, f"ТОО {bin_}", DAY))
        if on is not None:
            commands.append(ActivateParticipant(bin_, on))
    paying = (BIN, OTHER_BIN, FUTURE)
    goods = ((BIN, SHOES), (BIN, SHOES_2), (POOR, POORS), (FUTURE, FUTURES))
    commands += [product(bin_, gtin, Group.SHOES) for bin_, gtin in goods]
    commands += [product(OTHER_BIN, gtin, Group.LIGHT_INDUSTRY) for gtin in (LP, MILK)]
    return commands + [CreditAccount(b, 10 * GROSS_100, f"payment {b}") for b in paying]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    keys = KeyRing.create(tmp_path_factory.mktemp("town") / "keys", os.urandom(32))
    store = MemoryStore()
    engine = Engine(store, keys, clock=Clock(), limits=LIMITS, threaded=False)
    model, audit = Model(LIMITS), Audit(None)
    made: list[UUID] = []

    def tell(*commands: Command) -> None:
        nonlocal model
        for command in commands:
            seen = see(engine, command)
            lines = {bin_: audit.new_lines(engine, bin_, engine._clock()) for bin_ in BINS}
            model = explain(model, [seen], engine._clock(), lines)
            if seen.made and isinstance(command, CreateOrder):
                made.append(seen.made)

    tell(*_joining())
    pair = (line(SHOES, 60), line(SHOES_2, 40))
    tell(*[CreateOrder(BIN, name, pair) for name in ("fresh", "part", "rest", "closed")])
    tell(CreateOrder(OTHER_BIN, "foreign", (line(LP, 20, 10), line(MILK, 5, 10))))
    tell(CreateOrder(POOR, "dear", (line(POORS, 60),)))
    _, part, rest, closed, foreign = made
    tell(
        DeliverBlock(BIN, part, SHOES, "b", 25), DeliverBlock(BIN, part, SHOES_2, "all"),
        DeliverBlock(BIN, rest, SHOES, "all"), DeliverBlock(BIN, rest, SHOES_2, "all"),
        DeliverBlock(BIN, part, SHOES, "too much", 36), DeliverBlock(BIN, closed, SHOES, "b", 1),
        CloseOrder(BIN, "close", closed), CloseOrder(BIN, "close one", rest, SHOES),
        DeliverBlock(OTHER_BIN, foreign, LP, "b", 3),
    )  # fmt: skip
    station = engine.execute(RegisterStation(BIN, "цех", SignaturePolicy.OPTIONAL)).value.oms_id
    connection = engine.execute(OpenConnection(BIN, station, "линия")).value.connection_id
    rows = store.view(lambda reader: reader.scan(b"", b"\xff", limit=10_000))
    check_store(store, whole=True)
    return Town(keys, rows, model, made, [station], [connection])


# Fields, as they should be and as they should not -------------------------------------------------

ODD_TEXTS = (
    "", " ", "\n", "1\n", "\x00", "\x1d", "é", "e\u0301", "\u200b", "\u2028", "\ufeff", "\ud800",
    "x" * 64, "x" * 65, "𝔸" * 64, "ё" * 65, "🏷" * 64, "'; --", "..", "\xa0",
)  # fmt: skip
USED_IDS = ("fresh", "part", "closed", "foreign", "dear", "b", "all", "too much", "close",
            "close one", f"payment {BIN}")  # fmt: skip

new_ids = st.sampled_from(["new", "1", "é", "𝔸" * 64, "'; --"])
texts = new_ids | st.sampled_from(USED_IDS) | st.sampled_from(ODD_TEXTS) | st.text(max_size=70)
numbers = st.sampled_from(
    [0, 1, 2, 19, 20, 25, 35, 36, 40, 41, 10**7, 10**7 + 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64]
)
numbers |= st.integers(-3, 200) | st.integers()
bins = st.sampled_from([BIN] * 5 + [OTHER_BIN] * 2 + list(BINS))
gtins = st.sampled_from([SHOES] * 4 + [SHOES_2] * 2 + [LP, MILK, POORS, FUTURES, 0, 1, 10**14 - 1])
templates = st.sampled_from([1, 3, 4, 5, 7, 8, 10, 16, 18, 20, 0, 2, 6, 255, -1])
prices = st.none() | st.sampled_from([0, 9_500, 10**6 - 1, 10**6, 80**4 - 1, 80**4, -1, 2**70])
good_lines = st.builds(line, gtins, st.integers(1, 40), st.sampled_from([1, 10]))
any_lines = st.builds(OrderLine, gtins, numbers, templates, prices)
lines = st.lists(good_lines | any_lines, max_size=11).map(tuple)
good_orders = st.lists(
    st.builds(line, gtins, st.sampled_from([1, 40, 300, 10**7]), st.sampled_from([1, 1, 5])),
    min_size=1,
    max_size=2,
    unique_by=lambda one: one.gtin,
).map(tuple)
lines |= good_orders | st.just((line(SHOES, 60), line(SHOES_2, 40)))
codes = st.sampled_from(["", "6403", TNVED, "64039", "640399930x", "６４０３", TNVED + "0"])
names = st.sampled_from(["Товар", "Обувь"])
dates = st.sampled_from([DAY, DAYS, dt.date.min, dt.date.max]) | st.dates()


def commands_of(town: Town) -> st.SearchStrategy[Command]:
    orders = st.sampled_from(town.orders * 2 + [UUID(int=5)])
    memories = st.sampled_from([0, 0, 1, 10**9])
    details = st.sampled_from(["", "", "{}", "ё" * 10, "ё" * 11])
    return st.one_of(
        st.builds(RegisterParticipant, bins, texts | st.just(f"ТОО {BIN}"), dates),
        st.builds(ActivateParticipant, bins, dates),
        st.builds(RegisterProduct, bins, gtins, st.sampled_from(Group), codes, texts, texts),
        st.builds(RegisterProduct, bins, gtins, st.sampled_from(Group), st.just(TNVED), names),
        st.builds(CreditAccount, bins, numbers | st.sampled_from([10**15, 10**15 + 1]), texts),
        st.builds(CreateOrder, bins, texts, lines, details, memories),
        st.builds(CreateOrder, bins, new_ids, good_orders),
        st.builds(DeliverBlock, bins, orders, gtins, texts, numbers, st.booleans()),
        st.builds(DeliverBlock, st.just(BIN), orders, gtins, new_ids, st.integers(0, 45)),
        st.builds(CloseOrder, bins, texts, orders, st.none() | gtins),
        st.builds(CloseOrder, st.just(BIN), new_ids, orders, st.none() | gtins),
    )


class Copy:
    """An engine over a copy of the town."""

    def __init__(self, town: Town) -> None:
        self.store = MemoryStore(runs=2)
        self.store.update(lambda writer: writer.put_many(town.rows))
        self.engine = Engine(self.store, town.keys, clock=Clock(), limits=LIMITS, threaded=False)
        self.before = self.rows()

    def rows(self) -> dict[bytes, bytes]:
        return dict(self.store.view(lambda reader: reader.scan(b"", b"\xff", limit=20_000)))

    def changed(self) -> list[bytes]:
        """Return the keys that have changed since it was asked last."""
        before, self.before = self.before, self.rows()
        keys = before.keys() | self.before.keys()
        return sorted(key for key in keys if before.get(key) != self.before.get(key))


def require_sentence(seen: Seen) -> None:
    """A refusal reads as a sentence, in both languages, with every gap filled."""
    for language in ("en", "ru"):
        text = Reason[seen.reason].meaning
        told = (text.ru if language == "ru" else text.en).format_map(seen.details)
        assert "{" not in told


CASES = settings(
    max_examples=amount(400, 10_000), deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@seed(first_seed())
@CASES
@given(data=st.data())
def test_any_command_hears_what_the_plain_engine_says_and_a_refusal_changes_only_its_memory(
    town: Town, data: st.DataObject
) -> None:
    command = data.draw(commands_of(town))
    copy = Copy(town)
    audit = Audit(None)
    for bin_ in BINS:
        for sequence, _ in copy.engine.journal(bin_, page_size=100):
            audit._sequences[bin_] = sequence
    seen = see(copy.engine, command)
    now_us = copy.engine._clock()
    journals = {bin_: audit.new_lines(copy.engine, bin_, now_us) for bin_ in BINS}
    model = explain(town.model, [seen], now_us, journals)
    changed = copy.changed()
    if seen.reason != "OK":
        assert Reason[seen.reason] is not Reason.INTERNAL
        require_sentence(seen)
        remembered = not seen.replayed and memory_us(command, seen.reason, 1) == 1
        assert [key[:1] for key in changed] == [b"q", b"x"] * remembered
    assert seen.reason == "OK" or not any(journals.values())
    check_store(copy.store, whole=True)
    again = see(copy.engine, command)
    explain(model, [again], now_us, dict.fromkeys(BINS, ()))
    has_id = identity(command)[0] is not None
    assert again.reason == seen.reason
    assert not (has_id and seen.reason == "OK") or again.replayed
    assert not has_id or copy.changed() == []


@seed(first_seed())
@settings(CASES, max_examples=amount(150, 3_000))
@given(data=st.data())
def test_any_command_about_callers_has_a_typed_reason_or_does_one_thing(
    town: Town, data: st.DataObject
) -> None:
    """Tokens, stations and connections: what is issued works, what is refused changes nothing."""
    station = st.sampled_from(town.stations) | st.uuids()
    connection = st.sampled_from(town.connections) | st.uuids()
    command = data.draw(
        st.one_of(
            st.builds(IssueToken, st.sampled_from(Role), bins | st.none(), texts),
            st.builds(RegisterStation, bins, texts, st.sampled_from(SignaturePolicy)),
            st.builds(OpenConnection, bins, station, texts, texts, st.none()),
            st.builds(IssueClientToken, bins, connection, st.sampled_from([0, 1, 10**12])),
        )
    )
    copy = Copy(town)
    seen = see(copy.engine, command)
    if seen.reason != "OK":
        assert seen.reason in {
            "FIELD_REQUIRED", "TEXT_INVALID", "PARTICIPANT_NOT_FOUND", "STATION_NOT_FOUND",
            "CONNECTION_NOT_FOUND",
        }  # fmt: skip
        require_sentence(seen)
        assert copy.changed() == []
    else:
        assert 1 <= len(copy.changed()) <= 2
        if isinstance(command, IssueToken):
            principal = copy.engine.authenticate(seen.value)
            assert (principal.role, principal.bin) == (command.role, command.bin)
        elif not isinstance(command, RegisterStation):
            assert command.bin == BIN, "another's station is not found"
    check_store(copy.store, whole=True)


# broken at once                               the first is reported
PRECEDENCE = {
    "form before everything": (
        CreateOrder(UNKNOWN, "", (line(SHOES, 0),)), Reason.FIELD_REQUIRED),
    "form before a repeat": (
        CreateOrder(BIN, "fresh", (line(SHOES, 0),)), Reason.QUANTITY_OUT_OF_RANGE),
    "a repeat before presence": (
        CloseOrder(BIN, "close", UUID(int=1)), Reason.REQUEST_DIFFERS),
    "presence before state": (
        CloseOrder(BIN, "new", UUID(int=0), MILK), Reason.BUFFER_NOT_FOUND),
    "the participant before the product": (
        CreateOrder(UNKNOWN, "new", (line(SHOES, 1),)), Reason.PARTICIPANT_NOT_FOUND),
    "the product before the contract": (
        CreateOrder(FUTURE, "new", (line(SHOES, 1),)), Reason.PRODUCT_NOT_FOUND),
    "a product of a line before the group of another": (
        CreateOrder(BIN, "new", (line(SHOES, 1, 5), OrderLine(LP, 1, 5))),
        Reason.PRODUCT_NOT_FOUND),
    "the contract before the group": (
        CreateOrder(FUTURE, "new", (line(FUTURES, 1, 5),)), Reason.PARTICIPANT_NOT_ACTIVE),
    "the group before the number of orders": (
        CreateOrder(BIN, "new", (line(SHOES, 1, 5),)), Reason.PRODUCT_GROUP),
    "the number of orders before money": (
        CreateOrder(BIN, "new", (line(SHOES, 10**7),)), Reason.ORDERS_ACTIVE_LIMIT),
    "the contract before money": (
        CreateOrder(FUTURE, "new", (line(FUTURES, 10**7),)), Reason.PARTICIPANT_NOT_ACTIVE),
}  # fmt: skip


@pytest.mark.parametrize(("command", "reason"), PRECEDENCE.values(), ids=PRECEDENCE)
def test_of_several_broken_rules_the_first_is_reported(
    town: Town, command: Command, reason: Reason
) -> None:
    copy = Copy(town)
    if getattr(command, "order_id", None) == UUID(int=0):
        command = CloseOrder(BIN, command.request_id, town.orders[3], command.gtin)
    for n in range(LIMITS.active_orders_max):
        see(copy.engine, CreateOrder(BIN, f"more {n}", (line(SHOES, 1),)))
    assert see(copy.engine, command).reason == reason.name


def test_ids_that_look_alike_are_different_ids(town: Town) -> None:
    """No normalising: the id is the characters that were sent."""
    copy = Copy(town)
    ids = ["é", "e\u0301", "а", "a", "A", " a", "a ", "1", "01", "１"]
    made = [see(copy.engine, CreditAccount(BIN, 5, text)) for text in ids]
    assert [seen.reason for seen in made] == ["OK"] * len(ids)
    assert not any(seen.replayed for seen in made)
