"""Rules and workflows: what they say, as text and as a picture, who wrote them, and what came of them."""

from __future__ import annotations

import asyncio
from typing import Any

import minijinja
from litestar import Response, get
from litestar.params import FromPath

from api.console.asking import Api, RefusedError, place
from api.console.charts import Bar, Series, bars, lines
from api.console.comparing import Row, compared
from api.console.counting import Count, soon
from api.console.drawing import Written, draw, read_rule, read_workflow
from api.console.lists import Column, Filter, Listing, listed
from api.console.pages import SEE, page, shown
from api.console.words import instant
from api.doors import Call
from engine.errors import NotFoundError

DAYS = 28
VERSIONS = 100
"""So many versions can be chosen from."""

LONG = 60_000
"""Letters of a file that a page shows; the API gives all of it."""

_STATUS = Filter("status", "Stands", "choice", ("live", "shadow", "draft", "off"))
_FILTERS = (Filter("search", "Words"), _STATUS, Filter("owner", "Owner"))


def _columns(kind: Any, title: str) -> tuple[Column, ...]:
    return (
        Column(title, "id", kind),
        Column("Stands", "status", "mark"),
        Column("What it does", "description"),
        Column("Owner", "owner"),
        Column("On", "on", "words"),
        Column("File", "file", "code"),
    )


RULES = Listing(
    "/v1/rules",
    _columns("rule", "Rule"),
    _FILTERS,
    empty="There is no rule. Write one as a YAML file, and propose it under Changes.",
    caption="Rules",
)
WORKFLOWS = Listing(
    "/v1/workflows",
    _columns("workflow", "Workflow"),
    _FILTERS,
    empty="There is no workflow. Write one as a YAML file, and propose it under Changes.",
    caption="Workflows",
)


@get("/rules", opt=shown(SEE))
async def get_rules_page(request: Call) -> Response[Any]:
    """List the rules."""
    return await listed(request, RULES)


@get("/workflows", opt=shown(SEE))
async def get_workflows_page(request: Call) -> Response[Any]:
    """List the workflows."""
    return await listed(request, WORKFLOWS)


@get("/rules/{id:str}", opt=shown(SEE))
async def get_rule_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Tell what a rule says, how often it fired, and what the workflows it starts achieved."""
    api = Api(request)
    live, history = await asyncio.gather(
        _found(api, "/v1/rules/{}", id), api.get(place("/v1/rules/{}/versions", id), {"limit": VERSIONS})
    )
    written = read_rule(_source(live, history))
    starts = sorted({block.says for block in written.blocks if block.verb == "run"}) if written else []
    activity = None if live is None else await api.get(place("/v1/rules/{}/activity", id), {"days": DAYS})
    reports = await asyncio.gather(*(_achieved(api, name) for name in starts))
    return _page(
        request,
        "rule",
        id,
        live,
        history,
        written,
        {},
        often=_fired(id, activity),
        outcomes=_totals("Decisions by outcome", activity, "Outcome"),
        achieved=list(zip(starts, reports, strict=True)),
        standing=None,
        paused=False,
    )


@get("/workflows/{id:str}", opt=shown(SEE))
async def get_workflow_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Tell what a workflow says, where customers are in it, how often it began, and what it achieved."""
    api = Api(request)
    live, history = await asyncio.gather(
        _found(api, "/v1/workflows/{}", id),
        api.get(place("/v1/workflows/{}/versions", id), {"limit": VERSIONS}),
    )
    activity = standing = None
    report = Count()
    if live is not None:
        activity, standing, report = await asyncio.gather(
            api.get(place("/v1/workflows/{}/activity", id), {"days": DAYS}),
            api.get(place("/v1/workflows/{}/standing", id)),
            _achieved(api, id),
        )
    paused = (await api.get("/v1/pause"))["paused"] if api.may("GET /v1/pause") else []
    return _page(
        request,
        "workflow",
        id,
        live,
        history,
        read_workflow(_source(live, history)),
        {step["path"]: step["runs"] for step in standing["steps"]} if standing else {},
        often=_began(id, activity),
        outcomes=_totals("Runs by how they stand", activity, "Status"),
        achieved=[(id, report)],
        standing=standing,
        paused=bool({"*", id} & set(paused)),
    )


