"""Plans and releases: what would change, who said yes to it, and how it is taken back."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from api.answers.releases import (
    DecidedAnswer,
    ReleaseAnswer,
    VersionAnswer,
    WholeRelease,
    decided,
    gone_back,
    release_answer,
    version_answer,
    whole_release,
)
from api.auth import SEE
from api.doors import Call, aside, door, engine_of, query_of, read, read_optional
from api.paging import Listing, Page, after, page
from api.repeats import acting
from engine.authoring.planning import Plan
from engine.errors import NotFoundError, RequestError
from engine.runtime.engine import Engine
from engine.runtime.releases.listing import Known, release_of, releases_of, versions
from engine.runtime.releases.standing import Human

AUTHOR = frozenset(("author", "admin"))
APPROVE = frozenset(("approver", "admin"))
TURN_DOWN = frozenset(("author", "approver", "admin"))
HURRY = frozenset(("approver", "operator", "admin"))

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"^[^\x00]*\S[^\x00]*$")]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^[^\x00]+$")]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Files(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Files by their paths; null takes one away. They lie over the live ones, unless they are the `whole`."""

    files: dict[Path, str | None]
    whole: bool = False


class Propose(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A plan to propose, by its token; it takes the place of the open proposal `replaces`."""

    token: Text
    note: Text | None = None
    replaces: Number | None = None


class Approve(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The hash of the content that is approved, unless `If-Match` says it."""

    hash: Text | None = None
    note: Text | None = None


class Because(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Text


class GoBack(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The release to go back to; without one it is what was live before."""

    to: Number | None = None
    reason: Text | None = None


@post("/v1/plans", status_code=200, opt=door(AUTHOR, body=Files))
async def post_plan(request: Call) -> Plan:
    """Plan files against what is live: what changes, for how many customers, and what is wrong with it.

    Nothing happens by it. The plan is kept for a week under its `token`, which is null where a file has
    an error.
    """
    asked = await read(request, Files)
    return await aside(engine_of(request).plan, asked.files, whole=asked.whole, by=request.user.owner)


@get("/v1/plans/{token:str}", opt=door(SEE))
async def get_plan(request: Call, token: FromPath[str]) -> Plan:
    """Give a plan as it was found when it was made."""

    def find(engine: Engine) -> Plan:
        with engine.store.reader() as reader:
            row = reader.plan(token)
        if row is None:
            raise NotFoundError(f"there is no plan {token}; make one with POST /v1/plans")
        return msgspec.json.decode(row.report, type=Plan)

    return await aside(find, engine_of(request))


@post("/v1/releases", status_code=200, opt=door(AUTHOR, body=Propose, repeatable=True))
async def post_proposal(request: Call) -> DecidedAnswer:
    """Propose a plan: another human may approve it."""
    asked = await read(request, Propose)
    engine = await acting(request, decided)
    return decided(
        await wrap_future(engine.propose_release(asked.token, _human(request), asked.note, asked.replaces))
    )


@get("/v1/releases", opt=door(SEE, query=Listing))
async def get_releases(request: Call) -> Page[ReleaseAnswer]:
    """List releases and proposals, the newest first."""
    listing = query_of(request, Listing)
    last = after(listing, int)

    def find(engine: Engine) -> list[Known]:
        with engine.store.reader() as reader:
            found = releases_of(reader)[::-1]
        return [each for each in found if last is None or each.number < last][: listing.limit + 1]

    found = await aside(find, engine_of(request))
    return page(listing, found, release_answer, lambda each: each.number)


@get("/v1/releases/{n:str}", opt=door(SEE))
async def get_release(request: Call, n: FromPath[str]) -> Response[WholeRelease]:
    """Give a release or proposal with its plan and what was done to it; its ETag is its hash."""
    number = _number(n)

    def find(engine: Engine) -> WholeRelease:
        with engine.store.reader() as reader:
            return whole_release(*release_of(reader, number), engine.going)

    found = await aside(find, engine_of(request))
    return Response(found, headers={"ETag": f'"{found.hash}"'})


@post(
    "/v1/releases/{n:str}/approve", status_code=200, opt=door(APPROVE, body=Approve | None, repeatable=True)
)
async def post_approval(request: Call, n: FromPath[str]) -> DecidedAnswer:
    """Approve a proposal, or an emergency that is live, on its very content. Its author cannot."""
    asked = await read_optional(request, Approve)
    hash = asked.hash or request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    if not hash:
        raise RequestError(
            "say which content you approve: send its hash, or the ETag as If-Match", code="hash_required"
        )
    engine = await acting(request, decided)
    return decided(await wrap_future(engine.approve_release(_number(n), hash, _human(request), asked.note)))


@post("/v1/releases/{n:str}/reject", status_code=200, opt=door(TURN_DOWN, body=Because, repeatable=True))
async def post_rejection(request: Call, n: FromPath[str]) -> DecidedAnswer:
    """Turn a proposal down; an author takes their own back."""
    asked = await read(request, Because)
    engine = await acting(request, decided)
    own_only = request.user.role == "author"
    return decided(
        await wrap_future(engine.reject_release(_number(n), _human(request), asked.reason, own_only=own_only))
    )


@post("/v1/releases/{n:str}/emergency", status_code=200, opt=door(HURRY, body=Because, repeatable=True))
async def post_emergency(request: Call, n: FromPath[str]) -> DecidedAnswer:
    """Make a proposal live at once, for a reason.

    It goes back by itself after 24 hours, unless another human approves it.
    """
    asked = await read(request, Because)
    engine = await acting(request, decided)
    return decided(await wrap_future(engine.hurry_release(_number(n), asked.reason, _human(request))))


@post("/v1/releases/{n:str}/rollback", status_code=200, opt=door(HURRY, body=GoBack | None, repeatable=True))
async def post_rollback(request: Call, n: FromPath[str]) -> DecidedAnswer:
    """Go back from this release, which is live, to what was live before it or to the one that is named.

    That was approved already, so that one person is enough.
    """
    asked = await read_optional(request, GoBack)
    engine = await acting(request, gone_back)
    return gone_back(await wrap_future(engine.roll_back(_number(n), _human(request), asked.to, asked.reason)))


@get("/v1/rules/{id:str}/versions", opt=door(SEE, query=Listing))
async def get_rule_versions(request: Call, id: FromPath[str]) -> Page[VersionAnswer]:
    """List the versions of a rule that were live, the newest first."""
    return await _versions(request, "rule", id)


@get("/v1/workflows/{id:str}/versions", opt=door(SEE, query=Listing))
async def get_workflow_versions(request: Call, id: FromPath[str]) -> Page[VersionAnswer]:
    """List the versions of a workflow that were live, the newest first."""
    return await _versions(request, "workflow", id)


async def _versions(request: Call, kind: str, id: str) -> Page[VersionAnswer]:
    listing = query_of(request, Listing)
    of = f"{kind} {id}"
    last = after(listing, int, of)

    def find(engine: Engine) -> list[VersionAnswer]:
        with engine.store.reader() as reader:
            found = versions(reader, "rule" if kind == "rule" else "workflow", id)
        return [version_answer(each) for each in found if last is None or each.release < last]

    found = await aside(find, engine_of(request))
    return page(listing, found, lambda each: each, lambda each: each.release, of)


def _human(request: Call) -> Human:
    return Human(request.user.owner, request.user.id)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise NotFoundError(f"there is no release {text}; look it up in GET /v1/releases")
    return int(text)


HANDLERS = [
    post_plan,
    get_plan,
    post_proposal,
    get_releases,
    get_release,
    post_approval,
    post_rejection,
    post_emergency,
    post_rollback,
    get_rule_versions,
    get_workflow_versions,
]
