"""Times of day and week in which the customer may be contacted."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dunwell.calendars import SUNDAY, Holidays
from dunwell.compliance.case import UNTIL_LIFTED, Case
from dunwell.compliance.model import InconvenientTime
from dunwell.timezones import first_instant

# Minutes after midnight, from the first permitted one to the first that no longer is.
Window = tuple[int, int]

_LOOK_AHEAD_DAYS = 14  # no set of holidays closes two weeks running


@dataclass(frozen=True, slots=True)
class Hours:
    """Permitted hours of each weekday, on the customer's clock and half-open; none on holidays.

    Attributes:
        week: Monday first; None means no permitted hours that day.
    """

    week: tuple[Window | None, ...]
    holidays: Holidays | None = None

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """The latest of the next openings in those candidate zones where it is now closed."""
        opens: datetime | None = None
        for zone in case.zones:
            next_open = self._next_opening(zone, at)
            if next_open is not None and (opens is None or next_open > opens):
                opens = next_open
        return opens

    def _next_opening(self, zone: ZoneInfo, at: datetime) -> datetime | None:
        local = at.astimezone(zone)
        today = local.date()
        minute = local.hour * 60 + local.minute
        window = self._window(today)
        if window is not None and minute < window[1]:
            return None if minute >= window[0] else first_instant(zone, today, window[0], at)
        for ahead in range(1, _LOOK_AHEAD_DAYS + 1):
            day = today + timedelta(days=ahead)
            window = self._window(day)
            if window is not None:
                return first_instant(zone, day, window[0], at)
        return UNTIL_LIFTED

    def _window(self, day: date) -> Window | None:
        if self.holidays is not None and day in self.holidays(day.year):
            return None
        return self.week[day.weekday()]


def every_day(opens: int, closes: int) -> Hours:
    """The same hours on all seven days; arguments are hours of the day."""
    return Hours(((opens * 60, closes * 60),) * 7)


def weekdays_and_sunday(weekday: Window, sunday: Window | None, holidays: Holidays) -> Hours:
    """Hours from Monday to Saturday, others on Sunday, none on holidays; arguments are hours of the day."""
    hours = (weekday[0] * 60, weekday[1] * 60)
    on_sunday = None if sunday is None else (sunday[0] * 60, sunday[1] * 60)
    return Hours((hours,) * SUNDAY + (on_sunday,), holidays)


def inconvenient_time(case: Case, at: datetime) -> datetime | None:
    """The end of the latest of the customer's own excluded times that is running in a candidate zone."""
    ends: datetime | None = None
    for excluded in case.request.customer.inconvenient:
        for zone in case.zones:
            end = _end_if_running(excluded, zone, at)
            if end is not None and (ends is None or end > ends):
                ends = end
    return ends


def _end_if_running(excluded: InconvenientTime, zone: ZoneInfo, at: datetime) -> datetime | None:
    local = at.astimezone(zone)
    today = local.date()
    minute = local.hour * 60 + local.minute
    overnight = excluded.end <= excluded.start
    began_today = today.weekday() in excluded.days and minute >= excluded.start
    if began_today and overnight:
        return first_instant(zone, today + timedelta(days=1), excluded.end, at)
    if began_today and minute < excluded.end:
        return first_instant(zone, today, excluded.end, at)
    began_yesterday = overnight and (today.weekday() - 1) % 7 in excluded.days
    if began_yesterday and minute < excluded.end:
        return first_instant(zone, today, excluded.end, at)
    return None


@dataclass(frozen=True, slots=True)
class NoticeFirst:
    """Contact only from a certain day after a written notice was sent, the day after it being the first."""

    days: int

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """The beginning of that day where it comes last; UNTIL_LIFTED while no notice was sent."""
        sent = case.request.account.notice_sent_at
        if sent is None:
            return UNTIL_LIFTED
        opens = max(
            first_instant(zone, sent.astimezone(zone).date() + timedelta(days=self.days), 0, sent)
            for zone in case.zones
        )
        return opens if opens > at else None


EIGHT_TO_NINE_PM = every_day(8, 21)
