"""Invariants of who holds goods: owners and what is under way are the fold of the transfers.

A run of a map of owners is there because acceptances led to it, a run of what is under way because
a shipment has no answer yet; and the other way round. Called by `code_invariants` and `invariants`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter.engine.laws import BreachError, require
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow
from emitter.store.code_rows import OWNED, UNDER_WAY, DocumentRow
from emitter.store.holding_keys import (
    HOLDING_KEY_SIZE,
    OWNERS,
    TRANSFERS,
    Holding,
    Side,
    holding_key,
    transfer_key,
    transfer_of,
)
from emitter.store.scanning import scan_store, scan_view
from emitter.store.spans import SPAN, cut, new_spans, overlay, scan_pages
from emitter.store.transfer_rows import TransferRow
from emitter.trade.circulation import DocumentKind
from emitter.trade.states import TransferState

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from emitter.engine.laws import Report
    from emitter.engine.locating import Place
    from emitter.store.code_rows import LifeRow
    from emitter.store.port import Reader, Store

_NONE = np.empty(0, SPAN)
_FLAGS = {Holding.OWNER: OWNED, Holding.RECIPIENT: UNDER_WAY}
_ANSWERS = {
    TransferState.ACCEPTED: DocumentKind.ACCEPTANCE,
    TransferState.PARTLY_ACCEPTED: DocumentKind.ACCEPTANCE,
    TransferState.REJECTED: DocumentKind.REJECTION,
    TransferState.RECALLED: DocumentKind.RECALL,
}


class MovedCodes(NamedTuple):
    """A document that moved codes of a buffer, and which."""

    kind: int
    bin: int
    document_id: UUID
    runs: NDArray[np.void]


def check_holding(
    reader: Reader, place: Place, life: LifeRow, documents: list[MovedCodes], report: Report
) -> None:
    """Check the maps of a buffer against its documents, in the order in which they took effect."""
    who = f"codes of order {place.order_id}, buffer {place.gtin:014d}"
    owners, under_way = _fold(reader, place, documents, who)
    for what, said in ((Holding.OWNER, owners), (Holding.RECIPIENT, under_way)):
        stored = _stored(reader, place, what, report, who)
        name = what.name.lower()
        flagged = bool(life.flags & _FLAGS[what])
        require(flagged == bool(len(stored)), f"the life says whether there is any {name}", who)
        merged = np.array_equal(overlay(_NONE, stored), stored)
        require(merged, f"runs of {name}s are sorted, apart and merged", who)
        require(np.array_equal(stored, said), f"every {name} is explained by transfers", who)
        parties = np.unique(stored["value"]).tolist()
        rows = reader.get_many([schema.participant_key(bin_) for bin_ in parties])
        require(None not in rows, f"every {name} is a participant", who)


def _stored(
    reader: Reader, place: Place, what: Holding, report: Report, who: str
) -> NDArray[np.void]:
    """Return the spans of a map."""
    rows = list(scan_view(reader, holding_key(what, *place)))
    report.holding_rows += len(rows)
    if not rows:
        return _NONE
    try:
        return scan_pages(rows, HOLDING_KEY_SIZE)
    except Exception as error:  # noqa: BLE001 - whatever is broken in a row
        raise BreachError(f"{who}: who holds them can be read: {error}") from None


def _fold(
    reader: Reader, place: Place, documents: list[MovedCodes], who: str
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return owners and recipients as the documents lead to them."""
    owners, under_way = _NONE, _NONE
    answers: dict[UUID, tuple[TransferRow, NDArray[np.void]]] = {}
    told = {one.document_id for one in documents}
    for kind, bin_, document_id, runs in documents:
        subject = f"{who}, document {document_id}"
        if kind == DocumentKind.SHIPMENT:
            packed = reader.get_many((transfer_key(bin_, Side.SENDER, document_id),))[0]
            require(packed is not None, "a shipment has its transfer", subject)
            row = TransferRow.unpack(packed or b"")
            said = cut(owners, runs)["value"]
            owned = bool((np.where(said == 0, place.bin, said) == bin_).all())
            require(owned, "goods are shipped by their owner", subject)
            idle = not cut(under_way, runs)["value"].any()
            require(idle, "goods are shipped once at a time", subject)
            if row.answer_id is None or row.answer_id in told:
                under_way = overlay(under_way, new_spans(runs, row.recipient))
            if row.answer_id is not None:
                answers[row.answer_id] = row, runs
        elif kind in _ANSWERS.values():
            if document_id not in answers:
                raise BreachError(f"{subject}: an answer has its shipment")
            row, shipped = answers[document_id]
            within = bool(cut(new_spans(shipped, 1), runs)["value"].all())
            require(within, "an answer is about what was shipped", subject)
            under_way = overlay(under_way, new_spans(shipped, 0))
            if kind == DocumentKind.ACCEPTANCE:
                value = 0 if row.recipient == place.bin else row.recipient
                owners = overlay(owners, new_spans(runs, value))
            else:
                require(np.array_equal(runs, shipped), "what is not accepted goes back whole",
                        subject)  # fmt: skip
    return owners, under_way


