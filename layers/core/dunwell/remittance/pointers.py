"""What the index learns from a change of an account: keys that lead to its new invoices and names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.ledger.change import Change
from dunwell.ledger.entry import EntryKind
from dunwell.remittance.keys import customer_keys, reference_key
from dunwell.remittance.model import DiscountTerm

_SHORT_TERMS = re.compile(r"(?<![\d.,/])(\d{1,2}(?:[.,]\d)?)\s*%?\s*/\s*(\d{1,2})(?![\d/])")
_ABOUT_TERMS = re.compile(r"\bnet|\bn\s*/|%|skonto|discount", re.IGNORECASE)
_LONG_TERMS = re.compile(
    r"(\d{1,2}(?:[.,]\d)?)\s*%[^\d%]{0,30}?(\d{1,3})\s*(?:tagen?|days?|jours?|d[ií]as)", re.IGNORECASE
)
_LARGEST_PERMILLE = 200
SETTLED_DAYS = 183
"""A settled invoice is still found for half a year, so that a second payment of it is noticed."""


@dataclass(frozen=True, slots=True)
class InvoicePointer:
    """Where an invoice is found: a hint, believed only when the account agrees."""

    key: str
    customer_id: str
    invoice_id: str


def invoice_pointers(change: Change) -> Iterator[InvoicePointer]:
    """One for each new invoice whose number tells invoices apart; none of internal accounts.

    None for history either: what a source reports as settled more than half a year ago is not found by the index.
    """
    customer = change.customer or change.account.customer
    if customer.is_internal:
        return
    history = _settled_long_ago(change)
    for invoice_id, invoice in change.invoices.items():
        key = reference_key(invoice.number)
        if key and invoice_id not in change.account.invoices and invoice_id not in history:
            yield InvoicePointer(key, customer.customer_id, invoice_id)


def _settled_long_ago(change: Change) -> set[str]:
    """By the settlements in the change itself: folding the account to know it would cost more than a pointer."""
    if not change.events:
        return set()
    since = change.events[-1].occurred_at.date() - timedelta(days=SETTLED_DAYS)
    full = (one for one in change.entries.values() if one.kind is EntryKind.SETTLEMENT and not one.left_minor)
    return {direction.invoice_id for one in full if one.on < since for direction in one.directed_to}


def new_customer_keys(change: Change) -> tuple[str, ...]:
    """The keys under which the customer is found from this change on, at most three."""
    before = change.account.customer
    customer = change.customer or before
    if customer.is_internal:
        return ()
    keys = customer_keys(customer.number, customer.name)
    if change.account.version == 0:
        return keys
    known = customer_keys(before.number, before.name)
    return tuple(key for key in keys if key not in known)


def discount_terms(terms: str, issued_on: date) -> tuple[DiscountTerm, ...]:
    """The early-payment discounts in an invoice's terms, such as ``2/10 net 30`` or ``2 % Skonto 10 Tage``.

    Implausible ones (more than 20 %) are left out: what is not understood is not granted.
    """
    found = _LONG_TERMS.findall(terms)
    if not found and (_ABOUT_TERMS.search(terms) or _SHORT_TERMS.fullmatch(terms.strip())):
        found = _SHORT_TERMS.findall(terms)
    read = ((_permille(percent), int(days)) for percent, days in found)
    return tuple(
        DiscountTerm(permille, issued_on + timedelta(days=days))
        for permille, days in read
        if 0 < permille <= _LARGEST_PERMILLE
    )


def _permille(percent: str) -> int:
    whole, _, tenth = percent.replace(",", ".").partition(".")
    return int(whole) * 10 + int(tenth or "0")
