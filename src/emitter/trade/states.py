"""The machines of order, buffer and code: complete grids of state and event.

A grid is written as the table it is: a row a state, a column an event, in a cell the next state or
``-``, a written refusal. The import fails unless every state and every event is there once. From
the same grid come the look-up ``machine.grid[state][event]``, the packed form for the core and the
diagrams of the documentation.

Orders and buffers use the stations' own words; codes follow DOMAIN C2. That a label was put on
goods (utilisation) is a flag beside the state of a code, not a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from emitter.errors import Reason, Refused
from emitter.trade.titled import Titled, Titles


class OrderState(Titled):
    """State of an order, in the stations' words."""

    CREATED = (1, "Created", "Создана")
    PENDING = (2, "Awaiting a decision", "Ожидает подтверждения")
    DECLINED = (3, "Declined", "Отклонена")
    APPROVED = (4, "Approved, codes are being made", "Подтверждена, коды формируются")
    READY = (5, "Codes are ready", "Коды готовы")
    CLOSED = (6, "Closed", "Закрыта")
    EXPIRED = (7, "Expired", "Срок истёк")


class OrderEvent(Titled):
    """What can happen to an order."""

    REGISTER = (1, "Register for a decision", "Зарегистрировать")
    APPROVE = (2, "Approve", "Подтвердить")
    EMIT = (3, "Emit the codes and reserve the money", "Эмитировать коды с резервом денег")
    DECLINE = (4, "Decline", "Отклонить")
    DELIVER = (5, "Deliver a block", "Выгрузить блок")
    CLOSE = (6, "Close all buffers", "Закрыть все буферы")
    EXPIRE = (7, "Expire", "Истёк срок")


class BufferState(Titled):
    """State of a buffer, in the stations' words."""

    PENDING = (1, "Codes are being made", "Коды формируются")
    ACTIVE = (2, "Codes are available", "Коды доступны")
    EXHAUSTED = (3, "All codes delivered", "Все коды выгружены")
    REJECTED = (4, "Rejected", "Отклонён")
    CLOSED = (5, "Closed", "Закрыт")
    EXPIRED = (6, "Expired", "Срок истёк")


class BufferEvent(Titled):
    """What can happen to a buffer."""

    EMIT = (1, "Emit the codes", "Эмитировать коды")
    DELIVER_PART = (2, "Deliver a block and leave some", "Выгрузить часть остатка")
    DELIVER_REST = (3, "Deliver all that is left", "Выгрузить весь остаток")
    CLOSE = (4, "Close", "Закрыть")
    EXPIRE = (5, "Expire", "Истёк срок")
    REJECT = (6, "Reject", "Отклонить")


class CodeState(Titled):
    """State of a code (DOMAIN C2)."""

    EMITTED = (1, "Emitted", "Эмитирован")
    APPLIED_AND_PAID = (2, "Applied and paid", "Нанесён и оплачен")
    INTRODUCED = (3, "In circulation", "Введён в оборот")
    WITHDRAWN = (4, "Withdrawn from circulation", "Выведен из оборота")
    WRITTEN_OFF = (5, "Written off", "Списан")
    ANNULLED = (6, "Annulled", "Аннулирован")


class CodeEvent(Titled):
    """What can happen to a code."""

    DELIVER = (1, "Deliver", "Выгрузить")
    INTRODUCE = (2, "Introduce into circulation", "Ввести в оборот")
    WITHDRAW = (3, "Withdraw from circulation", "Вывести из оборота")
    RETURN = (4, "Return into circulation", "Вернуть в оборот")
    WRITE_OFF = (5, "Write off", "Списать")
    ANNUL = (6, "Annul", "Аннулировать")


class TransferState(Titled):
    """State of a transfer of goods to another participant."""

    SHIPPED = (1, "Shipped, not answered yet", "Отгружена, ожидает ответа")
    ACCEPTED = (2, "Accepted", "Принята")
    PARTLY_ACCEPTED = (3, "Accepted in part", "Принята частично")
    REJECTED = (4, "Rejected", "Отклонена получателем")
    RECALLED = (5, "Recalled", "Отозвана отправителем")


class TransferEvent(Titled):
    """What can happen to a transfer."""

    ACCEPT = (1, "Accept all", "Принять всё")
    ACCEPT_PART = (2, "Accept a part", "Принять часть")
    REJECT = (3, "Reject", "Отказаться от приёмки")
    RECALL = (4, "Recall", "Отозвать")


S = TypeVar("S", bound=Titled)
E = TypeVar("E", bound=Titled)


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, E]):
    """A complete grid: ``grid[state][event]`` is the next state, or None for a refusal."""

    name: str
    titles: Titles
    states: type[S]
    events: type[E]
    grid: tuple[tuple[S | None, ...], ...]


REFUSED_CELL = "-"


