"""Figures of the whole base: quintiles, gaps between active days, and their bytes."""

from collections.abc import Sequence

from engine.customers.figures import BaseFigures, BaseTally, decode_figures, encode_figures
from engine.customers.table import FactTable
from engine.model.facts import Rfm
from engine.model.rule import OnQuiet, Rule, StartRun
from engine.model.values import DAY, Duration, Micros
from tests.customer_facts import Customer, at, happened, table_of, workspace_of

MIDNIGHT = at("2026-03-16")
RFM = table_of(workspace_of(rfm=Rfm(of="order", value="total", over=Duration.parse("365d"))))


def buyers(frequencies: Sequence[int]) -> list[Customer]:
    """Customers who bought so often, the first of them longest ago, each for as much as its number."""
    made = []
    for number, times in enumerate(frequencies):
        customer = Customer(RFM, f"c{number}")
        first = MIDNIGHT - (100 - number) * DAY
        customer.take(
            *(happened("order", first + n, customer=customer.state.id, total=number) for n in range(times))
        )
        made.append(customer)
    return made


def tallied(table: FactTable, customers: Sequence[Customer], midnight: Micros) -> BaseFigures:
    tally = BaseTally(table, midnight)
    for customer in customers:
        tally.add(customer.state)
    return tally.figures()


def scores(
    customers: Sequence[Customer], figures: BaseFigures, now: Micros, fact: str = "rfm_f"
) -> list[int | None]:
    return [customer.facts(now, base=figures)[fact] for customer in customers]


def test_a_score_is_the_share_of_customers_strictly_worse() -> None:
    # W2
    customers = buyers((1, 1, 1, 1, 1, 1, 2, 3, 5, 9))
    figures = tallied(RFM, customers, MIDNIGHT)
    assert scores(customers, figures, MIDNIGHT) == [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]
    # A later last one is better, and a greater sum
    assert scores(customers, figures, MIDNIGHT, "rfm_r") == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores(customers, figures, MIDNIGHT, "rfm_m") == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_scores_change_when_the_base_is_added_up_again_and_not_before() -> None:
    # Given two who bought once and buy again in the morning
    customers = buyers((1, 1, 1, 1, 1, 1, 2, 3, 5, 9))
    figures = tallied(RFM, customers, MIDNIGHT)
    for customer in customers[4:6]:
        customer.take(happened("order", MIDNIGHT + DAY // 3, customer=customer.state.id, total=1))
    # Then that day nothing changes
    assert scores(customers, figures, MIDNIGHT + DAY // 2) == [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]
    # And at the next midnight exactly what 1,1,1,1,2,2,2,3,5,9 gives
    figures = tallied(RFM, customers, MIDNIGHT + DAY)
    assert scores(customers, figures, MIDNIGHT + DAY) == [1, 1, 1, 1, 3, 3, 3, 4, 5, 5]


def test_who_did_not_buy_has_no_score() -> None:
    nobody = Customer(RFM)
    long_ago = Customer(RFM)
    long_ago.take(happened("order", MIDNIGHT - 366 * DAY, total=5))
    figures = tallied(RFM, [nobody, long_ago, *buyers((1, 2))], MIDNIGHT)
    assert scores([nobody, long_ago], figures, MIDNIGHT) == [None, None]
    assert scores(buyers((1,)), BaseFigures(), MIDNIGHT) == [None]


def quiet_table(of: str = "order") -> FactTable:
    rule = Rule(id="lapsed", when=OnQuiet(quiet="p90", of=of), then=(StartRun(run="win-back"),))
    return table_of(workspace_of("Europe/Berlin", rules=[rule]))


def gapped(table: FactTable, gaps: Sequence[int]) -> list[Customer]:
    """One customer for each gap of days between two orders, of which the second comes twice a day."""
    made = []
    for number, gap in enumerate(gaps):
        customer = Customer(table, f"c{number}")
        first = at("2025-03-01T12:00+01:00")
        days = (first, first + gap * DAY, first + gap * DAY + 60)
        customer.take(*(happened("order", day, customer=customer.state.id) for day in days))
        made.append(customer)
    return made


def test_the_p90_of_gaps_is_by_nearest_rank() -> None:
    # Given 200 gaps: 1 to 200 days
    table = quiet_table()
    figures = tallied(table, gapped(table, range(1, 201)), MIDNIGHT)
    assert figures.p90("person", "order") == 180


def test_under_200_gaps_nothing_is_known() -> None:
    table = quiet_table()
    figures = tallied(table, gapped(table, range(1, 200)), MIDNIGHT)
    assert figures.p90("person", "order") is None


def test_a_late_order_parts_a_gap() -> None:
    # Given one gap of 10 days among 199 of 1, and an order of its middle received later
    table = quiet_table()
    customers = gapped(table, [1] * 180 + [10] * 20)
    assert tallied(table, customers, MIDNIGHT).p90("person", "order") == 1
    customers[-1].take(happened("order", at("2025-03-04T12:00+01:00"), MIDNIGHT - 1))
    # Then its gaps are 3 and 7, of 201
    assert tallied(table, customers, MIDNIGHT).p90("person", "order") == 3


def test_the_last_event_that_a_quiet_trigger_waits_for_is_known() -> None:
    table = quiet_table("any")
    customer = Customer(table)
    assert customer.state.last_occurred(table, "any") is None
    customer.take(
        happened("visit", MIDNIGHT),
        happened("identify", MIDNIGHT + 5),
        happened("unsubscribed", MIDNIGHT + 9),
    )
    assert customer.state.last_occurred(table, "any") == MIDNIGHT


def test_figures_do_not_depend_on_the_order_of_customers_and_keep_their_hash() -> None:
    customers = buyers((1, 4, 2, 8))
    figures = tallied(RFM, customers, MIDNIGHT)
    assert figures == tallied(RFM, customers[::-1], MIDNIGHT)
    assert decode_figures(encode_figures(figures)) == figures
    assert figures.hash != tallied(RFM, customers, MIDNIGHT + DAY).hash
