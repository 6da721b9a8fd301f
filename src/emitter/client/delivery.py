"""One delivered block, received as arrays of records; a broken stream is resumed where it broke."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Self

import grpc
import numpy as np

from emitter.client.repeating import Repeats
from emitter.v1 import code_pb2
from emitter.wire import RecordsDigest, split_records

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray


class CodesDamagedError(Exception):
    """The codes that arrived are not the ones that were sent; deliver the same block again."""


class Delivery:
    """A block on its way: iterate once for arrays of uint8, shape (n, record_size), a code a row.

    The arrays are read-only views of what gRPC received. ``block`` and ``replayed`` are known from
    the start. After the last array the digest of the server is compared: `CodesDamagedError`, so
    count on the codes when the iteration has ended. `close` (or ``with``) gives up early.
    """

    def __init__(
        self,
        call: Callable[[code_pb2.DeliverBlockRequest], Any],
        request: code_pb2.DeliverBlockRequest,
        attempts: int,
    ) -> None:
        self._call = call
        self._request = request
        self._repeats = Repeats(attempts)
        self.block = code_pb2.Block()
        self.replayed = False
        self.record_size = 0
        self._arrays = self._receive()
        first = list(itertools.islice(self._arrays, 1))  # raises what the server refuses
        self._iterator = itertools.chain(first, self._arrays)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return self._iterator

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up what has not arrived; the block can be delivered again at any time."""
        self._arrays.close()

    def codes(self) -> list[bytes]:
        """Return the codes as bytes, one each: for small blocks, since every code is an object."""
        return [row.tobytes() for records in self for row in records]

    def _receive(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield the records of as many streams as it takes, each continuing the one before."""
        while True:
            call: Any = self._call(self._request)
            try:
                if (yield from self._read(call)):
                    return
                if not self._repeats.again():
                    raise CodesDamagedError("the stream ends before the last code")
            except grpc.RpcError as error:
                self._repeats.after(error)
            finally:
                call.cancel()

    def _read(self, call: Iterator[bytes]) -> Generator[NDArray[np.uint8], None, bool]:
        """Yield the records of one stream; return whether it came to its proper end."""
        digest = RecordsDigest()
        for message in call:
            try:
                head, records = split_records(message)
            except ValueError as error:
                raise CodesDamagedError(str(error)) from None
            if head.HasField("block") and not self.block.block_id:
                self.block, self.replayed = head.block, head.replayed
                self.record_size = head.record_size
            if self.record_size <= 0:
                raise CodesDamagedError("the first message does not tell the block")
            count, rest = divmod(len(records), self.record_size)
            if rest or head.first_index != self._request.from_index:
                raise CodesDamagedError("the records do not continue the ones before")
            if count:
                self._repeats.succeeded()
                digest.update(records)
                self._request.from_index += count
                yield np.frombuffer(records, np.uint8).reshape(count, self.record_size)
            if head.digest:
                if head.digest != digest.digest():
                    raise CodesDamagedError("the digest of the records differs")
                return True
        return False
