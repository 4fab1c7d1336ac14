"""Who may do what: a table of every route and every role, from the API's own description.

`python -m api.roles > docs/reference/roles.md` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Litestar

from api.openapi import document
from api.routes import HANDLERS
from engine.runtime.callers.keys import ROLES

_INTRODUCTION = f"""\
# Who may do what

Made from the API's description by `api/roles.py`; a test fails when it is out of date, and another asks each
route with a key of each role, without a key, and with one that has expired or was revoked. A role without a
mark is answered with 403, whoever has no good key with 401. What the roles are for is told in
[api.md](../api.md#keys-and-roles).

| route | {" | ".join(ROLES)} |
|---|{"---|" * len(ROLES)}
"""
_OPEN = f"| {' | '.join(['open'] * len(ROLES))} |"


def operations(description: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every operation of a description: method, path, and what it says of itself."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def table() -> str:
    """Give the page as Markdown."""
    app = Litestar(route_handlers=HANDLERS, openapi_config=None)
    found = operations(msgspec.json.decode(document(app, "0")))
    return _INTRODUCTION + "\n".join(_row(*each) for each in found) + "\n"


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    if not operation["security"]:
        return f"| `{method} {path}` {_OPEN}"
    marks = ("x |" if role in operation["x-roles"] else "|" for role in ROLES)
    return f"| `{method} {path}` | {' '.join(marks)}"


if __name__ == "__main__":
    sys.stdout.write(table())
