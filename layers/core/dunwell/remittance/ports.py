"""What cash application asks from outside: a few look-ups by key, so that open invoices are never scanned."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from dunwell.remittance.model import AccountLink, BankLine, OpenInvoice, Payer, Payout, PostedLine
from dunwell.remittance.records import LineRecord

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


class Pointers(Protocol):
    """The stored half of the index: keys to ids, learned accounts, payouts and earlier lines."""

    def invoices(self, keys: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Customer's and invoice's ids under reference keys; keys without any are left out."""
        ...

    def customers(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Customers' ids under keys of names and numbers, at most ``MAX_HITS`` a key."""
        ...

    def links(self, key: str) -> Sequence[AccountLink]:
        """Customers for whom an account paid, under the account's key."""
        ...

    def payouts(self, currency: str, amount_minor: int) -> Sequence[Payout]:
        """Gateway payouts of exactly this amount."""
        ...

    def posted_lines(self, currency: str, amount_minor: int, since: date) -> Sequence[PostedLine]:
        """Lines of exactly this amount, booked since a day, that are customers' payments; newest first."""
        ...


class BankLines(Protocol):
    """Records of bank lines."""

    def records(self, lines: Sequence[BankLine]) -> Mapping[str, LineRecord]:
        """What is kept of these lines, by line id; unknown ones are left out."""
        ...

    def record(self, item_id: str) -> LineRecord | None:
        """One record by its id (``LineRecord.item_id``)."""
        ...

    def keep(self, record: LineRecord, learned: str = "") -> None:
        """Write a record if the stored one is the version before it (none before version 1).

        Args:
            learned: the key of an account that paid for the customer chosen: counted once, with the write.

        Raises:
            ConflictError: it was changed meanwhile.
        """
        ...

    def listed(self) -> Sequence[LineRecord]:
        """Records on the work list, oldest line first."""
        ...

    def reconcile(self, payout_id: str, line: BankLine) -> None:
        """Note that a payout arrived as this line; again changes nothing."""
        ...
