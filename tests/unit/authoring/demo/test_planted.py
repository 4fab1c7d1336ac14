from engine.authoring.demo.planted import Story, within_days


def test_a_case_is_told_under_its_rules_name_or_another() -> None:
    story = Story([], [])
    story.fires("gone-quiet", "c", 1, 2)
    story.spares("usage-drop", "c", 1, 2, "usage_drop_2")
    assert [case.trigger for case in story.planted] == ["gone_quiet", "usage_drop_2"]
    assert [case.expect for case in story.planted] == ["fire", "innocent"]


def test_of_a_shorter_demo_cases_are_whole_and_innocents_as_far_as_they_go() -> None:
    story = Story([], [])
    for at in (1, 5, 9):
        story.fires("r", "c", at, at + 3)
        story.spares("r", "d", at, at + 3)
    seen = [(case.expect, case.at, case.within) for case in within_days(story.planted, 7)]
    assert seen == [("fire", 1, 4), ("innocent", 1, 4), ("innocent", 5, 7)]
