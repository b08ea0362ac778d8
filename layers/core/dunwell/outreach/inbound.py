"""What customers begin themselves: they called, and somebody talked with them. The contact rules count it."""

from datetime import datetime

from dunwell.accounts.model import Channel
from dunwell.dates import business_date
from dunwell.ids import stable_id
from dunwell.ledger.model import Account
from dunwell.outreach.contact import CallOutcome, Contact, ContactStatus
from dunwell.outreach.policy import Policy
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.stage import THEY_CALLED


def record_their_call(contacts: ContactStore, account: Account, policy: Policy, key: str, now: datetime) -> None:
    """Keep that a customer called and was talked with about all that is open; the same key again changes nothing."""
    contacts.plan(account.customer.customer_id, [their_call(account, policy, key, now)], ())


def their_call(account: Account, policy: Policy, key: str, at: datetime) -> Contact:
    """That a customer called and was talked with, not kept yet; the same key is the same call."""
    who = account.customer.customer_id
    return Contact(
        contact_id=stable_id("con", who, THEY_CALLED, key),
        customer_id=who,
        currency="",
        channel=Channel.CALL,
        stage=THEY_CALLED,
        invoice_ids=tuple(one.invoice.invoice_id for one in account.open_invoices),
        planned_on=business_date(at, policy.creditor.timezone),
        status=ContactStatus.DELIVERED,
        policy_version=policy.version,
        risk_permille=None,
        model_version="",
        template="",
        sent_at=at,
        call_outcome=CallOutcome.THEY_CALLED,
    )
