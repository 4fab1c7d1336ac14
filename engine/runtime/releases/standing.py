"""Where releases stand: which of them hold for good, and which go back by themselves, and when."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec

from engine.model.reasons import ReleaseCause
from engine.model.values import DAY, Micros
from engine.store.records import ReleaseRow

EMERGENCY: Micros = DAY
"""How long an emergency may be live without a second person."""

LOCAL = "local"
"""Who acts through the folder and this machine's own token: nobody knows which human that was."""


NOBODY = (LOCAL, "admin")
"""Owners that name no human: this machine's token, and the key of the first start."""


class Human(msgspec.Struct, frozen=True):
    """Who does something: a human, as their keys name them, and the key that they used."""

    owner: str
    key: str


def same(one: str, other: str) -> bool:
    """Tell whether two names are one human's: capitals, widths and spaces around them do not matter."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_unapproved(release: ReleaseRow) -> bool:
    """Tell whether a release is an emergency that nobody else has said yes to."""
    return release.cause == ReleaseCause.EMERGENCY.value and release.approver is None


def ends_at(releases: Sequence[ReleaseRow]) -> Micros | None:
    """Give when the live release goes back by itself, None for never.

    Several emergencies in a row have the time of the first one: what it brought is still live.
    """
    ends = None
    for release in reversed(releases):
        if not is_unapproved(release):
            break
        ends = release.at + EMERGENCY
    return ends


def sound(releases: Sequence[ReleaseRow]) -> ReleaseRow | None:
    """Give the last release that holds for good."""
    return next((release for release in reversed(releases) if not is_unapproved(release)), None)


def before(releases: Sequence[ReleaseRow]) -> ReleaseRow | None:
    """Give what a person goes back to from the live release: what held before its files, None for nothing.

    Files that were gone back to already are not gone back from to what came after them.
    """
    live = releases[-1]
    place = len(releases) - 1
    if live.of is not None:
        place = next((index for index, each in enumerate(releases) if each.number == live.of), place)
    return next(
        (each for each in reversed(releases[:place]) if not is_unapproved(each) and each.hash != live.hash),
        None,
    )
