"""What a case supposes: instants on the wall clock, a past, typed values, a customer in the right arm."""

import pytest

from engine.authoring.supposed import before, customer_for, instant, newcomer, past, suppose
from engine.customers.zones import zone
from engine.errors import ValueSyntaxError
from engine.experiments.assignment import expose
from engine.model import testcase
from engine.model.testcase import HistoryEntry
from engine.model.values import Duration, Formula
from engine.timeline.ruleset import Ruleset, compile_ruleset
from tests.customer_facts import at
from tests.written_cases import workspace

BERLIN = zone("Europe/Berlin")


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return compile_ruleset(workspace())


def case(**keys: object) -> testcase.TestCase:
    return testcase.TestCase(it="is so", expect="nothing", **keys)  # type: ignore[arg-type]


def test_a_written_time_is_that_of_the_workspace() -> None:
    assert instant(BERLIN, "2026-07-05 12:00") == at("2026-07-05T10:00:00")
    assert instant(BERLIN, "2026-01-05 12:00:30") == at("2026-01-05T11:00:30")
    with pytest.raises(ValueSyntaxError, match="write it as 2026-01-05 12:00"):
        instant(BERLIN, "noon")


def test_days_keep_the_time_on_the_wall_clock_and_hours_do_not() -> None:
    # the clocks went forward in the night to 29 March 2026
    sunday = instant(BERLIN, "2026-03-29 12:00")
    assert before(BERLIN, sunday, Duration(1, "d")) == instant(BERLIN, "2026-03-28 12:00")
    assert before(BERLIN, sunday, Duration(24, "h")) == instant(BERLIN, "2026-03-28 11:00")


def test_a_past_goes_back_from_ago_and_comes_in_the_order_of_time() -> None:
    weekly = HistoryEntry(ago=Duration(1, "w"), every=Duration(1, "w"), times=3, event="usage")
    once = HistoryEntry(ago=Duration(10, "d"), event="visited")
    now = instant(BERLIN, "2026-01-29 12:00")
    found = past(case(history=(once, weekly)), BERLIN, now)
    assert [(BERLIN.local(when).day, name) for when, name, _ in found] == [
        (8, "usage"), (15, "usage"), (19, "visited"), (22, "usage"),
    ]  # fmt: skip


def test_traits_are_sent_and_everything_else_stands_in(ruleset: Ruleset) -> None:
    given = {"plan": "team", "renewal_date": "2026-03-01", "seats": None, "orders": 3}
    supposed = suppose(ruleset, "person", given)
    assert supposed.traits == {"plan": "team", "renewal_date": "2026-03-01"}
    assert supposed.facts == {"seats": None, "orders": 3}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seats": "many"}, "seats is a number, and 'many' is not a number"),
        ({"seats": Formula("customer.orders")}, "write the value itself"),
        ({"seat": 3}, "there is no fact seat"),
    ],
)
def test_what_is_no_such_value_is_refused(ruleset: Ruleset, given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueSyntaxError, match=message):
        suppose(ruleset, "person", given)


def test_a_newcomer_consents_and_can_be_reached_unless_the_case_says_otherwise(ruleset: Ruleset) -> None:
    usual = newcomer(ruleset, "person", case()).traits
    assert usual == {
        "email": "test@example.com", "phone": "+15550100", "timezone": "Europe/Berlin",
        "marketing_email": True,
    }  # fmt: skip
    silent = newcomer(ruleset, "person", case(consent=False, given={"email": "kim@example.com"})).traits
    assert (silent["marketing_email"], silent["email"]) == (False, "kim@example.com")


@pytest.mark.parametrize(("held_out", "side"), [(False, "treated"), (True, "held_out")])
def test_a_customer_is_on_the_side_that_the_case_wants(ruleset: Ruleset, held_out: bool, side: str) -> None:
    greet, policy = ruleset.workspace.workflows["greet"], ruleset.workspace.policy
    name = customer_for(policy, [greet], case(held_out=held_out), 0)
    assert expose(greet, policy, "", name, 0).arm == side


def test_an_arm_that_nobody_can_be_in_is_refused(ruleset: Ruleset) -> None:
    greet = ruleset.workspace.workflows["greet"]
    with pytest.raises(ValueSyntaxError, match="there is no arm red"):
        customer_for(ruleset.workspace.policy, [greet], case(arm="red"), 0)
