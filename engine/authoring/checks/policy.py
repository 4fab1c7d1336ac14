"""The contact policy: names that exist, hours that leave room, one rank a name."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from engine.authoring.checks.ladders import zone
from engine.authoring.draft import Draft
from engine.authoring.wording import either
from engine.contact.quiet import open_minutes_in_all
from engine.model.facts import FactType, Trait
from engine.model.message import Channel
from engine.model.policy import ContactPolicy, Preferences, QuietHours
from engine.model.values import DAY
from engine.model.workflow import Do, MessageClass
from engine.runs.program import purpose_of, walk

LEAST_OPEN = 120
LONGEST_CAP = 400
CHANNELS: tuple[str, ...] = get_args(Channel)


def check(draft: Draft) -> None:
    """Check the policy, where there is one."""
    policy = draft.workspace.policy
    if draft.origins.page(policy) is None:
        return
    if policy.quiet_hours is not None:
        _quiet_hours(draft, policy, policy.quiet_hours)
    for position, cap in enumerate(policy.caps):
        if cap.channel is not None and cap.channel not in CHANNELS:
            draft.unknown(cap, "channel", noun="channel", name=cap.channel, known=CHANNELS)
        if cap.at_most.per.micros > LONGEST_CAP * DAY:
            draft.say(
                cap,
                "at_most",
                code="too-long",
                message="a cap looks back 400 days at most",
                hint="write 400d or less",
            )
        if any(
            (cap.class_, cap.channel) == (other.class_, other.channel)
            and cap.at_most.per == other.at_most.per
            for other in policy.caps[:position]
        ):
            draft.say(
                cap,
                code="twice",
                message=f"{cap.class_} has a cap per {cap.at_most.per} already",
                hint="write one of them",
            )
    _consent(draft, policy)
    _preferences(draft, policy.preferences)
    _purposes(draft)
    _groups(draft, policy)
    _budgets(draft, policy)


def _quiet_hours(draft: Draft, policy: ContactPolicy, quiet: QuietHours) -> None:
    zones = policy.zone_unknown if isinstance(policy.zone_unknown, tuple) else ()
    known = [zone(draft, policy, "zone_unknown", position, name=name) for position, name in enumerate(zones)]
    if isinstance(policy.zone_unknown, tuple) and not zones:
        draft.say(
            policy,
            "zone_unknown",
            code="empty-list",
            message="there is no zone here",
            hint="write workspace, or a list of zones",
        )
    if not all(known):
        return
    for class_ in get_args(MessageClass):
        hours = getattr(quiet, class_)
        if hours is None:
            continue
        if open_minutes_in_all(("UTC",), hours) < LEAST_OPEN:
            draft.say(
                quiet,
                class_,
                code="never-open",
                message="these quiet hours leave under 2 hours a day",
                hint="write shorter ones",
            )
        elif zones and quiet.in_ == "customer time" and open_minutes_in_all(zones, hours) < LEAST_OPEN:
            draft.say(
                policy,
                "zone_unknown",
                code="never-open",
                message=f"the quiet hours of {class_} leave under 2 hours open in {either(zones, 'and')}",
                hint="take zones out, or write workspace",
            )


def _consent(draft: Draft, policy: ContactPolicy) -> None:
    facts = draft.workspace.facts.facts
    flags = {
        name for name, fact in facts.items() if isinstance(fact, Trait) and fact.type is FactType.BOOLEAN
    }
    for channel, asked in policy.consent.items():
        if channel not in CHANNELS:
            draft.unknown(policy, "consent", channel, noun="channel", name=channel, known=CHANNELS)
            continue
        if isinstance(asked, str):
            _flag(draft, policy, flags, asked, channel)
            continue
        if not asked:
            draft.say(
                policy,
                "consent",
                channel,
                code="empty-map",
                message="there is no purpose here",
                hint="write {PURPOSE: FACT}, or the fact alone",
            )
        for purpose, name in asked.items():
            _flag(draft, policy, flags, name, channel, purpose)


def _flag(draft: Draft, policy: ContactPolicy, flags: set[str], name: str, *place: str) -> None:
    """Check that a fact is one on which consent can stand: a boolean trait."""
    if name not in draft.workspace.facts.facts:
        if draft.whole and name not in draft.catalog.person:
            draft.unknown(
                policy,
                "consent",
                *place,
                noun="fact",
                name=name,
                known=flags,
                otherwise="declare it as a boolean trait",
            )
    elif name not in flags:
        draft.say(
            policy,
            "consent",
            *place,
            code="wrong-kind",
            message=f"consent is yes or no, and {name} is not",
            hint="name a trait of type boolean",
        )


def _preferences(draft: Draft, wishes: Preferences) -> None:
    facts = draft.workspace.facts.facts
    texts = {name for name, fact in facts.items() if isinstance(fact, Trait) and fact.type is FactType.TEXT}
    for key in ("channel", "at_most"):
        name = getattr(wishes, key)
        if name is None:
            continue
        if name not in facts:
            if draft.whole and name not in draft.catalog.person:
                draft.unknown(
                    wishes, key, noun="fact", name=name, known=texts, otherwise="declare it as a text trait"
                )
        elif name not in texts:
            draft.say(
                wishes,
                key,
                code="wrong-kind",
                message=f"what a customer prefers is a text, and {name} is not",
                hint="name a trait of type text",
            )
    if wishes.on_other == "skip" and wishes.channel is None:
        draft.say(
            wishes,
            "on_other",
            code="missing-key",
            message="nothing says which channel a customer prefers",
            hint="write channel: FACT beside it",
        )


def purposes(draft: Draft) -> dict[str, set[str]]:
    """Give the purposes of each channel whose consent tells them apart."""
    return {
        channel: set(asked)
        for channel, asked in draft.workspace.policy.consent.items()
        if asked and not isinstance(asked, str)
    }


def _purposes(draft: Draft) -> None:
    """Check that marketing says what it is for where consent depends on it."""
    told, workspace = purposes(draft), draft.workspace
    known = {purpose for some in told.values() for purpose in some}
    for workflow in workspace.workflows.values():
        if workflow.purpose is not None and known and workflow.purpose not in known:
            draft.unknown(workflow, "purpose", noun="purpose", name=workflow.purpose, known=known)
        if workflow.class_ != "marketing":
            continue
        for step in walk(workflow.steps):
            spec = draft.actions.get(step.do) if isinstance(step, Do) and "to" not in step.with_ else None
            if not isinstance(step, Do) or spec is None or spec.channel not in told:
                continue
            message = workspace.messages.get(str(step.with_.get("message")))
            if purpose_of(workflow, message) is None:
                draft.say(
                    step,
                    "do",
                    code="missing-key",
                    message=f"consent to {spec.channel} depends on what a message is for",
                    hint=f"write purpose: {either(sorted(told[spec.channel]))} in {workflow.id}",
                )
    for message in workspace.messages.values():
        if message.purpose is not None and known and message.purpose not in known:
            draft.unknown(message, "purpose", noun="purpose", name=message.purpose, known=known)


def _groups(draft: Draft, policy: ContactPolicy) -> None:
    member: dict[str, str] = {}
    for group, workflows in policy.groups.items():
        for position, workflow in enumerate(workflows):
            if (
                draft.refer(policy, "groups", group, position, kind="workflow", name=workflow)
                and workflow in member
            ):
                draft.say(
                    policy,
                    "groups",
                    group,
                    position,
                    code="twice",
                    message=f"{workflow} is in {member[workflow]} already",
                    hint="write it in one group",
                )
            member.setdefault(workflow, group)
    for rank, times in Counter(policy.order).items():
        if times > 1:
            last = len(policy.order) - 1 - policy.order[::-1].index(rank)
            draft.say(
                policy,
                "order",
                last,
                code="twice",
                message=f"{rank} stands in order twice",
                hint="write each rank once",
            )


def _budgets(draft: Draft, policy: ContactPolicy) -> None:
    own = draft.workspace.settings.currency
    for budget in policy.budgets.values():
        if budget.of not in draft.actions:
            draft.unknown(budget, "of", noun="action", name=budget.of, known=draft.actions)
        if budget.at_most.money.currency != own:
            draft.say(
                budget,
                "at_most",
                code="other-currency",
                message=f"the workspace counts in {own}",
                hint=f"write it in {own}",
            )
        if budget.at_most.money.amount <= 0:
            draft.say(
                budget,
                "at_most",
                code="out-of-range",
                message="this budget allows nothing",
                hint="write more than 0",
            )
