"""Random packing, unpacking and reports agree, code by code, with a plain model: a dict a code."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from emitter.engine.invariants import check_store
from emitter.errors import Reason, Refused
from emitter.trade.circulation import MOVES, DocumentKind, DocumentStatus
from emitter.trade.states import CodeState
from packer import GROUP, TRANSPORT, VALID, WHOLE, Packer

if TYPE_CHECKING:
    from conftest import Bench
    from emitter.trade.packing import BoxKind

LEVELS = 5
REPORTS = [DocumentKind.INTRODUCTION, DocumentKind.WITHDRAWAL, DocumentKind.DROPOUT,
           DocumentKind.RETURN, DocumentKind.UTILISATION]  # fmt: skip


@dataclass
class Box:
    """A box of the model."""

    kind: BoxKind
    capacity: int
    parent: str = ""
    packed: bool = True


@dataclass
class Shelf:
    """The model: the state and the box of each code, and the boxes by name."""

    states: list[int]
    box_of: dict[int, str] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)

    def packed(self, name: str) -> Box | None:
        box = self.boxes.get(name)
        return box if box and box.packed else None

    def inner(self, name: str) -> list[str]:
        return sorted(n for n, box in self.boxes.items() if box.packed and box.parent == name)

    def direct(self, name: str) -> list[int]:
        return sorted(code for code, box in self.box_of.items() if box == name)

    def tree(self, name: str) -> dict[str, list[int]]:
        found = {name: self.direct(name)}
        for one in self.inner(name):
            found |= self.tree(one)
        return found

    def path(self, name: str) -> list[str]:
        parent = self.boxes[name].parent
        return [name, *(self.path(parent) if parent else [])]

    def levels(self, name: str) -> int:
        return 1 + max((self.levels(one) for one in self.inner(name)), default=0)

    def pack(self, units, acceptance) -> tuple[str, list[tuple[int, int]]]:
        """Pack, and return what came of it: REJECTED leaves everything as it was."""
        before = copy.deepcopy(self)
        good, lost, items = self._judge_codes(units)
        moved = False
        for unit, codes, item in zip(units, good, items, strict=True):
            refusal, packed = self._pack_unit(unit, codes, item, lost)
            if refusal:
                self.__dict__.update(before.__dict__)
                return refusal, []
            moved |= packed
        return self._close(before, acceptance, lost, moved=moved)

    def _judge_codes(self, units) -> tuple[list[list[int]], list[tuple[int, int]], list[int]]:
        """Return the good codes of each unit, the bad items, and the first inner box's item."""
        good, lost, items, item, seen = [], [], [], 0, set()
        for _, codes, boxes, *_ in units:
            good.append([])
            for place, code in enumerate(codes, item):
                reason = Reason.OK
                if code in seen:
                    reason = Reason.CODE_REPEATED
                elif code in self.box_of:
                    reason = Reason.CODE_BOXED
                elif self.states[code] & 15 not in (2, 3):
                    reason = Reason.CODE_MOVE_REFUSED
                seen.add(code)
                if reason:
                    lost.append((place, reason))
                else:
                    good[-1].append(code)
            items.append(item + len(codes))
            item += len(codes) + len(boxes)
        return good, lost, items

    def _pack_unit(self, unit, codes, item, lost) -> tuple[str, bool]:
        """Return the refusal of all the document if any, and whether anything was packed."""
        name, _, boxes, kind, update, capacity = unit
        box = self.packed(name)
        if update != (box is not None):
            return "BOX_NOT_FOUND" if update else "BOX_EXISTS", False
        made = Box(box.kind, capacity or box.capacity, box.parent) if box else Box(kind, capacity)
        entering: list[str] = []
        for place, inner in enumerate(boxes, item):
            reason = self._judge_inner(name if box else "", made, inner, entering)
            if inner == name and not box:
                reason = Reason.BOX_NOT_FOUND
            if reason:
                lost.append((place, reason))
            else:
                entering.append(inner)
        held = len(self.direct(name)) + len(self.inner(name)) if box else 0
        more = len(codes) + len(entering)
        if more and made.capacity and held + more > made.capacity:
            return "BOX_FULL", False
        if more:
            self.boxes[name] = made
            self.box_of |= dict.fromkeys(codes, name)
            for inner in entering:
                self.boxes[inner].parent = name
        return "", bool(more)

    def _judge_inner(self, target: str, made: Box, inner: str, entering: list[str]) -> Reason:
        box = self.packed(inner)
        if box is None:
            return Reason.BOX_NOT_FOUND
        if box.parent or inner in entering:
            return Reason.BOX_BOXED
        path = self.path(target) if target else [""]
        if inner in path or made.kind is GROUP or len(path) + self.levels(inner) > LEVELS:
            return Reason.BOX_NESTING
        return Reason.OK

    def unpack(self, whole, codes, inner, acceptance) -> tuple[str, list[tuple[int, int]]]:
        before, lost, moved = copy.deepcopy(self), [], False
        good = [name for name in whole if self.packed(name)]
        lost += [(i, Reason.BOX_NOT_FOUND) for i, name in enumerate(whole) if name not in good]
        for place, code in enumerate(codes, len(whole)):
            if self.box_of.get(code) in good:
                lost.append((place, Reason.CODE_REPEATED))
            elif code not in self.box_of:
                lost.append((place, Reason.CODE_UNBOXED))
            else:
                del self.box_of[code]
                moved = True
        for place, name in enumerate(inner, len(whole) + len(codes)):
            box = self.packed(name)
            if box is None or not before.boxes[name].parent:
                lost.append((place, Reason.CODE_UNBOXED if box else Reason.BOX_NOT_FOUND))
            else:
                box.parent = ""
                moved = True
        for name in good:
            for one in self.inner(name):
                self.boxes[one].parent = ""
            for code in self.direct(name):
                del self.box_of[code]
            self.boxes[name].packed, self.boxes[name].parent = False, ""
            moved = True
        return self._close(before, acceptance, lost, moved=moved)

    def report(self, kind, codes, boxes, acceptance) -> tuple[str, list[tuple[int, int]]]:
        before, lost, moved = copy.deepcopy(self), [], False
        move = MOVES[kind]
        table = move.table()

        def one(item: int, code: int) -> None:
            nonlocal moved
            after = table[self.states[code]]
            if after:
                self.states[code], moved = after, True
                return
            utilised = kind is DocumentKind.UTILISATION and self.states[code] & 16
            reason = Reason.CODE_UTILISED_ALREADY if utilised else Reason.CODE_MOVE_REFUSED
            lost.append((item, reason))

        for item, code in enumerate(codes):
            if move.breaks_box and code in self.box_of:
                lost.append((item, Reason.CODE_BOXED))
            else:
                one(item, code)
        for item, name in enumerate(boxes, len(codes)):
            if not self.packed(name):
                lost.append((item, Reason.BOX_NOT_FOUND))
            elif not (inside := sorted(chain(*self.tree(name).values()))):
                lost.append((item, Reason.REPORT_EMPTY))
            elif move.breaks_box and self.boxes[name].parent:
                lost.append((item, Reason.BOX_BOXED))
            else:
                for code in inside:
                    one(item, code)
        return self._close(before, acceptance, lost, moved=moved)

    def _close(self, before, acceptance, lost, *, moved) -> tuple[str, list[tuple[int, int]]]:
        status = DocumentStatus.ACCEPTED
        if lost:
            status = DocumentStatus.PARTLY_ACCEPTED
            if acceptance is WHOLE or not moved:
                status = DocumentStatus.REJECTED
                self.__dict__.update(before.__dict__)
        return status.name, sorted(lost)


