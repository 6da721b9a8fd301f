"""Commands: what callers ask the engine to change, as values.

A command knows the form it must have (`check`, which touches nothing and is never remembered) and
the digest by which a repeat is told from another request under the same id.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from emitter.errors import Reason, Refused
from emitter.trade.circulation import MOVES, Acceptance
from emitter.trade.gs1 import format_gtin
from emitter.trade.products import require_tnved
from emitter.trade.templates import require_template

if TYPE_CHECKING:
    import datetime as dt
    import enum
    from uuid import UUID

    from emitter.config import Limits
    from emitter.engine.box_commands import BoxCommand
    from emitter.engine.code_sets import CodeSet
    from emitter.engine.transfer_commands import TransferCommand
    from emitter.store.rows import SignaturePolicy
    from emitter.trade.circulation import DocumentKind
    from emitter.trade.titled import Titled


def require_text(text: str, field: str, chars_max: int) -> None:
    """Refuse an empty, overlong or unprintable text."""
    if not text:
        raise Refused(Reason.FIELD_REQUIRED, field=field)
    if len(text) > chars_max or not text.isprintable():
        raise Refused(Reason.TEXT_INVALID, field=field, limit=chars_max)


TOKEN_LIFETIME_US_MAX: Final = 100 * 366 * 86_400_000_000

_serials = attrgetter("serials")
_encode = json.JSONEncoder(separators=(",", ":")).encode


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def digest_of(*fields: object) -> bytes:
    """Return the SHA-256 of fields as JSON: the same for the same request."""
    return _sha256(_encode(fields))


@dataclass(frozen=True, slots=True)
class RegisterParticipant:
    """Enter a participant in the register (App. 1); no account yet."""

    bin: int
    name: str
    on: dt.date

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.name, "name", limits.name_chars_max)


@dataclass(frozen=True, slots=True)
class ActivateParticipant:
    """Put the contract in force from a day on (10.5.3) and open the account."""

    bin: int
    on: dt.date

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""


@dataclass(frozen=True, slots=True)
class IssueToken:
    """Make a bearer token for a role; ``bin`` is the participant a station acts for."""

    role: enum.IntEnum
    bin: int | None
    label: str
    lifetime_us: int = 0  # 0 for ever

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.label, "label", limits.name_chars_max)
        if self.lifetime_us and not 10**6 <= self.lifetime_us <= TOKEN_LIFETIME_US_MAX:
            raise Refused(
                Reason.FIELD_INVALID, field="lifetime",
                rule="from a second to a hundred years", rule_ru="от секунды до ста лет",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """End a bearer token for ever, by its id; again changes nothing."""

    token_id: str

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.token_id, "token_id", limits.name_chars_max)


@dataclass(frozen=True, slots=True)
class RegisterProduct:
    """Enter a product under its GTIN, or change what is registered; ``group`` is a `Group`."""

    bin: int
    gtin: int
    group: int
    tnved: str
    name_ru: str
    name_kk: str = ""

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.name_ru, "name_ru", limits.name_chars_max)
        if self.name_kk:
            require_text(self.name_kk, "name_kk", limits.name_chars_max)
        require_tnved(self.tnved, "tnved_code")


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """Book a payment once, however often its bank reference arrives (3.4, 6.2)."""

    bin: int
    amount_tiyn: int
    reference: str

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.reference, "reference", limits.reference_chars_max)
        if not 0 < self.amount_tiyn <= limits.credit_tiyn_max:
            raise Refused(
                Reason.AMOUNT_OUT_OF_RANGE, field="amount_tiyn", limit=limits.credit_tiyn_max
            )

    def digest(self) -> bytes:
        """Return what tells this payment from another under the same reference."""
        return digest_of(self.bin, self.amount_tiyn)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One GTIN of an order; ``price_tiyn`` only where the template carries a price.

    ``serials`` are self-made, one a code in the order of the codes, without country digits; none
    where the operator makes them.
    """

    gtin: int
    quantity: int
    template_id: int
    price_tiyn: int | None = None
    serials: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """Emit codes for one or more GTINs and reserve their money, whole or not at all (3.2)."""

    bin: int
    request_id: str
    lines: tuple[OrderLine, ...]
    details: str = ""  # what else came with the order, as JSON: kept with it, never looked into
    memory_us: int = 0  # how long the id is kept, accepted only; 0: for ever, refusals too
    remembers_refusals: bool = True  # false where the id is not the client's to choose anew

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form, naming the field by its place in the request."""
        require_text(self.request_id, "request_id", limits.request_id_chars_max)
        if not self.lines:
            raise Refused(Reason.FIELD_REQUIRED, field="lines")
        if len(self.details.encode()) > limits.details_bytes_max:
            raise Refused(Reason.LIMIT_EXCEEDED, field="details", limit=limits.details_bytes_max)
        if len(self.lines) > limits.lines_max:
            raise Refused(Reason.LIMIT_EXCEEDED, field="lines", limit=limits.lines_max)
        group = None
        gtins: set[int] = set()
        for index, line in enumerate(self.lines):
            field = f"lines[{index}]"
            if not 1 <= line.quantity <= limits.quantity_max:
                raise Refused(
                    Reason.QUANTITY_OUT_OF_RANGE,
                    field=f"{field}.quantity",
                    least=1,
                    limit=limits.quantity_max,
                )
            template = require_template(line.template_id, f"{field}.template_id")
            if template.group != (group := group or template.group):
                raise Refused(Reason.GROUP_MIXED, field=f"{field}.template_id")
            if line.gtin in gtins:
                raise Refused(
                    Reason.GTIN_REPEATED, field=f"{field}.gtin", gtin=format_gtin(line.gtin)
                )
            gtins.add(line.gtin)
            template.require_price(line.price_tiyn, f"{field}.price_tiyn")
        if self.is_self_made:
            self._check_serials(limits)

    def _check_serials(self, limits: Limits) -> None:
        """Refuse serials that are too many, or not as many as codes."""
        for index, line in enumerate(self.lines):
            if line.serials and len(line.serials) != line.quantity:
                raise Refused(
                    Reason.FIELD_INVALID, field=f"lines[{index}].serial_numbers",
                    rule=f"as many as codes, {line.quantity}, not {len(line.serials)}",
                    rule_ru=f"столько же, сколько кодов: {line.quantity}, а не {len(line.serials)}",
                )  # fmt: skip
        if sum(len(line.serials) for line in self.lines) > limits.serials_max:
            raise Refused(Reason.LIMIT_EXCEEDED, field="serial_numbers", limit=limits.serials_max)

    @property
    def is_self_made(self) -> bool:
        """Whether any serial of the order is the participant's own."""
        return any(map(_serials, self.lines))

    def digest(self) -> bytes:
        """Return what tells this order from another under the same request id."""
        fields, own = [], []  # as `digest_of` would write them, in a third of its time
        for index, line in enumerate(self.lines):
            price = "null" if line.price_tiyn is None else line.price_tiyn
            fields.append(f"[{line.gtin:d},{line.quantity:d},{line.template_id:d},{price}]")
            if line.serials:
                text = hashlib.sha256("\n".join(line.serials).encode()).hexdigest()
                own.append(f'{{"{index}":"{text}"}}')
        if self.details:
            fields.append(_encode(self.details))
        fields += own
        return _sha256(f"[{','.join(fields)}]")


