"""The parts of jobs: what a plan says of itself, and the steps that all kinds of jobs have."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from emitter.engine.batch import Proposal, Unremembered
from emitter.store import schema
from emitter.store.job_rows import JobRow, JobStatus

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from uuid import UUID

    from emitter.engine.batch import Answer, Step
    from emitter.engine.work import Work

    Steps = Generator[Step, Answer, Answer | None]

STEP_ROWS = 1_000
"""Rows that a step of a job writes at most: some milliseconds, which is what others wait for."""


class Plan(Protocol):
    """A job before it runs."""

    bin: int
    job_id: UUID
    holds: frozenset[bytes]  # what no other job may touch meanwhile; its request is among them
    shares: frozenset[bytes]  # what it may touch beside others that share it
    weight: int  # memory it takes while it waits, in units of the limit `job_weight_max`
    stages: bool  # false for work that fits one step, which leaves nothing behind

    def steps(self) -> Steps:
        """Yield the steps, each once the one before is durable; return the answer to the command.

        A refusal of a step is thrown in where it was yielded; one that comes out ends the job.
        """


class JobStep(Unremembered):
    """What the steps inside a job have in common: no request row, and a claim on the job."""

    id_field = "request_id"

    def __init__(self, bin_: int, job_id: UUID, rows_max: int) -> None:
        self.bin = bin_
        self.job_id = job_id
        self.job_key = schema.job_key(job_id)
        self.rows_max = rows_max

    def claims(self) -> tuple[bytes, ...]:
        """Return the job."""
        return (self.job_key,)

    def reads(self) -> tuple[bytes, ...]:
        """Return the row of the job."""
        return (self.job_key,)

    def judge(self, work: Work) -> Proposal:
        """Propose to `settle`."""
        return Proposal(partial(self.settle, work))

    def settle(self, _work: Work) -> object:
        """Write the rows of the step."""
        raise AssertionError("each kind of step has its own")


class DiscardStep(JobStep):
    """Mark a job as discarded unless it is effective; its value is the row, None for no job."""

    def __init__(self, bin_: int, job_id: UUID) -> None:
        super().__init__(bin_, job_id, 1)

    def settle(self, work: Work) -> JobRow | None:
        """Write the status."""
        row = work.read(self.job_key, JobRow)
        if row is None or row.status != JobStatus.STAGING:
            return row
        discarded = row._replace(status=JobStatus.DISCARDED)
        work.change(self.job_key, discarded)
        return discarded


class ForgetStep(JobStep):
    """Delete the row of a job of which nothing else is left, and rows that led to what it left."""

    def __init__(self, bin_: int, job_id: UUID, keys: Sequence[bytes] = ()) -> None:
        super().__init__(bin_, job_id, 1 + len(keys))
        self._keys = keys

    def settle(self, work: Work) -> None:
        """Delete the rows."""
        for key in (*self._keys, self.job_key):
            work.delete(key)
