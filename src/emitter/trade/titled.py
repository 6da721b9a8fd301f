"""Enumerations whose members carry a wire value and a title in two languages.

Operators read Russian, the interfaces speak English, the wire carries the value. Values stay for
ever; zero is left to "unspecified".
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Self


class Titles(NamedTuple):
    """How people read a thing: in English and in Russian."""

    en: str
    ru: str


class Titled(enum.IntEnum):
    """An integer enumeration written as ``NAME = (value, "English", "Русский")``."""

    titles: Titles

    def __new__(cls, value: int, en: str = "", ru: str = "") -> Self:
        """Make the member ``value``, read as ``en`` or ``ru``; a look-up passes the value alone."""
        self = int.__new__(cls, value)
        self._value_ = value
        self.titles = Titles(en, ru)
        return self
