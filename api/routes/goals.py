"""Goals: where they stand, with the baseline that was frozen."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.params import FromPath

from api.answers.measured import GoalAnswer, goal_answer
from api.auth import SEE
from api.doors import Call, aside, door, engine_of


class Goals(msgspec.Struct, frozen=True):
    """Every goal."""

    items: list[GoalAnswer]
    next_cursor: str | None = None


@get("/v1/goals", opt=door(SEE))
async def get_goals(request: Call) -> Goals:
    """List the goals by id, each with its pace and where it stands now."""
    found = await aside(engine_of(request).measures.goals)
    return Goals([goal_answer(each) for each in found])


@get("/v1/goals/{id:str}", opt=door(SEE))
async def get_goal(request: Call, id: FromPath[str]) -> GoalAnswer:
    """Give where a goal stands."""
    (found,) = await aside(engine_of(request).measures.goals, id)
    return goal_answer(found)


HANDLERS = [get_goals, get_goal]
