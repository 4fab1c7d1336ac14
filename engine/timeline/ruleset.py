"""The ruleset: a checked workspace, compiled into everything that deciding needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from engine.customers.catalog import Catalog, build_catalog
from engine.customers.definitions import ComputedFact, NamedFact
from engine.customers.table import FactTable, compile_facts
from engine.customers.zones import Zone
from engine.decisions.candidates import INDEXED_FROM, Candidates, Round, candidates_of, rounds_of
from engine.decisions.rules import CompiledRule, Pair, compile_condition, compile_rule
from engine.decisions.scopes import customer_scope, trigger_scope
from engine.expressions import Condition, compile_expression
from engine.loyalty.tiers import tier_held
from engine.model.actions import SHIPPED, ActionSpec
from engine.model.facts import Subject
from engine.model.lifecycle import Lifecycle, Stage
from engine.model.rule import (
    OnBand,
    OnChange,
    OnDate,
    OnEnter,
    OnEvent,
    OnFleet,
    OnLeave,
    OnMissing,
    OnQuiet,
)  # fmt: skip
from engine.model.segment import Segment
from engine.model.workspace import Workspace
from engine.runs.points import CompiledEarn
from engine.runs.program import CompiledWorkflow, compile_workflow
from engine.timeline.scores import CompiledScore, compile_score

T = TypeVar("T")


class CompiledSegment(msgspec.Struct, frozen=True):
    """A segment with its conditions."""

    segment: Segment
    enter: Condition | None
    leave: Condition | None


class CompiledLifecycle(msgspec.Struct, frozen=True):
    """A lifecycle: its stages in order, each with its condition; `stage_name` is what facts call it."""

    id: str
    stage_name: str
    for_name: str
    stages: tuple[tuple[str, Stage, Condition | None], ...]


def band_of(score: str, band: str) -> str:
    """Give the name under which the rules are found that look when a score comes into a band."""
    return f"{score}/{band}"


def membership_of(lifecycle: str, stage: str) -> str:
    """Give the name under which being in a stage is kept: no segment can be called so."""
    return f"{lifecycle}.{stage}"


class Club(msgspec.Struct, frozen=True):
    """A program as facts show it: what they call its tier and points, and who holds no tier's tier."""

    program: str
    tier_name: str
    points_name: str
    lowest: str | None


class Desk(msgspec.Struct, frozen=True):
    """Everything that concerns one kind of customer, indexed by what makes it look.

    Pairs are (rule, trigger); under each name they are in the order of the rules' ids. `candidates` are those
    of them, by the kind of what happens and the name, that are many enough for an index of their conditions.
    """

    rules: Mapping[str, CompiledRule]
    on_event: Mapping[str, tuple[Pair, ...]]
    first: Mapping[str, tuple[Pair, ...]]
    second: Mapping[str, tuple[Pair, ...]]
    awaited: Mapping[str, tuple[str, ...]]
    schedules: tuple[Round, ...]
    dates: tuple[Pair, ...]
    renewals: Mapping[str, tuple[Pair, ...]]
    changes: Mapping[str, tuple[Pair, ...]]
    entering: Mapping[str, tuple[Pair, ...]]
    leaving: Mapping[str, tuple[Pair, ...]]
    bands: Mapping[str, tuple[Pair, ...]]
    quiet: tuple[Pair, ...]
    segments: tuple[CompiledSegment, ...]
    scores: tuple[CompiledScore, ...]
    lifecycles: tuple[CompiledLifecycle, ...]
    earns: Mapping[str, tuple[CompiledEarn, ...]]
    reverses: Mapping[str, tuple[CompiledEarn, ...]]
    clubs: tuple[Club, ...]
    midnight: bool
    candidates: Mapping[tuple[str, str], Candidates]


