"""Listening, health, and stopping: in this process, and as a program that gets signals."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from emitter.client import Client, Reason, Refused, Role
from emitter.engine.engine import Engine
from emitter.engine.keys import KeyRing
from emitter.malloc import keep_large_blocks
from emitter.server import Server
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.memory import MemoryStore
from emitter.store.port import StoreLocked
from emitter.wire import require_free, require_loopback
from served import (
    BIN,
    DAY,
    PHARMA,
    PHARMA_TEMPLATE,
    Process,
    Served,
    certificate,
    pharma,
    product,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emitter.store.port import Reader


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:0", "127.1.2.3:0", "localhost:0", "[::1]:0", "unix:/run/emitter"]
)
def test_plain_text_stays_at_home(listen: str) -> None:
    require_loopback(listen)


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:0", "[::]:0", ":7443", "7443", "10.0.0.1:1", "8.8.8.8:53", "nobody.invalid:1", "::1"],
)
def test_plain_text_is_not_offered_to_others(keys: KeyRing, listen: str) -> None:
    with pytest.raises(ValueError, match=r"loopback|host|узла"):
        require_loopback(listen)
    server = Server(Engine(MemoryStore(), keys))
    with pytest.raises(ValueError, match=r"loopback|host|узла"):
        server.start(listen)
    server.stop(0)
    with pytest.raises(ValueError, match=r"loopback|host|узла"):  # nor is a token sent there
        Client(listen, "token")


def test_a_port_in_use_is_an_error_and_not_a_share(keys: KeyRing) -> None:
    with Served(keys) as served:
        second = Server(Engine(MemoryStore(), keys))
        with pytest.raises(OSError, match="Address already in use"):
            second.start(served.target)
        second.stop(0)


def test_a_name_needs_but_one_address_that_this_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*hosts: str) -> None:
        found = [socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0] for host in hosts]
        monkeypatch.setattr("emitter.wire.socket.getaddrinfo", lambda *_, **_named: found)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with monkeypatch.context():
            resolve("192.0.2.1", "127.0.0.1")  # the first is for documents
            with pytest.raises(OSError, match="in use"):
                require_free(f"localhost:{port}")
        monkeypatch.undo()
    resolve("192.0.2.1", "127.0.0.1")
    require_free(f"localhost:{port}")
    monkeypatch.undo()
    resolve("192.0.2.1")
    with pytest.raises(OSError, match="assign"):
        require_free(f"localhost:{port}")


def test_with_a_certificate_any_address_is_served(keys: KeyRing) -> None:
    root, chain, key = certificate()
    credentials = grpc.ssl_server_credentials([(key, chain)])
    engine = Engine(MemoryStore(), keys)
    server = Server(engine, credentials=credentials)
    port = server.start("0.0.0.0:0")
    target, token = f"localhost:{port}", engine.embedded_token()
    with Client(target, token, root_certificates=root) as client:
        client.register_participant(BIN, "ТОО", DAY)
    with pytest.raises(ValueError, match="root_certificates"):  # it would be shown to nobody
        Client(target, token, certificate=(chain, key))
    other_root, _, _ = certificate()
    for client in (
        Client(target, token, root_certificates=other_root, attempts=1),
        Client(target, token, attempts=1),
    ):
        with client, pytest.raises(grpc.RpcError) as error:
            client.account(bin=BIN)
        assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    server.stop(0)


def test_health_follows_the_server(keys: KeyRing) -> None:
    server = Server(Engine(MemoryStore(), keys))
    with grpc.insecure_channel(f"127.0.0.1:{server.start('127.0.0.1:0')}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        names = ["", *(f"emitter.v1.{name}Service" for name in ("Order", "Code", "Account"))]
        for name in names:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=""))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        stopping = threading.Thread(target=server.stop, args=(5,))
        stopping.start()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        stopping.join()


def test_stopping_closes_the_port_once_however_often_it_is_asked(keys: KeyRing) -> None:
    server = Server(Engine(MemoryStore(), keys))
    address = ("127.0.0.1", server.start("127.0.0.1:0"))
    socket.create_connection(address).close()
    for _ in range(2):
        server.stop(1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)


def test_the_weather_of_the_store_is_retryable_for_who_reads(keys: KeyRing, tmp_path: Path) -> None:
    store = open_lmdb(tmp_path, readers_max=1)
    server = Server(engine := Engine(store, keys))
    target = f"127.0.0.1:{server.start('127.0.0.1:0')}"
    taken, free = threading.Event(), threading.Event()

    def hold(_reader: Reader) -> None:
        taken.set()
        free.wait()

    with Client(target, engine.embedded_token()) as client, ThreadPoolExecutor(1) as pool:
        client.register_participant(BIN, "ТОО", DAY)
        held = pool.submit(store.view, hold)
        taken.wait()
        try:
            with pytest.raises(Refused) as refused:
                client.account(bin=BIN)
        finally:
            free.set()
        held.result()
        assert refused.value.reason is Reason.STORE_UNAVAILABLE
        assert client.account(bin=BIN).bin == BIN
    server.stop(1)


def test_many_callers_at_once_are_all_answered(keys: KeyRing) -> None:
    with Served(keys) as served, ExitStack() as stack:
        clients = [stack.enter_context(Client(served.target, served.token)) for _ in range(4)]
        with ThreadPoolExecutor(40) as pool:
            orders = list(
                pool.map(lambda n: clients[n % 4].create_order(pharma(1)).order_id, range(100))
            )
        assert len(set(orders)) == 100


def test_the_allocator_is_told_once_and_again() -> None:
    assert keep_large_blocks() == keep_large_blocks()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """A store on disk with a funded participant: its folder, the master key, a station's token."""
    master = os.urandom(32)
    keys = KeyRing.create(tmp_path / "keys", master)
    engine = Engine(open_lmdb(tmp_path / "data"), keys)
    server = Server(engine)
    target = f"127.0.0.1:{server.start('127.0.0.1:0')}"
    with Client(target, engine.embedded_token()) as operator:
        operator.register_participant(BIN, "ТОО", DAY)
        operator.activate_participant(BIN, DAY)
        operator.register_product(product(PHARMA, PHARMA_TEMPLATE), bin=BIN)
        operator.credit(BIN, 10**12, "payment")
        token = operator.issue_token(Role.ROLE_STATION, BIN)
    server.stop(5)
    return tmp_path, master.hex(), token


