"""What is sent to Stripe, by the SDK, to a server that records it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from dunwell.errors import ConflictError, NotFoundError, RefusedError, UnavailableError
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, MethodKind, MethodStatus, PaymentMethod
from dunwell.money import exponent
from dunwell.payments.order import CheckoutOrder, Consent, OrderLine
from dunwell.payments.ports import DebitRefusedError, GatewayPayment, PaymentStatus
from dunwell_aws.stripe_address import checkout_origin
from dunwell_aws.stripe_amounts import from_stripe, to_stripe
from dunwell_aws.stripe_gateway import StripeGateway
from dunwell_aws.stripe_methods import ANY, Offer
from dunwell_aws.stripe_secret import StripeSecret
from tests.support.portal import NOW

ORDER = CheckoutOrder("ord_1", "cus_anna", "USD", (OrderLine("inv_1", "A1", 1_000), OrderLine("inv_2", "A2", 250)), NOW)


class Recorder:
    """A server that says what it is told to and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        self.answers: list[tuple[int, dict[str, Any]]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                recorder.asked.append((f"{self.command} {self.path}", parse_qs(body), dict(self.headers)))
                status, answer = recorder.answers.pop(0)
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = _answer  # noqa: N815 - http.server's own names
            do_POST = _answer  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def fails(self, status: int, **error: str) -> None:
        self.answers.append((status, {"error": {"message": "no", **error}}))


class Secrets:
    """The part of Secrets Manager that is asked."""

    def __init__(self, value: str) -> None:
        self.value, self.reads = value, 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        self.reads += 1
        return {"SecretString": self.value}


@pytest.fixture
def stripe() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.server.shutdown()
    recorder.server.server_close()


def gateway(stripe: Recorder, secrets: Secrets | None = None, offer: Offer = ANY) -> StripeGateway:
    kept = secrets or Secrets('{"api_key": "sk_test_1", "webhook_secrets": ["whsec_1"]}')
    return StripeGateway(StripeSecret(kept, "name"), stripe.url, offer)


def test_an_order_becomes_a_hosted_page_under_its_own_key(stripe: Recorder) -> None:
    stripe.answers.append((200, {"id": "cs_1", "object": "checkout.session", "url": "https://pay.example/cs_1"}))
    page = gateway(stripe).start_checkout(ORDER, "https://p/paid", "https://p/account", "anna@bakery.example")
    ((asked, form, headers),) = stripe.asked
    assert (page.url, page.reference) == ("https://pay.example/cs_1", "cs_1")
    assert asked == "POST /v1/checkout/sessions"
    assert headers["Idempotency-Key"] == "ord_1.1"
    assert headers["Authorization"] == "Bearer sk_test_1"
    assert form["line_items[0][price_data][unit_amount]"] == ["1000"]
    assert form["line_items[1][price_data][product_data][name]"] == ["Invoice A2"]
    assert form["payment_intent_data[metadata][order_id]"] == ["ord_1"]
    assert form["payment_intent_data[metadata][customer_id]"] == ["cus_anna"]
    assert form["metadata[order_key]"] == ["ord_1.1"]
    assert form["customer_email"] == ["anna@bakery.example"]


def test_more_invoices_than_stripe_shows_are_one_line_of_the_same_sum(stripe: Recorder) -> None:
    lines = tuple(OrderLine(f"inv_{n}", f"A{n}", 10) for n in range(101))
    stripe.answers.append((200, {"id": "cs_1", "object": "checkout.session", "url": "https://pay.example/cs_1"}))
    gateway(stripe).start_checkout(CheckoutOrder("ord_1", "c", "USD", lines, NOW), "https://p", "https://p")
    form = stripe.asked[0][1]
    assert form["line_items[0][price_data][unit_amount]"] == ["1010"]
    assert not [name for name in form if name.startswith("line_items[1]")]


def intent(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "succeeded",
        "currency": "jpy",
        "amount_received": 500,
        "latest_charge": "ch_1",
        "last_payment_error": None,
        "metadata": {"customer_id": "cus_anna", "order_id": "ord_1"},
        **changes,
    }


def test_a_payment_is_read_in_the_ledgers_units(stripe: Recorder) -> None:
    stripe.answers.append((200, intent()))
    payment = gateway(stripe).payment("pi_1")
    assert (payment.status, payment.currency, payment.amount_minor) == (PaymentStatus.SUCCEEDED, "JPY", 500)
    assert (payment.customer_id, payment.order_id, payment.try_reference) == ("cus_anna", "ord_1", "ch_1")


def test_a_failed_payment_carries_stripes_reasons(stripe: Recorder) -> None:
    error = {
        "code": "card_declined",
        "decline_code": "lost_card",
        "advice_code": "do_not_try_again",
        "type": "card_error",
    }
    stripe.answers.append((200, intent(status="requires_payment_method", amount_received=0, last_payment_error=error)))
    payment = gateway(stripe).payment("pi_1")
    assert payment.status is PaymentStatus.FAILED
    assert (payment.failure_code, payment.decline_code, payment.advice) == (
        "card_declined",
        "lost_card",
        "do_not_try_again",
    )


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_action", "canceled", "a_new_one"])
def test_a_payment_not_yet_tried_is_neither_failed_nor_paid(stripe: Recorder, status: str) -> None:
    stripe.answers.append((200, intent(status=status, metadata={}, latest_charge=None)))
    payment = gateway(stripe).payment("pi_1")
    assert (payment.status, payment.customer_id, payment.try_reference) == (PaymentStatus.OTHER, "", "")


def test_a_passing_trouble_is_tried_again(stripe: Recorder) -> None:
    stripe.fails(500)
    stripe.answers.append((200, intent()))
    assert gateway(stripe).payment("pi_1").reference == "pi_1"
    assert len(stripe.asked) == 2


@pytest.mark.parametrize(
    ("status", "error", "meaning"),
    [
        (400, {"type": "invalid_request_error", "code": "amount_too_small"}, RefusedError),
        (404, {"type": "invalid_request_error", "code": "resource_missing"}, NotFoundError),
        (401, {"type": "invalid_request_error"}, UnavailableError),
        (400, {"type": "invalid_request_error", "code": "parameter_unknown"}, UnavailableError),
    ],
)
def test_stripes_errors_are_translated_once(
    stripe: Recorder, status: int, error: dict[str, str], meaning: type[Exception]
) -> None:
    stripe.fails(status, **error)
    with pytest.raises(meaning):
        gateway(stripe).start_checkout(ORDER, "https://p", "https://p")


def test_a_key_that_is_refused_whatever_the_parameters_is_a_conflict(stripe: Recorder) -> None:
    stripe.fails(400, type="idempotency_error")
    stripe.fails(400, type="idempotency_error")
    with pytest.raises(ConflictError):
        gateway(stripe).start_checkout(ORDER, "https://p", "https://p")


def test_after_a_lost_answer_a_changed_address_gets_another_page_under_another_key(stripe: Recorder) -> None:
    page = {"id": "cs_2", "object": "checkout.session", "url": "https://pay.example/cs_2"}
    stripe.fails(400, type="idempotency_error")
    stripe.answers.append((200, page))
    made = gateway(stripe).start_checkout(ORDER, "https://p", "https://p", "new@bakery.example")
    first, second = (headers["Idempotency-Key"] for _, _, headers in stripe.asked)
    assert (made.reference, first) == ("cs_2", "ord_1.1")
    assert second.startswith("ord_1.1.")


@pytest.mark.parametrize(
    ("language", "locale", "item"),
    [("de", "de", "Rechnung A1"), ("fr", "fr", "Facture A1"), ("pt", "auto", "Invoice A1")],
)
def test_the_hosted_page_is_in_the_customers_language(stripe: Recorder, language: str, locale: str, item: str) -> None:
    stripe.answers.append((200, {"id": "cs_1", "object": "checkout.session", "url": "https://pay.example/cs_1"}))
    gateway(stripe).start_checkout(replace(ORDER, language=language), "https://p", "https://p")
    form = stripe.asked[0][1]
    assert form["locale"] == [locale]
    assert form["line_items[0][price_data][product_data][name]"] == [item]


@pytest.mark.parametrize(("status", "ended"), [("expired", True), ("complete", False)])
def test_a_page_is_ended_unless_it_was_used(stripe: Recorder, status: str, ended: bool) -> None:
    session = {"id": "cs_1", "object": "checkout.session", "status": status}
    stripe.answers.append((200, session))
    assert gateway(stripe).end_checkout("cs_1")
    stripe.fails(400, type="invalid_request_error")
    stripe.answers.append((200, session))
    assert gateway(stripe).end_checkout("cs_1") is ended


def test_a_gateway_that_cannot_be_reached_is_unavailable(stripe: Recorder) -> None:
    nowhere = StripeGateway(StripeSecret(Secrets('{"api_key": "k", "webhook_secrets": []}'), "n"), "http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        nowhere.payment("pi_1")


def test_a_refused_key_is_read_afresh(stripe: Recorder) -> None:
    secrets = Secrets('{"api_key": "sk_old", "webhook_secrets": []}')
    made = gateway(stripe, secrets)
    stripe.fails(401, type="invalid_request_error")
    with pytest.raises(UnavailableError):
        made.payment("pi_1")
    secrets.value = '{"api_key": "sk_new", "webhook_secrets": []}'
    stripe.answers.append((200, intent()))
    made.payment("pi_1")
    assert stripe.asked[-1][2]["Authorization"] == "Bearer sk_new"


@pytest.mark.parametrize("value", ["", "{", "[]", '{"api_key": "sk_secret"}', '{"api_key": "", "webhook_secrets": []}'])
def test_a_secret_that_is_not_as_expected_is_unavailable_and_not_quoted(stripe: Recorder, value: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        gateway(stripe, Secrets(value)).payment("pi_1")
    assert "sk_secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "stripes"),
    [
        (1_050, "USD", 1_050),
        (500, "JPY", 500),
        (700, "ISK", 70_000),
        (3_000, "UGX", 300_000),
        (1_230, "KWD", 1_230),
        (12_300, "MGA", 123),
        (9_900, "HUF", 9_900),
    ],
)
def test_amounts_are_converted_both_ways(amount_minor: int, currency: str, stripes: int) -> None:
    assert to_stripe(amount_minor, currency) == stripes
    assert from_stripe(stripes, currency) == amount_minor


@pytest.mark.parametrize(("amount_minor", "currency"), [(1_235, "KWD"), (12_350, "MGA"), (1_001, "LYD")])
def test_an_amount_too_fine_for_stripe_is_refused(amount_minor: int, currency: str) -> None:
    assert exponent(currency) > 0
    with pytest.raises(RefusedError):
        to_stripe(amount_minor, currency)


def test_the_hosted_page_is_stripes_or_the_sandboxs() -> None:
    assert checkout_origin("https://api.stripe.com") == "https://checkout.stripe.com"
    assert checkout_origin("http://127.0.0.1:4700") == "http://127.0.0.1:4700"


SAVED = PaymentMethod(
    "pmt_1", "pm_1", "cus_9", MethodKind.BANK_DEBIT, "Bank •••• 6789", MethodStatus.ACTIVE, NOW, mandate="mandate_1"
)
TRY = DebitAttempt("agr_1#1#1", "agr_1#1", "pmt_1", "USD", 6_000, (("inv_1", 6_000),), NOW, AttemptStatus.STARTED)


def debited(stripe: Recorder, attempt: DebitAttempt = TRY, offer: Offer = ANY) -> GatewayPayment:
    return gateway(stripe, offer=offer).debit("cus_anna", attempt, SAVED)


def test_a_debit_is_asked_for_under_its_tries_id_for_a_customer_who_is_away(stripe: Recorder) -> None:
    stripe.answers.append((200, intent(currency="usd", metadata={"attempt_id": "agr_1#1#1"})))
    payment = debited(stripe)
    ((asked, form, headers),) = stripe.asked
    assert (asked, headers["Idempotency-Key"]) == ("POST /v1/payment_intents", "agr_1#1#1")
    wanted = {"amount": "6000", "currency": "usd", "customer": "cus_9", "payment_method": "pm_1", "confirm": "true"}
    wanted |= {"off_session": "true", "mandate": "mandate_1", "metadata[attempt_id]": "agr_1#1#1"}
    assert {name: form[name] for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert (payment.status, payment.attempt_id, payment.reference) == (PaymentStatus.SUCCEEDED, "agr_1#1#1", "pi_1")


def test_a_refused_card_is_an_answer(stripe: Recorder) -> None:
    error = {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}
    refused = intent(status="requires_payment_method", amount_received=0, last_payment_error=error)
    stripe.answers.append((402, {"error": error | {"message": "no", "payment_intent": refused}}))
    payment = debited(stripe)
    assert (payment.status, payment.decline_code) == (PaymentStatus.FAILED, "lost_card")


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, {"code": "amount_too_small"}, "amount_too_small"),
        (400, {"code": "payment_intent_mandate_invalid"}, "payment_intent_mandate_invalid"),
        (400, {"param": "payment_method"}, "payment_method_detached"),
        (404, {"code": "resource_missing", "param": "customer"}, "payment_method_detached"),
    ],
)
def test_what_stripe_can_never_debit_is_refused_with_a_code(
    stripe: Recorder, status: int, error: dict[str, str], code: str
) -> None:
    stripe.fails(status, type="invalid_request_error", **error)
    with pytest.raises(DebitRefusedError) as refused:
        debited(stripe)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("status", "error"), [(400, {"code": "parameter_unknown", "param": "amont"}), (401, {}), (400, {"param": "amount"})]
)
def test_a_mistake_of_ours_is_not_the_customers(stripe: Recorder, status: int, error: dict[str, str]) -> None:
    stripe.fails(status, type="invalid_request_error", **error)
    with pytest.raises(UnavailableError):
        debited(stripe)


