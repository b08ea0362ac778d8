"""How the Stripe sandbox checks requests: keys, parameters, amounts, idempotency, lists, faults."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import pytest
import stripe

from infra.local.stripe_sandbox.api import _HANDLERS
from infra.local.stripe_sandbox.schema import annotations_of, read_operation, resolve
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.stripe_sandbox import browse, client_of, command, read

RETURN_URL = "http://127.0.0.1/back"


def _refusal(call: Any, *arguments: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*arguments)
    return caught.value


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"shipping": {"adress": "x", "name": "A"}}, "parameter_unknown", "shipping[adress]"),
        ({"shipping": {"name": "A"}}, "parameter_missing", "shipping[address]"),
        ({"amount": "ten"}, "parameter_invalid_integer", "amount"),
        ({"currency": ""}, "parameter_invalid_empty", "currency"),
        ({"confirm": "perhaps"}, None, "confirm"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"allowed_payment_method_types": ["cash"]}, None, "allowed_payment_method_types[0]"),
        ({"metadata": "text"}, None, "metadata"),
        ({"metadata": {"key": "x" * 501}}, None, "metadata"),
    ],
)
def test_parameters_are_refused_as_the_sdk_types_say(api: Any, given: Any, code: str | None, param: str) -> None:
    error = _refusal(api.payment_intents.create, {"amount": 1000, "currency": "usd"} | given)
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert api.payment_intents.list().data == []


def test_a_missing_parameter_is_named(api: Any) -> None:
    error = _refusal(api.payment_intents.create, {"currency": "usd"})
    assert (error.code, error.param) == ("parameter_missing", "amount")


def _types_beneath(annotation: Any, scope: dict[str, Any]) -> Iterator[Any]:
    found = resolve(annotation, scope)
    if hasattr(found, "__required_keys__"):
        yield found
    elif get_origin(found) is not Literal:
        for inner in get_args(found):
            yield from _types_beneath(inner, scope)


def test_every_parameter_type_of_every_served_operation_can_be_read() -> None:
    """A type that this Python cannot evaluate would else only show when someone sends that parameter."""
    pending = {read_operation(name).params_type for name in _HANDLERS}
    seen: set[Any] = set()
    while pending:
        params_type = pending.pop()
        seen.add(params_type)
        for annotation in annotations_of(params_type).values():
            scope = vars(sys.modules[params_type.__module__])
            pending |= set(_types_beneath(annotation, scope)) - seen
    assert len(seen) > 200


def test_what_stripe_has_and_the_sandbox_lacks_is_refused_by_name(api: Any) -> None:
    error = _refusal(
        api.payment_intents.create,
        {"amount": 100, "currency": "usd", "transfer_data": {"destination": "acct_1"}},
    )
    assert error.code == "sandbox_unsupported"
    assert "transfer_data.destination" in str(error)
    missing = _refusal(api.subscriptions.list)
    assert missing.http_status == 404
    assert "/v1/subscriptions" in str(missing)


@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [
        ("usd", 49, "amount_too_small"),
        ("usd", 50, None),
        ("eur", 49, "amount_too_small"),
        ("gbp", 29, "amount_too_small"),
        ("gbp", 30, None),
        ("jpy", 49, "amount_too_small"),
        ("jpy", 50, None),
        ("usd", 100_000_000, "amount_too_large"),
        ("usd", -5, "parameter_invalid_integer"),
        ("isk", 1050, "invalid_charge_amount"),
        ("ugx", 100_100, None),
        ("kwd", 10_005, "invalid_charge_amount"),
        ("kwd", 10_010, None),
        ("xyz", 1000, None),
    ],
)
def test_amounts_follow_stripes_own_exponents(api: Any, currency: str, amount: int, code: str | None) -> None:
    params = {"amount": amount, "currency": currency}
    if code is None and currency != "xyz":
        assert api.payment_intents.create(params).amount == amount
    else:
        assert _refusal(api.payment_intents.create, params).code == code


def test_only_secret_test_keys_are_let_in(url: str) -> None:
    for key in ("sk_live_abc", "pk_test_abc", "nonsense"):
        bad = stripe.StripeClient(key, base_addresses={"api": url}).v1
        with pytest.raises(stripe.AuthenticationError):
            bad.customers.list()
    assert browse(f"{url}/v1/customers")[0] == 401
    basic = urllib.request.Request(f"{url}/v1/customers", headers={"Authorization": "Basic c2tfdGVzdF9hYmM6"})
    with urllib.request.urlopen(basic) as response:
        assert response.status == 200


def test_a_replayed_idempotency_key_gives_the_first_answer_and_changes_nothing(api: Any) -> None:
    params = {"amount": 1000, "currency": "usd"}
    first = api.payment_intents.create(params, {"idempotency_key": "plan#1#1"})
    again = api.payment_intents.create(params, {"idempotency_key": "plan#1#1"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(api.payment_intents.list().data) == 1


def test_a_decline_is_replayed_too(api: Any) -> None:
    params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True}
    params["return_url"] = RETURN_URL
    intents = set()
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            api.payment_intents.create(params, {"idempotency_key": "declined"})
        error: Any = caught.value.error
        intents.add(error.payment_intent.id)
    assert len(intents) == 1
    assert len(api.charges.list().data) == 1


def test_an_idempotency_key_is_refused_for_another_request(api: Any) -> None:
    api.customers.create({"name": "A"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        api.customers.create({"name": "B"}, {"idempotency_key": "k"})


def test_a_request_refused_for_its_parameters_does_not_use_up_its_key(api: Any) -> None:
    _refusal(api.customers.create, {"nam": "A"}, {"idempotency_key": "k"})
    assert api.customers.create({"name": "A"}, {"idempotency_key": "k"}).name == "A"


def test_the_same_key_sent_many_times_at_once_pays_once(url: str) -> None:
    def pay(_: int) -> str:
        params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        intent = client_of(url).payment_intents.create(params | {"return_url": RETURN_URL}, {"idempotency_key": "once"})
        return str(intent.id)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(pay, range(16)))) == 1
    assert len(client_of(url).charges.list().data) == 1


def test_lists_page_by_cursor_and_filter_by_time(api: Any) -> None:
    made = [api.customers.create({"name": str(n)}).id for n in range(5)]
    page = api.customers.list({"limit": 2})
    assert [c.id for c in page.data] == made[:2:-1]
    assert page.has_more
    assert [c.id for c in api.customers.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    before = api.customers.list({"limit": 2, "ending_before": made[0]})
    assert [c.id for c in before.data] == [made[2], made[1]]
    created = api.customers.retrieve(made[0]).created
    assert api.customers.list({"created": {"gt": created + 3600}}).data == []
    assert _refusal(api.customers.list, {"limit": 101}).param == "limit"


def test_expansion_replaces_ids_and_refuses_what_cannot_be_expanded(api: Any) -> None:
    params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    params |= {"return_url": RETURN_URL, "expand": ["latest_charge.balance_transaction"]}
    assert api.payment_intents.create(params).latest_charge.balance_transaction.net == 1000 - 59
    customer = api.customers.create({})
    assert _refusal(api.customers.retrieve, customer.id, {"expand": ["colour"]}).param == "expand"


def test_a_lost_reply_is_made_good_by_the_sdks_own_retry(url: str) -> None:
    command(url, "faults", kind="lose_reply", path="/v1/payment_intents")
    patient = client_of(url, retries=2)
    params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    intent = patient.payment_intents.create(params | {"return_url": RETURN_URL})
    assert intent.status == "succeeded"
    assert len(patient.charges.list().data) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(409, stripe.APIError), (429, stripe.RateLimitError), (500, stripe.APIError)],
)
def test_requests_fail_on_command_before_anything_happens(url: str, status: int, error: type[Exception]) -> None:
    api = client_of(url)
    command(url, "faults", kind="error", status=status, times=2, method="POST", path="/v1/customers")
    assert api.customers.list().data == []
    for _ in range(2):
        with pytest.raises(error):
            api.customers.create({}, {"idempotency_key": "k"})
    assert api.customers.create({}, {"idempotency_key": "k"}).id.startswith("cus_")
    assert len(api.customers.list().data) == 1
    assert read(url, "faults") == {"faults": []}


def test_a_fault_that_is_not_understood_is_refused(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        command(url, "faults", kind="explode")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        command(url, "faults", kind="drop", when="now")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        command(url, "faults", kind="drop", times="many")


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("explode", {}, "404"),
        ("advance", {"seconds": "ten"}, "400"),
        ("advance", {}, "400"),
        ("settle", {"payment_intent": "pi_none"}, "404"),
        ("authenticate", {"intent": "pi_none", "loudly": True}, "400"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(url: str, name: str, arguments: Any, status: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match=status):
        command(url, name, **arguments)


def test_a_page_under_a_foreign_name_cannot_reach_the_sandbox(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", "/_sandbox/reset", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403


def test_another_api_version_is_refused(url: str) -> None:
    old = stripe.StripeClient("sk_test_a", stripe_version="2024-06-20", base_addresses={"api": url}).v1
    assert "2026-10-28.endive" in str(_refusal(old.customers.list))


def test_reset_forgets_everything(url: str) -> None:
    api = client_of(url)
    customer = api.customers.create({}, {"idempotency_key": "k"})
    command(url, "reset")
    assert api.events.list().data == []
    assert _refusal(api.customers.retrieve, customer.id).code == "resource_missing"
    assert api.customers.create({}, {"idempotency_key": "k"}).id != customer.id


def test_a_seed_makes_ids_repeatable() -> None:
    ids = []
    for _ in range(2):
        with StripeSandbox(seed=7) as running:
            ids.append(client_of(running.url).customers.create({}).id)
    assert ids[0] == ids[1]


def test_the_command_line_serves_and_stops_cleanly_on_sigterm() -> None:
    arguments = [sys.executable, "-m", "infra.local.stripe_sandbox", "--port", "0"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[-1]
        assert read(address, "health")["status"] == "ok"
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()


def test_the_command_line_refuses_to_listen_to_the_network() -> None:
    arguments = [sys.executable, "-m", "infra.local.stripe_sandbox", "--port", "0", "--host", "0.0.0.0"]
    refused = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=False)
    assert refused.returncode == 1
    assert "not a loopback address" in refused.stderr
