"""``emitter deliver`` beside what other deliveries have left, or are writing."""

from __future__ import annotations

import fcntl

import pytest

from place import Place
from served import BIN, SHOES


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with a participant that has ordered 600 codes."""
    place = Place(tmp_path_factory.mktemp("deliver"))
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


@pytest.fixture(scope="module")
def shoes(place):
    """The order."""
    return place.ask("order", "create", f"{SHOES}:600:1")


def test_a_refused_delivery_leaves_nothing_in_the_way_of_the_next(place, shoes):
    flags = ("deliver", shoes["order_id"], SHOES, "--out", "refused.csv")
    assert "left" in place.error(*flags, "--quantity", "5000000", code=1)
    assert not list(place.folder.glob("refused*"))


def test_what_is_left_of_a_delivery_that_was_given_up_is_not_mixed_with_the_next(place, shoes):
    (place.folder / "mixed.csv.part").write_bytes(b"x" * 129 + b"\n")
    flags = ("deliver", shoes["order_id"], SHOES, "--out", "mixed.csv", "--quantity", "2")
    place.run(*flags)
    lines = (place.folder / "mixed.csv").read_bytes().splitlines()
    assert [line[2:16] for line in lines] == [SHOES.encode()] * 2


def test_a_file_that_another_delivery_writes_is_left_to_it(place, shoes):
    with (place.folder / "busy.csv.part").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        flags = ("deliver", shoes["order_id"], SHOES, "--out", "busy.csv", "--quantity", "1")
        assert "another process" in place.error(*flags, code=2)
    assert not (place.folder / "busy.csv.block").exists()
    assert (place.folder / "busy.csv.part").read_bytes() == b""
