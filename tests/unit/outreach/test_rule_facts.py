"""The contact rules are told what is known, by the product that plans and sends; what is not known is absent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.accounts.refused_times import WEEKDAYS, RefusedTime
from dunwell.compliance.policy import Declaration, Fact
from dunwell.compliance.policy import Policy as RulesPolicy
from dunwell.errors import InvalidInputError
from dunwell.outreach.contact import CallOutcome, Contact
from dunwell.outreach.decisions import planned
from dunwell.outreach.permission import may_contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.pseudonyms import without_personal_data
from tests.support.outreach import NOW, POLICY, TODAY, overdue, sent
from tests.support.portal import CREDITOR, LICENSED, account, changed, customer, proved

PERSON = customer(kind=CustomerKind.PERSON, region="OH", postcode="44114", phone="+12125550123")
IN_NYC = replace(PERSON, region="NY", postcode="10118")
IN_MA = changed(PERSON, texts=True, region="MA", postcode="02139")
IN_ONTARIO = proved(changed(PERSON, phone="+14165550123", country="CA", region="ON", postcode="M5V 2T6"))


def collecting(*declared: Fact, party: str = "third", **more: Any) -> Policy:
    """A policy whose counsel declared facts long ago."""
    long_ago = datetime(2026, 1, 5, tzinfo=UTC)
    made = tuple(Declaration(fact, "counsel", long_ago, "because") for fact in declared)
    usual: dict[str, Any] = {
        "licences": LICENSED if party == "third" else {},
        "compliance": RulesPolicy(declarations=made),
    }
    return replace(POLICY, creditor=replace(CREDITOR, party=party, **(usual | more)))


FIRST = collecting(party="first")


def ask(
    who: Customer, channel: Channel = Channel.EMAIL, *contacts: Contact, policy: Policy = FIRST, now: datetime = NOW
) -> str:
    record = may_contact(who, contacts, channel, ("inv_a1",), policy, now)
    kept = may_contact(without_personal_data(who), contacts, channel, ("inv_a1",), policy, now)
    assert kept == record, "what is kept of a customer decides the same"
    return record.reason_code


# --- each channel has its own consent ---


def test_a_chat_message_needs_its_own_consent_and_a_text_message_its_own() -> None:
    texts = PERSON.with_consent(Channel.SMS, NOW, "agent")
    chats = PERSON.with_consent(Channel.WHATSAPP, NOW, "portal")
    assert (ask(texts, Channel.SMS), ask(texts, Channel.WHATSAPP)) == ("OK", "NO_CONSENT_SMS")
    assert (ask(chats, Channel.SMS), ask(chats, Channel.WHATSAPP)) == ("NO_CONSENT_SMS", "OK")


def test_who_refuses_chat_messages_may_still_be_texted_and_the_other_way_round() -> None:
    both = PERSON.with_consent(Channel.SMS, NOW, "agent").with_consent(Channel.WHATSAPP, NOW, "agent")
    later = NOW + timedelta(minutes=1)
    no_chats, no_texts = (both.with_refusal(one, later, "agent") for one in (Channel.WHATSAPP, Channel.SMS))
    assert (ask(no_chats, Channel.SMS), ask(no_chats, Channel.WHATSAPP)) == ("OK", "OPTED_OUT")
    assert (ask(no_texts, Channel.SMS), ask(no_texts, Channel.WHATSAPP)) == ("OPTED_OUT", "OK")


# --- where the customer is ---


def test_new_york_city_is_known_by_its_postcode() -> None:
    assert ask(IN_NYC) == "NYC_ECOMM_CONSENT"
    assert ask(replace(IN_NYC, region="")) == "NYC_ECOMM_CONSENT"
    assert ask(replace(IN_NYC, region="New York")) == "NYC_ECOMM_CONSENT"
    assert ask(replace(IN_NYC, postcode="12207")) == "OK", "Albany"
    assert ask(IN_NYC.with_consent(Channel.EMAIL, NOW, "portal")) == "OK"
    assert ask(IN_NYC, now=datetime(2026, 8, 24, 15, tzinfo=UTC)) == "OK", "before the rule"


def test_a_new_yorker_without_a_postcode_may_live_in_the_city() -> None:
    assert ask(replace(IN_NYC, postcode="")) == "NYC_ECOMM_CONSENT"


def test_a_fourth_contact_in_a_week_is_too_many_in_new_york_city() -> None:
    letters = [sent("due", days, channel=Channel.LETTER) for days in range(1, 5)]
    assert ask(IN_NYC, Channel.LETTER, *letters) == "NYC_3_IN_7"
    assert ask(IN_NYC, Channel.LETTER, *letters[:2]) == "OK"
    servicing = collecting(Fact.ROUTINE_SERVICING, party="first")
    assert ask(IN_NYC, Channel.LETTER, *letters, policy=servicing) == "OK"


def test_a_text_by_consent_from_the_portal_is_consented_to_in_writing() -> None:
    said, written = (IN_NYC.with_consent(Channel.SMS, NOW, how, "words") for how in ("agent", "portal"))
    assert (ask(said, Channel.SMS), ask(written, Channel.SMS)) == ("NYC_ECOMM_CONSENT", "OK")


@pytest.mark.parametrize("region", ["MA", "", "Massachusetts", "MASSACHUSETTS", "US-MA"])
def test_massachusetts_is_known_by_its_name_or_its_postcode(region: str) -> None:
    texts = [sent("due", days, channel=Channel.SMS) for days in (1, 2)]
    assert ask(replace(IN_MA, region=region), Channel.SMS, *texts) == "MA_2_IN_7"
    assert ask(replace(IN_MA, region=region), Channel.SMS, *texts[:1]) == "OK"


def test_who_may_be_in_any_state_has_the_protection_of_all_of_them() -> None:
    nowhere = replace(IN_MA, region="", postcode="")
    texts = [sent("due", days, channel=Channel.SMS) for days in (1, 2)]
    assert ask(nowhere, Channel.EMAIL) == "DC_ECOMM_CONSENT"
    written = nowhere.with_consent(Channel.SMS, NOW, "portal")
    assert ask(written, Channel.SMS, *texts) == "MA_2_IN_7"
    business = replace(nowhere, kind=CustomerKind.BUSINESS)
    assert ask(business, Channel.SMS, *texts) == "OK", "consumer law protects persons"


def test_a_decision_of_planning_is_made_again_without_the_whole_postcode() -> None:
    for who in (IN_NYC, IN_MA, replace(IN_MA, region="")):
        kept = planned(account(overdue(12), who=who), CollectionState(), FIRST, TODAY, NOW)
        assert kept.facts.customer.postcode in ("100", "021")
        assert kept.again(FIRST) == kept.plan


# --- what was not told is not so ---


def test_without_its_written_notice_nobody_in_ontario_is_mailed_or_called_for_another() -> None:
    for channel in (Channel.EMAIL, Channel.CALL):
        assert ask(IN_ONTARIO, channel, policy=collecting()) == "ON_6_DAY_NOTICE"
        assert ask(IN_ONTARIO, channel, policy=collecting(Fact.ONTARIO_NOTICE)) == "OK"
        assert ask(IN_ONTARIO, channel) == "OK", "a creditor is not bound"


def test_what_is_declared_from_a_later_moment_on_is_not_declared_yet() -> None:
    later = Declaration(Fact.ONTARIO_NOTICE, "counsel", NOW + timedelta(days=1), "because")
    policy = collecting(compliance=RulesPolicy(declarations=(later,)))
    assert ask(IN_ONTARIO, policy=policy) == "ON_6_DAY_NOTICE"


def test_a_creditor_in_massachusetts_falls_silent_five_business_days_after_it_began_without_validation() -> None:
    began = [sent("upcoming", 3)], [sent("upcoming", 10)]
    assert ask(IN_MA) == "OK"
    assert [ask(IN_MA, Channel.EMAIL, *one) for one in began] == ["OK", "VALIDATION_NOTICE_OVERDUE"]
    told = collecting(Fact.MASSACHUSETTS_VALIDATION, party="first")
    assert ask(IN_MA, Channel.EMAIL, *began[1], policy=told) == "OK"


def test_a_third_party_needs_a_licence_where_the_consumer_is() -> None:
    licensed = collecting(licences={"NJ": "1", "NYC": "2"})
    in_nj = replace(PERSON, region="NJ", postcode="07030")
    places = [in_nj, IN_NYC, replace(IN_NYC, postcode="12207"), PERSON, replace(PERSON, region="", postcode="")]
    asked = [ask(one, Channel.LETTER, policy=licensed) for one in places]
    assert asked == ["OK", "OK", "NO_LICENSE", "NO_LICENSE", "NO_LICENSE"]
    assert ask(PERSON, Channel.LETTER) == "OK", "a creditor needs none"
    assert ask(replace(PERSON, kind=CustomerKind.BUSINESS), Channel.LETTER, policy=licensed) == "OK"


@pytest.mark.parametrize("licences", [{"XX": "1"}, {"New Jersey": "1"}, {"NJ": " "}])
def test_a_licence_is_for_a_state_and_is_not_empty(licences: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="licences"):
        replace(CREDITOR, party="third", licences=licences)


def test_a_third_party_mails_only_an_address_that_is_known_to_be_the_consumers() -> None:
    assert ask(PERSON, policy=collecting()) == "EMAIL_OPT_OUT_PERIOD"
    assert ask(proved(PERSON), policy=collecting()) == "OK"
    assert ask(PERSON.with_consent(Channel.EMAIL, NOW, "agent"), policy=collecting()) == "OK"
    assert ask(PERSON, policy=collecting(Fact.EMAIL_NOTICE)) == "OK"
    recent = Declaration(Fact.EMAIL_NOTICE, "counsel", NOW - timedelta(days=34), "the client's letter")
    assert ask(PERSON, policy=collecting(compliance=RulesPolicy(declarations=(recent,)))) == "EMAIL_OPT_OUT_PERIOD"
    assert ask(PERSON) == "OK", "a creditor's own customers"


def test_a_business_in_california_may_be_a_person_whom_its_law_protects() -> None:
    night = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    firm = replace(PERSON, kind=CustomerKind.BUSINESS, region="CA", postcode="94103", timezone="America/Los_Angeles")
    assert ask(firm, now=night) == "CA_ROSENTHAL_QUIET_HOURS"
    none_such = collecting(Fact.NO_COVERED_COMMERCIAL_DEBT, party="first")
    assert ask(firm, now=night, policy=none_such) == "OK"


@pytest.mark.parametrize(("by", "reason"), [("", "because"), ("counsel", " ")])
def test_a_declaration_says_who_makes_it_and_why(by: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match="who declares"):
        Declaration(Fact.ONTARIO_NOTICE, by, NOW, reason)


# --- what the customer said ---


def test_times_that_the_customer_refused_are_kept_on_every_channel_that_disturbs() -> None:
    at_work = RefusedTime(WEEKDAYS, 8 * 60, 17 * 60, "ada", NOW)
    busy = changed(replace(PERSON, refused_times=(at_work,)), texts=True)
    for channel in (Channel.EMAIL, Channel.SMS, Channel.CALL):
        assert ask(busy, channel) == "CONSUMER_INCONVENIENT_TIME"
    assert ask(busy, Channel.LETTER) == "OK"
    record = may_contact(busy, (), Channel.CALL, ("inv_a1",), FIRST, NOW)
    assert record.next_allowed == datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


def test_a_conversation_that_the_customer_began_counts_like_any_other() -> None:
    called = sent("due", 2, channel=Channel.CALL, call_outcome=CallOutcome.THEY_CALLED)
    assert ask(PERSON, Channel.CALL, called) == "HOUSE_POST_CONVERSATION"
    assert ask(PERSON, Channel.CALL, called, policy=collecting()) == "REGF_POST_CONVERSATION"
    assert ask(PERSON, Channel.EMAIL, called) == "OK"
