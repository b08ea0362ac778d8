"""What a postcode and a name say about the state, the province and the city."""

import pytest

from dunwell.compliance.postcodes import is_in_new_york_city, rough_postcode, state_called, state_of_postcode
from dunwell.compliance.regions import PROVINCE_ZONES, STATE_ZONES


@pytest.mark.parametrize(
    ("postcode", "state"),
    [
        ("02139", "MA"),
        ("01001-1234", "MA"),
        ("05501", "MA"),
        ("20001", "DC"),
        ("20151", "VA"),
        ("20301", "DC"),
        ("90210", "CA"),
        ("33101", "FL"),
        ("34994", "FL"),
        ("10118", "NY"),
        ("00501", "NY"),
        ("00901", "PR"),
        ("73301", "TX"),
        ("88510", "TX"),
        ("99950", "AK"),
        ("09012", ""),
        ("34012", ""),
        ("", ""),
        ("abc", ""),
        ("SW1A 1AA", ""),
    ],
)
def test_a_zip_code_tells_its_state(postcode: str, state: str) -> None:
    assert state_of_postcode("US", postcode) == state


def test_every_state_but_those_without_codes_of_their_own_has_zip_codes() -> None:
    found = {state_of_postcode("US", f"{number:05d}") for number in range(100, 100_000, 100)}
    assert found - {""} == set(STATE_ZONES) - {"AS", "MP"}, "whose codes begin like Hawaii's and Guam's"


def test_the_first_letter_tells_a_canadian_province_but_for_two_territories() -> None:
    found = {state_of_postcode("CA", f"{letter}1A 1A1") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    assert found - {""} == set(PROVINCE_ZONES) - {"NT", "NU"}
    assert state_of_postcode("GB", "M1 1AA") == ""


@pytest.mark.parametrize(
    "zip_code", ["10001", "10118-0110", "10301", "10451", "11201", "11101", "11375", "11691", "11004"]
)
def test_the_five_boroughs_are_new_york_city(zip_code: str) -> None:
    assert is_in_new_york_city(zip_code)
    assert is_in_new_york_city(rough_postcode("US", zip_code))


@pytest.mark.parametrize("zip_code", ["10501", "10701", "11021", "11501", "12207", "07030", "", "100", "10", "x0001"])
def test_elsewhere_is_not(zip_code: str) -> None:
    assert is_in_new_york_city(zip_code) is (zip_code == "100")
    assert is_in_new_york_city(rough_postcode("US", zip_code)) is (zip_code == "100")


@pytest.mark.parametrize(
    ("country", "region", "code"),
    [
        ("US", "MA", "MA"),
        ("US", "ma", "MA"),
        ("US", "MASSACHUSETTS", "MA"),
        ("US", "new  york", "NY"),
        ("US", "US-DC", "DC"),
        ("US", "District of Columbia", "DC"),
        ("CA", "Québec", "QC"),
        ("CA", "Ontario", "ON"),
        ("CA", "CALIFORNIA", "CALIFORNIA"),
        ("US", "", ""),
        ("US", "Atlantis", "ATLANTIS"),
    ],
)
def test_a_state_is_read_from_its_code_or_its_name(country: str, region: str, code: str) -> None:
    assert state_called(country, region) == code
