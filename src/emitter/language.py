"""The language of texts that operators read: Russian, or English with ``EMITTER_LANG=en``."""

from __future__ import annotations

import os


def language() -> str:
    """Return ``ru`` or ``en``; what is neither reads as Russian."""
    return "en" if os.environ.get("EMITTER_LANG", "").lower().startswith("en") else "ru"


def t(ru: str, en: str) -> str:
    """Return the text in the chosen language."""
    return en if language() == "en" else ru
