"""Caps, budgets, quiet hours and cadences hold, whatever comes between deciding, sending and settling.

The machine drives the pure core: events, time, attempts to send, their ends, crashes, coupons. Beside it
stands a small model that counts for itself, with the standard library's own calendar.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.contact.budgets import Share
from engine.customers.event import Event
from engine.customers.figures import NO_FIGURES
from engine.customers.zones import moment_of
from engine.model.reasons import CouponStatus
from engine.runs.changes import Changes
from engine.runs.run import Effect
from engine.timeline import deliver
from engine.timeline.cast import Cast
from engine.timeline.due import next_due
from engine.timeline.play import play_due, play_event
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import World
from tests.virtual_engine import instant, ruleset

ENDS = ("executed", "executed", "executed", "failed", "uncertain", "refused", "died", "unsent")
START = "2026-03-26 09:00"  # three days before the clocks go forward in Europe
NAMES = ("ana", "ben", "cleo")
FLOWS = ("news", "offer", "alert")
ZONES = ("Europe/Amsterdam", "America/New_York", "Pacific/Apia", None)
CAP, SERVICE_CAP, CEILING, COUPONS, EACH, TEXTS = 2, 3, 4, Decimal(30), Decimal(20), Decimal("1.00")

POLICY = f"""
policy:
  quiet_hours: {{marketing: "21:00-08:00", in: customer time, on_quiet: hold, at_most: 72h}}
  caps:
    - {{class: marketing, at_most: {CAP} per 2d, window: calendar, on_capped: hold}}
    - {{class: service, channel: sms, at_most: {SERVICE_CAP} per 24h, window: rolling, on_capped: skip}}
  consent: {{email: marketing_email}}
  preferences: {{at_most: how_often}}
  budgets:
    coupons: {{of: coupon.issue, at_most: {COUPONS}.00 EUR per month}}
    each: {{of: coupon.issue, at_most: {EACH}.00 EUR per month, per: customer}}
    texts: {{of: sms.send, at_most: {TEXTS} EUR per day, per: workflow}}
  ceiling: {CEILING} messages per customer per day
"""
FACTS = """
facts:
  marketing_email: {type: boolean}
  how_often: {type: text}
