"""Loyalty programs: earning, tiers in order, rewards."""

from __future__ import annotations

import re

import msgspec

from engine.authoring.checks.expressions import NUMBERS, customer, judge, key, values
from engine.authoring.checks.literals import is_duration
from engine.authoring.checks.rules import properties
from engine.authoring.draft import KEBAB, SNAKE, Draft
from engine.authoring.wording import known_or, quoted
from engine.expressions import Scope
from engine.model.program import Earn, Program, Redeem

_GIVES = ("coupon", "credit", "webhook", "body", "event")
_MONEY = re.compile(r"\d{1,12}(\.\d{1,4})? [A-Z]{3}")
_COUPON = ("percent", "amount", "worth", "expires")


def check(draft: Draft) -> None:
    """Check every program."""
    for program in draft.workspace.programs.values():
        if not program.earn:
            draft.say(
                program,
                "earn",
                code="empty-list",
                message="nothing earns points",
                hint="write when: and points:",
            )
        for earn in program.earn:
            _earn(draft, program, earn)
        _tiers(draft, program)
        _rewards(draft, program)
        _days(draft, program)
        _terms(draft, program)


def _scope(draft: Draft, program: Program, event: str) -> Scope:
    declared = draft.catalog.event(event)
    return msgspec.structs.replace(
        customer(draft, program.on), event=declared or {}, event_open=declared is None
    )


def _earn(draft: Draft, program: Program, earn: Earn) -> None:
    draft.event(earn, "when", name=earn.when)
    scope = _scope(draft, program, earn.when)
    judge(draft, earn.points, scope, NUMBERS)
    judge(draft, earn.where, scope)
    back = earn.reversed_by
    if earn.pending_for and earn.expire and earn.expire.micros <= earn.pending_for.micros:
        draft.say(
            earn,
            "expire",
            code="expires-first",
            message="these points expire before they can be spent",
            hint="write a longer expire, or a shorter pending_for",
        )
    if back is None:
        return
    draft.event(back, "event", name=back.event)
    if back.event == earn.when:
        draft.say(
            back,
            "event",
            code="same-event",
            message="an event cannot take back what it earns",
            hint="name another one",
        )
    later = _scope(draft, program, back.event)
    key(draft, back.match, scope)
    properties(draft, back, "match", back.match, earn.when, back.event)
    for name, formula in back.less.items():
        judge(draft, formula, later, NUMBERS)
        declared = draft.catalog.event(earn.when)
        if declared and name not in declared:
            draft.say(
                back,
                "less",
                name,
                code="unknown-property",
                message=f"{earn.when} has no property {quoted(name)}",
                hint=known_or(name, declared, "declare it there"),
                at_key=True,
            )


def _tiers(draft: Draft, program: Program) -> None:
    last = None
    for name, tier in program.tiers.items():
        if not SNAKE.fullmatch(name):
            draft.say(
                program,
                "tiers",
                name,
                code="bad-name",
                message=f"{quoted(name)} is no name of a tier",
                hint="write small letters, digits and _",
                at_key=True,
            )
        if last is None and tier.from_ != 0:
            draft.say(
                tier, "from", code="tiers-gap", message="the first tier begins at 0", hint="write {from: 0}"
            )
        elif last is not None and tier.from_ <= last:
            draft.say(
                tier,
                "from",
                code="tiers-order",
                message=f"{name} does not begin above the tier before it",
                hint="write the tiers in order",
            )
        last = tier.from_
    if not program.tiers:
        draft.say(
            program,
            "tiers",
            code="empty-map",
            message="a program needs a tier",
            hint="write bronze: {from: 0}",
        )


