"""What the internal actions change: once for each key, and always as an event that anybody can see."""

from decimal import Decimal

import pytest

from engine.customers.zones import moment_of
from engine.decisions.decide import Occasion
from engine.timeline.choose import choose
from engine.timeline.moment import Moment
from tests.virtual_engine import VirtualEngine, instant, told

FACTS = """
facts:
  stage: {type: text}
  seats: {type: number}
  last_call: {type: time}
  next_step: {type: date}
  pause: {type: duration}
  vip: {type: boolean}
  coupons: {count: coupon_issued}
"""
GO = """
rule: go
when: {event: go}
then:
  - run: flow
"""
LISTED = """
segment: listed
static: yes
"""


def flow(*steps: str) -> str:
    return "workflow: flow\nclass: service\nreentry: always\nsteps:\n" + "".join(steps)


def did(*steps: str, timezone: str = "UTC", texts: tuple[str, ...] = (), **traits: object) -> VirtualEngine:
    engine = VirtualEngine(FACTS, GO, flow(*steps), LISTED, *texts, timezone=timezone)
    engine.identify("2026-03-02 09:00", **traits)
    engine.receive("2026-03-02 10:00", "go")
    return engine


def test_traits_are_set_as_if_they_had_been_sent() -> None:
    step = "  - do: customer.set\n    with: {stage: won, seats: =customer.seats + 1.5, vip: true}\n"
    engine = did(step, seats=2)
    facts = engine.facts("2026-03-02 11:00")
    assert (facts["stage"], facts["seats"], facts["vip"]) == ("won", Decimal("3.5"), True)
    assert [dict(one) for one in engine.recorded("identify")] == [
        {"stage": "won", "seats": Decimal("3.5"), "vip": True}
    ]


def test_times_dates_and_lengths_are_set_as_what_they_are() -> None:
    step = (
        "  - do: customer.set\n    with: {last_call: =now, next_step: =customer.next_step + 7d, pause: =2d}\n"
    )
    engine = did(step, timezone="Europe/Berlin", next_step="2026-03-25")
    facts = engine.facts("2026-03-02 11:00")
    assert told(instant("2026-03-02 10:00")) == facts["last_call"].strftime("%Y-%m-%d %H:%M")
    # seven calendar days on, over the change of the clocks on 29 March
    assert facts["next_step"].isoformat() == "2026-04-01T00:00:00+02:00"
    assert facts["pause"].days == 2


def test_a_change_of_a_trait_is_a_change_like_any_other() -> None:
    then = "then:\n  - do: segment.add\n    with: {segment: listed}\n"
    rule = f"rule: won\nwhen: {{changes: customer.stage}}\n{then}"
    engine = did("  - do: customer.set\n    with: {stage: won}\n", texts=(rule,), stage="open")
    assert engine.rows("won")[0].event == {"from": "open", "to": "won"}


def test_a_list_is_joined_and_left_once() -> None:
    engine = did(
        "  - do: segment.add\n    with: {segment: listed}\n",
        "  - do: segment.add\n    with: {segment: listed}\n",
        "  - wait: 1d\n",
        "  - do: segment.remove\n    with: {segment: listed}\n",
        "  - do: segment.remove\n    with: {segment: listed}\n",
    )
    assert engine.member().standing.segments == ["listed"]
    engine.until("2026-03-04 00:00")
    assert [(told(one.at), one.inside, one.cause) for one in engine.simulation.changes.memberships] == [
        ("2026-03-02 10:00", True, "action"),
        ("2026-03-03 10:00", False, "action"),
    ]
    assert len(engine.recorded("segment_entered")) == len(engine.recorded("segment_left")) == 1


def test_an_event_is_recorded_for_the_customer_or_for_another() -> None:
    engine = did(
        "  - do: event.emit\n    with: {event: milestone, properties: {seats: =customer.seats, at: =now}}\n",
        "  - do: event.emit\n    with: {event: praised, customer: bob}\n",
        seats=3,
    )
    assert [dict(one) for one in engine.recorded("milestone")] == [{"seats": 3, "at": "2026-03-02T10:00:00Z"}]
    assert [one.customer for one in engine.simulation.changes.events if one.name == "praised"] == ["bob"]
    assert engine.member("bob").facts.first_seen == instant("2026-03-02 10:00")


