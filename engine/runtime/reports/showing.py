"""Showing: what the doors read, as methods of the engine; nothing here waits for the writer."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from engine.authoring.explaining.why import Explanation
from engine.authoring.outcomes.calibration import Calibration
from engine.loyalty.figures import Liability
from engine.loyalty.statement import Statement
from engine.model.values import Micros
from engine.runtime.actions.unsubscribe import Unsubscription, read_token
from engine.runtime.clock import Clock
from engine.runtime.delivery.connectors import shown
from engine.runtime.people import casework, granting, points, reaching, scoring
from engine.runtime.reports import glancing, reading
from engine.runtime.reports.activity import Activities, Activity, Kind
from engine.runtime.reports.backtesting import Backtested, Backtests
from engine.runtime.reports.comparing import Reports
from engine.runtime.reports.experiments import Listed, Plan, Report, listed, plan
from engine.runtime.reports.explaining import Explainer
from engine.runtime.reports.handing import Everything, everything
from engine.runtime.reports.recounting import Recounts
from engine.runtime.reports.spreading import Counted
from engine.runtime.reports.standings import Standing, Standings, standing
from engine.runtime.reports.standstill import Overdue, overdue, with_definitions
from engine.runtime.reports.today import Today, today
from engine.runtime.shell import Shell


class Showing:
    """What is known, each as of now unless it is said otherwise."""

    clock: Clock
    _shell: Shell
    _explainer: Explainer
    _calibrations: scoring.Calibrations
    _spreads: Recounts[Counted]
    _standings: Recounts[Standings]
    _backtests: Backtests
    _reports: Reports
    _activities: Activities

    def read_unsubscribe(self, token: str) -> Unsubscription:
        """Read an unsubscribe link without following it; raises `NotFoundError`."""
        return read_token(self._shell.link_secret, token)

    def customer(self, id: str) -> reading.KnownCustomer:
        """Give what is known of a customer, with each fact's age and source; raises `NotFoundError`."""
        return reading.customer(self._shell, id, self.clock.now())

    def hidden(self, address: str) -> str:
        """Give what stands for an address, in its compared form, once somebody who had it was erased."""
        return self._shell.erasures.hidden(address)

    def everything(self, customer: str) -> Everything:
        """Give everything that is known of a customer; raises `NotFoundError`."""
        return everything(self._shell, customer, self.clock.now())

    def mark_of(self, customer: str) -> str:
        """Give what an id is known by where it may not stand itself; the same for ever in a workspace."""
        return self._shell.erasures.mark(customer)

    def timeline(self, id: str, *, before: Micros | None = None, limit: int = 100) -> list[reading.Entry]:
        """Give events, decisions, runs, messages and points of a customer, the newest first."""
        return reading.timeline(self._shell, id, before=before, limit=limit)

    def why(self, rule: str, customer: str, at: Micros) -> Explanation:
        """Tell what a rule saw and decided for a customer at an instant; raises `NotFoundError`."""
        return self._explainer.rule(rule, customer, at)

    def why_workflow(self, workflow: str, customer: str, at: Micros) -> Explanation:
        """Tell the same of the rules that start a workflow: the one that looked last."""
        return self._explainer.workflow(workflow, customer, at)

    def case(self, id: str) -> casework.KnownCase:
        """Give a case, its clocks, and what is known of its customer; raises `NotFoundError`."""
        return casework.look(self._shell, id, self.clock.now())

    def points(self, customer: str, program: str | None = None) -> points.Held:
        """Give what a customer has in a program; raises `NotFoundError`."""
        return points.held(self._shell, customer, program, self.clock.now())

    def statement(self, customer: str, program: str | None, start: Micros, end: Micros) -> Statement:
        """Give a member's statement of a period; raises `NotFoundError`."""
        return points.stated(self._shell, customer, program, start, end)

    def liability(self, program: str) -> Liability:
        """Give what a program owes its members; raises `NotFoundError`."""
        return points.liability(self._shell, program)

    def score(self, score: str, customer: str) -> scoring.KnownScore:
        """Tell how a score of a customer stands, part by part; raises `NotFoundError`."""
        return scoring.score(self._shell, score, customer, self.clock.now())

    def calibration(self, score: str, outcome: str, within: Micros) -> Calibration:
        """Replay what is stored up to midnight and count outcomes by what a score was before.

        Raises `NotFoundError`.
        """
        return self._calibrations.find(self._shell, score, outcome, within, self.clock.now())

    def spread(self) -> Counted | None:
        """Give customers by the band of each score, of some minutes ago; None while it is counted first."""
        return self._spreads.find(self._shell, self.clock.now())

    def standing(self, workflow: str) -> Standing | None:
        """Tell at which steps a workflow's open runs stood a minute ago; None while that is counted first."""
        program = self._shell.ruleset.workflows.get(workflow)
        found = self._standings.find(self._shell, self.clock.now())
        return None if found is None else standing(found, workflow, None if program is None else program.hash)

    def activity(self, kind: Kind, id: str, days: int) -> Activity:
        """Count what a rule decided, or the runs of a workflow that began, of the last days by day."""
        with self._shell.store.reader() as reader:
            zone = self._shell.ruleset.zone
            return self._activities.find(reader, zone, kind, id, days, self.clock.now())

    def backtest(self, token: str, days: int, wait: float = 0.0) -> Backtested:
        """Tell how the backtest of a plan stands, after waiting so many seconds for it; begins it.

        Raises `NotFoundError`, `ConflictError` while another is played, `RequestError` for too many events.
        """
        found = self._backtests.find(self._shell, token, days, self.clock.now())
        if found.state == "playing" and wait:
            self._backtests.wait(wait)
            found = self._backtests.find(self._shell, token, days, self.clock.now())
        return found

    def today(self) -> Today:
        """Give what happened in the last 24 hours, and how the work stands."""
        with self._shell.store.reader() as reader:
            return today(reader, self._shell.ruleset.workspace.rules, self.clock.now())

    def named(self, prefix: str, after: str | None, limit: int, *, glances: bool) -> list[glancing.Found]:
        """Page the customers of whom a name begins so, by that name, each with a glance at who it is."""
        return glancing.named(self._shell, prefix, after, limit, glances=glances)

    def looked_for(
        self, text: str, after: tuple[int, str, str] | None, limit: int, *, glances: bool
    ) -> list[glancing.Found]:
        """Page the customers of whom each word of a text begins an id, a name or an address."""
        return glancing.looked_for(self._shell, text, after, limit, glances=glances)

    def budgets(self) -> list[granting.BudgetNow]:
        """Give how the budgets stand in their present periods."""
        with self._shell.store.reader() as reader:
            return granting.budgets(self._shell, reader, self.clock.now())

    def consent(self, customer: str) -> tuple[list[reaching.ConsentNow], list[reaching.ConsentChange]]:
        """Give how a customer's consent stands, and everything that was said of it, the newest first."""
        return reaching.consent(self._shell, customer, self.clock.now())

    def connectors(self) -> list[dict[str, Any]]:
        """Give how the connectors stand that may fail: name, delivery, rate, state, failures, open_until."""
        with self._shell.store.reader() as reader:
            return shown(self._shell.ruleset.workspace.settings.connectors, reader, self.clock.now())

    def overdue(self, after: tuple[Micros, str] | None = None, limit: int = 100) -> list[Overdue]:
        """Page the runs that stand still, by (since, run), each with why."""
        shell = self._shell
        with shell.store.reader() as reader:
            aside = {customer: each.again for customer, each in shell.set_aside.items()}
            found = overdue(reader, self.clock.now(), after, limit, aside)
        return with_definitions(found, shell.definitions)

    @property
    def paused(self) -> frozenset[str]:
        """The paused workflows; `*` stands for all of them."""
        with self._shell.store.reader() as reader:
            return reader.marks().paused

    def experiments(self) -> list[Listed]:
        """Give the workflows of which something is compared, by id."""
        with self._shell.store.reader() as reader:
            return listed(self._shell.ruleset.workspace, reader, self._shell.ruleset.zone, self.clock.now())

    def experiment(self, workflow: str) -> Future[Report]:
        """Compare the arms of a workflow; raises `NotFoundError`.

        As of now where that is quick to count. Else as of the last count, which is begun anew after twenty
        times as long as it took, a minute at most, and is never older than a quarter of an hour; `as_of`
        tells when that was.
        """
        return self._reports.ask(self._shell, workflow, self.clock.now())

    def detectable(self, workflow: str, customers: int | None = None, base: float | None = None) -> Plan:
        """Tell what a workflow could find; raises `NotFoundError`, `RequestError` without the numbers."""
        with self._shell.store.reader() as reader:
            zone, now = self._shell.ruleset.zone, self.clock.now()
            return plan(
                self._shell.ruleset.workspace,
                reader,
                zone,
                workflow,
                now,
                customers=customers,
                base=base,
                known=lambda: self.experiment(workflow).result(),
            )
