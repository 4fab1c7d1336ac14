from typing import Literal

from engine.authoring.demo import SCORED, Demo, Planted, score


def demo_of(*planted: Planted) -> Demo:
    return Demo(
        seed=1, start=0, end=100, days=1, customers=1, zones=("UTC",), events=(), planted=planted
    )  # fmt: skip


def case(expect: Literal["fire", "innocent"], trigger: str = "renewal", rule: str = "r") -> Planted:
    return Planted(trigger=trigger, rule=rule, customer="c", at=10, within=20, expect=expect)


def test_a_case_is_found_where_its_rule_fires_in_its_time() -> None:
    demo = demo_of(case("fire"))
    for at, found in ((9, 0), (10, 1), (20, 1), (21, 0)):
        assert score(demo, [("r", "c", at)])["recall"]["renewal"] == {"found": found, "of": 1}


def test_another_rule_or_customer_finds_nothing() -> None:
    found = score(demo_of(case("fire")), [("s", "c", 15), ("r", "d", 15)])
    assert found["recall"]["renewal"] == {"found": 0, "of": 1}


def test_an_innocent_is_alarmed_once_however_often_the_rule_fires() -> None:
    alarmed = score(demo_of(case("innocent")), [("r", "c", 12), ("r", "c", 14), ("r", "c", 30)])
    assert alarmed["false_alarms"]["renewal"] == {"alarmed": 1, "of": 1}
    assert alarmed["recall"]["renewal"] == {"found": 0, "of": 0}


def test_the_order_of_what_fired_does_not_matter() -> None:
    fired = [("r", "c", 5), ("r", "c", 15), ("r", "c", 30)]
    assert score(demo_of(case("fire")), fired) == score(demo_of(case("fire")), reversed(fired))


def test_every_family_is_told_and_every_rule_after_them() -> None:
    found = score(demo_of(case("fire", "r"), case("fire", "a")), [])
    assert list(found["recall"]) == list(found["false_alarms"]) == [*SCORED, "a", "r"]


def test_a_rule_counts_under_its_own_name_and_its_familys() -> None:
    found = score(demo_of(case("fire", "low_csat_ticket", "low-csat-ticket")), [("low-csat-ticket", "c", 15)])
    assert found["recall"]["low_csat_ticket"] == found["recall"]["low_csat"] == {"found": 1, "of": 1}


def test_usage_is_told_by_volume_alone() -> None:
    found = score(demo_of(case("fire", "usage_drop_2", "usage-drop")), [("usage-drop", "c", 15)])
    assert found["recall"]["usage_drop_2"] == {"found": 1, "of": 1}
    assert "usage_drop" not in found["recall"]


def test_what_a_workspace_has_no_rule_for_is_not_scored() -> None:
    found = score(demo_of(case("fire", "r"), case("fire", "a", "a")), [], {"a"})
    assert list(found["recall"]) == [*SCORED, "a"]
