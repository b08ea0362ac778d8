"""The portal and the webhook beside a running sandbox of the payment provider."""

import random
from typing import Any
from urllib.parse import urlencode

from chalice.test import Client

from dunwell.payments.gateway_events import GatewayEvents
from dunwell_aws.raw_events import RawEvents
from dunwell_aws.stripe_gateway import StripeGateway
from dunwell_aws.stripe_secret import StripeSecret
from functions.stripe_webhook import app as webhook_app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.browser import text
from tests.support.portal_app import PortalWorld
from tests.support.portal_deals import send
from tests.support.reports_bucket import ReportsBucket
from tests.support.stripe_sandbox import Receiver, Secrets, browse, client_of, wait_until

CARD = {"email": "ada@example.com", "name": "Ada", "expiry": "12 / 40", "cvc": "123", "postal_code": "10001"}
"""What is typed into the hosted page to pay by card, beside the number."""


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
