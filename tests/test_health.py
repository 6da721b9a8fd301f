"""Health when the store is lost and found: it is said at both doors, and by itself."""

from __future__ import annotations

import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from conftest import DAY
from emitter.client import Client, Reason, Refused
from emitter.engine.engine import Engine
from emitter.server import Server
from emitter.store.memory import MemoryStore
from emitter.store.port import StoreFailed
from faulty_store import Fault, FaultyStore, Operation
from served import BIN, Process, pharma
from suz import Door
from test_api_streams import until
from test_server import home

if TYPE_CHECKING:
    from pathlib import Path

    from emitter.engine.keys import KeyRing

__all__ = ["home"]  # a fixture

BAD_COMMIT = Fault("bad commit", StoreFailed, frozenset({Operation.COMMIT}))
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Asks a server how it is."""

    def __init__(self, target: str) -> None:
        self.channel = grpc.insecure_channel(target)
        self._stub = health_pb2_grpc.HealthStub(self.channel)

    def close(self) -> None:
        self.channel.close()

    def status(self, service: str = "emitter.v1.OrderService") -> int:
        return self._stub.Check(health_pb2.HealthCheckRequest(service=service)).status


def test_a_store_that_takes_no_commits_is_said_before_anybody_calls(keys: KeyRing) -> None:
    store = FaultyStore(MemoryStore())
    engine = Engine(store, keys)
    server = Server(engine)
    target = f"127.0.0.1:{server.start('127.0.0.1:0')}"
    with closing(Health(target)) as health:
        assert health.status() == SERVING
        store.fail(BAD_COMMIT, 1, persistent=True)
        until(lambda: health.status() == NOT_SERVING)
        assert health.status("") == NOT_SERVING
        with Client(target, engine.embedded_token(), attempts=1) as client:
            with pytest.raises(Refused) as refused:  # calls are tried all the same
                client.register_participant(BIN, "ТОО", DAY)
            assert refused.value.reason is Reason.COMMIT_FAILED
            store.heal()
            until(lambda: health.status() == SERVING)
            client.register_participant(BIN, "ТОО", DAY)
        store.fail(BAD_COMMIT, 1, persistent=True)
        until(lambda: health.status() == NOT_SERVING)
        store.heal()
        server.stop(1)


def test_a_store_that_hangs_is_said_when_its_time_is_over(keys: KeyRing) -> None:
    store, free = MemoryStore(), threading.Event()
    engine = Engine(store, keys)
    engine.store_watch._patience_s = 0.2
    server = Server(engine)
    with (
        closing(Health(f"127.0.0.1:{server.start('127.0.0.1:0')}")) as health,
        ThreadPoolExecutor(1) as pool,
    ):
        try:
            pool.submit(store.update, lambda _: free.wait())
            until(lambda: health.status() == NOT_SERVING)
        finally:
            free.set()
        until(lambda: health.status() == SERVING)
        server.stop(1)


def test_a_server_that_stops_is_not_well_again_because_its_store_is(keys: KeyRing) -> None:
    store = FaultyStore(MemoryStore())
    server = Server(Engine(store, keys))
    with closing(Health(f"127.0.0.1:{server.start('127.0.0.1:0')}")) as health:
        store.fail(BAD_COMMIT, 1, persistent=True)
        until(lambda: health.status() == NOT_SERVING)
        server._stopping.set()
        store.heal()
        until(lambda: server._engine.store_watch.takes_commits)
        assert health.status() == NOT_SERVING
        server._stopping.clear()
        server.stop(1)


def test_the_stations_door_answers_503_in_its_own_words_meanwhile(keys: KeyRing) -> None:
    with Door(keys) as door:
        watch = door.engine.store_watch
        store = watch._store = FaultyStore(door.store)
        watch.start(lambda: None)
        call = door.station.call
        assert call("GET", "v2/shoes/ping").status == 200
        store.fail(BAD_COMMIT, 1, persistent=True)
        until(lambda: not watch.takes_commits)
        v2, v3 = call("GET", "v2/shoes/ping"), call("POST", "v3/orders", {})
        unknown = call("POST", "v3/integration/connection", {}, {"X-RegistrationKey": "x"})
        for reply in (v2, v3, unknown):
            assert reply.json["success"] is False
        assert (v2.status, v3.status, unknown.status) == (503, 503, 401)
        assert v2.headers["Retry-After"] == "1"
        assert v2.json["globalErrors"] == ["Хранилище сейчас недоступно; повторите позже."]
        assert v3.json["globalErrors"][0]["errorCode"] == Reason.STORE_UNAVAILABLE
        health = door.station.raw("GET", "/health", None, {})
        assert (health.status, health.json) == (503, {"status": "NOT_SERVING"})
        assert door.station.raw("GET", "/public/check?code=x", None, {}).status == 200
        store.heal()
        until(lambda: call("GET", "v2/shoes/ping").status == 200)
        assert door.station.raw("GET", "/health", None, {}).json == {"status": "SERVING"}


def test_a_real_server_without_room_or_file_says_so_until_it_has_them(
    home: tuple[Path, str, str],
) -> None:
    folder, master, token = home
    file, elsewhere = folder / "data" / "data.mdb", folder / "data" / "elsewhere"
    with (
        Process(folder, master) as process,
        closing(Health(process.target)) as health,
        Client(process.target, token, attempts=1) as client,
    ):
        limits = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        with pytest.raises(Refused) as refused:  # the disk takes not a byte
            client.create_order(pharma(1))
        assert refused.value.reason is Reason.STORE_FULL
        until(lambda: health.status() == NOT_SERVING)
        assert client.account().bin == BIN, "who reads is served"
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, limits)
        until(lambda: health.status() == SERVING)
        client.create_order(pharma(1))
        file.rename(elsewhere)
        until(lambda: health.status() == NOT_SERVING)
        with pytest.raises(Refused) as refused:
            client.create_order(pharma(1))
        assert refused.value.reason is Reason.COMMIT_FAILED
        elsewhere.rename(file)
        until(lambda: health.status() == SERVING)
        client.create_order(pharma(1))
        assert client.account().open_orders == 2
        process.stop()
