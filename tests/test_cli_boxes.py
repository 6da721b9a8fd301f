"""``emitter box`` as people run it: real processes against a real server."""

from __future__ import annotations

import json

import pytest

from place import Place, run_here
from served import BIN, SHOES


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with a participant who has delivered 30 codes."""
    place = Place(tmp_path_factory.mktemp("boxes"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve("--sscc-prefix", "9521234")
    place.environment |= operator
    place.run("account", "register", BIN, "ТОО «Пример»", "--on", "2026-03-01")
    place.run("account", "activate", BIN, "--on", "2026-03-02")
    place.run("account", "credit", BIN, "5000.00", "--reference", "KZ-1")
    place.stock(BIN)
    place.environment |= place.token("station.token", "--role", "station", "--bin", BIN)
    order_id = place.ask("order", "create", f"{SHOES}:30:1")["order_id"]
    place.run("deliver", order_id, SHOES, "--out", "codes.csv")
    place.codes = (place.folder / "codes.csv").read_bytes().split(b"\n")
    yield place
    assert place.stop() == 0
    assert "Boxes" in place.run("check", "--copy").stdout


@pytest.fixture
def here(place, monkeypatch, capsys):
    """The command run in this process, where the server is: (exit code, stdout, stderr)."""
    return run_here(place.folder, place.environment, monkeypatch, capsys)


def test_a_pallet_from_the_command_line(here, place):
    one, two, pallet = json.loads(here("box", "sscc", "3", "--json")[1])["ssccs"]
    assert one.startswith("09521234")
    lines = [f"{one}\t".encode() + code for code in place.codes[:3]]
    lines += [f"{two}\t".encode() + code for code in place.codes[3:6]]
    (place.folder / "boxes.tsv").write_bytes(b"\n".join(lines))
    first = here("box", "pack", "-", "boxes.tsv")
    assert first[0] == 0
    assert here("box", "pack", "-", "boxes.tsv") == first  # the same document
    code, _, error = here("box", "pack", "-", "boxes.tsv", "--request-id", "2")
    assert code == 1
    assert "has been made before" in error
    (place.folder / "two.csv").write_bytes(b"\n".join(place.codes[6:8]))
    assert here("box", "pack", pallet, "two.csv", "--inner", one, "--inner", two)[0] == 0
    shown = json.loads(here("box", "show", one, "--json")[1])
    assert (shown["kind"], shown["around"], shown["code_count"]) == ("GROUP", [pallet], 3)
    assert "Transport unit" in here("box", "show", pallet)[1]
    items = [json.loads(line) for line in
             here("box", "list", pallet, "--recursive", "--json")[1].splitlines()]  # fmt: skip
    assert len(items) == 10
    assert f"[{one}]" in here("box", "list", pallet)[1]
    found = [
        json.loads(line) for line in here("box", "find", "codes.csv", "--json")[1].splitlines()
    ]
    assert found[0] == {"line": 1, "boxes": [one, pallet], "reason": ""}
    assert found[29]["boxes"] == []
    assert f"{one} → {pallet}" in here("box", "find", "codes.csv")[1]
    code, text, _ = here("report", "introduction", "--box", pallet, "--way", "import", "--json")
    assert (code, json.loads(text)["moved"]) == (0, 8)
    code, text, _ = here("report", "withdrawal", "--box", one, "--reason", "export")
    assert code == 1
    assert "lies in another box" in text
    assert here("box", "unpack", pallet, "--inner", one)[0] == 0
    assert json.loads(here("box", "show", pallet, "--json")[1])["state"] == "DISBANDED"


def test_what_cannot_be_packed_is_named(here, place):
    (place.folder / "bad.csv").write_bytes(b"\n".join([place.codes[10], b"x", place.codes[11]]))
    code, text, _ = here("box", "pack", "case 1", "bad.csv", "--valid", "--inner", "none")
    assert code == 1
    assert "No box" in text or "no such box" in text
    bad = json.loads(here("box", "pack", "case 2", "bad.csv", "--json")[1])["bad"]
    assert [each["line"] if "line" in each else each["place"] for each in bad] == [1, 2, 3]
    code, text, _ = here("box", "unpack", "--codes", "bad.csv", "--inner", "none", "--json")
    assert code == 1
    assert json.loads(text)["bad"][-1]["identification_code"] == "none"


def test_all_that_was_named_in_vain_is_shown_as_is_said(here, place):
    (place.folder / "many.csv").write_bytes(b"\n".join(b"bad %d" % n for n in range(12)))
    code, text, _ = here("box", "pack", "case 3", "many.csv")
    assert code == 1
    way = text[text.index("and 2 more") :].partition("emitter ")[2].split()
    assert here(*way[:-1], "bad.tsv")[0] == 0
    assert (place.folder / "bad.tsv").read_bytes().count(b"\n") == 12


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("pack", "-", "codes.csv"), "a box, a tab and a code"),
    (("pack", "-", "codes.csv", "--inner", "case 1"), "go with one BOX"),
    (("pack", "-", "codes.csv", "--transfer", "1"), "go with one BOX"),
    (("show", "106141411234567890"), "18 digits"),
    (("show", "nobody's"), "No box nobody's"),
    (("pack", "empty"), "at least one code"),
])  # fmt: skip
def test_a_wrong_command_says_what_is_wrong(here, arguments, sentence: str):
    code, _, error = here("box", *arguments)
    assert code
    assert sentence in error
