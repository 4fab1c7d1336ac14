"""What the benchmarks make of what they measured: ratios, aims, growth, and profiles."""

from __future__ import annotations

from benchmarks.aims import AIMS, Aim, missed
from benchmarks.profiling import HotPath, stacks, told
from benchmarks.rows import Row


def test_a_ratio_says_how_many_times_better() -> None:
    rate = Row(name="rate", value=100, unit="/s", against={"slow": 20, "fast": 400})
    cost = Row(name="cost", value=5, unit="us", against={"slow": 20}, more_is_better=False)
    assert rate.ratio == {"slow": 5, "fast": 0.25}
    assert cost.ratio == {"slow": 4}


def test_an_aim_is_missed_by_value_or_by_ratio() -> None:
    # given the aim of a rate that is also to be ten times a peer's
    assert AIMS["intake_http"] == Aim(value=20_000, ratio={"one commit an event": 10})

    def intake(value: float, alone: float) -> list[str]:
        against = {"one commit an event": alone}
        return missed(Row(name="intake_http", value=value, unit="events/s", against=against))

    # then each of the two may be missed, and a cost is where it is larger
    assert intake(20_000, 2_000) == []
    assert intake(19_999, 2_000) == ["20,000 events/s", "10x one commit an event"]
    assert missed(Row(name="trace", value=5, unit="us", more_is_better=False)) == []
    assert missed(Row(name="trace", value=5.1, unit="us", more_is_better=False)) == ["5 us"]
    assert missed(Row(name="nobody-asked", value=1, unit="us")) == []


def test_a_curve_has_a_cliff_where_it_grows_by_more_than_there_is_more() -> None:
    def point(**detail: float) -> list[str]:
        return missed(Row(name="curve_rules", value=1, unit="us", more_is_better=False, detail=detail))

    assert point(rules=10) == []
    assert point(rules=100, more=10, growth=2.5) == []
    assert point(rules=100, more=10, growth=12) == ["a cliff: 12x for 10x"]


SERVER = 'process 1:"python -m benchmarks";process 2:"python -m api.cli.main serve"'
RAW = "\n".join(
    [
        'process 1:"python -m benchmarks";make (benchmarks/shopping.py:9) 7',
        f"{SERVER};run (a/b.py:1);play (a/c.py:3) 6",
        f"{SERVER};run (a/b.py:2);play (a/c.py:4) 2",
        f"{SERVER};run (a/b.py:2) 2",
        f"{SERVER};run (a/b.py:2);wait (threading.py:320) 50",
        f"{SERVER};_find_and_load (<frozen importlib._bootstrap>:1176);<module> (a/d.py:1) 9",
        f"{SERVER} 3",
    ]
)


def test_a_profile_keeps_what_belongs_to_its_path() -> None:
    # given what py-spy saw of a server, of what pushes, of what waits and of what is imported
    path = HotPath("row", "api.cli.main serve", "the server")

    # when that is told as text
    found = list(stacks(RAW, path.within))
    text = told("server", path, found, "a machine")

    # then lines of one function count together, for itself and with what it calls
    assert found == [
        (["run (a/b.py)", "play (a/c.py)"], 6),
        (["run (a/b.py)", "play (a/c.py)"], 2),
        (["run (a/b.py)"], 2),
    ]
    by_itself, _, with_others = text.partition("with what they call")
    assert " 80.0%  play (a/c.py)" in by_itself and " 20.0%  run (a/b.py)" in by_itself
    assert "100.0%  run (a/b.py)" in with_others
