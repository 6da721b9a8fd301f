"""The part of a real station that reports codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.engine.code_sets import CodeSet
from emitter.engine.commands import ReportCodes
from emitter.trade.circulation import MOVES, Acceptance, DocumentKind

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from emitter.client import Client


class Reports:
    """Mixed into a caller, which asks, draws ids and keeps the codes it was handed."""

    chance: random.Random
    ask: Callable[[ReportCodes, Callable[[Client], object]], object]
    new_id: Callable[[], str]
    _bin: int
    _codes: list[bytes]

    def report(self) -> None:
        """Report codes that were delivered, those that can be moved; some were moved before."""
        if not self._codes:
            return
        start = self.chance.randrange(len(self._codes))
        codes = self._codes[start : start + self.chance.choice((1, 3, 40, 300))]
        kind = self.chance.choice((DocumentKind.UTILISATION, DocumentKind.INTRODUCTION,
                                   DocumentKind.DROPOUT))  # fmt: skip
        reasons = MOVES[kind].reasons
        reason = next(iter(reasons)) if reasons else None
        self.tell(ReportCodes(
            self._bin, self.new_id(), kind, CodeSet(b"\n".join(codes)), reason, Acceptance.VALID
        ))  # fmt: skip

    def tell(self, command: ReportCodes) -> object:
        names = {DocumentKind.INTRODUCTION: "introduction_way", DocumentKind.DROPOUT:
                 "dropout_reason"}  # fmt: skip
        more = {names[command.kind]: int(command.reason)} if command.reason else {}
        return self.ask(
            command,
            lambda client: client.create_report(
                int(command.kind), command.codes.text.split(b"\n"),
                request_id=command.request_id, acceptance=int(command.acceptance), **more,
            ),
        )  # fmt: skip
