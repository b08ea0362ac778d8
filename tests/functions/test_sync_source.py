"""Stripe pulled into a ledger: the real SDK, the real sandbox, the ledger in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dunwell.ingestion.importing import customer_id
from dunwell.ingestion.sink import LedgerSink
from dunwell.ingestion.syncing import Phase, Sync, SyncReport
from dunwell.ingestion.taking import Importer
from dunwell.ledger.model import Account
from dunwell.payments.gateway_events import GatewayEvents
from dunwell.remittance.applying import CashApplication
from dunwell.remittance.index import LedgerIndex
from dunwell.remittance.matching import match
from dunwell.remittance.model import BankLine, Decision
from dunwell.remittance.policy import CashPolicy
from dunwell_aws.bootstrap import payments
from dunwell_aws.stripe_client import StripeConnection
from dunwell_aws.stripe_gateway import StripeGateway
from dunwell_aws.stripe_secret import StripeKeys
from dunwell_aws.stripe_source import PAGE, StripeSource
from functions.sync_source import app
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.cash import InMemoryCashStore
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger
from tests.support.portal import InMemoryOrderStore, account, invoice
from tests.support.stripe_sandbox import Secret, client_of, command
from tests.support.syncing import PLENTY, InMemoryCheckpoints

ZONE = "America/New_York"
DAY_SECONDS = 86_400


class Office:
    """A creditor who bills at Stripe, and whose webhooks are all lost."""

    def __init__(self, sandbox: StripeSandbox) -> None:
        self.url, self.sandbox = sandbox.url, sandbox.sandbox
        self.api: Any = client_of(sandbox.url)
        self.ledger = InMemoryLedger(account(invoice("P1", 5_000)))
        self.places = InMemoryCheckpoints()
        self.cash = InMemoryCashStore()
        self.waits: list[float] = []
        self.late_seconds = 0
        secret: Any = Secret()
        self.orders = InMemoryOrderStore()
        self.events = GatewayEvents(self.ledger, self.orders, StripeGateway(secret, sandbox.url))
        self.source = StripeSource(
            StripeConnection(secret, sandbox.url),
            ZONE,
            self.now,
            epoch=lambda: self.now().timestamp(),
            sleep=self.waits.append,
        )

    def now(self) -> datetime:
        """The account's clock, so late that everything so far has settled."""
        return datetime.fromtimestamp(self.sandbox.now() + 3600, UTC)

    def sync(self, *left: float) -> SyncReport:
        looks = iter(left)
        sink = LedgerSink(Importer(self.ledger, "example", InMemoryKnownFacts()), self.now, ZONE)
        repair = app.WebhookRepair(self.events, ZONE)
        return Sync(self.source, sink, repair, self.places, self.cash).run(lambda: next(looks, PLENTY))

    def customer(self, name: str = "Anna's Bakery", card: str = "pm_card_visa") -> Any:
        made = self.api.customers.create({"name": name, "email": "anna@bakery.example", "address": {"country": "US"}})
        method = self.api.payment_methods.attach(card, {"customer": made.id})
        self.api.customers.update(made.id, {"invoice_settings": {"default_payment_method": method.id}})
        return made

    def bill(self, customer: Any, amount: int) -> Any:
        terms = {"collection_method": "send_invoice", "days_until_due": 30, "currency": "usd"}
        drafted = self.api.invoices.create({"customer": customer.id} | terms)
        self.api.invoice_items.create({"customer": customer.id, "invoice": drafted.id, "amount": amount})
        return self.api.invoices.finalize_invoice(drafted.id)

    def account(self, customer: Any) -> Account:
        found = self.ledger.load(customer_id("example", "stripe", customer.id))
        assert found is not None
        return found

    def owed(self, customer: Any) -> int:
        """What may be asked for, in cents of a dollar: nothing of a void invoice."""
        return sum(item.collectable_minor for item in self.account(customer).open_invoices)

    def pay_at_the_portal(self, amount: int, card: str = "pm_card_visa") -> Any:
        """A payment as the portal's checkout makes it: no customer of Stripe's, ours in the metadata."""
        return self.api.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "confirm": True,
                "payment_method": card,
                "return_url": "http://127.0.0.1/back",
                "metadata": {"customer_id": "cus_anna", "order_id": "ord_1", "order_key": "ord_1.1"},
            }
        )


@pytest.fixture
def office(sandbox: StripeSandbox, monkeypatch: pytest.MonkeyPatch) -> Office:
    set_variables(monkeypatch)
    sandbox.reset()
    return Office(sandbox)


