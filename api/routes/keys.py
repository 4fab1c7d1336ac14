"""API keys: made once, shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath

from api.answers.values import KeyAnswer, key_answer, time
from api.auth import ADMIN
from api.doors import Call, Instant, aside, door, engine_of, instant, query_of, read
from api.paging import Listing, Page, after, page
from engine.errors import NotFoundError
from engine.runtime.keys import Role

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key to make: its role, the human it belongs to, what it is for, and until when it is good."""

    role: Role
    owner: Text
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""
    expires: Instant | None = None


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made; `key` is shown this once and nowhere kept."""

    id: str
    key: str
    role: str
    owner: str
    label: str
    expires: datetime | None


@post("/v1/keys", status_code=201, opt=door(ADMIN, body=NewKey))
async def post_key(request: Call) -> KeyMade:
    """Make an API key. It is shown this once."""
    wanted = await read(request, NewKey)
    expires = instant(wanted.expires, "expires")
    made = await aside(engine_of(request).create_key, wanted.role, wanted.owner, wanted.label, expires)
    row = made.row
    return KeyMade(
        id=row.id,
        key=made.text,
        role=row.role,
        owner=row.owner,
        label=row.label,
        expires=time(row.expires_at),
    )


@get("/v1/keys", opt=door(ADMIN, query=Listing))
async def get_keys(request: Call) -> Page[KeyAnswer]:
    """List API keys, without the keys themselves, in the order in which they were made."""
    listing = query_of(request, Listing)
    passed = after(listing, int) or 0
    rows = list(enumerate(await aside(engine_of(request).list_keys), 1))[passed:]
    return page(listing, rows, lambda each: key_answer(each[1]), lambda each: each[0])


@delete("/v1/keys/{id:str}", status_code=200, opt=door(ADMIN))
async def delete_key(request: Call, id: FromPath[str]) -> KeyAnswer:
    """Make a key useless from now on; it stays in the list as revoked."""
    engine = engine_of(request)
    await aside(engine.revoke_key, id)
    request.app.state.keyring.forget()
    row = await aside(engine.find_key, id)
    if row is None:
        raise NotFoundError(f"there is no key {id}; GET /v1/keys lists them")
    return key_answer(row)


HANDLERS = [post_key, get_keys, delete_key]
