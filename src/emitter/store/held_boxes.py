"""Which boxes a participant has: rows of kind H, an index of the boxes that lie in no other.

Only outermost boxes and disbanded ones are listed: a pallet changes hands, and lists, by itself,
whatever lies in it. Boxes that one document has made share a row with those of them that are still
the same participant's, so a document writes one row for thousands of boxes, and lists are in the
order of time. The rows say nothing that the rows of boxes do not say.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emitter.store.box_rows import BoxRow
    from emitter.store.spans import Rows

HELD = b"H"

Listing = tuple[int, "BoxRow | None", "BoxRow | None"]
"""A box, its row before a change and its row after it; None for no row."""


def held_key(bin_: int, state: int, document_id: UUID) -> bytes:
    """Return the key of the row that lists boxes that a document has made."""
    return held_prefix(bin_, state) + document_id.bytes


def held_prefix(bin_: int, state: int) -> bytes:
    """Return what the keys of all boxes that a participant has in a state start with."""
    return HELD + bin_.to_bytes(8, "big") + bytes((state,))


def held_of(key: bytes) -> tuple[int, int, UUID]:
    """Return participant, state and document in a key of kind H."""
    return int.from_bytes(key[1:9], "big"), key[9], UUID(bytes=key[10:26])


def pack_held(boxes: Iterable[int]) -> bytes:
    """Return the row of boxes."""
    return np.array(sorted(boxes), "<u8").tobytes()


def unpack_held(row: bytes) -> list[int]:
    """Return the boxes in a row, sorted."""
    boxes: list[int] = np.frombuffer(row, "<u8").tolist()
    return boxes


def place_of(row: BoxRow | None) -> bytes | None:
    """Return the key of the row that a box is listed in, None for one that is not listed."""
    if row is None or row.parent:
        return None
    return held_key(row.owner, row.state, row.document_id)


def change_held(
    rows: Rows, changes: Iterable[Listing]
) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
    """Return the rows to put and the keys to delete where boxes change, each of them once."""
    gone: defaultdict[bytes, set[int]] = defaultdict(set)
    come: defaultdict[bytes, set[int]] = defaultdict(set)
    for box, before, after in changes:
        left, entered = place_of(before), place_of(after)
        if left == entered:
            continue
        if left is not None:
            gone[left].add(box)
        if entered is not None:
            come[entered].add(box)
    keys = sorted({*gone, *come})
    puts: list[tuple[bytes, bytes]] = []
    deletes: list[bytes] = []
    for key, row in zip(keys, rows.get_many(keys), strict=True):
        boxes = set(unpack_held(row or b"")) - gone[key] | come[key]
        if boxes:
            puts.append((key, pack_held(boxes)))
        elif row is not None:
            deletes.append(key)
    return puts, deletes