def test_customers_and_their_invoices_land_with_what_is_open(office: Office) -> None:
    anna = office.customer()
    bills = [office.bill(anna, 12_000), office.bill(anna, 500)]
    report = office.sync()
    assert (report.ended, report.rejects) == ("done", ())
    mine = office.account(anna)
    assert (mine.customer.name, mine.customer.email, mine.customer.country) == (
        "Anna's Bakery",
        "anna@bakery.example",
        "US",
    )
    assert {one.number for one in mine.invoices.values()} == {bill.number for bill in bills}
    assert office.owed(anna) == 12_500
    (first, _) = sorted(mine.invoices.values(), key=lambda one: -one.amount_minor)
    assert first.due_on - first.issued_on == timedelta(days=30)


def test_a_second_pull_of_the_same_writes_nothing(office: Office) -> None:
    anna = office.customer()
    office.api.invoices.pay(office.bill(anna, 12_000).id)
    office.sync()
    version = office.account(anna).version
    assert office.sync().written == 0
    office.places.stored.clear()
    assert office.sync().written == 0
    assert office.account(anna).version == version


def test_a_charge_of_an_invoice_pays_that_invoice_and_no_older_one(office: Office) -> None:
    anna = office.customer()
    older, newer = office.bill(anna, 12_000), office.bill(anna, 500)
    office.api.invoices.pay(newer.id)
    office.sync()
    mine = office.account(anna)
    assert {item.invoice.number: item.open_minor for item in mine.open_invoices} == {older.number: 12_000}
    (charge,) = office.api.charges.list().data
    assert [entry.reference for entry in mine.entries.values()] == [f"{charge.payment_intent}#succeeded"]


def test_what_happens_later_is_taken_from_the_log(office: Office) -> None:
    anna = office.customer()
    paid, void, credited = (office.bill(anna, amount) for amount in (1_000, 2_000, 4_000))
    office.sync()
    assert office.owed(anna) == 7_000
    office.api.invoices.pay(paid.id)
    office.api.invoices.void_invoice(void.id)
    office.api.credit_notes.create({"invoice": credited.id, "amount": 1_500})
    office.api.customers.update(anna.id, {"email": "office@bakery.example"})
    report = office.sync()
    assert (report.pages, report.rejects) == (1, ())
    assert office.owed(anna) == 2_500
    assert office.account(anna).customer.email == "office@bakery.example"


def test_a_refunded_payment_opens_its_invoice_again_and_a_credit_note_with_it_does_not(office: Office) -> None:
    anna = office.customer()
    refunded, credited = office.bill(anna, 12_000), office.bill(anna, 5_000)
    for bill in (refunded, credited):
        office.api.invoices.pay(bill.id)
    office.sync()
    assert office.owed(anna) == 0
    (_, charge) = office.api.charges.list().data
    office.api.refunds.create({"charge": charge.id, "amount": 2_000})
    office.api.credit_notes.create({"invoice": credited.id, "refund_amount": 800})
    office.sync()
    assert office.owed(anna) == 2_000


def test_a_disputed_payment_is_not_money_while_the_bank_has_it(office: Office) -> None:
    anna = office.customer(card="pm_card_createDispute")
    office.api.invoices.pay(office.bill(anna, 12_000).id)
    office.sync()
    assert office.owed(anna) == 12_000


def test_an_invoice_paid_elsewhere_is_paid_here(office: Office) -> None:
    anna = office.customer()
    office.api.invoices.pay(office.bill(anna, 700).id, {"paid_out_of_band": True})
    office.sync()
    assert office.owed(anna) == 0


def test_credit_that_stripe_used_is_not_asked_for_again(office: Office) -> None:
    anna = office.customer()
    first = office.bill(anna, 12_000)
    office.api.invoices.pay(first.id)
    office.api.credit_notes.create({"invoice": first.id, "credit_amount": 1_000})
    office.bill(anna, 5_000)
    office.sync()
    assert office.owed(anna) == 4_000
    assert office.account(anna).unapplied == {}


def test_a_bank_debit_is_announced_and_then_money(office: Office, sandbox: StripeSandbox) -> None:
    anna = office.customer(card="pm_usBankAccount_success")
    office.api.invoices.pay(office.bill(anna, 12_000).id)
    office.sync()
    assert office.owed(anna) == 12_000
    (charge,) = office.api.charges.list().data
    assert charge.status == "pending"
    command(office.url, "settle", payment_intent=charge.payment_intent)
    office.sync()
    assert office.owed(anna) == 0


def test_a_refused_card_is_no_payment(office: Office) -> None:
    anna = office.customer(card="pm_card_chargeCustomerFail")
    office.sync()
    with pytest.raises(Exception, match="declined"):
        office.api.invoices.pay(office.bill(anna, 12_000).id)
    office.sync()
    assert office.owed(anna) == 12_000
    assert office.account(anna).entries == {}


