from functools import cache
from pathlib import Path

import msgspec

from engine.authoring.demo import FAMILIES, SCORED, generate
from engine.authoring.demo.people import SMALLEST
from engine.authoring.demo.playing import Played, Playing, play, told
from engine.authoring.loader import load_folder, require
from engine.timeline.ruleset import Ruleset, compile_ruleset

REPOSITORY = Path(__file__).resolve().parents[4]
DAYS = 105


@cache
def policy() -> Ruleset:
    return compile_ruleset(require(load_folder(REPOSITORY)))


@cache
def playing() -> Playing:
    one = Playing(policy(), generate(1, SMALLEST, DAYS))
    one.play()
    return one


@cache
def played() -> Played:
    return told(playing())


def test_every_rule_and_every_family_is_counted() -> None:
    names = {rule.replace("-", "_") for rule in policy().workspace.rules}
    assert set(played().triggers) == names | set(FAMILIES.values())
    assert (
        min(played().triggers[family] for family in ("low_csat", "cart_abandonment", "renewal", "churn")) > 0
    )


def test_every_workflow_is_counted_and_none_ends_before_it_starts() -> None:
    courses = played().workflows

    assert set(courses) == set(policy().workflows)
    assert all(
        course.started >= course.finished and course.started >= course.held_out for course in courses.values()
    )
    assert sum(course.goal_reached for course in courses.values()) > 0


def test_actions_of_runs_and_of_rules_themselves_are_counted() -> None:
    # `contact.suppress` is done by a rule alone, `email.send` by workflows alone
    assert {"email.send", "contact.suppress"} <= set(played().actions)
    assert min(played().actions.values()) > 0


def test_what_was_found_is_told_for_every_family_and_rule() -> None:
    assert set(SCORED) < set(played().recall)
    assert set(played().recall) == set(played().false_alarms)


def test_messages_are_those_that_left_and_reached_the_customer() -> None:
    messages = playing().messages()

    assert len(messages) == played().sent.messages > 0
    assert [one.at for one in messages] == sorted(one.at for one in messages)
    assert len(messages) <= played().actions["email.send"]


def test_readers_answer_and_others_do_as_they_would_anyway() -> None:
    answers = [one.body for one in playing().delivered if one.body["id"].startswith("r-")]

    assert answers
    assert {body["customer"] for body in answers} <= playing().demo.readers


def test_the_same_seed_plays_the_same_to_the_byte() -> None:
    again = play(policy(), generate(1, SMALLEST, DAYS))

    assert msgspec.json.encode(again) == msgspec.json.encode(played())


def test_progress_is_told_in_events() -> None:
    seen: list[tuple[int, int]] = []
    demo = generate(1, SMALLEST, 20)

    play(policy(), demo, lambda done, of: seen.append((done, of)))

    assert seen and all(done <= of == len(demo.events) for done, of in seen)
