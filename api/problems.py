"""Errors as RFC 9457 problem documents: the only place that turns an error into HTTP.

`code` and `message` stand beside RFC 9457's own members because clients of the Segment family read
them: without both, some take a refusal for a broken answer and send the batch again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from api.requests import request_id
from engine.errors import (
    AuthoringError,
    ConflictError,
    DeliveryError,
    Finding,
    ForbiddenError,
    FullError,
    NotFoundError,
    QuarantineError,
    RequestError,
    StoreError,
    TooManyError,
    UnauthenticatedError,
)
from engine.runtime.repeating import AnsweredBefore

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"
"""Seconds after which a client may try again when the fault is ours."""

_log = structlog.get_logger("holdfast.api")
_encoder = msgspec.json.Encoder()


class ProblemError(msgspec.Struct, frozen=True):
    """One place of a request that is wrong: a JSON pointer into it, a code, a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request failed (RFC 9457). `message` repeats `detail`; `code` is for programs."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    message: str
    request_id: str
    errors: tuple[ProblemError, ...] = ()


_KINDS: tuple[tuple[type[RequestError], int], ...] = (
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (TooManyError, 429),
    (RequestError, 400),
)
_CODES: Mapping[str, int] = {
    "too_large": 413,
    "too_many_events": 413,
    "too_slow": 408,
    "full": 503,
    "address_too_long": 414,
    "head_too_large": 431,
    "unsupported_encoding": 415,
    "unsupported_media_type": 415,
    "customers_unknown": 409,
    "base_unknown": 409,
    "over_limit": 409,
    "idempotency_key_reused": 422,
    "hash_required": 428,
    "other_content": 412,
    "tests_failed": 422,
}
"""Codes of a `RequestError` that have a status of their own."""

_STATUS_CODES: Mapping[int, str] = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    429: "too_many_requests",
    431: "head_too_large",
    500: "internal_error",
    503: "unavailable",
}


class _Told(msgspec.Struct, frozen=True):
    """What is told about an error."""

    status: int
    code: str
    detail: str
    errors: Sequence[tuple[str, str, str]] = ()
    headers: Mapping[str, str] = {}


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Give the answer to a request that failed with this error, or was answered before."""
    if isinstance(error, AnsweredBefore):
        answer = error.answer
        return Response(
            answer.body,
            status_code=answer.status,
            media_type=MediaType.JSON,
            headers={"Idempotent-Replayed": "true"},
        )
    told = _tell(request, error)
    # That there is no room is counted by the meters: a line for each would make things worse.
    if told.status >= 500 and not isinstance(error, FullError):
        _log.error("request_failed", request_id=request_id(request.scope), status=told.status, exc_info=error)
    problem = Problem(
        type=f"urn:holdfast:problem:{told.code}",
        title=HTTPStatus(told.status).phrase,
        status=told.status,
        detail=told.detail,
        instance=request.scope["path"],
        code=told.code,
        message=told.detail,
        request_id=request_id(request.scope),
        errors=tuple(ProblemError(*each) for each in told.errors),
    )
    return Response(
        _encoder.encode(problem),
        status_code=told.status,
        media_type=MEDIA_TYPE,
        headers=dict(told.headers),
    )


def _tell(request: Request[Any, Any, Any], error: Exception) -> _Told:
    if isinstance(error, RequestError):
        return _refused(error)
    if isinstance(error, HTTPException):
        return _framework(error)
    if isinstance(error, QuarantineError):
        return _Told(422, error.code, error.detail)
    if isinstance(error, AuthoringError):
        places = [(f"/{f.file}:{f.line}:{f.column}", f.code, _sentence(f)) for f in error.findings]
        return _Told(422, "invalid_files", "the files cannot be loaded; mend what `errors` names", places)
    if isinstance(error, (StoreError, DeliveryError, TimeoutError)):
        return _ours(503, "unavailable", "the engine cannot do this now; send it again in a few seconds")
    if _takes_events(request):
        # A client of the ingest routes drops its batch at a 4xx and keeps it at a 503.
        return _ours(503, "unavailable", "the engine cannot take events now; send them again")
    return _ours(
        500,
        "internal_error",
        "something went wrong here, not in the request; the request id finds it in the log",
    )


def _sentence(finding: Finding) -> str:
    """Give what is wrong and what to write instead; where it is stands in the pointer."""
    return str(finding).removeprefix(f"{finding.file}:{finding.line}:{finding.column}: ")


def _ours(status: int, code: str, detail: str) -> _Told:
    return _Told(status, code, detail, headers={"Retry-After": RETRY_AFTER} if status == 503 else {})


def _takes_events(request: Request[Any, Any, Any]) -> bool:
    handler = request.scope.get("route_handler")
    return handler is not None and bool(handler.opt.get("intake"))


def _refused(error: RequestError) -> _Told:
    status = _CODES.get(error.code) or next(status for kind, status in _KINDS if isinstance(error, kind))
    headers = {"WWW-Authenticate": 'Bearer realm="holdfast"'} if status == 401 else {}
    if isinstance(error, TooManyError):
        headers = {"Retry-After": str(error.retry_after)}
    if status == 408:
        # What is still to come of the body is of no interest.
        headers = {"Connection": "close"}
    return _Told(status, error.code, error.detail, error.errors, headers)


def _framework(error: HTTPException) -> _Told:
    status = error.status_code
    if status >= 500:
        detail = "something went wrong here; the request id finds it in the log"
        return _ours(status, _STATUS_CODES.get(status, "internal_error"), detail)
    code = _STATUS_CODES.get(status, "invalid_request")
    detail = {
        404: "there is nothing at this address; /openapi.json lists those there are",
        405: "this address does not take this method; send one that the header Allow names",
        413: "the body is over 5 MB; send it in several requests",
    }.get(status, error.detail)
    return _Told(status, code, detail, headers=error.headers or {})
