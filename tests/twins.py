"""Plain-Python twins of the kernels: the same promises, written to be read, not to be fast.

They share no code and, where it was possible, no method with the kernels: numerals are found by
division of big integers, structures by regular expressions, MACs by the standard library, AES and
Ed25519 by `cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import string
import struct
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from emitter.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALNUM = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()
GS1_82 = bytes(sorted(ALNUM + b"!\"%&'()*+,-./:;<=>?_"))
ALPHABETS = {0: GS1_82, 1: GS1_82, 2: ALNUM}
COUNTRY = {0: b"", 1: b"3", 2: b""}
MAC, SIGNATURE, SHORT = 1, 2, 3
CHECK_SIZES = {MAC: 44, SIGNATURE: 88, SHORT: 4}


# FF1: NIST SP 800-38G, algorithms 7 and 8.


def number(numerals: Iterable[int], radix: int) -> int:
    """NUM_radix, algorithm 1."""
    value = 0
    for numeral in numerals:
        value = value * radix + numeral
    return value


def numerals_of(value: int, radix: int, size: int) -> list[int]:
    """STR_radix, algorithm 3: most significant first, padded with zeros."""
    return [value // radix ** (size - 1 - i) % radix for i in range(size)]


class FF1:
    """FF1 under one key, radix and tweak; `rounds` other than 10 break it on purpose."""

    def __init__(self, key: bytes, radix: int, tweak: bytes, rounds: int = 10) -> None:
        self.aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block
        self.radix, self.tweak, self.rounds = radix, tweak, rounds

    def mac(self, text: bytes) -> bytes:
        """PRF, algorithm 6: CBC-MAC."""
        state = bytes(16)
        for at in range(0, len(text), 16):
            block = text[at : at + 16]
            state = self.aes.update(bytes(a ^ b for a, b in zip(state, block, strict=True)))
        return state

    def draw(self, i: int, half: int, n: int) -> int:
        """Return y of round i: steps 6.i to 6.iii and 6.iv of algorithm 7."""
        u, v = n // 2, n - n // 2
        b = ((self.radix**v - 1).bit_length() + 7) // 8
        d = 4 * -(-b // 4) + 4
        t = len(self.tweak)
        p = bytes([1, 2, 1]) + self.radix.to_bytes(3) + bytes([10, u % 256])
        p += struct.pack(">II", n, t)
        q = self.tweak + bytes((-t - b - 1) % 16) + bytes([i]) + half.to_bytes(b)
        r = self.mac(p + q)
        for j in range(1, -(-d // 16)):
            r += self.aes.update(bytes(x ^ y for x, y in zip(r[:16], j.to_bytes(16), strict=True)))
        return int.from_bytes(r[:d])

    def encrypt(self, numerals: Sequence[int]) -> list[int]:
        n, u = len(numerals), len(numerals) // 2
        a, b = number(numerals[:u], self.radix), number(numerals[u:], self.radix)
        for i in range(self.rounds):
            m = u if i % 2 == 0 else n - u
            a, b = b, (a + self.draw(i, b, n)) % self.radix**m
        return numerals_of(a, self.radix, u) + numerals_of(b, self.radix, n - u)

    def decrypt(self, numerals: Sequence[int]) -> list[int]:
        n, u = len(numerals), len(numerals) // 2
        a, b = number(numerals[:u], self.radix), number(numerals[u:], self.radix)
        for i in reversed(range(self.rounds)):
            m = u if i % 2 == 0 else n - u
            a, b = (b - self.draw(i, a, n)) % self.radix**m, a
        return numerals_of(a, self.radix, u) + numerals_of(b, self.radix, n - u)


# Emission: DESIGN, "store the recipe, not the codes".


def check_code(kind: int, secret: bytes, message: bytes) -> bytes:
    if kind == SIGNATURE:
        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(secret).sign(message))
    digest = hmac.digest(secret, message, hashlib.sha256)
    return base64.b64encode(digest if kind == MAC else digest[:3])


def serial(key: bytes, gtin: bytes, form: int, size: int, counter: int) -> bytes:
    alphabet, free_size = ALPHABETS[form], size - len(COUNTRY[form])
    plain = numerals_of(counter, len(alphabet), free_size)
    return COUNTRY[form] + bytes(alphabet[i] for i in FF1(key, len(alphabet), gtin).encrypt(plain))


class Recipe(NamedTuple):
    """The keyword arguments of `_core.emit` that say what a code is made of."""

    record: bytes
    gtin: bytes
    form: int
    serial_at: int
    serial_size: int
    message_size: int
    check_at: int


def emit_one(key: bytes, kind: int, secret: bytes, recipe: Recipe, counter: int) -> bytes:
    code = bytearray(recipe.record)
    made = serial(key, recipe.gtin, recipe.form, recipe.serial_size, counter)
    code[recipe.serial_at : recipe.serial_at + recipe.serial_size] = made
    tail = check_code(kind, secret, bytes(code[: recipe.message_size]))
    code[recipe.check_at : recipe.check_at + len(tail)] = tail
    return bytes(code)


# Parsing: by regular expressions, one for each structure.

_C = rb"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"
_DATE = rb"\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])"
_MEASURE = rb"(?:31[0-6]|32\d|33[0-7]|34\d|35[0-7]|36\d)[0-5]\d{6}"
_FIXED = rb"(?:1[1-3]%b|1[5-7]%b|20\d\d|%b)" % (_DATE, _DATE, _MEASURE)
_OPEN = rb"(?:10%b{1,20}|24[01]%b{1,30}|3[07]\d{1,8}|7003\d{10}|8005\d{6}|8008\d{8,12})" % (_C, _C)
_ADDED = rb"(?P<added>(?:\x1d%b*(?:%b|%b))*)" % (_FIXED, _FIXED, _OPEN)
_HEAD = rb"01(?P<gtin>\d{14})21"
PATTERNS = [
    rb"(?P<message>%b(?P<serial>%b{5,20})\x1d91(?P<key>[0-9A-Fa-f]{4}))" % (_HEAD, _C)
    + rb"\x1d92(?P<check>%b{44}|%b{88})" % (_C, _C) + _ADDED,
    rb"(?P<message>%b(?P<serial>%b{5,20}))\x1d93(?P<check>%b{4})" % (_HEAD, _C, _C) + _ADDED,
    rb"(?P<message>%b(?P<serial>%b{7})\x1d8005(?P<price>\d{6}))\x1d93(?P<check>%b{4})"
    % (_HEAD, _C, _C) + _ADDED,
    rb"(?P<message>(?P<gtin>\d{14})(?P<serial>%b{7})(?P<price>%b{4}))(?P<check>%b{4})"
    % (_C, _C, _C),
]  # fmt: skip
IDENTITIES = [
    rb"(?P<message>%b(?P<serial>%b{6}|%b{7}|%b{13}|%b{20}))(?P<check>)" % (_HEAD, _C, _C, _C, _C),
    rb"(?P<message>(?P<gtin>\d{14})(?P<serial>%b{7}))(?P<check>)" % _C,
]


def gtin_is_valid(gtin: str) -> bool:
    total = sum(int(digit) * (3, 1)[i % 2] for i, digit in enumerate(gtin[:13]))
    return (10 - total % 10) % 10 == int(gtin[13])


def parse_one(item: bytes, start: int = 0, *, identification: bool = False) -> tuple[int, ...]:
    """The row of `_core.parse` for one item, as a tuple in the order of the fields."""
    patterns = PATTERNS + IDENTITIES * identification
    found = next(filter(None, (re.fullmatch(p, item) for p in patterns)), None)
    if not found:
        return (start, min(len(item), 65535), 0, Reason.CODE_UNPARSABLE, 0, 0, 0, 0, 0, 0, -1, 0)
    parts = found.groupdict()
    return (
        start,
        len(item),
        len(item) - len(parts.get("added", b"")),
        Reason.OK if gtin_is_valid(parts["gtin"].decode()) else Reason.CODE_GTIN_INVALID,
        found.start("serial"),
        len(parts["serial"]),
        len(parts["message"]),
        found.start("check"),
        len(parts["check"]),
        len(parts.get("price", b"")),
        int(parts["key"], 16) if "key" in parts else -1,
        int(parts["gtin"]),
    )


def parse(text: bytes, *, identification: bool = False) -> list[tuple[int, ...]]:
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    rows, start = [], 0
    for line in lines:
        rows.append(parse_one(line, start, identification=identification))
        start += len(line) + 1
    return rows


# Inversion.


def invert_one(key: bytes, form: int, gtin: bytes, text: bytes) -> tuple[int, Reason]:
    """The counter and the reason of one serial."""
    alphabet, country = ALPHABETS[form], COUNTRY[form]
    if country and text[:1] != country:
        other = text[:1] in {b"1", b"2", b"4", b"5"}
        return 0, Reason.CODE_OTHER_OPERATOR if other else Reason.CODE_NEVER_ISSUED
    free = text[len(country) :]
    if not set(free) <= set(alphabet):
        return 0, Reason.CODE_NEVER_ISSUED
    cipher = FF1(key, len(alphabet), gtin)
    counter = number(cipher.decrypt([alphabet.index(c) for c in free]), len(alphabet))
    return min(counter, 2**64 - 1), Reason.OK


# The ledger's batch: signs of the amount for each field, field by field.

ACCOUNT = ("available", "reserved", "credited", "adjusted", "captured", "refunded", "bank_costs")
ESCROW = ("held", "captured", "released")
EFFECTS = {
    1: ({"credited": 1, "available": 1}, {}),
    2: ({"available": -1, "reserved": 1}, {"held": 1}),
    3: ({"reserved": -1, "captured": 1}, {"held": -1, "captured": 1}),
    4: ({"reserved": -1, "available": 1}, {"held": -1, "released": 1}),
    5: ({"adjusted": 1, "available": 1}, {}),
    6: ({"available": -1, "refunded": 1}, {}),
    7: ({"available": -1, "bank_costs": 1}, {}),
}
I64 = range(-(2**63), 2**63)


def post_one(
    account: dict[str, int], escrow: dict[str, int], kind: int, amount: int
) -> tuple[dict[str, int], dict[str, int], Reason, int]:
    """Both rows after the movement, the reason, and the money that was missing."""
    refused = (account, escrow)
    if amount == 0 or (amount < 0 and kind != 5) or amount == -(2**63):
        return *refused, Reason.AMOUNT_OUT_OF_RANGE, 0
    after = {f: account[f] + EFFECTS[kind][0].get(f, 0) * amount for f in ACCOUNT}
    held = {f: escrow[f] + EFFECTS[kind][1].get(f, 0) * amount for f in ESCROW}
    if after["available"] < min(0, account["available"]):
        return *refused, Reason.FUNDS_INSUFFICIENT, min(-after["available"], 2**63 - 1)
    if after["reserved"] < 0 or held["held"] < 0:
        return *refused, Reason.ESCROW_INSUFFICIENT, 0
    if not all(value in I64 for value in (*after.values(), *held.values())):
        return *refused, Reason.AMOUNT_OUT_OF_RANGE, 0
    return after, held, Reason.OK, 0


def piece_digests(text: bytes) -> bytes:
    """Hash each piece of 16 KiB, the last as long as what is left."""
    pieces = (text[start : start + 16_384] for start in range(0, len(text), 16_384))
    return b"".join(hashlib.sha256(piece).digest() for piece in pieces)
