"""Changes: files pasted or uploaded, planned, played, proposed, approved by another, and taken back."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from api.console.asking import Api, RefusedError, place
from api.console.charts import Bar, Series, bars, lines
from api.console.comparing import told
from api.console.lists import Column, Listing, listed
from api.console.pages import SEE, acted, form_of, page, seen, shown
from api.doors import Call
from api.routes.releases import APPROVE, AUTHOR, HURRY, TURN_DOWN
from engine.errors import RequestError

RELEASES = Listing(
    "/v1/releases",
    (
        Column("Number", "number", "release"),
        Column("Stands", "status", "mark"),
        Column("Cause", "cause", "words"),
        Column("Written by", "author"),
        Column("Approved by", "approver"),
        Column("Proposed", "proposed_at", "time"),
        Column("Live from", "live_at", "time"),
        Column("Until", "until", "time"),
        Column("Note", "note"),
    ),
    empty="Nothing is live yet.",
    caption="Changes",
)
CHARTS = 6
"""So many rules of a backtest are drawn; the others are told as numbers."""

DAYS = ("7", "28", "90")
_KIND = re.compile(r"(?m)^([a-z_]+)\s*:")


@get("/changes", opt=shown(SEE))
async def get_changes_page(request: Call) -> Response[Any]:
    """List releases and proposals."""
    return await listed(request, RELEASES, template="changes.html", title="Changes")


@get("/changes/new", opt=shown(AUTHOR))
async def get_new_page(request: Call) -> Response[Any]:
    """Take a file to plan: that of a rule or workflow that is named, or an empty one."""
    api, asked = Api(request), request.query_params
    path = text = ""
    for kind in ("rule", "workflow"):
        if (id := asked.get(kind, "")) != "":
            live = await api.get(place(f"/v1/{kind}s/{{}}", id))
            path, text = live["file"], live["source"]
    return _new(request, path, text)


def _new(
    request: Call, path: str, text: str, findings: list[dict[str, Any]] | None = None,
    refused: str | None = None,
) -> Response[Any]:  # fmt: skip
    found = findings or []
    here: dict[int, list[dict[str, Any]]] = {}
    for each in found:
        if each["file"] == path:
            here.setdefault(each["line"], []).append(each)
    return page(
        request,
        "change-new.html",
        title="Propose a change",
        path=path,
        text=text,
        findings=found,
        wrong=here,
        lines=text.splitlines() if found else [],
        refused=refused,
    )


@post("/changes/new", status_code=303, opt=acted(AUTHOR))
async def post_new_page(request: Call) -> Response[Any]:
    """Plan what was pasted or uploaded; where a file has an error, show it at its line."""
    given = await form_of(request)
    path, text = given.get("file", "").strip(), given.get("text", "").replace("\r\n", "\n")
    files = await _uploaded(request)
    if given.get("does") == "remove":
        files[path] = None
    elif text.strip():
        files[path or named(text)] = text
        path = path or named(text)
    if not files or "" in files:
        return _new(request, path, text, refused="Paste a file, or choose some, and say where it belongs.")
    try:
        plan = await Api(request).post("/v1/plans", {"files": files})
    except RefusedError as error:
        if error.problem.status not in (400, 409, 422):
            raise
        return _new(request, path, text, refused=error.problem.detail)
    if plan["token"] is None:
        if path not in files:
            # Of several that were uploaded the first with an error is shown.
            path = next((each["file"] for each in plan["findings"] if each["file"] in files), "")
            text = files.get(path) or ""
        return _new(request, path, text, findings=plan["findings"])
    return seen(request, place("/changes/plans/{}", plan["token"]))


async def _uploaded(request: Call) -> dict[str, str | None]:
    files: dict[str, str | None] = {}
    for _, each in (await request.form()).multi_items():
        if not isinstance(each, UploadFile) or not each.filename:
            continue
        try:
            text = (await each.read()).decode("utf-8")
        except UnicodeDecodeError:
            raise RequestError(f"{each.filename} is not UTF-8; save it as UTF-8", code="not_utf8") from None
        files[_folder(text) + PurePosixPath(each.filename.replace("\\", "/")).name] = text
    return files


def _folder(text: str) -> str:
    """Give the folder that a file belongs in, by its first key."""
    first = _KIND.search(text)
    if text.startswith("---"):
        return "workflows/messages/"
    return "workflows/" if first is not None and first[1] == "workflow" else "rules/"


def named(text: str) -> str:
    """Give the path of a rule's or a workflow's file, which is called as it; "" where it says no name."""
    found = re.search(r"(?m)^(\w+)\s*:\s*([\w.-]+)\s*(?:#.*)?$", text)
    return f"{_folder(text)}{found[2]}.yaml" if found is not None else ""


@get("/changes/plans/{token:str}", opt=shown(SEE))
async def get_plan_page(request: Call, token: FromPath[str]) -> Response[Any]:
    """Show what a plan would change, before anybody proposes it."""
    plan = await Api(request).get(place("/v1/plans/{}", token))
    return page(request, "change-plan.html", title="Plan", token=token, plan=plan, **_impact(plan))


@post("/changes/plans/{token:str}", status_code=303, opt=acted(AUTHOR))
async def post_plan_page(request: Call, token: FromPath[str]) -> Response[Any]:
    """Propose a plan."""
    note = (await form_of(request)).get("note", "").strip()
    made = await Api(request).post("/v1/releases", {"token": token, **({"note": note} if note else {})})
    return seen(request, f"/changes/{made['number']}")


def _impact(plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "diffs": [{**each, "rows": told(each["diff"])} for each in plan["changes"]],
        "matching": _matching(plan["matching"]),
    }


def _matching(found: list[dict[str, Any]]) -> Any:
    """Draw how many customers match before and after, where that can be counted."""
    counted = [each for each in found if each["why"] is None]
    bars_of = [
        Bar(f"{each['kind']} {each['id']}, {name}", each[side] or 0, f"of {each['of']}")
        for each in counted
        for side, name in (("before", "now"), ("after", "then"))
        if each[side] is not None
    ]
    return bars("Customers that match, now and then", bars_of, of="Customers") if bars_of else None


@get("/changes/plans/{token:str}/backtest", opt=shown(SEE))
async def get_backtest_page(request: Call, token: FromPath[str]) -> Response[Any]:
    """Show what a plan would have decided otherwise on the events that are stored, as charts."""
    days = request.query_params.get("days", "28")
    if days not in DAYS:
        raise RequestError(f"days is one of {', '.join(DAYS)}; send one of these", code="invalid_parameter")
    found = refused = None
    try:
        found = await Api(request).get(place("/v1/plans/{}/backtest", token), {"days": days})
    except RefusedError as error:
        if error.problem.status not in (400, 409):
            raise
        refused = error.problem.detail
    rules = found["rules"] if found is not None else []
    return page(
        request,
        "change-backtest.html",
        title="Backtest",
        token=token,
        days=days,
        choices=DAYS,
        found=found,
        refused=refused,
        charts=[_fired(found, rule) for rule in rules[:CHARTS]] if found is not None else [],
        rules=rules,
    )


def _fired(found: dict[str, Any], rule: dict[str, Any]) -> Any:
    known = {each["day"]: (each["before"], each["after"]) for each in rule["days"]}
    first, last = (date.fromisoformat(found[side][:10]) for side in ("from", "to"))
    if known:
        # Days are of the workspace's zone; the ends are instants.
        first, last = (
            min(first, date.fromisoformat(min(known))),
            max(last, date.fromisoformat(max(known))),
        )
    span = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    sides = [known.get(day.isoformat(), (0, 0)) for day in span]
    return lines(
        f"{rule['rule']} fired, by day",
        [f"{day.day} {day:%b}" for day in span],
        [Series("before", [each[0] for each in sides]), Series("after", [each[1] for each in sides])],
        low=0,
    )


@get("/changes/{n:int}", opt=shown(SEE))
async def get_change_page(request: Call, n: FromPath[int]) -> Response[Any]:
    """Show a release or proposal: what it changes, who said what to it, and what can be done."""
    found = await Api(request).get(f"/v1/releases/{n}")
    impact = _impact(found["plan"]) if found["plan"] is not None else {"diffs": [], "matching": None}
    return page(request, "change.html", title=f"Change {n}", found=found, plan=found["plan"], **impact)


@post("/changes/{n:int}", status_code=303, opt=acted(APPROVE | TURN_DOWN | HURRY))
async def post_change_page(request: Call, n: FromPath[int]) -> Response[Any]:
    """Approve, turn down, hurry, or go back: as the API has it, for the roles that it has."""
    given = await form_of(request)
    does, said = given.get("does", ""), given.get("said", "").strip()
    bodies = {
        "approve": {"hash": given.get("hash", ""), **({"note": said} if said else {})},
        "reject": {"reason": said},
        "emergency": {"reason": said},
        "rollback": {"reason": said} if said else {},
    }
    if does not in bodies:
        raise RequestError("this cannot be done to a change; use the page's buttons")
    made = await Api(request).post(f"/v1/releases/{n}/{does}", bodies[does])
    return seen(request, f"/changes/{made['number']}")


@get("/changes/{n:int}/approve", opt=shown(APPROVE))
async def get_approve_page(request: Call, n: FromPath[int]) -> Response[Any]:
    """Ask once more before a change is approved or hurried."""
    return await _sure(request, n, "approve")


@get("/changes/{n:int}/rollback", opt=shown(HURRY))
async def get_rollback_page(request: Call, n: FromPath[int]) -> Response[Any]:
    """Ask once more before what was live before is live again."""
    return await _sure(request, n, "rollback")


@get("/changes/{n:int}/emergency", opt=shown(HURRY))
async def get_emergency_page(request: Call, n: FromPath[int]) -> Response[Any]:
    """Ask once more before a change is live without a second person."""
    return await _sure(request, n, "emergency")


async def _sure(request: Call, n: int, does: str) -> Response[Any]:
    found, releases = await asyncio.gather(
        Api(request).get(f"/v1/releases/{n}"), Api(request).get("/v1/releases", {"limit": 1000})
    )
    before = next(
        (one["number"] for one in releases["items"] if one["number"] < n and one["live_at"] is not None), None
    )
    return page(
        request, "change-sure.html", title=f"Change {n}: {does}", found=found, does=does, before=before
    )


HANDLERS = [
    get_changes_page,
    get_new_page,
    post_new_page,
    get_plan_page,
    post_plan_page,
    get_backtest_page,
    get_change_page,
    post_change_page,
    get_approve_page,
    get_rollback_page,
    get_emergency_page,
]
