"""``/public/check``: the public form over HTTP, for anybody and for pages in a browser.

GET with ``?code=``, or POST with the code as the body, or as ``code`` of a JSON object. A plus sign
is a plus sign: no code has a blank, serials have plus signs.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from emitter.api.calls import refused_for
from emitter.api.public import STATE_WORDS, caller_of, public_answer
from emitter.api.suz.answers import answer
from emitter.errors import Reason, Refused
from emitter.wire import language_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from emitter.api.suz.calls import House
    from emitter.errors import Refusal

PATH = "/public/check"

_BODY_BYTES_MAX = 8_192
_METHODS = "GET, POST, OPTIONS"
_OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": "Content-Type, Accept-Language",
    "Access-Control-Max-Age": "86400",
}


async def public_check(request: Request, house: House) -> Response:
    """Answer one request of anybody."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_OPEN | _PREFLIGHT)
    if request.method not in ("GET", "POST"):
        return Response(status_code=405, headers=_OPEN | {"Allow": _METHODS})
    language = language_of(request.headers.get("accept-language", "ru"))
    address = request.client.host if request.client else ""
    try:
        house.pace.enter(("public", caller_of(address)))
        code = await asyncio.wait_for(_code(request), house.limits.station_request_ms / 1000)
        found = public_answer(house.engine, code, address, language)
    except Exception as error:  # noqa: BLE001 - the door stays open, the cause is in the log
        known = isinstance(error, ClientDisconnect | TimeoutError)
        refused = Refused(Reason.FIELD_REQUIRED, field="code") if known else refused_for(error)
        request.scope["seen"].reason = refused.reason
        return _refused(refused.refusal, language)
    await asyncio.sleep(found.seconds)
    value: dict[str, Any] = {"verdict": found.verdict.name, "message": found.message}
    if found.state is not None:
        words = STATE_WORDS[found.state][language == "ru"]
        value |= {"gtin": found.gtin, "productName": found.product_name,
                  "productNameKk": found.product_name_kk,
                  "ownerName": found.owner_name, "state": found.state.name,
                  "stateName": words}  # fmt: skip
    return answer(value, headers=_OPEN)


async def _code(request: Request) -> bytes:
    """Return the code of a request; refused with FIELD_REQUIRED where there is none."""
    if request.method == "GET":
        code = _query(request.scope["query_string"])
    else:
        code = await _body(request)
        if "json" in request.headers.get("content-type", ""):
            try:
                code = json.loads(code)["code"].encode("utf-8", "replace")
            except (ValueError, LookupError, TypeError, AttributeError):
                code = b""
    if not code:
        raise Refused(Reason.FIELD_REQUIRED, field="code")
    return code


def _query(query: bytes) -> bytes:
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"code":
            return unquote_to_bytes(value)
    return b""


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY_BYTES_MAX:
            raise Refused(Reason.BODY_TOO_LARGE, limit=_BODY_BYTES_MAX)
    return body


def _refused(refusal: Refusal, language: str) -> Response:
    reason = refusal.reason
    error = {"reason": reason.name, "message": refusal.sentence(language)}
    headers = dict(_OPEN)
    if reason.meaning.retry:
        headers["Retry-After"] = refusal.details.get("retry_after_s", "1")
    return answer({"error": error}, reason.meaning.http, headers)