def test_a_coupon_has_a_code_of_its_own_and_is_good_to_the_end_of_its_last_day() -> None:
    step = "  - do: coupon.issue\n    with: {percent: 10, worth: 10.00 EUR, expires: 5d}\n    as: offer\n"
    engine = did(step)
    (coupon,) = engine.simulation.changes.coupons
    assert (coupon.percent, coupon.worth, told(coupon.expires_at)) == ("10", "10.00 EUR", "2026-03-08 00:00")
    assert engine.run("flow").answers["offer"] == {
        "outcome": "executed", "code": coupon.code, "expires_at": moment_of(coupon.expires_at or 0)
    }  # fmt: skip
    assert engine.facts("2026-03-02 11:00")["coupons"] == 1
    # the same effect has the same code, another effect another one
    again = did(step)
    assert [one.code for one in again.simulation.changes.coupons] == [coupon.code]
    again.receive("2026-03-02 11:00", "go")
    assert len({one.code for one in again.simulation.changes.coupons}) == 2


def test_a_coupons_worth_is_taken_from_its_budget() -> None:
    policy = "policy:\n  budgets: {coupons: {of: coupon.issue, at_most: 25.00 EUR per month}}\n"
    step = "  - do: coupon.issue\n    with: {percent: 10, worth: 10.00 EUR}\n"
    engine = did(step, texts=(policy,))
    for at in ("2026-03-02 11:00", "2026-03-31 11:00", "2026-04-01 11:00"):
        engine.receive(at, "go")
    outcomes = [engine.outcomes(run)[0][1:] for run in engine.runs("flow")]
    assert outcomes == [("executed", None), ("executed", None), ("skipped", "budget"), ("executed", None)]
    assert engine.simulation.changes.spent == {
        ("coupons", "2026-03-01"): Decimal("20.00"), ("coupons", "2026-04-01"): Decimal("10.00")
    }  # fmt: skip


@pytest.mark.parametrize(("channel", "expected"), [("email", {"email": "asked"}), (None, {"*": "asked"})])
def test_contact_is_stopped_on_a_channel_or_on_all(channel: str | None, expected: dict[str, str]) -> None:
    where = f"channel: {channel}, " if channel else ""
    engine = did(f"  - do: contact.suppress\n    with: {{{where}reason: asked}}\n")
    assert engine.member().standing.contact.suppressed == expected


def test_a_survey_is_recorded_with_an_id_that_a_message_can_carry() -> None:
    engine = did("  - do: survey.send\n    with: {survey: csat, about: t1}\n    as: survey\n")
    (sent,) = engine.recorded("survey_sent")
    assert (sent["survey"], sent["about"]) == ("csat", "t1")
    assert engine.run("flow").answers["survey"]["survey_id"] == sent["survey_id"]


REWARDS = """
program: rewards
earn:
  - when: order_completed
    points: event.total
tiers: {bronze: {from: 0}, silver: {from: 50}}
period: 12 months
downgrade: one_down
refund: within_balance
redeem: [{reward: mug, points: 40, gives: {coupon: {percent: 10}}}]
"""


def test_points_are_granted_and_redeemed() -> None:
    engine = did(
        "  - do: points.grant\n    with: {points: 50.9, reason: welcome}\n    as: gift\n",
        "  - do: points.redeem\n    with: {reward: mug}\n    as: mug\n",
        texts=(REWARDS,),
    )
    answers = engine.run("flow").answers
    assert answers["gift"]["granted"] == 50
    assert answers["mug"]["redeemed"] == 40
    assert answers["mug"]["code"] == engine.simulation.changes.coupons[0].code
    facts = engine.facts("2026-03-02 11:00")
    assert (facts["points"], facts["tier"]) == (10, "silver")
    assert [dict(one)["tier"] for one in engine.recorded("tier_reached")] == ["silver"]
    assert (
        sum(entry.points for posting in engine.simulation.changes.postings for entry in posting.entries) == 0
    )


def test_points_for_a_referrer_arrive_at_the_referrer() -> None:
    engine = did("  - do: points.grant\n    with: {points: 20, customer: bob}\n", texts=(REWARDS,))
    assert engine.facts("2026-03-02 11:00", "bob")["points"] == 20
    assert engine.facts("2026-03-02 11:00")["points"] == 0


