"""What scanners, keyboards, files and forms do to codes, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable

GS = b"\x1d"


def escaped(code: bytes) -> bytes:
    """A code as XML has it; GS, which XML 1.0 cannot hold, as a reference all the same."""
    text = escape(code.decode("latin-1"), {'"': "&quot;", "'": "&apos;"})
    return text.replace("\x1d", "&#29;").encode("latin-1")


def human(code: bytes) -> bytes:
    """The human-readable form: AIs in parentheses, no separators."""
    parts = code[18:].split(GS)
    texts = [b"(01)%b(21)%b" % (code[2:16], parts[0])]
    texts += [re.sub(rb"^(8005|310\d|9.|1\d)", rb"(\1)", part) for part in parts[1:]]
    return b"".join(texts)


# A pack has no separators, and no human-readable form.
NOISES: dict[str, Callable[[bytes], bytes]] = {
    "]d2": lambda code: b"]d2" + code,
    "]d1": lambda code: b"]d1" + code,
    "]Q3": lambda code: b"]Q3" + code,
    "]C1": lambda code: b"]C1" + code,
    "FNC1 ahead": lambda code: GS + code,
    "FNC1 and ]d2": lambda code: b"]d2" + GS + code,
    "è in Latin-1": lambda code: b"\xe8" + code.replace(GS, b"\xe8"),
    "è in UTF-8": lambda code: "è".encode() + code.replace(GS, "è".encode()),
    "GS lost": lambda code: code.replace(GS, b""),
    "the first GS lost": lambda code: code.replace(GS, b"", 1),
    "the last GS lost": lambda code: b"".join(code.rpartition(GS)[::2]),
    "<GS>": lambda code: code.replace(GS, b"<GS>"),
    "<gs>, one ahead": lambda code: b"<gs>" + code.replace(GS, b"<gs>"),
    "{GS}": lambda code: code.replace(GS, b"{GS}"),
    "\\u001d": lambda code: code.replace(GS, b"\\u001d"),
    "\\u001D ahead": lambda code: b"\\u001D" + code,
    "\\x1d": lambda code: code.replace(GS, b"\\x1d"),
    "U+241D": lambda code: code.replace(GS, "␝".encode()),
    "&#29;": lambda code: code.replace(GS, b"&#29;"),
    "&#x1d;": lambda code: code.replace(GS, b"&#x1d;"),
    "&#x001D;": lambda code: code.replace(GS, b"&#x001D;"),
    "XML": escaped,
    "XML, GS lost": lambda code: escaped(code.replace(GS, b"")),
    "XML over <GS>": lambda code: escaped(code.replace(GS, b"<GS>")),
    "XML by numbers": lambda code: escaped(code).replace(b"&lt;", b"&#60;"),
    "human": lambda code: human(code) if code[14:15] == b"2" and GS in code else code,
    "CR": lambda code: code + b"\r",
    "blanks": lambda code: b" \t" + code + b"  \r",
    "a GS behind": lambda code: code + GS,
    "a byte order mark": lambda code: b"\xef\xbb\xbf" + code,
}
