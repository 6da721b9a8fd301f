"""What every call has in common: who calls, in what language, by when, and how a no is said.

`services` turns plain methods ``(request, call) -> response`` into gRPC handlers. It reads the
methods of a service from its descriptor, parses the bytes itself so that even a malformed message
gets a typed answer, turns `Refused` into a status, and anything unexpected into `Reason.INTERNAL`
with the cause in the log and nothing of it on the wire.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import unquote

import grpc
from google.protobuf import message_factory
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from emitter.api.access_log import CANCELLED, NOBODY, OK, Who, lists_of, who_is
from emitter.engine.participants import Role
from emitter.errors import Reason, Refused
from emitter.store.port import StoreError
from emitter.trade.parties import require_bin
from emitter.wire import language_of, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

    from emitter.api.access_log import AccessLog
    from emitter.config import Limits
    from emitter.engine.batch import Answer
    from emitter.engine.commands import Command
    from emitter.engine.engine import Engine
    from emitter.engine.participants import Principal
    from emitter.engine.promise import Promise

API_VERSION = "1.0"
VERSION_METADATA = (("emitter-api-version", API_VERSION),)

_log = logging.getLogger(__name__)
_BEARER = "Bearer "
_Request = TypeVar("_Request", bound=Message)
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def principal(context: grpc.ServicerContext, engine: Engine) -> Principal:
    """Return who calls, known by the bearer token; refused with UNAUTHENTICATED."""
    for name, value in context.invocation_metadata():
        if name == "authorization" and isinstance(value, str) and value.startswith(_BEARER):
            return engine.authenticate(value.removeprefix(_BEARER))
    raise Refused(Reason.UNAUTHENTICATED)


class Visit:
    """One call of anybody: its language, and the address it comes from.

    ``items`` is what the access log tells; of a page it counts the rows itself.
    """

    who: Who = NOBODY
    items: int = 1
    is_gone = False  # whether the caller has left a stream that had more to say
    is_said = False  # whether all of a stream was said: whoever leaves then cancels nothing

    def __init__(self, context: grpc.ServicerContext, engine: Engine, limits: Limits) -> None:
        self.context = context
        self.engine = engine
        self.limits = limits
        self.language = _language(context)

    @property
    def address(self) -> str:
        """The caller's address without a port, as `public.caller_of` takes it."""
        family, _, rest = self.context.peer().partition(":")  # "ipv6:%5B::1%5D:80", "unix:…"
        host = unquote(rest).rpartition(":")[0] if family in ("ipv4", "ipv6") else ""
        return host.strip("[]")


class Call(Visit):
    """One call: its caller, its language and its time, and the engine as this caller may use it."""

    def __init__(self, context: grpc.ServicerContext, engine: Engine, limits: Limits) -> None:
        super().__init__(context, engine, limits)
        self.caller = principal(context, engine)
        self.who = who_is(self.caller)

    @property
    def bin(self) -> int | None:
        """The participant the caller acts for, None for the operator."""
        return self.caller.bin

    def require_live(self) -> None:
        """Refuse if the caller's token has ended since the call began."""
        self.engine.require_live(self.caller)

    def station(self) -> int:
        """Return the BIN that a station is bound to; refuse anybody else."""
        if self.caller.role is not Role.STATION or self.caller.bin is None:
            raise Refused(Reason.PERMISSION_DENIED, role=Role.STATION.name)
        return self.caller.bin

    def operator(self) -> None:
        """Refuse anybody but the operator."""
        if self.caller.role is not Role.OPERATOR:
            raise Refused(Reason.PERMISSION_DENIED, role=Role.OPERATOR.name)

    def reader(self, text: str) -> int:
        """Return the BIN whose data is read: the caller's own, or the one the operator names.

        A participant that names another's is told that there is none.
        """
        if self.caller.bin is None and not text:
            raise Refused(Reason.FIELD_REQUIRED, field="bin")
        number = require_bin(text, "bin") if text else self.caller.bin
        if number is None or self.caller.bin not in (None, number):
            raise Refused(Reason.PARTICIPANT_NOT_FOUND)
        return number

    def author(self, text: str) -> int:
        """Return the BIN that a document is made for: a station's own, or the operator names it."""
        if self.caller.role not in (Role.STATION, Role.OPERATOR):
            raise Refused(Reason.PERMISSION_DENIED, role=Role.STATION.name)
        return self.reader(text)

    def execute(self, command: Command) -> tuple[Any, bool]:
        """Carry out a command, waiting for its verdict no longer than the call may take.

        Returns the command's own value, and whether the verdict was remembered.
        """
        answer = self.wait(self.engine.submit(command))
        return answer.value, answer.replayed

    def wait(self, promise: Promise) -> Answer:
        """Return the answer; COMMIT_UNKNOWN if the call may take no longer."""
        try:
            return promise.result(self._seconds_left())
        except TimeoutError:
            raise Refused(Reason.COMMIT_UNKNOWN) from None

    def _seconds_left(self) -> float:
        seconds = self.context.time_remaining()
        limit = self.limits.unary_deadline_ms / 1000
        return limit if seconds is None else max(0.0, min(limit, seconds))


