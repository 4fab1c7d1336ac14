"""Joining: two customers become one, with everything that was decided about each."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from engine.contact.suppressions import Suppression
from engine.customers.event import Event
from engine.customers.merging import united
from engine.customers.state import FactState
from engine.decisions import missing
from engine.decisions.standing import Standing
from engine.loyalty.merging import merge_books
from engine.model.reasons import EndReason, RunStatus
from engine.model.rule import OnMissing
from engine.runs.changes import Allowed, CouponMove, MembershipChange
from engine.runs.ending import end
from engine.runs.run import Run
from engine.runs.stage import Member
from engine.segments.membership import Membership, place
from engine.timeline import react
from engine.timeline.moment import Moment
from engine.timeline.ruleset import membership_of
from engine.timeline.take import plan_dates
from engine.timeline.weigh import weigh


def join(moment: Moment, gone: Member, history: Sequence[Event]) -> None:
    """Bring one customer into the moment's: facts, standing and runs; then look at the past again.

    `history` are all events of both, in the order received.
    """
    survivor = moment.member
    facts = moment.world.ruleset.facts
    survivor.facts = united(facts, survivor.facts, gone.facts, history, moment.now)
    _standing(survivor.standing, gone.standing)
    _memberships(moment, gone)
    _stages(moment, gone)
    _cases(moment, gone)
    _coupons(moment, gone)
    _suppressed(moment, gone)
    moment.forget()
    _runs(moment, gone)
    for event in history:
        _look_again(moment, event)
    gone.facts, gone.standing, gone.runs = FactState(gone.id, gone.kind), Standing(), {}
    plan_dates(moment, cause="merge")
    weigh(moment, cause="merge")
    moment.forget()


def _standing(into: Standing, other: Standing) -> None:
    for rule, fired in other.fired.items():
        into.fired[rule] = sorted([*into.fired.get(rule, ()), *fired])
    for name, timer in other.timers.items():
        known = into.timers.get(name)
        if known is None or known.since < timer.since:
            into.timers[name] = timer
    for name, recents in other.recents.items():
        both = sorted([*into.recents.get(name, ()), *recents], key=lambda one: one.occurred_at)
        into.recents[name] = both[-missing.KEPT :]
    for workflow, at in other.starts.items():
        into.starts[workflow] = max(at, into.starts.get(workflow, at))
    for name, term in other.terms.items():
        into.terms.setdefault(name, term)
    into.contact.sends = sorted([*into.contact.sends, *other.contact.sends], key=lambda sent: sent.at)
    into.contact.suppressed = {**other.contact.suppressed, **into.contact.suppressed}
    for program, book in other.ledger.books.items():
        known_book = into.ledger.books.get(program)
        if known_book is None:
            into.ledger.books[program] = book
            continue
        merge_books(known_book, book)
    for score, state in other.scores.items():
        known_state = into.scores.setdefault(score, state)
        if known_state.override is None:
            known_state.override = state.override
    for fact, failed_at in other.failed.items():
        into.failed[fact] = max(failed_at, into.failed.get(fact, failed_at))
    into.goals = [*into.goals, *other.goals]


def _memberships(moment: Moment, gone: Member) -> None:
    """Keep the survivor in every segment that either was in; what follows is for the next evaluation."""
    own = moment.member.standing.memberships
    for name, other in sorted(gone.standing.memberships.items()):
        if other.inside:
            _record(moment, gone.id, name, inside=False)
        known = own.setdefault(name, Membership(count=other.count))
        if other.inside and place(known, inside=True, now=moment.now) is not None:
            _record(moment, moment.member.id, name, inside=True)


def _stages(moment: Moment, gone: Member) -> None:
    """Keep the survivor's stage, else the other's; what follows is for the next evaluation."""
    own = moment.member.standing.stages
    for name, state in sorted(gone.standing.stages.items()):
        stage = membership_of(name, state.stage)
        _record(moment, gone.id, stage, inside=False)
        if name not in own:
            own[name] = state
            _record(moment, moment.member.id, stage, inside=True)


def _record(moment: Moment, customer: str, segment: str, *, inside: bool) -> None:
    moment.changes.memberships.append(MembershipChange(customer, segment, moment.now, inside, "merge"))


def _cases(moment: Moment, gone: Member) -> None:
    for case in gone.standing.cases.values():
        case.customer = moment.member.id
        moment.member.standing.cases[case.id] = moment.changes.cases[case.id] = case


def _coupons(moment: Moment, gone: Member) -> None:
    """Give the survivor the other's coupons, and count together what both took for themselves."""
    into, other = moment.member.standing, gone.standing
    for code, held in sorted(other.coupons.items()):
        into.coupons[code] = held
        moment.changes.coupon_moves.append(
            CouponMove(
                code=code, customer=moment.member.id, status=held.status, ended_at=held.ended_at,
                reference=held.reference,
            )
        )  # fmt: skip
    into.reserved.update(other.reserved)
    for budget, periods in other.own_spending.items():
        own = into.own_spending.get(budget, {})
        into.own_spending[budget] = {
            period: own.get(period, Decimal(0)) + periods.get(period, Decimal(0))
            for period in {**own, **periods}
        }


def _suppressed(moment: Moment, gone: Member) -> None:
    """Keep the other's suppressions on record as the survivor's."""
    changes, now = moment.changes, moment.now
    for scope, reason in sorted(gone.standing.contact.suppressed.items()):
        changes.allowed.append(Allowed(customer=gone.id, scope=scope, at=now, by="engine", note="merged"))
        changes.suppressions.append(
            Suppression(
                scope="customer", target=moment.member.id, channel=scope, reason=reason, at=now,
                source="merge",
            )
        )  # fmt: skip


def _runs(moment: Moment, gone: Member) -> None:
    """Move the runs over; on a clash of workflow and key the older one survives."""
    survivor = moment.member
    for run in gone.runs.values():
        run.customer = survivor.id
        survivor.runs[run.id] = run
        moment.changes.runs[run.id] = run
    seen: dict[tuple[str, str | None], Run] = {}
    for run in sorted(survivor.runs.values(), key=lambda one: (one.started_at, one.id)):
        place = (run.workflow, run.key)
        if run.open and place in seen:
            end(moment.stage, run, RunStatus.CANCELLED, EndReason.MERGED.value, seen[place].id)
        elif run.open:
            seen[place] = run


def _look_again(moment: Moment, event: Event) -> None:
    """Let an event of either customer do to runs and timers what it would have done."""
    react.react(moment, event)
    for rule, compiled in moment.desk.second.get(event.name, ()):
        if isinstance(compiled.trigger, OnMissing):
            missing.call_off(moment.member.standing, rule, compiled, event)
