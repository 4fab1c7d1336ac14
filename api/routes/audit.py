"""What auditors ask for: complete populations, proofs, and the whole record as a file."""

from __future__ import annotations

import re
from asyncio import wrap_future
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from api.answers.audit import (
    CheckpointAnswer,
    ConsistencyAnswer,
    InclusionAnswer,
    RecordedChange,
    checkpoint_answer,
    recorded_change,
)
from api.answers.releases import AuditedChange, audited_change
from api.answers.values import DecisionAnswer, decision_answer
from api.auth import AUDIT
from api.doors import Call, Instant, aside, door, engine_of, instant, names_of, query_of
from api.paging import Listing, Population, after, population
from engine.audit.tree import consistency, edge_at, inclusion, root_of
from engine.decisions.decision import Decision
from engine.errors import NotFoundError, RequestError
from engine.runtime.engine import Engine
from engine.runtime.releases.listing import releases_of
from engine.store.audit import CheckpointRow, LeafRow

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
async def get_decisions(request: Call) -> Population[DecisionAnswer]:
    """List the decisions of a period, the first one first, each with its trace; `count` is all of them.

    not_met and unknown are counted, not kept; `why` rebuilds them.
    """
    listing = query_of(request, DecisionListing)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    last = after(listing, tuple[int, str])

    def find(engine: Engine) -> tuple[list[Decision], int]:
        with engine.store.reader() as reader:
            names = names_of(reader, listing.customer)
            count = reader.count_decisions(
                rule=listing.rule, customers=names, outcome=listing.outcome, start=start, end=end
            )
            return reader.decisions(
                rule=listing.rule,
                customers=names,
                outcome=listing.outcome,
                start=start,
                end=end,
                after=last,
                limit=listing.limit + 1,
            ), count

    found, count = await aside(find, engine_of(request))
    return population(
        listing, found, decision_answer, lambda decision: (decision.at, decision.id), count=count
    )


@get("/v1/audit/decisions/{id:str}", opt=door(AUDIT))
async def get_decision(request: Call, id: FromPath[str]) -> DecisionAnswer:
    """Give a decision with its trace."""

    def find(engine: Engine) -> Decision:
        with engine.store.reader() as reader:
            found = reader.decision(id)
        if found is None:
            raise NotFoundError(f"there is no decision {id}; look it up in GET /v1/audit/decisions")
        return found

    return decision_answer(await aside(find, engine_of(request)))


CHANGES = ("change", "erased", "replay")
"""The kinds of entries that tell of a change."""


class ChangeListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which changes: those at `from` or later, and before `to`."""

    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


@get("/v1/audit/changes", opt=door(AUDIT, query=ChangeListing))
async def get_changes(request: Call) -> Population[RecordedChange]:
    """List what people changed in a period, and who came in.

    Releases, keys, pauses, what they did to customers, erasures, replays of the quarantine; people's
    sessions, and how many sign-ins were refused. Each is a sealed entry of the audit record, under its
    number; `count` is all of them.
    """
    listing = query_of(request, ChangeListing)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    last = after(listing, tuple[int, int])

    def find(engine: Engine) -> tuple[list[LeafRow], int]:
        engine.flush_refusals()
        with engine.store.reader() as reader:
            rows = reader.acts(*CHANGES, start=start, end=end, after=last, limit=listing.limit + 1)
            return rows, reader.count_acts(*CHANGES, start=start, end=end)

    found, count = await aside(find, engine_of(request))
    return population(listing, found, recorded_change, lambda row: (row.at, row.number), count=count)


@get("/v1/audit/checkpoint", opt=door(AUDIT))
async def get_checkpoint(request: Call) -> Response[CheckpointAnswer]:
    """Sign the audit record as it is now, and give the checkpoint: keep it where nobody can change it.

    With `Accept: text/plain` it is the signed note alone, as C2SP's tlog-checkpoint has it.
    """
    engine = engine_of(request)
    row = await wrap_future(engine.checkpoint())
    if row is None:
        raise NotFoundError("the audit record is empty yet; send an event first")
    if "text/plain" in request.headers.get("accept", ""):
        return Response(row.note, media_type="text/plain; charset=utf-8")  # type: ignore[arg-type]
    return Response(checkpoint_answer(row, str(engine.verifier)))


_NUMBER = re.compile(r"[0-9]{1,15}")
Size = Annotated[int, msgspec.Meta(ge=0, le=2**53, description="A number of entries.")]


class ProofQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """In which tree: that of so many entries; without it, of the last checkpoint's."""

    size: Size | None = None


