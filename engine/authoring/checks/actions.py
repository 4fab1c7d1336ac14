"""What stands under `with:`: an action's arguments, a workflow's inputs, and who is told."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.authoring.checks.literals import is_duration, misfit
from engine.authoring.draft import SNAKE, Draft, snake_case
from engine.authoring.wording import either, known_or, nearest, quoted, with_article
from engine.customers.catalog import BUILT_IN_TRAITS
from engine.errors import ValueSyntaxError
from engine.expressions import Kind
from engine.model.actions import BUILT_IN_EVENTS, CONTRACT_EVENTS, ActionSpec
from engine.model.facts import Trait
from engine.model.rule import DoNow, StartRun
from engine.model.values import Formula, Money
from engine.model.workflow import Do, RunChild

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CHANNELS = ("email", "sms")
_RESERVED = ("identify", "group", "alias", "merge")


def action(draft: Draft, step: Do | DoNow) -> ActionSpec | None:
    """Check an action's name and arguments; gives its table where there is one."""
    spec = draft.actions.get(step.do)
    if spec is None:
        draft.unknown(step, "do", noun="action", name=step.do, known=draft.actions)
        return None
    mistaken = {nearest(key, spec.arguments) for key in step.with_.keys() - spec.arguments.keys()}
    for key, argument in spec.arguments.items():
        if argument.required and key not in step.with_ and (spec.open or key not in mistaken):
            draft.say(
                step,
                "with",
                code="missing-argument",
                message=f"{step.do} needs `{key}:`",
                hint=f"write {argument.says}" if argument.says else f"write a {argument.form}",
            )
    for key, value in step.with_.items():
        known = spec.arguments.get(key)
        if known is not None:
            _argument(draft, step, key, known.form, value)
        elif not spec.open:
            draft.say(
                step,
                "with",
                key,
                code="unknown-argument",
                message=f"{step.do} does not take {key}",
                hint=known_or(key, spec.arguments),
                at_key=True,
            )
    special = _SPECIAL.get(step.do)
    if special is not None:
        special(draft, step)
    return spec


def run(draft: Draft, step: StartRun | RunChild, on: str) -> None:
    """Check that a workflow exists and gets the inputs it needs."""
    if not draft.refer(step, "run", kind="workflow", name=step.run):
        return
    workflow = draft.workspace.workflows.get(step.run)
    if workflow is None:
        return
    if workflow.on != on:
        draft.say(
            step,
            "run",
            code="other-subject",
            message=f"{step.run} is about {with_article(workflow.on)}, and this about {with_article(on)}",
            hint=f"write on: {workflow.on} here, or there on: {on}",
        )
    mistaken = {nearest(key, workflow.needs) for key in step.with_.keys() - workflow.needs.keys()}
    for key in sorted(workflow.needs.keys() - step.with_.keys() - mistaken):
        draft.say(
            step,
            "with",
            code="missing-input",
            message=f"{step.run} needs `{key}:`",
            hint="write it under with",
        )
    for key, value in step.with_.items():
        if key not in workflow.needs:
            draft.say(
                step,
                "with",
                key,
                code="unknown-input",
                message=f"{step.run} does not take {key}",
                hint=known_or(key, workflow.needs, "name it under needs there"),
                at_key=True,
            )
        elif wrong := misfit(value, Kind(workflow.needs[key].value)):
            draft.say(step, "with", key, code="wrong-type", message=wrong[0], hint=wrong[1])


def who(draft: Draft, thing: object, *keys: str | int, value: Any) -> None:
    """Check that a person is one of holdfast.yaml, an address, or an expression."""
    if value is None or isinstance(value, Formula):
        return
    people = draft.workspace.settings.people
    if not isinstance(value, str):
        draft.say(
            thing,
            *keys,
            code="wrong-type",
            message="a person or role is expected here",
            hint="write a name of people, or =customer.owner",
        )
    elif value not in people and not _ADDRESS.fullmatch(value):
        draft.unknown(
            thing,
            *keys,
            noun="person",
            name=value,
            known=people,
            otherwise="add it under people in holdfast.yaml",
        )


def worth(draft: Draft, thing: object, *keys: str | int, value: Any) -> None:
    """Check that what an answer grants is an amount in the workspace's currency."""
    if value is None or isinstance(value, Formula):
        return
    wrong = _misform(value, "money")
    currency = draft.workspace.settings.currency
    if wrong is None and Money.parse(value).currency != currency:
        wrong = f"limits of people are in {currency}", f"write 25.00 {currency}"
    if wrong is not None:
        draft.say(thing, *keys, code="wrong-type", message=wrong[0], hint=wrong[1])


