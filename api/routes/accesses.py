"""Who read whose personal data, and everything that is known of one customer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.personal import AccessAnswer, access_answer
from api.answers.points import PostingAnswer, posting_answer
from api.answers.values import (
    AskAnswer,
    CaseAnswer,
    DecisionAnswer,
    EffectAnswer,
    EventAnswer,
    RunAnswer,
    StepAnswer,
    ask_answer,
    case_answer,
    decision_answer,
    effect_answer,
    event_answer,
    run_answer,
    step_answer,
    time,
)
from api.answers.words import in_words
from api.auth import ADMIN, AUDIT
from api.doors import Call, CustomerId, Instant, aside, door, engine_of, instant, query_of, read
from api.paging import Listing, after, page
from api.routes.cases import HappeningAnswer, happening_answer
from api.routes.consent import ConsentSaid, ConsentState, consent_said, consent_states
from api.routes.coupons import CouponAnswer, coupon_answer
from api.routes.customers import CustomerAnswer, customer_answer
from api.routes.scores import ScoreAnswer, score_answer
from api.routes.suppressions import SuppressionAnswer, suppression_answer
from engine.customers.zones import moment_of
from engine.runtime.accesses import Access, subjects_of
from engine.runtime.engine import Engine
from engine.runtime.reports.handing import Everything, Ran
from engine.store.personal import AccessFilter, AccessRow


class AccessListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which readings: at `from` or later and before `to`; by whom (a human, or the id of a key); of whom."""

    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None
    who: str | None = None
    customer: Annotated[
        CustomerId | None, msgspec.Meta(description="A customer's id, or their pseudonym.")
    ] = None


class AccessPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of readings; `count` is how many there are in all, on every page."""

    items: list[AccessAnswer]
    next_cursor: str | None
    count: int


@get("/v1/audit/access", opt=door(AUDIT, query=AccessListing))
async def get_accesses(request: Call) -> AccessPage:
    """List who read personal data, the first reading first, with the number of all.

    A list that was read names no customer: it stands with what was asked for.
    """
    listing = query_of(request, AccessListing)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    last = after(listing, tuple[int, int])

    def find(engine: Engine) -> tuple[list[AccessRow], int]:
        engine.flush_accesses()
        with engine.store.reader() as reader:
            whose = None if listing.customer is None else subjects_of(reader, listing.customer)
            found = AccessFilter(start=start, end=end, who=listing.who, subjects=whose)
            return reader.accesses(found, last, listing.limit + 1), reader.count_accesses(found)

    rows, count = await aside(find, engine_of(request))
    shown = page(listing, rows, access_answer, lambda row: (row.at, row.id))
    return AccessPage(items=shown.items, next_cursor=shown.next_cursor, count=count)


class Noted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A reading by a command of this machine: which one, by whom, and whose data."""

    command: Annotated[str, msgspec.Meta(pattern=r"^holdfast [a-z]+$")]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    customer: CustomerId | None = None
    run: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class NotedAnswer(msgspec.Struct, frozen=True):
    """It is kept."""

    noted: bool


@post("/v1/audit/access", status_code=200, opt=door(ADMIN, body=Noted))
async def post_access(request: Call) -> NotedAnswer:
    """Record that a command read personal data beside the server.

    Commands of the server's own machine do so, before they show anything.
    """
    noted = await read(request, Noted)
    engine, key = engine_of(request), request.user
    engine.note_access(
        Access(
            at=engine.clock.now(), owner=noted.by, key_id=key.id, role=key.role, route=noted.command,
            customer=noted.customer, run=noted.run,
        )
    )  # fmt: skip
    await aside(engine.flush_accesses)
    return NotedAnswer(noted=True)


class WordedDecision(DecisionAnswer, frozen=True, kw_only=True):
    """A decision, and what it says in words."""

    in_words: str


class WholeRun(RunAnswer, frozen=True, kw_only=True):
    """A run with the event that began it, every step, and what left the building."""

    event: dict[str, Any]
    steps: list[StepAnswer]
    effects: list[EffectAnswer]


class MembershipAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A time in a segment; `until` is null while it lasts."""

    segment: str
    since: datetime
    until: datetime | None
    cause: str


class ExposureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The arm of an experiment that was drawn; `split` is empty for the holdout at a workflow's start."""

    workflow: str
    split: str
    arm: str
    at: datetime


class RefusedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was refused, as it came, and why."""

    received_at: datetime
    source: str
    code: str
    detail: str
    body: str


class WholeCase(CaseAnswer, frozen=True, kw_only=True):
    """A case with everything that happened to it, and what was known when it was opened."""

    history: list[HappeningAnswer]
    context: dict[str, Any]


class ExportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of a customer, under all the `names` that mean them.

    `customer` has each fact with its age and source. Lists are in the order in which things came about.
    """

    names: tuple[str, ...]
    as_of: datetime
    customer: CustomerAnswer | None
    consent: list[ConsentState]
    consent_history: list[ConsentSaid]
    segments: list[MembershipAnswer]
    scores: list[ScoreAnswer]
    events: list[EventAnswer]
    refused: list[RefusedAnswer]
    decisions: list[WordedDecision]
    runs: list[WholeRun]
    experiments: list[ExposureAnswer]
    points: list[PostingAnswer]
    coupons: list[CouponAnswer]
    cases: list[WholeCase]
    asks: list[AskAnswer]
    suppressions: list[SuppressionAnswer]
    accesses: list[AccessAnswer]


def export_answer(found: Everything) -> ExportAnswer:
    """Give everything that is known as it is answered with."""
    return ExportAnswer(
        names=found.names,
        as_of=moment_of(found.as_of),
        customer=None if found.known is None else customer_answer(found.known, found.as_of),
        consent=consent_states(found.consent[0]),
        consent_history=[consent_said(change) for change in found.consent[1]],
        segments=[
            MembershipAnswer(
                segment=row.segment, since=moment_of(row.valid_from), until=time(row.valid_to),
                cause=row.cause,
            )
            for row in found.memberships
        ],
        scores=[score_answer(each) for each in found.scores],
        events=[event_answer(event) for event in found.events],
        refused=[
            RefusedAnswer(
                received_at=moment_of(entry.received_at), source=entry.source, code=entry.code,
                detail=entry.detail, body=entry.body.decode("utf-8", "replace"),
            )
            for entry in found.refused
        ],
        decisions=[
            WordedDecision(**msgspec.structs.asdict(decision_answer(each)), in_words=in_words(each))
            for each in found.decisions
        ],
        runs=[_run(each) for each in found.runs],
        experiments=[
            ExposureAnswer(workflow=each.workflow, split=each.split, arm=each.arm, at=moment_of(each.at))
            for each in found.exposures
        ],
        points=[posting_answer(posting) for posting in found.points],
        coupons=[coupon_answer(coupon) for coupon in found.coupons],
        cases=[
            WholeCase(
                **msgspec.structs.asdict(case_answer(case)),
                history=[happening_answer(each) for each in case.history],
                context=case.context,
            )
            for case in found.cases
        ],
        asks=[ask_answer(ask) for ask in found.asks],
        suppressions=[suppression_answer(row) for row in found.suppressions],
        accesses=[access_answer(row) for row in found.accesses],
    )  # fmt: skip


def _run(ran: Ran) -> WholeRun:
    return WholeRun(
        **msgspec.structs.asdict(run_answer(ran.run)),
        event=ran.run.event,
        steps=[step_answer(attempt) for attempt in ran.attempts],
        effects=[effect_answer(row) for row in ran.effects],
    )


@get("/v1/customers/{id:str}/export", opt=door(AUDIT))
async def get_customer_export(request: Call, id: FromPath[str]) -> ExportAnswer:
    """Give everything that is known of a customer, for whoever asks what is stored of them.

    Decisions come with their reasons in words, facts with their age and source.
    """
    engine = engine_of(request)
    await aside(engine.flush_accesses)
    return export_answer(await aside(engine.everything, id))


HANDLERS = [get_accesses, post_access, get_customer_export]
