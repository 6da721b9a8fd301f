"""The door: every path of both dialects, and how a no is said.

A HEAD is never a GET here: asking for codes delivers them.
"""

from __future__ import annotations

import asyncio
import functools
import http
import importlib.metadata
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from emitter.api.calls import refused_for
from emitter.api.suz import aggregation, codes, orders, reports, sign_in
from emitter.api.suz.answers import Dialect, answer, faults_answer, refusal_answer
from emitter.api.suz.calls import Call, House, require_uuid
from emitter.api.suz.challenges import Challenges
from emitter.api.suz.contract import V2, V3, body_shape
from emitter.api.suz.pace import Pace
from emitter.api.suz.public import PATH as PUBLIC_CHECK
from emitter.api.suz.public import public_check
from emitter.api.suz.seen import Seen
from emitter.api.suz.shapes import MisshapenError
from emitter.api.suz.streaming import Streamed, begun, takes_gzip
from emitter.api.suz.words import EXTENSIONS, NOT_OFFERED, PRODUCT_GROUPS
from emitter.engine.orders import require_buffer
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import require_gtin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from emitter.api.access_log import AccessLog
    from emitter.api.suz.signatures import Anchors
    from emitter.config import Limits
    from emitter.engine.engine import Engine
    from emitter.engine.reports import DocumentView
    from emitter.trade.templates import Group

    Handler = Callable[[Call], Awaitable[Response]]
    Endpoint = Callable[[Request], Awaitable[Response]]
    Report = Callable[[str, Call], Awaitable[tuple[DocumentView, bool]]]

_HEALTH = "/health"
_SIGN_IN = "/api/v3/true-api/auth/simpleSignIn/"  # and then the connection
_REPORTS: dict[str, Report] = {
    "utilisation": reports.utilisation,
    "dropout": reports.dropout,
    "aggregation": aggregation.aggregation,
}
_VERSIONS = {Dialect.V2: "2.0", Dialect.V3: "3.0"}


class StationApp:
    """The ASGI application of both dialects: a path is looked up, however many there are."""

    def __init__(self, house: House, access_log: AccessLog | None = None) -> None:
        self._house = house
        self._log = access_log
        self._endpoints: dict[str, dict[str, Endpoint]] = {}
        for dialect, method, path, handler, enters in _paths():
            endpoint = _guarded(handler, dialect, house, enters=enters)
            self._endpoints.setdefault(path, {})[method] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note how it ended."""
        seen = scope["seen"] = Seen()
        try:
            await self._answer(scope, receive, send)
        finally:
            if self._log is not None:
                seen.tell(self._log, scope)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(_SIGN_IN):
            scope["path_params"] = {"omsConnection": path.removeprefix(_SIGN_IN)}
            path = _SIGN_IN
        methods = self._endpoints.get(path)
        if methods is not None or path in (_HEALTH, PUBLIC_CHECK):
            scope["seen"].path = path
        request = Request(scope, receive, send)
        if path == _HEALTH:
            response = _health(self._house)
        elif path == PUBLIC_CHECK:
            response = await public_check(request, self._house)
        elif methods is None:
            response = await _not_served(request, self._house, 404)
        elif request.method not in methods:
            response = await _not_served(request, self._house, 405)
            response.headers["Allow"] = ", ".join(sorted(methods))
        else:
            response = await methods[request.method](request)
        scope["seen"].status = response.status_code
        await response(scope, receive, send)


def station_app(
    engine: Engine,
    limits: Limits,
    *,
    anchors: Anchors | None = None,
    sandbox: bool = False,
    access_log: AccessLog | None = None,
) -> StationApp:
    """Return the ASGI application of both dialects over an engine.

    ``anchors`` make signatures verifiable; ``sandbox`` marks every answer as a test's.
    """
    challenges = Challenges(limits.station_challenge_ms / 1000)
    house = House(engine, limits, Pace(limits), challenges, anchors, sandbox)
    return StationApp(house, access_log)


def _paths() -> list[tuple[Dialect, str, str, Handler, bool]]:
    """Return dialect, method, path, handler, and whether a session is needed."""
    made: list[tuple[Dialect, str, str, Handler, bool]] = []
    for extension, group in EXTENSIONS.items():
        base = f"/api/v2/{extension}"
        for method, path, handler in _v2(extension, group):
            made.append((Dialect.V2, method, f"{base}/{path}", handler, path != "version"))
    made += [
        (Dialect.V3, method, f"/api/v3/{path}", handler, True) for method, path, handler in _V3
    ]
    made += [(Dialect.V3, method, f"/api/v3/{path}", handler, False)
             for method, path, handler in _V3_OPEN]  # fmt: skip
    for lacking in NOT_OFFERED:
        handler = functools.partial(_not_offered, lacking.path)
        if "v3" in lacking.dialects:
            made.append((Dialect.V3, lacking.method, f"/api/v3/{lacking.path}", handler, True))
        for extension in EXTENSIONS if "v2" in lacking.dialects else ():
            path = f"/api/v2/{extension}/{lacking.path}"
            if lacking.method.lower() in V2["paths"].get(path, {}):
                made.append((Dialect.V2, lacking.method, path, handler, True))
    made.append((Dialect.V2, "GET", "/api/v2/openapi.json", _document, False))
    return made


def _v2(extension: str, group: Group) -> list[tuple[str, str, Handler]]:
    """Return the calls of an extension in v2."""
    reported = [
        ("POST", call, functools.partial(_report, make, shape))
        for call, make in _REPORTS.items()
        if (shape := body_shape(extension, call))
    ]
    boxes = body_shape(extension, "aggregation")
    return [
        *reported,
        *([("GET", "aggregation/info", _aggregation_info)] if boxes else []),
        ("GET", "report/info", _report_info),
        ("GET", "ping", _ping_v2),
        ("GET", "version", _version),
        ("POST", "orders", functools.partial(_order_v2, body_shape(extension, "orders"), group)),
        ("GET", "orders", functools.partial(_orders, group)),
        ("GET", "buffer/status", _buffer_status),
        ("GET", "codes", _codes_v2),
        ("GET", "codes/blocks", _blocks),
        ("GET", "codes/retry", _retry),
        ("POST", "buffer/close", _close_v2),
    ]


def _guarded(handler: Handler, dialect: Dialect, house: House, *, enters: bool) -> Endpoint:
    """Let the caller in, answer, and turn what is refused into the dialect's error."""

    async def endpoint(request: Request) -> Response:
        call = request.scope["seen"].call = Call(request, dialect, house)
        try:
            if enters:
                await call.enter()
            response = await handler(call)
        except MisshapenError as error:
            request.scope["seen"].reason = Reason.FIELD_INVALID
            response = faults_answer(error.faults, dialect, call.language)
        except Exception as error:  # noqa: BLE001 - the door stays open, the cause is in the log
            refusal = refused_for(error).refusal
            request.scope["seen"].reason = refusal.reason
            response = refusal_answer(refusal, dialect, call.language)
        if house.sandbox:
            response.headers["X-Emitter-Sandbox"] = "true"
        return response

    return endpoint


