"""The command as those who run a server use it: its callers, its log, its keys, its failures."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from emitter.cli.server import _place
from emitter.engine.sealed import seal, unseal
from place import COMMAND, Place
from served import BIN, LP, certificate


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A served store with an operator and a participant."""
    place = Place(tmp_path_factory.mktemp("access"))
    place.run("keys", "init")
    operator = place.token("operator.token", "--data", "data", "--role", "operator")
    place.environment["EMITTER_SERVER"] = place.serve("--access-log", "access.log")
    place.environment |= operator
    place.run("account", "register", BIN, "ТОО «Пример»", "--on", "2026-03-01")
    place.run("account", "activate", BIN, "--on", "2026-03-02")
    place.run("account", "credit", BIN, "5000.00", "--reference", "1")
    place.stock(BIN)
    yield place
    assert place.stop() == 0


def test_a_token_is_issued_for_a_time_listed_and_revoked(place):
    station = place.token(
        "s.token", "--role", "station", "--bin", BIN, "--label", "line 7", "--lifetime", "90d"
    )
    place.run("account", "show", **station)
    (listed,) = place.ask("account", "tokens", "--bin", BIN)
    assert (listed["role"], listed["label"], listed["state"]) == ("STATION", "line 7", "ACTIVE")
    table = place.run("account", "tokens").stdout
    assert "line 7" in table
    assert listed["token_id"] in table
    assert (place.folder / "s.token").read_text().strip() not in table
    for _ in range(2):
        said = place.run("account", "revoke-token", listed["token_id"]).stdout
    assert said.startswith(f"Token {listed['token_id']} revoked 2")
    error = place.error("account", "show", code=1, **station)
    assert error == f"Error: The token {listed['token_id']} was revoked."
    error = place.error("account", "show", code=1, EMITTER_LANG="ru", **station)
    assert error == f"Ошибка: Токен {listed['token_id']} отозван."
    assert place.ask("account", "tokens", "--bin", BIN) == []
    (ended,) = place.ask("account", "tokens", "--bin", BIN, "--all")
    assert ended["state"] == "REVOKED"


def test_a_new_token_comes_with_what_revokes_it(place):
    made = place.ask("account", "token", "--role", "operator", "--lifetime", "90d")
    (listed,) = (
        each for each in place.ask("account", "tokens") if each["token_id"] == made["token_id"]
    )
    assert made["expire_time"] == listed["expire_time"] is not None
    said = place.run("account", "token", "--role", "operator")
    token_id = said.stderr.split()[-1]
    assert token_id not in said.stdout
    place.run("account", "revoke-token", token_id)
    assert "revoked" in place.error("account", "tokens", "--token", said.stdout.strip(), code=1)


def test_a_token_that_is_not_there_and_a_time_that_is_none_are_said_in_a_line(place):
    assert place.error("account", "revoke-token", "0" * 16, code=1).endswith("0000.")
    flags = ("--role", "operator", "--lifetime", "soon")
    assert "90d" in place.error("account", "token", *flags, code=2)


def test_every_call_is_logged_where_the_flag_says(place):
    place.ask("account", "tokens")
    time.sleep(0.5)  # it is written ten times a second
    lines = [json.loads(line) for line in (place.folder / "access.log").read_text().splitlines()]
    methods = [line["method"] for line in lines]
    assert methods.count("AccountService/RegisterParticipant") == 1
    assert {line["role"] for line in lines if line["outcome"] == "OK"} == {"OPERATOR", "STATION"}
    assert lines[-1]["method"] == "AccountService/ListTokens"


def key_of_a_new_code(place, station) -> str:
    """Order a code and return the id of its check key, from its AI 91."""
    order = place.ask("order", "create", f"{LP}:1:10", **station)
    out = place.folder / "one.csv"
    place.run("deliver", order["order_id"], LP, "--out", str(out), **station)
    tail = out.read_bytes().partition(b"\x1d91")[2]
    out.unlink()
    return tail[:4].decode()


