"""Suppressions: addresses and customers that get no messages, and why."""

from __future__ import annotations

import re
from asyncio import wrap_future
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath

from api.answers.values import time
from api.auth import OPERATE, READ
from api.doors import Call, CustomerId, aside, door, engine_of, names_of, query_of, read
from api.paging import Listing, Page, after, page
from api.repeats import acting
from api.requests import body_of
from api.written import one_of
from engine.contact.suppressions import address_key
from engine.customers.zones import moment_of
from engine.errors import NotFoundError, RequestError
from engine.model.message import Channel
from engine.runtime.engine import Engine
from engine.runtime.people.reaching import Imported, Wanted, export_list
from engine.store.records import SuppressionRow

EXPORTED_AT_ONCE = 1000

_LIST = r"^(channel,)?(address|customer)(,reason)?(,at)?(,note)?(\r?\n[^\x00-\x1f\"]{0,1000})*$"
"""A pattern of lists: a line that names columns, and lines of cells without quotes."""

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern="[!-~]")]
Note = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class SuppressionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An address or a customer that gets no messages on a channel, `*` being all of them.

    `channel` may name a purpose too, as `email/product`, where somebody unsubscribed from that alone. One
    that was removed tells when, by whom and why.
    """

    id: int
    channel: str
    address: str | None
    customer: str | None
    reason: str
    at: datetime
    source: str
    by: str | None
    note: str | None
    removed_at: datetime | None
    removed_by: str | None
    removed_note: str | None


def suppression_answer(row: SuppressionRow) -> SuppressionAnswer:
    """Give a suppression as it is answered with."""
    return SuppressionAnswer(
        id=row.id,
        channel=row.channel,
        address=row.target if row.scope == "address" else None,
        customer=row.target if row.scope == "customer" else None,
        reason=row.reason,
        at=moment_of(row.at),
        source=row.source,
        by=row.by,
        note=row.note,
        removed_at=time(row.removed_at),
        removed_by=row.removed_by,
        removed_note=row.removed_note,
    )


class SuppressionListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which suppressions: of an address or a customer, on a channel; those that hold, or were removed."""

    address: str | None = None
    customer: str | None = None
    channel: Channel | None = None
    removed: bool = False


@get("/v1/suppressions", opt=door(READ, query=SuppressionListing))
async def get_suppressions(request: Call) -> Page[SuppressionAnswer]:
    """List suppressions, by number."""
    listing = query_of(request, SuppressionListing)
    last = after(listing, int)

    def find(engine: Engine) -> list[SuppressionRow]:
        with engine.store.reader() as reader:
            targets = names_of(reader, listing.customer)
            if listing.address is not None:
                forms = {address_key(channel, listing.address) for channel in ("email", "sms")}
                # Of an erased customer's only a digest is kept.
                forms |= {engine.hidden(form) for form in forms}
                targets = [*(targets or ()), *sorted(forms)]
            return reader.suppressions(
                targets=targets,
                channel=listing.channel,
                removed=listing.removed,
                after=last,
                limit=listing.limit + 1,
            )

    return page(listing, await aside(find, engine_of(request)), suppression_answer, lambda row: row.id)


class Suppress(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who is to get no messages: an address or a customer, on a channel or on all of them."""

    address: Address | None = None
    customer: CustomerId | None = None
    channel: Channel | None = None
    reason: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "operator"
    note: Note | None = None


@post(
    "/v1/suppressions",
    status_code=200,
    opt=door(OPERATE, body=Annotated[Suppress, one_of("address", "customer")], repeatable=True),
)
async def post_suppression(request: Call) -> SuppressionAnswer:
    """Suppress an address, for every customer who has it, or a customer."""
    told = await read(request, Suppress)
    if (told.address is None) == (told.customer is None):
        raise RequestError(
            "a suppression is of an address or of a customer; send one of the two", code="invalid_body"
        )
    wanted = Wanted(
        address=told.address,
        customer=told.customer,
        channel=told.channel,
        reason=told.reason,
        note=told.note,
    )
    engine = await acting(request, suppression_answer)
    return suppression_answer(await wrap_future(engine.suppress(wanted, request.user.owner)))


class Allow(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Why a suppression is removed."""

    reason: Note


@delete("/v1/suppressions/{id:str}", status_code=200, opt=door(OPERATE, query=Allow))
async def delete_suppression(request: Call, id: FromPath[str]) -> SuppressionAnswer:
    """Remove a suppression; it stays on record, with who removed it and why."""
    told = query_of(request, Allow)
    if not re.fullmatch(r"[0-9]{1,18}", id):
        raise NotFoundError(f"there is no suppression {id}; GET /v1/suppressions lists them")
    removed = await wrap_future(engine_of(request).allow(int(id), told.reason, request.user.owner))
    return suppression_answer(removed)


@get("/v1/suppressions/export", opt=door(READ), media_type="text/csv")
async def get_export(request: Call) -> Response[str]:
    """Give every suppression that holds as CSV: channel, address, customer, reason, at, note.

    A cell that a spreadsheet would take for a formula has a `'` before it; the import takes it off.
    """

    def find(engine: Engine) -> str:
        rows: list[SuppressionRow] = []
        with engine.store.reader() as reader:
            while some := reader.suppressions(after=rows[-1].id if rows else None, limit=EXPORTED_AT_ONCE):
                rows += some
        return export_list(rows, [moment_of(row.at).isoformat() for row in rows])

    return Response(
        await aside(find, engine_of(request)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="suppressions.csv"'},
    )


class RefusedLine(msgspec.Struct, frozen=True):
    """A line of a list that was not taken, and why."""

    line: int
    detail: str


class ImportedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a list: how many were added, how many held already, which lines were wrong."""

    added: int
    known: int
    refused: list[RefusedLine]


def imported_answer(imported: Imported) -> ImportedAnswer:
    """Give what became of a list as it is answered with."""
    refused = [RefusedLine(line, detail) for line, detail in imported.refused]
    return ImportedAnswer(added=imported.added, known=imported.known, refused=refused)


@post(
    "/v1/suppressions/import", status_code=200, opt=door(OPERATE, text=("text/csv", _LIST), repeatable=True)
)
async def post_import(request: Call) -> ImportedAnswer:
    """Add a list in CSV. Its first line names the columns: address or customer, and what else there is."""
    body = await body_of(request)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestError("the list is not UTF-8; save it as CSV in UTF-8", code="invalid_body") from None
    engine = await acting(request, imported_answer)
    return imported_answer(await wrap_future(engine.import_suppressions(text, request.user.owner)))


HANDLERS = [
    get_suppressions,
    post_suppression,
    get_export,
    post_import,
    delete_suppression,
]
