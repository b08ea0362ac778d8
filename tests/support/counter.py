"""A till that hears of everything that the payment provider reports, and can be brought together with it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.test import Client

from dunwell.ingestion.sink import LedgerSink
from dunwell.ingestion.syncing import Sync
from dunwell.ingestion.taking import Importer
from dunwell.ledger.model import Account
from dunwell.payments.gateway_events import GatewayEvents
from dunwell.payments.reconciling import Reconciliation, Reconciling
from dunwell.remittance.gateway_money import GatewayMoney
from dunwell.timezones import zone
from dunwell_aws.raw_events import RawEvents
from dunwell_aws.stripe_books import StripeBooks
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_source import StripeSource
from functions.portal import app as portal_app
from functions.stripe_webhook import app as webhook_app
from functions.sync_source import app as sync_app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.cash import CashWorld, InMemoryCashStore
from tests.support.invocation import set_variables
from tests.support.memory import InMemoryKnownFacts
from tests.support.reports_bucket import ReportsBucket
from tests.support.stripe_sandbox import BANK, Secret, client_of, receiver, wait_until
from tests.support.syncing import PLENTY, InMemoryCheckpoints
from tests.support.till import CARD, Till

ZONE = "America/New_York"
GOOD, DISPUTED = "4242424242424242", "4000000000000259"


class InMemoryReconciliations:
    """``ReconciliationStore`` with the adapter's condition."""

    def __init__(self) -> None:
        self.kept: Reconciliation | None = None

    def last(self) -> Reconciliation | None:
        return self.kept

    def save(self, run: Reconciliation) -> bool:
        if (self.kept.version if self.kept else 0) != run.version - 1:
            return False
        self.kept = run
        return True


class Counter(Till):
    """A till that hears of everything, or of what the faults let through, and can reconcile."""

    def __init__(self, sandbox: StripeSandbox, hooks: Any) -> None:
        super().__init__(sandbox, hooks)
        self.api = client_of(sandbox.url)
        self.payouts: list[str] = []
        self.raw = ReportsBucket("raw")
        self.money = CashWorld()
        self.money.ledger = self.world.ledger
        self.cash = replace(self.money.cash, ledger=self.world.ledger)
        unknown = GatewayMoney(self.cash)
        self.events = GatewayEvents(
            self.world.ledger, self.world.orders, self.gateway, unknown=unknown, payouts=self.payouts.append
        )
        parts = webhook_app.webhook()
        webhook_app.use(replace(parts, events=self.events, raw=RawEvents(self.raw, "raw")))  # type: ignore[arg-type]
        self.places = InMemoryReconciliations()
        secret: Any = Secret()
        self.connection = StripeConnection(secret, sandbox.url)

    @property
    def account(self) -> Account:
        return self.world.ledger.accounts["cus_anna"]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.stripe.sandbox.now() + 1, UTC).astimezone(zone(ZONE))

    def paid(self, number: str = GOOD) -> Any:
        """Pay all in dollars by card; the intent. No webhook is handed on."""
        self.pay(self.checkout(), **CARD, number=number)
        return self.api.payment_intents.list().data[0]

    def debited(self) -> Any:
        """Pay all in dollars from a bank account; the intent."""
        self.pay(self.checkout(), **BANK)
        return self.api.payment_intents.list().data[0]

    def hears_all(self, *, times: int = 1, seed: int | None = None) -> None:
        """Hand on everything that was delivered so far and not handed on yet."""
        wait_until(lambda: not any(one["pending_webhooks"] for one in self.stripe.sandbox.all("event")))
        self.hears_what_came(times=times, seed=seed)

    def hears_what_came(self, *, times: int = 1, seed: int | None = None) -> None:
        arrived = self.hooks.received[self.handled :] * times
        self.handled = len(self.hooks.received)
        if seed is not None:
            random.Random(seed).shuffle(arrived)
        for body, signature in arrived:
            headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
            answer = Client(webhook_app.app).http.post("/stripe", body=body, headers=headers)
            assert answer.status_code == 200, answer.body

    def reconciling(self) -> Reconciling:
        books = StripeBooks(self.connection)
        clock = self.stripe.sandbox.now
        return Reconciling(books, self.gateway, self.events, self.places, epoch=lambda: clock() + 1, now=self.now)

    def sync(self) -> None:
        """Pull Stripe, as the schedule does."""
        source = StripeSource(self.connection, ZONE, self.now, epoch=lambda: self.now().timestamp() + 3600)
        sink = LedgerSink(Importer(self.world.ledger, "example", InMemoryKnownFacts()), self.now, ZONE)
        repair = sync_app.WebhookRepair(self.events, ZONE)
        Sync(source, sink, repair, InMemoryCheckpoints(), InMemoryCashStore()).run(lambda: PLENTY)

    def kinds(self) -> list[str]:
        """What the gateway's reports made."""
        made = [one for one in self.account.entries.values() if one.method == "stripe"]
        return sorted(f"{one.kind}:{one.reason}".rstrip(":") for one in made)

    def told(self, name: str) -> list[Any]:
        return [event.data for event in self.world.ledger.events if event.name == name]


@pytest.fixture
def till(sandbox: StripeSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """A till beside an emptied sandbox, with nobody else at it."""
    set_variables(
        monkeypatch,
        STRIPE_SECRET="name",
        STRIPE_API_BASE=sandbox.url,
        GATEWAY_EVENTS_BUCKET="raw",
        REPORTS_BUCKET="reports",
    )
    sandbox.reset()
    with receiver() as hooks:
        yield Counter(sandbox, hooks)
    portal_app.use(None)
    webhook_app.use(None)
