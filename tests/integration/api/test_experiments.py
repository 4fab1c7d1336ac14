"""Experiments through the API: real runs make the exposures and goals, and the report counts them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.experiments.assignment import arm, bucket
from engine.model.values import DAY, HOUR
from engine.model.workflow import Split
from engine.runs.program import walk
from tests.exposed import START, WIN_BACK, Group, Shop, shop
from tests.servers import postgres_url

TASTE = """
workflow: win-back
owner: shop
class: marketing
reentry: always
holdout: 50%
goal: {event: order_completed, within: 7d}
experiment: {revenue: {of: order_completed, sum: total}}
steps:
  - wait: 1h
  - split: taste
    arms:
      sweet: {share: 50%, then: [{stop: sweet}]}
      control: {share: 50%, then: [{stop: sour}]}
"""
CUSTOMERS = [f"c{number}" for number in range(40)]


@pytest.fixture(params=["sqlite", "postgres"])
def lived(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop in which forty customers went quiet; each second one ordered three days later, all for 10."""
    database = postgres_url() if request.param == "postgres" else ""
    with shop(tmp_path, TASTE, now=START, database=database) as opened:
        key = opened.engine.create_key("ingest", "shop@example.com", "till").text
        head = {"Authorization": f"Bearer {key}"}

        def send(*events: dict[str, object]) -> None:
            answer = opened.http.post("/v1/events", json=list(events), headers=head)
            assert answer.status_code == 200 and answer.json()["quarantined"] == []

        send(*({"customer": name, "event": "gone_quiet", "id": f"q-{name}"} for name in CUSTOMERS))
        opened.engine.run_until(START + 3 * DAY)
        send(
            *(
                {
                    "customer": name,
                    "event": "order_completed",
                    "id": f"o-{name}",
                    "order_id": name,
                    "total": 10,
                }
                for name in CUSTOMERS[::2]
            )
        )
        opened.engine.run_until(START + 8 * DAY)
        yield opened


def test_held_out_and_treated_are_counted_with_goals_reached_after_their_runs_ended(lived: Shop) -> None:
    found = lived.get("/v1/experiments/win-back")
    assert (found["status"], found["as_of"]) == ("running", "2026-01-13T00:00:00Z")
    holdout, split = found["comparisons"]
    held = {name for name in CUSTOMERS if bucket("win-back", name) < 5000}
    ordered = set(CUSTOMERS[::2])
    assert (holdout["control"]["measured"], holdout["control"]["reached"]) == (len(held), len(held & ordered))
    treated = set(CUSTOMERS) - held
    assert (holdout["treated"]["measured"], holdout["treated"]["reached"]) == (
        len(treated), len(treated & ordered),
    )  # fmt: skip
    assert holdout["revenue"]["control"]["total"] == 10 * len(held & ordered)

    # and of the split only those who were treated, against the arm that is called so
    [step] = [
        step for step in walk(lived.engine.workspace.workflows["win-back"].steps) if isinstance(step, Split)
    ]
    shares = {name: one.share for name, one in step.arms.items()}
    sweet = {name for name in treated if arm("win-back", "taste", name, shares) == "sweet"}
    assert (split["kind"], split["split"], split["control"]["arm"]) == ("split", "taste", "control")
    assert (split["treated"]["measured"], split["treated"]["reached"]) == (len(sweet), len(sweet & ordered))
    assert split["control"]["measured"] == len(treated - sweet)


def test_nobody_is_measured_before_the_time_is_over(tmp_path: Path) -> None:
    with shop(tmp_path, now=START + 10 * DAY) as opened:
        opened.come(Group("treated", 900, 90), Group("held_out", 100, 9), days=10)
        found = opened.comparison()
    assert found["treated"]["customers"] == 900
    assert found["treated"]["waiting"] == 900 * 7 // 10 - 1
    assert found["verdict"] == "too_early"


