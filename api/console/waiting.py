"""Waiting: questions and cases that wait for a person, and what that person can do about them."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from api.console.asking import Api, place
from api.console.beside import beside
from api.console.lists import Column, Filter, Listing, listed
from api.console.pages import OPERATE, READ, acted, form_of, page, seen, shown
from api.doors import Call
from engine.errors import RequestError

ASKS = Listing(
    "/v1/asks",
    (
        Column("Question", "question"),
        Column("Id", "id", "ask"),
        Column("Asked of", "who"),
        Column("Customer", "customer", "customer"),
        Column("Asked", "asked_at", "time"),
        Column("Due", "due", "clock"),
        Column("Answer", "answer"),
        Column("By", "by"),
    ),
    (
        Filter("who", "Asked of"),
        Filter("answered", "Answered", "choice", ("false", "true")),
        Filter("sort", "Soonest first", "choice", ("due",)),
    ),
    empty="Nobody is asked anything.",
    caption="Questions",
)
CASES = Listing(
    "/v1/cases",
    (
        Column("Case", "title"),
        Column("Id", "id", "case"),
        Column("Stands", "status", "mark"),
        Column("Waits for", "who"),
        Column("Customer", "customer", "customer"),
        Column("Priority", "priority"),
        Column("Opened", "opened_at", "time"),
        Column("Due", "due", "clock"),
        Column("Ran out", "breached"),
    ),
    (
        Filter("status", "Stands", "choice", ("open", "acknowledged", "resolved", "cancelled")),
        Filter("customer", "Customer"),
        Filter("who", "Waits for"),
        Filter("ladder", "Ladder"),
        Filter("breached", "Ran out", "choice", ("true", "false")),
        Filter("exhausted", "Nobody took it", "choice", ("true", "false")),
        Filter("sort", "Soonest first", "choice", ("due",)),
    ),
    empty="No case has been opened.",
    caption="Cases",
)
TABS = [("Questions", "/waiting"), ("Cases", "/waiting/cases")]
ACTS = frozenset(("acknowledge", "resolve", "assign", "pause", "resume", "priority", "reopen", "cancel"))
"""What can be done to a case: the last part of the API's address."""


@get("/waiting", opt=shown(READ))
async def get_asks_page(request: Call) -> Response[Any]:
    """List the questions that wait."""
    return await listed(request, ASKS, title="Waiting for a person", tabs=TABS)


@get("/waiting/cases", opt=shown(READ))
async def get_cases_page(request: Call) -> Response[Any]:
    """List cases."""
    return await listed(request, CASES, title="Waiting for a person", tabs=TABS)


@get("/waiting/asks/{id:str}", opt=shown(READ))
async def get_ask_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Show one question, with its choices."""
    api = Api(request)
    ask = await api.get(place("/v1/asks/{}", id))
    return page(request, "ask.html", title="A question", ask=ask, of=await beside(api, ask["customer"]))


@post("/waiting/asks/{id:str}", status_code=303, opt=acted(OPERATE))
async def post_ask_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Answer a question."""
    given = await form_of(request)
    await Api(request).post(place("/v1/asks/{}/answer", id), {"choice": given.get("choice", "")})
    return seen(request, place("/waiting/asks/{}", id))


@get("/waiting/cases/{id:str}", opt=shown(READ))
async def get_case_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Show a case: its clocks, its history, what is known of its customer, and what can be done."""
    api = Api(request)
    case = await api.get(place("/v1/cases/{}", id))
    return page(request, "case.html", title=case["title"], case=case, of=await beside(api, case["customer"]))


@post("/waiting/cases/{id:str}", status_code=303, opt=acted(OPERATE))
async def post_case_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Do something about a case."""
    given = await form_of(request)
    does = given.get("does", "")
    if does not in ACTS:
        raise RequestError("this cannot be done to a case; use the page's buttons")
    names = {
        "assign": "who",
        "priority": "priority",
        "pause": "reason",
        "reopen": "reason",
        "cancel": "reason",
    }
    name = names.get(does)
    said = {name: given[name]} if name is not None and given.get(name) else {}
    await Api(request).post(place(f"/v1/cases/{{}}/{does}", id), said or None)
    return seen(request, place("/waiting/cases/{}", id))


HANDLERS = [get_asks_page, get_cases_page, get_ask_page, post_ask_page, get_case_page, post_case_page]