def _page(
    request: Call,
    kind: str,
    id: str,
    live: dict[str, Any] | None,
    history: dict[str, Any],
    written: Written | None,
    here: dict[str, int],
    **more: Any,
) -> Response[Any]:
    source = _source(live, history)
    return page(
        request,
        "policy.html",
        title=f"{kind.capitalize()} {id}",
        kind=kind,
        id=id,
        live=live,
        versions=history["items"],
        more_versions=history["next_cursor"] is not None,
        lines=source[:LONG].splitlines(),
        cut=len(source) > LONG,
        picture=minijinja.safe(draw(written, here, "flow")) if written is not None else None,
        steps=[] if written is None else _steps(written, here),
        begins=None if written is None else written.begins,
        ends=() if written is None else written.ends,
        **more,
    )


def _steps(written: Written, here: dict[str, int]) -> list[dict[str, Any]]:
    """Give the steps as a list: how deep each stands, and whether it is the first of its way."""
    found = []
    before: tuple[int, str] = (0, "")
    for depth, way, block in written.walk():
        begins = way if way and (depth > before[0] or way != before[1]) else None
        found.append({"depth": min(depth, 9), "way": begins, "block": block, "here": here.get(block.path, 0)})
        before = depth, way
    return found


async def _found(api: Api, path: str, id: str) -> dict[str, Any] | None:
    """Give what is there, None where nothing is."""
    try:
        found: dict[str, Any] = await api.get(place(path, id))
    except RefusedError as error:
        if error.problem.status != 404:
            raise
        return None
    return found


async def _achieved(api: Api, workflow: str) -> Count:
    """Give how the arms of a workflow compare: of many customers as of some moments ago, or not yet."""
    return await soon(_found(api, "/v1/experiments/{}", workflow))


def _source(live: dict[str, Any] | None, history: dict[str, Any]) -> str:
    """Give the live source; of what is live no more, the last that was."""
    found: dict[str, Any] = live if live is not None else history["items"][0]
    return str(found["source"])


def _days(activity: dict[str, Any]) -> list[str]:
    return [f"{at.day} {at:%b}" for at in (instant(each["day"]) for each in activity["days"])]


def _fired(id: str, activity: dict[str, Any] | None) -> Any:
    if activity is None:
        return None
    values = [each["numbers"].get("fired", 0) for each in activity["days"]]
    return lines(f"{id} fired, by day", _days(activity), [Series("fired", values)], low=0)


def _began(id: str, activity: dict[str, Any] | None) -> Any:
    if activity is None:
        return None
    values = [sum(each["numbers"].values()) for each in activity["days"]]
    return lines(f"Runs of {id} that began, by day", _days(activity), [Series("runs", values)], low=0)


def _totals(title: str, activity: dict[str, Any] | None, by: str) -> Any:
    if activity is None:
        return None
    total: dict[str, int] = {}
    for each in activity["days"]:
        for kind, number in each["numbers"].items():
            total[kind] = total.get(kind, 0) + number
    found = [Bar(kind.replace("_", " "), number) for kind, number in sorted(total.items(), key=_most)]
    return bars(f"{title}, {DAYS} days", found, by=by) if found else None


def _most(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


@get("/rules/{id:str}/versions", opt=shown(SEE))
async def get_rule_versions_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Show what differs between two versions of a rule."""
    return await _versions(request, "rule", id)


@get("/workflows/{id:str}/versions", opt=shown(SEE))
async def get_workflow_versions_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Show what differs between two versions of a workflow."""
    return await _versions(request, "workflow", id)


async def _versions(request: Call, kind: str, id: str) -> Response[Any]:
    api = Api(request)
    found = (await api.get(place(f"/v1/{kind}s/{{}}/versions", id), {"limit": VERSIONS}))["items"]
    asked = request.query_params
    new = _version(found, asked.get("new"), found[0])
    old = _version(found, asked.get("old"), found[min(1, len(found) - 1)])
    rows: list[Row] = compared(old["source"], new["source"])
    return page(
        request,
        "versions.html",
        title=f"Versions of {kind} {id}",
        kind=kind,
        id=id,
        versions=found,
        old=old,
        new=new,
        rows=rows,
    )


def _version(found: list[dict[str, Any]], asked: str | None, otherwise: dict[str, Any]) -> dict[str, Any]:
    if asked is None:
        return otherwise
    for each in found:
        if str(each["release"]) == asked:
            return each
    raise NotFoundError(f"no version came with release {asked}; choose one that is listed")


HANDLERS = [
    get_rules_page,
    get_rule_page,
    get_rule_versions_page,
    get_workflows_page,
    get_workflow_page,
    get_workflow_versions_page,
]
