"""Documents in the plain engine: reports, boxes and transfers are judged and remembered alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.box_commands import AggregateCodes, AllocateSsccs, DisaggregateBoxes
from emitter.engine.commands import ReportCodes
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from model_boxes import missing_sscc, pack, ssccs_left, unpack
from model_goods import Goods, No, Transfer, words
from model_naming import missing_ranges, missing_transfers
from model_reports import report
from model_transfers import answer, missing_transfer, ship
from model_values import Facts, Said

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from uuid import UUID

    from emitter.engine.code_sets import CodeSet
    from model import Model
    from model_goods import Document

Answers = AcceptTransfer | RejectTransfer | RecallTransfer
GoodsCommand = (
    ReportCodes | AggregateCodes | DisaggregateBoxes | AllocateSsccs | ShipCodes | Answers
)


def sets_of(command: GoodsCommand) -> list[CodeSet]:
    """Return the sets of codes that a command names."""
    match command:
        case AggregateCodes():
            return [unit.codes for unit in command.units]
        case DisaggregateBoxes():
            return [command.taken]
        case AcceptTransfer():
            return [codes for codes in (command.only, command.all_but) if codes]
        case ReportCodes() | ShipCodes():
            return [command.codes]
    return []


def missing(model: Model, command: GoodsCommand) -> tuple[str, dict[str, str]] | None:
    """Return why a command names what is not there: found out before its turn."""
    return next(_missing(model, command), None)


def _missing(model: Model, command: GoodsCommand) -> Iterator[tuple[str, dict[str, str]]]:
    if isinstance(command, AllocateSsccs) and not model.prefix:
        yield "NOT_OFFERED", {}
    if isinstance(command, AggregateCodes):
        yield from ((reason, {}) for reason in missing_sscc(model, command))
    if isinstance(command, Answers):
        yield from ((reason, {}) for reason in missing_transfer(model, command))
    sets = sets_of(command)
    yield from missing_ranges(model, command.bin, sets)
    yield from ((reason, {}) for reason in missing_transfers(model, command.bin, sets))


def judge(model: Model, command: GoodsCommand, today: dt.date, made: UUID | None) -> Said:
    """Return the answer to a command that is new."""
    if isinstance(command, ShipCodes) and not _is_active(model, command.recipient, today):
        return Said("RECIPIENT_UNAVAILABLE")
    if not isinstance(command, RejectTransfer | RecallTransfer):
        if command.bin not in model.participants:
            return Said("PARTICIPANT_NOT_FOUND")
        if not _is_active(model, command.bin, today):
            return Said("PARTICIPANT_NOT_ACTIVE", {"date": str(today)})
    if isinstance(command, AllocateSsccs):
        return _allocate(model, command)
    goods, transfer = Goods(model), None
    try:
        match command:
            case ReportCodes():
                document = report(goods, command)
            case AggregateCodes():
                document = pack(goods, command, model.limits)
            case DisaggregateBoxes():
                document = unpack(goods, command)
            case ShipCodes():
                document, transfer = ship(goods, command)
            case _:
                document, transfer = answer(goods, command, made)
    except No as no:
        return Said(str(no))
    transfer_id = made if isinstance(command, ShipCodes) else getattr(command, "transfer_id", None)
    settle = goods.settled() if document.status != "REJECTED" else None

    def change(model: Model) -> None:
        if settle:
            settle(model)
        model.documents[made] = document
        if transfer:
            model.transfers[transfer_id] = transfer

    link = made, transfer_id if transfer else None
    shown = _facts(made, document, link[1], transfer)
    told = {"lost": words(document.lost)}
    return Said("OK", told, facts=shown, change=change, lasting=settle is not None, link=link)


def _is_active(model: Model, bin_: int, today: dt.date) -> bool:
    known = model.participants.get(bin_)
    return bool(known and known.activated_on and today >= known.activated_on)


def _allocate(model: Model, command: AllocateSsccs) -> Said:
    given = command.bin, sum(each[2] for each in model.ssccs), command.quantity
    if command.quantity > ssccs_left(model):
        return Said("SSCCS_EXHAUSTED")

    def change(model: Model) -> None:
        model.ssccs = (*model.ssccs, given)

    facts = Facts(given[1:])
    return Said("OK", {}, facts=facts, change=change, lasting=True, link=given[1])


def facts(model: Model, command: GoodsCommand, link: object) -> Facts:
    """Return what a repeat of an accepted command shows."""
    if isinstance(command, AllocateSsccs):
        return Facts((link, command.quantity))
    document_id, transfer_id = link
    document, transfer = model.documents[document_id], model.transfers.get(transfer_id)
    return _facts(document_id, document, transfer_id, transfer)


def _facts(
    document_id: UUID | None, document: Document, transfer_id: UUID | None,
    transfer: Transfer | None,
) -> Facts:  # fmt: skip
    if transfer is None:
        return Facts((document_id, document.facts))
    return transfer_facts((document_id, document.facts), transfer_id, transfer)


def transfer_facts(before: tuple, transfer_id: UUID | None, transfer: Transfer) -> Facts:
    """Return what is shown of a transfer, behind what is shown of its document."""
    sides = (transfer.sender, transfer.recipient, len(transfer.codes), transfer.boxes)
    return Facts((*before, transfer_id, *sides),
                 (transfer.state, transfer.accepted, transfer.answer))  # fmt: skip
