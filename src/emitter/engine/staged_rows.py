"""Staged rows: what a job writes in front of valid rows, and how that is read and written plain.

A staged row holds the row that is valid now and the one that will be; which of the two readers see
follows from the status of the job, so the one transaction that ends the job changes all of them.
Afterwards a sweep writes them plain. A row may be staged anew before it has been swept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.job_steps import ForgetStep, JobStep
from emitter.store import schema
from emitter.store.job_rows import JobRow, StagedRow, is_staged, pack_keys, unpack_keys
from emitter.store.scanning import scan_store, scan_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from emitter.engine.batch import Step
    from emitter.engine.work import Work
    from emitter.store.port import Reader, Store


def stage_rows(work: Work, job_id: UUID, part: int, changes: Mapping[bytes, bytes | None]) -> None:
    """Stage new rows (None: no row) in front of those that are valid, as a part of a job.

    At most `STEP_ROWS` less one; parts of a job have different numbers.
    """
    for key, new in changes.items():
        work.put(key, StagedRow(job_id, valid_row(work, work.get(key)), new).pack())
    work.put(schema.job_part_key(job_id, part), pack_keys(changes))


def valid_row(work: Work, row: bytes | None) -> bytes | None:
    """Return what a row of a kind that jobs stage says now."""
    if row is None or not is_staged(row):
        return row
    staged = StagedRow.unpack(row)
    job = work.read(schema.job_key(staged.job_id), JobRow)
    if job is None:
        raise AssertionError("a staged row leads to a job that is not there")
    return staged.seen(job.status)


def valid_rows(reader: Reader, rows: Sequence[bytes | None]) -> list[bytes | None]:
    """Return what rows of kinds that jobs stage say now: one look-up a job that is met."""
    staged = {at: StagedRow.unpack(row) for at, row in enumerate(rows) if row and is_staged(row)}
    if not staged:
        return list(rows)
    met = list({row.job_id for row in staged.values()})
    jobs = reader.get_many([schema.job_key(job_id) for job_id in met])
    statuses = {job: JobRow.unpack(row or b"").status for job, row in zip(met, jobs, strict=True)}
    return [staged[at].seen(statuses[staged[at].job_id]) if at in staged else row
            for at, row in enumerate(rows)]  # fmt: skip


def scan_valid(reader: Reader, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the rows with a prefix that there are once staged ones are read as they are valid."""
    rows = list(scan_view(reader, prefix))
    valid = valid_rows(reader, [row for _, row in rows])
    return ((key, row) for (key, _), row in zip(rows, valid, strict=True) if row is not None)


class _SweepPartStep(JobStep):
    """Write the staged rows of one part plain, as the end of the job says."""

    def __init__(self, job: JobRow, job_id: UUID, part_key: bytes, keys: list[bytes]) -> None:
        super().__init__(job.bin, job_id, 1 + len(keys))
        self._status = job.status
        self._part_key = part_key
        self._keys = keys

    def reads(self) -> tuple[bytes, ...]:
        """Return the staged rows."""
        return tuple(self._keys)

    def settle(self, work: Work) -> None:
        """Write the rows that are still this job's."""
        for key in self._keys:
            row = work.get(key)
            if row is None or not is_staged(row):
                continue
            staged = StagedRow.unpack(row)
            if staged.job_id != self.job_id:
                continue
            plain = staged.seen(self._status)
            if plain is None:
                work.delete(key)
            else:
                work.put(key, plain)
        work.delete(self._part_key)


def sweep_staged_rows(store: Store, job_id: UUID, job: JobRow) -> Iterator[Step]:
    """Yield the steps that write the staged rows of an ended job plain and forget it."""
    own_key = schema.job_key(job_id)
    for key, row in scan_store(store, own_key):
        if key != own_key:
            yield _SweepPartStep(job, job_id, key, unpack_keys(row))
    yield ForgetStep(job.bin, job_id)
