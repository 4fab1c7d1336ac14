"""A base of many customers, for what shows a base: a played demo, copied with its history through the store.

Everything of a copy is written by the store's own functions: customers with their facts and segments, their
events, decisions, runs in every state, effects and dead letters, questions, cases, points. Decisions are
spread over the weeks before, and one customer is busier than all others.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import msgspec

from api.cli.staging import lay_out, play_into
from engine.authoring.demo import generate
from engine.customers.event import Event
from engine.customers.naming import NOTHING_SAID, words_of
from engine.decisions.decision import Decision, identity
from engine.loyalty.ledger import Posting
from engine.model.reasons import DecisionOutcome, RunStatus
from engine.model.values import DAY, MINUTE, Micros
from engine.runs.changes import Changes, MembershipChange, Settled
from engine.runs.run import Run
from engine.runtime.clock import SystemClock
from engine.runtime.engine import Engine
from engine.runtime.members import member_of
from engine.store.interface import Reader, Writer
from engine.store.opening import open_store
from engine.store.records import MemberRow, MemberSave, MembershipRow, OutboxRow, QuarantinedEvent

PLAYED, DAYS = 300, 60
"""Customers that are played before they are copied, and for how long."""

SPAN: Micros = 12 * 7 * DAY
"""Decisions are spread over so long."""

TOLD = 10
"""Of one copy in so many everything is kept that was sent about it; of the others what came of it."""

REFUSED = 2_000
"""Events in quarantine."""

BUSY, BUSY_EVENTS = "busiest", 2_000
"""The customer of whom more is known than of anybody else."""

Of = Mapping[str, str]


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """What the played base holds, to be copied."""

    members: list[MemberRow]
    memberships: list[MembershipRow]
    events: list[Event]
    decisions: list[Decision]
    runs: list[Run]
    rest: Changes
    effects: list[OutboxRow]


def fill(workspace: Path, url: str, customers: int, decisions: int) -> None:
    """Lay out a workspace, and fill a database of its own, which is empty."""
    lay_out(workspace)
    now = SystemClock().now()
    monday = date.today() - timedelta(days=date.today().weekday())
    first = monday - timedelta(days=DAYS + -DAYS % 7)
    play_into(workspace, url, generate(1, PLAYED, DAYS, first=first), now)
    store = open_store(url)
    try:
        with store.reader() as reader:
            template = _read(reader)
        copies = -(-customers // len(template.members))
        times = -(-decisions // (copies * len(template.decisions)))
        for number in range(1, copies):
            with store.begin() as writer:
                _copy(writer, template, number, times, now)
        with store.begin() as writer:
            writer.quarantine(list(_refused(now)))
            writer.count(received=REFUSED, quarantined=REFUSED)
    finally:
        store.close()
    with Engine.open(workspace, url, work=False) as engine:
        for start in range(0, BUSY_EVENTS, 500):
            engine.ingest(list(_busy(start, start + 500)), source="bench").result()


def _read(reader: Reader) -> Template:
    members = reader.members(None, PLAYED * 2)
    ids = [member.id for member in members]
    runs = reader.runs(limit=PLAYED * 10)
    rest = Changes(
        attempts=[attempt for run in runs for attempt in reader.attempts(run.id)],
        exposures=reader.exposures(),
        asks=[*reader.asks(), *reader.asks(answered=True)],
        cases={case.id: case for case in reader.cases(limit=PLAYED * 10)},
        postings=reader.postings(ids),
    )
    return Template(
        members=members,
        memberships=[row for id in ids for row in reader.memberships_of(id)],
        events=[event for event in reader.events_of(ids) if event.cause == "sent"],
        decisions=reader.decisions(limit=PLAYED * 10),
        runs=runs,
        rest=rest,
        effects=[row for run in runs for row in reader.effects(run.id)],
    )


def _copy(writer: Writer, of: Template, number: int, times: int, now: Micros) -> None:
    """Write the copy of that number: other ids, everything else as it was."""
    chance = random.Random(number)
    who = {member.id: f"{member.id}-{number:03}" for member in of.members}
    runs = {run.id: identity(run.id, number) for run in of.runs}
    _save_members(writer, of.members, who)
    if number % TOLD == 0:
        _send(writer, of.events, who, number)
    rest = of.rest
    changes = Changes(
        decisions=list(_decisions(of.decisions, who, number, times, now, chance)),
        runs={runs[run.id]: _run(run, runs, who, chance) for run in of.runs},
        attempts=[msgspec.structs.replace(one, run=runs[one.run]) for one in rest.attempts],
        exposures=[
            msgspec.structs.replace(one, run=runs[one.run], customer=who.get(one.customer, one.customer))
            for one in rest.exposures
            if one.run in runs
        ],
        memberships=[change for row in of.memberships for change in _membership(row, who)],
        asks=[
            msgspec.structs.replace(
                one, id=identity(one.id, number), run=runs[one.run], customer=who[one.customer]
            )
            for one in rest.asks
        ],
        cases={
            (id := identity(one.id, number)): msgspec.structs.replace(
                one, id=id, customer=who[one.customer], run=runs.get(one.run or "")
            )
            for one in rest.cases.values()
        },
        postings=[_posting(one, who, number) for one in rest.postings],
    )
    _send_out(changes, of.effects, runs, who, chance)
    writer.write(changes)


def _save_members(writer: Writer, members: Iterable[MemberRow], who: Of) -> None:
    writer.save(
        [
            MemberSave(
                msgspec.structs.replace(
                    one, id=who[one.id], account=None if one.account is None else who[one.account], version=1
                ),
                0,
                frozenset(one.chunks),
                words_of(who[one.id], member_of(one).said or NOTHING_SAID),
            )
            for one in members
        ]
    )


def _send(writer: Writer, events: Iterable[Event], who: Of, number: int) -> None:
    copied = [
        msgspec.structs.replace(
            one,
            customer=who[one.customer],
            message_id=f"{one.message_id}-{number}",
            account=who.get(one.account or ""),
            seq=0,
        )
        for one in events
    ]
    count = len(copied)
    writer.add_events(copied, [""] * count, decided_at=copied[-1].received_at)
    writer.count(received=count, accepted=count, decided=count)


def _decisions(
    decisions: Iterable[Decision], who: Of, number: int, times: int, now: Micros, chance: random.Random
) -> Iterator[Decision]:
    for one in decisions:
        for time in range(times):
            drawn = chance.random()
            outcome = one.outcome
            if drawn < 0.003:
                outcome = DecisionOutcome.ERROR if drawn < 0.0003 else DecisionOutcome.SHADOW
            yield msgspec.structs.replace(
                one,
                id=identity(one.id, number, time),
                customer=who.get(one.customer, one.customer),
                trigger_key=f"{one.rule}/{who.get(one.customer, one.customer)}/{number}:{time}:{one.id}",
                at=one.at if time == 0 else now - int(SPAN * chance.random()),
                outcome=outcome,
                starts=(),
            )


def _run(run: Run, runs: Of, who: Of, chance: random.Random) -> Run:
    changed = {}
    if not run.open and chance.random() < 0.02:
        status = chance.choice((RunStatus.FAILED, RunStatus.CANCELLED))
        changed = {"status": status, "reason": "error" if status is RunStatus.FAILED else "operator"}
    shift = int(chance.random() * SPAN) if not run.open else 0
    return msgspec.structs.replace(
        run,
        id=runs[run.id],
        customer=who[run.customer],
        parent=runs.get(run.parent or ""),
        started_at=run.started_at - shift,
        ended_at=None if run.ended_at is None else run.ended_at - shift,
        **changed,
    )


def _membership(row: MembershipRow, who: Of) -> Iterator[MembershipChange]:
    customer = who[row.customer]
    yield MembershipChange(customer, row.segment, row.valid_from, True, row.cause)
    if row.valid_to is not None:
        yield MembershipChange(customer, row.segment, row.valid_to, False, row.cause)


def _posting(one: Posting, who: Of, number: int) -> Posting:
    entries = tuple(msgspec.structs.replace(each, lot=f"{each.lot}-{number}") for each in one.entries)
    return msgspec.structs.replace(
        one, key=f"{one.key}-{number}", customer=who[one.customer], entries=entries
    )


def _send_out(
    changes: Changes, effects: Iterable[OutboxRow], runs: Of, who: Of, chance: random.Random
) -> None:
    """Put the effects that had settled, one in fifty of them given up."""
    for row in effects:
        if row.settled_at is None or row.outcome is None:
            continue
        effect = row.effect
        key = effect.key.replace(effect.run, runs[effect.run])
        given_up = chance.random() < 0.02
        changes.effects.append(
            msgspec.structs.replace(effect, key=key, run=runs[effect.run], customer=who[effect.customer])
        )
        outcome, reason = ("failed", "refused") if given_up else (row.outcome, row.reason)
        changes.settled.append(Settled(key, outcome, reason, row.settled_at))


def _refused(now: Micros) -> Iterator[QuarantinedEvent]:
    for number in range(REFUSED):
        yield QuarantinedEvent(
            received_at=now - number * MINUTE,
            source="bench",
            message_id=f"refused-{number}",
            customer=None,
            code="no_customer",
            detail="customer is missing; name the customer that it happened to",
            body=b'{"event": "order_completed"}',
        )


def _busy(start: int, end: int) -> Iterator[dict[str, object]]:
    now = SystemClock().now() // 1_000_000
    for number in range(start, end):
        yield {
            "customer": BUSY,
            "event": "order_completed" if number % 20 == 0 else "session_started",
            "id": f"busy-{number}",
            "at": now - (BUSY_EVENTS - number) * DAYS * 86_400 // BUSY_EVENTS,
            "properties": {"order_id": f"o{number}", "total": 25} if number % 20 == 0 else {},
        }
