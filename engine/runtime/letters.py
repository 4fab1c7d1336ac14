"""Letters: what a message needs, gathered while its customer is at hand, and rendered later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from minijinja import Environment, TemplateError

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.model.message import Message
from engine.runs.cases import TELL
from engine.runs.run import Effect
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
    body="**{{ title }}**\n\nCustomer: {{ customer_id }}\n\nPriority: {{ priority }}\n\nCase: {{ case }}",
)
"""What a person of a ladder is told."""


class Draft(msgspec.Struct, frozen=True):
    """Everything that a letter is made of; `problem` says why there can be none."""

    recipient: str | None
    message: Message | None
    names: Mapping[str, Any]
    unsubscribe_url: str | None = None
    problem: str | None = None


def finish(draft: Draft) -> Letter:
    """Render a letter; raises `DeliveryError` (not to be tried again) where that cannot be done."""
    if draft.problem is not None or draft.message is None:
        raise DeliveryError(draft.problem or "there is no message", retryable=False)
    if not draft.recipient:
        raise DeliveryError("there is nobody to send it to", retryable=False)
    return render(draft.message, draft.names, unsubscribe_url=draft.unsubscribe_url)


def draft(shell: Shell, turn: Turn, effect: Effect, verdict: Attempt) -> Draft | None:
    """Gather what a letter needs, as the facts are now; None for an effect that is no message."""
    if effect.action == TELL:
        names = {**effect.arguments, "customer_id": effect.customer}
        return Draft(_person(shell, effect.arguments.get("to")), CASE, names)
    spec = shell.ruleset.actions.get(effect.action) or SHIPPED.get(effect.action)
    if spec is None or spec.channel is None:
        return None
    facts: Mapping[str, Any] = verdict.facts if verdict.facts is not None else {}
    to_customer = "to" not in effect.arguments
    recipient = facts[ADDRESS[spec.channel]] if to_customer else _person(shell, effect.arguments["to"])
    message = _message(shell, turn, effect, facts)
    if message is None:
        name = effect.arguments.get("message")
        return Draft(None, None, {}, problem=f"there is no message {name}")
    names = {
        **{name: value for name, value in effect.arguments.items() if name not in ("message", "to")},
        **effect.context,
        "customer": _facts(message, facts, turn),
    }
    url = None
    if to_customer and verdict.class_ == "marketing":
        token = token_for(shell.link_secret, Unsubscription(effect.customer, spec.channel, effect.key))
        url = f"{shell.ruleset.workspace.settings.public_url.rstrip('/')}/u/{token}"
    return Draft(str(recipient) if recipient else None, message, names, url)


def _message(shell: Shell, turn: Turn, effect: Effect, facts: Mapping[str, Any]) -> Message | None:
    """Give the message as it was when the run's definition was live, in the customer's language."""
    run = turn.cast.get(effect.customer).runs.get(effect.run)
    messages = shell.ruleset.workspace.messages
    if run is not None:
        messages = dict(shell.definitions.messages(run.workflow, run.definition)) or messages
    locale = facts["locale"]
    return variant(
        messages, str(effect.arguments.get("message")), locale if isinstance(locale, str) else None
    )


def _person(shell: Shell, who: object) -> str | None:
    """Give the address of a person or role of holdfast.yaml; an address stands for itself."""
    person = shell.ruleset.workspace.settings.people.get(str(who))
    if person is not None:
        return person.email
    return str(who) if isinstance(who, str) and "@" in who else None


def _facts(message: Message, facts: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Give the facts that a template names, read now: the customer will have changed when it is rendered."""
    named = _named(message.subject or "", message.body)
    known: Iterable[str] = turn.ruleset.catalog.person.keys() | turn.ruleset.catalog.account.keys()
    wanted = known if "customer" in named else (name.partition(".")[2] for name in named)
    return {name: facts[name] for name in wanted if name in set(known)}


@lru_cache(maxsize=1024)
def _named(*templates: str) -> frozenset[str]:
    """Give what templates name of the customer: `customer.plan`, or `customer` for who knows what."""
    environment = Environment()
    found: set[str] = set()
    for template in templates:
        try:
            found |= environment.undeclared_variables_in_str(template, nested=True)
        except TemplateError:
            continue
    return frozenset(".".join(name.split(".")[:2]) for name in found if name.split(".")[0] == "customer")
