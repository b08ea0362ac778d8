"""What an invoice adds up to: its lines, and the customer's balance when it is made final."""

from __future__ import annotations

from ..state import Resource, Sandbox
from . import invoice_items


def lines_of(sandbox: Sandbox, invoice: Resource) -> Resource:
    """The invoice's items as its lines."""
    lines = [_line(invoice, item) for item in invoice_items.of_invoice(sandbox, invoice["id"])]
    return {"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{invoice['id']}/lines"}


def _line(invoice: Resource, item: Resource) -> Resource:
    same = ("amount", "currency", "description", "discountable", "discounts", "metadata", "period", "quantity")
    return {
        "id": item["id"].replace("ii_", "il_"),
        "object": "line_item",
        **{name: item[name] for name in same},
        "discount_amounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "parent": {"type": "invoice_item_details", "invoice_item_details": {"invoice_item": item["id"]}},
        "subtotal": item["amount"],
        "taxes": [],
    }


def set_amounts(sandbox: Sandbox, invoice: Resource, customer: Resource | None = None) -> None:
    """Add up a draft; with its customer, the balance is used: credit lowers what is due, a debt raises it."""
    lines = lines_of(sandbox, invoice)
    total_minor = sum(line["amount"] for line in lines["data"])
    starting_minor = customer["balance"] if customer else 0
    due_minor = max(0, total_minor + starting_minor)
    ending_minor = min(0, total_minor + starting_minor)
    if customer:
        customer["balance"] = ending_minor
    invoice.update(
        amount_due=due_minor,
        amount_overpaid=0,
        amount_paid=0,
        amount_paid_off_stripe=0,
        amount_remaining=due_minor,
        amount_shipping=0,
        ending_balance=ending_minor if customer else None,
        lines=lines,
        starting_balance=starting_minor,
        subtotal=total_minor,
        subtotal_excluding_tax=total_minor,
        total=total_minor,
        total_excluding_tax=total_minor,
    )
