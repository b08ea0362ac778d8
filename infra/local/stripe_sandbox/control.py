"""`/_sandbox/…`: what the outside world does to an account, on command."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from . import checkout
from .cards import DECLINE_CODES, RETURN_CODES, Bank, decline
from .errors import invalid_request
from .resources import checkout_sessions, disputes, mandates, payouts, refunds
from .state import API_VERSION, Resource, Sandbox
from .webhooks import Deliveries

_COMMANDS: dict[str, Callable[..., Resource]] = {}


def command(function: Callable[..., Resource]) -> Callable[..., Resource]:
    """Make a function reachable as `POST /_sandbox/<its name>` with its arguments as JSON."""
    _COMMANDS[function.__name__] = function
    return function


def run_command(name: str, sandbox: Sandbox, deliveries: Deliveries, arguments: dict[str, Any]) -> Resource:
    """Run a command; raises ApiError (404 or 400) when there is none or its arguments are wrong."""
    function = _COMMANDS.get(name)
    if function is None:
        raise invalid_request(f"No such command. There are: {', '.join(sorted(_COMMANDS))}.", status=404)
    signature = inspect.signature(function)
    own = {"sandbox": sandbox, "deliveries": deliveries}
    given = {key: value for key, value in own.items() if key in signature.parameters}
    try:
        bound = signature.bind(**given, **arguments)
    except TypeError as error:
        wanted = ", ".join(key for key in signature.parameters if key not in own)
        raise invalid_request(f"{name} takes: {wanted}. {error}.") from None
    hints = get_type_hints(function)
    for key, value in arguments.items():
        if not isinstance(value, hints[key]):
            raise invalid_request(f"{name}: {key} has the wrong type ({type(value).__name__}).", param=key)
    return function(*bound.args, **bound.kwargs)


def health(sandbox: Sandbox) -> Resource:
    """What runs here."""
    return {"status": "ok", "api_version": API_VERSION, "now": sandbox.now()}


@command
def settle(sandbox: Sandbox, payment_intent: str, outcome: str | None = None) -> Resource:
    """Let a bank answer a debit: `succeeded`, a failure code, or what the test account does by itself."""
    intent = sandbox.get("payment_intent", payment_intent, "payment_intent")
    instrument = sandbox.instruments.get(intent["payment_method"] or "")
    by_itself = instrument.failure_code if isinstance(instrument, Bank) else None
    checkout.settle(sandbox, intent, by_itself if outcome is None else None if outcome == "succeeded" else outcome)
    return intent


@command
def authenticate(sandbox: Sandbox, intent: str, passed: bool = True) -> Resource:
    """Answer the bank's question for the cardholder."""
    kind = "setup_intent" if intent.startswith("seti_") else "payment_intent"
    found = sandbox.get(kind, intent, "intent")
    checkout.finish_authentication(sandbox, found, passed=passed)
    return found


@command
def decline_card(sandbox: Sandbox, payment_method: str, decline_code: str | None) -> Resource:
    """Let a saved card be refused from now on with any of Stripe's codes; null makes it work again."""
    method = sandbox.get("payment_method", payment_method, "payment_method")
    if decline_code is None:
        sandbox.commanded_declines.pop(payment_method, None)
    elif decline_code in DECLINE_CODES:
        sandbox.commanded_declines[payment_method] = decline(decline_code)
    else:
        known = ", ".join(sorted(DECLINE_CODES))
        raise invalid_request(f"No such decline code. There are: {known}.", param="decline_code")
    return method


@command
def update_card(sandbox: Sandbox, payment_method: str, last4: str, exp_month: int, exp_year: int) -> Resource:
    """Let the card network replace a saved card, as it does when a bank issues a new one."""
    method = sandbox.get("payment_method", payment_method, "payment_method")
    if method["type"] != "card" or method["customer"] is None:
        raise invalid_request("Only a saved card is updated by its network.", param="payment_method")
    changes = {"card": method["card"] | {"last4": last4, "exp_month": exp_month, "exp_year": exp_year}}
    sandbox.emit("payment_method.automatically_updated", method, sandbox.update(method, changes))
    return method


