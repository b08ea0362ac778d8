"""How money moves in the Stripe sandbox: cards, banks, saved methods, refunds, disputes."""

from __future__ import annotations

import urllib.error
from typing import Any

import pytest
import stripe

from infra.local.stripe_sandbox.cards import DECLINE_CODES
from tests.support.stripe_sandbox import browse, client_of, command

ACCEPTANCE = {"customer_acceptance": {"type": "offline"}}
RETURN_URL = "http://127.0.0.1/back"
VISA = {"payment_method": "pm_card_visa", "return_url": RETURN_URL}


def _pay(api: Any, method: str = "pm_card_visa", **more: Any) -> Any:
    params = {"amount": 1000, "currency": "usd", "payment_method": method, "confirm": True}
    return api.payment_intents.create(params | {"return_url": RETURN_URL} | more)


def _declined(api: Any, method: str, **more: Any) -> Any:
    with pytest.raises(stripe.CardError) as caught:
        _pay(api, method, **more)
    assert caught.value.http_status == 402
    return caught.value.error


def _types(api: Any) -> list[str]:
    return [event.type for event in api.events.list({"limit": 100}).data][::-1]


def _customer_with_card(api: Any, method: str = "pm_card_visa") -> tuple[str, str]:
    customer = api.customers.create({"name": "Ada"}).id
    return customer, api.payment_methods.attach(method, {"customer": customer}).id


def test_a_card_payment_succeeds_and_writes_its_fee(api: Any) -> None:
    intent = _pay(api, metadata={"invoice": "INV-1"})
    charge = api.charges.retrieve(intent.latest_charge)
    entry = api.balance_transactions.retrieve(charge.balance_transaction)
    assert (intent.status, intent.amount_received) == ("succeeded", 1000)
    assert (charge.status, charge.captured, charge.metadata["invoice"]) == ("succeeded", True, "INV-1")
    assert (entry.amount, entry.fee, entry.net, entry.type) == (1000, 59, 941, "charge")
    assert _types(api) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert api.balance.retrieve().pending[0].amount == 941


