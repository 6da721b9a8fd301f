"""Emission in the core: golden bytes, the twin, limits, and the way back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import threading
import time

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

import twins
from core_cases import (
    CHECK_KEYS,
    CHECK_SECRETS,
    SERIAL_KEY,
    SERIAL_SECRET,
    SHAPES,
    column,
    emitted,
    integers_with_edges,
    recipe,
    vectors,
)
from emitter import _core
from twins import MAC, SHORT, SIGNATURE, Recipe

each_shape = pytest.mark.parametrize("shape", SHAPES)


def space_of(made_of: Recipe) -> int:
    free_size = made_of.serial_size - len(twins.COUNTRY[made_of.form])
    return len(twins.ALPHABETS[made_of.form]) ** free_size


@pytest.mark.parametrize("row", vectors("emit-golden.tsv"), ids=lambda row: f"{row[0]}-{row[11]}")
def test_the_golden_bytes_come_out_for_ever(row: list[str]) -> None:
    _, key, kind, secret, record, gtin, *places, counter, code = row
    made_of = Recipe(record.encode(), gtin.encode(), *map(int, places))
    serial_key = _core.SerialKey(bytes.fromhex(key))
    check_key = _core.CheckKey(int(kind), bytes.fromhex(secret))
    made = _core.emit(serial_key, check_key, **made_of._asdict(), first=int(counter), count=1)
    assert made == code.encode()


def test_the_golden_codes_have_the_lengths_of_the_stations_table() -> None:
    assert {row[0]: len(row[-1]) for row in vectors("emit-golden.tsv")} == {
        "shoes": 129, "pharma": 85, "lp": 85, "cameras": 92, "tobacco-block": 43,
        "tobacco-pack": 29, "water": 38, "beer": 32, "milk": 31,
    }  # fmt: skip


@st.composite
def recipes(draw: st.DrawFn) -> tuple[int, Recipe, int]:
    """A recipe of any layout, not only those of templates, and a counter of its space."""
    kind = draw(st.sampled_from([MAC, SIGNATURE, SHORT]))
    form = draw(st.sampled_from([0, 1, 2]))
    serial_size = draw(st.integers(5, 20))
    tail = twins.CHECK_SIZES[kind]
    serial_at = draw(integers_with_edges(0, 255 - tail - serial_size))
    message_size = draw(integers_with_edges(serial_at + serial_size, 255 - tail))
    check_at = draw(integers_with_edges(message_size, 255 - tail))
    size = draw(integers_with_edges(check_at + tail, 255))
    gtin = b"%014d" % draw(st.integers(0, 10**14 - 1))
    record = draw(st.binary(min_size=size, max_size=size))
    made_of = Recipe(record, gtin, form, serial_at, serial_size, message_size, check_at)
    counter = draw(integers_with_edges(0, min(space_of(made_of), 2**64) - 1))
    return kind, made_of, counter


@given(recipes())
def test_the_core_and_the_twin_agree_on_any_layout(case: tuple[int, Recipe, int]) -> None:
    kind, made_of, counter = case
    [code] = emitted(kind, made_of, counter, 1)
    assert code == twins.emit_one(SERIAL_SECRET, kind, CHECK_SECRETS[kind], made_of, counter)


@each_shape
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 127, 128, 129, 260])
def test_a_block_is_its_codes_one_by_one(shape: str, count: int) -> None:
    kind, made_of = SHAPES[shape]
    secret = CHECK_SECRETS[kind]
    twin = [twins.emit_one(SERIAL_SECRET, kind, secret, made_of, 7 + i) for i in range(count)]
    assert emitted(kind, made_of, 7, count) == twin


def given_serials(made_of: Recipe, codes: list[bytes]) -> bytes:
    """The serials of codes without country digits, one after the other."""
    at = made_of.serial_at + len(twins.COUNTRY[made_of.form])
    return b"".join(code[at : made_of.serial_at + made_of.serial_size] for code in codes)


@given(recipes())
def test_a_given_serial_makes_the_code_that_its_counter_makes(
    case: tuple[int, Recipe, int],
) -> None:
    kind, made_of, counter = case
    code = twins.emit_one(SERIAL_SECRET, kind, CHECK_SECRETS[kind], made_of, counter)
    serials = given_serials(made_of, [code])
    made = _core.emit_serials(CHECK_KEYS[kind], **made_of._asdict(), serials=serials, head=b"h")
    assert made == b"h" + code


@each_shape
@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 260])
def test_given_serials_make_codes_in_their_order(shape: str, count: int) -> None:
    kind, made_of = SHAPES[shape]
    codes = emitted(kind, made_of, 5, count)[::-1]
    serials = given_serials(made_of, codes)
    made = _core.emit_serials(CHECK_KEYS[kind], **made_of._asdict(), serials=serials)
    assert made == b"".join(codes)
    with pytest.raises(ValueError, match="whole"):
        _core.emit_serials(CHECK_KEYS[kind], **made_of._asdict(), serials=serials + b"x")


@each_shape
def test_the_last_codes_of_a_space_are_made_and_no_more(shape: str) -> None:
    kind, made_of = SHAPES[shape]
    end = min(space_of(made_of), 2**64)
    secret = CHECK_SECRETS[kind]
    last = twins.emit_one(SERIAL_SECRET, kind, secret, made_of, end - 1)
    assert emitted(kind, made_of, end - 2, 2)[1] == last
    assert emitted(kind, made_of, end, 0) == []
    with pytest.raises(ValueError, match="counters"):
        emitted(kind, made_of, end - 1, 2)
    with pytest.raises(ValueError, match="counters"):
        emitted(kind, made_of, end, 1)


@each_shape
def test_what_is_emitted_parses_inverts_and_checks(shape: str) -> None:
    kind, made_of = SHAPES[shape]
    first, count = 123_456_789, 300
    text = b"\n".join(emitted(kind, made_of, first, count))
    parsed = _core.parse(text)
    assert not parsed["reason"].any()
    assert set(parsed["gtin"].tolist()) == {int(made_of.gtin)}
    assert set(parsed["message_size"].tolist()) == {made_of.message_size}
    assert set(parsed["issued_size"].tolist()) == {len(made_of.record)}
    counters, reasons = _core.invert(SERIAL_KEY, text, parsed, column(made_of.form, count))
    assert counters.tolist() == list(range(first, first + count))
    assert not reasons.any()
    keys = [CHECK_KEYS[kind]]
    assert not _core.check(text, parsed, keys, column(0, count)).any()


@each_shape
def test_serials_of_a_range_differ(shape: str) -> None:
    kind, made_of = SHAPES[shape]
    codes = emitted(kind, made_of, 0, 5000 if kind != SIGNATURE else 500)
    at, end = made_of.serial_at, made_of.serial_at + made_of.serial_size
    assert len({code[at:end] for code in codes}) == len(codes)


def test_tails_verify_with_implementations_by_others() -> None:
    for code in emitted(SIGNATURE, SHAPES["shoes"][1], 0, 50):
        message, signature = code[:38], base64.b64decode(code[41:], validate=True)
        Ed25519PublicKey.from_public_bytes(CHECK_KEYS[SIGNATURE].public_key).verify(
            signature, message
        )
        assert SigningKey(CHECK_SECRETS[SIGNATURE]).sign(message).signature == signature
    for code in emitted(MAC, SHAPES["lp"][1], 0, 50):
        digest = hmac.digest(CHECK_SECRETS[MAC], code[:38], hashlib.sha256)
        assert hmac.compare_digest(base64.b64decode(code[41:], validate=True), digest)
    for code in emitted(SHORT, SHAPES["water"][1], 0, 50):
        digest = hmac.digest(CHECK_SECRETS[SHORT], code[:31], hashlib.sha256)
        assert base64.b64decode(code[34:], validate=True) == digest[:3]


def test_the_head_stands_in_front_of_the_codes() -> None:
    kind, made_of = SHAPES["lp"]
    arguments = made_of._asdict() | {"first": 3, "count": 2}
    plain = _core.emit(SERIAL_KEY, CHECK_KEYS[kind], **arguments)
    for head in (b"", b"x", b"\x0a\xac\x01" * 100):
        assert _core.emit(SERIAL_KEY, CHECK_KEYS[kind], **arguments, head=head) == head + plain


def test_keys_decide_the_code() -> None:
    _, made_of = SHAPES["lp"]
    arguments = made_of._asdict() | {"first": 3, "count": 1}
    code = _core.emit(SERIAL_KEY, CHECK_KEYS[MAC], **arguments)
    other_serial = _core.emit(_core.SerialKey(bytes(32)), CHECK_KEYS[MAC], **arguments)
    other_check = _core.emit(SERIAL_KEY, _core.CheckKey(MAC, bytes(32)), **arguments)
    assert code[18:31] != other_serial[18:31]
    assert (code[:41], code[41:]) != (other_check[:41], other_check[41:])
    assert code[:41] == other_check[:41]


@pytest.mark.parametrize(
    "change",
    [
        {"gtin": b"0460043993125"},
        {"gtin": b"0460043993125x"},
        {"gtin": "٠٤٦٠٠٤٣٩٩٣١٢٥٦".encode()},
        {"form": 3},
        {"form": -1},
        {"form": 255},
        {"serial_at": -1},
        {"serial_size": 4},
        {"serial_size": 21},
        {"serial_at": 26},
        {"message_size": 30},
        {"message_size": 42},
        {"check_at": 42},
        {"check_at": 2**40},
        {"first": -1},
        {"first": 2**64},
        {"first": 2**64 - 1, "count": 2},
        {"count": -1},
        {"count": 2**62},
        {"record": b"?" * 256},
        {"record": b""},
    ],
)
def test_a_recipe_that_does_not_fit_is_a_value_error(change: dict) -> None:
    kind, made_of = SHAPES["lp"]
    arguments = made_of._asdict() | {"first": 0, "count": 1} | change
    with pytest.raises(ValueError, match=r"."):
        _core.emit(SERIAL_KEY, CHECK_KEYS[kind], **arguments)


def test_other_threads_run_while_codes_are_made() -> None:
    ticks, stop = [], threading.Event()

    def tick() -> None:
        while not stop.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.perf_counter()
    key, made_of = CHECK_KEYS[SIGNATURE], SHAPES["shoes"][1]  # the slowest of all, in every form
    _core.emit(SERIAL_KEY, key, **made_of._asdict(), first=0, count=20_000)
    ended = time.perf_counter()
    stop.set()
    thread.join()
    assert sum(began + 0.01 < at < ended - 0.01 for at in ticks) > 5


def test_threads_that_share_keys_make_the_right_codes() -> None:
    kind, made_of = SHAPES["lp"]
    whole = emitted(kind, made_of, 0, 4000)
    made: dict[int, list[bytes]] = {}
    threads = [
        threading.Thread(
            target=lambda i=i: made.update({i: emitted(kind, made_of, 1000 * i, 1000)})
        )
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [code for i in range(4) for code in made[i]] == whole


@pytest.mark.parametrize("kind", [0, 4, -1, 2**40])
def test_there_is_no_other_kind_of_check_key(kind: int) -> None:
    with pytest.raises(ValueError, match="kind"):
        _core.CheckKey(kind, bytes(32))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_the_secret_of_a_check_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        _core.CheckKey(MAC, bytes(size))


def test_only_a_signature_key_has_a_public_key() -> None:
    assert len(CHECK_KEYS[SIGNATURE].public_key) == 32
    assert CHECK_KEYS[MAC].public_key == CHECK_KEYS[SHORT].public_key == b""
    assert [CHECK_KEYS[kind].kind for kind in (MAC, SIGNATURE, SHORT)] == [1, 2, 3]


@pytest.mark.parametrize("key", [SERIAL_KEY, CHECK_KEYS[MAC]], ids=["serial", "check"])
def test_keys_show_and_hand_over_nothing_of_themselves(key: object) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert SERIAL_SECRET.hex() not in repr(key)
    with pytest.raises(AttributeError):
        _ = key.key


def test_numpy_integers_are_integers() -> None:
    kind, made_of = SHAPES["lp"]
    arguments = made_of._asdict() | {"first": np.uint64(5), "count": np.int64(2)}
    made = _core.emit(SERIAL_KEY, CHECK_KEYS[kind], **arguments)
    assert made == b"".join(emitted(kind, recipe(MAC), 5, 2))
