"""How a server is reached, and how a call to it is made, again while that can help."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.type.date_pb2 import Date

from emitter.client.repeating import Repeats
from emitter.wire import require_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from google.protobuf.message import Message


class Caller:
    """A connection to a server under a bearer token; see `Client`."""

    def __init__(
        self,
        target: str,
        token: str,
        *,
        root_certificates: bytes | None = None,
        certificate: tuple[bytes, bytes] | None = None,
        timeout_s: float = 30.0,
        attempts: int = 5,
        language: str = "en",
    ) -> None:
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.http2.max_frame_size", 1 << 20),  # few frames for a message of records
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
        ]
        if root_certificates is None:
            if certificate is not None:
                raise ValueError("a certificate is shown by TLS only: root_certificates are needed")
            require_loopback(target)
            self._channel = grpc.insecure_channel(target, options)
        else:
            credentials = grpc.ssl_channel_credentials(
                root_certificates, *reversed(certificate or ())
            )
            self._channel = grpc.secure_channel(target, credentials, options)
        self._metadata = (("authorization", f"Bearer {token}"), ("accept-language", language))
        self._timeout_s = timeout_s
        self._attempts = attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls in flight end."""
        self._channel.close()

    def _ask(self, method: Callable[..., Any], request: Message) -> Any:
        """Make a call, again while that can help; raise `Refused` for what the server refuses."""
        repeats = Repeats(self._attempts)
        while True:
            try:
                return method(request, timeout=self._timeout_s, metadata=self._metadata)
            except grpc.RpcError as error:
                repeats.after(error)

    def _pages(self, method: Callable[..., Any], request: Any, field: str) -> Iterator[Any]:
        """Yield the items of all pages."""
        while True:
            response = self._ask(method, request)
            yield from getattr(response, field)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token


def service(stub: Any) -> Any:
    """Return the attribute of a caller that is a generated stub, which has no types."""
    return cached_property(lambda caller: stub(caller._channel))  # noqa: SLF001 - a part of it


def new_id() -> str:
    """Return a new id of a request."""
    return str(uuid.uuid4())


def civil_date(day: date) -> Date:
    """Return the message of a day."""
    return Date(year=day.year, month=day.month, day=day.day)
