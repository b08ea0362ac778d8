"""Every message that the shipped policies can send, rendered in every language and read."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dunwell.accounts.model import Channel, CustomerKind, Hold
from dunwell.compliance.model import MessageFacts
from dunwell.compliance.notices import NoticeKind
from dunwell.errors import InvalidInputError
from dunwell.hold_kinds import HoldKind
from dunwell.outreach.announced import Announced
from dunwell.outreach.dispatch import Message
from dunwell.outreach.policy import Attachment, Policy, Tone
from dunwell.outreach.text_size import text_size
from dunwell_aws.documents import folder, read_policy
from dunwell_aws.message_sample import Sample, channels_of, render, sample_message, stages_of
from dunwell_aws.message_values import MOST_LISTED
from dunwell_aws.messages import Renderer, Words
from dunwell_aws.phrases import Phrases
from tests.support.ledger import paid
from tests.support.outreach import NOW, POLICY, TODAY, contact, overdue
from tests.support.portal import LICENSED, account, customer

INFRA = folder("infra")
MESSAGES = INFRA / "messages"
ACCOUNT = "https://portal.example/v1/l/" + "t" * 43
STOP = "https://portal.example/v1/stop/" + "s" * 43
POLICIES = {path.stem: read_policy(INFRA, path.stem) for path in sorted((INFRA / "policies").glob("*.yaml"))}
LANGUAGES = ("de", "en", "es", "fr")
MAILS = [(name, stage.name) for name, policy in POLICIES.items() for stage in policy.stages]
RENDERER = Renderer(MESSAGES, POLICY)


def message(policy: Policy, stage: str, **changes: Any) -> Message:
    """A message about three invoices; the name is one that breaks careless templates."""
    found = next(one for one in policy.stages if one.name == stage)
    days = found.when.days_past_due
    invoices = overdue(days, "A-1", 123_450), overdue(days - 1, "A-2 & <b>", 5), overdue(days + 1, "A-3", 10**12)
    owing = account(*invoices, who=customer(**{"name": "Müller <Söhne> & Co"} | changes))
    planned = contact(stage, tone=found.tone, template=found.words)
    return Message(planned, owing, "to@b.example", owing.open_invoices, NOW)


def about(days: int = 12, **changes: Any) -> Message:
    """A message of the test policy's stage ``firm`` about one invoice of a changed customer."""
    who = {key: value for key, value in changes.items() if key not in {"template", "tone", "channel", "attachments"}}
    what = {key: value for key, value in changes.items() if key not in who}
    owing = account(overdue(days), who=customer(**who))
    return Message(contact("firm", **what), owing, "12 Mill Lane\nLeeds", owing.open_invoices, NOW)


def third(message: Message) -> Message:
    """The same to a consumer."""
    person = replace(message.account.customer, kind=CustomerKind.PERSON)
    return replace(message, account=replace(message.account, customer=person))


def collector() -> Renderer:
    """Of somebody who collects for others."""
    return Renderer(MESSAGES, replace(POLICY, creditor=replace(POLICY.creditor, party="third", licences=LICENSED)))


