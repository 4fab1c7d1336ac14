"""What has come in over the last days, so that something waits for whoever looks at a base now."""

from __future__ import annotations

from engine.authoring.demo.calendar import iso
from engine.authoring.demo.people import LEAVING_OWNER, NEW_OWNER
from engine.authoring.demo.planted import Story
from engine.customers.zones import moment_of
from engine.model.values import DAY, HOUR, MINUTE, Micros

KNOWN_FOR: Micros = 10 * DAY
"""These customers came so long ago, which is within the shortest base."""


def lately(now: Micros) -> Story:
    """Tell of customers who are in nobody's count: one asks to cancel, one has another owner, one is unhappy
    with an answer, one has left a cart behind; nothing of it is scored."""
    story = Story([], [])
    now -= now % MINUTE
    for id, traits in (
        ("mia-studio", {"first_name": "Mia", "plan": "team", "owner": f"{LEAVING_OWNER}@example.com"}),
        ("noor-and-co", {"first_name": "Noor", "plan": "team", "owner": f"{LEAVING_OWNER}@example.com"}),
        ("otto", {"first_name": "Otto", "plan": "team", "owner": "ben@example.com"}),
        ("pia", {"first_name": "Pia"}),
    ):
        about = {"email": f"{id}@example.com", "timezone": "Europe/Berlin", "marketing_email": True, **traits}
        story.tell(id, "identify", now - KNOWN_FOR, **about)
    contract = {"subscription_id": "mia-studio-s1", "mrr": 90}
    story.tell("mia-studio", "subscription_updated", now - KNOWN_FOR + HOUR, **contract)
    ends = iso(now - KNOWN_FOR + 30 * DAY)
    story.tell("mia-studio", "subscription_updated", now - 3 * HOUR, **contract, ends_at=ends, reason="price")
    story.tell("noor-and-co", "identify", now - 20 * HOUR, owner=f"{NEW_OWNER}@example.com")
    story.tell("otto", "ticket_opened", now - 3 * DAY + HOUR, ticket_id="otto-t1")
    story.tell("otto", "ticket_solved", now - 2 * DAY, ticket_id="otto-t1")
    story.tell("otto", "survey_answered", now - 5 * HOUR, ticket_id="otto-t1", score=2)
    story.tell("pia", "cart_updated", now - 4 * HOUR, cart_id=f"pia-{moment_of(now):%d%m}", total=85)
    return story
