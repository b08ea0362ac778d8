"""Every event of the gateway's table, from the running sandbox through signed webhooks to the ledger."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.test import Client

from dunwell.errors import UnavailableError
from dunwell.events import PAYMENT_DISPUTED, PAYMENT_FAILED
from dunwell.ingestion.sink import LedgerSink
from dunwell.ingestion.syncing import Sync
from dunwell.ingestion.taking import Importer
from dunwell.ledger.debits import AttemptStatus, MethodKind, MethodStatus
from dunwell.ledger.entry import EntryKind
from dunwell.ledger.model import Account
from dunwell.payments.gateway_events import GatewayEvents
from dunwell.payments.order import CheckoutOrder, Consent, OrderStatus
from dunwell.payments.reconciling import Reconciliation, Reconciling
from dunwell.remittance.desk import CashDesk
from dunwell.remittance.gateway_money import GatewayMoney
from dunwell.timezones import zone
from dunwell_aws.raw_events import RawEvents
from dunwell_aws.stripe_books import StripeBooks
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_source import StripeSource
from functions.portal import app as portal_app
from functions.reconcile_gateway import app as reconcile_app
from functions.stripe_webhook import app as webhook_app
from functions.sync_source import app as sync_app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.adapters.stripe_sandbox_support import client_of, command, receiver, wait_until
from tests.functions.test_paying_through_the_sandbox import BANK, CARD, Till
from tests.functions.test_sync_source import Secret
from tests.support.agreements import attempt, method
from tests.support.cash import CashWorld, InMemoryCashStore
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryKnownFacts
from tests.support.reports_bucket import ReportsBucket
from tests.unit.ingestion.test_syncing import PLENTY, InMemoryCheckpoints

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


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with StripeSandbox() as running:
        yield running


@pytest.fixture
def till(sandbox: StripeSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
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


def test_a_bank_debit_is_announced_and_the_money_ends_the_announcement(till: Counter) -> None:
    intent = till.debited()
    till.hears_all(times=2, seed=1)
    (waiting,) = till.account.pending
    assert (waiting.amount_minor, till.dollars) == (intent.amount, 126_000)
    command(till.stripe.url, "settle", payment_intent=intent.id)
    till.hears_all(times=2, seed=2)
    (payment,) = till.account.payments.values()
    assert (payment.of, till.account.pending, till.dollars) == (waiting.entry_id, (), 2_550)


def test_a_bank_debit_that_fails_ends_the_announcement_with_the_banks_own_code(till: Counter) -> None:
    intent = till.debited()
    till.hears_all()
    command(till.stripe.url, "settle", payment_intent=intent.id, outcome="insufficient_funds")
    till.hears_all(times=2, seed=3)
    assert till.kinds() == ["failure:R01", "pending"]
    assert (till.account.pending, till.dollars) == ((), 126_000)
    (failed,) = till.told(PAYMENT_FAILED)
    assert (failed["failure_code"], failed["decline_code"]) == ("insufficient_funds", "R01")
    (order,) = till.world.orders.orders("cus_anna")
    assert order.status is OrderStatus.CLOSED


def test_a_refund_reopens_what_was_paid_and_a_failed_one_pays_it_again(till: Counter) -> None:
    intent = till.paid()
    till.hears_all()
    refund = till.api.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    till.hears_all(times=3, seed=4)
    assert till.dollars == 3_550
    command(till.stripe.url, "finish_refund", refund=refund.id, failure_reason="expired_or_canceled_card")
    till.hears_all(times=3, seed=5)
    assert till.dollars == 2_550
    assert till.kinds() == ["payment", "reversal:refund", "reversal:refund_failed"]


def test_webhook_and_sync_and_look_post_a_payment_and_its_refunds_once(till: Counter) -> None:
    intent = till.paid()
    till.hears_all()
    for amount in (500, 700):
        till.api.refunds.create({"payment_intent": intent.id, "amount": amount})
        till.sync()
    before = till.account
    till.hears_all(times=2, seed=6)
    till.sync()
    assert till.account == before
    assert till.kinds() == ["payment", "reversal:refund", "reversal:refund"]
    assert till.dollars == 2_550 + 1_200


def test_a_dispute_takes_the_money_and_freezes_what_it_had_paid_until_it_is_won(till: Counter) -> None:
    intent = till.paid(DISPUTED)
    till.hears_all(times=2, seed=7)
    assert till.dollars == 126_000
    assert not any(one.is_collectable for one in till.account.open_invoices if one.invoice.invoice_id == "inv_a1")
    (told,) = till.told(PAYMENT_DISPUTED)
    assert (told["reason"], told["withdrawn_minor"], told["fee_minor"]) == ("fraudulent", intent.amount, 1_500)
    (dispute,) = till.api.disputes.list().data
    command(till.stripe.url, "close_dispute", dispute=dispute.id, outcome="won")
    till.hears_all(times=2, seed=8)
    assert till.dollars == 2_550
    assert till.account.disputed_minor("inv_a1") == 0
    assert [one["status"] for one in till.told(PAYMENT_DISPUTED)] == ["needs_response", "won"]


def test_a_lost_dispute_stays_frozen_until_somebody_looked_and_closed_is_not_final(till: Counter) -> None:
    till.paid(DISPUTED)
    (dispute,) = till.api.disputes.list().data
    command(till.stripe.url, "close_dispute", dispute=dispute.id, outcome="lost")
    till.hears_all(times=2, seed=9)
    assert (till.dollars, till.account.disputed_minor("inv_a1") > 0) == (126_000, True)
    command(till.stripe.url, "appeal_dispute", dispute=dispute.id, outcome="won")
    till.hears_all(times=2, seed=10)
    assert (till.dollars, till.account.disputed_minor("inv_a1")) == (2_550, 0)


def test_a_bank_that_only_asks_moves_no_money(till: Counter) -> None:
    intent = till.paid()
    command(till.stripe.url, "open_dispute", charge=intent.latest_charge, inquiry=True)
    till.hears_all()
    assert (till.dollars, till.account.disputed_minor("inv_a1") > 0) == (2_550, True)
    (dispute,) = till.api.disputes.list().data
    command(till.stripe.url, "close_dispute", dispute=dispute.id, outcome="won")
    till.hears_all()
    assert (till.dollars, till.account.disputed_minor("inv_a1")) == (2_550, 0)


def test_a_debit_that_comes_back_late_is_taken_back_and_is_no_dispute(till: Counter) -> None:
    intent = till.debited()
    command(till.stripe.url, "settle", payment_intent=intent.id)
    till.hears_all()
    assert till.dollars == 2_550
    command(till.stripe.url, "return_debit", charge=intent.latest_charge)
    till.hears_all(times=2, seed=11)
    assert till.dollars == 126_000
    assert till.kinds() == ["payment", "reversal:returned"]
    assert till.told(PAYMENT_FAILED)[-1]["decline_code"] == "R01"
    assert till.account.disputed_minor("inv_a1") == 0


def test_an_unauthorised_debit_ends_the_try_and_the_method_and_is_a_dispute(till: Counter) -> None:
    saved = method("pmt_1", kind=MethodKind.BANK_DEBIT)
    started = attempt("agr_1#1#1", lines=(("inv_a1", 10_000),), method_id="pmt_1")
    mine = replace(till.account, methods={"pmt_1": saved}, attempts={started.attempt_id: started})
    till.world.ledger.accounts["cus_anna"] = mine
    intent = till.api.payment_intents.create(
        {
            "amount": 10_000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_usBankAccount_success",
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
            "return_url": "http://127.0.0.1/back",
            "metadata": {"customer_id": "cus_anna", "attempt_id": started.attempt_id},
        }
    )
    till.hears_all()
    assert till.account.attempts[started.attempt_id].status is AttemptStatus.PROCESSING
    command(till.stripe.url, "settle", payment_intent=intent.id)
    till.hears_all()
    assert till.account.attempts[started.attempt_id].status is AttemptStatus.SUCCEEDED
    assert till.account.open_minor("inv_a1") == till.account.invoices["inv_a1"].amount_minor - 10_000
    charge = till.api.payment_intents.retrieve(intent.id).latest_charge
    command(till.stripe.url, "return_debit", charge=charge, reason="debit_not_authorized")
    till.hears_all(times=2, seed=12)
    last = till.account.attempts[started.attempt_id]
    assert (last.status, last.code) == (AttemptStatus.FAILED, "R10")
    assert till.account.methods["pmt_1"].status is MethodStatus.UNUSABLE
    assert till.account.disputed_minor("inv_a1") == 10_000
    assert [one.reason for one in till.account.entries.values() if one.kind is EntryKind.REVERSAL] == ["chargeback"]


def save_a_card(till: Counter) -> str:
    """Save a card with consent on a hosted page; Stripe's name of it."""
    order = CheckoutOrder("ord_save", "cus_anna", "USD", (), till.now(), consent=Consent("You may debit me.", True))
    till.world.orders.save(order)
    owner = till.api.customers.create({"email": "ada@example.com"})
    page = till.gateway.start_checkout(replace(order, owner=owner.id), "http://127.0.0.1/ok", "http://127.0.0.1/no")
    till.pay(page.url, **CARD, number=GOOD)
    (saved,) = till.api.payment_methods.list({"customer": owner.id}).data
    return str(saved.id)


