"""Every announcement in every language and on every channel: complete, plain, and with the facts that rules demand."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.ledger.debits import AttemptStatus, MethodKind
from dunwell.outreach.announce import plan_announcement
from dunwell.outreach.announced import MANNERS, Announced
from dunwell.outreach.contact import ContactStatus
from dunwell.outreach.dispatch import Message
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.stage import THANKS
from dunwell_aws.announced_sample import announced_sample
from dunwell_aws.documents import folder
from dunwell_aws.message_sample import Sample, channels_of, render, sample_message
from dunwell_aws.messages import Renderer
from tests.support.agreements import attempt, method
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue
from tests.support.portal import account, customer
from tests.support.template import resources

RENDERER = Renderer(folder("infra") / "messages", POLICY)
LANGUAGES = ("de", "en", "es", "fr")
ACCOUNT, STOP = "https://portal.example/l/t", "https://portal.example/s/t"
_OWED = ("geschuldet", "Forderung", "money owed", "importe pendiente con", "somme due")


def sample(kind: str, language: str = "en", channel: Channel = Channel.EMAIL) -> Message:
    return sample_message(Sample(POLICY, kind, channel, language, kind=CustomerKind.PERSON), TODAY)


def said(kind: str, language: str = "en", channel: Channel = Channel.EMAIL) -> str:
    return re.sub(r"\s+", " ", render(RENDERER, sample(kind, language, channel), ACCOUNT, STOP, attach=False).text)


@pytest.mark.parametrize("kind", list(Announced))
def test_every_kind_is_said_in_every_language_on_every_channel_without_gaps(kind: Announced) -> None:
    for language, channel in product(LANGUAGES, channels_of(kind)):
        words = render(RENDERER, sample(kind, language, channel), ACCOUNT, STOP, attach=False)
        assert words.language == language
        assert words.text.strip()
        assert not re.search(r"{{|}}|{%|%}|\bNone\b|Undefined|  \.| ,|\(\)", re.sub(r"\n *", "\n", words.text)), (
            words.text
        )
        assert not re.search(r"\d|\$|€|Anna", words.subject), "a locked screen shows the subject"


@pytest.mark.parametrize("kind", list(Announced))
def test_a_letter_of_every_kind_can_be_printed(kind: Announced) -> None:
    made = sample(kind, "fr", Channel.LETTER)
    assert RENDERER.letter(made, ACCOUNT).startswith(b"%PDF")


@pytest.mark.parametrize("kind", list(Announced))
def test_every_kind_may_be_sent_to_a_customer_whom_nothing_protects(kind: Announced) -> None:
    """What is about no invoice too: a payment method, a refund, an address."""
    known, one = announced_sample(kind, customer(region="NY"), [overdue(5)], TODAY)
    (planned,) = plan_announcement(known.customer, CollectionState(), one, POLICY, TODAY, NOW).contacts
    assert (planned.status, planned.decisions[0].reason_code) == (ContactStatus.PLANNED, "OK")


def test_nobody_is_called_with_an_announcement() -> None:
    assert all(Channel.CALL not in manner.channels for manner in MANNERS.values())
    assert Channel.CALL in channels_of(THANKS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.LETTER, Channel.PORTAL])
def test_the_copy_has_the_words_of_the_consent_wherever_it_is_read(language: str, channel: Channel) -> None:
    made = sample(Announced.AGREEMENT_COPY, language, channel)
    (agreement,) = made.account.agreements.values()
    assert agreement.authorisation
    text = said(Announced.AGREEMENT_COPY, language, channel)
    assert agreement.authorisation.words in text
    assert made.account.methods["pmt_sample"].words in said(Announced.PAYMENT_METHOD_SAVED, language, channel)
    assert POLICY.creditor.telephone.replace(" ", "\u00a0") in render(RENDERER, made, ACCOUNT, STOP, attach=False).text


def test_a_change_says_old_and_new_amount_and_day_of_each_payment() -> None:
    text = said(Announced.AGREEMENT_CHANGED)
    assert text.count("(before: ") == 3
    assert "$574.83 on December 5, 2026; before, it was $574.83 on November 30, 2026" in text


def test_a_reminder_of_an_instalment_says_whether_we_debit() -> None:
    made = sample(Announced.INSTALMENT_DUE)
    debited = made.contact
    asked = replace(debited, about={**debited.about, "is_debited": False})
    ours, theirs = (RENDERER.email(replace(made, contact=one), ACCOUNT, STOP).text for one in (debited, asked))
    assert "we debit $574.83 from Visa •••• 4242, as agreed (payment 1 of 3)" in ours
    assert "Your payment of $574.83 is due on December 5, 2026" in theirs
    assert "Nothing is debited by itself" in theirs


def test_a_missed_instalment_says_until_when_it_can_be_cured() -> None:
    assert "If it arrives by November 30, 2026, your agreement goes on" in said(Announced.INSTALMENT_MISSED)


@pytest.mark.parametrize(
    ("kind", "code", "retried", "parts"),
    [
        (MethodKind.CARD, "insufficient_funds", True, ["not enough money", "We try again on November 27, 2026"]),
        (MethodKind.CARD, "expired_card", False, ["the card has expired", "with another one"]),
        (MethodKind.CARD, "authentication_required", False, ["asks you to confirm", "on your account page"]),
        (MethodKind.CARD, "lost_card", False, ["can no longer be used", "We do not try this card or account again"]),
        (MethodKind.CARD, "never_heard_of", False, ["did not accept it", "If you cannot pay now, call us"]),
        (MethodKind.BANK_DEBIT, "R01", True, ["not enough money", "We try again on"]),
        (MethodKind.BANK_DEBIT, "R10", False, ["did not authorise it", "We do not try this card or account again"]),
    ],
)
def test_what_failed_says_why_whether_we_try_again_and_what_to_do(
    kind: MethodKind, code: str, retried: bool, parts: list[str]
) -> None:
    next_on = TODAY + timedelta(days=4) if retried else None
    tried = attempt(status=AttemptStatus.FAILED, code=code, next_on=next_on, lines=(("inv_a1", 10_000),))
    it = replace(account(overdue(5)), attempts={tried.attempt_id: tried}, methods={"pmt_1": method(kind=kind)})
    about = {"attempt_id": tried.attempt_id, "code": code}
    failed = contact(Announced.PAYMENT_FAILED, template=Announced.PAYMENT_FAILED, about=about)
    text = RENDERER.email(Message(failed, it, "a@b.example", it.open_invoices, NOW), ACCOUNT, STOP).text
    assert "We could not debit $100.00 from Visa •••• 4242" in text
    for part in parts:
        assert part in text
    assert ("We try again" in text) is retried


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_asks_for_nothing_speaks_of_no_debt(language: str) -> None:
    for kind, manner in MANNERS.items():
        assert any(word in said(kind, language) for word in _OWED) is manner.asks, kind


def test_the_rule_on_the_bus_brings_back_exactly_the_notices_that_law_demands() -> None:
    pattern = resources("AWS::Events::Rule")["NoticesBackRule"]["Properties"]["EventPattern"]
    required = {kind.value for kind in Announced if MANNERS[kind].is_required}
    assert set(pattern["detail"]["data"]["stage"]) == required


def test_the_rules_on_the_bus_bring_every_event_that_announces() -> None:
    from dunwell.outreach.announcements import ANNOUNCING

    rules = resources("AWS::Events::Rule")
    told = {
        name
        for rule in ("AnnouncementsRule", "RefundsRule")
        for name in rules[rule]["Properties"]["EventPattern"]["detail-type"]
    }
    assert told == ANNOUNCING