class Page(HTMLParser):
    """What a mail program shows of a page, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language, self.open, self.links = "", [""], list[str]()
        self.tags: list[str] = []
        self.said: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(tag)
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


def mail(policy: str, stage: str, **changes: Any) -> Words:
    return Renderer(MESSAGES, POLICIES[policy]).email(message(POLICIES[policy], stage, **changes), ACCOUNT, STOP)


def test_there_is_a_policy_with_stages_and_there_are_four_languages() -> None:
    assert MAILS
    assert tuple(RENDERER.languages) == LANGUAGES


def test_no_template_is_for_a_stage_that_nobody_has() -> None:
    used = {stage.words for policy in POLICIES.values() for stage in policy.stages} | {"thanks", *Announced}
    for language in LANGUAGES:
        assert set(Phrases(MESSAGES, language).templates) == used


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_mail_says_who_writes_from_where_about_what_and_how_to_stop(policy: str, stage: str) -> None:
    creditor = POLICIES[policy].creditor
    words = mail(policy, stage)
    for body in bodies(words):
        for part in (creditor.name, creditor.postal_address, creditor.telephone):
            assert part in body
        assert creditor.party == "third" or f"money owed to {creditor.name}, sent by {creditor.name}" in body
        assert "To get no more e-mail about your account at this address" in body
    assert {ACCOUNT, STOP} <= set(Page(words.html).links)
    assert ACCOUNT in words.text
    assert STOP in words.text
    assert words.facts.opt_out_notice


@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_mail_lists_each_invoice_with_its_amount_its_date_and_the_total(policy: str, stage: str) -> None:
    for body in bodies(mail(policy, stage)):
        for part in ("A-1", "A-2 & <b>", "A-3", "$1,234.50", "$0.05", "$10,000,001,234.55", "Müller <Söhne> & Co"):
            assert part in body
        assert re.search(r"(Sep|Oct|Nov|Dec) \d{1,2}, 2026", body)
        assert re.search(r"due today|due in \d+ days?|\d+ days? overdue", body)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_mails_page_has_a_language_a_heading_and_a_title_and_no_gaps(policy: str, stage: str, language: str) -> None:
    words = mail(policy, stage, language=language)
    page = Page(words.html)
    assert page.language.partition("-")[0] == language == words.language
    assert page.said["title"].strip() == page.said["h1"].strip() == words.subject
    assert page.tags.count("h1") == 1
    assert words.subject == re.sub(r"\s+", " ", words.subject).strip() != ""
    for text in (words.subject, words.text, words.html):
        assert not re.search(r"{{|}}|{%|%}|%\(|\bNone\b|Undefined", text)
    assert "<b>" not in words.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_subject_tells_no_name_and_no_amount(policy: str, stage: str, language: str) -> None:
    """It is shown on locked screens."""
    assert not re.search(r"\d|\$|Müller", mail(policy, stage, language=language).subject)


def test_a_mail_is_readable_in_the_dark_and_without_pictures() -> None:
    words = RENDERER.email(about(), ACCOUNT, STOP)
    assert '<meta name="color-scheme" content="light dark">' in words.html
    assert "prefers-color-scheme: dark" in words.html
    assert "img" not in Page(words.html).tags
    assert not re.search(r"https?://(?!portal\.example|www\.w3\.org)", words.html)


def test_a_creditors_logo_and_colour_are_on_the_mail_and_the_name_stands_for_the_logo() -> None:
    creditor = replace(POLICY.creditor, colour="#fde047", logo_url="https://cdn.example/logo.png")
    words = Renderer(MESSAGES, replace(POLICY, creditor=creditor)).email(about(), ACCOUNT, STOP)
    assert '<img src="https://cdn.example/logo.png" alt="Example Supplies Ltd"' in words.html
    assert "background-color:#fde047" in words.html
    assert "color:#111827;font-size:16px;font-weight:600;text-decoration:none" in words.html  # dark on yellow
    with pytest.raises(InvalidInputError, match=r"creditor\.colour 'red' is not a colour such as #1d4ed8"):
        replace(POLICY.creditor, colour="red")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("policy", "stage"), MAILS)
def test_a_text_names_the_creditor_the_way_to_stop_and_the_page_in_two_parts(
    policy: str, stage: str, language: str
) -> None:
    rules = POLICIES[policy]
    text = Renderer(MESSAGES, rules).sms(message(rules, stage, language=language), ACCOUNT).text
    assert text.startswith(rules.creditor.name)
    assert "STOP" in text
    assert ACCOUNT in text
    assert "\n" not in text
    assert text_size(text).parts <= 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("currency", ["INR", "KRW", "ILS", "VND"])
def test_a_text_writes_the_code_of_a_currency_whose_sign_its_alphabet_lacks(currency: str, language: str) -> None:
    owing = account(overdue(12, "A-1", 123_456, currency=currency), who=customer(language=language))
    asked = Message(contact("firm", currency=currency), owing, "+12125550123", owing.open_invoices, NOW)
    text = RENDERER.sms(asked, ACCOUNT).text
    assert currency in text
    assert (text_size(text).alphabet, text_size(text).parts <= 2) == ("GSM-7", True)


def test_a_text_with_foreign_letters_loses_their_accents_when_it_would_be_too_long() -> None:
    named = replace(POLICY, creditor=replace(POLICY.creditor, name="Žižkov a synové, společnost"))
    text = Renderer(MESSAGES, named).sms(about(), ACCOUNT).text
    assert text.startswith("Zizkov a synové, spolecnost:")
    assert text_size(text).parts <= 2


def test_a_text_that_stays_too_long_is_not_sent() -> None:
    named = replace(POLICY, creditor=replace(POLICY.creditor, name="Żółw " * 40))
    with pytest.raises(
        InvalidInputError, match=r"the text message would take 6 parts \(368 units of UCS-2\); 2 are the most"
    ):
        Renderer(MESSAGES, named).sms(about(), ACCOUNT)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER, Channel.CALL, Channel.PORTAL])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_collectors_messages_to_consumers_say_that_they_come_from_one(channel: Channel, language: str) -> None:
    made = third(about(language=language, channel=channel))
    words = render(collector(), made, ACCOUNT, STOP)
    assert words.facts.disclosure
    notice = next(one for one in words.notices if one.kind is NoticeKind.COLLECTOR)
    assert notice.text in words.text
    assert channel is not Channel.EMAIL or notice.text in Page(words.html).text


def test_a_time_barred_debt_is_named_as_one() -> None:
    made = third(about(holds=(Hold(HoldKind.TIME_BARRED, None, NOW),)))
    assert "nobody will sue you for it" in collector().email(made, ACCOUNT, STOP).text


def test_a_layout_without_a_place_for_the_notices_renders_nothing(tmp_path: Path) -> None:
    copied = copy_of_messages(tmp_path)
    layout = copied / "layouts" / "email.html"
    layout.write_text(layout.read_text(encoding="utf-8").replace("{{ notice.html }}", ""), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"email\.html leaves no place for the notice that SCOPE-FIRST-PARTY"):
        Renderer(copied, POLICY).email(about(), ACCOUNT, STOP)


def copy_of_messages(to: Path) -> Path:
    """The messages, to be spoilt."""
    for path in MESSAGES.rglob("*.*"):
        target = to / path.relative_to(MESSAGES)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return to


def test_a_message_with_a_variable_that_there_is_not_is_never_half_said(tmp_path: Path) -> None:
    copied = copy_of_messages(tmp_path)
    words = copied / "en" / "firm.yaml"
    words.write_text(words.read_text(encoding="utf-8").replace("{{ total }}", "{{ totl }}"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="'totl' is undefined"):
        Renderer(copied, POLICY).sms(about(), ACCOUNT)
    with pytest.raises(InvalidInputError, match="'paid' is undefined"):
        RENDERER.email(about(template="thanks"), ACCOUNT, STOP)


def test_a_message_without_its_link_is_never_half_said() -> None:
    with pytest.raises(InvalidInputError, match="'account_url' is undefined"):
        RENDERER.sms(about(), "")


@pytest.mark.parametrize("language", ["pt", "zz", "", "../../policies"])
def test_other_languages_get_the_creditors_and_the_words_say_instead_of_what(language: str) -> None:
    german = Renderer(MESSAGES, replace(POLICY, creditor=replace(POLICY.creditor, language="de")))
    words = german.email(about(language=language), ACCOUNT, STOP)
    assert (words.language, words.subject) == ("de", "Ihr Konto ist überfällig")
    assert words.instead_of == language


def test_a_stage_without_words_is_told_and_nothing_is_rendered() -> None:
    with pytest.raises(InvalidInputError, match=r"'unheard_of' has no words: write infra/messages/en/unheard_of\.yaml"):
        RENDERER.email(about(template="unheard_of"), ACCOUNT, STOP)


@pytest.mark.parametrize(
    ("language", "greeting"), [("en", "Hello,"), ("es", "Hola:"), ("fr", "Bonjour,"), ("de", "Guten Tag,")]
)
def test_a_customer_without_a_name_is_greeted_without_one(language: str, greeting: str) -> None:
    for body in bodies(RENDERER.email(about(language=language, name="  "), ACCOUNT, STOP)):
        assert greeting in body


def test_a_customer_without_a_name_is_neither_called_nor_written_a_letter() -> None:
    with pytest.raises(InvalidInputError, match="the customer has no name to ask for"):
        RENDERER.call(about(name=""))
    with pytest.raises(InvalidInputError, match="a letter needs the customer's name and postal address"):
        RENDERER.letter(about(name=""), ACCOUNT)
    with pytest.raises(InvalidInputError, match="a letter needs the customer's name and postal address"):
        RENDERER.letter(replace(about(), address=""), ACCOUNT)


@pytest.mark.parametrize(
    ("days", "when"),
    [(0, "due today"), (1, "1 day overdue"), (2, "2 days overdue"), (-1, "due in 1 day"), (-5, "due in 5 days")],
)
def test_dates_are_said_in_days_of_the_creditors_calendar(days: int, when: str) -> None:
    assert NOW.date() == TODAY
    assert f"({when})" in RENDERER.email(about(days), ACCOUNT, STOP).text


@pytest.mark.parametrize(
    ("language", "country", "amount", "day", "late"),
    [
        ("en", "US", "$100.00", "Nov 11, 2026", "12 days overdue"),
        ("en", "GB", "US$100.00", "11 Nov 2026", "12 days overdue"),
        ("es", "ES", "100,00\u00a0US$", "11 nov 2026", "12 días de retraso"),
        ("fr", "FR", "100,00\u00a0$US", "11 nov. 2026", "12 jours de retard"),
        ("de", "DE", "100,00\u00a0$", "11.11.2026", "12 Tage überfällig"),
        ("de", "AT", "$\u00a0100,00", "11.11.2026", "12 Tage überfällig"),
        ("en", "ZZ", "$100.00", "Nov 11, 2026", "12 days overdue"),
    ],
)
def test_amounts_and_dates_are_written_as_where_the_customer_is(
    language: str, country: str, amount: str, day: str, late: str
) -> None:
    made = about(language=language, country="" if country == "ZZ" else country)
    text = RENDERER.email(made, ACCOUNT, STOP).text
    assert f" A1: {amount}, {day} ({late})".replace(":", " :" if language == "fr" else ":", 1) in text


def test_the_tone_changes_the_words_and_a_missing_one_is_said_milder() -> None:
    def lead(tone: Tone) -> str:
        return RENDERER.portal(about(tone=tone)).text

    assert len({lead(tone) for tone in (Tone.FRIENDLY, Tone.NEUTRAL, Tone.FIRM)}) == 3
    assert lead(Tone.FINAL) == lead(Tone.FIRM)


def test_thanks_name_what_was_paid_and_what_is_open() -> None:
    first, second = overdue(5, "A1", 10_000), overdue(3, "A2", 7_000)
    for owing, open_is in ((account(first, second, paid(first)), True), (account(first, paid(first)), False)):
        thanks = contact("thanks", template="thanks", tone=Tone.FRIENDLY)
        words = RENDERER.email(Message(thanks, owing, "a@b.example", owing.open_invoices, NOW), ACCOUNT, STOP)
        assert "We have received $100.00. Thank you." in words.text
        assert ("$70.00" in words.text) is open_is
        assert ("Nothing more is open." in words.text) is not open_is
        assert "money owed" not in words.text


def test_a_long_list_is_cut_where_mail_programs_would_hide_the_notices() -> None:
    owing = account(*(overdue(12, f"A{number}") for number in range(MOST_LISTED + 2)))
    words = RENDERER.email(Message(contact("firm"), owing, "a@b.example", owing.open_invoices, NOW), ACCOUNT, STOP)
    assert "and 2 more invoices" in words.text
    assert len(words.html.encode()) < 102_000


def test_a_chat_message_is_approved_without_what_differs_from_customer_to_customer() -> None:
    first, second = (RENDERER.whatsapp(about(name=name), ACCOUNT) for name in ("Anna", "Bert"))
    assert first.name == second.name
    assert re.fullmatch(r"firm_neutral_[0-9a-f]{8}", first.name)
    assert first.body == second.body
    assert first.parameters == ("Anna", "$100.00", ACCOUNT)
    assert "Dear Anna," in first.text
    assert first.body.startswith("Example Supplies Ltd: Dear {{1}},")
    assert first.body.endswith("Reply STOP to opt out.")
    assert RENDERER.whatsapp(about(tone=Tone.FIRM), ACCOUNT).name != first.name
    assert first.facts.opt_out_notice


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_begins_with_whom_one_speaks_to_and_tells_strangers_nothing(language: str) -> None:
    words = RENDERER.call(about(language=language, name="Anna Muster"))
    before, _, after = words.text.partition("\n\n")
    assert "Anna Muster" in before
    assert POLICY.creditor.name in after
    assert words.text.count("\n  - ") == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_goes_with_the_mail_where_the_stage_asks_for_it(language: str) -> None:
    words = RENDERER.email(about(language=language, attachments=(Attachment.STATEMENT,)), ACCOUNT, STOP)
    ((name, media_type, content),) = words.attachments
    assert name.endswith("-2026-11-23.pdf")
    assert name.isascii()
    assert (media_type, content[:5]) == ("application/pdf", b"%PDF-")
    assert not RENDERER.email(about(language=language), ACCOUNT, STOP).attachments


@pytest.mark.parametrize("kind", [CustomerKind.PERSON, CustomerKind.BUSINESS])
@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_every_stage_of_every_policy_can_be_said_on_every_channel_in_every_language_and_tone(
    policy: str, kind: CustomerKind
) -> None:
    rules = POLICIES[policy]
    renderer = Renderer(MESSAGES, rules)
    for language in LANGUAGES:
        for stage in stages_of(rules):
            for channel in channels_of(stage):
                if channel is Channel.SMS and rules.creditor.party == "third":
                    continue  # carriers take no text messages of others (rule CARRIER-3P)
                for tone in Tone:
                    made = sample_message(Sample(rules, stage, channel, language, tone, kind=kind), TODAY)
                    words = render(renderer, made, ACCOUNT, STOP, attach=False)
                    assert words.language == language
                    assert words.text.strip()


def test_the_facts_for_the_contact_rules_are_those_of_the_words() -> None:
    assert RENDERER.email(about(), ACCOUNT, STOP).facts == MessageFacts(opt_out_notice=True, disclosure=False)
    assert collector().email(third(about()), ACCOUNT, STOP).facts == MessageFacts(opt_out_notice=True, disclosure=True)
    assert collector().call(third(about(name="Anna"))).facts == MessageFacts(opt_out_notice=False, disclosure=True)


@pytest.mark.parametrize("channel", list(Channel))
def test_dispatch_asks_about_the_words_that_will_be_sent(channel: Channel) -> None:
    made = third(about(name="Anna", channel=channel))
    facts = collector().facts(made)
    assert facts == render(collector(), made, ACCOUNT, STOP).facts or channel is Channel.WHATSAPP
    assert facts.disclosure
    assert facts.opt_out_notice is (channel in {Channel.EMAIL, Channel.SMS, Channel.WHATSAPP})