def test_a_saved_card_is_kept_with_its_consent_followed_and_ended(till: Counter) -> None:
    reference = save_a_card(till)
    till.hears_all(times=2, seed=13)
    (kept,) = till.account.methods.values()
    assert (kept.reference, kept.words, kept.autopay) == (reference, "You may debit me.", True)
    assert till.world.orders.kept["cus_anna", "ord_save"].status is OrderStatus.PAID
    command(till.stripe.url, "update_card", payment_method=reference, last4="1881", exp_month=8, exp_year=2044)
    till.hears_all()
    (kept,) = till.account.methods.values()
    assert ("1881" in kept.label, str(kept.expires_on)) == (True, "2044-08-31")
    till.api.payment_methods.detach(reference)
    till.hears_all()
    (kept,) = till.account.methods.values()
    assert (kept.status, kept.autopay, kept.why) == (MethodStatus.UNUSABLE, False, "detached")


def test_a_method_that_ended_is_not_saved_again_by_a_report_that_comes_again(till: Counter) -> None:
    reference = save_a_card(till)
    till.hears_all()
    saved = list(till.hooks.received)
    till.api.payment_methods.detach(reference)
    till.hears_all()
    till.hooks.received.extend(saved)
    till.hears_what_came()
    (kept,) = till.account.methods.values()
    assert kept.status is MethodStatus.UNUSABLE


