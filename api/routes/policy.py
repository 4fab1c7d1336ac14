"""Rules and workflows: what is live, with its source."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import FromPath

from api.auth import SEE
from api.doors import Call, aside, door, engine_of, query_of
from api.paging import Listing, Page, after, page
from engine.authoring.wording import known_or
from engine.customers.zones import moment_of
from engine.errors import NotFoundError
from engine.model.workspace import Source, Workspace
from engine.runtime.engine import Engine
from engine.runtime.releases.listing import versions
from engine.runtime.reports.activity import Activity

A_YEAR = 366

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PolicyQuery(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which rules or workflows: those in whose id, owner and description all words of `search` stand."""

    search: Text | None = None
    status: Literal["draft", "shadow", "live", "off"] | None = None
    owner: Text | None = None


class DaysQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How many days there are to be, today with them."""

    days: Annotated[int, msgspec.Meta(ge=1, le=A_YEAR)] = 28


class PolicyItem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule or a workflow. `hash` is what decisions and runs carry, null where it is not live.

    `sha256` is over the file's bytes.
    """

    id: str
    status: str
    owner: str | None
    description: str | None
    on: str
    file: str
    sha256: str
    hash: str | None


class PolicySource(PolicyItem, frozen=True, kw_only=True):
    """A rule or a workflow with its source text."""

    source: str


class PolicyVersion(PolicySource, frozen=True, kw_only=True):
    """The live version of a rule or a workflow: with who wrote it, and who approved it."""

    author: str
    approver: str | None


class DayNumbers(msgspec.Struct, frozen=True):
    """A day of the workspace's zone, with numbers by outcome or status."""

    day: date
    numbers: dict[str, int]


class ActivityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Days from `since` to `until`, the earliest first; today is not over.

    Of a rule it is decisions by outcome, of a workflow runs that began by how they stand now.
    """

    id: str
    since: datetime
    until: datetime
    zone: str
    days: list[DayNumbers]


class StepRuns(msgspec.Struct, frozen=True):
    """Open runs that stand at a step. Its `path` is its place in the file, counted from 0: `2.then.0`."""

    path: str
    runs: int


class StandingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where the open runs of a workflow stand; `older` are those of definitions before the live one.

    While they are counted for the first time, everything is null but its id, and there are no steps.
    """

    workflow: str
    as_of: datetime | None
    open: int | None
    older: int | None
    steps: list[StepRuns]


def _source(workspace: Workspace, kind: str, id: str) -> Source:
    path = workspace.origins.get((kind, id))
    if path is None:
        known = {name for of, name in workspace.origins if of == kind}
        raise NotFoundError(f"there is no live {kind} {id}; {known_or(id, known, f'see GET /v1/{kind}s')}")
    return workspace.sources[path]


def _item(engine: Engine, kind: str, id: str) -> PolicySource:
    workspace = engine.workspace
    source = _source(workspace, kind, id)
    if kind == "rule":
        written, compiled = workspace.rules[id], engine.ruleset.rule(id)
        live = compiled.hash if compiled is not None else None
        return _shown(id, written.status, written.owner, written.description, written.on, source, live)
    flow, program = workspace.workflows[id], engine.ruleset.workflows.get(id)
    live = program.hash if program is not None else None
    return _shown(id, flow.status, flow.owner, flow.description, flow.on, source, live)


def _shown(
    id: str,
    status: str,
    owner: str | None,
    description: str | None,
    on: str,
    source: Source,
    live: str | None,
) -> PolicySource:
    return PolicySource(
        id=id,
        status=status,
        owner=owner,
        description=description,
        on=on,
        file=source.path,
        sha256=source.sha256,
        hash=live,
        source=source.text,
    )


def _list(request: Call, kind: str, ids: list[str]) -> Page[PolicyItem]:
    listing = query_of(request, PolicyQuery)
    engine = engine_of(request)
    last = after(listing, str, kind) or ""
    found = (_item(engine, kind, id) for id in sorted(ids) if id > last)
    return page(
        listing,
        list(islice((item for item in found if _wanted(item, listing)), listing.limit + 1)),
        _without_source,
        lambda item: item.id,
        kind,
    )


