"""Billing invoices: drafted, finalized, paid by a payment intent or elsewhere, voided, written off."""

from __future__ import annotations

from ..api import LIST_PARAMETERS, list_page, operation
from ..errors import ApiError, invalid_request, missing_param
from ..money import check_currency
from ..state import Params, Resource, Sandbox, merge_metadata, pick
from . import attempts, customers, invoice_items, invoice_payments, payment_intents, payment_methods
from .intents import OFFERED_TYPES, check_method
from .invoice_totals import lines_of, set_amounts

_DAY_SECONDS = 86400
_EDITABLE = "auto_advance collection_method days_until_due default_payment_method description due_date footer metadata"
_COPIED = ["auto_advance", "default_payment_method", "description", "due_date", "effective_at", "footer", "number"]
_OPEN = ("open", "uncollectible")


@operation("invoices.create", f"{_EDITABLE} currency customer effective_at number pending_invoice_items_behavior")
def create(sandbox: Sandbox, params: Params) -> Resource:
    """Draft an invoice; its items are added to it, or taken from those that wait."""
    if "customer" not in params:
        raise missing_param("customer")
    customer = customers.live_customer(sandbox, params["customer"])
    method = params.get("collection_method", "charge_automatically")
    invoice = sandbox.new(
        "invoice",
        {
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": False,
            "billing_reason": "manual",
            "collection_method": method,
            "currency": check_currency(params.get("currency") or "usd"),
            "customer": customer["id"],
            **{f"customer_{name}": customer[name] for name in ("address", "email", "name", "phone", "tax_exempt")},
            "due_date": _due_date(sandbox, params, method),
            "metadata": merge_metadata({}, params.get("metadata")),
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "starting_balance": 0,
            "status": "draft",
            "status_transitions": dict.fromkeys(
                ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"),
            ),
            "total_taxes": [],
            **{key: value for key, value in pick(params, _COPIED).items() if value is not None},
        },
    )
    if params.get("pending_invoice_items_behavior", "exclude") == "include":
        invoice_items.take_pending(sandbox, invoice)
    set_amounts(sandbox, invoice)
    sandbox.emit("invoice.created", invoice)
    return invoice


def _due_date(sandbox: Sandbox, params: Params, method: str) -> int | None:
    if method == "send_invoice":
        if ("due_date" in params) == ("days_until_due" in params):
            raise invalid_request("Give days_until_due or due_date with send_invoice.", param="days_until_due")
        return int(params.get("due_date") or sandbox.now() + params["days_until_due"] * _DAY_SECONDS)
    if "due_date" in params or "days_until_due" in params:
        raise invalid_request("Only invoices with collection_method=send_invoice fall due.", param="days_until_due")
    return None


@operation("invoices.update", _EDITABLE)
def update(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Change a draft; afterwards only what is written on it and when it falls due."""
    invoice = sandbox.get("invoice", invoice_id)
    if invoice["status"] != "draft" and set(params) - {"auto_advance", "description", "due_date", "footer", "metadata"}:
        raise invalid_request(
            "Finalized invoices can't be updated in this way.", param="id", code="invoice_not_editable"
        )
    changes = pick(params, ["auto_advance", "collection_method", "default_payment_method", "description", "footer"])
    if {"due_date", "days_until_due", "collection_method"} & set(params):
        method = str(params.get("collection_method", invoice["collection_method"]))
        changes["due_date"] = _due_date(sandbox, params, method)
    changes["metadata"] = merge_metadata(invoice["metadata"], params.get("metadata"))
    sandbox.emit("invoice.updated", invoice, sandbox.update(invoice, changes))
    return invoice


@operation("invoices.finalize_invoice", "auto_advance")
def finalize_invoice(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Make a draft final: numbered, owed, with an intent to pay it; nothing to pay is paid at once."""
    invoice = _in_state(sandbox, invoice_id, "finalize", "draft")
    customer = customers.live_customer(sandbox, invoice["customer"])
    set_amounts(sandbox, invoice, customer)
    invoice.update(
        auto_advance=params.get("auto_advance", invoice["auto_advance"]),
        effective_at=invoice["effective_at"] or sandbox.now(),
        number=invoice["number"] or f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}",
        status="open",
        status_transitions=invoice["status_transitions"] | {"finalized_at": sandbox.now()},
    )
    customer["next_invoice_sequence"] += 1
    sandbox.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        _mark_paid(sandbox, invoice)
    else:
        intent = payment_intents.open_intent(sandbox, _intent_fields(invoice))
        invoice_payments.open_payment(sandbox, invoice, intent)
    return invoice