def test_what_a_rule_does_itself_counts_as_a_hop() -> None:
    # given two rules that hand a customer to and fro between two lists, without runs
    texts = [
        f"rule: on-{name}\nwhen: {{enters: {name}}}\nthen:\n"
        f"  - do: segment.add\n    with: {{segment: {other}}}\n"
        f"  - do: segment.remove\n    with: {{segment: {name}}}\n"
        for name, other in (("red", "blue"), ("blue", "red"))
    ]
    lists = [f"segment: {name}\nstatic: yes\n" for name in ("red", "blue")]
    start = "rule: begin\nwhen: {event: begin}\nthen:\n  - do: segment.add\n    with: {segment: red}\n"
    engine = VirtualEngine(start, *texts, *lists)
    engine.receive("2026-03-02 10:00", "begin")
    # then it ends after ten, and the last decision says why it did nothing
    rows = [*engine.rows("on-red"), *engine.rows("on-blue")]
    assert len(rows) == 11
    assert [(start.status, start.reason) for row in rows for start in row.starts] == [("refused", "hops")] * 2


def test_a_coupons_end_is_a_time_that_a_condition_can_compare() -> None:
    # given a coupon that is good for five days, when a step asks whether it still is
    engine = VirtualEngine(
        RULE_DUE,
        """
workflow: series
class: service
reentry: always
steps:
  - do: coupon.issue
    with: {percent: 10, expires: 5d}
    as: offer
  - if: run.offer.expires_at > now
    then:
      - stop: good
""",
    )
    engine.receive("2026-03-02 10:00", "due")

    # then
    assert engine.ended("series") == [("stopped", "good")]


RULE_DUE = """
rule: due
when: {event: due}
then:
  - run: series
"""


def test_a_coupon_that_cannot_be_issued_costs_its_budget_nothing() -> None:
    policy = "policy:\n  budgets: {coupons: {of: coupon.issue, at_most: 10.00 EUR per month}}\n"
    step = (
        "  - do: coupon.issue\n    with: {percent: 10, worth: 10.00 EUR, expires: =event.until}\n"
        "    on_failure: continue\n"
    )
    engine = VirtualEngine(FACTS, GO, flow(step), policy)
    engine.receive("2026-03-02 10:00", "go", until="soon")
    engine.receive("2026-03-02 11:00", "go", until="3d")
    assert [engine.outcomes(run)[0][1] for run in engine.runs("flow")] == ["failed", "executed"]


BATCH = "".join(f"  - {line}\n" for line in ("customer.seats >= 1", "customer.stage != 'won'"))


@pytest.mark.parametrize(
    ("does", "anew"),
    [
        ("customer.set\n    with: {seats: 9}", 0),
        ("event.emit\n    with: {event: noticed}", 0),
        ("survey.send\n    with: {survey: nps}", 0),
        ("segment.add\n    with: {segment: listed}", 1),
    ],
)
def test_what_is_only_queued_gives_no_cause_to_compute_facts_anew(does: str, anew: int) -> None:
    # given two rules on one event, of which the first does something
    first = f"rule: a-first\nwhen: {{event: go}}\nif:\n{BATCH}then:\n  - do: {does}\n"
    second = first.replace("a-first", "b-second").replace(does, "customer.set\n    with: {stage: won}")
    engine = VirtualEngine(FACTS, LISTED, first, second)
    engine.identify("2026-03-02 09:00", seats=2)
    member, world, at = engine.member(), engine.simulation.world, instant("2026-03-02 10:00")
    # when both are decided at one moment
    moment = Moment(world, member, engine.simulation.changes, at, [], at_event=True)
    pairs = moment.desk.on_event["go"]
    for rule, compiled in pairs:
        choose(moment, [Occasion(rule=rule, kind="event", cause=f"{compiled.index}/x", event={}, from_at=at)])
    # then facts were forgotten only after what changes them there and then
    assert moment.version == anew
    assert [rule for rule in ("a-first", "b-second") if engine.rows(rule)] == ["a-first", "b-second"]
    assert "ana" in engine.simulation.changes.customers
