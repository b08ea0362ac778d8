"""Customers, and the payment methods saved for them."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import missing
from ..state import Params, Resource, Sandbox, merge_metadata, pick
from . import payment_methods

_FIELDS = "address description email name phone preferred_locales shipping tax_exempt"
_INVOICING = "invoice_settings.default_payment_method"


def live_customer(sandbox: Sandbox, customer_id: str, param: str = "customer") -> Resource:
    """The customer, or ApiError (404) when there is none or it was deleted."""
    customer = sandbox.get("customer", customer_id, param)
    if customer.get("deleted"):
        raise missing("customer", customer_id, param)
    return customer


@operation("customers.create", f"{_FIELDS} {_INVOICING} metadata payment_method")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Create a customer, attaching `payment_method` when one is given."""
    fields = pick(params, _FIELDS.split())
    method = payment_methods.usable(sandbox, params["payment_method"]) if "payment_method" in params else None
    default = params.get("invoice_settings", {}).get("default_payment_method")
    customer = sandbox.new(
        "customer",
        {
            "balance": 0,
            "delinquent": False,
            "preferred_locales": [],
            "tax_exempt": "none",
            "invoice_prefix": sandbox.token(8).upper(),
            "next_invoice_sequence": 1,
            **fields,
            "metadata": merge_metadata({}, params.get("metadata")),
            "invoice_settings": _invoice_settings(default),
        },
    )
    sandbox.emit("customer.created", customer)
    if method is not None:
        payment_methods.attach_to(sandbox, method, customer["id"])
    return customer


def _invoice_settings(default_payment_method: str | None) -> Resource:
    return {
        "custom_fields": None,
        "default_payment_method": default_payment_method or None,
        "footer": None,
        "rendering_options": None,
    }


@operation("customers.retrieve")
def retrieve(sandbox: Sandbox, params: Params, customer_id: str) -> Resource:
    """Read a customer; a deleted one answers with `deleted: true`."""
    return sandbox.get("customer", customer_id)


@operation("customers.update", f"{_FIELDS} {_INVOICING} metadata")
def update(sandbox: Sandbox, params: Params, customer_id: str) -> Resource:
    """Change a customer; the default payment method must be one that is attached to it."""
    customer = live_customer(sandbox, customer_id, "id")
    changes = pick(params, _FIELDS.split())
    changes["metadata"] = merge_metadata(customer["metadata"], params.get("metadata"))
    if "invoice_settings" in params:
        default = params["invoice_settings"].get("default_payment_method")
        if default and sandbox.get("payment_method", default)["customer"] != customer_id:
            raise missing("payment_method", default, "invoice_settings[default_payment_method]")
        changes["invoice_settings"] = _invoice_settings(default)
    previous = sandbox.update(customer, changes)
    sandbox.emit("customer.updated", customer, previous)
    return customer


@operation("customers.delete")
def delete(sandbox: Sandbox, params: Params, customer_id: str) -> Resource:
    """Delete a customer and detach its payment methods; its id keeps answering as deleted."""
    customer = live_customer(sandbox, customer_id, "id")
    for method in sandbox.all("payment_method", customer=customer_id):
        payment_methods.detach_from(sandbox, method)
    sandbox.emit("customer.deleted", customer)
    stub = {"id": customer_id, "object": "customer", "deleted": True}
    created = customer["created"]
    customer.clear()
    customer.update({**stub, "created": created})
    return stub


@operation("customers.list", f"{LIST_PARAMETERS} email")
def list_customers(sandbox: Sandbox, params: Params) -> Resource:
    """List customers, newest first, optionally by exact e-mail address."""
    found = [c for c in sandbox.all("customer", email=params.get("email")) if not c.get("deleted")]
    return list_page(found, params, "/v1/customers")


@operation("customers.payment_methods.list", f"{LIST_PARAMETERS} type")
def list_payment_methods(sandbox: Sandbox, params: Params, customer_id: str) -> Resource:
    """List what a customer may pay with."""
    live_customer(sandbox, customer_id)
    found = sandbox.all("payment_method", customer=customer_id, type=params.get("type"))
    return list_page(found, params, f"/v1/customers/{customer_id}/payment_methods")


@operation("customers.payment_methods.retrieve")
def retrieve_payment_method(sandbox: Sandbox, params: Params, customer_id: str, method_id: str) -> Resource:
    """Read one payment method of a customer."""
    live_customer(sandbox, customer_id)
    method = sandbox.get("payment_method", method_id, "payment_method")
    if method["customer"] != customer_id:
        raise missing("payment_method", method_id, "payment_method")
    return method
