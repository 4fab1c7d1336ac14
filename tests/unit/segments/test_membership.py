"""Segments: hysteresis, dwell, unknown, static lists."""

import msgspec
import pytest

from engine.expressions import Outcome
from engine.model.segment import Segment
from engine.model.values import DAY, HOUR, Duration, Formula
from engine.segments.membership import Change, Membership, next_due, place, step

AT_RISK = Segment(
    id="at-risk",
    enter_if=Formula("customer.health < 40"),
    leave_if=Formula("customer.health >= 50"),
    held_for=Duration(3, "d"),
)
BIG = Segment(id="big", enter_if=Formula("customer.spend >= 1000"))
NIGHT = Segment(id="night", enter_if=Formula("customer.late"), held_for=Duration(12, "h"))


def truth(holds: bool) -> Outcome:
    return Outcome.MET if holds else Outcome.NOT_MET


def score_step(member: Membership, score: int, day: int, hour: int = 12) -> Change | None:
    return step(AT_RISK, member, truth(score < 40), truth(score >= 50), day * DAY + hour * HOUR, day)


def plain_step(member: Membership, outcome: Outcome, at: int = 0) -> Change | None:
    return step(BIG, member, outcome, None, at, at // DAY)


def test_a2_enters_once_on_the_third_day_in_a_row_and_leaves_at_fifty() -> None:
    # given a customer outside, with one score a day
    member = Membership()
    # when the scores are those of A2
    changes = [score_step(member, score, day) for day, score in enumerate([39, 41, 39, 38, 37, 45, 50], 1)]
    # then there is one entry, on the fifth day; 45 stays and 50 leaves
    assert changes == [None, None, None, None, "entered", None, "left"]
    # and it is armed again, with the whole dwell
    assert [score_step(member, 39, day) for day in (8, 9, 10)] == [None, None, "entered"]


def test_the_first_evaluation_of_the_third_day_enters() -> None:
    member = Membership()
    score_step(member, 39, 1)
    score_step(member, 39, 2)
    assert score_step(member, 39, 3, hour=0) == "entered"
    assert (member.inside, member.since) == (True, 3 * DAY)


def test_one_evaluation_that_is_not_met_spoils_its_whole_day() -> None:
    # given day 1 with 39, 41, 39
    member = Membership()
    for hour, score in ((8, 39), (12, 41), (16, 39)):
        score_step(member, score, 1, hour)
    # then day 2 is the first of three
    assert [score_step(member, 39, day) for day in (2, 3, 4)] == [None, None, "entered"]


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_what_cannot_be_told_starts_the_count_anew(outcome: Outcome) -> None:
    member = Membership()
    score_step(member, 39, 1)
    assert step(AT_RISK, member, outcome, outcome, 2 * DAY, 2) is None
    assert [score_step(member, 39, day) for day in (3, 4, 5)] == [None, None, "entered"]


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_what_cannot_be_told_does_not_leave(outcome: Outcome) -> None:
    member = Membership(inside=True, since=0)
    assert step(AT_RISK, member, outcome, outcome, DAY, 1) is None
    assert plain_step(member, outcome) is None
    assert member.inside


def test_without_leave_if_it_leaves_when_enter_if_is_not_met() -> None:
    member = Membership()
    outcomes = [Outcome.MET, Outcome.MET, Outcome.NOT_MET, Outcome.NOT_MET, Outcome.MET]
    assert [plain_step(member, outcome) for outcome in outcomes] == ["entered", None, "left", None, "entered"]


def test_hours_of_dwell_ask_for_a_timer_of_their_own() -> None:
    # given a segment that holds for 12 h, met at 20:00
    member = Membership()
    assert step(NIGHT, member, Outcome.MET, None, 20 * HOUR, 0) is None
    # then it is due at 08:00 and enters then
    assert next_due(NIGHT, member) == 32 * HOUR
    assert step(NIGHT, member, Outcome.MET, None, 32 * HOUR, 1) == "entered"
    assert next_due(NIGHT, member) is None


def test_a_static_list_changes_only_by_hand() -> None:
    static = Segment(id="vip", static=True)
    member = Membership()
    assert step(static, member, Outcome.MET, None, 0, 1) is None
    assert place(member, inside=True, now=5) == "entered"
    assert place(member, inside=True, now=6) is None
    assert member.since == 5
    assert place(member, inside=False, now=7) == "left"


def test_a_membership_survives_its_bytes() -> None:
    member = Membership()
    score_step(member, 39, 1)
    packed = msgspec.msgpack.encode(member)
    assert msgspec.msgpack.decode(packed, type=Membership) == member
