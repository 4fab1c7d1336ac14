"""Listing: releases and proposals as people look at them, and the versions of one file."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from engine.authoring.planning import Plan, Tested
from engine.errors import NotFoundError
from engine.model.reasons import ChangeKind
from engine.model.values import Micros
from engine.runtime.releases.standing import ends_at
from engine.store.interface import Reader
from engine.store.proposing import ChangeRow, ProposalRow
from engine.store.records import ReleaseRow

Status = Literal["open", "rejected", "replaced", "going_live", "live", "past"]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A release, or a proposal that is none yet. `hash` is what an approval is about.

    `author` wrote it, `actor` made it live, `approver` is the second human; instants are None for what
    has not happened. `until` is when another release took its place, `ends_at` when an emergency goes
    back by itself. `base` is the release that it was planned against, `of` the one whose files it has.
    """

    number: int
    status: Status
    cause: str | None
    hash: str
    author: str
    actor: str | None
    approver: str | None
    proposed_at: Micros | None
    approved_at: Micros | None = None
    live_at: Micros | None
    until: Micros | None = None
    ends_at: Micros | None = None
    base: int | None
    of: int | None
    note: str | None
    tests: Tested | None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a rule's or a workflow's file: the release that brought it, from when and until when."""

    release: int
    sha256: str
    source: str
    cause: str
    author: str
    actor: str
    approver: str | None
    from_: Micros
    until: Micros | None


def releases_of(reader: Reader) -> list[Known]:
    """Give every release and proposal, the first one first, and the one that is going live."""
    releases, going = reader.releases(), reader.marks().unfinished
    proposals = {row.number: row for row in reader.proposals()}
    by_number = {row.number: row for row in ([*releases, going] if going is not None else releases)}
    until = {one.number: two.at for one, two in pairwise(releases)}
    live = releases[-1].number if releases else 0
    ends = {live: ends_at(releases)}
    approved = {row.release: row.at for row in reader.changes() if row.kind == ChangeKind.APPROVED.value}
    found = []
    for number in sorted(by_number.keys() | proposals.keys()):
        release, proposal = by_number.get(number), proposals.get(number)
        if going is not None and number == going.number:
            status: Status = "going_live"
        elif release is not None:
            status = "live" if number == live else "past"
        else:
            assert proposal is not None
            status = "going_live" if proposal.state == "accepted" else proposal.state
        known = _known(number, status, release, proposal)
        found.append(
            msgspec.structs.replace(
                known,
                approved_at=approved.get(number),
                until=until.get(number),
                ends_at=ends.get(number),
                live_at=None if status == "going_live" else known.live_at,
            )
        )
    return found


def release_of(reader: Reader, number: int) -> tuple[Known, Plan | None, list[ChangeRow]]:
    """Give one release or proposal, its plan, and its lines of the record; raises `NotFoundError`."""
    found = next((each for each in releases_of(reader) if each.number == number), None)
    if found is None:
        raise NotFoundError(f"there is no release {number}; look it up in GET /v1/releases")
    proposal = reader.proposal(number)
    plan = None if proposal is None else msgspec.json.decode(proposal.report, type=Plan)
    return found, plan, reader.changes(release=number)


def _known(number: int, status: Status, release: ReleaseRow | None, proposal: ProposalRow | None) -> Known:
    tests = None if proposal is None else msgspec.json.decode(proposal.report, type=_Evidence).tests
    written = release or proposal
    assert written is not None
    return Known(
        number=number,
        status=status,
        hash=written.token or (written.hash if isinstance(written, ReleaseRow) else ""),
        author=written.author,
        cause=None if release is None else release.cause,
        actor=None if release is None else release.actor,
        approver=None if release is None else release.approver,
        proposed_at=None if proposal is None else proposal.at,
        live_at=None if release is None else release.at,
        base=None if proposal is None else proposal.base,
        of=None if release is None else release.of,
        note=written.note,
        tests=tests,
    )


class _Evidence(msgspec.Struct):
    """What of a plan is told in a list."""

    tests: Tested | None = None


def versions(reader: Reader, kind: Literal["rule", "workflow"], id: str) -> list[Version]:
    """Give every version of a rule or workflow that was live, the newest first; raises `NotFoundError`."""
    found: list[Version] = []
    texts: dict[str, str | None] = {}
    for release in reader.releases():
        sha256 = _file_of(reader, release, kind, id, texts)
        last = found[-1] if found and found[-1].until is None else None
        if last is not None and last.sha256 == sha256:
            continue
        if last is not None:
            found[-1] = msgspec.structs.replace(last, until=release.at)
        if sha256 is not None:
            found.append(
                Version(
                    release=release.number,
                    sha256=sha256,
                    source=texts[sha256] or "",
                    cause=release.cause,
                    author=release.author,
                    actor=release.actor,
                    approver=release.approver,
                    from_=release.at,
                    until=None,
                )
            )
    if not found:
        raise NotFoundError(f"there was never a {kind} {id}; look its id up")
    return found[::-1]


def _file_of(
    reader: Reader, release: ReleaseRow, kind: str, id: str, texts: dict[str, str | None]
) -> str | None:
    """Find a thing's file in a release: it is called as the thing, and its first key says what it is."""
    for path, sha256 in release.files.items():
        if PurePosixPath(path).stem != id:
            continue
        if sha256 not in texts:
            texts[sha256] = reader.definition(sha256)
        if re.search(rf"(?m)^{kind}\s*:", texts[sha256] or ""):
            return sha256
    return None