def test_a_payout_is_noted_when_it_is_reported(till: Counter) -> None:
    till.paid()
    command(till.stripe.url, "advance", seconds=3 * 86_400)
    sent = command(till.stripe.url, "pay_out")
    command(till.stripe.url, "finish_payout", payout=sent["id"])
    till.hears_all()
    assert till.payouts == [sent["id"]]


def everything_happens(till: Counter, seed: int) -> None:
    """A payment, refunds, one of them failing, and disputes: some of it, as a seed has it."""
    chance = random.Random(seed)
    intent = till.debited() if chance.random() < 0.4 else till.paid()
    if till.api.payment_intents.retrieve(intent.id).status == "processing":
        outcome = chance.choice(["succeeded", "succeeded", "account_closed"])
        command(till.stripe.url, "settle", payment_intent=intent.id, outcome=outcome)
        if outcome != "succeeded":
            return
    for _ in range(chance.randint(0, 3)):
        refund = till.api.refunds.create({"payment_intent": intent.id, "amount": chance.randint(1, 4_000)})
        if chance.random() < 0.4:
            command(till.stripe.url, "finish_refund", refund=refund.id, failure_reason="lost_or_stolen_card")
    charge = till.api.payment_intents.retrieve(intent.id).latest_charge
    if chance.random() < 0.7:
        dispute = command(till.stripe.url, "open_dispute", charge=charge)
        for step in ("close_dispute", "appeal_dispute")[: chance.randint(0, 2)]:
            status = till.api.disputes.retrieve(dispute["id"]).status
            outcome = {"won": "lost", "lost": "won"}.get(status, chance.choice(["won", "lost"]))
            command(till.stripe.url, step, dispute=dispute["id"], outcome=outcome)


