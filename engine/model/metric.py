"""What the workspace's metrics are made of: which events are orders, tickets, surveys and activity."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks
from engine.model.values import Duration, Percent

ChurnFormula = Literal["standard", "stripe", "daily"]
SourceKind = Literal["survey", "csm", "inferred", "billing"]


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event of an order, and which property holds its id and its amount.

    Of one customer and order id the earliest event is the order; without an id each event is one.
    """

    event: str = "order_completed"
    id: str = "order_id"
    amount: str = "total"


class Tickets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The events of a ticket's life. `contacted` is the customer writing again before it is solved.

    `calendar` gives the open hours of `clock: business`. A ticket that comes back within
    `reopened_within` was not resolved at first contact.
    """

    opened: str = "ticket_opened"
    answered: str = "ticket_answered"
    solved: str = "ticket_solved"
    reopened: str = "ticket_reopened"
    paused: str = "ticket_paused"
    resumed: str = "ticket_resumed"
    contacted: str = "ticket_contacted"
    id: str = "ticket_id"
    reopened_within: Duration = Duration(7, "d")
    calendar: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Give the events that it reads."""
        return (
            self.opened, self.answered, self.solved, self.reopened,
            self.paused, self.resumed, self.contacted,
        )  # fmt: skip


class Survey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A survey's event, the property that holds the score, the scale, and from where a score is good.

    Of the answers with one value of `per` the latest counts.
    """

    event: str
    score: str = "score"
    scale: tuple[int, int] = (1, 5)
    good_from: int = 4
    per: str | None = None


class Surveys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The survey of customer satisfaction, and the one that asks for a recommendation (0 to 10)."""

    csat: Survey = Survey(event="survey_answered")
    nps: Survey = Survey(event="nps_answered", scale=(0, 10), good_from=9)


class Active(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is a customer: `by: contracts` whoever pays, `by: events` whoever did one of `events` lately.

    By default contracts where facts declare `subscriptions`, else orders within 30 days.
    """

    by: Literal["contracts", "events"] | None = None
    events: tuple[str, ...] = ()
    within: Duration = Duration(30, "d")


class ChurnSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody else who says that a customer left: by an event with a reason, or by a trait that is yes."""

    MARKS: ClassVar[Marks] = (("event",), ("trait",))
    event: str | None = None
    reason: str | None = None
    trait: str | None = None
    kind: SourceKind = "csm"


class ChurnTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How churn is counted, who reports it, and which reason of the closed list their words mean."""

    formula: ChurnFormula = "standard"
    sources: dict[str, ChurnSource] = {}
    reasons: dict[str, str] = {}


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the metrics read. Everything has a default that fits the starter policy's events.

    `margin` is what is left of revenue, for `clv_margin`. `lifespan_cap` stands in for the lifespan
    of customers of whom none has left; without it their value over life is unknown.
    """

    orders: Orders = Orders()
    tickets: Tickets = Tickets()
    surveys: Surveys = Surveys()
    active: Active = Active()
    churn: ChurnTerms = ChurnTerms()
    margin: Percent | None = None
    lifespan_cap: Duration | None = None
    include_reactivation: bool = False