NOTHING = Desk(
    rules={}, on_event={}, first={}, second={}, awaited={}, schedules=(), dates=(), renewals={},
    changes={}, entering={}, leaving={}, bands={}, quiet=(), segments=(), scores=(), lifecycles=(),
    earns={}, reverses={}, clubs=(), midnight=False, candidates={},
)  # fmt: skip

BASE = "@base"
"""The account that stands for the whole base: what a fleet trigger decides is about it."""


class Ruleset(msgspec.Struct, frozen=True):
    """A compiled workspace. `policy_hash` is over what is of the moment: policy and calendars.

    `based` are the facts that rest on base-wide figures, as `customer.NAME`.
    """

    workspace: Workspace
    hash: str
    policy_hash: str
    catalog: Catalog
    facts: FactTable
    zone: Zone
    desks: Mapping[Subject, Desk]
    workflows: Mapping[str, CompiledWorkflow]
    fleet: tuple[Pair, ...]
    actions: Mapping[str, ActionSpec]
    based: frozenset[str]

    def desk(self, customer: str, kind: Subject) -> Desk:
        """Give what concerns a customer of a kind; the whole base is none and waits for nothing."""
        return NOTHING if customer == BASE else self.desks[kind]

    def rule(self, name: str) -> CompiledRule | None:
        """Find a rule of either kind."""
        return next((desk.rules[name] for desk in self.desks.values() if name in desk.rules), None)

    def workflow(self, name: str, definition: str) -> CompiledWorkflow | None:
        """Give a workflow where its definition is the live one."""
        found = self.workflows.get(name)
        return found if found is not None and found.hash == definition else None


def compile_ruleset(
    workspace: Workspace, actions: Mapping[str, ActionSpec] = SHIPPED, *, indexed_from: int = INDEXED_FROM
) -> Ruleset:
    """Compile a workspace that the checks have passed; raises ExpressionError where they were not run.

    `indexed_from` rules that the same thing gives cause to look have an index of their conditions.
    """
    catalog = build_catalog(workspace)
    facts = compile_facts(workspace, catalog)
    desks: dict[Subject, Desk] = {
        "person": _desk(workspace, catalog, facts, "person", indexed_from),
        "account": _desk(workspace, catalog, facts, "account", indexed_from),
    }
    return Ruleset(
        workspace=workspace,
        hash=workspace.hash,
        policy_hash=_policy_hash(workspace),
        catalog=catalog,
        facts=facts,
        zone=facts.zone,
        desks=desks,
        workflows={
            name: compile_workflow(workflow, workspace, catalog, actions)
            for name, workflow in sorted(workspace.workflows.items())
        },
        fleet=tuple(
            pair
            for pair in _pairs(_compiled(workspace, catalog, None))
            if isinstance(pair[1].trigger, OnFleet)
        ),
        actions=actions,
        based=_based(facts, desks),
    )


def _based(facts: FactTable, desks: Mapping[Subject, Desk]) -> frozenset[str]:
    """Give the dotted names of facts that rest on base-wide figures, by themselves or through others."""
    found = {"rfm_r", "rfm_f", "rfm_m"}
    through: dict[str, frozenset[str]] = {}
    for subject, desk in desks.items():
        for name, fact in facts.names(subject).items():
            if isinstance(fact, ComputedFact) and fact.drop is not None and fact.drop.against_fleet:
                found.add(name)
            elif isinstance(fact, NamedFact):
                through[name] = frozenset(fact.reads) | through.get(name, frozenset())
        for score in desk.scores:
            reads = frozenset(name for part in score.parts for name in part.reads)
            for name in (score.name, score.band_name, score.trend_name, score.reasons_name):
                through[name] = reads
    while more := {name for name, reads in through.items() if name not in found and reads & found}:
        found |= more
    return frozenset(f"customer.{name}" for name in found)


def _compiled(workspace: Workspace, catalog: Catalog, subject: Subject | None) -> list[CompiledRule]:
    zone = workspace.settings.timezone
    return [
        compile_rule(rule, catalog, zone, _source(workspace, "rule", name))
        for name, rule in sorted(workspace.rules.items())
        if rule.status in ("live", "shadow") and subject in (None, rule.on)
    ]


