"""Counting: what other files would mean for the customers there are, tried on a sample of them.

The core itself settles each customer into the files as they would be, in memory, as the release would;
nothing is kept. It takes a few seconds at most, however large the base.
"""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from engine.authoring.planning import Counted, FileChange, Held, Matching, Warned, touched
from engine.contact.suppressions import Suppressions
from engine.customers.event import Event
from engine.customers.merging import rebuild
from engine.decisions.rules import CompiledRule, Pair
from engine.expressions import Outcome
from engine.model.reasons import DecisionOutcome
from engine.model.rule import OnQuiet, OnSchedule, Rule
from engine.model.segment import Segment
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.stage import Budgets, Member
from engine.runtime.figures import Figures
from engine.runtime.members import Members
from engine.runtime.shell import Shell
from engine.store.interface import Reader
from engine.timeline.cast import Cast
from engine.timeline.moment import Moment
from engine.timeline.play import adopt
from engine.timeline.ruleset import BASE, Ruleset, band_of
from engine.timeline.world import World

SAMPLE = 2_000
"""So many customers are looked at, of a larger base; all of them, of a smaller one."""

SECONDS = 10.0
"""Counting ends after so long, with the customers that it has seen by then."""

EXPENSIVE = 1_000.0
"""Microseconds that deciding a rule for one customer may take before a plan warns of it."""

BATCH = 100

_log = structlog.get_logger("holdfast.counting")


