"""A buffer inside a transaction, and its life, which a large report may have staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.code_rows import LifeRow
from emitter.store.job_rows import JobRow, JobStatus, StagedRow, is_staged
from emitter.store.rows import OrderRow

if TYPE_CHECKING:
    from emitter.engine.locating import Place
    from emitter.engine.work import Work
    from emitter.store.rows import BufferRow


def life_of(work: Work, place: Place) -> LifeRow | None:
    """Return the life of a buffer, None if it has not been touched.

    Refuses with CODES_BUSY while a large report has the buffer; the report itself, which says so
    in ``work.job_id``, is given what it has staged.
    """
    key = schema.life_key(*place)
    row = work.get_unless_changed(key)
    if row is None or not is_staged(row):
        return work.read(key, LifeRow)
    staged = StagedRow.unpack(row)
    if staged.job_id == work.job_id:
        seen = staged.new
    else:
        job = work.read(schema.job_key(staged.job_id), JobRow)
        if job is None:
            raise AssertionError("a staged life leads to a job that is not there")
        if job.status == JobStatus.STAGING:
            raise Refused(Reason.CODES_BUSY)
        seen = staged.seen(job.status)
    return None if seen is None else LifeRow.unpack(seen)


def buffer_at(work: Work, place: Place) -> BufferRow:
    """Return the buffer that codes were located in."""
    packed = work.get(schema.order_key(place.bin, place.order_id))
    buffer = OrderRow.unpack(packed).buffer(place.gtin) if packed else None
    if buffer is None:
        raise AssertionError("a code leads to a buffer that is not there")
    return buffer
