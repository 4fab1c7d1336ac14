"""The customers of `many_customers.py` as columns, drawn the same way, the same each time."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import polars as pl

from benchmarks.many_customers import AMOUNTS, CHOICES, COUNTS, FLAGS, HOSTS, NOW, SEED, TAGS, TIMES


def frame(number: int) -> pl.DataFrame:
    """Give customers: texts of few values as Enum, amounts as floats, times in UTC, tags as lists."""
    draw = _Draw(number)
    columns: dict[str, Any] = {name: draw.among(choices) for name, choices in CHOICES.items()}
    ids = pl.Series(range(number)).cast(pl.String)
    columns["email"] = "c" + ids + "@" + draw.among(HOSTS).cast(pl.String)
    columns |= {name: draw.below(1_000) for name in COUNTS}
    columns |= {name: draw.below(100_000) / 100 for name in AMOUNTS}
    columns |= {name: draw.below(2) == 0 for name in FLAGS}
    for name in TIMES:
        back = (draw.below(1_000_000) * 60_000_000).cast(pl.Duration("us"))
        columns[name] = pl.select(pl.lit(NOW).dt.cast_time_unit("us") - back).to_series()
    some = pl.DataFrame([draw.among(TAGS).alias(f"{each}") for each in range(3)])
    columns["tags"] = some.select(pl.concat_list("0", "1", "2")).to_series()
    return pl.DataFrame(columns)


class _Draw:
    """Draws columns: numbers by the hash of the row and of how many columns there were before."""

    def __init__(self, number: int) -> None:
        self._rows = pl.Series(range(number))
        self._seed = SEED

    def below(self, many: int) -> pl.Series:
        """Give whole numbers from 0."""
        self._seed += 1
        return (self._rows.hash(self._seed) % many).cast(pl.Int64)

    def among(self, choices: tuple[str, ...]) -> pl.Series:
        """Give some of these texts."""
        return pl.Series(choices, dtype=pl.Enum(choices)).gather(self.below(len(choices)))


def customers_of(some: pl.DataFrame) -> list[dict[str, Any]]:
    """Give rows as customers whose amounts have two decimals, as the engine holds them."""
    found = some.with_columns(pl.col(AMOUNTS).round(2).cast(pl.Decimal(20, 2))).to_dicts()
    for customer in found:
        customer |= {name: customer[name].astimezone(UTC) for name in TIMES}
    return found