class _Tally:
    """What has been counted so far."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.before: Counter[tuple[str, str]] = Counter()
        self.after: Counter[tuple[str, str]] = Counter()
        self.held: Counter[str] = Counter()
        self.fires: Counter[str] = Counter()
        self.cost: Counter[str] = Counter()
        self.sampled = 0


def count(
    shell: Shell,
    reader: Reader,
    old: Ruleset,
    new: Ruleset,
    changes: Sequence[FileChange],
    now: Micros,
    sample: int = SAMPLE,
) -> Counted:
    """Count over a sample of the customers what differs between two rulesets at an instant."""
    ids = reader.customer_ids()
    everybody = [id for id in ids if id != BASE]
    # In an order that has nothing to do with the customers, and is the same each time.
    chosen = sorted(everybody, key=lambda id: (zlib.crc32(id.encode()), id))[:sample]
    tally, began = _Tally(), time.monotonic()
    counting = _Counting(shell, reader, old, new, touched(changes, "rule"), now, tally)
    for start in range(0, len(chosen), BATCH):
        if time.monotonic() - began > SECONDS:
            break
        counting.take(chosen[start : start + BATCH])
    return Counted(
        customers=len(everybody),
        sampled=tally.sampled,
        matching=_matching(tally, old, new, changes),
        held=tuple(
            Held(rule=rule, held_back=tally.held[rule], fires=tally.fires[rule])
            for rule in sorted(tally.held.keys() | tally.fires.keys())
        ),
        warnings=_warnings(tally, new, changes),
    )


class _Counting:
    """Looks at customers under both rulesets, and adds to a tally."""

    def __init__(
        self,
        shell: Shell,
        reader: Reader,
        old: Ruleset,
        new: Ruleset,
        rules: frozenset[str],
        now: Micros,
        tally: _Tally,
    ) -> None:
        self._shell, self._reader, self._old, self._new = shell, reader, old, new
        self._rules, self._now, self._tally = rules, now, tally
        self._rebuilds = old.facts.hash != new.facts.hash

    def take(self, ids: Sequence[str]) -> None:
        old_world, new_world = self._world(self._old), self._world(self._new)
        before = Members().load(self._reader, list(ids))
        now = Members()
        cast = Cast(lambda wanted: now.load(self._reader, wanted))
        cast.preload(ids)
        events = self._histories(before) if self._rebuilds else {}
        for member in before.values():
            try:
                self._look(old_world, member, new_world, cast, events)
            except Exception as error:
                # The release would set such a customer aside; here they are left out.
                _log.warning("not_counted", error=type(error).__name__)

    def _look(
        self,
        old_world: World,
        member: Member,
        new_world: World,
        cast: Cast,
        events: Mapping[str, list[Event]],
    ) -> None:
        tally, now = self._tally, self._now
        then = cast.get(member.id, member.kind)
        if self._rebuilds and member.kind == "person":
            until = then.standing.played_to or None
            then.facts = rebuild(self._new.facts, then.id, then.kind, events[then.id], until)
        tally.sampled += 1
        tally.kinds[member.kind] += 1
        for segment in member.standing.segments:
            tally.before["segment", segment] += 1
        moment = Moment(old_world, member, Changes(), now, [], at_event=True)
        for rule in moment.desk.rules.values():
            if self._asked(rule) and _meets(rule, moment):
                tally.before["rule", rule.id] += 1
        if self._rebuilds and member.kind == "account":
            return
        bands = {name: state.band for name, state in then.standing.scores.items()}
        silences = self._silences(then)
        changes = Changes()
        adopt(new_world, cast, changes, then.id, now, "release")
        for segment in then.standing.segments:
            tally.after["segment", segment] += 1
        moment = Moment(new_world, then, Changes(), now, [], at_event=True)
        for rule in moment.desk.rules.values():
            if self._asked(rule) and _meets(rule, moment):
                tally.after["rule", rule.id] += 1
            if rule.id in self._rules:
                began = time.perf_counter()
                rule.condition.outcome(Moment(new_world, then, Changes(), now, [], at_event=True).env({}))
                tally.cost[rule.id] += int((time.perf_counter() - began) * 1e9)
        for rule_id in {*self._crossed(then, changes, bands), *silences}:
            tally.held[rule_id] += 1
        for rule_id in {
            each.rule
            for each in changes.decisions
            if each.outcome is DecisionOutcome.FIRED and each.customer == then.id
        }:
            tally.fires[rule_id] += 1

    def _asked(self, rule: CompiledRule) -> bool:
        """Tell whether a rule is counted: it differs, or what it reads may."""
        return (self._rebuilds or rule.id in self._rules) and not _needs_event(rule)

    def _crossed(self, member: Member, changes: Changes, bands: Mapping[str, str | None]) -> set[str]:
        """Give the rules that would look at what the release changes, and are held back."""
        desk = self._new.desk(member.id, member.kind)
        pairs: list[Pair] = []
        for moved in changes.memberships:
            if moved.customer == member.id:
                pairs += (desk.entering if moved.inside else desk.leaving).get(moved.segment, ())
        for name, state in member.standing.scores.items():
            if state.band != bands.get(name) and bands.get(name) is not None:
                pairs += desk.bands.get(band_of(name, str(state.band)), ())
        return {rule.id for rule, _ in pairs if rule.rule.on_release == "hold"}

    def _silences(self, member: Member) -> set[str]:
        """Give the rules that differ and wait for a silence which is over-long already."""
        found = set()
        for rule, compiled in self._new.desk(member.id, member.kind).quiet:
            trigger = compiled.trigger
            if rule.id not in self._rules or rule.rule.on_release != "hold":
                continue
            if not isinstance(trigger, OnQuiet) or trigger.quiet == "p90":
                continue
            last = member.facts.last_occurred(self._new.facts, trigger.of)
            if last is not None and last + trigger.quiet.micros <= self._now:
                found.add(rule.id)
        return found

    def _histories(self, members: Mapping[str, Member]) -> dict[str, list[Event]]:
        bound = {alias.id: alias.survivor for alias in self._reader.aliases_of(*members)}
        found: dict[str, list[Event]] = {id: [] for id in members}
        for event in self._reader.events_of([*members, *bound]):
            name = event.customer
            while name not in found:
                name = bound[name]
            found[name].append(event)
        return found

    def _world(self, ruleset: Ruleset) -> World:
        shell, reader = self._shell, self._reader
        return World(
            ruleset,
            Figures(shell.store, ruleset).at,
            outages=shell.outages,
            paused=reader.marks().paused,
            budgets=Budgets(reader.budgets, set),
            suppressions=Suppressions(reader.suppressed),
            definition=shell.definitions.workflow,
            secret=shell.coupon_secret,
        )


def _needs_event(rule: CompiledRule) -> bool:
    return any(name.partition(".")[0] == "event" for name in rule.condition.names)


def _meets(rule: CompiledRule, moment: Moment) -> bool:
    """Tell whether a customer meets a rule's conditions, and is in the segment that it comes round for."""
    wanted = [
        each.trigger.in_segment if isinstance(each.trigger, OnSchedule) else None for each in rule.triggers
    ]
    inside = moment.member.standing.segments
    if not any(segment is None or segment in inside for segment in wanted):
        return False
    return rule.condition.outcome(moment.env()) is Outcome.MET


