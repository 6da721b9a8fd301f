"""SSCCs of the operator's prefix: a counter for each prefix, given out in ranges and never twice.

A range is durable before anybody is told of it, and is its participant's for ever, so whose it is
may be asked before a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emitter.engine.batch import Proposal
from emitter.engine.participants import require_active
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.box_rows import SsccRangeRow, SsccSeriesRow
from emitter.trade.packing import format_sscc, is_sscc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emitter.engine.box_commands import AllocateSsccs
    from emitter.engine.work import Work
    from emitter.store.port import Reader, Store
    from emitter.trade.packing import SsccSpace


class AllocatedSsccs(NamedTuple):
    """SSCCs that a participant was given, as counters of their prefix."""

    space: SsccSpace
    first: int
    quantity: int

    def texts(self) -> list[str]:
        """Return the SSCCs."""
        counters = range(self.first, self.first + self.quantity)
        return [format_sscc(self.space.sscc(counter)) for counter in counters]


class AllocateSsccsStep:
    """Give a participant the next SSCCs of the prefix."""

    id_field = "request_id"
    remembers_refusals = True
    rows_max = 4  # counter, range, request and its expiry

    def __init__(self, command: AllocateSsccs, space: SsccSpace) -> None:
        self.command = command
        self.bin = command.bin
        self.digest = command.digest()
        self.request: bytes | None = schema.request_key(
            command.bin, schema.RequestKind.AGGREGATION, command.request_id.encode()
        )
        self._space = space
        self._series_key = schema.sscc_series_key(space.prefix)

    def claims(self) -> tuple[bytes, ...]:
        """Return the request and the counter."""
        return (self.request or b"", self._series_key)

    def reads(self) -> tuple[bytes, ...]:
        """Return the request, the participant and the counter."""
        return (self.request or b"", schema.participant_key(self.bin), self._series_key)

    def judge(self, work: Work) -> Proposal:
        """Propose to move the counter on."""
        require_active(work, self.bin)
        series = work.read(self._series_key, SsccSeriesRow) or SsccSeriesRow(0)
        first, quantity = series.next_counter, self.command.quantity
        if first + quantity > self._space.size:
            left = self._space.size - first
            raise Refused(Reason.SSCCS_EXHAUSTED, field="quantity", left=left)
        row = SsccRangeRow(self.bin, quantity)

        def settle() -> AllocatedSsccs:
            work.change(self._series_key, SsccSeriesRow(first + quantity))
            work.put(schema.sscc_range_key(self._space.prefix, first), row.pack())
            return AllocatedSsccs(self._space, first, quantity)

        return Proposal(settle, payload=first.to_bytes(8, "big"))

    def recall(self, _work: Work, payload: bytes) -> AllocatedSsccs:
        """Return what the request was given."""
        first = int.from_bytes(payload, "big")
        return AllocatedSsccs(self._space, first, self.command.quantity)


def require_own_ssccs(
    store: Store, space: SsccSpace, bin_: int, boxes: Iterable[tuple[str, int]]
) -> None:
    """Refuse SSCCs (field, box) of the operator's prefix that the participant was not given."""
    counters = sorted(
        (counter, field)
        for field, box in boxes
        if is_sscc(box) and (counter := space.counter(box)) is not None
    )

    def require(reader: Reader) -> None:
        end = 0  # of a range of the participant's
        for counter, field in counters:
            if counter < end:
                continue
            start = schema.sscc_range_key(space.prefix, 0)
            stop = schema.sscc_range_key(space.prefix, counter + 1)
            found = reader.scan(start, stop, limit=1, reverse=True)
            for key, packed in found:
                row = SsccRangeRow.unpack(packed)
                if row.bin == bin_:
                    end = (schema.parse_sscc_key(key)[1] or 0) + row.quantity
            if counter >= end:
                raise Refused(
                    Reason.FIELD_INVALID,
                    field=field,
                    rule="an SSCC of the operator's prefix that the participant was not given",
                    rule_ru="SSCC с префиксом оператора, который участнику не выдавался",
                )

    if counters:
        store.view(require)
