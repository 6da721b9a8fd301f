"""How callers name codes: by their text, a range of a buffer, a block, a transfer, the box.

Whatever is named becomes runs of codes in buffers. Texts are parsed, inverted and checked before
the transaction, in bulk and without the interpreter; what was issued does not change any more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.box_naming import name_boxes
from emitter.engine.locating import Place, locate_codes
from emitter.engine.orders import require_buffer
from emitter.engine.reading import read_block, read_order
from emitter.engine.transfer_naming import name_transfers
from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.config import Limits
    from emitter.engine.box_naming import NamedBox
    from emitter.engine.keys import KeyRing
    from emitter.engine.ranges import Ranges
    from emitter.store.code_rows import BufferRuns
    from emitter.store.port import Store
    from emitter.trade.packing import BoxName


class CodeSpan(NamedTuple):
    """Codes ``first`` to ``first + quantity`` of a buffer of the caller's own order."""

    order_id: UUID
    gtin: int
    first: int
    quantity: int


class BlockName(NamedTuple):
    """All codes of a delivered block of the caller's own order."""

    order_id: UUID
    gtin: int
    block_id: str


@dataclass(frozen=True, slots=True)
class CodeSet:
    """Codes that a document is about. Items: texts, then spans, blocks, transfers, and boxes.

    ``text`` has marking codes or identification codes, LF between them. A box is all codes that lie
    in it at any depth, a transfer all that the participant accepted of it.
    """

    text: bytes = b""
    spans: tuple[CodeSpan, ...] = ()
    blocks: tuple[BlockName, ...] = ()
    boxes: tuple[BoxName, ...] = ()
    transfers: tuple[UUID, ...] = ()

    @property
    def texts(self) -> int:
        """Return how many codes are named by their text."""
        return self.text.count(b"\n") + (bool(self.text) and not self.text.endswith(b"\n"))

    @property
    def ranges(self) -> int:
        """Return how many ranges and blocks there are."""
        return len(self.spans) + len(self.blocks)

    @property
    def named(self) -> int:
        """Return how many ranges, blocks and transfers there are."""
        return self.ranges + len(self.transfers)

    def field(self, item: int) -> str:
        """Return what a caller calls an item that is a transfer or a box."""
        number = item - self.texts - self.ranges
        boxes = number - len(self.transfers)
        return f"boxes[{boxes}]" if boxes >= 0 else f"transfers[{number}]"

    def check(self, limits: Limits) -> None:
        """Refuse an empty set and one above the limits."""
        if not self.texts + self.named + len(self.boxes):
            raise Refused(Reason.REPORT_EMPTY, field="codes")
        for field, count, limit in (
            ("codes", self.texts, limits.report_codes_max),
            ("spans", self.ranges, limits.report_spans_max),
            ("transfers", len(self.transfers), limits.report_transfers_max),
            ("boxes", len(self.boxes), limits.report_spans_max),
        ):
            if count > limit:
                raise Refused(Reason.LIMIT_EXCEEDED, field=field, limit=limit)

    def fields(self) -> tuple[object, ...]:
        """Return what tells this set from another, as JSON takes it."""
        spans = [(str(s.order_id), s.gtin, s.first, s.quantity) for s in self.spans]
        blocks = [(str(b.order_id), b.gtin, b.block_id) for b in self.blocks]
        fields = (hashlib.sha256(self.text).hexdigest(), spans, blocks, self.boxes)
        if not self.transfers:  # as before there were any: the digests of old requests stay
            return fields
        return (*fields, [str(transfer_id) for transfer_id in self.transfers])


NAMED = np.dtype([("item", "<u4"), ("slot", "<i4"), ("first", "<u4"), ("count", "<u4"),
                  ("reason", "u1"), ("boxed", "?")])  # fmt: skip
"""What an item of a set names: a run of codes in the buffer of a slot, ``boxed`` by the box they
lie in; or why it names none."""


