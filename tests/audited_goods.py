"""Holding boxes, transfers and owners of an engine against the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emitter.errors import Reason, Refused
from emitter.store.box_rows import IN_TRANSIT
from emitter.store.holding_keys import Side
from emitter.trade.circulation import STATE_MASK
from emitter.trade.packing import BoxKind, BoxName, BoxState, format_sscc
from model_documents import transfer_facts
from model_goods import STATES, CodeAt, Goods, state_of
from serial_order import transfer_shown

if TYPE_CHECKING:
    import random

    from emitter.engine.engine import Engine
    from model import Model
    from model_goods import Box

PAGE_SIZE = 7


class GoodsAudit:
    """The part of an audit that looks at goods."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def _boxes(self, engine: Engine, model: Model) -> None:
        """Every box is where it should be, is counted right, and holds what it should."""
        goods = Goods(model)
        for number, box in model.boxes.items():
            name = BoxName(number, box.name or format_sscc(number))
            view = engine.boxes.read(box.owner, name)
            row, tree = view.row, goods.tree(number)
            outermost = goods.path(number)[-1]
            state = BoxState.PACKED if box.packed else BoxState.DISBANDED
            assert (row.state, view.owner, row.parent) == (state, box.owner, box.parent)
            assert view.around == [_name(model, one) for one in goods.path(number)[1:]]
            counts = (row.all_codes, row.all_boxes, row.codes, row.boxes)
            inside = len(goods.inside(number))
            assert counts == (inside, len(tree) - 1, len(box.codes), len(box.boxes)), name
            if box.packed:
                assert (BoxKind(row.kind).name, row.capacity) == (box.kind, box.capacity)
            assert row.height + 1 == goods.levels(number)
            if number == outermost:
                assert bool(row.flags & IN_TRANSIT) == box.under_way
                self._contents(engine, goods, name, box)

    def _listed_boxes(self, engine: Engine, model: Model) -> None:
        """Every box stands once in the lists of its owner, behind the box that it lies in."""
        goods = Goods(model)
        for bin_ in model.participants:
            for state in BoxState:
                mine = {
                    (number, tuple(goods.path(number)[1:]))
                    for number, box in model.boxes.items()
                    if (box.owner, box.packed) == (bin_, state is BoxState.PACKED)
                }
                outermost = self._pages(engine, bin_, state, deep=False)
                listed = self._pages(engine, bin_, state, deep=True)
                paths = [tuple(goods.path(number)) for number in listed]
                assert len(listed) == len(mine)
                assert {(path[0], path[1:]) for path in paths} == mine
                assert outermost == [path[0] for path in paths if len(path) == 1]
                for path, before in zip(paths, [(), *paths], strict=False):
                    assert path[1:] == before[len(before) - len(path) + 1 :]

    def _pages(self, engine: Engine, bin_: int, state: BoxState, *, deep: bool) -> list[int]:
        listed, token = [], b""
        while True:
            page, token = engine.boxes.owned(
                bin_, state, deep=deep, page_size=PAGE_SIZE, page_token=token
            )
            listed += [view.box for view in page]
            if not token:
                return listed

    def _contents(self, engine: Engine, goods: Goods, name: BoxName, box: Box) -> None:
        """What lies in an outermost box is in the right one of its boxes."""
        opened = engine.boxes.contents(box.owner, name, deep=True)
        assert {one.box for one in opened} == set(goods.tree(name.box))
        for one in opened:
            codes = {
                CodeAt(buffer.order_id, buffer.gtin, first + n)
                for buffer in one.codes
                for first, count in buffer.runs.tolist()
                for n in range(count)
            }
            assert codes == goods.boxes[one.box].codes
            assert all(goods.fact(code).box == one.box for code in codes)

    def _transfers(self, engine: Engine, model: Model, bin_: int) -> None:
        """Every transfer stands in the lists of its two sides, and as it should."""
        for side in Side:
            listed, token = [], b""
            while True:
                page, token = engine.transfers(bin_, side, page_size=PAGE_SIZE, page_token=token)
                listed += page
                if not token:
                    break
            mine = [key for key, transfer in model.transfers.items() if bin_ == transfer[side - 1]]
            assert [view.transfer_id for view in listed] == sorted(mine, reverse=True)
            for view in listed:
                transfer = model.transfers[view.transfer_id]
                assert transfer_shown((), view) == transfer_facts((), view.transfer_id, transfer)
        strange = [key for key, one in model.transfers.items() if bin_ not in one[:2]]
        for transfer_id in strange[-1:]:
            with pytest.raises(Refused) as caught:
                engine.transfer(bin_, transfer_id)
            assert caught.value.reason is Reason.TRANSFER_NOT_FOUND

    def _histories(self, engine: Engine, model: Model, codes: dict[CodeAt, bytes]) -> None:
        """The history of a code ends in what is known of it."""
        for place, code in codes.items():
            fact, told = state_of(model, CodeAt(*place)), engine.history(code, None)
            shown = (STATES[told.state & STATE_MASK], told.utilised, told.owner, told.recipient)
            assert shown == (fact.state, fact.utilised, fact.owner, fact.recipient)


def _name(model: Model, box: int) -> str:
    return model.boxes[box].name or format_sscc(box)
