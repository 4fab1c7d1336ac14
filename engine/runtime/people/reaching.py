"""Who may be written to: suppressions that people add and remove, and consent that they record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from engine.audit.leaves import ChangeLeaf
from engine.contact.consent import address, consent_facts, fact_of, suppression
from engine.contact.log import EVERY_CHANNEL
from engine.contact.suppressions import Suppression, address_key
from engine.customers.event import IDENTIFY, Event
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.model.actions import BuiltInEvent
from engine.model.reasons import SuppressionReason
from engine.model.spreadsheet import bare, shielded
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.stage import Member
from engine.runtime.people.recording import OPERATOR, record
from engine.runtime.reports.reading import looking, names_of
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn, prepare
from engine.store.interface import Reader
from engine.store.records import SuppressionRow
from engine.timeline.moment import Moment

COLUMNS = ("channel", "address", "customer", "reason", "at", "note")
"""The columns of a suppression list as it is exported and imported."""

MOST_LINES = 5_000
"""Lines of a list that come in together: they are one transaction, and events wait for it."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is to get no messages: an address, or a customer; on a channel, or without one on all."""

    address: str | None = None
    customer: str | None = None
    channel: str | None = None
    reason: str = SuppressionReason.OPERATOR.value
    note: str | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer said: yes or no, to a channel and purpose, where and when."""

    channel: str
    purpose: str | None
    granted: bool
    source: str
    at: Micros | None = None


class ConsentNow(msgspec.Struct, frozen=True, kw_only=True):
    """How consent to a channel and purpose stands. `granted` is None where nobody knows, which is no.

    `suppressed` tells why nothing of class marketing is sent there all the same.
    """

    channel: str
    purpose: str | None
    fact: str
    granted: bool | None
    at: Micros | None
    source: str | None
    suppressed: str | None


class ConsentChange(msgspec.Struct, frozen=True, kw_only=True):
    """What was once said of consent. `channel` None is every channel."""

    at: Micros
    channel: str | None
    purpose: str | None
    granted: bool
    source: str
    event: str
    by: str | None = None


def suppress(shell: Shell, wanted: Wanted, by: str) -> SuppressionRow:
    """Suppress an address for everybody who has it, or a customer; `ConflictError` where it is so already."""
    with open_turn(shell) as turn:
        added = _add(turn, wanted, by, OPERATOR)
        if added is None:
            raise ConflictError("this is suppressed already, and stays so; there is nothing to add")
        turn.result = added
        return added


def _add(turn: Turn, wanted: Wanted, by: str, source: str) -> SuppressionRow | None:
    """Add one, None where it holds already."""
    channel = wanted.channel or EVERY_CHANNEL
    if (wanted.address is None) == (wanted.customer is None):
        raise RequestError("a suppression is of an address or of a customer; send one of the two")
    if wanted.customer is not None:
        target = turn.customer(wanted.customer)
        if turn.writer.customer(target) is None:
            raise NotFoundError(
                f"there is no customer {wanted.customer}; send an id that its events came with"
            )
    else:
        target = address_key(channel, wanted.address or "")
        if not target:
            raise RequestError("the address is empty; send it as name@example.com, or a telephone number")
    if _holding(turn.writer, target, channel, wanted.customer is not None) is not None:
        return None
    if wanted.customer is not None:
        told = {"channel": wanted.channel, "reason": wanted.reason, "note": wanted.note, "by": by}
        record(turn, target, BuiltInEvent.CONTACT_SUPPRESSED.value, told, channel, source=source)
    else:
        turn.changes.suppressions.append(
            Suppression(
                scope="address", target=target, channel=channel, reason=wanted.reason, at=turn.now,
                source=source, by=by, note=wanted.note,
            )
        )  # fmt: skip
    turn.flush()
    held = _holding(turn.writer, target, channel, wanted.customer is not None)
    if held is not None and wanted.customer is None:
        turn.writer.record(
            ChangeLeaf(what="suppression_added", ref=f"suppression:{held.id}:added", at=turn.now, who=by)
        )
    return held


def _holding(reader: Reader, target: str, channel: str, of_customer: bool) -> SuppressionRow | None:
    scope = "customer" if of_customer else "address"
    found = reader.suppressions(targets=[target], limit=1000)
    return next((row for row in found if row.channel == channel and row.scope == scope), None)


def allow(shell: Shell, id: int, reason: str, by: str) -> SuppressionRow:
    """Remove a suppression, which stays on record with who did it and why; `NotFoundError`."""
    with open_turn(shell) as turn:
        row = turn.writer.suppression(id)
        if row is None or row.removed_at is not None:
            raise NotFoundError(f"there is no suppression {id}; look it up in the list of suppressions")
        if row.scope == "customer":
            customer = turn.customer(row.target)
            told = {"channel": row.channel, "note": reason, "by": by}
            record(turn, customer, BuiltInEvent.CONTACT_ALLOWED.value, told, id)
            turn.flush()
        turn.writer.remove_suppression(id, turn.now, by, reason)
        turn.result = removed = turn.writer.suppression(id) or row
        return removed


class Imported(msgspec.Struct, frozen=True):
    """What became of a list: how many were added, how many held already, and the lines that were wrong."""

    added: int
    known: int
    refused: tuple[tuple[int, str], ...]


def import_list(shell: Shell, text: str, by: str) -> Imported:
    """Add a list in CSV, each line for itself: its wrong lines are told, and the others count.

    Raises `RequestError` for what is no list, or too long a one.
    """
    lines = list(_lines(text))
    if len(lines) > MOST_LINES:
        said = f"the list has {len(lines)} lines, {MOST_LINES} are allowed; send it in several requests"
        raise RequestError(said, code="too_large")
    now = shell.instants.take()
    prepare(shell, now)
    added, known, refused = 0, 0, []
    with shell.turn(now) as turn:
        for line, row in lines:
            try:
                wanted = _wanted(row)
                found = _add(turn, wanted, by, SuppressionReason.IMPORTED.value)
            except (RequestError, NotFoundError) as error:
                refused.append((line, str(error)))
                continue
            added, known = (added, known + 1) if found is None else (added + 1, known)
        turn.result = done = Imported(added, known, tuple(refused))
        return done


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        unknown = set(reader.fieldnames or ()) - set(COLUMNS)
        if unknown or not {"address", "customer"} & set(reader.fieldnames or ()):
            raise RequestError(
                "the first line does not name the columns;"
                f" write {', '.join(COLUMNS)}, of which address or customer is needed"
            )
        for row in reader:
            yield (
                reader.line_num,
                {name: bare(value.strip()) for name, value in row.items() if name and value},
            )
    except csv.Error as error:
        raise RequestError(
            f"line {reader.line_num} is no CSV: {error}; close its quotes, or write it anew"
        ) from None


def _wanted(row: dict[str, str]) -> Wanted:
    channel = row.get("channel")
    return Wanted(
        address=row.get("address"),
        customer=row.get("customer"),
        channel=None if channel in (None, EVERY_CHANNEL) else channel,
        reason=row.get("reason", SuppressionReason.IMPORTED.value),
        note=row.get("note"),
    )


def export_list(rows: Iterable[SuppressionRow], when: Sequence[str]) -> str:
    """Give suppressions as CSV (RFC 4180) that no spreadsheet takes for formulas; `when` are the times."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row, at in zip(rows, when, strict=True):
        own = row.scope == "customer"
        cells = (
            row.channel, "" if own else row.target, row.target if own else "", row.reason, at, row.note or "",
        )  # fmt: skip
        writer.writerow([shielded(cell) for cell in cells])
    return out.getvalue()


