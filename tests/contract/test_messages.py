"""Every message that the shipped policies can send, rendered and read."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from dunwell.accounts.model import Channel
from dunwell.compliance.model import MessageFacts
from dunwell.outreach.dispatch import Message
from dunwell.outreach.permission import WORDS_WITH_NOTICES
from dunwell.outreach.policy import Policy
from dunwell_aws.documents import folder, read_policy
from dunwell_aws.messages import Renderer, Words
from tests.support.outreach import NOW, TODAY, contact, overdue
from tests.support.portal import account, customer

INFRA = folder("infra")
ACCOUNT = "https://portal.example/v1/l/" + "t" * 43
STOP = "https://portal.example/v1/stop/" + "s" * 43
POLICIES = {path.stem: read_policy(INFRA, path.stem) for path in sorted((INFRA / "policies").glob("*.yaml"))}
STAGES = [
    (name, stage.name, channel) for name, policy in POLICIES.items() for stage in policy.stages for channel in Channel
]
MAILS = [(name, stage) for name, stage, channel in STAGES if channel is Channel.EMAIL]
TEXTS = [(name, stage) for name, stage, channel in STAGES if channel is Channel.SMS]
SMS_LENGTH = 1_600
"""What SNS sends at most in one call."""


def message(policy: Policy, stage: str, **changes: Any) -> Message:
    """A message about three invoices; the name is one that breaks careless templates."""
    days = next(one.when.days_past_due for one in policy.stages if one.name == stage)
    invoices = overdue(days, "A-1", 123_450), overdue(days - 1, "A-2 & <b>", 5), overdue(days + 1, "A-3", 10**12)
    owing = account(*invoices, who=customer(**{"name": "Müller <Söhne> & Co"} | changes))
    return Message(contact(stage), owing, "to@b.example", owing.open_invoices, NOW)


def mail(policy: str, stage: str, **changes: Any) -> Words:
    renderer = Renderer(INFRA / "messages", POLICIES[policy])
    return renderer.email(message(POLICIES[policy], stage, **changes), ACCOUNT, STOP)


def text_message(policy: str, stage: str, **changes: Any) -> str:
    renderer = Renderer(INFRA / "messages", POLICIES[policy])
    return renderer.sms(message(POLICIES[policy], stage, **changes), ACCOUNT).text


class Page(HTMLParser):
    """What a mail program shows of a page, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language, self.open, self.links = "", [""], list[str]()
        self.said: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        found = {name: value or "" for name, value in attrs}
        self.language = found.get("lang", "") if tag == "html" else self.language
        self.links += [found["href"]] if "href" in found else []

    def handle_data(self, data: str) -> None:
        self.said[self.open[-1]] = self.said.get(self.open[-1], "") + data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(text for tag, text in self.said.items() if tag not in {"style", "title"}))


def bodies(words: Words) -> Iterator[str]:
    yield re.sub(r"\s+", " ", words.text)
    yield Page(words.html).text


def test_there_is_a_policy_with_stages() -> None:
    assert POLICIES
    assert MAILS


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_stage_has_templates_for_both_kinds_of_mail_and_for_texts(policy: str, stage: str) -> None:
    for kind in ("html", "txt", "sms"):
        assert (INFRA / "messages" / "en" / f"{stage}.{kind}").is_file()


def test_no_template_is_for_a_stage_that_nobody_has() -> None:
    stages = {stage for _, stage in MAILS} | {"layout"}
    assert {path.stem for path in (INFRA / "messages").glob("*/*.*")} == stages


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_mail_says_who_writes_from_where_about_what_and_how_to_stop(policy: str, stage: str) -> None:
    creditor = POLICIES[policy].creditor
    words = mail(policy, stage)
    for body in bodies(words):
        for part in (creditor.name, creditor.postal_address, creditor.telephone):
            assert part in body
        assert f"This is a message about money owed to {creditor.name}, sent by {creditor.name}" in body
        assert "To get no more e-mail about your account at this address" in body
    assert {ACCOUNT, STOP} <= set(Page(words.html).links)
    assert ACCOUNT in words.text
    assert STOP in words.text


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_mail_lists_each_invoice_with_its_amount_its_date_and_the_total(policy: str, stage: str) -> None:
    for body in bodies(mail(policy, stage)):
        for part in ("A-1", "A-2 & <b>", "A-3", "$1,234.50", "$0.05", "$10,000,001,234.55", "Müller <Söhne> & Co"):
            assert part in body
        assert re.search(r"\d{1,2} (September|October|November|December) 2026", body)
        assert re.search(r"due today|due in \d+ days?|\d+ days? overdue", body)


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_mails_page_has_a_language_and_a_title_and_no_gaps(policy: str, stage: str) -> None:
    words = mail(policy, stage)
    page = Page(words.html)
    assert (page.language, bool(page.said["title"].strip())) == ("en", True)
    assert words.subject
    assert words.subject == re.sub(r"\s+", " ", words.subject).strip()
    for text in (words.subject, words.text, words.html):
        assert not re.search(r"{{|}}|{%|%}|\bNone\b|Undefined", text)
    assert "<b>" not in words.html


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_subject_tells_no_name_and_no_amount(policy: str, stage: str) -> None:
    """It is shown on locked screens."""
    subject = mail(policy, stage).subject
    assert not re.search(r"\d|\$|Müller", subject)


@pytest.mark.parametrize(("policy", "stage"), TEXTS)
def test_a_text_names_the_creditor_the_way_to_stop_and_the_page_in_one_sending(policy: str, stage: str) -> None:
    text = text_message(policy, stage)
    assert POLICIES[policy].creditor.name in text
    assert "STOP" in text
    assert ACCOUNT in text
    assert len(text) <= SMS_LENGTH
    assert "\n" not in text
    assert not re.search(r"{{|}}|{%|%}|\bNone\b|Undefined|&amp;", text)


def test_what_dispatch_says_of_the_words_is_what_the_templates_hold() -> None:
    assert MessageFacts(opt_out_notice=True, disclosure=True) == WORDS_WITH_NOTICES


@pytest.mark.parametrize("language", ["fr", "xx", "", "../../policies", "en/../en"])
def test_a_language_without_a_translation_gets_english(language: str) -> None:
    policy, stage = MAILS[0]
    assert mail(policy, stage, language=language) == mail(policy, stage)


def test_a_stage_without_a_template_fails_before_anything_is_sent() -> None:
    policy = next(iter(POLICIES.values()))
    made = message(policy, policy.stages[0].name)
    unknown = Message(contact("unheard_of"), made.account, made.address, made.invoices, NOW)
    with pytest.raises(LookupError, match=r"the message 'unheard_of' has no words: en/unheard_of\.txt"):
        Renderer(INFRA / "messages", policy).email(unknown, ACCOUNT, STOP)


@pytest.mark.parametrize(
    ("days", "when"),
    [(0, "due today"), (1, "1 day overdue"), (2, "2 days overdue"), (-1, "due in 1 day"), (-5, "due in 5 days")],
)
def test_dates_are_said_in_days_of_the_creditors_calendar(days: int, when: str) -> None:
    policy = next(iter(POLICIES.values()))
    owing = account(overdue(days))
    words = Renderer(INFRA / "messages", policy).email(
        Message(contact(policy.stages[0].name), owing, "a@b.example", owing.open_invoices, NOW), ACCOUNT, STOP
    )
    assert NOW.date() == TODAY
    assert f"({when})" in words.text
