"""Where a customer may be, and what says so."""

from dataclasses import replace

import pytest

from dunwell.accounts.contact_points import ContactPoint, PointKind
from dunwell.outreach.whereabouts import location_of, whereabouts
from tests.support.portal import changed, customer

ANNA = customer(region="NY", postcode="")
EAST, CENTRAL, PACIFIC = "America/New_York", "America/Chicago", "America/Los_Angeles"


def test_a_time_zone_that_is_given_counts_alone_and_says_who_gave_it() -> None:
    given = changed(ANNA, phone="+13105550123", timezone=CENTRAL)
    assert (whereabouts(given).zones, whereabouts(given).evidence) == (
        (CENTRAL,),
        ("time zone America/Chicago, as the source says",),
    )
    said = replace(given, timezone_evidence="said so on the telephone")
    assert whereabouts(said).evidence == ("time zone America/Chicago, said so on the telephone",)


def test_address_and_telephone_numbers_are_evidence_together() -> None:
    both = whereabouts(changed(ANNA, phone="+13105550123"))
    assert set(both.zones) == {EAST, PACIFIC}
    assert both.evidence == ("address in US-NY", "area code 310")


def test_every_number_counts_and_more_numbers_never_narrow_it_down() -> None:
    one = changed(ANNA, region="", phone="+12125550123")
    two = replace(one, contact_points=(*one.contact_points, ContactPoint(PointKind.PHONE, "+13105550123")))
    assert set(whereabouts(one).zones) == {EAST}
    assert set(whereabouts(two).zones) == {EAST, PACIFIC}
    assert whereabouts(two).evidence == ("address in US", "area code 212", "area code 310")


def test_where_nothing_is_known_every_zone_is_possible_and_there_is_no_evidence() -> None:
    unknown = whereabouts(changed(ANNA, region=""))
    assert len(unknown.zones) > 4
    assert unknown.evidence == ()


def test_facts_that_make_no_sense_leave_no_zone_and_say_why() -> None:
    nowhere = whereabouts(replace(ANNA, region="XX"))
    assert nowhere.zones == ()
    assert "XX" in nowhere.evidence[0]


@pytest.mark.parametrize("phone", ["+442079460103", ""])
def test_a_number_from_elsewhere_has_no_area_code(phone: str) -> None:
    assert location_of(changed(ANNA, phone=phone)).area_code is None