def test_an_intent_can_be_created_first_and_confirmed_later(api: Any) -> None:
    intent = api.payment_intents.create({"amount": 1000, "currency": "usd"})
    assert intent.status == "requires_payment_method"
    done = api.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert done.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.payment_intents.confirm(intent.id, VISA)
    assert caught.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("method", "code", "decline_code", "advice"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline", "try_again_later"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
            "try_again_later",
        ),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", "do_not_try_again"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "do_not_try_again"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "confirm_card_data"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "confirm_card_data"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", "try_again_later"),
    ],
)
def test_test_cards_decline_with_their_codes(api: Any, method: str, code: str, decline_code: str, advice: str) -> None:
    error = _declined(api, method)
    assert (error.code, error.decline_code, error.to_dict()["advice_code"]) == (code, decline_code, advice)
    intent = api.payment_intents.retrieve(error.payment_intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.decline_code == decline_code
    assert api.charges.retrieve(error.charge).status == "failed"
    assert _types(api)[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_a_declined_intent_is_paid_with_another_card(api: Any) -> None:
    intent = _declined(api, "pm_card_chargeDeclined").payment_intent
    done = api.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert (done.status, done.last_payment_error) == ("succeeded", None)


@pytest.mark.parametrize("decline_code", sorted(DECLINE_CODES - {"authentication_required"}))
def test_a_saved_card_declines_on_command_with_every_code(url: str, decline_code: str) -> None:
    api = client_of(url)
    customer, card = _customer_with_card(api)
    command(url, "decline_card", payment_method=card, decline_code=decline_code)
    error = _declined(api, card, customer=customer, off_session=True)
    assert decline_code in (error.code, error.to_dict().get("decline_code"))
    command(url, "decline_card", payment_method=card, decline_code=None)
    assert _pay(api, card, customer=customer, off_session=True).status == "succeeded"


def test_a_card_that_asks_for_authentication_is_declined_off_session(api: Any) -> None:
    customer, card = _customer_with_card(api, "pm_card_authenticationRequired")
    error = _declined(api, card, customer=customer, off_session=True)
    assert error.code == "authentication_required"
    intent = error.payment_intent
    again = api.payment_intents.confirm(intent.id, {"payment_method": card, "return_url": RETURN_URL})
    assert (again.id, again.status) == (intent.id, "requires_action")


@pytest.mark.parametrize(("answer", "status"), [(b"complete", "succeeded"), (b"fail", "requires_payment_method")])
def test_the_cardholder_answers_on_the_banks_page(api: Any, answer: bytes, status: str) -> None:
    intent = _pay(api, "pm_card_authenticationRequired")
    assert intent.next_action.type == "redirect_to_url"
    page = intent.next_action.redirect_to_url.url
    assert "Complete authentication" in browse(page)[1]
    assert browse(page, b"answer=" + answer)[::2] == (303, RETURN_URL)
    assert api.payment_intents.retrieve(intent.id).status == status
    assert browse(page)[0] == 410


def test_a_card_set_up_with_authentication_is_charged_off_session_without(url: str) -> None:
    api = client_of(url)
    customer = api.customers.create({}).id
    setup = api.setup_intents.create(
        {"customer": customer, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
        | {"return_url": RETURN_URL}
    )
    assert setup.status == "requires_action"
    command(url, "authenticate", intent=setup.id)
    setup = api.setup_intents.retrieve(setup.id)
    assert setup.status == "succeeded"
    assert _pay(api, setup.payment_method, customer=customer, off_session=True).status == "succeeded"
    assert _types(api)[-6:-3] == [
        "setup_intent.requires_action",
        "payment_method.attached",
        "setup_intent.succeeded",
    ]


def test_a_card_is_saved_by_paying_with_it(api: Any) -> None:
    customer = api.customers.create({}).id
    intent = _pay(api, customer=customer, setup_future_usage="off_session")
    saved = api.customers.payment_methods.list(customer).data
    assert [method.id for method in saved] == [intent.payment_method]


def test_a_method_used_without_a_customer_cannot_be_used_again(api: Any) -> None:
    spent = _pay(api).payment_method
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        _pay(api, spent)


def test_a_customers_method_is_refused_for_somebody_else(api: Any) -> None:
    _, card = _customer_with_card(api)
    other = api.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        _pay(api, card, customer=other)


def test_a_detached_method_is_gone_for_good(api: Any) -> None:
    customer, card = _customer_with_card(api)
    api.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
    assert api.payment_methods.detach(card).customer is None
    assert api.customers.retrieve(customer).invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        api.payment_methods.attach(card, {"customer": customer})
    assert _types(api)[-1] == "payment_method.detached"


def test_a_declining_card_cannot_be_attached_except_the_one_made_for_it(api: Any) -> None:
    customer = api.customers.create({}).id
    with pytest.raises(stripe.CardError):
        api.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer})
    card = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer}).id
    assert _declined(api, card, customer=customer, off_session=True).decline_code == "generic_decline"


def test_cards_are_made_from_numbers_and_bad_numbers_are_refused(api: Any) -> None:
    card = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    made = api.payment_methods.create({"type": "card", "card": card})
    assert (made.card.last4, made.card.brand) == ("4242", "visa")
    for wrong, code in (
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"exp_year": 2020}, "invalid_expiry_year"),
    ):
        with pytest.raises(stripe.CardError) as caught:
            api.payment_methods.create({"type": "card", "card": card | wrong})
        assert caught.value.code == code
    real = api.payment_methods.create({"type": "card", "card": card | {"number": "4111111111111111"}})
    assert _declined(api, real.id).decline_code == "test_mode_live_card"


