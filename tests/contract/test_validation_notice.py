"""The words of the validation notice: what the law wants in it stands in it, in every language, to the cent."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.notice_words import WORDS
from dunwell.errors import InvalidInputError
from dunwell.ledger.itemising import itemised
from dunwell.outreach.announced import Announced
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Policy
from dunwell.outreach.validating import last_day, on_record
from dunwell_aws.documents import folder, read_policy
from dunwell_aws.localised import localised
from dunwell_aws.message_sample import Sample, sample_message
from dunwell_aws.messages import Renderer
from tests.support.outreach import TODAY

POLICY = read_policy(folder("infra"), "us_consumer_third_party")
RENDERER = Renderer(folder("infra") / "messages", POLICY)
LANGUAGES = ("de", "en", "es", "fr")
CFPB = "www.cfpb.gov/debt-collection"
ACCOUNT, STOP = "https://portal.example/l/t", "https://portal.example/s/t"


def notice(language: str = "en", channel: Channel = Channel.LETTER, policy: Policy = POLICY, **who: Any) -> Message:
    """A notice to a consumer in New York who reads the language."""
    given = Sample(policy, Announced.VALIDATION_NOTICE.value, channel, "en", kind=CustomerKind.PERSON, name="Ana Muñoz")
    made = sample_message(given, TODAY)
    customer: Customer = replace(made.account.customer, language=language, **who)
    return replace(made, account=replace(made.account, customer=customer))


def said(language: str, channel: Channel) -> str:
    made = notice(language, channel)
    if channel is Channel.LETTER:
        return re.sub(r"[ \n]+", " ", RENDERER.letter_words(made).text)
    return re.sub(r"[ \n]+", " ", RENDERER.email(made, ACCOUNT, STOP).text)


def until(message: Message, writer_language: str = "en") -> str:
    sent = replace(message.contact, status=ContactStatus.SENT, sent_at=message.as_of)
    (record,) = set(on_record([sent]).values())
    return localised(writer_language, "US").long_date(last_day(record, POLICY.creditor.timezone))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", [Channel.LETTER, Channel.EMAIL])
def test_it_says_who_writes_to_whom_about_whose_debt_until_when_and_where_rights_are_explained(
    language: str, channel: Channel
) -> None:
    made, text = notice(language, channel), said(language, channel)
    for part in (
        POLICY.creditor.name, POLICY.creditor.owed_to, "Ana Muñoz", "12 Mill Lane, Brooklyn NY 11201", "C-1042", CFPB,
        WORDS[language]["collector_first"], until(made, language), localised(language, "US").long_date(TODAY),
    ):  # fmt: skip
        assert part in text, part
    assert text.count(until(made, language)) >= 3, "to dispute, by writing, and to ask for the original creditor"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", [Channel.LETTER, Channel.EMAIL])
def test_each_debt_is_itemised_from_the_day_of_its_issue_to_the_cent(language: str, channel: Channel) -> None:
    made, text, writer = notice(language, channel), said(language, channel), localised(language, "US")
    debts = itemised(made.account, made.contact.invoice_ids)
    assert len(debts) == 2
    for debt in debts:
        added, taken = debt.interest_minor + debt.fees_minor, debt.paid_minor + debt.credited_minor
        assert debt.then_minor + added - taken == debt.now_minor == made.account.open_minor(debt.invoice.invoice_id)
        for amount_minor in (debt.then_minor, debt.interest_minor, -debt.paid_minor, debt.now_minor):
            assert f"{debt.invoice.number}" in text
            assert writer.money(amount_minor, "USD") in text
        assert writer.short_date(debt.invoice.issued_on) in text
    assert text.count(writer.money(0, "USD")) == 6, "also what there is nothing of"


def test_a_letter_has_a_slip_with_what_can_be_ticked_and_a_mail_the_way_to_the_page() -> None:
    letter, mail = said("en", Channel.LETTER), said("en", Channel.EMAIL)
    for part in ("I dispute the debt: it is not mine", "the amount is wrong", "the original creditor.", "Tick what"):
        assert part in letter
    assert "Tick what applies" not in mail
    assert "form at the end of this letter" in letter
    assert "form at the end" not in mail
    assert "We accept disputes on your account page as well" in mail
    assert ACCOUNT in mail


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_can_be_printed_in_every_language(language: str) -> None:
    assert RENDERER.letter(notice(language), ACCOUNT).startswith(b"%PDF")


def test_a_letter_has_two_more_business_days_than_a_mail() -> None:
    assert until(notice("en", Channel.EMAIL)) == "December 31, 2026"
    assert until(notice("en", Channel.LETTER)) == "January 2, 2027"


def test_the_one_who_is_owed_is_the_customers_own_and_without_any_nothing_is_said() -> None:
    assert "owe to Acme Heating:" in RENDERER.letter_words(notice(legal_entity="Acme Heating")).text
    nobody = replace(POLICY, creditor=replace(POLICY.creditor, owed_to=""))
    with pytest.raises(InvalidInputError, match="names the one who is owed"):
        Renderer(folder("infra") / "messages", nobody).letter_words(notice(policy=nobody))


@pytest.mark.parametrize("days", range(0, 370, 23))
def test_the_day_that_is_printed_is_never_after_the_day_that_is_kept(days: int) -> None:
    made = notice()
    at = made.as_of + timedelta(days=days, hours=11, minutes=59)  # about midnight in New York
    decided = replace(made.contact.decisions[-1], decided_at=at)
    written = replace(made, contact=replace(made.contact, decisions=(decided,)), as_of=at)
    sent = replace(written.contact, status=ContactStatus.SENT, sent_at=at + timedelta(minutes=2))
    (record,) = set(on_record([sent]).values())
    kept, words = last_day(record, POLICY.creditor.timezone), localised("en", "US")
    text = RENDERER.letter_words(written).text
    printed = [day for back in range(5) if f"by {words.long_date(day := kept - timedelta(days=back))}" in text]
    assert len(printed) == 1
