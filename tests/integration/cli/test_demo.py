"""The demonstration: in memory for the numbers, and in a database to be looked at."""

from pathlib import Path

import msgspec

from api.cli.staging import play_into
from engine.authoring.demo import generate
from engine.customers.zones import moment_of
from engine.model.values import DAY
from engine.store.opening import open_store
from tests.command_line import Holdfast


def test_the_demonstration_tells_what_happened(holdfast: Holdfast) -> None:
    # given a small base, the same twice
    first, second = (holdfast("demo", "--seed", "7", "--customers", "40", "--json").answer for _ in range(2))

    # then the answer is whole, and the same but for the seconds it took
    assert set(first) == {
        "seed", "customers", "events", "days", "triggers", "workflows", "actions", "recall", "false_alarms",
        "seconds",
    }  # fmt: skip
    assert (first["seed"], first["customers"], first["days"]) == (7, 40, 120)
    assert set(first["triggers"]) == {"usage_drop", "low_csat", "cart_abandonment", "renewal", "churn"}
    assert set(first["recall"]["usage_drop_50"]) == {"found", "of"}
    assert set(first["false_alarms"]["usage_drop_50"]) == {"alarmed", "of"}
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_people_read_it_as_tables(holdfast: Holdfast) -> None:
    said = holdfast("demo", "--seed", "7", "--customers", "40").out

    assert said.startswith("Seed 7: 40 customers, ")
    assert "cart abandonment" in said and "win-back" in said and "email.send" in said


def test_a_base_that_is_too_small_says_so(holdfast: Holdfast) -> None:
    said = holdfast("demo", "--customers", "3")

    assert said.code == 1
    assert said.err.startswith("holdfast: ")


def test_a_base_is_played_into_a_database_and_goes_on_to_now(workspace: Path, holdfast: Holdfast) -> None:
    # given the first days of a base
    demo = generate(7, 40)
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
