"""A customer pays, and however the gateway reports it, the money is on the account once."""

import hashlib
import hmac
import json
import time

import pytest
import requests

from dunwell.ledger.entry import Entry
from tests.support.debtors import new_number, row
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import eventually
from tests.support.visitors import customer_at_portal, words

SUCCEEDED = "payment_intent.succeeded"


def reminded(deployed: Deployment, count: int) -> list[str]:
    """Customers who got a mail about one invoice each."""
    numbers = [new_number() for _ in range(count)]
    deployed.owe(*(row(number) for number in numbers))
    deployed.remind(*numbers)
    return numbers


def payments(deployed: Deployment, number: str) -> list[Entry]:
    return list(deployed.account(number).payments.values())


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "double", "event": SUCCEEDED},
        {"kind": "double", "event": "checkout.session.completed"},
        {"kind": "reorder", "times": 2, "event": "*"},
        {"kind": "late", "event": SUCCEEDED, "seconds": 2.0},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['event']}",
)
def test_a_payment_is_posted_once_however_it_is_reported(deployed: Deployment, fault: dict[str, object]) -> None:
    (number,) = reminded(deployed, 1)
    sent = len(deployed.deliveries())
    deployed.stripe_fault(**fault)

    account = deployed.pay(number)
    expected = 3 if fault["kind"] == "double" else 2
    eventually(lambda: len(deployed.deliveries()) >= sent + expected, WAIT_SECONDS)

    assert {delivery["status"] for delivery in deployed.deliveries()[sent:]} == {200}
    assert account.balances == {}
    (payment,) = payments(deployed, number)
    assert (payment.amount_minor, payment.currency) == (12_000, "USD")
    assert not account.unapplied
    assert deployed.account(number).version == account.version


def signature(payload: bytes, secret: str, at: int) -> str:
    signed = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def webhook_secret(deployed: Deployment) -> str:
    found = deployed.stack.client("secretsmanager").get_secret_value(SecretId=deployed.view.outputs["StripeSecretArn"])
    (secret,) = json.loads(found["SecretString"])["webhook_secrets"]
    return str(secret)


def test_only_a_report_that_the_gateway_signed_just_now_is_heard(deployed: Deployment) -> None:
    (number,) = reminded(deployed, 1)
    before = deployed.account(number)
    url, secret, now = f"{deployed.view.urls['webhooks']}/stripe", webhook_secret(deployed), int(time.time())
    intent = {
        "id": "pi_forged",
        "object": "payment_intent",
        "status": "succeeded",
        "amount_received": 12_000,
        "currency": "usd",
        "metadata": {"customer_id": before.customer.customer_id},
    }
    event = {"id": "evt_forged", "object": "event", "type": SUCCEEDED, "data": {"object": intent}}
    payload = json.dumps(event).encode()
    harmless = json.dumps(event | {"type": "balance.available"}).encode()

    def answer(body: bytes, header: str) -> int:
        headers = {"Stripe-Signature": header, "Content-Type": "application/json"}
        return requests.post(url, data=body, headers=headers, timeout=30).status_code

    refused = {
        "unsigned": answer(payload, ""),
        "signed by somebody else": answer(payload, signature(payload, "whsec_guessed", now)),
        "replayed after an hour": answer(payload, signature(payload, secret, now - 3600)),
        "changed after signing": answer(payload, signature(harmless, secret, now)),
    }

    assert set(refused.values()) == {400}, refused
    assert answer(harmless, signature(harmless, secret, now)) == 200, "the same way in works when it is signed"
    assert deployed.account(number) == before


def test_nobody_can_pay_or_look_at_another_customers_order(deployed: Deployment) -> None:
    mine, theirs = reminded(deployed, 2)
    visitor, other = customer_at_portal(deployed, mine), customer_at_portal(deployed, theirs)
    (their_invoice,) = deployed.account(theirs).invoices
    at_gateway = other.submit(other.get("/account"), "/pay", what="all")
    (their_order,) = deployed.orders(theirs)

    foreign_invoice = visitor.submit(
        visitor.get("/account"), "/pay", what="chosen", currency="USD", invoice=their_invoice
    )
    foreign_order = visitor.get(f"/paid?order={their_order.order_id}")
    without_token = visitor.post("/pay", what="all", currency="USD")

    assert at_gateway.url.startswith(deployed.stack.stripe_endpoint)
    assert foreign_invoice.status_code == 404
    assert foreign_order.status_code == 404
    assert theirs not in words(foreign_order)
    assert without_token.status_code == 403
    assert deployed.orders(mine) == []
    assert payments(deployed, theirs) == []