def books(till: Counter) -> dict[str, Any]:
    mine = till.account
    return {
        "open": {one: mine.open_minor(one) for one in mine.invoices},
        "disputed": {one: mine.disputed_minor(one) for one in mine.invoices},
        "credit": mine.unapplied,
        "paid": sorted(mine.books.standing_minor(one) for one in mine.payments),
        "pending": len(mine.pending),
        "orders": sorted(one.status for one in till.world.orders.orders("cus_anna")),
    }


@pytest.mark.parametrize("seed", range(8))
def test_late_doubled_reordered_and_dropped_webhooks_make_the_books_of_the_ordered_ones(
    sandbox: StripeSandbox, till: Counter, seed: int
) -> None:
    everything_happens(till, seed)
    till.hears_all()
    ordered = books(till)
    sandbox.reset()
    with receiver() as hooks:
        messy = Counter(sandbox, hooks)
        for kind, times in (("drop", 3), ("double", 2), ("reorder", 3), ("late", 2), ("drop", 2)):
            command(sandbox.url, "faults", kind=kind, times=times, seconds=0.1)
        everything_happens(messy, seed)
        command(sandbox.url, "faults", kind="double", times=1)
        messy.hears_what_came(seed=seed)
        run = messy.reconciling().run(lambda: PLENTY)
        assert run
        assert run.done
        assert set(run.left_minor().values()) <= {0}
        assert books(messy) == ordered


