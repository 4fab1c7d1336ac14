"""A synthetic base with planted truth: `generate` makes it, `score` compares what was found in it."""

from engine.authoring.demo.delivery import RawDelivery
from engine.authoring.demo.planted import FAMILIES, SCORED, Demo, Planted
from engine.authoring.demo.population import generate
from engine.authoring.demo.scoring import Alarmed, Found, Score, score

__all__ = [
    "FAMILIES",
    "SCORED",
    "Alarmed",
    "Demo",
    "Found",
    "Planted",
    "RawDelivery",
    "Score",
    "generate",
    "score",
]
