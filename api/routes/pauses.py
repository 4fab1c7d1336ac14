"""The kill switch: one workflow held back, or all of them."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Annotated

import msgspec
from litestar import get, post

from api.auth import OPERATE, READ
from api.doors import Call, door, engine_of, read_optional
from api.repeats import acting


class Switch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which workflow; without one, all."""

    workflow: Annotated[str | None, msgspec.Meta(description="A workflow's id; all without it.")] = None


class Paused(msgspec.Struct, frozen=True):
    """The workflows that are held back; `*` stands for all."""

    paused: list[str]


def _paused(workflows: frozenset[str]) -> Paused:
    return Paused(sorted(workflows))


@get("/v1/pause", opt=door(READ))
async def get_pause(request: Call) -> Paused:
    """Tell which workflows are held back."""
    return _paused(engine_of(request).paused)


@post("/v1/pause", status_code=200, opt=door(OPERATE, body=Switch | None, repeatable=True))
async def post_pause(request: Call) -> Paused:
    """Hold back what a workflow, or every workflow, would do. Events are taken in as before."""
    switch = await read_optional(request, Switch)
    engine = await acting(request, _paused)
    return _paused(await wrap_future(engine.pause(switch.workflow, request.user.owner)))


@post("/v1/resume", status_code=200, opt=door(OPERATE, body=Switch | None, repeatable=True))
async def post_resume(request: Call) -> Paused:
    """Let a workflow go on; without one, all of them."""
    switch = await read_optional(request, Switch)
    engine = await acting(request, _paused)
    return _paused(await wrap_future(engine.resume(switch.workflow, request.user.owner)))


HANDLERS = [get_pause, post_pause, post_resume]
