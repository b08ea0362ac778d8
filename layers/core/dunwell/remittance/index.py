"""The remittance index: pointers from a store, and what they point to from the accounts themselves.

A pointer is only a hint. What is open is read from the account, so that an invoice paid a moment ago is not open, and a
pointer to an invoice that was never written leads nowhere.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.ports import Ledger
from dunwell.remittance.keys import customer_number_keys, name_lookup_keys
from dunwell.remittance.model import AccountLink, OpenInvoice, Payer, Payout, PostedLine
from dunwell.remittance.pointers import SETTLED_DAYS, discount_terms
from dunwell.remittance.ports import MAX_HITS, Pointers

POSTED_DAYS = 90


class LedgerIndex:
    """``RemittanceIndex`` over the ledger and a store of pointers. Accounts are read once until ``forget``.

    Args:
        today: the creditor's business date.
    """

    def __init__(self, ledger: Ledger, pointers: Pointers, today: date) -> None:
        self._ledger = ledger
        self._pointers = pointers
        self._settled_since = today - timedelta(days=SETTLED_DAYS)
        self._posted_since = today - timedelta(days=POSTED_DAYS)
        self._accounts: dict[str, Account | None] = {}

    def forget(self) -> None:
        """Read accounts anew from now on: one of them was changed."""
        self._accounts.clear()

    # --- RemittanceIndex ---

    def invoices_by_reference(self, keys: Sequence[str]) -> Mapping[str, Sequence[OpenInvoice]]:
        """See the port. One request, and one query for each customer that is pointed to."""
        found: dict[str, Sequence[OpenInvoice]] = {}
        for key, pointers in self._pointers.invoices(keys).items():
            invoices = [self._invoice(*pointer) for pointer in list(pointers)[:MAX_HITS]]
            if known := [one for one in invoices if one]:
                found[key] = known
        return found

    def customers_by_account(self, key: str) -> Sequence[AccountLink]:
        """See the port."""
        return self._pointers.links(key)

    def customers_by_key(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """See the port."""
        return self._pointers.customers(keys)

    def payers(self, customer_ids: Sequence[str]) -> Mapping[str, Payer]:
        """See the port. A customer that became part of another one is that one."""
        accounts = (self.account(one) for one in customer_ids)
        customers = {account.customer.customer_id: account.customer for account in accounts if account}
        return {i: Payer(i, one.number, one.name) for i, one in customers.items() if not one.is_internal}

    def open_invoices(self, customer_id: str, currency: str) -> Sequence[OpenInvoice]:
        """See the port."""
        account = self.account(customer_id)
        items = account.open_invoices if account else ()
        return [
            _described(account, item.invoice, item.open_minor)
            for item in items
            if account and item.invoice.currency == currency and not item.invoice.removed
        ]

    def payouts(self, currency: str, amount_minor: int) -> Sequence[Payout]:
        """See the port."""
        return self._pointers.payouts(currency, amount_minor)

    def posted_lines(self, currency: str, amount_minor: int) -> Sequence[PostedLine]:
        """See the port."""
        return self._pointers.posted_lines(currency, amount_minor, self._posted_since)

    # --- accounts ---

    def customers_called(self, text: str) -> list[Account]:
        """The customers that have exactly this number, or else this name, whatever source they are from."""
        keys = [*customer_number_keys([text]), *name_lookup_keys(text)]
        ids = {one for many in self._pointers.customers(keys).values() for one in many}
        accounts = {a.customer.customer_id: a for a in map(self.account, sorted(ids)) if a}
        wanted = text.casefold()
        numbered = [a for a in accounts.values() if a.customer.number.casefold() == wanted]
        return numbered or [a for a in accounts.values() if a.customer.name.casefold() == wanted]

    def _invoice(self, customer_id: str, invoice_id: str) -> OpenInvoice | None:
        account = self.account(customer_id)
        if account and (moved_to := account.moved.get(invoice_id)):
            account = self.account(moved_to)
        invoice = account.invoices.get(invoice_id) if account else None
        if account is None or invoice is None or invoice.removed or account.customer.is_internal:
            return None
        open_minor = account.open_minor(invoice_id)
        closed_on = account.settlement_dates.get(invoice_id)
        if open_minor == 0 and (closed_on is None or closed_on < self._settled_since):
            return None
        return _described(account, invoice, open_minor)

    def account(self, customer_id: str) -> Account | None:
        """The account that a customer's facts are on, through mergers."""
        if customer_id not in self._accounts:
            self._accounts[customer_id] = self._ledger.load(customer_id)
        return self._accounts[customer_id]


def _described(account: Account, invoice: Invoice, open_minor: int) -> OpenInvoice:
    return OpenInvoice(
        invoice.invoice_id,
        account.customer.customer_id,
        invoice.number,
        invoice.currency,
        open_minor,
        invoice.issued_on,
        invoice.due_on,
        discount_terms(invoice.terms, invoice.issued_on),
    )
