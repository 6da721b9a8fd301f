"""Opening the stations' door as a server's settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.api.suz.door import station_app
from emitter.api.suz.listener import StationServer
from emitter.api.suz.signatures import Anchors
from emitter.wire import host_and_port, require_free

if TYPE_CHECKING:
    from emitter.api.access_log import AccessLog
    from emitter.config import Settings
    from emitter.engine.engine import Engine


def open_stations(
    engine: Engine,
    settings: Settings,
    *,
    sandbox: bool = False,
    access_log: AccessLog | None = None,
) -> tuple[StationServer, int]:
    """Serve stations on ``settings.stations_listen``; return the server and its port.

    ValueError for trust anchors or an address that do not read, OSError for what cannot be opened.
    """
    file = settings.trust_anchors_file
    anchors = None if file is None else Anchors.load(file)
    app = station_app(
        engine, engine.limits, anchors=anchors, sandbox=sandbox, access_log=access_log
    )
    server = StationServer(
        app,
        engine.limits,
        certificate_file=settings.tls_certificate_file,
        key_file=settings.tls_key_file,
    )
    host, port = host_and_port(settings.stations_listen)
    require_free(settings.stations_listen)
    return server, server.start(host, port, settings.grace_s)
