"""Cases: clocks are read from the history alone, and no level is told twice, whatever is done when."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions.standing import Standing, decode, encode
from engine.escalation import case as escalation
from engine.escalation.calendar import add_open_time, before, due_at, open_time_between
from engine.escalation.case import Breach, Case, Outcome, Tell, Terms, open_case
from engine.escalation.clock import Mark, clocks_of, read
from engine.escalation.history import Happening, pauses
from engine.model.ladder import Calendar, Ladder, Level
from engine.model.values import HOUR, MINUTE, Duration, Hours, Micros
from tests.virtual_engine import VirtualEngine, instant, told

START = instant("2026-03-26 10:00")
"""The Thursday before the clocks of Europe go forward."""
WEEKS = 60 * 24 * 21
ZONES = ("UTC", "Europe/London", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe")
OPEN = ({"mon-fri": "09:00-17:00"}, {"sat": "20:00-08:00", "sun": "00:30-03:30"}, {"mon-sun": "00:00-24:00"})

calendars = st.one_of(
    st.none(),
    st.builds(
        lambda zone, hours, closed: Calendar(
            id="c", zone=zone, open={days: Hours.parse(text) for days, text in hours.items()}, closed=closed,
            special={"2026-03-31": Hours.parse("10:00-12:00")},
        ),
        st.sampled_from(ZONES),
        st.sampled_from(OPEN),
        st.sampled_from([(), (date(2026, 3, 30),)]),
    ),
)  # fmt: skip
lengths = st.one_of(
    st.integers(1, 60).map(lambda hours: Duration(hours, "h")),
    st.integers(1, 5).map(lambda days: Duration(days, "d")),
)
minutes = st.integers(0, WEEKS).map(lambda number: START + number * MINUTE)
spans = st.lists(st.tuples(minutes, minutes).map(lambda two: (min(two), max(two))), max_size=5)


def marks_of(paused: list[tuple[Micros, Micros]]) -> list[Mark]:
    return [
        Mark("start", START),
        *(mark for begin, end in paused for mark in (Mark("pause", begin), Mark("resume", end))),
    ]


@given(calendars, lengths, spans, st.tuples(minutes, minutes))
def test_another_pause_never_makes_a_clock_run_out_earlier(
    calendar: Calendar | None, limit: Duration, paused: list[Any], more: tuple[Micros, Micros]
) -> None:
    one = read(marks_of(paused), limit, calendar)
    other = read(marks_of([*paused, (min(more), max(more))]), limit, calendar)
    assert one is not None and other is not None
    assert one.due is not None and other.due is not None
    assert other.due >= one.due


@given(calendars, minutes, st.integers(1, 60 * 24).map(lambda number: number * MINUTE))
def test_open_time_added_is_open_time_between_and_before(
    calendar: Calendar | None, start: Micros, length: Micros
) -> None:
    end = add_open_time(calendar, start, length)
    assert open_time_between(calendar, start, end) == length
    latest = before(calendar, end, length)
    assert open_time_between(calendar, latest, end) == length
    assert latest >= start


@given(calendars, lengths, spans)
def test_pauses_are_taken_by_what_they_cover(
    calendar: Calendar | None, limit: Duration, paused: list[Any]
) -> None:
    # in whichever order they were told of
    forth, back = (read(marks_of(each), limit, calendar) for each in (paused, paused[::-1]))
    assert forth == back
    # and none of the time that they cover counts
    assert forth is not None and forth.due is not None
    if limit.days is None:
        off = sum(open_time_between(calendar, start, min(end or 0, forth.due)) for start, end in forth.pauses)
        assert open_time_between(calendar, START, forth.due) - off == limit.micros
    else:
        assert forth.due >= due_at(calendar, START, limit)


DESK = Ladder(
    id="desk",
    levels=tuple(Level(tell=who, within=Duration(4, "h")) for who in ("owner", "nobody", "lead")),
    loops=2,
    respond_within={"normal": Duration(6, "h"), "high": Duration(2, "h")},
    resolve_within={"normal": Duration(3, "d"), "high": Duration(8, "h")},
    warn_before=Duration(1, "h"),
)
ACTS = ("acknowledge", "assign", "pause", "resume", "high", "normal", "resolve", "cancel", "reopen", "look")
acts = st.lists(st.tuples(st.integers(0, 60 * 30), st.sampled_from(ACTS)), max_size=12)


def apply(case: Case, terms: Terms, act: str, now: Micros) -> list[Outcome]:
    if act == "acknowledge":
        escalation.acknowledge(case, "ada", now, now)
    elif act == "assign":
        return list(escalation.assign(case, terms, "ben", "ada", now, now) or ())
    elif act == "pause":
        escalation.pause(case, "waiting", "ada", now - HOUR, now)
    elif act == "resume":
        escalation.resume(case, "ada", now, now)
    elif act in ("high", "normal"):
        escalation.prioritise(case, act, "ada", now)
    elif act == "resolve":
        escalation.resolve(case, "ada", now, now)
    elif act == "cancel":
        escalation.cancel(case, "no", now)
    elif act == "reopen":
        return list(escalation.reopen(case, terms, None, "ada", now) or ())
    return []


def play(
    calendar: Calendar | None, done: list[tuple[int, str]], looks: list[Micros], again: bool = False
) -> tuple[Case, list[Outcome]]:
    """Play acts with the times between them; look besides at some instants, and do each act once `again`."""
    terms = Terms(DESK, calendar, lambda who: None if who == "nobody" else str(who))
    case, found = open_case(terms, id="c", customer="x", title="T", now=START)
    now, extra = START, sorted(looks)

    def until(end: Micros) -> None:
        while (due := min([at for at in (case.due, *extra[:1]) if at is not None], default=end)) < end:
            if extra and extra[0] == due:
                extra.pop(0)
            found.extend(escalation.turn(case, terms, max(due, START)))

    for wait, act in done:
        now += wait * MINUTE
        until(now)
        for _ in range(2 if again else 1):
            found.extend(apply(case, terms, act, now))
            found.extend(escalation.turn(case, terms, now))
    until(now + 10 * 24 * HOUR)
    return case, found


@settings(max_examples=60, deadline=None)
@given(calendars, acts, st.lists(minutes, max_size=8))
def test_a_case_is_the_same_however_often_it_is_looked_at(
    calendar: Calendar | None, done: list[tuple[int, str]], looks: list[Micros]
) -> None:
    case, found = play(calendar, done, [])
    assert play(calendar, done, looks) == (case, found)
    # and after a restart
    standing = decode(encode(Standing(cases={"c": case})))
    assert standing.cases["c"] == case
    assert clocks_of(standing.cases["c"].history, DESK, calendar) == clocks_of(case.history, DESK, calendar)


@settings(max_examples=60, deadline=None)
@given(calendars, acts, st.lists(minutes, max_size=4))
def test_nothing_is_told_twice_in_whichever_order_things_come(
    calendar: Calendar | None, done: list[tuple[int, str]], looks: list[Micros]
) -> None:
    case, found = play(calendar, done, looks)
    tells = [each.place for each in found if isinstance(each, Tell)]
    assert max(Counter(tells).values()) == 1
    breaches = [(each.key, each.near) for each in found if isinstance(each, Breach)]
    assert len(set(breaches)) == len(breaches)
    # in one round of a case nobody of the ladder is told at the same place twice
    rounds, places = 0, Counter[tuple[int, int, int]]()
    for each in case.history:
        rounds += each.what == "reopened"
        if each.what in ("told", "passed_over"):
            places[rounds, each.loop, each.level] += 1
    assert max(places.values()) == 1


@settings(max_examples=60, deadline=None)
@given(calendars, acts)
def test_what_is_done_twice_is_done_once(calendar: Calendar | None, done: list[tuple[int, str]]) -> None:
    # a second reopening, pausing or raising of the priority finds it done
    assert play(calendar, done, [], again=True) == play(calendar, done, [])


@given(st.lists(st.tuples(minutes, st.sampled_from(("paused", "resumed", "resolved")), minutes), max_size=8))
def test_pauses_lie_apart_and_in_order(said: list[Any]) -> None:
    spans_, since = pauses([Happening(what, at, now) for at, what, now in said])
    assert spans_ == sorted(spans_)
    assert all(start < end for start, end in spans_)
    assert all(one[1] < other[0] for one, other in pairwise(spans_))
    assert since is None or all(end <= since for _, end in spans_)


LADDER = """
ladder: desk
levels:
  - {tell: =customer.owner, within: 4h}
  - {tell: lead, within: 4h}
