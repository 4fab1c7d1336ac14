"""Customers: what is known of them, what happened to them, and why a rule did or did not fire."""

from __future__ import annotations

from asyncio import wrap_future
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import get, patch, post, put
from litestar.params import FromPath

from api.answers.points import PostingAnswer, posting_answer
from api.answers.values import (
    DecisionAnswer,
    EffectAnswer,
    EventAnswer,
    RunAnswer,
    decision_answer,
    effect_answer,
    event_answer,
    run_answer,
    time,
)
from api.auth import ADD, OPERATE, READ
from api.coming_in import source_of
from api.doors import Call, CustomerId, Instant, aside, door, engine_of, instant, query_of, read
from api.paging import Listing, Page, after, page
from api.repeats import acting
from api.written import TraitValues
from engine.customers.event import Event
from engine.customers.zones import moment_of
from engine.decisions.decision import Decision, Line
from engine.errors import ForbiddenError, RequestError
from engine.model.reasons import QuarantineReason
from engine.model.values import SECOND, Micros
from engine.runs.run import Run
from engine.runtime.reports.glancing import Found
from engine.runtime.reports.reading import Entry, KnownCustomer
from engine.store.records import OutboxRow


class FactAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A fact: its value, how old its newest input is and where that came from.

    `reason` tells why it is unknown, or what its value rests on.
    """

    value: Any
    at: datetime | None
    age_seconds: int | None
    source: str | None
    reason: str | None


class CustomerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer as of an instant. `version` counts the changes."""

    id: str
    kind: str
    account: str | None
    aliases: list[str]
    version: int
    first_seen: datetime | None
    as_of: datetime
    segments: tuple[str, ...]
    facts: dict[str, FactAnswer]
    suppressed: dict[str, str]


