"""What must be true of the products: a GTIN has one owner, and the owner's product."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from emitter.engine.laws import require
from emitter.store import schema
from emitter.store.product_rows import (
    PRODUCTS,
    gtin_key,
    pack_owner,
    parse_product_key,
    product_key,
    unpack_owner,
)
from emitter.store.scanning import scan_store
from emitter.trade.gs1 import format_gtin

if TYPE_CHECKING:
    from emitter.store.port import Reader, Store


def check_products(store: Store) -> None:
    """Check every product and every owner of a GTIN, each in a view of its own."""
    for key, row in scan_store(store, PRODUCTS):
        store.view(partial(_check_product, key=key, row=row))


def _check_product(reader: Reader, key: bytes, row: bytes) -> None:
    """Check that a product and the owner of its GTIN agree, and that the owner is registered."""
    bin_, gtin = parse_product_key(key)
    who = f"product {format_gtin(gtin)}"
    owner = bin_ or unpack_owner(row)
    rows = reader.get_many(
        (gtin_key(gtin), product_key(owner, gtin), schema.participant_key(owner))
    )
    require(rows[0] == pack_owner(owner), "a product's GTIN is its owner's", who)
    require(rows[1] is not None, "a GTIN with an owner is a product", who)
    require(rows[2] is not None, "a product's owner is a participant", who)