def record_consent(shell: Shell, customer: str, said: Consent, by: str) -> list[ConsentNow]:
    """Record what a customer said of consent: the trait changes, and who recorded it is kept.

    Consent that is given takes an unsubscription back. Raises `RequestError`, `NotFoundError`.
    """
    policy = shell.ruleset.workspace.policy
    try:
        fact = fact_of(policy, said.channel, said.purpose)
    except LookupError as error:
        raise RequestError(str(error)) from None
    if fact is None:
        raise RequestError(
            f"the policy asks for no consent to {said.channel}; name a channel under its consent:"
        )
    with open_turn(shell) as turn:
        id = turn.customer(customer)
        if turn.writer.customer(id) is None:
            raise NotFoundError(f"there is no customer {customer}; send an id that its events came with")
        turn.come_after()
        record(turn, id, IDENTIFY, {fact: said.granted}, CONSENT, fact, source=said.source, occurred=said.at)
        told = {
            "channel": said.channel, "purpose": said.purpose, "granted": said.granted, "source": said.source,
            "by": by,
        }  # fmt: skip
        record(
            turn, id, BuiltInEvent.CONSENT_RECORDED.value, told, fact, source=said.source, occurred=said.at
        )
        turn.flush()
        member = turn.cast.get(id)
        moment = Moment(turn.world, member, Changes(), turn.now, [], at_event=True)
        turn.result = standing = _standing(shell, member, moment)
        return standing


