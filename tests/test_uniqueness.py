"""No code comes twice: millions of codes over many orders, participants, blocks and restarts.

The engine emits from one set of goods for several participants at once; it is opened anew again
and again over the same store, and its check keys rotate. Serials are compared by sorting all that
a GTIN was given in a form (C1: a code is unique for ever).
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from conftest import BIN, DAY, MILK, OTHER_BIN, Clock
from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.engine.keys import KeyKind, KeyRing
from emitter.store.memory import MemoryStore
from emitter.trade.states import CodeState
from emitter.trade.templates import TEMPLATES
from fuzzing import amount, seeds
from stock import gtin_of, stock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from emitter.engine.delivery import BlockView

ORDER_MAX = 40_000
VERIFIED = 20_000


class Goods(NamedTuple):
    """Goods by number with a template, and how much of all codes are for them."""

    number: int
    template_id: int
    weight: int

    def gtin(self, bin_: int) -> int:
        """Return a participant's GTIN of these goods."""
        return gtin_of(100 * (bin_ % 10) + self.number)


ASSORTMENT = (
    Goods(1, 1, 1),  # signed: the slowest
    Goods(2, 10, 30),
    Goods(3, 5, 20),
    Goods(4, 20, 25),  # 6 characters: the smallest space
    Goods(5, 3, 10),
    Goods(5, 4, 5),  # the same serials in codes of another composition
    Goods(6, 8, 10),
)


def serials(records: bytes, template_id: int) -> NDArray[np.bytes_]:
    """Return the serials of fixed-width records."""
    template = TEMPLATES[template_id]
    table = np.frombuffer(records, np.uint8).reshape(-1, template.size)
    start, size = template.serial_at, template.serial_size
    return np.ascontiguousarray(table[:, start : start + size]).view(f"S{size}").ravel()


def require_unique(blocks: list[NDArray[np.bytes_]]) -> int:
    """Return how many serials there are; none may be there twice."""
    everything = np.concatenate(blocks)
    everything.sort()
    twice = everything[1:] == everything[:-1]
    assert not twice.any(), f"{twice.sum()} serials came twice, {everything[1:][twice][:3]}"
    return len(everything)


def delivered(
    engine: Engine, bin_: int, goods: Goods, count: int, dice: random.Random
) -> Iterator[BlockView]:
    """Order codes and fetch them in blocks; sometimes some are left and the order is closed."""
    request_id = f"{dice.getrandbits(64)}"
    price = 9_500 if TEMPLATES[goods.template_id].price_limit >= 0 else None
    line = OrderLine(goods.gtin(bin_), count, goods.template_id, price)
    order_id = engine.execute(CreateOrder(bin_, request_id, (line,))).value.order_id
    left = count
    while left > 0:
        quantity = dice.choice((0, left, dice.randint(1, left)))
        yield engine.execute(
            DeliverBlock(bin_, order_id, goods.gtin(bin_), f"{left}", quantity)
        ).value  # fmt: skip
        left -= quantity or left
        if left and dice.random() < 0.2:
            break
    engine.execute(CloseOrder(bin_, request_id, order_id))


@pytest.mark.parametrize("seed", seeds(1, 1))
def test_no_code_comes_twice(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    keys = KeyRing.create(tmp_path / "keys", os.urandom(32))
    store = MemoryStore()
    limits = Limits(active_orders_max=0)
    engine = Engine(store, keys, clock=Clock(), limits=limits, threaded=False)
    for bin_ in (BIN, OTHER_BIN):
        engine.execute(RegisterParticipant(bin_, "ТОО", DAY))
        engine.execute(ActivateParticipant(bin_, DAY))
        stock(engine, bin_, [(goods.gtin(bin_), goods.template_id) for goods in ASSORTMENT])
        engine.execute(CreditAccount(bin_, 10**15, f"payment {bin_}"))
    emitted: dict[int, list[NDArray[np.bytes_]]] = defaultdict(list)
    sample: list[bytes] = []
    wanted = amount(2_000_000, 30_000_000)
    count = 0
    while count < wanted:
        (goods,) = dice.choices(ASSORTMENT, [goods.weight for goods in ASSORTMENT])
        most = ORDER_MAX if goods.template_id != 1 else 2_000
        for block in delivered(engine, dice.choice((BIN, OTHER_BIN)), goods,
                               dice.randint(1, most), dice):  # fmt: skip
            records = engine.records(block, 0, block.row.quantity)
            emitted[goods.gtin(block.bin)].append(serials(records, goods.template_id))
            count += block.row.quantity
            sample += [records[: block.record_size], records[-block.record_size :]]
        if dice.random() < 0.3:
            engine = Engine(store, keys, clock=Clock(), limits=limits, threaded=False)
        if dice.random() < 0.05:
            keys.make_current(keys.add(dice.choice(list(KeyKind))))
    assert sum(require_unique(blocks) for blocks in emitted.values()) == count
    verified = engine.verify(b"\n".join(dice.sample(sample, min(VERIFIED, len(sample)))))
    assert (verified.states == CodeState.APPLIED_AND_PAID).all()
    check_store(store, whole=True)


def test_every_serial_of_a_space_comes_once(tmp_path: Path) -> None:
    """The end of the smallest space, where a counter too many would begin again at the front."""
    keys = KeyRing.create(tmp_path / "keys", os.urandom(32))
    space = 82**5
    engine = Engine(MemoryStore(), keys, clock=Clock(), limits=Limits(quantity_max=space),
                    threaded=False)  # fmt: skip
    engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
    engine.execute(ActivateParticipant(BIN, DAY))
    stock(engine, BIN, [(MILK, 20)])
    engine.execute(CreditAccount(BIN, 10**14, "payment"))
    blocks = []
    for count in (50_000, space - 100_000, 50_000):
        line = OrderLine(MILK, count, 20)
        order = engine.execute(CreateOrder(BIN, f"{len(blocks)}-{count}", (line,))).value
        block = engine.execute(DeliverBlock(BIN, order.order_id, MILK, "b")).value
        edge = min(count, 50_000)
        edges = {0, count - edge}
        blocks += [serials(engine.records(block, first, edge), 20) for first in edges]
    assert require_unique(blocks) == 4 * 50_000


def test_the_comparison_finds_one_serial_among_many() -> None:
    blocks = [np.array([b"%06d" % n for n in range(first, first + 1_000)]) for first in (0, 1_000)]
    assert require_unique(blocks) == 2_000
    with pytest.raises(AssertionError, match="1 serials came twice"):
        require_unique([*blocks, np.array([b"001999"])])
