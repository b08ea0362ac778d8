"""Reading dates, in a format that the mapping declares."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dunwell.ingestion.mapping import DOTNET, INFER, ISO, UNIX, UNIX_MS
from dunwell.ingestion.values import RefusedValueError
from dunwell.timezones import zone

_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.,]+ ?(?:Z|UTC|[+-][0-9:]{2,5})?)?")
_PLAIN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
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

    def read(text: str) -> date:
        try:
            return _day(text, form, place)
        except (ValueError, OverflowError):
            raise RefusedValueError("is not a date", fix) from None

    return read


def _day(text: str, form: str, place: ZoneInfo) -> date:
    if form == ISO or (form == DOTNET and not text.startswith("/")):
        return _iso_day(text)
    if form == DOTNET:
        return _of_instant(int(_groups(_DOTNET, text)), place)
    if form in (UNIX, UNIX_MS):
        return _of_count(text, 1000 if form == UNIX else 1, place)
    if form == "%Y-%m-%d" and _PLAIN_DAY.fullmatch(text):
        return date.fromisoformat(text)
    return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone


def _of_instant(milliseconds: int, place: ZoneInfo) -> date:
    return (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(place).date()


def _of_count(text: str, milliseconds: int, place: ZoneInfo) -> date:
    """A count of seconds or milliseconds, or the timestamp that taps make of it."""
    if text[10:11] in ("T", " "):
        return _of_timestamp(text, place)
    return _of_instant(int(_groups(_INSTANT, text).partition(".")[0]) * milliseconds, place)


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
