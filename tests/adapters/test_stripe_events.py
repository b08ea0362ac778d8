"""Who may tell us about payments (rule STRIPE-SIG, with its test vectors)."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from dunwell.errors import InvalidInputError, UnavailableError
from dunwell.payments.gateway_events import GatewayEventKind
from dunwell_aws.stripe_events import verify_event
from dunwell_aws.stripe_reports import EVENTS

SECRET = "whsec_test_secret"
AT = 1781524800
BODY = b'{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}'
V1 = "a609b67ad47eb5b002b4d1f386f5800a0b8cfb34bc16610e86120c151777b690"
HEADER = f"t={AT},v1={V1}"


def sign(body: bytes, secret: str = SECRET, at: int | str = AT) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def report(kind: str, about: Any) -> tuple[bytes, str]:
    body = json.dumps({"id": "evt_1", "type": kind, "data": {"object": about}}).encode()
    return body, f"t={AT},v1={sign(body)}"


def test_the_rules_own_vector_is_accepted() -> None:
    assert verify_event(BODY, HEADER, [SECRET], AT).event_id == "evt_test_1"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_either_way_are_accepted(seconds: int) -> None:
    assert verify_event(BODY, HEADER, [SECRET], AT + seconds)


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_older_and_future_timestamps_are_refused(seconds: int) -> None:
    with pytest.raises(InvalidInputError, match="five minutes"):
        verify_event(BODY, HEADER, [SECRET], AT + seconds)


def test_any_signature_and_any_secret_may_match() -> None:
    header = f"t={AT},v1={'0' * 64},v1={V1}"
    assert verify_event(BODY, header, ["whsec_new", SECRET], AT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"t={AT}",
        f"t={AT},v0={V1}",
        f"v1={V1}",
        f"t=,v1={V1}",
        f"t=1e9,v1={V1}",
        f"t=-{AT},v1={V1}",
        f"t={AT},t={AT},v1={V1}",
        f"t={AT},v1=",
        f"t={AT},v1={V1[:-1]}",
        f"t={AT},v1={V1.upper()}",
        f"t={AT},v1=ünïcode",
        f"t={AT + 1},v1={V1}",
        f"t={'9' * 5000},v1={V1}",
    ],
)
def test_other_headers_are_refused(header: str) -> None:
    with pytest.raises(InvalidInputError):
        verify_event(BODY, header, [SECRET], AT)


@pytest.mark.parametrize("body", [BODY + b" ", b" " + BODY, BODY.replace(b":", b": "), b"", BODY[:-1]])
def test_a_body_that_differs_by_a_byte_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="signature"):
        verify_event(body, HEADER, [SECRET], AT)


def test_a_body_signed_with_another_secret_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        verify_event(BODY, f"t={AT},v1={sign(BODY, 'whsec_other')}", [SECRET], AT)


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_without_a_secret_nothing_is_believed(secrets: list[str]) -> None:
    header = f"t={AT},v1={sign(BODY, secrets[0] if secrets else '')}"
    with pytest.raises(UnavailableError):
        verify_event(BODY, header, secrets, AT)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"{", b"[]", b'"x"', b"{}", b'{"id":1,"type":"x"}', b'{"id":"e"}', b"NaN"]
)
def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        verify_event(body, f"t={AT},v1={sign(body)}", [SECRET], AT)


def test_a_payment_report_names_its_payment() -> None:
    event = verify_event(*report("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"}), [SECRET], AT)
    assert (event.kind, event.payment_reference) == (GatewayEventKind.PAYMENT_SUCCEEDED, "pi_1")


def test_a_closed_page_names_its_order() -> None:
    about = {"id": "cs_1", "metadata": {"customer_id": "cus_anna", "order_key": "ord_1.2"}}
    event = verify_event(*report("checkout.session.expired", about), [SECRET], AT)
    assert (event.kind, event.customer_id, event.order_key) == (GatewayEventKind.CHECKOUT_CLOSED, "cus_anna", "ord_1.2")


@pytest.mark.parametrize("kind", ["charge.succeeded", "customer.created", "made.up"])
def test_other_types_are_known_for_meaning_nothing(kind: str) -> None:
    assert verify_event(*report(kind, {"id": "x"}), [SECRET], AT).kind is GatewayEventKind.OTHER


@pytest.mark.parametrize(
    ("kind", "about", "meant"),
    [
        ("payment_intent.processing", {"id": "pi_1"}, ("payment_processing", "pi_1", "")),
        ("payment_intent.requires_action", {"id": "pi_1"}, ("payment_action", "pi_1", "")),
        ("charge.failed", {"id": "py_1", "payment_intent": "pi_1"}, ("payment_failed", "pi_1", "")),
        ("charge.refunded", {"id": "ch_1", "payment_intent": "pi_1"}, ("payment_refunded", "pi_1", "")),
        ("refund.failed", {"id": "re_1", "payment_intent": "pi_1"}, ("payment_refunded", "pi_1", "")),
        ("charge.dispute.closed", {"id": "du_1", "payment_intent": "pi_1"}, ("payment_disputed", "pi_1", "")),
        ("checkout.session.completed", {"id": "cs_1", "payment_intent": "pi_1"}, ("checkout_completed", "pi_1", "")),
        ("checkout.session.completed", {"id": "cs_1", "setup_intent": "seti_1"}, ("method_saved", "", "seti_1")),
        ("checkout.session.async_payment_failed", {"payment_intent": "pi_1"}, ("checkout_closed", "pi_1", "")),
        ("setup_intent.succeeded", {"id": "seti_1"}, ("method_saved", "", "seti_1")),
        ("payment_method.automatically_updated", {"id": "pm_1"}, ("method_changed", "", "pm_1")),
        ("payment_method.detached", {"id": "pm_1"}, ("method_changed", "", "pm_1")),
        ("mandate.updated", {"id": "mandate_1"}, ("mandate_changed", "", "mandate_1")),
        ("payout.failed", {"id": "po_1"}, ("payout", "", "po_1")),
    ],
)
def test_every_event_of_the_table_says_what_to_look_at(kind: str, about: Any, meant: tuple[str, str, str]) -> None:
    event = verify_event(*report(kind, about), [SECRET], AT)
    assert (event.kind.value, event.payment_reference, event.subject) == meant


@pytest.mark.parametrize("about", [None, [], "x", {}, {"id": 7}, {"metadata": None}, {"metadata": []}])
@pytest.mark.parametrize("kind", EVENTS)
def test_reports_of_another_shape_do_not_crash(kind: str, about: Any) -> None:
    assert verify_event(*report(kind, about), [SECRET], AT).payment_reference == ""
