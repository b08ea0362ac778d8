"""Checkout orders in DynamoDB, beside the customer's ledger entries."""

from datetime import timedelta

from dunwell.payments.order import CheckoutOrder
from dunwell_aws.table import CHECKOUT, NEW, Table, from_plain, partition, to_plain, ttl_after

_KEPT = timedelta(days=90)


class DynamoOrderStore:
    """``dunwell.payments.ports.OrderStore`` over the one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def order(self, customer_id: str, order_id: str) -> CheckoutOrder | None:
        """See the port."""
        stored = self._table.get(partition(customer_id), CHECKOUT + order_id)
        return from_plain(CheckoutOrder, stored) if stored else None

    def orders(self, customer_id: str) -> list[CheckoutOrder]:
        """See the port. One query; orders are kept for 90 days."""
        return [from_plain(CheckoutOrder, stored) for stored in self._table.query(partition(customer_id), CHECKOUT)]

    def save(self, order: CheckoutOrder) -> None:
        """See the port. One conditional write."""
        stored = {"pk": partition(order.customer_id), "sk": CHECKOUT + order.order_id} | to_plain(order)
        stored["ttl"] = ttl_after(int(_KEPT.total_seconds()))
        condition, values = (NEW, None) if order.version == 1 else ("version = :before", {":before": order.version - 1})
        self._table.transact([self._table.put(stored, condition, values)])