loops: 2
respond_within: {normal: 6h}
resolve_within: {normal: 1d}
warn_before: 1h
"""
GO = """
rule: go
when: {event: trouble}
then:
  - do: case.open
    with: {ladder: desk, title: In trouble, key: one}
"""
EVENTS = ("acknowledged", "paused", "resumed", "assigned", "resolved", "reopened", "cancelled")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from(EVENTS), st.booleans(), st.booleans()), max_size=8)
)
def test_through_the_timeline_nothing_is_told_twice_with_retries_and_ticks_between(
    said: list[tuple[int, str, bool, bool]],
) -> None:
    # given a case, and acts at whole hours of which some come twice, with or without a look before
    engine = VirtualEngine(GO, LADDER, settings="people: {lead: {email: lead@example.com}}\n")
    at = instant("2026-03-02 10:00")
    engine.identify(told(at), owner="sam@example.com")
    engine.receive(told(at), "trouble")
    (case,) = engine.simulation.changes.cases.values()
    for number, (wait, what, looked, retried) in enumerate(said):
        at += wait * HOUR
        if looked:
            engine.until(told(at))
        for _ in range(1 + retried):
            engine.receive(told(at), f"case_{what}", key=f"a{number}", case=case.id, by="sam", who="lead")
    engine.until(told(at + 72 * HOUR))

    # then each effect has a key of its own, and each event an id
    keys = Counter(effect.key for effect in engine.simulation.changes.effects)
    assert max(keys.values()) == 1
    ids = Counter(event.message_id for event in engine.simulation.changes.events)
    assert not ids or max(ids.values()) == 1
    # and a case that nobody has is exhausted, or somebody is still to be told
    assert not (case.status == "open" and case.paused_at is None) or case.exhausted or case.next_due
