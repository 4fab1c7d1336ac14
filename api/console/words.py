"""How values are put into words and into HTML: times, lengths, numbers, and what is unknown.

Each of these is a filter of the templates under its own name.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import minijinja
from minijinja import escape, pass_state, safe

from api.slashes import part

NOTHING = "\N{EN DASH}"
"""What stands where there is no value."""

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def instant(value: str | datetime) -> datetime:
    """Read a time as the API writes it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def spelled(at: datetime) -> str:
    """Give a time as people read it: 5 Jan 2026, 12:00."""
    return f"{at.day} {at:%b %Y, %H:%M}"


@pass_state
def moment(state: Any, value: str | datetime | None) -> Any:
    """Give a time in the workspace's zone, which the script turns into the viewer's; both are on hover."""
    if value is None:
        return NOTHING
    at = instant(value)
    zone: str = state.lookup("zone")
    local = at.astimezone(ZoneInfo(zone))
    title = f"{at:%Y-%m-%d %H:%M:%S} UTC, {local:%Y-%m-%d %H:%M:%S} {zone}"
    return safe(f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{escape(title)}">{spelled(local)}</time>')


@pass_state
def clock(state: Any, value: str | datetime | None) -> Any:
    """Give how long it is until a time, or how long it is over; the time itself is on hover."""
    if value is None:
        return NOTHING
    at = instant(value)
    left = int((at - state.lookup("now")).total_seconds())
    said = f"in {length(left)}" if left >= 0 else f"{length(-left)} late"
    kind = "clock" if left >= 0 else "clock late"
    return safe(
        f'<time class="{kind}" data-clock datetime="{at:%Y-%m-%dT%H:%M:%SZ}" '
        f'title="{at:%Y-%m-%d %H:%M:%S} UTC">{said}</time>'
    )


def length(seconds: float | None) -> str:
    """Give a length of time in its two largest units: 3 d 4 h."""
    if seconds is None:
        return NOTHING
    left, parts = int(seconds), list[str]()
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def number(value: Any) -> str:
    """Give a number with its thousands set apart; digits after the point stay as they are."""
    if value is None:
        return NOTHING
    whole, point, rest = str(value).partition(".")
    sign, digits = ("\N{MINUS SIGN}", whole[1:]) if whole.startswith("-") else ("", whole)
    if not digits.isdigit():
        return str(value)
    return f"{sign}{int(digits):,}{point}{rest}"


def plain(value: Any) -> str:
    """Give any value of an answer as text: yes and no, lists with commas, nothing where there is none."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value)) or NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(each)}" for name, each in value.items()) or NOTHING
    return str(value)


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LENGTH = re.compile(r"-?P(?:(\d+)D)?T?(?:(\d+)(?:\.\d+)?S)?")
_LONG = re.compile(r"-?\d+\.\d{5,}")


@pass_state
def seen(state: Any, value: Any) -> Any:
    """Give a value as a rule sees it: times and lengths as such, all digits of a long number on hover."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        if _TIME.fullmatch(value):
            return moment(state, value)
        if found := _LENGTH.fullmatch(value):
            days, seconds = (int(part or 0) for part in found.groups())
            return length(days * 86_400 + seconds)
        if _LONG.fullmatch(value):
            return safe(f'<span title="{escape(value)}">{Decimal(value):.4f}</span>')
    return plain(value)


def share(value: Any) -> str:
    """Give a share as a percentage: 0.1234 is 12.3%."""
    return NOTHING if value is None else f"{100 * float(value):.1f}%".replace("-", "\N{MINUS SIGN}")


def points(value: Any) -> str:
    """Give a difference of shares in percentage points, with its sign: 0.01 is +1.0 points."""
    return NOTHING if value is None else f"{100 * float(value):+.1f} points".replace("-", "\N{MINUS SIGN}")


def money(cents: Any, currency: str = "") -> str:
    """Give an amount of money, told in cents: 123450 is 1,234.50 EUR."""
    if cents is None:
        return NOTHING
    return f"{Decimal(str(cents)) / 100:,.2f} {currency}".rstrip().replace("-", "\N{MINUS SIGN}")


def measured(value: Any, unit: str, currency: str = "") -> str:
    """Give a figure in its unit: a share in per cent, money in the currency, a time in days and hours."""
    if value is None:
        return NOTHING
    if unit == "share":
        return share(value)
    if unit == "cents":
        return money(value, currency)
    if unit == "seconds":
        return length(float(value))
    if unit == "points":
        return f"{float(value):+.1f}".replace("-", "\N{MINUS SIGN}")
    return number(value)


@pass_state
def day(state: Any, value: str | datetime | None) -> str:
    """Give the workspace's day that a time lies in: 5 Jan 2026. It is the same day for every viewer."""
    return (
        NOTHING if value is None else spelled_day(instant(value).astimezone(ZoneInfo(state.lookup("zone"))))
    )


@pass_state
def last_day(state: Any, value: str | datetime) -> str:
    """Give the last day of what ends at a time: what ends at midnight was over with the day before."""
    return day(state, instant(value) - timedelta(microseconds=1))


def spelled_day(at: date) -> str:
    """Give a day as people read it: 5 Jan 2026."""
    return f"{at.day} {at:%b %Y}"


def rounded(value: Any) -> str:
    """Give a number to three significant digits, and a very small one as such: a p of 0.0054."""
    return NOTHING if value is None else f"{float(value):.3g}"


@pass_state
def year(state: Any, value: str | datetime) -> int:
    """Give the year of a time in the workspace's zone."""
    return instant(value).astimezone(ZoneInfo(state.lookup("zone"))).year


def words(value: Any) -> str:
    """Give a name of a closed list as words: `not_met` is not met."""
    return NOTHING if value is None else str(value).replace("_", " ")


def segment(value: Any) -> str:
    """Escape a value as one part of an address."""
    return part(str(value))


def argument(value: Any) -> str:
    """Escape a value as what a parameter in an address says."""
    return quote(str(value), safe="")


_MARKS = {
    "good": {
        "completed", "fired", "executed", "resolved", "answered", "met", "closed", "live", "on_track",
        "achieved", "better",
    },
    "bad": {
        "failed", "error", "dead", "uncertain", "breached", "exhausted", "given_up", "behind", "missed",
        "worse", "sample_ratio_mismatch",
    },
    "warm": {
        "waiting", "open", "held", "skipped", "at_most", "too_late", "shadow", "acknowledged", "refused",
        "stopped", "cancelled", "unknown", "paused", "pending",
        "insufficient_data", "too_early",
    },
}  # fmt: skip
_SIGNS = {"good": "✓", "bad": "✕", "warm": "•", "calm": "·"}


def mark(value: Any) -> Any:
    """Give how something stands as a mark: a sign and a word, so that it is read without colour too."""
    if value is None:
        return NOTHING
    kind = next((kind for kind, values in _MARKS.items() if str(value) in values), "calm")
    return safe(
        f'<span class="mark {kind}"><span aria-hidden="true">{_SIGNS[kind]}</span> '
        f"{escape(words(value))}</span>"
    )


FILTERS: dict[str, Any] = {
    "moment": moment, "clock": clock, "length_of": length, "number": number, "plain": plain, "words": words,
    "share": share, "points": points, "money": money, "day": day, "last_day": last_day,
    "rounded": rounded, "year": year,
    "segment": segment, "argument": argument, "mark": mark, "seen": seen,
}  # fmt: skip


def add_to(environment: minijinja.Environment) -> None:
    """Give the templates these filters."""
    for name, each in FILTERS.items():
        environment.add_filter(name, each)