class Servicer(Protocol):
    """A service: its descriptor, and a method for each of its own, in lower case."""

    descriptor: ServiceDescriptor


class Doorman:
    """Opens a `Call` for every request of the servicers it is given, and notes how it ended."""

    def __init__(self, engine: Engine, limits: Limits, log: AccessLog | None = None) -> None:
        self._engine = engine
        self._limits = limits
        self._log = log

    def handler(
        self, servicer: Servicer, caller: type[Visit] = Call
    ) -> grpc.GenericRpcHandler[Any, Any]:
        """Return the handler of all methods of a service; ``caller`` says who may call them.

        A stream's method gets the parsed request, or for a stream of requests an iterator of
        bytes; it yields finished bytes, so that bulk data is never copied into a message.
        """
        methods = {}
        for method in servicer.descriptor.methods:
            answer = getattr(servicer, _CAPITAL.sub("_", method.name).lower())
            request_type = message_factory.GetMessageClass(method.input_type)
            note = self._noting(servicer, method)
            if method.client_streaming:
                methods[method.name] = grpc.stream_stream_rpc_method_handler(
                    self._stream(answer, None, note)
                )
            elif method.server_streaming:
                methods[method.name] = grpc.unary_stream_rpc_method_handler(
                    self._stream(answer, request_type, note)
                )
            else:
                methods[method.name] = grpc.unary_unary_rpc_method_handler(
                    self._unary(answer, request_type, caller, note)
                )
        return grpc.method_handlers_generic_handler(servicer.descriptor.full_name, methods)

    def _unary(
        self,
        answer: Callable[[Any, Any], Message],
        request_type: type[Message],
        caller: type[Visit],
        note: Callable[[_Seen], None],
    ) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def handle(body: bytes, context: grpc.ServicerContext) -> bytes:
            seen = _Seen(context)
            try:
                seen.call = call = caller(context, self._engine, self._limits)
                response = answer(parse(request_type, body), call)
                data = response.SerializeToString()
            except Exception as error:
                seen.ended = _refusal(error)
                note(seen)
                _abort(context, seen.ended)
                raise
            seen.response, seen.ended = response, None
            note(seen)
            context.set_trailing_metadata(VERSION_METADATA)
            return data

        return handle

    def _stream(
        self,
        answer: Callable[[Any, Call], Iterator[bytes]],
        request_type: type[Message] | None,
        note: Callable[[_Seen], None],
    ) -> Callable[[Any, grpc.ServicerContext], Iterator[bytes]]:
        def handle(request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
            seen = _Seen(context)
            try:
                context.send_initial_metadata(VERSION_METADATA)
                context.set_trailing_metadata(VERSION_METADATA)
                seen.call = call = Call(context, self._engine, self._limits)
                yield from answer(parse(request_type, request) if request_type else request, call)
                seen.ended = CANCELLED if call.is_gone else None
            except Exception as error:
                seen.ended = _refusal(error)
                _abort(context, seen.ended)
                raise
            except GeneratorExit:
                if seen.call is not None and seen.call.is_said:
                    seen.ended = None
                raise
            finally:
                note(seen)

        return handle

    def _noting(self, servicer: Servicer, method: MethodDescriptor) -> Callable[[_Seen], None]:
        """Return what writes the line of a call of a method, once it has ended."""
        log = self._log
        if log is None:
            return lambda _: None
        name, lists = f"{servicer.descriptor.name}/{method.name}", lists_of(method.output_type)

        def note(seen: _Seen) -> None:
            log.tell(
                door="grpc",
                method=name,
                who=seen.who(),
                peer=seen.context.peer(),
                outcome=seen.outcome(),
                seconds=time.perf_counter() - seen.started,
                items=seen.items(lists),
            )

        return note


class _Seen:
    """A call as the access log tells of it, filled in on its way.

    ``ended`` is None if it went well. Whose end nobody has written down was cancelled.
    """

    __slots__ = ("call", "context", "ended", "response", "started")

    def __init__(self, context: grpc.ServicerContext) -> None:
        self.context = context
        self.started = time.perf_counter()
        self.call: Visit | None = None
        self.response: Message | None = None
        self.ended: Refused | str | None = CANCELLED

    def who(self) -> Who:
        """Return who called; of a token that has ended its id is known."""
        if self.call is None and isinstance(self.ended, Refused):
            return Who(token=self.ended.refusal.details.get("token_id"))
        return NOBODY if self.call is None else self.call.who

    def items(self, lists: tuple[str, ...]) -> int:
        """Return how much it was about; ``lists`` are the rows of its answer."""
        if lists and self.response is not None:
            return sum(len(getattr(self.response, name)) for name in lists)
        return 1 if self.call is None else self.call.items

    def outcome(self) -> str:
        """Return how it ended, in a word."""
        ended = self.ended
        return ended.reason.name if isinstance(ended, Refused) else ended or OK


def _refusal(error: Exception) -> Refused | str:
    """Return what a call ends with; `CANCELLED` where the client has gone."""
    return CANCELLED if isinstance(error, grpc.RpcError) else refused_for(error)


def refused_for(error: BaseException) -> Refused:
    """Return the refusal that answers an error; what is none goes to the log and is INTERNAL.

    The weather of the store is one that a repeat may outlive: STORE_UNAVAILABLE.
    """
    if isinstance(error, Refused):
        return error
    _log.error("a call failed", exc_info=error)
    weather = isinstance(error, StoreError)
    return Refused(Reason.STORE_UNAVAILABLE if weather else Reason.INTERNAL)


def _abort(context: grpc.ServicerContext, ended: Refused | str) -> None:
    """End a call with the status of its refusal."""
    if isinstance(ended, str):  # the client has gone: there is nobody to tell
        return
    status = rpc_status.to_status(status_of(ended.refusal, _language(context)))
    context.set_trailing_metadata((*VERSION_METADATA, *status.trailing_metadata))
    context.abort(status.code, status.details)


def parse(request_type: type[_Request], body: bytes) -> _Request:
    """Return the message of its bytes; refused with FIELD_INVALID if they are not one."""
    try:
        return request_type.FromString(body)
    except DecodeError:
        raise Refused(
            Reason.FIELD_INVALID,
            field="request",
            rule="the bytes are not a message of this type",
            rule_ru="байты не являются сообщением этого типа",
        ) from None


def _language(context: grpc.ServicerContext) -> str:
    for name, value in context.invocation_metadata():
        if name == "accept-language" and isinstance(value, str):
            return language_of(value)
    return language_of("")
