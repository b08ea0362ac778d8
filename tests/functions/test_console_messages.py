"""The console's pages of messages: every stage in every language, and who may not see them."""

import pytest

from dunwell_aws.bootstrap.base import policy
from dunwell_aws.message_sample import channels_of, stages_of
from tests.support.console import Browser, sign_in, text


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Ihr Konto ist überfällig"), ("fr", "Votre compte présente un retard"), ("xx", "Your account is overdue")],
)
def test_an_agent_sees_every_message_with_its_notices(browser: Browser, language: str, said: str) -> None:
    sign_in(browser)
    page = browser.get(f"/messages?language={language}")
    assert page.status_code == 200
    assert said in text(page)
    assert text(page).count("<details") == sum(len(channels_of(stage)) for stage in stages_of(policy()))
    assert "by rule SCOPE-FIRST-PARTY: 12 USC 5531" in text(page)
    assert "cannot be said" not in text(page)
    assert " units of GSM-7." in text(page)


def test_a_mail_is_shown_as_its_page_and_nothing_in_it_runs(browser: Browser) -> None:
    sign_in(browser)
    page = browser.get("/messages/es/final")
    assert page.status_code == 200
    assert text(page).startswith('<!doctype html>\n<html lang="es-ES"')
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")


@pytest.mark.parametrize("path", ["/messages/xx/final", "/messages/de/nothing", "/messages/..%2F..%2Fpolicies/final"])
def test_there_is_no_page_of_a_message_that_is_not_there(browser: Browser, path: str) -> None:
    sign_in(browser)
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/messages", "/messages/de/final"])
def test_who_is_not_signed_in_sees_no_messages(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["Location"].endswith("/sign-in")) == (303, True)
