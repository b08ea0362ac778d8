"""Contact points: what is used first, what is no longer used, and what is remembered."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from dunwell.accounts.contact_points import (
    Channel,
    ContactPoint,
    PointKind,
    Points,
    PointState,
    contact_points,
    joined_points,
    postal_address,
    redescribed_points,
)
from tests.support.customers import points, property_of_customers
from tests.support.portal import NOW, changed, customer

EMAIL, PHONE = PointKind.EMAIL, PointKind.PHONE
FIRST, SECOND = ContactPoint(EMAIL, "anna@bakery.example"), ContactPoint(EMAIL, "till@bakery.example")
ANNA = customer(contact_points=(FIRST, SECOND, ContactPoint(PHONE, "+12125550123")))


def test_the_plain_fields_of_a_source_become_contact_points() -> None:
    street = postal_address(street="1 Road", postcode="10001", city="Town", region="NY", country="US")
    made = contact_points(email="a@b.example", postal=street)
    assert [(point.kind, point.address) for point in made] == [
        (PointKind.EMAIL, "a@b.example"),
        (PointKind.POSTAL, "1 Road\n10001 Town\nNY\nUS"),
    ]


def test_an_address_without_a_street_takes_no_letters() -> None:
    assert postal_address(city="Town", country="US") == ""


def test_a_channel_leads_to_the_first_address_that_works() -> None:
    assert ANNA.address(Channel.EMAIL) == "anna@bakery.example"
    bounced = ANNA.with_bounce("anna@bakery.example", NOW, "bounced")
    assert (bounced.email, bounced.address(Channel.EMAIL)) == ("anna@bakery.example", "till@bakery.example")
    assert bounced.address(Channel.SMS) == bounced.address(Channel.CALL) == "+12125550123"
    assert bounced.address(Channel.LETTER) == ""


def test_the_preferred_channel_comes_first_among_those_that_lead_anywhere() -> None:
    both = [Channel.EMAIL, Channel.LETTER, Channel.SMS]
    assert ANNA.reachable(both) == [Channel.EMAIL, Channel.SMS]
    assert replace(ANNA, preferred_channel=Channel.SMS).reachable(both) == [Channel.SMS, Channel.EMAIL]
    assert replace(ANNA, preferred_channel=Channel.LETTER).reachable(both) == [Channel.EMAIL, Channel.SMS]


def test_a_bounce_is_kept_once_with_its_first_time_however_the_address_is_written() -> None:
    twice = ANNA.with_bounce("ANNA@bakery.example", NOW, "bounced").with_bounce(
        "anna@bakery.example", NOW + timedelta(days=1), "complained"
    )
    assert twice.contact_points[0] == replace(FIRST, bounced_at=NOW, bounce_reason="bounced")
    assert twice.suppressed == {"anna@bakery.example"}


def test_an_address_that_was_never_listed_is_remembered_and_not_used() -> None:
    bounced = changed(ANNA, email="").with_bounce("old@bakery.example", NOW, "bounced")
    assert bounced.suppressed == {"old@bakery.example"}
    assert (bounced.email, bounced.address(Channel.EMAIL)) == ("", "")


@pytest.mark.parametrize("refused", [[Channel.SMS, Channel.WHATSAPP], [Channel.CALL], []])
def test_a_telephone_is_opted_out_only_when_no_calls_texts_or_chats_are_left(refused: list[Channel]) -> None:
    who = changed(ANNA, refuses=refused)
    assert who.status(who.points(PHONE)[0]).state is PointState.UNVERIFIED
    gone = changed(ANNA, refuses=[Channel.SMS, Channel.WHATSAPP, Channel.CALL])
    status = gone.status(gone.points(PHONE)[0])
    assert (status.state, status.since, status.reason) == (PointState.OPTED_OUT, NOW, "agent")


def test_a_contact_points_state_says_since_when_and_why() -> None:
    proved = ANNA.with_proof("anna@bakery.example", NOW)
    assert proved.status(proved.contact_points[0]).state is PointState.VERIFIED
    assert proved.status(proved.contact_points[1]).state is PointState.UNVERIFIED
    bounced = proved.with_bounce("anna@bakery.example", NOW, "complained")
    status = bounced.status(bounced.contact_points[0])
    assert (status.state, status.since, status.reason) == (PointState.BOUNCED, NOW, "complained")


def test_the_portal_is_a_contact_point_that_nobody_can_opt_out_of() -> None:
    who = customer(contact_points=contact_points(portal="anna"))
    assert changed(who, refuses=Channel).status(who.contact_points[0]).state is PointState.UNVERIFIED


def test_an_address_that_its_source_replaced_is_not_used_any_more() -> None:
    bounced = replace(FIRST, bounced_at=NOW, bounce_reason="bounced")
    portal = ContactPoint(EMAIL, "anna@home.example", source="portal")
    after = redescribed_points((bounced, SECOND, portal), contact_points(email="new@bakery.example"))
    assert after == (ContactPoint(EMAIL, "new@bakery.example"), replace(bounced, retired=True), portal)


def test_an_address_that_comes_back_is_still_known_to_bounce() -> None:
    bounced = (replace(FIRST, bounced_at=NOW, bounce_reason="bounced"),)
    gone = redescribed_points(bounced, ())
    assert redescribed_points(gone, (FIRST,)) == bounced


@property_of_customers
@given(points, points, points)
def test_joining_contact_points_keeps_each_place_once_with_all_that_is_known(a: Points, b: Points, c: Points) -> None:
    assert joined_points(a, a) == a
    assert _facts(joined_points(a, b)) == _facts(joined_points(b, a))
    assert _facts(joined_points(joined_points(a, b), c)) == _facts(joined_points(a, joined_points(b, c)))


def _facts(found: Points) -> set[ContactPoint]:
    """Points without what the first to name them decides: the spelling, and who told."""
    return {replace(point, address=point.address.casefold(), source="") for point in found}
