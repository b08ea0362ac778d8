"""The remittance index in memory: the same keys as the deployed one, in dictionaries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dunwell.remittance.keys import account_key, customer_keys, reference_key
from dunwell.remittance.model import AccountLink, OpenInvoice, Payer, Payout, PostedLine
from dunwell.remittance.ports import MAX_HITS


class InMemoryRemittanceIndex:
    """``RemittanceIndex`` over dictionaries; ``put_…`` write what the deployed one stores."""

    def __init__(self) -> None:
        self._invoices: dict[str, OpenInvoice] = {}
        self._by_reference: dict[str, dict[str, None]] = defaultdict(dict)
        self._by_customer: dict[str, dict[str, None]] = defaultdict(dict)
        self._payers: dict[str, Payer] = {}
        self._by_key: dict[str, dict[str, None]] = defaultdict(dict)
        self._accounts: dict[str, dict[str, int]] = defaultdict(dict)
        self._payouts: dict[tuple[str, int], list[Payout]] = defaultdict(list)
        self._posted: dict[tuple[str, int], list[PostedLine]] = defaultdict(list)

    def put_payer(self, payer: Payer) -> None:
        """Writes a customer: at most three keys."""
        self._payers[payer.customer_id] = payer
        for key in customer_keys(payer.number, payer.name):
            self._by_key[key][payer.customer_id] = None

    def put_invoice(self, invoice: OpenInvoice) -> None:
        """Writes an invoice, or writes it again with what is open now: one key."""
        self._invoices[invoice.invoice_id] = invoice
        self._by_customer[invoice.customer_id][invoice.invoice_id] = None
        if key := reference_key(invoice.number):
            self._by_reference[key][invoice.invoice_id] = None

    def pay(self, invoice_id: str, amount_minor: int) -> None:
        """Takes an amount off what is open on an invoice."""
        invoice = self._invoices[invoice_id]
        self._invoices[invoice_id] = replace(invoice, open_minor=max(0, invoice.open_minor - amount_minor))

    def learn_account(self, account: str, customer_id: str, times: int = 1) -> None:
        """Remembers that an account paid for a customer."""
        known = self._accounts[account_key(account)]
        known[customer_id] = known.get(customer_id, 0) + times

    def put_payout(self, payout: Payout) -> None:
        """Writes a payout that a gateway announced."""
        self._payouts[payout.currency, payout.amount_minor].append(payout)

    def put_posted(self, currency: str, posted: PostedLine) -> None:
        """Remembers an applied line."""
        self._posted[currency, posted.amount_minor].append(posted)

    def invoices_by_reference(self, keys: Sequence[str]) -> Mapping[str, Sequence[OpenInvoice]]:
        """See the port."""
        found = ((key, self._by_reference.get(key)) for key in keys)
        return {key: [self._invoices[one] for one in _first(ids)] for key, ids in found if ids}

    def customers_by_account(self, key: str) -> Sequence[AccountLink]:
        """See the port."""
        return [AccountLink(*one) for one in list(self._accounts.get(key, {}).items())[:MAX_HITS]]

    def customers_by_key(self, keys: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """See the port."""
        found = ((key, self._by_key.get(key)) for key in keys)
        return {key: _first(ids) for key, ids in found if ids}

    def payers(self, customer_ids: Sequence[str]) -> Mapping[str, Payer]:
        """See the port."""
        return {one: self._payers[one] for one in customer_ids if one in self._payers}

    def open_invoices(self, customer_id: str, currency: str) -> Sequence[OpenInvoice]:
        """See the port."""
        mine = (self._invoices[one] for one in self._by_customer.get(customer_id, ()))
        return [one for one in mine if one.open_minor and one.currency == currency]

    def payouts(self, currency: str, amount_minor: int) -> Sequence[Payout]:
        """See the port."""
        return self._payouts.get((currency, amount_minor), [])

    def posted_lines(self, currency: str, amount_minor: int) -> Sequence[PostedLine]:
        """See the port."""
        return self._posted.get((currency, amount_minor), [])[-MAX_HITS:]


def _first(ids: Iterable[str]) -> list[str]:
    return list(ids)[:MAX_HITS]
