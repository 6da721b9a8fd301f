"""Reports: 30,000 codes of one buffer by text, as many scattered ones, ten million by their range.

A code named by its text is parsed, its serial inverted and its check made again: 0.3 us with a MAC,
3 us of one core with a signature eight at a time (17–25 us with libsodium), no check where an
identification code names it. What is written is a byte for each chunk of 1,024 codes and one for
each code of a chunk that differ: of one buffer 30 rows, so the report is bound by its text.
Scattered over 30,000 chunks it is 30,000 rows read, staged and written again, some 25 us each. By
range it is five rows, whatever it moves. A store of a row a code looks each code up in its index
and writes it, 1–3 us in memory, and has checked nothing.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import goods
import numpy as np
from contest import bound_of

from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.code_states import CHUNK
from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine, ReportCodes
from emitter.trade.circulation import DocumentKind, IntroductionWay
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Contest
    from emitter.engine.delivery import BlockView

SHOES = 1  # the template with a signature of 88 characters
TURNS = 7
_tags = itertools.count()


class Line:
    """A participant on an engine of its own who orders and reports goods of one template."""

    def __init__(self, folder: Path, template: int) -> None:
        (self.owner,) = goods.bins(1)
        self.template = TEMPLATES[template]
        self.engine = goods.make_engine(folder, [self.owner], each=1, template=template)

    def delivered(self, count: int) -> BlockView:
        """Return a block of so many codes, delivered."""
        line = OrderLine(goods.gtin(self.owner, 0), count, self.template.template_id)
        order = self.engine.execute(CreateOrder(self.owner, f"o-{next(_tags)}", (line,))).value
        return self.engine.execute(DeliverBlock(self.owner, order.order_id, line.gtin, "all")).value

    def text(self, count: int, *, named: bool = False) -> bytes:
        """Return the codes of a new block, one a line; ``named``: identification codes."""
        records = self.engine.records(self.delivered(count), 0, count)
        rows = np.frombuffer(records, np.uint8).reshape(count, -1)
        end = self.template.serial_at + self.template.serial_size if named else rows.shape[1]
        return np.pad(rows[:, :end], ((0, 0), (0, 1)), constant_values=ord("\n")).tobytes()

    def scattered(self, count: int) -> bytes:
        """Return codes of as many chunks, of new blocks, one a line."""
        each = 3_000
        blocks = [self.delivered(each * CHUNK) for _ in range(count // each)]
        return b"\n".join(
            self.engine.records(block, at * CHUNK, 1) for block in blocks for at in range(each)
        )

    def introduce(self, codes: CodeSet) -> float:
        """Introduce codes, durably; return the milliseconds it took."""
        report = ReportCodes(self.owner, f"r-{next(_tags)}", DocumentKind.INTRODUCTION, codes,
                             IntroductionWay.PRODUCTION)  # fmt: skip
        return milliseconds(lambda: self.engine.execute(report))


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def in_sqlite(path: Path, serials: list[bytes]) -> float:
    """Move codes in a store of a row a code; return the milliseconds it took."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE IF NOT EXISTS codes(serial BLOB PRIMARY KEY, state) WITHOUT ROWID")
        rows = [(serial,) for serial in serials]
        db.execute("BEGIN")
        db.executemany("INSERT INTO codes VALUES(?, 1)", rows)
        db.execute("COMMIT")

        def move() -> None:
            db.execute("BEGIN")
            db.executemany("UPDATE codes SET state = 2 WHERE serial = ? AND state = 1", rows)
            db.execute("COMMIT")

        return milliseconds(move)


def test_reports(contest: Contest, tmp_path: Path) -> None:
    count, many = (3_000, 1_000_000) if contest.smoke else (30_000, 10_000_000)
    mac = Line(tmp_path / "mac", goods.TEMPLATE)
    signature = Line(tmp_path / "signature", SHOES)

    def ten_million() -> float:
        block = mac.delivered(many)
        gtin = goods.gtin(mac.owner, 0)
        return mac.introduce(CodeSet(spans=(CodeSpan(block.order_id, gtin, 0, many),)))

    got = contest.turns(
        {
            "mac": lambda: mac.introduce(CodeSet(mac.text(count))),
            "name": lambda: mac.introduce(CodeSet(mac.text(count, named=True))),
            "signature": lambda: signature.introduce(CodeSet(signature.text(count))),
            "scattered": lambda: mac.introduce(CodeSet(mac.scattered(count))),
            "range": ten_million,
            "sqlite": lambda: in_sqlite(tmp_path / "codes.db", mac.text(count).splitlines()),
        },
        TURNS,
    )
    mac.engine.close()
    signature.engine.close()
    section = contest.section("Reports", bound_of(__doc__))
    for name, what in (
        ("mac", f"{count:,} codes of 44 characters, one buffer"),
        ("name", f"{count:,} identification codes, one buffer"),
        ("signature", f"{count:,} codes of 88 characters, one buffer"),
        ("scattered", f"{count:,} codes, each of another chunk"),
        ("range", f"{many:,} codes by their range"),
    ):
        section.row(what, got[name], "ms", against=("SQLite", got["sqlite"]))
    section.row(f"SQLite, a row a code, {count:,} updates", got["sqlite"], "ms",
                note="full sync; nothing is checked")  # fmt: skip
    assert got["mac"].over(got["sqlite"]) < 1.2
    assert got["range"].over(got["mac"]) < 4
