"""The references of closed lists, actions, facts, metrics and expressions, written from where these are.

`python -m engine.authoring.reference reasons > docs/reference/reasons.md` writes one anew; so do
`actions`, `facts`, `metrics` and `expressions`.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType

from engine.expressions import limits
from engine.metrics.catalog import METRICS
from engine.model import actions as actions_module
from engine.model import reasons as reasons_module
from engine.model.actions import CONTRACT_EVENTS, SHIPPED, ActionSpec, BuiltInEvent
from engine.model.facts import FUNCTIONS, FactType

_MEMBER = re.compile(r"    (?P<name>[A-Z][A-Z_0-9]*) = .*?  # (?P<says>.+)")

_REASONS = """\
# Outcomes, statuses and reasons

Made from `engine/model/reasons.py` by `engine/authoring/reference.py`; a test fails when it is out of
date. Every list is closed: what the API, the command line and the database say is one of these words.
"""

_ACTIONS = """\
# Actions, and the engine's own events

Made from `engine/model/actions.py` by `engine/authoring/reference.py`; a test fails when it is out of
date.

Every action answers `outcome` (`executed`, `skipped` with a `reason`, `failed`, `uncertain`); what it
answers besides is named with it. Keys in **bold** must be written. *External* actions leave the building:
they stand in workflows only, and go through the contact policy when they write to the customer.
*Internal* ones change what the engine keeps, exactly once; a rule may do them by itself.
"""

_FACTS = """\
# Facts

Made from `engine/model/facts.py` by `engine/authoring/reference.py`; a test fails when it is out of date,
and another computes every example.

