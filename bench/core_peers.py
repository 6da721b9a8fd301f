"""What a user would otherwise write to make and read codes, each tuned fairly.

All make codes of 85 bytes: 01 GTIN 21 serial:13 GS 91 key GS 92 tail:44, the tail being the base64
of an HMAC-SHA256. None of them can lead a serial back to its order, as the core's can: they would
keep every serial in a table, which is not counted here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

import ff3
import nacl.signing
import numpy as np
import pyffx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as openssl_hmac
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from collections.abc import Callable

ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ALPHABET = bytes(sorted(ALNUM + b"!\"%&'()*+,-./:;<=>?_"))
CHECK_SECRET = bytes([1]) * 32
FREE_SIZE = 12
_HEAD, _MIDDLE, _TAIL = b"0104600439931256213", b"\x1d91EE05", b"\x1d92"


def plain_python(count: int) -> list[bytes]:
    """As the standard library's documentation would have it."""
    characters = ALPHABET.decode()
    codes = []
    for _ in range(count):
        serial = "".join(secrets.choice(characters) for _ in range(FREE_SIZE)).encode()
        message = _HEAD + serial + _MIDDLE
        digest = hmac.new(CHECK_SECRET, message, hashlib.sha256).digest()
        codes.append(message + _TAIL + base64.b64encode(digest))
    return codes


def _midstates() -> tuple[Callable[[], hashlib._Hash], Callable[[], hashlib._Hash]]:
    key = CHECK_SECRET.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))
    return inner.copy, outer.copy


_LETTERS = np.frombuffer(ALPHABET, np.uint8)


def _serials(count: int) -> bytes:
    """Random characters in bulk: 16 bits each, so that the favoured ones are hardly favoured."""
    drawn = np.frombuffer(os.urandom(2 * FREE_SIZE * count), np.uint16)
    return _LETTERS[drawn % len(ALPHABET)].tobytes()


def tuned_python(count: int) -> list[bytes]:
    """Random bytes and characters in bulk, the key's blocks hashed once and copied."""
    serials = _serials(count)
    inner_copy, outer_copy = _midstates()
    encode = binascii.b2a_base64
    codes = []
    for at in range(0, len(serials), FREE_SIZE):
        message = _HEAD + serials[at : at + FREE_SIZE] + _MIDDLE
        inner, outer = inner_copy(), outer_copy()
        inner.update(message)
        outer.update(inner.digest())
        codes.append(message + _TAIL + encode(outer.digest(), newline=False))
    return codes


def with_cryptography(count: int) -> list[bytes]:
    """The same with the HMAC of `cryptography`, copied for each code."""
    serials = _serials(count)
    keyed = openssl_hmac.HMAC(CHECK_SECRET, hashes.SHA256())
    encode = binascii.b2a_base64
    codes = []
    for at in range(0, len(serials), FREE_SIZE):
        message = _HEAD + serials[at : at + FREE_SIZE] + _MIDDLE
        mac = keyed.copy()
        mac.update(message)
        codes.append(message + _TAIL + encode(mac.finalize(), newline=False))
    return codes


def check_with_tuned_python(codes: list[bytes]) -> bool:
    """Split codes by their fixed places and compare the tails."""
    inner_copy, outer_copy = _midstates()
    encode, same, is_good = binascii.b2a_base64, hmac.compare_digest, True
    for code in codes:
        inner, outer = inner_copy(), outer_copy()
        inner.update(code[:38])
        outer.update(inner.digest())
        is_good &= same(encode(outer.digest(), newline=False), code[41:])
    return is_good


def sign_with_pynacl(messages: list[bytes]) -> list[bytes]:
    """Tails of 88 characters by PyNaCl."""
    sign, encode = nacl.signing.SigningKey(CHECK_SECRET).sign, binascii.b2a_base64
    return [encode(sign(message).signature, newline=False) for message in messages]


def sign_with_cryptography(messages: list[bytes]) -> list[bytes]:
    """Tails of 88 characters by `cryptography`."""
    sign = Ed25519PrivateKey.from_private_bytes(CHECK_SECRET).sign
    encode = binascii.b2a_base64
    return [encode(sign(message), newline=False) for message in messages]


def invert_with_ff3(serials: list[str]) -> list[str]:
    """Decrypt serials by FF3-1 of the package ff3: a mode like FF1, with eight rounds."""
    cipher = ff3.FF3Cipher.withCustomAlphabet("2b" * 32, "D8E7920AFA330A", ALPHABET.decode())
    return [cipher.decrypt(serial) for serial in serials]


def invert_with_pyffx(serials: list[str]) -> list[str]:
    """Decrypt serials by the Feistel network of the package pyffx."""
    cipher = pyffx.String(b"\x2b" * 32, alphabet=ALPHABET.decode(), length=FREE_SIZE)
    return [cipher.decrypt(serial) for serial in serials]