def read_machine(
    name: str, titles: Titles, states: type[S], events: type[E], table: str
) -> Machine[S, E]:
    """Return the machine drawn in ``table``; ValueError (KeyError for a word) if not complete.

    The first line names the events, each further line a state and its cells.
    """
    header, *rows = (line.split() for line in table.strip().splitlines())
    columns = [events[word] for word in header]
    states_of_rows = [states[row[0]] for row in rows]
    if sorted(columns) != sorted(events) or sorted(states_of_rows) != sorted(states):
        raise ValueError(f"{name}: the grid must have every state and every event once")
    grid: list[list[S | None]] = [[None] * (max(events) + 1) for _ in range(max(states) + 1)]
    for state, (_, *cells) in zip(states_of_rows, rows, strict=True):
        for event, cell in zip(columns, cells, strict=True):
            grid[state][event] = None if cell == REFUSED_CELL else states[cell]
    return Machine(name, titles, states, events, tuple(map(tuple, grid)))


ORDER = read_machine(
    "order",
    Titles("Order", "Заявка"),
    OrderState,
    OrderEvent,
    """
             REGISTER  APPROVE   EMIT   DECLINE   DELIVER  CLOSE   EXPIRE
    CREATED  PENDING   -         READY  DECLINED  -        CLOSED  -
    PENDING  -         APPROVED  -      DECLINED  -        CLOSED  -
    DECLINED -         -         -      -         -        -       -
    APPROVED -         -         READY  DECLINED  -        CLOSED  -
    READY    -         -         -      -         READY    CLOSED  EXPIRED
    CLOSED   -         -         -      -         -        -       -
    EXPIRED  -         -         -      -         -        -       -
    """,
)
"""An order whose codes are emitted in the step that creates it goes straight to READY."""

BUFFER = read_machine(
    "buffer",
    Titles("Buffer", "Буфер"),
    BufferState,
    BufferEvent,
    """
              EMIT    DELIVER_PART  DELIVER_REST  CLOSE   EXPIRE   REJECT
    PENDING   ACTIVE  -             -             CLOSED  -        REJECTED
    ACTIVE    -       ACTIVE        EXHAUSTED     CLOSED  EXPIRED  -
    EXHAUSTED -       -             -             CLOSED  -        -
    REJECTED  -       -             -             -       -        -
    CLOSED    -       -             -             -       -        -
    EXPIRED   -       -             -             -       -        -
    """,
)
"""Delivering a block again is no event. Nothing is left to expire once all has been delivered."""

CODE = read_machine(
    "code",
    Titles("Code", "Код маркировки"),
    CodeState,
    CodeEvent,
    """
                     DELIVER           INTRODUCE   WITHDRAW   RETURN      WRITE_OFF    ANNUL
    EMITTED          APPLIED_AND_PAID  -           -          -           -            ANNULLED
    APPLIED_AND_PAID -                 INTRODUCED  -          -           WRITTEN_OFF  -
    INTRODUCED       -                 -           WITHDRAWN  -           WRITTEN_OFF  -
    WITHDRAWN        -                 -           -          INTRODUCED  -            -
    WRITTEN_OFF      -                 -           -          -           -            -
    ANNULLED         -                 -           -          -           -            -
    """,
)

TRANSFER = read_machine(
    "transfer",
    Titles("Transfer", "Передача"),
    TransferState,
    TransferEvent,
    """
                     ACCEPT    ACCEPT_PART      REJECT    RECALL
    SHIPPED          ACCEPTED  PARTLY_ACCEPTED  REJECTED  RECALLED
    ACCEPTED         -         -                -         -
    PARTLY_ACCEPTED  -         -                -         -
    REJECTED         -         -                -         -
    RECALLED         -         -                -         -
    """,
)
"""The recipient accepts or rejects, the sender recalls: one answer ends a transfer."""


def next_state(machine: Machine[S, E], state: S, event: E, **who: object) -> S:
    """Return the state that follows; a refused cell is TRANSITION_REFUSED.

    ``who`` names the object (``order_id=…``, ``gtin=…``): the refusal carries these details, and
    its sentence the titles of machine, state and event with their values.
    """
    following = machine.grid[state][event]
    if following is None:
        names = list(map(str, who.values()))
        read = {
            f"{detail}_{language}": " ".join([title, *values])
            for detail, titles, values in (
                ("object", machine.titles, names),
                ("state", state.titles, []),
                ("event", event.titles, []),
            )
            for language, title in titles._asdict().items()
        }
        raise Refused(
            Reason.TRANSITION_REFUSED,
            object=" ".join([machine.name, *names]),
            state=state.name,
            event=event.name,
            **read,
            **who,
        )
    return following


def packed(machine: Machine[S, E]) -> bytes:
    """Return the grid as bytes for the core: next = packed[state * width + event], 0 a refusal.

    ``width`` is the highest event value plus one; row 0 and column 0 are there and refuse.
    """
    return bytes(cell or 0 for row in machine.grid for cell in row)


def diagram(machine: Machine[S, E]) -> str:
    """Return the grid as a Markdown table for the documentation."""
    lines = [
        [machine.name, *(event.name for event in machine.events)],
        ["---"] * (len(machine.events) + 1),
    ]
    for state in machine.states:
        cells = (machine.grid[state][event] for event in machine.events)
        lines.append([state.name, *(REFUSED_CELL if cell is None else cell.name for cell in cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
