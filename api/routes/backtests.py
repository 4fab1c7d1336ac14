"""Backtests: what a plan would have decided otherwise on the events that are stored."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath

from api.answers.backtests import BacktestAnswer, backtest_answer
from api.auth import READ, SEE
from api.doors import Call, aside, door, engine_of, query_of

WAIT = 2.0
"""Seconds that an answer waits for what is played: of few events it is done by then."""


class BacktestQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How many days are counted, today with them; what was before is played too."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 28


@get("/v1/plans/{token:str}/backtest", opt=door(SEE, query=BacktestQuery))
async def get_backtest(request: Call, token: FromPath[str]) -> BacktestAnswer:
    """Tell what a plan's rules would have decided on the stored events, beside those before it.

    The first to ask has it played, which may take minutes; ask again for how far it is. Nothing is sent
    and nothing changes by it.
    """
    days = query_of(request, BacktestQuery).days
    found = await aside(engine_of(request).backtest, token, days, WAIT)
    return backtest_answer(found, customers=request.user.role in READ)


HANDLERS = [get_backtest]
