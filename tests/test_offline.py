"""Checking without a server: with public keys alone, and by the page that says how."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emitter import _core
from emitter.trade.gs1 import check_digit
from emitter.trade.offline import OfflineVerdict, check_offline, read_public_keys
from emitter.trade.templates import TEMPLATES, Price
from fuzzing import amount
from noises import NOISES

PAGE = (Path(__file__).parent.parent / "docs" / "offline.md").read_text("utf-8")
SEEDS = {0xA1C4: bytes(range(32)), 0xFFD0: bytes(range(1, 33))}
SIGNERS = {key: _core.CheckKey(_core.CHECK_SIGNATURE, seed) for key, seed in SEEDS.items()}
PUBLIC = {key: signer.public_key for key, signer in SIGNERS.items()}
SERIAL_KEY = _core.SerialKey(bytes(range(32)))
SHOES = 4670033010053
VERDICTS = OfflineVerdict


def keys_file(keys: dict[int, bytes]) -> bytes:
    entries = [
        {"id": f"{key:04X}", "algorithm": "ED25519", "public_key": base64.b64encode(raw).decode()}
        for key, raw in keys.items()
    ]
    return json.dumps({"keys": entries}).encode()


def shoes(key: int, counter: int, gtin: int = SHOES) -> bytes:
    recipe = TEMPLATES[1].record(gtin, key, None)._asdict()
    return _core.emit(SERIAL_KEY, SIGNERS[key], **recipe, first=counter, count=1)


def other_kinds() -> list[bytes]:
    """A code of each template whose tail is no signature."""
    found = []
    for template in TEMPLATES.values():
        if template.check_kind != _core.CHECK_SIGNATURE:
            key = _core.CheckKey(template.check_kind, bytes(32))
            price = None if template.price is Price.NONE else 9_500
            recipe = template.record(SHOES, 0xA1C4, price)._asdict()
            found.append(_core.emit(SERIAL_KEY, key, **recipe, first=7, count=1))
    return found


def verdicts(*codes: bytes, keys: dict[int, bytes] = PUBLIC) -> list[int]:
    return check_offline(b"\n".join(codes), keys).verdicts.tolist()


def test_each_verdict() -> None:
    code, other = shoes(0xA1C4, 1), shoes(0xFFD0, 2)
    swapped = code[:34] + b"FFD0" + code[38:]
    assert verdicts(code, other, swapped, b"junk", *other_kinds()) == [
        VERDICTS.GENUINE, VERDICTS.GENUINE, VERDICTS.FORGED, VERDICTS.UNREADABLE,
        *[VERDICTS.NEEDS_SERVER] * 12,
    ]  # fmt: skip
    one = {0xA1C4: PUBLIC[0xA1C4]}
    assert verdicts(code, other, keys=one) == [VERDICTS.GENUINE, VERDICTS.KEY_UNKNOWN]
    assert verdicts(code, keys={}) == [VERDICTS.KEY_UNKNOWN]
    assert verdicts() == []


def test_every_changed_bit_is_found() -> None:
    code = shoes(0xA1C4, 1)
    changed = [
        bytes([*code[:at], code[at] ^ 1 << bit, *code[at + 1 :]])
        for at in range(len(code))
        for bit in range(7)
        if code[at] ^ 1 << bit != 0x0A
    ]
    assert VERDICTS.GENUINE not in verdicts(*changed)
    assert set(verdicts(*changed)) == set(VERDICTS) - {VERDICTS.GENUINE, VERDICTS.NEEDS_SERVER}


@settings(max_examples=amount(100, 5_000), deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(sorted(NOISES)), st.sampled_from(sorted(SEEDS)))
def test_noise_changes_no_verdict(counter: int, name: str, key: int) -> None:
    code = shoes(key, counter)
    tail = code[:-3] + (b"A" if code[-3:-2] != b"A" else b"B") + code[-2:]
    found = check_offline(b"\n".join(NOISES[name](text) for text in (code, tail)), PUBLIC)
    assert found.verdicts.tolist() == [VERDICTS.GENUINE, VERDICTS.FORGED]
    assert found.identity(0) == code[:31]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b'{"keys":5}', b'{"keys":[5]}', b'{"keys":[{}]}', b"\xff",
        b'{"keys":[{"id":"zz","algorithm":"ED25519","public_key":""}]}',
        b'{"keys":[{"id":"A1C4","algorithm":"ED25519","public_key":"AA=="}]}',
        b'{"keys":[{"id":"A1C4","algorithm":"ED25519","public_key":"!"}]}',
    ],
)  # fmt: skip
def test_what_is_no_file_of_keys_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not a file of public keys"):
        read_public_keys(text)


def test_a_file_of_keys_reads_back_and_other_algorithms_are_left_out() -> None:
    assert read_public_keys(keys_file(PUBLIC)) == PUBLIC
    assert read_public_keys(b'{"keys":[{"id":"0001","algorithm":"NEW","x":1}]}') == {}


# The page -----------------------------------------------------------------------------------------


def example(name: str) -> str:
    """The block of code under a heading of the page."""
    return re.search(rf"## {name}.*?```\w*\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_vector_of_the_page_is_what_the_engine_makes() -> None:
    told = dict(line.split(None, 1) for line in example("2.").splitlines())
    code = shoes(0xA1C4, 41)
    assert told["code"].replace("<GS>", "\x1d").encode() == code
    assert bytes.fromhex(told["message"]) == code[:38]
    assert base64.b64decode(told["signature"]) == base64.b64decode(code[-88:])
    assert base64.b64decode(told["public_key"]) == PUBLIC[0xA1C4]
    assert told["key_id"] == "A1C4"


@pytest.mark.parametrize("section", ["3.", "4."])
def test_the_checker_of_the_page_finds_genuine_from_forged(tmp_path: Path, section: str) -> None:
    program = tmp_path / "check.py"
    program.write_text(example(section), "utf-8")
    assert len(program.read_text("utf-8").splitlines()) <= 25
    codes = [shoes(key, counter) for key in SEEDS for counter in range(20)]
    wrong = [
        code[:at] + (b"1" if code[at : at + 1] != b"1" else b"2") + code[at + 1 :]
        for code in codes
        for at in (5, 20, 60)
    ]
    swapped = [code[:34] + b"FFD0" + code[38:] for code in codes if code[34:38] != b"FFD0"]
    unknown = [codes[0][:34] + b"0001" + codes[0][38:]]
    (tmp_path / "public-keys.json").write_bytes(keys_file(PUBLIC))
    lines = [*codes, *wrong, *swapped, *unknown, *other_kinds(), b"junk"]
    (tmp_path / "codes.csv").write_bytes(b"\n".join(lines) + b"\n")
    done = subprocess.run(
        [sys.executable, program, "public-keys.json", "codes.csv"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = done.stdout.splitlines()
    assert told == [
        *["genuine"] * len(codes), *["forged"] * (len(wrong) + len(swapped)), "unknown key",
        *["not checkable offline"] * (len(other_kinds()) + 1),
    ]  # fmt: skip
    kept = check_offline(b"\n".join(lines), PUBLIC).verdicts.tolist()
    ours = ["genuine" if verdict == VERDICTS.GENUINE else "other" for verdict in kept]
    assert ours == [word if word == "genuine" else "other" for word in told]


def test_the_gtins_of_the_tests_are_valid() -> None:
    assert check_digit(f"{SHOES:014d}"[:13]) == SHOES % 10
