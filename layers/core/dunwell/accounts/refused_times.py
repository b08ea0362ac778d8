"""Times of the week in which a customer does not want to be contacted: said once, kept until they take it back."""

from dataclasses import dataclass
from datetime import datetime

from dunwell.errors import InvalidInputError

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WEEKDAYS = (0, 1, 2, 3, 4)
_DAY = 24 * 60
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class RefusedTime:
    """A time of the week, on the customer's clock.

    Attributes:
        days: weekdays on which it begins, Monday 0 to Sunday 6, in order.
        start, end: minutes after midnight, ``[start, end)``; an end at or before the start is on the next day.
        recorded_by: who wrote it down: an agent, or ``portal`` for the customer.
        recorded_at: with a time zone. note: what was said, such as "at work until five".

    Raises:
        InvalidInputError: on creation, when it is no time of the week.
    """

    days: tuple[int, ...]
    start: int
    end: int
    recorded_by: str = ""
    recorded_at: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.days or list(self.days) != sorted(set(self.days)) or not set(self.days) <= set(EVERY_DAY):
            raise InvalidInputError("Choose the days of the week.", field="days")
        if not (0 <= self.start < _DAY and 0 <= self.end <= _DAY) or self.start == self.end:
            raise InvalidInputError("Choose two different times of day, from 00:00 to 24:00.", field="start")

    @property
    def when(self) -> tuple[tuple[int, ...], int, int]:
        """The time itself, whoever recorded it."""
        return self.days, self.start, self.end

    @property
    def name(self) -> str:
        """The time as agents read it, such as ``Mon Tue 08:00-17:00``."""
        days = " ".join(_NAMES[day] for day in self.days)
        return f"{days} {self.start // 60:02d}:{self.start % 60:02d}-{self.end // 60:02d}:{self.end % 60:02d}"


RefusedTimes = tuple[RefusedTime, ...]


def with_time(known: RefusedTimes, new: RefusedTime) -> RefusedTimes:
    """The times with one more; one that is refused already changes nothing."""
    return known if any(one.when == new.when for one in known) else (*known, new)


def minute_of(text: str) -> int:
    """Minutes after midnight of a time such as ``08:30``; ``24:00`` ends a day.

    Raises:
        InvalidInputError: it is no time of day.
    """
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(minutes) < 60):
        raise InvalidInputError("Write a time such as 08:30.", field="start")
    return int(hours) * 60 + int(minutes)


def merged_times(kept: RefusedTimes, absorbed: RefusedTimes) -> RefusedTimes:
    """What either of two customers refused who turned out to be one."""
    for one in absorbed:
        kept = with_time(kept, one)
    return kept