def outcome(packer: Packer, act) -> tuple[str, list[tuple[int, int]]]:
    try:
        view = act()
    except Refused as refused:
        return refused.reason.name, []
    return view.status.name, sorted(packer.verdicts(view))


def random_step(rng: random.Random, packer: Packer, shelf: Shelf, names: list[str]) -> None:
    codes = rng.sample(range(len(shelf.states)), rng.choice([0, 1, 5, 40]))
    acceptance = rng.choice([WHOLE, VALID, VALID])
    some = [name for name in rng.sample(names, rng.choice([0, 1, 2, 4])) if name in shelf.boxes]
    match rng.choice(["pack", "pack", "pack", "unpack", "report"]):
        case "pack":
            units = []
            for _ in range(rng.choice([1, 1, 2, 3])):
                name = rng.choice(names)
                update = name in shelf.boxes and rng.random() < 0.8
                mine = [codes.pop() for _ in range(rng.randint(0, len(codes)))]
                if mine and rng.random() < 0.2:
                    mine.append(mine[0])
                boxes = some if rng.random() < 0.5 else []
                kind = rng.choice([GROUP, TRANSPORT, TRANSPORT])
                if mine or boxes:
                    units.append((name, mine, boxes, kind, update, rng.choice([0, 0, 30])))
            if units:
                expected = shelf.pack(units, acceptance)
                made = [packer.unit(n, c, b, kind=k, update=u, capacity=s)
                        for n, c, b, k, u, s in units]  # fmt: skip
                assert (
                    outcome(packer, lambda: packer.pack(*made, acceptance=acceptance)) == expected
                )
        case "unpack":
            inner = [name for name in rng.sample(names, 2) if name not in some]
            if some or codes or inner:
                expected = shelf.unpack(some, codes, inner, acceptance)
                found = outcome(packer, lambda: packer.unpack(some, codes, inner,
                                                              acceptance=acceptance))  # fmt: skip
                assert found == expected
        case "report":
            kind = rng.choice(REPORTS)
            some = [n for n in some if not any(set(shelf.path(n)) & {o} for o in some if o != n)]
            inside = {c for n in some for cs in shelf.tree(n).values() for c in cs}
            codes = [code for code in codes if code not in inside]
            if some or codes:
                expected = shelf.report(kind, codes, some, acceptance)
                found = outcome(packer, lambda: packer.report(kind, codes, some,
                                                              acceptance=acceptance))  # fmt: skip
                assert found == expected


@pytest.mark.parametrize("seed", range(8))
def test_random_histories_agree_with_a_dict_of_codes(bench: Bench, seed: int):
    rng = random.Random(seed)
    quantity = rng.choice([60, 300, 2100])
    packer = Packer(bench, quantity)
    shelf = Shelf([int(CodeState.APPLIED_AND_PAID)] * quantity)
    names = [f"box {number}" for number in range(12)]
    for step in range(60):
        random_step(rng, packer, shelf, names)
        if step % 6 == 5:
            compare(packer, shelf)
    check_store(bench.store, whole=True)


def compare(packer: Packer, shelf: Shelf) -> None:
    """Compare every code and every box."""
    everything = range(len(shelf.states))
    assert packer.where(everything) == [shelf.box_of.get(code, "") for code in everything]
    verified = packer.bench.engine.verify(packer.text(everything))
    assert (verified.states | verified.utilised * 16).tolist() == shelf.states
    for name in shelf.boxes:
        if shelf.packed(name):
            assert packer.contents(name) == shelf.tree(name)
            view = packer.bench.engine.boxes.read(packer.bin, packer.name(name))
            assert view.around == shelf.path(name)[1:]
            tree = shelf.tree(name)
            counts = (view.row.all_codes, view.row.all_boxes, view.row.height + 1)
            inside = sum(map(len, tree.values()))
            assert counts == (inside, len(tree) - 1, shelf.levels(name))
