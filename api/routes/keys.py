"""API keys: made once, shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath

from api.answers.values import KeyAnswer, key_answer, time
from api.auth import ADMIN, AUDIT
from api.doors import Call, Instant, actor_of, aside, door, engine_of, instant, query_of, read, read_optional
from api.paging import Listing, Page, after, page
from api.repeats import acting
from api.written import Network, ShortLength
from engine.errors import NotFoundError
from engine.model.workspace import Role
from engine.runtime.callers.keys import Bounds, grace_of
from engine.runtime.callers.keys import NewKey as Made
from engine.runtime.engine import Engine

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class NewKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key to make: its role, the human it belongs to, what it is for, and until when it is good.

    It may be used from `addresses` only where there are any. All events that come with it are of `source`,
    whatever they say themselves; that is for the role ingest.
    """

    role: Role
    owner: Text
    label: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")] = ""
    expires: Instant | None = None
    addresses: Annotated[tuple[Network, ...], msgspec.Meta(max_length=32)] = ()
    source: Text | None = None


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made; `key` is shown this once and nowhere kept, and null where the request came again."""

    id: str
    key: str | None
    role: str
    owner: str
    label: str
    expires: datetime | None


def _once_more(made: Made) -> KeyMade:
    """Give what is kept for a request that comes again: a secret is not."""
    return msgspec.structs.replace(_made(made), key=None)


def _made(made: Made) -> KeyMade:
    row = made.row
    return KeyMade(
        id=row.id,
        key=made.text,
        role=row.role,
        owner=row.owner,
        label=row.label,
        expires=time(row.expires_at),
    )


@post("/v1/keys", status_code=201, opt=door(ADMIN, body=NewKey, repeatable=True))
async def post_key(request: Call) -> KeyMade:
    """Make an API key. It is shown this once.

    Nobody makes themselves an approver, and whoever has a key as admin gets none as approver.
    """
    wanted = await read(request, NewKey)
    expires = instant(wanted.expires, "expires")
    bounds, by = Bounds(wanted.addresses, wanted.source), actor_of(request)

    def make(engine: Engine) -> Made:
        return engine.create_key(wanted.role, wanted.owner, wanted.label, expires, bounds=bounds, by=by)

    return _made(await aside(make, await acting(request, _once_more, status=201)))


@get("/v1/keys", opt=door(AUDIT, query=Listing))
async def get_keys(request: Call) -> Page[KeyAnswer]:
    """List API keys, without the keys themselves, in the order in which they were made."""
    listing = query_of(request, Listing)
    passed = after(listing, int) or 0
    rows = list(enumerate(await aside(engine_of(request).list_keys), 1))[passed:]
    return page(listing, rows, lambda each: key_answer(each[1]), lambda each: each[0])


class Rotation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long the old key is good beside the new one; a day by default."""

    grace: ShortLength | None = None


@post("/v1/keys/{id:str}/rotate", status_code=201, opt=door(ADMIN, body=Rotation | None, repeatable=True))
async def post_rotate(request: Call, id: FromPath[str]) -> KeyMade:
    """Make a key that takes over from this one, for the same human, role and use. It is shown this once.

    The old one ends after `grace`. The new one is good for as long as the old one was when it was made.
    """
    grace = grace_of((await read_optional(request, Rotation)).grace)
    engine = await acting(request, _once_more, status=201)
    made = await aside(engine.rotate_key, id, grace, actor_of(request))
    request.app.state.keyring.forget()
    return _made(made)


@delete("/v1/keys/{id:str}", status_code=200, opt=door(ADMIN))
async def delete_key(request: Call, id: FromPath[str]) -> KeyAnswer:
    """Make a key useless from now on; it stays in the list as revoked."""
    engine = engine_of(request)
    await aside(engine.revoke_key, id, actor_of(request))
    request.app.state.keyring.forget()
    row = await aside(engine.find_key, id)
    if row is None:
        raise NotFoundError(f"there is no key {id}; GET /v1/keys lists them")
    return key_answer(row)


HANDLERS = [post_key, get_keys, post_rotate, delete_key]
