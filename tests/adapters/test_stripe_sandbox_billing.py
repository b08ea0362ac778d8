"""Billing in the Stripe sandbox, through the real SDK: invoices, credit notes, payouts."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.support.stripe_sandbox import command

DAY_SECONDS = 86_400


def draft(api: Any, customer: Any, *amounts: int, **given: Any) -> Any:
    """A draft with these items (minor units of dollars), due in 30 days."""
    terms = {"collection_method": "send_invoice", "days_until_due": 30, "currency": "usd"}
    invoice = api.invoices.create({"customer": customer.id} | terms | given)
    for amount in amounts:
        api.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": amount})
    return invoice


def final(api: Any, customer: Any, *amounts: int, **given: Any) -> Any:
    return api.invoices.finalize_invoice(draft(api, customer, *amounts, **given).id)


@pytest.fixture
def anna(api: Any) -> Any:
    return api.customers.create({"name": "Anna's Bakery", "email": "anna@bakery.example"})


def types(api: Any) -> list[str]:
    return [event.type for event in api.events.list({"limit": 100}).data]


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_draft_adds_up_and_becomes_final_with_a_number_and_an_intent(api: Any, anna: Any) -> None:
    invoice = draft(api, anna, 10_000, 2_500, -500)
    assert (invoice.status, invoice.number) == ("draft", None)
    assert api.invoices.retrieve(invoice.id).total == 12_000
    done = api.invoices.finalize_invoice(invoice.id, {"expand": ["payments"]})
    assert (done.status, done.amount_due, done.amount_remaining) == ("open", 12_000, 12_000)
    assert done.number.endswith("-0001")
    assert done.due_date - done.created == 30 * DAY_SECONDS
    assert len(done.lines.data) == 3
    (link,) = done.payments.data
    intent = api.payment_intents.retrieve(link.payment.payment_intent)
    assert (intent.status, intent.amount, intent.customer) == ("requires_payment_method", 12_000, anna.id)
    assert "open" in refused(api.invoices.finalize_invoice, invoice.id)
    assert "draft" in refused(api.invoice_items.create, {"customer": anna.id, "invoice": invoice.id, "amount": 1})


def test_paying_an_invoice_links_its_charge_and_says_so(api: Any, anna: Any) -> None:
    invoice = final(api, anna, 12_000)
    method = api.payment_methods.attach("pm_card_visa", {"customer": anna.id})
    paid = api.invoices.pay(invoice.id, {"payment_method": method.id})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 12_000, 0)
    (charge,) = api.charges.list({"customer": anna.id}).data
    wanted = {"type": "payment_intent", "payment_intent": charge.payment_intent}
    (link,) = api.invoice_payments.list({"payment": wanted, "expand": ["data.invoice"]}).data
    assert (link.status, link.amount_paid, link.invoice.number) == ("paid", 12_000, invoice.number)
    assert {"invoice.finalized", "invoice.paid", "invoice_payment.paid", "charge.succeeded"} <= set(types(api))


def test_a_refused_card_leaves_the_invoice_open(api: Any, anna: Any) -> None:
    invoice = final(api, anna, 12_000)
    method = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": anna.id})
    with pytest.raises(stripe.CardError):
        api.invoices.pay(invoice.id, {"payment_method": method.id})
    still = api.invoices.retrieve(invoice.id)
    assert (still.status, still.attempt_count, still.amount_remaining) == ("open", 1, 12_000)
    assert "invoice.payment_failed" in types(api)


def test_an_invoice_paid_elsewhere_has_no_charge(api: Any, anna: Any) -> None:
    paid = api.invoices.pay(final(api, anna, 700).id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid, paid.amount_paid_off_stripe) == ("paid", 0, 700)
    assert api.charges.list().data == []


def test_void_and_uncollectible_invoices_are_found_by_their_status(api: Any, anna: Any) -> None:
    void, lost, owed = (final(api, anna, amount) for amount in (100, 200, 300))
    api.invoices.void_invoice(void.id)
    api.invoices.mark_uncollectible(lost.id)
    found = {status: [i.id for i in api.invoices.list({"status": status}).data] for status in ("void", "open")}
    assert found == {"void": [void.id], "open": [owed.id]}
    assert "void" in refused(api.invoices.pay, void.id)
    assert refused(api.invoices.delete, owed.id)


def test_a_credit_note_lowers_an_open_invoice_and_voided_raises_it_again(api: Any, anna: Any) -> None:
    invoice = final(api, anna, 12_000)
    note = api.credit_notes.create({"invoice": invoice.id, "amount": 2_000})
    assert (note.pre_payment_amount, note.status, note.number) == (2_000, "issued", f"{invoice.number}-CN-01")
    lower = api.invoices.retrieve(invoice.id)
    assert (lower.amount_due, lower.total, lower.pre_payment_credit_notes_amount) == (10_000, 12_000, 2_000)
    api.credit_notes.void_credit_note(note.id)
    assert api.invoices.retrieve(invoice.id).amount_due == 12_000
    assert refused(api.credit_notes.create, {"invoice": invoice.id, "amount": 12_001})
    api.credit_notes.create({"invoice": invoice.id, "amount": 12_000})
    assert api.invoices.retrieve(invoice.id).status == "paid"


def test_a_credit_note_on_a_paid_invoice_gives_back_by_refund_and_balance(api: Any, anna: Any) -> None:
    invoice = final(api, anna, 12_000)
    api.payment_methods.attach("pm_card_visa", {"customer": anna.id})
    (method,) = api.customers.payment_methods.list(anna.id).data
    api.invoices.pay(invoice.id, {"payment_method": method.id})
    assert refused(api.credit_notes.create, {"invoice": invoice.id, "amount": 500})
    note = api.credit_notes.create({"invoice": invoice.id, "refund_amount": 3_000, "credit_amount": 1_000})
    assert (note.amount, note.post_payment_amount, note.refunds[0].amount_refunded) == (4_000, 4_000, 3_000)
    assert api.charges.list().data[0].amount_refunded == 3_000
    following = final(api, anna, 5_000)
    assert (following.total, following.amount_due, following.starting_balance) == (5_000, 4_000, -1_000)


def test_a_payout_takes_what_is_available_and_arrives_or_comes_back(api: Any, anna: Any, url: str) -> None:
    api.payment_intents.create(
        {"amount": 50_000, "currency": "usd", "confirm": True, "payment_method": "pm_card_bypassPending"}
        | {"return_url": "http://127.0.0.1/back"}
    )
    available = api.balance.retrieve().available[0].amount
    assert refused(api.payouts.create, {"amount": available + 1, "currency": "usd"})
    first = api.payouts.create({"amount": 20_000, "currency": "usd"})
    second = api.payouts.create({"amount": 5_000, "currency": "usd"})
    command(url, "finish_payout", payout=first.id)
    command(url, "finish_payout", payout=second.id, failure_code="account_closed")
    assert [p.status for p in api.payouts.list().data] == ["failed", "paid"]
    assert api.balance.retrieve().available[0].amount == available - 20_000
    assert {"payout.created", "payout.paid", "payout.failed"} <= set(types(api))


def test_a_payout_of_stripes_own_says_what_it_carries_and_a_manual_one_does_not(api: Any, anna: Any, url: str) -> None:
    charge = {"currency": "usd", "confirm": True, "return_url": "http://127.0.0.1/back"}
    method = {"payment_method": "pm_card_bypassPending"}
    for amount in (50_000, 10_000):
        api.payment_intents.create({"amount": amount} | charge | method)
    manual = api.payouts.create({"amount": 1_000, "currency": "usd"})
    own = command(url, "pay_out")
    carried = api.balance_transactions.list({"payout": own["id"], "expand": ["data.source"]}).data
    assert [one.type for one in carried] == ["payout", "payout", "charge", "charge"]
    assert sum(one.net for one in carried) == 0
    assert carried[-1].source.payment_intent.startswith("pi_")
    assert refused(api.balance_transactions.list, {"payout": manual.id})
    api.payment_intents.create({"amount": 7_000} | charge | method)
    again = command(url, "pay_out")
    assert [one.amount for one in api.balance_transactions.list({"payout": again["id"], "type": "charge"}).data] == [
        7_000
    ]
    assert "payout.reconciliation_completed" in types(api)


def test_lists_are_paged_and_filtered_by_creation(api: Any, anna: Any, url: str) -> None:
    old = [final(api, anna, 100 + n).id for n in range(3)]
    command(url, "advance", seconds=DAY_SECONDS)
    since = api.customers.create({"name": "B"}).created
    new = [final(api, anna, 200 + n).id for n in range(3)]
    page = api.invoices.list({"limit": 2, "created": {"gte": since}})
    assert ([i.id for i in page.data], page.has_more) == ([new[2], new[1]], True)
    rest = api.invoices.list({"limit": 2, "created": {"gte": since}, "starting_after": page.data[-1].id})
    assert ([i.id for i in rest.data], rest.has_more) == ([new[0]], False)
    assert [i.id for i in api.invoices.list({"created": {"lt": since}}).data] == old[::-1]


def test_a_rate_limit_says_when_to_come_again(api: Any, url: str) -> None:
    command(url, "faults", kind="error", status=429)
    with pytest.raises(stripe.RateLimitError) as caught:
        api.invoices.list()
    assert (caught.value.headers or {})["Retry-After"] == "1"