def test_a_deleted_customer_keeps_what_they_owe(office: Office) -> None:
    anna = office.customer()
    office.bill(anna, 12_000)
    office.sync()
    office.api.customers.delete(anna.id)
    assert office.sync().rejects == ()
    assert (office.account(anna).customer.name, office.owed(anna)) == ("Anna's Bakery", 12_000)


def test_a_payment_at_the_portal_whose_webhook_was_lost_is_posted_by_the_sync_and_once(office: Office) -> None:
    intent = office.pay_at_the_portal(5_000)
    assert office.ledger.accounts["cus_anna"].balances == {"USD": 5_000}
    assert office.sync().payments == 1
    mine = office.ledger.accounts["cus_anna"]
    assert mine.balances == {}
    assert [entry.reference for entry in mine.entries.values()] == [f"{intent.id}#succeeded"]
    app.WebhookRepair(office.events, ZONE).look(intent.id)
    office.places.stored.clear()
    office.sync()
    assert office.ledger.accounts["cus_anna"] == mine


def test_a_portal_payment_that_the_webhook_posted_is_not_posted_again_and_its_refund_is(office: Office) -> None:
    intent = office.pay_at_the_portal(5_000)
    app.WebhookRepair(office.events, ZONE).look(intent.id)
    version = office.ledger.accounts["cus_anna"].version
    office.sync()
    assert office.ledger.accounts["cus_anna"].version == version
    office.api.refunds.create({"payment_intent": intent.id, "amount": 1_200})
    office.sync()
    assert office.ledger.accounts["cus_anna"].balances == {"USD": 1_200}


def test_a_portal_payment_of_a_customer_that_the_ledger_lost_is_named_and_makes_no_account(office: Office) -> None:
    del office.ledger.accounts["cus_anna"]
    office.pay_at_the_portal(5_000)
    report = office.sync()
    assert [(reject.value, reject.reason) for reject in report.rejects] == [
        ("cus_anna", "the ledger has no such customer")
    ]
    assert (report.ended, office.ledger.accounts) == ("done", {})


