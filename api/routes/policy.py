"""Rules and workflows: what is live, with its source."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import get
from litestar.params import FromPath

from api.auth import SEE
from api.doors import Call, aside, door, engine_of, query_of
from api.paging import Listing, Page, after, page
from engine.authoring.wording import known_or
from engine.errors import NotFoundError
from engine.model.workspace import Source, Workspace
from engine.runtime.engine import Engine
from engine.runtime.releases.listing import versions


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
    listing = query_of(request, Listing)
    engine = engine_of(request)
    last = after(listing, str, kind) or ""
    names = sorted(id for id in ids if id > last)
    return page(
        listing,
        names,
        lambda id: _without_source(_item(engine, kind, id)),
        lambda id: id,
        kind,
    )


def _live(engine: Engine, kind: Literal["rule", "workflow"], id: str) -> PolicyVersion:
    item = _item(engine, kind, id)
    with engine.store.reader() as reader:
        version = versions(reader, kind, id)[0]
    return PolicyVersion(**msgspec.structs.asdict(item), author=version.author, approver=version.approver)


def _without_source(item: PolicySource) -> PolicyItem:
    return PolicyItem(**{name: getattr(item, name) for name in PolicyItem.__struct_fields__})


@get("/v1/rules", opt=door(SEE, query=Listing))
async def get_rules(request: Call) -> Page[PolicyItem]:
    """List the rules, by id."""
    return _list(request, "rule", list(engine_of(request).workspace.rules))


@get("/v1/rules/{id:str}", opt=door(SEE))
async def get_rule(request: Call, id: FromPath[str]) -> PolicyVersion:
    """Give a rule with its source text, its author and its approver."""
    return await aside(_live, engine_of(request), "rule", id)


@get("/v1/workflows", opt=door(SEE, query=Listing))
async def get_workflows(request: Call) -> Page[PolicyItem]:
    """List the workflows, by id."""
    return _list(request, "workflow", list(engine_of(request).workspace.workflows))


@get("/v1/workflows/{id:str}", opt=door(SEE))
async def get_workflow(request: Call, id: FromPath[str]) -> PolicyVersion:
    """Give a workflow with its source text, its author and its approver."""
    return await aside(_live, engine_of(request), "workflow", id)


HANDLERS = [get_rules, get_rule, get_workflows, get_workflow]
