"""Holding an engine against the model: journals, balances, orders, lists, and every code.

What was delivered is kept: a code must never come twice, must come again byte for byte, and must
verify with the state that the model knows.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from audited_goods import GoodsAudit
from emitter.engine.invariants import check_store
from emitter.engine.reports import DocumentView
from emitter.engine.shipping import TransferAnswer
from emitter.errors import Reason, Refused
from emitter.trade.ledger import LedgerAccount, MovementKind
from emitter.trade.states import CodeState
from model import order_facts
from model_goods import STATES, CodeAt, CodeFact, Forged, Lost, state_of, words
from model_values import Line
from serial_order import facts_of
from simulated_reports import forged, identification

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from emitter.engine.delivery import BlockView
    from emitter.engine.engine import Engine
    from emitter.engine.verification import VerifiedCodes
    from emitter.store.port import Store
    from model import Model

CODES_OF_A_BLOCK = 24  # looked at from each end
CODES_VERIFIED = 300
PAGE_SIZE = 7

DOCUMENTS_READ = 40
CODES_TOLD = 12  # of which the history is read

Place = tuple["UUID", int, int]  # order, GTIN, index in the buffer


class Audit(GoodsAudit):
    """What has been seen of an engine so far; the engine may be opened anew in between."""

    def __init__(self, dice: random.Random) -> None:
        self.codes: dict[Place, bytes] = {}
        super().__init__(dice)
        self._places: dict[bytes, Place] = {}
        self._blocks: dict[tuple[UUID, int, int], BlockView] = {}
        self._sequences: dict[int, int] = defaultdict(int)

    def new_lines(self, engine: Engine, bin_: int, now_us: int) -> tuple[Line, ...]:
        """Return what the journal has gained since it was read last; all of it just now."""
        lines: list[Line] = []
        while entries := engine.journal(
            bin_, page_size=PAGE_SIZE, after=self._sequences[bin_]
        ):  # fmt: skip
            for sequence, row in entries:
                assert sequence == self._sequences[bin_] + 1
                assert row.at_us == now_us
                self._sequences[bin_] = sequence
                named = tuple((LedgerAccount(account).name, tiyn) for account, tiyn in row.entries)
                kind = MovementKind(row.kind).name
                lines.append(Line(kind, named, row.order_id, row.gtin, row.reference, row.quantity))
        return tuple(lines)

    def account(self, engine: Engine, model: Model, bin_: int) -> None:
        """Compare one participant and its balance."""
        known = model.participants.get(bin_)
        if known is None:
            with pytest.raises(Refused) as caught:
                engine.account(bin_)
            assert caught.value.reason is Reason.PARTICIPANT_NOT_FOUND
            return
        view = engine.account(bin_)
        assert (view.name, view.registered_on, view.activated_on) == known
        names = ("available", "reserved", "credited", "adjusted", "captured", "refunded")
        balances = model.ledger.accounts[bin_]
        for name in (*names, "bank_costs"):
            assert getattr(view, f"{name}_tiyn") == balances[name], (bin_, name)
        assert view.orders_open == model.orders_open[bin_]

    def everything(self, engine: Engine, model: Model, store: Store) -> None:
        """Compare all orders, lists and blocks; check the invariants; verify codes."""
        check_store(store, whole=True)
        model.ledger.check()
        owned = defaultdict(list)
        for order_id, order in model.orders.items():
            owned[order.bin].append(order_id)
        for bin_ in model.participants:
            self.account(engine, model, bin_)
            self._orders(engine, model, bin_, owned[bin_])
            self._documents(engine, model, bin_)
            self._transfers(engine, model, bin_)
        self._boxes(engine, model)
        self._listed_boxes(engine, model)
        for place, blocks in model.blocks.items():
            self._listed_blocks(engine, model, place, blocks)
        self._verify_delivered(engine, model)
        self._verify_undelivered(engine, model)
        self._verify_forged(engine)
        told = {place: self.codes[place] for place in self._sample(CODES_TOLD)}
        self._histories(engine, model, told)

    def _orders(self, engine: Engine, model: Model, bin_: int, owned: list[UUID]) -> None:
        """Every order of the participant stands in its list, newest first, and as it should."""
        listed, token = [], b""
        while True:
            page, token = engine.orders(bin_, page_size=PAGE_SIZE, page_token=token)
            assert len(page) == PAGE_SIZE or not token
            listed += page
            if not token:
                break
        assert [view.order_id for view in listed] == sorted(owned, reverse=True)
        for view in listed:
            assert facts_of(view) == order_facts(view.order_id, model.orders[view.order_id])
            assert engine.order(bin_, view.order_id) == view

    def _listed_blocks(self, engine: Engine, model: Model, place, blocks) -> None:
        order_id, gtin = place
        bin_ = model.orders[order_id].bin
        listed, token = [], b""
        while True:
            page, token = engine.blocks(bin_, order_id, gtin, page_size=PAGE_SIZE, page_token=token)
            listed += page
            if not token:
                break
        assert [facts_of(view).fixed for view in listed] == [(*place, block) for block in blocks]

    def _documents(self, engine: Engine, model: Model, bin_: int) -> None:
        """Every report of the participant stands in its list, and moved and lost what it should."""
        listed, token = [], b""
        while True:
            page, token = engine.documents(bin_, page_size=PAGE_SIZE, page_token=token)
            listed += page
            if not token:
                break
        known = {key: document for key, document in model.documents.items() if document.bin == bin_}
        assert [view.document_id for view in listed] == sorted(known, reverse=True)
        for view in self._dice.sample(listed, min(len(listed), DOCUMENTS_READ)):
            document = known[view.document_id]
            assert facts_of(view).fixed == (view.document_id, document.facts)
            moved = [
                CodeAt(buffer.order_id, buffer.gtin, first + n)
                for buffer in engine.document_runs(view)
                for first, count in buffer.runs.tolist()
                for n in range(count)
            ]
            assert sorted(moved) == list(document.moved)
            lost = sorted(_lost(engine, view), key=repr)
            assert lost == list(document.lost), {*lost} ^ {*document.lost}

    # Codes ----------------------------------------------------------------------------------------

    def take_codes(self, engine: Engine, model: Model, block: BlockView) -> list[bytes]:
        """Look at a block that was handed over, perhaps not for the first time; return codes."""
        count = block.row.quantity
        edges = {
            *range(min(count, CODES_OF_A_BLOCK)),
            *range(max(0, count - CODES_OF_A_BLOCK), count),
        }
        self._blocks[block.order_id, block.buffer.gtin, block.first] = block
        codes = _codes(engine, block, sorted(edges))
        places = [CodeAt(block.order_id, block.buffer.gtin, block.first + n) for n, _ in codes]
        _verified(engine, model, [code for _, code in codes], places)
        for place, (_, code) in zip(places, codes, strict=True):
            model.names[code] = model.names[identification(code)] = place
            model.names[forged(code)] = Forged(place)
            assert self._places.setdefault(code, place) == place, "a code came twice"
            assert self.codes.setdefault(place, code) == code, "a code came again and is another"
        return [code for _, code in codes]

    def _sample(self, count: int) -> list[Place]:
        places = list(self.codes)
        return self._dice.sample(places, min(count, len(places)))

    def _verify_delivered(self, engine: Engine, model: Model) -> None:
        """Codes of all blocks, mixed: genuine, as the model says, and led back to their orders."""
        places = self._sample(CODES_VERIFIED)
        verified = _verified(engine, model, [self.codes[place] for place in places], places)
        owners = [verified.buffers[index] for index in verified.buffer_index.tolist()]
        assert [(o.order_id, o.gtin) for o in owners] == [place[:2] for place in places]

    def _verify_undelivered(self, engine: Engine, model: Model) -> None:
        """Codes behind the delivered mark are emitted until their buffer is closed."""
        for place in list(model.blocks)[-40:]:
            block = self._blocks.get((*place, model.blocks[place][-1].first))
            buffer = model.orders[place[0]].buffer(place[1])
            if block is None or not buffer.left:
                continue
            rest = block._replace(
                first=buffer.delivered, row=block.row._replace(quantity=buffer.left)
            )
            codes = [code for _, code in _codes(engine, rest, sorted({0, buffer.left - 1}))]
            assert not self._places.keys() & set(codes)
            verified = engine.verify(b"\n".join(codes))
            state = CodeState.ANNULLED if buffer.closed or buffer.expired else CodeState.EMITTED
            assert not verified.reasons.any()
            assert (verified.states == state).all()

    def _verify_forged(self, engine: Engine) -> None:
        """Another last character but one of the check code is found out, whatever the template."""
        codes = [self.codes[place] for place in self._sample(20)]
        verified = engine.verify(b"\n".join(map(forged, codes)))
        assert set(verified.reasons.tolist()) <= {Reason.CODE_FORGED}


def _codes(engine: Engine, block: BlockView, indices: list[int]) -> list[tuple[int, bytes]]:
    """Return codes of a block by index, each run of them made in one call."""
    size = block.record_size
    codes: list[tuple[int, bytes]] = []
    start = 0
    for at in range(1, len(indices) + 1):
        if at == len(indices) or indices[at] != indices[at - 1] + 1:
            first, count = indices[start], at - start
            records = engine.records(block, first, count)
            assert len(records) == count * size
            codes += [(first + n, records[n * size : (n + 1) * size]) for n in range(count)]
            start = at
    return codes


def _verified(
    engine: Engine, model: Model, codes: list[bytes], places: Sequence[Place]
) -> VerifiedCodes:
    """Verify genuine codes; their states, owners and boxes must be those that the model knows."""
    text = b"\n".join(codes)
    verified = engine.verify(text)
    assert not verified.reasons.any()
    found = engine.boxes.find(None, text)
    buffers = verified.buffer_index.tolist()
    told = zip(verified.states.tolist(), verified.utilised.tolist(), buffers,
               found.box_index.tolist(), strict=True)  # fmt: skip
    facts = [
        CodeFact(STATES[state], utilised, verified.buffers[index].owner_bin,
                 found.boxes[box].box if box >= 0 else 0)
        for state, utilised, index, box in told
    ]  # fmt: skip
    assert facts == [state_of(model, CodeAt(*place))._replace(recipient=0) for place in places]
    return verified


def shown(engine: Engine, value: object) -> dict[str, str]:
    """Return what an accepted command shows besides its answer: why codes were named in vain."""
    view = value.document if isinstance(value, TransferAnswer) else value
    return {"lost": words(_lost(engine, view))} if isinstance(view, DocumentView) else {}


def _lost(engine: Engine, view: DocumentView) -> Iterator[Lost]:
    """Yield the codes that a document named in vain, one by one."""
    items, places = engine.document_in_vain(view)
    for item, reason, state, first, count, place in items.tolist():
        for index in range(first, first + count):
            _, order_id, gtin = places[place - 1] if place else (0, None, 0)
            at = CodeAt(order_id, gtin, index) if place else None
            yield Lost(item, Reason(reason).name, STATES[state & 0xF], at)
