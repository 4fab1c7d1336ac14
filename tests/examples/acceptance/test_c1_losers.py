"""C1, who speaks first, as the person sees it who asks why somebody got nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from api.app import create_app
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC

POLICY = """
policy:
  consent: {email: marketing_email}
  order: [win-back, cart]
  arbitrate_within: 1h
"""


def files() -> dict[str, str]:
    found = {
        "holdfast.yaml": "name: Shop\ntimezone: UTC\n",
        "rules/facts.yaml": "facts:\n  marketing_email: {type: boolean}\n",
        "rules/policy.yaml": POLICY,
    }
    for name, rank in (("aaa-cart", "cart"), ("zzz-win", "win-back")):
        found[f"rules/{name}-due.yaml"] = (
            f"rule: {name}-due\nowner: crm\ndescription: Say something.\nwhen: {{event: visited}}\n"
            f"then: [{{run: {name}}}]\n"
        )
        found[f"workflows/{name}.yaml"] = (
            f"workflow: {name}\nowner: crm\ndescription: Say something.\nclass: marketing\nrank: {rank}\n"
            f"reentry: always\nholdout: 0%\nsteps:\n  - wait: 2h\n  - do: email.send\n"
            f"    with: {{message: {name}}}\n"
        )
        found[f"workflows/messages/{name}.md"] = (
            f"---\nsubject: {name}\nchannel: email\nowner: crm\n---\n"
            "Hello. [No more]({{ unsubscribe_url }})\n"
        )
    return found


def test_c1_the_loser_of_two_marketing_runs_tells_to_whom_it_lost(tmp_path: Path) -> None:
    for name, text in files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text.lstrip())
    clock = VirtualClock(START)
    database = f"sqlite:///{tmp_path / 'holdfast.db'}"
    with Engine.open(tmp_path, database, clock, work=False) as engine, TestClient(create_app(engine)) as http:
        key = engine.create_key("operator", "op@example.com").text
        head = {"Authorization": f"Bearer {key}"}

        def get(path: str) -> Any:
            return http.get(path, headers=head).json()

        # given two runs of one customer whose messages come due at the same instant
        traits = {"email": "ana@example.com", "marketing_email": True}
        http.put("/v1/customers/ana", json={"traits": traits}, headers=head)
        http.post("/v1/events", json={"customer": "ana", "event": "visited", "id": "v1"}, headers=head)
        engine.run_until(START + 3 * 3_600_000_000)

        # then the lower rank is left out, its run goes on, and its history names the winner
        (loser,) = get("/v1/runs?workflow=aaa-cart")["items"]
        (winner,) = get("/v1/runs?workflow=zzz-win")["items"]
        steps = get(f"/v1/runs/{loser['id']}")["steps"]
        told = [(step["outcome"], step["reason"], step["detail"]) for step in steps if step["verb"] == "do"]
        assert told == [("skipped", "outranked", {"action": "email.send", "because": "zzz-win"})]
        assert loser["status"] == "completed"
        reasons = {step["reason"] for step in get(f"/v1/runs/{winner['id']}")["steps"]}
        assert "outranked" not in reasons
        # and why the workflow started is answered with both runs' rules
        why = get("/v1/customers/ana/why?workflow=aaa-cart")
        assert (why["decision"], [run["run"] for run in why["runs"]]) == ("fired", [loser["id"]])