def hang_up(place) -> str:
    """Send SIGHUP to the server; return what its log says to it."""
    log = place.folder / "server.log"
    said = len(log.read_text())
    place.server.send_signal(signal.SIGHUP)
    for _ in range(100):
        time.sleep(0.05)
        if "read again" in (news := log.read_text()[said:]):
            return news
    raise AssertionError("nothing was said")


def test_a_running_server_takes_keys_that_were_added_and_no_others(place, tmp_path):
    station = place.token("h.token", "--role", "station", "--bin", BIN)
    before = key_of_a_new_code(place, station)
    kind = next(k["kind"] for k in place.ask("keys", "list")["keys"] if k["id"] == before)
    place.run("keys", "add", kind)
    place.run("keys", "current", "0004")
    assert key_of_a_new_code(place, station) == before, "nobody has told the server"
    assert "4 check keys, current" in hang_up(place)
    assert key_of_a_new_code(place, station) == "0004"
    keys = place.folder / "keys"
    ours = keys.read_bytes()
    place.run("keys", "init", "--keys", str(tmp_path / "others"))
    master = bytes.fromhex((place.folder / "master.key").read_text())
    later = seal(unseal(keys, master) + bytes((9, 1)) + bytes(32), master)  # a kind of key to come
    for others in ((tmp_path / "others").read_bytes(), b"damaged", later):
        keys.write_bytes(others)
        assert "were not read again" in hang_up(place)
    keys.unlink()
    assert "were not read again" in hang_up(place)
    assert key_of_a_new_code(place, station) == "0004"
    keys.write_bytes(ours)
    keys.chmod(0o600)


@pytest.mark.parametrize(
    ("flags", "code", "sentence"),
    [
        (("--listen", "foo"), 2, "foo: нужен адрес вида host:port, порт от 0 до 65535"),
        (("--stations-listen", "127.0.0.1:x"), 2, "127.0.0.1:x: нужен адрес вида host:port"),
        (("--listen", "127.0.0.1:65536"), 2, "127.0.0.1:65536: нужен адрес вида host:port"),
        (("--listen", "::1"), 2, "::1: нужен адрес вида host:port"),
        (("--listen", "nobody.invalid:1"), 2, "nobody.invalid:1: нет такого узла"),
        (("--stations-listen", "unix:/x"), 2, "unix:/x: нужен адрес вида host:port"),
        (("--tls-client-ca", "pem"), 2, "для --tls-client-ca нужны --tls-certificate и --tls-key"),
        (("--listen", "{taken}"), 3, "{taken}: адрес уже занят"),
        (("--stations-listen", "{taken}"), 3, "{taken}: адрес уже занят"),
        (("--tls-certificate", "none", "--tls-key", "none"), 3, "none: нет такого файла"),
        (("--tls-certificate", "pem", "--tls-key", "pem"), 2, "pem, pem: это не цепочка"),
        (("--access-log", "."), 3, "это папка, а не файл"),
    ],
)
def test_what_a_server_cannot_use_is_said_in_one_russian_line(place, flags, code, sentence):
    (place.folder / "pem").write_text("no certificate")
    taken = place.environment["EMITTER_SERVER"]
    flags = [flag.format(taken=taken) for flag in flags]
    free = [] if "--listen" in flags else ["--listen", "127.0.0.1:0"]
    elsewhere = {"EMITTER_DATA_DIR": "other", "EMITTER_LANG": "ru"}
    error = place.error("serve", *free, *flags, code=code, **elsewhere)
    assert sentence.format(taken=taken) in error