def test_three_decimals_are_charged_where_they_are_allowed(stripe: Recorder) -> None:
    dinars = replace(TRY, currency="KWD")
    with pytest.raises(DebitRefusedError):
        debited(stripe, dinars)
    for act in (
        lambda: gateway(stripe).least_minor("KWD"),
        lambda: gateway(stripe).start_checkout(replace(ORDER, currency="KWD"), "https://p", "https://p"),
    ):
        with pytest.raises(RefusedError, match="KWD cannot be paid online"):
            act()
    assert not stripe.asked
    stripe.answers.append((200, intent(currency="kwd", metadata={})))
    debited(stripe, dinars, Offer(three_decimals=frozenset({"KWD"})))
    assert stripe.asked[0][1]["amount"] == ["6000"]


@pytest.mark.parametrize(
    ("currency", "least_minor"),
    [("USD", 50), ("EUR", 50), ("GBP", 30), ("JPY", 50), ("HUF", 17_500), ("ISK", 1), ("MGA", 100), ("THB", 1_000)],
)
def test_the_least_charge_is_told_in_the_ledgers_units(stripe: Recorder, currency: str, least_minor: int) -> None:
    assert gateway(stripe).least_minor(currency) == least_minor
    assert to_stripe(least_minor, currency) >= 1