@get("/v1/audit/proof/{leaf:str}", opt=door(AUDIT, query=ProofQuery))
async def get_proof(request: Call, leaf: FromPath[str]) -> InclusionAnswer:
    """Prove that an entry is in the record of a size: hash up the path, and compare with a checkpoint.

    RFC 9162, 2.1.3; `leaf` counts from 0.
    """
    asked = query_of(request, ProofQuery)

    def find(engine: Engine) -> InclusionAnswer:
        with engine.store.reader() as reader:
            edge = reader.edge()
            size = _size(asked.size, reader.latest_checkpoint(), edge.size)
            number = int(leaf) if _NUMBER.fullmatch(leaf) else size
            if number >= size:
                raise NotFoundError(f"a record of {size} entries has no entry {leaf}; ask for one below that")
            (row,) = reader.leaves(number, number + 1)
            return InclusionAnswer(
                number=number,
                size=size,
                kind=row.kind,
                entry=row.entry.decode(),
                hash=row.hash.hex(),
                path=[each.hex() for each in inclusion(reader.hashes, number, size)],
                root=root_of(edge_at(reader.hashes, size)).hex(),
            )

    return await aside(find, engine_of(request))


class ConsistencyQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """From the tree of so many entries to that of so many; without `to`, to the last checkpoint's."""

    from_: Size = msgspec.field(name="from")
    to: Size | None = None


@get("/v1/audit/consistency", opt=door(AUDIT, query=ConsistencyQuery))
async def get_consistency(request: Call) -> ConsistencyAnswer:
    """Prove that the record of a size is the beginning of the record of another (RFC 9162, 2.1.4)."""
    asked = query_of(request, ConsistencyQuery)

    def find(engine: Engine) -> ConsistencyAnswer:
        with engine.store.reader() as reader:
            size = _size(asked.to, reader.latest_checkpoint(), reader.edge().size)
            if not 0 < asked.from_ <= size:
                raise RequestError(
                    f"{asked.from_} entries are no beginning of {size}; ask for a smaller number"
                )
            return ConsistencyAnswer(
                from_=asked.from_,
                to=size,
                path=[each.hex() for each in consistency(reader.hashes, asked.from_, size)],
                root=root_of(edge_at(reader.hashes, size)).hex(),
            )

    return await aside(find, engine_of(request))


def _size(asked: int | None, last: CheckpointRow | None, size: int) -> int:
    found = asked if asked is not None else size if last is None else last.size
    if found > size:
        raise RequestError(f"the record has {size} entries, not {found}; ask for fewer")
    return found


class ExportQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Of which period: from `from` on, and before `to`; without them, everything."""

    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


@get("/v1/audit/releases", opt=door(AUDIT, query=ChangeListing))
async def get_audited_releases(request: Call) -> Population[AuditedChange]:
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
    return population(listing, found, lambda each: each, lambda each: each.id, count=count)


@get("/v1/audit/export", opt=door(AUDIT, query=ExportQuery), media_type="application/zip")
async def get_audit_export(request: Call) -> Stream:
    """Take the audit record of a period as a file that can be checked without this engine.

    That it was taken is recorded first, and is in the file where its period reaches until now.
    """
    asked, engine, user = query_of(request, ExportQuery), engine_of(request), request.user
    start, end = instant(asked.from_, "from"), instant(asked.to, "to")
    return Stream(
        lambda: engine.export_audit(start, end, user.owner, user.id),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="audit.zip"'},
    )


HANDLERS = [
    get_decisions,
    get_decision,
    get_changes,
    get_audited_releases,
    get_checkpoint,
    get_proof,
    get_consistency,
    get_audit_export,
]
