"""Time zones: the one place that says which copy of the IANA database is used."""

import importlib.resources
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from dunwell.errors import InvalidInputError

# Python reads the operating system's zone files before the pinned ``tzdata`` package. Lambda's copy, or a laptop's,
# may predate British Columbia's and Manitoba's last clock change, and would then allow a call at 21:30. With no
# search path only the pinned package remains.
zoneinfo.reset_tzpath(())


def _release() -> str:
    """The IANA release of the pinned package, such as ``2026f``; its own first line says it."""
    source = importlib.resources.files("tzdata") / "zoneinfo" / "tzdata.zi"
    with source.open(encoding="utf-8") as lines:
        return lines.readline().removeprefix("# version ").strip()


TZDATA_VERSION = _release()


@lru_cache(maxsize=1024)
def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of an IANA name, from the pinned database.

    Raises:
        InvalidInputError: there is no such zone.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise InvalidInputError(f"{name!r} is not a time zone; use an IANA name such as America/Chicago") from exc


@lru_cache(maxsize=1)
def _country_zones() -> dict[str, tuple[str, ...]]:
    """Country code → zone names, as the database itself lists them."""
    table = (importlib.resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _position, name = line.split("\t")[:3]
            found.setdefault(country, []).append(name)
    return {country: tuple(names) for country, names in found.items()}


def zones_of_country(country: str) -> tuple[str, ...]:
    """Every zone of an ISO 3166 alpha-2 country; empty when the database knows no such country."""
    return _country_zones().get(country, ())


def first_instant(place: zoneinfo.ZoneInfo, day: date, minute: int, after: datetime) -> datetime:
    """The first instant later than ``after`` at which clocks in a zone read a time of a day, or have skipped it.

    Args:
        minute: minutes after midnight of ``day``; 1440 is the next midnight.
        after: with a time zone; matters only where an hour is repeated in autumn.

    Returns:
        The instant in UTC.
    """
    first, second = _readings(place, day, minute)
    return first if first == second or first > after else second


@lru_cache(maxsize=65536)
def _readings(place: zoneinfo.ZoneInfo, day: date, minute: int) -> tuple[datetime, datetime]:
    """The first and the last instant at which clocks read a time; the moment they skip it, if they do."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a reading of a clock
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    if first > second:
        first = second = _end_of_gap(place, wall, second, first)
    return first, second


def _end_of_gap(place: zoneinfo.ZoneInfo, wall: datetime, before: datetime, reached: datetime) -> datetime:
    """The moment clocks jump past a reading that never occurs, found by halving between two instants."""
    while reached - before > timedelta(seconds=1):
        middle = before + (reached - before) / 2
        if middle.astimezone(place).replace(tzinfo=None) >= wall:
            reached = middle
        else:
            before = middle
    return reached.replace(microsecond=0)
