"""A kept decision in plain words: what was decided, why, on which facts, and by whose rules."""

from collections.abc import Iterator, Mapping
from datetime import date

from dunwell.compliance.catalogue import RULES
from dunwell.money import format_money
from dunwell.outreach.announce import AnnouncementDecision, AnnouncementFacts
from dunwell.outreach.announced import MANNERS
from dunwell.outreach.choice import NOT_WORTH_IT, Choice
from dunwell.outreach.contact import Contact, ContactStatus, DecisionRecord
from dunwell.outreach.decisions import AccountFacts, DispatchDecision, PlanDecision
from dunwell.outreach.policy import Policy
from dunwell.outreach.thanks import ThanksDecision, ThanksFacts
from dunwell.outreach.validating import last_day, on_record
from dunwell_aws.decision_log import Decision, StoredDecision

_CITATIONS = {rule.id: rule.citation for rule in RULES}
_SILENCE: Mapping[str, str] = {
    "NOTHING_TO_ASK_FOR": "nothing may be asked for: it is disputed, withdrawn, a trifle, or not due for a message yet",
    "UNDER_WAY": "a message is under way already",
    "TOO_SOON": "the last message is too recent",
    "IN_CASE": "the account is with an agent",
    "ESCALATED": "the account was handed to an agent",
    "PATIENT": "the customer is likely to pay without being reminded, and has a while longer",
    "STILL_REFUSED": "the contact rules refuse it for the reason that they gave before",
    "ALREADY_SAID": "this was said before and is not to be repeated yet",
    "NOT_WORTH_IT": "a message would cost more than it may bring in",
    "EXCLUDED": "the policy leaves these invoices out of messages",
    "ON_HOLD": "every invoice is on hold",
    "COVERED": "money that is not applied yet covers what is open",
    "WITHIN_TOLERANCE": "so little is not worth a message",
    "NOT_DUE": "no stage of the policy is due yet",
    "VALIDATION": "its validation notice has not gone out yet, or the time to dispute it is not over",
    "PAUSED": "messages are paused for this customer",
}
_REFUSALS: Mapping[str, str] = {
    "VALIDATION_NOTICE_OVERDUE": "the validation notice did not follow within five days, and goes before anything else",
    "ESIGN_CONSENT": "after something was said about the debt, its validation notice goes by letter",
    "NO_USABLE_ADDRESS": "no channel of the stage leads to an address that works",
    "UNCLEAR_CUSTOMER_FACTS": "it is not clear where the customer is",
    "JURISDICTION_NOT_COVERED": "the country is not known, or no rules are known for it",
    "INTERNAL_ACCOUNT": "nobody is behind the account",
}


def told(stored: StoredDecision) -> Iterator[str]:
    """The lines that explain a decision; whether it is the same today, ``explain`` adds."""
    decision = stored.decision
    yield f"Decision {stored.decision_id}"
    at = f"{decision.now:%Y-%m-%d %H:%M} UTC"
    if isinstance(decision, PlanDecision):
        yield f"Planning of {decision.as_of} for customer {decision.customer_id}, decided {at}."
        yield from _of_plan(decision)
    elif isinstance(decision, ThanksDecision):
        yield f"Thanks of {decision.as_of} for customer {decision.customer_id}, decided {at}."
        yield from (line for contact in decision.plan.contacts for line in _of_contact(contact))
    elif isinstance(decision, AnnouncementDecision):
        what = f"Announcement of {decision.as_of} for customer {decision.customer_id} after {decision.event}"
        yield f"{what} ({decision.event_id}), decided {at}."
        yield from (line for contact in decision.plan.contacts for line in _of_contact(contact))
    else:
        yield f"Before sending contact {decision.contact_id} to customer {decision.customer_id}, decided {at}."
        yield from _of_dispatch(decision)
    yield from _facts(decision)
    yield from _noticed(decision, stored.policy)
    by = stored.versions
    yield f"Versions: policy {by.policy}, rules {by.rules}, time zones {by.tzdata}, code {by.code}."
    yield from _relaxed(stored.policy)


def _of_plan(decision: PlanDecision) -> Iterator[str]:
    plan = decision.plan
    for contact in plan.contacts:
        yield from _of_contact(contact)
    for choice in plan.choices:
        yield from _of_choice(choice)
    for event in plan.escalations:
        reasons = str(event.data["reason_codes"]).lower().replace("_", " ").replace(",", ", ")
        yield f"{event.data['currency']}: handed to an agent: {reasons}."
    for skipped in plan.skipped:
        why = _SILENCE.get(skipped.reason.value, skipped.reason.value.lower().replace("_", " "))
        yield f"{skipped.currency}: no message ({skipped.reason.value}): {why}."
    if not (plan.contacts or plan.escalations or plan.skipped):
        yield "No message: nothing is open."


def _of_contact(contact: Contact) -> Iterator[str]:
    told = contact.stage in MANNERS
    invoices = f" about {', '.join(contact.invoice_ids)}" * bool(contact.invoice_ids)
    about = f"{'announcement' if told else 'stage'} {contact.stage!r} by {contact.channel.value}{invoices}"
    if contact.status is ContactStatus.PLANNED:
        later = f", to leave from {contact.send_after:%Y-%m-%d %H:%M} UTC on" if contact.send_after else ""
        yield f"{contact.currency}: a message was planned: {about}{later}."
    else:
        wanted = "there was" if told else "policy asked for"
        yield f"{contact.currency}: no message: {wanted} {about}, but it was not permitted."
    yield from _of_rules(contact.decisions[-1])


