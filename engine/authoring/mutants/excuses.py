"""`mutants.yaml`: the mutants that mean nothing, each with the reason why no test could notice it.

It is not of the language: only the mutation run reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.authoring.binding import FAILED, bind
from engine.authoring.mutants.mutant import Mutant
from engine.authoring.reading import LARGEST_FILE, read_yaml
from engine.authoring.sheet import Origins, Sheet
from engine.errors import AuthoringError, Finding

EXCUSES = "mutants.yaml"


class Excuse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mutants of a thing that mean nothing: from what, to what (one or several), and why.

    Without `to` what stands under `from` is left out.
    """

    thing: str
    from_: str = msgspec.field(name="from")
    to: str | tuple[str, ...] | None = None
    reason: str

    def excuses(self, mutant: Mutant) -> bool:
        """Tell whether it speaks of a mutant."""
        change = mutant.change
        if (self.thing, self.from_) != (mutant.thing, change.before):
            return False
        return change.shown == self.to or (isinstance(self.to, tuple) and change.shown in self.to)


class ExcusesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file: what stands in it means nothing."""

    means_nothing: tuple[Excuse, ...] = ()


class Judged(msgspec.Struct, frozen=True):
    """The survivors that nothing excuses, those that an excuse speaks of, and excuses of no survivor."""

    survived: tuple[Mutant, ...]
    excused: tuple[tuple[Mutant, str], ...]
    stale: tuple[Excuse, ...]


def read_excuses(folder: Path) -> tuple[Excuse, ...]:
    """Read a workspace's excuses, none where there is no such file; raises AuthoringError."""
    path = folder / EXCUSES
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        page = read_yaml(EXCUSES, file.read(LARGEST_FILE + 1))
    found = FAILED if page.root is None else bind(page.root, ExcusesFile, Sheet(page, Origins()))
    if page.findings or not isinstance(found, ExcusesFile):
        empty = Finding(EXCUSES, 1, 1, "empty-file", "the file is empty", "write means_nothing: first")
        raise AuthoringError(page.findings or [empty])
    return found.means_nothing


def judge(survived: Iterable[Mutant], excuses: Iterable[Excuse], match: str | None = None) -> Judged:
    """Hold survivors against the excuses; of those only the ones of things that `match` chose count."""
    open_: list[Mutant] = []
    excused: list[tuple[Mutant, str]] = []
    listed = [one for one in excuses if match is None or match.lower() in one.thing.lower()]
    used: set[int] = set()
    for mutant in survived:
        spoken = [(place, one) for place, one in enumerate(listed) if one.excuses(mutant)]
        used.update(place for place, _ in spoken)
        if spoken:
            excused.append((mutant, spoken[0][1].reason))
        else:
            open_.append(mutant)
    stale = tuple(one for place, one in enumerate(listed) if place not in used)
    return Judged(tuple(open_), tuple(excused), stale)
