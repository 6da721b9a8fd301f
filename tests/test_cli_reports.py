"""``emitter report`` as people run it: real processes against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emitter.client import BoxKind, Client, PackUnit
from emitter.trade.gs1 import check_digit
from place import Place, run_here
from served import BIN, MILK, SHOES

MILKS = 65_000


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with a participant who has delivered 600 codes for shoes, 65,000 for milk."""
    place = Place(tmp_path_factory.mktemp("reports"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve()
    place.environment |= operator
    place.run("account", "register", BIN, "ТОО «Пример»", "--on", "2026-03-01")
    place.run("account", "activate", BIN, "--on", "2026-03-02")
    place.run("account", "credit", BIN, "5000000.00", "--reference", "KZ-1")
    place.stock(BIN)
    place.operator = operator
    place.environment |= place.token("station.token", "--role", "station", "--bin", BIN)
    place.shoes = place.ask("order", "create", f"{SHOES}:1000:1")["order_id"]
    place.run("deliver", place.shoes, SHOES, "--quantity", "500", "--block-id", "first")
    more = ("--quantity", "100", "--block-id", "second", "--out", "more.csv")
    place.run("deliver", place.shoes, SHOES, *more)
    milk = place.ask("order", "create", f"{MILK}:{MILKS}:20")["order_id"]
    place.run("deliver", milk, MILK, "--out", "milk.csv")
    yield place
    assert place.stop() == 0
    place.run("check", "--copy")


@pytest.fixture
def here(place, monkeypatch, capsys):
    """The command run in this process, where the server is: (exit code, stdout, stderr)."""
    return run_here(place.folder, place.environment, monkeypatch, capsys)


def lines(place, name: str, *numbers: int) -> list[bytes]:
    codes = (place.folder / name).read_bytes().split(b"\n")
    return [codes[number] for number in numbers]


def test_a_file_of_any_length_is_cut_into_reports_and_continued(here, place):
    (place.folder / "some.csv").write_bytes(b"\n".join(lines(place, "milk.csv", *range(30_000))))
    assert here("report", "utilisation", "some.csv", "--json")[0] == 0
    code, text, _ = here("report", "utilisation", "milk.csv", "--json")
    made = json.loads(text)
    assert code == 0
    assert [report["moved_count"] for report in made["reports"]] == [30_000, 30_000, 5000]
    assert (made["codes"], made["refused"], made["replayed"]) == (MILKS, 0, 1)
    code, text, _ = here("report", "utilisation", "milk.csv")
    assert code == 0
    assert "Made before by the same command: 3" in text
    code, text, _ = here("report", "utilisation", "milk.csv", "--request-id", "2", "--refused", "t")
    assert code == 1
    assert "… and 64,990 more" in text
    assert len((place.folder / "t").read_bytes().splitlines()) == MILKS


def test_bad_lines_are_named_in_a_table_and_in_a_file(here, place):
    good, bad, other = lines(place, "codes.csv", 0, 1, 2)
    here("report", "dropout", "--order", place.shoes, "--range", "1:1", "--reason", "defect")
    text = b"\n".join([good, b"", b"what is it", bad, good, other[:31], b""])
    (place.folder / "scans.txt").write_bytes(text)
    verb = ("report", "introduction", "scans.txt", "--way", "import")
    code, text, _ = here(*verb)
    assert code == 1
    assert "Rejected" in text
    code, text, _ = here(*verb, "--valid", "--refused", "bad.tsv", "--date", "2026-03-05")
    assert code == 1
    serials = [each[18:31].decode() for each in (good, bad)]
    table = [line.split(maxsplit=3) for line in text.splitlines() if f"01{SHOES}" in line]
    assert [(place, name[18:]) for place, name, *_ in table] == [
        ("4", serials[1]),
        ("5", serials[0]),
    ]
    assert "Written off" in text
    assert "Imported" in text
    assert "2026-03-05" in text
    written = (place.folder / "bad.tsv").read_text().splitlines()
    assert [line.split("\t") for line in written] == [
        ["3", "CODE_UNPARSABLE", "", ""],
        ["4", "CODE_MOVE_REFUSED", "Written off", f"01{SHOES}21{serials[1]}"],
        ["5", "CODE_REPEATED", "", f"01{SHOES}21{serials[0]}"],
    ]


def test_codes_of_an_order_need_no_file(here, place):
    order = ("--order", place.shoes, "--gtin", SHOES)
    verb = ("report", "withdrawal", *order, "--reason", "retail-sale", "--json")
    reported = json.loads(here("report", "introduction", *order, "--range", "500:50",
                               "--way", "production", "--line", "4", "--batch", "B-7",
                               "--production-date", "2026-03-03", "--json")[1])  # fmt: skip
    (report,) = reported["reports"]
    assert report["details"]["production_date"] == "2026-03-03"
    assert (report["moved_count"], report["introduction_way"]) == (50, "PRODUCTION")
    assert json.loads(here(*verb, "--range", "500:40")[1])["moved"] == 40
    code, text, _ = here(*verb, "--block", "second", "--valid")
    assert (code, json.loads(text)["moved"]) == (1, 10)
    code, text, _ = here("report", "return", *order, "--reason", "mistaken-withdrawal",
                         "--range", "500:40", "--json")  # fmt: skip
    assert (code, json.loads(text)["codes"]) == (0, 40)
    code, text, _ = here("report", "utilisation", "--order", place.shoes, "--valid", "--json")
    assert json.loads(text)["codes"] == 600  # all that is delivered of the only buffer


def test_reports_are_shown_in_russian(here, place):
    report = here("report", "withdrawal", "--order", place.shoes, "--range", "300:3",
                  "--reason", "own-use", "--comment", "для музея", "--json")[1]  # fmt: skip
    report_id = json.loads(report)["reports"][0]["report_id"]
    ended = place.run("report", "show", report_id, EMITTER_LANG="ru")
    for text in ("Вывод из оборота", "Использование для собственных нужд", "для музея", "Отклонён",
                 "Состояние кода не допускает этого действия.", f"01{SHOES}21"):  # fmt: skip
        assert text in ended.stdout
    listed = place.run("report", "list", EMITTER_LANG="ru").stdout
    assert report_id in listed
    assert "Отчёт о нанесении" in listed
    shown = json.loads(here("report", "show", report_id, "--json")[1])
    assert shown["moved"] == []
    assert [bad["reason"] for bad in shown["bad"]] == ["CODE_MOVE_REFUSED"] * 3
    listed = place.run("report", "list", "--bin", BIN, "--json", **place.operator).stdout
    assert json.loads(listed.splitlines()[0])["report_id"] == report_id


def test_what_lies_in_a_box_is_reported_by_the_box(here, place):
    sscc = "10460406000000001" + str(check_digit("10460406000000001"))
    codes = lines(place, "codes.csv", 200, 201, 202)
    with Client(place.environment["EMITTER_SERVER"], token_of(place)) as client:
        client.aggregate([PackUnit(box=sscc, kind=BoxKind.BOX_KIND_GROUP, codes=b"\n".join(codes))])
    code, text, _ = here("report", "dropout", "--box", sscc, "--box", "none", "--reason", "other")
    assert code == 1
    assert "No box none." in text
    code, text, _ = here("report", "dropout", "--box", sscc, "--reason", "other", "--json")
    assert (code, json.loads(text)["moved"]) == (0, 3)


def token_of(place) -> str:
    return Path(place.environment["EMITTER_TOKEN_FILE"]).read_text().strip()


def test_a_pipe_is_a_file(place):
    (code,) = lines(place, "codes.csv", 400)
    ended = place.run("report", "utilisation", "-", "--json", "--request-id", "pipe", code=1,
                      text=code.decode() + "\r\n")  # fmt: skip
    assert json.loads(ended.stdout)["bad"][0]["reason"] == "CODE_UTILISED_ALREADY"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("utilisation",), "name the codes"),
        (("utilisation", "-", "--order", "x"), "name the codes"),
        (("utilisation", "-", "--gtin", SHOES), "go with --order"),
        (("utilisation", "--order", "x", "--block", "y", "--range", "0:1"), "exclude each other"),
        (("utilisation", "--order", "x", "--range", "1"), "is no range like"),
        (("dropout", "-"), "--reason"),
        (("dropout", "-", "--reason", "x"), "defect"),
        (("introduction", "-", "--way", "import", "--date", "x"), "is no date like"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(here, arguments, sentence):
    code, text, error = here("report", *arguments)
    assert (code, text, error.count("\n")) == (2, "", 1)
    assert sentence in error


def test_help_shows_reasons_and_examples(place):
    text = " ".join(place.run("report", "dropout", "--help").stdout.split())
    assert "defect – Defective label or goods" in text
    assert "emitter report dropout codes.csv --reason defect" in text
