"""Candidate time zones: every zone that the known facts leave possible."""

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dunwell.compliance.area_codes import AREA_CODE_ZONES, NON_GEOGRAPHIC
from dunwell.compliance.place import Location
from dunwell.compliance.regions import ALL_CANADIAN_ZONES, ALL_US_ZONES, PROVINCE_ZONES, STATE_ZONES
from dunwell.timezones import zone, zones_of_country

_ANYWHERE = {"US": ALL_US_ZONES, "CA": ALL_CANADIAN_ZONES}


class Candidates(NamedTuple):
    """Where the customer may be; ``known`` is false when nothing narrows the country down.

    ``jurisdictions`` are the location's own, kept here because this is worked out once a place.
    """

    names: tuple[str, ...]
    zones: tuple[ZoneInfo, ...]
    known: bool
    jurisdictions: frozenset[str]


@lru_cache(maxsize=65536)
def candidates(location: Location) -> Candidates:
    """Every zone the customer may be in; a contact must be timely in all of them.

    Raises:
        InvalidInputError: a named time zone does not exist.
    """
    names = _names(location)
    known = bool(names)
    if not names:
        names = _ANYWHERE.get(location.country, ALL_US_ZONES)
    return Candidates(names, tuple(zone(name) for name in names), known, location.jurisdictions)


def _names(location: Location) -> tuple[str, ...]:
    if location.timezone:
        return (location.timezone,)
    return tuple(dict.fromkeys(_address_zones(location) + _area_code_zones(location.area_code)))


def _address_zones(location: Location) -> tuple[str, ...]:
    if location.address_zones:
        return location.address_zones
    if location.country == "US":
        return STATE_ZONES.get(location.state or "", ())
    if location.country == "CA":
        return PROVINCE_ZONES.get(location.state or "", ())
    return zones_of_country(location.country)


def _area_code_zones(area_code: str | None) -> tuple[str, ...]:
    if area_code is None or area_code in NON_GEOGRAPHIC:
        return ()
    return AREA_CODE_ZONES.get(area_code, ALL_US_ZONES)
