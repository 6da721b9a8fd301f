"""Reports in the plain engine: one code after the other, those in boxes too.

Which state follows from which is a table of its own, and so is which reasons a kind takes.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from emitter.trade.circulation import DocumentKind
from model_goods import PAID, CodeFact, Document, Goods, refused_boxes, sift, status_of
from model_naming import broken_set, count_items, in_boxes, mentions, owned_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.config import Limits
    from emitter.engine.commands import ReportCodes
    from model_goods import Mention

# kind, what its reason is called, from which state to which; the rest is refused
MOVES = {
    "UTILISATION": (None, {PAID: PAID, "INTRODUCED": "INTRODUCED"}),
    "INTRODUCTION": ("IntroductionWay", {PAID: "INTRODUCED"}),
    "DROPOUT": ("DropoutReason", {PAID: "WRITTEN_OFF", "INTRODUCED": "WRITTEN_OFF"}),
    "WITHDRAWAL": ("WithdrawalReason", {"INTRODUCED": "WITHDRAWN"}),
    "RETURN": ("ReturnReason", {"WITHDRAWN": "INTRODUCED"}),
}
LEAVING = {"DROPOUT", "WITHDRAWAL"}  # goods go, so those in a box go by the outermost box


def broken_forms(command: ReportCodes, limits: Limits) -> Iterator[str]:
    """Return what is wrong with a report whatever is in the store."""
    if command.kind.name not in MOVES:
        yield "FIELD_INVALID"
    taken = MOVES[command.kind.name][0]
    if taken and command.reason is None:
        yield "FIELD_REQUIRED"
    if command.reason is not None and type(command.reason).__name__ != taken:
        yield "FIELD_INVALID"
    if len(command.details.encode()) > limits.details_bytes_max:
        yield "LIMIT_EXCEEDED"
    yield from broken_set(command.codes, limits)


def report(goods: Goods, command: ReportCodes) -> Document:
    """Carry out a report and return its document."""
    kind, bin_, codes = command.kind.name, command.bin, command.codes
    boxes = [name.box for name in codes.boxes]
    table, flag = MOVES[kind][1], command.kind is DocumentKind.UTILISATION

    def judge(fact: CodeFact, mention: Mention) -> str:
        if kind in LEAVING and fact.box and not mention.box:
            return "CODE_BOXED"
        if flag and fact.utilised:
            return "CODE_UTILISED_ALREADY"
        return "" if fact.state in table else "CODE_MOVE_REFUSED"

    first = count_items(codes)
    loose = mentions(goods, bin_, codes, whole=kind in LEAVING)
    named = chain(loose, in_boxes(goods, boxes, first, owned_by(bin_)))
    refused = refused_boxes(goods, bin_, boxes, first, breaks_box=kind in LEAVING)
    found = sift(goods, bin_, named, judge, refused)
    moved = [mention.code for mention in found.taken]
    acceptance = command.acceptance.name
    status = status_of(acceptance, found.lost, anything=bool(moved))
    if status == "REJECTED":
        moved = []
    for code in moved:
        fact = goods.fact(code)
        goods.set([code], state=table[fact.state], utilised=fact.utilised or flag)
    lost = tuple(sorted(found.lost, key=repr))
    return Document(bin_, kind, acceptance, status, found.count, tuple(sorted(moved)), lost)
