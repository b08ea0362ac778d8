"""What customers choose on the portal: language, channels, times, consent, another address."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import HTTPResponse

from dunwell.accounts.consent import ConsentAct
from dunwell.accounts.contact_points import PartOfDay
from dunwell.accounts.describing import redescribed
from dunwell.accounts.model import Channel, Customer
from functions.portal import app as portal_app
from tests.support.browser import Browser, hidden, text
from tests.support.portal import account, customer, invoice
from tests.support.portal_app import BASE, PortalWorld


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    yield PortalWorld(account(invoice("A1", 1_000), who=customer(phone="+12125550123")))
    portal_app.use(None)


def anna(world: PortalWorld) -> Customer:
    return world.ledger.accounts["cus_anna"].customer


def send(browser: Browser, path: str, **fields: Any) -> HTTPResponse:
    return browser.post(path, {"csrf": hidden(browser.get("/preferences"), "csrf")} | fields)


# --- language ---


@pytest.mark.parametrize(
    ("language", "says", "amount"),
    [("es", "Usted debe", "10,00"), ("fr", "Vous devez", "10,00"), ("de", "Offener Betrag", "10,00")],
)
def test_an_account_is_in_the_customers_language(language: str, says: str, amount: str) -> None:
    world = PortalWorld(account(invoice("A1", 1_000), who=customer(language=language, country="")))
    page = world.signed_in().get("/account")
    assert f'<html lang="{language}">' in page.body.decode()
    assert says in text(page)
    assert amount in text(page)
    portal_app.use(None)


def test_before_signing_in_the_browsers_language_counts_until_another_is_chosen(world: PortalWorld) -> None:
    browser = world.browser()
    assert "Confirmez votre identité" in text(browser.get("/l/x", Accept_Language="it, fr-CH;q=0.9, en;q=0.8"))
    chosen = browser.post("/language", {"language": "de", "back": "/l/x"})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, f"{BASE}/l/x")
    assert "Bestätigen Sie" in text(browser.get("/l/x", Accept_Language="fr"))
    assert "Diese" in text(browser.post("/code", {"code": "1"}))


def test_a_language_chosen_when_signed_in_is_the_customers_and_their_source_does_not_take_it_back(
    world: PortalWorld,
) -> None:
    browser = world.signed_in()
    csrf = hidden(browser.get("/account"), "csrf")
    browser.post("/language", {"csrf": csrf, "language": "es", "back": "/account"})
    assert anna(world).language == "es"
    assert "Su cuenta" in text(browser.get("/account"))
    assert redescribed(anna(world), customer(language="en")).language == "es"
    refused = browser.post("/language", {"csrf": "forged", "language": "de", "back": "/account"})
    assert refused.status_code == 403
    assert anna(world).language == "es"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a b", "/a\nb"])
def test_choosing_a_language_leads_nobody_away(world: PortalWorld, back: str) -> None:
    answer = world.browser().post("/language", {"language": "de", "back": back})
    assert answer.headers["Location"] == f"{BASE}/account"


def test_problems_are_told_in_the_readers_language_and_never_in_another(world: PortalWorld) -> None:
    browser = world.signed_in()
    csrf = hidden(browser.get("/account"), "csrf")
    browser.post("/language", {"csrf": csrf, "language": "de", "back": "/account"})
    missing = text(browser.get("/invoices/inv_none"))
    assert "Diese Rechnung ist nicht auf Ihrem Konto." in missing
    refused = text(browser.post("/pay", {"csrf": csrf, "currency": "XXX", "what": "all"}))
    assert "Das ist jetzt nicht möglich" in refused
    assert not re.search(r"\b(the|nothing|your)\b", refused)


def test_problems_are_in_the_customers_language_whatever_their_browser_prefers() -> None:
    world = PortalWorld(account(invoice("A1", 1_000), who=customer(language="fr")))
    browser = world.signed_in()
    browser.get("/account", Accept_Language="de")
    assert "a rien ici" in text(browser.get("/invoices/none", Accept_Language="de"))
    portal_app.use(None)


def test_the_code_mail_is_in_the_customers_language() -> None:
    world = PortalWorld(account(who=customer(language="fr")))
    said = world.portal.words.say("fr")("mail.subject", creditor="X")
    assert said == "Votre code de connexion pour X"
    portal_app.use(None)


# --- channels and times ---


def test_language_channel_and_time_are_kept_and_outlive_the_source(world: PortalWorld) -> None:
    browser = world.signed_in()
    saved = send(browser, "/preferences", language="fr", channel="sms", hours="evening")
    assert saved.headers["Location"] == f"{BASE}/preferences?done=saved"
    kept = redescribed(anna(world), customer(phone="+12125550123", preferred_channel=Channel.EMAIL))
    assert (kept.language, kept.preferred_channel, kept.preferred_hours) == ("fr", Channel.SMS, PartOfDay.EVENING)
    send(browser, "/preferences", language="fr", channel="", hours="")
    assert (anna(world).preferred_channel, anna(world).preferred_hours) == (None, None)


@pytest.mark.parametrize("channel", ["email", "call"])
def test_consent_and_refusal_are_kept_with_the_words_that_were_shown(world: PortalWorld, channel: str) -> None:
    browser = world.signed_in()
    page = text(browser.get("/preferences"))
    send(browser, "/preferences/consent", channel=channel, allow="no")
    assert Channel(channel) in anna(world).opted_out
    refusal = anna(world).consents[-1]
    assert (refusal.act, refusal.how, refusal.at) == (ConsentAct.WITHDRAWN, "portal", world.clock.now())
    assert refusal.words in page
    world.clock.moves(minutes=1)
    page = text(browser.get("/preferences"))
    send(browser, "/preferences/consent", channel=channel, allow="yes")
    consent = anna(world).consents[-1]
    assert consent.act is ConsentAct.GIVEN
    assert consent.words in page
    assert anna(world).consent(Channel(channel)) == consent


def test_texts_are_off_until_the_customer_agrees(world: PortalWorld) -> None:
    browser = world.signed_in()
    assert "Text message Off" in text(browser.get("/preferences"))
    send(browser, "/preferences/consent", channel="sms", allow="yes")
    assert "Text message On" in text(browser.get("/preferences"))
    assert anna(world).consent(Channel.SMS)


def test_the_same_answer_twice_is_one_record_and_nonsense_none(world: PortalWorld) -> None:
    browser = world.signed_in()
    for _ in range(2):
        send(browser, "/preferences/consent", channel="email", allow="no")
    assert len(anna(world).consents) == 1
    for fields in ({"channel": "fax", "allow": "no"}, {"channel": "email", "allow": "maybe"}, {"channel": "portal"}):
        assert send(browser, "/preferences/consent", **fields).status_code == 400
    assert send(browser, "/preferences/consent", channel="letter", allow="yes").status_code == 400
    assert len(anna(world).consents) == 1


# --- another address ---


def test_another_address_is_used_once_its_code_came_back_and_old_links_and_the_session_end(world: PortalWorld) -> None:
    old = world.links.issue_link("cus_anna", "account", world.clock.now(), sent_to="anna@bakery.example")
    browser = world.signed_in()
    before = dict(browser.cookies)
    asked = send(browser, "/preferences/email", email="new@bakery.example")
    address, code = world.codes.sent[-1]
    assert address == "new@bakery.example"
    assert anna(world).email == "anna@bakery.example"
    fields = {"csrf": hidden(asked, "csrf"), "email": "new@bakery.example", "code": code}
    assert browser.post("/preferences/email/code", fields).headers["Location"] == f"{BASE}/preferences?done=email"
    assert anna(world).address(Channel.EMAIL) == "new@bakery.example"
    assert anna(world).consents[-1].words.startswith("I agree that Example Supplies Ltd writes to me")
    assert browser.get("/account").status_code == 200
    thief = world.browser()
    thief.cookies = before
    assert thief.get("/account").status_code == 401
    codes = len(world.codes.sent)
    world.browser().post(f"/l/{old}", {"answer": "C-1042"})
    assert len(world.codes.sent) == codes
    assert redescribed(anna(world), customer(phone="+12125550123")).address(Channel.EMAIL) == "new@bakery.example"


def test_a_code_for_one_address_proves_no_other_and_works_once(world: PortalWorld) -> None:
    browser = world.signed_in()
    asked = send(browser, "/preferences/email", email="new@bakery.example")
    code, csrf = world.codes.sent[-1][1], hidden(asked, "csrf")

    def tries(address: str, given: str) -> int:
        return browser.post("/preferences/email/code", {"csrf": csrf, "email": address, "code": given}).status_code

    assert tries("other@bakery.example", code) == 410
    assert tries("new@bakery.example", f"{(int(code) + 1) % 1_000_000:06d}") == 403
    assert anna(world).email == "anna@bakery.example"
    assert tries("new@bakery.example", code) == 303
    assert browser.post("/preferences/email/code", {"csrf": csrf, "email": "new@bakery.example"}).status_code == 403


def test_codes_to_addresses_are_limited(world: PortalWorld) -> None:
    browser = world.signed_in()
    statuses = [send(browser, "/preferences/email", email=f"n{n}@bakery.example").status_code for n in range(6)]
    assert statuses == [200] * 5 + [429]


@pytest.mark.parametrize("address", ["", "x", "a@b", "a b@c.example", "a@b.example\nBcc: x@y.example", "<a@b.example>"])
def test_what_is_no_address_is_told_so(world: PortalWorld, address: str) -> None:
    codes = len(world.codes.sent)
    refused = send(world.signed_in(), "/preferences/email", email=address)
    assert refused.status_code == 400
    assert "This is not an e-mail address" in text(refused)
    assert len(world.codes.sent) == codes + 1
