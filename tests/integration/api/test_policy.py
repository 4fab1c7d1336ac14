"""Rules and workflows through the doors: found by words, how often they fired, and where runs stand."""

from __future__ import annotations

from typing import Any, cast

import pytest

from engine.model.values import DAY, HOUR, MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports.activity import FRESH, Activities
from engine.store.interface import Reader
from tests.integration.api.conftest import START, Client, Door


def ids(client: Client, path: str) -> list[str]:
    return [item["id"] for item in client.get(path).json()["items"]]


def order(client: Client, customer: str, total: int) -> None:
    client.events({"customer": customer, "event": "order_completed", "id": customer, "total": total})


def standing(client: Client, engine: Engine) -> dict[str, Any]:
    """Gives where runs stand once it was counted: that goes on beside whoever asks."""
    assert client.get("/v1/workflows/ask-desk/standing").status_code == 200
    engine._standings.settle()
    told: dict[str, Any] = client.get("/v1/workflows/ask-desk/standing").json()
    return told


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["big-order", "call-me", "send-news"]),
        ("?search=ORDER", ["big-order"]),
        ("?search=big+desk", ["big-order"]),
        ("?search=shop", ["big-order", "call-me", "send-news"]),
        ("?search=big+news", []),
        ("?status=live&owner=shop", ["big-order", "call-me", "send-news"]),
        ("?status=draft", []),
        ("?owner=nobody", []),
    ],
)
def test_rules_are_found_by_words_status_and_owner(as_role: Door, query: str, found: list[str]) -> None:
    assert ids(as_role("author"), f"/v1/rules{query}") == found


def test_what_is_found_is_paged_by_cursors_of_these_filters(as_role: Door) -> None:
    author = as_role("author")
    first = author.get("/v1/rules?search=shop&limit=2").json()
    cursor = first["next_cursor"]
    assert ids(author, f"/v1/rules?search=shop&limit=2&cursor={cursor}") == ["send-news"]
    assert author.get(f"/v1/rules?search=desk&cursor={cursor}").status_code == 400
    assert author.get("/v1/rules?status=gone").status_code == 400


def test_how_often_a_rule_fired_is_told_by_day(as_role: Door, clock: VirtualClock) -> None:
    # given two orders on one day, of which one is big, and a big one on the next
    shop, author = as_role("admin"), as_role("author")
    order(shop, "ann", 200)
    order(shop, "ben", 20)
    clock.move_to(START + DAY)
    order(shop, "cid", 300)
    # then each day has its numbers, and one without anything is there too
    told = author.get("/v1/rules/big-order/activity?days=3").json()
    assert told["days"] == [
        {"day": "2026-01-04", "numbers": {}},
        {"day": "2026-01-05", "numbers": {"fired": 1, "not_met": 1}},
        {"day": "2026-01-06", "numbers": {"fired": 1}},
    ]
    assert (told["since"], told["zone"]) == ("2026-01-04T00:00:00Z", "UTC")


def test_how_many_runs_of_a_workflow_began_is_told_by_day(as_role: Door, clock: VirtualClock) -> None:
    shop, author = as_role("admin"), as_role("author")
    order(shop, "ann", 200)
    clock.move_to(START + DAY)
    order(shop, "ben", 200)
    days = author.get("/v1/workflows/ask-desk/activity?days=2").json()["days"]
    assert [sum(each["numbers"].values()) for each in days] == [1, 1]


class Watched:
    """A reader that keeps which spans it was asked for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.spans: list[tuple[int, int]] = []

    def decision_spans(self, rule: str, bounds: list[int]) -> Any:
        self.spans.append((bounds[0], bounds[-1]))
        return self._reader.decision_spans(rule, bounds)

    def decision_counts(self, **asked: Any) -> Any:
        return self._reader.decision_counts(**asked)


def test_days_that_are_over_are_counted_once_in_some_minutes(as_role: Door, engine: Engine) -> None:
    # given a big order, and its rule asked about on the next day: twice, and once more some minutes later
    order(as_role("admin"), "ann", 200)
    activities, zone = Activities(), engine.ruleset.zone
    with engine.store.reader() as reader:
        watched = Watched(reader)
        for now in (START + DAY, START + DAY + FRESH - 1, START + DAY + FRESH):
            told = activities.find(cast(Reader, watched), zone, "rule", "big-order", 2, now)
            assert [each.numbers for each in told.days] == [{"fired": 1}, {}]
    # then today was counted each time, and the day before twice
    midnight = START + DAY - 12 * HOUR
    assert [end <= midnight for _, end in watched.spans] == [True, False, False, True, False]


def test_where_the_open_runs_stand_is_told(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    # given two runs that wait for the desk
    shop, author = as_role("admin"), as_role("author")
    order(shop, "ann", 200)
    order(shop, "ben", 200)
    engine.run_until(START)
    told = standing(author, engine)
    assert (told["open"], told["older"], told["steps"]) == (2, 0, [{"path": "0", "runs": 2}])
    # when one is answered, and the count has grown old
    ask = shop.get("/v1/asks").json()["items"][0]
    assert shop.post(f"/v1/asks/{ask['id']}/answer", {"choice": "leave"}).status_code == 200
    clock.move_to(START + MINUTE)
    engine.run_until(START + MINUTE)
    # then what was counted beside is given
    assert standing(author, engine)["open"] == 1


@pytest.mark.parametrize(
    "path", ["rules/none/activity", "workflows/none/activity", "workflows/none/standing"]
)
def test_nothing_is_told_of_what_is_not_there(as_role: Door, path: str) -> None:
    assert as_role("author").get(f"/v1/{path}").status_code == 404
    assert as_role("ingest").get(f"/v1/{path}").status_code == 403
