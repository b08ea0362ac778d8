"""From the account page through Stripe's hosted page and signed webhooks back to the account page."""

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from dunwell.payments.gateway_events import GatewayEvents
from dunwell_aws.raw_events import RawEvents
from dunwell_aws.stripe_gateway import StripeGateway
from dunwell_aws.stripe_secret import StripeSecret
from functions.portal import app as portal_app
from functions.stripe_webhook import app as webhook_app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.adapters.stripe_sandbox_support import Receiver, browse, client_of, command, receiver, wait_until
from tests.support.browser import text
from tests.support.portal_app import PortalWorld
from tests.support.portal_deals import send
from tests.support.reports_bucket import ReportsBucket

CARD = {"email": "ada@example.com", "name": "Ada", "expiry": "12 / 40", "cvc": "123", "postal_code": "10001"}
BANK = {
    "payment_method": "us_bank_account",
    "name": "Ada",
    "email": "ada@example.com",
    "routing_number": "110000000",
    "account_number": "000123456789",
}


class Secrets:
    """The part of Secrets Manager that is asked."""

    def __init__(self, webhook_secret: str) -> None:
        self._value = json.dumps({"api_key": "sk_test_sandbox", "webhook_secrets": [webhook_secret]})

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        return {"SecretString": self._value}


class Till:
    """The portal and the webhook beside a running sandbox."""

    def __init__(self, sandbox: StripeSandbox, hooks: Receiver) -> None:
        self.stripe, self.hooks, self.handled = sandbox, hooks, 0
        self.world = PortalWorld(checkout=sandbox.url)
        endpoint = client_of(sandbox.url).webhook_endpoints.create({"url": hooks.url, "enabled_events": ["*"]})
        secret = StripeSecret(Secrets(endpoint.secret), "name")
        self.gateway: Any = StripeGateway(secret, sandbox.url)
        self.world.gateway = self.gateway  # the fake gives way to the real adapter
        events = GatewayEvents(self.world.ledger, self.world.orders, self.gateway)
        raw: Any = RawEvents(ReportsBucket("raw"), "raw")  # type: ignore[arg-type]
        webhook_app.use(webhook_app.Webhook(self.world.clock, secret, events, raw, "America/New_York"))  # type: ignore[arg-type]
        self.browser = self.world.signed_in()

    def checkout(self) -> str:
        """Press "pay all" in dollars; the hosted page's address."""
        answer = self.world.pay(self.browser)
        assert answer.status_code == 303
        return str(answer.headers["Location"])

    def part(self, amount: str) -> str:
        """Pay a part of what is open in dollars; the hosted page's address."""
        answer = send(self.browser, self.browser.get("/part?currency=USD"), "/part", amount=amount)
        assert answer.status_code == 303, text(answer)
        return str(answer.headers["Location"])

    def pay(self, page: str, **form: str) -> tuple[int, str]:
        """Fill in the hosted page; status and where it leads."""
        status, _, location = browse(page, urlencode(form).encode())
        return status, location or ""

    def webhooks_arrive(self, kind: str, *, times: int = 1, shuffled: bool = False) -> None:
        """Hand everything that was delivered, once one of a kind was, to the function."""
        wait_until(lambda: kind in self.hooks.types[self.handled :])
        arrived = self.hooks.received[self.handled :] * times
        self.handled = len(self.hooks.received)
        if shuffled:
            random.Random(7).shuffle(arrived)
        for body, signature in arrived:
            headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
            answer = Client(webhook_app.app).http.post("/stripe", body=body, headers=headers)
            assert answer.status_code == 200, answer.body

    @property
    def dollars(self) -> int:
        return self.world.ledger.accounts["cus_anna"].balances.get("USD", 0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with StripeSandbox() as running:
        yield running


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
