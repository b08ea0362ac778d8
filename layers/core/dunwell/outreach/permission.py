"""May we contact? Puts the account, its contacts and the policy into the words of the contact rules."""

from collections.abc import Sequence
from datetime import datetime

from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.decide import decide
from dunwell.compliance.location import candidates
from dunwell.compliance.model import Channel as RuleChannel
from dunwell.compliance.model import (
    ContactRequest,
    CustomerFacts,
    HistoryEntry,
    HistoryKind,
    Hold,
    MessageFacts,
    Party,
    Purpose,
)
from dunwell.errors import InvalidInputError
from dunwell.hold_kinds import HoldKind
from dunwell.outreach.contact import REACHED_CUSTOMER, CallOutcome, Contact, DecisionRecord
from dunwell.outreach.policy import Policy
from dunwell.outreach.rule_facts import TEXTS, consents_for, facts_of_debts, is_licensed, refused_times
from dunwell.outreach.whereabouts import location_of
from dunwell.timezones import TZDATA_VERSION

UNCLEAR_FACTS = "UNCLEAR_CUSTOMER_FACTS"
"""Reason code of our own: the contact rules cannot tell where the customer is, such as a state that does not exist."""


INTERNAL_ACCOUNT = "INTERNAL_ACCOUNT"
"""Reason code of our own: there is nobody behind the account."""

THE_ACCOUNT = "account"
"""What a message is about that is about no invoice, such as a payment method: a hold on a single debt leaves it alone,
one of the person or of all debts does not."""


NO_ADDRESS = "NO_USABLE_ADDRESS"
"""Reason code of our own: no channel of the stage leads anywhere."""


_RULES = {channel: RuleChannel(channel.value) for channel in Channel if channel.value in set(RuleChannel)} | {
    Channel.WHATSAPP: RuleChannel.SMS,
    Channel.PORTAL: RuleChannel.CHATBOT,
}
"""By whose rules a channel is judged: a chat message is a text message, and the portal speaks when spoken to."""


def may_contact(
    customer: Customer,
    contacts: Sequence[Contact],
    channel: Channel,
    invoice_ids: tuple[str, ...],
    policy: Policy,
    now: datetime,
    words: MessageFacts | None = None,
    purpose: Purpose = Purpose.COLLECTION,
) -> DecisionRecord:
    """Whether a customer may be contacted about invoices on a channel now, and the record of why.

    Args:
        contacts: what was sent before; frequency caps count it.
        words: None while planning; what the rendered message contains when dispatching.
        purpose: why it would be made; see ``announced.purpose_of``.
    """
    if customer.is_internal:
        return DecisionRecord(False, INTERNAL_ACCOUNT, now, None, (), policy.version, TZDATA_VERSION)
    try:
        facts = _facts(customer, contacts, channel, policy, now)
        places = candidates(facts.location).jurisdictions
        decision = decide(
            ContactRequest(
                channel=_RULES[channel],
                now=now,
                party=Party(policy.creditor.party),
                debt_ids=invoice_ids or (THE_ACCOUNT,),
                customer=facts,
                policy=policy.creditor.compliance,
                message=words,
                purpose=purpose,
                account=facts_of_debts(customer, places, contacts, invoice_ids, policy, now),
                licensed=is_licensed(places, facts.location.state, policy),
                third_party_sms_permitted=False,  # an exception is negotiated with the carriers, and none is known here
            )
        )
    except InvalidInputError:
        return DecisionRecord(False, UNCLEAR_FACTS, now, None, (), policy.version, TZDATA_VERSION)
    return DecisionRecord(
        allowed=decision.allowed,
        reason_code=str(decision.reason_code),
        decided_at=now,
        next_allowed=decision.next_allowed,
        rules=decision.rules,
        policy_version=f"{policy.version}/{decision.policy_version}",
        tzdata_version=decision.tzdata_version,
    )


def _facts(
    customer: Customer, contacts: Sequence[Contact], channel: Channel, policy: Policy, now: datetime
) -> CustomerFacts:
    return CustomerFacts(
        consumer=customer.kind is CustomerKind.PERSON,
        location=location_of(customer),
        consents=consents_for(customer, channel, policy, now),
        opted_out=frozenset(_RULES[one] for one in customer.opted_out if one is channel or one not in TEXTS),
        holds=tuple(_holds(customer, now)),
        history=_history(contacts, channel),
        inconvenient=refused_times(customer) if customer.refused_times else (),
    )


def _history(contacts: Sequence[Contact], channel: Channel) -> tuple[HistoryEntry, ...]:
    """What was sent and said before, and what the customer answered on the channel that is asked about."""
    found = [
        HistoryEntry(_RULES[contact.channel], _happened(contact), contact.sent_at)
        for contact in contacts
        if contact.sent_at and (contact.call_outcome or contact.status in REACHED_CUSTOMER)
    ]
    answers = [one.replied_at for one in contacts if one.replied_at and one.channel is channel]
    return tuple(found + [HistoryEntry(_RULES[channel], HistoryKind.INBOUND_MESSAGE, at) for at in answers])


_CALLED = {
    CallOutcome.REACHED: HistoryKind.CONVERSATION,
    CallOutcome.PROMISED: HistoryKind.CONVERSATION,
    CallOutcome.REFUSED: HistoryKind.CONVERSATION,
    CallOutcome.VOICEMAIL: HistoryKind.VOICEMAIL,
    CallOutcome.THEY_CALLED: HistoryKind.INBOUND_CONVERSATION,
}


def _happened(contact: Contact) -> HistoryKind:
    """A call is what came of it: a conversation, a voicemail, or else an attempt; anything else was sent."""
    if contact.channel is not Channel.CALL:
        return HistoryKind.SENT
    outcome = contact.call_outcome
    return _CALLED.get(outcome, HistoryKind.ATTEMPT) if outcome else HistoryKind.ATTEMPT


def _holds(customer: Customer, now: datetime) -> list[Hold]:
    """Every hold, lifted ones with the time of that as their end; the rules judge which are in force."""
    holds = [Hold(HoldKind(hold.kind), hold.placed_at, hold.ends_at, hold.invoice_id) for hold in customer.holds]
    if customer.email and not customer.address(Channel.EMAIL):
        holds.append(Hold(HoldKind.EMAIL_SUPPRESSED, now))
    return holds