def test_a_payment_of_nobody_is_named_and_holds_nothing_up(office: Office) -> None:
    office.api.payment_intents.create(
        {"amount": 900, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
        | {"return_url": "http://127.0.0.1/back"}
    )
    anna = office.customer()
    office.bill(anna, 100)
    report = office.sync()
    (charge,) = office.api.charges.list().data
    assert [(reject.value, reject.column) for reject in report.rejects] == [(charge.id, "customer")]
    assert (report.ended, office.owed(anna)) == ("done", 100)


def paid_out(office: Office, *amounts: int) -> Any:
    """Card payments whose money Stripe has just sent to the bank by itself."""
    anna = office.customer(card="pm_card_bypassPending")
    for amount in amounts:
        office.api.invoices.pay(office.bill(anna, amount).id)
    return command(office.url, "pay_out")


def test_a_payout_is_known_with_the_payments_and_fees_that_it_carries(office: Office) -> None:
    sent = paid_out(office, 50_000, 10_000)
    assert (office.sync().payouts, office.sync().payouts) == (1, 0)
    (payout,) = office.cash.expected.values()
    assert (payout.payout_id, payout.currency, payout.amount_minor) == (sent["id"], "USD", sent["amount"])
    intents = [charge.payment_intent for charge in office.api.charges.list().data]
    assert [one.reference for one in payout.movements] == [f"{intent}#succeeded" for intent in intents]
    assert [one.amount_minor for one in payout.movements] == [10_000, 50_000]
    assert payout.amount_minor == 60_000 - payout.fee_minor
    assert payout.complete


def test_a_payout_that_comes_after_the_first_run_is_taken_from_the_log_before_it_arrives(office: Office) -> None:
    office.sync()
    sent = paid_out(office, 50_000)
    office.sync()
    assert list(office.cash.payouts("USD", sent["amount"])) != []
    command(office.url, "finish_payout", payout=sent["id"])
    assert office.sync().payouts == 0, "that it arrived is for the bank to say"


def test_a_payout_that_comes_back_is_expected_no_more(office: Office) -> None:
    sent = paid_out(office, 50_000)
    office.sync()
    command(office.url, "finish_payout", payout=sent["id"], failure_code="account_closed")
    assert office.sync().payouts == 1
    (payout,) = office.cash.payouts("USD", sent["amount"])
    assert payout.failed
    line = bank_line(sent, office.source.name)
    assert match(line, LedgerIndex(office.ledger, office.cash, line.booked_on)).decision is Decision.UNMATCHED


def test_a_payout_made_by_hand_is_known_once_it_arrives_without_what_it_carries(office: Office) -> None:
    office.sync()
    paid_out(office, 50_000)
    office.sync()
    anna = office.customer(card="pm_card_bypassPending")
    office.api.invoices.pay(office.bill(anna, 9_000).id)
    by_hand = office.api.payouts.create({"amount": 5_000, "currency": "usd"})
    office.sync()
    assert by_hand.id not in office.cash.expected
    command(office.url, "finish_payout", payout=by_hand.id)
    office.sync()
    assert (office.cash.expected[by_hand.id].movements, office.cash.expected[by_hand.id].complete) == ((), False)


def bank_line(payout: Any, payer: str) -> BankLine:
    """The line that a payout is on the bank statement."""
    on = datetime.fromtimestamp(payout["arrival_date"], UTC).date()
    text = f"{payer} payout {payout['id']}"
    return BankLine("bln_1", "US-77", on, on, payout["currency"].upper(), payout["amount"], payer, references=(text,))


def test_the_banks_line_of_a_payout_is_reconciled_and_no_customers_payment(office: Office) -> None:
    sent = paid_out(office, 50_000)
    office.sync()
    before = dict(office.ledger.accounts)
    cash = CashApplication(office.ledger, office.cash, office.cash, "example", ZONE, CashPolicy("test"))
    cash.apply([bank_line(sent, "STRIPE")], office.now())
    cash.apply([bank_line(sent, "STRIPE")], office.now())
    assert office.cash.arrived == {sent["id"]: "bln_1"}
    assert office.ledger.accounts == before
    assert list(office.cash.listed()) == []
    office.places.stored.clear()
    office.sync()
    assert [one.reconciled for one in office.cash.payouts("USD", sent["amount"])] == [True]


def test_more_than_a_page_is_read_in_parts_and_every_part_once(office: Office) -> None:
    count = PAGE + 5
    made = [office.api.customers.create({"name": f"C{n}"}) for n in range(count)]
    first = office.sync(PLENTY, 0)
    assert (first.ended, first.written) == ("time", PAGE)
    second = office.sync()
    assert (second.ended, second.written) == ("done", count - PAGE)
    assert office.places.stored["stripe"].phase is Phase.FOLLOWING
    for n in range(count):
        office.api.customers.update(made[n].id, {"name": f"D{n}"})
    third = office.sync()
    assert (third.pages, third.written) == (2, count)
    assert {office.account(one).customer.name[0] for one in made} == {"D"}


def test_too_many_requests_are_waited_out_as_long_as_stripe_says(office: Office) -> None:
    anna = office.customer()
    command(office.url, "faults", kind="error", status=429, times=2)
    assert office.sync().ended == "done"
    assert office.waits[:2] == [1.0, 1.0]
    assert office.account(anna)


def test_a_stripe_that_stays_busy_ends_the_run_and_the_next_goes_on(office: Office) -> None:
    anna = office.customer()
    command(office.url, "faults", kind="error", status=429, times=5, path="/v1/invoices")
    assert office.sync().ended == "busy"
    assert office.places.stored["stripe"].stream == "invoices"
    assert office.sync().ended == "done"
    assert office.account(anna)


def test_lost_replies_and_errors_on_the_way_are_asked_again(office: Office) -> None:
    anna = office.customer()
    command(office.url, "faults", kind="lose_reply", path="/v1/customers")
    command(office.url, "faults", kind="error", status=503, path="/v1/invoices")
    assert office.sync().ended == "done"
    assert office.account(anna)


def test_a_log_that_ends_before_the_place_is_made_good(office: Office) -> None:
    anna = office.customer()
    office.sync()
    office.bill(anna, 300)
    command(office.url, "advance", seconds=31 * DAY_SECONDS)
    office.api.customers.update(anna.id, {"name": "Anna"})
    assert office.sync().ended == "done"
    assert office.owed(anna) == 300


def test_the_handler_pulls_the_source_that_a_message_names(office: Office) -> None:
    asked: list[float] = []

    class OneSync:
        def run(self, left_seconds: Any) -> SyncReport:
            asked.append(left_seconds())
            return SyncReport("done")

    sync: Any = OneSync()
    answer = app.handler(sqs_event({"source": "stripe"}, {"source": "fax"}, {}), lambda_context(), sync=sync)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert asked == [30.0]


def test_without_a_key_nothing_is_pulled_and_nothing_fails(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoKey:
        forgotten = 0

        def keys(self) -> StripeKeys:
            return StripeKeys("", ())

        def forget(self) -> None:
            self.forgotten += 1

    secret = NoKey()
    monkeypatch.setattr(payments, "stripe_secret", lambda: secret)
    assert app.handler(sqs_event({"source": "stripe"}), lambda_context()) == {"batchItemFailures": []}
    assert secret.forgotten == 1
