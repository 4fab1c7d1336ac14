"""An engine on a virtual clock, for tests: files, events and times as texts, and what came of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.authoring.loader import load, require
from engine.authoring.receiving import Reception
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.customers.merging import rebuild
from engine.customers.zones import instant_of, moment_of
from engine.decisions.candidates import INDEXED_FROM
from engine.decisions.decision import Decision
from engine.model.actions import SHIPPED
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runs.run import Effect, Run, StepAttempt
from engine.runs.stage import Member
from engine.timeline.deliver import Attempt, Result
from engine.timeline.moment import Moment
from engine.timeline.play import adopt
from engine.timeline.ruleset import Ruleset, compile_ruleset

NONE: Mapping[str, str] = {}
_ROOMS = {"workflow": "workflows"}
_MESSAGE = """---
{subject}channel: {channel}
owner: crm-marketing
---
Hello.

[No more of this]({{{{ unsubscribe_url }}}})
"""
OPT_IN = {"email": "ana@example.com", "marketing_email": True}
"""Traits of a customer who may be written to."""

CONSENT = """
facts:
  marketing_email: {type: boolean}
"""
"""The fact that consent to e-mail stands on, and the policy that asks for it."""

POLICY = """
policy:
  consent: {email: marketing_email}
"""


def instant(text: str) -> Micros:
    """Read `2026-03-02 10:00`, in UTC or in the zone written behind it."""
    day, time, *rest = text.split()
    zone = ZoneInfo(rest[0]) if rest else ZoneInfo("UTC")
    return instant_of(datetime.fromisoformat(f"{day} {time}").replace(tzinfo=zone))


def told(at: Micros | None) -> str:
    """Write an instant as `2026-03-02 10:00`, in UTC; seconds only where there are some."""
    if at is None:
        return "never"
    moment = moment_of(at)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def files(
    *texts: str, timezone: str = "UTC", settings: str = "", beside: Mapping[str, str] = NONE
) -> dict[str, bytes]:
    """Give the files of a workspace; each text is named after what its first key says it is.

    A message that a workflow sends and no text gives is a short one. `beside` are files by their paths.
    """
    found = {"holdfast.yaml": f"name: Example\ntimezone: {timezone}\n{settings}"}
    for number, text in enumerate(texts):
        kind, _, name = text.strip().partition("\n")[0].partition(":")
        name = name.strip() or f"{kind}-{number}"
        path = f"{_ROOMS.get(kind, 'rules')}/{name}.yaml"
        assert path not in found, f"two files {path}"
        found[path] = text.strip() + "\n"
    for channel, name in re.findall(r"do: (email|sms)\.send\s+with: \{message: ([\w-]+)", "\n".join(texts)):
        subject = f"subject: {name}\n" if channel == "email" else ""
        message = _MESSAGE.format(subject=subject, channel=channel)
        found[f"workflows/messages/{name}.md"] = message
    return {path: text.encode() for path, text in {**found, **beside}.items()}


def workspace(
    *texts: str, timezone: str = "UTC", settings: str = "", beside: Mapping[str, str] = NONE
) -> Workspace:
    """Load and check a workspace of texts; raises with every error where one is broken."""
    return require(load(files(*texts, timezone=timezone, settings=settings, beside=beside)))


def ruleset(
    *texts: str,
    timezone: str = "UTC",
    settings: str = "",
    beside: Mapping[str, str] = NONE,
    indexed_from: int = INDEXED_FROM,
) -> Ruleset:
    """Compile a workspace of texts."""
    made = workspace(*texts, timezone=timezone, settings=settings, beside=beside)
    return compile_ruleset(made, indexed_from=indexed_from)


class _Clockwork(Simulation):
    """A simulation whose outbox can be kept shut, as when the worker is busy elsewhere."""

    shut = False

    def deliver(self, now: Micros) -> None:
        if not self.shut:
            super().deliver(now)


class VirtualEngine:
    """A workspace at work in memory. Times are texts, see `instant`; the customer is `ana` unless named."""

    def __init__(
        self,
        *texts: str,
        timezone: str = "UTC",
        settings: str = "",
        fails: frozenset[str] = frozenset(),
        beside: Mapping[str, str] = NONE,
        indexed_from: int = INDEXED_FROM,
        **rest: Any,
    ) -> None:
        self.ruleset = ruleset(
            *texts, timezone=timezone, settings=settings, beside=beside, indexed_from=indexed_from
        )
        self.fails = fails
        self.simulation = _Clockwork(self.ruleset, send=self._send, **rest)
        self.reception = Reception(self.simulation)
        self.delivered: list[tuple[Effect, Micros]] = []
        self.stood_still = False
        self._number = 0

    def _send(self, effect: Effect, attempt: Attempt) -> Result:
        if effect.action in self.fails:
            return Result("failed", {"reason": "refused"})
        self.delivered.append((effect, attempt.facts.now if attempt.facts is not None else 0))
        return Result("executed")

    def receive(
        self,
        received: str,
        name: str,
        customer: str | None = "ana",
        /,
        *,
        occurred: str | None = None,
        key: str | None = None,
        anonymous: str | None = None,
        account: str | None = None,
        **properties: Any,
    ) -> Event | None:
        """Let one event be received; it occurred at that instant unless another is given."""
        self._number += 1
        raw: dict[str, Any] = {
            "event": name,
            "id": key or f"e{self._number}",
            "at": moment_of(instant(occurred or received)).isoformat(),
            "properties": properties,
        }
        named = {"customer": customer, "anonymous_id": anonymous, "account": account}
        raw.update({place: id for place, id in named.items() if id is not None})
        return self.reception.receive(raw, instant(received))

    def identify(self, received: str, customer: str = "ana", /, **traits: Any) -> Event | None:
        """Let traits of a customer be received."""
        return self.receive(received, "identify", customer, **traits)

    at = staticmethod(instant)

    def day_of(self, at: Micros) -> str:
        """Give the day of an instant in the workspace's zone."""
        return str(self.ruleset.zone.local(at).date())

    def until(self, at: str) -> None:
        """Play everything that is due at or before a time."""
        self.simulation.advance(instant(at))

    def shut_outbox(self) -> None:
        """Let nothing leave for now."""
        self.simulation.shut = True

    def open_outbox(self, at: str) -> None:
        """Let what waits leave, at a time."""
        self.until(at)
        self.simulation.shut = False
        self.simulation.deliver(instant(at))
        self.simulation.touched()

    def release(self, at: str, *texts: str, timezone: str = "UTC", settings: str = "") -> VirtualEngine:
        """Give the engine that goes on with other files from a time on, with everybody settled in.

        Where this one `stood_still`, nothing has been done since its last event.
        """
        if not self.stood_still:
            self.until(at)
        after = VirtualEngine(*texts, timezone=timezone, settings=settings)
        old, new = self.ruleset, after.ruleset
        after.simulation.world.definition = lambda name, hash: old.workflow(name, hash)
        for name, member in self.simulation.cast.members.items():
            own = [event for event in self.reception.events if name in (event.customer, event.account)]
            member.facts = rebuild(new.facts, name, member.kind, own)
            after.simulation.cast.members[name] = member
            simulation = after.simulation
            adopt(simulation.world, simulation.cast, simulation.changes, name, instant(at), "release")
        after.simulation.touched()
        return after

    def member(self, customer: str = "ana") -> Member:
        """Give a customer as it stands."""
        return self.simulation.cast.members[customer]

    def facts(self, at: str, customer: str = "ana") -> Facts:
        """Give a customer's facts as a schedule would see them at a time."""
        member = self.member(customer)
        moment = Moment(
            self.simulation.world, member, self.simulation.changes, instant(at), [], at_event=False
        )
        return moment.facts()

    def rows(self, rule: str, customer: str | None = None) -> list[Decision]:
        """Give the recorded decisions of a rule, in the order in which they came about."""
        found = [one for one in self.simulation.changes.decisions if one.rule == rule]
        return [one for one in found if customer in (None, one.customer)]

    def decisions(self, rule: str, customer: str | None = None) -> list[tuple[str, str]]:
        """Give when a rule decided what."""
        return [(told(one.at), one.outcome.value) for one in self.rows(rule, customer)]

    def counted(self, rule: str) -> dict[str, int]:
        """Give how often a rule decided what is counted only."""
        found: dict[str, int] = {}
        for (name, _, outcome), number in self.simulation.changes.counts.items():
            if name == rule:
                found[outcome] = found.get(outcome, 0) + number
        return found

    def runs(self, workflow: str | None = None) -> list[Run]:
        """Give the runs of a workflow (all without one), refused ones too, in the order of their starts."""
        return [run for run in self.simulation.changes.runs.values() if workflow in (None, run.workflow)]

    def run(self, workflow: str) -> Run:
        """Give the one run of a workflow."""
        (found,) = self.runs(workflow)
        return found

    def ended(self, workflow: str | None = None) -> list[tuple[str, str | None]]:
        """Give how each run of a workflow stands, and why."""
        return [(run.status.value, run.reason) for run in self.runs(workflow)]

    def attempts(self, run: Run) -> list[StepAttempt]:
        """Give the step attempts of a run."""
        return [one for one in self.simulation.changes.attempts if one.run == run.id]

    def outcomes(self, run: Run, verb: str = "do") -> list[tuple[str, str, str | None]]:
        """Give when, how and why each attempt at a verb of a run ended."""
        return [
            (told(one.at), one.outcome.value, one.reason) for one in self.attempts(run) if one.verb == verb
        ]

    def sent(self, customer: str | None = None) -> list[tuple[str, str]]:
        """Give when each message to a customer left, and which."""
        return [
            (told(at), str(effect.arguments["message"]))
            for effect, at in self.delivered
            if SHIPPED.get(effect.action) and SHIPPED[effect.action].channel
            if customer in (None, effect.customer)
        ]

    def timers(self, customer: str = "ana") -> list[str]:
        """Give when a customer's timers are due."""
        return sorted(told(timer.due) for timer in self.member(customer).standing.timers.values())

    def recorded(self, name: str) -> list[Mapping[str, Any]]:
        """Give the properties of each event of a name that the engine itself recorded."""
        return [event.properties for event in self.simulation.changes.events if event.name == name]
