"""StationService and ``emitter station``: the operator gives stations; secrets are shown once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from conftest import DAY
from emitter.client import Client, Reason, Refused, SignaturePolicy
from emitter.engine.commands import IssueToken, RegisterParticipant
from emitter.engine.engine import Engine
from emitter.engine.keys import MASTER_VARIABLE, KeyRing, create_master
from emitter.engine.participants import Role
from emitter.store import rows
from emitter.store.lmdb_engine import open_lmdb
from served import BIN, OTHER_BIN, Served
from suz import Station

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "d1bc8149-7b39-4aa2-afb1-df1b6c8f80c5"


def reason_of(action) -> Reason:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.reason


def test_the_operator_gives_a_station_its_access(keys) -> None:
    with Served(keys) as served:
        oms_id, key = served.operator.register_station(BIN, "цех")
        made = served.operator.open_connection(oms_id, "линия")
        token = served.operator.issue_client_token(made.connection_id)
        session = served.engine.session(token)
        assert (str(session.oms_id), str(session.connection_id)) == (oms_id, made.connection_id)
        assert session.bin == int(BIN)
        assert served.engine.station(UUID(oms_id)).accepts_key(key)
        assert reason_of(lambda: served.engine.authenticate(token)) is Reason.UNAUTHENTICATED


def test_connections_are_listed_with_what_is_known_of_them(keys) -> None:
    with Served(keys) as served:
        always = SignaturePolicy.SIGNATURE_POLICY_ALWAYS
        oms_id, _ = served.operator.register_station(BIN, "цех", always)
        other_id, _ = served.operator.register_station(OTHER_BIN, "цех")
        made = [served.operator.open_connection(oms_id, str(n)) for n in range(3)]
        made.append(served.operator.open_connection(other_id, "x"))
        served.operator.issue_client_token(made[0].connection_id)
        listed = {c.connection_id: c for c in served.operator.connections(page_size=2)}
        assert listed.keys() == {connection.connection_id for connection in made}
        assert listed[made[0].connection_id].has_token
        assert not listed[made[1].connection_id].has_token
        assert listed[made[1].connection_id].signature_policy == always
        assert listed[made[3].connection_id].bin == OTHER_BIN


def test_nobody_but_the_operator_may(keys) -> None:
    with Served(keys) as served:
        for action in (
            lambda: served.client.register_station(BIN, "x"),
            lambda: served.client.open_connection(NOWHERE, "x"),
            lambda: served.client.issue_client_token(NOWHERE),
            lambda: list(served.client.connections()),
        ):
            assert reason_of(action) is Reason.PERMISSION_DENIED


def test_what_does_not_read_or_is_not_there_is_refused(keys) -> None:
    with Served(keys) as served:
        operator = served.operator
        for action, reason in (
            (lambda: operator.register_station("990140000017", "x"), Reason.PARTICIPANT_NOT_FOUND),
            (lambda: operator.register_station(BIN, ""), Reason.FIELD_REQUIRED),
            (lambda: operator.register_station(BIN, "x", 9), Reason.FIELD_INVALID),
            (lambda: operator.open_connection(NOWHERE, "x"), Reason.STATION_NOT_FOUND),
            (lambda: operator.open_connection("", "x"), Reason.FIELD_REQUIRED),
            (lambda: operator.open_connection("x", "x"), Reason.FIELD_INVALID),
            (lambda: operator.issue_client_token(NOWHERE), Reason.CONNECTION_NOT_FOUND),
        ):
            assert reason_of(action) is reason


def test_the_policies_of_wire_and_store_are_one() -> None:
    assert {item.value for item in rows.SignaturePolicy} == set(SignaturePolicy.values()) - {0}


def test_the_command_gives_a_station_and_ends_its_token(tmp_path: Path) -> None:
    master = create_master(tmp_path / "master")
    keys = KeyRing.create(tmp_path / "keys", master)
    engine = Engine(open_lmdb(tmp_path / "data"), keys)
    engine.execute(RegisterParticipant(int(BIN), "ТОО", DAY))
    engine.close()
    where = ["--data", tmp_path / "data", "--keys", tmp_path / "keys", "--json"]

    def run(*words: str):
        ended = subprocess.run(
            [sys.executable, "-m", "emitter.cli", "station", *words, *where],
            env=os.environ | {MASTER_VARIABLE: master.hex()},
            capture_output=True, check=True,
        )  # fmt: skip
        return json.loads(ended.stdout)

    made = run("add", BIN, "--name", "цех", "--signatures", "changes")
    again = run("token", made["omsConnection"])["clientToken"]
    (listed,) = run("list")
    assert listed["oms_id"] == made["omsId"]
    assert listed["signature_policy"] == "CHANGES"
    engine = Engine(open_lmdb(tmp_path / "data"), keys)
    assert reason_of(lambda: engine.session(made["clientToken"])) is Reason.UNAUTHENTICATED
    assert str(engine.session(again).oms_id) == made["omsId"]
    engine.close()


def test_one_server_opens_both_doors_on_one_store(tmp_path: Path) -> None:
    master = create_master(tmp_path / "master")
    keys = KeyRing.create(tmp_path / "keys", master)
    engine = Engine(open_lmdb(tmp_path / "data"), keys)
    operator = engine.execute(IssueToken(Role.OPERATOR, None, "test")).value
    engine.execute(RegisterParticipant(int(BIN), "ТОО", DAY))
    engine.close()
    server = subprocess.Popen(
        [sys.executable, "-m", "emitter.cli", "serve", "--data", tmp_path / "data",
         "--keys", tmp_path / "keys", "--listen", "127.0.0.1:0",
         "--stations-listen", "127.0.0.1:0"],
        env=os.environ | {MASTER_VARIABLE: master.hex()},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    grpc_port, http_port = (
        int(re.search(r"(\d+)$", server.stdout.readline())[1]) for _ in range(2)
    )
    with Client(f"127.0.0.1:{grpc_port}", operator) as client:
        oms_id, _ = client.register_station(BIN, "цех")
        made = client.open_connection(oms_id, "линия")
        token = client.issue_client_token(made.connection_id)
    station = Station(http_port, oms_id, token)
    assert station.get("v2/shoes/ping") == {"omsId": oms_id}
    server.terminate()
    server.communicate(timeout=20)
    assert server.returncode == 0
    station.close()


def test_a_test_authority_is_made_by_the_command(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "emitter.cli", "dev-ca", BIN, "--out", tmp_path / "ca"],
        capture_output=True, check=True,
    )  # fmt: skip
    names = {item.name for item in (tmp_path / "ca").iterdir()}
    assert names == {"ca.pem", "ca.key", f"{BIN}.pem", f"{BIN}.key"}
