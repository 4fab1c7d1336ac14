"""The console's own files, under names that change with what is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from api.auth import OPEN
from api.doors import Call, door
from engine.errors import NotFoundError

FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Served(msgspec.Struct, frozen=True):
    """A file as it is served."""

    body: bytes
    media_type: str


def _read() -> tuple[dict[str, str], dict[str, Served]]:
    names: dict[str, str] = {}
    served: dict[str, Served] = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            hashed = f"{path.stem}.{hashlib.sha256(body).hexdigest()[:16]}{path.suffix}"
            names[path.name] = hashed
            served[hashed] = Served(body, _TYPES[path.suffix])
    return names, served


_NAMES, _SERVED = _read()


def address_of(name: str) -> str:
    """Give the address of a file of the folder; raises `KeyError`."""
    return f"/static/{_NAMES[name]}"


@get("/static/{name:str}", opt={**door(OPEN), "console": True})
async def get_file(request: Call, name: FromPath[str]) -> Response[Any]:
    """Give a file; what has this name never changes, so browsers may keep it for a year."""
    found = _SERVED.get(name)
    if found is None:
        raise NotFoundError("there is no such file; ask for the page again")
    return Response(
        found.body,
        media_type=found.media_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


HANDLERS = [get_file]
