"""Carrying out a batch of commands inside one transaction of the store.

Each command comes as a `Step`. A batch is worked off in rounds. In a round every step is *judged*
in turn against the rows: it is answered from memory, refused, or proposes what it would do. Then
the core applies the money movements of all proposals in one call, with a verdict each; and last
the proposals whose money moved are *settled*: their rows are written. The order of commit is the
order of rounds, and within a round the order of steps.

Steps that touch the same order or the same request id must see each other's rows, so they never
share a round: each names its `claims`, and a claim is taken by one step a round. What steps of a
round may share (the money of an account, the serials of a GTIN, the count of open orders) is
judged with what the steps before it have `planned`; a step that fails only because of plans that
may yet be refused asks for the next round (`Later`), and so does one that is refused while others
of its participant go ahead of it, for they may make room. The first step of a round sees no plans,
so every round ends at least one step.

Judging and settling touch nothing but the `Work`, so a transaction may run again.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from emitter.engine.money import move_money
from emitter.errors import Reason, Refusal, Refused
from emitter.store import packing, schema
from emitter.store.port import StoreError
from emitter.store.rows import RequestRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emitter.engine.money import Movement
    from emitter.engine.work import Work

_log = logging.getLogger(__name__)
_OK = int(Reason.OK)
_DAY_US = 86_400_000_000


class Later(Exception):  # noqa: N818 - a wish, not an error
    """Raised by a judge that cannot decide before the plans of this round are settled."""


class Proposal(NamedTuple):
    """What a step would do: money to move first, rows to write once it has moved.

    ``payload`` is kept in the request row and leads a repeat to what the command made; it is
    remembered for ``memory_us``, 0 for ever. The first step of a job is not the end of its command
    and so is not remembered.
    """

    settle: Callable[[], object]
    movement: Movement | None = None
    payload: bytes = b""
    memory_us: int = 0
    is_remembered: bool = True


class Answer(NamedTuple):
    """The verdict of an accepted command; ``replayed`` when it was remembered."""

    value: Any
    replayed: bool = False


class Step(Protocol):
    """A command made ready for its transaction."""

    bin: int  # whose turn it takes in the queue
    request: bytes | None  # key of its request row
    digest: bytes
    id_field: str  # the field that carries the id, for refusals
    remembers_refusals: bool
    rows_max: int  # rows it writes at most, request row and journal included: a batch counts them

    def claims(self) -> tuple[bytes, ...]:
        """Return what no other step of the round may touch."""

    def reads(self) -> tuple[bytes, ...]:
        """Return the keys it will want, so that a batch fetches them in one call."""

    def judge(self, work: Work) -> Proposal:
        """Return the proposal; raise `Refused` or `Later`."""

    def recall(self, work: Work, payload: bytes, /) -> object:
        """Return the value of an accepted command that came again."""


class Unremembered:
    """What steps have in common that have no request row: their repeat is a command like any."""

    request: bytes | None = None
    digest = b""
    remembers_refusals = False

    def recall(self, _work: Work, _payload: bytes) -> object:
        """Never called: nothing leads to what the command made."""
        raise AssertionError("without a request row nothing is recalled")


Verdict = Answer | Refused


def carry_out(steps: Sequence[Step], work: Work, refusal_memory_days: int) -> list[Verdict]:
    """Judge and settle all steps in rounds; return a verdict for each. Writes nothing yet."""
    work.fetch([key for step in steps for key in step.reads()])
    verdicts: dict[int, Verdict] = {}
    pending = list(range(len(steps)))
    while pending:
        pending = _round(steps, pending, work, verdicts, refusal_memory_days)
    return [verdicts[index] for index in range(len(steps))]


def _round(
    steps: Sequence[Step],
    pending: list[int],
    work: Work,
    verdicts: dict[int, Verdict],
    refusal_memory_days: int,
) -> list[int]:
    """Work off what one round can; return the steps that are left for the next."""
    work.planned.clear()
    work.proposing.clear()
    taken: set[bytes] = set()
    later: list[int] = []
    proposals: list[tuple[int, Proposal]] = []
    for index in pending:
        step = steps[index]
        claims = step.claims()
        if not taken.isdisjoint(claims):
            taken.update(claims)
            later.append(index)
            continue
        taken.update(claims)
        try:
            outcome = _remembered(step, work) or _judge(step, work)
        except Later:
            later.append(index)
        except Refused as refused:
            verdicts[index] = _refuse(step, refused, work, refusal_memory_days)
        else:
            if isinstance(outcome, Proposal):
                proposals.append((index, outcome))
                work.proposing.add(step.bin)
            else:
                verdicts[index] = outcome
    refusals = move_money([p.movement for _, p in proposals], work)
    for (index, proposal), unmoved in zip(proposals, refusals, strict=True):
        step = steps[index]
        if unmoved is not None:
            verdicts[index] = _refuse(step, unmoved, work, refusal_memory_days)
            continue
        verdicts[index] = Answer(proposal.settle())
        if step.request is not None and proposal.is_remembered:
            _remember(step.request, step.digest, proposal, work)
    work.pack()
    return later


def _judge(step: Step, work: Work) -> Proposal:
    """Judge a step; what goes ahead of it may make room, and its failure harms no neighbour."""
    try:
        return step.judge(work)
    except Refused:
        if step.bin in work.proposing:
            raise Later from None
        raise
    except (Later, StoreError):
        raise
    except Exception:  # noqa: BLE001 - whatever it was, the neighbours go on
        _log.exception("a command could not be judged")
        raise Refused(Reason.INTERNAL) from None


def _remembered(step: Step, work: Work) -> Verdict | None:
    """Return the verdict that a request row holds for this step, None for a new request."""
    if step.request is None or (packed := work.get(step.request)) is None:
        return None
    row = RequestRow.unpack(packed)
    if row.expires_us and row.expires_us <= work.now_us:
        return None
    if row.digest != step.digest:
        return Refused(Reason.REQUEST_DIFFERS, field=step.id_field)
    if row.reason:
        return Refused.again(Refusal(Reason(row.reason), json.loads(row.payload), replayed=True))
    return Answer(step.recall(work, row.payload), replayed=True)


def _remember(request: bytes, digest: bytes, proposal: Proposal, work: Work) -> None:
    """Keep what an accepted command made, so that a repeat is led to it."""
    expires_us = work.now_us + proposal.memory_us if proposal.memory_us else 0
    work.lay(packing.REQUEST, (request, digest, _OK, work.now_us, expires_us, proposal.payload))
    if expires_us:
        work.put(schema.expiry_key(expires_us, request), b"")


def _refuse(step: Step, refused: Refused, work: Work, memory_days: int) -> Refused:
    """Keep the verdict where it comes from state, so that a repeat hears the same."""
    if step.request is not None and step.remembers_refusals and refused.reason.is_remembered:
        expires_us = work.now_us + memory_days * _DAY_US
        details = json.dumps(dict(refused.refusal.details)).encode()
        row = RequestRow(step.digest, refused.reason, work.now_us, expires_us, details)
        work.put(step.request, row.pack())
        work.put(schema.expiry_key(expires_us, step.request), b"")
    return refused
