"""W3: a case climbs its ladder until somebody acknowledges, and is loud at the end."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from engine.escalation.case import (
    Case,
    Tell,
    Told,
    acknowledge,
    cancel,
    escalate,
    open_case,
    pass_over,
    resolve,
)
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


def opened(ladder: Ladder = DESK, priority: str = "normal") -> tuple[Case, Tell]:
    return open_case(
        ladder, OFFICE, id="case-1", customer="c1", title="Usage down", now=FRIDAY, key="k", priority=priority
    )


def test_opening_tells_the_first_level_at_once() -> None:
    case, tell = opened()
    assert tell == Tell(1, 1, "owner", FRIDAY)
    assert (case.status, case.level, case.key, case.told) == ("open", 1, "k", [Told(1, 1, FRIDAY)])


@pytest.mark.parametrize(("priority", "due"), [("high", "8 16:00"), ("normal", "10 16:00"), ("low", None)])
def test_the_time_to_resolve_follows_the_priority(priority: str, due: str | None) -> None:
    case, _ = opened(priority=priority)
    assert case.resolve_due == (at(due) if due else None)


def test_w3_levels_follow_after_business_hours() -> None:
    case, _ = opened()
    assert case.next_due == at("8 12:00")
    assert escalate(case, DESK, OFFICE, at("8 11:59")) == []
    assert escalate(case, DESK, OFFICE, at("8 12:00")) == [Tell(2, 1, "team-lead", at("8 12:00"))]
    assert escalate(case, DESK, OFFICE, at("8 16:00")) == [Tell(3, 1, "head", at("8 16:00"))]


def test_a_late_look_climbs_every_level_at_its_own_instant() -> None:
    case, _ = opened()
    assert [(tell.level, tell.at) for tell in escalate(case, DESK, OFFICE, at("9 09:00"))] == [
        (2, at("8 12:00")),
        (3, at("8 16:00")),
    ]


def test_w3_who_acknowledges_stops_the_ladder() -> None:
    case, _ = opened()
    assert acknowledge(case, "ada", at("8 11:00"))
    assert (case.status, case.by, case.acknowledged_at) == ("acknowledged", "ada", at("8 11:00"))
    assert escalate(case, DESK, OFFICE, at("30 12:00")) == []
    assert not acknowledge(case, "bob", at("8 12:00"))


def test_w3_the_ladder_loops_and_then_is_exhausted_aloud() -> None:
    case, _ = opened()
    told = escalate(case, DESK, OFFICE, at("30 12:00"))
    assert [(tell.loop, tell.level) for tell in told] == [(1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert case.exhausted
    assert (case.next_due, case.open) == (None, True)
    # and somebody can still take it
    assert acknowledge(case, "ada", at("30 13:00"))


def test_where_there_is_nobody_to_tell_the_next_level_is_told_at_once() -> None:
    case, tell = opened()
    assert pass_over(case, DESK, OFFICE, tell.at) == Tell(2, 1, "team-lead", FRIDAY)
    assert case.told == [Told(1, 1, FRIDAY, reached=False), Told(2, 1, FRIDAY)]
    assert case.next_due == at("8 12:00")


def test_a_ladder_of_nobody_is_exhausted_at_once() -> None:
    alone = msgspec.structs.replace(DESK, levels=DESK.levels[:1], loops=1)
    case, tell = opened(alone)
    assert pass_over(case, alone, OFFICE, tell.at) is None
    assert case.exhausted


def test_a_closed_case_stays_closed() -> None:
    case, _ = opened()
    assert resolve(case, "ada", at("8 10:00"))
    assert (case.status, case.by, case.ended_at, case.next_due) == ("resolved", "ada", at("8 10:00"), None)
    assert not resolve(case, "bob", at("8 11:00"))
    assert not cancel(case, "too late", at("8 11:00"))


def test_a_case_can_be_cancelled_with_its_reason() -> None:
    case, _ = opened()
    assert cancel(case, "answer changed", at("8 10:00"))
    assert (case.status, case.reason, case.open) == ("cancelled", "answer changed", False)


def test_a_case_survives_its_bytes() -> None:
    case, _ = opened()
    packed: Any = msgspec.msgpack.encode(case)
    assert msgspec.msgpack.decode(packed, type=Case) == case
