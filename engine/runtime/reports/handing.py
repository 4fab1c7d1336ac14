"""Handing out: everything that is known of a customer, for themselves or somebody they have asked to look."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.contact.suppressions import address_key
from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.errors import NotFoundError
from engine.escalation.case import Case
from engine.experiments.assignment import Exposure
from engine.loyalty.ledger import Posting
from engine.model.values import Micros
from engine.runs.run import AskItem, Coupon, Run, StepAttempt
from engine.runtime.accesses import subjects_of
from engine.runtime.people.mentions import found_of, mentioned
from engine.runtime.people.reaching import ConsentChange, ConsentNow, consent
from engine.runtime.people.scoring import KnownScore, score
from engine.runtime.reports.reading import KnownCustomer, customer
from engine.runtime.shell import Shell
from engine.store.interface import Reader
from engine.store.personal import AccessFilter, AccessRow
from engine.store.records import MembershipRow, OutboxRow, QuarantinedEvent, SuppressionRow

_PAGE = 1000


class Ran(msgspec.Struct, frozen=True):
    """A run with every attempt at a step, and what left the building."""

    run: Run
    attempts: list[StepAttempt]
    effects: list[OutboxRow]


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer under all their names, each list in the order in which it came about.

    `known` is None for somebody who is known by refused events alone. `refused` are events in
    quarantine that name the customer, `accesses` the readings of their data.
    """

    names: tuple[str, ...]
    as_of: Micros
    known: KnownCustomer | None
    consent: tuple[list[ConsentNow], list[ConsentChange]]
    memberships: list[MembershipRow]
    scores: list[KnownScore]
    events: list[Event]
    refused: list[QuarantinedEvent]
    decisions: list[Decision]
    runs: list[Ran]
    exposures: list[Exposure]
    points: list[Posting]
    coupons: list[Coupon]
    cases: list[Case]
    asks: list[AskItem]
    suppressions: list[SuppressionRow]
    accesses: list[AccessRow]


def everything(shell: Shell, id: str, now: Micros) -> Everything:
    """Gather it; raises `NotFoundError` for somebody of whom nothing is known."""
    with shell.store.reader() as reader:
        found = found_of(reader, shell.ruleset.workspace, id)
        refused = _refused(reader, mentioned(reader, found.mentions, 0))
        is_known = reader.customer(found.survivor) is not None
        if not (is_known or found.events or refused):
            raise NotFoundError(f"there is no customer {id}; look the id up")
        names = found.names
        runs = _runs(reader, names)
        targets = {
            *names,
            *(address_key(channel, each) for each in found.addresses for channel in ("email", "sms")),
        }
        gathered = Everything(
            names=names,
            as_of=now,
            known=None,
            consent=([], []),
            memberships=[row for name in names for row in reader.memberships_of(name)],
            scores=[],
            events=list(found.events),
            refused=refused,
            decisions=_decisions(reader, names),
            runs=runs,
            exposures=reader.exposures(customers=names),
            points=reader.postings(names),
            coupons=reader.coupons(names),
            cases=_cases(reader, names),
            asks=reader.asks_of(names),
            suppressions=[
                row
                for removed in (False, True)
                for row in reader.suppressions(targets=sorted(targets), removed=removed, limit=_PAGE)
            ],
            accesses=_accesses(reader, subjects_of(reader, found.survivor)),
        )
    if not is_known:
        return gathered
    known = customer(shell, found.survivor, now)
    return msgspec.structs.replace(
        gathered,
        known=known,
        consent=consent(shell, found.survivor, now),
        scores=[
            score(shell, name, found.survivor, now)
            for name, compiled in sorted(shell.ruleset.workspace.scores.items())
            if compiled.on == known.kind
        ],
    )


def _refused(reader: Reader, ids: Sequence[int]) -> list[QuarantinedEvent]:
    found = (reader.quarantined(id) for id in sorted(set(ids)))
    return [entry for entry in found if entry is not None]


def _decisions(reader: Reader, names: Sequence[str]) -> list[Decision]:
    found: list[Decision] = []
    while page := reader.decisions(
        customers=names, after=(found[-1].at, found[-1].id) if found else None, limit=_PAGE
    ):
        found += page
    return found


def _runs(reader: Reader, names: Sequence[str]) -> list[Ran]:
    found: list[Run] = []
    while page := reader.runs(
        customers=names, after=(found[-1].started_at, found[-1].id) if found else None, limit=_PAGE
    ):
        found += page
    return [Ran(run, reader.attempts(run.id), reader.effects(run.id)) for run in found]


def _cases(reader: Reader, names: Sequence[str]) -> list[Case]:
    found: list[Case] = []
    while page := reader.cases(customers=names, after=found[-1].id if found else None, limit=_PAGE):
        found += page
    return sorted(found, key=lambda case: (case.opened_at, case.id))


def _accesses(reader: Reader, subjects: tuple[str, ...]) -> list[AccessRow]:
    found: list[AccessRow] = []
    asked = AccessFilter(subjects=subjects)
    while page := reader.accesses(asked, (found[-1].at, found[-1].id) if found else None, _PAGE):
        found += page
    return found
