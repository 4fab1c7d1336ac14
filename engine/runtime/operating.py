"""What people and callers ask of the engine besides sending events, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.audit.actor import Actor
from engine.audit.leaves import ChangeLeaf
from engine.authoring.wording import either, known_or
from engine.customers.event import MERGE
from engine.customers.zones import moment_of
from engine.decisions.decision import Decision, identity
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.model.values import DAY, SECOND, Micros
from engine.runs.changes import Changes
from engine.runs.run import AskItem, Run
from engine.runtime.actions.unsubscribe import Unsubscription
from engine.runtime.callers.keys import NewKey, check_grant, successor_of
from engine.runtime.crashpoint import crashpoint
from engine.runtime.identity import history, join
from engine.runtime.intake import Posted, take_in
from engine.runtime.leading import LEAD
from engine.runtime.people.recording import caused, keep
from engine.runtime.reports.reading import looking
from engine.runtime.reports.standstill import OVERDUE
from engine.runtime.shell import Shell
from engine.runtime.tick import open_turn
from engine.store.interface import Store
from engine.store.records import KeyRow, ProcessRow
from engine.store.sessions import SessionRow
from engine.timeline import deliver
from engine.timeline.play import call_rule
from engine.timeline.world import ALL

FIRST_START = Actor("the first start")
"""Who makes the key of a database that has none yet."""

SILENT: Micros = 30 * SECOND
"""A process that was not heard of for so long is taken for gone."""


def preview(shell: Shell, now: Micros, rule: str, customer: str, event: Mapping[str, Any]) -> Decision:
    """Tell what a rule would decide for a customer now; nothing is kept."""
    with looking(shell, now) as (reader, world, cast):
        id = reader.resolve([customer])[customer]
        return call_rule(world, cast, Changes(), rule, id, event, now, "dry_run", dry_run=True)


def answer_ask(shell: Shell, id: str, choice: str, by: str) -> AskItem:
    """Hand a person's answer to the run that asked."""
    with open_turn(shell) as turn:
        ask = turn.writer.ask(id)
        if ask is None:
            raise NotFoundError(f"there is no question {id}; look it up in the list of questions")
        customer = turn.customer(ask.customer)
        ask = turn.writer.ask(id) or ask
        if choice not in ask.choices:
            raise RequestError(f"{choice!r} is none of the choices; send {either(ask.choices)}")
        if ask.answered_at is not None:
            raise ConflictError(
                f"the question {id} no longer waits for an answer; see its run for what came of it"
            )
        if not deliver.answer(turn.world, turn.cast, turn.changes, customer, ask.run, choice, by, turn.now):
            raise ConflictError(
                f"the question {id} no longer waits for an answer; see its run for what came of it"
            )
        turn.flush()
        turn.writer.record(ChangeLeaf(what="ask_answered", ref=f"ask:{id}", at=turn.now, who=by), customer)
        turn.result = answered = turn.writer.ask(id) or ask
        return answered


def cancel_run(shell: Shell, id: str, by: str) -> Run:
    """End a run because a person says so."""
    with open_turn(shell) as turn:
        run = turn.writer.run(id)
        if run is None:
            raise NotFoundError(f"there is no run {id}; look it up in the list of runs")
        customer = turn.customer(run.customer)
        if not deliver.cancel(turn.world, turn.cast, turn.changes, customer, id, by, turn.now):
            raise ConflictError(f"the run {id} has ended already, and there is nothing left to cancel")
        turn.flush()
        turn.writer.record(ChangeLeaf(what="run_cancelled", ref=f"run:{id}", at=turn.now, who=by), customer)
        turn.result = ended = turn.writer.run(id) or run
        return ended


def merge_customers(shell: Shell, into: str, other: str, by: str) -> str:
    """Make two customers one because a person says so; recorded as an event of the survivor.

    Gives the surviving id.
    """
    with open_turn(shell) as turn:
        turn.hold([into, other])
        goes_by = turn.writer.resolve([into, other])
        survivor, gone = goes_by[into], goes_by[other]
        if survivor == gone:
            raise ConflictError(f"{into} and {other} are one customer already; send two that are not")
        for name, id in ((into, survivor), (other, gone)):
            if turn.writer.customer(id) is None:
                raise NotFoundError(f"there is no customer {name}; send an id that its events came with")
        past = history(turn, [survivor, gone])
        merged = identity(MERGE, survivor, gone, turn.now)
        keep(turn, caused(turn, survivor, MERGE, merged, {"other": gone, "by": by}))
        join(turn, survivor, gone, MERGE, past)
        turn.result = survivor
        return survivor


def unsubscribe(shell: Shell, wanted: Unsubscription) -> Unsubscription:
    """Record that somebody wants to hear no more on a channel; following a link twice is once."""
    raw = {
        "customer": wanted.customer,
        "event": "unsubscribed",
        "id": identity("unsubscribed", wanted.customer, wanted.channel, wanted.effect),
        "channel": wanted.channel,
    }
    take_in(shell, [Posted(raws=[raw], source="unsubscribe")])
    return wanted


def pause(shell: Shell, workflow: str | None, by: str | None = None) -> frozenset[str]:
    """Hold back what a workflow would do, without one what all would; give the workflows held back now."""
    if workflow is not None and workflow not in shell.ruleset.workflows:
        raise NotFoundError(f"there is no workflow {workflow}; {known_or(workflow, shell.ruleset.workflows)}")
    paused = _set_paused(shell, lambda before: before | {workflow or ALL}, "paused", workflow, by)
    crashpoint("paused")
    return paused