class NamedCodes(NamedTuple):
    """A set as runs in buffers, in the order of its items."""

    places: list[Place]
    runs: NDArray[np.void]
    boxes: list[NamedBox]
    watched: dict[int, int]  # boxes that came with its transfers (`box_naming.require_same`)


def name_codes(
    codes: CodeSet,
    bin_: int,
    store: Store,
    ranges: Ranges,
    keys: KeyRing,
    *,
    deep: bool = True,
    whole: bool = True,
    among: Sequence[int] | None = None,
    field: Callable[[str, int], str] = "{}[{}]".format,
) -> NamedCodes:
    """Find what a participant's set names; refuses a span, block or transfer that is not there.

    Boxes inside named ones count only if ``deep``; boxes that came with a transfer are named by it
    only if ``whole``: it makes a difference where goods leave their place. Boxes are the
    participant's, or ``among`` those given. ``field`` tells what the caller calls an item: of its
    kind, the number among these.
    """
    located = locate_codes(codes.text, store, ranges, keys, identification=True)
    # A wrong check of another's code is not told from a right one: a report is no way to guess.
    foreign = np.array([place.bin != bin_ for place in located.places] + [False])[located.slots]
    located.reasons[foreign & (located.reasons == Reason.CODE_FORGED)] = Reason.CODE_NOT_OWNED
    texts = np.zeros(len(located.reasons), NAMED)
    texts["item"] = np.arange(len(texts))
    texts["reason"] = located.reasons
    texts["slot"] = np.where(located.reasons == 0, located.slots, -1)
    texts["first"] = np.where(located.reasons == 0, located.indexes, 0)
    texts["count"] = 1
    slots = {place: slot for slot, place in enumerate(located.places)}
    runs = [texts]
    item = len(texts)
    for kind, number, order_id, gtin, first, count in _spans(codes, bin_, store):
        buffer = require_buffer(read_order(store, bin_, order_id).row, gtin)
        if not 0 <= first < first + count <= buffer.quantity:
            raise Refused(Reason.SPAN_INVALID, field=field(kind, number), limit=buffer.quantity)
        slot = slots.setdefault(Place(bin_, order_id, gtin), len(slots))
        runs.append(np.array([(item, slot, first, count, 0, False)], NAMED))
        item += 1
    transfers = name_transfers(codes.transfers, bin_, item, store, whole=whole, field=field)
    for named in transfers:
        runs += _runs(named.item, named.buffers, slots, boxed=False)
    item += len(transfers)
    boxes = [box for named in transfers for box in named.boxes]
    boxes += name_boxes(codes.boxes, item, bin_, store, deep=deep, among=among)
    for box in boxes:
        runs += _runs(box.item, box.buffers, slots, boxed=True)
    watched = {box: version for named in transfers for box, version in named.watched.items()}
    return NamedCodes(list(slots), np.concatenate(runs), boxes, watched)


def _runs(
    item: int, buffers: list[BufferRuns], slots: dict[Place, int], *, boxed: bool
) -> list[NDArray[np.void]]:
    """Return what an item names by runs in buffers, each of which gets a slot."""
    named = []
    for issuer, order_id, gtin, runs in buffers:
        part = np.zeros(len(runs), NAMED)
        part["first"], part["count"] = runs["first"], runs["count"]
        part["slot"] = slots.setdefault(Place(issuer, order_id, gtin), len(slots))
        part["item"], part["boxed"] = item, boxed
        named.append(part)
    return named


def _spans(codes: CodeSet, bin_: int, store: Store) -> list[tuple[str, int, UUID, int, int, int]]:
    """Return spans and blocks as (kind, number, order, GTIN, first, count)."""
    spans = [("spans", number, *span) for number, span in enumerate(codes.spans)]
    for number, name in enumerate(codes.blocks):
        block = read_block(store, bin_, name.order_id, name.gtin, name.block_id)
        spans.append(("blocks", number, name.order_id, name.gtin, block.first,
                      block.row.quantity))  # fmt: skip
    return spans
