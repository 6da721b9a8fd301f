"""What codes are made of: serial forms, templates and prices inside codes, as data (SUZ templates).

A template composes a code out of a GTIN, a serial, perhaps a key id or a price, and a check code.
`Template.record` returns the finished code with serial and check left open, and where they stand:
the core fills them in for a whole block. Sizes include the GS separators; each row states the
length of its code, and the import fails unless the composition has exactly that length.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.trade import gs1
from emitter.trade.titled import Titled, Titles

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME = 1
"""Version of the way serials and checks are made (ARCHITECTURE); it stands in every recipe."""

KEY_ID_SIZE = 4
"""Key ids are written in four upper-case hex digits."""

KEY_ID_END = 16**KEY_ID_SIZE

COUNTRY_DIGIT = "3"
"""First character of a serial emitted in Kazakhstan, in the forms that have it."""

SELF_MADE_COUNTER = 2**40
"""In a space of `WIDE_SPACE` or more, counters from here on are left to self-made serials."""

WIDE_SPACE = 2**60


class Group(Titled):
    """Product groups under marking."""

    SHOES = (1, "Footwear", "Обувь")
    TOBACCO = (2, "Tobacco", "Табачная продукция")
    PHARMA = (3, "Medicines", "Лекарственные средства")
    TIRES = (4, "Tyres", "Шины")
    CAMERAS = (5, "Cameras", "Фотокамеры")
    PERFUMERY = (6, "Perfumery", "Парфюмерия")
    LIGHT_INDUSTRY = (7, "Light industry", "Товары лёгкой промышленности")
    BICYCLES = (8, "Bicycles", "Велосипеды")
    MEDICAL = (9, "Medical devices", "Медицинские изделия")
    WATER = (10, "Packaged water", "Упакованная вода")
    BEER = (11, "Beer", "Пиво")
    MILK = (12, "Dairy products", "Молочная продукция")


@dataclass(frozen=True, slots=True)
class Form:
    """A serial form: total length, country digit or none, alphabet (DESIGN: one counter each).

    ``form`` is the core's FORM_*; ``free_size`` characters of ``radix`` are the encrypted counter.
    """

    form: int
    serial_size: int
    radix: int
    free_size: int
    country_digit: str

    @property
    def space(self) -> int:
        """How many serials the form has."""
        space: int = self.radix**self.free_size
        return space

    @property
    def is_wide(self) -> bool:
        """Whether serials of the operator and self-made ones fit into it apart from each other."""
        return self.space >= WIDE_SPACE

    @property
    def counter_limit(self) -> int:
        """The first counter the operator never reaches: the rest is for self-made serials."""
        return SELF_MADE_COUNTER if self.is_wide else self.space


class Price(enum.Enum):
    """Where a code carries the maximum retail price (tobacco)."""

    NONE = "no price"
    AI_8005 = "element 8005: six digits of tiyn"
    PACK = "pack without element strings: four base-80 digits of tiyn"


class Recipe(NamedTuple):
    """A finished code with serial and check open; the fields are arguments of `_core.emit`."""

    record: bytes
    form: int
    serial_at: int
    serial_size: int
    message_size: int
    check_at: int
    gtin: bytes


_LETTERS_AND_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

ASSUMED_PUNCTUATION = b"!\"%&'*+-./_,:;=<>?"
"""Base-80 digits 62 to 79. ASSUMED order: published codes show letters and digits only."""

PACK_DIGITS = _LETTERS_AND_DIGITS + ASSUMED_PUNCTUATION
PACK_PRICE_SIZE = 4

_PACK_VALUES = {digit: value for value, digit in enumerate(PACK_DIGITS)}

PRICE_ENDS: Mapping[Price, int] = {
    Price.NONE: 0,
    Price.AI_8005: 10**6,
    Price.PACK: len(PACK_DIGITS) ** PACK_PRICE_SIZE,
}
"""The first price, in tiyn, that no longer fits."""


def encode_pack_price(price_tiyn: int) -> bytes:
    """Return the four characters of a pack's price: 95.00 tenge, 9500 tiyn, is ``ABm8``."""
    digits = bytearray()
    for _ in range(PACK_PRICE_SIZE):
        price_tiyn, value = divmod(price_tiyn, len(PACK_DIGITS))
        digits.append(PACK_DIGITS[value])
    if price_tiyn:
        raise ValueError("the price does not fit into a pack's code")
    return bytes(reversed(digits))


