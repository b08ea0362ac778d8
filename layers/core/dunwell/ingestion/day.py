"""Reading dates, in a format that the mapping declares."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dunwell.ingestion.mapping import DOTNET, INFER, ISO, UNIX, UNIX_MS
from dunwell.ingestion.values import RefusedValueError
from dunwell.timezones import zone

_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.,]+ ?(?:Z|UTC|[+-][0-9:]{2,5})?)?")
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,16})(?:[+-][0-9]{4})?\)/")
_INSTANT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = {
    ISO: "2026-10-31",
    UNIX: "seconds since 1970",
    UNIX_MS: "milliseconds since 1970",
    DOTNET: "/Date(1488338552390)/",
}


def day_reader(form: str, zone_name: str = "UTC") -> Callable[[str], date]:
    """A reader of dates in a format of ``FieldRule.date``; it raises ``RefusedValueError``."""
    if form == INFER:
        raise ValueError("what is inferred must be settled before it is read")
    place = zone(zone_name)
    fix = f"write dates as {_SHOWN.get(form, form)}"

    def of_instant(milliseconds: int) -> date:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(place).date()

    def read(text: str) -> date:
        try:
            if form == ISO:
                return _iso_day(text)
            if form == DOTNET and text.startswith("2"):
                return _iso_day(text)
            if form == DOTNET:
                return of_instant(int(_groups(_DOTNET, text)))
            if form in (UNIX, UNIX_MS):
                if text[10:11] in ("T", " "):
                    return _of_timestamp(text, place)
                whole = int(_groups(_INSTANT, text).partition(".")[0])
                return of_instant(whole * (1000 if form == UNIX else 1))
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except (ValueError, OverflowError):
            raise RefusedValueError("is not a date", fix) from None

    return read


def _iso_day(text: str) -> date:
    found = _ISO_DAY.fullmatch(text)
    if not found:
        raise ValueError(text)
    return date.fromisoformat(found[1])


def _of_timestamp(text: str, place: ZoneInfo) -> date:
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(place).date()


def _groups(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.fullmatch(text)
    if not found:
        raise ValueError(text)
    return found[found.lastindex or 0]
