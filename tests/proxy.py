"""A TCP proxy between client and server that cuts the wire where a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE_BYTES = 16 << 10


class Proxy:
    """Forwards connections to ``target``; cuts one when ``cut`` says so, and then waits for more.

    ``cut`` is asked with the number of the connection, from 1, and the bytes that the server has
    sent on it so far, before they are passed on; what it cuts never reaches the client.
    """

    def __init__(self, target: str, cut: Callable[[int, int], bool]) -> None:
        host, _, port = target.rpartition(":")
        self._server = (host, int(port))
        self._cut = cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.connections = 0
        self.target = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener, *self._sockets)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                for job in (self._to_server, self._to_client):
                    arguments = (client, server, self.connections)
                    threading.Thread(target=job, args=arguments, daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, _: int) -> None:
        with contextlib.suppress(OSError):
            while piece := client.recv(_PIECE_BYTES):
                server.sendall(piece)
        _close(client, server)

    def _to_client(self, client: socket.socket, server: socket.socket, number: int) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while piece := server.recv(_PIECE_BYTES):
                passed += len(piece)
                if self._cut(number, passed):
                    break
                client.sendall(piece)
        _close(client, server)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
