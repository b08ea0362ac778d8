"""Holds under which a customer is asked for nothing, not even on a page that they open by themselves."""

from datetime import datetime

from dunwell.accounts.model import Customer

NO_DEMAND = frozenset(
    {
        "bankruptcy",
        "chapter_13_codebtor",
        "discharged",
        "deceased",
        "identity_theft",
        "breathing_space",
        "mental_health_crisis",
        "minor",
    }
)
"""Kinds of the rule table that stop every demand (section 7); what the account holds is shown, and nothing is asked."""


def invoices_not_asked_for(customer: Customer, at: datetime) -> frozenset[str] | None:
    """The invoices under such a hold; None when it covers all that the customer owes."""
    holds = [hold for hold in customer.holds_in_force(at) if hold.kind in NO_DEMAND]
    if any(hold.invoice_id is None for hold in holds):
        return None
    return frozenset(hold.invoice_id for hold in holds if hold.invoice_id)