def _wanted(item: PolicySource, listing: PolicyQuery) -> bool:
    words = (listing.search or "").casefold().split()
    text = f"{item.id} {item.owner or ''} {item.description or ''}".casefold()
    return (
        all(word in text for word in words)
        and listing.status in (None, item.status)
        and listing.owner in (None, item.owner)
    )


def _live(engine: Engine, kind: Literal["rule", "workflow"], id: str) -> PolicyVersion:
    item = _item(engine, kind, id)
    with engine.store.reader() as reader:
        version = versions(reader, kind, id)[0]
    return PolicyVersion(**msgspec.structs.asdict(item), author=version.author, approver=version.approver)


def _without_source(item: PolicySource) -> PolicyItem:
    return PolicyItem(**{name: getattr(item, name) for name in PolicyItem.__struct_fields__})


@get("/v1/rules", opt=door(SEE, query=PolicyQuery))
async def get_rules(request: Call) -> Page[PolicyItem]:
    """List the rules, by id."""
    return _list(request, "rule", list(engine_of(request).workspace.rules))


@get("/v1/rules/{id:str}", opt=door(SEE))
async def get_rule(request: Call, id: FromPath[str]) -> PolicyVersion:
    """Give a rule with its source text, its author and its approver."""
    return await aside(_live, engine_of(request), "rule", id)


@get("/v1/workflows", opt=door(SEE, query=PolicyQuery))
async def get_workflows(request: Call) -> Page[PolicyItem]:
    """List the workflows, by id."""
    return _list(request, "workflow", list(engine_of(request).workspace.workflows))


@get("/v1/workflows/{id:str}", opt=door(SEE))
async def get_workflow(request: Call, id: FromPath[str]) -> PolicyVersion:
    """Give a workflow with its source text, its author and its approver."""
    return await aside(_live, engine_of(request), "workflow", id)


@get("/v1/rules/{id:str}/activity", opt=door(SEE, query=DaysQuery))
async def get_rule_activity(request: Call, id: FromPath[str]) -> ActivityAnswer:
    """Tell how often a rule fired, day by day, and what else it decided: numbers alone, of nobody."""
    engine, days = engine_of(request), query_of(request, DaysQuery).days
    _source(engine.workspace, "rule", id)
    return _activity(engine, await aside(engine.activity, "rule", id, days))


@get("/v1/workflows/{id:str}/activity", opt=door(SEE, query=DaysQuery))
async def get_workflow_activity(request: Call, id: FromPath[str]) -> ActivityAnswer:
    """Tell how many runs of a workflow began, day by day, and how they stand: numbers alone, of nobody."""
    engine, days = engine_of(request), query_of(request, DaysQuery).days
    _source(engine.workspace, "workflow", id)
    return _activity(engine, await aside(engine.activity, "workflow", id, days))


def _activity(engine: Engine, found: Activity) -> ActivityAnswer:
    return ActivityAnswer(
        id=found.id,
        since=moment_of(found.since),
        until=moment_of(found.until),
        zone=engine.workspace.settings.timezone,
        days=[DayNumbers(date.fromordinal(each.day), each.numbers) for each in found.days],
    )


@get("/v1/workflows/{id:str}/standing", opt=door(SEE))
async def get_workflow_standing(request: Call, id: FromPath[str]) -> StandingAnswer:
    """Tell at which steps a workflow's open runs stand, as of a minute ago at most: numbers, of nobody."""
    engine = engine_of(request)
    _source(engine.workspace, "workflow", id)
    found = await aside(engine.standing, id)
    if found is None:
        return StandingAnswer(workflow=id, as_of=None, open=None, older=None, steps=[])
    return StandingAnswer(
        workflow=id,
        as_of=moment_of(found.as_of),
        open=found.open,
        older=found.older,
        steps=[StepRuns(path, runs) for path, runs in found.steps.items()],
    )


HANDLERS = [
    get_rules,
    get_rule,
    get_rule_activity,
    get_workflows,
    get_workflow,
    get_workflow_activity,
    get_workflow_standing,
]
