"""Rows of the product registry: a product under its owner, and whose a GTIN is.

An order is judged by the product's row of its own participant, of which it needs one byte: the
group comes first, so that nothing is unpacked.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

PRODUCTS = b"g"

_KEY = struct.Struct(">cQQ")
_PREFIX = struct.Struct(">cQ")
_U64 = struct.Struct(">Q")
_PRODUCT = struct.Struct("<BqqBH")


def product_key(bin_: int, gtin: int) -> bytes:
    """Return the key of a participant's product."""
    return _KEY.pack(PRODUCTS, bin_, gtin)


def products_prefix(bin_: int) -> bytes:
    """Return what the keys of all products of a participant start with; 0: of all owners."""
    return _PREFIX.pack(PRODUCTS, bin_)


def gtin_key(gtin: int) -> bytes:
    """Return the key of the owner of a GTIN."""
    return _KEY.pack(PRODUCTS, 0, gtin)


def parse_product_key(key: bytes) -> tuple[int, int]:
    """Return participant (0 in the key of an owner) and GTIN."""
    _, bin_, gtin = _KEY.unpack(key)
    return bin_, gtin


def pack_owner(bin_: int) -> bytes:
    """Return the row that says whose a GTIN is."""
    return _U64.pack(bin_)


def unpack_owner(row: bytes) -> int:
    """Return whose a GTIN is."""
    return int(_U64.unpack(row)[0])


def group_of(row: bytes) -> int:
    """Return the group of a product without unpacking its row."""
    return row[0]


class ProductRow(NamedTuple):
    """A product: `Group`, when it was registered and changed last, TN VED code, names."""

    group: int
    created_us: int
    changed_us: int
    tnved: str
    name_ru: str
    name_kk: str  # '' where none was given

    def pack(self) -> bytes:
        """Return the row."""
        head = _PRODUCT.pack(*self[:3], len(self.tnved), len(self.name_ru))
        return head + (self.tnved + self.name_ru + self.name_kk).encode()

    @classmethod
    def unpack(cls, row: bytes) -> ProductRow:
        """Return the value of a row."""
        group, created_us, changed_us, tnved, name = _PRODUCT.unpack_from(row)
        texts = row[_PRODUCT.size :].decode()
        end = tnved + name
        return cls(group, created_us, changed_us, texts[:tnved], texts[tnved:end], texts[end:])
