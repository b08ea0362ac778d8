"""A plan that the customer authorised is debited by the schedule's order, and the ledger shows it."""

from dataclasses import replace
from datetime import timedelta
from zlib import crc32

import stripe

from dunwell.ledger.agreements import AgreedInstalment, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus, MethodKind
from dunwell.ledger.model import Account
from dunwell.ledger.ports import SHARDS
from dunwell.ledger.update import update
from dunwell.payments.methods import method_id, save_method
from infra.local.demo.gateway import STRIPE_KEY
from tests.support.agreements import agreement
from tests.support.debtors import TODAY, new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually

WORDS = "I authorise Example Supplies Ltd to debit $60.00 today and $60.00 in a month."


def saved_card(deployed: Deployment) -> tuple[str, str]:
    """A card at the gateway, as its page saves one: the names of the method and of its owner."""
    client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": deployed.stack.stripe_endpoint})
    owner = client.v1.customers.create({"payment_method": "pm_card_visa"})
    (card,) = client.v1.customers.payment_methods.list(owner.id).data
    return card.id, owner.id


def agree(deployed: Deployment, number: str) -> None:
    """The customer authorises a plan of two instalments from a saved card; the first is due today."""
    reference, owner = saved_card(deployed)
    at = deployed.now() - timedelta(minutes=5)
    evidence = Authorisation(WORDS, at, "portal", "customer", "203.0.113.9", method_id(reference))
    parts = (AgreedInstalment(1, TODAY, 60_00), AgreedInstalment(2, TODAY + timedelta(days=30), 60_00))

    def decide(account: Account) -> Change:
        (invoice_id,) = account.invoices
        made = agreement(
            invoice_id, amount_minor=120_00, kind=AgreementKind.PLAN, instalments=parts, authorisation=evidence
        )
        made = replace(made, agreement_id=f"agr_{number.lower().replace('-', '')}", made_at=at, next_on=TODAY)
        made = replace(made, status=AgreementStatus.AUTHORISED)
        kept = save_method(account, reference, owner, MethodKind.CARD, "Visa •••• 4242", WORDS, "", None, at)
        return replace(kept, agreements={made.agreement_id: made})

    update(deployed.view.ledger, deployed.customer_id(number), decide)


def test_an_authorised_instalment_is_debited_once_and_posted(deployed: Deployment) -> None:
    number = new_number()
    deployed.owe(row(number))
    agree(deployed, number)

    shard = crc32(deployed.customer_id(number).encode()) % SHARDS
    deployed.send("DebitsQueueUrl", {"shard": shard})
    deployed.send("DebitsQueueUrl", {})
    eventually(lambda: deployed.account(number).payments, WAIT_SECONDS)
    # The order for all is 64 more, and one of them looks at this account again.
    eventually(lambda: not deployed.view.waiting_messages("DebitsQueueUrl"), 3 * WAIT_SECONDS)

    account = deployed.account(number)
    (payment,) = account.payments.values()
    (tried,) = account.attempts.values()
    assert (payment.amount_minor, payment.reference) == (60_00, f"{tried.payment_reference}#succeeded")
    assert tried.status is AttemptStatus.SUCCEEDED
    assert account.balances == {"USD": 60_00}
    (plan,) = account.agreements.values()
    assert plan.status is AgreementStatus.ACTIVE
    assert account.customer.customer_id not in set(deployed.view.ledger.agenda(shard, TODAY))
