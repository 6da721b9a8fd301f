"""Bringing a store of an older format to the present one, before anything else is done with it.

The format is raised when all of it is durable. Whatever cuts it short, it begins again, and clears
what it had made before: an older release may have worked on the store in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.store import schema
from emitter.store.box_rows import BoxRow
from emitter.store.held_boxes import HELD, change_held
from emitter.store.rows import FORMAT_VERSION, Meta
from emitter.store.scanning import scan_store

if TYPE_CHECKING:
    from emitter.store.held_boxes import Listing
    from emitter.store.port import Store, Writer

OLDEST = 1
"""The oldest format that can be brought to the present one."""

_STEP_BOXES = 5_000
"""What one transaction lists; it clears as many lists."""


def upgrade(store: Store) -> None:
    """Bring a store to `FORMAT_VERSION`. 1 to 2: boxes are listed by whom they belong to."""
    packed = store.view(lambda reader: reader.get_many((schema.META_KEY,)))[0]
    meta = Meta.unpack(packed or b"")
    if meta.format_version == FORMAT_VERSION:
        return
    _clear(store)
    step: list[Listing] = []
    for key, row in scan_store(store, schema.BOXES):
        step.append((schema.box_of(key), None, BoxRow.unpack(row)))
        if len(step) == _STEP_BOXES:
            _list(store, step)
            step = []
    _list(store, step)
    raised = meta._replace(format_version=FORMAT_VERSION)
    store.update(lambda writer: writer.put_many([(schema.META_KEY, raised.pack())]))


def _clear(store: Store) -> None:
    """Delete all lists, a part of them in each transaction."""

    def delete(writer: Writer) -> int:
        rows = writer.scan(HELD, schema.after(HELD), limit=_STEP_BOXES)
        writer.delete_many([key for key, _ in rows])
        return len(rows)

    while store.update(delete):
        pass


def _list(store: Store, boxes: list[Listing]) -> None:
    """List some boxes, in one transaction."""

    def write(writer: Writer) -> None:
        puts, _ = change_held(writer, boxes)
        writer.put_many(puts)

    store.update(write)
