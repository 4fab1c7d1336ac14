"""Calibration: what became of customers by band, against counts made by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.authoring.outcomes.calibration import Calibration, Share, calibrate
from engine.customers.event import Event
from engine.customers.zones import instant_of
from engine.errors import NotFoundError
from engine.model.values import DAY
from tests.virtual_engine import instant, workspace

FACTS = """
facts:
  usage: {type: number}
events:
  login: {}
  left: {}
"""
HEALTH = """
score: health
parts:
  usage: {weight: 1, is: customer.usage / 100}
bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}
"""
SHOP = workspace(FACTS, HEALTH)
FIRST = datetime(2026, 1, 1, 10, tzinfo=UTC)


def event(day: int, customer: str, name: str, **properties: object) -> Event:
    at = instant_of(FIRST + timedelta(days=day))
    return Event(
        source="shop", message_id=f"{name}-{customer}-{day}", customer=customer, name=name,
        occurred_at=at, received_at=at, properties=properties,
    )  # fmt: skip


def past() -> list[Event]:
    """Ten red customers of whom four leave on 10 February, ten green ones of whom one does; until 2 May."""
    events = []
    for number in range(20):
        usage = 20 if number < 10 else 90
        events.append(event(2, f"c{number}", "identify", usage=usage))
        if number in (0, 1, 2, 3, 10):
            events.append(event(40, f"c{number}", "left"))
    events.append(event(121, "c19", "login"))
    return sorted(events, key=lambda one: (one.received_at, one.customer))


def rows(found: tuple[Share, ...]) -> dict[str, tuple[int, int]]:
    return {row.name: (row.had, row.n) for row in found if row.n}


def calibrated(**more: object) -> Calibration:
    settings = {"outcome": "final left", "within": 30 * DAY, **more}
    return calibrate(SHOP, past(), "health", **settings)  # type: ignore[arg-type]


def test_each_month_s_start_looks_at_who_can_still_leave() -> None:
    # when all is replayed until 2 May
    found = calibrated()
    # then 1 February sees all, and the later months those who have not left; May is not over
    assert [f"{datetime.fromtimestamp(at / 1e6, UTC):%m-%d}" for at in found.looks] == [
        "02-01",
        "03-01",
        "04-01",
    ]
    assert (found.incomplete, found.customers) == (1, 20)
    # 4 of 10 + 0 of 6 + 0 of 6 red, 1 of 10 + 0 of 9 + 0 of 9 green
    assert rows(found.bands) == {"red": (4, 22), "green": (1, 28)}
    assert rows(found.tenths) == {"20 to 30": (4, 22), "90 to 100": (1, 28)}


def test_a_share_has_its_wilson_interval() -> None:
    red = next(row for row in calibrated(as_of=instant("2026-03-05 00:00")).bands if row.name == "red")
    # 4 of 10: [16.8, 68.7] (Wilson)
    assert (red.had, red.n, red.share) == (4, 10, Decimal("0.4"))
    assert (round(100 * red.low, 1), round(100 * red.high, 1)) == (Decimal("16.8"), Decimal("68.7"))
    assert (red.from_, red.to) == (0, 40)


def test_nothing_is_known_before_a_span_is_over() -> None:
    found = calibrated(within=90 * DAY, as_of=instant("2026-04-20 00:00"))
    assert (found.looks, found.incomplete) == ((), 3)
    assert all((row.n, row.share, row.low) == (0, None, None) for row in found.bands)


def test_who_comes_back_can_leave_again() -> None:
    events = [*past(), event(65, "c0", "login"), event(70, "c0", "left")]
    events.sort(key=lambda one: one.received_at)
    found = calibrate(SHOP, events, "health", outcome="final left", within=30 * DAY)
    # back on 7 March and gone on the 12th: looked at on 1 February alone
    assert rows(found.bands)["red"] == (4, 22)
    events = [*past(), event(55, "c0", "login"), event(70, "c0", "left")]
    events.sort(key=lambda one: one.received_at)
    found = calibrate(SHOP, events, "health", outcome="final left", within=30 * DAY)
    # back on 25 February: looked at on 1 March too, and gone again
    assert rows(found.bands)["red"] == (5, 23)


def test_the_absence_of_an_event_is_an_outcome() -> None:
    found = calibrated(outcome="no login")
    # all 20 at each of the three starts: nobody logs in within 30 days of 1 February or 1 March, c19 does not
    # within those of 1 April, for 2 May is the 31st
    assert rows(found.bands) == {"red": (30, 30), "green": (30, 30)}
    found = calibrated(outcome="no login", within=31 * DAY, as_of=instant("2026-05-03 00:00"))
    assert rows(found.bands) == {"red": (30, 30), "green": (30, 30)}


def test_a_person_s_override_does_not_make_a_score_look_better() -> None:
    # given one of the red who leave, overridden to 95 before the first look
    at = instant("2026-01-20 10:00")
    override = Event(
        source="operator", message_id="o", customer="c0", name="score_overridden", occurred_at=at,
        received_at=at, cause="operator",
        properties={"score": "health", "value": 95, "reason": "x", "by": "sam", "until": "2026-12-31"},
    )  # fmt: skip
    events = sorted([*past(), override], key=lambda one: one.received_at)
    found = calibrate(SHOP, events, "health", outcome="final left", within=30 * DAY)
    # then it counts where it was computed to be
    assert rows(found.bands) == {"red": (4, 22), "green": (1, 28)}


@pytest.mark.parametrize(("score", "outcome"), [("wealth", "left"), ("health", "lost")])
def test_what_there_is_not_is_said(score: str, outcome: str) -> None:
    with pytest.raises(NotFoundError):
        calibrate(SHOP, past(), score, outcome=outcome, within=DAY)


def test_of_no_events_nothing_is_known() -> None:
    found = calibrate(SHOP, [], "health", outcome="final left", within=DAY)
    assert (found.as_of, found.looks, found.customers) == (None, (), 0)


def test_who_pays_for_no_contract_cannot_churn() -> None:
    # given two with a contract, of whom one cancels, and one who only ever looks around
    paying = workspace(
        "facts:\n  usage: {type: number}\n"
        "subscriptions: {of: subscription_updated, id: subscription_id, mrr: mrr, ends: ends_at}\n"
        "events:\n  subscription_updated: {subscription_id: text, mrr: number, ends_at: time}\n  login: {}\n",
        HEALTH,
    )
    events = [event(1, name, "identify", usage=20) for name in ("ann", "ben", "eve")]
    events += [
        event(2, name, "subscription_updated", subscription_id=name, mrr=50) for name in ("ann", "ben")
    ]
    ends = {"subscription_id": "ann", "mrr": 50, "ends_at": "2026-02-20T00:00:00+00:00"}
    events += [event(40, "ann", "subscription_updated", **ends), event(70, "ann", "login")]
    events += [event(140, "ben", "login")]
    found = calibrate(paying, events, "health", outcome="churned", within=30 * DAY)
    # then the end of the contract, which time alone brings, is the outcome; ann is looked at before it only,
    # though she is heard of later, eve never, and ben each month
    assert rows(found.bands) == {"red": (1, 1 + 3)}
