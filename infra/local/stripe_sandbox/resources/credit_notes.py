"""Credit notes: less is owed on an open invoice; money or credit goes back on a paid one."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import invalid_request
from ..money import format_amount
from ..state import Params, Resource, Sandbox, merge_metadata, pick
from . import invoices, refunds

_WAYS = ("credit_amount", "out_of_band_amount", "refund_amount")


@operation("credit_notes.create", f"amount {' '.join(_WAYS)} effective_at invoice memo metadata reason")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Credit an invoice; on a paid one the three ways of giving back must add up to the amount."""
    invoice = sandbox.get("invoice", params["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid", "uncollectible"):
        raise invalid_request(f"You cannot credit an invoice that is {invoice['status']}.", param="invoice")
    back = {way: params.get(way, 0) for way in _WAYS}
    amount_minor = params.get("amount", sum(back.values()))
    _check_amount(invoice, amount_minor, back)
    paid = invoice["status"] == "paid"
    number = len(sandbox.all("credit_note", invoice=invoice["id"])) + 1
    note = sandbox.new(
        "credit_note",
        {
            "amount": amount_minor,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "discount_amount": 0,
            "discount_amounts": [],
            "effective_at": params.get("effective_at", sandbox.now()),
            "invoice": invoice["id"],
            "metadata": merge_metadata({}, params.get("metadata")),
            "number": f"{invoice['number']}-CN-{number:02d}",
            "out_of_band_amount": back["out_of_band_amount"] or None,
            "post_payment_amount": amount_minor if paid else 0,
            "pre_payment_amount": 0 if paid else amount_minor,
            "refunds": _refund(sandbox, invoice, back["refund_amount"]),
            "status": "issued",
            "subtotal": amount_minor,
            "total": amount_minor,
            "total_taxes": [],
            "type": "post_payment" if paid else "pre_payment",
            **pick(params, ["memo", "reason"]),
        },
    )
    if paid:
        invoice["post_payment_credit_notes_amount"] += amount_minor
        sandbox.get("customer", invoice["customer"])["balance"] -= back["credit_amount"]
    else:
        invoices.credit_before_payment(sandbox, invoice, amount_minor)
    sandbox.emit("credit_note.created", note)
    return note


def _check_amount(invoice: Resource, amount_minor: int, back: dict[str, int]) -> None:
    paid = invoice["status"] == "paid"
    most_minor = invoice["amount_remaining"]
    if paid:
        taken_minor = invoice["amount_paid"] + invoice["amount_paid_off_stripe"]
        most_minor = taken_minor - invoice["post_payment_credit_notes_amount"]
    if not 1 <= amount_minor <= most_minor or min(back.values()) < 0:
        shown = format_amount(most_minor, invoice["currency"])
        raise invalid_request(f"The credit note must be more than zero and at most {shown}.", param="amount")
    if sum(back.values()) != (amount_minor if paid else 0):
        raise invalid_request(
            "The sum of credit_amount, refund_amount and out_of_band_amount must equal the amount that was paid "
            "and is credited now.",
            param="amount",
        )


def _refund(sandbox: Sandbox, invoice: Resource, amount_minor: int) -> list[Resource]:
    if not amount_minor:
        return []
    link = sandbox.all("invoice_payment", invoice=invoice["id"], status="paid")[0]
    intent = link["payment"]["payment_intent"]
    refund = refunds.create(sandbox, {"payment_intent": intent, "amount": amount_minor})
    return [{"type": "refund", "refund": refund["id"], "amount_refunded": amount_minor}]


@operation("credit_notes.void_credit_note")
def void_credit_note(sandbox: Sandbox, params: Params, note_id: str) -> Resource:
    """Take back a credit note of an invoice that is still open; the amount is due again."""
    note = sandbox.get("credit_note", note_id)
    invoice = sandbox.get("invoice", note["invoice"])
    if note["status"] != "issued" or invoice["status"] != "open":
        raise invalid_request("Only an issued credit note of an open invoice can be voided.", param="id")
    invoices.credit_before_payment(sandbox, invoice, -note["amount"])
    note.update(status="void", voided_at=sandbox.now())
    sandbox.emit("credit_note.voided", note)
    return note


@operation("credit_notes.update", "memo metadata")
def update(sandbox: Sandbox, params: Params, note_id: str) -> Resource:
    """Change what is written on a credit note."""
    note = sandbox.get("credit_note", note_id)
    changes = pick(params, ["memo"])
    changes["metadata"] = merge_metadata(note["metadata"], params.get("metadata"))
    sandbox.emit("credit_note.updated", note, sandbox.update(note, changes))
    return note


@operation("credit_notes.retrieve")
def retrieve(sandbox: Sandbox, params: Params, note_id: str) -> Resource:
    """Read a credit note."""
    return sandbox.get("credit_note", note_id)


@operation("credit_notes.list", f"{LIST_PARAMETERS} customer invoice")
def list_notes(sandbox: Sandbox, params: Params) -> Resource:
    """List credit notes, newest first."""
    found = sandbox.all("credit_note", customer=params.get("customer"), invoice=params.get("invoice"))
    return list_page(found, params, "/v1/credit_notes")
