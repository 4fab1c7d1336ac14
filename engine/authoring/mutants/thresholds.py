"""Thresholds moved: one unit up and down, and a tenth up and down.

A unit is the last digit's place as it is written: 1 for 40, 0.1 for 0.4, a day for 45d, an hour for
12h, 1% for 60%. A whole number stays whole and a day stays a day, for a fact that counts has nothing
in between: their tenth is rounded, and left out where it is no more than the unit. Other numbers and
hours are moved by the exact tenth, 0.4 to 0.44 and 0.36, 1h to 66m and 54m.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

_LENGTH = re.compile(r"(?P<amount>\d+)(?P<unit>[smhdw])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TENTH = Decimal("0.1")


def moved_number(text: str) -> list[str]:
    """Give a number's neighbours: `40` is 41, 39, 44 and 36. What is written otherwise has none."""
    if not _NUMBER.fullmatch(text):
        return []
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    unit = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    tenth = abs(value) * _TENTH
    if exponent == 0:
        tenth = tenth.quantize(Decimal(1), ROUND_HALF_UP)
    steps = [unit, -unit, *([tenth, -tenth] if tenth and not (exponent == 0 and tenth <= unit) else [])]
    return list(dict.fromkeys(_plain(value + step) for step in steps))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moved_length(text: str) -> list[str]:
    """Give a length of time's neighbours: `45d` is 46d, 44d, 50d and 41d; no time at all is none."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return []
    amount, unit = int(match["amount"]), match["unit"]
    near = [f"{amount + 1}{unit}", *([f"{amount - 1}{unit}"] if amount > 1 else [])]
    tenth = int((amount * _TENTH).quantize(Decimal(1), ROUND_HALF_UP))
    if unit == "h" and amount % 10:
        near += [f"{amount * 66}m", f"{amount * 54}m"]
    elif tenth > 1:
        near += [f"{amount + tenth}{unit}", f"{amount - tenth}{unit}"]
    return near


def moved_percent(text: str) -> list[str]:
    """Give a share's neighbours: `60%` is 61%, 59%, 66% and 54%; none below 0 or over 100."""
    near = moved_number(text.removesuffix("%").rstrip())
    return [f"{one}%" for one in near if 0 <= Decimal(one) <= 100]


def moved_day(text: str) -> list[str]:
    """Give the days beside a day: `2026-03-01` is 2026-03-02 and 2026-02-28."""
    day = dt.date.fromisoformat(text)
    return [(day + dt.timedelta(days=step)).isoformat() for step in (1, -1)]


def moved_time(text: str) -> list[str]:
    """Give a time of day an hour later and earlier, on the same day."""
    hour, minute = text.split(":")
    return [f"{near:02}:{minute}" for near in (int(hour) + 1, int(hour) - 1) if 0 <= near < 24]


def moved_limit(text: str) -> list[str]:
    """Give a limit's neighbours: `1 per 7d` is 2 per 7d, 1 per 8d and 1 per 6d."""
    times, _, length = text.partition(" per ")
    near = [f"{one} per {length}" for one in moved_number(times) if int(one) > 0]
    return near + [f"{times} per {one}" for one in moved_length(length)]


def moved_reentry(text: str) -> list[str]:
    """Give the other re-entries: `after 7d` is never, always, after 8d and after 6d."""
    mode, _, length = text.partition(" ")
    others = [other for other in ("never", "always") if other != mode]
    return others + [f"after {one}" for one in moved_length(length)]
