"""Scores of customers: how one stands and why, and what people set in its place."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from threading import Lock

import msgspec

from engine.authoring.outcomes.calibration import Calibration, calibrate
from engine.authoring.wording import known_or, with_article
from engine.customers.zones import moment_of
from engine.decisions.decision import identity
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.model.values import DAY, Day, Micros
from engine.runs.changes import Changes
from engine.runs.stage import Member
from engine.runtime.people.recording import caused, play
from engine.runtime.reports.history import stored_events
from engine.runtime.reports.reading import looking, member_of
from engine.runtime.shell import Shell, Turn
from engine.runtime.tick import open_turn
from engine.scores import trend
from engine.scores.band import Override, ScoreState
from engine.scores.reasons import reasons
from engine.scores.score import Reading
from engine.timeline.moment import Moment
from engine.timeline.overriding import ENDED, OVERRIDDEN
from engine.timeline.ruleset import Ruleset
from engine.timeline.scores import CompiledScore
from engine.timeline.weigh import reading

KEPT = 16
"""So many calibrations are remembered."""

LONGEST_DAYS = 366
"""An override ends at most so many days ahead: a judgement gets old."""


class KnownScore(msgspec.Struct, frozen=True, kw_only=True):
    """How a customer's score stands at an instant.

    value: what counts, the override while one is in force, else what the parts give. reading: what they
    give. band: the steady one. trend: points per 28 days, of the values in `daily` (hundredths by day).
    """

    customer: str
    score: str
    as_of: Micros
    value: Decimal | None
    band: str
    reading: Reading
    override: Override | None
    trend: Decimal | None
    daily: tuple[tuple[Day, int], ...]
    reasons: tuple[str, ...]


def score(shell: Shell, name: str, customer: str, now: Micros) -> KnownScore:
    """Tell how a score of a customer stands; raises `NotFoundError`."""
    with looking(shell, now) as (reader, world, cast):
        member = member_of(reader, cast, customer)
        compiled = _score(shell.ruleset, name, member)
        moment = Moment(world, member, Changes(), now, [], at_event=True)
        state = member.standing.scores.get(compiled.score.id) or ScoreState()
        found = reading(moment.facts(), compiled, state, member.standing.failed, now, moment.env())
        override = state.override if state.override is not None and state.override.until > now else None
        return KnownScore(
            customer=member.id,
            score=name,
            as_of=now,
            value=found.value if override is None else override.value,
            band=state.band,
            reading=found,
            override=override,
            trend=trend.slope(state.daily, moment.day),
            daily=tuple(trend.values(state.daily, moment.day)),
            reasons=tuple(reasons(compiled.score, state.parts)),
        )


def override(
    shell: Shell, name: str, customer: str, value: Decimal, reason: str, until: Micros, by: str
) -> KnownScore:
    """Let a value count for a customer's score before `until`, because a person says so.

    It is an event of the customer; the very same override again changes nothing. Raises `NotFoundError`,
    or `RequestError` for an end that is past or too far ahead.
    """
    with open_turn(shell) as turn:
        member = _held(turn, customer)
        compiled = _score(shell.ruleset, name, member)
        if not turn.now < until <= turn.now + LONGEST_DAYS * DAY:
            raise RequestError(
                f"an override ends within {LONGEST_DAYS} days from now; send an `until` of that span",
                code="invalid_until",
            )
        wanted = Override(value, by, reason, until)
        if _in_force(member, compiled, turn.now) != wanted:
            _record(
                turn,
                member,
                OVERRIDDEN,
                score=name,
                value=value,
                reason=reason,
                until=moment_of(until).isoformat(),
                by=by,
            )
    # Two decisions of people about a score are never of the same instant, so that their order is told.
    shell.instants.close(turn.now)
    return score(shell, name, customer, turn.now)


def end_override(shell: Shell, name: str, customer: str, by: str) -> KnownScore:
    """End an override before its time; raises `NotFoundError`, or `ConflictError` where there is none."""
    with open_turn(shell) as turn:
        member = _held(turn, customer)
        compiled = _score(shell.ruleset, name, member)
        if _in_force(member, compiled, turn.now) is None:
            raise ConflictError(
                f"the score {name} of {customer} is not overridden, and there is nothing to end"
            )
        _record(turn, member, ENDED, score=name, by=by)
    # Two decisions of people about a score are never of the same instant, so that their order is told.
    shell.instants.close(turn.now)
    return score(shell, name, customer, turn.now)


def _held(turn: Turn, customer: str) -> Member:
    member = turn.cast.find(turn.customer(customer))
    if member is None:
        raise NotFoundError(f"there is no customer {customer}; send an id that its events came with")
    if turn.shared:
        turn.come_after()
    return member


def _score(ruleset: Ruleset, name: str, member: Member) -> CompiledScore:
    found = next((one for one in ruleset.desk(member.id, member.kind).scores if one.score.id == name), None)
    if found is None:
        known = [one.score.id for one in ruleset.desk(member.id, member.kind).scores]
        raise NotFoundError(
            f"there is no score {name} of {with_article(member.kind)}; {known_or(name, known)}"
        )
    return found


def _in_force(member: Member, compiled: CompiledScore, now: Micros) -> Override | None:
    state = member.standing.scores.get(compiled.score.id)
    override = state.override if state is not None else None
    return override if override is not None and override.until > now else None


def _record(turn: Turn, member: Member, name: str, **properties: object) -> None:
    id = identity(name, member.id, properties["score"], turn.now)
    account = member.id if member.kind == "account" else None
    play(turn, caused(turn, member.id, name, id, properties, account=account))


class Calibrations:
    """Calibrations of the stored history as of the latest midnight, each worked out once a day.

    One at a time: a replay of everything is heavy, and whoever asks for the same meanwhile waits for it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[object, ...], Calibration] = OrderedDict()

    def find(self, shell: Shell, score: str, outcome: str, within: Micros, now: Micros) -> Calibration:
        """Give what became of customers by what a score was before; raises `NotFoundError`."""
        ruleset = shell.ruleset
        midnight = ruleset.zone.start_of_day(ruleset.zone.day_of(now))
        key = ruleset.hash, score, outcome, within, midnight
        with self._lock:
            if key not in self._known:
                with shell.store.reader() as reader:
                    events = stored_events(reader)
                self._known[key] = calibrate(
                    ruleset.workspace, events, score, outcome=outcome, within=within, as_of=midnight
                )
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return self._known[key]
