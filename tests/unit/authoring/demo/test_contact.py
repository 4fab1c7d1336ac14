from engine.authoring.demo.contact import Message, contact, most_within, sent
from engine.model.values import DAY


def message(day: float, customer: str = "c", class_: str = "marketing") -> Message:
    return Message(
        customer=customer, at=int(day * DAY), workflow="w", class_=class_, channel="email", message="m"
    )


def test_messages_are_counted_by_class_and_name() -> None:
    found = sent([message(1), message(2, class_="service"), message(2, "d")])
    assert (found.messages, found.customers) == (3, 2)
    assert found.classes == {"marketing": 2, "service": 1}
    assert found.names == {"m": 3}


def test_a_span_of_seven_days_holds_less_than_the_eighth() -> None:
    assert most_within([message(0), message(3), message(6.9)], 7 * DAY) == 3
    assert most_within([message(0), message(3), message(7)], 7 * DAY) == 2


def test_spans_are_counted_for_each_customer_alone() -> None:
    assert most_within([message(0), message(1, "d")], 7 * DAY) == 1
    assert most_within([], 7 * DAY) == 0


def test_only_marketing_counts_for_the_weeks_and_everything_for_the_days() -> None:
    found = contact([message(1), message(1.1, class_="service"), message(3)], ["address"], [])
    assert (found.most_marketing_in_7_days, found.most_in_a_day) == (2, 2)
    assert found.skipped == {"address": 1}
