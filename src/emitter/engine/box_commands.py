"""Commands about boxes, as values: packing, unpacking, and SSCCs to pack with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import digest_of, require_text
from emitter.errors import Reason, Refused
from emitter.trade.circulation import Acceptance, DocumentKind

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from emitter.config import Limits
    from emitter.trade.packing import BoxKind, BoxName


_NONE = CodeSet()
_KINDS = ("codes", "spans", "blocks", "transfers", "boxes")  # items of a set, in their order


@dataclass(frozen=True, slots=True)
class PackUnit:
    """A box and what goes into it: codes, and whole boxes (``codes.boxes``).

    With ``update`` the box is there and more goes into it; its kind stays as it was made, and so
    does its capacity, unless another is given.
    """

    box: BoxName
    codes: CodeSet
    kind: BoxKind
    update: bool = False
    capacity: int = 0  # items that the box may hold directly; 0 for no such limit

    def fields(self) -> tuple[object, ...]:
        """Return what tells this unit from another, as JSON takes it."""
        return (self.box, self.kind, self.update, self.capacity, *self.codes.fields())


@dataclass(frozen=True, slots=True)
class AggregateCodes:
    """Pack codes and boxes into boxes, one document. Items count through unit after unit.

    Units are worked off in order, so a box made by one may be packed by a later one.
    """

    bin: int
    request_id: str
    units: tuple[PackUnit, ...]
    acceptance: Acceptance = Acceptance.WHOLE
    details: str = ""  # what else came with the document, as JSON: kept (`event_dates`)
    memory_us: int = 0  # how long the id is kept, accepted only; 0: for ever, refusals too

    kind: ClassVar[DocumentKind] = DocumentKind.AGGREGATION
    reason: ClassVar[None] = None
    dated_on: ClassVar[dt.date | None] = None

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        _check(self.request_id, self.details, limits)
        if not self.units:
            raise Refused(Reason.FIELD_REQUIRED, field="units")
        for field, count, limit in (
            ("units", len(self.units), limits.aggregation_units_max),
            ("codes", sum(unit.codes.texts for unit in self.units), limits.report_codes_max),
            ("spans", sum(unit.codes.ranges for unit in self.units), limits.report_spans_max),
            ("transfers", sum(len(unit.codes.transfers) for unit in self.units),
             limits.report_transfers_max),
            ("boxes", sum(len(unit.codes.boxes) for unit in self.units), limits.report_codes_max),
        ):
            if count > limit:
                raise Refused(Reason.LIMIT_EXCEEDED, field=field, limit=limit)
        for number, unit in enumerate(self.units):
            if not unit.codes.texts + unit.codes.named + len(unit.codes.boxes):
                raise Refused(Reason.REPORT_EMPTY, field=f"units[{number}]")
            if unit.capacity < 0:
                raise Refused(
                    Reason.QUANTITY_OUT_OF_RANGE, field=f"units[{number}].capacity",
                    least=0, limit=limits.box_codes_max,
                )  # fmt: skip

    def digest(self) -> bytes:
        """Return what tells this document from another under the same request id."""
        return digest_of(
            self.kind, self.acceptance, self.details, *(unit.fields() for unit in self.units)
        )

    def merged(self) -> tuple[CodeSet, Items]:
        """Return the codes of all units as one set, and whose each of its items is."""
        sets = [unit.codes for unit in self.units]
        merged = CodeSet(
            b"\n".join(codes.text.removesuffix(b"\n") for codes in sets if codes.text),
            tuple(span for codes in sets for span in codes.spans),
            tuple(block for codes in sets for block in codes.blocks),
            transfers=tuple(each for codes in sets for each in codes.transfers),
        )
        sizes = [
            (s.texts, len(s.spans), len(s.blocks), len(s.transfers), len(s.boxes)) for s in sets
        ]
        return merged, Items(np.array(sizes, np.int64))


class Items:
    """The items of a document of several units: of each in turn its texts, …, and boxes."""

    def __init__(self, sizes: NDArray[np.int64]) -> None:
        starts = np.cumsum(sizes) - sizes.reshape(-1)
        self._sizes, self._starts = sizes, starts.reshape(sizes.shape)
        self.ends = starts.reshape(sizes.shape)[:, -1] + sizes[:, -1]

    def of_merged(self) -> NDArray[np.uint32]:
        """Return the item of the document for each item of the merged set."""
        parts = [
            np.arange(start, start + size)
            for kind in range(len(_KINDS) - 1)
            for start, size in zip(
                self._starts[:, kind].tolist(), self._sizes[:, kind].tolist(), strict=True
            )
            if size
        ]
        return np.concatenate([np.empty(0, np.uint32), *parts]).astype(np.uint32)

    def field(self, kind: str, number: int) -> str:
        """Return what the caller calls an item of the merged set, by its number in its kind."""
        ends = np.cumsum(self._sizes[:, _KINDS.index(kind)])
        unit = int(np.searchsorted(ends, number, side="right"))
        first = int(ends[unit - 1]) if unit else 0
        return f"units[{unit}].{kind}[{number - first}]"

    def units(self, items: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the unit of each item."""
        units: NDArray[np.int64] = np.searchsorted(self.ends, items, side="right")
        return units

    def box(self, unit: int, number: int) -> int:
        """Return the item that is a box of a unit."""
        return int(self._starts[unit, -1]) + number


