"""The OpenAPI document, written from the routes themselves: none can be missing from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.routes import HTTPRoute

from api import problems
from api.auth import OPEN
from api.decoding import NDJSON

_JSON = "application/json"
_REF = "#/components/schemas/{name}"
_REPEAT = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key again gives the first answer again, with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "maxLength": 255},
}
_INFO = {
    "title": "Holdfast",
    "summary": "Events in, decisions and runs out, and why.",
    "description": "A self-hosted rule and workflow engine for customer retention.",
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
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method] = _operation(each, by_type, asked)
    whole = {
        "openapi": "3.1.0",
        "info": {**_INFO, "version": version},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({tag for op in operations for tag in _tags(op.path)})],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {"Problem": _problem()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
                "basic": {"type": "http", "scheme": "basic", "description": "The API key as user name."},
            },
        },
    }
    return msgspec.json.encode(_numbers(whole))


def _operations(app: Litestar) -> Iterable[_Operation]:
    for route in sorted(app.routes, key=lambda route: route.path):
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if method not in ("OPTIONS", "HEAD"):
                yield _Operation(route.path_format, method.lower(), handler)


def _types(handler: HTTPRouteHandler) -> list[Any]:
    named = (handler.opt.get("query"), handler.opt.get("body"), _answer(handler))
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


def _operation(op: _Operation, schemas: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    handler, opt = op.handler, op.handler.opt
    text = inspect.cleandoc(handler.fn.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    summary = " ".join(summary.split()).rstrip(".")
    described: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "summary": summary,
        "description": _description(rest or summary, opt["roles"]),
        "tags": _tags(op.path),
        "security": [] if opt["roles"] is OPEN else [{"bearer": []}, {"basic": []}],
        "responses": _responses(op, schemas),
    }
    parameters = [_path_parameter(name) for name in re.findall(r"{(\w+)}", op.path)]
    if opt["query"] is not None:
        parameters += _query_parameters(asked[opt["query"].__name__])
    if opt["repeatable"]:
        parameters.append(_REPEAT)
    if parameters:
        described["parameters"] = parameters
    if opt["body"] is not None:
        schema = schemas[_key(opt["body"])]
        content = {_JSON: {"schema": _one(schema) if _may_be_null(schema) else schema}}
        if opt["intake"]:
            content[NDJSON] = {"schema": {"type": "string"}}
        described["requestBody"] = {"required": not _may_be_null(schema), "content": content}
    if opt["roles"] is not OPEN:
        described["x-roles"] = sorted(opt["roles"])
    return described


def _description(text: str, roles: frozenset[str]) -> str:
    who = "No key is needed." if roles is OPEN else f"Roles: {', '.join(sorted(roles))}."
    return f"{' '.join(text.split()).rstrip('.')}. {who}"


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
    if handler.opt["roles"] is not OPEN:
        responses.update({"401": problem, "403": problem})
    if "{" in op.path:
        responses["404"] = problem
    return responses


def _problem() -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Problem")}
    return {"description": "Why the request failed.", "content": {problems.MEDIA_TYPE: {"schema": schema}}}


def _numbers(value: Any) -> Any:
    """Say that exact decimals are written as JSON numbers."""
    if isinstance(value, dict):
        if value.get("format") == "decimal":
            return {**{k: v for k, v in value.items() if k != "format"}, "type": "number"}
        return {name: _numbers(each) for name, each in value.items()}
    return [_numbers(each) for each in value] if isinstance(value, list) else value
