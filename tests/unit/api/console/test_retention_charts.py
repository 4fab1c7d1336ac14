"""Charts of movements, intervals and a pace: read without colour, the numbers as a table, text as text."""

from xml.etree import ElementTree

from api.console.charts import Chart
from api.console.charts.intervals import Between, intervals
from api.console.charts.movements import Moved, movements
from api.console.charts.pace import Course, pace

LESS = "\N{MINUS SIGN}"


def drawn(chart: Chart) -> ElementTree.Element:
    """Reads what is drawn, which has to be XML."""
    return ElementTree.fromstring(str(chart.svg))


def number(element: ElementTree.Element, name: str) -> float:
    return float((element.get(name) or "").rstrip("%"))


def test_movements_stand_on_the_line_or_hang_from_it() -> None:
    # given what came and went in two months
    parts = [Moved("New", [60, 0]), Moved("Back", [20, 10]), Moved("Gone", [20, 40], down=True)]
    chart = movements("Moved", ["<Jan>", "Feb"], parts)
    bars = [each for each in drawn(chart).iter("rect") if each.get("x")]
    # then each bar is as long as its number, those of a side one upon the other
    new, back, gone, back_then, gone_then = bars
    zero = number(new, "y") + number(new, "height")
    assert number(new, "height") == 3 * number(back, "height") == 3 * number(gone, "height")
    assert abs(number(back, "y") + number(back, "height") - number(new, "y")) < 0.2
    assert abs(number(gone, "y") - zero) < 0.2 and abs(number(gone_then, "y") - zero) < 0.2
    assert number(back_then, "x") > number(new, "x")
    # and the parts of a side differ by their pattern, which the legend has too
    fills = [each.get("fill") for each in (new, back, gone)]
    assert fills == ["url(#up-0)", "url(#up-1)", "url(#down-0)"]
    assert all(f'fill="{fill}"' in str(chart.legend) for fill in fills)
    assert {each.get("id") for each in drawn(chart).iter("pattern")} == {"up-0", "up-1", "down-0"}
    assert chart.rows == (("<Jan>", "60", "20", f"{LESS}20"), ("Feb", "0", "10", f"{LESS}40"))
    assert chart.says == "Moved. New: 60 in all. Back: 30 in all. Gone: 60 in all."


def test_nothing_that_moved_is_a_chart_too() -> None:
    chart = movements("Moved", ["Jan"], [Moved("New", [0]), Moved("Gone", [None], down=True)])
    assert [each for each in drawn(chart).iter("rect") if each.get("x")] == []
    assert chart.rows == (("Jan", "0", "\N{EN DASH}"),)


def test_an_interval_is_drawn_around_a_line_at_zero() -> None:
    found = [Between("holdout", 2, -1, 4), Between("split", None, None, None)]
    chart = intervals("Lift", found, of="Lift")
    (point,) = drawn(chart).iter("circle")
    ends = [each for each in drawn(chart).iter("line") if each.get("class") == "reach"]
    assert number(ends[0], "x1") < 50 < number(point, "cx") < number(ends[0], "x2") < 100
    assert chart.rows[0] == ("holdout", "2", f"{LESS}1", "4")
    assert chart.says == f"Lift. holdout: 2, between {LESS}1 and 4. split: too early to say."


def test_a_pace_has_its_ring_on_the_line_and_a_point_where_one_stands() -> None:
    course = Course(
        start=24, target=2, expected=13, current=15, passed=0.5, began="1 Jan 2026", ends="1 Jul 2026"
    )
    chart = pace("Pace", course)
    (way,) = (each for each in drawn(chart).iter("line") if each.get("class") == "way")
    ring, point = drawn(chart).iter("circle")
    middle = (number(way, "y1") + number(way, "y2")) / 2
    assert number(ring, "cx") == number(point, "cx") == 50
    assert abs(number(ring, "cy") - middle) < 0.2
    # more is drawn higher, whatever the goal is
    assert number(point, "cy") < number(ring, "cy")
    assert chart.rows[1:3] == (("Expected by now", "13"), ("Stands at", "15"))
    assert "expected by now 13, stands at 15" in chart.says
