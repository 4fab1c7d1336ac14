"""Charts: pictures that are read without colour, with the numbers as a table, and text as text."""

from xml.etree import ElementTree

from api.console.charts import Bar, Chart, Series, bars, lines


def drawn(chart: Chart) -> ElementTree.Element:
    """Reads what is drawn, which has to be XML."""
    return ElementTree.fromstring(str(chart.svg))


def test_bars_have_their_label_their_number_and_a_length_in_proportion() -> None:
    chart = bars("Fired", [Bar("usage-drop", 40), Bar("quiet", 10), Bar("never", 0)], of="Fired", by="Rule")
    found = drawn(chart)
    assert [each.text for each in found.iter("text")] == ["usage-drop", "40", "quiet", "10", "never", "0"]
    wide = [each.get("width") for each in found.iter("rect") if each.get("class") == "bar"]
    assert wide == ["100.0%", "25.0%", "0.0%"]
    assert (chart.columns, chart.rows) == (
        ("Rule", "Fired"),
        (("usage-drop", "40"), ("quiet", "10"), ("never", "0")),
    )
    assert found.get("aria-label") == chart.says == "Fired. Most: usage-drop, 40."


def test_what_is_said_beside_a_number_is_in_the_table() -> None:
    chart = bars("Parts", [Bar("usage", 12.5, "0.5 of 1"), Bar("survey", 0)])
    assert chart.rows == (("usage", "12.5", "0.5 of 1"), ("survey", "0", ""))
    assert len(chart.columns) == 3


def test_nothing_is_a_chart_too() -> None:
    assert bars("Fired", []).says == "Fired: nothing yet."
    assert drawn(bars("Fired", [])).get("height") == "1"
    assert lines("Mean", [], [Series("mean", [])]).says == "Mean. mean: nothing yet."


def test_lines_differ_by_their_dash_and_not_by_colour_alone() -> None:
    chart = lines("Pace", ["1 Jan", "2 Jan"], [Series("is", [1, 2]), Series("was", [2, None])])
    paths = list(drawn(chart).iter("path"))
    assert [each.get("stroke-dasharray") for each in paths] == [None, "6 4"]
    assert chart.rows == (("1 Jan", "1", "2"), ("2 Jan", "2", "\N{EN DASH}"))
    assert chart.says == "Pace. is: 1 on 1 Jan, 2 on 2 Jan. was: 2 on 1 Jan, 2 on 1 Jan."


def test_a_line_stays_between_its_bounds() -> None:
    chart = lines("Mean", ["a", "b", "c"], [Series("mean", [0, 100, 50])], low=0, high=100)
    (path,) = drawn(chart).iter("path")
    assert path.get("d") == "M0.0 100.0 L50.0 0.0 L100.0 50.0"


def test_a_name_that_is_markup_is_text() -> None:
    chart = bars("<b>", [Bar("<script>", 1)])
    assert "<script>" not in str(chart.svg)
    assert [each.text for each in drawn(chart).iter("text")] == ["<script>", "1"]
