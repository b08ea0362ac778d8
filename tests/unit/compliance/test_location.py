"""Where the customer may be: a contact must be timely in every possible place."""

import pytest

from dunwell.compliance.area_codes import AREA_CODE_ZONES, NON_GEOGRAPHIC
from dunwell.compliance.location import candidates
from dunwell.compliance.place import Location
from dunwell.compliance.regions import STATE_ZONES
from dunwell.errors import InvalidInputError
from dunwell.timezones import zone
from tests.unit.compliance.given import OPEN, asked, outcome

REGF = "REGF_QUIET_HOURS"
UNKNOWN = "QUIET_HOURS_LOCATION_UNKNOWN"


def zones_of(**known: str | None) -> set[str]:
    return set(candidates(Location(**known)).names)  # type: ignore[arg-type]


def test_a_confirmed_zone_beats_address_and_phone() -> None:
    assert zones_of(timezone="America/Denver", state="AZ", area_code="212") == {"America/Denver"}


def test_address_and_phone_are_united() -> None:
    assert zones_of(state="CA", area_code="212") == {"America/Los_Angeles", "America/New_York"}
    assert outcome("2026-06-16T01:00", state="CA", area_code="212") == (REGF, "2026-06-16T15:00")
    assert outcome("2026-06-16T01:00", state="CA", area_code="212", timezone="America/Los_Angeles") == OPEN


def test_a_known_county_narrows_the_state() -> None:
    county = Location(state="TN", address_zones=("America/Chicago",), area_code="615")
    assert candidates(county).names == ("America/Chicago",)


@pytest.mark.parametrize(
    ("codes", "zones"),
    [
        ("219 574 812 930 850 448 270 364 606 423 729 906", {"America/New_York", "America/Chicago"}),
        ("308 402 531 605 701 620 785 915 432", {"America/Chicago", "America/Denver"}),
        ("208 986 541 458 775", {"America/Boise", "America/Los_Angeles"}),
        ("907", {"America/Anchorage", "America/Adak"}),
        ("928", {"America/Phoenix", "America/Denver"}),
        ("480 520 602 623", {"America/Phoenix"}),
        ("808", {"Pacific/Honolulu"}),
        ("787", {"America/Puerto_Rico"}),
    ],
)
def test_an_area_code_on_a_zone_line_counts_for_both_sides(codes: str, zones: set[str]) -> None:
    assert [zones_of(area_code=code) for code in codes.split()] == [zones] * len(codes.split())


def test_a_state_on_a_zone_line_counts_for_both_sides() -> None:
    split = ["AK", "AZ", "FL", "ID", "IN", "KS", "KY", "MI", "ND", "NE", "NV", "OR", "SD", "TN", "TX"]
    assert {state for state, zones in STATE_ZONES.items() if len(zones) > 1} == set(split)


def test_an_area_code_alone_locates_the_customer() -> None:
    assert outcome("2026-06-15T11:30", state=None, area_code="212") == (REGF, "2026-06-15T12:00")
    assert outcome("2026-06-15T17:30", state=None, area_code="808") == (REGF, "2026-06-15T18:00")


def test_a_toll_free_number_says_nothing() -> None:
    assert outcome("2026-06-15T17:30", state=None, area_code="800") == (UNKNOWN, "2026-06-15T18:00")
    assert zones_of(state="OH", area_code="888") == {"America/New_York"}


def test_an_area_code_nobody_listed_may_be_anywhere() -> None:
    assert zones_of(state="OH", area_code="299") >= {"America/New_York", "Pacific/Honolulu"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-15T17:59", (UNKNOWN, "2026-06-15T18:00")),
        ("2026-06-15T18:00", OPEN),
        ("2026-06-16T00:59", OPEN),
        ("2026-06-16T01:00", (UNKNOWN, "2026-06-16T18:00")),
        ("2026-12-15T17:59", (UNKNOWN, "2026-12-15T18:00")),
        ("2026-12-16T01:59", OPEN),
    ],
)
def test_without_any_location_the_window_is_hawaii_to_eastern(at: str, expected: tuple[str, str | None]) -> None:
    assert outcome(at, state=None) == expected
    assert outcome(at, party="first", state=None) == expected


def test_kansas_border_counties_close_on_the_earlier_clock() -> None:
    assert outcome("2026-06-16T02:30", state="KS", area_code="620") == (REGF, "2026-06-16T14:00")


def test_an_arizona_customer_may_live_in_the_navajo_nation_in_summer_only() -> None:
    assert outcome("2026-06-16T03:30", state="AZ", area_code="602")[0] == REGF
    assert outcome("2026-12-16T03:30", state="AZ", area_code="602") == OPEN


def test_every_listed_zone_exists_and_no_code_is_both_somewhere_and_nowhere() -> None:
    names = {name for table in (AREA_CODE_ZONES, STATE_ZONES) for zones in table.values() for name in zones}
    assert {zone(name).key for name in names} == names
    assert not NON_GEOGRAPHIC & AREA_CODE_ZONES.keys()


def test_a_territory_given_as_a_country_is_part_of_the_united_states() -> None:
    assert asked("2026-06-15T12:00", country="PR").candidate_zones == ("America/Puerto_Rico",)


def test_a_country_without_rules_is_refused() -> None:
    assert outcome("2026-06-15T12:00", "email", "first", country="BR") == ("JURISDICTION_NOT_COVERED", None)
    assert outcome("2026-06-15T12:00", "email", "first", country="")[0] == "JURISDICTION_NOT_COVERED"


@pytest.mark.parametrize(
    "malformed",
    [{"country": "USA"}, {"state": "XX"}, {"country": "CA", "state": "OH"}, {"area_code": "12"}, {"area_code": "112"}],
)
def test_a_malformed_place_is_refused(malformed: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        Location(**malformed)  # type: ignore[arg-type]


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Mars/Olympus"):
        asked("2026-06-15T12:00", state="OH", timezone="Mars/Olympus")
