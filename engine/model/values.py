"""Values that people type by hand, each with its own sentence when it is written wrongly.

All instants are integers: microseconds since 1970-01-01T00:00:00 UTC (`Micros`). Days are
proleptic ordinals as `datetime.date.toordinal` gives them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

import msgspec

from engine.errors import ValueSyntaxError

Micros: TypeAlias = int
Day: TypeAlias = int

SECOND: Micros = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FOR_EVER: Micros = 2**62
"""An instant that never comes: later than any clock, and a number for every database."""

UNITS: dict[str, Micros] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
LONGEST: Micros = 3660 * DAY
"""No wait, window or expiry may be longer than ten years: it is a slip of the finger."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


class Written(msgspec.Struct, frozen=True):
    """A value that is written as one piece of text; `EXAMPLE` is what its error shows."""

    NAME: ClassVar[str] = "value"
    EXAMPLE: ClassVar[str] = ""
    PATTERN: ClassVar[str] = ""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read the value, or raise `ValueSyntaxError` saying what to write instead."""
        match = re.fullmatch(cls.PATTERN, text.strip()) if isinstance(text, str) else None
        if match is None:
            raise cls.refusal(text)
        return cls.from_match(match)

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        """Build the value from a match of `PATTERN`."""
        return cls(**match.groupdict())

    @classmethod
    def refusal(cls, text: object) -> ValueSyntaxError:
        """Give the error for a text that is not such a value."""
        shown = text if isinstance(text, str) else _plain(text)
        return ValueSyntaxError(f"{shown!r} is not {cls.NAME}; write {cls.EXAMPLE}")


def _plain(value: object) -> object:
    return value if isinstance(value, (int, bool, type(None))) else str(value)


class Duration(Written, frozen=True):
    """A length of time: whole minutes, hours, days or weeks (and seconds for retries).

    Days and weeks are calendar days where they are added to a local time; `micros` is the
    elapsed length, a day being 24 hours.
    """

    amount: int
    unit: str
    NAME: ClassVar[str] = "a length of time"
    EXAMPLE: ClassVar[str] = "30m, 12h, 3d or 2w"
    PATTERN: ClassVar[str] = r"(?P<amount>\d{1,9})(?P<unit>[smhdw])"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        value = cls(int(match["amount"]), match["unit"])
        if value.amount == 0:
            raise ValueSyntaxError(f"{match[0]!r} is no time at all; write at least 1{value.unit}")
        if value.micros > LONGEST:
            raise ValueSyntaxError(f"{match[0]!r} is over ten years; write 3660d or less")
        return value

    @property
    def micros(self) -> Micros:
        """The elapsed length in microseconds."""
        return self.amount * UNITS[self.unit]

    @property
    def days(self) -> int | None:
        """Whole calendar days for `d` and `w`, None for shorter units."""
        return {"d": self.amount, "w": 7 * self.amount}.get(self.unit)

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


class Ago(Written, frozen=True):
    """A point a length of time back: `28d ago`."""

    length: Duration
    NAME: ClassVar[str] = "a point in the past"
    EXAMPLE: ClassVar[str] = "28d ago"
    PATTERN: ClassVar[str] = r"(?P<length>\S+) ago"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(Duration.parse(match["length"]))


class Percent(Written, frozen=True):
    """A share; `share` is between 0 and 1 (or above where the place allows it)."""

    share: Decimal
    NAME: ClassVar[str] = "a percentage"
    EXAMPLE: ClassVar[str] = "10%"
    PATTERN: ClassVar[str] = r"(?P<share>\d{1,3}(?:\.\d{1,4})?) ?%"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        share = Decimal(match["share"]) / 100
        if share > 1:
            raise ValueSyntaxError(f"{match[0]!r} is over 100%; write a share such as 10%")
        return cls(share)

    def __str__(self) -> str:
        return f"{(self.share * 100).normalize():f}%"


class Money(Written, frozen=True):
    """An amount in an ISO 4217 currency: `25.00 EUR`."""

    amount: Decimal
    currency: str
    NAME: ClassVar[str] = "an amount of money"
    EXAMPLE: ClassVar[str] = "25.00 EUR"
    PATTERN: ClassVar[str] = r"(?P<amount>\d{1,12}(?:\.\d{1,4})?) (?P<currency>[A-Z]{3})"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(Decimal(match["amount"]), match["currency"])

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class TimeOfDay(Written, frozen=True):
    """A wall-clock time, in quotes in YAML: `"06:00"`."""

    hour: int
    minute: int
    NAME: ClassVar[str] = "a time of day"
    EXAMPLE: ClassVar[str] = 'it in quotes, as "06:00"'
    PATTERN: ClassVar[str] = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(int(match["hour"]), int(match["minute"]))

    @property
    def minutes(self) -> int:
        """Minutes since midnight."""
        return self.hour * 60 + self.minute

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"


class Hours(Written, frozen=True):
    """Hours from one wall-clock time to another: `"21:00-08:00"`, over midnight if need be."""

    start: TimeOfDay
    end: TimeOfDay
    NAME: ClassVar[str] = "a span of hours"
    EXAMPLE: ClassVar[str] = 'it in quotes, as "21:00-08:00"'
    PATTERN: ClassVar[str] = r"(?P<start>\d\d:\d\d) ?- ?(?P<end>\d\d:\d\d)"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        end = match["end"]
        value = cls(
            TimeOfDay.parse(match["start"]),
            TimeOfDay(24, 0) if end == "24:00" else TimeOfDay.parse(end),
        )
        if value.start == value.end:
            raise ValueSyntaxError(f"{match[0]!r} begins when it ends; write two different times")
        return value


class AtMost(Written, frozen=True):
    """How often at most: `1 per 30d`."""

    times: int
    per: Duration
    NAME: ClassVar[str] = "a limit"
    EXAMPLE: ClassVar[str] = "1 per 30d"
    PATTERN: ClassVar[str] = r"(?P<times>\d{1,6}) per (?P<per>\S+)"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        times = int(match["times"])
        if times == 0:
            raise ValueSyntaxError("a limit of 0 never lets anything through; use status: off instead")
        return cls(times, Duration.parse(match["per"]))


class OpenAtMost(Written, frozen=True):
    """How many may be open at a time: `10 open`."""

    number: int
    NAME: ClassVar[str] = "a number of open ones"
    EXAMPLE: ClassVar[str] = "10 open"
    PATTERN: ClassVar[str] = r"(?P<number>\d{1,6}) open"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(int(match["number"]))


class PerWeek(Written, frozen=True):
    """A volume a week: `5 per week`."""

    amount: Decimal
    NAME: ClassVar[str] = "a weekly volume"
    EXAMPLE: ClassVar[str] = "5 per week"
    PATTERN: ClassVar[str] = r"(?P<amount>\d{1,9}(?:\.\d{1,4})?) per week"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(Decimal(match["amount"]))


class Observations(Written, frozen=True):
    """The least number of observations: `30 observations`."""

    count: int
    NAME: ClassVar[str] = "a number of observations"
    EXAMPLE: ClassVar[str] = "30 observations"
    PATTERN: ClassVar[str] = r"(?P<count>\d{1,9}) observations?"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(int(match["count"]))


class Retry(Written, frozen=True):
    """How an effect is tried again: `5 times from 10s`, each pause twice the one before."""

    times: int
    first: Duration
    NAME: ClassVar[str] = "a retry"
    EXAMPLE: ClassVar[str] = "5 times from 10s"
    PATTERN: ClassVar[str] = r"(?P<times>\d{1,3}) times from (?P<first>\S+)"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(int(match["times"]), Duration.parse(match["first"]))


class Rate(Written, frozen=True):
    """How often something is called at most, evenly spaced: `10 per second`."""

    times: int
    per: Literal["second", "minute", "hour"]
    NAME: ClassVar[str] = "a rate"
    EXAMPLE: ClassVar[str] = "10 per second"
    PATTERN: ClassVar[str] = r"(?P<times>\d{1,6}) per (?P<per>second|minute|hour)"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        if not int(match["times"]):
            raise cls.refusal(match[0])
        return cls(int(match["times"]), match["per"])  # type: ignore[arg-type]

    @property
    def spacing(self) -> Micros:
        """Give the time from one call to the next."""
        per = {"second": SECOND, "minute": MINUTE, "hour": HOUR}[self.per]
        return -(-per // self.times)


class Reentry(Written, frozen=True):
    """Whether a customer may run a workflow again, per customer and key."""

    mode: Literal["never", "always", "after"]
    after: Duration | None = None
    NAME: ClassVar[str] = "a re-entry"
    EXAMPLE: ClassVar[str] = "never, always or after 7d"
    PATTERN: ClassVar[str] = r"(?P<mode>never|always|after)(?: (?P<after>\S+))?"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        mode, after = match["mode"], match["after"]
        if (mode == "after") != (after is not None):
            raise cls.refusal(match[0])
        return cls(mode, Duration.parse(after) if after else None)  # type: ignore[arg-type]


class Period(Written, frozen=True):
    """A qualification period: `12 months` (rolling from joining) or `calendar year`."""

    months: int
    calendar: bool = False
    NAME: ClassVar[str] = "a period"
    EXAMPLE: ClassVar[str] = "12 months or calendar year"
    PATTERN: ClassVar[str] = r"(?:(?P<months>\d{1,2}) months?|(?P<calendar>calendar year))"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        if match["calendar"]:
            return cls(12, True)
        months = int(match["months"])
        if not 1 <= months <= 60:
            raise ValueSyntaxError(f"{match[0]!r} is out of range; write 1 to 60 months")
        return cls(months)


class BudgetLimit(Written, frozen=True):
    """What may be spent: `5000.00 EUR per month`."""

    money: Money
    per: Literal["day", "week", "month", "year"]
    NAME: ClassVar[str] = "a budget"
    EXAMPLE: ClassVar[str] = "5000.00 EUR per month"
    PATTERN: ClassVar[str] = r"(?P<money>.+) per (?P<per>day|week|month|year)"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(Money.parse(match["money"]), match["per"])  # type: ignore[arg-type]


class Ceiling(Written, frozen=True):
    """The circuit breaker on messages: `10 messages per customer per day`."""

    messages: int
    NAME: ClassVar[str] = "a ceiling"
    EXAMPLE: ClassVar[str] = "10 messages per customer per day"
    PATTERN: ClassVar[str] = r"(?P<messages>\d{1,6}) messages? per customer per day"

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        return cls(int(match["messages"]))


class Formula(Written, frozen=True):
    """An expression: always one where the key holds expressions, after `=` elsewhere."""

    text: str
    NAME: ClassVar[str] = "an expression"
    EXAMPLE: ClassVar[str] = "customer.plan != 'free'"
    PATTERN: ClassVar[str] = r"(?s)(?P<text>.+)"


Value = Annotated[Any, msgspec.Meta(description="A literal, or an expression after `=`.")]
"""A value under `with:` and its kind; a text that begins with `=` is bound as a `Formula`."""
