"""What auditors ask for: every decision of a period, and every change of what decides."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import get

from api.answers.releases import AuditedChange, AuditedChanges, audited_change
from api.answers.values import DecisionAnswer, decision_answer
from api.auth import AUDIT
from api.doors import Call, Instant, aside, door, engine_of, instant, names_of, query_of
from api.paging import Listing, Page, after, page
from engine.decisions.decision import Decision
from engine.runtime.engine import Engine
from engine.runtime.releases.listing import releases_of

Recorded = Literal["fired", "error", "at_most", "too_late", "shadow"]
"""The outcomes that are kept as rows; the others are counted."""


class DecisionListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which decisions: those at `from` or later, and before `to`."""

    rule: str | None = None
    customer: str | None = None
    outcome: Recorded | None = None
    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


@get("/v1/audit/decisions", opt=door(AUDIT, query=DecisionListing))
async def get_decisions(request: Call) -> Page[DecisionAnswer]:
    """List the decisions of a period, the first one first, each with its trace.

    not_met and unknown are counted, not kept; `why` rebuilds them.
    """
    listing = query_of(request, DecisionListing)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    last = after(listing, tuple[int, str])

    def find(engine: Engine) -> list[Decision]:
        with engine.store.reader() as reader:
            return reader.decisions(
                rule=listing.rule,
                customers=names_of(reader, listing.customer),
                outcome=listing.outcome,
                start=start,
                end=end,
                after=last,
                limit=listing.limit + 1,
            )

    found = await aside(find, engine_of(request))
    return page(listing, found, decision_answer, lambda decision: (decision.at, decision.id))


class ChangeListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which changes: those at `from` or later, and before `to`."""

    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


@get("/v1/audit/changes", opt=door(AUDIT, query=ChangeListing))
async def get_changes(request: Call) -> AuditedChanges:
    """List everything that was done to releases in a period, the first first, and count it.

    Proposals, approvals, rejections, emergencies and their ends, rollbacks, starts, and what went live.
    """
    listing = query_of(request, ChangeListing)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    last = after(listing, int)

    def find(engine: Engine) -> tuple[list[AuditedChange], int]:
        with engine.store.reader() as reader:
            known = {each.number: each for each in releases_of(reader)}
            rows = reader.changes(start=start, end=end, after=last, limit=listing.limit + 1)
            shown = [audited_change(row, known[row.release]) for row in rows]
            return shown, reader.count_changes(start=start, end=end)

    found, count = await aside(find, engine_of(request))
    shown = page(listing, found, lambda each: each, lambda each: each.id)
    return AuditedChanges(shown.items, shown.next_cursor, count)


HANDLERS = [get_decisions, get_changes]
