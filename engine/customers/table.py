"""The fact table: what the workspace says about facts, ready to be applied to customers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.buckets import BEGIN, ENDS, KEYS, LATEST, NUMBERS, SHARE
from engine.customers.catalog import CONTRACTS, DATED, Catalog, SentTrait, belongs
from engine.customers.definitions import (
    ComputedFact,
    ContractFact,
    Definition,
    Drop,
    NamedFact,
    RfmFact,
    TraitFact,
)
from engine.customers.event import Event
from engine.customers.kinds import coerce, keep, show
from engine.customers.series import ANY, Form, Series, counts_for_any
from engine.customers.windows import LENGTHS, Window
from engine.customers.zones import Zone, zone
from engine.errors import ExpressionError
from engine.expressions import Kind, Scope, compile_expression
from engine.model.facts import Computed, NamedExpression, Rfm, Subject, Subscriptions
from engine.model.rule import OnQuiet
from engine.model.values import Formula
from engine.model.workspace import Workspace

SUBJECTS: tuple[Subject, ...] = ("person", "account")
RFM = ("rfm_r", "rfm_f", "rfm_m")
FLEET_WEEKS = 8
"""A week of the whole base is held against the median of so many weeks before it."""
STATE_VERSION = 1
"""Raised when the same facts would be kept in another form."""

_BITS = {
    "sum": NUMBERS, "mean": NUMBERS, "min": NUMBERS, "max": NUMBERS, "drop": NUMBERS | BEGIN, "first": ENDS,
    "last": ENDS, "distinct": KEYS, "cohort": BEGIN, "since": LATEST, "share": SHARE, "share_lower": SHARE,
    "share_upper": SHARE,
}  # fmt: skip
_NO_SERIES: tuple[Series, ...] = ()
_NO_NAMES: frozenset[str] = frozenset()


class FactTable(msgspec.Struct, frozen=True, eq=False):
    """Facts and series of a workspace, for persons and for accounts; unchanging and shared.

    `hash` is over what a customer's stored state depends on: another hash means rebuilding states.
    `resting` names, for each series by its number, what is held of a customer that rests on it.
    `churn_words` are the workspace's own for reasons of churn. `resting_on_contracts` names the facts
    that rest on contracts, and `weekly` those facts that rest only on a series' complete weeks.
    """

    zone: Zone
    catalog: Catalog
    hash: str
    series: tuple[Series, ...]
    facts: Mapping[Subject, Mapping[str, Definition]]
    streams: Mapping[Subject, Mapping[str, tuple[Series, ...]]]
    affected: Mapping[Subject, Mapping[str, frozenset[str]]]
    dependents: Mapping[Subject, Mapping[str, frozenset[str]]]
    quiet: Mapping[Subject, Mapping[str, Series]]
    gaps: Mapping[Subject, Mapping[str, Series]]
    resting: tuple[frozenset[str], ...] = ()
    resting_on_contracts: frozenset[str] = frozenset()
    weekly: tuple[tuple[str, ...], ...] = ()
    contracts: Subscriptions | None = None
    churn_words: Mapping[str, str] = {}
    rfm: Rfm | None = None
    units: tuple[int, ...] = ()
    forgetting: tuple[Series, ...] = ()

    def names(self, subject: Subject) -> Mapping[str, Definition]:
        """The facts of persons, or of accounts, by name (without the built-in ones)."""
        return self.facts[subject]

    def trait_names(self, subject: Subject) -> Mapping[str, SentTrait]:
        """The traits that may be sent of persons, or of accounts."""
        return self.catalog.traits(subject)

    def drops(self, subject: Subject) -> Iterator[ComputedFact]:
        """The facts that compare a customer with itself over weeks."""
        return _falls(self.facts[subject])

    def reading(self, subject: Subject, event: Event) -> tuple[Series, ...]:
        """The series that an event may add to."""
        streams = self.streams[subject]
        own = streams.get(event.name, _NO_SERIES)
        every = streams.get(ANY, _NO_SERIES)
        return own + every if every and counts_for_any(event) else own

    def changed_by(self, subject: Subject, event: Event) -> frozenset[str]:
        """The facts that an event may change, traits excepted."""
        affected = self.affected[subject]
        own = affected.get(event.name, _NO_NAMES)
        return own | affected.get(ANY, _NO_NAMES) if counts_for_any(event) else own

    def contracts_of(self, subject: Subject) -> Subscriptions | None:
        """How contracts are read, where such customers have any."""
        contracts = self.contracts
        return contracts if contracts is not None and (contracts.on or "person") == subject else None


def event_view(table: FactTable, event: Event) -> Mapping[str, Any]:
    """Give an event's properties as expressions see them: declared dates and times as datetimes."""
    return view_of(table.catalog, table.zone, event.name, event.properties)


