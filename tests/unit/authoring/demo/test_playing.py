from functools import cache
from pathlib import Path

import msgspec

from engine.authoring.demo import TRIGGERS, generate
from engine.authoring.demo.playing import FAMILIES, Played, play
from engine.authoring.loader import load_folder, require
from engine.timeline.ruleset import Ruleset, compile_ruleset

REPOSITORY = Path(__file__).resolve().parents[4]
SMALLEST = 40
"""Customers of a base in which every case can still be told."""


@cache
def policy() -> Ruleset:
    return compile_ruleset(require(load_folder(REPOSITORY)))


@cache
def played(seed: int = 1) -> Played:
    return play(policy(), generate(seed, SMALLEST))


def test_every_family_of_triggers_fires() -> None:
    assert set(played().triggers) == set(FAMILIES.values())
    assert min(played().triggers.values()) > 0


def test_every_workflow_is_counted_and_none_ends_before_it_starts() -> None:
    courses = played().workflows

    assert set(courses) == set(policy().workflows)
    assert all(
        course.started >= course.finished and course.started >= course.held_out for course in courses.values()
    )
    assert sum(course.started for course in courses.values()) > 0


def test_actions_of_runs_and_of_rules_themselves_are_counted() -> None:
    # `contact.suppress` is done by a rule alone, `email.send` by workflows alone
    assert {"email.send", "contact.suppress"} <= set(played().actions)
    assert min(played().actions.values()) > 0


def test_what_was_found_is_told_for_every_trigger() -> None:
    assert set(played().recall) == set(TRIGGERS)
    assert set(played().false_alarms) == set(TRIGGERS)


def test_the_same_seed_plays_the_same_to_the_byte() -> None:
    again = play(policy(), generate(1, SMALLEST))

    assert msgspec.json.encode(again) == msgspec.json.encode(played())
    assert msgspec.json.encode(played(2)) != msgspec.json.encode(played())


def test_progress_is_told_in_events() -> None:
    told: list[tuple[int, int]] = []
    demo = generate(1, SMALLEST)

    play(policy(), demo, lambda done, of: told.append((done, of)))

    assert told and all(done <= of == len(demo.events) for done, of in told)
