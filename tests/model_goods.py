"""Goods in the plain engine: what is known of a code and of a box, and what a document may move.

A code is a fact in a dictionary, a box another; both tell all of themselves, so that nobody has to
look around. `Goods` is a copy on which a document is tried.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from model import Model

STATES = ("", "EMITTED", "APPLIED_AND_PAID", "INTRODUCED", "WITHDRAWN", "WRITTEN_OFF", "ANNULLED")
PAID = "APPLIED_AND_PAID"


class CodeAt(NamedTuple):
    """The place of a code."""

    order_id: UUID
    gtin: int
    index: int


class Forged(NamedTuple):
    """A text that is a code but for its check."""

    code: CodeAt


class CodeFact(NamedTuple):
    """What a code is; ``box`` and ``recipient`` are 0 where it lies in none and is not shipped."""

    state: str
    utilised: bool
    owner: int
    box: int = 0
    recipient: int = 0


class Box(NamedTuple):
    """A box; one that is not packed is empty and alone, and known by its owner."""

    kind: str
    name: str
    owner: int
    capacity: int
    packed: bool = True
    parent: int = 0
    under_way: bool = False
    codes: frozenset[CodeAt] = frozenset()
    boxes: frozenset[int] = frozenset()


class Lost(NamedTuple):
    """What was named in vain: by which item, why, its state and its place if told."""

    item: int
    reason: str
    state: str = ""
    place: CodeAt | None = None


class Document(NamedTuple):
    """What was said of codes and boxes, and what came of it."""

    bin: int
    kind: str
    acceptance: str
    status: str
    codes: int
    moved: tuple[CodeAt, ...]
    lost: tuple[Lost, ...]

    @property
    def facts(self) -> tuple[object, ...]:
        """What the answer shows of it."""
        return (self.bin, self.kind, self.acceptance, self.status, self.codes, len(self.moved),
                len(self.lost))  # fmt: skip


class Transfer(NamedTuple):
    """Goods that were shipped; ``answer`` is the document that ended it."""

    sender: int
    recipient: int
    state: str
    codes: tuple[CodeAt, ...]
    boxes: tuple[int, ...]
    accepted: int = 0
    answer: UUID | None = None


class No(Exception):  # noqa: N818 - a word of the model
    """The whole document is refused."""


class Mention(NamedTuple):
    """A code that an item names, or why it names none; runs are judged by where they begin."""

    item: int
    first: int
    code: CodeAt | str
    box: int = 0  # by which it is named


def state_of(model: Model, code: CodeAt) -> CodeFact:
    """Return what a code is now."""
    left = model.codes.get((code.order_id, code.gtin), {})
    if code.index in left:
        return left[code.index]
    order = model.orders[code.order_id]
    buffer = order.buffer(code.gtin)
    state = PAID
    if code.index >= buffer.delivered:
        state = "ANNULLED" if buffer.closed or buffer.expired else "EMITTED"
    return CodeFact(state, utilised=False, owner=order.bin)


class Goods:
    """Codes and boxes as a document would leave them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.boxes = dict(model.boxes)
        self._codes: dict[CodeAt, CodeFact] = {}

    def issuer(self, code: CodeAt) -> int:
        return self.model.orders[code.order_id].bin

    def fact(self, code: CodeAt) -> CodeFact:
        return self._codes.get(code) or state_of(self.model, code)

    def set(self, codes: Iterable[CodeAt], **changes: object) -> None:
        for code in codes:
            self._codes[code] = self.fact(code)._replace(**changes)

    def packed(self, box: int) -> Box | None:
        found = self.boxes.get(box)
        return found if found and found.packed else None

    def change(self, which: Iterable[int], **changes: object) -> None:
        for box in which:
            self.boxes[box] = self.boxes[box]._replace(**changes)

    def path(self, box: int) -> list[int]:
        """Return a box and those around it."""
        parent = self.boxes[box].parent
        return [box, *(self.path(parent) if parent else [])]

    def tree(self, box: int) -> list[int]:
        """Return a box and those in it."""
        return [box, *(one for inner in self.boxes[box].boxes for one in self.tree(inner))]

    def levels(self, box: int) -> int:
        return 1 + max(map(self.levels, self.boxes[box].boxes), default=0)

    def inside(self, box: int) -> frozenset[CodeAt]:
        """Return the codes in a box at any depth."""
        return frozenset().union(*(self.boxes[one].codes for one in self.tree(box)))

    def take_code(self, code: CodeAt) -> None:
        box = self.fact(code).box
        self.change([box], codes=self.boxes[box].codes - {code})
        self.set([code], box=0)

    def take_box(self, box: int) -> None:
        parent = self.boxes[box].parent
        self.change([parent], boxes=self.boxes[parent].boxes - {box})
        self.change([box], parent=0)

    def settled(self) -> Callable[[Model], None]:
        """Return what makes it so in a model."""
        codes = dict(self.model.codes)
        for place, of_buffer in groupby(sorted(self._codes), key=lambda code: code[:2]):
            facts = {code.index: self._codes[code] for code in of_buffer}
            codes[place] = codes.get(place, {}) | facts

        def change(model: Model) -> None:
            model.codes, model.boxes = codes, self.boxes

        return change


