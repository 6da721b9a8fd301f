"""A server of the verb's own, on a store that nobody serves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from emitter.api.access_log import open_access_log
from emitter.client import Client
from emitter.engine.engine import Engine
from emitter.server import Server
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.config import Settings
    from emitter.engine.keys import KeyRing


@contextlib.contextmanager
def embedded(settings: Settings, keys: KeyRing, token: str | None) -> Iterator[Client]:
    """Lend a client of a server that runs meanwhile; without a token it is the operator's.

    Its calls go to the file of the access log, if the settings name one; stderr is the verb's.
    """
    place = settings.access_log
    log = None if place == "stderr" else open_access_log(place)
    engine = Engine(open_lmdb(settings.data_dir), keys, sscc_prefix=settings.sscc_prefix)
    try:
        server = Server(engine, access_log=log)
    except BaseException:
        engine.close()
        raise
    try:
        port = server.start("127.0.0.1:0")
        with Client(f"127.0.0.1:{port}", token or engine.embedded_token()) as client:
            yield client
    finally:
        server.stop(settings.grace_s)
        if log is not None:
            log.close()
