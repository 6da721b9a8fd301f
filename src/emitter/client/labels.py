"""One block, received as labels: pieces of a file, or a file for each symbol."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import grpc

from emitter.client.delivery import CodesDamagedError
from emitter.wire import refused_of_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.v1 import label_pb2


class Labels:
    """Labels on their way: iterate once for the messages of the service.

    ``block``, ``replayed``, ``modules`` and ``module_dots`` are known from the start. After the
    last piece the digest of the server is compared: `CodesDamagedError`. A stream that breaks is
    asked for again with the same block id, whole or from an index on: it costs nothing.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self._first = self._next()
        self.block = self._first.block
        self.replayed = self._first.replayed
        self.modules = self._first.modules
        self.module_dots = self._first.module_dots

    def __iter__(self) -> Iterator[label_pb2.RenderLabelsResponse]:
        digest = hashlib.sha256()
        message = self._first
        while not message.sha256:
            digest.update(message.data)
            yield message
            message = self._next()
        if message.sha256 != digest.digest():
            raise CodesDamagedError("the digest of the labels differs")

    def data(self) -> Iterator[bytes]:
        """Yield the bytes of the pieces: of ZPL, PDF, CSV and text one file."""
        for message in self:
            yield message.data

    def files(self) -> Iterator[tuple[int, bytes]]:
        """Yield (index in the block, file) of each symbol, of PNG and SVG."""
        for message in self:
            start = 0
            for index, end in enumerate(message.ends, message.first_index):
                yield index, message.data[start:end]
                start = end

    def _next(self) -> Any:
        try:
            return next(self._call)
        except StopIteration:
            raise CodesDamagedError("the stream ends before the last label") from None
        except grpc.RpcError as error:
            raise refused_of_call(error) or error from None
