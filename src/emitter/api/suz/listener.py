"""The stations' server: uvicorn in a thread of its own, with its own guard against slow senders."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from emitter.api.suz.door import StationApp
    from emitter.config import Limits

_BACKLOG = 1_024
_KEEP_ALIVE_S = 75
_START_S = 30.0


class _Guarded(HttpToolsProtocol):
    """A protocol that drops a socket whose next request's head does not come in time.

    The same time has what is left of a body when its request is answered already. uvicorn itself
    ends idle connections only: one byte a minute would keep a socket for ever. An answer that
    nobody takes is ended by ``state["abort"]`` of its scope; ``state["is_lost"]`` tells whether the
    connection is, since what is sent then is dropped in silence.
    """

    head_s: float
    _head_due: asyncio.TimerHandle | None = None
    _is_whole = True  # the last request has come to its end
    _is_lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._head_has_come()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_whole = False
        self.scope["state"] |= {"abort": self.transport.abort, "is_lost": lambda: self._is_lost}
        if self._head_due is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_has_come()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._head_has_come()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_whole and self.cycle.response_complete and self._head_due is None:
            self._expect_head()

    def _expect_head(self) -> None:
        self._head_due = self.loop.call_later(self.head_s, self.transport.abort)

    def _head_has_come(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


def _guarded_protocol(head_s: float) -> type[_Guarded]:
    """Return the protocol for a time."""
    return type("_GuardedFor", (_Guarded,), {"head_s": head_s})


class _Announced(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.announced = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announced.set()


class StationServer:
    """Serves an application of `door.station_app` on one address. With a certificate by TLS."""

    def __init__(
        self,
        app: StationApp,
        limits: Limits,
        *,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
    ) -> None:
        self._app = app
        self._limits = limits
        self._tls: dict[str, Any] = {}
        if certificate_file is not None and key_file is not None:
            self._tls = {"ssl_certfile": str(certificate_file), "ssl_keyfile": str(key_file)}
        self._server: _Announced | None = None
        self._thread: threading.Thread | None = None

    def start(self, host: str, port: int, grace_s: float = 20.0) -> int:
        """Listen and return the port, which the system chooses for 0; OSError if it cannot be."""
        config = uvicorn.Config(
            self._app,
            http=_guarded_protocol(self._limits.station_request_ms / 1000),
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # an address that a client may choose is no bucket of calls
            limit_concurrency=self._limits.station_sockets_max,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(grace_s)),
            **self._tls,
        )
        config.load()  # here, so that a wrong certificate is the caller's to hear of
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._server = _Announced(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="stations", daemon=True
        )
        self._thread.start()
        if not self._server.announced.wait(_START_S):
            raise OSError(f"the stations' door did not open on {host}:{port}")
        return int(listening.getsockname()[1])

    def stop(self) -> None:
        """Take no more calls, let those in flight finish within the grace time, and end."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
