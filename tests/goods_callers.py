"""The part of a real station that packs, unpacks, ships and answers shipments."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from emitter.client import Codes, PackUnit, Refused
from emitter.engine import box_commands
from emitter.engine.box_commands import AggregateCodes, AllocateSsccs, DisaggregateBoxes
from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import ReportCodes
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.trade.circulation import Acceptance, DocumentKind
from emitter.trade.packing import BoxKind, require_box
from emitter.trade.parties import format_bin
from emitter.v1.report_pb2 import ReportState
from report_callers import Reports

if TYPE_CHECKING:
    from collections.abc import Callable

    from crowd import Load
    from emitter.client import Client
    from emitter.engine.commands import Command
    from emitter.trade.packing import BoxName


class GoodsCalls(Reports):
    """Mixed into a caller; nobody else uses its boxes, and who a shipment is for hears of it."""

    load: Load

    def start_trading(self, partners: list[int]) -> None:
        self._partners = partners
        self._boxes: list[BoxName] = []
        self._ssccs: list[str] = []
        self._introduced: list[bytes] = []
        self._came: list[uuid.UUID] = []  # transfers of which it has accepted something

    def trade(self) -> None:
        """Do one thing with goods that were delivered or that came."""
        if not self._codes:
            return
        acts = {self._pack: 8, self._unpack: 3, self._ship: 6, self._answer: 8}
        self.chance.choices(list(acts), list(acts.values()))[0]()

    def _some(self) -> CodeSet:
        """Return codes, and boxes or transfers now and then; most codes are in circulation."""
        if self._came and self.chance.random() < 0.15:
            return CodeSet(transfers=(self.chance.choice(self._came[-5:]),))
        codes = self._introduced or self._codes
        start = self.chance.randrange(len(codes))
        texts = codes[start : start + self.chance.choice((1, 3, 40))]
        count = min(len(self._boxes), self.chance.choice((0, 1, 2)))
        boxes = self.chance.sample(self._boxes, count)
        if boxes and self.chance.random() < 0.5:
            texts = []
        return CodeSet(b"\n".join(texts), boxes=tuple(boxes))

    def _pack(self) -> None:
        """Pack codes and boxes into a new box."""
        if not self._ssccs:
            given = self.tell(AllocateSsccs(self._bin, self.new_id(), 3))
            self._ssccs = list(given)
        box = require_box(self._ssccs.pop(), self._bin, "box")
        unit = box_commands.PackUnit(box, self._some(), BoxKind.TRANSPORT)
        self.tell(AggregateCodes(self._bin, self.new_id(), (unit,), Acceptance.VALID))
        self._boxes.append(box)

    def _unpack(self) -> None:
        """Disband a box, or take codes and boxes out of others."""
        taken = self._some()
        whole, taken = (taken.boxes[:1], CodeSet(taken.text)) if taken.boxes else ((), taken)
        self.tell(DisaggregateBoxes(self._bin, self.new_id(), whole, taken, Acceptance.VALID))

    def _ship(self) -> None:
        partner = self.chance.choice(self._partners)
        command = ShipCodes(self._bin, self.new_id(), partner, self._some(), Acceptance.VALID)
        answer = self.tell(command)
        if answer.HasField("transfer"):
            self.load.shipped.append((uuid.UUID(answer.transfer.transfer_id), command))

    def _answer(self) -> None:
        """Answer one of the last shipments, or take it back; others may have been faster."""
        mine = [(each, shipment) for each, shipment in self.load.shipped[-30:]
                if self._bin in (shipment.bin, shipment.recipient)]  # fmt: skip
        if not mine:
            return
        transfer_id, shipment = self.chance.choice(mine)
        if shipment.bin == self._bin:
            if self.chance.random() < 0.3:
                self.tell(RecallTransfer(self._bin, self.new_id(), transfer_id))
        elif self.chance.random() < 0.2:
            self.tell(RejectTransfer(self._bin, self.new_id(), transfer_id))
        else:
            part = CodeSet(shipment.codes.text, boxes=shipment.codes.boxes)
            if part == CodeSet() or self.chance.random() < 0.7:
                part = None
            accept = AcceptTransfer(self._bin, self.new_id(), transfer_id, part, None,
                                    Acceptance.VALID)  # fmt: skip
            answer = self.tell(accept)
            if not isinstance(answer, Refused):
                if answer.document.state != ReportState.REPORT_STATE_REJECTED:
                    self._came.append(transfer_id)
                self._introduced += filter(None, shipment.codes.text.split(b"\n"))
                self._boxes += shipment.codes.boxes

    def tell(self, command: Command) -> object:
        """Ask for what a command says, as often as it takes."""
        if isinstance(command, ReportCodes):
            answer = super().tell(command)
            if command.kind is DocumentKind.INTRODUCTION:
                self._introduced += command.codes.text.split(b"\n")
            return answer
        call = _call(command)
        return self.ask(command, call) if call else None


def _call(command: Command) -> Callable[[Client], object] | None:
    """Return the call of a client that says what a command about goods says."""
    match command:
        case AllocateSsccs(request_id=name, quantity=quantity):
            return lambda client: client.allocate_ssccs(quantity, request_id=name)
        case AggregateCodes(request_id=name, units=units, acceptance=rule):
            packed = [
                PackUnit(box=unit.box.text, kind=int(unit.kind), codes=unit.codes.text,
                         boxes=[box.text for box in unit.codes.boxes],
                         transfers=map(str, unit.codes.transfers))
                for unit in units
            ]  # fmt: skip
            return lambda client: client.aggregate(packed, request_id=name, acceptance=int(rule))
        case DisaggregateBoxes(request_id=name, boxes=boxes, taken=taken, acceptance=rule):
            texts = [box.text for box in boxes]
            return lambda client: client.disaggregate(
                texts, taken=_codes(taken), request_id=name, acceptance=int(rule)
            )
        case ShipCodes(request_id=name, recipient=recipient, codes=codes, acceptance=rule):
            return lambda client: client.ship(
                format_bin(recipient), _codes(codes), request_id=name, acceptance=int(rule)
            )
        case AcceptTransfer(request_id=name, only=codes, acceptance=rule):
            return lambda client: client.accept_transfer(
                str(command.transfer_id), accepted=_codes(codes) if codes else None,
                request_id=name, acceptance=int(rule),
            )  # fmt: skip
        case RejectTransfer(request_id=name):
            return lambda client: client.reject_transfer(str(command.transfer_id), request_id=name)
        case RecallTransfer(request_id=name):
            return lambda client: client.recall_transfer(str(command.transfer_id), request_id=name)
    return None


def _codes(codes: CodeSet) -> Codes:
    texts = codes.text.split(b"\n") if codes.text else []
    transfers = [str(transfer_id) for transfer_id in codes.transfers]
    return Codes(texts, boxes=[box.text for box in codes.boxes], transfers=transfers)
