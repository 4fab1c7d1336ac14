"""Conditions of many customers at once.

Each distinct clause is evaluated once for all customers; conditions are those columns joined. Where a
condition hangs on a value that columns cannot hold, or on a part that is no clause, `Condition.outcome`
decides it for the customers whom the other parts have left. What comes out is what it gives for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import polars as pl

from engine.expressions.clauses import Both, Clause, Fixed, Form, Line, Lines, Opaque, clauses_of
from engine.expressions.columns.clauses import OPEN, Split, odd_name, split
from engine.expressions.columns.column import Column
from engine.expressions.columns.masks import Mask, both, either, opposite
from engine.expressions.condition import Condition
from engine.expressions.environment import Env
from engine.expressions.outcome import Outcome

CHUNK = 262_144
"""So many customers at a time, so that what is held in between stays small."""


class Judged(msgspec.Struct, frozen=True):
    """Where a condition is met, not_met and unknown, and where it is open; an error elsewhere."""

    met: Mask
    not_met: Mask
    unknown: Mask
    open: Mask


class Sweep:
    """Some conditions over one set of columns; the customers are the rows, from 0.

    columns: by dotted name, such as `customer.plan`, all of one length. A name without a column is left to
    `env_at`, which gives what to evaluate for a row.
    """

    def __init__(
        self,
        conditions: Sequence[Condition],
        columns: Mapping[str, Column],
        env_at: Callable[[int], Env],
    ) -> None:
        self._conditions = tuple(conditions)
        self._env_at = env_at
        self._frame = _frame_of(columns)
        self._predicates = _Predicates(columns)
        self._judged = [self._predicates.of_lines(clauses_of(condition)) for condition in self._conditions]

    def met(self) -> list[pl.Series]:
        """Give for each condition the rows for which it is met, in their order."""
        wanted = [(judged.met, judged.open) for judged in self._judged]
        found: list[list[pl.Series]] = [[] for _ in wanted]
        for start, masks in self._chunks([mask for pair in wanted for mask in pair]):
            for place, condition in enumerate(self._conditions):
                rows, open_ = masks[2 * place] + start, masks[2 * place + 1] + start
                if len(open_):
                    more = [row for row in open_ if condition.outcome(self._env_at(row)) is Outcome.MET]
                    rows = pl.concat([rows, pl.Series(more, dtype=pl.UInt32)]).sort()
                found[place].append(rows)
        return [pl.concat(rows) if rows else pl.Series(dtype=pl.UInt32) for rows in found]

    def outcomes(self) -> list[list[Outcome]]:
        """Give for each condition the outcome of every row."""
        wanted = [(judged.met, judged.not_met, judged.unknown, judged.open) for judged in self._judged]
        found = [[Outcome.ERROR] * self._frame.height for _ in wanted]
        kinds = (Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN, None)
        for start, masks in self._chunks([mask for each in wanted for mask in each]):
            for number, rows in enumerate(masks):
                place, kind = divmod(number, len(kinds))
                outcomes, condition = found[place], self._conditions[place]
                for row in rows + start:
                    outcomes[row] = kinds[kind] or condition.outcome(self._env_at(row))
        return found

    def _chunks(self, masks: Sequence[Mask]) -> Iterator[tuple[int, list[pl.Series]]]:
        """Give for each chunk its first row, and the rows in it at which each of the masks holds."""
        expressions = {f"{place}": mask for place, mask in enumerate(masks) if not isinstance(mask, bool)}
        everywhere = {place for place, mask in enumerate(masks) if mask is True}
        for start in range(0, self._frame.height, CHUNK):
            chunk = self._frame.slice(start, CHUNK)
            answers = chunk.lazy().select(**self._predicates.expressions).select(**expressions).collect()
            everyone = pl.Series(range(chunk.height), dtype=pl.UInt32) if everywhere else None
            nobody = pl.Series(dtype=pl.UInt32)
            yield (
                start,
                [
                    answers[f"{place}"].arg_true()
                    if f"{place}" in expressions
                    else everyone
                    if everyone is not None and place in everywhere
                    else nobody
                    for place in range(len(masks))
                ],
            )


class _Predicates:
    """The masks that conditions share, each under a name of its own, and what conditions make of them."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._splits: dict[str, Split] = {}
        self._nulls: dict[str, Mask] = {}
        self.expressions: dict[str, pl.Expr] = {}

    def of_lines(self, lines: Lines) -> Judged:
        """Give the masks of a condition: its entries count by rank, whatever their order."""
        entries = [
            self._of_line(entry) if isinstance(entry, Line) else self.of_lines(entry)
            for entry in lines.entries
        ]
        if lines.every:
            return _ranked(entries, lambda judged: judged.not_met, lambda judged: judged.met, False)
        return _ranked(entries, lambda judged: judged.met, lambda judged: judged.not_met, True)

    def _of_line(self, line: Line) -> Judged:
        whole = self._of_form(line.form)
        unknown: Mask = False
        missing: Mask = False
        if whole.raises is not False:
            for name in line.names:
                null = self._null(name)
                missing = either(missing, null is None)
                unknown = unknown if null is None else either(unknown, null)
        # Whether a name without a column is null, its customer must say.
        open_ = both(whole.raises, both(missing, opposite(unknown)))
        return Judged(
            met=whole.holds,
            not_met=whole.fails,
            unknown=both(whole.raises, unknown),
            open=either(whole.open, open_),
        )

    def _of_form(self, form: Form) -> Split:
        if isinstance(form, Fixed):
            return Split(form.holds, False, False)
        if isinstance(form, Opaque):
            return OPEN
        if isinstance(form, Clause):
            return self._of_clause(form)
        parts = [self._of_form(part) for part in form.parts]
        whole = parts[0]
        for part in parts[1:]:
            # Where the first settles it, the next one is not looked at.
            goes_on = whole.holds if isinstance(form, Both) else whole.fails
            held = both(goes_on, part.holds)
            whole = Split(
                held if isinstance(form, Both) else either(whole.holds, held),
                either(whole.raises, both(goes_on, part.raises)),
                either(whole.open, both(goes_on, part.open)),
            )
        return whole

    def _of_clause(self, clause: Clause) -> Split:
        found = self._splits.get(clause.key)
        if found is None:
            column = self._columns.get(clause.subject.name or "")
            whole = OPEN if column is None else split(clause, column)
            found = self._splits[clause.key] = Split(
                self._named(whole.holds), self._named(whole.raises), self._named(whole.open)
            )
        return found

    def _null(self, name: str) -> Mask | None:
        """Give where a name is null, None where it has no column."""
        column = self._columns.get(name)
        if column is None:
            return None
        if name not in self._nulls:
            null: Mask = pl.col(name).is_null() if column.values.null_count() else False
            odd: Mask = False if column.odd is None else pl.col(odd_name(name))
            self._nulls[name] = self._named(both(null, opposite(odd)))
        return self._nulls[name]

    def _named(self, mask: Mask) -> Mask:
        if isinstance(mask, bool):
            return mask
        name = f"mask {len(self.expressions)}"
        self.expressions[name] = mask
        return pl.col(name)


def _ranked(
    entries: Sequence[Judged],
    settling: Callable[[Judged], Mask],
    otherwise: Callable[[Judged], Mask],
    one: bool,
) -> Judged:
    """Join entries of which one `settling` settles all, and else an error goes before an unknown."""
    settled: Mask = False
    rest: Mask = True
    open_: Mask = False
    not_error: Mask = True
    for entry in entries:
        settled = either(settled, settling(entry))
        rest = both(rest, otherwise(entry))
        open_ = either(open_, entry.open)
        not_error = both(not_error, either(otherwise(entry), entry.unknown))
    open_ = both(open_, opposite(settled))
    unknown = both(not_error, opposite(rest))
    return Judged(
        met=settled if one else rest,
        not_met=rest if one else settled,
        unknown=unknown,
        open=open_,
    )


def _frame_of(columns: Mapping[str, Column]) -> pl.DataFrame:
    series: dict[str, pl.Series] = {}
    for name, column in columns.items():
        series[name] = column.values
        if column.odd is not None:
            series[odd_name(name)] = column.odd
    return pl.DataFrame(series)