def page(stripe: Recorder, order: CheckoutOrder, offer: Offer = ANY) -> dict[str, list[str]]:
    stripe.answers.append((200, {"id": "cs_1", "object": "checkout.session", "url": "https://pay.example/cs_1"}))
    gateway(stripe, offer=offer).start_checkout(order, "https://p", "https://p", "anna@bakery.example")
    return stripe.asked[-1][1]


def test_with_consent_the_method_is_kept_for_later_and_only_then(stripe: Recorder) -> None:
    form = page(stripe, replace(ORDER, consent=Consent("yes")))
    assert form["payment_intent_data[setup_future_usage]"] == ["off_session"]
    assert form["customer_creation"] == ["always"]
    assert "payment_intent_data[setup_future_usage]" not in page(stripe, ORDER)
    known = page(stripe, replace(ORDER, consent=Consent("yes"), owner="cus_9"))
    assert known["customer"] == ["cus_9"]
    assert not {"customer_creation", "customer_email"} & known.keys()


def test_an_order_without_lines_is_a_page_that_saves(stripe: Recorder) -> None:
    form = page(stripe, replace(ORDER, lines=(), consent=Consent("yes")))
    assert (form["mode"], form["currency"]) == (["setup"], ["usd"])
    assert form["setup_intent_data[metadata][order_id]"] == ["ord_1"]
    assert not [name for name in form if name.startswith(("line_items", "payment_intent_data"))]