"""


def flow(name: str, class_: str, *steps: str) -> tuple[str, str]:
    extra = "holdout: 0%\n" if class_ == "marketing" else ""
    body = "".join(f"  - {step}\n" for step in steps)
    return (
        f"rule: {name}-due\nwhen: {{event: {name}}}\nthen: [{{run: {name}}}]\n",
        f"workflow: {name}\nclass: {class_}\nkey: event.n\nreentry: always\n{extra}"
        f"stop_when: [stopped]\nsteps:\n{body}",
    )


MAIL = "do: email.send\n    with: {message: news}\n    on_failure: continue"
TEXT = "do: sms.send\n    with: {message: text, worth: 0.40 EUR}\n    on_failure: continue"
GIFT = "do: coupon.issue\n    with: {amount: 10.00 EUR, worth: 10.00 EUR, expires: 12h}\n    as: gift"


@cache
def rules() -> Ruleset:
    flows = (
        *flow("news", "marketing", MAIL, "wait: 30m", MAIL),
        *flow("offer", "marketing", GIFT, MAIL),
        *flow("alert", "service", TEXT, TEXT),
    )
    return ruleset(FACTS, POLICY, *flows)


def local(at: int, zone: str | None) -> datetime:
    return moment_of(at).astimezone(ZoneInfo(zone) if zone else UTC)


class Message:
    """What the model knows of a message that has been let go."""

    def __init__(self, effect: Effect, class_: str, at: int) -> None:
        self.effect, self.class_, self.at = effect, class_, at
        self.channel = "email" if effect.action == "email.send" else "sms"


class Machine(RuleBasedStateMachine):
    """`waiting` is the outbox, `away` what is being sent, `sent` what has gone (or may have)."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(rules(), lambda at: NO_FIGURES)
        self.cast = Cast()
        self.now = instant(START)
        self.number = 0
        self.zones: dict[str, str | None] = {}
        self.waiting: dict[str, Effect] = {}
        self.away: dict[str, Message] = {}
        self.sent: list[Message] = []
        self.issued: dict[str, tuple[str, str, str]] = {}
        self.status: dict[str, CouponStatus] = {}
        self.spent: Counter[tuple[str, str]] = Counter()
        self.committed: Counter[tuple[str, str]] = Counter()

    # What the machine does

    @initialize(zones=st.tuples(*[st.sampled_from(ZONES)] * len(NAMES)))
    def begin(self, zones: tuple[str | None, ...]) -> None:
        for name, zone in zip(NAMES, zones, strict=True):
            self.zones[name] = zone
            traits: dict[str, Any] = {
                "email": f"{name}@example.com", "phone": "+31 6 1", "marketing_email": True,
            }  # fmt: skip
            self.tell(name, "identify", traits | ({"timezone": zone} if zone else {}))

    def tell(self, name: str, event: str, properties: dict[str, Any], occurred: int | None = None) -> None:
        self.number += 1
        self.now += 1
        at = self.now if occurred is None else occurred
        told = Event(
            source="shop", message_id=f"e{self.number}", customer=name, name=event, occurred_at=at,
            received_at=self.now, seq=self.number, properties=properties,
        )  # fmt: skip
        changes = Changes()
        play_event(self.world, self.cast, changes, told)
        self.take(changes)

    @rule(name=st.sampled_from(NAMES), event=st.sampled_from(FLOWS), times=st.integers(1, 4))
    def happens(self, name: str, event: str, times: int) -> None:
        for _ in range(times):
            self.tell(name, event, {"n": self.number})

    @rule(name=st.sampled_from(NAMES))
    def stops(self, name: str) -> None:
        self.tell(name, "stopped", {})

    @rule(name=st.sampled_from(NAMES), value=st.sampled_from([True, False]))
    def consents(self, name: str, value: bool) -> None:
        self.tell(name, "identify", {"marketing_email": value})

    @rule(name=st.sampled_from(NAMES), often=st.sampled_from(["1 per day", "9 per week"]))
    def asks_for(self, name: str, often: str) -> None:
        self.tell(name, "identify", {"how_often": often})

    @rule(minutes=st.sampled_from([1, 1, 31, 31, 240, 700, 1441]))
    def time_goes_on(self, minutes: int) -> None:
        until = self.now + minutes * 60_000_000
        while True:
            # as the engine's own tick: everybody's earliest first
            dues = [
                (due, name)
                for name, member in self.cast.members.items()
                if (due := next_due(self.world, member)) is not None and due <= until
            ]
            if not dues:
                break
            due, name = min(dues)
            changes = Changes()
            play_due(self.world, self.cast, changes, name, due)
            self.now = max(self.now, due)
            self.take(changes)
        self.now = until

    @precondition(lambda self: self.waiting)
    @rule(pick=st.integers(0, 50), times=st.integers(1, 6))
    def are_attempted(self, pick: int, times: int) -> None:
        for _ in range(min(times, len(self.waiting))):
            self.attempts(pick)

    def attempts(self, pick: int) -> None:
        key = sorted(self.waiting)[pick % len(self.waiting)]
        effect = self.waiting[key]
        self.now += 1
        changes = Changes()
        class_ = "service" if effect.workflow == "alert" else "marketing"
        before = [each for each in (*self.sent, *self.away.values()) if each.effect.key != key]
        verdict = deliver.attempt(self.world, self.cast, changes, effect, self.now)
        del self.waiting[key]
        if verdict.kind == "go":
            self.may_go(effect, class_, before)
            self.away[key] = Message(effect, class_, self.now)
        self.take(changes)
        unknown = [one for one in changes.settled if one.key == key and one.outcome == "uncertain"]
        if unknown:
            self.sent.append(Message(effect, class_, self.now))

    @precondition(lambda self: self.away)
    @rule(pick=st.integers(0, 50), how=st.sampled_from(ENDS), times=st.integers(1, 4))
    def come_back(self, pick: int, how: str, times: int) -> None:
        for _ in range(min(times, len(self.away))):
            self.comes_back(pick, how)

    def comes_back(self, pick: int, how: str) -> None:
        key = sorted(self.away)[pick % len(self.away)]
        message = self.away.pop(key)
        effect = message.effect
        self.now += 1
        changes = Changes()
        if how == "died":
            # its lease runs out, and it may have been taken
            self.waiting[key] = _unsure(effect)
            self.sent.append(message)
            return
        if how == "unsent":
            deliver.hand_back(self.world, self.cast, changes, effect, self.now)
            self.waiting[key] = effect
        elif how == "refused":
            deliver.give_back(self.world, self.cast, changes, effect, self.now, "503")
            self.waiting[key] = effect
        else:
            result = deliver.Result(how)  # type: ignore[arg-type]
            deliver.settle(self.world, self.cast, changes, effect, result, self.now)
            if how != "failed":
                self.sent.append(Message(effect, message.class_, self.now))
        self.take(changes)

    @precondition(lambda self: self.issued)
    @rule(pick=st.integers(0, 50), wrong=st.booleans(), hours=st.integers(0, 20))
    def uses(self, pick: int, wrong: bool, hours: int) -> None:
        code = sorted(self.issued)[pick % len(self.issued)]
        owner, _, _ = self.issued[code]
        name = NAMES[(NAMES.index(owner) + wrong) % len(NAMES)]
        before = self.status[code]
        self.tell(name, "coupon_redeemed", {"code": code}, occurred=self.now - hours * 3_600_000_000)
        if wrong:
            assert self.status[code] in (before, CouponStatus.EXPIRED)
        elif before in (CouponStatus.REDEEMED, CouponStatus.VOID):
            assert self.status[code] is before

    @precondition(lambda self: self.issued)
    @rule(pick=st.integers(0, 50))
    def is_made_void(self, pick: int) -> None:
        code = sorted(self.issued)[pick % len(self.issued)]
        self.tell(self.issued[code][0], "coupon_voided", {"code": code})

    # What the model counts for itself

    def take(self, changes: Changes) -> None:
        for effect in changes.effects:
            self.waiting[effect.key] = effect
        for settled in changes.settled:
            if settled.call_off and settled.key in self.waiting and not self.waiting[settled.key].unsure:
                del self.waiting[settled.key]
        for coupon in changes.coupons:
            month = f"{local(coupon.issued_at, None):%Y-%m}-01"
            assert coupon.code not in self.issued, "a code was given twice"
            self.issued[coupon.code] = (coupon.customer, month, coupon.worth or "")
            self.status[coupon.code] = CouponStatus.ISSUED
        for move in changes.coupon_moves:
            was = self.status[move.code]
            assert was is CouponStatus.ISSUED or (was, move.status) == (
                CouponStatus.EXPIRED, CouponStatus.REDEEMED,
            )  # fmt: skip
            self.status[move.code] = move.status
        for coupon in changes.coupons:
            # A late use may have taken them over the limit, a new grant never does.
            customer, month, _ = self.issued[coupon.code]
            assert self.held(month, customer) <= EACH
            assert self.held(month) <= COUPONS
        for counter, amount in changes.spent.items():
            self.spent[counter] += amount  # type: ignore[assignment]
        for counter, amount in changes.committed.items():
            self.committed[counter] += amount  # type: ignore[assignment]

    def held(self, month: str, customer: str | None = None) -> int:
        found = [
            code for code, (who, when, _) in self.issued.items() if when == month and customer in (None, who)
        ]
        return 10 * sum(self.holds(code) for code in found)

    def holds(self, code: str) -> bool:
        return self.status[code] in (CouponStatus.ISSUED, CouponStatus.REDEEMED)

    def may_go(self, effect: Effect, class_: str, before: list[Message]) -> None:
        """Hold what the core lets go against the model's own count."""
        zone = self.zones[effect.customer]
        here = local(self.now, zone)
        own = [one for one in before if one.effect.customer == effect.customer]
        today = local(self.now, None).date()
        assert sum(local(one.at, None).date() == today for one in distinct(own)) < CEILING
        if class_ == "service":
            near = [
                one for one in distinct(own) if one.class_ == "service" and one.at > self.now - 86_400_000_000
            ]
            assert len(near) < SERVICE_CAP
            return
        assert 8 <= here.hour < 21, f"in the quiet hours: {here}"
        marketing = [one for one in distinct(own) if one.class_ == "marketing"]
        since = here.date() - timedelta(days=1)
        assert sum(local(one.at, zone).date() >= since for one in marketing) < CAP
        facts = self.cast.members[effect.customer].facts.traits
        assert facts["marketing_email"].value is True
        often = facts.get("how_often")
        if often is not None and often.value == "1 per day":
            assert not any(local(one.at, zone).date() == here.date() for one in marketing)

    @invariant()
    def budgets_add_up(self) -> None:
        months: defaultdict[str, Decimal] = defaultdict(Decimal)
        used: defaultdict[str, Decimal] = defaultdict(Decimal)
        for code, (_, month, _) in self.issued.items():
            months[month] += 10 * self.holds(code)
            used[month] += 10 * (self.status[code] is CouponStatus.REDEEMED)
        for month in months:
            assert self.spent["coupons", month] == months[month]
            assert self.committed["coupons", month] == used[month]
        for counter, amount in self.world.budgets.spent.items():
            assert self.spent[counter] == amount >= 0
        assert all(0 <= amount <= TEXTS for (name, _), amount in self.spent.items() if name == "texts/alert")
        for name, member in self.cast.members.items():
            for month, own in member.standing.own_spending.get("each", {}).items():
                assert own == self.held(month, name)

    @invariant()
    def what_is_reserved_is_under_way(self) -> None:
        reserved: dict[str, tuple[Share, ...]] = {}
        for member in self.cast.members.values():
            reserved |= member.standing.reserved
            held = {one.effect_key for one in member.standing.contact.sends if one.reserved}
            assert held <= {*self.away, *(key for key, one in self.waiting.items() if one.unsure)}
        assert set(reserved) <= {*self.away, *(key for key, one in self.waiting.items() if one.unsure)}


def distinct(messages: list[Message]) -> list[Message]:
    """Give each effect once, as it was last sent: attempts at one message are one message."""
    return list({one.effect.key: one for one in messages}.values())


def _unsure(effect: Effect) -> Effect:
    return msgspec.structs.replace(effect, unsure=True, attempt=effect.attempt + 1)


ContactMachine = Machine.TestCase
ContactMachine.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
