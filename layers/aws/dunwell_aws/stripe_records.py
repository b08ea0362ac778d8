"""Stripe's objects as canonical records.

What each becomes:

* a finalized invoice: its amount is what the customer was asked for, before credit notes and after what Stripe took
  from the customer's balance, so that what is open here is what is open there; a void one is removed;
* what was paid outside Stripe: a payment of its own, because there is no charge for it;
* a credit note: the part that lowered an open invoice and the part that was refunded, because the refund opens the
  invoice again; what went to the customer's balance lowers the next invoice there already;
* a charge: the payment of its intent, under the key that the webhook uses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from dunwell.accounts.model import CustomerKind
from dunwell.errors import RefusedError
from dunwell.ingestion.records import (
    CreditNoteRecord,
    CustomerRecord,
    InvoiceRecord,
    PaymentRecord,
    Record,
    Reject,
    RejectedRowError,
)
from dunwell.ledger.model import Delivery
from dunwell.timezones import zone
from dunwell_aws.stripe_amounts import from_stripe

Object = Mapping[str, Any]
"""One of Stripe's objects as plain data."""

_FINAL = {"open", "paid", "uncollectible", "void"}


@dataclass(frozen=True, slots=True)
class Reading:
    """When objects were read, and in whose calendar their dates are.

    Attributes:
        version: the instant before they were read, in ISO 8601 with microseconds, UTC: a later reading is newer.
        timezone: the creditor's IANA zone.
    """

    version: str
    timezone: str

    def date(self, epoch: int) -> date:
        """The creditor's calendar date of an instant (seconds since 1970)."""
        return datetime.fromtimestamp(epoch, UTC).astimezone(zone(self.timezone)).date()


def customer_record(customer: Object, reading: Reading, *, removed: bool = False) -> CustomerRecord:
    """A customer that is there, or, with ``removed``, as it was when it was deleted."""
    address = customer.get("address") or {}
    name = customer.get("business_name") or customer.get("individual_name") or customer.get("name")
    person = customer.get("individual_name") and not customer.get("business_name")
    return CustomerRecord(
        line=0,
        customer_number=customer["id"],
        customer_name=name or customer.get("email") or customer["id"],
        customer_kind=CustomerKind.PERSON if person else CustomerKind.BUSINESS,
        email=customer.get("email") or "",
        phone=customer.get("phone") or "",
        language=next(iter(customer.get("preferred_locales") or []), "")[:2].lower(),
        street=", ".join(line for line in (address.get("line1"), address.get("line2")) if line),
        city=address.get("city") or "",
        postcode=address.get("postal_code") or "",
        region=address.get("state") or "",
        country=(address.get("country") or "").upper(),
        version=reading.version,
        removed=removed,
    )


def customer_behind(thing: Object, reading: Reading) -> CustomerRecord | None:
    """The customer of an invoice, a credit note or a charge whose ``customer`` is expanded; None when it has none.

    Of a deleted customer only what the thing itself says is left.
    """
    customer = thing.get("customer")
    if not customer:
        return None
    if not customer.get("deleted"):
        return customer_record(customer, reading)
    billing = thing.get("billing_details") or {}
    left = {
        "id": customer["id"],
        "name": thing.get("customer_name") or billing.get("name"),
        "email": thing.get("customer_email") or billing.get("email"),
        "phone": thing.get("customer_phone") or billing.get("phone"),
        "address": thing.get("customer_address") or billing.get("address"),
    }
    return customer_record(left, reading, removed=True)


def invoice_records(invoice: Object, reading: Reading) -> list[Record]:
    """An invoice with its customer expanded; nothing for a draft, and for one that asks for no money.

    Raises:
        RejectedRowError: an amount is finer than the ledger counts.
    """
    asked = invoice["amount_due"] + invoice["pre_payment_credit_notes_amount"]
    if invoice["status"] not in _FINAL or asked <= 0:
        return []
    number, customer = _number(invoice), invoice["customer"]["id"]
    currency = invoice["currency"].upper()
    issued = invoice.get("effective_at") or invoice["status_transitions"]["finalized_at"] or invoice["created"]
    record = InvoiceRecord(
        line=0,
        customer_number=customer,
        invoice_number=number,
        currency=currency,
        amount_minor=minor_units(asked, currency, number),
        issued_on=reading.date(issued),
        due_on=reading.date(max(issued, invoice.get("due_date") or issued)),
        tax_minor=minor_units(sum(tax["amount"] for tax in invoice.get("total_taxes") or []), currency, number),
        delivery=Delivery.ELECTRONIC if invoice.get("collection_method") == "send_invoice" else None,
        version=reading.version,
        removed=invoice["status"] == "void",
    )
    elsewhere = minor_units(invoice.get("amount_paid_off_stripe") or 0, currency, number)
    if not elsewhere:
        return [record]
    paid = PaymentRecord(
        line=0,
        customer_number=customer,
        reference=f"{invoice['id']}#off_stripe",
        currency=currency,
        amount_minor=elsewhere,
        received_on=reading.date(invoice["status_transitions"]["paid_at"] or issued),
        pays=((number, elsewhere),),
        version=reading.version,
    )
    return [record, paid]


