"""How the Stripe sandbox delivers webhooks: signed, retried, in trouble on command, recoverable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.support.stripe_sandbox import (
    Receiver,
    command,
    read,
    receiver,
    wait_until,
)


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def _register(api: Any, shop: Receiver, *events: str) -> Any:
    return api.webhook_endpoints.create({"url": shop.url, "enabled_events": list(events) or ["*"]})


def _pay(api: Any) -> Any:
    params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    return api.payment_intents.create(params | {"return_url": "http://127.0.0.1/back"})


def test_a_webhook_is_signed_and_holds_the_event_that_the_api_lists(api: Any, shop: Receiver) -> None:
    endpoint = _register(api, shop)
    assert endpoint.secret.startswith("whsec_")
    customer = api.customers.create({"name": "Ada"})
    wait_until(lambda: len(shop.received) == 1)
    body, signature = shop.received[0]
    event = stripe.Webhook.construct_event(body, signature, endpoint.secret)
    assert (event.type, event.data.object.id) == ("customer.created", customer.id)
    assert event.api_version == stripe.api_version
    assert api.events.retrieve(event.id).request.id == customer.last_response.request_id
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, "whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body.replace(b"Ada", b"Bob"), signature, endpoint.secret)


def test_the_secret_is_shown_only_once(api: Any, shop: Receiver) -> None:
    endpoint = _register(api, shop)
    assert "secret" not in api.webhook_endpoints.retrieve(endpoint.id).to_dict()
    assert "secret" not in api.webhook_endpoints.list().data[0].to_dict()


def test_an_endpoint_gets_only_the_events_it_asked_for_while_it_is_on(api: Any, shop: Receiver) -> None:
    endpoint = _register(api, shop, "payment_intent.succeeded", "customer.deleted")
    _pay(api)
    wait_until(lambda: shop.types == ["payment_intent.succeeded"])
    api.webhook_endpoints.update(endpoint.id, {"disabled": True})
    _pay(api)
    api.webhook_endpoints.update(endpoint.id, {"disabled": False})
    api.customers.delete(api.customers.create({}).id)
    wait_until(lambda: len(shop.received) == 2)
    assert shop.types == ["payment_intent.succeeded", "customer.deleted"]
    api.webhook_endpoints.delete(endpoint.id)
    assert api.webhook_endpoints.list().data == []


def test_a_failed_delivery_is_retried_until_it_is_taken(url: str, api: Any, shop: Receiver) -> None:
    _register(api, shop)
    shop.statuses += [500, 302, 404]
    api.customers.create({})
    wait_until(lambda: len(shop.received) == 4)
    assert len({event["id"] for event in shop.events}) == 1
    wait_until(lambda: len(read(url, "deliveries")["deliveries"]) == 4)
    attempts = read(url, "deliveries")["deliveries"]
    assert [(a["attempt"], a["status"]) for a in attempts] == [(1, 500), (2, 302), (3, 404), (4, 200)]


def test_missed_events_are_found_by_delivery_success(api: Any, shop: Receiver, url: str) -> None:
    _register(api, shop)
    command(url, "faults", kind="drop", event="customer.created")
    api.customers.create({})
    api.customers.create({})
    wait_until(lambda: len(api.events.list({"delivery_success": True}).data) == 1)
    missed = api.events.list({"delivery_success": False}).data
    assert [event.pending_webhooks for event in missed] == [1]
    assert missed[0].id not in {event["id"] for event in shop.events}
    command(url, "redeliver", event=missed[0].id)
    wait_until(lambda: api.events.list({"delivery_success": False}).data == [])


def test_an_event_that_nobody_can_take_stays_missed(api: Any, url: str) -> None:
    with receiver() as gone:
        _register(api, gone)
    api.customers.create({})
    wait_until(lambda: len(read(url, "deliveries")["deliveries"]) == 6)
    attempts = read(url, "deliveries")["deliveries"]
    assert {(a["status"], "refused" in a["error"]) for a in attempts} == {(None, True)}
    assert len(api.events.list({"delivery_success": False}).data) == 1


def test_a_webhook_comes_twice_on_command(api: Any, shop: Receiver, url: str) -> None:
    _register(api, shop, "payment_intent.created", "payment_intent.succeeded")
    command(url, "faults", kind="double", event="payment_intent.succeeded")
    _pay(api)
    wait_until(lambda: len(shop.received) == 3)
    assert shop.types == ["payment_intent.created", "payment_intent.succeeded", "payment_intent.succeeded"]
    assert shop.events[1]["id"] == shop.events[2]["id"]


def test_a_webhook_comes_late_on_command(api: Any, shop: Receiver, url: str) -> None:
    _register(api, shop, "payment_intent.created", "payment_intent.succeeded")
    command(url, "faults", kind="late", seconds=0.5, event="payment_intent.created")
    _pay(api)
    wait_until(lambda: len(shop.received) == 2)
    assert shop.types == ["payment_intent.succeeded", "payment_intent.created"]


def test_webhooks_come_backwards_on_command(api: Any, shop: Receiver, url: str) -> None:
    _register(api, shop)
    command(url, "faults", kind="reorder", times=3)
    _pay(api)
    wait_until(lambda: len(shop.received) == 3)
    assert shop.types == ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]


def test_a_rolled_secret_signs_beside_the_old_one(api: Any, shop: Receiver, url: str) -> None:
    endpoint = _register(api, shop)
    fresh = command(url, "roll_secret", webhook_endpoint=endpoint.id)["secret"]
    api.customers.create({})
    wait_until(lambda: len(shop.received) == 1)
    body, signature = shop.received[0]
    assert signature.count("v1=") == 2
    for secret in (endpoint.secret, fresh):
        assert stripe.Webhook.construct_event(body, signature, secret).type == "customer.created"


def test_an_endpoint_names_events_in_full_or_takes_all(api: Any, shop: Receiver) -> None:
    for wrong in ("payment_intent.*", "payment_intent.paid"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            _register(api, shop, wrong)
        assert caught.value.param == "enabled_events[0]"


def test_webhooks_go_only_to_this_machine(api: Any) -> None:
    for elsewhere in (
        "https://example.com/hook",
        "http://10.0.0.1/hook",
        "http://169.254.169.254/",
        "file:///x",
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            api.webhook_endpoints.create({"url": elsewhere, "enabled_events": ["*"]})
        assert caught.value.code == "url_invalid"


def test_events_can_be_listed_by_type_and_vanish_after_thirty_days(api: Any, url: str) -> None:
    _pay(api)
    listed = api.events.list({"types": ["charge.succeeded", "payment_intent.created"]}).data
    assert [event.type for event in listed] == ["charge.succeeded", "payment_intent.created"]
    assert [event.type for event in api.events.list({"type": "charge.*"}).data] == ["charge.succeeded"]
    command(url, "advance", seconds=31 * 86400)
    assert api.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        api.events.retrieve(listed[0].id)
