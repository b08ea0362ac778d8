"""What customers begin themselves: they called, and somebody talked with them. The contact rules count it."""

from datetime import datetime

from dunwell.accounts.model import Channel
from dunwell.dates import business_date
from dunwell.ids import stable_id
from dunwell.ledger.model import Account
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore

THEY_CALLED = "they_called"
"""The stage of such a conversation: none of a policy's, so that it says nothing that a reminder would."""


def record_their_call(contacts: ContactStore, account: Account, policy: Policy, key: str, now: datetime) -> None:
    """Keep that a customer called and was talked with about all that is open; the same key again changes nothing."""
    who = account.customer.customer_id
    made = Contact(
        contact_id=stable_id("con", who, THEY_CALLED, key),
        customer_id=who,
        currency="",
        channel=Channel.CALL,
        stage=THEY_CALLED,
        invoice_ids=tuple(one.invoice.invoice_id for one in account.open_invoices),
        planned_on=business_date(now, policy.creditor.timezone),
        status=ContactStatus.DELIVERED,
        policy_version=policy.version,
        risk_permille=None,
        model_version="",
        template="",
        sent_at=now,
        call_outcome=CallOutcome.THEY_CALLED,
    )
    contacts.plan(who, [made], ())