def _rewards(draft: Draft, program: Program) -> None:
    seen: set[str] = set()
    for reward in program.redeem:
        if not KEBAB.fullmatch(reward.reward):
            draft.say(
                reward,
                "reward",
                code="bad-id",
                message=f"{quoted(reward.reward)} is no id",
                hint="write it as ten-off",
            )
        elif reward.reward in seen:
            draft.say(
                reward,
                "reward",
                code="name-taken",
                message=f"another reward is {reward.reward} already",
                hint="choose another name",
            )
        seen.add(reward.reward)
        if reward.points <= 0:
            draft.say(
                reward, "points", code="out-of-range", message="a reward costs points", hint="write 1 or more"
            )
        if not reward.gives:
            draft.say(
                reward,
                "gives",
                code="empty-map",
                message="this reward gives nothing",
                hint="write {coupon: {percent: 10}}",
            )
        for name in reward.gives:
            if name not in _GIVES:
                draft.say(
                    reward,
                    "gives",
                    name,
                    code="unknown-reward",
                    message=f"a reward cannot give {quoted(name)}",
                    hint=known_or(name, _GIVES),
                    at_key=True,
                )
        _gives(draft, reward)
        values(draft, reward.gives, customer(draft, program.on))


def _gives(draft: Draft, reward: Redeem) -> None:
    coupon, credit, webhook = (reward.gives.get(name) for name in ("coupon", "credit", "webhook"))
    if "coupon" in reward.gives:
        written = coupon if isinstance(coupon, dict) else {}
        if ("percent" in written) == ("amount" in written):
            draft.say(
                reward,
                "gives",
                "coupon",
                code="missing-argument",
                message="a coupon needs percent or amount",
                hint="write {percent: 10} or {amount: 5.00 EUR}",
            )
        for name in written:
            if name not in _COUPON:
                draft.say(
                    reward,
                    "gives",
                    "coupon",
                    name,
                    code="unknown-key",
                    message=f"unknown key {name}",
                    hint=known_or(name, _COUPON),
                    at_key=True,
                )
        expires = written.get("expires")
        if expires is not None and not (isinstance(expires, str) and is_duration(expires)):
            draft.say(
                reward,
                "gives",
                "coupon",
                "expires",
                code="wrong-type",
                message=f"{expires} is no length of time",
                hint="write 30m, 12h, 3d or 2w",
            )
    if credit is not None:
        own = draft.workspace.settings.currency
        if not isinstance(credit, str) or not _MONEY.fullmatch(credit) or not credit.endswith(own):
            draft.say(
                reward,
                "gives",
                "credit",
                code="wrong-type",
                message=f"{credit} is no amount of money in {own}",
                hint=f"write 5.00 {own}",
            )
    if webhook is not None and webhook not in draft.workspace.settings.connectors.webhooks:
        draft.unknown(
            reward,
            "gives",
            "webhook",
            noun="webhook",
            name=str(webhook),
            known=draft.workspace.settings.connectors.webhooks,
            otherwise="add it under connectors in holdfast.yaml",
        )
    if "body" in reward.gives and webhook is None:
        draft.say(
            reward,
            "gives",
            "body",
            code="missing-argument",
            message="a body goes to a webhook",
            hint="write webhook: and its name",
            at_key=True,
        )


def _days(draft: Draft, program: Program) -> None:
    """Grace and warnings are looked at once a day."""
    for name in ("grace", "warn"):
        length = getattr(program, name)
        if length is not None and length.days is None:
            draft.say(
                program,
                name,
                code="not-days",
                message=f"{name} is counted in whole days",
                hint="write it as 30d or 8w",
            )


def _terms(draft: Draft, program: Program) -> None:
    adjust, cost = program.adjust, program.liability
    if adjust.approve_above < 0:
        draft.say(
            adjust,
            "approve_above",
            code="out-of-range",
            message="nobody adjusts fewer than 0 points",
            hint="write 0 or more",
        )
    if adjust.limit is not None and adjust.limit < max(adjust.approve_above, 1):
        draft.say(
            adjust,
            "limit",
            code="out-of-range",
            message="the limit lies below what one person may adjust alone",
            hint="write a higher limit, or a lower approve_above",
        )
    own = draft.workspace.settings.currency
    if cost is not None and cost.cost_per_point.currency != own:
        draft.say(
            cost,
            "cost_per_point",
            code="other-currency",
            message=f"the workspace counts in {own}",
            hint=f"write it in {own}",
        )
