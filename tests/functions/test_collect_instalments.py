"""From a method saved on Stripe's page to its instalments in the ledger: the function, the gateway and the sandbox."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from dunwell.errors import UnavailableError
from dunwell.events import DEBIT_FAILED, DEBIT_PLANNED
from dunwell.ledger.agreements import AgreementStatus, Authorisation
from dunwell.ledger.debits import AttemptStatus, MethodKind, MethodStatus, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.ledger.ports import SHARDS
from dunwell.payments.checkout import Checkout
from dunwell.payments.debits import DebitCollector
from dunwell.payments.gateway_events import GatewayEvents
from dunwell.payments.order import Consent
from dunwell_aws.agreed import PolicyArrangements
from dunwell_aws.clock import Clock
from dunwell_aws.stripe_events import verify_event
from dunwell_aws.stripe_gateway import StripeGateway
from dunwell_aws.stripe_methods import Offer
from dunwell_aws.stripe_secret import StripeSecret
from functions.collect_instalments import app as collect_instalments
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.debits import AGREED_AT, DUE_ON, MORNING, WORDS, DebitWorld, debtor, plan
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import shard_of
from tests.support.portal import InMemoryOrderStore, invoice
from tests.support.stripe_sandbox import BANK, Receiver, Secrets, browse, client_of, command, receiver, wait_until

CARD = {"email": "ada@example.com", "name": "Ada", "expiry": "12 / 40", "cvc": "123", "number": "4242424242424242"}
SEPA = {"payment_method": "sepa_debit", "name": "Ada", "email": "ada@example.com", "iban": "DE89370400440532013000"}
CONSENT = Consent(WORDS)
URLS: dict[str, Any] = {"success_url": lambda order: "https://p/done", "cancel_url": "https://p"}


class House:
    """A creditor's deployment that lives in the morning of the first instalment, beside a running sandbox."""

    def __init__(self, sandbox: StripeSandbox, hooks: Receiver, mine: Account, offer: Offer) -> None:
        self.stripe, self.hooks, self.handled = sandbox, hooks, 0
        self.world, self.orders = DebitWorld(mine), InMemoryOrderStore()
        clock = Clock(int((MORNING - datetime.now(UTC)).total_seconds()))
        endpoint = client_of(sandbox.url).webhook_endpoints.create({"url": hooks.url, "enabled_events": ["*"]})
        self.endpoint = endpoint
        gateway: Any = StripeGateway(StripeSecret(Secrets(endpoint.secret), "name"), sandbox.url, offer, clock)
        agreed = PolicyArrangements(self.world.policy)
        self.gateway = gateway
        self.world.now = AGREED_AT
        self.checkout = Checkout(self.world.ledger, self.orders, gateway)
        self.events = GatewayEvents(self.world.ledger, self.orders, gateway)
        self.collector = DebitCollector(self.world.ledger, gateway, agreed, agreed.hours)

    @property
    def account(self) -> Account:
        return self.world.account

    def saves(self, form: dict[str, str], consent: Consent = CONSENT, currency: str = "USD") -> PaymentMethod:
        """The customer saves a method on the hosted page, for the plan if there is one."""
        agreement_id = next(iter(self.account.agreements), "")
        page = self.checkout.start_saving(
            "cus_anna", currency, consent, agreement_id=agreement_id, now=AGREED_AT, **URLS
        )
        status, _, _ = browse(page, urlencode(form).encode())
        assert status == 303
        # The gateway's clock is at the morning already: what it tells of is never later than the report.
        self.webhooks_arrive("setup_intent.succeeded", MORNING + timedelta(hours=1))
        return list(self.account.methods.values())[-1]

    def collects(self, at: datetime = MORNING, *, fails: bool = False) -> None:
        """A run of the function over the customer's part of the agenda."""
        self.world.now = at
        order = sqs_event({"shard": shard_of("cus_anna")})
        answer = collect_instalments.handler(
            order, lambda_context(), ledger=self.world.ledger, collector=self.collector, now=at
        )
        assert bool(answer["batchItemFailures"]) is fails

    def webhooks_arrive(self, kind: str, at: datetime, *, times: int = 1) -> None:
        """Do what was reported, once a report of a kind came."""
        wait_until(lambda: kind in self.hooks.types[self.handled :])
        arrived, self.handled = self.hooks.received[self.handled :] * times, len(self.hooks.received)
        self.world.now = at
        for body, signature in arrived:
            event = verify_event(body, signature, [self.endpoint.secret], int(datetime.now(UTC).timestamp()))
            self.events.apply(event, at)

    @property
    def intents(self) -> list[Any]:
        return list(client_of(self.stripe.url).payment_intents.list().data)

    def failures(self) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.world.store.events if event.name == DEBIT_FAILED]


