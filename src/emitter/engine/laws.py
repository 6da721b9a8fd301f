"""How a breach of an invariant is said, and what a check has looked at. See `invariants`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emitter.trade.ledger import LedgerAccount


class BreachError(Exception):
    """The first invariant that does not hold, with the object that breaks it."""


@dataclass(slots=True)
class Report:
    """What was looked at, and what the journal adds up to (tiyn by ledger account)."""

    accounts: int = 0
    transactions: int = 0
    orders: int = 0
    blocks: int = 0
    series: int = 0
    ranges: int = 0
    own_serials: int = 0
    jobs: int = 0
    codes_emitted: int = 0
    codes_delivered: int = 0
    lives: int = 0
    chunks: int = 0
    documents: int = 0
    document_parts: int = 0
    traces: int = 0
    codes_moved: int = 0
    boxes: int = 0
    boxed_codes: int = 0
    boxed_rows: int = 0
    transfers: int = 0
    holding_rows: int = 0
    boxes_under_way: int = 0
    totals_tiyn: Counter[LedgerAccount] = field(default_factory=Counter)
    whole: bool = False


def require(truth: bool, invariant: str, subject: str) -> None:  # noqa: FBT001 - reads as a law
    """Raise `BreachError` unless an invariant holds for its subject."""
    if not truth:
        raise BreachError(f"{subject}: {invariant}")
