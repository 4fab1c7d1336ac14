from engine.authoring.demo import Demo
from engine.model.values import DAY

from .conftest import Log, instant


def test_a_request_to_cancel_names_a_reason_of_ones_own(log: Log) -> None:
    for case in log.planted["cancel-requested", "fire"]:
        rows = log.of("subscription_updated", case.customer)
        body = next(body for at, _, body in rows if at == case.at)
        assert body["properties"]["reason"] in ("price", "quality", "competition")
        assert instant(body["properties"]["ends_at"]) > case.at


def test_who_is_lost_was_asked_first_and_never_undid_it(log: Log, demo: Demo) -> None:
    asked = {case.customer: case.at for case in log.planted["cancel-requested", "fire"]}
    for case in log.planted["churned", "fire"]:
        rows = log.of("subscription_updated", case.customer)
        until = [body for at, _, body in rows if at <= case.at]
        assert asked[case.customer] < case.at
        assert instant(until[-1]["properties"]["ends_at"]) == case.at
        assert case.within < demo.end


def test_nobody_who_is_innocent_of_leaving_ends_the_last_contract_by_choice(log: Log) -> None:
    undone = smaller = 0
    for case in log.planted["churned", "innocent"]:
        last = log.of("subscription_updated", case.customer)[-1][2]["properties"]
        if last.get("ends_at") is None:
            undone += 1
        elif last["subscription_id"].endswith("-s2"):
            smaller += 1
            assert last["mrr"] == 0
        else:
            assert last["reason"] in ("payment_failure", "complaint", "deceased")
    assert undone == 35 + 20 + 50
    assert smaller == 20


def test_a_request_is_undone_before_its_end(log: Log) -> None:
    lost = {case.customer for case in log.planted["churned", "fire"]}
    for case in log.planted["cancel-requested", "fire"]:
        if case.customer not in lost:
            _, (_, _, asked), (undone, _, after) = log.of("subscription_updated", case.customer)
            assert after["properties"]["ends_at"] is None
            assert undone < instant(asked["properties"]["ends_at"])


def test_some_who_leave_come_back(log: Log) -> None:
    back = [
        case
        for case in log.planted["churned", "fire"]
        if any(at > case.at + DAY for at, _, _ in log.of("subscription_updated", case.customer))
    ]
    assert len(back) >= 5
