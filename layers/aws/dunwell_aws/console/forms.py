"""The forms that agents fill in at the console: what they say, as calls of the use cases."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from dunwell.accounts.model import Channel
from dunwell.arrangements.desk import ArrangementDesk
from dunwell.assist.customer_desk import CustomerDesk
from dunwell.errors import InvalidInputError
from dunwell.hold_kinds import HoldKind
from dunwell.ledger.adjusting import CreditReason, WriteOffReason
from dunwell.ledger.disputing import DisputeEnd, DisputeReason
from dunwell.ledger.model import Account
from dunwell.outreach.contact import CallOutcome
from dunwell.outreach.delivery import letter_returned
from dunwell.outreach.inbound import record_their_call
from dunwell.outreach.tasks import Task, TaskDesk, TaskKind
from dunwell.remittance.desk import CashDesk, split_numbers
from dunwell.reporting.statement import Statement, last_months, statement
from dunwell.timezones import zone
from dunwell_aws.agents import Agent
from dunwell_aws.console.agreements import promise
from dunwell_aws.web import Form

E = TypeVar("E", bound=StrEnum)
NOTE_LENGTH = 2000
LONGEST_HOLD_DAYS = 3660
HOLDS_BY_HAND = [kind for kind in HoldKind if kind is not HoldKind.REPLY_UNREAD]
"""The holds that an agent places; that an answer is unread, nobody knows but who receives it."""
REFUSABLE = [channel for channel in Channel if channel is not Channel.PORTAL]
"""The ways of reaching a customer; to the portal they come by themselves."""
KEY_LENGTHS = range(16, 65)
WRONG_DAY = "Write the day as year-month-day, such as 2027-01-31."

DONE = {
    "recorded": "Your note is kept. The case is being judged again.",
    "assigned": "The case is yours.",
    "applied": "The money is applied. The payer's account is remembered for the next time.",
    "noted": "Your note is kept. The money stays where it is.",
    "task": "What came of it is kept. The contact rules count it.",
    "closed": "The line is off the list. Your note is kept with it.",
}
"""What the worklist, a case and the Cash page say after an action."""

CUSTOMER_DONE = {
    "hold": "The hold is placed. What it stops is stopped from now on.",
    "lift": "The hold is lifted. It stays in the history.",
    "dispute": "The dispute is entered. What is contested is not asked for.",
    "end_disputes": "The dispute has ended. The invoice may be asked for again.",
    "returned": "It is kept that the letter came back. Nothing more goes to that address.",
    "refuse_channel": "The refusal is kept. Nothing that they may refuse reaches them that way.",
    "refuse_time": "The time is kept. Nothing reaches them then but letters.",
    "allow_time": "The time may be used again.",
    "they_called": "Their call is kept. The contact rules count it.",
    "merge": "The two customers are one now.",
    "split": "The invoices are this customer's now.",
    "write_off": "The balance is written off. It is still owed.",
    "credit": "The credit note is posted.",
    "waive": "The charge is waived.",
}
"""What the page says after an action; the actions of ``act_on_customer``."""
_LIMITS = frozenset({"hold", "lift", "refuse_channel", "refuse_time", "allow_time"})


def day(text: str, otherwise: date) -> date:
    """A day of a period, such as 2027-01-31; ``otherwise`` when nothing is written.

    Raises:
        InvalidInputError: it is no day.
    """
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise InvalidInputError("Write the days as year-month-day, such as 2027-01-31.") from None


def asked_statement(account: Account, given: Mapping[str, str], today: date) -> tuple[Statement, str]:
    """The statement of the period asked for, and what is wrong with that period; then it is the usual one's."""
    usual = last_months(today)
    try:
        return statement(account, day(given.get("first", ""), usual[0]), day(given.get("last", ""), usual[1])), ""
    except InvalidInputError as problem:
        return statement(account, *usual), str(problem)


def act_on_customer(
    desk: CustomerDesk, tasks: TaskDesk, customer_id: str, form: Form, agent: str, now: datetime
) -> Account:
    """Carry out the form's action; the account to show afterwards.

    Raises:
        InvalidInputError: something is missing or cannot be; says what.
        NotFoundError, RefusedError, ConflictError: see ``CustomerDesk``.
    """
    action = form.one("action")
    if action in _LIMITS:
        return _limit(desk, customer_id, form, agent, now)
    if action == "returned":
        return letter_returned(customer_id, form.one("letter"), desk.ledger, tasks.contacts, tasks.tasks, now)
    if action == "they_called":
        account = desk.account(customer_id)
        record_their_call(tasks.contacts, account, tasks.policy, form.one("key"), now)
        return account
    if action == "end_disputes":
        outcome = _chosen(DisputeEnd, form.one("outcome"), "Choose why the dispute has ended.")
        return desk.end_disputes(customer_id, form.one("invoice"), outcome, agent, now)
    if action == "merge":
        return desk.merge(customer_id, form.one("absorbed"), agent, now)
    if action == "split":
        return desk.split(customer_id, form.all("invoices"), form.one("number"), agent, now)
    return _correct(desk, customer_id, form, agent, now)


