"""rule-engine's table of its grammar, which it works out at each import, in a fraction of the time.

Most of that time goes into one step: symbols are looked for in lists, production by production and state by
state. Here each production's symbols are put together once. Nothing else is touched, and the table is the
same, symbol for symbol; where rule-engine is laid out in another way it is left alone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from typing import Any

_TABLES = "rule_engine._vendor.ply.yacc"
"""The module that works the table out; whoever imports it by its name has imported rule-engine before."""


def _hasten() -> None:
    """Let the table be worked out this way; has to come before the first import of rule-engine."""
    package = find_spec("rule_engine")
    if "rule_engine" in sys.modules or package is None or not package.submodule_search_locations:
        return
    path = "/".join((package.submodule_search_locations[0], *_TABLES.split(".")[1:]))
    spec = spec_from_file_location(_TABLES, f"{path}.py")
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        return
    if hasattr(module.LRGeneratedTable, "add_lookaheads"):
        module.LRGeneratedTable.add_lookaheads = _add_lookaheads
        sys.modules[_TABLES] = module


def _add_lookaheads(
    table: object, lookbacks: Mapping[Any, Sequence[tuple[int, Any]]], follow: Mapping[Any, Sequence[str]]
) -> None:
    """Put down for each production which symbols may come after it in a state.

    `lookbacks` has the pairs of a state and a production that each transition looks back to, often many
    times the same; `follow` has the symbols that may come after the transition.
    """
    symbols: dict[tuple[int, int], dict[str, None]] = {}
    productions = {}
    for transition, pairs in lookbacks.items():
        # In the order in which they come: the table is to be the same.
        seen = {(id(production), state): production for state, production in pairs}
        following = dict.fromkeys(follow.get(transition, ()))
        for place in seen:
            symbols.setdefault(place, {}).update(following)
        productions.update(seen)
    for place, production in productions.items():
        production.lookaheads[place[1]] = list(symbols[place])


_hasten()
