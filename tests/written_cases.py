"""What tests of the tester share: one small workspace, more files for it, and what a report says."""

from collections.abc import Iterable
from textwrap import dedent, indent

from engine.authoring.loader import load, require
from engine.authoring.tester import TestReport, run_tests
from engine.model.workspace import Workspace

SETTINGS = """
timezone: Europe/Berlin
people: {team-lead: {email: lead@example.com}, head-of-success: {email: head@example.com}}
"""

FACTS = """
facts:
  plan: {type: text, default: free, one_of: [free, team, enterprise]}
  renewal_date: {type: date}
  seats: {type: number}
  marketing_email: {type: boolean, protected: yes}
  orders: {count: order_completed}
  last_order_ago: {since: order_completed}
  cart_offers_180d: {count: coupon_issued, over: 180d}
  usage_drop: {drop: minutes, of: usage, recent: 2w, baseline: 8w, at_least: 5 per week, robust: 2}
events:
  order_completed: {order_id: text, total: {type: number, required: yes}}
  cart_updated: {cart_id: text, order_id: text, total: number}
  survey_answered: {ticket_id: text, score: number, revises: ticket_id}
"""

POLICY = """
policy:
  quiet_hours: {marketing: "21:00-08:00", in: customer time, on_quiet: hold, at_most: 72h}
  consent: {email: marketing_email}
  caps: [{class: marketing, at_most: 2 per 7d}]
"""

MESSAGE = "---\nsubject: Hello\n---\nHello. {{ unsubscribe_url }}\n"

RESCUE = """
workflow: rescue-account
class: service
reentry: always
needs: {reason: text, severity: text}
steps:
  - do: case.open
    with: {ladder: desk, title: =input.reason, priority: =input.severity}
"""

GREET = """
workflow: greet
class: marketing
reentry: always
holdout: 10%
steps:
  - do: email.send
    with: {message: hello}
"""

DESK = """
ladder: desk
levels:
  - {tell: =customer.owner, within: 4h}
  - {tell: team-lead, within: 4h}
loops: 1
"""


def workspace(*texts: str, **facts: str) -> Workspace:
    """The workspace that all examples share, with more files, named by their first line, and facts files."""
    files = {"holdfast.yaml": SETTINGS, "rules/facts.yaml": FACTS, "rules/policy.yaml": POLICY}
    for message in ("hello", "cart-reminder", "cart-offer"):
        files[f"workflows/messages/{message}.md"] = MESSAGE
    for text in (RESCUE, GREET, DESK, *texts):
        kind, name = text.strip().partition("\n")[0].split(": ")
        files[f"{'workflows' if kind == 'workflow' else 'rules'}/{name}.yaml"] = text
    files |= {f"rules/{name}.yaml": text for name, text in facts.items()}
    return require(load({path: dedent(text).encode() for path, text in files.items()}))


def run(*texts: str, match: str | None = None, **facts: str) -> TestReport:
    return run_tests(workspace(*texts, **facts), match)


def told(report: TestReport) -> list[tuple[str, str]]:
    """What was expected and what was got, of each failure."""
    return [(failure.expected, failure.got) for failure in report.failures]


def rule(when: str, *cases: str, then: str = "{run: greet}", if_: str = "") -> str:
    lines = ["rule: example", f"when: {when}", *([f"if: {if_}"] if if_ else []), f"then: [{then}]"]
    return "\n".join([*lines, cases_of(cases)])


def cases_of(cases: Iterable[str]) -> str:
    return "tests:\n" + "".join(f"  - it: does so {number}\n{indent(dedent(case).strip(), '    ')}\n"
                                for number, case in enumerate(cases))  # fmt: skip


def workflow(steps: str, *cases: str, head: str = "class: service\nreentry: always") -> str:
    return f"workflow: example\n{head}\nsteps:\n{indent(dedent(steps).strip(), '  ')}\n{cases_of(cases)}"
