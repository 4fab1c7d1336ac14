"""Lists a page at a time: cursors that say where the last page ended, and of which list."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from engine.errors import NotFoundError, RequestError
from engine.model.values import FOR_EVER, Micros

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K")

_CURSOR = re.compile(r"[A-Za-z0-9_-]{16,1024}")

Limit = Annotated[int, msgspec.Meta(ge=1, le=1000, description="Items a page, at most.")]
Cursor = Annotated[
    str,
    msgspec.Meta(
        description="`next_cursor` of the page before.",
        extra_json_schema={"pattern": "^[A-Za-z0-9_-]{16,1024}$"},
    ),
]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


class Population(Page[T], Generic[T], frozen=True, kw_only=True):
    """A page of everything that there is of something: `count` is how much that is, over all pages."""

    count: int


class Listing(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What every list takes."""

    limit: Limit = 100
    cursor: Cursor | None = None


class DueListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a list takes of what may be due."""

    sort: Annotated[
        Literal["due"] | None,
        msgspec.Meta(description="In which order: the soonest due first; without it, by id."),
    ] = None


def after(listing: Listing, key: type[K], of: str = "") -> K | None:
    """Give the key of the last item before this page, None for the first page.

    `of` names what the list is of, where its filters do not. Raises `RequestError` for what is no
    cursor or belongs to another list, `NotFoundError` for one that never was.
    """
    if listing.cursor is None:
        return None
    if not _CURSOR.fullmatch(listing.cursor):
        raise RequestError(
            "this is not a cursor of ours; send `next_cursor` as the page before gave it",
            code="invalid_cursor",
        )
    nowhere = NotFoundError("there is no page at this cursor; begin without one", code="invalid_cursor")
    try:
        raw = base64.urlsafe_b64decode(listing.cursor + "=" * (-len(listing.cursor) % 4))
        filters, last = msgspec.msgpack.decode(raw, type=tuple[bytes, msgspec.Raw])
    except (ValueError, msgspec.MsgspecError):
        raise nowhere from None
    if filters != _filters(listing, of):
        raise RequestError(
            "the cursor belongs to a list with other filters; send those, or begin without a cursor",
            code="invalid_cursor",
        )
    try:
        found = msgspec.msgpack.decode(last, type=key)
    except (ValueError, msgspec.MsgspecError):
        raise nowhere from None
    if not all(map(_sound, found if isinstance(found, tuple) else (found,))):
        raise nowhere
    return found


def due_after(listing: DueListing) -> tuple[Micros | None, str | None]:
    """Give the instant and the id after which a page begins; no instant where it is in the order of ids.

    Raises as `after` does.
    """
    if listing.sort is None:
        return None, after(listing, str)
    return after(listing, tuple[Micros, str]) or (0, None)


def due_key(listing: DueListing, due: Micros | None, id: str) -> object:
    """Give the key of an item that is due at an instant, in the order that its list is in."""
    return id if listing.sort is None else (FOR_EVER if due is None else due, id)


def page(
    listing: Listing, found: Sequence[R], show: Callable[[R], T], key: Callable[[R], object], of: str = ""
) -> Page[T]:
    """Give the page of what was `found`: one item more than the page takes, if there is more."""
    items = found[: listing.limit]
    following = None
    if len(found) > listing.limit:
        raw = msgspec.msgpack.encode((_filters(listing, of), key(items[-1])))
        following = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return Page([show(item) for item in items], following)


def population(
    listing: Listing, found: Sequence[R], show: Callable[[R], T], key: Callable[[R], object], *, count: int
) -> Population[T]:
    """Give the page of what was `found`, as `page` does, with the count of all."""
    one = page(listing, found, show, key)
    return Population(one.items, one.next_cursor, count=count)


def _sound(part: object) -> bool:
    """Tell whether a part of a key may stand in a database: whoever makes a cursor up may write anything."""
    if isinstance(part, str):
        return "\0" not in part
    return not isinstance(part, int) or -(2**63) <= part < 2**63


def _filters(listing: Listing, of: str) -> bytes:
    values = [getattr(listing, name) for name in listing.__struct_fields__ if name not in ("limit", "cursor")]
    return hashlib.sha256(repr((type(listing).__name__, of, values)).encode()).digest()[:8]
