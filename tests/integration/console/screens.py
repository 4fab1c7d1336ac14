"""Every page of the console as it is shown in docs/screens.md: one line a page."""

from __future__ import annotations

import re
from typing import NamedTuple

from api.console.handlers import HANDLERS
from engine.runtime.engine import Engine
from engine.runtime.releases.standing import Human
from engine.store.proposing import ProposalRow

FILES = {"/static/{}", "/audit/export", "/live"}
"""What gives files or goes on and on, and no pages."""


class Screen(NamedTuple):
    """A page: the name of its pictures, its address with names of `found` in braces, and what it shows."""

    name: str
    address: str
    shows: str


SCREENS = (
    Screen("sign-in", "/sign-in", "Signing in with an API key"),
    Screen("today", "/", "Today: what fired, what runs, what waits, what is late, and how the base stands"),
    Screen("pause", "/pause", "The kill switch: a workflow, or all of them, is held back"),
    Screen("customers", "/customers", "Customers, found by words of their id, name or e-mail address"),
    Screen("customer", "/customers/{customer}", "A customer: scores, points, runs, and what happened"),
    Screen("why", "/customers/{left}/why?rule=cart-abandoned", "Why a rule fired, line by line"),
    Screen("asks", "/waiting", "Questions that wait for a person"),
    Screen("ask", "/waiting/asks/{ask}", "A question, with its choices as buttons"),
    Screen("cases", "/waiting/cases", "Cases, with their clocks"),
    Screen("case", "/waiting/cases/{case}", "A case: what is known, its clocks, and what can be done"),
    Screen("runs", "/runs", "Runs of workflows"),
    Screen("run", "/runs/{run}", "A run, step by step"),
    Screen("overdue", "/runs/overdue", "Runs that stand still"),
    Screen("dead-letters", "/runs/dead-letters", "What could not be sent"),
    Screen("dead-letter", "/runs/dead-letters/{letter}", "A dead letter: what was not sent, and why"),
    Screen("send-again", "/runs/dead-letters/{letter}/replay", "Asked once more before it is sent again"),
    Screen("quarantine", "/runs/quarantine", "Events that could not be read"),
    Screen("refused", "/runs/quarantine/{refused}", "A refused event, and what is wrong with it"),
    Screen("take-in", "/runs/quarantine/{refused}/replay", "A refused event, to be corrected and taken in"),
    Screen("retention", "/retention", "Retention: each metric over a time, with what it rests on"),
    Screen("metric", "/retention/metrics/{metric}", "A metric month by month, and taken apart"),
    Screen("cohorts", "/retention/cohorts", "Who of those that came in a month was there in later ones"),
    Screen("revenue", "/retention/revenue", "What came and went of monthly recurring revenue"),
    Screen("goals", "/retention/goals", "Goals with their pace"),
    Screen("goal", "/retention/goals/{goal}", "A goal: the way there, and what is expected by now"),
    Screen("experiments", "/retention/experiments", "What is compared with what"),
    Screen("experiment", "/retention/experiments/{workflow}", "An experiment: the lift of each arm"),
    Screen("rules", "/rules", "The rules that are live"),
    Screen("rule", "/rules/{rule}", "A rule as a picture and as its file, with what it did"),
    Screen("rule-versions", "/rules/{rule}/versions", "Every version of a rule, and what changed"),
    Screen("workflows", "/workflows", "The workflows that are live"),
    Screen("workflow", "/workflows/{workflow}", "A workflow as a picture, with how many runs stand where"),
    Screen("workflow-versions", "/workflows/{workflow}/versions", "Every version of a workflow"),
    Screen("changes", "/changes", "Releases and proposals"),
    Screen("change-new", "/changes/new?rule={rule}", "Proposing a change: the file, ready to be edited"),
    Screen("plan", "/changes/plans/{plan}", "What a change would do, before anybody proposes it"),
    Screen("backtest", "/changes/plans/{plan}/backtest", "A change played on the events of the last weeks"),
    Screen("change", "/changes/{change}", "A proposal: who wrote it, what it changes, and what can be done"),
    Screen("approve", "/changes/{change}/approve", "Asked once more before a change is approved"),
    Screen("emergency", "/changes/{change}/emergency", "Asked once more before a change is live alone"),
    Screen("rollback", "/changes/{live}/rollback", "Asked once more before a change is taken back"),
    Screen("audit", "/audit", "The audit record: decisions of a period"),
    Screen("decision", "/audit/decisions/{decision}", "A decision as it is recorded"),
    Screen("audit-changes", "/audit/changes", "The audit record: what people changed"),
    Screen("audit-releases", "/audit/releases", "The audit record: releases"),
    Screen("access", "/audit/access", "The audit record: who read whose data"),
    Screen("record", "/audit/record", "The signed checkpoint, and the record of a period as a file"),
)

