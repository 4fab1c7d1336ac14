"""Scores: weights, bands, and no score in terms of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.authoring.checks.expressions import NUMBERS, customer, judge
from engine.authoring.draft import SNAKE, Draft
from engine.authoring.rings import first_ring
from engine.authoring.wording import quoted
from engine.model.facts import NamedExpression
from engine.model.score import Score

_CUSTOMER = re.compile(r"\bcustomer\.(\w+)")


def check(draft: Draft) -> None:
    """Check every score."""
    for score in draft.workspace.scores.values():
        _parts(draft, score)
        _bands(draft, score)
    _cycles(draft)


def _parts(draft: Draft, score: Score) -> None:
    if not score.parts:
        draft.say(
            score,
            "parts",
            code="empty-map",
            message="a score needs a part",
            hint="write usage: {weight: 40, is: ...}",
        )
    scope = customer(draft, score.on)
    for name, part in score.parts.items():
        _name(draft, score, "parts", name)
        if part.weight <= 0:
            draft.say(
                part,
                "weight",
                code="out-of-range",
                message="a weight is more than 0",
                hint="write 40, or take the part out",
            )
        judge(draft, part.is_, scope, NUMBERS)


def _bands(draft: Draft, score: Score) -> None:
    starts: dict[object, str] = {}
    for name, band in score.bands.items():
        _name(draft, score, "bands", name)
        if not 0 <= band.from_ <= 100:
            draft.say(
                band,
                "from",
                code="out-of-range",
                message="a score is 0 to 100",
                hint="write a number from 0 to 100",
            )
        elif band.from_ in starts:
            draft.say(
                band,
                "from",
                code="bands-overlap",
                message=f"{name} begins where {starts[band.from_]} does",
                hint="give each its own",
            )
        starts.setdefault(band.from_, name)
    if 0 not in starts:
        draft.say(
            score, "bands", code="bands-gap", message="no band begins at 0", hint="write red: {from: 0}"
        )


def _name(draft: Draft, score: Score, key: str, name: str) -> None:
    if not SNAKE.fullmatch(name):
        draft.say(
            score,
            key,
            name,
            code="bad-name",
            message=f"{quoted(name)} is no name of a {key[:-1]}",
            hint="write small letters, digits and _",
            at_key=True,
        )


def _cycles(draft: Draft) -> None:
    scores = {score.id.replace("-", "_"): score for score in draft.workspace.scores.values()}
    reads = {name: list(_read(draft, score, scores)) for name, score in scores.items()}
    ring = first_ring(reads)
    if ring:
        shown = " -> ".join((*ring, ring[0]))
        draft.say(
            scores[ring[0]],
            "parts",
            code="scores-cycle",
            message=f"these scores read each other: {shown}",
            hint="leave one of them out",
        )


def _read(draft: Draft, score: Score, scores: Mapping[str, Score]) -> Iterator[str]:
    """Give the scores that a score reads, through named facts too."""
    todo = [part.is_.text for part in score.parts.values()]
    seen: set[str] = set()
    while todo:
        for name in _CUSTOMER.findall(todo.pop()):
            owner = re.sub("_(band|trend|reasons)$", "", name)
            fact = draft.workspace.facts.facts.get(name)
            if isinstance(fact, NamedExpression) and name not in seen:
                seen.add(name)
                todo.append(fact.expression.text)
            elif name in scores or owner in scores:
                yield name if name in scores else owner
