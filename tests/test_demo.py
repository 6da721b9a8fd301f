"""The demo at one per cent of its size, and what it leaves for others to build on."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pytest
import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PIL import Image

from test_symbol_files import dots

if TYPE_CHECKING:
    from pathlib import Path

SHOES, CLOTHES = 1_000, 10_000
SHOE_CODE = re.compile(rb"0104670033010053213.{12}\x1d91(.{4})\x1d92(.{88})")
CLOTHES_CODE = re.compile(rb"0104640088090997213.{12}\x1d91.{4}\x1d92.{44}")


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """The folder that the demo leaves."""
    folder = tmp_path_factory.mktemp("demo") / "demo-out"
    (folder / "symbols").mkdir(parents=True)
    (folder / "symbols" / "9999.png").write_bytes(b"of an earlier run")
    ended = subprocess.run(
        [sys.executable, "-m", "emitter.cli", "demo", "--scale", "0.01", "--out", str(folder)],
        capture_output=True,
        text=True,
        env=os.environ | {"EMITTER_LANG": "ru"},
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (folder.parent / "report.txt").write_text(ended.stdout)
    return folder


@pytest.fixture(scope="module")
def codes(out) -> list[bytes]:
    """The lines of codes.csv."""
    content = (out / "codes.csv").read_bytes()
    assert content.endswith(b"\n")
    return content.removesuffix(b"\n").split(b"\n")


def test_it_leaves_what_others_build_on_and_nothing_else(out):
    assert sorted(path.name for path in out.iterdir()) == [
        "codes.csv",
        "labels.pdf",
        "labels.zpl",
        "public-keys.json",
        "summary.json",
        "symbols",
    ]


def test_codes_stand_one_a_line_exactly_as_they_are_and_never_twice(codes):
    assert all(SHOE_CODE.fullmatch(code) for code in codes[:SHOES])
    assert all(CLOTHES_CODE.fullmatch(code) for code in codes[SHOES:])
    assert len(codes) == len(set(codes)) == SHOES + CLOTHES


def test_the_summary_has_its_fields_and_its_money_adds_up(out):
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary) == [
        "codes",
        "seconds",
        "codes_per_second",
        "orders_per_second",
        "bytes_per_order",
        "before",
        "after",
    ]
    assert summary["codes"] == SHOES + CLOTHES
    assert summary["codes_per_second"] == pytest.approx(summary["codes"] / summary["seconds"], 0.1)
    assert summary["orders_per_second"] > 0
    assert 0 < summary["bytes_per_order"] < 2_000
    price_tiyn = (SHOES + CLOTHES) * 268 * 116 // 100  # 2.68 KZT and 16 % VAT
    assert summary["before"] == {
        "available_tiyn": 1_000_000_000,
        "reserved_tiyn": 0,
        "captured_tiyn": 0,
    }
    assert summary["after"] == {
        "available_tiyn": 1_000_000_000 - price_tiyn,
        "reserved_tiyn": 0,
        "captured_tiyn": price_tiyn,
    }


def test_every_symbol_is_read_as_gs1_datamatrix_with_the_bytes_of_its_code(out, codes):
    rows = [line.split(b"\t") for line in (out / "symbols" / "index.tsv").read_bytes().splitlines()]
    assert [code for _, code in rows] == codes[:4] + codes[SHOES : SHOES + 4]
    files = sorted(path.name for path in (out / "symbols").glob("*.png"))
    assert files == [name.decode() for name, _ in rows]
    for name, code in rows:
        with Image.open(out / "symbols" / name.decode()) as picture:
            found = zxingcpp.read_barcodes(picture)
        assert [(each.symbology_identifier, each.bytes) for each in found] == [("]d2", code)]


def test_every_label_is_read_at_the_resolution_it_was_made_for(out, codes):
    document = pdfium.PdfDocument(out / "labels.pdf")
    read = set()
    for page in document:
        picture = page.render(scale=600 / 72).to_pil().convert("L")
        read |= {each.bytes for each in zxingcpp.read_barcodes(picture)}
    document.close()
    assert read == set(codes[:80])
    bitmaps = dots((out / "labels.zpl").read_bytes())
    pictures = [Image.fromarray(255 - 255 * bitmap) for bitmap in bitmaps]
    found = [zxingcpp.read_barcodes(picture, is_pure=True)[0].bytes for picture in pictures]
    assert found == codes[SHOES : SHOES + 80]


def test_shoe_codes_are_signed_by_the_published_key_of_their_ai_91(out, codes):
    published = json.loads((out / "public-keys.json").read_text())
    assert list(published) == ["keys"]
    keys = {
        key["id"]: Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"]))
        for key in published["keys"]
        if key["algorithm"] == "ED25519"
    }
    assert keys
    for code in codes[:SHOES]:
        key_id, tail = SHOE_CODE.fullmatch(code).group(1, 2)
        message = code[: code.index(b"\x1d92")]
        keys[key_id.decode()].verify(base64.b64decode(tail), message)
        changed = message[:-1] + bytes([message[-1] ^ 1])
        with pytest.raises(InvalidSignature):
            keys[key_id.decode()].verify(base64.b64decode(tail), changed)


def test_the_report_says_what_happened(out):
    report = (out.parent / "report.txt").read_text().replace("\u00a0", " ")
    assert "11 000 × 2,68 ₸ = 29 480,00 ₸, НДС 16 % = 4 716,80 ₸, всего 34 196,80 ₸" in report
    assert re.search(r"В обороте +11 000 за", report)
    assert re.search(r"Упаковка +\d{18}: 20 кодов, .+ владелец – ТОО «Много заявок»", report)
    assert "соблюдены" in report
