"""What every route says of itself, and how it reads what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State

from api.decoding import invalid, typed
from api.requests import body_of
from api.written import Instant
from engine.audit.actor import Actor
from engine.customers.kinds import parse_time
from engine.errors import RequestError
from engine.model.values import Micros
from engine.runtime.engine import Engine
from engine.runtime.reports.reading import ids_of
from engine.store.interface import Reader
from engine.store.records import KeyRow

__all__ = ["Instant"]

T = TypeVar("T")
P = ParamSpec("P")

Call: TypeAlias = Request[KeyRow, Any, State]

CustomerId: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=256, pattern=r"^[^\x00]*\S[^\x00]*$", description="A customer's id."
    ),
]


def door(
    roles: frozenset[str],
    *,
    query: type[msgspec.Struct] | None = None,
    body: Any = None,
    also: Mapping[str, Any] = MappingProxyType({}),
    text: tuple[str, str] | None = None,
    intake: bool = False,
    repeatable: bool = False,
    key_in_body: bool = False,
) -> dict[str, Any]:
    """Give what a route says of itself: who may, what it reads, whether it takes events.

    `also` are schemas of the body in other content types than JSON.
    `text` is for a body that is no JSON: its media type and a pattern of what is understood.
    `repeatable` routes take an `Idempotency-Key`; those with `key_in_body` find the key there where the
    request's head has none.
    """
    return {
        "roles": roles,
        "query": query,
        "body": body,
        "also": also,
        "text": text,
        "intake": intake,
        "repeatable": repeatable,
        "key_in_body": key_in_body,
    }


def engine_of(request: Call) -> Engine:
    """Give the engine that the doors stand on."""
    engine: Engine = request.app.state.engine
    return engine


def actor_of(request: Call) -> Actor:
    """Give who acts, for the audit record."""
    return Actor(request.user.owner, request.user.id, request.user.role)


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what reads or waits in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(work, *args, **kwargs)


def query_of(request: Call, kind: type[T]) -> T:
    """Read the query's parameters; raises `RequestError` for a wrong or unknown one."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        # "null" would be taken for none at all.
        if name in given or value == "null":
            said = f"{name} is {'given twice; send it once' if name in given else 'null; leave it out'}"
            place = (f"/{name}", "invalid_value", said)
            raise RequestError(said, code="invalid_parameter", errors=(place,))
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, kind, "the query", code="invalid_parameter") from None


async def read(request: Call, kind: type[T]) -> T:
    """Read the body strictly as `kind`; raises `RequestError`."""
    return typed(await body_of(request), kind)


async def read_optional(request: Call, kind: type[T]) -> T:
    """Read the body as `kind`, all of whose fields have defaults; no body is as good as `{}`."""
    body = await body_of(request)
    return typed(body or b"{}", kind)


def names_of(reader: Reader, customer: str | None) -> list[str] | None:
    """Give every id that means a customer, for a filter; None where there is none."""
    return None if customer is None else ids_of(reader, customer)


def instant(text: str | None, name: str) -> Micros | None:
    """Read an instant of a query; raises `RequestError`."""
    if text is None:
        return None
    try:
        # In a query a plus sign that was not escaped has become a space.
        return parse_time(text.strip().replace(" ", "+") if "T" in text else text)
    except (ValueError, ArithmeticError):
        detail = f"{name} is no time of 1970 to 2200; send it as 2026-03-01T09:00:00Z"
        raise RequestError(
            detail, code="invalid_parameter", errors=((f"/{name}", "invalid_value", detail),)
        ) from None