def test_what_no_webhook_told_is_found_repaired_and_reported_to_zero(till: Counter) -> None:
    command(till.stripe.url, "faults", kind="drop", times=100)
    intent = till.paid()
    till.api.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    till.api.payment_intents.create(
        {"amount": 900, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
        | {"return_url": "http://127.0.0.1/back"}
    )
    bucket = ReportsBucket()
    kept: Any = bucket
    for order in range(2):
        answer = reconcile_app.handler(sqs_event({}), _long(), reconciling=till.reconciling(), bucket=kept)
        assert answer == {"batchItemFailures": []}
        if order == 0:
            command(till.stripe.url, "advance", seconds=60)
    assert till.dollars == 3_550
    first, second = (json.loads(bucket.files[key][0]) for key in sorted(bucket.files))
    assert first["undelivered_reports"] > 0
    assert (first["difference_left_minor"], first["left"]) == ({"USD": 0}, [])
    assert first["payments_of_others"] == 1
    assert (second["difference_found_minor"], second["difference_left_minor"]) == ({"USD": 0}, {"USD": 0})


def test_what_moved_money_and_told_nobody_is_found_by_the_balance(
    till: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = till.paid()
    wait_until(lambda: not any(one["pending_webhooks"] for one in till.stripe.sandbox.all("event")))
    run = till.reconciling().run(lambda: PLENTY)  # all was delivered, and nobody listened
    assert run
    assert (run.reports, run.found, run.repaired) == (0, {"USD": intent.amount}, 1)
    assert (run.left_minor(), till.dollars) == ({"USD": 0}, 2_550)


def test_what_cannot_be_brought_together_is_named_and_looked_at_again(till: Counter) -> None:
    intent = till.paid()
    till.hears_all()
    (payment,) = till.account.payments.values()
    posted = replace(payment, amount_minor=payment.amount_minor + 1)
    mine = till.account
    till.world.ledger.accounts["cus_anna"] = replace(mine, entries={**mine.entries, payment.entry_id: posted})
    for _ in range(2):
        run = till.reconciling().run(lambda: PLENTY)
        assert run
        assert [(one.reference, one.why) for one in run.left] == [(intent.id, "InvalidInputError")]
        command(till.stripe.url, "advance", seconds=40 * 86_400)
    till.world.ledger.accounts["cus_anna"] = mine
    run = till.reconciling().run(lambda: PLENTY)
    assert run
    assert run.left == ()


def test_what_goes_back_of_money_in_suspense_lessens_it_there_and_wherever_an_agent_put_it(till: Counter) -> None:
    intent = till.paid()
    accounts = till.world.ledger.accounts
    anna = accounts.pop("cus_anna")
    refund = till.api.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    till.hears_all(times=3, seed=11)
    assert till.money.unclear() == {"USD": intent.amount - 1_000}
    command(till.stripe.url, "finish_refund", refund=refund.id, failure_reason="expired_or_canceled_card")
    till.api.refunds.create({"payment_intent": intent.id, "amount": 400})
    till.hears_all(times=2, seed=12)
    desk = CashDesk(till.cash)
    (waiting,) = desk.waiting(till.now())
    assert waiting.left_minor == intent.amount - 400
    till.money.owes("C10001", "Walsh Marine LLC")
    desk.choose(waiting.item_id, waiting.version, "C10001", [], "jo", till.now())
    till.api.refunds.create({"payment_intent": intent.id, "amount": 600})
    till.hears_all(times=2, seed=13)
    accounts["cus_anna"] = anna
    run = till.reconciling().run(lambda: PLENTY)
    assert run
    assert (run.left_minor(), run.suspended, till.money.unclear()) == ({"USD": 0}, {}, {})
    assert till.money.placed() == {f"{intent.id}#succeeded": intent.amount - 1_000}
    assert till.money.account("cus_c10001").unapplied == {"USD": intent.amount - 1_000}
    (contested,) = desk.waiting(till.now())
    assert contested.proposals[0].customer_id == "cus_anna"


def test_a_run_goes_on_where_it_stopped(till: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    command(till.stripe.url, "faults", kind="drop", times=100)
    till.paid()
    looks = iter([PLENTY, 0.0])
    first = till.reconciling().run(lambda: next(looks))
    assert first
    assert not first.done
    monkeypatch.setattr(till.gateway, "payment", _down)
    with pytest.raises(UnavailableError):
        till.reconciling().run(lambda: PLENTY)
    monkeypatch.undo()
    again = till.reconciling().run(lambda: PLENTY)
    assert again
    assert again.done
    assert again.until == first.until
    assert till.dollars == 2_550


def test_a_kept_report_is_replayed_by_its_id(till: Counter) -> None:
    till.paid()
    till.hears_all()
    paid = next(key for key in till.raw.files if "payment_intent.succeeded" in till.raw.files[key][0])
    name = paid.removeprefix("stripe/").removesuffix(".json")
    mine = till.account
    till.world.ledger.accounts["cus_anna"] = replace(mine, entries={}, version=mine.version + 1)
    raw: Any = RawEvents(till.raw, "raw")  # type: ignore[arg-type]
    reconcile_app.handler(sqs_event({"replay": [name]}), _long(), events=till.events, raw=raw)
    assert till.dollars == 2_550


def _down(reference: str, *, contested: bool = False) -> None:
    raise UnavailableError("the gateway does not answer")


def _long() -> Any:
    context = lambda_context()
    context.get_remaining_time_in_millis = lambda: 300_000
    return context