CONSENT = "consent"
"""Tells an `identify` that records consent from others of its instant."""


def consent(shell: Shell, customer: str, now: Micros) -> tuple[list[ConsentNow], list[ConsentChange]]:
    """Give how a customer's consent stands, and everything that was said of it, the newest first."""
    with looking(shell, now) as (reader, world, cast):
        names = names_of(reader, customer)
        member = cast.get(names[0])
        moment = Moment(world, member, Changes(), now, [], at_event=True)
        past = [change for event in reader.events_of(names) for change in _said(shell, event)]
        past.sort(key=lambda change: change.at, reverse=True)
        return _standing(shell, member, moment), past


def _standing(shell: Shell, member: Member, moment: Moment) -> list[ConsentNow]:
    facts, policy = moment.facts(), shell.ruleset.workspace.policy
    found = []
    for fact, ways in sorted(consent_facts(policy).items()):
        value = facts.get(fact)
        at, source = facts.age(fact) if fact in facts else (None, None)
        for channel, purpose in ways:
            to = address(channel, facts)
            why = suppression(member.standing.contact, "marketing", channel, purpose)
            if why is None and to is not None:
                why = moment.world.suppressions.reason(channel, to)
            granted = value if isinstance(value, bool) else None
            found.append(
                ConsentNow(
                    channel=channel, purpose=purpose, fact=fact, granted=granted, at=at, source=source,
                    suppressed=why,
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.channel, one.purpose or ""))


_WITHDRAWN = (BuiltInEvent.UNSUBSCRIBED.value, BuiltInEvent.MESSAGE_COMPLAINED.value)


def _said(shell: Shell, event: Event) -> Iterator[ConsentChange]:
    told = event.properties
    ref = f"{event.source}/{event.message_id}"
    if event.name == IDENTIFY:
        for fact, ways in consent_facts(shell.ruleset.workspace.policy).items():
            if fact in told and event.cause != "operator":
                for channel, purpose in ways:
                    yield ConsentChange(
                        at=event.occurred_at, channel=channel, purpose=purpose, granted=told[fact] is True,
                        source=event.source, event=ref,
                    )  # fmt: skip
    elif event.name == BuiltInEvent.CONSENT_RECORDED.value:
        yield ConsentChange(
            at=event.occurred_at, channel=told.get("channel"), purpose=told.get("purpose"),
            granted=told.get("granted") is True, source=event.source, event=ref, by=told.get("by"),
        )  # fmt: skip
    elif event.name in _WITHDRAWN:
        yield ConsentChange(
            at=event.occurred_at, channel=told.get("channel"), purpose=told.get("purpose"), granted=False,
            source=event.source, event=ref,
        )  # fmt: skip
