"""What the console's page of a customer shows."""

import secrets
from datetime import datetime
from typing import Any

from dunwell.accounts.exposure import exposures
from dunwell.assist.customer_desk import CustomerDesk, settled_invoices, standing_charges
from dunwell.compliance.model import HoldKind
from dunwell.dates import business_date
from dunwell.ledger.adjusting import CreditReason, WriteOffReason
from dunwell.outreach.whereabouts import whereabouts
from dunwell_aws.agent_forms import CUSTOMER_DONE, NOTE_LENGTH
from dunwell_aws.web import Form

SETTLED_SHOWN = 100
_KEY_BYTES = 16


def customer_values(
    desk: CustomerDesk, customer_id: str, now: datetime, form: Form | None = None, done: str = ""
) -> dict[str, Any]:
    """The values of ``customer.html``.

    Args:
        form: what was filled in and refused; done: the action that led here.

    Raises:
        NotFoundError: there is no such customer.
    """
    account = desk.account(customer_id)
    customer = account.customer
    parent = desk.ledger.load(customer.parent_id) if customer.parent_id else None
    return {
        "account": account,
        "customer": customer,
        "points": [(point, customer.status(point)) for point in customer.contact_points],
        "whereabouts": whereabouts(customer),
        "exposures": exposures(customer, account.balances),
        "parent": parent.customer if parent else None,
        "holds": sorted(customer.holds, key=lambda hold: hold.placed_at, reverse=True),
        "charges": standing_charges(account),
        "settled": settled_invoices(account, SETTLED_SHOWN),
        "kinds": {"hold": list(HoldKind), "write_off": list(WriteOffReason), "credit": list(CreditReason)},
        # Names this showing of the forms: whoever sends one of them twice decides once.
        "key": secrets.token_hex(_KEY_BYTES),
        "now": now,
        "today": business_date(now, desk.zone_name),
        "note_length": NOTE_LENGTH,
        "notice": CUSTOMER_DONE.get(done, ""),
        "given": form or Form({}),
    }
