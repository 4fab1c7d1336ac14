"""Instants and calendar days of one time zone, exact over every change of its clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.model.values import DAY, MINUTE, SECOND, WEEKDAYS, Day, Micros, Weekday

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY: Day = date(1970, 1, 1).toordinal()
_MIDNIGHT_OF_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def instant_of(moment: datetime) -> Micros:
    """Give the instant of an aware datetime."""
    return (moment - EPOCH) // _MICROSECOND


def moment_of(instant: Micros) -> datetime:
    """Give an instant as an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=instant)


class Zone:
    """The days and weeks of one IANA zone.

    Days are intervals of instants that follow one another without gap: a day begins at its first
    midnight, or where that midnight is skipped, at the next instant that exists.
    """

    __slots__ = ("_blocks", "_midnights", "_starts", "name", "tz", "week_starts")

    def __init__(self, name: str, week_starts: Weekday = "monday") -> None:
        try:
            self.tz = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is not a time zone; write one such as Europe/Berlin") from error
        self.name = name
        self.week_starts = WEEKDAYS.index(week_starts)
        self._blocks: dict[int, tuple[Day, tuple[tuple[Micros, Day], ...]]] = {}
        self._starts: dict[Day, Micros] = {}
        self._midnights: dict[Day, datetime] = {}

    def day_of(self, instant: Micros) -> Day:
        """Give the local calendar day of an instant."""
        block = self._blocks.get(instant // DAY)
        if block is None:
            block = self._block(instant // DAY)
        day, later = block
        for start, next_day in later:
            if instant < start:
                return day
            day = next_day
        return day

    def start_of_day(self, day: Day) -> Micros:
        """Give the instant at which a local day begins."""
        start = self._starts.get(day)
        if start is None:
            start = self._starts[day] = self.at(day, 0)
        return start

    def local(self, instant: Micros) -> datetime:
        """Give an instant as the clock on the wall shows it, with its offset."""
        return moment_of(instant).astimezone(self.tz)

    def midnight(self, day: Day) -> datetime:
        """Give the wall-clock midnight that a `date` is in expressions; +-days on it is calendar."""
        moment = self._midnights.get(day)
        if moment is None:
            local = date.fromordinal(day)
            moment = datetime(local.year, local.month, local.day, tzinfo=self.tz)
            self._midnights[day] = moment
        return moment

    def at(self, day: Day, minutes: int) -> Micros:
        """Give the instant of a wall-clock time, in minutes after midnight, on a local day.

        A time that a change of the clocks skips gives the next one that exists; of one that it
        doubles, the first is meant.
        """
        return _at(self, day, minutes)

    def _find(self, day: Day, minutes: int) -> Micros:
        """Work out what `at` remembers."""
        naive = (day - EPOCH_DAY) * DAY + minutes * MINUTE
        first, second = (naive - self._offset(naive, fold) for fold in (0, 1))
        if first <= second:
            return first
        # In a gap, fold 0 reads the offset before it and fold 1 the one after it: the change of the
        # clocks lies between the two instants they give.
        before = self._utc_offset(second)
        low, high = second, first
        while high - low > SECOND:
            middle = (low + high) // (2 * SECOND) * SECOND
            if self._utc_offset(middle) == before:
                low = middle
            else:
                high = middle
        return high

    def week_of(self, day: Day) -> Day:
        """Give the first day of the week that a day lies in."""
        return day - (day - 1 - self.week_starts) % 7

    def _offset(self, naive: Micros, fold: int) -> Micros:
        moment = (_MIDNIGHT_OF_EPOCH + timedelta(microseconds=naive)).replace(tzinfo=self.tz, fold=fold)
        return (moment.utcoffset() or timedelta()) // _MICROSECOND

    def _utc_offset(self, instant: Micros) -> Micros:
        return (self.local(instant).utcoffset() or timedelta()) // _MICROSECOND

    def _block(self, index: int) -> tuple[Day, tuple[tuple[Micros, Day], ...]]:
        """Give the local day in which a UTC day begins, and those that begin inside it."""
        begin = index * DAY
        guess = self.local(begin).toordinal() - 1
        starts = [(self.start_of_day(day), day) for day in range(guess, guess + 5)]
        first = max(day for start, day in starts if start <= begin)
        later = tuple((start, day) for start, day in starts if begin < start < begin + DAY)
        block = self._blocks[index] = (first, later)
        return block


@lru_cache(maxsize=65_536)
def _at(zone: Zone, day: Day, minutes: int) -> Micros:
    return zone._find(day, minutes)


@lru_cache(maxsize=1024)
def zone(name: str, week_starts: Weekday = "monday") -> Zone:
    """Give the zone of an IANA name; raises ValueError for an unknown one."""
    return Zone(name, week_starts)