def _argument(draft: Draft, step: Do | DoNow, key: str, form: str, value: Any) -> None:
    if isinstance(value, Formula):
        return
    if form == "who":
        who(draft, step, "with", key, value=value)
    elif form in ("message", "ladder", "segment"):
        draft.refer(step, "with", key, kind=form, name=value)
    elif form == "reversal":
        _reversal(draft, step, key, value)
    elif form == "reward":
        rewards = {
            reward.reward for program in draft.workspace.programs.values() for reward in program.redeem
        }
        if value not in rewards:
            draft.unknown(
                step,
                "with",
                key,
                noun="reward",
                name=str(value),
                known=rewards,
                otherwise="write it under redeem of a program",
            )
    else:
        wrong = _misform(value, form)
        if wrong:
            draft.say(step, "with", key, code="wrong-type", message=wrong[0], hint=wrong[1])


def _reversal(draft: Draft, step: Do | DoNow, key: str, value: Any) -> None:
    """Check what takes granted points back: an event, what it must say, and from which amount on."""
    if not isinstance(value, dict):
        wanted = "write {event: order_refunded, match: {order_id: =event.order_id}}"
        draft.say(step, "with", key, code="wrong-type", message="a map is expected here", hint=wanted)
        return
    for name in value:
        if name not in _REVERSAL:
            draft.say(
                step, "with", key, name, code="unknown-key", message=f"unknown key {name}",
                hint=known_or(name, _REVERSAL), at_key=True,
            )  # fmt: skip
    event, match = value.get("event"), value.get("match")
    if not isinstance(event, str):
        draft.say(
            step, "with", key, code="missing-key", message="reversed_by needs `event:`",
            hint="write event: order_refunded",
        )  # fmt: skip
    else:
        draft.event(step, "with", key, "event", name=event)
    if not isinstance(match, dict) or not match:
        draft.say(
            step, "with", key, code="missing-key", message="reversed_by needs `match:`",
            hint="write match: {order_id: =event.order_id}",
        )  # fmt: skip
    if ("of" in value) != ("less" in value):
        draft.say(
            step, "with", key, code="missing-key", message="`of:` and `less:` belong together",
            hint="write of: =event.total, less: amount",
        )  # fmt: skip
    if step.with_.get("customer") is not None:
        draft.say(
            step, "with", key, code="other-customer",
            message="points of another customer cannot be taken back so",
            hint="leave customer or reversed_by out",
        )  # fmt: skip


_REVERSAL = ("event", "match", "of", "less")


def _misform(value: Any, form: str) -> tuple[str, str] | None:
    if form in ("number", "time"):
        return misfit(value, Kind(form))
    if form == "duration" and not (isinstance(value, str) and is_duration(value)):
        return misfit(value, Kind.DURATION) or (f"{value} is no length of time", "write 30m, 12h, 3d or 2w")
    if form == "map" and not isinstance(value, dict):
        return "a map is expected here", "write {name: value}"
    if form in ("text", "customer") and isinstance(value, (dict, list, bool, type(None))):
        return "a text is expected here", "write a text, in quotes where it is yes or no"
    if form == "money":
        try:
            Money.parse(value)
        except ValueSyntaxError as error:
            message, _, hint = str(error).partition("; ")
            return message, hint
    return None


def _emit(draft: Draft, step: Do | DoNow) -> None:
    name = step.with_.get("event")
    if not isinstance(name, str):
        return
    if name in BUILT_IN_EVENTS or name in CONTRACT_EVENTS or name in _RESERVED:
        draft.say(
            step,
            "with",
            "event",
            code="reserved-event",
            message=f"{name} is recorded by the engine itself",
            hint="choose another name",
        )
        return
    draft.event(step, "with", "event", name=name)


def _set(draft: Draft, step: Do | DoNow) -> None:
    facts = draft.workspace.facts.facts
    if not step.with_:
        draft.say(
            step,
            code="missing-argument",
            message="customer.set needs a trait",
            hint="write with: {plan: free}",
        )
    for name, value in step.with_.items():
        fact = facts.get(name)
        if isinstance(fact, Trait):
            if wrong := misfit(value, Kind(fact.type.value)):
                draft.say(step, "with", name, code="wrong-type", message=wrong[0], hint=wrong[1])
            elif fact.one_of and isinstance(value, str) and value not in fact.one_of:
                allowed = either(str(choice) for choice in fact.one_of)
                draft.say(
                    step,
                    "with",
                    name,
                    code="not-one-of",
                    message=f"{quoted(value)} is not allowed for {name}",
                    hint=f"write {allowed}",
                )
        elif fact is not None or (name in draft.catalog.person and name not in BUILT_IN_TRAITS):
            draft.say(
                step,
                "with",
                name,
                code="not-a-trait",
                message=f"{name} is computed",
                hint="write a trait, or take it out",
                at_key=True,
            )
        elif name not in BUILT_IN_TRAITS and draft.whole and ("fact", name) not in draft.broken:
            traits = {other for other, trait in facts.items() if isinstance(trait, Trait)} | set(
                BUILT_IN_TRAITS
            )
            hint = known_or(name, traits, "declare it in a facts file")
            draft.say(
                step,
                "with",
                name,
                code="unknown-trait",
                message=f"there is no trait {quoted(name)}",
                hint=hint,
                at_key=True,
            )


