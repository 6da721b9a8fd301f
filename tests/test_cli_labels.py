"""``emitter labels`` as people call it: printing, printing the rest, designs, previews."""

from __future__ import annotations

import json
import re

import pytest
import zxingcpp
from PIL import Image

from place import Place, run_here
from served import BIN, SHOES
from test_symbol_files import dots


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """The command run in this process, in a folder of its own: (exit code, stdout, stderr)."""
    return run_here(tmp_path, {"EMITTER_LANG": "en"}, monkeypatch, capsys)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with a participant that has ordered 600 codes."""
    place = Place(tmp_path_factory.mktemp("labels"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve()
    place.environment |= operator
    place.run("account", "register", BIN, "ТОО «Пример»", "--on", "2026-03-01")
    place.run("account", "activate", BIN, "--on", "2026-03-02")
    place.run("account", "credit", BIN, "5000000.00", "--reference", "KZ-1")
    place.stock(BIN)
    place.environment |= place.token("station.token", "--role", "station", "--bin", BIN)
    yield place
    assert place.stop() == 0
    place.run("check", "--copy")


def test_a_block_is_printed_and_after_a_jam_the_rest_of_it(place):
    order = place.ask("order", "create", f"{SHOES}:600:1", "--request-id", "labels")["order_id"]
    block = ("labels", "print", order, SHOES, "--block-id", "shift", "--quantity", "40")
    first = place.ask(*block, "--out", "whole.zpl")
    assert not first["replayed"]
    assert first["block"]["gross_tiyn"] > 0
    again = place.ask(*block, "--out", "rest.zpl", "--from", "31")
    assert again["replayed"]
    label = re.compile(rb"\^XA\^PW.*?\^XZ\n", re.DOTALL)
    whole = label.findall((place.folder / "whole.zpl").read_bytes())
    assert len(whole) == 40
    assert label.findall((place.folder / "rest.zpl").read_bytes()) == whole[30:]
    place.ask(*block, "--form", "text", "--out", "codes.txt")
    codes = (place.folder / "codes.txt").read_bytes().split(b"\n")[:-1]
    bitmap = dots(whole[7])[0]
    [found] = zxingcpp.read_barcodes(Image.fromarray(255 - 255 * bitmap), is_pure=True)
    assert found.bytes == codes[7]
    place.ask(*block, "--form", "png", "--out", "symbols", "--from", "8", "--count", "2")
    assert sorted(path.name for path in (place.folder / "symbols").iterdir()) == [
        "0008.png", "0009.png"
    ]  # fmt: skip
    [found] = zxingcpp.read_barcodes(
        Image.open(place.folder / "symbols" / "0008.png").convert("L")
    )
    assert found.bytes == codes[7]


def test_designs_are_listed(here):
    code, out, _ = here("labels", "designs", "--json")
    assert (code, json.loads(out)["designs"]) == (0, ["a4-sheet", "consumer-unit", "roll-of-three"])
    _, out, _ = here("labels", "designs")
    assert "58 x 40" in out


def test_a_preview_shows_a_sample_and_its_module(here, tmp_path):
    code, out, _ = here("labels", "preview", "--template", "5", "--json")
    facts = json.loads(out)
    assert (code, facts["module_dots"], facts["module_mm"]) == (0, 4, 0.5)
    [found] = zxingcpp.read_barcodes(Image.open(tmp_path / "preview.png").convert("L"))
    assert found.bytes.startswith(b"0104670033010053")


def test_a_design_file_that_is_wrong_or_too_small_is_one_line(here, tmp_path):
    text = "dpi = 203\nwidth_mm = 20.0\nheight_mm = 20.0\n[symbol]\nx_mm=1.0\ny_mm=1.0\n"
    design = tmp_path / "mine.toml"
    preview = ("labels", "preview", "--design", "mine.toml")
    design.write_text(text)
    code, _, err = here(*preview)
    assert code == 2
    assert err.count("\n") == 1
    assert "size_mm: is missing" in err
    design.write_text(text + "size_mm = 15.0\n")
    code, _, err = here(*preview)
    assert code == 1
    assert "44 modules with their quiet zone need 18 mm at 203 dpi" in err
    design.write_text(text + "size_mm = 18.0\n")
    assert here(*preview)[0] == 0
