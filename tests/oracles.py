"""Plain twins of what the engine does fast: the money of DESIGN in dictionaries and fractions.

`LedgerOracle` is replayed beside the real thing on random histories. It shares no line of code with
it: movements are arithmetic on named amounts, shares are exact fractions, rounded half up.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction

LARGEST = 2**63 - 1

# What each movement adds to an account and to an escrow, in amounts of 1.
ACCOUNT = {
    "CREDIT": {"credited": 1, "available": 1},
    "RESERVE": {"available": -1, "reserved": 1},
    "CAPTURE": {"reserved": -1, "captured": 1},
    "RELEASE": {"reserved": -1, "available": 1},
    "ADJUST": {"adjusted": 1, "available": 1},
    "REFUND": {"available": -1, "refunded": 1},
    "BANK_COST": {"available": -1, "bank_costs": 1},
}
ESCROW = {
    "RESERVE": {"held": 1},
    "CAPTURE": {"held": -1, "captured": 1},
    "RELEASE": {"held": -1, "released": 1},
}


@dataclass
class Buffer:
    """The codes of one GTIN of an order, their price and the VAT of their day."""

    quantity: int
    price: int
    vat_bp: int
    delivered: int = 0
    open: bool = True

    def gross(self, count: int) -> int:
        """What the first ``count`` codes cost: exact, then half a tiyn up (DOMAIN M5)."""
        net = count * self.price
        return net + math.floor(Fraction(net * self.vat_bp, 10_000) + Fraction(1, 2))


class LedgerOracle:
    """Accounts by participant, escrows and buffers by order, as dictionaries."""

    def __init__(self) -> None:
        self.accounts: dict[object, Counter[str]] = defaultdict(Counter)
        self.escrows: dict[object, Counter[str]] = defaultdict(Counter)
        self.owners: dict[object, object] = {}
        self.buffers: dict[object, dict[object, Buffer]] = {}

    def post(self, kind: str, who: object, amount: int, order: object = None) -> tuple[str, int]:
        """Apply one movement whole, or nothing: the name of the reason, and what is missing."""
        if amount == 0 or (amount < 0 and kind != "ADJUST"):
            return "AMOUNT_OUT_OF_RANGE", 0
        account, escrow = Counter(self.accounts[who]), Counter(self.escrows[order])
        for amounts, changes in ((account, ACCOUNT[kind]), (escrow, ESCROW.get(kind, {}))):
            for name, sign in changes.items():
                amounts[name] += sign * amount
        if account["available"] < 0:
            return "FUNDS_INSUFFICIENT", -account["available"]
        if account["reserved"] < 0 or escrow["held"] < 0:
            return "ESCROW_INSUFFICIENT", 0
        figures = (*account.values(), *escrow.values())
        if not all(-LARGEST - 1 <= figure <= LARGEST for figure in figures):
            return "AMOUNT_OUT_OF_RANGE", 0
        self.accounts[who] = account
        if kind in ESCROW:
            self.escrows[order] = escrow
        return "OK", 0

    def order(self, who: object, order: object, buffers: dict[object, Buffer]) -> tuple[str, int]:
        """Reserve what all buffers cost, or refuse the order whole (M3)."""
        cost = sum(buffer.gross(buffer.quantity) for buffer in buffers.values())
        verdict = self.post("RESERVE", who, cost, order)
        if verdict[0] == "OK":
            self.owners[order], self.buffers[order] = who, buffers
        return verdict

    def deliver(self, order: object, gtin: object, count: int) -> int:
        """Capture the share of the next ``count`` codes (M4, M5) and return it."""
        buffer = self.buffers[order][gtin]
        before, buffer.delivered = buffer.delivered, buffer.delivered + count
        assert buffer.open
        assert before < buffer.delivered <= buffer.quantity
        share = buffer.gross(buffer.delivered) - buffer.gross(before)
        assert self.post("CAPTURE", self.owners[order], share, order) == ("OK", 0)
        return share

    def close(self, order: object, gtin: object = None) -> int:
        """Release what open buffers (or one) still hold (M6) and return it."""
        closing = [b for g, b in self.buffers[order].items() if b.open and gtin in (None, g)]
        rest = sum(b.gross(b.quantity) - b.gross(b.delivered) for b in closing)
        for buffer in closing:
            buffer.open = False
        if rest:
            assert self.post("RELEASE", self.owners[order], rest, order) == ("OK", 0)
        return rest

    def check(self) -> None:
        """Hold every equation of DESIGN's chapter on money, for every account and order."""
        for who, a in self.accounts.items():
            spent = a["captured"] + a["refunded"] + a["bank_costs"]
            assert a["credited"] + a["adjusted"] == a["available"] + a["reserved"] + spent
            assert min(a["available"], a["reserved"]) >= 0
            own = [self.escrows[order] for order, owner in self.owners.items() if owner == who]
            assert a["reserved"] == sum(escrow["held"] for escrow in own)
            assert a["captured"] == sum(escrow["captured"] for escrow in own)
        for order, buffers in self.buffers.items():
            rest = sum(
                b.gross(b.quantity) - b.gross(b.delivered) for b in buffers.values() if b.open
            )
            assert self.escrows[order]["held"] == rest >= 0