def _static(draft: Draft, step: Do | DoNow) -> None:
    segment = draft.workspace.segments.get(str(step.with_.get("segment")))
    if segment is not None and not segment.static:
        draft.say(
            step,
            "with",
            "segment",
            code="not-static",
            message=f"{segment.id} is decided by its conditions",
            hint="name a segment with static: yes",
        )


def _coupon(draft: Draft, step: Do | DoNow) -> None:
    percent = step.with_.get("percent")
    if ("percent" in step.with_) == ("amount" in step.with_):
        draft.say(
            step,
            "with",
            code="missing-argument",
            message="coupon.issue needs percent or amount, and not both",
            hint=f"write percent: 10, or amount: 5.00 {draft.workspace.settings.currency}",
        )
    if isinstance(percent, (int, Decimal)) and not 0 < percent <= 100:
        draft.say(
            step,
            "with",
            "percent",
            code="out-of-range",
            message=f"{percent} percent is no discount",
            hint="write 1 to 100",
        )
    for key in ("amount", "worth"):
        _currency(draft, step, key)


def _currency(draft: Draft, step: Do | DoNow, key: str) -> None:
    value = step.with_.get(key)
    own = draft.workspace.settings.currency
    if isinstance(value, str) and re.fullmatch(r".* [A-Z]{3}", value) and not value.endswith(own):
        draft.say(
            step,
            "with",
            key,
            code="other-currency",
            message=f"the workspace counts in {own}",
            hint=f"write it in {own}",
        )


def _program(draft: Draft, step: Do | DoNow) -> None:
    program = step.with_.get("program")
    programs = draft.ids("program")
    if program is not None:
        draft.refer(step, "with", "program", kind="program", name=program)
    elif len(programs) != 1:
        hint = f"write program: {either(sorted(programs))}" if programs else "write a program first"
        draft.say(step, "with", code="missing-argument", message=f"{step.do} needs a program", hint=hint)


def _suppress(draft: Draft, step: Do | DoNow) -> None:
    channel = step.with_.get("channel")
    if isinstance(channel, str) and channel not in _CHANNELS:
        draft.unknown(step, "with", "channel", noun="channel", name=channel, known=_CHANNELS)


def _webhook(draft: Draft, step: Do | DoNow) -> None:
    webhooks = draft.workspace.settings.connectors.webhooks
    name = step.with_.get("webhook")
    if isinstance(name, str) and name not in webhooks:
        draft.unknown(
            step,
            "with",
            "webhook",
            noun="webhook",
            name=name,
            known=webhooks,
            otherwise="add it under connectors in holdfast.yaml",
        )


def _send(draft: Draft, step: Do | DoNow) -> None:
    message = draft.workspace.messages.get(str(step.with_.get("message")))
    channel = draft.actions[step.do].channel
    if message is not None and message.channel != channel:
        draft.say(
            step,
            "with",
            "message",
            code="other-channel",
            message=f"{message.id} is written for {message.channel}",
            hint=f"write channel: {channel} in it, or send it with {message.channel}.send",
        )
    for key in step.with_:
        if not SNAKE.fullmatch(key):
            draft.say(
                step,
                "with",
                key,
                code="bad-name",
                message=f"{quoted(key)} cannot be named in a message",
                hint=f"write {snake_case(key) or 'code'}",
                at_key=True,
            )


def _case(draft: Draft, step: Do | DoNow) -> None:
    """Check that a priority is one that the ladder gives a time for."""
    ladder = draft.workspace.ladders.get(str(step.with_.get("ladder")))
    written = step.with_.get("priority")
    if ladder is None or not isinstance(written, str):
        return
    timed = {**ladder.respond_within, **ladder.resolve_within}
    if timed and written not in timed:
        draft.unknown(
            step,
            "with",
            "priority",
            noun="priority",
            name=written,
            known=timed,
            otherwise=f"write it under resolve_within of {ladder.id}",
        )


_SPECIAL = {
    "case.open": _case,
    "event.emit": _emit,
    "customer.set": _set,
    "segment.add": _static,
    "segment.remove": _static,
    "coupon.issue": _coupon,
    "points.grant": _program,
    "points.redeem": _program,
    "contact.suppress": _suppress,
    "webhook.call": _webhook,
    "email.send": _send,
    "sms.send": _send,
}
