"""The tables of an index as one Python function: each subject read and looked up where it stands.

A loop over tables pays for each step with several calls and a handful of masks that are mostly empty. The
function does the same in straight lines: for the types that a subject's constants are of, one look in a dict
or among thresholds; for any other type it asks the table's own looks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from engine.expressions.environment import Env, missing
from engine.expressions.index.masks import Asked, Guarded, Look, Masks, Named, Stepped, Together
from engine.expressions.index.tables import ROOTS, Table
from engine.expressions.native.operations import TIMELESS

State: TypeAlias = tuple[int, int, int, int]
"""Terms as bits: those that stand, fail by another than a first clause, raise for null, are unsure."""
Step: TypeAlias = Callable[[Env, int, int, int, int], State]

MOST_TABLES = 64
"""So many tables are one function; Python takes longer and longer to compile what is very long."""

Written: TypeAlias = Named | Stepped | Asked
"""The looks that are written in place."""

_KINDS = {
    str: ("str", ""),
    int: ("int", ""),
    Decimal: ("Decimal", " and not v.is_nan()"),
    datetime: ("datetime", " and v.tzinfo is UTC"),
    timedelta: ("timedelta", ""),
    list: ("list", " and TIMELESS.issuperset(map(type, v))"),
}
"""How a type is written, and the test by which its looks are guarded (`looks.looks_of`)."""


def steps_of(tables: Sequence[Table]) -> tuple[Step, ...]:
    """Give the functions that ask the tables one after the other."""
    return tuple(_step(tables[start : start + MOST_TABLES]) for start in range(0, len(tables), MOST_TABLES))


def _step(tables: Sequence[Table]) -> Step:
    lines: list[str] = []
    needs: list[Any] = []
    for table in tables:
        lines.extend(_asked(table, needs))
    made: Step = _factory("\n".join(lines), len(needs))(*needs)
    return made


def _asked(table: Table, needs: list[Any]) -> Iterator[str]:
    """Write how one table is asked; `needs` takes what the text knows by k0, k1 and so on."""
    uses = _outside(table.uses, needs)
    # A subject that only terms look at which have failed is not even read.
    yield f"if standing & {uses}:"
    yield " try:"
    if table.read is None:
        root, name = ROOTS[table.root], repr(table.name)
        if root == "customer":
            # Facts compute what they do not hold yet, so asking first would only look it up twice.
            yield f"  try: v = customer[{name}]"
            yield "  except KeyError: v = None"
        else:
            yield f"  v = {root}[{name}] if {name} in {root} else missing({root}, {name})"
    else:
        yield f"  v = {_outside(table.read, needs)}(env)"
    yield "  kind = type(v)"
    test = "if"
    for kind in table.kinds:
        looks = _inlined(kind, table.looks[kind])
        if looks is not None:
            written, guard = _KINDS[kind]
            yield f"  {test} kind is {written}{guard}:"
            for look in looks:
                yield from _looked_up(look, needs)
            test = "elif"
    deep = "  " if test == "if" else "   "
    if test == "elif":
        yield "  else:"
    yield f"{deep}keep, fail, raising, doubtful = {_outside(table.looks, needs)}[kind](v)"
    yield from _taken(deep)
    yield " except Exception:"
    # A value that cannot be read, or of another type, is for rule-engine.
    yield f"  unsure |= {uses}"


def _inlined(kind: type, look: Look) -> tuple[Written, ...] | None:
    """Give the looks that can be written in place, None where one of them cannot."""
    if isinstance(look, Guarded):
        look = look.look
    elif _KINDS[kind][1]:
        # What is written tests as the guard does; a look without one is asked as it is.
        return None
    looks = look.looks if isinstance(look, Together) else (look,)
    found = tuple(each for each in looks if isinstance(each, (Named, Stepped, Asked)))
    return found if len(found) == len(looks) else None


def _looked_up(look: Written, needs: list[Any]) -> Iterator[str]:
    if isinstance(look, Asked):
        yield from _asked_for(look, needs)
        return
    masks = _masks_of(look)
    plain = not any(each.fail or each.null or each.unsure for each in masks)

    def known(value: Masks) -> str:
        return _outside(value.keep if plain else value, needs)

    if isinstance(look, Named):
        found = {value: each.keep for value, each in look.found.items()} if plain else look.found
        code = f"{_outside(found.get, needs)}(v, {known(look.usual)})"
    else:
        rows = _outside([each.keep for each in masks] if plain else look.masks, needs)
        code = f"{rows}[{_outside(look.landing, needs)}({_outside(look.thresholds, needs)}, v)]"
    if plain:
        yield f"   standing &= {code}"
    else:
        yield f"   keep, fail, raising, doubtful = {code}"
        yield from _taken("   ")


def _asked_for(look: Asked, needs: list[Any]) -> Iterator[str]:
    sparing = _outside(look.sparing, needs)
    yield f"   keep = {_outside(look.usual.keep, needs)}"
    yield f"   for thing in {'v' if look.things is None else f'{_outside(look.things, needs)}(v)'}:"
    yield f"    if thing in {sparing}: keep |= {sparing}[thing]"
    yield "   standing &= keep"
    if look.usual.unsure:
        yield f"   unsure |= {_outside(look.usual.unsure, needs)}"


def _masks_of(look: Named | Stepped) -> Sequence[Masks]:
    if isinstance(look, Named):
        return [*look.found.values(), look.usual]
    return look.masks


def _taken(deep: str) -> Iterator[str]:
    yield f"{deep}standing &= keep"
    # Joining nothing to a long number would copy it.
    yield f"{deep}if fail: failing |= fail"
    yield f"{deep}if raising: null |= raising"
    yield f"{deep}if doubtful: unsure |= doubtful"


def _outside(value: Any, needs: list[Any]) -> str:
    needs.append(value)
    return f"k{len(needs) - 1}"


_SURROUNDINGS: dict[str, Any] = {
    "__builtins__": {},
    "Decimal": Decimal,
    "Exception": Exception,
    "KeyError": KeyError,
    "TIMELESS": TIMELESS,
    "UTC": UTC,
    "datetime": datetime,
    "int": int,
    "list": list,
    "map": map,
    "missing": missing,
    "str": str,
    "timedelta": timedelta,
    "type": type,
}


@functools.lru_cache(maxsize=1024)
def _factory(body: str, needs: int) -> Callable[..., Any]:
    # Masks and thresholds come from outside, so that indexes of one shape share one code object.
    source = "\n".join(
        [
            f"def make({', '.join(f'k{place}' for place in range(needs))}):",
            " def step(env, standing, failing, null, unsure):",
            *(f"  {root} = env.{root}" for root in ROOTS),
            *(f"  {line}" for line in body.splitlines()),
            "  return standing, failing, null, unsure",
            " return step",
        ]
    )
    made: dict[str, Any] = {}
    exec(compile(source, "<index>", "exec"), _SURROUNDINGS, made)
    factory: Callable[..., Any] = made["make"]
    return factory
