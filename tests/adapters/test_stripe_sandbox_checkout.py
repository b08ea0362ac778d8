"""The hosted Checkout page of the Stripe sandbox, submitted as a browser submits it."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlencode

import pytest
import stripe

from tests.support.stripe_sandbox import browse, command

CARD = {"email": "ada@example.com", "name": "Ada", "expiry": "12 / 40", "cvc": "123", "postal_code": "10001"}
BANK = {
    "payment_method": "us_bank_account",
    "name": "Ada",
    "email": "ada@example.com",
    "routing_number": "110000000",
}
SUCCESS_URL = "http://127.0.0.1/paid?session={CHECKOUT_SESSION_ID}"


def _item(name: str = "Invoice INV-7", amount: int = 12_500, quantity: int = 1) -> Any:
    price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": name}}
    return {"price_data": price, "quantity": quantity}


def _session(api: Any, **more: Any) -> Any:
    params = {"mode": "payment", "line_items": [_item()], "success_url": SUCCESS_URL}
    return api.checkout.sessions.create(params | {"cancel_url": "http://127.0.0.1/back"} | more)


def _submit(session: Any, number: str = "4242424242424242", **more: str) -> tuple[int, str, str | None]:
    return browse(session.url, urlencode(CARD | {"number": number} | more).encode())


def _types(api: Any) -> list[str]:
    return [event.type for event in api.events.list({"limit": 100}).data][::-1]


def test_the_page_shows_what_is_paid_to_whom_and_labels_every_field(api: Any, url: str) -> None:
    branding = {"display_name": "Acme <Ltd>"}
    items = [_item("Invoice <b>7</b>", 12_500), _item("Late fee", 250, 2)]
    session = _session(api, line_items=items, branding_settings=branding)
    status, html, _ = browse(session.url)
    assert (status, session.url) == (200, f"{url}/c/pay/{session.id}")
    for text in (
        "Acme &lt;Ltd&gt;",
        "Invoice &lt;b&gt;7&lt;/b&gt;",
        "Late fee",
        "$125.00",
        "2 &times; $2.50",
    ):
        assert text in html
    assert "Pay $130.00" in html
    assert 'href="http://127.0.0.1/back"' in html
    assert 'name="viewport"' in html
    labelled = set(re.findall(r'<label for="(\w+)"', html))
    fields = {"email", "name", "number", "expiry", "cvc", "postal_code", "routing_number", "account_number"}
    assert fields <= labelled
    assert all(f'id="{name}"' in html for name in labelled)


def test_paying_redirects_to_the_success_url_and_completes_the_session(api: Any) -> None:
    session = _session(api, payment_intent_data={"metadata": {"invoice": "INV-7"}}, client_reference_id="c-1")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    status, _, location = _submit(session)
    assert (status, location) == (303, f"http://127.0.0.1/paid?session={session.id}")
    done = api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "line_items"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.payment_intent.status, done.payment_intent.amount_received) == ("succeeded", 12_500)
    assert done.payment_intent.metadata["invoice"] == "INV-7"
    assert done.customer_details.email == "ada@example.com"
    assert done.line_items.data[0].description == "Invoice INV-7"
    assert _types(api)[-2:] == ["payment_intent.succeeded", "checkout.session.completed"]


def test_a_declined_card_is_explained_and_another_one_may_be_tried(api: Any) -> None:
    session = _session(api)
    status, html, _ = _submit(session, "4000000000009995")
    assert status == 402
    assert re.search(r'role="alert"[^>]*>Your card has insufficient funds\.', html)
    assert 'value="ada@example.com"' in html
    assert "4000000000009995" not in html
    assert api.checkout.sessions.retrieve(session.id).status == "open"
    assert _submit(session)[0] == 303
    assert [intent.status for intent in api.payment_intents.list().data] == ["succeeded"]
    assert len(api.charges.list().data) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"number": "4242424242424241"}, "card number is incorrect"),
        ({"number": ""}, "card number is incorrect"),
        ({"expiry": "soon"}, "expiration month is invalid"),
        ({"expiry": "01/20"}, "expiration year is invalid"),
        ({"cvc": ""}, "security code is invalid"),
        ({"email": "ada"}, "Enter your e-mail address"),
        ({"payment_method": "us_bank_account"}, "routing number and the account number"),
    ],
)
def test_a_form_filled_in_wrongly_is_explained_and_charges_nothing(
    api: Any, wrong: dict[str, str], message: str
) -> None:
    status, html, _ = browse(_session(api).url, urlencode(CARD | {"number": "4242424242424242"} | wrong).encode())
    assert (status in (400, 402), message in html) == (True, True)
    assert api.charges.list().data == []


def test_submitting_twice_pays_once(api: Any) -> None:
    session = _session(api)
    _submit(session)
    status, html, _ = _submit(session)
    assert (status, "has been completed" in html) == (200, True)
    assert len(api.charges.list().data) == 1


def test_an_expired_session_says_so_and_takes_nothing(api: Any, url: str) -> None:
    session, later = _session(api), _session(api, expires_at=int(time.time()) + 3600)
    api.checkout.sessions.expire(session.id)
    assert _submit(session)[0] == 410
    assert "has expired" in browse(session.url)[1]
    command(url, "advance", seconds=3700)
    assert api.checkout.sessions.retrieve(later.id).status == "expired"
    assert api.charges.list().data == []
    assert _types(api) == ["checkout.session.expired"] * 2
    with pytest.raises(stripe.InvalidRequestError):
        api.checkout.sessions.expire(session.id)


@pytest.mark.parametrize("answer", [b"complete", b"fail"])
def test_a_card_that_asks_for_authentication_goes_by_the_banks_page(api: Any, answer: bytes) -> None:
    session = _session(api)
    status, _, bank_page = _submit(session, "4000002760003184")
    assert status == 303
    assert bank_page is not None
    assert "$125.00" in browse(bank_page)[1]
    _, _, location = browse(bank_page, b"answer=" + answer)
    if answer == b"complete":
        assert location == f"http://127.0.0.1/paid?session={session.id}"
        assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"
    else:
        assert location == session.url
        assert "unable to authenticate" in browse(session.url)[1]
        assert _submit(session)[0] == 303


def test_setup_mode_saves_the_card_for_the_customer(api: Any) -> None:
    customer = api.customers.create({"email": "ada@example.com"}).id
    params = {"mode": "setup", "currency": "usd", "customer": customer, "success_url": SUCCESS_URL}
    session = api.checkout.sessions.create(params)
    assert "Save payment method" in browse(session.url)[1]
    assert _submit(session)[0] == 303
    done = api.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (done.payment_status, done.setup_intent.status) == ("no_payment_required", "succeeded")
    saved = api.customers.payment_methods.list(customer).data[0]
    assert saved.id == done.setup_intent.payment_method
    charge = {"amount": 500, "currency": "usd", "customer": customer, "payment_method": saved.id}
    assert api.payment_intents.create(charge | {"off_session": True, "confirm": True}).status == "succeeded"


@pytest.mark.parametrize(
    ("outcome", "payment_status", "event"),
    [
        ("succeeded", "paid", "checkout.session.async_payment_succeeded"),
        ("no_account", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
def test_a_bank_debit_completes_the_session_unpaid_and_settles_later(
    api: Any, url: str, outcome: str, payment_status: str, event: str
) -> None:
    session = _session(api)
    assert browse(session.url, urlencode(BANK | {"account_number": "000123456789"}).encode())[0] == 303
    waiting = api.checkout.sessions.retrieve(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    command(url, "settle", payment_intent=waiting.payment_intent, outcome=outcome)
    assert api.checkout.sessions.retrieve(session.id).payment_status == payment_status
    assert _types(api)[-1] == event


def test_a_customer_is_made_when_the_method_is_kept_for_later(api: Any) -> None:
    session = _session(api, payment_intent_data={"setup_future_usage": "off_session"})
    assert _submit(session)[0] == 303
    customer = api.checkout.sessions.retrieve(session.id).customer
    assert api.customers.retrieve(customer).email == "ada@example.com"
    assert len(api.customers.payment_methods.list(customer).data) == 1


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"line_items": [_item(amount=10)]}, "line_items"),
        ({"mode": "subscription"}, "mode"),
        ({"ui_mode": "embedded_page"}, "ui_mode"),
        ({"success_url": "paid.html"}, "success_url"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"expires_at": 1}, "expires_at"),
        ({"customer": "cus_none"}, "customer"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(api: Any, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _session(api, **params)
    assert caught.value.param == param
    assert api.checkout.sessions.list().data == []


def test_an_unknown_link_is_not_found(url: str) -> None:
    assert browse(f"{url}/c/pay/cs_test_none")[0] == 404


SEPA = {"payment_method": "sepa_debit", "name": "Ada", "email": "ada@example.com"}


def _euros(api: Any, **more: Any) -> Any:
    price = {"currency": "eur", "unit_amount": 7_000, "product_data": {"name": "Invoice E1"}}
    return _session(api, line_items=[{"price_data": price, "quantity": 1}], **more)


def test_a_sepa_debit_is_offered_in_euros_only_and_is_processing_until_the_bank_answers(api: Any, url: str) -> None:
    assert "IBAN" not in browse(_session(api).url)[1]
    session = _euros(api, payment_intent_data={"setup_future_usage": "off_session"}, customer_creation="always")
    html = browse(session.url)[1]
    assert "IBAN" in html
    assert "Routing number" not in html
    form = SEPA | {"iban": "DE65 3704 0044 0002 2222 27"}
    assert browse(session.url, urlencode(form).encode())[0] == 303
    (intent,) = api.payment_intents.list().data
    assert (intent.status, intent.currency) == ("processing", "eur")
    command(url, "settle", payment_intent=intent.id)
    assert api.payment_intents.retrieve(intent.id).last_payment_error.code == "insufficient_funds"


def test_a_saved_iban_is_debited_under_its_mandate(api: Any, url: str) -> None:
    session = api.checkout.sessions.create({
        "mode": "setup", "currency": "eur", "customer_creation": "always", "success_url": SUCCESS_URL,
        "allowed_payment_method_types": ["sepa_debit"],
    })  # fmt: skip
    assert browse(session.url, urlencode(SEPA | {"iban": "DE89370400440532013000"}).encode())[0] == 303
    setup = api.setup_intents.retrieve(api.checkout.sessions.retrieve(session.id).setup_intent)
    mandate = api.mandates.retrieve(setup.mandate)
    assert (mandate.status, mandate.payment_method_details.type) == ("active", "sepa_debit")
    paid = api.payment_intents.create({
        "amount": 500, "currency": "eur", "customer": setup.customer, "payment_method": setup.payment_method,
        "mandate": mandate.id, "confirm": True, "off_session": True,
    })  # fmt: skip
    assert paid.status == "processing"
    command(url, "settle", payment_intent=paid.id)
    assert api.payment_intents.retrieve(paid.id).status == "succeeded"


@pytest.mark.parametrize(
    ("form", "message"),
    [({}, "and the IBAN"), ({"iban": "DE00"}, "test IBAN"), ({"iban": "DE89370400440532013000", "name": ""}, "holder")],
)
def test_an_iban_that_is_not_one_is_refused_on_the_page(api: Any, form: dict[str, str], message: str) -> None:
    status, html, _ = browse(_euros(api).url, urlencode(SEPA | form).encode())
    assert (status, message in html) == (400, True)


def test_a_configuration_switches_kinds_on_and_off(api: Any) -> None:
    on: Any = {"display_preference": {"preference": "on"}}
    made = api.payment_method_configurations.create({"name": "debits", "sepa_debit": on})
    assert (made.card.available, made.sepa_debit.available, made.us_bank_account.available) == (True, True, False)
    off: Any = {"display_preference": {"preference": "off"}}
    api.payment_method_configurations.update(made.id, {"card": off})
    assert api.payment_method_configurations.retrieve(made.id).card.available is False
    assert [one.id for one in api.payment_method_configurations.list().data] == [made.id]
    assert _euros(api, payment_method_configuration=made.id).payment_method_types == ["sepa_debit"]
    with pytest.raises(stripe.InvalidRequestError, match="No such payment"):
        _euros(api, payment_method_configuration="pmc_none")
