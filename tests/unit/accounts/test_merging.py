"""Merging two records of one customer, and splitting one record of two: caution survives both."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import assume, given

from dunwell.accounts.consent import ConsentAct, ConsentPurpose, ConsentRecord, standing
from dunwell.accounts.contact_points import Channel
from dunwell.accounts.holds import Hold
from dunwell.accounts.merging import customers_merged, merge_customers, split_customer
from dunwell.accounts.model import Customer, CustomerKind, Relation, RelationKind, customer_id_of
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ingestion.importing import customer_id
from tests.support.customers import START, customers, moments, own_acts, property_of_customers
from tests.support.portal import NOW, changed, customer

ANNA = customer()
BERT = customer("cus_bert", number="C-7", source="crm", email="bert@home.example", phone="+12125550123")


def folded(addresses: frozenset[str]) -> set[str]:
    return {address.casefold() for address in addresses}


def test_what_one_of_two_refused_is_refused_by_both_after_they_are_merged() -> None:
    hold = Hold("cease", None, NOW)
    cautious = changed(BERT, refuses=[Channel.CALL], bounced=["bert@home.example"], holds=(hold,))
    kept, gone = merge_customers(ANNA, cautious, NOW, "agent")
    assert kept.opted_out == {Channel.CALL}
    assert kept.suppressed == {"bert@home.example"}
    assert kept.holds == (hold,)
    assert (kept.name, kept.email, kept.external_ids) == (ANNA.name, ANNA.email, (("crm", "C-7"),))
    assert kept.relations == (Relation(RelationKind.ABSORBED, "cus_bert", NOW, "agent"),)
    assert (gone.merged_into, gone.holds) == ("cus_anna", (hold,))


def test_a_refusal_of_one_is_not_lifted_by_a_consent_of_the_other() -> None:
    refused = changed(ANNA, phone="+13055550102", refuses=[Channel.SMS])
    agreed = BERT.with_consent(Channel.SMS, datetime.max.replace(tzinfo=NOW.tzinfo), "portal")
    for kept, absorbed in ((refused, agreed), (agreed, refused)):
        merged, _ = merge_customers(kept, absorbed, NOW, "agent")
        assert merged.opted_out == {Channel.SMS}
        assert merged.consent(Channel.SMS) is None


def test_a_consent_of_one_is_no_consent_for_the_number_of_the_other() -> None:
    texted = changed(BERT, texts=True)
    silent = changed(ANNA, phone="+13055550102")
    assert merge_customers(silent, texted, NOW, "agent")[0].consent(Channel.SMS) is None
    assert merge_customers(ANNA, texted, NOW, "agent")[0].consent(Channel.SMS)
    no_number = changed(BERT, phone="", texts=True)
    assert merge_customers(silent, no_number, NOW, "agent")[0].consent(Channel.SMS) is None
    assert merge_customers(changed(ANNA, phone="", texts=True), BERT, NOW, "agent")[0].consent(Channel.SMS) is None


def test_merging_with_a_person_makes_a_person() -> None:
    person = replace(BERT, kind=CustomerKind.PERSON)
    assert merge_customers(ANNA, person, NOW, "agent")[0].kind is CustomerKind.PERSON
    assert merge_customers(person, ANNA, NOW, "agent")[0].kind is CustomerKind.PERSON


def test_a_customer_that_is_part_of_another_is_not_merged_with_a_third() -> None:
    kept, gone = merge_customers(ANNA, BERT, NOW, "agent")
    third = customer("cus_third")
    for pair in ((third, gone), (gone, third), (gone, kept)):
        with pytest.raises(RefusedError):
            merge_customers(*pair, NOW, "agent")
    assert merge_customers(third, kept, NOW, "agent")[1].merged_into == "cus_third"


@pytest.mark.parametrize(
    "changes", [{"customer_id": "cus_anna"}, {"creditor_id": "another"}, {"kind": CustomerKind.SUSPENSE}], ids=str
)
def test_customers_who_cannot_be_one_are_not_merged(changes: dict[str, Any]) -> None:
    other = replace(BERT, **changes)
    for pair in ((ANNA, other), (other, ANNA)):
        with pytest.raises(InvalidInputError):
            merge_customers(*pair, NOW, "agent")


def test_the_event_of_a_merge_says_who_became_part_of_whom() -> None:
    event = customers_merged(ANNA, BERT, NOW)
    assert (event.name, event.customer_id, event.data) == (
        "CustomersMerged",
        "cus_anna",
        {"absorbed_customer_id": "cus_bert"},
    )


@property_of_customers
@given(customers("C-1"), customers("C-2"), moments)
def test_a_merge_keeps_the_union_of_holds_refusals_bounces_and_ids(a: Customer, b: Customer, at: datetime) -> None:
    kept, absorbed = merge_customers(a, b, at, "agent")
    assert set(kept.holds) == set(a.holds) | set(b.holds)
    assert kept.opted_out == a.opted_out | b.opted_out
    assert folded(kept.suppressed) == folded(a.suppressed) | folded(b.suppressed)
    assert set(kept.external_ids) == {*a.external_ids, *b.external_ids, ("erp", "C-2")}
    assert replace(absorbed, relations=()) == b


@property_of_customers
@given(customers("C-1"), customers("C-2"))
def test_merging_again_changes_nothing(a: Customer, b: Customer) -> None:
    merged = merge_customers(a, b, START, "agent")
    assert merge_customers(*merged, NOW, "another") == merged


@property_of_customers
@given(customers("C-1"), customers("C-2"), customers("C-3"))
def test_the_order_of_two_merges_makes_no_difference_to_the_union(a: Customer, b: Customer, c: Customer) -> None:
    def union(first: Customer, second: Customer) -> tuple[object, ...]:
        once, _ = merge_customers(a, first, START, "agent")
        kept, _ = merge_customers(once, second, START, "agent")
        return kept.opted_out, folded(kept.suppressed), set(kept.holds), kept.external_ids, kept.kind

    assert union(b, c) == union(c, b)
    through, _ = merge_customers(b, c, START, "agent")
    at_once, _ = merge_customers(a, through, START, "agent")
    found = (at_once.opted_out, folded(at_once.suppressed), set(at_once.holds), at_once.external_ids, at_once.kind)
    assert union(b, c) == found


@property_of_customers
@given(customers("C-1"), customers("C-2"), own_acts)
def test_a_merge_permits_texts_to_no_number_that_was_not_permitted_before(
    a: Customer, b: Customer, act: ConsentRecord
) -> None:
    agreed = replace(act, channel=Channel.SMS, act=ConsentAct.GIVEN, purpose=ConsentPurpose.ANY)
    one, other = a, replace(b, consents=(agreed,))
    merged, _ = merge_customers(one, other, START, "agent")
    assume(merged.consent(Channel.SMS))
    assert merged.address(Channel.SMS) in _texted_numbers(one) | _texted_numbers(other)


def _texted_numbers(who: Customer) -> set[str]:
    """The numbers that a customer's consents to texts are for, whether or not they are listed any more."""
    given_for = {record.address for record in standing(who.consents, Channel.SMS).given}
    listed = {point.address for point in who.contact_points if not point.source}
    return given_for - {""} | (listed if "" in given_for else set())


