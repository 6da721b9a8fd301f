"""Packing on a store that fails: no box is half packed, and a repeat ends the same."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from conftest import BIN, SSCC_PREFIX, Bench, Clock
from emitter.engine.box_commands import AllocateSsccs
from emitter.engine.engine import Engine
from emitter.trade.circulation import DocumentKind
from faulty_store import ladder_of_story
from packer import Packer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_whatever_operation_fails_boxes_end_the_same(keys: KeyRing) -> None:
    bench = Bench(keys, Clock())
    packer = Packer(bench, 40)
    before = bench.dump()

    def story(store) -> tuple[object, ...]:
        """Pack, nest, introduce, withdraw by the box and unpack; say what came of it."""
        bench.engine = Engine(
            store, keys, clock=bench.clock, threaded=False, sscc_prefix=SSCC_PREFIX
        )
        packer._count = 0
        (sscc,) = bench.engine.execute(AllocateSsccs(BIN, "sscc", 1)).value.texts()
        documents = [
            packer.pack(packer.unit("a", range(10)), packer.unit("b", range(10, 20))),
            packer.box(sscc, [20], ["a", "b"]),
            packer.report(DocumentKind.INTRODUCTION, boxes=[sscc]),
            packer.report(DocumentKind.WITHDRAWAL, boxes=[sscc]),
            packer.unpack(["a"], [15, 16], ["b"]),
        ]
        said = [(view.status, view.row.moved, view.row.in_vain) for view in documents]
        tree = packer.contents(sscc), packer.contents("b"), packer.where(range(21))
        return sscc, said, tree

    _, rungs = ladder_of_story(before, story)
    assert rungs > 50