def decode_pack_price(text: bytes) -> int:
    """Return the price in tiyn of a pack's four characters; ValueError for any other text."""
    if len(text) != PACK_PRICE_SIZE or not _PACK_VALUES.keys() >= set(text):
        raise ValueError("not a pack's price")
    price_tiyn = 0
    for digit in text:
        price_tiyn = price_tiyn * len(PACK_DIGITS) + _PACK_VALUES[digit]
    return price_tiyn


@dataclass(frozen=True, slots=True)
class Template:
    """One template: a row of the table below and what follows from it.

    ``size``: bytes of a code. ``composition``: its elements in order, in words. ``check_kind``: the
    core's CHECK_*. ``pattern``: the code with gaps for GTIN, key id and price, serial and check
    filled with zeros. ``message_size``: how many bytes, from the start, the check code covers.
    """

    template_id: int
    group: Group
    titles: Titles
    size: int
    composition: str
    form: Form
    check_kind: int
    price: Price
    pattern: bytes
    serial_at: int
    message_size: int
    check_at: int

    @property
    def serial_size(self) -> int:
        """Characters of the serial, country digit included."""
        return self.form.serial_size

    @property
    def has_key_id(self) -> bool:
        """Whether the code names its check key in AI 91."""
        return b"%(key)b" in self.pattern

    @property
    def price_limit(self) -> int:
        """The highest price a code can carry, in tiyn; -1 where it carries none."""
        return PRICE_ENDS[self.price] - 1

    def require_price(self, price_tiyn: int | None, field: str) -> None:
        """Refuse a missing or too high price (PRICE_REQUIRED), or one too many (PRICE_REFUSED)."""
        if self.price is Price.NONE:
            if price_tiyn is not None:
                raise Refused(Reason.PRICE_REFUSED, field=field, template_id=self.template_id)
        elif price_tiyn is None or not 0 <= price_tiyn <= self.price_limit:
            raise Refused(
                Reason.PRICE_REQUIRED,
                field=field,
                template_id=self.template_id,
                limit=self.price_limit,
            )

    def record(self, gtin: int, key_id: int, price_tiyn: int | None) -> Recipe:
        """Return the code of a GTIN, check key and price, ready for `_core.emit`.

        The key id stands in codes with AI 91 and is ignored by the others. A figure that does not
        fit is a ValueError: requests are judged before, by `require_price` and `gs1.require_gtin`.
        """
        if not 0 <= key_id < KEY_ID_END:
            raise ValueError(f"a key id has four hex digits: {key_id}")
        if (price_tiyn is None) != (self.price is Price.NONE):
            raise ValueError(f"price {price_tiyn} for template {self.template_id}")
        gtin_text = gs1.format_gtin(gtin).encode()
        record = self.pattern % {
            b"gtin": gtin_text,
            b"key": b"%04X" % key_id,
            b"price": b"" if price_tiyn is None else self._price(price_tiyn),
        }
        return Recipe(
            record,
            self.form.form,
            self.serial_at,
            self.form.serial_size,
            self.message_size,
            self.check_at,
            gtin_text,
        )

    def _price(self, price_tiyn: int) -> bytes:
        """Return the characters of a price."""
        if not 0 <= price_tiyn <= self.price_limit:
            raise ValueError(f"price {price_tiyn} for template {self.template_id}")
        return encode_pack_price(price_tiyn) if self.price is Price.PACK else b"%06d" % price_tiyn


# Compositions in the words of the stations' table: `GS` and digits stand as they are, names are
# filled in, and `|` ends the message that the check code covers.
_KEYED = "01 gtin 21 serial GS 91 key | GS 92 check"
_SHORT = "01 gtin 21 serial | GS 93 check"
_PRICED = "01 gtin 21 serial GS 8005 price | GS 93 check"
_PACK = "gtin serial price | check"

