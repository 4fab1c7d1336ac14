"""The OpenAPI document, written from the routes themselves: none can be missing from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, get_args

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.routes import HTTPRoute

from api import problems
from api.auth import OPEN
from api.people import SESSION
from api.written import VALUE

_JSON = "application/json"
_REF = "#/components/schemas/{name}"
# No parameter of the operation: whether a key may be used depends on the body that it first came with.
_REPEATS = (
    "With an `Idempotency-Key` of 1 to 255 visible characters it is done once: the same key and body again"
    " give the first answer, with `Idempotent-Replayed: true`, and another body is a 422."
)
_INFO = {
    "title": "Holdfast",
    "summary": "Events in, decisions and runs out, and why.",
    "description": "A self-hosted rule and workflow engine for customer retention.\n\n"
    "Every failure is an RFC 9457 problem. An `X-Request-Id` that is sent comes back with the answer.",
    "contact": {"name": "The Holdfast authors"},
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


class _Operation(msgspec.Struct, frozen=True):
    path: str
    method: str
    handler: HTTPRouteHandler


def document(app: Litestar, version: str) -> bytes:
    """Give the OpenAPI 3.1 document of the app as JSON."""
    operations = list(_operations(app))
    types = [kind for each in operations for kind in _types(each.handler)]
    schemas, components = msgspec.json.schema_components([*types, problems.Problem], ref_template=_REF)
    by_type = {_key(kind): schema for kind, schema in zip(types, schemas, strict=False)}
    queries = {kind.__name__ for each in operations if (kind := each.handler.opt["query"]) is not None}
    asked = {name: components.pop(name) for name in queries}
    components["Value"] = VALUE
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method] = _operation(each, by_type, asked)
    whole = {
        "openapi": "3.1.0",
        "info": {**_INFO, "version": version},
        "servers": [{"url": "/"}],
        "tags": _described_tags(operations),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {"Problem": _problem()},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a token of the provider at which people sign in.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION,
                    "description": "The session of a browser that has signed in at /auth/login.",
                },
                "basic": {"type": "http", "scheme": "basic", "description": "The API key as user name."},
            },
        },
    }
    return msgspec.json.encode(_plain(whole))


def _operations(app: Litestar) -> Iterable[_Operation]:
    for route in sorted(app.routes, key=lambda route: route.path):
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in sorted(route.route_handler_map.items()):
            # Pages are for people: what they show and do is described where the API does it.
            if method != "OPTIONS" and not handler.opt.get("console"):
                yield _Operation(route.path_format, method.lower(), handler)


def _types(handler: HTTPRouteHandler) -> list[Any]:
    body = None if handler.opt["intake"] else handler.opt["body"]
    named = (handler.opt["query"], body, _answer(handler))
    return [kind for kind in named if kind is not None]


def _answer(handler: HTTPRouteHandler) -> Any:
    """Give the type of the answer's JSON, None where it is no JSON of ours."""
    annotation = handler.parsed_fn_signature.return_type.annotation
    if annotation is None or annotation in (bytes, str) or annotation is type(None):
        return None
    origin = getattr(annotation, "__origin__", annotation)
    if inspect.isclass(origin) and issubclass(origin, Response):
        # A stream says nothing of what it is of.
        (inner,) = getattr(annotation, "__args__", (bytes,))
        return None if inner in (bytes, str) else inner
    return annotation


def _key(kind: Any) -> str:
    return repr(kind)


def _tags(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part and part != "v1"]
    return [parts[0].removesuffix(".json") if parts else "root"]


def _described_tags(operations: list[_Operation]) -> list[dict[str, Any]]:
    """Give each tag with what the module of its first route says of itself."""
    found: dict[str, str] = {}
    for op in operations:
        module = inspect.getmodule(op.handler.fn)
        for tag in _tags(op.path):
            found.setdefault(tag, inspect.cleandoc((module and module.__doc__) or "").partition("\n")[0])
    return [{"name": tag, "description": found[tag]} for tag in sorted(found)]


