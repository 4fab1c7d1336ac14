"""Ranks between messages, and groups of which one run is open at a time."""

from engine.contact.arbitration import Rival, group_of, outranked_by, rank_of, refused_by, stopped_by
from engine.contact.log import Sent
from engine.model.policy import ContactPolicy
from engine.model.values import HOUR, MINUTE, Duration, Micros, Reentry
from engine.model.workflow import Workflow

POLICY = ContactPolicy(
    order=("renewal", "win-back", "cart"),
    groups={"offers": ("win-back", "cart-recovery")},
    arbitrate_within=Duration(1, "h"),
)
NOON = 12 * HOUR


def sent(workflow: str, rank: int, at: Micros) -> Sent:
    return Sent(at, "marketing", "email", workflow, rank, f"{workflow}:{at}")


def test_ranks_are_places_in_the_order() -> None:
    def workflow(rank: str | None) -> Workflow:
        return Workflow(id="x", class_="marketing", rank=rank, reentry=Reentry("always"), steps=())

    assert [rank_of(POLICY, workflow(rank)) for rank in ("renewal", "cart", "other", None)] == [0, 2, 3, 3]


def test_a_message_loses_to_a_higher_rank_sent_in_the_hour_before() -> None:
    def loser(at: Micros) -> str | None:
        return outranked_by(POLICY, "cart-recovery", 2, [sent("renewal-offer", 0, at)], [], NOON)

    assert loser(NOON - HOUR) == "renewal-offer"
    assert loser(NOON - HOUR - 1) is None


def test_a_message_loses_to_a_higher_rank_due_in_the_hour_after() -> None:
    def loser(due: Micros) -> str | None:
        return outranked_by(POLICY, "cart-recovery", 2, [], [Rival("win-back", 1, due)], NOON)

    assert loser(NOON) == "win-back"
    assert loser(NOON + HOUR) == "win-back"
    assert loser(NOON + HOUR + 1) is None


def test_a_lower_rank_is_no_rival() -> None:
    rivals = [Rival("cart-recovery", 2, NOON)]
    assert outranked_by(POLICY, "win-back", 1, [sent("cart-recovery", 2, NOON)], rivals, NOON) is None


def test_inside_a_rank_the_workflows_id_decides() -> None:
    assert outranked_by(POLICY, "b", 2, [], [Rival("a", 2, NOON)], NOON) == "a"
    assert outranked_by(POLICY, "a", 2, [], [Rival("b", 2, NOON)], NOON) is None


def test_a_workflow_does_not_lose_to_itself() -> None:
    before = [sent("cart-recovery", 2, NOON - 30 * MINUTE)]
    assert outranked_by(POLICY, "cart-recovery", 2, before, [Rival("cart-recovery", 2, NOON)], NOON) is None


def test_without_a_span_nothing_is_arbitrated() -> None:
    assert outranked_by(ContactPolicy(), "b", 2, [sent("a", 0, NOON)], [], NOON) is None


def test_groups() -> None:
    assert group_of(POLICY, "cart-recovery") == "offers"
    assert group_of(POLICY, "welcome") is None


def test_in_a_group_an_open_run_of_at_least_the_rank_refuses_a_new_one() -> None:
    assert refused_by(1, [("win-back", 1)]) == "win-back"
    assert refused_by(1, [("renewal-offer", 0)]) == "renewal-offer"
    assert refused_by(1, [("cart-recovery", 2)]) is None


def test_in_a_group_only_a_higher_rank_stops_a_running_one() -> None:
    assert stopped_by(2, [("win-back", 1)]) == "win-back"
    assert stopped_by(2, [("cart-recovery", 2), ("other", 3)]) is None
