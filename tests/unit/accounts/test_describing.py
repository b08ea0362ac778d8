"""A source describes a customer anew: newer words count, and what contact taught us stays."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.accounts.contact_points import ContactPoint, PointKind
from dunwell.accounts.describing import is_older, redescribed
from dunwell.accounts.holds import Hold
from dunwell.accounts.merging import merge_customers
from dunwell.accounts.model import Customer, CustomerKind
from dunwell.errors import InvalidInputError
from tests.support.customers import customers, descriptions, property_of_customers
from tests.support.portal import NOW, customer

KNOWN = customer(source_version="5", removed=True, timezone="America/Chicago")


def described(**changes: Any) -> Customer:
    return customer(**{"source_version": "6"} | changes)


def test_a_newer_description_replaces_what_the_source_knows() -> None:
    new = described(name="Anna & Co", email="new@bakery.example", country="CA", legal_entity="Example GmbH")
    assert redescribed(KNOWN, new) == new


@pytest.mark.parametrize("version", ["6", "5", ""])
def test_a_description_that_is_not_older_is_taken(version: str) -> None:
    after = redescribed(KNOWN, described(name="Anna & Co", source_version=version))
    assert (after.name, after.removed, after.timezone) == ("Anna & Co", False, "")
    assert after.source_version == (version or "5")


def test_an_older_description_adds_its_holds_and_changes_nothing_else() -> None:
    hold = Hold("cease", None, NOW)
    old = described(name="Before", email="old@bakery.example", source_version="4", holds=(hold,))
    assert redescribed(KNOWN, old) == replace(KNOWN, holds=(hold,))


def test_a_hold_that_an_agent_lifted_is_not_placed_again_by_the_next_file() -> None:
    hold = Hold("dispute_oral", None, NOW)
    lifted = KNOWN.with_hold(hold).without_hold(hold.hold_id, NOW, "lead")
    assert redescribed(lifted, described(holds=(hold,))).holds == lifted.holds


def test_a_time_zone_that_the_customer_confirmed_outlives_the_sources_word() -> None:
    said = replace(KNOWN, timezone="America/Denver", timezone_evidence="said so on 22 November 2026")
    after = redescribed(said, described(timezone="America/New_York"))
    assert (after.timezone, after.timezone_evidence) == (said.timezone, said.timezone_evidence)
    assert redescribed(KNOWN, described(timezone="America/New_York")).timezone == "America/New_York"


def test_an_address_that_the_customer_gave_us_stays_beside_the_sources() -> None:
    told = ContactPoint(PointKind.EMAIL, "anna@home.example", source="portal")
    after = redescribed(replace(KNOWN, contact_points=(*KNOWN.contact_points, told)), described(email="new@b.example"))
    assert [point.address for point in after.points(PointKind.EMAIL)] == ["new@b.example", "anna@home.example"]


def test_who_was_merged_with_a_person_stays_one_and_keeps_the_others_addresses() -> None:
    person = customer("cus_bert", kind=CustomerKind.PERSON, email="bert@home.example", number="C-7")
    merged, _ = merge_customers(KNOWN, person, NOW, "agent")
    after = redescribed(merged, described())
    assert (after.kind, after.relations, after.external_ids) == (
        CustomerKind.PERSON,
        merged.relations,
        (("test", "C-7"),),
    )
    assert [point.address for point in after.contact_points] == ["anna@bakery.example", "bert@home.example"]


def test_a_description_of_somebody_else_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        redescribed(KNOWN, customer("cus_bert"))


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("9", "10", True),
        ("10", "9", False),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", True),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T09:00:00Z", True),
        ("2026-01-01", "2026-01-01T00:00:01", True),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", False),
        ("v1", "v2", True),
        ("", "1", False),
        ("1", "", False),
        ("1", "1", False),
    ],
)
def test_versions_are_ordered_as_numbers_as_times_or_as_text(version: str, than: str, older: bool) -> None:
    assert is_older(version, than) is older


@property_of_customers
@given(customers(), descriptions())
def test_no_description_loses_a_hold_a_refusal_or_a_bounce(known: Customer, new: Customer) -> None:
    after = redescribed(known, new)
    assert after.holds[: len(known.holds)] == known.holds
    assert after.opted_out >= known.opted_out | new.opted_out
    assert _folded(after.suppressed) == _folded(known.suppressed)
    assert [record for record in known.consents if record not in after.consents] == []


@property_of_customers
@given(customers(), descriptions("1"))
def test_an_older_description_never_overwrites(anyone: Customer, new: Customer) -> None:
    known = replace(anyone, source_version="2")
    after = redescribed(known, new)
    cautious = {"holds": known.holds, "consents": known.consents, "external_ids": known.external_ids}
    assert replace(after, **cautious) == known  # type: ignore[arg-type]


@property_of_customers
@given(customers(), descriptions())
def test_a_description_taken_twice_is_taken_once(known: Customer, new: Customer) -> None:
    once = redescribed(known, new)
    assert redescribed(once, new) == once


@property_of_customers
@given(customers(), st.tuples(*(descriptions(version) for version in ("11", "12", "13"))))
def test_descriptions_in_any_order_make_the_same_customer(known: Customer, news: tuple[Customer, ...]) -> None:
    ends = []
    for order in permutations(news):
        after = known
        for new in order:
            after = redescribed(after, new)
        ends.append(after)
    assert len({(after.opted_out, frozenset(after.holds)) for after in ends}) == 1
    assert len({replace(after, holds=(), consents=()) for after in ends}) == 1


@property_of_customers
@given(customers(), descriptions())
def test_a_refused_channel_has_no_consent(known: Customer, new: Customer) -> None:
    after = redescribed(known, new)
    assert [channel for channel in after.opted_out if after.consent(channel)] == []


def _folded(addresses: frozenset[str]) -> set[str]:
    return {address.casefold() for address in addresses}
