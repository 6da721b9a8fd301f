"""Boxes that a document names, and codes that may be moved only with the box they lie in.

What lies in a box is read before the transaction, and judged in it: the version of the box tells
whether that is still so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_trees import codes_of, read_path, walk_tree
from emitter.engine.lives import life_of
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow
from emitter.store.code_rows import BOXED, IN_VAIN, runs_in_vain
from emitter.store.spans import cut, read_spans
from emitter.trade.circulation import DocumentKind
from emitter.trade.packing import BoxState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from emitter.engine.locating import Place
    from emitter.engine.work import Work
    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Reader, Store
    from emitter.store.spans import Rows
    from emitter.trade.circulation import Move
    from emitter.trade.packing import BoxName


class NamedBox(NamedTuple):
    """A box that an item names, with the codes in it as they were at a version.

    ``boxes`` is how many boxes lie in it directly. A box that is not there, or another's, has
    version 0 and nothing in it.
    ``of_transfer``: the item is the transfer that the box came with, and names more than this box.
    """

    item: int
    box: int
    version: int
    boxes: int
    buffers: list[BufferRuns]
    of_transfer: bool = False


def name_boxes(
    names: Sequence[BoxName],
    item: int,
    bin_: int,
    store: Store,
    *,
    deep: bool,
    among: Sequence[int] | None,
) -> list[NamedBox]:
    """Return the boxes named by items from ``item`` on, with codes at any depth or direct ones.

    Of boxes that are not the participant's, or not ``among`` those given, nothing is known.
    """

    def read(reader: Reader) -> list[NamedBox]:
        boxes = []
        for number, (box, _) in enumerate(names, item):
            known = _version(reader, box, bin_) > 0 if among is None else box in among
            tree = walk_tree(reader, box, deep=deep) if known else []
            version, inner = (tree[0].row.version, tree[0].row.boxes) if tree else (0, 0)
            boxes.append(NamedBox(number, box, version, inner, codes_of(tree)))
        return boxes

    return store.view(read) if names else []


def _version(rows: Rows, box: int, bin_: int) -> int:
    """Return the version of a box in use, 0 if a participant has no such box."""
    path = read_path(rows, box)
    owned = bool(path) and path[0][1].state == BoxState.PACKED and path[-1][1].owner == bin_
    return path[0][1].version if owned else 0


def usable_version(row: BoxRow | None, bin_: int) -> int:
    """Return the version of a box that a participant may do with as it likes, 0 for any other.

    It is an outermost one of its own, is not under way, and codes lie in it.
    """
    if row is None or row.state != BoxState.PACKED or row.owner != bin_ or not row.all_codes:
        return 0
    return 0 if row.parent or row.flags & IN_TRANSIT else row.version


def require_same(rows: Rows, watched: Mapping[int, int], bin_: int) -> None:
    """Refuse, for a repeat, if a box is another's or the participant's own as it was not before.

    ``watched`` are `usable_version` of the boxes that came with the transfers of a document.
    """
    packed = rows.get_many([schema.box_key(box) for box in watched])
    found = [usable_version(BoxRow.unpack(row) if row else None, bin_) for row in packed]
    if found != list(watched.values()):
        raise Refused(Reason.BOX_CHANGED)


def judge_boxes(work: Work, boxes: Sequence[NamedBox], bin_: int, move: Move) -> dict[int, Reason]:
    """Return the items whose boxes a participant may not move now, with the reasons.

    BOX_CHANGED, for a repeat, if something else lies in a box than was read, or it is there now and
    was not, or one that is named by its transfer has changed hands since. A box
    may be unpacked that holds no code.
    """
    refused: dict[int, Reason] = {}
    for item, box, version, _, buffers, of_transfer in boxes:
        if _version(work, box, bin_) != version:
            raise Refused(Reason.BOX_CHANGED)
        path = read_path(work, box)
        if not version:
            refused[item] = Reason.BOX_NOT_FOUND
        elif not buffers and move.kind is not DocumentKind.DISAGGREGATION:
            refused[item] = Reason.REPORT_EMPTY
        elif path[-1][1].flags & IN_TRANSIT:
            refused[item] = Reason.CODE_IN_TRANSIT
        elif move.breaks_box and len(path) > 1:
            refused[item] = Reason.BOX_BOXED
        if of_transfer and item in refused:
            raise Refused(Reason.BOX_CHANGED)
    return refused


def without_boxes(
    runs: NDArray[np.void], refused: dict[int, Reason]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return named runs without those of refused boxes, and for each of these one `IN_VAIN`."""
    lost = np.zeros(len(refused), IN_VAIN)
    lost["item"], lost["reason"], lost["count"] = list(refused), list(refused.values()), 1
    return runs[~(runs["boxed"] & np.isin(runs["item"], lost["item"]))], lost


def boxed_apart(
    work: Work, place: Place, named: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Split runs named in a buffer: those that lie in no box or were named by it, and `IN_VAIN`."""
    free, boxed = split_boxed(work, place, named)
    by_box = boxed["boxed"]
    free = np.concatenate([free, boxed[by_box]])
    alone = boxed[~by_box]
    lost = runs_in_vain(alone, Reason.CODE_BOXED)
    return free[np.argsort(free["first"], kind="stable")], lost


def split_boxed(
    work: Work, place: Place, named: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Split runs named in a buffer: those that lie in no box, and those that lie in some."""
    life = life_of(work, place)
    if life is None or not life.flags & BOXED or not len(named):
        return named, named[:0]
    pieces = cut(read_spans(work, schema.boxed_key(*place), named), named)
    parts = named[pieces["run"]]
    parts["first"], parts["count"] = pieces["first"], pieces["count"]
    in_box = pieces["value"] != 0
    return parts[~in_box], parts[in_box]