SCHEMES = ("light", "dark")
_INTRODUCTION = """\
# The console in pictures

Each page of [the console](console.md), on the base of `holdfast demo --serve`, light or dark as what you
read this with. `sh script/screenshots` makes the pictures and this page anew.
"""


def picture(name: str, scheme: str) -> str:
    """Gives the name of a picture's file."""
    return f"{name}-{scheme}.png"


def gallery() -> str:
    """Gives the page that shows all pictures, as Markdown."""
    return _INTRODUCTION + "".join(_shown(screen) for screen in SCREENS)


def _shown(screen: Screen) -> str:
    dark, light = (f"screenshots/{picture(screen.name, scheme)}" for scheme in ("dark", "light"))
    return f"""
**{screen.shows}**, `{shape(screen.address).replace("{}", "…")}`

<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">
<img src="{light}" alt="{screen.shows}"></picture>
"""


def routes() -> set[str]:
    """Gives the routes of all pages of the console."""
    return {
        path
        for handler in HANDLERS
        if "GET" in handler.http_methods
        for path in handler.paths
        if shape(path) not in FILES
    }


def shape(address: str) -> str:
    """Gives a route or an address without what is in its braces, and without its query."""
    return re.sub(r"\{[^}]*\}", "{}", address.partition("?")[0])


def route_of(address: str) -> str:
    """Gives the route of an address: where several fit, the one that says most."""
    path = address.partition("?")[0]
    fitting = [one for one in routes() if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", one), path)]
    assert fitting, f"no page has the address {address}"
    return min(fitting, key=lambda one: one.count("{"))


def proposed(engine: Engine, path: str, text: str, note: str) -> ProposalRow:
    """Gives what ana proposes."""
    ana = engine.create_key("author", "ana@example.com").row
    plan = engine.plan({path: text}, by=ana.owner)
    return engine.propose_release(str(plan.token), Human(ana.owner, ana.id), note).result()


def gone_wrong(engine: Engine) -> tuple[str, str]:
    """Gives the key of a message that nobody took, and the number of an event that nobody could read."""
    unpaid = {"event": "churned", "properties": {"voluntary": False, "reason": "payment_failure"}}
    unread = {"event": "usage", "properties": {"minutes": "a quarter of an hour"}}
    told = [one | {"customer": "bo-and-sons", "id": one["event"]} for one in (unpaid, unread)]
    engine.ingest(told, source="billing").result()
    engine.run_until(engine.clock.now())
    with engine.store.reader() as reader:
        return reader.dead_letters()[0].effect.key, str(reader.quarantine_list()[0].id)


def found(engine: Engine) -> dict[str, str]:
    """Gives what there is to be shown in a demo base; a change is made live for it, and one is proposed.

    A message is given up, and an event is refused.
    """
    letter, refused = gone_wrong(engine)
    with engine.store.reader() as reader:
        ask = next(each.id for each in reader.asks() if each.customer == "mia-studio")
        case = next(each.id for each in reader.cases(limit=1000) if each.customer == "noor-and-co")
        run = reader.runs(customers=["pia"])[0]
        decision = reader.decisions(customers=["mia-studio"])[0]
    path = "rules/cart-abandoned.yaml"
    text = engine.workspace.sources[path].text
    text = text.replace("event.total > 0", "event.total > 10").replace("total: 0.5", "total: 15")
    text = text.replace("one euro and of less", "fifteen euros")
    first = proposed(engine, path, text, "Pennies are no cart")
    ben = engine.create_key("approver", "ben@example.com").row
    engine.approve_release(first.number, first.token, Human(ben.owner, ben.id)).result()
    engine.run_until(engine.clock.now())
    text = text.replace("event.total > 10", "event.total > 40").replace("total: 15", "total: 45")
    text = text.replace("fifteen euros", "forty-five euros")
    second = proposed(engine, path, text, "Small carts come back by themselves")
    return {
        "customer": "bo-and-sons",
        "left": "pia",
        "ask": ask,
        "case": case,
        "run": run.id,
        "rule": "cart-abandoned",
        "workflow": "cart-recovery",
        "plan": str(engine.plan({path: text}, by="ana@example.com").token),
        "live": str(first.number),
        "change": str(second.number),
        "decision": decision.id,
        "letter": letter,
        "refused": refused,
        "metric": "logo_churn_rate",
        "goal": "fewer-cancellations",
    }