def _limit(desk: CustomerDesk, customer_id: str, form: Form, agent: str, now: datetime) -> Account:
    """What keeps contact from a customer, or lets it go on."""
    action = form.one("action")
    if action == "hold":
        kind = _chosen(HOLDS_BY_HAND, form.one("kind"), "Choose why contact must stop.")
        until, invoice_id = _until(form.one("until"), now, desk.zone_name), form.one("invoice")
        return desk.place_hold(customer_id, kind, invoice_id, until, written_note(form), agent, now)
    if action == "lift":
        return desk.lift_hold(customer_id, form.one("hold"), agent, now)
    if action == "refuse_channel":
        channel = _chosen(REFUSABLE, form.one("channel"), "Choose what they do not want any more.")
        return desk.refuse_channel(customer_id, channel, now)
    if action == "refuse_time":
        days = [int(one) for one in form.all("days") if one.isdecimal()]
        return desk.refuse_time(customer_id, days, form.one("start"), form.one("end"), written_note(form), agent, now)
    return desk.allow_time(customer_id, form.one("when"))


def _correct(desk: CustomerDesk, customer_id: str, form: Form, agent: str, now: datetime) -> Account:
    action, amount, key, invoice_id = form.one("action"), form.one("amount"), form.one("key"), form.one("invoice")
    if len(key) not in KEY_LENGTHS or not key.isalnum():
        raise InvalidInputError("This form is incomplete. Reload the page and fill it in again.")
    if action == "dispute":
        contested = _chosen(DisputeReason, form.one("reason"), "Choose what the customer says.")
        return desk.dispute(customer_id, invoice_id, amount, contested, written_note(form), key, agent, now)
    if action == "write_off":
        reason = _chosen(WriteOffReason, form.one("reason"), "Choose why it is written off.")
        return desk.write_off(customer_id, invoice_id, amount, reason, key, agent, now)
    if action == "credit":
        why = _chosen(CreditReason, form.one("reason"), "Choose what the credit note is for.")
        return desk.give_credit(customer_id, invoice_id, amount, why, key, agent, now)
    if action == "waive":
        return desk.waive(customer_id, form.one("charge"), amount, key, agent, now)
    raise InvalidInputError("Choose what to do.")


def decide_cash(desk: CashDesk, item_id: str, form: Form, agent: str, now: datetime) -> str:
    """Accept a proposal, apply the money as the agent says, or keep a note; what was done, as the next page says it.

    Raises:
        InvalidInputError, RefusedError, ConflictError: see ``CashDesk``.
    """
    version, action, number = form.one("version"), form.one("action"), form.one("proposal")
    seen = int(version) if version.isdecimal() else 0
    if action == "accept":
        desk.accept(item_id, seen, int(number) if number.isdecimal() else -1, agent, now)
        return "applied"
    if action == "choose":
        desk.choose(item_id, seen, form.one("customer"), split_numbers(form.one("invoices")), agent, now)
        return "applied"
    desk.note(item_id, seen, form.one("note"), agent, now, close=action == "close")
    return "closed" if action == "close" else "noted"


def finish(
    desk: TaskDesk,
    arrangements: ArrangementDesk,
    customer_id: str,
    task_id: str,
    form: Form,
    agent: Agent,
    now: datetime,
) -> Task:
    """Keep what came of a task; a promise becomes an agreement.

    Raises:
        InvalidInputError: something is missing; says what. NotFoundError, ConflictError: see ``TaskDesk``.
        RefusedError: there can be no such promise.
    """
    note = written_note(form)
    if form.one("kind") != TaskKind.CALL:
        return desk.finish_trouble(customer_id, task_id, note, agent.name, now)
    outcome = _chosen(CallOutcome, form.one("outcome"), "Choose what came of the call.")
    task, account = desk.tasks.task(customer_id, task_id), desk.ledger.load(customer_id)
    if outcome is CallOutcome.PROMISED and task and account and not task.is_done:
        invoice_ids = tuple(one for one in task.invoice_ids if account.open_minor(one))
        promise(arrangements, account, form, agent, now, currency=task.currency, invoice_ids=invoice_ids)
    return desk.finish_call(customer_id, task_id, outcome, note, agent.name, now)


def _chosen(kinds: Iterable[E], text: str, otherwise: str) -> E:
    found = next((kind for kind in kinds if kind == text), None)
    if found is None:
        raise InvalidInputError(otherwise)
    return found


def written_note(form: Form) -> str:
    """The form's note. Raises InvalidInputError: it is too long."""
    note = form.one("note").strip()
    if len(note) > NOTE_LENGTH:
        raise InvalidInputError(f"The note is longer than {NOTE_LENGTH:,} characters. Shorten it.")
    return note


def _until(text: str, now: datetime, zone_name: str) -> datetime | None:
    """The instant at which the last day of a hold has ended at the creditor's; None: until somebody lifts it."""
    local = zone(zone_name)
    last = day_ahead(text, now.astimezone(local).date(), LONGEST_HOLD_DAYS)
    return datetime.combine(last + timedelta(days=1), time(), local) if last else None


def day_ahead(text: str, today: date, most_days: int) -> date | None:
    """A day from today on; None when none is written.

    Raises:
        InvalidInputError: it is no day, past, or too far ahead.
    """
    if not text:
        return None
    try:
        chosen = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(WRONG_DAY) from None
    if not today <= chosen <= today + timedelta(days=most_days):
        raise InvalidInputError(f"Choose a day from today on, at most {most_days:,} days ahead.")
    return chosen
