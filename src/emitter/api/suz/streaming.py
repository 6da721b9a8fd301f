"""Large answers: made part by part in a thread, compressed where asked, sent as they are taken.

However large the answer, the server holds one part of it. A client that takes nothing for the
limit's time loses the connection.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import re
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from emitter.api.calls import refused_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Receive, Scope, Send

_ZERO = re.compile(r"q\s*=\s*0(\.0{0,3})?")
_GZIP_WINDOW = 31  # zlib's number for the gzip format
_GZIP_LEVEL = 1  # codes are chance and base64: a higher level saves one per cent
_GS_ESCAPED = b"\\u001d"


def json_strings(records: bytes, size: int) -> bytes:
    """Return fixed-width codes as the inside of a JSON array: ``"…","…"``; b'' for none.

    A code has no control character but GS and no backslash; a quote it may have.
    """
    if not records:
        return b""
    rows = np.frombuffer(records, np.uint8).reshape(-1, size)
    lines = np.empty((len(rows), size + 1), np.uint8)
    lines[:, :size] = rows
    lines[:, size] = 0x0A
    text = lines.tobytes().replace(b'"', b'\\"').replace(b"\x1d", _GS_ESCAPED)
    return b'"' + text[:-1].replace(b"\n", b'","') + b'"'


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3): named, or by ``*``."""
    weights: dict[str, bool] = {}
    for item in accept_encoding.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weights[name] = not any(_ZERO.fullmatch(each) for each in parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def compressed(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the parts as one gzip stream."""
    press = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    for part in parts:
        if small := press.compress(part):
            yield small
    yield press.flush()


async def begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Return the parts, the first made already: what fails in it can still be answered."""
    first = await run_in_threadpool(next, parts, b"")
    return itertools.chain((first,), parts)


class Streamed(Response):
    """A JSON answer in parts; ``finished`` is called when it is over, however it ends."""

    def __init__(
        self,
        parts: Iterator[bytes],
        *,
        gzip: bool,
        stall_s: float,
        finished: Callable[[], None] = lambda: None,
    ) -> None:
        headers = {"Vary": "Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        super().__init__(None, 200, headers, "application/json")
        del self.headers["content-length"]  # known at the end only
        self._parts = compressed(parts) if gzip else parts
        self._stall_s = stall_s
        self._finished = finished

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the answer, the next part in the making while the last is taken."""
        begin = functools.partial(run_in_threadpool, next, self._parts, None)
        coming: asyncio.Task[bytes | None] = asyncio.create_task(begin())
        try:
            part = await coming
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while part is not None:
                coming = asyncio.create_task(begin())
                await self._send(send, part, more=True)
                part = await coming
            await self._send(send, b"", more=False)
            if scope["state"]["is_lost"]():
                scope["seen"].status = None
        except TimeoutError:
            scope["seen"].status = None
            scope["state"]["abort"]()  # a close would wait for the client to take the rest
        except Exception as error:
            scope["seen"].reason = refused_for(error).refusal.reason
            raise
        except BaseException:  # the server stops
            scope["seen"].status = None
            raise
        finally:
            await asyncio.gather(coming, return_exceptions=True)
            self._finished()

    async def _send(self, send: Send, part: bytes, *, more: bool) -> None:
        message: dict[str, Any] = {"type": "http.response.body", "body": part, "more_body": more}
        async with asyncio.timeout(self._stall_s):
            await send(message)
