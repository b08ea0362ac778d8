"""A customer about to pay."""

from datetime import timedelta

from dunwell.payments.checkout import Checkout
from dunwell.payments.gateway_events import GatewayEvents
from dunwell.payments.order import CheckoutOrder
from tests.support.ledger import in_dispute
from tests.support.memory import InMemoryLedger
from tests.support.portal import NOW, FakeGateway, InMemoryOrderStore, account, customer, invoice


class Shop:
    """A customer with two invoices in dollars, one of them in dispute or not, and one in euros."""

    def __init__(self, *, disputed: bool = False) -> None:
        contested = invoice("A2", 2_550)
        mine = account(
            invoice("A1", 10_000), in_dispute(contested) if disputed else contested, invoice("E1", 700, currency="EUR")
        )
        other = account(invoice("B1", 99), who=customer("cus_bert"))
        self.ledger = InMemoryLedger(mine, other)
        self.orders, self.gateway = InMemoryOrderStore(), FakeGateway()
        self.checkout = Checkout(self.ledger, self.orders, self.gateway)
        self.events = GatewayEvents(self.ledger, self.orders, self.gateway)

    def start(self, *chosen: str, currency: str = "USD", later: timedelta = timedelta(0)) -> str:
        return self.checkout.start(
            "cus_anna",
            currency,
            list(chosen) or None,
            success_url=lambda order: f"https://portal.example/paid?order={order.order_id}",
            cancel_url="https://portal.example/account",
            now=NOW + later,
        )

    def order(self) -> CheckoutOrder:
        (order,) = self.orders.orders("cus_anna")
        return order
