"""A rule is explained from what bears on it, and told as playing everything would tell it."""

from __future__ import annotations

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.authoring.explaining.bearing import bearing_on
from engine.customers.event import Event
from engine.model.values import DAY, HOUR, Micros
from engine.timeline.ruleset import Ruleset
from tests.property.lives import LIVES, RULES, START, instants, lives, record_of, told


@settings(max_examples=80)
@given(
    events=lives(),
    rules=st.lists(st.sampled_from(sorted(RULES)), min_size=4, max_size=4, unique=True),
    files=st.sampled_from(sorted(LIVES)),
    moved=st.lists(instants, min_size=2, max_size=2, unique=True).map(sorted),
    asked=instants,
    outages=st.sampled_from([[], [(START + 3 * DAY + HOUR, START + 8 * DAY)]]),
)
def test_what_is_left_out_changes_nothing(
    events: list[Event],
    rules: list[str],
    files: str,
    moved: list[Micros],
    asked: Micros,
    outages: list[tuple[Micros, Micros]],
) -> None:
    # given a customer's life, and releases in between
    at = max(asked, events[0].received_at)
    live = [ruleset for number, ruleset in enumerate(LIVES[files]) if number == 0 or moved[number - 1] <= at]
    for customer in sorted({event.customer for event in events}):
        own = [event for event in events if customer in (event.customer, event.account)]
        came = [event for event in own if event.received_at <= at]
        for rule in rules:
            # when it is asked why, then it is told as if everything had been played
            record = record_of(files, moved, own, outages)
            narrow, plain = (told(rule, customer, at, record, sparing=sparing) for sparing in (True, False))
            assert narrow == plain, rule
            note(_spared(rule, live, came))


def _spared(rule: str, live: list[Ruleset], came: list[Event]) -> str:
    found = bearing_on(rule, live, came)
    if found.rulesets[0] is live[0]:
        return "everything is played"
    return "nothing is weighed" if not found.rulesets[0].desks["person"].scores else "idle rules are left out"
