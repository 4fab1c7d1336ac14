"""How long a case took: elapsed, and in business hours without pauses."""

from engine.escalation.case import Case
from engine.escalation.durations import Durations, durations
from engine.escalation.history import Happening
from engine.model.ladder import Calendar
from engine.model.values import DAY, HOUR, Hours
from tests.virtual_engine import instant

OFFICE = Calendar(id="office", zone="Europe/London", open={"mon-fri": Hours.parse("09:00-17:00")})


def case(status: str, *said: tuple[str, str]) -> Case:
    history = [
        Happening(what, instant(f"2026-06-{at} Europe/London"), 0)
        for what, at in said  # type: ignore[arg-type]
    ]
    return Case(
        id="c",
        ladder="desk",
        customer="x",
        key=None,
        title="T",
        opened_at=0,
        status=status,
        history=history,  # type: ignore[arg-type]
    )


def test_a_case_that_nobody_took_has_none() -> None:
    assert durations(case("open", ("opened", "05 16:00")), OFFICE) == Durations()
    assert durations(case("open"), OFFICE) == Durations()


def test_pauses_and_closed_hours_are_no_business_hours() -> None:
    # given one from Friday 16:00, taken on Monday at 10:00, paused until 12:00, resolved at 14:00
    found = durations(
        case(
            "resolved", ("opened", "05 16:00"), ("acknowledged", "08 10:00"), ("paused", "08 10:00"),
            ("resumed", "08 12:00"), ("resolved", "08 14:00"),
        ),
        OFFICE,
    )  # fmt: skip
    assert (found.response, found.business_response) == (2 * DAY + 18 * HOUR, 2 * HOUR)
    assert (found.resolution, found.business_resolution) == (2 * DAY + 22 * HOUR, 4 * HOUR)


def test_the_first_response_and_the_last_resolution_count() -> None:
    # given one that was resolved at once, and came back from 12:00 to 15:00
    found = durations(
        case(
            "resolved", ("opened", "08 09:00"), ("resolved", "08 10:00"), ("reopened", "08 12:00"),
            ("acknowledged", "08 13:00"), ("resolved", "08 15:00"),
        ),
        None,
    )  # fmt: skip
    assert found == Durations(
        response=HOUR, business_response=HOUR, resolution=6 * HOUR, business_resolution=4 * HOUR
    )


def test_a_case_that_is_open_again_or_cancelled_is_not_resolved() -> None:
    again = case("open", ("opened", "08 09:00"), ("resolved", "08 10:00"), ("reopened", "08 12:00"))
    assert (durations(again, None).response, durations(again, None).resolution) == (HOUR, None)
    gone = case("cancelled", ("opened", "08 09:00"), ("acknowledged", "08 11:00"), ("cancelled", "08 12:00"))
    assert (durations(gone, None).response, durations(gone, None).resolution) == (2 * HOUR, None)


def test_who_responded_before_it_was_written_down_was_not_faster_than_at_once() -> None:
    early = case("acknowledged", ("opened", "08 09:00"), ("acknowledged", "08 08:00"))
    assert durations(early, None).response == 0