def test_money_is_reserved_then_captured_in_part(api: Any) -> None:
    intent = _pay(api, capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1000)
    with pytest.raises(stripe.InvalidRequestError):
        api.payment_intents.capture(intent.id, {"amount_to_capture": 1001})
    done = api.payment_intents.capture(intent.id, {"amount_to_capture": 700})
    assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 700, 0)
    assert api.charges.retrieve(done.latest_charge).amount_captured == 700


def test_a_canceled_intent_takes_no_payment(api: Any) -> None:
    intent = _pay(api, capture_method="manual")
    assert api.payment_intents.cancel(intent.id, {"cancellation_reason": "duplicate"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        api.payment_intents.capture(intent.id)
    with pytest.raises(stripe.InvalidRequestError):
        api.payment_intents.cancel(_pay(api).id)


def test_a_bank_debit_waits_then_settles(url: str) -> None:
    api = client_of(url)
    intent = _pay(
        api,
        "pm_usBankAccount_success",
        mandate_data=ACCEPTANCE,
        allowed_payment_method_types=["us_bank_account"],
    )
    assert (intent.status, intent.amount_received) == ("processing", 0)
    command(url, "settle", payment_intent=intent.id)
    assert api.payment_intents.retrieve(intent.id).status == "succeeded"
    expected = ["charge.pending", "payment_intent.processing", "charge.succeeded", "payment_intent.succeeded"]
    assert _types(api)[-4:] == expected


@pytest.mark.parametrize(
    ("account", "outcome", "code"),
    [("accountClosed", None, "account_closed"), ("success", "insufficient_funds", "insufficient_funds")],
)
def test_a_bank_debit_fails_days_later(url: str, account: str, outcome: str | None, code: str) -> None:
    api = client_of(url)
    intent = _pay(api, f"pm_usBankAccount_{account}", mandate_data=ACCEPTANCE)
    command(url, "settle", payment_intent=intent.id, **({"outcome": outcome} if outcome else {}))
    intent = api.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", code)
    with pytest.raises(urllib.error.HTTPError):
        command(url, "settle", payment_intent=intent.id)


def test_a_bank_account_needs_a_mandate_and_a_revoked_one_is_refused(url: str) -> None:
    api = client_of(url)
    customer = api.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError, match="mandate"):
        _pay(api, "pm_usBankAccount_success")
    setup = api.setup_intents.create(
        {"customer": customer, "payment_method": "pm_usBankAccount_success", "confirm": True}
        | {"mandate_data": ACCEPTANCE, "return_url": RETURN_URL}
    )
    assert api.mandates.retrieve(setup.mandate).status == "active"
    assert _pay(api, setup.payment_method, customer=customer, off_session=True).status == "processing"
    command(url, "revoke_mandate", mandate=setup.mandate)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _pay(api, setup.payment_method, customer=customer, off_session=True)
    assert caught.value.code == "payment_intent_mandate_invalid"
    assert _types(api)[-1] == "mandate.updated"
    assert [intent.status for intent in api.payment_intents.list().data] == ["processing"]


def test_a_typed_bank_account_is_proved_by_microdeposits(api: Any) -> None:
    account = {
        "account_holder_type": "individual",
        "account_number": "000123456789",
        "routing_number": "110000000",
    }
    data = {"type": "us_bank_account", "us_bank_account": account, "billing_details": {"name": "Ada"}}
    setup = api.setup_intents.create(
        {"payment_method_data": data, "confirm": True, "mandate_data": ACCEPTANCE, "return_url": RETURN_URL}
    )
    assert setup.next_action.type == "verify_with_microdeposits"
    with pytest.raises(stripe.InvalidRequestError):
        api.setup_intents.verify_microdeposits(setup.id, {"amounts": [1, 2]})
    assert api.setup_intents.verify_microdeposits(setup.id, {"amounts": [45, 32]}).status == "succeeded"


def test_refunds_go_up_to_what_was_taken_and_no_further(api: Any) -> None:
    intent = _pay(api)
    first = api.refunds.create({"payment_intent": intent.id, "amount": 400})
    with pytest.raises(stripe.InvalidRequestError, match=r"\$7.00.*greater than.*\$6.00"):
        api.refunds.create({"payment_intent": intent.id, "amount": 700})
    rest = api.refunds.create({"charge": intent.latest_charge})
    charge = api.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (first.amount, rest.amount, charge.amount_refunded, charge.refunded) == (400, 600, 1000, True)
    assert [refund.id for refund in charge.refunds.data] == [rest.id, first.id]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"
    assert api.balance_transactions.retrieve(first.balance_transaction).amount == -400


def test_a_refund_that_fails_later_gives_the_amount_back(api: Any) -> None:
    intent = _pay(api, "pm_card_refundFail")
    refund = api.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    assert api.refunds.retrieve(refund.id).status == "failed"
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == 0
    assert _types(api)[-1] == "refund.failed"


def test_a_pending_refund_arrives_on_command(url: str) -> None:
    api = client_of(url)
    refund = api.refunds.create({"payment_intent": _pay(api, "pm_card_pendingRefund").id})
    assert refund.status == "pending"
    command(url, "finish_refund", refund=refund.id)
    assert api.refunds.retrieve(refund.id).status == "succeeded"


def test_the_dispute_card_opens_a_dispute_and_takes_the_money_back(api: Any) -> None:
    intent = _pay(api, "pm_card_createDispute")
    dispute = api.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.amount, dispute.status, dispute.reason) == (1000, "needs_response", "fraudulent")
    assert (dispute.balance_transactions[0].amount, dispute.balance_transactions[0].fee) == (-1000, 1500)
    assert _types(api)[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_disputed"


@pytest.mark.parametrize(("evidence", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_a_dispute(api: Any, evidence: str, status: str) -> None:
    intent = _pay(api, "pm_card_createDispute")
    dispute = api.disputes.list({"charge": intent.latest_charge}).data[0]
    assert api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}}).status == status
    assert _types(api)[-1] == "charge.dispute.closed"
    assert ("charge.dispute.funds_reinstated" in _types(api)) == (status == "won")