def _operation(op: _Operation, schemas: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    handler, opt = op.handler, op.handler.opt
    text = inspect.cleandoc(handler.fn.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    summary = " ".join(summary.split()).rstrip(".")
    described: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "summary": summary,
        "description": _description(rest or summary, opt["roles"], opt["repeatable"]),
        "tags": _tags(op.path),
        "security": [] if opt["roles"] is OPEN else [{"bearer": []}, {"basic": []}, {"session": []}],
        "responses": _responses(op, schemas),
    }
    parameters = [_path_parameter(name) for name in re.findall(r"{(\w+)}", op.path)]
    if opt["query"] is not None:
        parameters += _query_parameters(asked[opt["query"].__name__])
    if parameters:
        described["parameters"] = parameters
    if opt["body"] is not None:
        sent = opt["body"]
        described["requestBody"] = _events(sent) if opt["intake"] else _body(schemas[_key(sent)])
        described["requestBody"]["content"] |= {kind: {"schema": each} for kind, each in opt["also"].items()}
    if opt["text"] is not None:
        media, pattern = opt["text"]
        content = {media: {"schema": {"type": "string", "pattern": pattern}}}
        described["requestBody"] = {"required": True, "content": content}
    if opt["roles"] is not OPEN:
        described["x-roles"] = sorted(opt["roles"])
    return described


def _description(text: str, roles: frozenset[str], repeatable: bool) -> str:
    who = "No key is needed." if roles is OPEN else f"Roles: {', '.join(sorted(roles))}."
    told = f"{' '.join(text.split()).rstrip('.')}. {who}"
    return f"{told} {_REPEATS}" if repeatable else told


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    content = {_JSON: {"schema": _one(schema) if _may_be_null(schema) else schema}}
    return {"required": not _may_be_null(schema), "content": content}


def _events(kind: Any) -> dict[str, Any]:
    """Describe events loosely: what is wrong in one is answered with 200, and it is in quarantine."""
    kinds = (*get_args(kind), kind)
    shapes = (each for each in kinds if inspect.isclass(each) and issubclass(each, msgspec.Struct))
    event = next(shapes, None)
    if event is None:
        # What a provider sends has the provider's own shape.
        either = {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]}
        return {"required": True, "content": {_JSON: {"schema": either}}}
    fields = ", ".join(each.encode_name for each in msgspec.structs.fields(event))
    says = " ".join(inspect.cleandoc(event.__doc__ or "").split())
    one: dict[str, Any] = {"type": "object", "description": f"{says} Its fields: {fields}."}
    several = {"type": "array", "items": {}, "description": "Several of them."}
    loose: dict[str, Any] = {"anyOf": [one, several]}
    if any(each.name == "batch" for each in msgspec.structs.fields(event)):
        loose = {**one, "required": ["batch"], "properties": {"batch": {"type": "array", "items": {}}}}
    return {"required": True, "content": {_JSON: {"schema": loose}}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(found: dict[str, Any]) -> list[dict[str, Any]]:
    required = found.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _one(each)}
        for name, each in found["properties"].items()
    ]


def _may_be_null(schema: dict[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", [])


def _one(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave null out: a parameter of a query is there or it is not."""
    found = dict(schema)
    options = [each for each in found.pop("anyOf", []) if each != {"type": "null"}]
    if found.get("default", "") is None:
        del found["default"]
    return {**found, **options[0]} if options else found


def _responses(op: _Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    handler = op.handler
    answer = _answer(handler)
    status = str(handler.status_code)
    good: dict[str, Any] = {"description": HTTPStatus(int(status)).phrase}
    if answer is not None:
        good["content"] = {_JSON: {"schema": schemas[_key(answer)]}}
    elif handler.media_type:
        good["content"] = {str(getattr(handler.media_type, "value", handler.media_type)): {"schema": {}}}
    problem = {"$ref": "#/components/responses/Problem"}
    responses = {status: good, "default": problem}
    if handler.opt["roles"] is OPEN:
        return {**responses, "4XX": problem}
    responses.update({"401": problem, "403": problem, "429": problem})
    if handler.opt["query"] is not None or handler.opt["body"] is not None:
        responses["400"] = problem
    if "{" in op.path:
        responses["404"] = problem
    return responses


def _problem() -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Problem")}
    return {"description": "Why the request failed.", "content": {problems.MEDIA_TYPE: {"schema": schema}}}


def _plain(value: Any) -> Any:
    """Say that exact decimals are written as JSON numbers, and what the items of a pair are."""
    if isinstance(value, dict):
        if value.get("format") == "decimal":
            return {**{k: v for k, v in value.items() if k != "format"}, "type": "number"}
        if value.get("items") is False:
            # So long as the first ones are described, nothing comes after them.
            value = {**value, "items": {}}
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
