"""Who owns a code now, and who owned it when."""

from __future__ import annotations

import pytest

from conftest import BIN, OTHER_BIN, Bench
from emitter.engine.history import CodeEventKind
from emitter.errors import Reason, Refused
from emitter.trade.circulation import DocumentKind
from emitter.trade.states import CodeState
from trading import THIRD_BIN, Trade


@pytest.fixture
def trade(bench: Bench) -> Trade:
    return Trade(bench)


def test_a_check_tells_the_owner_of_each_code(trade: Trade):
    engine, text = trade.bench.engine, b"\n".join([*trade.codes, b"?"])
    whose = [BIN] * 20

    def told() -> list[int]:
        verified = engine.verify(text)
        assert verified.buffer_index[-1] == -1
        assert {*range(len(verified.buffers))} == {*verified.buffer_index.tolist()} - {-1}
        names = {buffer.owner_bin: buffer.owner_name for buffer in verified.buffers}
        assert all(name == f"ТОО {bin_}" for bin_, name in names.items())
        return [verified.buffers[index].owner_bin for index in verified.buffer_index[:-1]]

    for first, count, sender, recipient in (
        (2, 5, BIN, OTHER_BIN), (4, 1, OTHER_BIN, THIRD_BIN), (5, 1, OTHER_BIN, BIN),
        (0, 2, BIN, THIRD_BIN), (7, 13, BIN, THIRD_BIN),
    ):  # fmt: skip
        indexes = range(first, first + count)
        made = trade.ship(trade.text(*indexes), recipient, sender)
        assert told() == whose  # on the way they are the sender's
        trade.accept(made.transfer.transfer_id, recipient)
        whose[first : first + count] = [recipient] * count
        assert told() == whose


def told(trade: Trade, code: bytes, bin_: int | None) -> list[tuple]:
    """Return the events of a code: what, by whom, with whom, and the owner after it."""
    history = trade.bench.engine.history(code, bin_)
    assert (history.owner, history.names[history.owner]) == (
        history.events[-1].owner, f"ТОО {history.owner}"
    )  # fmt: skip
    times = [event.at_us for event in history.events]
    assert times == sorted(times)
    return [(event.document or event.kind, event.bin, event.other, event.owner)
            for event in history.events]  # fmt: skip


BORN = [(CodeEventKind.EMITTED, BIN, 0, BIN), (CodeEventKind.DELIVERED, BIN, 0, BIN),
        (DocumentKind.INTRODUCTION, BIN, 0, BIN)]  # fmt: skip


def test_a_code_tells_who_owned_it_when(trade: Trade):
    clock, code = trade.bench.clock, trade.codes[4]
    clock.pass_days(1)
    first = trade.ship(trade.span(0, 10)).transfer.transfer_id
    assert trade.bench.engine.history(code, None).recipient == OTHER_BIN
    clock.pass_days(1)
    trade.accept(first, all_but=trade.text(3))
    second = trade.ship(trade.text(4), THIRD_BIN, OTHER_BIN).transfer.transfer_id
    trade.reject(second, THIRD_BIN)
    third = trade.ship(trade.text(4), THIRD_BIN, OTHER_BIN).transfer.transfer_id
    trade.recall(third, OTHER_BIN)
    fourth = trade.ship(trade.text(4, 5), THIRD_BIN, OTHER_BIN).transfer.transfer_id
    trade.accept(fourth, THIRD_BIN)
    trade.withdraw(THIRD_BIN, trade.text(4))
    given = [(DocumentKind.SHIPMENT, BIN, OTHER_BIN, BIN),
             (DocumentKind.ACCEPTANCE, OTHER_BIN, BIN, OTHER_BIN)]  # fmt: skip
    further = [
        (DocumentKind.SHIPMENT, OTHER_BIN, THIRD_BIN, OTHER_BIN),
        (DocumentKind.REJECTION, THIRD_BIN, OTHER_BIN, OTHER_BIN),
        (DocumentKind.SHIPMENT, OTHER_BIN, THIRD_BIN, OTHER_BIN),
        (DocumentKind.RECALL, OTHER_BIN, THIRD_BIN, OTHER_BIN),
        (DocumentKind.SHIPMENT, OTHER_BIN, THIRD_BIN, OTHER_BIN),
        (DocumentKind.ACCEPTANCE, THIRD_BIN, OTHER_BIN, THIRD_BIN),
    ]
    sold = [(DocumentKind.WITHDRAWAL, THIRD_BIN, 0, THIRD_BIN)]
    assert told(trade, code, None) == BORN + given + further + sold
    assert told(trade, code, THIRD_BIN) == BORN + given + further + sold
    assert told(trade, code, OTHER_BIN) == BORN + given + further
    assert told(trade, code, BIN) == BORN + given
    assert trade.bench.engine.history(code, BIN).state is CodeState.INTRODUCED
    assert trade.bench.engine.history(code, None).state is CodeState.WITHDRAWN
    assert told(trade, trade.codes[3], BIN) == [
        *BORN, given[0], (CodeEventKind.RETURNED, OTHER_BIN, BIN, BIN)
    ]
    own = [event.id for event in trade.bench.engine.history(code, THIRD_BIN).events]
    assert [bool(name) for name in own] == [False] * 6 + [True] + [False] * 3 + [True, True]


def test_the_past_of_anothers_code_is_not_found(trade: Trade):
    engine, code = trade.bench.engine, trade.codes[0]
    forged = code[:-1] + (b"A" if code[-1:] != b"A" else b"B")
    trade.ship(trade.text(0))
    for text, bin_, reason in (
        (code, OTHER_BIN, Reason.CODE_NOT_OWNED),  # shipped to it, not accepted
        (code, THIRD_BIN, Reason.CODE_NOT_OWNED),
        (forged, BIN, Reason.CODE_NOT_OWNED),
        (forged, None, Reason.CODE_FORGED),
        (b"?", None, Reason.CODE_UNPARSABLE),
        (b"", BIN, Reason.FIELD_INVALID),
        (code + b"\n" + code, BIN, Reason.FIELD_INVALID),
    ):
        with pytest.raises(Refused) as refused:
            engine.history(text, bin_)
        assert refused.value.reason is reason
