"""Scores, compiled: their parts as expressions, what each names, and what fades with its age."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from engine.customers.catalog import BUILT_IN_TRAITS, Catalog
from engine.customers.definitions import NamedFact
from engine.customers.table import FactTable
from engine.decisions.scopes import customer_scope
from engine.expressions import Expression, compile_expression
from engine.model.facts import Subject
from engine.model.score import Score
from engine.model.workspace import Workspace

SURVEY_FIGURES = ("mean", "share", "share_lower", "share_upper", "min", "max")
"""Functions of a survey's answers that get old as the answers do."""


class CompiledPart(msgspec.Struct, frozen=True):
    """A part of a score: its expression, and whether it fades with the age of what it reads.

    `place` is the name under which its value is held of a customer, `names` the facts that it names,
    `reads` those that it rests on, through named expressions too.
    """

    name: str
    place: str
    expression: Expression
    names: tuple[str, ...]
    reads: tuple[str, ...]
    decays: bool


class CompiledScore(msgspec.Struct, frozen=True):
    """A score with its parts; `name` and `band_name` are what facts call it and its band.

    So do `trend_name` and `reasons_name`. `names` are the facts that its parts name, `formula` a number
    that another version of the parts does not have.
    """

    score: Score
    name: str
    band_name: str
    trend_name: str
    reasons_name: str
    names: tuple[str, ...]
    parts: tuple[CompiledPart, ...]
    formula: int


def compile_score(score: Score, catalog: Catalog, facts: FactTable, workspace: Workspace) -> CompiledScore:
    """Compile a score: what its parts name, and what they rest on."""
    scope = customer_scope(score.on, catalog, workspace.settings.timezone)
    parts = []
    for name, part in score.parts.items():
        expression = compile_expression(part.is_.text, scope)
        named = [dotted.partition(".") for dotted in expression.names]
        own = tuple(name for root, _, name in named if root == "customer")
        reads = tuple(dict.fromkeys(leaf for name in own for leaf in _leaves(facts, score.on, name)))
        fades = all(_fades(workspace, fact) for fact in reads)
        parts.append(CompiledPart(name, f"{score.id}/{name}", expression, own, reads, fades))
    fact = score.id.replace("-", "_")
    names = tuple({name: None for part in parts for name in part.names})
    return CompiledScore(
        score=score,
        name=fact,
        band_name=f"{fact}_band",
        trend_name=f"{fact}_trend",
        reasons_name=f"{fact}_reasons",
        names=names,
        parts=tuple(parts),
        formula=zlib.crc32(msgspec.json.encode(_formula(score))),
    )


def _formula(score: Score) -> object:
    """Give what a score's values follow from, without the words that they are told in."""
    parts = [(name, str(part.weight), part.is_.text) for name, part in score.parts.items()]
    return parts, score.coverage, score.half_life


def _leaves(facts: FactTable, subject: Subject, name: str) -> Iterator[str]:
    """Give the facts that a fact is read from: itself, unless it is an expression over others."""
    fact = facts.names(subject).get(name)
    if not isinstance(fact, NamedFact):
        yield name
        return
    for read in fact.reads:
        yield from _leaves(facts, subject, read)


def _fades(workspace: Workspace, fact: str) -> bool:
    """Tell whether a fact is a trait, a last value or a survey figure: something that gets old."""
    written = workspace.facts.facts.get(fact)
    if written is None:
        return fact in BUILT_IN_TRAITS
    function = getattr(written, "function", None)
    if function is None:
        return hasattr(written, "type")
    survey = "survey" in str(getattr(written, "event", ""))
    return function == "last" or (function in SURVEY_FIGURES and survey)
