"""The product registry: whose a GTIN is, in which group, and how the goods are called.

A GTIN has one owner. Registering it again with the same data changes nothing; with other data the
product is updated. Its group stays once codes have been ordered, for their form follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from emitter.engine.batch import Later, Proposal, Unremembered
from emitter.engine.participants import require_participant
from emitter.engine.reading import read_page
from emitter.errors import Reason, Refused
from emitter.store import schema
from emitter.store.product_rows import (
    ProductRow,
    gtin_key,
    pack_owner,
    parse_product_key,
    product_key,
    products_prefix,
    unpack_owner,
)
from emitter.trade.gs1 import format_gtin
from emitter.trade.products import require_group
from emitter.trade.templates import TEMPLATES

if TYPE_CHECKING:
    from emitter.engine.commands import RegisterProduct
    from emitter.engine.work import Work
    from emitter.store.port import Reader, Store

_SERIAL_SIZES = sorted({template.serial_size for template in TEMPLATES.values()})


class ProductView(NamedTuple):
    """A product as callers see it; ``bin`` is its owner."""

    bin: int
    gtin: int
    row: ProductRow


def _series_keys(gtin: int) -> list[bytes]:
    """Return the keys of every series that the GTIN may have."""
    return [schema.series_key(gtin, size) for size in _SERIAL_SIZES]


def _require_unowned(owner: bytes | None, command: RegisterProduct) -> None:
    """Refuse a GTIN that is another participant's product."""
    if owner is not None and unpack_owner(owner) != command.bin:
        gtin = format_gtin(command.gtin)
        raise Refused(Reason.PRODUCT_OF_ANOTHER, field="gtin", gtin=gtin)


def _entered(command: RegisterProduct, known: ProductRow | None, now_us: int) -> ProductRow:
    """Return the row after a registration: the known one where nothing differs."""
    made = known.created_us if known else now_us
    row = ProductRow(command.group, made, now_us, command.tnved, command.name_ru, command.name_kk)
    return known if known and known._replace(changed_us=now_us) == row else row


class RegisterProductStep(Unremembered):
    """Enter a product or update it; the same data again is the same registration."""

    id_field = "gtin"
    rows_max = 2

    def __init__(self, command: RegisterProduct) -> None:
        self.command = command
        self.bin = command.bin
        self._key = product_key(command.bin, command.gtin)
        self._owner_key = gtin_key(command.gtin)
        self._series = _series_keys(command.gtin)

    def claims(self) -> tuple[bytes, ...]:
        """Return the GTIN, whoever wants it."""
        return (self._owner_key,)

    def reads(self) -> tuple[bytes, ...]:
        """Return the rows that a registration is judged by."""
        participant = schema.participant_key(self.bin)
        return (participant, self._owner_key, self._key, *self._series)

    def judge(self, work: Work) -> Proposal:
        """Propose the product's row; orders of the round that follow wait for another group."""
        require_participant(work, self.bin)
        _require_unowned(work.get(self._owner_key), self.command)
        known = work.read(self._key, ProductRow)
        row = _entered(self.command, known, work.now_us)
        if known is not None and known.group != row.group:
            if any(work.planned[key] for key in self._series):
                raise Later
            if any(work.get(key) is not None for key in self._series):
                require_group(known.group, row.group, self.command.gtin, "product_group")
            work.planned[self._key] += 1
        return Proposal(lambda: self._settle(work, known, row))

    def _settle(self, work: Work, known: ProductRow | None, row: ProductRow) -> ProductView:
        if row is not known:
            work.change(self._key, row)
        if known is None:
            work.put(self._owner_key, pack_owner(self.bin))
        return ProductView(self.bin, self.command.gtin, row)


def judge_product(store: Store, command: RegisterProduct, now_us: int) -> ProductView:
    """Return what registering the product would give now, changing nothing; raises `Refused`."""
    keys = (
        schema.participant_key(command.bin),
        gtin_key(command.gtin),
        product_key(command.bin, command.gtin),
        *_series_keys(command.gtin),
    )
    participant, owner, packed, *series = store.view(lambda reader: reader.get_many(keys))
    if participant is None:
        raise Refused(Reason.PARTICIPANT_NOT_FOUND)
    _require_unowned(owner, command)
    known = ProductRow.unpack(packed) if packed else None
    if known and any(row is not None for row in series):
        require_group(known.group, command.group, command.gtin, "product_group")
    return ProductView(command.bin, command.gtin, _entered(command, known, now_us))


def read_product(store: Store, gtin: int, bin_: int | None = None) -> ProductView:
    """Return the product of a GTIN, with ``bin_`` only if it is that participant's; or refuse."""

    def read(reader: Reader) -> ProductView | None:
        owner = reader.get_many((gtin_key(gtin),))[0]
        if owner is None or bin_ not in (None, unpack_owner(owner)):
            return None
        packed = reader.get_many((product_key(unpack_owner(owner), gtin),))[0]
        if packed is None:
            raise AssertionError("a GTIN has an owner and no product")
        return ProductView(unpack_owner(owner), gtin, ProductRow.unpack(packed))

    view = store.view(read)
    if view is None:
        raise Refused(Reason.PRODUCT_NOT_FOUND, field="gtin", gtin=format_gtin(gtin))
    return view


def read_products(
    store: Store, bin_: int, *, page_size: int, page_token: bytes
) -> tuple[list[ProductView], bytes]:
    """Return up to ``page_size`` products by GTIN, and the token of the next page or b''."""
    prefix = products_prefix(bin_)
    rows, token = store.view(lambda reader: read_page(reader, prefix, page_size, page_token))
    views = [ProductView(*parse_product_key(key), ProductRow.unpack(row)) for key, row in rows]
    return views, token
