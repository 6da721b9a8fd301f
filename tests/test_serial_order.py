"""The search for an order of commit finds one where there is one, and no lie gets past it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audits import Audit, shown
from conftest import BIN, DAY, SHOES, Bench
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
    ReportCodes,
)
from emitter.errors import Refused
from emitter.trade.circulation import DocumentKind, DocumentStatus
from emitter.trade.templates import Group
from model import Model
from serial_order import Seen, explain
from stock import product

if TYPE_CHECKING:
    from emitter.engine.commands import Command
    from model_values import Line

GROSS_100 = 31_088


class Witness:
    """Sees an engine carry out commands, and what its journal gains."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.model = Model(bench.engine.limits)
        self._audit = Audit(None)
        self.tell(self.see(
            RegisterParticipant(BIN, "ТОО", DAY),
            ActivateParticipant(BIN, DAY),
            product(BIN, SHOES, Group.SHOES),
            CreditAccount(BIN, 2 * GROSS_100, "payment"),
        ))  # fmt: skip

    def see(self, *commands: Command) -> list[Seen]:
        """Carry the commands out one after the other."""
        return [self._one(command) for command in commands]

    def _one(self, command: Command) -> Seen:
        try:
            answer = self.bench.engine.execute(command)
        except Refused as refused:
            refusal = refused.refusal
            return Seen(command, refusal.reason.name, dict(refusal.details), refusal.replayed)
        told = shown(self.bench.engine, answer.value)
        return Seen(command, "OK", told, answer.replayed, answer.value)

    def lines(self) -> dict[int, tuple[Line, ...]]:
        """Return what the journal has gained."""
        return {BIN: self._audit.new_lines(self.bench.engine, BIN, self.bench.clock())}

    def tell(self, seen: list[Seen], lines: dict[int, tuple[Line, ...]] | None = None) -> None:
        """Hold what was seen against the model."""
        if lines is None:
            lines = self.lines()
        self.model = explain(self.model, seen, self.bench.clock(), lines)


@pytest.fixture
def witness(bench: Bench) -> Witness:
    return Witness(bench)


def order(request_id: str, quantity: int = 100) -> CreateOrder:
    return CreateOrder(BIN, request_id, (OrderLine(SHOES, quantity, 1),))


def test_the_order_of_commit_is_found_whatever_the_order_of_hearing(witness: Witness) -> None:
    seen = witness.see(order("1"), order("2", 30), order("3", 90), order("4", 71))
    lines = witness.lines()
    assert [one.reason for one in seen] == ["OK", "OK", "FUNDS_INSUFFICIENT", "FUNDS_INSUFFICIENT"]
    before = witness.model
    for heard in itertools.permutations(seen):
        witness.model = before
        witness.tell(list(heard), lines)
        assert len(witness.model.orders) == 2


def test_a_refusal_stands_where_the_money_was_short(witness: Witness) -> None:
    """Refused between an order and its closing: before and after there was money enough."""
    seen = witness.see(order("1", 150))
    seen += witness.see(order("2", 60), CloseOrder(BIN, "c", seen[0].value.order_id))
    assert [one.reason for one in seen] == ["OK", "FUNDS_INSUFFICIENT", "OK"]
    witness.tell([seen[1], seen[2], seen[0]])


def test_commands_on_one_order_keep_their_order(witness: Witness) -> None:
    (made,) = witness.see(order("1"))
    witness.tell([made])
    close = CloseOrder(BIN, "c", made.value.order_id)
    deliver = DeliverBlock(BIN, made.value.order_id, SHOES, "b", 40)
    seen = witness.see(deliver, close)
    lines = witness.lines()
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([seen[1], seen[0]], lines)
    witness.tell(seen, lines)


LIES = {
    "a refusal of what would have fitted": lambda s: s._replace(
        reason="FUNDS_INSUFFICIENT", details={"missing_tiyn": "1"}, value=None
    ),
    "an acceptance said to be a repeat": lambda s: s._replace(replayed=True),
    "other counters": lambda s: s._replace(
        value=s.value._replace(
            row=s.value.row._replace(buffers=(s.value.row.buffers[0]._replace(first=1),))
        )
    ),
    "another state": lambda s: s._replace(
        value=s.value._replace(row=s.value.row._replace(state=6))
    ),
    "another VAT rate": lambda s: s._replace(
        value=s.value._replace(
            row=s.value.row._replace(buffers=(s.value.row.buffers[0]._replace(vat_bp=1200),))
        )
    ),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_about_an_order_is_noticed(witness: Witness, lie) -> None:
    seen = witness.see(order("1"))
    lines = witness.lines()
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([lie(seen[0])], lines)
    witness.tell(seen, lines)


def test_a_wrong_sum_is_noticed(witness: Witness) -> None:
    """In a refusal, in a block, and in the journal."""
    (made, short) = witness.see(order("1"), order("2", 101))
    lines = witness.lines()
    wrong = short._replace(details={**short.details, "missing_tiyn": "1"})
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([made, wrong], lines)
    missing = {BIN: lines[BIN][:-1]}
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([made, short], missing)
    twice = {BIN: lines[BIN] * 2}
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([made, short], twice)
    witness.tell([made, short], lines)
    (block,) = witness.see(DeliverBlock(BIN, made.value.order_id, SHOES, "b", 40))
    row = block.value.row
    dear = block.value._replace(row=row._replace(net_tiyn=row.net_tiyn + 1))
    lines = witness.lines()
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([block._replace(value=dear)], lines)
    witness.tell([block], lines)


def test_a_verdict_in_doubt_may_be_first_or_a_repeat(witness: Witness) -> None:
    """A commit in doubt took place; the verdict was found out by asking again."""
    (made,) = witness.see(order("1"))
    (again,) = witness.see(order("1"))
    witness.tell([made._replace(replayed=None), again])
    (closed,) = witness.see(CloseOrder(BIN, "c", made.value.order_id))
    witness.tell([closed, again._replace(replayed=None)])


REPORT_LIES = {
    "a report of other codes": {"moved": 9},
    "a report that was refused": {"status": DocumentStatus.REJECTED},
    "a report of another kind": {"kind": DocumentKind.DROPOUT},
    "codes named in vain": {"in_vain": 1},
}


@pytest.mark.parametrize("lie", REPORT_LIES.values(), ids=REPORT_LIES)
def test_a_lie_about_a_report_is_noticed(witness: Witness, lie) -> None:
    (made,) = witness.see(order("1"))
    span = CodeSpan(made.value.order_id, SHOES, 0, 10)
    deliver = DeliverBlock(BIN, made.value.order_id, SHOES, "b", 40)
    report = ReportCodes(BIN, "r", DocumentKind.UTILISATION, CodeSet(spans=(span,)))
    early, delivered, told = witness.see(replace(report, request_id="early"), deliver, report)
    lines = witness.lines()
    wrong = told._replace(value=told.value._replace(row=told.value.row._replace(**lie)))
    with pytest.raises(AssertionError, match="no order of the commands"):
        witness.tell([made, early, delivered, wrong], lines)
    witness.tell([made, early, delivered, told], lines)
    statuses = [document.status for document in witness.model.documents.values()]
    assert statuses == ["REJECTED", "ACCEPTED"]
