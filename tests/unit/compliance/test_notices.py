"""Which notices a message carries, by sender, customer, place and channel; and that they are in every language."""

import re
import string
from itertools import product

import pytest

from dunwell.compliance.model import Channel, MessageFacts, Party
from dunwell.compliance.notice_words import WORDS
from dunwell.compliance.notices import (
    FIELDS,
    Notice,
    NoticeKind,
    NoticeRequest,
    facts_of,
    language_of,
    notices_for,
)
from dunwell.errors import InvalidInputError
from dunwell.outreach.text_size import text_size

US, CALIFORNIA, QUEBEC = frozenset({"US"}), frozenset({"US", "US-CA"}), frozenset({"CA", "CA-QC"})
UK, GERMANY = frozenset({"GB"}), frozenset({"DE"})
VALUES = {"creditor": "Example Ltd", "owed_to": "Shop Ltd", "telephone": "+1 212 555 0100"}


def ask(
    channel: Channel = Channel.EMAIL,
    party: Party = Party.THIRD,
    consumer: bool = True,
    places: frozenset[str] = US,
    language: str = "en",
    **changes: bool,
) -> dict[NoticeKind, Notice]:
    request = NoticeRequest(channel, party, consumer, places, language, **changes)
    return {notice.kind: notice for notice in notices_for(request)}


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER, Channel.CALL])
@pytest.mark.parametrize("places", [US, CALIFORNIA])
def test_a_collector_says_so_to_a_consumer_in_the_united_states(channel: Channel, places: frozenset[str]) -> None:
    notice = ask(channel, places=places)[NoticeKind.COLLECTOR]
    assert (notice.rule_id, notice.citation) == ("MINI-MIRANDA", "12 CFR 1006.18(e); 15 USC 1692e(11)")
    assert "attempt to collect a debt" in notice.text
    assert "any information obtained will be used for that purpose" in notice.text.lower()


def test_later_a_collector_says_only_that_it_is_one() -> None:
    assert ask(initial=False)[NoticeKind.COLLECTOR].text == "This communication is from a debt collector."


@pytest.mark.parametrize(
    ("party", "consumer", "places"),
    [(Party.FIRST, True, US), (Party.THIRD, False, US), (Party.THIRD, True, GERMANY), (Party.FIRST, True, CALIFORNIA)],
)
def test_nobody_else_calls_themselves_a_collector(party: Party, consumer: bool, places: frozenset[str]) -> None:
    assert NoticeKind.COLLECTOR not in ask(party=party, consumer=consumer, places=places)


@pytest.mark.parametrize(
    ("party", "consumer", "places", "rule"),
    [
        (Party.THIRD, True, US, "OPTOUT-NOTICE"),
        (Party.FIRST, True, US, "HOUSE-OPTOUT"),
        (Party.FIRST, True, QUEBEC, "CASL"),
        (Party.FIRST, False, GERMANY, "HOUSE-OPTOUT"),
    ],
)
def test_every_mail_says_how_to_stop_mail_and_by_which_rule(
    party: Party, consumer: bool, places: frozenset[str], rule: str
) -> None:
    notice = ask(party=party, consumer=consumer, places=places)[NoticeKind.OPT_OUT]
    assert (notice.rule_id, notice.link) == (rule, "stop e-mail reminders")


def test_a_text_says_stop_and_a_letter_and_a_call_need_not() -> None:
    assert ask(Channel.SMS, Party.FIRST)[NoticeKind.OPT_OUT].text == "Reply STOP to opt out."
    assert ask(Channel.SMS, Party.FIRST)[NoticeKind.OPT_OUT].rule_id == "TCPA-REVOKE"
    for channel in (Channel.LETTER, Channel.CALL):
        assert NoticeKind.OPT_OUT not in ask(channel)


def test_who_writes_for_another_names_the_one_who_is_owed_where_that_is_known() -> None:
    said = ask(on_behalf=True)[NoticeKind.IDENTITY].said(VALUES)
    assert said == "This is a message about money owed to Shop Ltd, sent by Example Ltd."
    assert ask()[NoticeKind.IDENTITY].said(VALUES) == "This message was sent by Example Ltd."


