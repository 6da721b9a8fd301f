"""Boxes: 30,000 codes into 3,000 of them, a pallet of 100,000 codes, and moving it by its number.

A code named by its text is parsed, inverted and checked in the core (1 us with what is done around
it), and a box costs a row of 100–200 bytes that is packed and put (20–30 us): 3,000 boxes of 10 are
some 100 ms and 16 bytes a code, most of them the box's. A pallet of 2,000 boxes is 2,000 rows to
read (5 us each), whatever lies in them; its codes are runs, and a report of it moves chunks.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import goods
from contest import bound_of, rate

from emitter.engine.box_commands import AggregateCodes, DisaggregateBoxes, PackUnit
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine, ReportCodes
from emitter.store import schema
from emitter.store.held_boxes import HELD
from emitter.store.scanning import scan_store
from emitter.trade.circulation import DocumentKind, IntroductionWay, WithdrawalReason
from emitter.trade.packing import BoxKind, BoxName

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Contest
    from emitter.engine.engine import Engine

_tags = itertools.count()
INNER = 2_000  # boxes of a pallet


def delivered(engine: Engine, owner: int, count: int):
    """Return an order of so many codes, all delivered, and its block."""
    line = OrderLine(goods.gtin(owner, 0), count, goods.TEMPLATE)
    order_id = engine.execute(CreateOrder(owner, f"boxes-{next(_tags)}", (line,))).value.order_id
    block = engine.execute(DeliverBlock(owner, order_id, line.gtin, "all")).value
    return order_id, block


def row_bytes(engine: Engine) -> int:
    """Return the size of all rows of boxes, keys included."""
    kinds = (schema.BOXES, schema.CONTENTS, schema.BOXED, HELD)
    store = engine._store  # noqa: SLF001 - nobody else needs its rows
    rows = itertools.chain(*(scan_store(store, kind) for kind in kinds))
    return sum(len(key) + len(row) for key, row in rows)


def box() -> BoxName:
    """Return a box never named before."""
    number = 952_123_400_000_000_000 + next(_tags)
    return BoxName(number, str(number))


def _told(count: int, inner: int) -> dict[str, str]:
    """Return what each row of the report says."""
    return {
        "text": f"{count:,} codes by text into boxes of 10, durable",
        "pallet": f"a pallet of {inner:,} boxes packed, durable",
        "contents": "all that lies in the pallet",
        "introduced": "the pallet introduced, durable",
        "withdrawn": "the pallet withdrawn, durable",
        "disbanded": "the pallet disbanded, durable",
    }


def test_boxes(contest: Contest, tmp_path: Path) -> None:
    count, inner = (3_000, 200) if contest.smoke else (30_000, INNER)
    (owner,) = goods.bins(1)
    engine = goods.make_engine(tmp_path, [owner], each=goods.GTINS)
    gtin = goods.gtin(owner, 0)
    stored: list[float] = []
    pallets: list[BoxName] = []

    def by_text() -> float:
        _, block = delivered(engine, owner, count)
        records, size = engine.records(block, 0, count), block.record_size
        codes = [records[at : at + size] for at in range(0, len(records), size)]
        units = tuple(
            PackUnit(box(), CodeSet(b"\n".join(codes[at : at + 10])), BoxKind.GROUP)
            for at in range(0, count, 10)
        )
        before = row_bytes(engine)
        command = AggregateCodes(owner, f"pack-{next(_tags)}", units)
        speed = rate(count, lambda: engine.execute(command))
        stored.append((row_bytes(engine) - before) / count)
        return speed

    def pallet() -> float:
        order_id, _ = delivered(engine, owner, inner * 50)
        boxes = [box() for _ in range(inner)]
        units = tuple(
            PackUnit(one, CodeSet(spans=(CodeSpan(order_id, gtin, n * 50, 50),)), BoxKind.GROUP)
            for n, one in enumerate(boxes)
        )
        for at in range(0, inner, 500):
            part = units[at : at + 500]
            engine.execute(AggregateCodes(owner, f"pack-{next(_tags)}", part))
        pallets.append(box())
        unit = PackUnit(pallets[-1], CodeSet(boxes=tuple(boxes)), BoxKind.TRANSPORT)
        command = AggregateCodes(owner, f"pack-{next(_tags)}", (unit,))
        return rate(inner * 50, lambda: engine.execute(command))

    def contents() -> float:
        return rate(inner * 50, lambda: engine.boxes.contents(owner, pallets[-1], deep=True))

    def report(kind: DocumentKind, reason: IntroductionWay | WithdrawalReason) -> float:
        named = CodeSet(boxes=(pallets[-1],))
        command = ReportCodes(owner, f"move-{next(_tags)}", kind, named, reason)
        return rate(inner * 50, lambda: engine.execute(command))

    def disbanded() -> float:
        command = DisaggregateBoxes(owner, f"unpack-{next(_tags)}", (pallets[-1],))
        return rate(inner * 50, lambda: engine.execute(command))

    got = contest.turns(
        {
            "text": by_text,
            "pallet": pallet,
            "contents": contents,
            "introduced": lambda: report(DocumentKind.INTRODUCTION, IntroductionWay.PRODUCTION),
            "withdrawn": lambda: report(DocumentKind.WITHDRAWAL, WithdrawalReason.EXPORT),
            "disbanded": disbanded,
        },
        5,
    )
    engine.close()
    section = contest.section("Boxes", bound_of(__doc__))
    for name, what in _told(count, inner).items():
        codes = count if name == "text" else inner * 50
        note = f"{codes / got[name].median * 1e3:,.0f} ms"
        note += f", {stored[-1]:,.1f} bytes of rows a code" if name == "text" else ""
        section.row(what, got[name], "codes/s", note=note)
