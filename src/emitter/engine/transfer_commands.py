"""Commands about goods that change hands: to ship, to accept, to reject, to recall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from emitter.engine.commands import digest_of, require_text
from emitter.errors import Reason, Refused
from emitter.trade.circulation import Acceptance, DocumentKind
from emitter.trade.packing import is_sscc

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.code_sets import CodeSet


def _check(request_id: str, details: str, limits: Limits) -> None:
    """Refuse a wrong id, and more words than a row holds."""
    require_text(request_id, "request_id", limits.request_id_chars_max)
    if len(details.encode()) > limits.details_bytes_max:
        raise Refused(Reason.LIMIT_EXCEEDED, field="details", limit=limits.details_bytes_max)


@dataclass(frozen=True, slots=True)
class ShipCodes:
    """Ship goods to another participant: nobody moves them until it answers or ``bin`` recalls."""

    bin: int
    request_id: str
    recipient: int
    codes: CodeSet
    acceptance: Acceptance = Acceptance.WHOLE
    details: str = ""  # what else came with it, as JSON: both sides read it

    kind: ClassVar[DocumentKind] = DocumentKind.SHIPMENT
    reason: ClassVar[None] = None
    dated_on: ClassVar[dt.date | None] = None
    memory_us: ClassVar[int] = 0

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        _check(self.request_id, self.details, limits)
        for number, box in enumerate(self.codes.boxes):
            if not is_sscc(box.box):
                raise Refused(
                    Reason.FIELD_INVALID, field=f"boxes[{number}]",
                    rule="a box is shipped by its SSCC: others know no number of one's own",
                    rule_ru="упаковку передают по SSCC: собственный номер другим неизвестен",
                )  # fmt: skip
        if self.recipient == self.bin:
            raise Refused(
                Reason.FIELD_INVALID, field="recipient_bin", rule="another participant",
                rule_ru="нужен другой участник",
            )  # fmt: skip
        self.codes.check(limits)

    def digest(self) -> bytes:
        """Return what tells this shipment from another request under the same id."""
        fields = self.codes.fields()
        return digest_of("ship", self.recipient, self.acceptance, self.details, *fields)


@dataclass(frozen=True, slots=True)
class AcceptTransfer:
    """Accept goods as their recipient: all of a transfer, those named, or all but those named.

    What is accepted has a new owner; the rest is the sender's again. It ends the transfer.
    """

    bin: int
    request_id: str
    transfer_id: UUID
    only: CodeSet | None = None
    all_but: CodeSet | None = None
    acceptance: Acceptance = Acceptance.WHOLE
    details: str = ""

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        _check(self.request_id, self.details, limits)
        if self.only and self.all_but:
            raise Refused(
                Reason.FIELD_INVALID, field="refused", rule="not beside accepted",
                rule_ru="не вместе с accepted",
            )  # fmt: skip
        for codes in (self.only, self.all_but):
            if codes is not None:
                codes.check(limits)

    def digest(self) -> bytes:
        """Return what tells this acceptance from another request under the same id."""
        sets = [codes.fields() if codes else None for codes in (self.only, self.all_but)]
        return digest_of("accept", str(self.transfer_id), self.acceptance, self.details, *sets)


@dataclass(frozen=True, slots=True)
class _EndTransfer:
    """End a transfer as a whole: its goods are the sender's again."""

    bin: int
    request_id: str
    transfer_id: UUID
    details: str = ""

    word: ClassVar[str]  # tells one end from the other under the same id

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        _check(self.request_id, self.details, limits)

    def digest(self) -> bytes:
        """Return what tells this end from another request under the same id."""
        return digest_of(self.word, str(self.transfer_id), self.details)


class RejectTransfer(_EndTransfer):
    """Reject all goods of a transfer as their recipient: they are the sender's again."""

    __slots__ = ()
    word = "reject"


class RecallTransfer(_EndTransfer):
    """Take back a transfer as its sender, before the recipient answers."""

    __slots__ = ()
    word = "recall"


TransferCommand = ShipCodes | AcceptTransfer | RejectTransfer | RecallTransfer
