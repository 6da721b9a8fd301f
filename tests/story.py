"""The main job as a story of eight batches, told over a store that may fail."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from conftest import BIN, DAY, GROSS_100, SHOES, SHOES_2, Clock
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
    ReportCodes,
)
from emitter.engine.delivery import BlockView
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.errors import Reason, Refused
from emitter.store.port import StoreError
from emitter.trade.circulation import Acceptance, DocumentKind, IntroductionWay
from emitter.trade.states import CodeState
from emitter.trade.templates import Group
from stock import product

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.engine.commands import Command
    from emitter.engine.keys import KeyRing
    from emitter.store.port import Store

TRIES = 3
MADE = IntroductionWay.PRODUCTION


class Heard(NamedTuple):
    """A verdict: a reason with its details, whether it was remembered, what it showed."""

    reason: Reason
    details: dict[str, str]
    replayed: bool
    value: object


def hear(future) -> Heard:
    """Return the verdict of a future that is done."""
    refused = future.exception(0)
    if refused is None:
        answer = future.result()
        return Heard(Reason.OK, {}, answer.replayed, answer.value)
    assert isinstance(refused, Refused), refused
    refusal = refused.refusal
    return Heard(refusal.reason, dict(refusal.details), refusal.replayed, None)


class Story:
    """The main job in eight batches, told to whoever asks and asked again until it is answered."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys
        self.clock = Clock()
        self.heard: dict[int, Heard] = {}
        self.codes: dict[str, bytes] = {}
        self._ids = itertools.count(1)

    def batches(self) -> list[list[Callable[[], Command]]]:
        """Return the commands, made when the order is known."""
        lines = (OrderLine(SHOES, 60, 1), OrderLine(SHOES_2, 40, 1))
        return [
            [lambda: RegisterParticipant(BIN, "ТОО", DAY)],
            [
                lambda: product(BIN, SHOES, Group.SHOES),
                lambda: product(BIN, SHOES_2, Group.SHOES),
                lambda: ActivateParticipant(BIN, DAY),
            ],
            [lambda: CreditAccount(BIN, GROSS_100 + 700, "payment")],
            [
                lambda: CreateOrder(BIN, "order", lines),
                lambda: CreateOrder(BIN, "order", lines),
                lambda: CreateOrder(BIN, "too dear", lines),
            ],
            [
                lambda: DeliverBlock(BIN, self.order_id, SHOES, "part", 25),
                lambda: DeliverBlock(BIN, self.order_id, SHOES, "too much", 36),
                lambda: DeliverBlock(BIN, self.order_id, SHOES_2, "all"),
            ],
            [
                lambda: self.report("put on", DocumentKind.UTILISATION, None, 20),
                lambda: self.report("too many", DocumentKind.INTRODUCTION, MADE, 30),
                lambda: self.report("made", DocumentKind.INTRODUCTION, MADE, 30, Acceptance.VALID),
            ],
            [lambda: CloseOrder(BIN, "buffer", self.order_id, SHOES)],
            [lambda: CloseOrder(BIN, "whole", self.order_id)],
        ]

    def report(self, request_id: str, kind, reason, quantity: int, acceptance=Acceptance.WHOLE):
        """Return a report of the first codes, by their text and by a span."""
        codes = [self.codes["part"][at : at + 129] for at in range(0, 3 * 129, 129)]
        span = CodeSpan(self.order_id, SHOES, 3, quantity - 3)
        named = CodeSet(b"\n".join(codes), (span,))
        return ReportCodes(BIN, request_id, kind, named, reason, acceptance)

    @property
    def order_id(self) -> UUID:
        """Return the order as its maker heard of it."""
        return self.heard[5].value.order_id

    def engine(self, store: Store) -> Engine:
        return Engine(
            store, self.keys, clock=self.clock, new_id=lambda: UUID(int=next(self._ids)),
            threaded=False,
        )  # fmt: skip

    def play(self, store: Store) -> None:
        """Send everything, batch by batch, each a few times if need be; keep the verdicts."""
        engine = self.engine(store)
        number = 0
        for batch in self.batches():
            if not any(self._sent(engine, number, batch) for _ in range(TRIES)):
                return
            number += len(batch)

    def _sent(self, engine: Engine, number: int, batch: list[Callable[[], Command]]) -> bool:
        """Send one batch, whose first command has this number; tell whether it was answered."""
        futures = {number + at: engine.submit(make()) for at, make in enumerate(batch)}
        engine.work_off()
        heard = {index: hear(future) for index, future in futures.items()}
        weather = [verdict.reason.meaning.retry for verdict in heard.values()]
        assert all(weather) or not any(weather), "a commit fails for all of a batch or for none"
        self._compare(heard)
        for value in [verdict.value for verdict in heard.values()]:
            if isinstance(value, BlockView):
                codes = engine.records(value, 0, value.row.quantity)
                assert self.codes.setdefault(value.row.block_id, codes) == codes
                self.verified(engine, codes)
        return not any(weather)

    def _compare(self, heard: dict[int, Heard]) -> None:
        """A verdict that was heard once is heard again, as a repeat."""
        for index, verdict in heard.items():
            before = self.heard.get(index)
            if before is not None and not before.reason.meaning.retry:
                assert (verdict.reason, verdict.details) == (before.reason, before.details)
                assert verdict.replayed or index < 4, "a verdict did not last"
            elif before is not None and before.reason is not Reason.COMMIT_UNKNOWN:
                assert not verdict.replayed or index == 6, "what was not saved took place"
            self.heard[index] = verdict

    def verified(self, engine: Engine, records: bytes) -> None:
        """The engine knows the codes as paid, in spite of a commit that was in doubt."""
        codes = [records[at : at + 129] for at in range(0, len(records), 129)]
        try:
            verified = engine.verify(b"\n".join(codes))
        except StoreError:
            return  # looking may fail as well
        assert set(verified.states.tolist()) <= {CodeState.APPLIED_AND_PAID, CodeState.INTRODUCED}

    def end(self, store: Store) -> tuple[object, ...]:
        """Return what all must agree on at the end: verdicts, money, states, sizes."""
        check_store(store, whole=True)
        engine = self.engine(store)
        for codes in self.codes.values():
            self.verified(engine, codes)
        rows = store.view(lambda reader: reader.scan(b"", b"\xff", limit=1_000))
        reasons = [verdict.reason.name for _, verdict in sorted(self.heard.items())]
        order = engine.order(BIN, self.order_id).row
        documents = [view.row for view in engine.documents(BIN, page_size=9)[0]]
        counts = sorted((row.kind, row.status, row.moved, row.in_vain) for row in documents)
        states = [engine.verify(codes).states.tolist() for codes in self._lines()]
        keys = sorted(len(key) for key, _ in rows)
        return (reasons, engine.account(BIN), order, counts, states, keys)

    def _lines(self) -> list[bytes]:
        """Return the codes of each block, LF between them."""
        return [
            b"\n".join(records[at : at + 129] for at in range(0, len(records), 129))
            for _, records in sorted(self.codes.items())
        ]
