"""From the account page through Stripe's hosted page and signed webhooks back to the account page."""

from collections.abc import Iterator

import pytest

from functions.portal import app as portal_app
from functions.stripe_webhook import app as webhook_app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.browser import text
from tests.support.stripe_sandbox import BANK, client_of, command, receiver
from tests.support.till import CARD, Till


@pytest.fixture
def till(sandbox: StripeSandbox) -> Iterator[Till]:
    sandbox.reset()
    with receiver() as hooks:
        yield Till(sandbox, hooks)
    portal_app.use(None)
    webhook_app.use(None)


def test_a_card_payment_settles_the_account_once_however_its_webhooks_come(till: Till) -> None:
    status, location = till.pay(till.checkout(), **CARD, number="4242424242424242")
    assert status == 303
    path = till.browser.path(location)
    assert "being confirmed" in text(till.browser.get(path))
    till.webhooks_arrive("payment_intent.succeeded", times=3, shuffled=True)
    assert "We have your payment" in text(till.browser.get(path))
    assert till.dollars == 2_550
    assert len(till.world.ledger.accounts["cus_anna"].payments) == 1


def test_two_presses_make_one_hosted_page(till: Till) -> None:
    assert till.checkout() == till.checkout()
    assert len(client_of(till.stripe.url).checkout.sessions.list().data) == 1


def test_after_a_lost_reply_the_same_page_is_found_again(till: Till) -> None:
    command(till.stripe.url, "faults", kind="lose_reply", path="/v1/checkout*")
    till.checkout()
    assert len(client_of(till.stripe.url).checkout.sessions.list().data) == 1


def test_a_declined_card_is_told_once_and_another_card_pays(till: Till) -> None:
    page = till.checkout()
    status, _ = till.pay(page, **CARD, number="4000000000009995")
    assert status == 402
    till.webhooks_arrive("payment_intent.payment_failed", times=2)
    (failed,) = till.world.ledger.events
    assert failed.name == "PaymentFailed"
    assert failed.data["decline_code"] == "insufficient_funds"
    assert till.dollars == 126_000
    till.pay(page, **CARD, number="4242424242424242")
    till.webhooks_arrive("payment_intent.succeeded")
    assert till.dollars == 2_550


def test_a_bank_debit_is_pending_until_it_settles(till: Till) -> None:
    _, location = till.pay(till.checkout(), **BANK)
    till.webhooks_arrive("payment_intent.processing")
    path = till.browser.path(location)
    assert "Your bank is confirming" in text(till.browser.get(path))
    assert till.dollars == 126_000
    (order,) = till.world.orders.orders("cus_anna")
    intents = client_of(till.stripe.url).payment_intents.list().data
    assert order.status == "processing"
    command(till.stripe.url, "settle", payment_intent=intents[0].id)
    till.webhooks_arrive("payment_intent.succeeded")
    assert "We have your payment" in text(till.browser.get(path))
    assert till.dollars == 2_550


def test_a_page_that_expired_at_the_gateway_is_replaced(till: Till) -> None:
    first = till.checkout()
    command(till.stripe.url, "advance", seconds=90_000)
    till.webhooks_arrive("checkout.session.expired")
    assert till.checkout() != first


def test_a_page_opened_in_another_tab_for_the_same_invoice_takes_no_money(till: Till) -> None:
    first, second = till.checkout(), till.part("20")
    assert till.pay(first, **CARD, number="4242424242424242")[0] == 410
    assert till.pay(second, **CARD, number="4242424242424242")[0] == 303


def test_a_page_that_was_paid_before_we_heard_of_it_keeps_others_from_being_opened(till: Till) -> None:
    till.pay(till.checkout(), **CARD, number="4242424242424242")
    with pytest.raises(AssertionError, match="on its way"):
        till.part("20")
    assert len(client_of(till.stripe.url).checkout.sessions.list().data) == 1
