"""Who holds a code: only its owner moves it, and goods in a box or on the way not one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_naming import boxed_apart
from emitter.engine.lives import buffer_at, life_of
from emitter.engine.locating import Place, read_buffers
from emitter.errors import Reason
from emitter.store import schema
from emitter.store.code_rows import OWNED, UNDER_WAY, runs_in_vain
from emitter.store.holding_keys import Holding, holding_key
from emitter.store.spans import change_spans, cut, new_spans, read_spans, rows_to_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from emitter.engine.work import Work
    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Reader, Store
    from emitter.store.spans import SpanChange
    from emitter.trade.circulation import Move

_FLAGS = {Holding.OWNER: OWNED, Holding.RECIPIENT: UNDER_WAY}


def held_back(
    work: Work, place: Place, bin_: int, move: Move, named: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Split what a participant names in a buffer: runs it may move, `IN_VAIN` those it may not.

    Both are sorted by index; of a run that is held in part each part is in its array.
    """
    life = life_of(work, place)
    flags = life.flags if life else 0
    free, lost = _owned(work, place, bin_, named, touched=bool(flags & OWNED))
    if flags & UNDER_WAY:
        free, lost = _idle(work, place, bin_, free, lost)
    if move.breaks_box:
        free, boxed = boxed_apart(work, place, free)
        lost = np.concatenate([lost, boxed])
    return free, lost[np.argsort(lost["first"], kind="stable")]


def _idle(
    work: Work, place: Place, bin_: int, mine: NDArray[np.void], foreign: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Hold back what is under way; the recipient hears of it too."""
    key = holding_key(Holding.RECIPIENT, *place)
    here, recipients = _parts(work, key, mine)
    there, coming = _parts(work, key, foreign)
    there["reason"][coming == bin_] = Reason.CODE_IN_TRANSIT
    under_way = runs_in_vain(here[recipients != 0], Reason.CODE_IN_TRANSIT)
    return here[recipients == 0], np.concatenate([under_way, there])


def _owned(
    work: Work, place: Place, bin_: int, named: NDArray[np.void], *, touched: bool
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Split what is named in a buffer into a participant's own codes and those of others."""
    if not touched:
        none = named[:0]
        mine, foreign = (named, none) if place.bin == bin_ else (none, named)
    else:
        parts, owners = _parts(work, holding_key(Holding.OWNER, *place), named)
        own = np.where(owners == 0, place.bin, owners) == bin_
        mine, foreign = parts[own], parts[~own]
    return mine, runs_in_vain(foreign, Reason.CODE_NOT_OWNED)


def _parts(
    work: Work, key: bytes, named: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.uint64]]:
    """Cut runs where a map says something else; return the parts, and what it says of each."""
    pieces = cut(read_spans(work, key, named), named)
    parts = named[pieces["run"]]
    parts["first"], parts["count"] = pieces["first"], pieces["count"]
    return parts, pieces["value"]


class HoldingChange(NamedTuple):
    """A change of who holds codes of a buffer, looked at before it is carried out."""

    work: Work
    place: Place
    what: Holding
    change: SpanChange

    def settle(self) -> None:
        """Write the map, and in the life of the buffer whether it says anything."""
        work = self.work
        for key, row in self.change.puts:
            work.put(key, row)
        for key in self.change.deletes:
            work.delete(key)
        key = schema.life_key(*self.place)
        life = life_of(work, self.place)
        if life is None:
            raise AssertionError("codes that were never moved have changed hands")
        flag = _FLAGS[self.what]
        flags = life.flags & ~flag if self.change.is_empty else life.flags | flag
        if flags != life.flags:
            work.change(key, life._replace(flags=flags))


def change_holding(
    work: Work, what: Holding, buffers: Sequence[BufferRuns], bin_: int
) -> list[HoldingChange]:
    """Say of codes who owns them or to whom they are under way; ``bin_`` 0 for nobody else.

    The participant for whom codes were emitted is not written as their owner.
    """
    changes = []
    for buffer in buffers:
        place = Place(*buffer[:3])
        life_of(work, place)  # which refuses while a large report has the buffer
        quantity = buffer_at(work, place).quantity
        value = 0 if what is Holding.OWNER and bin_ == place.bin else bin_
        spans = new_spans(buffer.runs, value)
        key = holding_key(what, *place)
        changes.append(HoldingChange(work, place, what, change_spans(work, key, quantity, spans)))
    return changes


def rows_to_hold(
    store: Store, whats: Sequence[Holding], buffers: Sequence[BufferRuns], *, apart: bool
) -> int:
    """Return how many rows `change_holding` may write as the maps are now, and lives and traces.

    ``apart`` is for runs of which some codes may be left out: they may fall into single codes.
    """

    def read(reader: Reader) -> int:
        rows = 2 * len(buffers)
        places = [Place(*buffer[:3]) for buffer in buffers]
        for place, buffer, row in zip(places, buffers, read_buffers(reader, places), strict=True):
            spans = buffer.codes if apart else len(buffer.runs)
            for what in whats:
                key = holding_key(what, *place)
                rows += rows_to_change(reader, key, row.quantity, buffer.runs, spans)
        return rows

    return store.view(read)