def _number(invoice: Object) -> str:
    return str(invoice.get("number") or invoice["id"])


def credit_note_records(note: Object, reading: Reading) -> list[Record]:
    """A credit note with its customer and its invoice expanded; nothing when it changed no open balance.

    Raises:
        RejectedRowError: its amount is finer than the ledger counts.
    """
    refunded = sum(refund["amount_refunded"] for refund in note.get("refunds") or [])
    amount = note["pre_payment_amount"] + refunded
    if amount <= 0:
        return []
    currency = note["currency"].upper()
    record = CreditNoteRecord(
        line=0,
        customer_number=note["customer"]["id"],
        credit_number=note["number"],
        currency=currency,
        amount_minor=minor_units(amount, currency, note["number"]),
        issued_on=reading.date(note.get("effective_at") or note["created"]),
        invoice_number=_number(note["invoice"]),
        version=reading.version,
        removed=note["status"] == "void",
    )
    return [record]


def payment_records(
    charge: Object, reading: Reading, links: Iterable[Object] = (), disputes: Sequence[Object] = ()
) -> list[Record]:
    """A charge, with its customer, intent and refunds expanded, as the payment that it is or announces.

    A card that was refused announced nothing, and what is only reserved is not money yet: both give nothing.

    Args:
        links: the invoice payments of its intent, with their invoices expanded.
        disputes: those of the charge, whose money a bank may have taken back.

    Raises:
        RejectedRowError: an amount is finer than the ledger counts.
    """
    intent = charge.get("payment_intent") or {}
    taken = intent.get("amount_received") or charge["amount_captured"]
    pending, failed = charge["status"] == "pending", _is_failed_debit(charge, intent)
    amount = charge["amount"] if pending or failed else taken if charge["status"] == "succeeded" else 0
    if amount <= 0:
        return []
    currency = charge["currency"].upper()
    minor = minor_units(amount, currency, charge["id"])
    refunded, refunded_at = refunded_of(charge)
    gone, gone_at = _taken_back(charge, disputes)
    pays = [(link, link["amount_paid"] or link["amount_requested"]) for link in links if link["status"] != "canceled"]
    record = PaymentRecord(
        line=0,
        customer_number=(charge.get("customer") or {}).get("id", ""),
        reference=f"{intent.get('id') or charge['id']}#succeeded",
        currency=currency,
        amount_minor=minor,
        received_on=reading.date(charge["created"]),
        pays=tuple((_number(link["invoice"]), minor_units(part, currency, charge["id"])) for link, part in pays),
        refunded_minor=min(minor, minor_units(refunded, currency, charge["id"])),
        refunded_on=reading.date(refunded_at) if refunded else None,
        taken_back_minor=min(minor, minor_units(gone, currency, charge["id"])),
        taken_back_on=reading.date(gone_at) if gone else None,
        pending=pending,
        failed=failed,
        version=reading.version,
    )
    return [record]


def _is_failed_debit(charge: Object, intent: Object) -> bool:
    """A debit that was announced and came to nothing, unless its intent has been tried again since."""
    announced = (charge.get("payment_method_details") or {}).get("type") not in (None, "card")
    return charge["status"] == "failed" and announced and intent.get("latest_charge") in (None, charge["id"])


def refunded_of(charge: Object) -> tuple[int, int]:
    """How much of what was taken was refunded (Stripe's units), and when last (seconds since 1970).

    What was reserved and never taken is no refund.
    """
    released = charge["amount"] - charge["amount_captured"] if charge["captured"] else 0
    refunds = (charge.get("refunds") or {}).get("data") or []
    moments = [refund["created"] for refund in refunds if refund["status"] not in ("failed", "canceled")]
    return max(0, charge["amount_refunded"] - released), max(moments, default=charge["created"])


def withdrawn_of(dispute: Object) -> int:
    """How much of a disputed charge the bank has now (Stripe's units); 0 before it took it and after it returned it.

    The bank took it as often as transactions say; their own amounts are in the account's currency.
    """
    moves = [-1 if move["amount"] < 0 else 1 for move in dispute["balance_transactions"]]
    return int(dispute["amount"]) if sum(moves) < 0 else 0


def _taken_back(charge: Object, disputes: Iterable[Object]) -> tuple[int, int]:
    gone = [dispute for dispute in disputes if withdrawn_of(dispute)]
    last = max((dispute["created"] for dispute in gone), default=charge["created"])
    return sum(withdrawn_of(dispute) for dispute in gone), last


def minor_units(amount: int, currency: str, what: str) -> int:
    """An amount of Stripe's in the ledger's minor units.

    Raises:
        RejectedRowError: it is finer than the ledger counts; ``what`` names the object.
    """
    try:
        return from_stripe(amount, currency)
    except RefusedError as error:
        raise RejectedRowError(Reject(0, "amount", what, str(error), "post it by hand")) from error
