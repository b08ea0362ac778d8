"""What is known of a customer, a debt and its creditor, in the words of the contact rules: what is not known is absent.

A rule that needs a fact which nobody recorded refuses. What only the creditor can know stands in the policy, with the
one who answers for it (``compliance.policy.Declaration``).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dunwell.accounts.choices import FROM_PORTAL
from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.model import Account as DebtFacts
from dunwell.compliance.model import Consents, InconvenientTime, Party
from dunwell.compliance.policy import Fact
from dunwell.outreach.contact import Contact
from dunwell.outreach.policy import Policy
from dunwell.outreach.validating import debt_facts, needs_notices

TEXTS = frozenset({Channel.SMS, Channel.WHATSAPP})
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NOTHING = DebtFacts()
_MAYBE_COVERED = DebtFacts(covered_commercial=True)


def facts_of_debts(
    customer: Customer,
    places: frozenset[str],
    contacts: Sequence[Contact],
    invoice_ids: Sequence[str],
    policy: Policy,
    now: datetime,
) -> DebtFacts:
    """What the rules ask of the debts of a contact.

    Args:
        places: the jurisdictions that the customer is or may be in.
    """
    rules, third = policy.creditor.compliance, policy.creditor.party == Party.THIRD
    if customer.kind is not CustomerKind.PERSON:
        covered = "US-CA" in places and not rules.declared(Fact.NO_COVERED_COMMERCIAL_DEBT, now)
        return _MAYBE_COVERED if covered else _NOTHING
    if third:
        facts = debt_facts(contacts, invoice_ids) if needs_notices(customer, policy) else _NOTHING
        noticed = "CA-ON" in places and rules.declared(Fact.ONTARIO_NOTICE, now)
        return replace(facts, notice_sent_at=_LONG_AGO) if noticed else facts
    facts = _NOTHING
    if "US-MA" in places and not rules.declared(Fact.MASSACHUSETTS_VALIDATION, now):
        facts = debt_facts(contacts, invoice_ids)
    if "US-NY-NYC" in places and rules.declared(Fact.ROUTINE_SERVICING, now):
        facts = replace(facts, in_collection_procedures=False)
    return facts


def is_licensed(places: frozenset[str], state: str | None, policy: Policy) -> bool:
    """Whether the policy names a licence, or that none is needed, where the customer is or may be.

    Args:
        state: the customer's, as far as it is known: somebody who may be anywhere has no row.
    """
    return state is not None and ("NYC" if "US-NY-NYC" in places else state) in policy.creditor.licences


def consents_for(customer: Customer, channel: Channel, policy: Policy, now: datetime) -> Consents:
    """What the customer permitted, as far as a channel asks: a text message and a chat message have each their own."""
    given = customer.consent(channel) if channel in TEXTS else None
    mailed = customer.consent(Channel.EMAIL)
    procured, noticed = True, None
    if channel is Channel.EMAIL and policy.creditor.party == Party.THIRD and mailed is None:
        point = customer.point(Channel.EMAIL)
        procured = point is not None and point.verified_at is not None
        notice = None if procured else policy.creditor.compliance.declared(Fact.EMAIL_NOTICE, now)
        noticed = notice.at if notice else None
    return Consents(
        sms=given is not None,
        sms_last_confirmed=given.at if given else None,
        electronic=given is not None and given.how == FROM_PORTAL,  # read, and agreed to in writing
        email=mailed is not None,
        email_procured=procured,
        creditor_email_notice_at=noticed,
    )


def refused_times(customer: Customer) -> tuple[InconvenientTime, ...]:
    """The times of the week in which the customer does not want to be contacted."""
    return tuple([InconvenientTime(frozenset(one.days), one.start, one.end) for one in customer.refused_times])
