"""Schedules as people write them: `daily at 06:00`, `weekly on monday at 09:00`, cron in quotes."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar, Literal, Self

from cronsim import CronSim, CronSimError

from engine.errors import ValueSyntaxError
from engine.model.values import WEEKDAYS, Duration, TimeOfDay, Written

_AT = r"(?P<at>\d\d:\d\d)"
FORMS = (
    rf"(?P<kind>daily) at {_AT}",
    rf"(?P<kind>weekly) on (?P<weekday>{'|'.join(WEEKDAYS)}) at {_AT}",
    rf"(?P<kind>monthly) on (?P<day>\d{{1,2}}) at {_AT}",
    r"(?P<kind>every) (?P<every>\d+[mh])",
    rf"(?P<kind>once) at (?P<date>\d{{4}}-\d\d-\d\d) {_AT}",
    r"(?P<cron>\S+ \S+ \S+ \S+ \S+)",
)
"""The patterns of a schedule, without the `in customer time` that may end it."""


class Schedule(Written, frozen=True):
    """When something comes round, on a wall clock.

    `monthly on 31` runs on the last day of shorter months. `customer_time` means the wall clock
    of each customer's own zone; otherwise the workspace's. `every` steps from midnight.
    """

    kind: Literal["daily", "weekly", "monthly", "every", "once", "cron"]
    at: TimeOfDay | None = None
    weekday: int | None = None
    day: int | None = None
    every: Duration | None = None
    date: dt.date | None = None
    cron: str | None = None
    customer_time: bool = False
    NAME: ClassVar[str] = "a schedule"
    EXAMPLE: ClassVar[str] = (
        "daily at 06:00, weekly on monday at 09:00, monthly on 1 at 09:00, every 15m, "
        'once at 2027-03-01 09:00, or five cron fields in quotes, as "0 6 * * *"'
    )

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a schedule; `in customer time` may end it."""
        if not isinstance(text, str):
            raise cls.refusal(text)
        wall, customer = re.subn(r" in customer time$", "", text.strip())
        for form in FORMS:
            if match := re.fullmatch(form, wall):
                return cls._read(match.groupdict(), text, bool(customer))
        raise cls.refusal(text)

    @classmethod
    def _read(cls, parts: dict[str, str | None], text: str, customer: bool) -> Self:
        cron, at, day, date, every = (parts.get(key) for key in ("cron", "at", "day", "date", "every"))
        if cron is not None:
            try:
                CronSim(cron, dt.datetime(2026, 1, 1))
            except CronSimError as error:
                raise ValueSyntaxError(
                    f"{text!r} is not a schedule: {str(error).lower()}; write {cls.EXAMPLE}"
                ) from None
            return cls("cron", cron=cron, customer_time=customer)
        if day is not None and not 1 <= int(day) <= 31:
            raise ValueSyntaxError(f"{text!r}: a month has no day {day}; write monthly on 1 to 31 at 09:00")
        length = Duration.parse(every) if every else None
        if length is not None and (length.micros > 86_400_000_000 or 86_400_000_000 % length.micros):
            raise ValueSyntaxError(f"{text!r} does not divide a day; write every 5m, 15m, 1h, 6h or 12h")
        try:
            on = dt.date.fromisoformat(date) if date else None
        except ValueError:
            raise ValueSyntaxError(f"{text!r}: {date} is no day; write once at 2027-03-01 09:00") from None
        return cls(
            parts["kind"],  # type: ignore[arg-type]
            at=TimeOfDay.parse(at) if at else None,
            weekday=WEEKDAYS.index(parts["weekday"]) if parts.get("weekday") else None,
            day=int(day) if day else None,
            every=length,
            date=on,
            customer_time=customer,
        )
