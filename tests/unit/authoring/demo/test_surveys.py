from engine.authoring.demo import Demo
from engine.model.values import DAY, HOUR, MINUTE

from .conftest import Log


def wilson_upper(satisfied: int, answers: int) -> float:
    z = 1.959963984540054
    share = satisfied / answers
    spread = z * (share * (1 - share) / answers + z * z / (4 * answers**2)) ** 0.5
    return (share + z * z / (2 * answers) + spread) / (1 + z * z / answers)


def account_scores(demo: Demo) -> dict[str, list[int]]:
    """The scores of each account's members, in the order received."""
    members: dict[str, str] = {}
    scores: dict[str, list[int]] = {}
    seen: set[str] = set()
    for delivery in demo.events:
        body = delivery.body
        if body["event"] == "group":
            members[body["customer"]] = body["account"]
        elif body["event"] == "survey_answered" and body["customer"] in members and body["id"] not in seen:
            seen.add(body["id"])
            scores.setdefault(members[body["customer"]], []).append(body["properties"]["score"])
    return scores


def test_every_bad_answer_that_must_be_acted_on_is_heard_of_within_a_day(log: Log) -> None:
    for case in log.planted["low-csat-ticket", "fire"]:
        at, received, body = next(
            row for row in log.of("survey_answered", case.customer) if row[0] == case.at
        )
        assert body["properties"]["score"] <= 2
        assert received - at < DAY
        assert received <= case.within


def test_an_innocents_answers_are_good_late_or_a_second_delivery(log: Log) -> None:
    for case in log.planted["low-csat-ticket", "innocent"]:
        for at, received, body in log.of("survey_answered", case.customer):
            if body["properties"]["score"] <= 2:
                assert received - at > DAY or received < case.at


def test_what_is_corrected_within_the_hour_is_neither(log: Log, demo: Demo) -> None:
    planted = {case.customer for case in demo.planted if case.rule == "low-csat-ticket"}
    corrected = 0
    for (event, customer), rows in log.bodies.items():
        if event != "survey_answered" or customer in planted or len(rows) != 2:
            continue
        (first, _, one), (second, _, other) = rows
        if one["properties"]["ticket_id"] == other["properties"]["ticket_id"]:
            corrected += 1
            assert (one["properties"]["score"] <= 2, other["properties"]["score"]) == (True, 5)
            assert 5 * MINUTE <= second - first < HOUR
    assert corrected >= 15


def test_a_slow_ticket_is_solved_after_three_days_and_no_other(log: Log) -> None:
    def longest(customer: str) -> int:
        solved = {b["properties"]["ticket_id"]: at for at, _, b in log.of("ticket_solved", customer)}
        return max(
            solved[b["properties"]["ticket_id"]] - at for at, _, b in log.of("ticket_opened", customer)
        )

    assert all(longest(case.customer) > 3 * DAY for case in log.planted["ticket-slow", "fire"])
    reopened = {case.customer for case in log.planted["ticket-reopened", "fire"]}
    for case in log.planted["ticket-slow", "innocent"]:
        assert case.customer in reopened or longest(case.customer) < 3 * DAY


def test_unhappy_accounts_are_so_beyond_chance_and_others_never(log: Log, demo: Demo) -> None:
    scores = account_scores(demo)

    def alarming(account: str) -> bool:
        answers = [score >= 4 for score in scores[account]]
        return any(wilson_upper(sum(answers[:count]), count) < 0.8 for count in range(5, len(answers) + 1))

    unhappy = log.planted["low-csat-account", "fire"]
    innocent = log.planted["low-csat-account", "innocent"]
    assert {case.customer for case in (*unhappy, *innocent)} >= set(scores)
    assert len(unhappy) >= 12
    assert all(alarming(case.customer) for case in unhappy)
    assert not any(alarming(case.customer) for case in innocent if case.customer in scores)


def test_some_answers_come_twice(demo: Demo) -> None:
    ids = [delivery.body["id"] for delivery in demo.events if delivery.body["event"] == "survey_answered"]
    assert len(ids) - len(set(ids)) >= 20