@dataclass(frozen=True, slots=True)
class DisaggregateBoxes:
    """Disband boxes, and take codes and boxes out of the boxes they lie in, one document.

    Items are first the boxes to disband and then those of ``taken``. What lay in a disbanded box
    lies in none then, and boxes that lay in it are outermost ones.
    """

    bin: int
    request_id: str
    boxes: tuple[BoxName, ...] = ()
    taken: CodeSet = _NONE
    acceptance: Acceptance = Acceptance.WHOLE
    details: str = ""
    memory_us: int = 0

    kind: ClassVar[DocumentKind] = DocumentKind.DISAGGREGATION
    reason: ClassVar[None] = None
    dated_on: ClassVar[dt.date | None] = None

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        _check(self.request_id, self.details, limits)
        boxes = len(self.boxes) + len(self.taken.boxes)
        if not boxes + self.taken.texts + self.taken.named:
            raise Refused(Reason.REPORT_EMPTY, field="boxes")
        for field, count, limit in (
            ("boxes", boxes, limits.aggregation_units_max),
            ("codes", self.taken.texts, limits.report_codes_max),
            ("spans", self.taken.ranges, limits.report_spans_max),
            ("transfers", len(self.taken.transfers), limits.report_transfers_max),
        ):
            if count > limit:
                raise Refused(Reason.LIMIT_EXCEEDED, field=field, limit=limit)

    def digest(self) -> bytes:
        """Return what tells this document from another under the same request id."""
        return digest_of(self.kind, self.acceptance, self.details, self.boxes, *self.taken.fields())

    def named(self) -> CodeSet:
        """Return the codes to take out, and the boxes to disband as the boxes of the set."""
        return replace(self.taken, boxes=self.boxes)


@dataclass(frozen=True, slots=True)
class AllocateSsccs:
    """Give a participant SSCCs of the operator's prefix, which nobody else will ever get."""

    bin: int
    request_id: str
    quantity: int

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.request_id, "request_id", limits.request_id_chars_max)
        if not 1 <= self.quantity <= limits.ssccs_max:
            raise Refused(
                Reason.QUANTITY_OUT_OF_RANGE, field="quantity", least=1, limit=limits.ssccs_max
            )

    def digest(self) -> bytes:
        """Return what tells this request from another under the same request id."""
        return digest_of("ssccs", self.quantity)


BoxCommand = AggregateCodes | DisaggregateBoxes | AllocateSsccs


def _check(request_id: str, details: str, limits: Limits) -> None:
    require_text(request_id, "request_id", limits.request_id_chars_max)
    if len(details.encode()) > limits.details_bytes_max:
        raise Refused(Reason.LIMIT_EXCEEDED, field="details", limit=limits.details_bytes_max)
