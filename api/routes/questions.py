"""Questions that runs ask people."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.values import AskAnswer, ask_answer
from api.auth import OPERATE, READ
from api.doors import Call, aside, door, engine_of, query_of, read
from api.paging import DueListing, Page, due_after, due_key, page
from api.repeats import acting
from engine.errors import NotFoundError
from engine.runs.run import AskItem
from engine.runtime.engine import Engine

By = Annotated[
    str | None,
    msgspec.Meta(description="Who says so, where the key is a program's; the key's owner without it."),
]


class AskListing(DueListing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which questions: the open ones, or those that were answered; `who` was asked."""

    answered: bool = False
    who: str | None = None


@get("/v1/asks", opt=door(READ, query=AskListing))
async def get_asks(request: Call) -> Page[AskAnswer]:
    """List the questions that wait for an answer, or those that had one."""
    listing = query_of(request, AskListing)
    due_from, last = due_after(listing)

    def find(engine: Engine) -> list[AskItem]:
        with engine.store.reader() as reader:
            return reader.asks(
                answered=listing.answered,
                who=listing.who,
                after=last,
                limit=listing.limit + 1,
                due_from=due_from,
            )

    def key(ask: AskItem) -> object:
        return due_key(listing, ask.due if ask.answered_at is None else None, ask.id)

    return page(listing, await aside(find, engine_of(request)), ask_answer, key)


@get("/v1/asks/{id:str}", opt=door(READ))
async def get_ask(request: Call, id: FromPath[str]) -> AskAnswer:
    """Give a question, open or answered."""

    def find(engine: Engine) -> AskItem:
        with engine.store.reader() as reader:
            found = reader.ask(id)
        if found is None:
            raise NotFoundError(f"there is no question {id}; GET /v1/asks lists them")
        return found

    return ask_answer(await aside(find, engine_of(request)))


class Choice(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The answer: one of the question's choices."""

    choice: str
    by: By = None


@post("/v1/asks/{id:str}/answer", status_code=200, opt=door(OPERATE, body=Choice, repeatable=True))
async def post_answer(request: Call, id: FromPath[str]) -> AskAnswer:
    """Answer a question: the run that asked it goes on."""
    answer = await read(request, Choice)
    engine = await acting(request, ask_answer)
    by = answer.by or request.user.owner
    return ask_answer(await wrap_future(engine.answer_ask(id, answer.choice, by)))


HANDLERS = [get_asks, get_ask, post_answer]