def _health(house: House) -> Response:
    """Tell balancers what gRPC's health service tells them."""
    good = house.engine.store_watch.takes_commits
    return answer({"status": "SERVING" if good else "NOT_SERVING"}, 200 if good else 503)


async def _not_served(request: Request, house: House, status: int) -> Response:
    """Answer for a path or a method that is not served, in the dialect of the path."""
    dialect = Dialect.V3 if request.url.path.startswith("/api/v3") else Dialect.V2
    handler = functools.partial(_unserved, status)
    return await _guarded(handler, dialect, house, enters=False)(request)


async def _unserved(status: int, call: Call) -> Response:
    call.enter_unknown()
    request = call.request
    text = f"{request.method} {request.url.path[:200]}: {http.HTTPStatus(status).phrase}"
    error = {"error": text, "errorCode": status} if call.dialect is Dialect.V3 else text
    return answer({"success": False, "globalErrors": [error], "fieldErrors": []}, status)


async def _not_offered(what: str, _call: Call) -> Response:
    raise Refused(Reason.NOT_OFFERED, what=what)


# Both dialects ------------------------------------------------------------------------------------


@functools.cache
def _product_version() -> str:
    return importlib.metadata.version("emitter")


def _versions(call: Call) -> dict[str, str]:
    version = _product_version()
    return {
        "omsVersion": f"{version}-sandbox" if call.house.sandbox else version,
        "apiVersion": _VERSIONS[call.dialect],
    }


async def _version(call: Call) -> Response:
    call.enter_unknown()
    return answer(_versions(call))


@functools.cache
def _document_bytes(dialect: Dialect) -> bytes:
    return bytes(answer(V2 if dialect is Dialect.V2 else V3).body)


async def _document(call: Call) -> Response:
    call.enter_unknown()
    return Response(_document_bytes(call.dialect), media_type="application/json")


def _made(result: dict[str, Any], *, replayed: bool) -> Response:
    """Answer what was made, and say so where it was made before."""
    return answer(result, headers={"X-Emitter-Replayed": "true"} if replayed else {})


async def _report(make: Report, shape: str, call: Call) -> Response:
    view, replayed = await make(shape, call)
    call.items = view.row.codes
    return _made(reports.report_result(call, view), replayed=replayed)


async def _aggregation_info(call: Call) -> Response:
    return answer(await asyncio.to_thread(aggregation.aggregation_info, call))


async def _report_info(call: Call) -> Response:
    return answer(reports.report_info(call))


async def _orders(group: Group | None, call: Call) -> Response:
    return Streamed(
        await begun(orders.order_list(call, group)),
        gzip=takes_gzip(call.header("Accept-Encoding")),
        stall_s=call.limits.stream_stall_ms / 1000,
    )


async def _blocks(call: Call) -> Response:
    return codes.blocks_answer(call, call.uuid("orderId"), call.gtin())