def _matching(
    tally: _Tally, old: Ruleset, new: Ruleset, changes: Sequence[FileChange]
) -> tuple[Matching, ...]:
    """Give the counts of what was edited, and of what differs because of it."""
    edited = {("rule", id) for id in touched(changes, "rule")}
    edited |= {("segment", id) for id in touched(changes, "segment")}
    seen = tally.before.keys() | tally.after.keys()
    moved = {what for what in seen if tally.before[what] != tally.after[what]}
    found = []
    sides: list[Segment | Rule | None]
    for kind, id in sorted(edited | moved):
        if kind == "segment":
            sides = [ruleset.workspace.segments.get(id) for ruleset in (old, new)]
            subjects = [side.on for side in sides if side is not None]
            needs = False
        else:
            rules = [ruleset.rule(id) for ruleset in (old, new)]
            sides = [None if rule is None else rule.rule for rule in rules]
            subjects = [side.on for side in sides if side is not None]
            needs = any(rule is not None and _needs_event(rule) for rule in rules)
        if not subjects:
            continue  # a draft, or one that is off, on both sides
        lacks = old.facts.hash != new.facts.hash and subjects[-1] == "account"
        found.append(
            Matching(
                kind="segment" if kind == "segment" else "rule",
                id=id,
                before=None if needs or sides[0] is None else tally.before[kind, id],
                after=None if needs or lacks or sides[1] is None else tally.after[kind, id],
                of=tally.kinds[subjects[-1]],
                why="needs_event" if needs else "needs_events_of_members" if lacks else None,
            )
        )
    return tuple(found)


def _warnings(tally: _Tally, new: Ruleset, changes: Sequence[FileChange]) -> tuple[Warned, ...]:
    found = []
    most = new.workspace.settings.releases.warn_over
    for id in sorted(touched(changes, "rule")):
        rule = new.rule(id)
        if rule is None:
            continue
        base, met = tally.kinds[rule.rule.on], tally.after["rule", id]
        counted = not _needs_event(rule) and base > 0
        if counted and not met:
            message = f"none of {base} customers meets its conditions now"
            found.append(Warned(code="nobody_now", thing=id, message=message))
        scheduled = any(isinstance(each.trigger, OnSchedule) for each in rule.triggers)
        if counted and scheduled and met > most.share * base:
            message = f"it would fire for {met} of {base} customers, which is over {most}"
            found.append(Warned(code="fires_for_many", thing=id, message=message))
        mean = tally.cost[id] / 1000 / max(1, base)
        if mean > EXPENSIVE:
            message = f"deciding it takes {mean / 1000:.1f} ms a customer"
            found.append(Warned(code="expensive", thing=id, message=message))
    for id, number in sorted(tally.held.items()):
        message = f"for {number} of {tally.sampled} customers the release gives it cause, and holds it back"
        found.append(Warned(code="held_back", thing=id, message=message))
    for id, number in sorted(tally.fires.items()):
        message = f"for {number} of {tally.sampled} customers it fires at once: it says on_release: fire"
        found.append(Warned(code="fires_at_release", thing=id, message=message))
    return tuple(found)
