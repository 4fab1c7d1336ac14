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
from engine.model.policy import ContactPolicy, QuietHours
from engine.model.values import DAY
from engine.model.workflow import MessageClass

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
    for channel, name in policy.consent.items():
        if channel not in CHANNELS:
            draft.unknown(policy, "consent", channel, noun="channel", name=channel, known=CHANNELS)
        elif name not in facts:
            if draft.whole and name not in draft.catalog.person:
                draft.unknown(
                    policy,
                    "consent",
                    channel,
                    noun="fact",
                    name=name,
                    known=flags,
                    otherwise="declare it as a boolean trait",
                )
        elif name not in flags:
            draft.say(
                policy,
                "consent",
                channel,
                code="wrong-kind",
                message=f"consent is yes or no, and {name} is not",
                hint="name a trait of type boolean",
            )


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
                    hint="a workflow is in one group",
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
