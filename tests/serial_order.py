"""Is there an order of commands, one after the other, in which a plain engine says the same?

The engine carries out many commands at once and tells nobody in which order. So the order is
searched for: what the journals say of money and what the answers say of counters leaves few
choices, and every verdict, amount, state and counter must fit its place. Commands of one
participant that name the same order or the same request keep the order they were submitted in.
If there is no such order the engine has given somebody a verdict that no plain engine could give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    DeliverBlock,
    RegisterParticipant,
)
from emitter.engine.delivery import BlockView
from emitter.engine.orders import OrderView
from emitter.engine.products import ProductView
from emitter.engine.reports import DocumentView
from emitter.engine.shipping import TransferAnswer
from emitter.engine.ssccs import AllocatedSsccs
from emitter.trade.circulation import Acceptance, DocumentKind, DocumentStatus
from emitter.trade.states import BufferState, OrderState
from model import Facts, product_facts
from model_documents import GoodsCommand
from model_values import GROUPS, Block, Product, identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from emitter.engine.commands import Command
    from emitter.engine.transfer_reading import TransferView
    from model import Model
    from model_values import Line, Said


PERHAPS = "perhaps"


class Seen(NamedTuple):
    """A command and the verdict its client saw.

    ``replayed`` is None if the client was left in doubt and the verdict was found out later: then
    what the answer shows of the present is not known either. `PERHAPS` is the reason of a command
    that changed something or did not take place, and left no trace of which.
    """

    command: Command
    reason: str
    details: Mapping[str, str] = {}
    replayed: bool | None = False
    value: object = None

    @property
    def made(self) -> UUID | None:
        """The id of the order or document that an answer shows."""
        value = self.value.document if isinstance(self.value, TransferAnswer) else self.value
        if isinstance(value, DocumentView):
            return value.document_id
        return self.value.order_id if isinstance(self.value, OrderView) else None


def facts_of(value: object) -> Facts:
    """Return what an answer of the engine shows, in the words of the model."""
    if isinstance(value, OrderView):
        buffers = value.row.buffers
        fixed = tuple((b.gtin, b.template_id, b.first, b.quantity, b.vat_bp) for b in buffers)
        states = tuple((BufferState(b.state).name, b.delivered) for b in buffers)
        return Facts((value.bin, value.order_id, fixed), (OrderState(value.state).name, states))
    if isinstance(value, BlockView):
        row, buffer = value.row, value.buffer
        block = Block(value.first, row.quantity, row.net_tiyn, row.vat_tiyn, row.block_id)
        state = (BufferState(buffer.state).name, buffer.delivered)
        return Facts((value.order_id, buffer.gtin, block), state)
    if isinstance(value, ProductView):
        return product_facts(value.gtin, product_of(value))
    if isinstance(value, AllocatedSsccs):
        return Facts((value.first, value.quantity))
    if isinstance(value, TransferAnswer):
        document = facts_of(value.document)
        return transfer_shown(document.fixed, value.transfer) if value.transfer else document
    if isinstance(value, DocumentView):
        row = value.row
        named = (DocumentKind(row.kind).name, Acceptance(row.acceptance).name,
                 DocumentStatus(row.status).name)  # fmt: skip
        return Facts((value.document_id, (value.bin, *named, row.codes, row.moved, row.in_vain)))
    return Facts((value.bin, value.name))


def transfer_shown(before: tuple, view: TransferView) -> Facts:
    """Return what is shown of a transfer, behind what is shown of its document."""
    row = view.row
    return Facts((*before, view.transfer_id, row.sender, row.recipient, row.codes,
                  row.boxes), (view.state.name, row.accepted, row.answer_id))  # fmt: skip


def product_of(view: ProductView) -> Product:
    """Return a product in the words of the model."""
    row = view.row
    return Product(view.bin, GROUPS[row.group], row.tnved, (row.name_ru, row.name_kk))


def explain(
    model: Model,
    seen: list[Seen],
    now_us: int,
    lines: Mapping[int, tuple[Line, ...]],
    products: Mapping[int, Product] | None = None,
) -> Model:
    """Return the model after the commands, in an order that explains all that was seen.

    ``lines``: what each journal has gained. ``products``: what there is in the end. AssertionError
    with the nearest miss if there is none.
    """
    model = model.copy()
    model.lines.clear()
    search = _Search(seen, now_us, lines, products)
    found = search.run(model, frozenset(range(len(seen))))
    if found is None:
        raise AssertionError(search.story())
    return found


class _Search:
    def __init__(
        self,
        seen: list[Seen],
        now_us: int,
        lines: Mapping[int, tuple[Line, ...]],
        products: Mapping[int, Product] | None,
    ) -> None:
        self.products = products
        self.optional = {index for index, one in enumerate(seen) if one.reason == PERHAPS}
        self.seen = seen
        self.now_us = now_us
        self.lines = lines
        self.before = _before(seen)
        self.dead: set[frozenset[int]] = set()
        self.nearest: tuple[Model, frozenset[int]] | None = None

    def run(self, model: Model, left: frozenset[int]) -> Model | None:
        """Return the model after all that is left, or None. Owns ``model``."""
        left = self._pass_what_nobody_notices(model, left)
        if left <= self.optional and self._is_the_end(model):
            return model
        if left in self.dead:
            return None
        if self.nearest is None or len(left) < len(self.nearest[1]):
            self.nearest = model, left
        for index in sorted(left):
            said = self._said(model, index, left)
            if said is not None and said.change:
                after = model.copy()
                said.change(after)
                found = self.run(after, left - {index})
                if found is not None:
                    return found
        self.dead.add(left)
        return None

    def _is_the_end(self, model: Model) -> bool:
        if self.products is not None and model.products != self.products:
            return False
        return all(model.lines[bin_] == lines for bin_, lines in self.lines.items())

    def _pass_what_nobody_notices(self, model: Model, left: frozenset[int]) -> frozenset[int]:
        """Place verdicts that no other command can notice as early as they fit.

        A refusal and a repeat touch nothing but the memory of their own id: if they fit here and
        fit later, they may as well stand here.
        """
        progress = True
        while progress:
            progress = False
            for index in sorted(left):
                said = self._said(model, index, left)
                if said is not None and not said.lasting:
                    if said.change:
                        said.change(model)
                    left -= {index}
                    progress = True
        return left

    def _said(self, model: Model, index: int, left: frozenset[int]) -> Said | None:
        """Return what the model says here, if that is what was seen."""
        if self.before[index] & left:
            return None
        seen = self.seen[index]
        said = model.judge(seen.command, self.now_us, seen.made, seen.details)
        return said if self._fits(model, seen, said) else None

    def _fits(self, model: Model, seen: Seen, said: Said) -> bool:
        if seen.reason == PERHAPS:
            return said.lasting
        if said.reason != seen.reason or not said.details.items() <= seen.details.items():
            return False
        if seen.replayed not in (None, said.replayed):
            return False
        if said.line is not None:
            bin_ = seen.command.bin
            done, lines = len(model.lines[bin_]), self.lines.get(bin_, ())
            if done >= len(lines) or lines[done] != said.line:
                return False
        if said.facts is None:
            return True
        shown = facts_of(seen.value)
        known = seen.replayed is not None and shown.current is not None
        return said.facts.fixed == shown.fixed and (
            not known or said.facts.current in (None, shown.current)
        )

    def story(self) -> str:
        """Tell the nearest miss."""
        if self.nearest is None:
            return "no order was tried"
        model, left = self.nearest
        told = ["no order of the commands explains what was seen; nearest, these were left:"]
        for index in sorted(left):
            seen = self.seen[index]
            said = model.judge(seen.command, self.now_us, seen.made, seen.details)
            shown = facts_of(seen.value) if seen.value else None
            told += [
                f"  {seen.command}",
                f"    seen:  {(seen.reason, dict(seen.details), seen.replayed, shown)}",
                f"    model: {(said.reason, dict(said.details), said.replayed, said.facts)}",
                f"    line:  {said.line}",
            ]
        for bin_, lines in self.lines.items():
            told.append(f"  journal of {bin_}, next: {lines[len(model.lines[bin_]) :]}")
        return "\n".join(told)


def _before(seen: list[Seen]) -> list[frozenset[int]]:
    """Return for each command those that must stand before it, as far as both are known."""
    ties = [_ties(one) for one in seen]
    return [
        frozenset(
            earlier
            for earlier in range(index)
            if seen[earlier].command.bin == one.command.bin
            and ties[earlier] & ties[index]
            and None not in (seen[earlier].replayed, one.replayed)
        )
        for index, one in enumerate(seen)
    ]


# What is heard of goods before a command's turn has come: it may stand in front of what was asked
# before it.
_AT_ONCE = {
    "ORDER_NOT_FOUND", "BUFFER_NOT_FOUND", "BLOCK_NOT_FOUND", "SPAN_INVALID", "TRANSFER_NOT_FOUND",
    "FIELD_INVALID", "NOT_OFFERED",
}  # fmt: skip


def _ties(seen: Seen) -> set[object]:
    """Return what a command names: its request, and the order or participant it changes.

    Large reports take effect some time after they were asked for, so they are tied to no order.
    """
    command = seen.command
    ties: set[object] = {identity(command)[0]}
    if isinstance(command, DeliverBlock | CloseOrder):
        ties.add(command.order_id)
    if isinstance(command, RegisterParticipant | ActivateParticipant):
        ties = {command.bin}
    if isinstance(command, GoodsCommand) and seen.reason in _AT_ONCE:
        return set()
    return ties