async def _retry(call: Call) -> Response:
    order_id = (
        call.uuid("orderId") if call.dialect is Dialect.V2 or call.optional("orderId") else None
    )
    gtin = call.gtin() if call.dialect is Dialect.V2 or call.optional("gtin") else None
    find = functools.partial(codes.block_again, call, call.query("blockId"), order_id, gtin)
    return await codes.codes_answer(call, find)


# v2 -----------------------------------------------------------------------------------------------


async def _ping_v2(call: Call) -> Response:
    return answer({"omsId": call.oms_id})


async def _order_v2(shape: str, group: Group, call: Call) -> Response:
    view, replayed = await orders.create_order(call, await call.shape(shape), group)
    return _made(orders.order_result(call, view), replayed=replayed)


async def _buffer_status(call: Call) -> Response:
    order_id, gtin = call.uuid("orderId"), call.gtin()
    view = call.engine.order(call.bin, order_id)
    return answer(orders.buffer_info(call, view, require_buffer(view.row, gtin)))


async def _codes_v2(call: Call) -> Response:
    order_id, gtin, quantity = call.uuid("orderId"), call.gtin(), call.quantity()
    find = functools.partial(codes.next_block, call, order_id, gtin, quantity)
    if call.gives("lastBlockId"):  # an empty one is refused: each repeat would buy a new block
        last = call.query("lastBlockId")
        find = functools.partial(codes.block_after, call, order_id, gtin, last, quantity)
    return await codes.codes_answer(call, find)


async def _close_v2(call: Call) -> Response:
    if call.is_signed and await call.body():  # what closes is the query: that must be signed
        raise Refused(Reason.SIGNATURE_INVALID, rule="this call has no body: sign path and query")
    order_id = call.uuid("orderId")
    gtin = call.gtin() if call.optional("gtin") else None
    last = call.optional("lastBlockId")
    if last:
        codes.acknowledge(call, order_id, gtin, last)
    await orders.close_order(call, order_id, gtin)
    return answer({"omsId": call.oms_id})


# v3 -----------------------------------------------------------------------------------------------


async def _ping_v3(call: Call) -> Response:
    return answer({"omsId": call.oms_id, **_versions(call)})


async def _providers(call: Call) -> Response:
    return answer({"omsId": call.oms_id, **_versions(call), "providers": []})


async def _order_v3(call: Call) -> Response:
    order = await call.shape("Order")
    view, replayed = await orders.create_order(call, order, PRODUCT_GROUPS[order["productGroup"]])
    return _made(orders.order_result(call, view), replayed=replayed)


async def _order_status(call: Call) -> Response:
    order_id = call.uuid("orderId")
    view = call.engine.order(call.bin, order_id)
    buffers = view.row.buffers
    if call.optional("gtin"):
        buffers = (require_buffer(view.row, call.gtin()),)
    types = orders.cis_types(call, order_id)
    infos = [orders.buffer_info(call, view, buffer) for buffer in buffers]
    return answer([info | {"cisType": types[info["gtin"]]} for info in infos])


async def _codes_v3(call: Call) -> Response:
    order_id, gtin, quantity = call.uuid("orderId"), call.gtin(), call.quantity()
    find = functools.partial(codes.next_block, call, order_id, gtin, quantity)
    return await codes.codes_answer(call, find)


async def _product(call: Call) -> Response:
    return answer(orders.attributes(call, call.uuid("orderId")))


async def _close_v3(call: Call) -> Response:
    asked = await call.shape("Close")
    gtin = require_gtin(asked["gtin"], "gtin") if asked.get("gtin") else None
    await orders.close_order(call, require_uuid(asked["orderId"], "orderId"), gtin)
    return answer({"omsId": call.oms_id})


_V3: list[tuple[str, str, Handler]] = [
    ("POST", "order", _order_v3),
    ("POST", "orders", _order_v3),
    ("GET", "order/status", _order_status),
    ("GET", "order/list", functools.partial(_orders, None)),
    ("GET", "codes", _codes_v3),
    ("GET", "order/codes/blocks", _blocks),
    ("GET", "order/codes/retry", _retry),
    ("GET", "order/product", _product),
    ("POST", "order/close", _close_v3),
    ("GET", "ping", _ping_v3),
    ("GET", "providers", _providers),
    ("POST", "utilisation", functools.partial(_report, reports.utilisation, "Utilisation")),
    ("POST", "dropout", functools.partial(_report, reports.dropout, "Dropout")),
    ("POST", "aggregation", functools.partial(_report, aggregation.aggregation, "Aggregation")),
    ("GET", "aggregation/info", _aggregation_info),
    ("GET", "report/info", _report_info),
]
_V3_OPEN: list[tuple[str, str, Handler]] = [
    ("POST", "integration/connection", sign_in.connection),
    ("GET", "true-api/auth/key", sign_in.key),
    ("POST", "true-api/auth/simpleSignIn/", sign_in.simple_sign_in),
    ("GET", "openapi.json", _document),
]
