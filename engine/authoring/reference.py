"""The references of closed lists and of actions, written from where they are defined.

`python -m engine.authoring.reference reasons > docs/reference/reasons.md` writes one anew, `actions`
the other.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

from engine.model import actions as actions_module
from engine.model import reasons as reasons_module
from engine.model.actions import CONTRACT_EVENTS, SHIPPED, ActionSpec, BuiltInEvent

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


REFERENCES: Mapping[str, Callable[[], str]] = {"reasons": reasons, "actions": actions}
"""What is written, by the name of its file under docs/reference/."""

if __name__ == "__main__":
    sys.stdout.write(REFERENCES[sys.argv[1]]())
