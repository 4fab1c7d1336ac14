"""Many conditions at once: for each value of a subject the set of those that it settles, as bits."""

from engine.expressions.index.index import Index, Settled
from engine.expressions.index.positions import bits, positions

__all__ = ["Index", "Settled", "bits", "positions"]