@pytest.fixture
def hooks(sandbox: StripeSandbox) -> Iterator[Receiver]:
    sandbox.reset()
    with receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, STRIPE_SECRET="s", STRIPE_API_BASE="http://127.0.0.1:9", DEBITS_QUEUE="https://queue")


def house(sandbox: StripeSandbox, hooks: Receiver, mine: Account | None = None, offer: Offer | None = None) -> House:
    evidence = Authorisation(WORDS, AGREED_AT, "portal", "customer", "203.0.113.9")
    unsaved = replace(debtor(plan(authorisation=evidence)), methods={})
    return House(sandbox, hooks, mine or unsaved, offer or Offer())


def test_a_plan_is_paid_from_a_card_saved_on_stripes_page(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(CARD)
    assert (saved.label, saved.words, saved.kind) == ("Visa •••• 4242", WORDS, MethodKind.CARD)
    assert saved.expires_on == date(2040, 12, 31)
    evidence = home.account.agreements["agr_1"].authorisation
    assert evidence
    assert evidence.method_id == saved.method_id
    home.collects()
    home.collects()
    home.webhooks_arrive("payment_intent.succeeded", MORNING, times=2)
    home.collects(datetime(2027, 1, 4, 10, tzinfo=MORNING.tzinfo))
    assert [(one.amount, one.metadata["attempt_id"]) for one in home.intents] == [
        (65_50, "agr_1#2#1"),
        (60_00, "agr_1#1#1"),
    ]
    assert home.account.balances == {}
    assert home.account.agreements["agr_1"].status is AgreementStatus.COMPLETED
    assert len(home.account.payments) == 2


def test_a_bank_debit_is_pending_until_the_bank_answers_and_is_retried_when_there_was_no_money(
    sandbox: StripeSandbox, hooks: Receiver
) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(BANK)
    assert (saved.kind, saved.label) == (MethodKind.BANK_DEBIT, "STRIPE TEST BANK •••• 6789")
    assert saved.mandate.startswith("mandate_")
    home.collects()
    assert home.account.attempts["agr_1#1#1"].status is AttemptStatus.PROCESSING
    assert [one.amount_minor for one in home.account.pending] == [60_00]
    home.collects(MORNING + timedelta(hours=1))
    assert len(home.intents) == 1
    command(sandbox.url, "settle", payment_intent=home.intents[0].id, outcome="insufficient_funds")
    home.webhooks_arrive("payment_intent.payment_failed", MORNING + timedelta(days=2))
    (failed,) = home.failures()
    assert (failed["code"], failed["outcome"], failed["next_on"]) == ("R01", "retry", "2026-12-04")
    assert not home.account.pending
    home.collects(MORNING + timedelta(days=3))
    command(sandbox.url, "settle", payment_intent=home.intents[0].id)
    home.webhooks_arrive("payment_intent.succeeded", MORNING + timedelta(days=5))
    assert home.account.balances == {"USD": 65_50}
    assert home.account.attempts["agr_1#1#2"].status is AttemptStatus.SUCCEEDED
    assert home.account.agreements["agr_1"].is_standing


def test_an_unauthorised_return_ends_the_method(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(BANK)
    home.collects()
    command(sandbox.url, "settle", payment_intent=home.intents[0].id, outcome="debit_not_authorized")
    home.webhooks_arrive("payment_intent.payment_failed", MORNING + timedelta(days=2))
    assert home.failures()[0]["outcome"] == "stop"
    assert home.account.methods[saved.method_id].status is MethodStatus.UNUSABLE


@pytest.mark.parametrize(
    ("code", "outcome", "usable"),
    [("insufficient_funds", "retry", True), ("lost_card", "stop", False), ("call_issuer", "customer", True)],
)
def test_a_decline_is_answered_by_its_code_and_told_once(
    sandbox: StripeSandbox, hooks: Receiver, code: str, outcome: str, usable: bool
) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(CARD)
    command(sandbox.url, "decline_card", payment_method=saved.reference, decline_code=code)
    home.collects()
    home.collects(MORNING + timedelta(hours=1))
    home.webhooks_arrive("payment_intent.payment_failed", MORNING + timedelta(hours=2), times=2)
    assert [(one["code"], one["outcome"]) for one in home.failures()] == [(code, outcome)]
    assert home.account.methods[saved.method_id].is_usable is usable
    assert len(home.intents) == 1
    assert not home.account.payments


def test_a_card_whose_bank_asks_for_its_holder_waits_for_the_customer(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(CARD)
    command(sandbox.url, "decline_card", payment_method=saved.reference, decline_code="authentication_required")
    home.collects()
    assert [(one["code"], one["outcome"]) for one in home.failures()] == [("authentication_required", "customer")]


@pytest.mark.parametrize(("status", "times"), [(429, 1), (500, 3), (503, 3)])
def test_while_the_gateway_is_down_the_order_comes_again_and_one_debit_is_made(
    sandbox: StripeSandbox, hooks: Receiver, status: int, times: int
) -> None:
    home = house(sandbox, hooks)
    home.saves(CARD)
    command(sandbox.url, "faults", kind="error", status=status, times=times, path="/v1/payment_intents*")
    home.collects(fails=True)
    assert home.account.attempts["agr_1#1#1"].status is AttemptStatus.STARTED
    home.collects(MORNING + timedelta(minutes=1))
    assert len(home.intents) == 1
    assert home.account.balances == {"USD": 65_50}


def test_an_answer_that_was_lost_for_good_is_found_after_days(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    home.saves(CARD)
    command(sandbox.url, "faults", kind="lose_reply", times=3, path="/v1/payment_intents*")
    home.collects(fails=True)
    home.collects(MORNING + timedelta(days=2))
    assert len(home.intents) == 1
    assert home.account.attempts["agr_1#1#1"].status is AttemptStatus.SUCCEEDED


def test_a_webhook_that_is_faster_than_the_answer_changes_nothing(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    home.saves(CARD)
    command(sandbox.url, "faults", kind="lose_reply", times=3, path="/v1/payment_intents*")
    home.collects(fails=True)
    home.webhooks_arrive("payment_intent.succeeded", MORNING, times=2)
    assert home.account.attempts["agr_1#1#1"].status is AttemptStatus.SUCCEEDED
    home.collects(MORNING + timedelta(hours=1))
    assert len(home.account.payments) == 1


def test_a_sepa_debit_pays_invoices_in_euros_after_its_notice(sandbox: StripeSandbox, hooks: Receiver) -> None:
    mine = replace(debtor(), methods={})
    euros = replace(mine, invoices={"inv_e1": invoice("E1", 70_00, DUE_ON, currency="EUR")})
    home = house(sandbox, hooks, euros, Offer(("card", "us_bank_account", "sepa_debit")))
    saved = home.saves(SEPA, Consent("Debit my invoices when they fall due.", autopay=True), "EUR")
    assert (saved.kind, saved.label, saved.autopay) == (MethodKind.BANK_DEBIT, "Sepa debit •••• 3000", True)
    home.collects()
    (planned,) = [dict(event.data) for event in home.world.store.events if event.name == DEBIT_PLANNED]
    assert (planned["amount_minor"], planned["on"]) == (70_00, "2026-12-11")
    assert not home.intents
    home.collects(MORNING + timedelta(days=10))
    (intent,) = home.intents
    assert (intent.currency, intent.amount, intent.status) == ("eur", 70_00, "processing")
    command(sandbox.url, "settle", payment_intent=intent.id)
    home.webhooks_arrive("payment_intent.succeeded", MORNING + timedelta(days=13))
    assert home.account.balances == {}


def test_a_configuration_says_what_the_page_offers(sandbox: StripeSandbox, hooks: Receiver) -> None:
    sepa: Any = {"name": "debits", "card": {"display_preference": {"preference": "off"}}}
    sepa |= {"us_bank_account": {"display_preference": {"preference": "on"}}}
    configured = client_of(sandbox.url).payment_method_configurations.create(sepa)
    home = house(sandbox, hooks, offer=Offer(configuration=configured.id))
    page = home.checkout.start_saving("cus_anna", "USD", CONSENT, now=AGREED_AT, **URLS)
    status, html, _ = browse(page)
    assert status == 200
    assert "Routing number" in html
    assert "Card number" not in html


def test_a_method_is_saved_with_a_payment_and_then_debited(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    page = home.checkout.start_instalment("cus_anna", "agr_1", 1, 60_00, consent=CONSENT, now=AGREED_AT, **URLS)
    assert browse(page, urlencode(CARD).encode())[0] == 303
    home.webhooks_arrive("payment_intent.succeeded", AGREED_AT + timedelta(hours=1), times=2)
    (saved,) = home.account.methods.values()
    assert saved.words == WORDS
    assert home.account.balances == {"USD": 65_50}
    home.collects()
    assert len(home.intents) == 1
    home.collects(datetime(2027, 1, 4, 10, tzinfo=MORNING.tzinfo))
    assert home.account.balances == {}


def test_a_method_that_is_taken_away_is_detached_and_never_debited(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(CARD)
    for _ in range(2):
        home.checkout.remove_method("cus_anna", saved.method_id, AGREED_AT)
    assert client_of(sandbox.url).payment_methods.retrieve(saved.reference).customer is None
    home.collects()
    assert not home.intents


def test_a_method_that_stripe_lost_ends_here_too(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    saved = home.saves(CARD)
    client_of(sandbox.url).payment_methods.detach(saved.reference)
    home.collects()
    assert [(one["code"], one["outcome"]) for one in home.failures()] == [("payment_method_detached", "stop")]
    assert home.account.methods[saved.method_id].status is MethodStatus.UNUSABLE


class Queue:
    """The part of SQS that orders are put into."""

    def __init__(self, *, loses: str = "") -> None:
        self.bodies: list[str] = []
        self._loses = loses

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's own names
        assert QueueUrl == "https://queue"
        if self._loses == MessageBody:
            raise ConnectionError("the queue does not answer")
        self.bodies.append(MessageBody)


def test_one_order_is_spread_over_every_part_of_the_agenda() -> None:
    queue = Queue()
    assert collect_instalments.handler(sqs_event({}), lambda_context(), queue=queue) == {"batchItemFailures": []}
    assert sorted(json.loads(body)["shard"] for body in queue.bodies) == list(range(SHARDS))
    lossy = Queue(loses='{"shard": 7}')
    assert collect_instalments.handler(sqs_event({}), lambda_context(), queue=lossy)["batchItemFailures"]


def test_one_account_that_fails_does_not_keep_the_others_waiting(sandbox: StripeSandbox, hooks: Receiver) -> None:
    home = house(sandbox, hooks)
    home.saves(CARD)
    mine = home.account
    shard = shard_of("cus_anna")
    other_id = next(f"cus_{n}" for n in range(10_000) if shard_of(f"cus_{n}") == shard)
    other = replace(mine, customer=replace(mine.customer, customer_id=other_id), version=1)
    home.world.store.accounts[other_id] = other
    collect = home.collector.collect

    def breaks(customer_id: str, now: datetime) -> Any:
        if customer_id == other_id:
            raise UnavailableError("down")
        return collect(customer_id, now)

    home.collector.collect = breaks  # type: ignore[method-assign]
    home.collects(fails=True)
    assert home.account.balances == {"USD": 65_50}
