"""Reports by chance: what stations say of codes that were delivered, rightly and wrongly."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from emitter.engine.code_sets import BlockName, CodeSet, CodeSpan
from emitter.engine.commands import ReportCodes
from emitter.trade.circulation import MOVES, Acceptance, DocumentKind

if TYPE_CHECKING:
    import random
    from uuid import UUID

    from emitter.engine.delivery import BlockView
    from emitter.trade.packing import BoxName

PACK_SIZE = 29  # of a pack of tobacco: the only codes without GS
REPORTED_BUFFER_MAX, REPORTED_MAX = 20_000, 2_500  # codes: the plain engine takes each by itself

KINDS = {
    DocumentKind.UTILISATION: 2, DocumentKind.INTRODUCTION: 5, DocumentKind.DROPOUT: 1,
    DocumentKind.WITHDRAWAL: 2, DocumentKind.RETURN: 2,
}  # fmt: skip


def forged(code: bytes) -> bytes:
    """Return the code with another last character but one of its check code."""
    return code[:-2] + (b"A" if code[-2:-1] != b"A" else b"B") + code[-1:]


def identification(code: bytes) -> bytes:
    """Return GTIN and serial of a code: before the first GS, or of a pack its first characters."""
    return code.split(b"\x1d")[0] if b"\x1d" in code else code[:21]


class Reporting:
    """The part of a station that reports; it names what it has from answers."""

    def __init__(self, bin_: int, dice: random.Random) -> None:
        self.bin = bin_
        self.dice = dice
        self.orders: dict[UUID, dict[int, int]] = {}
        self.others: list[UUID] = []  # orders it has heard of and does not own
        self.codes: list[bytes] = []  # of buffers that are not too large to be looked at
        self.others_codes: list[bytes] = []
        self.blocks: list[BlockName] = []
        self.boxes: list[BoxName] = []  # that it has heard of
        self.came: list[UUID] = []  # transfers of which it has accepted something

    def _id(self) -> str:
        raise AssertionError("each station draws its own")

    def take(self, block: BlockView, codes: list[bytes]) -> None:
        """Keep what of a delivered block reports may name."""
        if block.buffer.quantity > REPORTED_BUFFER_MAX:
            return
        if block.bin != self.bin:
            self.others_codes += [codes[0], forged(codes[-1])]
            return
        self.codes += [code for code in codes if code not in self.codes]
        name = BlockName(block.order_id, block.buffer.gtin, block.row.block_id)
        if block.row.quantity <= REPORTED_MAX and name not in self.blocks:
            self.blocks.append(name)

    def _report(self) -> ReportCodes:
        """Return a report of texts, spans and blocks; some name a code twice, or another's."""
        kind = self.dice.choices(list(KINDS), list(KINDS.values()))[0]
        reasons = MOVES[kind].reasons
        ways = ("texts", "spans", "blocks", "boxes", "texts boxes", "transfers", "transfers texts",
                "texts spans blocks boxes transfers")  # fmt: skip
        ways = self.dice.choices(ways, (8, 6, 3, 4, 2, 3, 1, 2))[0]
        texts = self._texts() if "texts" in ways else []
        blocks = self.blocks[-6:] if "blocks" in ways else []
        codes = CodeSet(
            b"\n".join(texts),
            tuple(self._spans()) if "spans" in ways else (),
            tuple(self.dice.sample(blocks, min(len(blocks), self.dice.randint(1, 2)))),
            tuple(self._some_boxes()) if "boxes" in ways else (),
            self._some_transfers() if "transfers" in ways else (),
        )
        return ReportCodes(
            self.bin, self._id(), kind, codes,
            self.dice.choice(list(reasons)) if reasons else None,
            self.dice.choices((Acceptance.WHOLE, Acceptance.VALID), (1, 2))[0],
            memory_us=self.dice.choice((0, 0, 0, 3_600_000_000)),
        )  # fmt: skip

    def _texts(self) -> list[bytes]:
        """Return marking codes and identification codes, near each other or not."""
        count = self.dice.choice((1, 2, 10, 40))
        if not self.codes:
            return []
        start = self.dice.randrange(len(self.codes))
        codes = self.dice.choice(
            (self.codes[start : start + count], self.dice.choices(self.codes, k=count))
        )
        codes = [
            identification(code) if self.dice.random() < 0.2 else code for code in codes
        ]
        if self.dice.random() < 0.15:
            wrong = [b"nonsense", forged(self.codes[start]), *self.others_codes[-2:]]
            codes.insert(self.dice.randrange(len(codes) + 1), self.dice.choice(wrong))
        return codes

    def _spans(self) -> list[CodeSpan]:
        """Return spans that begin and end near the edges of chunks, blocks and buffers."""
        spans = []
        for _ in range(self.dice.choice((1, 1, 2, 4)) if self.orders else 0):
            order_id, buffers = self._some_order()
            gtin = self.dice.choice(list(buffers))
            quantity = buffers[gtin]
            if quantity <= REPORTED_BUFFER_MAX:
                first = self.dice.choice((0, 1, 5, 1023, 1024, 1025, 2048, quantity // 3))
                first %= quantity
                count = self.dice.choice((1, 2, 7, 40, 1024, 1025, REPORTED_MAX))
                spans.append(CodeSpan(order_id, gtin, first, min(count, quantity - first)))
        return spans

    def _some_boxes(self) -> list[BoxName]:
        """Return boxes that it has heard of, the same twice now and then."""
        boxes = self.dice.sample(self.boxes, min(len(self.boxes), self.dice.choice((1, 1, 2, 3))))
        return boxes + boxes[: self.dice.random() < 0.1]

    def _some_transfers(self) -> tuple[UUID, ...]:
        """Return transfers of which it has accepted something, the same twice now and then."""
        came = self.came[-3:]
        came = self.dice.sample(came, min(len(came), self.dice.choice((1, 1, 2))))
        return (*came, *came[: self.dice.random() < 0.1])

    def _spoiled_report(self, report: ReportCodes) -> ReportCodes:
        if not self.orders:
            return dataclasses.replace(report, request_id="")
        order_id, buffers = self._some_order()
        gtin, quantity = next(iter(buffers.items()))
        others = self.dice.choice([*self.others, uuid.UUID(int=7)])
        changes: tuple[dict[str, object], ...] = (
            {"codes": CodeSet()},
            {"codes": CodeSet(spans=(CodeSpan(order_id, gtin, quantity, 1),))},
            {"codes": CodeSet(spans=(CodeSpan(order_id, gtin, 0, 0),))},
            {"codes": CodeSet(spans=(CodeSpan(order_id, gtin ^ 1, 0, 1),))},
            {"codes": CodeSet(spans=(CodeSpan(others, gtin, 0, 1),))},
            {"codes": CodeSet(blocks=(BlockName(order_id, gtin, "no block"),))},
            {"codes": CodeSet(spans=report.codes.spans[:1] * 1001 or ())},
            {"codes": CodeSet(transfers=(uuid.UUID(int=7),))},
            {"kind": DocumentKind.AGGREGATION},
            {"kind": DocumentKind.DROPOUT, "reason": None},
            {"reason": Acceptance.WHOLE},
            {"request_id": ""},
        )
        return dataclasses.replace(report, **self.dice.choice(changes))

    def _some_order(self) -> tuple[UUID, dict[int, int]]:
        """Return one of the newer orders it knows."""
        known = list(self.orders.items())[-8:]
        return self.dice.choice(known)