@dataclass(frozen=True, slots=True)
class DeliverBlock:
    """Hand over the next codes of a buffer and capture their money (6.4); 0 is all that is left."""

    bin: int
    order_id: UUID
    gtin: int
    block_id: str
    quantity: int = 0
    remembers_refusals: bool = True  # false where the id is not the client's to choose anew

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.block_id, "block_id", limits.block_id_chars_max)
        if not 0 <= self.quantity <= limits.quantity_max:
            raise Refused(
                Reason.QUANTITY_OUT_OF_RANGE, field="quantity", least=0, limit=limits.quantity_max
            )

    def digest(self) -> bytes:
        """Return what tells this delivery from another under the same block id."""
        return digest_of(self.quantity)


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """Annul what was not delivered of an order, or of one GTIN of it, and release its money."""

    bin: int
    request_id: str
    order_id: UUID
    gtin: int | None = None

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.request_id, "request_id", limits.request_id_chars_max)

    def digest(self) -> bytes:
        """Return what tells this closing from another under the same request id."""
        return digest_of(str(self.order_id), self.gtin)


@dataclass(frozen=True, slots=True)
class ExpireOrder:
    """Annul what was not delivered of an order whose time is over, and release its money."""

    bin: int
    order_id: UUID

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""


@dataclass(frozen=True, slots=True)
class RegisterStation:
    """Give a participant an order station: an omsId, and a key to register connections with."""

    bin: int
    name: str
    signatures: SignaturePolicy

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.name, "name", limits.name_chars_max)


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """Open a connection of a participant's station; without a policy it takes the station's.

    Under a ``connection_id`` of its own a repeat finds what the first has opened.
    """

    bin: int
    oms_id: UUID
    name: str
    address: str = ""
    signatures: SignaturePolicy | None = None
    connection_id: UUID | None = None

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.name, "name", limits.name_chars_max)
        if self.address:
            require_text(self.address, "address", limits.name_chars_max)


