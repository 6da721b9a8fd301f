"""Identification codes of codes that are known by their place: GTIN and serial, no check code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emitter.engine.delivery import BlockView, make_records
from emitter.engine.locating import read_buffers
from emitter.store.rows import BlockRow
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emitter.engine.keys import KeyRing
    from emitter.engine.locating import Place
    from emitter.store.port import Store


def identification_codes(
    store: Store, keys: KeyRing, place: Place, indexes: Sequence[int]
) -> list[bytes]:
    """Return the identification codes of a buffer's codes, in the order asked for.

    A code that has not been delivered is told to nobody, not even its serial: b''. A pack, which
    has no AIs, is named by its GTIN and serial.
    """
    (buffer,) = store.view(lambda reader: read_buffers(reader, [place]))
    template = TEMPLATES[buffer.template_id]
    size, end = template.size, template.serial_at + template.serial_size
    delivered = BlockView(
        place.bin, place.order_id, 0, BlockRow(buffer.delivered, 0, 0, 0, ""), buffer
    )
    wanted = np.unique(np.array([i for i in indexes if 0 <= i < buffer.delivered], np.int64))
    found: dict[int, bytes] = {}
    for run in np.split(wanted, np.flatnonzero(np.diff(wanted) != 1) + 1):
        if len(run):
            first = int(run[0])
            records = make_records(delivered, store, keys, first, len(run), b"")
            for number in range(len(run)):
                found[first + number] = records[number * size : number * size + end]
    return [found.get(index, b"") for index in indexes]