def test_an_inquiry_takes_no_money(api: Any) -> None:
    intent = _pay(api, "pm_card_createDisputeInquiry")
    dispute = api.disputes.list({"charge": intent.latest_charge}).data[0]
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert api.refunds.create({"payment_intent": intent.id}).status == "succeeded"


def test_a_card_network_updates_a_saved_card(url: str) -> None:
    api = client_of(url)
    _, card = _customer_with_card(api)
    command(url, "update_card", payment_method=card, last4="1881", exp_month=1, exp_year=2041)
    assert api.payment_methods.retrieve(card).card.last4 == "1881"
    event = api.events.list({"type": "payment_method.*", "limit": 1}).data[0]
    assert event.type == "payment_method.automatically_updated"
    assert event.data.previous_attributes["card"]["last4"] == "4242"


def test_a_deleted_customer_answers_as_deleted_and_cannot_pay(api: Any) -> None:
    customer, card = _customer_with_card(api)
    assert api.customers.delete(customer).deleted
    assert api.customers.retrieve(customer).deleted
    assert api.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _pay(api, card, customer=customer)
    assert caught.value.code == "resource_missing"


def test_an_on_session_confirmation_needs_somewhere_to_return_to(api: Any) -> None:
    params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.payment_intents.create(params)
    assert caught.value.param == "return_url"
    params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    assert api.payment_intents.create(params).status == "succeeded"


def test_the_clock_moves_pending_money_to_available(url: str) -> None:
    api = client_of(url)
    _pay(api)
    command(url, "advance", seconds=3 * 86400)
    balance = api.balance.retrieve()
    assert (balance.available[0].amount, balance.pending) == (941, [])
