"""What went wrong and may be taken up again: events in quarantine, and dead letters."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from api.console.asking import Api, RefusedError, place
from api.console.lists import Column, Filter, Listing, listed
from api.console.pages import OPERATE, READ, acted, as_json, form_of, page, seen, shown
from api.console.runs import TABS
from api.doors import Call
from engine.errors import RequestError
from engine.model.reasons import QuarantineReason

DEAD = Listing(
    "/v1/dead-letters",
    (
        Column("Key", "key", "letter"),
        Column("Action", "action"),
        Column("Customer", "customer", "customer"),
        Column("Workflow", "workflow", "workflow"),
        Column("Run", "run", "run"),
        Column("Outcome", "outcome", "mark"),
        Column("Because", "reason", "words"),
        Column("Attempts", "attempts", "number"),
        Column("Made", "created_at", "time"),
        Column("Given up", "settled_at", "time"),
        Column("Step", "path", "code"),
    ),
    (
        Filter("workflow", "Workflow"),
        Filter("step", "Step"),
        Filter("customer", "Customer"),
        Filter("outcome", "Outcome", "choice", ("failed", "uncertain")),
        Filter("reason", "Because"),
        Filter("from", "Given up from", "day"),
        Filter("to", "To", "day"),
    ),
    empty="Everything that was to be sent was sent.",
    caption="Dead letters",
)
QUARANTINE = Listing(
    "/v1/quarantine",
    (
        Column("Number", "id", "refused"),
        Column("Received", "received_at", "time"),
        Column("Source", "source"),
        Column("Customer", "customer"),
        Column("Code", "code", "words"),
        Column("What is wrong", "detail"),
        Column("Taken in", "replayed_at", "time"),
        Column("By", "replayed_by"),
    ),
    (
        Filter("code", "Code", "choice", tuple(reason.value for reason in QuarantineReason)),
        Filter("source", "Source"),
        Filter("customer", "Customer"),
        Filter("replayed", "Taken in after all", "choice", ("false", "true")),
        Filter("from", "From", "day"),
        Filter("to", "To", "day"),
    ),
    empty="Every event could be accepted.",
    caption="Quarantine",
)
FINDINGS = ("executed", "failed")
"""What a person may have found out about a dead letter."""
_AGAIN = (400, 409, 422)
"""Answers to a form after which it is shown again, with what the API said."""


@get("/runs/dead-letters", opt=shown(READ))
async def get_dead_page(request: Call) -> Response[Any]:
    """List what could not be sent, or of which nobody knows."""
    return await listed(request, DEAD, tabs=TABS)


@get("/runs/quarantine", opt=shown(READ))
async def get_quarantine_page(request: Call) -> Response[Any]:
    """List the events that could not be accepted."""
    return await listed(request, QUARANTINE, tabs=TABS)


@get("/runs/quarantine/{id:str}", opt=shown(READ))
async def get_refused_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Show an event that could not be accepted: why, what was sent, and what became of it."""
    entry = await Api(request).get(place("/v1/quarantine/{}", id))
    return page(
        request, "refused.html", title=f"Refused event {id}", entry=entry, body=laid_out(entry["body"])
    )


@get("/runs/quarantine/{id:str}/replay", opt=shown(OPERATE))
async def get_take_in_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Ask once more before an event is taken in, as it was sent or corrected."""
    entry = await Api(request).get(place("/v1/quarantine/{}", id))
    return _take_in(request, entry, laid_out(entry["body"]))


def _take_in(
    request: Call, entry: dict[str, Any], text: str, refused: str | None = None, status: int = 200
) -> Response[Any]:
    title = f"Take event {entry['id']} in"
    return page(request, "take-in.html", title=title, status=status, entry=entry, text=text, refused=refused)


@post("/runs/quarantine/{id:str}/replay", status_code=303, opt=acted(OPERATE))
async def post_take_in_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Take an event in: as it was sent where its text is as it was, else as it is written now."""
    api, text = Api(request), (await form_of(request)).get("event", "").replace("\r\n", "\n")
    entry = await api.get(place("/v1/quarantine/{}", id))
    same = text.strip() == laid_out(entry["body"]).replace("\r\n", "\n").strip()
    try:
        # Handed on as it is written: reading it here could change a number.
        body = None if same else {"event": _checked(text)}
        await api.post(place("/v1/quarantine/{}/replay", id), body)
    except msgspec.MsgspecError as error:
        return _take_in(request, entry, text, f"this is no JSON object: {error}", 400)
    except RefusedError as error:
        if error.problem.status not in _AGAIN:
            raise
        return _take_in(request, entry, text, error.problem.detail, error.problem.status)
    return seen(request, place("/runs/quarantine/{}", id))


def _checked(text: str) -> msgspec.Raw:
    msgspec.json.decode(text, type=dict[str, Any])
    return msgspec.Raw(text.encode())


def laid_out(text: str) -> str:
    """Give JSON with a line for each value, where no character of what it says is lost by it."""
    try:
        value = json.loads(text)
        same = json.dumps(value, separators=(",", ":"), ensure_ascii=False) == text
    except (ValueError, RecursionError):
        return text
    return as_json(value) if same else text


@get("/runs/dead-letters/{key:str}", opt=shown(READ))
async def get_letter_page(request: Call, key: FromPath[str]) -> Response[Any]:
    """Show a dead letter: what it holds, each attempt and why it failed, and what became of it."""
    return await _letter(request, "letter.html", "Dead letter", key)


@get("/runs/dead-letters/{key:str}/replay", opt=shown(OPERATE))
async def get_send_again_page(request: Call, key: FromPath[str]) -> Response[Any]:
    """Ask once more before a dead letter is sent again, or how it ended is written down."""
    return await _letter(request, "send-again.html", "Send a dead letter again", key)


async def _letter(
    request: Call, template: str, title: str, key: str, refused: str | None = None, status: int = 200
) -> Response[Any]:
    api = Api(request)
    letter = await api.get(place("/v1/dead-letters/{}", key))
    run = await api.get(place("/v1/runs/{}", letter["run"])) if letter["run"] else None
    paused = (await api.get("/v1/pause"))["paused"]
    return page(
        request,
        template,
        title=title,
        status=status,
        letter=letter,
        steps=[step for step in run["steps"] if step["effect"] == key] if run is not None else [],
        held_back="*" in paused or letter["workflow"] in paused,
        refused=refused,
    )


@post("/runs/dead-letters/{key:str}/replay", status_code=303, opt=acted(OPERATE))
async def post_send_again_page(request: Call, key: FromPath[str]) -> Response[Any]:
    """Send a dead letter again, or write down how it ended."""
    api, given = Api(request), await form_of(request)
    does, note = given.get("does"), given.get("note", "").strip()
    try:
        if does == "replay":
            await api.post(place("/v1/dead-letters/{}/replay", key))
        elif does in FINDINGS:
            told = {"outcome": does, **({"note": note} if note else {})}
            await api.post(place("/v1/dead-letters/{}/settle", key), told)
        else:
            raise RequestError("this cannot be done to a dead letter; use the page's buttons")
    except RefusedError as error:
        if error.problem.status not in _AGAIN:
            raise
        said = error.problem
        return await _letter(
            request, "send-again.html", "Send a dead letter again", key, said.detail, said.status
        )
    return seen(request, place("/runs/dead-letters/{}", key))


HANDLERS = [
    get_dead_page,
    get_quarantine_page,
    get_refused_page,
    get_take_in_page,
    post_take_in_page,
    get_letter_page,
    get_send_again_page,
    post_send_again_page,
]