def _intent_fields(invoice: Resource) -> Resource:
    """What an invoice's own payment intent says; the invoice is not named in it."""
    types = [kind for kind in OFFERED_TYPES if kind == "card" or invoice["currency"] == "usd"]
    return {
        "amount": invoice["amount_due"],
        "automatic_payment_methods": None,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": f"Payment for Invoice {invoice['number']}",
        "metadata": {},
        "payment_method_types": types,
    }


@operation("invoices.send_invoice")
def send_invoice(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Mail an invoice, finalizing it if need be; the sandbox only says that it was sent."""
    if sandbox.get("invoice", invoice_id)["status"] == "draft":
        finalize_invoice(sandbox, {}, invoice_id)
    invoice = _in_state(sandbox, invoice_id, "send", *_OPEN)
    sandbox.emit("invoice.sent", invoice)
    return invoice


@operation("invoices.pay", "off_session paid_out_of_band payment_method")
def pay(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Pay with a saved method, or note that it was paid elsewhere; a draft is finalized first.

    Raises ApiError (402) when the card is refused.
    """
    if sandbox.get("invoice", invoice_id)["status"] == "draft":
        finalized = finalize_invoice(sandbox, {}, invoice_id)
        if finalized["status"] == "paid":
            return finalized
    invoice = _in_state(sandbox, invoice_id, "pay", *_OPEN)
    link = _open_link(sandbox, invoice)
    if params.get("paid_out_of_band"):
        payment_intents.cancel_intent(sandbox, _intent_of(sandbox, link), "void_invoice")
        invoice_payments.close(sandbox, link, None)
        invoice["amount_paid_off_stripe"] = invoice["amount_remaining"]
        _mark_paid(sandbox, invoice)
        return invoice
    _collect(sandbox, invoice, _intent_of(sandbox, link), _method_for(sandbox, invoice, params))
    return invoice


def _method_for(sandbox: Sandbox, invoice: Resource, params: Params) -> Resource:
    customer = customers.live_customer(sandbox, invoice["customer"])
    default = invoice["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    chosen = params.get("payment_method") or default
    if not chosen:
        message = "There is no `default_payment_method` set on this Customer or Invoice."
        raise invalid_request(message, code="resource_missing")
    return payment_methods.usable(sandbox, chosen)


def _collect(sandbox: Sandbox, invoice: Resource, intent: Resource, method: Resource) -> None:
    check_method(sandbox, method, invoice["customer"], intent["payment_method_types"])
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
    try:
        attempts.attempt(sandbox, intent, method, {"off_session": True})
    except ApiError:
        sandbox.emit("invoice.payment_failed", invoice)
        raise


def _intent_of(sandbox: Sandbox, link: Resource) -> Resource:
    intent = sandbox.get("payment_intent", link["payment"]["payment_intent"])
    if intent["status"] == "processing":
        raise invalid_request("A payment of this invoice is processing.", param="id")
    return intent


def _open_link(sandbox: Sandbox, invoice: Resource) -> Resource:
    return sandbox.all("invoice_payment", invoice=invoice["id"], status="open")[0]


def intent_succeeded(sandbox: Sandbox, intent: Resource) -> None:
    """An intent took money; the invoice that it pays, if any, is paid."""
    link = invoice_payments.of_intent(sandbox, intent["id"])
    if link is None:
        return
    invoice = sandbox.get("invoice", link["invoice"])
    invoice["amount_paid"] += intent["amount_received"]
    invoice_payments.close(sandbox, link, intent["amount_received"])
    _mark_paid(sandbox, invoice)


attempts.when_succeeded.append(intent_succeeded)


def _mark_paid(sandbox: Sandbox, invoice: Resource) -> None:
    transitions = invoice["status_transitions"] | {"paid_at": sandbox.now()}
    invoice.update(amount_remaining=0, attempted=True, status="paid", status_transitions=transitions)
    sandbox.emit("invoice.paid", invoice)
    sandbox.emit("invoice.payment_succeeded", invoice)


def credit_before_payment(sandbox: Sandbox, invoice: Resource, amount_minor: int) -> None:
    """A credit note takes so much off what is due; nothing left means paid."""
    for name, sign in (("amount_due", -1), ("amount_remaining", -1), ("pre_payment_credit_notes_amount", 1)):
        invoice[name] += sign * amount_minor
    link = _open_link(sandbox, invoice)
    intent = _intent_of(sandbox, link)
    if invoice["amount_remaining"]:
        intent["amount"] = link["amount_requested"] = invoice["amount_remaining"]
        sandbox.emit("invoice.updated", invoice)
        return
    payment_intents.cancel_intent(sandbox, intent, "void_invoice")
    invoice_payments.close(sandbox, link, None)
    _mark_paid(sandbox, invoice)


@operation("invoices.void_invoice")
def void_invoice(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Take an unpaid invoice back, as if it had never been sent; its number stays used."""
    invoice = _in_state(sandbox, invoice_id, "void", *_OPEN)
    link = _open_link(sandbox, invoice)
    payment_intents.cancel_intent(sandbox, _intent_of(sandbox, link), "void_invoice")
    invoice_payments.close(sandbox, link, None)
    transitions = invoice["status_transitions"] | {"voided_at": sandbox.now()}
    invoice.update(status="void", status_transitions=transitions)
    sandbox.emit("invoice.voided", invoice)
    return invoice


@operation("invoices.mark_uncollectible")
def mark_uncollectible(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Note that an invoice will hardly be paid; it can still be."""
    invoice = _in_state(sandbox, invoice_id, "mark uncollectible", "open")
    transitions = invoice["status_transitions"] | {"marked_uncollectible_at": sandbox.now()}
    invoice.update(status="uncollectible", status_transitions=transitions)
    sandbox.emit("invoice.marked_uncollectible", invoice)
    return invoice


def _in_state(sandbox: Sandbox, invoice_id: str, verb: str, *allowed: str) -> Resource:
    invoice = sandbox.get("invoice", invoice_id)
    if invoice["status"] not in allowed:
        raise invalid_request(f"You cannot {verb} an invoice that is {invoice['status']}.", param="id")
    return invoice


@operation("invoices.delete")
def delete(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Throw a draft away."""
    invoice = _in_state(sandbox, invoice_id, "delete", "draft")
    sandbox.remove("invoice", invoice_id)
    sandbox.emit("invoice.deleted", invoice)
    return {"id": invoice_id, "object": "invoice", "deleted": True}


@operation("invoices.retrieve")
def retrieve(sandbox: Sandbox, params: Params, invoice_id: str) -> Resource:
    """Read an invoice, a draft with the items that it has now."""
    return _current(sandbox, sandbox.get("invoice", invoice_id))


@operation("invoices.list", f"{LIST_PARAMETERS} collection_method customer status")
def list_invoices(sandbox: Sandbox, params: Params) -> Resource:
    """List invoices, newest first."""
    wanted = {name: params.get(name) for name in ("collection_method", "customer", "status")}
    found = [_current(sandbox, invoice) for invoice in sandbox.all("invoice", **wanted)]
    return list_page(found, params, "/v1/invoices")


def _current(sandbox: Sandbox, invoice: Resource) -> Resource:
    if invoice["status"] == "draft":
        set_amounts(sandbox, invoice)
    invoice["lines"] = lines_of(sandbox, invoice)
    return invoice
