"""Orders with self-made serials: kept one by one, each with a row that makes it unique for ever.

A buffer's serials lie in parts, in the order of its codes; a row for each serial leads to the
order, the buffer and the index. An order whose rows fit one step of the writer is one step. A
larger one is a job: its serials are staged under the id of the order that is to come, and the last
step makes the order, which reserves the money. A serial is issued when its order is there: nobody
sees what a job has staged, and what a discarded one has left may be overwritten.

Orders of one GTIN that are jobs run one after the other; small ones meet in the writer, where an
order that brings the same serials comes a round later and sees what the first has written.
"""

from __future__ import annotations

import itertools
import json
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.batch import Proposal
from emitter.engine.job_steps import STEP_ROWS, ForgetStep, JobStep
from emitter.engine.orders import CreateOrderStep
from emitter.engine.participants import require_account
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.job_rows import JobKind, JobRow, JobStatus
from emitter.store.scanning import scan_store
from emitter.store.serial_rows import HOLDER_SIZE, SERIALS_A_ROW, SerialRow
from emitter.trade.serials import offenders, require_free_counters, require_serials
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.batch import Answer, Step
    from emitter.engine.commands import CreateOrder
    from emitter.engine.job_steps import Steps
    from emitter.engine.keys import KeyRing
    from emitter.engine.orders import OrderView, Terms
    from emitter.engine.work import Work
    from emitter.store.port import Store

_WEIGHT = 100  # of an order, whatever it brings along
_PARTS_A_STEP = 8


class _Key(NamedTuple):
    """The key of a serial's row, and where the serial stands in the order."""

    key: bytes
    line: int
    code_index: int


