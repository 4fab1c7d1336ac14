"""Releases, proposals and the record of changes, as the API tells them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from api.answers.values import time
from engine.authoring.planning import Plan, Tested
from engine.runtime.releases.listing import Known, Status, Version
from engine.store.proposing import ChangeRow, ProposalRow
from engine.store.records import ReleaseRow


class ReleaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A release, or a proposal that is none yet. `hash` is over its content: an approval is about it.

    `status` is open, rejected, replaced, going_live, live or past. `author` wrote it, `actor` made it
    live, `approver` is the second human. `ends_at` is when an emergency goes back by itself, `of` the
    release whose files it has again, `tests` how the workspace's own tests went when it was planned.
    """

    number: int
    status: Status
    cause: str | None
    hash: str
    author: str
    actor: str | None
    approver: str | None
    proposed_at: datetime | None
    approved_at: datetime | None
    live_at: datetime | None
    until: datetime | None
    ends_at: datetime | None
    base: int | None
    of: int | None
    note: str | None
    tests: Tested | None


class ChangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the record of changes: who did what to which release, when, on which content."""

    id: int
    at: datetime | None
    kind: str
    release: int
    by: str
    key: str
    hash: str
    note: str | None


class AuditedChange(ChangeAnswer, frozen=True, kw_only=True):
    """A line of the record with what is known of its release: the humans, the cause, the tests' result."""

    cause: str | None
    author: str
    actor: str | None
    approver: str | None
    live_at: datetime | None
    tests: Tested | None


class ProgressAnswer(msgspec.Struct, frozen=True):
    """How many customers have come over to a release that goes live, of how many."""

    done: int
    of: int


class WholeRelease(ReleaseAnswer, frozen=True, kw_only=True):
    """A release with its plan and its lines of the record; `progress` while it goes live in this process."""

    plan: Plan | None
    changes: list[ChangeAnswer]
    progress: ProgressAnswer | None


class DecidedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a proposal. An accepted one is live as soon as every customer has come over."""

    number: int
    state: str
    hash: str
    author: str
    base: int | None


class VersionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a file: the release that brought it, its source by hash, from when and until when."""

    release: int
    sha256: str
    source: str
    cause: str
    author: str
    actor: str
    approver: str | None
    from_: datetime | None = msgspec.field(name="from")
    until: datetime | None


def release_answer(known: Known) -> ReleaseAnswer:
    """Show a release or proposal."""
    return ReleaseAnswer(**_told(known))


def whole_release(
    known: Known, plan: Plan | None, changes: Sequence[ChangeRow], progress: tuple[int, int] | None
) -> WholeRelease:
    """Show everything of a release or proposal."""
    return WholeRelease(
        **_told(known),
        plan=plan,
        changes=[change_answer(row) for row in changes],
        progress=None if progress is None or known.status != "going_live" else ProgressAnswer(*progress),
    )


def _told(known: Known) -> dict[str, Any]:
    times = {name: time(getattr(known, name)) for name in _TIMES}
    return {**msgspec.structs.asdict(known), **times}


_TIMES = ("proposed_at", "approved_at", "live_at", "until", "ends_at")


def change_answer(row: ChangeRow) -> ChangeAnswer:
    """Show a line of the record."""
    return ChangeAnswer(**{**msgspec.structs.asdict(row), "at": time(row.at)})


def audited_change(row: ChangeRow, known: Known) -> AuditedChange:
    """Show a line of the record with its release."""
    return AuditedChange(
        **msgspec.structs.asdict(change_answer(row)),
        cause=known.cause,
        author=known.author,
        actor=known.actor,
        approver=known.approver,
        live_at=time(known.live_at),
        tests=known.tests,
    )


def decided(row: ProposalRow) -> DecidedAnswer:
    """Show what became of a proposal."""
    return DecidedAnswer(number=row.number, state=row.state, hash=row.token, author=row.author, base=row.base)


def gone_back(row: ReleaseRow) -> DecidedAnswer:
    """Show a release that a person goes back with."""
    return DecidedAnswer(number=row.number, state="accepted", hash=row.hash, author=row.author, base=row.of)


def version_answer(version: Version) -> VersionAnswer:
    """Show a version of a file."""
    told = msgspec.structs.asdict(version)
    return VersionAnswer(**{**told, "from_": time(version.from_), "until": time(version.until)})
