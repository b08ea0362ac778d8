"""What API Gateway and Lambda meet: the handlers, composed from their variables."""

import json
from collections.abc import Iterator

import pytest

from dunwell_aws.bootstrap import base, books, outreach, payments, sending, visitors
from functions.portal import app as portal_app
from functions.stripe_webhook import app as webhook_app
from tests.support.invocation import lambda_context, proxy_event, set_variables
from tests.support.portal_app import PortalWorld

PORTAL = {
    "ACCESS_TABLE": "access",
    "URLS_PARAMETER": "/stack/urls",
    "EVIDENCE_BUCKET": "evidence",
    "CONFIGURATION_SET": "mail",
    "SMS_SENDER_ID": "",
    "SMS_ORIGINATION": "",
    "SMS_MAX_PRICE_USD": "0.50",
    "STRIPE_SECRET": "stripe",
    "STRIPE_API_BASE": "https://api.stripe.com",
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    set_variables(monkeypatch, **PORTAL)
    yield monkeypatch
    for module in (base, books, outreach, payments, sending, visitors):
        for part in vars(module).values():
            getattr(part, "cache_clear", lambda: None)()
    portal_app.use(None)
    webhook_app.use(None)


def test_the_portals_handler_answers_a_request_of_api_gateway() -> None:
    event = proxy_event("GET", "/l/{token}", pathParameters={"token": "x"})
    answer = portal_app.handler(event, lambda_context(), parts=PortalWorld().portal)
    assert answer["statusCode"] == 200
    assert "Confirm that it is you" in answer["body"]
    json.dumps(answer)
    portal_app.use(None)


def test_the_portal_is_composed_from_its_variables_alone(variables: pytest.MonkeyPatch) -> None:
    portal = portal_app.portal()
    headers = portal.pages.headers("https://portal.example")
    assert portal.creditor.name
    assert "form-action 'self' https://checkout.stripe.com;" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("missing", sorted(PORTAL))
def test_a_missing_variable_is_named(variables: pytest.MonkeyPatch, missing: str) -> None:
    variables.delenv(missing)
    with pytest.raises(RuntimeError, match=missing):
        portal_app.portal()


def test_the_webhook_is_composed_from_its_variables_alone(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("GATEWAY_EVENTS_BUCKET", "events")
    assert webhook_app.webhook().timezone == "America/New_York"


def test_a_webhook_that_cannot_be_composed_asks_stripe_to_come_back(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("GATEWAY_EVENTS_BUCKET", "events")
    variables.delenv("STRIPE_SECRET")
    answer = webhook_app.handler(proxy_event("POST", "/stripe", body="{}"), lambda_context())
    assert answer["statusCode"] == 500
    assert "STRIPE_SECRET" not in answer["body"]