A trait is sent, and has one of these types: {types}. A computed fact has one of the functions below, and is
made of the events in its window. How to write either is told in [language.md](../language.md#facts).

*Of nothing* is what it gives where no event counts. *unknown* is null, and not 0 or no: a line that compares
it is neither met nor not met, and the decision says so.
"""

_METRICS = """\
# Metrics

Made from `engine/metrics/catalog.py` by `engine/authoring/reference.py`; a test fails when it is out of date.
What a figure rests on, and how to ask for one, is told in [metrics.md](../metrics.md).
"""

_EXPRESSIONS = """\
# Expressions

Made from `engine/expressions/limits.py` by `engine/authoring/reference.py`; a test fails when it is out of
date. What expressions look like is told in [language.md](../language.md#expressions).
"""

_UNITS: Mapping[str, str] = {
    "share": "parts of one",
    "points": "points",
    "cents": "hundredths of the currency",
    "seconds": "seconds",
}
"""What figures are given in, by a metric's unit."""

_ANY_OTHER: Mapping[str, str] = {
    "email.send": "what the message names",
    "sms.send": "what the message names",
    "webhook.call": "not used",
    "customer.set": "a trait and its value",
}
"""What other keys of an action mean whose table is open."""


def members(module: ModuleType, kind: type[enum.Enum]) -> dict[str, str]:
    """Give the members of an enum by value, each with the comment beside it; "" where there is none."""
    body = inspect.getsource(module).partition(f"class {kind.__name__}(")[2].partition("\nclass ")[0]
    says = {found["name"]: found["says"] for found in _MEMBER.finditer(body)}
    return {str(member.value): says.get(member.name, "") for member in kind}


def lists(module: ModuleType) -> Iterator[type[enum.Enum]]:
    """Give the enums that a module defines, in its order."""
    for kind in vars(module).values():
        if inspect.isclass(kind) and issubclass(kind, enum.Enum) and kind.__module__ == module.__name__:
            yield kind


def reasons() -> str:
    """Give the reference of outcomes, statuses and reasons as Markdown."""
    parts = [_REASONS]
    for kind in lists(reasons_module):
        parts += [f"## {inspect.cleandoc(kind.__doc__ or kind.__name__).rstrip('.')}", ""]
        parts += _rows(("word", "means"), members(reasons_module, kind))
    return "\n".join(parts)


def actions() -> str:
    """Give the reference of actions and of the engine's own events as Markdown."""
    parts = [_ACTIONS]
    for spec in SHIPPED.values():
        parts += _action(spec)
    parts += [
        "## Events that the engine records itself",
        "",
        "They never count for `any`, `quiet` or staleness.",
        "",
        *_rows(("event", "when: its properties"), members(actions_module, BuiltInEvent)),
        "## Events that follow from contracts",
        "",
        "A facts file with `subscriptions:` makes "
        + ", ".join(f"`{name}`" for name in CONTRACT_EVENTS)
        + " of its contract event; they count like those that are sent.",
        "",
    ]
    return "\n".join(parts)


def facts() -> str:
    """Give the reference of fact functions as Markdown."""
    parts = [_FACTS.format(types=", ".join(f"`{kind.value}`" for kind in FactType))]
    for name, function in FUNCTIONS.items():
        parts += [f"## {name}", "", f"{function.gives} Of nothing: {function.of_nothing}.", ""]
        parts += ["```yaml fact", function.example, "```", ""]
    return "\n".join(parts)


def metrics() -> str:
    """Give the reference of metrics as Markdown."""
    parts = [_METRICS]
    for metric in METRICS.values():
        parts += [f"## {metric.name}", "", f"{metric.title}, in {_UNITS[metric.unit]}.", ""]
        parts += [f"- {part}" for part in metric.formula.split("; ")]
        parts += [f"- may be asked with {_listed(metric.options)}"] * bool(metric.options)
        parts += [f"- may be taken apart by {_listed(metric.parts)}"] * bool(metric.parts)
        parts += [f"- segments are those at the window's {metric.grouped_at}", ""]
    return "\n".join(parts)


def expressions() -> str:
    """Give the reference of what an expression may call, and how large it may be, as Markdown."""
    allowed = _listed(tuple(f"${name}" for name in sorted(limits.ALLOWED_FUNCTIONS)))
    refused = {f"${name}": says.partition("; ")[2] for name, says in limits.REFUSED_FUNCTIONS.items()}
    largest = {
        "bytes in UTF-8": f"{limits.LONGEST_TEXT}",
        "words and signs": f"{limits.MOST_TOKENS}",
        "levels of brackets": f"{limits.DEEPEST}",
        "digits of a number": f"{limits.LONGEST_NUMBER}, and {limits.LARGEST_EXPONENT} as exponent",
    }
    return "\n".join(
        [
            _EXPRESSIONS,
            "## Functions and constants",
            "",
            f"{allowed}.",
            "",
            *_rows(("refused", "instead"), refused),
            "## Limits",
            "",
            "| of | at most |",
            "|---|---|",
            *(f"| {what} | {most} |" for what, most in largest.items()),
            "",
        ]
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _action(spec: ActionSpec) -> list[str]:
    lines = [f"## {spec.name}", "", f"*{spec.kind.capitalize()}.* {spec.says}", ""]
    if spec.answers:
        answers = ", ".join(f"`{name}` ({kind.value})" for name, kind in spec.answers.items())
        lines += [f"It answers {answers} besides `outcome`.", ""]
    lines += ["| under `with:` | form | says |", "|---|---|---|"]
    for key, argument in spec.arguments.items():
        shown = f"**`{key}`**" if argument.required else f"`{key}`"
        lines.append(f"| {shown} | {argument.form} | {argument.says} |")
    if spec.open:
        lines.append(f"| any other | any | {_ANY_OTHER.get(spec.name, '')} |")
    return [*lines, ""]


def _rows(head: tuple[str, str], rows: Mapping[str, str]) -> list[str]:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return [*lines, *(f"| `{word}` | {says} |" for word, says in rows.items()), ""]


REFERENCES: Mapping[str, Callable[[], str]] = {
    "reasons": reasons,
    "actions": actions,
    "facts": facts,
    "metrics": metrics,
    "expressions": expressions,
}
"""What is written, by the name of its file under docs/reference/."""

if __name__ == "__main__":
    sys.stdout.write(REFERENCES[sys.argv[1]]())