def _source(workspace: Workspace, kind: str, name: str) -> str:
    source = workspace.sources.get(workspace.origins.get((kind, name), ""))
    return source.sha256 if source else name


def _pairs(rules: Iterable[CompiledRule]) -> list[Pair]:
    return [(rule, trigger) for rule in rules for trigger in rule.triggers]


def _desk(
    workspace: Workspace, catalog: Catalog, facts: FactTable, subject: Subject, indexed_from: int
) -> Desk:
    rules = _compiled(workspace, catalog, subject)
    pairs = _pairs(rules)
    segments = tuple(
        _segment(segment, catalog, workspace.settings.timezone)
        for _, segment in sorted(workspace.segments.items())
        if segment.on == subject
    )
    scores = tuple(
        compile_score(score, catalog, facts, workspace)
        for _, score in sorted(workspace.scores.items())
        if score.on == subject
    )
    lifecycles = tuple(
        _lifecycle(lifecycle, catalog, workspace.settings.timezone)
        for _, lifecycle in sorted(workspace.lifecycles.items())
        if lifecycle.on == subject
    )
    earns = _earns(workspace, catalog, subject)
    desk = Desk(
        rules={rule.id: rule for rule in rules},
        on_event=_index(
            (pair[1].trigger.event, pair) for pair in pairs if isinstance(pair[1].trigger, OnEvent)
        ),
        first=_index(
            (pair[1].trigger.event, pair) for pair in pairs if isinstance(pair[1].trigger, OnMissing)
        ),
        second=_index(
            (pair[1].trigger.without, pair) for pair in pairs if isinstance(pair[1].trigger, OnMissing)
        ),
        awaited=_awaited(pairs),
        schedules=rounds_of(pairs, indexed_from),
        dates=tuple(pair for pair in pairs if isinstance(pair[1].trigger, OnDate)),
        renewals=_index(
            (pair[1].trigger.without, pair)
            for pair in pairs
            if isinstance(pair[1].trigger, OnDate) and pair[1].trigger.without
        ),
        changes=_index(
            (_fact(pair[1].trigger), pair) for pair in pairs if isinstance(pair[1].trigger, OnChange)
        ),
        entering=_index(
            (pair[1].trigger.enters, pair) for pair in pairs if isinstance(pair[1].trigger, OnEnter)
        ),
        leaving=_index(
            (pair[1].trigger.leaves, pair) for pair in pairs if isinstance(pair[1].trigger, OnLeave)
        ),
        bands=_index(
            (band_of(pair[1].trigger.score, pair[1].trigger.becomes), pair)
            for pair in pairs
            if isinstance(pair[1].trigger, OnBand)
        ),
        quiet=tuple(pair for pair in pairs if isinstance(pair[1].trigger, OnQuiet)),
        segments=segments,
        scores=scores,
        lifecycles=lifecycles,
        earns=_index((compiled.earn.when, compiled) for compiled in earns),
        reverses=_index(
            (compiled.earn.reversed_by.event, compiled) for compiled in earns if compiled.earn.reversed_by
        ),
        clubs=_clubs(workspace, subject),
        # Nobody is put on a list, or taken off it, by time alone.
        midnight=bool(scores or lifecycles or earns)
        or any(segment.enter is not None for segment in segments)
        or any(isinstance(trigger, OnQuiet) and trigger.quiet == "p90" for trigger in _triggers(pairs)),
        candidates={},
    )
    return msgspec.structs.replace(desk, candidates=_candidates(desk, indexed_from))


def _candidates(desk: Desk, indexed_from: int) -> dict[tuple[str, str], Candidates]:
    kinds = {
        "event": desk.on_event,
        "change": desk.changes,
        "segment_entered": desk.entering,
        "segment_left": desk.leaving,
        "band_changed": desk.bands,
    }
    return {
        (kind, name): candidates_of(pairs)
        for kind, by_name in kinds.items()
        for name, pairs in by_name.items()
        if len(pairs) >= indexed_from
    }


