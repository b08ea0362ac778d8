"""Invoice items: what stands on an invoice, added while it is a draft or waiting for the next one."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request, missing_param
from ..money import check_currency, check_granularity
from ..state import Params, Resource, Sandbox, merge_metadata
from . import customers


@operation("invoice_items.create", "amount currency customer description invoice metadata")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Add an amount (it may be negative) to a draft invoice, or to the customer's next one."""
    for name in ("customer", "amount"):
        if name not in params:
            raise missing_param(name)
    customer = customers.live_customer(sandbox, params["customer"])
    currency = check_currency(params.get("currency") or _currency_of_draft(sandbox, params))
    check_granularity(abs(params["amount"]), currency)
    if "invoice" in params:
        _check_draft(sandbox.get("invoice", params["invoice"], "invoice"), customer["id"], currency)
    now = sandbox.now()
    item = sandbox.new(
        "invoiceitem",
        {
            "amount": params["amount"],
            "currency": currency,
            "customer": customer["id"],
            "date": now,
            "description": params.get("description"),
            "discountable": True,
            "discounts": [],
            "invoice": params.get("invoice"),
            "metadata": merge_metadata({}, params.get("metadata")),
            "net_amount": params["amount"],
            "period": {"start": now, "end": now},
            "proration": False,
            "quantity": 1,
            "tax_rates": [],
        },
    )
    sandbox.emit("invoiceitem.created", item)
    return item


def _currency_of_draft(sandbox: Sandbox, params: Params) -> str:
    if "invoice" not in params:
        raise missing_param("currency")
    return str(sandbox.get("invoice", params["invoice"], "invoice")["currency"])


def _check_draft(invoice: Resource, customer_id: str, currency: str) -> None:
    if invoice["status"] != "draft":
        raise invalid_request("You can only add items to a draft invoice.", param="invoice")
    if (invoice["customer"], invoice["currency"]) != (customer_id, currency):
        raise invalid_request("The item's customer and currency must be those of its invoice.", param="invoice")


def take_pending(sandbox: Sandbox, invoice: Resource) -> None:
    """Put the customer's waiting items of the invoice's currency on it."""
    for item in sandbox.all("invoiceitem", customer=invoice["customer"], currency=invoice["currency"]):
        if item["invoice"] is None:
            item["invoice"] = invoice["id"]


def of_invoice(sandbox: Sandbox, invoice_id: str) -> list[Resource]:
    """The items of an invoice, first added first."""
    return sandbox.all("invoiceitem", invoice=invoice_id)[::-1]


@operation("invoice_items.retrieve")
def retrieve(sandbox: Sandbox, params: Params, item_id: str) -> Resource:
    """Read an invoice item."""
    return sandbox.get("invoiceitem", item_id)


@operation("invoice_items.list", f"{LIST_PARAMETERS.replace('created ', '')} customer invoice pending")
def list_items(sandbox: Sandbox, params: Params) -> Resource:
    """List invoice items, newest first; `pending` tells those that wait for an invoice from the others."""
    found = sandbox.all("invoiceitem", customer=params.get("customer"), invoice=params.get("invoice"))
    if "pending" in params:
        found = [item for item in found if (item["invoice"] is None) == params["pending"]]
    return list_page(found, params, "/v1/invoiceitems")