class Serials:
    """The serials of one line: rows of characters without country digits, in order of codes."""

    def __init__(
        self, line: int, gtin: int, template_id: int, characters: NDArray[np.uint8]
    ) -> None:
        self.line = line
        self.gtin = gtin
        self.template_id = template_id
        self.characters = characters
        size = characters.shape[1]
        self._order = np.argsort(np.ascontiguousarray(characters).view(f"S{size}").ravel())

    def __len__(self) -> int:
        return len(self.characters)

    def slices(self) -> Iterator[list[_Key]]:
        """Yield the keys that make them unique, a step's at a time, in the order of the store."""
        digit = TEMPLATES[self.template_id].form.country_digit.encode()
        prefix = schema.own_serial_key(self.gtin, digit)
        size = self.characters.shape[1]
        for at in range(0, len(self), STEP_ROWS):
            taken = self._order[at : at + STEP_ROWS]
            text = self.characters[taken].tobytes()
            yield [
                _Key(prefix + text[n * size : (n + 1) * size], self.line, code_index)
                for n, code_index in enumerate(taken.tolist())
            ]

    def parts(self, bin_: int, order_id: UUID) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows that hold them."""
        for part, at in enumerate(range(0, len(self), SERIALS_A_ROW)):
            key = schema.serials_key(bin_, order_id, self.gtin, part)
            yield key, self.characters[at : at + SERIALS_A_ROW].tobytes()


def _taken(work: Work, keys: Sequence[_Key]) -> list[_Key]:
    """Return those that lead to an order that is there."""
    found = [(key, SerialRow.unpack(row)) for key in keys if (row := work.get(key.key))]
    work.fetch([schema.order_key(row.bin, row.order_id) for _, row in found])
    return [key for key, row in found if work.get(schema.order_key(row.bin, row.order_id))]


class SelfMadeOrder:
    """The plan of an order with self-made serials; refuses what is wrong with them by form."""

    def __init__(self, command: CreateOrder, order_id: UUID, keys: KeyRing, limit: int) -> None:
        self.command = command
        self.bin = command.bin
        self.job_id = order_id
        self._new_step = (command, order_id, keys, limit)
        self.lines: list[Serials] = []
        for index, line in enumerate(command.lines):
            if line.serials:
                form = TEMPLATES[line.template_id].form
                name = f"lines[{index}].serial_numbers"
                characters = require_serials(line.serials, form, name)
                require_free_counters(characters, form, line.gtin, keys.serial_key, name)
                self.lines.append(Serials(index, line.gtin, line.template_id, characters))
        count = sum(map(len, self.lines))
        self.weight = count + _WEIGHT
        self.stages = count > STEP_ROWS
        gtins = frozenset(schema.own_serials_prefix(serials.gtin) for serials in self.lines)
        request = schema.request_key(
            self.bin, schema.RequestKind.CREATE_ORDER, command.request_id.encode()
        )
        self.holds = frozenset((request,)) | (gtins if self.stages else frozenset())
        self.shares = frozenset() if self.stages else gtins

    def slices(self) -> Iterator[list[_Key]]:
        """Yield the keys of all serials, a step's at a time."""
        for serials in sorted(self.lines, key=lambda serials: serials.gtin):
            yield from serials.slices()

    def parts(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows that hold the serials of all buffers."""
        for serials in self.lines:
            yield from serials.parts(self.bin, self.job_id)

    def steps(self) -> Steps:
        """Yield the one step, or the first, those that stage, and the one that makes the order."""
        if not self.stages:
            return (yield _WholeStep(self, *self._new_step))
        answer = yield _OpenStep(self, *self._new_step)
        if answer.value is None:  # money is missing, but what the serials are refused for is told
            taken = yield from self._look_up()
            answer = yield _OpenStep(self, *self._new_step, taken=taken)
        if answer.replayed:
            return answer
        parts = self.parts()
        while rows := list(itertools.islice(parts, _PARTS_A_STEP)):
            yield _StagePartsStep(self.bin, self.job_id, rows)
        try:
            for keys in self.slices():
                yield _StageKeysStep(self.bin, self.job_id, keys)
        except Refused as refused:
            if refused.reason is not Reason.SERIALS_TAKEN:
                raise
            taken = yield from self._look_up()
            yield _OpenStep(self, *self._new_step, taken=taken)
        return (yield _LastStep(*self._new_step))

    def _look_up(self) -> Generator[Step, Answer, list[_Key]]:
        """Yield the steps that find all serials that are taken, and return them."""
        taken: list[_Key] = []
        for keys in self.slices():
            answer = yield _LookUpStep(self.bin, self.job_id, keys)
            taken += answer.value
        return taken

    def refusal(self, taken: list[_Key]) -> Refused:
        """Return the refusal of an order for serials that others have: of the first such line."""
        line = min(key.line for key in taken)
        given = self.command.lines[line].serials
        found = sorted((key.code_index, given[key.code_index]) for key in taken if key.line == line)
        return offenders(Reason.SERIALS_TAKEN, f"lines[{line}].serial_numbers", found)


class _WholeStep(CreateOrderStep):
    """An order whose serials fit one step, with all its rows."""

    def __init__(self, plan: SelfMadeOrder, *order: object) -> None:
        super().__init__(*order)  # type: ignore[arg-type]
        self._plan = plan
        self._keys_of_serials = [key for keys in plan.slices() for key in keys]
        self._parts = list(plan.parts())
        self.rows_max += len(self._keys_of_serials) + len(self._parts)

    def claims(self) -> tuple[bytes, ...]:
        """Return the request and the serials: who brings the same sees what this one writes."""
        return (*super().claims(), *[key.key for key in self._keys_of_serials])

    def reads(self) -> tuple[bytes, ...]:
        """Return what an order is judged by, and the serials."""
        return (*super().reads(), *[key.key for key in self._keys_of_serials])

    def judge(self, work: Work) -> Proposal:
        """Propose the order, unless a serial is taken."""
        proposal = super().judge(work)
        if taken := _taken(work, self._keys_of_serials):
            raise self._plan.refusal(taken)
        return proposal._replace(settle=partial(self._write, work, proposal))

    def _write(self, work: Work, proposal: Proposal) -> object:
        for key, row in self._parts:
            work.put(key, row)
        _put_keys(work, self._keys_of_serials, self.bin, self.order_id)
        return proposal.settle()


class _OpenStep(CreateOrderStep):
    """Judge an order and open its job, or refuse it for good once it is known what is ``taken``.

    Its value is the order's id; None, and no job, where money is missing and serials were not yet
    looked up, which come first.
    """

    def __init__(
        self, plan: SelfMadeOrder, *order: object, taken: list[_Key] | None = None
    ) -> None:
        super().__init__(*order)  # type: ignore[arg-type]
        self._plan = plan
        self._taken = taken

    def judge(self, work: Work) -> Proposal:
        """Propose the row of the job."""
        movement = super().judge(work).movement
        if self._taken:
            raise self._plan.refusal(self._taken)
        available = require_account(work, self.bin).available
        missing = 0 if movement is None else movement.amount - available
        if missing > 0 and self._taken is not None:
            raise Refused(Reason.FUNDS_INSUFFICIENT, missing_tiyn=missing)
        return Proposal(partial(self._open, work, missing > 0), is_remembered=False)

    def _open(self, work: Work, is_poor: bool) -> UUID | None:  # noqa: FBT001 - inside
        if is_poor:
            return None
        lines = [(s.gtin, s.template_id) for s in self._plan.lines]
        row = JobRow(
            JobKind.ORDER, JobStatus.STAGING, self.bin, work.now_us, json.dumps(lines).encode()
        )
        work.change(schema.job_key(self.order_id), row)
        return self.order_id


class _StagePartsStep(JobStep):
    """Write serials of a buffer."""

    def __init__(self, bin_: int, job_id: UUID, rows: list[tuple[bytes, bytes]]) -> None:
        super().__init__(bin_, job_id, len(rows))
        self._rows = rows

    def settle(self, work: Work) -> None:
        """Write the rows."""
        for key, row in self._rows:
            work.put(key, row)


class _StageKeysStep(JobStep):
    """Write what makes serials unique; refused as SERIALS_TAKEN, for the plan to name them all."""

    def __init__(self, bin_: int, job_id: UUID, keys: list[_Key]) -> None:
        super().__init__(bin_, job_id, len(keys))
        self._keys = keys

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows of the serials."""
        return tuple([key.key for key in self._keys])

    def judge(self, work: Work) -> Proposal:
        """Propose the rows, unless one is another order's."""
        if _taken(work, self._keys):
            raise Refused(Reason.SERIALS_TAKEN)
        return super().judge(work)

    def settle(self, work: Work) -> None:
        """Write the rows."""
        _put_keys(work, self._keys, self.bin, self.job_id)


class _LookUpStep(_StageKeysStep):
    """Tell which serials are taken, and write nothing."""

    def judge(self, work: Work) -> Proposal:
        """Propose what is found."""
        taken = _taken(work, self._keys)
        return Proposal(lambda: taken)


class _LastStep(CreateOrderStep):
    """Make the order whose serials are staged; nothing is left of the job."""

    def __init__(self, *order: object) -> None:
        super().__init__(*order)  # type: ignore[arg-type]
        self.rows_max += 1

    def _settle(self, work: Work, terms: list[Terms]) -> OrderView:
        work.delete(schema.job_key(self.order_id))
        return super()._settle(work, terms)


def _put_keys(work: Work, keys: list[_Key], bin_: int, order_id: UUID) -> None:
    holder = SerialRow(bin_, order_id, 0).pack()[:HOLDER_SIZE]
    for key, _, code_index in keys:
        work.put(key, holder + code_index.to_bytes(4, "little"))


# Sweeping --------------------------------------------------------------------------------------


class _DropKeysStep(JobStep):
    """Delete what a discarded job has staged of serials, as far as it is still the job's."""

    def __init__(self, bin_: int, job_id: UUID, keys: list[bytes]) -> None:
        super().__init__(bin_, job_id, len(keys))
        self._keys = keys
        self._order_key = schema.order_key(bin_, job_id)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows of the serials, and the order that is not there."""
        return (self._order_key, *self._keys)

    def settle(self, work: Work) -> None:
        """Delete the rows."""
        if work.get(self._order_key) is not None:
            raise AssertionError("a discarded job has an order")
        for key in self._keys:
            row = work.get(key)
            if row is not None and SerialRow.unpack(row).order_id == self.job_id:
                work.delete(key)


def sweep_order(store: Store, job_id: UUID, job: JobRow) -> Iterator[Step]:
    """Yield the steps that take away what a discarded order has staged."""
    parts = []
    for gtin, template_id in json.loads(job.payload):
        size = TEMPLATES[template_id].form.free_size
        for key, row in scan_store(store, schema.serials_prefix(job.bin, job_id, gtin)):
            parts.append(key)
            characters = np.frombuffer(row, np.uint8).reshape(-1, size)
            for keys in Serials(0, gtin, template_id, characters).slices():
                yield _DropKeysStep(job.bin, job_id, [each.key for each in keys])
    yield ForgetStep(job.bin, job_id, parts)