class Sifted(NamedTuple):
    """What of the codes named may be moved, what not, and how many there are."""

    taken: list[Mention]
    lost: list[Lost]
    count: int


def sift(
    goods: Goods,
    bin_: int,
    named: Iterable[Mention],
    judge: Callable[[CodeFact, Mention], str],
    refused: dict[int, str],
) -> Sifted:
    """Judge codes one by one, where an item was ``refused`` only whether they come again."""
    taken, seen = [], set()
    lost = [Lost(item, reason) for item, reason in refused.items()]
    count = len(lost)
    for mention in sorted(named, key=lambda one: (one.first, one.item)):
        item, _, code, _ = mention
        again = code in seen
        if isinstance(code, str):
            lost.append(Lost(item, code))
        elif again:
            place = code if goods.issuer(code) == bin_ else None
            lost.append(Lost(item, "CODE_REPEATED", place=place))
        else:
            seen.add(code)
            if item in refused:
                continue
            fact = goods.fact(code)
            reason = _held(fact, bin_) or judge(fact, mention)
            told = reason in ("CODE_MOVE_REFUSED", "CODE_UTILISED_ALREADY")
            if reason:
                place = None if reason == "CODE_NOT_OWNED" else code
                lost.append(Lost(item, reason, fact.state if told else "", place))
            else:
                taken.append(mention)
        count += 1
    return Sifted(taken, lost, count)


def _held(fact: CodeFact, bin_: int) -> str:
    if fact.recipient and bin_ in (fact.owner, fact.recipient):
        return "CODE_IN_TRANSIT"
    return "" if fact.owner == bin_ else "CODE_NOT_OWNED"


def refused_boxes(
    goods: Goods, bin_: int, boxes: Iterable[int], item: int, *, breaks_box: bool, deep: bool = True
) -> dict[int, str]:
    """Return the items whose boxes a participant may not move as a whole, with the reasons."""
    refused = {}
    for number, box in enumerate(boxes, item):
        found = goods.packed(box)
        if not found or found.owner != bin_:
            refused[number] = "BOX_NOT_FOUND"
        elif deep and not goods.inside(box):
            refused[number] = "REPORT_EMPTY"
        elif found.under_way:
            refused[number] = "CODE_IN_TRANSIT"
        elif breaks_box and found.parent:
            refused[number] = "BOX_BOXED"
    return refused


def status_of(acceptance: str, lost: list[Lost], *, anything: bool) -> str:
    """Return what comes of a document that does anything, or nothing."""
    if lost and (acceptance == "WHOLE" or not anything):
        return "REJECTED"
    return "PARTLY_ACCEPTED" if lost else "ACCEPTED"


def words(lost: Iterable[Lost]) -> str:
    """Return how much was named in vain why, in which state, and a digest of what."""
    lost = sorted(lost, key=repr)
    counts = Counter((one.reason, one.state) for one in lost)
    return f"{sorted(counts.items())} {hashlib.sha256(repr(lost).encode()).hexdigest()[:16]}"