@pytest.mark.parametrize(
    ("places", "rule"), [(US, "SCOPE-FIRST-PARTY"), (UK, "UK-CONTACT"), (frozenset({"US", "US-MA"}), "MA-2IN7")]
)
def test_a_creditor_writes_in_its_own_name(places: frozenset[str], rule: str) -> None:
    notice = ask(party=Party.FIRST, places=places)[NoticeKind.IDENTITY]
    assert notice.rule_id == rule
    assert notice.said(VALUES) == "This is a message about money owed to Example Ltd, sent by Example Ltd."


def test_thanks_for_a_payment_speak_of_no_debt() -> None:
    assert (
        ask(party=Party.FIRST, receipt=True)[NoticeKind.IDENTITY].said(VALUES)
        == "This message was sent by Example Ltd."
    )
    assert ask(receipt=True)[NoticeKind.COLLECTOR].text == "This communication is from a debt collector."


def test_a_time_barred_debt_is_said_to_be_one_and_no_other() -> None:
    notice = ask(time_barred=True)[NoticeKind.TIME_BARRED]
    assert (notice.rule_id, notice.citation) == ("TIME-BARRED", "12 CFR 1006.26(b)")
    assert "nobody will sue you" in notice.text
    assert NoticeKind.TIME_BARRED not in ask()


def test_consumers_in_europe_learn_of_their_data_and_in_britain_of_free_advice() -> None:
    assert ask(places=GERMANY, language="de")[NoticeKind.DATA].rule_id == "GDPR-15-17"
    assert "moneyhelper.org.uk" in ask(places=UK)[NoticeKind.ADVICE].text
    assert NoticeKind.ADVICE not in ask(places=GERMANY)
    assert not {NoticeKind.DATA, NoticeKind.ADVICE} & set(ask(places=UK, consumer=False))
    assert NoticeKind.DATA not in ask(Channel.SMS, places=UK)


@pytest.mark.parametrize("key", sorted(WORDS["en"]))
def test_every_notice_is_said_in_every_language_with_the_same_particulars(key: str) -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for language, words in WORDS.items():
        assert fields(words[key]) == fields(WORDS["en"][key]) <= set(FIELDS), language
        assert (language == "en") or key.endswith("_short") or words[key] != WORDS["en"][key]


def test_short_notices_keep_to_the_plain_alphabet_of_texts() -> None:
    for language, words in WORDS.items():
        for key, text in words.items():
            if key.endswith("_short"):
                assert text_size(re.sub(r"{\w+}", "", text)).alphabet == "GSM-7", (language, text)


def test_the_facts_of_a_message_are_what_its_notices_say() -> None:
    assert facts_of(ask().values()) == MessageFacts(opt_out_notice=True, disclosure=True)
    assert facts_of(ask(party=Party.FIRST).values()) == MessageFacts(opt_out_notice=True, disclosure=False)
    assert facts_of(()) == MessageFacts(opt_out_notice=False, disclosure=False)


def test_every_message_has_its_notices_in_the_same_order_and_each_kind_once() -> None:
    order = list(NoticeKind)
    for channel, party, consumer, places, language in product(
        Channel, Party, (True, False), (US, UK, QUEBEC, GERMANY), WORDS
    ):
        request = NoticeRequest(channel, party, consumer, places, language, time_barred=True)
        kinds = [notice.kind for notice in notices_for(request)]
        assert kinds == sorted(set(kinds), key=order.index)
        assert kinds[0] is NoticeKind.IDENTITY


def test_there_are_no_notices_in_a_language_without_words() -> None:
    with pytest.raises(InvalidInputError, match=r"no notices in 'pt'; use one of: en, es, fr, de"):
        ask(language="pt")


def test_collectors_write_french_to_consumers_in_quebec() -> None:
    assert language_of(QUEBEC, Party.THIRD, True, "en") == "fr"
    assert language_of(QUEBEC, Party.FIRST, True, "en") == "en"
    assert language_of(QUEBEC, Party.THIRD, False, "de") == "de"
