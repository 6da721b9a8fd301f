"""What must be true of boxes: trees, what lies in them, and which box each code says it is in.

A tree is looked at in one view from its outermost box, a buffer's map of boxes in another. Either
way the two accounts agree: what a box says it holds, and where the codes say they are.
"""

from __future__ import annotations

import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from emitter.engine.box_trees import as_runs, walk_tree
from emitter.engine.laws import BreachError, require
from emitter.engine.locating import Place
from emitter.engine.staged_rows import valid_rows
from emitter.store import schema
from emitter.store.box_rows import BoxRow, SsccRangeRow, SsccSeriesRow, unpack_content
from emitter.store.code_rows import BOXED, LifeRow
from emitter.store.held_boxes import HELD, held_of, pack_held, place_of, unpack_held
from emitter.store.holding_keys import Holding, holding_key
from emitter.store.rows import Meta
from emitter.store.scanning import scan_store, scan_view
from emitter.store.spans import cut, read_spans, scan_pages
from emitter.trade.gs1 import format_gtin
from emitter.trade.packing import BoxKind, BoxState, SsccSpace, is_sscc, require_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emitter.engine.box_trees import OpenBox
    from emitter.engine.laws import Report
    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Reader, Store

_LEVELS_MAX = 100  # far above any limit that may be set: a longer way up is a circle
_ROOT_BYTES = 33  # of the key of a map: its pages have longer ones
_UNREADABLE = (ValueError, struct.error, zlib.error, UnicodeDecodeError)


def check_boxes(store: Store, report: Report) -> None:
    """Check every tree of boxes, the lists and maps of boxes, and the SSCCs given out."""
    listed = _has_lists(store)
    for key, _ in scan_store(store, schema.BOXES):
        store.view(partial(_check_box, key=key, report=report, listed=listed))
    for key, _ in scan_store(store, schema.BOXED):
        if len(key) == _ROOT_BYTES:
            store.view(partial(_check_map, key=key, report=report))
    for key, _ in scan_store(store, HELD) if listed else ():
        store.view(partial(_check_list, key=key))
    for key, _ in scan_store(store, schema.SSCCS):
        if schema.parse_sscc_key(key)[1] is None:
            store.view(partial(_check_ssccs, key=key))


def check_whole_boxes(store: Store, report: Report) -> None:
    """Look for boxes that no tree has, and rows that belong to no box and no map."""
    parts = rows = 0
    for _, row in scan_store(store, schema.BOXES):
        box = BoxRow.unpack(row)
        parts += box.code_parts + box.box_parts
        rows += 1
    require(rows == report.boxes, "every box lies in a tree", "store")
    found = sum(1 for _ in scan_store(store, schema.CONTENTS))
    require(found == parts, "every row of content belongs to a box", "store")
    found = sum(1 for _ in scan_store(store, schema.BOXED))
    require(found == report.boxed_rows, "every page of boxes belongs to a buffer", "store")
    prefixes = {
        schema.parse_sscc_key(key)[0]
        for key, _ in scan_store(store, schema.SSCCS)
        if schema.parse_sscc_key(key)[1] is None
    }
    for key, _ in scan_store(store, schema.SSCCS):
        known = schema.parse_sscc_key(key)[0] in prefixes
        require(known, "every range of SSCCs has its prefix", "store")


def _has_lists(store: Store) -> bool:
    """Return whether a store lists boxes: one of format 1 does once it is opened (`upgrading`).

    Until then its lists say nothing: they are what an upgrade had made that was cut short.
    """
    packed = store.view(lambda reader: reader.get_many((schema.META_KEY,)))[0]
    return packed is None or Meta.unpack(packed).format_version > 1


def _check_list(reader: Reader, *, key: bytes) -> None:
    """Check that the boxes in a row of a list are there, and the participant's."""
    packed = reader.get_many((key,))[0]
    if packed is None:
        return  # they have gone since
    bin_, state, _ = held_of(key)
    who = f"boxes of participant {bin_} in state {state}"
    boxes = unpack_held(packed)
    sound = bool(boxes) and pack_held(set(boxes)) == packed
    require(sound, "a list of boxes can be read", who)
    rows = reader.get_many([schema.box_key(box) for box in boxes])
    for box, row in zip(boxes, rows, strict=True):
        there = row is not None and place_of(BoxRow.unpack(row)) == key
        require(there, "a listed box is an outermost one of its owner", f"{who}, box {box}")