def test_errors_of_the_system_are_said_in_russian(place):
    for arguments, sentence in (
        (("verify", "none"), "нет такого файла или папки"),
        (("account", "show", "--token-file", "none"), "none: нет такого файла или папки"),
        (("account", "show", "--server", "foo"), "нужен адрес вида host:port"),
    ):
        ended = subprocess.run(
            [*COMMAND, *arguments], cwd=place.folder,
            env=place.environment | {"EMITTER_LANG": "ru"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode in (2, 3)
        assert sentence in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_the_place_of_a_server_is_said_as_it_was_given():
    assert _place("unix:/x.sock", 1) == "unix:/x.sock"
    assert _place("[::1]:0", 7443) == "[::1]:7443"


def test_a_server_that_stops_says_so_before_it_waits_for_its_stations(tmp_path):
    place = Place(tmp_path)
    place.environment |= {"EMITTER_GRACE_S": "3", "EMITTER_ACCESS_LOG": str(tmp_path / "calls")}
    place.run("keys", "init")
    here = ("--data", "data")
    place.run("account", "register", BIN, "ТОО", "--on", "2026-03-01", *here)
    made = place.ask("station", "add", BIN, *here)
    lines = (tmp_path / "calls").read_text().splitlines()
    methods = [json.loads(line)["method"] for line in lines]
    assert methods[:2] == ["AccountService/RegisterParticipant", "StationService/RegisterStation"]
    target = place.serve("--stations-listen", "127.0.0.1:0")
    port = int(place.server.stdout.readline().split()[-1])
    asked = health_pb2.HealthCheckRequest(service="")
    with (
        grpc.insecure_channel(target) as channel,
        socket.create_connection(("127.0.0.1", port)) as slow,
    ):
        slow.sendall(
            f"POST /api/v3/integration/connection?omsId={made['omsId']} HTTP/1.1\r\nHost: x\r\n"
            f"X-RegistrationKey: {made['registrationKey']}\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        health = health_pb2_grpc.HealthStub(channel).Watch(asked)
        assert next(health).status == health_pb2.HealthCheckResponse.SERVING
        place.server.terminate()
        began = time.monotonic()
        assert next(health).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert time.monotonic() - began < 1.5
        place.server.communicate(timeout=20)
        assert place.server.returncode == 0
        assert 2 < time.monotonic() - began < 6, "one grace time for both doors"


def test_with_an_authority_of_clients_nobody_without_its_certificate_is_let_in(tmp_path):
    place = Place(tmp_path)
    place.run("keys", "init")
    for who in ("server", "client", "stranger"):
        for name, content in zip(("ca", "chain", "key"), certificate(), strict=True):
            (tmp_path / f"{who}.{name}").write_bytes(content)
    place.environment |= place.token("operator.token", "--data", "data", "--role", "operator")
    tls = ("--tls-certificate", "server.chain", "--tls-key", "server.key", "--tls-client-ca")
    (tmp_path / "empty").write_text("")
    for none in ("server.key", "empty"):
        assert "no certificates in PEM" in place.error("serve", *tls, none, code=2)
    server = place.serve(*tls, "client.ca").replace("127.0.0.1", "localhost")
    flags = ("account", "tokens", "--server", server, "--ca", "server.ca")
    try:
        shown = ("--certificate", "client.chain", "--certificate-key", "client.key")
        assert len(place.ask(*flags, *shown)) == 1
        strange = ("--certificate", "stranger.chain", "--certificate-key", "stranger.key")
        for refused in ((), strange):
            assert "reached by TLS: check" in place.error(*flags, *refused, code=3)
        assert "together" in place.error(*flags, *shown[:2], code=2)
        for pair in (("empty", "client.key"), ("client.chain", "server.key")):
            strange = ("--certificate", pair[0], "--certificate-key", pair[1])
            assert "not a certificate chain" in place.error(*flags, *strange, code=2)
        for none in ("server.key", "empty"):
            assert "no certificates in PEM" in place.error(*flags[:5], none, code=2)
        assert "needs --ca" in place.error(*flags[:4], *shown, code=2)
    finally:
        assert place.stop() == 0
