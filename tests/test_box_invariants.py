"""The check of a store finds what is wrong with boxes, and names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import BIN, OTHER_BIN, SHOES, Bench
from emitter.engine.box_commands import AllocateSsccs
from emitter.engine.invariants import BreachError, check_store
from emitter.engine.locating import Place
from emitter.store import schema
from emitter.store.box_rows import IN_TRANSIT, BoxRow, SsccRangeRow, SsccSeriesRow
from emitter.store.code_rows import BOXED, LifeRow
from emitter.store.held_boxes import pack_held, place_of
from emitter.store.memory import MemoryStore
from emitter.store.port import ROWS_MAX
from packer import GROUP, Packer

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = dict[bytes, bytes]


@pytest.fixture
def scene(bench: Bench) -> tuple[Packer, Rows]:
    """A pallet of a group package and a transport unit with much in it, and a disbanded box."""
    packer = Packer(bench, 3_000)
    bench.join(OTHER_BIN)
    bench.engine.execute(AllocateSsccs(BIN, "ssccs", 5))
    packer.box("a", range(10), kind=GROUP)
    packer.box("b", range(20, 2_000, 7))
    packer.box("c", [2_500])
    packer.box("pallet", [15], ["a", "b"], capacity=5)
    packer.unpack(["c"])
    packer.box("d", [2_600])
    return packer, dict(bench.dump())


def breach(rows: Rows) -> str:
    """What the check says of a store with these rows."""
    store, items = MemoryStore(), list(rows.items())
    for start in range(0, len(items), ROWS_MAX):
        batch = items[start : start + ROWS_MAX]
        store.update(lambda writer, batch=batch: writer.put_many(batch))
    with pytest.raises(BreachError) as caught:
        check_store(store, whole=True)
    return str(caught.value)


def test_the_scene_is_sound(scene: tuple[Packer, Rows]):
    packer, rows = scene
    report = check_store(packer.bench.store, whole=True)
    assert (report.boxes, report.boxed_codes) == (5, 10 + 283 + 1 + 1)
    assert {key[:1] for key in rows} >= {b"B", b"C", b"Z", b"S"}


BOXES: list[tuple[str, dict[str, object], str]] = [
    ("a", {"state": 2}, "nothing lies in a disbanded box"),
    ("a", {"kind": 9}, "a kind and a state"),
    ("a", {"parent": 0}, "what lies in a box says so"),
    ("d", {"parent": 12345}, "a box lies in one that is in use"),
    ("a", {"flags": IN_TRANSIT}, "only an outermost box is on its way"),
    ("a", {"codes": 11}, "a box counts what it holds"),
    ("a", {"all_codes": 11}, "a box counts all that lies in it"),
    ("a", {"height": 1}, "a box counts all that lies in it"),
    ("a", {"name": "b"}, "a box is where its name leads"),
    ("a", {"packer": OTHER_BIN}, "a box is where its name leads"),
    ("a", {"content": b"\1\2\3"}, "what lies in a box can be read"),
    ("pallet", {"all_boxes": 3}, "a box counts all that lies in it"),
    ("pallet", {"kind": int(GROUP)}, "a group package holds codes only"),
    ("pallet", {"owner": OTHER_BIN}, "the codes in a box are its owner's"),
    ("pallet", {"capacity": 2}, "a box holds no more than it can"),
    ("d", {"codes": 0, "all_codes": 0, "content": b""}, "a box holds the codes that name it"),
    ("d", {"parent": 0, "code_parts": 1}, "what lies in a box can be read"),
    ("c", {"owner": OTHER_BIN, "all_codes": 1}, "nothing lies in a disbanded box"),
]


@pytest.mark.parametrize(("name", "change", "said"), BOXES, ids=lambda value: str(value)[:40])
def test_a_wrong_box_is_found(scene: tuple[Packer, Rows], name: str, change, said: str):
    packer, rows = scene
    key = schema.box_key(packer.name(name).box)
    rows[key] = BoxRow.unpack(rows[key])._replace(**change).pack()
    assert said in breach(rows)


def without(kind: bytes) -> Callable[[Packer, Rows], None]:
    def drop(_packer: Packer, rows: Rows) -> None:
        del rows[next(key for key in rows if key[:1] == kind)]

    return drop


def _circle(packer: Packer, rows: Rows) -> None:
    key = schema.box_key(packer.name("pallet").box)
    rows[key] = BoxRow.unpack(rows[key])._replace(parent=packer.name("a").box).pack()


def _stray_content(packer: Packer, rows: Rows) -> None:
    rows[schema.content_key(packer.name("a").box, schema.CODES_INSIDE, 0)] = b""


def _unflagged(packer: Packer, rows: Rows) -> None:
    key = schema.life_key(*Place(BIN, packer.order.order_id, SHOES))
    life = LifeRow.unpack(rows[key])
    rows[key] = life._replace(flags=life.flags & ~BOXED).pack()


def _twice(packer: Packer, rows: Rows) -> None:
    del packer
    key = schema.sscc_range_key("9521234", 0)
    rows[key] = SsccRangeRow(BIN, 6).pack()


def _nobodys(packer: Packer, rows: Rows) -> None:
    del packer
    rows[schema.sscc_range_key("9521234", 0)] = SsccRangeRow(990140000017, 5).pack()


def _too_many(packer: Packer, rows: Rows) -> None:
    del packer
    rows[schema.sscc_series_key("9521234")] = SsccSeriesRow(4).pack()


def _stray_range(packer: Packer, rows: Rows) -> None:
    del packer
    rows[schema.sscc_range_key("4870000", 0)] = SsccRangeRow(BIN, 1).pack()


def _unlisted(packer: Packer, rows: Rows) -> None:
    key = place_of(BoxRow.unpack(rows[schema.box_key(packer.name("d").box)]))
    del rows[key]


def _listed_inside(packer: Packer, rows: Rows) -> None:
    box = packer.name("a").box
    inner = BoxRow.unpack(rows[schema.box_key(box)])
    rows[place_of(inner._replace(parent=0))] = pack_held([box])


def _listed_for_another(packer: Packer, rows: Rows) -> None:
    box = packer.name("d").box
    row = BoxRow.unpack(rows[schema.box_key(box)])
    rows[place_of(row._replace(owner=OTHER_BIN))] = pack_held([box])


def _listed_twice(packer: Packer, rows: Rows) -> None:
    key = place_of(BoxRow.unpack(rows[schema.box_key(packer.name("d").box)]))
    rows[key] *= 2


@pytest.mark.parametrize(("spoil", "said"), [
    (_unlisted, "an outermost box is listed as its owner's"),
    (_listed_inside, "a listed box is an outermost one of its owner"),
    (_listed_for_another, "a listed box is an outermost one of its owner"),
    (_listed_twice, "a list of boxes can be read"),
    (without(b"C"), "what lies in a box can be read"),
    (without(b"Z"), "the codes in a box say that they are in it"),
    (_circle, "no box lies in itself"),
    (_stray_content, "every row of content belongs to a box"),
    (_unflagged, "a life says that there are boxes"),
    (_twice, "SSCCs are given out once"),
    (_nobodys, "a range belongs to a participant"),
    (_too_many, "SSCCs are given out once"),
    (_stray_range, "every range of SSCCs has its prefix"),
])  # fmt: skip
def test_wrong_rows_are_found(scene: tuple[Packer, Rows], spoil, said: str):
    packer, rows = scene
    spoil(packer, rows)
    assert said in breach(rows)
