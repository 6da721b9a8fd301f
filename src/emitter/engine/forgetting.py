"""Forgetting verdicts whose time is over: refusals, and orders that came without an id.

Whatever else was accepted is kept as long as what it made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.store import schema
from emitter.store.rows import RequestRow

if TYPE_CHECKING:
    from emitter.store.port import Store, Writer

_STEP_ROWS = 1_000


def forget_refusals(store: Store, now_us: int) -> int:
    """Delete request rows that expired by ``now_us``, in small transactions.

    A reminder whose request has been accepted since, or refused anew, deletes only itself.
    """

    def forget(writer: Writer) -> tuple[int, int]:
        reminders = writer.scan(
            schema.expiry_key(0, b""), schema.expiry_key(now_us + 1, b""), limit=_STEP_ROWS
        )
        requests = [schema.request_of(key) for key, _ in reminders]
        rows = writer.get_many(requests)
        expired = [
            request
            for request, row in zip(requests, rows, strict=True)
            if row is not None and 0 < RequestRow.unpack(row).expires_us <= now_us
        ]
        writer.delete_many([key for key, _ in reminders] + list(dict.fromkeys(expired)))
        return len(reminders), len(expired)

    forgotten = 0
    while True:
        seen, deleted = store.update(forget)
        forgotten += deleted
        if seen < _STEP_ROWS:
            return forgotten
