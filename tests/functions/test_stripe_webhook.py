"""Stripe's webhook from the raw request to the ledger."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalice.test import Client, HTTPResponse
from stripe import WebhookSignature

from dunwell.errors import UnavailableError
from dunwell.payments.gateway_events import GatewayEvents
from dunwell_aws.raw_events import RawEvents
from dunwell_aws.stripe_secret import StripeSecret
from functions.stripe_webhook import app as webhook_app
from tests.support.portal import MovableClock
from tests.support.reports_bucket import ReportsBucket
from tests.support.shop import Shop

AT = 1_900_000_000
KEYS = {"api_key": "sk_test_1", "webhook_secrets": ["whsec_new", "whsec_old"]}


class Secrets:
    """The part of Secrets Manager that is asked."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = KEYS

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        return {"SecretString": json.dumps(self.keys)}


class Endpoint:
    """The webhook of a creditor with one customer who is paying."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.shop.start()
        self.secrets = Secrets()
        self.bucket = ReportsBucket("raw")
        webhook_app.use(
            webhook_app.Webhook(
                clock=MovableClock(),  # type: ignore[arg-type]
                secret=StripeSecret(self.secrets, "name"),
                events=GatewayEvents(self.shop.ledger, self.shop.orders, self.shop.gateway),
                raw=RawEvents(self.bucket, "raw"),  # type: ignore[arg-type]
                timezone="America/New_York",
                real_epoch=lambda: float(AT),
            )
        )

    def receives(self, body: str, header: str | None = None, secret: str = "whsec_old") -> HTTPResponse:
        signed = WebhookSignature.generate_signature_header(body, secret, AT) if header is None else header
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signed}
        return Client(webhook_app.app).http.post("/stripe", headers=headers, body=body.encode())

    @property
    def balance_minor(self) -> int:
        return self.shop.ledger.accounts["cus_anna"].balances.get("USD", 0)


def event(kind: str = "payment_intent.succeeded", event_id: str = "evt_1", about: str = "pi_1") -> str:
    return json.dumps({"id": event_id, "object": "event", "type": kind, "data": {"object": {"id": about}}})


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    yield Endpoint()
    webhook_app.use(None)


def test_a_signed_payment_is_posted(endpoint: Endpoint) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    answer = endpoint.receives(event())
    assert (answer.status_code, answer.json_body) == (200, {"outcome": "posted"})
    assert endpoint.balance_minor == 0


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
def test_both_secrets_are_accepted_while_one_replaces_the_other(endpoint: Endpoint, secret: str) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    assert endpoint.receives(event(), secret=secret).status_code == 200


def test_a_payment_that_comes_twice_or_under_two_events_is_posted_once(endpoint: Endpoint) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    for event_id in ("evt_1", "evt_1", "evt_2"):
        assert endpoint.receives(event(event_id=event_id)).status_code == 200
    assert len(endpoint.shop.ledger.accounts["cus_anna"].payments) == 1


@pytest.mark.parametrize("header", ["", "t=1,v1=00", f"t={AT},v1={'0' * 64}", "v1"])
def test_a_forged_report_is_refused_and_posts_nothing(endpoint: Endpoint, header: str) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    refused = endpoint.receives(event(), header=header)
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert endpoint.balance_minor == 12_550


def test_whitespace_added_on_the_way_is_refused(endpoint: Endpoint) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    header = WebhookSignature.generate_signature_header(event(), "whsec_old", AT)
    assert endpoint.receives(event() + " ", header=header).status_code == 400
    assert endpoint.balance_minor == 12_550


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_report_from_the_past_or_the_future_is_refused(endpoint: Endpoint, seconds: int) -> None:
    header = WebhookSignature.generate_signature_header(event(), "whsec_old", AT + seconds)
    assert endpoint.receives(event(), header=header).status_code == 400


def test_without_a_secret_every_report_is_refused(endpoint: Endpoint) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    endpoint.secrets.keys = {"api_key": "sk_test_1", "webhook_secrets": []}
    assert endpoint.receives(event()).status_code == 503
    assert endpoint.balance_minor == 12_550


def test_stripe_is_asked_to_come_back_when_something_is_down(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(reference: str, *, contested: bool) -> None:
        raise UnavailableError("the gateway does not answer")

    monkeypatch.setattr(endpoint.shop.gateway, "payment", down)
    assert endpoint.receives(event()).status_code == 503


def test_a_bug_is_a_500_so_that_the_report_comes_again(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    monkeypatch.setattr(endpoint.shop.ledger, "load", lambda _: 1 / 0)
    answer = endpoint.receives(event())
    assert answer.status_code == 500
    assert b"division" not in answer.body


def test_a_report_is_kept_byte_for_byte_before_anything_is_done_with_it(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(reference: str, *, contested: bool) -> None:
        raise UnavailableError("the gateway does not answer")

    monkeypatch.setattr(endpoint.shop.gateway, "payment", down)
    body = json.dumps(json.loads(event()) | {"note": "as it came"}, indent=3)
    assert endpoint.receives(body).status_code == 503
    assert endpoint.bucket.files == {"stripe/evt_1.json": (body, "application/json")}


def test_a_report_that_cannot_be_kept_comes_again_and_changes_nothing(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    endpoint.shop.gateway.pays(endpoint.shop.order())
    monkeypatch.setattr(endpoint.bucket, "put_object", full)
    assert endpoint.receives(event()).status_code == 503
    assert endpoint.balance_minor == 12_550


def test_what_nobody_signed_is_not_kept(endpoint: Endpoint) -> None:
    endpoint.receives(event(), header="t=1,v1=00")
    assert endpoint.bucket.files == {}


def test_an_id_of_another_shape_is_kept_under_its_hash(endpoint: Endpoint) -> None:
    assert endpoint.receives(event(event_id="../../x")).status_code in (200, 404)
    (key,) = endpoint.bucket.files
    assert re.fullmatch("stripe/[0-9a-f]{64}.json", key)


def test_money_for_a_customer_we_do_not_have_is_acknowledged_and_told(endpoint: Endpoint) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order(), customer_id="cus_nobody")
    assert endpoint.receives(event()).json_body == {"outcome": "unmatched"}


@pytest.mark.parametrize("kind", ["checkout.session.completed", "charge.updated", "made.up"])
def test_other_reports_are_acknowledged(endpoint: Endpoint, kind: str) -> None:
    assert endpoint.receives(event(kind)).json_body == {"outcome": "ignored"}


def test_nothing_of_the_payload_is_logged(endpoint: Endpoint, capfd: pytest.CaptureFixture[str]) -> None:
    endpoint.shop.gateway.pays(endpoint.shop.order())
    body = json.dumps(json.loads(event()) | {"note": "secret-in-payload"})
    endpoint.receives(body)
    out, err = capfd.readouterr()
    assert "secret-in-payload" not in out + err
