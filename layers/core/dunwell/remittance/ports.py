"""What cash application asks from outside: a few look-ups by key, so that open invoices are never scanned."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from dunwell.remittance.model import AccountLink, OpenInvoice, Payer, Payout, PostedLine

MAX_HITS = 25
"""Answers per key that are worth reading: a key with more is too common to tell anything."""


class RemittanceIndex(Protocol):
    """Look-ups by key. Each answers at most ``MAX_HITS`` a key and leaves keys without an answer out.

    What is written for it (``dunwell.remittance.keys``): one item an invoice under ``reference_key(number)``; at most
    three a customer under ``customer_keys(number, name)``; one a learned payer account under ``account_key(account)``.
    A settled invoice's item stays for half a year with ``open_minor`` 0, so that a second payment is recognised.
    """

    def invoices_by_reference(self, keys: Sequence[str]) -> Mapping[str, Sequence[OpenInvoice]]:
        """Invoices, open or lately settled, under reference keys."""
        ...

    def customers_by_account(self, key: str) -> Sequence[AccountLink]:
        """Customers for whom this account paid before."""
        ...

    def customers_by_key(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Ids of customers under keys of their names and numbers."""
        ...

    def payers(self, customer_ids: Sequence[str]) -> Mapping[str, Payer]:
        """The customers by id; unknown ids are left out."""
        ...

    def open_invoices(self, customer_id: str, currency: str) -> Sequence[OpenInvoice]:
        """All open invoices of a customer in a currency: one query of one account."""
        ...

    def payouts(self, currency: str, amount_minor: int) -> Sequence[Payout]:
        """Gateway payouts of exactly this amount."""
        ...

    def posted_lines(self, currency: str, amount_minor: int) -> Sequence[PostedLine]:
        """Lines of exactly this amount (minor units, more than zero) applied in the last ninety days."""
        ...
