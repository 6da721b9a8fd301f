"""Checking in the core: official vectors, forgeries of every bit, public keys."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twins
from core_cases import (
    CHECK_KEYS,
    CHECK_SECRETS,
    SERIAL_KEY,
    SHAPES,
    column,
    emitted,
    recipe,
    vectors,
)
from emitter import _core
from emitter.errors import Reason
from twins import MAC, SHORT, SIGNATURE

each_shape = pytest.mark.parametrize("shape", SHAPES)


def bare(message: bytes, tail: bytes) -> tuple[bytes, np.ndarray]:
    """Any message with a tail right behind it, as a row that parsing could have made."""
    parsed = np.zeros(1, _core.PARSED)
    parsed["size"] = parsed["issued_size"] = len(message) + len(tail)
    parsed["message_size"] = parsed["check_at"] = len(message)
    parsed["check_size"] = len(tail)
    return message + tail, parsed


def verdict(key: _core.CheckKey, message: bytes, tail: bytes) -> int:
    text, parsed = bare(message, tail)
    return int(_core.check(text, parsed, [key], [0])[0])


def flips(data: bytes) -> list[bytes]:
    """The data with each bit flipped in turn."""
    out = []
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        out.append(bytes(changed))
    return out


@pytest.mark.parametrize("row", vectors("rfc4231.tsv"), ids=lambda row: row[0])
def test_the_hmac_vectors_of_rfc_4231_come_out(row: list[str]) -> None:
    key, data, mac = (bytes.fromhex(field) for field in row[1:])
    # RFC 2104: a key is padded with zeros to the block, a longer one is hashed first. So every key
    # of the vectors is one of 32 bytes.
    secret = hashlib.sha256(key).digest() if len(key) > 64 else key.ljust(32, b"\0")
    whole = twins.check_code(MAC, secret, data)
    assert base64.b64decode(whole).startswith(mac)
    assert verdict(_core.CheckKey(MAC, secret), data, whole) == Reason.OK
    assert verdict(_core.CheckKey(SHORT, secret), data, base64.b64encode(mac[:3])) == Reason.OK
    assert verdict(_core.CheckKey(MAC, secret), data + b"\0", whole) == Reason.CODE_FORGED


@pytest.mark.parametrize("row", vectors("rfc8032.tsv"), ids=lambda row: row[0])
def test_the_signature_vectors_of_rfc_8032_come_out(row: list[str]) -> None:
    secret, public, message, signature = (bytes.fromhex(field) for field in row[1:])
    key, tail = _core.CheckKey(SIGNATURE, secret), base64.b64encode(signature)
    assert key.public_key == public
    assert verdict(key, message, tail) == Reason.OK
    assert verdict(key, message + b"\0", tail) == Reason.CODE_FORGED
    text, parsed = bare(message, tail)
    assert not _core.verify_signatures(text, parsed, [public], [0]).any()


@given(st.sampled_from([MAC, SHORT]), st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_the_core_and_the_twin_agree_on_any_message(
    kind: int, message: bytes, secret: bytes
) -> None:
    tail = twins.check_code(kind, secret, message)
    assert verdict(_core.CheckKey(kind, secret), message, tail) == Reason.OK


@pytest.mark.parametrize("size", range(201))
def test_messages_of_every_size_are_checked(size: int) -> None:
    message = bytes(range(size))
    tail = twins.check_code(MAC, CHECK_SECRETS[MAC], message)
    assert verdict(CHECK_KEYS[MAC], message, tail) == Reason.OK


def test_lanes_with_other_keys_kinds_and_sizes_do_not_meet() -> None:
    chance = np.random.default_rng(1)
    keys, key_index, text, rows, expected = [], [], b"", [], []
    for i in range(40):
        keys.append(_core.CheckKey(kind := (MAC, SHORT)[i % 3 == 0], bytes([i]) * 32))
        message = chance.bytes(int(chance.integers(0, 200)))
        tail = bytearray(twins.check_code(kind, bytes([i]) * 32, message))
        if i % 5 == 0:
            tail[i % len(tail)] ^= 1
        more, [row] = bare(message, bytes(tail))
        row["start"] = len(text)
        text += more
        rows.append(row)
        key_index.append(i)
        expected.append(Reason.CODE_FORGED if i % 5 == 0 else Reason.OK)
    assert _core.check(text, np.array(rows), keys, key_index).tolist() == expected


@each_shape
def test_every_flipped_bit_is_refused(shape: str) -> None:
    """Parse, invert and check in turn, as verification does; counters 5 to 7 were issued."""
    kind, made_of = SHAPES[shape]
    whole = emitted(kind, made_of, 5, 3)
    text = b"\n".join(flip for code in whole for flip in flips(code))
    parsed = _core.parse(text)
    count = len(parsed)
    assert count >= 3 * 8 * len(made_of.record)
    counters, reasons = _core.invert(SERIAL_KEY, text, parsed, column(made_of.form, count))
    never_issued = (reasons == Reason.OK) & ((counters < 5) | (counters > 7))
    checked = _core.check(text, parsed, [CHECK_KEYS[kind]], column(0, count))
    assert ((reasons != Reason.OK) | never_issued | (checked == Reason.CODE_FORGED)).all()
    assert set(checked.tolist()) == {1, 2, 6}
    # The check code alone is enough to find each of them, and none is refused by accident.
    assert (checked != Reason.OK).all()
    assert not _core.check(
        b"\n".join(whole), _core.parse(b"\n".join(whole)), [CHECK_KEYS[kind]], column(0, 3)
    ).any()


@each_shape
def test_the_check_code_of_another_code_or_key_is_forged(shape: str) -> None:
    kind, made_of = SHAPES[shape]
    one, other = emitted(kind, made_of, 5, 2)
    swapped = one[: made_of.check_at] + other[made_of.check_at :]
    text = one + b"\n" + swapped
    parsed = _core.parse(text)
    foreign = _core.CheckKey(kind, bytes(32))
    keys = [CHECK_KEYS[kind], foreign]
    assert _core.check(text, parsed, keys, [0, 0]).tolist() == [0, Reason.CODE_FORGED]
    assert _core.check(text, parsed, keys, [1, 1]).tolist() == [Reason.CODE_FORGED] * 2


def test_a_check_code_of_another_kind_is_forged() -> None:
    text = b"\n".join(emitted(kind, recipe(kind), 5, 1)[0] for kind in (MAC, SIGNATURE, SHORT))
    parsed = _core.parse(text)
    keys = [CHECK_KEYS[kind] for kind in (MAC, SIGNATURE, SHORT)]
    for index in range(3):
        expected = [0 if i == index else Reason.CODE_FORGED for i in range(3)]
        assert _core.check(text, parsed, keys, column(index, 3)).tolist() == expected
    publics = [CHECK_KEYS[SIGNATURE].public_key]
    assert _core.verify_signatures(text, parsed, publics, column(0, 3)).tolist() == [6, 0, 6]


def test_skipped_items_are_not_refused_and_unparsable_ones_are() -> None:
    [code] = emitted(MAC, recipe(MAC), 5, 1)
    text = b"\n".join([code, b"junk", code[:-2] + b"A="])
    parsed = _core.parse(text)
    keys = [CHECK_KEYS[MAC]]
    assert _core.check(text, parsed, keys, [0, 0, 0]).tolist() == [0, 1, 6]
    assert _core.check(text, parsed, keys, [-1, -1, -1]).tolist() == [0, 1, 0]
    assert _core.check(text, parsed, [], [-1, -1, -1]).tolist() == [0, 1, 0]
    assert _core.verify_signatures(text, parsed, [], [-1, -1, -1]).tolist() == [0, 1, 0]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 1000])
def test_a_batch_of_genuine_codes_is_genuine(count: int) -> None:
    for kind in (MAC, SHORT):
        text = b"\n".join(emitted(kind, recipe(kind), 0, count))
        reasons = _core.check(text, _core.parse(text), [CHECK_KEYS[kind]], column(0, count))
        assert reasons.shape == (count,)
        assert not reasons.any()


def test_public_keys_find_every_flipped_bit() -> None:
    [code] = emitted(SIGNATURE, recipe(SIGNATURE), 5, 1)
    text = b"\n".join(flips(code))
    parsed = _core.parse(text)
    publics = [CHECK_KEYS[SIGNATURE].public_key]
    reasons = _core.verify_signatures(text, parsed, publics, column(0, len(parsed)))
    assert set(reasons.tolist()) == {1, 2, 6}
    [key] = publics
    for wrong in (bytes(32), bytes([key[0] ^ 1]) + key[1:], key[::-1]):
        assert _core.verify_signatures(code, _core.parse(code), [wrong], [0]).tolist() == [6]


@pytest.mark.parametrize("tail", [b"A" * 88, b"=" * 88, b"A" * 87 + b"=", b"A" * 84 + b"AB=="])
def test_base64_that_is_not_canonical_is_forged(tail: bytes) -> None:
    [code] = emitted(SIGNATURE, recipe(SIGNATURE), 5, 1)
    text = code[:41] + tail
    publics = [CHECK_KEYS[SIGNATURE].public_key]
    assert _core.verify_signatures(text, _core.parse(text), publics, [0]).tolist() == [6]


def test_another_spelling_of_the_same_signature_is_forged() -> None:
    [code] = emitted(SIGNATURE, recipe(SIGNATURE), 5, 1)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(code[-3])
    publics = [CHECK_KEYS[SIGNATURE].public_key]
    for spare in range(1, 16):  # the four bits that 64 bytes leave over
        text = code[:-3] + bytes([alphabet[last + spare]]) + b"=="
        assert base64.b64decode(text[41:]) == base64.b64decode(code[41:])
        assert _core.verify_signatures(text, _core.parse(text), publics, [0]).tolist() == [6]


@pytest.mark.parametrize("key_index", [[], [0, 0], [1], [-2], [0.0], [[0]], [2**40]])
def test_key_indices_that_do_not_fit_are_a_value_error(key_index: list) -> None:
    [code] = emitted(MAC, recipe(MAC), 5, 1)
    with pytest.raises(ValueError, match=r"."):
        _core.check(code, _core.parse(code), [CHECK_KEYS[MAC]], key_index)
    with pytest.raises(ValueError, match=r"."):
        _core.verify_signatures(code, _core.parse(code), [bytes(32)], key_index)


def test_keys_are_check_keys_and_public_keys_have_32_bytes() -> None:
    [code] = emitted(MAC, recipe(MAC), 5, 1)
    with pytest.raises(TypeError):
        _core.check(code, _core.parse(code), [SERIAL_KEY], [0])
    with pytest.raises(TypeError):
        _core.check(code, _core.parse(code), [None], [0])
    with pytest.raises(ValueError, match="32 bytes"):
        _core.verify_signatures(code, _core.parse(code), [bytes(31)], [0])
    with pytest.raises(ValueError, match="at most"):
        _core.check(code, _core.parse(code), [CHECK_KEYS[MAC]] * (_core.KEYS_MAX + 1), [0])
