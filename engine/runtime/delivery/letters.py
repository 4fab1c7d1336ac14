"""Letters: what a message needs, gathered while its customer is at hand, and rendered later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from minijinja import Environment, TemplateError

from engine.customers.zones import Zone
from engine.errors import DeliveryError
from engine.expressions import Kind
from engine.model.facts import Subject
from engine.model.message import Message
from engine.runs.cases import TELL
from engine.runs.run import Effect, Run
from engine.runtime.actions import Letter
from engine.runtime.actions.rendering import render, variant
from engine.runtime.actions.unsubscribe import Unsubscription, token_for
from engine.runtime.shell import Shell, Turn
from engine.timeline.deliver import Attempt

ADDRESS = {"email": "email", "sms": "phone"}
"""The fact that holds a customer's address on a channel."""

CASE = Message(
    id="case",
    subject="[{{ priority }}] {{ title }}",
    body=(
        "**{{ title }}**\n\nCustomer: {{ customer_id }}\n\nPriority: {{ priority }}\n\n"
        "{% if respond_due %}Take it by: {{ respond_due }}\n\n{% endif %}"
        "{% if resolve_due %}Resolve it by: {{ resolve_due }}\n\n{% endif %}"
        "{% for line in context %}{{ line }}\n\n{% endfor %}Case: {{ case }}"
    ),
)
"""What a person of a ladder is told."""


class Draft(msgspec.Struct, frozen=True):
    """Everything that a letter is made of; `problem` says why there can be none."""

    recipient: str | None
    message: Message | None
    names: Mapping[str, Any]
    unsubscribe_url: str | None = None
    marketing: bool = False
    problem: str | None = None


def finish(draft: Draft) -> Letter:
    """Render a letter; raises `DeliveryError` (not to be tried again) where that cannot be done."""
    if draft.problem is not None or draft.message is None:
        raise DeliveryError(draft.problem or "there is no message", retryable=False)
    if not draft.recipient:
        raise DeliveryError("there is nobody to send it to", retryable=False)
    return render(draft.message, draft.names, unsubscribe_url=draft.unsubscribe_url, listed=draft.marketing)


def draft(shell: Shell, turn: Turn, effect: Effect, verdict: Attempt) -> Draft | None:
    """Gather what a letter needs, as the facts are now; None for an effect that is no message."""
    if effect.action == TELL:
        names = {"context": [], **effect.arguments, "customer_id": effect.customer}
        return Draft(_person(shell, effect.arguments.get("to")), CASE, names)
    spec = shell.ruleset.actions.get(effect.action)
    if spec is None or spec.channel is None:
        return None
    member = turn.cast.get(effect.customer)
    run = member.runs.get(effect.run)
    facts: Mapping[str, Any] = {} if verdict.facts is None else verdict.facts
    message = _message(shell, run, effect, facts.get("locale"))
    if message is None:
        name = effect.arguments.get("message")
        return Draft(None, None, {}, problem=f"there is no message {name}")
    to_customer = "to" not in effect.arguments
    if to_customer:
        recipient = facts.get(ADDRESS[spec.channel])
    else:
        recipient = _person(shell, effect.arguments["to"])
    return Draft(
        recipient=None if recipient is None else str(recipient),
        message=message,
        names=_names(turn, message, effect, member.kind, facts),
        unsubscribe_url=_link(shell, effect, spec.channel) if to_customer else "",
        marketing=to_customer and verdict.class_ == "marketing",
    )


def _message(shell: Shell, run: Run | None, effect: Effect, locale: object) -> Message | None:
    """Give the message as it was when the run's definition was live, in the customer's language."""
    live = shell.ruleset.workspace.messages
    tag, name = locale if isinstance(locale, str) else None, str(effect.arguments.get("message"))
    pinned = shell.definitions.messages(run.workflow, run.definition) if run is not None else {}
    # A variant for another channel may be younger than the run.
    return variant(dict(pinned) or live, name, tag) or variant(live, name, tag)


def _person(shell: Shell, who: object) -> str | None:
    """Give the address of a person or role of holdfast.yaml; an address stands for itself."""
    person = shell.ruleset.workspace.settings.people.get(str(who))
    if person is not None:
        return person.email
    return str(who) if isinstance(who, str) and "@" in who else None


def _link(shell: Shell, effect: Effect, channel: str) -> str:
    token = token_for(shell.link_secret, Unsubscription(effect.customer, channel, effect.key))
    return f"{shell.ruleset.workspace.settings.public_url.rstrip('/')}/u/{token}"


def _names(
    turn: Turn, message: Message, effect: Effect, subject: Subject, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what a template may name, as people read it. What an event or input does not hold is empty.

    Facts are read now, since the customer will have changed when the letter is rendered.
    """
    settings, zone = turn.ruleset.workspace.settings, turn.ruleset.zone
    kinds = turn.ruleset.catalog.customer(subject)
    named = _named(message.subject or "", message.body)
    asked = kinds if "customer" in named else _under(named, "customer")
    context = {
        root: {**dict.fromkeys(_under(named, root)), **effect.context.get(root, {})}
        for root in ("event", "input")
    }
    arguments = {key: value for key, value in effect.arguments.items() if key not in ("message", "to")}
    shown: dict[str, Any] = readable({**arguments, **effect.context, **context}, zone)
    return {
        **shown,
        "customer": {name: readable(facts[name], zone, kinds[name]) for name in asked if name in kinds},
        "workspace": {
            "name": settings.name,
            "public_url": settings.public_url,
            "currency": settings.currency,
            "timezone": settings.timezone,
        },
    }


def readable(value: Any, zone: Zone, kind: Kind = Kind.ANY) -> Any:
    """Give a value as a letter shows it: a date as 2026-01-05, a time with hour and minute in the
    workspace's zone, a length of time as 3d or 5h."""
    if isinstance(value, dt.datetime):
        local = value.astimezone(zone.tz)
        midnight = local.time() == dt.time()
        day = kind is Kind.DATE or (kind is Kind.ANY and midnight)
        return f"{local:%Y-%m-%d}" if day else f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, dt.timedelta):
        minutes = value // dt.timedelta(minutes=1)
        for unit, length in (("d", 1440), ("h", 60)):
            if minutes >= length:
                return f"{minutes // length}{unit}"
        return f"{minutes}m"
    if isinstance(value, Mapping):
        return {key: readable(each, zone) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(each, zone) for each in value]
    return value


def _under(named: Iterable[str], root: str) -> list[str]:
    return [name.partition(".")[2] for name in named if name.startswith(f"{root}.")]


@lru_cache(maxsize=1024)
def _named(*templates: str) -> frozenset[str]:
    """Give what templates name, two words deep: `customer.plan`, `event.total`, `code`."""
    environment = Environment()
    found: set[str] = set()
    for template in templates:
        try:
            found |= environment.undeclared_variables_in_str(template, nested=True)
        except TemplateError:
            continue
    return frozenset(".".join(name.split(".")[:2]) for name in found)
