from engine.authoring.demo.delivery import RawDelivery
from engine.authoring.demo.responses import PUT_OFF_FOR, Read, Responses
from engine.model.values import DAY, HOUR

SOME = 400


def read(number: int, message: str, **event: object) -> Read:
    return Read(customer=f"c{number}", run=f"run{number}", message=message, at=3 * DAY + HOUR, event=event)


def test_some_of_those_who_are_reminded_buy_what_is_in_the_cart_on_a_later_day() -> None:
    responses = Responses(1)
    answers = [responses.to(read(number, "cart-reminder", cart_id=f"k{number}")) for number in range(SOME)]
    bought = [answer[0] for answer in answers if answer]
    assert 0.4 * SOME < len(bought) < 0.6 * SOME
    assert all(one.body["properties"]["order_id"].startswith("k") for one in bought)
    assert all(4 * DAY <= one.received_at < 6 * DAY for one in bought)


def test_the_lot_is_the_same_for_the_same_seed_run_and_message() -> None:
    first, second, other = Responses(1), Responses(1), Responses(2)
    reads = [read(number, "cart-reminder", cart_id=f"k{number}") for number in range(SOME)]
    assert [first.to(one) for one in reads] == [second.to(one) for one in reads]
    assert [first.to(one) for one in reads] != [other.to(one) for one in reads]


def test_a_message_with_no_effect_brings_nothing() -> None:
    responses = Responses(1)
    assert not any(responses.to(read(number, "we-miss-you")) for number in range(SOME))


def test_who_is_helped_does_the_step_that_comes_next() -> None:
    responses = Responses(1)
    step = {"event": "onboarding_step_done", "customer": "c1", "properties": {"step": "connect"}}
    responses.comes(RawDelivery(DAY, step))
    steps = [
        answer[0].body["properties"]["step"]
        for number in range(20)
        if (answer := responses.to(Read(customer="c1", run=f"r{number}", message="onboarding-guide", at=DAY)))
    ]
    assert set(steps) == {"invite"}


def test_who_is_put_off_buys_nothing_for_a_while_and_then_again() -> None:
    responses = Responses(1)
    reads = [read(number, "champion-preview") for number in range(SOME)]
    assert not any(responses.to(one) for one in reads)

    def orders(at: int) -> int:
        bodies = [{"event": "order_completed", "customer": one.customer, "properties": {}} for one in reads]
        return sum(responses.comes(RawDelivery(at, body)) for body in bodies)

    assert orders(5 * DAY) < 0.2 * SOME
    assert orders(5 * DAY + PUT_OFF_FOR) == SOME


def test_a_cart_is_bought_once_whatever_is_written_about_it() -> None:
    responses = Responses(1)
    answers = [responses.to(read(number, "cart-reminder", cart_id="k")) for number in range(SOME)]
    assert sum(map(len, answers)) == 1
