"""Facts files: names, functions and their options, one meaning a name, no fact in terms of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.authoring.checks.expressions import customer, judge
from engine.authoring.checks.literals import misfit
from engine.authoring.draft import SNAKE, Draft, snake_case
from engine.authoring.rings import first_ring
from engine.authoring.wording import quoted
from engine.customers.catalog import BUILT_IN, BUILT_IN_TRAITS, CONTRACTS, declared_properties
from engine.expressions import Kind, Scope
from engine.model.actions import BUILT_IN_EVENTS
from engine.model.facts import FUNCTIONS, Computed, EventType, FactType, NamedExpression, Trait
from engine.model.values import DAY

LONGEST_WINDOW = 400
MOST_WEEKS = 104
_ONLY_DROP = ("recent", "baseline", "at_least", "robust", "against_fleet")
_ONLY_WINDOWS = ("over", "ending", "per")
_SHARES = ("share", "share_lower", "share_upper")
_CUSTOMER = re.compile(r"\bcustomer\.(\w+)")


def check(draft: Draft) -> None:
    """Check every facts file."""
    facts = draft.workspace.facts
    _names(draft)
    for name, fact in facts.facts.items():
        if isinstance(fact, Trait):
            _trait(draft, fact)
        elif isinstance(fact, Computed):
            _computed(draft, name, fact)
        else:
            judge(draft, fact.expression, customer(draft, fact.on or "person"))
    _cycles(draft)
    for name, event in facts.events.items():
        _event(draft, name, event)
    for section in (facts.subscriptions, facts.rfm):
        if section is not None:
            draft.event(section, "of", name=section.of)
    if facts.rfm is not None and facts.rfm.over.micros > LONGEST_WINDOW * DAY:
        _too_long(draft, facts.rfm, "over")


def _names(draft: Draft) -> None:
    """A name in `customer` has one meaning, and can be written in an expression."""
    workspace = draft.workspace
    taken: dict[str, str] = {name: "a built-in fact" for name in BUILT_IN if name not in BUILT_IN_TRAITS}
    if workspace.facts.subscriptions:
        taken |= dict.fromkeys(CONTRACTS, "a fact of subscriptions")
    if workspace.facts.rfm:
        taken |= dict.fromkeys(("rfm_r", "rfm_f", "rfm_m"), "a fact of rfm")
    for id in workspace.programs:
        prefix = "" if len(workspace.programs) == 1 else f"{id.replace('-', '_')}_"
        taken |= {f"{prefix}tier": f"the tier of {id}", f"{prefix}points": f"the points of {id}"}
    for id, score in workspace.scores.items():
        name = id.replace("-", "_")
        if name in taken:
            draft.say(
                score,
                "score",
                code="name-taken",
                message=f"{name} is {taken[name]} already",
                hint="choose another name",
            )
        taken |= {name: f"the score {id}"}
        taken |= {f"{name}_{what}": f"the {what} of {id}" for what in ("band", "trend", "reasons")}
    for id in workspace.lifecycles:
        name = id.replace("-", "_")
        taken |= dict.fromkeys((f"{name}_stage", f"{name}_stage_for"), f"a fact of the lifecycle {id}")
    for name, fact in workspace.facts.facts.items():
        if not SNAKE.fullmatch(name):
            snake = snake_case(name)
            draft.say(
                fact,
                code="bad-name",
                message=f"{quoted(name)} cannot be written in an expression",
                hint=f"write {snake}" if SNAKE.fullmatch(snake) else "begin it with a small letter",
            )
        elif name in taken:
            draft.say(
                fact,
                code="name-taken",
                message=f"{name} is {taken[name]} already",
                hint="choose another name",
            )


def _trait(draft: Draft, fact: Trait) -> None:
    kind = Kind(fact.type.value)
    for position, choice in enumerate(fact.one_of or ()):
        if wrong := misfit(choice, kind):
            draft.say(fact, "one_of", position, code="wrong-type", message=wrong[0], hint=wrong[1])
    if fact.one_of == ():
        draft.say(
            fact,
            "one_of",
            code="empty-list",
            message="one_of allows nothing",
            hint="write the values, as [free, team]",
        )
    if wrong := misfit(fact.default, kind):
        draft.say(fact, "default", code="wrong-type", message=wrong[0], hint=wrong[1])
    elif fact.one_of and fact.default is not None and fact.default not in fact.one_of:
        draft.say(
            fact,
            "default",
            code="not-one-of",
            message=f"{fact.default} is not in one_of",
            hint="add it there",
        )


def _computed(draft: Draft, name: str, fact: Computed) -> None:
    functions = [function for function in FUNCTIONS if getattr(fact, function) is not None]
    if len(functions) > 1:
        draft.say(
            fact,
            code="two-functions",
            message=f"{name} has {' and '.join(functions)}",
            hint="write one of them",
        )
        return
    function = fact.function
    _options(draft, fact, function)
    draft.event(fact, "of" if fact.of else function, name=fact.event, any_too=True)
    measure = fact.measure
    if measure is not None and not SNAKE.fullmatch(measure):
        draft.say(
            fact,
            function,
            code="bad-name",
            message=f"{quoted(measure)} is no property's name",
            hint=f"write {snake_case(measure) or 'it as total'}",
        )
    elif measure is not None:
        _property(draft, fact, function, measure)
    scope = _event_scope(draft, fact.event)
    judge(draft, fact.where, scope)
    judge(draft, fact.satisfied, scope)


def _event_scope(draft: Draft, event: str) -> Scope:
    declared = draft.catalog.event(event)
    only = "only the event is seen here"
    return Scope(
        customer=None,
        event=declared or {},
        event_open=declared is None,
        zone=draft.zone,
        refusals=dict.fromkeys(("customer", "input", "run"), f"{only}; write event and a property"),
    )


def _property(draft: Draft, fact: Computed, function: str, name: str) -> None:
    declared = declared_properties(draft.workspace.facts.events).get(fact.event)
    if declared is None:
        return
    if name not in declared:
        draft.unknown(
            fact,
            function,
            noun="property",
            name=name,
            known=declared,
            otherwise=f"declare it under {fact.event}",
        )
    elif function in ("sum", "mean", "drop") and declared[name] not in (Kind.NUMBER, Kind.ANY):
        draft.say(
            fact,
            function,
            code="wrong-kind",
            message=f"{function} needs a number, and {name} is a {declared[name].value}",
            hint="use another property",
        )
    if fact.per is not None and fact.per not in declared:
        draft.unknown(
            fact,
            "per",
            noun="property",
            name=fact.per,
            known=declared,
            otherwise=f"declare it under {fact.event}",
        )


def _options(draft: Draft, fact: Computed, function: str) -> None:
    def refuse(key: str, message: str, hint: str) -> None:
        draft.say(fact, key, code="bad-option", message=message, hint=hint, at_key=True)

    foreign = _ONLY_WINDOWS if function == "drop" else _ONLY_DROP
    for key in foreign:
        if getattr(fact, key) not in (None, False):
            refuse(key, f"{function} does not take {key}", "take it out")
    if function in ("count", "since", "cohort"):
        if fact.of is not None:
            refuse("of", f"{function} names the event itself", f"write {function}: {fact.of}, without of")
    elif fact.of is None:
        draft.say(fact, code="missing-key", message="needs `of:`", hint="write the event it is computed from")
    if function == "cohort":
        for key in ("where", "per", "over", "ending"):
            if getattr(fact, key) is not None:
                refuse(key, f"a cohort is of the very first event and takes no {key}", "take it out")
    if fact.ending is not None and fact.over is None:
        refuse("ending", "ending needs over", "write over: 28d beside it")
    window = (fact.over.micros if fact.over else 0) + (fact.ending.length.micros if fact.ending else 0)
    if window > LONGEST_WINDOW * DAY:
        _too_long(draft, fact, "over")
    for key in ("over", "ending"):
        length = fact.over if key == "over" else fact.ending.length if fact.ending else None
        if length is not None and length.unit in ("s", "m"):
            refuse(key, "a window has whole hours, days or weeks", "write 12h, 28d or 4w")
    if function == "drop":
        _drop(draft, fact)


def _too_long(draft: Draft, thing: object, key: str) -> None:
    draft.say(
        thing,
        key,
        code="window-too-long",
        message=f"a window reaches back {LONGEST_WINDOW} days at most",
        hint=f"write {LONGEST_WINDOW}d or less",
    )


def _drop(draft: Draft, fact: Computed) -> None:
    for key in ("recent", "baseline"):
        length = getattr(fact, key)
        if length is None:
            draft.say(
                fact,
                code="missing-key",
                message=f"needs `{key}:`",
                hint=f"write {key}: {'2w' if key == 'recent' else '8w'}",
            )
        elif length.unit != "w" or length.amount > MOST_WEEKS:
            draft.say(
                fact,
                key,
                code="bad-option",
                message="drop compares whole weeks",
                hint="write 2w, at most 104w",
            )
    if fact.robust is not None and not 0 < fact.robust <= 10:
        draft.say(
            fact,
            "robust",
            code="bad-option",
            message="robust is a number of standard deviations",
            hint="write 2, at most 10",
        )
    if fact.event == "any":
        draft.say(fact, "of", code="bad-option", message="drop needs one event", hint="write of: usage")


def _event(draft: Draft, name: str, event: EventType) -> None:
    if name in BUILT_IN_EVENTS:
        draft.say(
            event,
            code="name-taken",
            message=f"{name} is an event of the engine's own",
            hint="choose another name",
        )
    elif not SNAKE.fullmatch(name):
        draft.say(
            event,
            code="bad-name",
            message=f"{quoted(name)} is no event's name",
            hint=f"write {snake_case(name) or 'order_completed'}",
        )
    for key in event.properties:
        if not SNAKE.fullmatch(key):
            draft.say(
                event,
                key,
                code="bad-name",
                message=f"{quoted(key)} is no property's name",
                hint=f"write {snake_case(key) or 'order_id'}",
                at_key=True,
            )
    if event.revises is not None and event.revises not in event.properties:
        draft.unknown(
            event,
            "revises",
            noun="property",
            name=event.revises,
            known=event.properties,
            otherwise="declare it here",
        )
    elif event.revises is not None and event.properties[event.revises].type not in (
        FactType.TEXT,
        FactType.NUMBER,
    ):
        draft.say(
            event,
            "revises",
            code="wrong-kind",
            message="revises names an id, which is a text or a number",
            hint="name another property",
        )


def _cycles(draft: Draft) -> None:
    """Refuse named facts that read each other in a ring."""
    named = {
        name: fact for name, fact in draft.workspace.facts.facts.items() if isinstance(fact, NamedExpression)
    }
    reads = {name: list(_read(fact, named)) for name, fact in named.items()}
    loop = first_ring(reads)
    if loop:
        shown = " -> ".join((*loop, loop[0]))
        draft.say(
            named[loop[0]],
            code="facts-cycle",
            message=f"these facts are each other: {shown}",
            hint="write one of them without the others",
        )


def _read(fact: NamedExpression, named: Mapping[str, NamedExpression]) -> Iterator[str]:
    for name in _CUSTOMER.findall(fact.expression.text):
        if name in named:
            yield name
