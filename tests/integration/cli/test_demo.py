"""The demonstration: in memory for the numbers, and in a database to be looked at."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from api.cli.staging import lay_out, play_into, stage
from engine.authoring.demo import generate
from engine.customers.zones import instant_of, moment_of
from engine.model.values import DAY
from engine.store.opening import open_store
from tests.command_line import Holdfast

# A demonstration is quiet, and what it sets up of logs is not the next test's.
pytestmark = pytest.mark.usefixtures("own_logs")

BASE = ("--seed", "7", "--customers", "260", "--days", "60")
CONTRACT = {"usage_drop", "low_csat", "cart_abandonment", "renewal", "churn"}


def test_the_demonstration_tells_what_happened(holdfast: Holdfast) -> None:
    # given a small base
    found = holdfast("demo", *BASE, "--json").answer

    # then the answer is whole
    assert set(found) == {
        "seed", "customers", "events", "days", "triggers", "workflows", "actions", "recall", "false_alarms",
        "sent", "contact", "experiments", "seconds",
    }  # fmt: skip
    assert (found["seed"], found["customers"], found["days"]) == (7, 260, 60)
    assert set(found["triggers"]) > CONTRACT
    assert set(found["workflows"]["cart-recovery"]) == {"started", "finished", "held_out", "goal_reached"}
    assert set(found["recall"]["usage_drop_50"]) == {"found", "of"}
    assert set(found["false_alarms"]["usage_drop_50"]) == {"alarmed", "of"}
    assert found["experiments"]["cart-recovery"]["comparisons"][0]["kind"] == "holdout"


def test_people_read_it_as_a_page(holdfast: Holdfast) -> None:
    said = holdfast("demo", *BASE).out

    assert said.startswith("Halden & Moor: 260 customers in 60 days (seed 7)")
    assert "cart-abandoned" in said and "win-back" in said and "email.send" in said
    assert "--story NAME" in said


def test_stories_are_listed_and_one_is_told_in_lines_that_fit(holdfast: Holdfast) -> None:
    assert "ada" in holdfast("demo", "--story").out

    said = holdfast("demo", *BASE, "--story", "cleo").out

    assert 'sent: "Your cart is still here" (cart-recovery)' in said
    assert "event.total > 0" in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_story_is_told_to_programs_too(holdfast: Holdfast) -> None:
    found = holdfast("demo", *BASE, "--story", "cleo", "--json").answer

    assert found["customer"] == "cleo"
    assert {entry["subject"] for entry in found["entries"] if entry["kind"] == "sent"} == {
        "Your cart is still here"
    }
    assert set(holdfast("demo", "--story", "--json").answer["stories"]) >= {"ada", "cleo"}


def test_a_story_of_nobody_says_so(holdfast: Holdfast) -> None:
    said = holdfast("demo", *BASE, "--story", "nobody")

    assert said.code == 1
    assert "no customer nobody" in said.err


def test_a_base_that_is_too_small_says_so(holdfast: Holdfast) -> None:
    said = holdfast("demo", "--customers", "3")

    assert said.code == 1
    assert said.err.startswith("holdfast: ")


def test_a_base_is_played_into_a_database_and_goes_on_to_now(workspace: Path, holdfast: Holdfast) -> None:
    # given the first days of a base
    demo = generate(7, 260, 30)
    few = msgspec.structs.replace(demo, events=demo.events[:150])
    url = f"sqlite:///{workspace / 'holdfast.db'}"

    # when they are played, and ten days more
    until = demo.events[149].received_at + 10 * DAY
    play_into(workspace, url, few, until)

    # then every delivery is there, and time has come as far
    doctor = holdfast("doctor", "--json").answer
    assert (doctor["received"], doctor["balanced"]) == (150, True)
    with open_store(url, exclusive=False).reader() as reader:
        reached = reader.last_heartbeat()
    assert reached is not None and moment_of(reached) >= moment_of(until - DAY)


def test_a_base_that_is_served_ends_now_with_something_that_waits_and_much_that_is_done(
    tmp_path: Path,
) -> None:
    # given a base that is staged at some instant of a Thursday
    now = instant_of(datetime(2026, 5, 21, 14, 20, tzinfo=UTC))
    url = f"sqlite:///{tmp_path / 'holdfast.db'}"
    stage(lay_out(tmp_path), url, now, seed=1, customers=260, days=28)

    # then what came today waits
    with open_store(url, exclusive=False).reader() as reader:
        asked = {ask.customer for ask in reader.asks()}
        answered, cases = reader.asks(answered=True), reader.cases(limit=1000)
        reached = reader.last_heartbeat()
    assert asked >= {"mia-studio", "noor-and-co"}
    assert {case.customer for case in cases if case.status == "open"} >= asked | {"otto"}
    assert reached == now

    # and of what came before most is done, by those who were asked and told
    assert {case.status for case in cases} >= {"open", "resolved"}
    assert all(case.by for case in cases if case.status == "resolved")
    assert all(ask.by in (ask.who, None) for ask in answered)
