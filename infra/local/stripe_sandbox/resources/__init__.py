"""The operations of each resource; importing this package registers them all."""

from . import (
    accounting,
    charges,
    checkout_sessions,
    credit_notes,
    customers,
    disputes,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    setup_intents,
    webhook_endpoints,
)

__all__ = [
    "accounting",
    "charges",
    "checkout_sessions",
    "credit_notes",
    "customers",
    "disputes",
    "events",
    "invoice_items",
    "invoice_payments",
    "invoices",
    "payment_intents",
    "payment_methods",
    "payouts",
    "refunds",
    "setup_intents",
    "webhook_endpoints",
]