def check_transfers(store: Store, report: Report) -> None:
    """Check that every transfer stands under both its sides and agrees with its documents."""
    for key, _ in scan_store(store, TRANSFERS):
        store.view(partial(_check_transfer, key=key, report=report))


def _check_transfer(reader: Reader, *, key: bytes, report: Report) -> None:
    bin_, side, transfer_id = transfer_of(key)
    who = f"transfer {transfer_id}"
    packed = reader.get_many((key,))[0]
    require(packed is not None, "a transfer that was there is gone", who)
    row = TransferRow.unpack(packed or b"")
    require((row.sender, row.recipient)[side - 1] == bin_ and row.sender != row.recipient,
            "a transfer stands under its sides", who)  # fmt: skip
    keys = (
        transfer_key(row.sender, Side.SENDER, transfer_id),
        transfer_key(row.recipient, Side.RECIPIENT, transfer_id),
        schema.participant_key(row.recipient),
        schema.document_key(row.sender, transfer_id),
    )
    ours, theirs, recipient, shipment = reader.get_many(keys)
    require(ours == theirs == packed, "both sides see the same transfer", who)
    require(recipient is not None, "goods are shipped to a participant", who)
    shipped = DocumentRow.unpack(shipment) if shipment else None
    require(
        shipped is not None
        and (shipped.kind, shipped.moved, shipped.at_us)
        == (DocumentKind.SHIPMENT, row.codes, row.shipped_us),
        "a transfer is what its shipment says", who,
    )  # fmt: skip
    _check_answer(reader, row, who)
    if row.state == TransferState.SHIPPED and side is Side.SENDER:
        packed_boxes = reader.get_many([schema.box_key(box) for box in row.boxes])
        boxes = [BoxRow.unpack(box) for box in packed_boxes if box]
        marked = [box.flags & IN_TRANSIT and box.owner == row.sender for box in boxes]
        require(len(marked) == len(row.boxes) and all(marked), "boxes that are shipped say so", who)
        report.boxes_under_way += len(boxes)
    report.transfers += side is Side.SENDER
    report.holding_rows += 1


def _check_answer(reader: Reader, row: TransferRow, who: str) -> None:
    """Check the state of a transfer against the document that ended it."""
    state = TransferState(row.state)
    accepted = {
        TransferState.ACCEPTED: row.accepted == row.codes,
        TransferState.PARTLY_ACCEPTED: 0 < row.accepted < row.codes,
    }
    require(accepted.get(state, row.accepted == 0), "the state says how much is accepted", who)
    waits = state is TransferState.SHIPPED
    require((row.answer_id is None) == waits == (row.answered_us == 0), "an answer ends a transfer",
            who)  # fmt: skip
    if row.answer_id is None:
        return
    bin_ = row.sender if state is TransferState.RECALLED else row.recipient
    packed = reader.get_many((schema.document_key(bin_, row.answer_id),))[0]
    answer = DocumentRow.unpack(packed) if packed else None
    moved = row.accepted or row.codes
    require(
        answer is not None
        and (answer.kind, answer.moved, answer.at_us)
        == (_ANSWERS[state], moved, row.answered_us),
        "a transfer ends as its answer says", who,
    )  # fmt: skip


def check_whole_holding(store: Store, report: Report) -> None:
    """Look for rows that belong to nothing, and shipments without a transfer."""
    count = sum(1 for kind in (OWNERS, TRANSFERS) for _ in scan_store(store, kind))
    require(count == report.holding_rows, "who holds codes is said of touched buffers", "store")
    marked = sum(
        bool(BoxRow.unpack(row).flags & IN_TRANSIT) for _, row in scan_store(store, schema.BOXES)
    )
    require(marked == report.boxes_under_way, "a box is under way by an open transfer", "store")
    shipments = sum(
        row.kind == DocumentKind.SHIPMENT and row.moved > 0
        for row in (DocumentRow.unpack(packed) for _, packed in scan_store(store, schema.DOCUMENTS))
    )
    require(shipments == report.transfers, "every shipment is a transfer", "store")