@property_of_customers
@given(customers(), moments)
def test_a_split_copies_holds_refusals_and_bounces_to_both(whole: Customer, at: datetime) -> None:
    original, copy = split_customer(whole, "C-99", at, "agent")
    for one in (original, copy):
        assert (one.holds, one.opted_out, one.suppressed) == (whole.holds, whole.opted_out, whole.suppressed)
        assert [one.consent(channel) for channel in Channel] == [whole.consent(channel) for channel in Channel]
    assert replace(original, relations=whole.relations) == whole
    assert split_customer(original, "C-99", at, "agent") == (original, copy)


def test_the_second_half_of_a_split_has_an_id_of_its_own_and_neither_limit_nor_foreign_ids() -> None:
    whole = replace(
        ANNA, credit_limit_minor=100, credit_currency="USD", external_ids=(("crm", "7"),), source_version="3"
    )
    original, copy = split_customer(whole, "C-99", NOW, "agent")
    assert copy.customer_id == customer_id("example", "test", "C-99") == customer_id_of("example", "test", "C-99")
    assert (copy.credit_limit_minor, copy.credit_currency, copy.external_ids, copy.source_version) == (None, "", (), "")
    assert original.relations == (Relation(RelationKind.SPLIT_INTO, copy.customer_id, NOW, "agent"),)
    assert copy.relations == (Relation(RelationKind.SPLIT_FROM, "cus_anna", NOW, "agent"),)


@pytest.mark.parametrize(
    ("whole", "number", "error"),
    [
        (ANNA, "", InvalidInputError),
        (ANNA, "C-1042", InvalidInputError),
        (replace(ANNA, kind=CustomerKind.SUSPENSE), "C-99", InvalidInputError),
        (merge_customers(ANNA, BERT, NOW, "agent")[1], "C-99", RefusedError),
    ],
    ids=["no number", "same number", "internal", "merged"],
)
def test_a_split_that_makes_no_sense_is_refused(whole: Customer, number: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        split_customer(whole, number, NOW, "agent")
