"""Goods by chance: what stations pack, unpack, ship and answer, rightly and wrongly."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from emitter.engine.box_commands import (
    AggregateCodes,
    AllocateSsccs,
    DisaggregateBoxes,
    PackUnit,
)
from emitter.engine.code_sets import CodeSet
from emitter.engine.reports import DocumentView
from emitter.engine.ssccs import AllocatedSsccs
from emitter.engine.transfer_commands import (
    AcceptTransfer,
    RecallTransfer,
    RejectTransfer,
    ShipCodes,
)
from emitter.trade.circulation import Acceptance, DocumentKind, DocumentStatus
from emitter.trade.gs1 import check_digit
from emitter.trade.packing import BoxKind, require_box
from simulated_reports import PACK_SIZE, Reporting

if TYPE_CHECKING:
    import random
    from uuid import UUID

    from emitter.engine.box_commands import BoxCommand
    from emitter.engine.transfer_commands import TransferCommand
    from emitter.trade.packing import BoxName
    from serial_order import Seen

PREFIX = "952123400000"  # of the operator; as long as can be, so that its SSCCs come to an end
BOXES = 6  # of each kind of name: so few that they meet


def sscc(prefix: str, serial: int) -> str:
    """Return an SSCC of a prefix."""
    digits = f"3{prefix}{serial:0{16 - len(prefix)}}"
    return digits + str(check_digit(digits))


class Trading(Reporting):
    """The part of a station that packs and trades; it names what it has from answers."""

    def __init__(self, bin_: int, dice: random.Random, partners: tuple[int, ...]) -> None:
        super().__init__(bin_, dice)
        self._partners = [bin_ for bin_ in partners if bin_ != self.bin]
        self._ssccs: list[str] = []
        self._introduced: list[bytes] = []
        self._sent: list[UUID] = []
        self._coming: list[tuple[UUID, CodeSet]] = []

    def hear_goods(self, seen: Seen) -> None:
        """Take an answer in; a shipment is known to its recipient, with the papers of the goods."""
        command = seen.command
        if seen.reason != "OK":
            return
        if isinstance(command, AggregateCodes) and command.bin == self.bin:
            self._know(unit.box for unit in command.units)
        if isinstance(seen.value, AllocatedSsccs):
            few = seen.value._replace(quantity=min(3, seen.value.quantity))
            self._ssccs += few.texts()  # others hear of them, too
        if isinstance(command, ShipCodes) and seen.value.transfer:
            transfer_id = seen.value.transfer.transfer_id
            if command.bin == self.bin:
                self._sent.append(transfer_id)
            if command.recipient == self.bin:
                self._coming.append((transfer_id, command.codes))
                self._know(command.codes.boxes)
        if isinstance(command, AcceptTransfer) and command.bin == self.bin and seen.value.transfer:
            accepted = seen.value.document.status is not DocumentStatus.REJECTED
            if accepted and command.transfer_id not in self.came:
                self.came.append(command.transfer_id)
        introduced = getattr(command, "kind", None) is DocumentKind.INTRODUCTION
        if (self._is_mine(seen) and introduced) or self._is_coming(seen):
            texts = command.codes.text.split(b"\n") if command.codes.text else []
            texts = [text for text in texts if b"\x1d" in text or len(text) == PACK_SIZE]
            self._introduced += texts
            self.codes += [text for text in texts if text not in self.codes]

    def _is_mine(self, seen: Seen) -> bool:
        return isinstance(seen.value, DocumentView) and seen.value.bin == self.bin and (
            seen.value.status is DocumentStatus.ACCEPTED
        )

    def _is_coming(self, seen: Seen) -> bool:
        return isinstance(seen.command, ShipCodes) and seen.command.recipient == self.bin and (
            seen.value.document.status is DocumentStatus.ACCEPTED
        )

    def _goods(self) -> list[bytes]:
        """Return codes, most often of goods that were in circulation when it heard of them."""
        if not self._introduced or self.dice.random() < 0.3:
            return self._texts()
        start = self.dice.randrange(len(self._introduced))
        return self._introduced[start : start + self.dice.choice((1, 3, 9))]

    def _know(self, boxes) -> None:
        self.boxes += [box for box in boxes if box not in self.boxes]

    # Boxes ----------------------------------------------------------------------------------------

    def _pack(self) -> AggregateCodes:
        """Return a document of one box or some; later units may pack the boxes of earlier ones."""
        units: list[PackUnit] = []
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            name = self._new_box()
            boxes = [*self._some_boxes(), *(unit.box for unit in units)]
            if self.dice.random() < 0.5:
                boxes = []
            texts = self._goods() if not boxes or self.dice.random() < 0.5 else []
            spans = tuple(self._spans()) if self.dice.random() < 0.1 else ()
            kind = BoxKind.TRANSPORT if boxes and self.dice.random() < 0.9 else BoxKind.GROUP
            update = name in self.boxes and self.dice.random() < 0.6
            capacity = self.dice.choice((0, 0, 0, 5, 30))
            transfers = self._some_transfers() if self.dice.random() < 0.2 else ()
            if transfers and self.dice.random() < 0.7:
                texts, spans = [], ()
            codes = CodeSet(b"\n".join(texts), spans, (), tuple(boxes), transfers)
            units.append(PackUnit(name, codes, kind, update, capacity))
        return AggregateCodes(
            self.bin, self._id(), tuple(units), self._acceptance(),
            memory_us=self.dice.choice((0, 0, 0, 3_600_000_000)),
        )  # fmt: skip

    def _new_box(self) -> BoxName:
        """Return a number of its own, an SSCC that anybody may use, or one of the operator's."""
        number = self.dice.randrange(BOXES)
        text = self.dice.choice((f"box {number}", sscc("3870000", number), sscc(PREFIX, number)))
        if self._ssccs and self.dice.random() < 0.3:
            text = self.dice.choice(self._ssccs)
        return require_box(text, self.bin, "box")

    def _unpack(self) -> DisaggregateBoxes:
        """Disband boxes, or take codes and boxes out of others."""
        whole = self._some_boxes() if self.dice.random() < 0.5 else []
        taken = CodeSet(boxes=tuple(self._some_boxes()))
        if not whole or self.dice.random() < 0.3:
            texts = self._texts() if self.dice.random() < 0.6 else []
            spans = tuple(self._spans()) if self.dice.random() < 0.2 else ()
            transfers = self._some_transfers() if self.dice.random() < 0.2 else ()
            taken = CodeSet(b"\n".join(texts), spans, (), taken.boxes, transfers)
        return DisaggregateBoxes(self.bin, self._id(), tuple(whole), taken, self._acceptance())

    def _allocate(self) -> AllocateSsccs:
        quantity = self.dice.choices((1, 3, 10, 95_000), (4, 4, 4, 3))[0]
        return AllocateSsccs(self.bin, self._id(), quantity)

    # Transfers ------------------------------------------------------------------------------------

    def _ship(self) -> ShipCodes:
        """Ship codes and boxes, of a box perhaps a code apart; or on what came, perhaps a part."""
        boxes = [box for box in self._some_boxes() if self._has_sscc(box)]
        texts = self._goods() if not boxes or self.dice.random() < 0.3 else []
        spans = tuple(self._spans()) if self.dice.random() < 0.1 else ()
        recipient = self.dice.choices(self._partners, range(len(self._partners), 0, -1))[0]
        codes = CodeSet(b"\n".join(texts), spans, boxes=tuple(boxes))
        if self.came and self.dice.random() < 0.4:
            rest = codes if self.dice.random() < 0.3 else CodeSet()
            codes = dataclasses.replace(rest, transfers=self._some_transfers())
        return ShipCodes(self.bin, self._id(), recipient, codes, self._acceptance())

    def _answer(self) -> TransferCommand:
        """Answer a shipment or take one back; now and then as the wrong side, or a second time."""
        if self._sent and (not self._coming or self.dice.random() < 0.2):
            return RecallTransfer(self.bin, self._id(), self.dice.choice(self._sent[-4:]))
        nothing = uuid.UUID(int=7), CodeSet()
        transfer_id, shipped = self.dice.choice(self._coming[-4:] or [nothing])
        if self.dice.random() < 0.15:
            return RejectTransfer(self.bin, self._id(), transfer_id)
        how = self.dice.choice(("all", "only", "only", "all_but"))
        named = {} if how == "all" else {how: self._part(shipped)}
        return AcceptTransfer(self.bin, self._id(), transfer_id, acceptance=self._acceptance(),
                              **named)  # fmt: skip

    def _part(self, shipped: CodeSet) -> CodeSet:
        """Return some of what was shipped, and perhaps other codes and boxes."""
        texts = shipped.text.split(b"\n") if shipped.text else []
        texts = self.dice.sample(texts, self.dice.randint(0, len(texts)))
        boxes = self.dice.sample(shipped.boxes, self.dice.randint(0, len(shipped.boxes)))
        if (not texts and not boxes) or self.dice.random() < 0.3:
            texts += self._texts()
            boxes += self._some_boxes()[:1]
        return CodeSet(b"\n".join(texts), boxes=tuple(boxes))

    # Mistakes -------------------------------------------------------------------------------------

    def _spoiled_goods(self) -> BoxCommand | TransferCommand:
        pack, ship, answer = self._pack(), self._ship(), self._answer()
        unit, nobody = pack.units[0], self.dice.choice((7, self.bin))
        own = require_box("box 1", self.bin, "box")
        some = [*self._sent[-1:], *(transfer_id for transfer_id, _ in self._coming[-1:])]
        accept = AcceptTransfer(self.bin, self._id(), answer.transfer_id, ship.codes, ship.codes)
        return self.dice.choice((
            dataclasses.replace(pack, units=()),
            dataclasses.replace(pack, units=(dataclasses.replace(unit, codes=CodeSet()),)),
            dataclasses.replace(pack, units=(dataclasses.replace(unit, capacity=-1),)),
            dataclasses.replace(pack, request_id=""),
            DisaggregateBoxes(self.bin, self._id()),
            AllocateSsccs(self.bin, self._id(), 0),
            dataclasses.replace(ship, recipient=nobody),
            dataclasses.replace(ship, codes=CodeSet()),
            dataclasses.replace(ship, codes=CodeSet(boxes=(own,))),
            dataclasses.replace(ship, codes=CodeSet(transfers=tuple(some[-1:]))),
            accept,
            RejectTransfer(self.bin, self._id(), self.dice.choice([*self._sent, uuid.UUID(int=7)])),
        ))  # fmt: skip

    def _acceptance(self) -> Acceptance:
        return self.dice.choices((Acceptance.WHOLE, Acceptance.VALID), (1, 2))[0]

    @staticmethod
    def _has_sscc(box: BoxName) -> bool:
        return box.box < 10**18