def resume(shell: Shell, workflow: str | None, by: str | None = None) -> frozenset[str]:
    """Let a workflow go on, without one all of them; give the workflows that are held back still."""
    left: Callable[[frozenset[str]], frozenset[str]] = (
        (lambda _: frozenset()) if workflow is None else lambda before: before - {workflow}
    )
    return _set_paused(shell, left, "resumed", workflow, by)


def _set_paused(
    shell: Shell,
    change: Callable[[frozenset[str]], frozenset[str]],
    what: str,
    workflow: str | None,
    by: str | None,
) -> frozenset[str]:
    at = shell.instants.take()
    with shell.store.begin() as writer:
        paused = change(writer.marks().paused)
        writer.mark("paused", msgspec.json.encode(sorted(paused)).decode() if paused else None)
        writer.record(ChangeLeaf(what=what, ref=f"{what}:{workflow or ALL}:{at}", at=at, who=by))
        shell.answer(writer, paused)
    return paused


def look(shell: Shell) -> None:
    """Read something; raises `StoreError` where the database cannot be read."""
    with shell.store.reader() as reader:
        reader.last_heartbeat()


def add_key(shell: Shell, made: NewKey, by: Actor | None = None) -> NewKey:
    """Keep a new key that a human has made; a `ForbiddenError` where they may not give that role."""
    row = made.row
    with shell.store.begin() as writer:
        if by is not None:
            check_grant(row.role, row.owner, writer.list_keys(), row.created_at, by.who)
        writer.add_key(row, by)
        shell.answer(writer, made)
    return made


def rotate_key(shell: Shell, id: str, grace: Micros, by: Actor | None) -> NewKey:
    """Make a key's successor, and let the key end after a while; raises `NotFoundError`, `ConflictError`."""
    now = shell.instants.take()
    with shell.store.begin() as writer:
        row = writer.find_key(id)
        if row is None:
            raise NotFoundError(f"there is no key {id}; look it up in the list of keys")
        made = successor_of(row, now)
        until = now + grace if row.expires_at is None else min(now + grace, row.expires_at)
        if not writer.hand_over_key(id, made.row.id, until, now, by):
            raise ConflictError(f"the key {id} has just been rotated or revoked; read the list of keys again")
        writer.add_key(made.row, by)
        shell.answer(writer, made)
    return made


def add_first_key(shell: Shell, row: KeyRow) -> bool:
    """Keep a key where there is none at all yet; False where there is one, also one just made elsewhere."""
    with shell.store.alone(), shell.store.begin() as writer:
        if writer.list_keys():
            return False
        writer.add_key(row, FIRST_START)
        return True


def revoke_key(shell: Shell, id: str, by: Actor | None = None) -> bool:
    """Make a key useless from now on."""
    now = shell.instants.take()
    with shell.store.begin() as writer:
        return writer.revoke_key(id, now, by)


def touch_key(shell: Shell, id: str, at: Micros, address: str | None) -> None:
    """Keep that a key was used."""
    with shell.store.begin() as writer:
        writer.touch_key(id, at, address)


def add_session(shell: Shell, session: SessionRow) -> None:
    """Keep a person's session, and forget those that expired a day ago."""
    with shell.store.begin() as writer:
        writer.drop_sessions(session.created_at - DAY)
        writer.add_session(session)


def end_session(shell: Shell, hash: str) -> None:
    """End a person's session."""
    now = shell.instants.take()
    with shell.store.begin() as writer:
        writer.end_session(hash, now)


def doctor(store: Store, now: Micros) -> dict[str, Any]:
    """Hold what intake has counted against the rows themselves, and tell which processes there are."""
    with store.reader() as reader:
        counted, census = reader.counters(), reader.census(now - OVERDUE)
        cases, unsealed = reader.case_counts(), reader.count_unsealed()
        processes, leader = reader.processes(), reader.holder_of(LEAD, now)
    outcomes = counted.accepted + counted.duplicates + counted.conflicts + counted.quarantined
    return {
        **msgspec.structs.asdict(counted),
        "pending": census.pending,
        "balanced": counted.received == outcomes
        and counted.accepted == counted.decided + census.pending
        and counted.accepted == census.accepted + counted.erased
        and counted.quarantined == census.quarantined + counted.quarantine_erased,
        "overdue_runs": census.overdue_runs,
        "dead_letters": census.dead_letters,
        "open_cases": sum(count.number for count in cases),
        "breached_cases": sum(count.number for count in cases if count.breached),
        "exhausted_cases": sum(count.number for count in cases if count.exhausted),
        "unsealed": unsealed,
        "processes": [_process(each, now, leader) for each in processes if each.pid],
    }


def _process(row: ProcessRow, now: Micros, leader: str | None) -> dict[str, Any]:
    return {
        "role": row.role,
        "host": row.host,
        "pid": row.pid,
        "version": row.version,
        "release": row.release,
        "started": moment_of(row.started_at),
        "heard_of": moment_of(row.heartbeat_at),
        "alive": now - row.heartbeat_at < SILENT,
        "leader": row.id == leader,
    }
