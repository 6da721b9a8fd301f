"""The machines: every cell of the grids, read again from tables written here by hand."""

from __future__ import annotations

import pytest

from emitter.errors import Reason, Refused
from emitter.trade import states
from emitter.trade.states import (
    BUFFER,
    CODE,
    ORDER,
    BufferEvent,
    BufferState,
    CodeEvent,
    CodeState,
    OrderEvent,
    OrderState,
)
from emitter.trade.titled import Titles

MACHINES = (ORDER, BUFFER, CODE)

# Every move that is allowed; all others are refused.
ALLOWED = {
    "order": {
        "CREATED": {
            "REGISTER": "PENDING", "EMIT": "READY", "DECLINE": "DECLINED", "CLOSE": "CLOSED",
        },
        "PENDING": {"APPROVE": "APPROVED", "DECLINE": "DECLINED", "CLOSE": "CLOSED"},
        "APPROVED": {"EMIT": "READY", "DECLINE": "DECLINED", "CLOSE": "CLOSED"},
        "READY": {"DELIVER": "READY", "CLOSE": "CLOSED", "EXPIRE": "EXPIRED"},
    },
    "buffer": {
        "PENDING": {"EMIT": "ACTIVE", "CLOSE": "CLOSED", "REJECT": "REJECTED"},
        "ACTIVE": {
            "DELIVER_PART": "ACTIVE", "DELIVER_REST": "EXHAUSTED", "CLOSE": "CLOSED",
            "EXPIRE": "EXPIRED",
        },
        "EXHAUSTED": {"CLOSE": "CLOSED"},
    },
    "code": {
        "EMITTED": {"DELIVER": "APPLIED_AND_PAID", "ANNUL": "ANNULLED"},
        "APPLIED_AND_PAID": {"INTRODUCE": "INTRODUCED", "WRITE_OFF": "WRITTEN_OFF"},
        "INTRODUCED": {"WITHDRAW": "WITHDRAWN", "WRITE_OFF": "WRITTEN_OFF"},
        "WITHDRAWN": {"RETURN": "INTRODUCED"},
    },
}  # fmt: skip

CELLS = [
    pytest.param(machine, state, event, id=f"{machine.name}-{state.name}-{event.name}")
    for machine in MACHINES
    for state in machine.states
    for event in machine.events
]


@pytest.mark.parametrize(("machine", "state", "event"), CELLS)
def test_every_cell_moves_or_refuses_as_written(machine, state, event) -> None:
    expected = ALLOWED[machine.name].get(state.name, {}).get(event.name)
    cell = machine.grid[state][event]
    assert (cell and cell.name) == expected
    if expected:
        assert states.next_state(machine, state, event) is machine.states[expected]
    else:
        with pytest.raises(Refused) as caught:
            states.next_state(machine, state, event, gtin="04600439931256")
        refusal = caught.value.refusal
        assert refusal.reason is Reason.TRANSITION_REFUSED
        assert refusal.details == {
            "object": f"{machine.name} 04600439931256",
            "state": state.name,
            "event": event.name,
            "gtin": "04600439931256",
            "object_en": f"{machine.titles.en} 04600439931256",
            "object_ru": f"{machine.titles.ru} 04600439931256",
            "state_en": state.titles.en,
            "state_ru": state.titles.ru,
            "event_en": event.titles.en,
            "event_ru": event.titles.ru,
        }


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_packed_grid_is_the_grid_and_refuses_at_zero(machine) -> None:
    grid = states.packed(machine)
    width = max(machine.events) + 1
    assert len(grid) == (max(machine.states) + 1) * width
    for state in range(max(machine.states) + 1):
        for event in range(width):
            cell = machine.grid[state][event] if state and event else None
            assert grid[state * width + event] == (cell or 0)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached_from_the_first(machine) -> None:
    reached, frontier = set(), {next(iter(machine.states))}
    while frontier:
        reached |= frontier
        cells = (machine.grid[state][event] for state in frontier for event in machine.events)
        frontier = {cell for cell in cells if cell} - reached
    assert reached == set(machine.states)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_values_begin_at_one_without_gaps_and_titles_are_in_two_languages(machine) -> None:
    for members in (machine.states, machine.events):
        assert [member.value for member in members] == list(range(1, len(members) + 1))
        for member in members:
            assert member.titles.en
            assert any("а" <= letter <= "я" for letter in member.titles.ru.lower())


