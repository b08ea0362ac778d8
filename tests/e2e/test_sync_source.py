"""The deployed sync_source: what a lost webhook left out is posted by the next pull, once."""

from infra.local.demo.customer import CARD
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually
from tests.support.visitors import customer_at_portal, words

SUCCEEDED = "payment_intent.succeeded"


def test_a_payment_whose_webhook_was_lost_is_posted_by_the_next_pull_and_once(deployed: Deployment) -> None:
    number = new_number()
    deployed.owe(row(number))
    deployed.remind(number)
    for event in (SUCCEEDED, "checkout.session.completed"):  # either would do
        deployed.stripe_fault(kind="drop", event=event)
    visitor = customer_at_portal(deployed, number)

    paid = visitor.submit(visitor.submit(visitor.get("/account"), "/pay", what="all"), **CARD)
    assert "being confirmed" in words(paid)
    assert deployed.account(number).balances == {"USD": 12_000}

    deployed.send("SyncQueueUrl", {"source": "stripe"})
    account = eventually(lambda: found if not (found := deployed.account(number)).balances else None, WAIT_SECONDS)
    # The order is noted after the money is posted.
    (order,) = eventually(lambda: [one for one in deployed.orders(number) if one.payment_reference], WAIT_SECONDS)
    assert [entry.reference for entry in account.entries.values()] == [f"{order.payment_reference}#succeeded"]

    deployed.send("SyncQueueUrl", {"source": "stripe"})
    deployed.wait_until_empty("SyncQueueUrl")
    assert deployed.account(number).version == account.version
    assert "We have your payment" in words(visitor.get(f"/paid?order={order.order_id}"))
