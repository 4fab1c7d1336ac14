"""Erasing a customer: everything personal goes, what others count stays, and no work is left to do."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import structlog

from engine.audit.leaves import ErasedLeaf
from engine.contact.consent import ADDRESSES, address
from engine.contact.log import EVERY_CHANNEL
from engine.contact.suppressions import address_key
from engine.customers.event import Event
from engine.decisions.decision import identity
from engine.errors import NotFoundError, RequestError
from engine.loyalty.ledger import Account, Entry, Posting, move, netted
from engine.model.actions import BuiltInEvent
from engine.model.reasons import CouponStatus, EndReason, RunStatus
from engine.model.values import Micros
from engine.runs import coupons
from engine.runs.ending import end
from engine.runs.stage import ENGINE, Member, Stage
from engine.runtime.people.mentions import Found, Mentions, found_of, mentioned
from engine.runtime.people.registering import changed
from engine.runtime.rebuild import events_of_accounts, replace
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import prepare
from engine.store.interface import Reader
from engine.store.remains import PREFIX, Erasure
from engine.timeline.moment import Moment
from engine.timeline.play import adopt
from engine.timeline.ruleset import BASE

ERASED = EndReason.ERASED.value
_HELD: tuple[Account, ...] = ("pending", "available", "reserved")
_log = structlog.get_logger("holdfast.erasing")

Events: TypeAlias = Sequence[Event]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an erasure: the pseudonym that stands for the customer, and rows by table.

    `already` tells that there was nothing left to erase; then nobody knows the pseudonym any more.
    """

    pseudonym: str | None
    rows: dict[str, int]
    already: bool = False


def erase(shell: Shell, name: str, by: str) -> Erased:
    """Erase a customer for good, under whichever of their names is asked; a second time it is as it was.

    Nobody else decides anything meanwhile. Raises `NotFoundError` for somebody of whom nothing is
    known, `RequestError` for an account, which is no person.
    """
    now = shell.instants.take()
    prepare(shell, now)
    with shell.store.reader() as reader:
        quarantined = mentioned(reader, found_of(reader, shell.ruleset.workspace, name).mentions, 0)
    with shell.store.alone():
        done = _erase(shell, name, by, now, quarantined)
    if not done.already:
        _afterwards(shell, done)
    return done


def erase_again(shell: Shell) -> int:
    """Erase what the workspace's file says was erased, and this database still holds; give how many.

    A database that comes out of a back-up does.
    """
    erasures = shell.erasures
    with shell.store.reader() as reader:
        rows = reader.erasures()
        erasures.load(reader, reader.marks().erasures)
        missing = erasures.missing_from(rows)
        named = reader.every_name() if missing else ()
        names = sorted({name for name in named if erasures.mark(name) in missing})
    erasures.write(erasures.unlisted(rows))
    if not missing:
        return 0
    number = 0
    for name in names:
        try:
            number += not erase(shell, name, "the erasure list").already
        except (NotFoundError, RequestError):
            continue
    with shell.turn(shell.instants.take()) as turn:
        # The rest is of people whom this database has never known.
        turn.writer.keep_erasures(erasures.missing_from(turn.writer.erasures()))
        changed(turn)
    if number:
        _log.warning("erased_again", customers=number)
    return number


def _erase(shell: Shell, name: str, by: str, now: Micros, quarantined: list[int]) -> Erased:
    with shell.store.reader() as reader:
        found = found_of(reader, shell.ruleset.workspace, name)
        last = max(quarantined, default=0)
        quarantined = sorted({*quarantined, *mentioned(reader, found.mentions, last)})
        accounts = _accounts(reader, found)
        theirs = events_of_accounts(reader, accounts, without=frozenset(found.names))
    with shell.turn(now) as turn:
        turn.hold([*found.names, *accounts])
        member = turn.cast.find(found.survivor)
        if member is not None and member.kind == "account":
            raise RequestError(f"{name} is an account, which is no person; name the persons in it")
        known = member is not None or bool(found.events or quarantined) or len(found.names) > 1
        if not known:
            if not shell.erasures.holds(name):
                raise NotFoundError(f"there is no customer {name}; look the id up")
            turn.result = before = Erased(pseudonym=None, rows={}, already=True)
            return before
        if member is not None:
            _let_go(Moment(turn.world, member, turn.changes, now, [], at_event=True).stage, member)
        addresses = found.addresses | _reached_at(turn, member)
        turn.flush()
        pseudonym = f"{PREFIX}{_close_record(turn, found.names, by)}"
        erasure = _erasure(shell, found, addresses, accounts, quarantined, pseudonym, now)
        rows = turn.writer.erase(erasure)
        if accounts:
            # What they decided cannot be derived anew without the customer: from now on they are called anew.
            _close_record(turn, accounts, by)
        turn.let_go(found.names)
        for account in accounts:
            _without(turn, account, theirs[account], Mentions(found.names, addresses, found.events))
        _record(turn, found, pseudonym, by)
        turn.result = done = Erased(pseudonym=pseudonym, rows=dict(sorted(rows.items())))
        return done


