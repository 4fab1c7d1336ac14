"""Today: the last 24 hours in numbers, and how the work stands now."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get

from api.answers.values import time
from api.auth import READ
from api.doors import Call, aside, door, engine_of
from engine.customers.zones import moment_of
from engine.runtime.reports.today import Today


class CasesToday(msgspec.Struct, frozen=True, kw_only=True):
    """The open cases of a ladder."""

    ladder: str
    open: int
    acknowledged: int
    paused: int
    breached: int
    exhausted: int


class TodayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What happened from `since` to `until`, and how things stand then.

    `rules` has decisions by rule and outcome, `workflows` the runs that began, by how they stand now.
    Outcomes that are counted by the hour, not_met and unknown, are of the whole hours that touch the day.
    `oldest_due` and `oldest_effect` are since when the first of what waits is due. `paused` are workflows
    that are held back, `*` for all, `silent` those that used to start and do no more. `open_asks` and
    `open_cases` wait for somebody to answer and to take them, paused cases among them.
    """

    since: datetime
    until: datetime
    rules: dict[str, dict[str, int]]
    workflows: dict[str, dict[str, int]]
    cases: list[CasesToday]
    open_runs: int
    overdue_runs: int
    pending_events: int
    waiting_effects: int
    dead_letters: int
    uncertain: int
    oldest_due: datetime | None
    oldest_effect: datetime | None
    paused: list[str]
    silent: list[str]
    open_asks: int
    open_cases: int


def today_answer(found: Today) -> TodayAnswer:
    """Give the day as it is answered with."""
    pulse = found.pulse
    return TodayAnswer(
        since=moment_of(found.since),
        until=moment_of(found.until),
        rules=found.decisions,
        workflows=found.runs,
        cases=_cases(found),
        open_runs=pulse.open_runs,
        overdue_runs=pulse.overdue_runs,
        pending_events=pulse.pending,
        waiting_effects=pulse.waiting_effects,
        dead_letters=pulse.dead_letters,
        uncertain=pulse.uncertain,
        oldest_due=time(pulse.oldest_due),
        oldest_effect=time(pulse.oldest_effect),
        paused=sorted(found.paused),
        silent=found.silent,
        open_asks=found.open_asks,
        open_cases=sum(count.number for count in found.cases if count.status == "open"),
    )


def _cases(found: Today) -> list[CasesToday]:
    answers = []
    for ladder in sorted({count.ladder for count in found.cases}):
        counts = [count for count in found.cases if count.ladder == ladder]
        answers.append(
            CasesToday(
                ladder=ladder,
                open=sum(one.number for one in counts if one.status == "open" and not one.paused),
                acknowledged=sum(
                    one.number for one in counts if one.status == "acknowledged" and not one.paused
                ),
                paused=sum(one.number for one in counts if one.paused),
                breached=sum(one.number for one in counts if one.breached),
                exhausted=sum(one.number for one in counts if one.exhausted),
            )
        )
    return answers


@get("/v1/today", opt=door(READ))
async def get_today(request: Call) -> TodayAnswer:
    """Tell what happened in the last 24 hours, and how the work stands: numbers alone, of nobody."""
    return today_answer(await aside(engine_of(request).today))


HANDLERS = [get_today]
