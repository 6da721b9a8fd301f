"""Goods bought and passed on from the command line: real processes against a real server."""

from __future__ import annotations

import json

import pytest

from place import Place, run_here
from served import BIN, OTHER_BIN, SHOES

BOX = "104870001234500010"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with two participants; one has introduced 30 codes, ten of them in a box."""
    place = Place(tmp_path_factory.mktemp("transfers"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve()
    place.environment |= operator
    for bin_ in (BIN, OTHER_BIN):
        place.run("account", "register", bin_, "ТОО «Пример»", "--on", "2026-03-01")
        place.run("account", "activate", bin_, "--on", "2026-03-02")
    place.run("account", "credit", BIN, "5000.00", "--reference", "KZ-1")
    place.stock(BIN)
    place.shop = place.token("shop.token", "--role", "station", "--bin", OTHER_BIN)
    place.environment |= place.token("station.token", "--role", "station", "--bin", BIN)
    order_id = place.ask("order", "create", f"{SHOES}:30:1")["order_id"]
    place.run("deliver", order_id, SHOES, "--out", "codes.csv")
    place.run("report", "introduction", "codes.csv", "--way", "production")
    codes = (place.folder / "codes.csv").read_bytes().split(b"\n")
    (place.folder / "ten.csv").write_bytes(b"\n".join(codes[:10]))
    (place.folder / "five.csv").write_bytes(b"\n".join(codes[10:15]))
    place.run("box", "pack", BOX, "ten.csv")
    sent = place.ask("transfer", "ship", OTHER_BIN, "five.csv", "--box", BOX)
    place.sent = sent["transfer"]["transfer_id"]
    yield place
    assert place.stop() == 0
    place.run("check", "--copy")


@pytest.fixture
def shop(place, monkeypatch, capsys):
    """The command run in this process as the new owner: (exit code, stdout, stderr)."""
    return run_here(place.folder, place.environment | place.shop, monkeypatch, capsys)


def test_a_new_owner_names_what_he_bought_by_its_transfer(shop, place):
    assert BOX not in shop("box", "list")[1]
    assert "Under way" in place.run("box", "list", "--bin", BIN).stdout
    withdrawal = ("report", "withdrawal", "--reason", "gift", "--transfer")
    code, _, error = shop(*withdrawal, place.sent)
    assert (code, "nothing of this transfer" in error) == (1, True)
    assert shop("transfer", "accept", place.sent)[0] == 0
    assert [json.loads(line)["box"] for line in shop("box", "list", "--json")[1].split("\n")[:-1]
            ] == [BOX]  # fmt: skip
    assert BOX not in place.run("box", "list").stdout
    code, text, _ = shop("box", "pack", "shelf", "--transfer", place.sent, "--valid", "--json")
    assert code == 1  # the ten in the box are named
    packed = json.loads(text)
    assert (packed["moved_count"], len(packed["bad"])) == (5, 10)
    code, text, _ = shop(*withdrawal, place.sent)
    assert code == 1
    assert "lies in a box" in text
    assert shop("box", "unpack", "--transfer", place.sent)[0] == 0
    code, text, _ = shop("transfer", "ship", BIN, "--transfer", place.sent, "--json")
    assert (code, json.loads(text)["transfer"]["code_count"]) == (0, 15)
    code, text, _ = shop(*withdrawal, place.sent, "--box", BOX)
    assert code == 2  # one way at a time