_PRICES = {_KEYED: Price.NONE, _SHORT: Price.NONE, _PRICED: Price.AI_8005, _PACK: Price.PACK}
_PRICE_SIZES = {Price.NONE: 0, Price.AI_8005: 6, Price.PACK: PACK_PRICE_SIZE}
_CHECK_SIZES = {_core.CHECK_SIGNATURE: 88, _core.CHECK_MAC: 44, _core.CHECK_SHORT: 4}
_RADIXES = {_core.FORM_GS1: 82, _core.FORM_GS1_COUNTRY: 82, _core.FORM_ALNUM: 62}


class _Row(NamedTuple):
    """What the table says of a template; its title is the group's unless it has its own."""

    template_id: int
    group: Group
    size: int
    composition: str
    serial_size: int
    form: int
    check_kind: int
    titles: Titles | None = None


_ROWS = (
    _Row(1, Group.SHOES, 129, _KEYED, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_SIGNATURE),
    _Row(3, Group.TOBACCO, 43, _PRICED, 7, _core.FORM_GS1, _core.CHECK_SHORT,
         Titles("Tobacco, block", "Табачная продукция, блок")),
    _Row(4, Group.TOBACCO, 29, _PACK, 7, _core.FORM_GS1, _core.CHECK_SHORT,
         Titles("Tobacco, pack", "Табачная продукция, пачка")),
    _Row(5, Group.PHARMA, 85, _KEYED, 13, _core.FORM_ALNUM, _core.CHECK_MAC),
    _Row(7, Group.TIRES, 85, _KEYED, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_MAC),
    _Row(8, Group.CAMERAS, 92, _KEYED, 20, _core.FORM_GS1_COUNTRY, _core.CHECK_MAC),
    _Row(9, Group.PERFUMERY, 85, _KEYED, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_MAC),
    _Row(10, Group.LIGHT_INDUSTRY, 85, _KEYED, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_MAC),
    _Row(11, Group.BICYCLES, 85, _KEYED, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_MAC),
    _Row(12, Group.MEDICAL, 85, _KEYED, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_MAC),
    _Row(16, Group.WATER, 38, _SHORT, 13, _core.FORM_GS1_COUNTRY, _core.CHECK_SHORT),
    _Row(18, Group.BEER, 32, _SHORT, 7, _core.FORM_GS1_COUNTRY, _core.CHECK_SHORT),
    _Row(20, Group.MILK, 31, _SHORT, 6, _core.FORM_GS1_COUNTRY, _core.CHECK_SHORT),
)  # fmt: skip


def _compose(row: _Row) -> Template:
    """Return the template of a row; ValueError unless it has exactly the length the row states."""
    price = _PRICES[row.composition]
    gaps = {"gtin": gs1.GTIN_SIZE, "key": KEY_ID_SIZE, "price": _PRICE_SIZES[price]}
    texts = {
        "GS": gs1.GS,
        "serial": b"0" * row.serial_size,
        "check": b"0" * _CHECK_SIZES[row.check_kind],
        "|": b"",
    }
    pattern, at, positions = b"", 0, {}
    for word in row.composition.split():
        positions[word] = at
        text = texts.get(word, word.encode())
        pattern += b"%%(%b)b" % text if word in gaps else text
        at += gaps.get(word, len(text))
    if at != row.size:
        raise ValueError(f"template {row.template_id} has {at} bytes, not {row.size}")
    country_digit = COUNTRY_DIGIT if row.form == _core.FORM_GS1_COUNTRY else ""
    free_size = row.serial_size - len(country_digit)
    return Template(
        template_id=row.template_id,
        group=row.group,
        titles=row.titles or row.group.titles,
        size=row.size,
        composition=row.composition,
        form=Form(row.form, row.serial_size, _RADIXES[row.form], free_size, country_digit),
        check_kind=row.check_kind,
        price=price,
        pattern=pattern,
        serial_at=positions["serial"],
        message_size=positions["|"],
        check_at=positions["check"],
    )


TEMPLATES: Mapping[int, Template] = MappingProxyType(
    {row.template_id: _compose(row) for row in _ROWS}
)


def require_template(template_id: int, field: str) -> Template:
    """Return the template of a number; any other number is refused as TEMPLATE_UNKNOWN."""
    template = TEMPLATES.get(template_id)
    if template is None:
        raise Refused(Reason.TEMPLATE_UNKNOWN, field=field, template_id=template_id)
    return template
