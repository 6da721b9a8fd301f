"""The server of both doors, gRPC and the stations' HTTP: what it allows, and how it stops.

Health says SERVING while the store takes commits (`store_watch`).

Order of a stop: health says NOT_SERVING; streams of orders end once what they have read is
answered; no call is taken any more at either door; calls in flight get the grace time and are then
cancelled; the engine carries out what is queued and closes.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from emitter import _core
from emitter.api.access_log import open_access_log
from emitter.api.accounts import AccountServicer
from emitter.api.boxes import BoxServicer
from emitter.api.calls import Doorman, Visit
from emitter.api.codes import CodeServicer
from emitter.api.labels import LabelServicer
from emitter.api.orders import OrderServicer
from emitter.api.products import ProductServicer
from emitter.api.public import PublicServicer
from emitter.api.reports import ReportServicer
from emitter.api.stations import StationServicer
from emitter.api.streams import Streams
from emitter.api.suz.opening import open_stations
from emitter.api.transfers import TransferServicer
from emitter.config import Limits, Settings
from emitter.engine.engine import Engine, StoreMismatchError
from emitter.engine.keys import KeyRing, KeyState, format_key_id, read_master
from emitter.engine.sealed import KeysError
from emitter.garbage import collect_rarely
from emitter.malloc import keep_large_blocks
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.port import StoreError
from emitter.wire import (
    certificates,
    chain_and_key,
    require_address,
    require_free,
    require_loopback,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.api.access_log import AccessLog
    from emitter.api.suz.listener import StationServer

_log = logging.getLogger(__name__)
_HOUR_S = 3600.0
_DAY_HOURS = 24


class Server:
    """The services of an engine on one port. It owns the engine: `stop` closes it.

    Without ``credentials`` it speaks plain text and `start` refuses any but loopback addresses.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        limits: Limits | None = None,
        credentials: grpc.ServerCredentials | None = None,
        access_log: AccessLog | None = None,
    ) -> None:
        limits = limits or engine.limits
        self._engine = engine
        self._credentials = credentials
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._streams = Streams(limits)
        self._makers = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="maker")
        self._health = health.HealthServicer()
        self._health_lock = threading.Lock()
        self._server = grpc.server(
            ThreadPoolExecutor(limits.threads_max, thread_name_prefix="call"),
            options=_options(limits),
            maximum_concurrent_rpcs=limits.calls_max,
        )
        doorman = Doorman(engine, limits, access_log)
        servicers = (
            OrderServicer(self._streams),
            CodeServicer(self._streams, self._makers),
            ReportServicer(),
            BoxServicer(),
            TransferServicer(),
            LabelServicer(self._streams),
            AccountServicer(self._streams),
            StationServicer(),
            ProductServicer(),
        )
        public = PublicServicer()
        self._names = ["", *(each.descriptor.full_name for each in (*servicers, public))]
        self._server.add_generic_rpc_handlers([doorman.handler(each) for each in servicers])
        self._server.add_generic_rpc_handlers([doorman.handler(public, Visit)])
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._keeper = threading.Thread(target=self._keep_house, name="housekeeper", daemon=True)

    def start(self, listen: str) -> int:
        """Listen on ``host:port`` and return the port, which the system chooses for port 0.

        ValueError for an address that is not loopback without TLS; OSError if it cannot be bound.
        """
        require_address(listen)
        if self._credentials is None:
            require_loopback(listen)
        require_free(listen)  # gRPC would say why in lines of its own
        try:
            if self._credentials is None:
                port = self._server.add_insecure_port(listen)
            else:
                port = self._server.add_secure_port(listen, self._credentials)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {listen}: {error}") from None
        self._server.start()
        self._set_health()
        self._engine.store_watch.start(self._set_health)
        self._keeper.start()
        return port

    def stop(self, grace_s: float, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Stop gracefully (see the module) and close the engine; a second call only waits.

        ``meanwhile`` ends who else uses the engine, while calls in flight have their grace time.
        """
        if self._stopping.is_set():
            self._stopped.wait()
            return
        self._stopping.set()
        self._set_health()
        stopped = self._server.stop(grace_s)
        self._streams.drain()
        meanwhile()
        stopped.wait()
        self._streams.close()
        self._makers.shutdown()
        self._engine.close()
        self._stopped.set()

    def _set_health(self) -> None:
        """Say SERVING as long as the store takes commits and the server does not stop."""
        answer = health_pb2.HealthCheckResponse
        with self._health_lock:
            good = self._engine.store_watch.takes_commits and not self._stopping.is_set()
            for name in self._names:
                self._health.set(name, answer.SERVING if good else answer.NOT_SERVING)

    def _keep_house(self) -> None:
        """Forget old refusals and end orders whose time is over, hourly; archive, daily."""
        for hour in itertools.count(1):
            if self._stopping.wait(_HOUR_S):
                return
            try:
                self._engine.forget_refusals()
                self._engine.expire_orders()
                if hour % _DAY_HOURS == 0:
                    self._engine.archive_orders()
            except StoreError:
                _log.exception("housekeeping failed; it will be tried again")


def serve(
    settings: Settings,
    limits: Limits | None = None,
    *,
    started: Callable[[int], None] = lambda _port: None,
    stations_started: Callable[[int], None] = lambda _port: None,
) -> None:
    """Open the store and the keys, serve until SIGTERM or SIGINT, and stop gracefully.

    SIGHUP reads the file of keys again. `SettingsError` for what cannot be used.

    ``started`` and, where stations are served, ``stations_started`` hear the ports once calls are
    answered. To be called in the main thread.
    """
    keep_large_blocks()
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: signals.put(number))
    limits = limits or Limits()
    keys = KeyRing.load(settings.keys_file, read_master(settings.master_key_file))
    credentials = _credentials(settings)
    access_log = open_access_log(settings.access_log)
    store, prefix = open_lmdb(settings.data_dir), settings.sscc_prefix
    engine = Engine(store, keys, limits=limits, sscc_prefix=prefix)
    server = Server(engine, credentials=credentials, access_log=access_log)
    stations: StationServer | None = None
    try:
        if settings.stations_listen != "off":
            if settings.tls_certificate_file is None:
                require_loopback(settings.stations_listen)
            stations, stations_port = open_stations(engine, settings, access_log=access_log)
        port = server.start(settings.listen)
        _log.info("kernels %s, signatures %s", _core.kernel_form(), _core.signature_library())
        _log.info("serving on port %d", port)
        started(port)
        if stations is not None:
            _log.info("serving stations on port %d", stations_port)
            stations_started(stations_port)
        collect_rarely()
        while signals.get() == signal.SIGHUP:
            _reload_keys(engine)
    finally:
        other = stations.stop if stations is not None else lambda: None
        server.stop(settings.grace_s, meanwhile=other)
        if access_log is not None:
            access_log.close()
    _log.info("stopped")


def _reload_keys(engine: Engine) -> None:
    """Read the keys again and say what came of it."""
    try:
        engine.reload_keys()
    except (KeysError, StoreMismatchError, StoreError, OSError) as error:
        _log.error("the keys were not read again, those in use stay: %s", error)
        return
    except Exception:  # noqa: BLE001 - a fault of the program ends no server
        _log.exception("the keys were not read again, those in use stay")
        return
    infos = engine.keys.infos()
    current = [format_key_id(info.key_id) for info in infos if info.state is KeyState.CURRENT]
    _log.info("the keys were read again: %d check keys, current %s", len(infos), " ".join(current))


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    chain, key = chain_and_key(settings.tls_certificate_file, settings.tls_key_file)
    if settings.tls_client_ca_file is None:
        return grpc.ssl_server_credentials([(key, chain)])
    authorities = certificates(settings.tls_client_ca_file)
    return grpc.ssl_server_credentials([(key, chain)], authorities, require_client_auth=True)


def _options(limits: Limits) -> list[tuple[str, int]]:
    """Return gRPC's own limits; a peer that answers no ping for 40 seconds has vanished."""
    return [
        ("grpc.so_reuseport", 0),  # a second server on the port is an error, not a share of calls
        ("grpc.max_receive_message_length", limits.message_bytes_max),
        ("grpc.max_metadata_size", limits.metadata_bytes_max),
        ("grpc.max_concurrent_streams", limits.calls_max),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]