def _check_box(reader: Reader, *, key: bytes, report: Report, listed: bool) -> None:
    """Check a box by itself, and the tree if it is an outermost one."""
    box = schema.box_of(key)
    who = f"box {box}"
    packed = reader.get_many((key,))[0]
    require(packed is not None, "a box that was there is gone", who)
    try:
        row = BoxRow.unpack(packed or b"")
        require(row.pack() == packed, "a box can be read", who)
    except _UNREADABLE as error:
        raise BreachError(f"{who}: a box can be read: {error}") from None
    require(row.kind in set(BoxKind) and row.state in set(BoxState), "a box has a kind and a state",
            who)  # fmt: skip
    named = is_sscc(box) and not row.name
    if row.name:
        named = require_box(row.name, row.packer, "name").box == box
    require(named, "a box is where its name leads", who)
    if row.state == BoxState.DISBANDED:
        empty = (row.height, row.parent, row.flags, row.codes, row.boxes, row.code_parts,
                 row.box_parts, row.all_codes, row.all_boxes, len(row.content))  # fmt: skip
        require(not any(empty), "nothing lies in a disbanded box, nor it in another", who)
        report.boxes += 1
    elif row.parent:
        _check_way_up(reader, row, who)
    else:
        _check_tree(reader, box, report)
    place = place_of(row)
    if listed and place is not None:
        found = reader.get_many((place,))[0]
        told = found is not None and box in unpack_held(found)
        require(told, "an outermost box is listed as its owner's", who)


def _check_way_up(reader: Reader, row: BoxRow, who: str) -> None:
    """Check that the boxes around a box end in an outermost one."""
    require(not row.flags, "only an outermost box is on its way", who)
    for _ in range(_LEVELS_MAX):
        packed = reader.get_many((schema.box_key(row.parent),))[0]
        around = BoxRow.unpack(packed) if packed else None
        found = around is not None and around.state == BoxState.PACKED
        require(found, "a box lies in one that is in use", who)
        if around is None or not around.parent:
            return
        row = around
    raise BreachError(f"{who}: no box lies in itself")


def _check_tree(reader: Reader, box: int, report: Report) -> None:
    """Check an outermost box with all that lies in it."""
    try:
        tree = walk_tree(reader, box)
    except _UNREADABLE as error:
        raise BreachError(f"box {box}: what lies in a box can be read: {error}") from None
    boxes = {one.box: one for one in tree}
    require(len(boxes) == len(tree), "no box lies in two", f"box {box}")
    owner = tree[0].row.owner
    sums: dict[int, tuple[int, int, int]] = {}
    for one in reversed(tree):  # what lies in a box comes before it
        who = f"box {one.box}"
        row, inner = one.row, one.content.boxes.tolist()
        require(inner == sorted(set(inner)), "boxes in a box are sorted", who)
        held = all(i in boxes and boxes[i].row.parent == one.box for i in inner)
        require(held, "what lies in a box says so", who)
        require(row.kind == BoxKind.TRANSPORT or not inner, "a group package holds codes only", who)
        codes = sum(buffer.codes for buffer in one.content.buffers)
        require((row.codes, row.boxes) == (codes, len(inner)), "a box counts what it holds", who)
        beneath = [sums[i] for i in inner]
        sums[one.box] = (
            codes + sum(each[0] for each in beneath),
            len(inner) + sum(each[1] for each in beneath),
            1 + max((each[2] for each in beneath), default=-1),
        )
        counted = (row.all_codes, row.all_boxes, row.height) == sums[one.box]
        require(counted, "a box counts all that lies in it", who)
        fits = not row.capacity or row.codes + row.boxes <= row.capacity
        require(fits, "a box holds no more than it can", who)
        _check_codes(reader, one, owner, who)
    report.boxes += len(tree)