def test_the_stations_words_are_all_there() -> None:
    orders = {"CREATED", "PENDING", "DECLINED", "APPROVED", "READY", "CLOSED", "EXPIRED"}
    buffers = {"PENDING", "ACTIVE", "EXHAUSTED", "REJECTED", "CLOSED", "EXPIRED"}
    assert {state.name for state in OrderState} == orders
    assert {state.name for state in BufferState} == buffers


def test_a_refusal_names_the_object_the_state_and_the_move() -> None:
    with pytest.raises(Refused) as caught:
        states.next_state(CODE, CodeState.EMITTED, CodeEvent.INTRODUCE, gtin="1", serial="3x")
    assert caught.value.refusal.sentence() == (
        "Code 1 3x is in the state “Emitted”: “Introduce into circulation” is not possible."
    )
    assert caught.value.refusal.sentence("ru") == (
        "Код маркировки 1 3x: в состоянии «Эмитирован» действие «Ввести в оборот» невозможно."
    )


def test_a_closed_buffer_cannot_be_closed_and_a_ready_order_can() -> None:
    with pytest.raises(Refused, match="Buffer is in the state “Closed”: “Close”"):
        states.next_state(BUFFER, BufferState.CLOSED, BufferEvent.CLOSE)
    ready = states.next_state(ORDER, OrderState.CREATED, OrderEvent.EMIT)
    assert states.next_state(ORDER, ready, OrderEvent.CLOSE) is OrderState.CLOSED


TABLE = """
              EMIT DELIVER_PART DELIVER_REST CLOSE EXPIRE REJECT
    PENDING   -    -            -            -     -      -
    ACTIVE    -    -            -            -     -      -
    EXHAUSTED -    -            -            -     -      -
    REJECTED  -    -            -            -     -      -
    CLOSED    -    -            -            -     -      -
    EXPIRED   -    -            -            -     -      -
"""


def lines_without(word: str) -> str:
    return "\n".join(line for line in TABLE.splitlines() if word not in line)


@pytest.mark.parametrize(
    "table",
    [
        lines_without("EXHAUSTED"),
        TABLE + "    ACTIVE - - - - - -",
        TABLE.replace("EMIT", "CLOSE"),
        TABLE.replace("EMIT ", "     "),
        TABLE.replace("REJECTED  -", "REJECTED   "),
        TABLE.replace("REJECTED  -", "REJECTED  READY"),
        TABLE.replace("REJECTED  -", "GONE      -"),
    ],
    ids=[
        "state-missing", "state-twice", "event-twice", "event-missing", "cell-missing",
        "cell-unknown", "state-unknown",
    ],
)  # fmt: skip
def test_a_grid_with_a_hole_is_not_a_machine(table: str) -> None:
    read = states.read_machine
    assert read("buffer", Titles("", ""), BufferState, BufferEvent, TABLE)
    with pytest.raises((ValueError, KeyError)):
        read("buffer", Titles("", ""), BufferState, BufferEvent, table)


def test_a_diagram_is_the_grid_in_markdown() -> None:
    lines = states.diagram(CODE).splitlines()
    assert lines[0] == "| code | DELIVER | INTRODUCE | WITHDRAW | RETURN | WRITE_OFF | ANNUL |"
    assert lines[1] == "| --- | --- | --- | --- | --- | --- | --- |"
    assert lines[2] == "| EMITTED | APPLIED_AND_PAID | - | - | - | - | ANNULLED |"
    assert len(lines) == 2 + len(CodeState)
