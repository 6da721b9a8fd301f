"""What must be true of self-made serials and of jobs: each serial is kept twice, and both agree.

The parts of a buffer give its serials in the order of codes; the row of each serial gives the
order, the buffer and the index. What belongs to no order belongs to a job that is not finished.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from emitter.engine.laws import require
from emitter.engine.self_made import Serials
from emitter.store import schema
from emitter.store.job_rows import JobKind, JobRow, JobStatus
from emitter.store.rows import OrderRow, SerialSource, SeriesRow
from emitter.store.scanning import scan_store
from emitter.store.serial_rows import SERIALS_A_ROW, SerialRow
from emitter.trade.gs1 import format_gtin
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from uuid import UUID

    from emitter.engine.orders import OrderView
    from emitter.store.port import Reader, Store
    from emitter.store.rows import BufferRow


def check_serials(store: Store, order: OrderView, buffer: BufferRow) -> None:
    """Check that a buffer has all its serials, and that each is this buffer's and no other's."""
    who = f"order {order.order_id}, buffer {format_gtin(buffer.gtin)}"
    size = TEMPLATES[buffer.template_id].form.free_size
    end = 0
    prefix = schema.serials_prefix(order.bin, order.order_id, buffer.gtin)
    for part, (key, row) in enumerate(scan_store(store, prefix)):
        place = schema.serials_key(order.bin, order.order_id, buffer.gtin, part)
        require(key == place, "parts of serials have no gaps", who)
        require(end == part * SERIALS_A_ROW, "only the last part may be short", who)
        characters = np.frombuffer(row, np.uint8).reshape(-1, size)
        serials = Serials(0, buffer.gtin, buffer.template_id, characters)
        for keys in serials.slices():
            kept = store.view(partial(_get, keys=[each.key for each in keys]))
            wanted = [
                SerialRow(order.bin, order.order_id, end + each.code_index).pack() for each in keys
            ]
            require(kept == wanted, "each serial leads to its code", who)
        end += len(serials)
    require(end == buffer.quantity, "there is a serial for each code", who)
    series_key = schema.series_key(buffer.gtin, TEMPLATES[buffer.template_id].serial_size)
    packed = store.view(partial(_get, keys=[series_key]))[0]
    source = SeriesRow.unpack(packed).source if packed else 0
    require(bool(source & SerialSource.SELF_MADE), "the series knows of its serials", who)


def _get(reader: Reader, keys: list[bytes]) -> list[bytes | None]:
    return reader.get_many(keys)


def check_jobs(store: Store, own_serials: int) -> int:
    """Check that rows of serials belong to orders or jobs; return how many jobs there are.

    For a store that stands still. ``own_serials``: how many the buffers have.
    """
    jobs: dict[UUID, JobRow] = {}
    for key, row in scan_store(store, schema.JOBS):
        job_id = schema.job_of(key)
        who = f"job {job_id}"
        if key == schema.job_key(job_id):
            jobs[job_id] = job = JobRow.unpack(row)
            require(job.kind in set(JobKind), "a job is of a known kind", who)
            order = schema.order_key(job.bin, job_id)
            is_done = job.kind == JobKind.ORDER and (
                job.status == JobStatus.EFFECTIVE or _is_there(store, order)
            )
            require(not is_done, "nothing is left of a job that has made its order", who)
        else:
            require(job_id in jobs, "what a job has staged belongs to a job", who)
    owners: dict[bytes, bool] = {}

    def is_owned(bin_: int, order_id: UUID, who: str) -> bool:
        """Return whether the order is there; otherwise a job must be."""
        order = schema.order_key(bin_, order_id)
        if order not in owners:
            owners[order] = _is_there(store, order)
            require(owners[order] or order_id in jobs, "serials belong to an order or a job", who)
        return owners[order]

    count = 0
    for _, row in scan_store(store, schema.OWN_SERIALS):
        serial = SerialRow.unpack(row)
        count += is_owned(serial.bin, serial.order_id, f"order {serial.order_id}")
    require(count == own_serials, "every serial belongs to a code", "store")
    for key, _ in scan_store(store, schema.SERIAL_PARTS):
        bin_, order_id, gtin = schema.buffer_of(key)
        if is_owned(bin_, order_id, f"order {order_id}"):
            buffer = _buffer(store, schema.order_key(bin_, order_id), gtin)
            is_own = buffer is not None and buffer.source == SerialSource.SELF_MADE
            require(is_own, "parts of serials belong to a buffer", f"order {order_id}")
    return len(jobs)


def _is_there(store: Store, key: bytes) -> bool:
    return store.view(partial(_get, keys=[key]))[0] is not None


def _buffer(store: Store, key: bytes, gtin: int) -> BufferRow | None:
    packed = store.view(partial(_get, keys=[key]))[0]
    return OrderRow.unpack(packed).buffer(gtin) if packed else None