def _of_dispatch(decision: DispatchDecision) -> Iterator[str]:
    sent = "was cleared for sending" if decision.record.allowed else "was not sent"
    yield f"The message by {decision.channel.value} {sent}."
    yield from _of_rules(decision.record)


def _of_rules(record: DecisionRecord) -> Iterator[str]:
    if record.allowed:
        yield f"  Permitted: {len(record.rules)} rules were asked and none stands in the way."
    else:
        why = _REFUSALS.get(record.reason_code, record.reason_code.lower().replace("_", " "))
        yield f"  Refused ({record.reason_code}): {why}."
        if record.next_allowed:
            yield f"  Time alone lifts this from {record.next_allowed:%Y-%m-%d %H:%M} UTC on."
    for position, rule in enumerate(record.rules):
        verdict = "forbids" if position == 0 and not record.allowed else "passed"
        yield f"    {verdict:8} {rule}: {_CITATIONS.get(rule, 'no longer in the catalogue')}"


def _of_choice(choice: Choice) -> Iterator[str]:
    words = {
        "preferred": "the customer prefers it",
        "drawn": "drawn by expected response",
        "best": "the best expected response",
        NOT_WORTH_IT: "none is worth its cost",
    }
    why = words.get(choice.why, choice.why)
    then = f", in the {choice.part.value} ({words.get(choice.why_part, choice.why_part)})" if choice.part else ""
    yield f"  Among {len(choice.options)} permitted ways: {choice.channel.value} ({why}){then}."
    for option in choice.options:
        gain, cost = (format_money(minor, choice.currency) for minor in (option.gain_minor, option.cost_minor))
        yield (
            f"    {option.channel.value:9} {option.part or '':9} answers expected {option.expected_permille} in 1000 "
            f"(drawn {option.drawn_permille}), may bring {gain}, costs {cost}"
        )


def _facts(decision: Decision) -> Iterator[str]:
    yield "Facts it was made from:"
    yield from _known(decision)
    customer = decision.facts.customer
    place = "-".join(part for part in (customer.country, customer.region) if part) or "unknown place"
    yield f"  {customer.kind.value} in {place}, time zone {customer.timezone or 'from the address and numbers'}"
    for channel in sorted(customer.opted_out):
        yield f"  opted out of {channel.value}"
    for hold in customer.holds_in_force(decision.now):
        yield f"  hold {hold.kind} since {hold.placed_at:%Y-%m-%d}" + (f" on {hold.invoice_id}" * bool(hold.invoice_id))
    if isinstance(decision, PlanDecision):
        risk = decision.state.risk_permille
        yield f"  risk {'unknown' if risk is None else f'{risk} in 1000 (model {decision.state.model_version})'}"
    earlier = decision.contacts if isinstance(decision, DispatchDecision) else decision.state.contacts
    for contact in earlier:
        yield f"  earlier: {contact.stage} by {contact.channel.value} on {contact.planned_on}, {contact.status.value}"


def _noticed(decision: Decision, policy: Policy) -> Iterator[str]:
    """Of a third party's debts in the United States, when each was notified and until when it may be disputed."""
    earlier = decision.contacts if isinstance(decision, DispatchDecision) else decision.state.contacts
    for invoice_id, record in on_record(earlier).items():
        until = last_day(record, policy.creditor.timezone)
        yield f"  {invoice_id}: validation notice sent {record.at:%Y-%m-%d %H:%M} UTC, may be disputed until {until}"


def _known(decision: Decision) -> Iterator[str]:
    facts = decision.facts
    if isinstance(facts, ThanksFacts):
        return _paid(facts)
    return _told(facts) if isinstance(facts, AnnouncementFacts) else _open(facts)


def _told(facts: AnnouncementFacts) -> Iterator[str]:
    for name, value in facts.announcement.about.items():
        yield f"  {name.replace('_', ' ')}: {value}"


def _open(facts: AccountFacts) -> Iterator[str]:
    for item in facts.open_invoices:
        disputed = f", {format_money(item.disputed_minor, item.invoice.currency)} disputed" * bool(item.disputed_minor)
        owed = format_money(item.open_minor, item.invoice.currency)
        yield f"  {item.invoice.invoice_id}: {owed} open{disputed}, due {item.due_on}"


def _paid(facts: ThanksFacts) -> Iterator[str]:
    for invoice_id, on in facts.paid_on.items():
        yield f"  {invoice_id}: settled, " + ("without a payment" if on == date.min else f"last paid on {on}")


def _relaxed(policy: Policy) -> Iterator[str]:
    for one in policy.creditor.compliance.relaxations:
        yield f"Relaxed: rule {one.rule_id} by {one.relaxed_by} from {one.at:%Y-%m-%d} on: {one.reason}"
    for said in policy.creditor.compliance.declarations:
        yield f"Declared: {said.fact.value} by {said.declared_by} from {said.at:%Y-%m-%d} on: {said.reason}"
