"""One call of a station: who calls, what it asks for, and how its commands are carried out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from starlette.requests import ClientDisconnect

from emitter.api.suz.shapes import Fault, MisshapenError, read_json, read_shape
from emitter.errors import Reason, Refused
from emitter.store.rows import SignaturePolicy
from emitter.trade.gs1 import require_gtin
from emitter.wire import language_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from emitter.api.suz.answers import Dialect
    from emitter.api.suz.challenges import Challenges
    from emitter.api.suz.pace import Pace
    from emitter.api.suz.signatures import Anchors
    from emitter.config import Limits
    from emitter.engine.batch import Answer
    from emitter.engine.commands import Command
    from emitter.engine.engine import Engine
    from emitter.engine.stations import Session

_ATTEMPTS = 3
_UNSURE = {Reason.COMMIT_FAILED, Reason.COMMIT_UNKNOWN}


class House(NamedTuple):
    """What all calls share. Without ``anchors`` no signature can be verified."""

    engine: Engine
    limits: Limits
    pace: Pace
    challenges: Challenges
    anchors: Anchors | None
    sandbox: bool


class Call:
    """A request in a dialect, answered in the language it asks for, else in Russian."""

    def __init__(self, request: Request, dialect: Dialect, house: House) -> None:
        self.request = request
        self.dialect = dialect
        self.house = house
        self.engine = house.engine
        self.limits = house.limits
        self.language = language_of(request.headers.get("accept-language", "ru"))
        self.is_signed = False
        self.items = 1  # what the access log tells
        self._session: Session | None = None
        self._body: bytes | None = None

    @property
    def session(self) -> Session:
        """Who calls; `enter` has found it out."""
        if self._session is None:
            raise AssertionError("the call has not been let in")
        return self._session

    @property
    def known_session(self) -> Session | None:
        """Who calls, as far as it was found out."""
        return self._session

    @property
    def bin(self) -> int:
        """The participant that the station acts for."""
        return self.session.bin

    @property
    def oms_id(self) -> str:
        """The station's omsId, as answers carry it."""
        return str(self.session.oms_id)

    async def enter(self) -> None:
        """Let the caller in: token, its pace, omsId, signature, in this order; or refuse.

        While the store takes no commits nobody is let in: STORE_UNAVAILABLE.
        """
        self._require_store()
        token = self.header("clientToken")
        if not token:
            self.enter_unknown()
            raise Refused(Reason.UNAUTHENTICATED)
        try:
            self._session = self.engine.session(token)
        except Refused:
            self.enter_unknown()
            raise
        self.house.pace.enter(self._session.connection_id)
        if self.uuid("omsId") != self._session.oms_id:
            raise Refused(Reason.TOKEN_MISFIT, oms_id=self.query("omsId"))
        await self._judge_signature(self._session)

    def _require_store(self) -> None:
        if not self.engine.store_watch.takes_commits:
            raise Refused(Reason.STORE_UNAVAILABLE)

    def enter_unknown(self) -> None:
        """Count a call of somebody without a token, by the address."""
        client = self.request.client
        self.house.pace.enter(client.host if client else "")

    async def _judge_signature(self, session: Session) -> None:
        """Verify the signature where there is one; refuse its absence where policy demands it."""
        signature = self.header("X-Signature")
        changes = self.request.method == "POST"
        if not signature:
            if session.signatures is SignaturePolicy.ALWAYS or (
                session.signatures is SignaturePolicy.CHANGES and changes
            ):
                raise Refused(Reason.SIGNATURE_REQUIRED)
            return
        anchors = self.house.anchors
        if anchors is not None:
            anchors.verify_detached(signature, await self.signed_bytes(), session.bin)
            self.is_signed = True
        elif session.signatures is not SignaturePolicy.OPTIONAL:
            raise Refused(Reason.SIGNATURE_INVALID, rule="the server has no trust anchors")

    async def signed_bytes(self) -> bytes:
        """Return what a signature is of: the body, or path and query where there is none."""
        body = await self.body() if self.request.method == "POST" else b""
        if body:
            return body
        scope = self.request.scope
        query: bytes = scope["query_string"]
        path: bytes = scope["raw_path"]
        return path + b"?" + query if query else path

    # What it asks for -----------------------------------------------------------------------------

    def header(self, name: str) -> str:
        """Return a header without the space around it; an empty one counts as absent: ''."""
        return self.request.headers.get(name, "").strip()

    def query(self, name: str) -> str:
        """Return a parameter of the query; refused with FIELD_REQUIRED where it is missing."""
        text = self.optional(name)
        if not text:
            raise Refused(Reason.FIELD_REQUIRED, field=name)
        return text

    def optional(self, name: str) -> str:
        """Return a parameter of the query, '' where it is missing."""
        return self.request.query_params.get(name, "").strip()

    def gives(self, name: str) -> bool:
        """Whether the query has a parameter, be it empty."""
        return name in self.request.query_params

    def uuid(self, name: str) -> UUID:
        """Return a parameter that is a UUID, in either case."""
        return require_uuid(self.query(name), name)

    def gtin(self) -> int:
        """Return the GTIN of the query."""
        return require_gtin(self.query("gtin"), "gtin")

    def quantity(self) -> int:
        """Return how many codes are asked for: from 1 to the limit of a fetch."""
        text, most = self.query("quantity"), self.limits.station_fetch_codes_max
        quantity = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        if not 1 <= quantity <= most:
            raise Refused(Reason.QUANTITY_OUT_OF_RANGE, field="quantity", least=1, limit=most)
        return quantity

    async def body(self) -> bytes:
        """Return the body; refused beyond the limits of size and time."""
        if self._body is None:
            most = self.limits.station_body_bytes_max
            length = self.header("Content-Length")
            if length.isdecimal() and int(length) > most:
                raise Refused(Reason.BODY_TOO_LARGE, limit=most)
            parts, size = [], 0
            try:
                async with asyncio.timeout(self.limits.station_request_ms / 1000):
                    async for part in self.request.stream():
                        size += len(part)
                        if size > most:
                            raise Refused(Reason.BODY_TOO_LARGE, limit=most)
                        parts.append(part)
            except (TimeoutError, ClientDisconnect):
                raise MisshapenError(
                    Fault("body", "the body did not come", "тело запроса не получено")
                ) from None
            self._body = b"".join(parts)
        return self._body

    async def shape(self, name: str) -> dict[str, Any]:
        """Return the body as an object of the contract's shape."""
        return read_shape(name, read_json(await self.body()))

    # What it makes happen -------------------------------------------------------------------------

    async def execute(self, command: Command, *, apart: bool = False) -> Answer:
        """Carry out a command; one whose fate is unknown is tried again, its id makes it safe.

        What takes long to make ready is made so ``apart``, in a thread of its own.
        """
        self._require_store()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._execute(command, apart=apart)
            except Refused as refused:
                if attempt == _ATTEMPTS or refused.reason not in _UNSURE:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _execute(self, command: Command, *, apart: bool) -> Answer:
        submit = self.engine.submit
        promise = await asyncio.to_thread(submit, command) if apart else submit(command)
        loop, settled = asyncio.get_running_loop(), asyncio.Event()
        promise.add_done_callback(lambda _: loop.call_soon_threadsafe(settled.set))
        try:
            async with asyncio.timeout(self.limits.unary_deadline_ms / 1000):
                await settled.wait()
        except TimeoutError:
            raise Refused(Reason.COMMIT_UNKNOWN) from None
        finally:
            promise.abandoned = True
        return promise.result()


def require_uuid(text: str, field: str) -> UUID:
    """Return a UUID given in either case; raises `MisshapenError`."""
    try:
        return UUID(text)
    except ValueError:
        raise MisshapenError(
            Fault(field, f"{field}: a UUID is expected", f"{field}: ожидается UUID")
        ) from None
