"""What a station's document is known by when it comes again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from emitter.api.suz.calls import Call


async def document_identity(call: Call) -> tuple[str, int]:
    """Return the request id of an order or a report, and for how long it is kept (0: for ever).

    X-Request-Id names a document for ever; else the same signed body from the same connection is
    the same document within `station_repeat_window_ms`; with neither, every POST is a new one.
    """
    name = call.header("X-Request-Id")
    if name:
        return _digest("request", call.oms_id, name), 0
    window_us = call.limits.station_repeat_window_ms * 1000
    if call.is_signed:
        body = hashlib.sha256(await call.body()).hexdigest()
        connection = str(call.session.connection_id)
        return _digest("body", connection, call.request.url.path, body), window_us
    return _digest("once", uuid4().hex), window_us


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