def test_a_plan_counts_whom_the_rules_reached(lived: Shop) -> None:
    found = lived.get("/v1/experiments/win-back/detectable")
    assert (found["customers"], found["customers_from"]) == (40, "decisions")
    assert found["base_from"] == "measured" and 0 < found["base"] < 1
    assert (found["treated"], found["control"]) == (20, 20)


def test_other_shares_start_the_count_anew(tmp_path: Path) -> None:
    # given an experiment that ran with a tenth held out, and now with a fifth
    with shop(tmp_path, now=START + 20 * DAY) as opened:
        opened.come(Group("treated", 900, 90, suffix="a"), Group("held_out", 100, 9, suffix="a"), days=5)
    fifth = WIN_BACK.replace("holdout: 10%", "holdout: 20%")
    with shop(tmp_path, fifth, now=START + 60 * DAY) as opened:
        assert opened.comparison()["left_out"]["earlier_design"] == 0
        opened.come(Group("treated", 80, 8, suffix="b"), Group("held_out", 20, 2, suffix="b"))
        found = opened.comparison()
    assert (found["treated"]["customers"], found["control"]["customers"]) == (80, 20)
    assert found["left_out"]["earlier_design"] == 1000
    assert found["sample_ratio"]["expected"] == {"treated": 80, "held_out": 20}


def test_the_list_names_what_is_compared(tmp_path: Path) -> None:
    plain = WIN_BACK.replace("win-back", "no-arms").replace("holdout: 10%", "holdout: 0%")
    plain = plain.replace(
        "experiment: {until: 2026-02-02, revenue: {of: order_completed, sum: total}, before: 90d}\n", ""
    )
    second = WIN_BACK.replace("win-back", "second")
    with shop(tmp_path, WIN_BACK, plain, second, now=START) as opened:
        first = opened.get("/v1/experiments?limit=1")
        rest = opened.get(f"/v1/experiments?limit=1&cursor={first['next_cursor']}")
    assert [one["workflow"] for one in (*first["items"], *rest["items"])] == ["second", "win-back"]
    assert rest["next_cursor"] is None
    assert first["items"][0]["status"] == "not_started"


def test_what_cannot_be_answered_is_said(tmp_path: Path) -> None:
    aimless = WIN_BACK.replace("win-back", "aimless").replace("goal: ", "# goal: ")
    aimless = aimless.replace("experiment: ", "# experiment: ")
    with shop(tmp_path, WIN_BACK, aimless, now=START + HOUR) as opened:
        assert opened.refused("/v1/experiments/nothing") == (404, "not_found")
        assert opened.refused("/v1/experiments/aimless") == (404, "not_found")
        plan = "/v1/experiments/win-back/detectable"
        assert opened.refused(plan) == (409, "customers_unknown")
        assert opened.refused(f"{plan}?customers=100") == (409, "base_unknown")
        assert opened.refused(f"{plan}?customers=0&base=0.1") == (400, "invalid_parameter")
        assert opened.refused(f"{plan}?customers=9&base=1") == (400, "invalid_parameter")
        ingest = opened.engine.create_key("ingest", "shop@example.com", "till").text
        answer = opened.http.get("/v1/experiments", headers={"Authorization": f"Bearer {ingest}"})
        assert answer.status_code == 403


def test_the_global_group_is_compared_for_itself(tmp_path: Path) -> None:
    policy = tmp_path / "rules/policy.yaml"
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        assert [one["kind"] for one in opened.get("/v1/experiments/win-back")["comparisons"]] == ["holdout"]
    from tests import exposed

    files = {**exposed.FILES, "rules/policy.yaml": policy.read_text() + "  global_holdout: 1%\n"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exposed, "FILES", files)
        with shop(tmp_path, now=START + 60 * DAY) as opened:
            found = opened.get("/v1/experiments/win-back")["comparisons"]
    assert [one["kind"] for one in found] == ["holdout", "global_holdout"]
    assert found[1]["verdict"] == "too_early"
