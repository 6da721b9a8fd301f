"""The plain-Python twin of `native/readings.h`: regular expressions, and every template in turn."""

from __future__ import annotations

import re

from emitter.errors import Reason
from twins import parse_one

GS = b"\x1d"
_PLAIN = re.compile(
    rb"\xc3\xa8|\xe8|\xe2\x90\x9d|(?i:\{GS\}|\\u001d|\\x1d)|&#0{0,2}29;|&#[xX]0{0,2}1[dD];"
)
_AHEAD = re.compile(rb"\A(?:[\t-\r \x1d]|\xef\xbb\xbf|\][A-Za-z][A-Za-z0-9])+")
_BEHIND = re.compile(rb"[\t-\r \x1d]+\Z")
_ANGLE = re.compile(rb"(?i:<GS>)")
_XML = re.compile(
    rb"&(?:lt|gt|amp|quot|apos);|&#(?P<ten>[0-9]{1,4});|&#[xX](?P<hex>[0-9A-Fa-f]{1,4});"
)
_NAMED = {b"&lt;": b"<", b"&gt;": b">", b"&amp;": b"&", b"&quot;": b'"', b"&apos;": b"'"}
_FULL = [
    (13, [(b"91", 4), (b"92", 44)]), (13, [(b"91", 4), (b"92", 88)]),
    (20, [(b"91", 4), (b"92", 44)]), (6, [(b"93", 4)]), (7, [(b"93", 4)]), (13, [(b"93", 4)]),
    (7, [(b"8005", 6), (b"93", 4)]),
]  # fmt: skip
_ALONE = [(size, []) for size in (6, 7, 13, 20)]
_MEASURE = rb"(?:31[0-6]|32\d|33[0-7]|34\d|35[0-7]|36\d)[0-5]"
_SIZED = [(rb"1[1-357]|16", 6), (rb"20", 2), (_MEASURE, 6), (rb"7003", 10), (rb"8005", 6)]
_SIZED += [(rb"10|24[01]|30|37|8008", 2000)]


def _trim(text: bytes) -> bytes:
    return _AHEAD.sub(b"", _BEHIND.sub(b"", text))


def _from_xml(found: re.Match[bytes]) -> bytes:
    if found[0] in _NAMED:
        return _NAMED[found[0]]
    value = int(found["ten"] or found["hex"], 10 if found["ten"] else 16)
    return bytes([value]) if 0x20 < value <= 0x7E else found[0]


def _additions(rest: bytes) -> bytes | None:
    """What stands in parentheses behind a code, each element behind a separator."""
    made = b""
    while rest:
        for ai, size in _SIZED:
            if found := re.match(rb"\x1d?\((%b)\)(?P<value>[^\x1d]{0,%d})" % (ai, size), rest):
                made += GS + found[1] + found["value"]
                rest = rest[found.end() :]
                break
        else:
            return None
    return made


def _fitted(text: bytes, *, identification: bool) -> bytes | None:
    """The code of the only template that could have made the text."""
    marked = text.startswith(b"(01)")
    made = []
    for serial_size, elements in _FULL + _ALONE * (marked and identification):
        parts = [(b"01", 14), (b"21", serial_size), *elements]
        ai = rb"\x1d?\(%b\)" if marked else rb"\x1d?%b"
        pattern = b"".join(ai % name + b"(.{%d})" % size for name, size in parts) + b"(.*)"
        if not (found := re.fullmatch(pattern, text, re.DOTALL)):
            continue
        strings = [name + value for (name, _), value in zip(parts, found.groups(), strict=False)]
        code = strings[0] + GS.join(strings[1:])
        rest = found[len(parts) + 1]
        if rest and not elements:
            continue
        more = _additions(rest) if marked else rest and GS + rest.removeprefix(GS)
        if more is not None and _parses(code + more, identification=identification):
            made.append(code + more)
    return made[0] if len(made) == 1 else None


def _parses(text: bytes, *, identification: bool) -> bool:
    return parse_one(text, identification=identification)[3] != Reason.CODE_UNPARSABLE


def readings_of(item: bytes, *, identification: bool = False) -> list[bytes]:
    """The readings of one item, in order."""
    if len(item) > 1024:
        return []
    plain = _trim(_PLAIN.sub(GS, item))
    xml = _trim(_PLAIN.sub(GS, _XML.sub(_from_xml, plain)))
    texts = [plain, _trim(_ANGLE.sub(GS, plain)), xml, _trim(_ANGLE.sub(GS, xml))]
    found: list[bytes] = []
    for text in texts:
        if _parses(text, identification=identification):
            found.append(text)
        if fitted := _fitted(text, identification=identification):
            found.append(fitted)
    return [text for text in dict.fromkeys(found) if text != item]
