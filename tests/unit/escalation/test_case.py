"""W3: a case climbs its ladder until somebody acknowledges, and is loud at the end."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from engine.escalation import case as escalation
from engine.escalation.case import Breach, Case, Exhausted, Outcome, Tell, Terms, Told, open_case, turn
from engine.model.ladder import Calendar, Ladder, Level
from engine.model.values import HOUR, Duration, Hours, Micros

OFFICE = Calendar(id="office", zone="Europe/London", open={"mon-fri": Hours.parse("09:00-17:00")})
FOUR = Duration(4, "h")
DESK = Ladder(
    id="success-desk",
    hours="office",
    levels=tuple(Level(tell=who, within=FOUR) for who in ("owner", "team-lead", "head")),
    loops=2,
    resolve_within={"high": Duration(8, "h"), "normal": Duration(3, "d")},
)


def at(text: str) -> Micros:
    """The instant of a British summer time in June 2026, as `5 16:00`."""
    day, time = text.split()
    moment = datetime.fromisoformat(f"2026-06-{int(day):02} {time}").replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000 - HOUR


FRIDAY = at("5 16:00")


def terms(ladder: Ladder = DESK, find: Callable[[Any], str | None] = str) -> Terms:
    return Terms(ladder, OFFICE, find)


def opened(ladder: Ladder = DESK, priority: str = "normal", **rest: Any) -> tuple[Case, list[Outcome]]:
    return open_case(
        terms(ladder, **rest), id="case-1", customer="c1", title="Usage down", now=FRIDAY, key="k",
        priority=priority,
    )  # fmt: skip


def climbs(case: Case, until: str, ladder: Ladder = DESK) -> list[tuple[int, int, Micros]]:
    """The levels that are told until then, looked at once."""
    found = turn(case, terms(ladder), at(until))
    return [(tell.loop, tell.level, tell.at) for tell in found if isinstance(tell, Tell)]


def test_opening_tells_the_first_level_at_once() -> None:
    case, outcomes = opened()
    assert outcomes == [Tell("owner", FRIDAY, 1, 1, "1.1:0")]
    assert (case.status, case.level, case.key, case.told) == ("open", 1, "k", [Told(1, 1, FRIDAY)])
    assert (case.who, [each.what for each in case.history]) == ("owner", ["opened", "told"])


@pytest.mark.parametrize(("priority", "due"), [("high", "8 16:00"), ("normal", "10 16:00"), ("low", None)])
def test_the_time_to_resolve_follows_the_priority(priority: str, due: str | None) -> None:
    case, _ = opened(priority=priority)
    assert case.resolve_due == (at(due) if due else None)


def test_w3_levels_follow_after_business_hours() -> None:
    case, _ = opened()
    assert case.next_due == at("8 12:00")
    assert climbs(case, "8 11:59") == []
    assert climbs(case, "8 12:00") == [(1, 2, at("8 12:00"))]
    assert climbs(case, "8 16:00") == [(1, 3, at("8 16:00"))]


def test_a_late_look_climbs_every_level_at_its_own_instant() -> None:
    case, _ = opened()
    assert climbs(case, "9 09:00") == [(1, 2, at("8 12:00")), (1, 3, at("8 16:00"))]


def test_w3_who_acknowledges_stops_the_ladder() -> None:
    case, _ = opened()
    assert escalation.acknowledge(case, "ada", at("8 11:00"), at("8 11:00"))
    assert (case.status, case.by, case.acknowledged_at) == ("acknowledged", "ada", at("8 11:00"))
    assert climbs(case, "30 12:00") == []
    assert not escalation.acknowledge(case, "bob", at("8 12:00"), at("8 12:00"))


def test_w3_the_ladder_loops_and_then_is_exhausted_aloud() -> None:
    case, _ = opened()
    found = turn(case, terms(), at("30 12:00"))
    told = [(each.loop, each.level) for each in found if isinstance(each, Tell)]
    assert told == [(1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert [each for each in found if isinstance(each, Exhausted)] == [Exhausted(at("10 16:00"), 1)]
    assert (case.exhausted, case.next_due, case.open) == (True, None, True)
    # and somebody can still take it
    assert escalation.acknowledge(case, "ada", at("30 13:00"), at("30 13:00"))


def test_where_there_is_nobody_to_tell_the_next_level_is_told_at_once() -> None:
    case, outcomes = opened(find=lambda who: None if who == "owner" else who)
    assert outcomes == [Tell("team-lead", FRIDAY, 2, 1, "1.2:0")]
    assert case.told == [Told(1, 1, FRIDAY, reached=False), Told(2, 1, FRIDAY)]
    assert case.next_due == at("8 12:00")


def test_a_ladder_of_nobody_is_exhausted_at_once() -> None:
    alone = msgspec.structs.replace(DESK, levels=DESK.levels[:1], loops=1)
    case, outcomes = opened(alone, find=lambda who: None)
    assert outcomes == [Exhausted(FRIDAY, 1)]
    assert case.exhausted


def test_a_closed_case_stays_closed() -> None:
    case, _ = opened()
    assert escalation.resolve(case, "ada", at("8 10:00"), at("8 10:00"))
    assert turn(case, terms(), at("8 10:00")) == []
    assert (case.status, case.by, case.ended_at, case.next_due) == ("resolved", "ada", at("8 10:00"), None)
    assert not escalation.resolve(case, "bob", at("8 11:00"), at("8 11:00"))
    assert not escalation.cancel(case, "too late", at("8 11:00"))


def test_a_case_can_be_cancelled_with_its_reason() -> None:
    case, _ = opened()
    assert escalation.cancel(case, "answer changed", at("8 10:00"))
    assert (case.status, case.reason, case.open) == ("cancelled", "answer changed", False)


def test_who_is_given_a_case_is_told_and_has_the_time_of_its_level() -> None:
    # given a case that ada has taken
    case, _ = opened()
    escalation.acknowledge(case, "ada", at("8 10:00"), at("8 10:00"))

    # when it is given to ben on Monday at 14:00
    found = escalation.assign(case, terms(), "ben", "ada", at("8 14:00"), at("8 14:00"))

    # then he is told, and the level after the case's own is told four open hours later
    assert found == [Tell("ben", at("8 14:00"), 1, 1, "assigned.1:0")]
    assert (case.status, case.who) == ("open", "ben")
    assert climbs(case, "9 09:59") == []
    assert climbs(case, "9 10:00") == [(1, 2, at("9 10:00"))]


def test_who_gives_a_case_to_themselves_has_taken_it() -> None:
    case, _ = opened()
    assert escalation.assign(case, terms(), "ben", "ben", at("8 10:00"), at("8 10:00")) == []
    assert (case.status, case.who) == ("acknowledged", "ben")
    assert escalation.assign(case, terms(), "ben", "ada", at("8 11:00"), at("8 11:00")) is None
    assert climbs(case, "30 12:00") == []


def test_an_exhausted_case_that_is_given_to_nobody_who_takes_it_is_loud_again() -> None:
    case, _ = opened()
    turn(case, terms(), at("12 09:00"))
    escalation.assign(case, terms(), "ben", "ada", at("12 09:00"), at("12 09:00"))
    assert turn(case, terms(), at("15 09:00")) == [Exhausted(at("12 13:00"), 2)]


def test_the_ladder_stands_still_while_a_case_is_paused() -> None:
    # given one that is paused on Monday from 10:00 to 12:00
    case, _ = opened()
    assert escalation.pause(case, "waiting for customer", "ada", at("8 10:00"), at("8 10:00"))
    assert not escalation.pause(case, None, "ada", at("8 10:30"), at("8 10:30"))
    assert climbs(case, "8 12:00") == []
    assert (case.next_due, case.resolve_due, case.paused_at) == (None, None, at("8 10:00"))
    assert escalation.resume(case, "ada", at("8 12:00"), at("8 12:00"))
    assert not escalation.resume(case, "ada", at("8 12:30"), at("8 12:30"))

    # then level 2 is told two hours later than it would have been
    assert climbs(case, "9 09:00") == [(1, 2, at("8 14:00"))]


def test_a_reopened_case_begins_anew() -> None:
    case, _ = opened(priority="high")
    escalation.resolve(case, "ada", at("8 10:00"), at("8 10:00"))
    found = escalation.reopen(case, terms(), "it came back", "ada", at("10 09:00"))
    escalation.read(case, terms(), at("10 09:00"))

    assert found == [Tell("owner", at("10 09:00"), 1, 1, "1.1:1")]
    assert (case.status, case.ended_at, case.reason) == ("open", None, None)
    assert (case.next_due, case.resolve_due) == (at("10 13:00"), at("10 17:00"))
    assert escalation.reopen(case, terms(), None, "ada", at("10 09:00")) is None


def test_a_breach_is_told_before_and_after_and_each_once() -> None:
    # given eight open hours to resolve, and a warning an hour before
    ladder = msgspec.structs.replace(DESK, warn_before=Duration(1, "h"))
    case, _ = opened(ladder, "high")
    escalation.acknowledge(case, "ada", FRIDAY, FRIDAY)

    def told(until: str) -> list[bool]:
        return [each.near for each in turn(case, terms(ladder), at(until)) if isinstance(each, Breach)]

    # when it is looked at, as often as may be
    assert [told(f"8 {hour}") for hour in ("14:59", "15:00", "15:00", "15:59", "16:00", "16:00")] == [
        [], [True], [], [], [False], [],
    ]  # fmt: skip
    assert case.breached == ["resolve"]


def test_a_clock_that_has_run_out_when_it_is_first_looked_at_warns_of_nothing() -> None:
    ladder = msgspec.structs.replace(DESK, warn_before=Duration(1, "h"))
    case, _ = opened(ladder, "high")
    escalation.acknowledge(case, "ada", FRIDAY, FRIDAY)
    assert [each.near for each in turn(case, terms(ladder), at("9 09:00")) if isinstance(each, Breach)] == [
        False
    ]


def test_a_response_in_time_breaches_nothing() -> None:
    ladder = msgspec.structs.replace(DESK, respond_within={"normal": Duration(2, "h")})
    for answered, breached in (("8 10:00", []), ("8 10:01", ["respond"])):
        case, _ = opened(ladder)
        escalation.acknowledge(case, "ada", at(answered), at(answered))
        turn(case, terms(ladder), at("8 12:00"))
        assert (case.respond_due, case.breached) == (at("8 10:00"), breached)


def test_w3_a_raised_priority_restarts_the_clock_retroactively_with_its_pauses() -> None:
    # given a normal case that was paused on Monday from 10:00 to 12:00
    case, _ = opened()
    escalation.pause(case, "waiting for customer", "ada", at("8 10:00"), at("8 10:00"))
    escalation.resume(case, "ada", at("8 12:00"), at("8 12:00"))

    # when it becomes high at 13:00, once and again
    assert escalation.prioritise(case, "high", "ada", at("8 13:00"))
    once = list(case.history)
    assert not escalation.prioritise(case, "high", "ada", at("8 13:30"))

    # then the eight hours count from Friday, without the pause
    escalation.read(case, terms(), at("8 13:30"))
    assert (case.priority, case.resolve_due, case.history) == ("high", at("9 10:00"), once)


def test_a_case_can_begin_before_it_is_opened() -> None:
    case, _ = open_case(
        terms(), id="case-1", customer="c1", title="Down", now=at("8 10:00"), priority="high", since=FRIDAY
    )
    assert (case.opened_at, case.resolve_due) == (at("8 10:00"), at("8 16:00"))
    # and its ladder counts from when somebody was told
    assert case.next_due == at("8 14:00")


def test_a_pause_can_be_told_of_later() -> None:
    case, _ = opened(priority="high")
    escalation.acknowledge(case, "ada", at("8 09:00"), at("8 09:00"))
    escalation.pause(case, "waiting for customer", "ada", at("8 10:00"), at("8 11:30"))
    escalation.resume(case, "ada", at("8 12:00"), at("8 12:00"))
    escalation.read(case, terms(), at("8 12:00"))
    assert case.resolve_due == at("9 10:00")


def test_a_case_that_was_kept_without_its_history_goes_on_from_what_was_kept() -> None:
    case, _ = opened()
    old = msgspec.structs.replace(case, history=[], wake_at=None)
    assert climbs(old, "8 12:00") == [(1, 2, at("8 12:00"))]
    assert [each.what for each in old.history] == ["opened", "told", "told"]
