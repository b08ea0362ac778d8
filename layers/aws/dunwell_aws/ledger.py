"""The ledger in DynamoDB: a customer's entries in one partition, under one version."""

from collections.abc import Iterator
from typing import Any

from dunwell.accounts.model import Customer
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, Invoice, Payment
from dunwell_aws.table import (
    HEAD,
    INVOICE,
    LEDGER,
    NEW,
    PAYMENT,
    Table,
    from_plain,
    open_shard,
    partition,
    shard_partition,
    to_plain,
)

ENTRIES_PER_CHANGE = 96
"""DynamoDB takes 100 items in a transaction; the head, the outbox and a margin take the rest."""


class DynamoLedger:
    """``dunwell.ledger.ports.Ledger`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, customer_id: str) -> Account | None:
        """See the port. One query."""
        head: dict[str, Any] | None = None
        invoices: dict[str, Invoice] = {}
        payments: dict[str, Payment] = {}
        for stored in self._table.query(partition(customer_id), LEDGER):
            if stored["sk"] == HEAD:
                head = stored
            elif stored["sk"].startswith(INVOICE):
                invoices[stored["invoice_id"]] = from_plain(Invoice, stored)
            else:
                payments[stored["payment_id"]] = from_plain(Payment, stored)
        if head is None:
            return None
        return Account(from_plain(Customer, head["customer"]), head["version"], invoices, payments)

    def commit(self, change: Change) -> Account:
        """See the port. One transaction: head under its version, entries, outbox."""
        after = change.applied()
        pk = partition(after.customer.customer_id)
        known = change.account.version
        condition, values = ("version = :known", {":known": known}) if known else (NEW, None)
        writes = [self._table.put(_head(after), condition, values)]
        for invoice in change.invoices.values():
            writes.append(self._table.put({"pk": pk, "sk": INVOICE + invoice.invoice_id} | to_plain(invoice)))
        for payment in change.payments.values():
            writes.append(self._table.put({"pk": pk, "sk": PAYMENT + payment.payment_id} | to_plain(payment), NEW))
        self._table.transact([*writes, *self._table.outbox(after.customer.customer_id, change.events)])
        return after

    def open_customer_ids(self, shard: int, after: str = "") -> Iterator[str]:
        """See the port. One index query a page of about 10,000 accounts."""
        return (key["work_sk"] for key in self._table.work(shard_partition(shard), after))


def _head(account: Account) -> dict[str, Any]:
    """The account's head: the customer, the version, and balances as a cache under that version."""
    customer_id = account.customer.customer_id
    head = {
        "pk": partition(customer_id),
        "sk": HEAD,
        "version": account.version,
        "customer": to_plain(account.customer),
        "balances": account.balances,
        "unapplied": account.unapplied,
    }
    if account.balances or account.unapplied:
        head |= {"work_pk": open_shard(customer_id), "work_sk": customer_id}
    return head