def test_a_page_offers_what_is_configured_and_suits_the_currency(stripe: Recorder) -> None:
    offer = Offer(("card", "us_bank_account", "sepa_debit"), "pmc_1")
    form = page(stripe, ORDER, offer)
    assert [form[f"allowed_payment_method_types[{n}]"] for n in range(2)] == [["card"], ["us_bank_account"]]
    assert form["payment_method_configuration"] == ["pmc_1"]
    euros = page(stripe, replace(ORDER, currency="EUR"), offer)
    assert [euros[f"allowed_payment_method_types[{n}]"] for n in range(2)] == [["card"], ["sepa_debit"]]
    assert not [name for name in page(stripe, ORDER) if "payment_method" in name]


def test_a_method_is_detached_once(stripe: Recorder) -> None:
    attached = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": "cus_9"}
    stripe.answers += [(200, attached), (200, attached | {"customer": None})]
    gateway(stripe).detach(SAVED)
    assert [asked for asked, _, _ in stripe.asked] == [
        "GET /v1/payment_methods/pm_1",
        "POST /v1/payment_methods/pm_1/detach",
    ]
    stripe.answers.append((200, attached | {"customer": None}))
    gateway(stripe).detach(SAVED)
    stripe.fails(404, type="invalid_request_error", code="resource_missing")
    gateway(stripe).detach(SAVED)
    assert len(stripe.asked) == 4