def customer_answer(known: KnownCustomer, now: Micros) -> CustomerAnswer:
    """Give what is known of a customer as it is answered with."""
    return CustomerAnswer(
        id=known.id,
        kind=known.kind,
        account=known.account,
        aliases=[alias.id for alias in known.aliases],
        version=known.version,
        first_seen=time(known.first_seen),
        as_of=moment_of(now),
        segments=known.segments,
        facts={
            name: FactAnswer(
                value=fact.value,
                at=time(fact.at),
                age_seconds=None if fact.at is None else max(0, (now - fact.at) // SECOND),
                source=fact.source,
                reason=fact.reason,
            )
            for name, fact in known.facts.items()
        },
        suppressed=known.suppressed,
    )


class CustomerListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is looked for, one way or the other; everybody without either."""

    search: Annotated[
        str,
        msgspec.Meta(
            max_length=256,
            pattern=r"^[^\x00]*$",
            description="Words, each of which begins one of their id, their name or their e-mail address.",
        ),
    ] = ""
    prefix: Annotated[
        str,
        msgspec.Meta(max_length=256, pattern=r"^[^\x00]*$", description="How an id begins, written exactly."),
    ] = ""
    details: Annotated[bool, msgspec.Meta(description="Whether each is to have a glance at who it is.")] = (
        False
    )


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a customer, as of what was last played for them.

    `called` is their name: the trait `name`, or `first_name` and `last_name`. `stages` are by lifecycle,
    `bands` and `values` (0 to 100) by score, `points` what can be spent by program.
    """

    kind: str
    account: str | None
    called: str | None
    email: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    segments: tuple[str, ...]
    stages: dict[str, str]
    bands: dict[str, str]
    values: dict[str, Decimal | None]
    points: dict[str, int]


class FoundCustomer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A customer by a name; `customer` is the id that they go by, the same unless they were merged.

    `known` is there where `details` were asked for.
    """

    name: str
    customer: str
    known: Glance | None = None


def found_answer(one: Found) -> FoundCustomer:
    """Give a customer that was found as it is answered with."""
    seen = one.glance
    if seen is None:
        return FoundCustomer(one.name, one.customer)
    values = {name: getattr(seen, name) for name in Glance.__struct_fields__}
    values |= {"first_seen": time(seen.first_seen), "last_seen": time(seen.last_seen)}
    return FoundCustomer(one.name, one.customer, Glance(**values))


@get("/v1/customers", opt=door(READ, query=CustomerListing))
async def get_customers(request: Call) -> Page[FoundCustomer]:
    """Find customers by words of their id, name and e-mail address, or by how their id begins.

    Words are looked for without regard to case and accents, and the closest come first; by `prefix`, or by
    neither, customers come in the order of their ids. Those of old, merged ids are found too.
    """
    listing = query_of(request, CustomerListing)
    engine, limit, glances = engine_of(request), listing.limit + 1, listing.details
    if not listing.search.strip():
        found = await aside(engine.named, listing.prefix, after(listing, str), limit, glances=glances)
        return page(listing, found, found_answer, lambda one: one.name)
    if listing.prefix:
        raise RequestError("search by words, or name how an id begins, not both", code="invalid_parameter")
    last = after(listing, tuple[int, str, str])
    found = await aside(engine.looked_for, listing.search, last, limit, glances=glances)
    return page(listing, found, found_answer, lambda one: one.place)


@get("/v1/customers/{id:str}", opt=door(READ))
async def get_customer(request: Call, id: FromPath[str]) -> CustomerAnswer:
    """Give what is known of a customer, with each fact's age and source."""
    engine = engine_of(request)
    return customer_answer(await aside(engine.customer, id), engine.clock.now())


class Traits(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Traits to set. Those that are not named stay as they are; null takes one away."""

    traits: TraitValues
    account: Annotated[CustomerId | None, msgspec.Meta(description="The account that it belongs to.")] = None
    at: Annotated[Instant | None, msgspec.Meta(description="When this was so; now by default.")] = None


class TraitsSet(msgspec.Struct, frozen=True, kw_only=True):
    """The traits were taken; `changed` is false where the very same was sent before."""

    customer: str
    changed: bool


async def _set(request: Call, id: str, *, registers: bool = False) -> TraitsSet:
    sent = await read(request, Traits)
    key = request.user
    raw: dict[str, Any] = {"customer": id, "event": "identify", "traits": sent.traits}
    raw |= {name: value for name, value in (("account", sent.account), ("at", sent.at)) if value is not None}
    engine = engine_of(request)
    source = source_of(key)
    may_grant = key.role != "ingest"
    answer = await wrap_future(
        engine.ingest(
            [raw],
            source=source,
            may_grant=may_grant,
            registers=key.owner if registers and may_grant else None,
        )
    )
    if answer.quarantined:
        refused = answer.quarantined[0]
        if refused["code"] in (QuarantineReason.PROTECTED.value, QuarantineReason.ERASED.value):
            raise ForbiddenError(str(refused["detail"]), code=str(refused["code"]))
        raise RequestError(str(refused["detail"]), code=str(refused["code"]))
    return TraitsSet(customer=id, changed=answer.accepted == 1)


@put("/v1/customers/{id:str}", opt=door(ADD, body=Traits))
async def put_customer(request: Call, id: FromPath[str]) -> TraitsSet:
    """Set traits of a customer, who is made known by it.

    Nothing is taken away that is not set to null: it is an `identify` event like any other. With an
    operator's key, whoever was erased under this id is a new customer from now on.
    """
    return await _set(request, id, registers=True)


@patch("/v1/customers/{id:str}", opt=door(ADD, body=Traits))
async def patch_customer(request: Call, id: FromPath[str]) -> TraitsSet:
    """Set some traits of a customer; null takes one away."""
    return await _set(request, id)


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened; the field named like its `kind` holds it."""

    at: datetime
    kind: str
    event: EventAnswer | None = None
    decision: DecisionAnswer | None = None
    run: RunAnswer | None = None
    message: EffectAnswer | None = None
    points: PostingAnswer | None = None


def entry_answer(entry: Entry) -> TimelineEntry:
    """Give one thing that happened as it is answered with."""
    at, of = moment_of(entry.at), entry.of
    if isinstance(of, Event):
        return TimelineEntry(at=at, kind="event", event=event_answer(of))
    if isinstance(of, Decision):
        return TimelineEntry(at=at, kind="decision", decision=decision_answer(of))
    if isinstance(of, Run):
        return TimelineEntry(at=at, kind="run", run=run_answer(of))
    if isinstance(of, OutboxRow):
        return TimelineEntry(at=at, kind="message", message=effect_answer(of))
    return TimelineEntry(at=at, kind="points", points=posting_answer(of))


@get("/v1/customers/{id:str}/timeline", opt=door(READ, query=Listing))
async def get_timeline(request: Call, id: FromPath[str]) -> Page[TimelineEntry]:
    """List what happened to a customer, the newest first.

    Events, decisions, runs, messages and points in one list.
    """
    listing = query_of(request, Listing)
    # Many entries may share an instant: a cursor is an instant, and how many of it were given.
    before, given = after(listing, tuple[int, int], id) or (None, 0)
    found = await aside(
        engine_of(request).timeline,
        id,
        before=None if before is None else before + 1,
        limit=listing.limit + given + 1,
    )
    if before is not None:
        found = found[given:]
    counted = Counter(entry.at for entry in found[: listing.limit])
    if before is not None:
        counted[before] += given
    return page(listing, found, entry_answer, lambda entry: (entry.at, counted[entry.at]), id)


class Why(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which rule, or which workflow, and as of when."""

    rule: str | None = None
    workflow: str | None = None
    at: Instant | None = None


class WhyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule saw and decided, the last time it looked not after the instant asked for.

    `decision` is its outcome, null where it had not looked; `reason` is of the closed list; each line
    has its own outcome and the values that it saw.
    """

    rule: str
    rule_hash: str
    workflow: str | None
    customer: str
    at: datetime
    decision: str | None
    reason: str | None
    trigger: str | None
    event: dict[str, Any]
    lines: tuple[Line, ...]
    runs: tuple[dict[str, Any], ...]


@get("/v1/customers/{id:str}/why", opt=door(READ, query=Why))
async def get_why(request: Call, id: FromPath[str]) -> WhyAnswer:
    """Tell why a rule, or a workflow, did or did not fire for a customer.

    As of `at`, now by default: with the rule, the facts and the events as they were then.
    """
    asked = query_of(request, Why)
    engine = engine_of(request)
    at = instant(asked.at, "at") or engine.clock.now()
    if (asked.rule is None) == (asked.workflow is None):
        raise RequestError("name either a rule or a workflow, as ?rule=usage-drop", code="invalid_parameter")
    if asked.rule is not None:
        told = await aside(engine.why, asked.rule, id, at)
    else:
        told = await aside(engine.why_workflow, asked.workflow or "", id, at)
    return WhyAnswer(
        rule=told.rule,
        rule_hash=told.rule_hash,
        workflow=asked.workflow,
        customer=told.customer,
        at=moment_of(told.at),
        decision=told.decision,
        reason=told.reason,
        trigger=told.trigger,
        event=told.event,
        lines=told.lines,
        runs=told.starts,
    )


class Merge(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who is the same customer."""

    other: CustomerId


class Merged(msgspec.Struct, frozen=True):
    """The id that both go by from now on."""

    customer: str


@post("/v1/customers/{id:str}/merge", status_code=200, opt=door(OPERATE, body=Merge, repeatable=True))
async def post_merge(request: Call, id: FromPath[str]) -> Merged:
    """Make another customer one with this one, for good.

    As if all events had come under this id: facts are made anew, runs go on under it.
    """
    wanted = await read(request, Merge)
    engine = await acting(request, Merged)
    return Merged(await wrap_future(engine.merge_customers(id, wanted.other, request.user.owner)))


HANDLERS = [
    get_customers,
    get_customer,
    put_customer,
    patch_customer,
    get_timeline,
    get_why,
    post_merge,
]
