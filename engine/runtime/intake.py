"""Intake: requests of events, brought into the engine together and answered after their commit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import structlog

from engine.customers.event import Cause, Event
from engine.customers.kinds import EARLIEST_EVENT, parse_time
from engine.customers.normalise import digest, normalise
from engine.errors import QuarantineError, StoreError
from engine.model.reasons import QuarantineReason
from engine.model.values import Micros
from engine.runtime import tracing
from engine.runtime.crashpoint import crashpoint
from engine.runtime.identity import Identities, names_in
from engine.runtime.members import STALE
from engine.runtime.people.registering import admit
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import prepare
from engine.runtime.writer import IngestAnswer
from engine.store.interface import Writer
from engine.store.records import Accepted, Duplicate, QuarantinedEvent
from engine.timeline.play import play_event

LARGEST_BODY = 64 * 1024

_log = structlog.get_logger("holdfast.intake")
_exact = msgspec.json.Encoder(decimal_format="number").encode
_again = msgspec.json.Decoder(float_hook=Decimal).decode


class Unreadable(msgspec.Struct, frozen=True):
    """An event that a door could not decode, or make out; it goes straight into quarantine.

    It is kept as the bytes that came, or as what they were `decoded` to.
    """

    code: str
    detail: str
    body: bytes = b""
    decoded: Mapping[str, Any] = {}


Note: TypeAlias = Callable[[Writer, IngestAnswer], None]


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A request: decoded events (or `Unreadable` ones), and on whose word.

    `received` stands in for the clock; it never takes the engine back. `arrived` is when the events came
    first, where that was before: their own times are held against it. `note` is told in the very
    transaction what became of the events, to keep something with them; it may be told more than once.
    `registers` is who says that whoever was erased under these ids is somebody new now.
    """

    raws: Sequence[object]
    source: str
    may_grant: bool = False
    received: Micros | None = None
    arrived: Micros | None = None
    cause: Cause = "sent"
    note: Note | None = None
    registers: str | None = None


