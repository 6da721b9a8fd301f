"""The command ``emitter`` as operators run it: real processes against a real server."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import time

import click
import pytest

from emitter.cli import cli
from emitter.engine.commands import ActivateParticipant, CreditAccount, RegisterParticipant
from emitter.engine.engine import Engine
from emitter.language import t
from emitter.store import schema
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.rows import AccountRow
from place import COMMAND, Place, run_here
from served import BIN, DAY, LP, OTHER_BIN, SHOES, certificate

TAIL = re.compile(r"92[A-Za-z0-9+/]{20}")


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """The command run in this process, in a folder of its own: (exit code, stdout, stderr)."""
    return run_here(tmp_path, Place(tmp_path).environment, monkeypatch, capsys)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with an operator and a participant, all made by the command itself."""
    place = Place(tmp_path_factory.mktemp("cli"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve()
    place.environment |= operator
    place.operator = operator
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
    """An order of 600 shoe codes."""
    return place.ask("order", "create", f"{SHOES}:600:1", "--request-id", "shoes-1")


@pytest.fixture(scope="module")
def codes(place, shoes):
    """A file with the first 300 of them."""
    place.run("deliver", shoes["order_id"], SHOES, "--quantity", "300", "--block-id", "first")
    return place.folder / "codes.csv"


def test_keys_are_private_files_and_are_never_made_over_others(place):
    for name in ("keys", "master.key"):
        assert stat.S_IMODE((place.folder / name).stat().st_mode) == 0o600
    before = (place.folder / "keys").read_bytes()
    assert "keys" in place.error("keys", "init", code=3)
    assert (place.folder / "keys").read_bytes() == before


def test_a_check_key_is_added_made_current_and_the_old_one_retired(here, tmp_path):
    made = json.loads(here("keys", "init", "--json")[1])
    assert [key["state"] for key in made["keys"]] == ["CURRENT"] * 3
    here("keys", "add", "signature")
    here("keys", "current", "0004")
    changed = json.loads(here("keys", "retire", "0002", "--json")[1])
    assert changed["fingerprint"] == made["fingerprint"]
    assert [(key["id"], key["state"]) for key in changed["keys"][1::2]] == [
        ("0002", "RETIRED"),
        ("0004", "CURRENT"),
    ]
    assert here("keys", "export", "--out", "public-keys.json") == (0, "", "")
    exported = json.loads((tmp_path / "public-keys.json").read_text())
    assert [key["id"] for key in exported["keys"]] == ["0002", "0004"]
    code, text, error = here("keys", "retire", "0004")
    assert (code, text) == (1, "")
    assert error == "Error: Key 0004 is current: make another current first.\n"
    assert here("keys", "retire", "4")[0] == 2
    assert here("keys", "list")[1].splitlines()[-1].split() == ["0004", "signature", "current"]


def test_a_wrong_master_key_and_a_wide_file_are_one_line_each(here, tmp_path, monkeypatch):
    here("keys", "init")
    (tmp_path / "master.key").chmod(0o644)
    code, text, error = here("keys", "list")
    assert (code, text, error.count("\n")) == (1, "", 1)
    assert "chmod 600" in error
    monkeypatch.setenv("EMITTER_MASTER_KEY_FILE", "")
    monkeypatch.setenv("EMITTER_MASTER_KEY", "00" * 32)
    code, text, error = here("keys", "list")
    assert (code, text, error.count("\n")) == (1, "", 1)
    assert "master key is wrong" in error


def test_the_account_shows_what_happened_to_it(place):
    account = place.ask("account", "show")
    assert (account["bin"], account["name"]) == (BIN, "ТОО «Пример»")
    assert account["credited_tiyn"] == 500_000_000
    assert (account["registration_date"], account["activation_date"]) == (
        "2026-03-01",
        "2026-03-02",
    )
    text = place.run("account", "show", EMITTER_LANG="ru").stdout
    assert "Зачислено           5\u00a0000\u00a0000,00 ₸" in text


def test_a_payment_is_booked_once_and_amounts_are_exact(place):
    for _ in range(2):
        place.run("account", "credit", BIN, "0,01", "--reference", "KZ-2", **place.operator)
    lines = place.run("account", "transactions", "--json").stdout.splitlines()
    paid = [json.loads(line) for line in lines if '"CREDIT"' in line]
    assert [(each["amount_tiyn"], each["reference"]) for each in paid] == [
        (500_000_000, "KZ-1"),
        (1, "KZ-2"),
    ]
    wrong = place.error("account", "credit", BIN, "1.5", "--reference", "x", code=2)
    assert "no amount" in wrong


def test_an_order_is_created_once_shown_listed_and_refused_by_reason(place, shoes):
    again = place.ask("order", "create", f"{SHOES}:600:1", "--request-id", "shoes-1")
    assert again["order_id"] == shoes["order_id"]
    assert place.ask("order", "show", shoes["order_id"])["buffers"][0]["quantity"] == 600
    listed = place.run("order", "list", "--json").stdout.splitlines()
    assert shoes["order_id"] in [json.loads(line)["order_id"] for line in listed]
    table = place.run("order", "list").stdout
    assert table.splitlines()[0].split()[:2] == ["Order", "Created"]
    refused = place.run("order", "create", f"{SHOES}:10000000:1", "--json", code=1)
    answer = json.loads(refused.stderr)
    assert answer["error"] == "FUNDS_INSUFFICIENT"
    assert int(answer["details"]["missing_tiyn"]) > 0
    russian = place.error("order", "create", f"{SHOES}:0:1", code=1, EMITTER_LANG="ru")
    assert russian.startswith("Ошибка: lines[0].quantity: количество")
    assert "no line like" in place.error("order", "create", SHOES, code=2)


def test_a_list_of_orders_is_created_order_by_order(place):
    listed = f"many-1 {SHOES}:10:1\n\nmany-2 {SHOES}:0:1\nmany-3 {SHOES}:20:1 {LP}:1:10\n"
    listed += f"many-4 {SHOES}:30:1\n"
    first = place.run("order", "create-many", "-", "--json", code=1, text=listed).stdout
    answers = [json.loads(line) for line in first.splitlines()]
    assert [answer["request_id"] for answer in answers] == [f"many-{n}" for n in range(1, 5)]
    assert [answer.get("error") for answer in answers] == [
        None, "QUANTITY_OUT_OF_RANGE", "GROUP_MIXED", None,
    ]  # fmt: skip
    assert answers[3]["order"]["buffers"][0]["quantity"] == 30
    again = place.run("order", "create-many", "-", code=1, text=listed).stdout.splitlines()
    assert again[0] == f"many-1  {answers[0]['order']['order_id']}"
    assert again[1].startswith("many-2  QUANTITY_OUT_OF_RANGE: lines[0].quantity")
    file = place.folder / "orders.txt"
    file.write_text(f"many-5 {SHOES}:1:1\nmany-6 {SHOES}\n", "utf-8")
    assert "line 2: " in place.error("order", "create-many", str(file), code=2)


def test_delivered_codes_are_written_exactly_and_again_for_free(place, shoes, codes):
    content = codes.read_bytes()
    lines = content.splitlines(keepends=True)
    assert len(lines) == 300
    shape = re.compile(rb"01" + SHOES.encode() + rb"213.{12}\x1d910002\x1d92.{88}\n")
    assert all(shape.fullmatch(line) for line in lines)
    captured = place.ask("account", "show")["captured_tiyn"]
    flags = ("--quantity", "300", "--block-id", "first", "--out", "again.csv")
    again = place.ask("deliver", shoes["order_id"], SHOES, *flags)
    assert again["replayed"] is True
    assert (place.folder / "again.csv").read_bytes() == content
    assert place.ask("account", "show")["captured_tiyn"] == captured
    assert "exists" in place.error("deliver", shoes["order_id"], SHOES, code=2)


def test_a_torn_file_is_continued_where_it_broke(place, shoes, codes):
    content = codes.read_bytes()
    ticket = {
        "order_id": shoes["order_id"], "gtin": SHOES, "quantity": 300, "block_id": "first",
    }  # fmt: skip
    for size in (0, 50, 130, 130 * 100 + 7, len(content)):
        (place.folder / "torn.csv.part").write_bytes(content[:size])
        (place.folder / "torn.csv.block").write_text(json.dumps(ticket))
        (place.folder / "torn.csv").unlink(missing_ok=True)
        flags = ("--quantity", "300", "--out", "torn.csv")
        place.run("deliver", shoes["order_id"], SHOES, *flags)
        assert (place.folder / "torn.csv").read_bytes() == content
    assert sorted(path.name for path in place.folder.glob("torn*")) == ["torn.csv"]


def test_a_killed_delivery_is_continued_by_the_same_command(place):
    order = place.ask("order", "create", f"{LP}:300000:10")
    command = [*COMMAND, "deliver", order["order_id"], LP, "--out", "lp.csv"]
    killed = subprocess.Popen(command, cwd=place.folder, env=place.environment)
    ticket = place.folder / "lp.csv.block"
    while not ticket.exists() or not ticket.stat().st_size:  # it stands before the server is asked
        assert killed.poll() is None
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (place.folder / "lp.csv").exists()
    another = place.error("deliver", order["order_id"], LP, "--quantity", "5", "--out", "lp.csv",
                          code=2)  # fmt: skip
    assert "another delivery" in another
    answer = place.ask("deliver", order["order_id"], LP, "--out", "lp.csv")
    assert answer["block"]["quantity"] == 300_000
    lines = (place.folder / "lp.csv").read_bytes().splitlines()
    assert len(lines) == len(set(lines)) == 300_000
    assert (
        place.ask("order", "show", order["order_id"])["captured_tiyn"] == 300_000 * 268 * 116 // 100
    )


def test_genuine_codes_verify_and_bad_ones_are_named_without_their_check(place, codes):
    assert "300" in place.run("verify", "codes.csv").stdout
    good = codes.read_text("latin-1").split("\n")[:2]
    forged = good[1][:60] + ("A" if good[1][60] != "A" else "B") + good[1][61:]
    text = "\n".join([good[0], "junk", forged, good[1]]) + "\n"
    answer = json.loads(place.run("verify", "-", "--json", code=1, text=text).stdout)
    assert (answer["codes"], answer["genuine"]) == (4, 2)
    assert answer["reasons"] == {"CODE_UNPARSABLE": 1, "CODE_FORGED": 1}
    assert answer["states"] == {"APPLIED_AND_PAID": 2}
    assert [(bad["line"], bad["reason"]) for bad in answer["bad"]] == [
        (2, "CODE_UNPARSABLE"),
        (3, "CODE_FORGED"),
    ]
    assert answer["bad"][1]["identity"] == f"{SHOES} {good[1][18:31]}"
    shown = place.run("verify", "-", code=1, text=text)
    assert not TAIL.search(shown.stdout + shown.stderr)


def test_closing_annuls_the_rest_and_gives_its_money_back(place):
    order = place.ask("order", "create", f"{SHOES}:100:1")
    place.run("deliver", order["order_id"], SHOES, "--quantity", "40", "--out", "forty.csv")
    closed = place.ask("order", "close", order["order_id"], "--gtin", SHOES)
    assert closed["state"] == "CLOSED"
    assert closed["buffers"][0]["state"] == "CLOSED"
    assert closed["released_tiyn"] == closed["gross_tiyn"] - closed["captured_tiyn"]
    assert closed["captured_tiyn"] == 40 * 268 * 116 // 100


def test_roles_and_owners_are_kept_apart(place, shoes):
    assert "OPERATOR" in place.error("account", "register", OTHER_BIN, "x", code=1)
    missing = place.error("order", "show", shoes["order_id"], "--bin", OTHER_BIN, code=1)
    assert "No " in missing
    seen = place.ask("order", "show", shoes["order_id"], "--bin", BIN, **place.operator)
    assert seen["order_id"] == shoes["order_id"]


def test_a_file_that_holds_no_trust_anchors_is_told_at_once(place):
    (place.folder / "no.pem").write_text("nothing")
    assert "no certificates" in place.error("serve", "--trust-anchors", "no.pem", code=2)


def test_what_cannot_be_a_token_is_told_before_anything_is_asked(place):
    (place.folder / "noise").write_bytes(b"\xff\x00\n\x01")
    (place.folder / "two").write_text("one\ntwo\n")
    nobody = {"EMITTER_TOKEN": "", "EMITTER_TOKEN_FILE": ""}
    for flags in (("--token", "токен"), ("--token-file", "noise"), ("--token-file", "two")):
        assert "not a token" in place.error("account", "show", *flags, code=2, **nobody)


def test_a_command_without_a_token_or_without_a_server_says_so(place):
    nobody = {"EMITTER_TOKEN_FILE": ""}
    assert "token is needed" in place.error("account", "show", code=2, **nobody)
    assert "token" in place.error("account", "show", "--token", "wrong", code=1, **nobody)
    ended = place.run("order", "create", f"{SHOES}:1:1", "--server", "127.0.0.1:9", code=3)
    assert "Repeat with --request-id" in ended.stderr
    assert "cannot be reached" in ended.stderr


def test_a_served_store_is_checked_beside_its_server_but_not_opened_for_writing(place, shoes):
    report = place.ask("check")
    assert (report["ok"], report["whole"]) == (True, False)
    assert report["orders"] >= 1
    assert "has the store open" in place.error("account", "show", "--data", "data", code=3)
    exclude = place.error("account", "show", "--data", "data", "--server", "x:1", code=2)
    assert "exclude each other" in exclude
    assert shoes["order_id"] in place.run("order", "list").stdout


def test_a_breach_is_named_and_ends_with_1(here, tmp_path, keys):
    engine = Engine(open_lmdb(tmp_path / "data"), keys)
    engine.execute(RegisterParticipant(int(BIN), "x", DAY))
    engine.execute(ActivateParticipant(int(BIN), DAY))
    engine.execute(CreditAccount(int(BIN), 1000, "1"))
    engine.close()
    assert here("check")[0] == 0
    store = open_lmdb(tmp_path / "data")
    key = schema.account_key(int(BIN))
    row = AccountRow.unpack(store.view(lambda reader: reader.get_many((key,)))[0])
    changed = row._replace(available=row.available + 1)
    store.update(lambda writer: writer.put_many([(key, changed.pack())]))
    store.close()
    for flags in ((), ("--copy",)):
        code, text, error = here("check", *flags)
        assert (code, text, error.count("\n")) == (1, "", 1)
        assert BIN in error
        assert "credited + adjusted" in error
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_server_without_tls_stays_at_home(here):
    code, _, error = here("serve", "--listen", "0.0.0.0:0")
    assert code == 2
    assert "loopback" in error
    code, _, error = here("serve", "--limit", "nonsense=1")
    assert code == 2
    assert "no such limit" in error
    assert "active_orders_max=7 " in here("serve", "--limit", "active_orders_max=7", "--limits")[1]


def test_a_server_without_keys_says_how_they_are_made(here, monkeypatch):
    sentence = "Error: none: no such file; emitter keys init makes the keys\n"
    assert here("serve", "--keys", "none") == (3, "", sentence)
    monkeypatch.setenv("EMITTER_LANG", "ru")
    sentence = "Ошибка: none: файла нет; ключи создаёт команда emitter keys init\n"
    assert here("serve", "--keys", "none") == (3, "", sentence)


def test_a_server_whose_certificate_is_missing_says_so_and_ends(tmp_path):
    place = Place(tmp_path)
    place.run("keys", "init")
    error = place.error("serve", "--tls-certificate", "none", "--tls-key", "none", code=3)
    assert error == "Error: none: No such file or directory"


def test_a_server_with_tls_is_reached_by_its_authority(tmp_path):
    place = Place(tmp_path)
    place.run("keys", "init")
    authority, chain, secret = certificate()
    for name, content in (("ca", authority), ("chain", chain), ("key", secret)):
        (tmp_path / name).write_bytes(content)
    token = place.token("operator.token", "--data", "data", "--role", "operator")
    address = place.serve("--tls-certificate", "chain", "--tls-key", "key")
    try:
        server = address.replace("127.0.0.1", "localhost")
        flags = ("account", "register", BIN, "x", "--on", "2026-03-01", "--server", server)
        assert place.ask(*flags, "--ca", "ca", **token)["bin"] == BIN
    finally:
        assert place.stop() == 0


def _commands(command: click.Command, path: tuple[str, ...]):
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from _commands(command.get_command(click.Context(command), name), (*path, name))
    yield path, command


@pytest.mark.parametrize(
    ("path", "command"), list(_commands(cli, ("emitter",))), ids=lambda value: str(value)[:40]
)
def test_every_command_explains_itself_with_an_example(path, command):
    help_text = command.get_help(click.Context(command, info_name=" ".join(path)))
    assert command.help
    examples = [
        line.strip() for line in help_text.split(t("Примеры:\n", "Examples:\n"))[1].splitlines()
    ]
    assert any(" ".join(path) in example for example in examples)


def test_help_is_russian_unless_english_is_asked_for(place):
    russian = place.run("--help", EMITTER_LANG="").stdout
    assert "Команды:" in russian
    assert not re.search(r"Usage|Commands|Show", russian)
    assert "Commands:" in place.run(code=2).stderr


def test_a_wrong_command_line_is_one_line_and_ends_with_2(here):
    for arguments in (
        ("foo",),
        ("keys", "foo"),
        ("keys", "add", "foo"),
        ("order", "create"),
        ("deliver", "x", "y", "--nope"),
        ("verify", "no-such-file"),
    ):
        code, text, error = here(*arguments)
        assert (code, text, error.count("\n")) == (2, "", 1), arguments
        assert error.startswith("Error: ")
    assert here("--version")[1].split()[0] == "emitter"