def _check_codes(reader: Reader, one: OpenBox, owner: int, who: str) -> None:
    """Check that the codes in a box say so, and are the owner's."""
    places = [buffer[:3] for buffer in one.content.buffers]
    require(len(set(places)) == len(places), "a box has each buffer once", who)
    for buffer in one.content.buffers:
        place = Place(*buffer[:3])
        require(_are_apart(buffer.runs), "codes in a box are sorted runs that do not touch", who)
        pieces = cut(read_spans(reader, schema.boxed_key(*place), buffer.runs), buffer.runs)
        agreed = bool((pieces["value"] == one.box).all())
        require(agreed, "the codes in a box say that they are in it", who)
        key, runs = holding_key(Holding.OWNER, *place), buffer.runs
        said = cut(read_spans(reader, key, runs), runs)["value"]
        owned = bool((np.where(said == 0, place.bin, said) == owner).all())
        require(owned, "the codes in a box are its owner's", who)


def _are_apart(runs: NDArray[np.void]) -> bool:
    first = runs["first"].astype(np.int64)
    ends = first + runs["count"]
    return bool((runs["count"] > 0).all() and (first[1:] > ends[:-1]).all()) and len(runs) > 0


def _life(reader: Reader, place: Place) -> LifeRow | None:
    packed = valid_rows(reader, reader.get_many((schema.life_key(*place),)))[0]
    return LifeRow.unpack(packed) if packed else None


def _check_map(reader: Reader, *, key: bytes, report: Report) -> None:
    """Check that every box that codes of a buffer name holds just these codes of it."""
    place = Place(*schema.buffer_of(key))
    who = f"boxes of order {place.order_id}, buffer {format_gtin(place.gtin)}"
    rows = list(scan_view(reader, key))
    try:
        spans = scan_pages(rows, _ROOT_BYTES)
    except _UNREADABLE as error:
        raise BreachError(f"{who}: a map can be read: {error}") from None
    life = _life(reader, place)
    require(life is not None and bool(life.flags & BOXED), "a life says that there are boxes", who)
    ends = spans["first"].astype(np.int64) + spans["count"]
    apart = bool((spans["first"][1:] >= ends[:-1]).all()) and bool((spans["count"] > 0).all())
    require(apart and bool((spans["value"] != 0).all()), "a code lies in one box at most", who)
    boxes = np.unique(spans["value"]).tolist()
    packed = reader.get_many([schema.box_key(box) for box in boxes])
    order = np.argsort(spans["value"], kind="stable")
    bounds = np.searchsorted(spans["value"][order], np.array([*boxes, 2**64 - 1], np.uint64))
    for number, (box, row) in enumerate(zip(boxes, packed, strict=True)):
        require(row is not None, "a code names a box that is there", f"{who}, box {box}")
        told = as_runs(spans[order[bounds[number] : bounds[number + 1]]])
        held = _held(reader, box, BoxRow.unpack(row or b""), place)
        same = held is not None and np.array_equal(held.runs, told)
        require(same, "a box holds the codes that name it", f"{who}, box {box}")
    report.boxed_codes += int(spans["count"].sum(dtype=np.int64))
    report.boxed_rows += len(rows)


def _held(reader: Reader, box: int, row: BoxRow, place: Place) -> BufferRuns | None:
    for buffer in unpack_content(box, row, reader.get_many).buffers:
        if buffer[:3] == place:
            return buffer
    return None


def _check_ssccs(reader: Reader, *, key: bytes) -> None:
    """Check that the SSCCs of a prefix were given out once, to participants."""
    prefix, _ = schema.parse_sscc_key(key)
    who = f"SSCCs of prefix {prefix}"
    rows = list(scan_view(reader, key))
    series = SsccSeriesRow.unpack(rows[0][1])
    end = 0
    for range_key, packed in rows[1:]:
        row = SsccRangeRow.unpack(packed)
        first = schema.parse_sscc_key(range_key)[1] or 0
        require(first == end and row.quantity > 0, "ranges follow each other", who)
        end = first + row.quantity
        participant = reader.get_many((schema.participant_key(row.bin),))[0]
        require(participant is not None, "a range belongs to a participant", who)
    require(end == series.next_counter <= SsccSpace(prefix).size, "SSCCs are given out once", who)
