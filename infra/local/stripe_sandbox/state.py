"""The account's objects, their ids, the clock, and the events that every change writes."""

from __future__ import annotations

import copy
import random
import string
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import stripe

from .cards import Bank, Card, Decline
from .errors import invalid_request, missing

Resource: TypeAlias = dict[str, Any]
Params: TypeAlias = dict[str, Any]
API_VERSION = stripe.api_version

# SDK class and id prefix of every kind of object kept here.
_KINDS: dict[str, tuple[Any, str]] = {
    "balance_transaction": (stripe.BalanceTransaction, "txn"),
    "charge": (stripe.Charge, "ch"),
    "checkout.session": (stripe.checkout.Session, "cs_test"),
    "credit_note": (stripe.CreditNote, "cn"),
    "customer": (stripe.Customer, "cus"),
    "dispute": (stripe.Dispute, "du"),
    "event": (stripe.Event, "evt"),
    "invoice": (stripe.Invoice, "in"),
    "invoice_payment": (stripe.InvoicePayment, "inpay"),
    "invoiceitem": (stripe.InvoiceItem, "ii"),
    "mandate": (stripe.Mandate, "mandate"),
    "payment_intent": (stripe.PaymentIntent, "pi"),
    "payment_method": (stripe.PaymentMethod, "pm"),
    "payment_method_configuration": (stripe.PaymentMethodConfiguration, "pmc"),
    "payout": (stripe.Payout, "po"),
    "refund": (stripe.Refund, "re"),
    "setup_intent": (stripe.SetupIntent, "seti"),
    "webhook_endpoint": (stripe.WebhookEndpoint, "we"),
}
# Fields that Stripe leaves out, rather than null, unless they are asked for or apply.
_LEFT_OUT = frozenset(
    ["deleted", "refunds", "line_items", "payments", "secret", "sources", "subscriptions", "tax_ids", "tax"]
)
_ID_LENGTH = {"checkout.session": 58, "customer": 14}


@dataclass(slots=True)
class RequestInfo:
    """What the running request says about itself; an event remembers who caused it."""

    id: str | None = None
    idempotency_key: str | None = None
    version: str | None = API_VERSION


class Sandbox:
    """One Stripe account in memory. Hold `lock` while calling anything on it."""

    def __init__(self, public_url: str, *, seed: int | None = None) -> None:
        self.lock = threading.RLock()
        self.public_url = public_url
        self.on_event: Callable[[Resource], None] = lambda event: None
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget everything: objects, behaviours, the shift of the clock."""
        self._random = random.Random(self._seed) if self._seed is not None else random.SystemRandom()
        self._objects: dict[str, dict[str, Resource]] = {kind: {} for kind in _KINDS}
        self._clock_shift_seconds = 0
        self.request = RequestInfo()
        self.instruments: dict[str, Card | Bank] = {}
        self.commanded_declines: dict[str, Decline] = {}
        self.spent_methods: set[str] = set()
        self.authenticated_methods: set[str] = set()
        self.authenticated_intents: set[str] = set()
        self.endpoint_secrets: dict[str, list[str]] = {}
        self.line_items: dict[str, list[Resource]] = {}
        self.session_intent_data: dict[str, Params] = {}
        self.paid_out: dict[str, str] = {}

    def now(self) -> int:
        """Seconds since 1970, moved by `advance`."""
        return int(time.time()) + self._clock_shift_seconds

    def advance(self, seconds: int) -> None:
        """Move the account's clock forward; signatures of webhooks keep the real time."""
        self._clock_shift_seconds += seconds

    def token(self, length: int = 24) -> str:
        """Letters and digits, random unless the sandbox was given a seed."""
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def new(self, kind: str, fields: Resource, *, prefix: str | None = None) -> Resource:
        """Build and keep an object of Stripe's shape; what `fields` leaves out is null."""
        sdk_class, own_prefix = _KINDS[kind]
        shaped = kind not in ("payment_method", "event")
        resource: Resource = {
            **(dict.fromkeys(_field_names(sdk_class)) if shaped else {}),
            "id": f"{prefix or own_prefix}_{self.token(_ID_LENGTH.get(kind, 24))}",
            "object": kind,
        }
        standard = {"created": self.now(), "livemode": False, "metadata": {}}
        resource.update({key: standard[key] for key in standard if key in sdk_class.__annotations__})
        resource.update(fields)
        self._objects[kind][resource["id"]] = resource
        return resource

    def get(self, kind: str, object_id: str, param: str = "id") -> Resource:
        """The object with this id; raises ApiError (404) as Stripe does."""
        found = self._objects[kind].get(object_id)
        if found is None:
            raise missing(kind.replace(".", " "), object_id, param)
        return found

    def find(self, object_id: str) -> Resource | None:
        """The object with this id, of whatever kind."""
        for objects in self._objects.values():
            if object_id in objects:
                return objects[object_id]
        return None

    def all(self, kind: str, **fields: Any) -> list[Resource]:
        """Objects of a kind whose fields have these values, newest first; None matches anything."""
        wanted = {name: value for name, value in fields.items() if value is not None}
        return [
            resource
            for resource in reversed(self._objects[kind].values())
            if all(resource.get(name) == value for name, value in wanted.items())
        ]

    def remove(self, kind: str, object_id: str) -> None:
        """Forget one object."""
        del self._objects[kind][object_id]

    def update(self, resource: Resource, changes: Resource) -> Resource:
        """Apply changes and return the values that they replaced."""
        previous = {key: resource.get(key) for key, value in changes.items() if resource.get(key) != value}
        resource.update(changes)
        return previous

    def emit(self, event_type: str, resource: Resource, previous: Resource | None = None) -> Resource:
        """Write an event with a snapshot of the object and hand it to the webhooks."""
        data: Resource = {"object": copy.deepcopy(resource)}
        if previous is not None:
            data["previous_attributes"] = copy.deepcopy(previous)
        event = self.new(
            "event",
            {
                "api_version": API_VERSION,
                "data": data,
                "pending_webhooks": 0,
                "request": {"id": self.request.id, "idempotency_key": self.request.idempotency_key},
                "type": event_type,
            },
        )
        self.on_event(event)
        return event


def merge_metadata(current: dict[str, str], changes: dict[str, str] | str | None) -> dict[str, str]:
    """Stripe's rule: an empty value removes its key, an empty hash removes them all.

    Raises ApiError (400) above Stripe's limits.
    """
    if changes is None:
        return current
    if isinstance(changes, str):
        return {}
    merged = {key: value for key, value in {**current, **changes}.items() if value != ""}
    if len(merged) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in merged.items()):
        raise invalid_request(
            "Metadata holds at most 50 keys of up to 40 characters, with values of up to 500 characters.",
            param="metadata",
        )
    return merged


def pick(params: Params, names: Iterable[str]) -> Resource:
    """The parameters of these names that were given; an emptied one becomes null."""
    return {name: (None if params[name] == "" else params[name]) for name in names if name in params}


def _field_names(sdk_class: Any) -> list[str]:
    names = (name for name in sdk_class.__annotations__ if name.islower())
    return [name for name in names if name not in _LEFT_OUT]