def _triggers(pairs: list[Pair]) -> list[object]:
    return [pair[1].trigger for pair in pairs]


def _fact(trigger: OnChange) -> str:
    """Give the trait that `changes: customer.owner` names."""
    return trigger.changes.text.strip().removeprefix("customer.")


def _index(entries: Iterable[tuple[str | None, T]]) -> dict[str, tuple[T, ...]]:
    found: dict[str, tuple[T, ...]] = {}
    for name, entry in entries:
        if name is not None:
            found[name] = (*found.get(name, ()), entry)
    return found


def _awaited(pairs: list[Pair]) -> dict[str, tuple[str, ...]]:
    """Give the events that `without` waits for, and the properties that keys ask of them."""
    names: dict[str, dict[str, None]] = {}
    for _, compiled in pairs:
        if isinstance(compiled.trigger, OnMissing):
            wanted = names.setdefault(compiled.trigger.without, {})
            wanted.update(dict.fromkeys(name for name, _, _ in compiled.matcher.pairs))
    return {name: tuple(wanted) for name, wanted in names.items()}


def _segment(segment: Segment, catalog: Catalog, zone: str) -> CompiledSegment:
    scope = customer_scope(segment.on, catalog, zone)
    return CompiledSegment(
        segment,
        compile_condition(segment.enter_if, scope) if segment.enter_if is not None else None,
        compile_condition(segment.leave_if, scope) if segment.leave_if is not None else None,
    )


def _lifecycle(lifecycle: Lifecycle, catalog: Catalog, zone: str) -> CompiledLifecycle:
    scope = customer_scope(lifecycle.on, catalog, zone)
    name = lifecycle.id.replace("-", "_")
    stages = [
        (stage, written, compile_condition(written.if_, scope) if written.if_ != () else None)
        for stage, written in lifecycle.stages.items()
    ]
    return CompiledLifecycle(lifecycle.id, f"{name}_stage", f"{name}_stage_for", tuple(stages))


def _clubs(workspace: Workspace, subject: Subject) -> tuple[Club, ...]:
    clubs = []
    for name, program in workspace.programs.items():
        prefix = "" if len(workspace.programs) == 1 else f"{name.replace('-', '_')}_"
        lowest = tier_held(program, None)
        if program.on == subject:
            clubs.append(Club(name, f"{prefix}tier", f"{prefix}points", lowest))
    return tuple(clubs)


def _earns(workspace: Workspace, catalog: Catalog, subject: Subject) -> list[CompiledEarn]:
    zone = workspace.settings.timezone
    found = []
    for _, program in sorted(workspace.programs.items()):
        if program.on != subject:
            continue
        for index, earn in enumerate(program.earn):
            seen = trigger_scope(OnEvent(event=earn.when), catalog, zone)
            scope = msgspec.structs.replace(seen, customer=catalog.customer(subject))
            points = compile_expression(earn.points.text, scope)
            where = compile_expression(earn.where.text, scope) if earn.where else None
            compiled = CompiledEarn(program, index, earn, points, where, scope)
            back = earn.reversed_by
            if back is not None:
                refund = trigger_scope(OnEvent(event=back.event), catalog, zone)
                match = back.match
                compiled = msgspec.structs.replace(
                    compiled,
                    wanted={match: match}
                    if isinstance(match, str)
                    else {name: compile_expression(formula.text, scope) for name, formula in match.items()},
                    less={
                        name: compile_expression(formula.text, refund) for name, formula in back.less.items()
                    },
                )
            found.append(compiled)
    return found


def _policy_hash(workspace: Workspace) -> str:
    parts = [
        workspace.sources[path].sha256
        for (kind, _), path in sorted(workspace.origins.items())
        if kind in ("policy", "calendar") and path in workspace.sources
    ]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