def _accounts(reader: Reader, found: Found) -> tuple[str, ...]:
    """Give the accounts that the customer belongs to, or did something for."""
    named = {event.account for event in found.events if event.account is not None}
    row = reader.customer(found.survivor)
    if row is not None and row.account is not None:
        named.add(row.account)
    return tuple(sorted(set(reader.resolve(named).values()) - {found.survivor}))


def _reached_at(turn: Turn, member: Member | None) -> frozenset[str]:
    if member is None:
        return frozenset()
    facts = Moment(turn.world, member, turn.changes, turn.now, [], at_event=True).facts()
    reached = (address(channel, facts) for channel in ADDRESSES)
    return frozenset(found.strip() for found in reached if found is not None)


def _let_go(stage: Stage, member: Member) -> None:
    """End what is under way for a customer, and give back what it holds of what others share."""
    for run in list(member.runs.values()):
        end(stage, run, RunStatus.CANCELLED, ERASED)
    for shares in member.standing.reserved.values():
        stage.release(shares)
    member.standing.reserved = {}
    for code, held in list(member.standing.coupons.items()):
        if held.status is CouponStatus.ISSUED:
            coupons.voided(stage, {"code": code, "reason": ERASED})
    for program, book in member.standing.ledger.books.items():
        entries: list[Entry] = []
        for lot in book.lots:
            for account in _HELD:
                entries += move(lot, account, "expired", getattr(lot, account))
        if entries:
            stage.changes.postings.append(
                Posting(
                    key=identity(ERASED, program, member.id, stage.now), program=program,
                    customer=member.id, kind="expired", at=stage.now, entries=netted(entries),
                    reason=ERASED,
                )
            )  # fmt: skip
    # What follows from all that would be about nobody.
    stage.queue.clear()


def _erasure(
    shell: Shell,
    found: Found,
    addresses: frozenset[str],
    accounts: tuple[str, ...],
    quarantined: Sequence[int],
    pseudonym: str,
    now: Micros,
) -> Erasure:
    mentions = Mentions(found.names, addresses, found.events)
    # Many an id is an address.
    reached = {*addresses, *found.names}
    targets = {address_key(channel, each) for each in reached for channel in (*ADDRESSES, EVERY_CHANNEL)}
    return Erasure(
        names=found.names,
        pseudonym=pseudonym,
        at=now,
        quarantined=tuple(quarantined),
        addresses={target: shell.erasures.hidden(target) for target in targets},
        related=accounts,
        speaks_of=mentions.in_value,
        answers=mentions.in_answer,
    )


def _without(turn: Turn, account: str, events: Events, mentions: Mentions) -> None:
    """Make an account's facts anew without the customer, and drop what waits because of them."""
    member = turn.cast.find(account)
    if member is None:
        return
    standing = member.standing
    standing.timers = {
        name: timer
        for name, timer in standing.timers.items()
        if not (mentions.in_value(timer.event) or mentions.in_value(timer.ref))
    }
    standing.recents = {
        name: [recent for recent in recents if not mentions.in_value(recent.properties)]
        for name, recents in standing.recents.items()
    }
    standing.goals = [goal for goal in standing.goals if not mentions.in_value(goal.known)]
    standing.cases = {
        id: case for id, case in standing.cases.items() if not mentions.in_value(msgspec.to_builtins(case))
    }
    replace(turn, member, events, "erased")
    open_runs = {run.id: run for run in turn.writer.load_runs([account])}
    member.runs = {id: run for id, run in open_runs.items() if id in member.runs}
    adopt(turn.world, turn.cast, turn.changes, account, turn.now, "erased")


def _close_record(turn: Turn, names: Sequence[str], by: str) -> str:
    """Let the audit record say that its entries of some ids can be opened no more; give their subject.

    Every id may have been called something of its own.
    """
    writer = turn.writer
    writer.keep_record()
    known = [row.subject for row in writer.subjects(names).values()] or [secrets.token_hex(12)]
    for subject in known:
        writer.record(ErasedLeaf(ref=f"{ERASED}:{subject}", at=turn.now, subject=subject, who=by))
    writer.drop_subjects(names)
    return known[0]


def _record(turn: Turn, found: Found, pseudonym: str, by: str) -> None:
    """Keep that somebody was erased, and whose ids may not come in again."""
    shell = turn.shell
    turn.writer.keep_erasures({shell.erasures.mark(each): turn.now for each in found.names})
    changed(turn)
    # Of the whole base: the next event's place must not be that of one that is gone.
    turn.writer.add_engine_events(
        [
            Event(
                source=ENGINE, message_id=pseudonym, customer=BASE, account=BASE,
                name=BuiltInEvent.CUSTOMER_ERASED.value, occurred_at=turn.now, received_at=turn.now,
                properties={"customer": pseudonym, "by": by}, cause="engine",
            )
        ]
    )  # fmt: skip


def _afterwards(shell: Shell, done: Erased) -> None:
    """Forget in memory, on the list and in the database's file what the commit has taken away."""
    with shell.store.reader() as reader:
        rows = reader.erasures()
    shell.erasures.write(shell.erasures.unlisted(rows))
    tables = tuple(table for table, number in done.rows.items() if number)
    if not shell.store.forget_deleted((*tables, "subject")):
        # Nobody can read it through the database; its files hold it a while longer.
        _log.warning("deleted_bytes_stay", tables=len(tables))
