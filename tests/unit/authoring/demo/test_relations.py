from collections import Counter

from engine.authoring.demo.people import LEAVING_OWNER, NEW_OWNER
from engine.model.values import DAY

from .conftest import Log


def test_praise_is_a_nine_or_a_ten(log: Log) -> None:
    for case in log.planted["praise", "fire"]:
        (_, _, body), *_ = [row for row in log.of("nps_answered", case.customer) if row[0] == case.at]
        assert body["properties"]["score"] >= 9
    for case in log.planted["praise", "innocent"]:
        assert all(body["properties"]["score"] < 9 for _, _, body in log.of("nps_answered", case.customer))


def test_a_champion_left_and_not_anybody(log: Log) -> None:
    for expect, role in (("fire", "champion"), ("innocent", "user")):
        cases = log.planted["champion-left", expect]
        assert len(cases) >= 20
        for case in cases:
            assert {b["properties"]["role"] for _, _, b in log.of("contact_left", case.customer)} == {role}


def test_who_was_looked_after_by_the_owner_who_left_gets_the_new_one(log: Log) -> None:
    for case in log.planted["owner-changed", "fire"]:
        owners = [
            body["properties"]["owner"].partition("@")[0]
            for _, _, body in log.of("identify", case.customer)
            if "owner" in body["properties"]
        ]
        assert owners == [LEAVING_OWNER, NEW_OWNER]


def test_near_the_limit_nine_of_ten_seats_are_taken(log: Log) -> None:
    def taken(customer: str) -> float:
        known: dict[str, int] = {}
        for _, _, body in log.of("identify", customer):
            known |= {name: value for name, value in body["properties"].items() if name.startswith("seats")}
        return known["seats_used"] / known["seats"]

    assert all(taken(case.customer) >= 0.9 for case in log.planted["near-limit", "fire"])
    assert all(taken(case.customer) < 0.9 for case in log.planted["near-limit", "innocent"])


def test_who_nears_the_limit_uses_the_product_as_ever_before(log: Log) -> None:
    # given the weeks before the last seats are taken, then no two of them are such that health turns red
    for case in log.planted["near-limit", "fire"]:
        weeks: Counter[int] = Counter()
        for at, _, body in log.of("usage", case.customer):
            weeks[(at - log.start) // (7 * DAY)] += body["properties"]["minutes"]
        last = (case.at - log.start) // (7 * DAY)
        assert all(weeks[week] + weeks[week + 1] >= 0.7 * 2 * 50 for week in range(last - 8, last - 1))


def test_who_lacks_reports_does_not_have_them(log: Log) -> None:
    for expect in ("fire", "innocent"):
        for case in log.planted["product-gap", expect]:
            bought = [b["properties"]["products"] for _, _, b in log.of("identify", case.customer)
                      if "products" in b["properties"]]  # fmt: skip
            assert [("reports" in products) for products in bought] == [expect == "innocent"]