def test_codes_are_the_same_after_a_restart_from_any_index(home: tuple[Path, str, str]) -> None:
    folder, master, token = home
    with Process(folder, master) as process, Client(process.target, token) as client:
        order = client.create_order(pharma(20_000))
        whole = np.concatenate(list(client.deliver(order.order_id, PHARMA, "block", 15_000)))
        process.stop()
    with Process(folder, master) as process, Client(process.target, token) as client:
        for index in (0, 1, 7_777, 14_999, 15_000):
            again = client.deliver(order.order_id, PHARMA, "block", 15_000, index)
            parts = [np.empty((0, 85), np.uint8), *again]
            assert np.array_equal(np.concatenate(parts), whole[index:])
            assert again.replayed
        assert client.account().captured_tiyn == again.block.gross_tiyn
        rest = np.concatenate(list(client.deliver(order.order_id, PHARMA)))
        assert not set(map(bytes, rest)) & set(map(bytes, whole))
        process.stop()


def test_sigterm_lets_calls_in_flight_end(home: tuple[Path, str, str]) -> None:
    folder, master, token = home
    with Process(folder, master) as process, Client(process.target, token, attempts=1) as client:
        order = client.create_order(pharma(1_000_000))
        delivery = client.deliver(order.order_id, PHARMA)
        answered = threading.Event()
        go_on = threading.Event()

        def orders() -> Iterator[tuple[str, list[object]]]:
            yield "before", pharma(1)
            go_on.wait(20)

        verdicts = client.stream_orders(orders())
        assert next(verdicts)[0] == "before"
        records = iter(delivery)
        count = len(next(records))
        stopping = threading.Thread(target=lambda: (process.stop(), answered.set()))
        stopping.start()
        with pytest.raises(Refused) as refused:  # the stream of orders ends by itself
            next(verdicts)
        assert refused.value.reason is Reason.SHUTTING_DOWN
        go_on.set()
        assert not answered.is_set()
        with pytest.raises((grpc.RpcError, Refused)):  # no new call is taken
            Client(process.target, token, attempts=1).create_order(pharma(1))
        assert count + sum(len(part) for part in records) == 1_000_000
        stopping.join(20)
        assert answered.is_set()


def test_a_store_is_free_again_when_its_server_has_stopped(home: tuple[Path, str, str]) -> None:
    folder, master, _ = home
    with Process(folder, master) as process:
        with pytest.raises(StoreLocked):
            open_lmdb(folder / "data")
        process.stop()
    open_lmdb(folder / "data").close()


def test_a_slow_reader_does_not_fill_the_servers_memory(home: tuple[Path, str, str]) -> None:
    folder, master, token = home
    with Process(folder, master) as process, Client(process.target, token) as client:
        order = client.create_order(pharma(10_000_000))
        deliveries = [client.deliver(order.order_id, PHARMA, "all") for _ in range(4)]
        time.sleep(0.5)
        before = process.rss_bytes()
        for delivery in deliveries:
            next(iter(delivery))
        time.sleep(1)
        grown = process.rss_bytes() - before
        assert grown < 64 << 20  # of 4 x 850 MB
        assert client.create_order(pharma(1)).state
        for delivery in deliveries:
            delivery.close()


def test_a_server_that_cannot_open_its_keys_says_why(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="keys"):
        Process(tmp_path, "00" * 32)