def view_of(catalog: Catalog, place: Zone, event: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give properties of an event of that name, as they are kept, as expressions see them."""
    dated = catalog.dated.get(event)
    if dated is None:
        return properties
    kinds = catalog.properties[event]
    shown = {
        key: show(kinds[key], keep(kinds[key], properties[key]), place) for key in dated if key in properties
    }
    return {**properties, **shown}


class _Need(msgspec.Struct):
    """What the facts of one form need together."""

    bits: int = 0
    reaches: list[int | None] = []


class _Forms:
    """Collects the forms that facts ask for, so that equal ones become one series."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self.needs: dict[Form, _Need] = {}
        self.workspace = workspace
        self.catalog = catalog

    def ask(self, form: Form, bits: int, reach: int | None) -> Form:
        need = self.needs.setdefault(form, _Need())
        need.bits |= bits
        need.reaches.append(reach)
        return form

    def ask_fact(self, fact: Computed) -> Form:
        window, drop = window_of(fact), drop_of(fact)
        function, grain, reach = fact.function, window.grain(), window.reach()
        bits = _BITS.get(function, 0)
        if drop is not None:
            grain, reach = "day", 7 * (drop.recent + drop.baseline + FLEET_WEEKS + 2)
        if grain == "all" and (fact.per or bits & KEYS or self._revises(fact.event)):
            grain = "month"
        form = Form(
            subject=self.workspace.subject_of(fact.on),
            event=fact.event,
            measure=fact.measure,
            where=_text(fact.where),
            per=fact.per,
            satisfied=_text(fact.satisfied),
            grain=grain,
        )
        return self.ask(form, bits, reach)

    def series(self) -> dict[Form, Series]:
        made = {}
        for index, (form, need) in enumerate(self.needs.items()):
            finite = [reach for reach in need.reaches if reach is not None]
            made[form] = Series(
                index=index,
                form=form,
                needs=need.bits,
                reach=max(finite) if len(finite) == len(need.reaches) else None,
                revises=self._revises(form.event),
                kind=self.catalog.properties.get(form.event, {}).get(form.measure or "", Kind.ANY),
                where=self._expression(form.event, form.where),
                satisfied=self._expression(form.event, form.satisfied),
            )
        return made

    def _revises(self, event: str) -> str | None:
        declared = self.catalog.events.get(event)
        return declared.revises if declared else None

    def _expression(self, event: str, text: str | None) -> Any:
        if text is None:
            return None
        declared = self.catalog.event(event)
        scope = Scope(
            customer=None,
            event=declared or {},
            event_open=declared is None,
            zone=self.workspace.settings.timezone,
        )
        return compile_expression(text, scope)


def window_of(fact: Computed) -> Window:
    """Give the window that a fact is computed over."""
    return Window(fact.over, fact.ending.length if fact.ending else None)


def drop_of(fact: Computed) -> Drop | None:
    """Give the settings of a `drop`, in weeks; two against eight where nothing is written."""
    if fact.drop is None:
        return None
    recent, baseline = (
        default if length is None else max(1, (length.days or 0) // 7)
        for length, default in ((fact.recent, 2), (fact.baseline, 8))
    )
    least = None if fact.at_least is None else fact.at_least.amount
    return Drop(recent, baseline, least, fact.robust, fact.against_fleet)


def compile_facts(workspace: Workspace, catalog: Catalog) -> FactTable:
    """Make the table of a checked workspace; raises ExpressionError for an expression it cannot read."""
    place = zone(workspace.settings.timezone, workspace.settings.week_starts)
    forms = _Forms(workspace, catalog)
    asked = {
        name: forms.ask_fact(fact)
        for name, fact in workspace.facts.facts.items()
        if isinstance(fact, Computed)
    }
    rfm, rfm_form = workspace.facts.rfm, None
    if rfm is not None:
        over = Window(rfm.over)
        form = Form(subject=workspace.subject_of(rfm.on), event=rfm.of, measure=rfm.value, grain=over.grain())
        rfm_form = forms.ask(form, NUMBERS | LATEST, over.reach())
    quiet, gaps = _ask_quiet(workspace, forms)
    series, named = forms.series(), _named(workspace, catalog)
    facts: dict[Subject, dict[str, Definition]] = {
        subject: {
            **dict(_traits(catalog, subject, place)),
            **{
                name: _computed(name, fact, series[asked[name]])
                for name, fact in workspace.facts.facts.items()
                if isinstance(fact, Computed) and belongs(fact, subject)
            },
            **named[subject],
            **dict(_filed(workspace, subject, series[rfm_form] if rfm_form else None)),
        }
        for subject in SUBJECTS
    }
    dependents: dict[Subject, dict[str, frozenset[str]]] = {
        subject: _dependents(facts[subject]) for subject in SUBJECTS
    }
    return FactTable(
        zone=place,
        catalog=catalog,
        hash=_fingerprint(workspace, catalog, series.values()),
        series=tuple(series.values()),
        facts=facts,
        streams={subject: _streams(series.values(), subject) for subject in SUBJECTS},
        affected={
            subject: _affected(facts[subject], dependents[subject], workspace.facts.subscriptions)
            for subject in SUBJECTS
        },
        dependents=dependents,
        quiet={
            subject: {name: series[form] for name, form in quiet[subject].items()} for subject in SUBJECTS
        },
        gaps={subject: {name: series[form] for name, form in gaps[subject].items()} for subject in SUBJECTS},
        resting=tuple(_resting(facts, dependents, one) for one in series.values()),
        resting_on_contracts=_with_dependents(
            dependents, (name for subject in SUBJECTS for name in facts[subject] if name in CONTRACTS)
        ),
        weekly=tuple(
            tuple(fact.name for fact in _falls(facts[one.form.subject]) if fact.series is one)
            for one in series.values()
        ),
        contracts=workspace.facts.subscriptions,
        churn_words=workspace.settings.metrics.churn.reasons,
        rfm=rfm,
        forgetting=tuple(one for one in series.values() if one.reach is not None),
        units=tuple(sorted({LENGTHS[form.grain] for form in series if form.grain in LENGTHS})),
    )


def _text(formula: Formula | None) -> str | None:
    return None if formula is None else formula.text


_Quiet = dict[Subject, dict[str, Form]]


def _ask_quiet(workspace: Workspace, forms: _Forms) -> tuple[_Quiet, _Quiet]:
    """Ask for the last event of each `quiet`, and for every active day where it says p90."""
    quiet: _Quiet = {subject: {} for subject in SUBJECTS}
    gaps: _Quiet = {subject: {} for subject in SUBJECTS}

    def ask(on: Subject, event: str, p90: bool) -> None:
        quiet[on][event] = forms.ask(Form(subject=on, event=event), LATEST, None)
        if p90:
            gaps[on][event] = forms.ask(Form(subject=on, event=event, grain="day"), 0, None)

    for rule in workspace.rules.values():
        for trigger in rule.triggers:
            if isinstance(trigger, OnQuiet):
                ask(rule.on, trigger.of, trigger.quiet == "p90")
    for lifecycle in workspace.lifecycles.values():
        for stage in lifecycle.stages.values():
            if stage.quiet is not None:
                ask(lifecycle.on, stage.of, stage.quiet == "p90")
    return quiet, gaps


def _computed(name: str, fact: Computed, series: Series) -> ComputedFact:
    return ComputedFact(name, fact.function, series, window_of(fact), series.kind, drop_of(fact))


def _traits(catalog: Catalog, subject: Subject, place: Zone) -> Iterator[tuple[str, TraitFact]]:
    for name, trait in catalog.traits(subject).items():
        default = Decimal(repr(trait.default)) if isinstance(trait.default, float) else trait.default
        shown = show(trait.kind, keep(trait.kind, coerce(trait.kind, default)), place)
        yield name, TraitFact(name, trait.kind, shown)


def _named(workspace: Workspace, catalog: Catalog) -> dict[Subject, dict[str, NamedFact]]:
    """Compile named expressions; one that does not say whose it is belongs to whoever has its facts."""
    named: dict[Subject, dict[str, NamedFact]] = {subject: {} for subject in SUBJECTS}
    for name, fact in workspace.facts.facts.items():
        if not isinstance(fact, NamedExpression):
            continue
        refused: list[ExpressionError] = []
        subjects: list[Subject] = [subject for subject in SUBJECTS if belongs(fact, subject)]
        for subject in subjects:
            scope = Scope(customer=catalog.customer(subject), event=None, zone=workspace.settings.timezone)
            try:
                expression = compile_expression(fact.expression.text, scope)
            except ExpressionError as error:
                refused.append(error)
                continue
            roots = (dotted.split(".") for dotted in expression.names)
            reads = tuple(parts[1] for parts in roots if parts[0] == "customer")
            named[subject][name] = NamedFact(name, expression, reads)
        if len(refused) == len(subjects):
            raise refused[0]
    return named


def _filed(workspace: Workspace, subject: Subject, rfm: Series | None) -> Iterator[tuple[str, Definition]]:
    contracts = workspace.facts.subscriptions
    if contracts is not None and workspace.subject_of(contracts.on) == subject:
        for name in CONTRACTS:
            yield name, ContractFact(name)
    if rfm is not None and workspace.facts.rfm is not None and rfm.form.subject == subject:
        for name in RFM:
            yield name, RfmFact(name, rfm, Window(workspace.facts.rfm.over))


def _streams(series: Iterable[Series], subject: Subject) -> dict[str, tuple[Series, ...]]:
    streams: dict[str, tuple[Series, ...]] = {}
    for one in series:
        if one.form.subject == subject:
            streams[one.form.event] = (*streams.get(one.form.event, ()), one)
    return streams


def _dependents(facts: Mapping[str, Definition]) -> dict[str, frozenset[str]]:
    """Give, for each fact, itself and every named expression that reads it, however indirectly."""
    readers: defaultdict[str, set[str]] = defaultdict(set)
    for fact in facts.values():
        for read in fact.reads if isinstance(fact, NamedFact) else ():
            readers[read].add(fact.name)
    closed = {}
    for name in facts:
        found, open_ = {name}, [name]
        while open_:
            new = readers[open_.pop()] - found
            found |= new
            open_.extend(new)
        closed[name] = frozenset(found)
    return closed


def _resting(
    facts: Mapping[Subject, Mapping[str, Definition]],
    dependents: Mapping[Subject, Mapping[str, frozenset[str]]],
    series: Series,
) -> frozenset[str]:
    """Give the names under which something is held that rests on all of a series."""
    own = facts[series.form.subject]
    names = {
        name
        for name, fact in own.items()
        if isinstance(fact, (ComputedFact, RfmFact)) and fact.series is series
    }
    weekly = {fact.name for fact in _falls(own)}
    return (_with_dependents(dependents, names) - weekly) | {gaps_of(series.form.event)}


def _with_dependents(
    dependents: Mapping[Subject, Mapping[str, frozenset[str]]], names: Iterable[str]
) -> frozenset[str]:
    return frozenset(
        other for name in names for subject in SUBJECTS for other in dependents[subject].get(name, ())
    )


def _falls(facts: Mapping[str, Definition]) -> Iterator[ComputedFact]:
    return (fact for fact in facts.values() if isinstance(fact, ComputedFact) and fact.drop is not None)


def gaps_of(event: str) -> str:
    """Give the name under which the gaps between an event's active days are held."""
    return f"gaps of {event}"


def _affected(
    facts: Mapping[str, Definition], dependents: Mapping[str, frozenset[str]], contracts: Subscriptions | None
) -> dict[str, frozenset[str]]:
    affected: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for name, fact in facts.items():
        if isinstance(fact, (ComputedFact, RfmFact)):
            affected[fact.series.form.event] |= dependents[name]
        elif isinstance(fact, ContractFact) and contracts is not None:
            affected[contracts.of] |= dependents[name]
    return dict(affected)


def _fingerprint(workspace: Workspace, catalog: Catalog, series: Iterable[Series]) -> str:
    """Hash everything that the form of a stored state follows from."""
    settings = workspace.settings
    traits = [
        (subject, name, trait.kind)
        for subject in SUBJECTS
        for name, trait in sorted(catalog.traits(subject).items())
    ]
    dated = sorted(
        (event, key, kind.value)
        for event, kinds in catalog.properties.items()
        for key, kind in kinds.items()
        if kind in DATED
    )
    content = (
        STATE_VERSION,
        settings.timezone,
        settings.week_starts,
        [(one.form, one.needs, one.reach, one.revises, one.kind) for one in series],
        traits,
        dated,
        workspace.facts.subscriptions,
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
