"""The cast: the customers that are in memory while something is played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.customers.event import Event
from engine.customers.state import FactState
from engine.decisions.standing import Standing
from engine.model.facts import Subject
from engine.runs.stage import Member

Load = Callable[[list[str]], Mapping[str, Member]]


def nobody(ids: list[str]) -> Mapping[str, Member]:
    """Load nobody: every customer is new."""
    return {}


class Cast:
    """Members by id; who is not here is loaded, who is unknown is created."""

    def __init__(self, load: Load = nobody) -> None:
        self.load = load
        self.members: dict[str, Member] = {}
        self._absent: set[str] = set()

    def preload(self, ids: Iterable[str]) -> None:
        """Load several customers at once; who is not there is not looked for again."""
        wanted = [id for id in dict.fromkeys(ids) if id not in self.members and id not in self._absent]
        if wanted:
            found = self.load(wanted)
            self.members.update(found)
            self._absent.update(id for id in wanted if id not in found)

    def find(self, id: str) -> Member | None:
        """Give a customer, None where there is no such."""
        if id not in self.members:
            self.preload((id,))
        return self.members.get(id)

    def get(self, id: str, kind: Subject = "person") -> Member:
        """Give a customer, a new one of that kind where there is none."""
        found = self.find(id)
        if found is None:
            found = Member(id, kind, FactState(id, kind), Standing(), created=True)
            self.members[id] = found
            self._absent.discard(id)
        return found

    def subject(self, event: Event) -> Member:
        """Give whom an event is about; an account that is told of by itself is no person."""
        return self.get(event.customer, "account" if event.account == event.customer else "person")