@command
def revoke_mandate(sandbox: Sandbox, mandate: str) -> Resource:
    """Let a customer take back the permission to debit."""
    found = sandbox.get("mandate", mandate, "mandate")
    mandates.revoke(sandbox, found)
    return found


@command
def open_dispute(
    sandbox: Sandbox, charge: str, reason: str = "fraudulent", inquiry: bool = False, amount: int | None = None
) -> Resource:
    """Let a cardholder dispute a charge, or a part of it."""
    found = sandbox.get("charge", charge, "charge")
    return disputes.open_dispute(sandbox, found, reason, inquiry=inquiry, amount_minor=amount)


@command
def return_debit(sandbox: Sandbox, charge: str, reason: str = "insufficient_funds") -> Resource:
    """Let a bank send a debit back after it arrived."""
    found = sandbox.get("charge", charge, "charge")
    return disputes.return_debit(sandbox, found, reason, RETURN_CODES.get(reason))


@command
def close_dispute(sandbox: Sandbox, dispute: str, outcome: str) -> Resource:
    """Let the bank decide a dispute: `won` or `lost`."""
    if outcome not in ("won", "lost"):
        raise invalid_request("outcome is won or lost.", param="outcome")
    found = sandbox.get("dispute", dispute, "dispute")
    disputes.close_dispute(sandbox, found, "won" if outcome == "won" else "lost")
    return found


@command
def appeal_dispute(sandbox: Sandbox, dispute: str, outcome: str) -> Resource:
    """Let a bank decide a closed dispute the other way: `won` or `lost`."""
    found = sandbox.get("dispute", dispute, "dispute")
    disputes.decide_again(sandbox, found, "won" if outcome == "won" else "lost")
    return found


@command
def finish_refund(sandbox: Sandbox, refund: str, failure_reason: str | None = None) -> Resource:
    """Let a pending refund arrive, or let any refund fail with a reason."""
    found = sandbox.get("refund", refund, "refund")
    if failure_reason is None:
        refunds.succeed(sandbox, found)
    else:
        refunds.fail(sandbox, found, failure_reason)
    return found


@command
def pay_out(sandbox: Sandbox, currency: str = "usd") -> Resource:
    """Let Stripe pay out by itself what is available in a currency."""
    return payouts.send_available(sandbox, currency)


@command
def finish_payout(sandbox: Sandbox, payout: str, failure_code: str | None = None) -> Resource:
    """Let a payout arrive at the bank, or come back with one of Stripe's failure codes."""
    found = sandbox.get("payout", payout, "payout")
    payouts.finish(sandbox, found, failure_code)
    return found


@command
def advance(sandbox: Sandbox, seconds: int) -> Resource:
    """Move the account's clock forward, so that sessions expire and balances become available."""
    if seconds < 0:
        raise invalid_request("The clock only moves forward.", param="seconds")
    sandbox.advance(seconds)
    checkout_sessions.expire_due(sandbox)
    return {"now": sandbox.now()}


@command
def redeliver(deliveries: Deliveries, event: str) -> Resource:
    """Send an event's webhooks again."""
    return {"deliveries": deliveries.redeliver(event)}


@command
def roll_secret(sandbox: Sandbox, webhook_endpoint: str, keep_old: bool = True) -> Resource:
    """Give an endpoint a new signing secret; while the old one is kept, webhooks carry both signatures."""
    sandbox.get("webhook_endpoint", webhook_endpoint, "webhook_endpoint")
    secret = f"whsec_{sandbox.token(32)}"
    old = sandbox.endpoint_secrets[webhook_endpoint][:1] if keep_old else []
    sandbox.endpoint_secrets[webhook_endpoint] = [secret, *old]
    return {"secret": secret}