class _Failed(Exception):
    """The core could not play the event at this place of the batch."""

    def __init__(self, place: Place, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.place = place
        self.error = error


class Tally:
    """What became of one request's events."""

    def __init__(self) -> None:
        self.accepted = 0
        self.duplicates = 0
        self.conflicts: list[dict[str, Any]] = []
        self.quarantined: list[dict[str, Any]] = []

    def answer(self) -> IngestAnswer:
        """Give the answer to the request."""
        return IngestAnswer(
            accepted=self.accepted,
            duplicates=self.duplicates,
            conflicts=tuple(self.conflicts),
            quarantined=tuple(self.quarantined),
        )


Place = tuple[int, int]
"""A request's number in the batch, and an event's in the request."""

Fresh = list[tuple[Place, Event]]
"""The events that are new, in the order of acceptance, each with its place."""


def take_in(shell: Shell, requests: Sequence[Posted], *, past: bool = False) -> list[IngestAnswer]:
    """Take the events of requests in, in order, in one transaction; decide each; give the answers.

    An event that the core cannot play is put into quarantine and the batch is played again without
    it: the members it had touched are thrown away with the transaction. Events of the `past` are only
    accepted; whom they concern has stale facts until they are settled.
    """
    wanted = [request.received for request in requests if request.received is not None]
    now = shell.instants.take(max(wanted, default=None))
    tracing.tell("holdfast.events", sum(len(request.raws) for request in requests))
    if not past:
        prepare(shell, now)
    spoilt: dict[Place, Exception] = {}
    while True:
        try:
            with shell.turn(now, settling=past) as turn:
                tallies, fresh = receive(turn, requests, spoilt, past=past)
                crashpoint("accepted")
                _play(turn, fresh, _mark if past else _decide)
                answers = [tally.answer() for tally in tallies]
                for request, answer in zip(requests, answers, strict=True):
                    if request.note is not None:
                        request.note(turn.writer, answer)
            crashpoint("before_answer")
            return answers
        except _Failed as failed:
            spoilt[failed.place] = failed.error
            _log.error("core_error", error=type(failed.error).__name__, exc_info=failed.error)


def receive(
    turn: Turn, requests: Sequence[Posted], spoilt: Mapping[Place, Exception], *, past: bool = False
) -> tuple[list[Tally], Fresh]:
    """Accept, refuse and count the events of requests; give what became of them, and which are new.

    Events of the `past` were received when they occurred, unless they say when, and are accepted in
    that order.
    """
    tallies, read, refused = _read(turn, requests, spoilt, past)
    if turn.shared:
        # Nobody else may change whom they are about, from here on; what is received comes after what
        # others have decided.
        turn.hold(names_in(event for _, event in read))
        if not past and turn.come_after():
            tallies, read, refused = _read(turn, requests, spoilt, past)
    if past:
        read.sort(key=lambda found: found[1].received_at)
    fresh = _accept(turn, tallies, read)
    if refused:
        turn.writer.quarantine(refused)
    _count(turn, tallies)
    return tallies, fresh


def _read(
    turn: Turn, requests: Sequence[Posted], spoilt: Mapping[Place, Exception], past: bool
) -> tuple[list[Tally], Fresh, list[QuarantinedEvent]]:
    tallies = [Tally() for _ in requests]
    read: Fresh = []
    refused: list[QuarantinedEvent] = []
    for number, request in enumerate(requests):
        for index, raw in enumerate(request.raws):
            place = number, index
            try:
                if place in spoilt:
                    raise _core_error(spoilt[place])
                event = _read_past(turn, request, raw) if past else _normalised(turn, request, raw)
                read.append((place, event))
            except QuarantineError as error:
                entry = _quarantined(turn, request, raw, error)
                refused.append(entry)
                told = {"message_id": entry.message_id, "code": error.code, "detail": error.detail}
                tallies[number].quarantined.append({"index": index, **told})
    return tallies, read, refused


def _accept(turn: Turn, tallies: Sequence[Tally], read: Fresh) -> Fresh:
    events = [event for _, event in read]
    receipts = turn.writer.add_events(events, [digest(event) for event in events], decided_at=turn.now)
    fresh: Fresh = []
    for (place, event), receipt in zip(read, receipts, strict=True):
        tally = tallies[place[0]]
        if isinstance(receipt, Accepted):
            tally.accepted += 1
            fresh.append((place, msgspec.structs.replace(event, seq=receipt.seq)))
        elif isinstance(receipt, Duplicate):
            tally.duplicates += 1
        else:
            told = {"source": event.source, "message_id": event.message_id}
            tally.conflicts.append({"index": place[1], **told})
    return fresh


def _play(turn: Turn, fresh: Fresh, play: Callable[[Turn, Event], None]) -> None:
    identities = Identities(turn, [event for _, event in fresh])
    turn.cast.preload(identities.present())
    for place, event in fresh:
        try:
            play(turn, identities.resolved(event))
        except StoreError:
            raise
        except Exception as error:
            raise _Failed(place, error) from error


def _decide(turn: Turn, event: Event) -> None:
    if event.name == "case_reopened":
        _recall(turn, event)
    play_event(turn.world, turn.cast, turn.changes, event)


def _recall(turn: Turn, event: Event) -> None:
    """Bring the closed case that is to be opened again into memory, where only open ones are kept."""
    case = turn.writer.case(str(event.properties.get("case")))
    if case is not None and not case.open:
        owner = turn.writer.resolve([case.customer])[case.customer]
        turn.changes.cases.setdefault(case.id, msgspec.structs.replace(case, customer=owner))


def _mark(turn: Turn, event: Event) -> None:
    person = turn.cast.subject(event)
    account = event.account or person.account
    concerned = [person]
    if account is not None and account != person.id:
        concerned.append(turn.cast.get(account, "account"))
    for member in concerned:
        if member.facts.built != STALE:
            member.facts.built, member.facts.stored = STALE, None
            turn.changes.customers[member.id] = None


def _read_past(turn: Turn, request: Posted, raw: object) -> Event:
    told = raw.get("received_at") if isinstance(raw, Mapping) else None
    if isinstance(raw, Mapping) and told is not None:
        raw = {key: value for key, value in raw.items() if key != "received_at"}
    event = _normalised(turn, request, raw)
    if told is None:
        return msgspec.structs.replace(event, received_at=event.occurred_at)
    try:
        received = parse_time(told, EARLIEST_EVENT)
    except (ArithmeticError, ValueError):
        code = QuarantineReason.BAD_TIME.value
        raise QuarantineError(
            code, "received_at is no time of 1970 to 2200; send it as 2026-03-01T09:00:00Z"
        ) from None
    return msgspec.structs.replace(event, received_at=min(received, turn.now))


def _normalised(turn: Turn, request: Posted, raw: object) -> Event:
    if isinstance(raw, Unreadable):
        raise QuarantineError(raw.code, raw.detail)
    event = normalise(
        raw,
        received_at=turn.now if request.arrived is None else request.arrived,
        source=request.source,
        declared=turn.ruleset.catalog,
        may_grant=request.may_grant,
        cause=request.cause,
    )
    if request.arrived is not None:
        event = msgspec.structs.replace(event, received_at=turn.now)
    if turn.shell.erasures:
        admit(turn, event, request.registers)
    if event.message_id:
        return event
    # Nothing tells it from another that looks the same, so that both count.
    return msgspec.structs.replace(event, message_id=f"untold-{secrets.token_hex(12)}")


def _core_error(error: Exception) -> QuarantineError:
    return QuarantineError(
        QuarantineReason.CORE_ERROR.value,
        f"the engine could not decide it ({type(error).__name__}); replay it after a fix",
    )


def _quarantined(turn: Turn, request: Posted, raw: object, error: QuarantineError) -> QuarantinedEvent:
    if turn.shell.erasures and _names_erased(turn, raw, error):
        # Nothing of somebody who was erased is kept: that would bring them back.
        return QuarantinedEvent(
            received_at=turn.now, source=request.source, message_id=None, customer=None, code=error.code,
            detail="it names somebody who was erased", body=b"",
        )  # fmt: skip
    if isinstance(raw, Unreadable):
        fields, body = raw.decoded, raw.body[:LARGEST_BODY] or _body(raw.decoded)
    else:
        fields, body = raw if isinstance(raw, Mapping) else {}, _body(raw)
    return QuarantinedEvent(
        received_at=turn.now,
        source=request.source,
        message_id=_told(fields, "message_id", "messageId", "id"),
        customer=_told(fields, "customer", "customer_id", "user_id", "userId"),
        code=error.code,
        detail=error.detail,
        body=body,
    )


def _names_erased(turn: Turn, raw: object, error: QuarantineError) -> bool:
    if error.code == QuarantineReason.ERASED.value:
        return True
    return turn.shell.erasures.named_in(raw.body if isinstance(raw, Unreadable) else raw)


def _told(fields: Mapping[Any, Any], *names: str) -> str | None:
    """Give what a refused event calls itself, if that is sound text of a sane length."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and 0 < len(value) <= 256 and "\0" not in value:
            with suppress(UnicodeEncodeError):
                value.encode()
                return value
    return None


def _body(raw: object) -> bytes:
    """Give a refused event as JSON that says just what it said, with what JSON has no word for."""
    try:
        body = _exact(raw)
        if _again(body) == raw:
            return body[:LARGEST_BODY]
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        pass
    try:
        return json.dumps(raw, default=float).encode()[:LARGEST_BODY]
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return b""


def _count(turn: Turn, tallies: Sequence[Tally]) -> None:
    accepted = sum(tally.accepted for tally in tallies)
    duplicates = sum(tally.duplicates for tally in tallies)
    conflicts = sum(len(tally.conflicts) for tally in tallies)
    quarantined = sum(len(tally.quarantined) for tally in tallies)
    turn.count(
        received=accepted + duplicates + conflicts + quarantined,
        accepted=accepted,
        duplicates=duplicates,
        conflicts=conflicts,
        quarantined=quarantined,
        decided=accepted,
    )