@dataclass(frozen=True, slots=True)
class IssueClientToken:
    """Make the one live clientToken of a connection; the one before it ends in the same step."""

    bin: int
    connection_id: UUID
    lifetime_us: int = 0  # 0 for ever

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""


@dataclass(frozen=True, slots=True)
class ReportCodes:
    """Report codes of a participant: utilisation, introduction, dropout, withdrawal, return.

    ``reason`` is one of the reasons that the kind takes (`trade.circulation.MOVES`), None where it
    takes none. ``dated_on`` is the day the goods were moved, None for the day of the report.
    """

    bin: int
    request_id: str
    kind: DocumentKind
    codes: CodeSet
    reason: Titled | None = None
    acceptance: Acceptance = Acceptance.WHOLE
    dated_on: dt.date | None = None
    details: str = ""  # what else came with the report, as JSON: kept with it (`event_dates`)
    memory_us: int = 0  # how long the id is kept, accepted only; 0: for ever, refusals too

    def check(self, limits: Limits) -> None:
        """Refuse a wrong form."""
        require_text(self.request_id, "request_id", limits.request_id_chars_max)
        move = MOVES.get(self.kind)
        if move is None:
            raise Refused(Reason.FIELD_INVALID, field="kind", rule="not a kind of report")
        if move.reasons and self.reason is None:
            raise Refused(Reason.FIELD_REQUIRED, field="reason")
        if self.reason is not None and type(self.reason) is not move.reasons:
            raise Refused(Reason.FIELD_INVALID, field="reason", rule="not a reason of this kind")
        if len(self.details.encode()) > limits.details_bytes_max:
            raise Refused(Reason.LIMIT_EXCEEDED, field="details", limit=limits.details_bytes_max)
        self.codes.check(limits)

    def digest(self) -> bytes:
        """Return what tells this report from another under the same request id."""
        dated_on = self.dated_on.isoformat() if self.dated_on else None
        return digest_of(
            self.kind, self.reason, self.acceptance, dated_on, self.details, *self.codes.fields()
        )


Command: TypeAlias = (
    "RegisterParticipant | ActivateParticipant | IssueToken | RevokeToken | CreditAccount"
    " | RegisterProduct"
    " | CreateOrder | DeliverBlock | CloseOrder | ExpireOrder"
    " | RegisterStation | OpenConnection | IssueClientToken"
    " | ReportCodes | BoxCommand | TransferCommand"
)
