"""What a refusal looks like to a station: HTTP status and the error body of its dialect.

v2 knows 400, 404 and 500 and lists of texts; v3 adds codes to errors, and 401. Both have besides,
as the doors of today's stations do, 413, 429 and 503 with Retry-After, and 501 for what is not
offered.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from emitter.api.suz.words import REFUSED_FIELDS, SENTENCES, field_word
from emitter.errors import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from emitter.api.suz.shapes import Fault

_KEPT = {400, 401, 404, 413, 429, 500, 501}
_MISFIT_CODE = 1140  # the national number of "the token does not fit the omsId"
_RETRY_AFTER_S = "1"
_DETAIL_CHARS_MAX = 400  # ten offending serials of the longest


class Dialect(enum.StrEnum):
    """Which form of the API a call is in."""

    V2 = "v2"
    V3 = "v3"


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers, "application/json")


def status_of(reason: Reason, dialect: Dialect) -> int:
    """Return the HTTP status that a dialect gives a reason."""
    http = reason.meaning.http
    if reason is Reason.STORE_UNAVAILABLE:
        return http
    if dialect is Dialect.V2 and http == 401:
        return 400
    if http in _KEPT:
        return http
    return 500 if http >= 500 else 400


def refusal_answer(refusal: Refusal, dialect: Dialect, language: str) -> Response:
    """Return the answer of a refusal: an error of its field, or else of the whole request."""
    details = {name: text[:_DETAIL_CHARS_MAX] for name, text in refusal.details.items()}
    field = details.get("field", REFUSED_FIELDS.get(refusal.reason))
    if field is not None:
        field = details["field"] = field_word(field)
    reason = refusal.reason
    sentence = _sentence(reason, details, language)
    code = _MISFIT_CODE if reason is Reason.TOKEN_MISFIT else int(reason)
    errors = [] if field else [(sentence, code)]
    fields = [(field, sentence, code)] if field else []
    status = status_of(reason, dialect)
    headers = {"Retry-After": _RETRY_AFTER_S} if reason.meaning.retry else {}
    if refusal.replayed:
        headers["X-Emitter-Replayed"] = "true"
    return answer(_body(dialect, errors, fields), status, headers)


def _sentence(reason: Reason, details: dict[str, str], language: str) -> str:
    if reason in SENTENCES:
        en, ru = SENTENCES[reason]
        return (ru if language == "ru" else en).format_map(details)
    return Refusal(reason, details).sentence(language)


def faults_answer(faults: Sequence[Fault], dialect: Dialect, language: str) -> Response:
    """Return the answer to a request that breaks its shape."""
    code = int(Reason.FIELD_INVALID)
    fields = [(f.field, f.ru if language == "ru" else f.en, code) for f in faults]
    return answer(_body(dialect, [], fields), 400)


def _body(
    dialect: Dialect, errors: list[tuple[str, int]], fields: list[tuple[str, str, int]]
) -> dict[str, Any]:
    if dialect is Dialect.V2:
        return {
            "success": False,
            "globalErrors": [error for error, _ in errors],
            "fieldErrors": [{"fieldName": name, "fieldError": text} for name, text, _ in fields],
        }
    return {
        "success": False,
        "globalErrors": [{"error": error, "errorCode": code} for error, code in errors],
        "fieldErrors": [
            {"fieldName": name, "fieldError": text, "errorCode": code}
            for name, text, code in fields
        ],
    }
