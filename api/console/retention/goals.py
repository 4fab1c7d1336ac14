"""Goals: where each stands, and what is expected by now."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from api.console import words
from api.console.asking import Api, place
from api.console.charts import Chart
from api.console.charts.pace import Course, pace
from api.console.lists import csv_of, wants_csv
from api.console.pages import SEE, page, shown
from api.console.retention.section import TABS, csv_address, saying
from api.doors import Call, engine_of
from engine.model.reasons import GoalStatus

STATUSES = tuple(status.value for status in GoalStatus)

_TITLES = (
    "Goal", "Stands", "Metric", "Statistic", "Unit", "From", "Deadline", "Baseline", "Target",
    "Expected by now", "Now", "Observations", "At least", "As of", "Owner", "Because", "Workflows",
    "Baseline kept", "Final",
)  # fmt: skip


@get("/retention/goals", opt=shown(SEE))
async def get_goals_page(request: Call) -> Response[Any]:
    """List the goals, each with its target, what is expected by now, and where it stands."""
    asked = request.query_params
    status, owner = asked.get("status", "").strip(), asked.get("owner", "").strip()
    every = (await Api(request).get("/v1/goals"))["items"]
    found = [
        one
        for one in every
        if (not status or one["status"] == status)
        and (not owner or owner.casefold() in (one["owner"] or "").casefold())
    ]
    if wants_csv(request):
        return csv_of("goals", _TITLES, map(_row, found))
    return page(
        request,
        "retention-goals.html",
        title="Goals",
        tabs=TABS,
        goals=[_told(request, one) for one in found],
        any=bool(every),
        chosen=status,
        owner=owner,
        statuses=STATUSES,
        csv=csv_address(request),
    )


@get("/retention/goals/{id:str}", opt=shown(SEE))
async def get_goal_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Tell a goal: from where to where, its pace, and what was measured."""
    api = Api(request)
    goal = await api.get(place("/v1/goals/{}", id))
    if wants_csv(request):
        return csv_of(f"goal-{goal['id']}", _TITLES, [_row(goal)])
    known = {one["name"]: one for one in (await api.get("/v1/metrics"))["items"]}
    return page(
        request,
        "retention-goal.html",
        title=f"Goal {id}",
        tabs=TABS,
        goal=_told(request, goal),
        metric=known[goal["metric"]],
        drawn=_drawn(request, goal),
        csv=csv_address(request),
    )


def _told(request: Call, goal: dict[str, Any]) -> dict[str, Any]:
    """Give a goal with its numbers in words."""
    say, current = saying(request, goal["unit"]), goal["current"]
    return {
        **goal,
        **{name: say(goal[name]) for name in ("baseline", "target", "pace")},
        "first": words.spelled_day(date.fromisoformat(goal["from"])),
        "last": words.spelled_day(date.fromisoformat(goal["deadline"])),
        "now": say(None if current is None else current["value"]),
        "found": say(goal["measured"]["value"]),
    }


def _drawn(request: Call, goal: dict[str, Any]) -> Chart | None:
    if goal["baseline"] is None or goal["target"] is None or goal["pace"] is None:
        return None
    zone, now = engine_of(request).ruleset.zone, engine_of(request).measures.now()
    first, last = (date.fromisoformat(goal[name]) for name in ("from", "deadline"))
    start, end = (zone.start_of_day(day.toordinal()) for day in (first, last))
    current = goal["current"]
    value = None if current is None or current["value"] is None else float(current["value"])
    return pace(
        f"Pace of {goal['id']}",
        Course(
            start=float(goal["baseline"]),
            target=float(goal["target"]),
            expected=float(goal["pace"]),
            current=value,
            passed=min(max(now - start, 0), end - start) / (end - start),
            began=words.spelled_day(first),
            ends=words.spelled_day(last),
        ),
        say=saying(request, goal["unit"]),
    )


def _row(goal: dict[str, Any]) -> list[Any]:
    current = goal["current"] or {"value": None, "of": None, "as_of": None}
    return [
        goal["id"], goal["status"], goal["metric"], goal["statistic"], goal["unit"], goal["from"],
        goal["deadline"], goal["baseline"], goal["target"], goal["pace"], current["value"], current["of"],
        goal["at_least"], current["as_of"], goal["owner"], goal["because"], goal["workflows"], goal["frozen"],
        goal["final"],
    ]  # fmt: skip


HANDLERS = [get_goals_page, get_goal_page]
