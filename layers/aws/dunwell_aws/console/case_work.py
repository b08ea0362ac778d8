"""What an agent did about a case, as the form of its page says it: the entry, the promise, and the call it came by."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from dunwell.assist.worklist import overdue_invoices
from dunwell.errors import InvalidInputError
from dunwell.escalation.case import AgentOutcome, Case, CaseEntry
from dunwell.ledger.model import Account
from dunwell.outreach.case_calls import MadeCall
from dunwell.outreach.contact import CallOutcome
from dunwell.timezones import zone
from dunwell_aws.agents import Agent
from dunwell_aws.console.agreements import promise
from dunwell_aws.console.forms import day_ahead, written_note
from dunwell_aws.console.parts import Console
from dunwell_aws.web import Form

LATEST_NEXT_DAYS = 180
OLDEST_CALL = timedelta(days=30)
CALL_TIME = "%Y-%m-%dT%H:%M"
"""How a form writes when a call was."""
NO_CALL = "no_call"
_TALKED = (CallOutcome.REACHED, CallOutcome.THEY_CALLED)
_NOBODY = (CallOutcome.VOICEMAIL, CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER)
HOW = (*map(str, _TALKED), *map(str, _NOBODY), NO_CALL)
"""How something came about: by a call, with what came of it, or by none."""
_FITS = {
    AgentOutcome.CONTACTED: (*_TALKED, NO_CALL),
    AgentOutcome.PROMISE: (*_TALKED, NO_CALL),
    AgentOutcome.NO_ANSWER: (*_NOBODY, NO_CALL),
    AgentOutcome.CLOSE: HOW,
}


def record_work(parts: Console, customer_id: str, case_id: str, form: Form, agent: Agent) -> None:
    """Keep what the agent did and let the case be judged again; a call counts for the contact rules.

    The call is kept before the entry, under the version of the case that the agent saw: sent again it is the same.

    Raises:
        InvalidInputError: something is missing or cannot be; says what.
        RefusedError: the rules do not allow the call that is to be made, or there can be no such promise.
        NotFoundError, ConflictError: see ``Escalation.record``.
    """
    now, zone_name, seen = parts.now, parts.creditor.timezone, form.one("version")
    entry = case_entry(form, agent.name, now, parts.today)
    how, at = call_outcome(form, entry.outcome), called_at(form.one("called_at"), now, zone_name)
    case = parts.escalation.waiting(customer_id, case_id, int(seen) if seen.isdecimal() else 0)
    account = parts.customers.account(customer_id)
    call, calls = _call(case, account, how, at, form.one("number"), agent, parts.today), parts.calls()
    contact = calls.told(account, call, now) if call else None
    if entry.outcome is AgentOutcome.PROMISE:
        said = Form({"promised": [form.one("promised")], "promised_on": [form.one("next_on")]})
        promise(parts.arrangements(), account, said, agent, now, currency=case.currency)
    if call and contact:
        calls.keep(contact, call)
        entry = replace(entry, contact_id=contact.contact_id)
    parts.escalation.record(customer_id, case_id, entry, case.version)


def case_entry(form: Form, agent: str, now: datetime, today: date) -> CaseEntry:
    """What an agent did about a case.

    Raises:
        InvalidInputError: something is missing or cannot be; says what.
    """
    chosen, note = form.one("outcome"), written_note(form)
    if chosen not in set(AgentOutcome):
        raise InvalidInputError("Choose what came of it.")
    outcome = AgentOutcome(chosen)
    if outcome is AgentOutcome.CLOSE and not note:
        raise InvalidInputError("Write in the note why the case is closed: money is still owed.")
    ahead = day_ahead(form.one("next_on"), today, LATEST_NEXT_DAYS) if outcome is not AgentOutcome.CLOSE else None
    if outcome is AgentOutcome.PROMISE and ahead is None:
        raise InvalidInputError("Enter the day on which the customer promised to pay.")
    return CaseEntry(now, agent, outcome, note, ahead)


def call_outcome(form: Form, outcome: AgentOutcome) -> CallOutcome | None:
    """What came of the call behind an outcome; None when there was none.

    Raises:
        InvalidInputError: nothing is chosen, or it does not fit the outcome.
    """
    how = form.one("how")
    if how not in HOW:
        raise InvalidInputError("Choose how it came about: by a call, or by none.")
    if how not in _FITS[outcome]:
        raise InvalidInputError("What came of it and how it came about do not fit each other. Correct one of the two.")
    if how == NO_CALL:
        return None
    promised = outcome is AgentOutcome.PROMISE and how == CallOutcome.REACHED
    return CallOutcome.PROMISED if promised else CallOutcome(how)


def called_at(text: str, now: datetime, zone_name: str) -> datetime | None:
    """When a call was, as written on the creditor's clock; None when nothing is written.

    Raises:
        InvalidInputError: it is no time, still to come, or too long ago.
    """
    if not text:
        return None
    try:
        local = datetime.strptime(text, CALL_TIME).replace(tzinfo=zone(zone_name))
    except ValueError:
        raise InvalidInputError("Write when the call was as day and time, such as 2027-01-31T09:30.") from None
    if not now - OLDEST_CALL <= local <= now:
        raise InvalidInputError(f"Write when the call was: a time that is past, at most {OLDEST_CALL.days} days ago.")
    return local.astimezone(now.tzinfo)


def called_about(account: Account, currency: str, today: date) -> tuple[str, ...]:
    """The invoices that a call in a case is about."""
    return tuple(one.invoice.invoice_id for one in overdue_invoices(account, currency, today))


def _call(
    case: Case, account: Account, how: CallOutcome | None, at: datetime | None, number: str, agent: Agent, today: date
) -> MadeCall | None:
    if how is None:
        return None
    about = called_about(account, case.currency, today)
    return MadeCall(how, f"{case.case_id}#{case.version}#{agent.name}", case.currency, about, number, at)
