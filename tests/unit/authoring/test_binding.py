import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.authoring import forms
from engine.authoring.binding import FAILED, bind
from engine.authoring.reading import Page, read_yaml
from engine.authoring.sheet import Origins, Sheet
from engine.model.facts import Computed, EventType, Fact, FactType, NamedExpression, PropertyType, Trait
from engine.model.rule import OnEvent, OnMissing, Rule, Trigger
from engine.model.segment import Segment
from engine.model.testcase import HistoryEntry, TimelineEntry
from engine.model.values import Duration, Formula, TimeOfDay, Value
from engine.model.workflow import Step, Until, Wait

assert forms  # registers the written forms


class Bound(msgspec.Struct):
    """What binding a text gave."""

    value: Any
    page: Page
    origins: Origins

    @property
    def said(self) -> list[str]:
        return [str(finding).partition(": ")[2] for finding in self.page.findings]


def bound(text: str, kind: Any) -> Bound:
    page = read_yaml("a.yaml", text.encode())
    assert page.root is not None, page.findings
    origins = Origins()
    return Bound(bind(page.root, kind, Sheet(page, origins)), page, origins)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3d", Duration, Duration(3, "d")),
        ("10", Decimal, Decimal(10)),
        ("2.5", Decimal, Decimal("2.5")),
        ("yes", bool, True),
        ("false", bool, False),
        ("010", str, "010"),
        ("404", str, "404"),
        ("2026-12-25", dt.date, dt.date(2026, 12, 25)),
        ("09:00", TimeOfDay, TimeOfDay(9, 0)),
        ("1", Formula, Formula("1")),
        ("[1d, 2d]", tuple[Duration, ...], (Duration(1, "d"), Duration(2, "d"))),
        ("{a: 1d}", dict[str, Duration], {"a": Duration(1, "d")}),
        ("{a: text, b: number}", dict[str, FactType], {"a": FactType.TEXT, "b": FactType.NUMBER}),
    ],
)
def test_a_text_is_bound_as_what_is_expected(text: str, kind: Any, value: object) -> None:
    result = bound(text, kind)
    assert result.value == value
    assert result.said == []


def test_a_value_is_literal_unless_it_begins_with_equals() -> None:
    result = bound("{reason: usage down, value: =event.total, list: [=now, yes, 2.50, true, '3']}", Value)
    assert result.value == {
        "reason": "usage down",
        "value": Formula("event.total"),
        "list": [Formula("now"), "yes", Decimal("2.50"), True, "3"],
    }


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("ten", Decimal, "'ten' is not a number; write it as 10 or 2.5"),
        ("'10'", Decimal, "'10' is a text; write the number without quotes"),
        ("2.5", int, "'2.5' is not a whole number; write it as 10, without quotes"),
        ("on", bool, "'on' is neither yes nor no; write yes or no"),
        ("[a]", str, "a text is expected here, not a list; write a text"),
        (
            "{a: b}",
            Formula,
            "an expression is expected here, not a map; put the whole expression in double quotes",
        ),
        ("txt", FactType, "'txt' is not known here, did you mean text?"),
        ("2026-13-01", dt.date, "'2026-13-01' is not a day; write it as 2026-12-25"),
        ("=now", Formula, "this key always holds an expression; leave the = out"),
        ("=now", str, "an expression cannot stand here; write a text"),
        ("a", tuple[str, ...], "a list is expected here, not a text; write [a]"),
    ],
)
def test_what_does_not_fit_is_told_what_to_write(text: str, kind: Any, says: str) -> None:
    result = bound(text, kind)
    assert result.value is FAILED
    assert result.said == [says]


def test_every_error_of_a_map_is_told() -> None:
    result = bound(
        "{rule: a, statuss: live, at_most: never, when: {event: x}, on: persons, then: [{run: b, wth: {}}]}",
        Rule,
    )
    assert result.said == [
        "unknown key statuss, did you mean status?",
        "'never' is not a limit; write 1 per 30d",
        "'persons' is not known here, did you mean person?",
        "unknown key wth, did you mean with?",
    ]


def test_a_struct_is_built_as_far_as_it_is_sound() -> None:
    # given a rule with a wrong limit and no `then`
    result = bound("{rule: a, at_most: never, when: {event: x}, if: [x > 1]}", Rule)

    # then the rest is there to be checked, and what failed is not spoken of again
    assert result.value.at_most is None
    assert result.value.then == ()
    told = len(result.page.findings)
    result.origins.say(result.value, "at_most", code="a", message="again")
    result.origins.say(result.value, "then", code="a", message="again")
    assert len(result.page.findings) == told
    result.origins.say(result.value, "if", 0, code="a", message="here", offset=2)
    assert (result.page.findings[-1].line, result.page.findings[-1].column) == (1, 52)


def test_the_longest_mark_tells_which_form_is_meant() -> None:
    assert isinstance(bound("{event: a}", Trigger).value, OnEvent)
    assert isinstance(bound("{event: a, without: b, for: 1d}", Trigger).value, OnMissing)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{wait: 1d, stop: done}", "a step does one thing; this one has wait and stop; write one of them"),
        ("{as: x}", "a step needs a verb; write do, run, wait, wait_for, if, split, ask or stop"),
        ("{wiat: 1d}", "unknown key wiat, did you mean wait?"),
    ],
)
def test_a_step_has_one_verb(text: str, says: str) -> None:
    assert bound(text, Step).said == [says]


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("day 6", 6),
        ("'09:00'", TimeOfDay(9, 0)),
        ("=customer.renewal_date", Formula("customer.renewal_date")),
    ],
)
def test_a_wait_until_a_moment(text: str, until: object) -> None:
    assert bound(f"wait: {{until: {text}}}", Step).value == Wait(wait=Until(until=until))  # type: ignore[arg-type]


def test_the_forms_of_a_fact() -> None:
    result = bound("{a: {type: boolean, default: yes}, b: {count: x}, c: customer.a}", dict[str, Fact])
    assert result.value == {
        "a": Trait(type=FactType.BOOLEAN, default=True),
        "b": Computed(count="x"),
        "c": NamedExpression(expression=Formula("customer.a")),
    }


def test_an_event_is_a_map_of_its_properties() -> None:
    result = bound("{id: text, total: {type: number, required: yes}, revises: id}", EventType)
    assert result.value == EventType(
        properties={
            "id": PropertyType(type=FactType.TEXT),
            "total": PropertyType(type=FactType.NUMBER, required=True),
        },
        revises="id",
    )


def test_what_is_no_key_of_a_test_entry_is_a_property() -> None:
    history = bound("{ago: 14d, every: 1w, times: 8, event: usage, minutes: 50}", HistoryEntry).value
    assert history == HistoryEntry(
        ago=Duration(14, "d"), every=Duration(1, "w"), times=8, event="usage", properties={"minutes": 50}
    )
    later = bound("{after: 26h, event: order_completed, total: 120, expect: nothing}", TimelineEntry).value
    assert later.properties == {"total": 120}
    assert later.expect == "nothing"


def test_one_line_a_list_or_any_of_some() -> None:
    enter = bound("{segment: a, enter_if: [x > 1, {any: [y > 2, z > 3]}], leave_if: x < 1}", Segment).value
    assert [type(entry).__name__ for entry in enter.enter_if] == ["Formula", "AnyOf"]
    assert enter.leave_if == Formula("x < 1")


def test_lines_of_a_block_are_one_expression() -> None:
    page = bound("enter_if: |\n  x > 1\n  and y > 2\nsegment: a\n", Segment)
    assert page.value.enter_if == Formula("x > 1 and y > 2")
